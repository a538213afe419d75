//! A server of the SDK whose tools succeed and fail, and a client that calls them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rmcp::ServerHandler;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::{Peer, RequestContext, RoleClient, RoleServer};

#[derive(Clone, Default)]
pub struct Server {
    pub calls: Arc<AtomicUsize>,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok(match &*request.name {
            "echo" => CallToolResult::success(vec![ContentBlock::text("said")]),
            "fail" => CallToolResult::error(vec![ContentBlock::text("failed")]),
            _ => return Err(ErrorData::invalid_params("no such tool", None)),
        }
        .into())
    }
}

pub async fn call_each(client: &Peer<RoleClient>) {
    let call = |name: &'static str| client.call_tool(CallToolRequestParams::new(name));
    assert!(call("echo").await.is_ok());
    assert_eq!(call("fail").await.unwrap().is_error, Some(true));
    assert!(call("missing").await.is_err());
}

/// What is recorded of a session that has begun with these calls.
pub const CALLED_EACH: [&str; 7] = [
    "finished network_connection session/initialize #0 success",
    "started tool_invocation tools/echo #1 partial",
    "finished tool_invocation tools/echo #1 success",
    "started tool_invocation tools/fail #2 partial",
    "finished tool_invocation tools/fail #2 failure_error tool_error",
    "started tool_invocation tools/missing #3 partial",
    "finished tool_invocation tools/missing #3 failure_error json_rpc_error",
];
