//! Transports of the official SDK, both sides in one process.
#![cfg(feature = "rmcp")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lokryn_mcp_log::AuditedTransport;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ServerHandler, ServiceExt as _};
use support::{Memory, auditor, check, lines, options};

/// A server whose tools say how they were called.
#[derive(Clone, Default)]
struct Server {
    calls: Arc<AtomicUsize>,
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

#[tokio::test]
async fn a_session_is_recorded_on_both_sides() {
    let (client_io, server_io) = tokio::io::duplex(64 * 1024);
    let (of_client, of_server) = (Memory::new(), Memory::new());
    let client_audit = auditor(&of_client, options());
    let server_audit = auditor(&of_server, options());
    let (read, write) = tokio::io::split(server_io);
    let server = Server::default();
    let calls = Arc::clone(&server.calls);
    let transport = AuditedTransport::new(AsyncRwTransport::new_server(read, write), &server_audit);
    let server =
        tokio::spawn(async move { server.serve(transport).await.unwrap().waiting().await });
    let (read, write) = tokio::io::split(client_io);
    let transport = AuditedTransport::new(AsyncRwTransport::new_client(read, write), &client_audit);
    let client = ().serve(transport).await.unwrap();

    let call = |name: &'static str| client.call_tool(CallToolRequestParams::new(name));
    assert!(call("echo").await.is_ok());
    assert_eq!(call("fail").await.unwrap().is_error, Some(true));
    assert!(call("missing").await.is_err());
    client.cancel().await.unwrap();
    server.await.unwrap().unwrap();
    client_audit.close().unwrap();
    server_audit.close().unwrap();

    let expected = [
        "finished network_connection session/initialize #0 success",
        "started tool_invocation tools/echo #1 partial",
        "finished tool_invocation tools/echo #1 success",
        "started tool_invocation tools/fail #2 partial",
        "finished tool_invocation tools/fail #2 failure_error tool_error",
        "started tool_invocation tools/missing #3 partial",
        "finished tool_invocation tools/missing #3 failure_error json_rpc_error",
        "closed logout session/close success",
    ];
    for entries in [of_client.entries(), of_server.entries()] {
        check(&entries);
        assert_eq!(lines(&entries), expected);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}
