//! The transport over HTTP, between the SDK's own client and server.
#![cfg(all(feature = "rmcp", unix))]

mod support;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use hyper::http::{HeaderValue, StatusCode};
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use lokryn_compliance_log::Outcome;
use lokryn_mcp_log::AuditedTransport;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleServer};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use rmcp::{ServerHandler, ServiceExt as _};
use support::{Memory, Mode, auditor, check, lines, options, text};

#[derive(Clone)]
struct Server;

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(match &*request.name {
            "echo" => CallToolResult::success(vec![ContentBlock::text("said")]),
            "fail" => CallToolResult::error(vec![ContentBlock::text("failed")]),
            _ => return Err(ErrorData::invalid_params("no such tool", None)),
        }
        .into())
    }
}

/// Serves over a socket until the end of the test. While told to, it answers 401.
fn serve(name: &str, denies: &Arc<AtomicBool>) -> PathBuf {
    let name = format!("lokryn-mcp-log-{name}-{}.sock", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(
        || Ok(Server),
        sessions,
        StreamableHttpServerConfig::default(),
    );
    let denies = Arc::clone(denies);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            let denies = Arc::clone(&denies);
            let service = service_fn(move |request| {
                let denies = denies.load(Ordering::SeqCst);
                let answer = service.call(request);
                async move {
                    let mut answer = answer.await?;
                    if denies {
                        *answer.status_mut() = StatusCode::UNAUTHORIZED;
                        let challenge = HeaderValue::from_static("Bearer");
                        answer.headers_mut().insert("www-authenticate", challenge);
                    }
                    Ok::<_, std::convert::Infallible>(answer)
                }
            });
            tokio::spawn(async move {
                let builder = auto::Builder::new(TokioExecutor::new());
                let _ = builder
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    path
}

#[tokio::test]
async fn a_client_over_http_is_recorded() {
    let denies = Arc::new(AtomicBool::new(false));
    let path = serve("http", &denies);
    let sink = Memory::new();
    let audit = auditor(&sink, options());
    let http = StreamableHttpClientTransport::from_unix_socket(
        path.to_str().unwrap(),
        "http://localhost/mcp",
    );
    let client = ().serve(AuditedTransport::new(http, &audit)).await.unwrap();
    let call = |name: &'static str| client.call_tool(CallToolRequestParams::new(name));
    assert!(call("echo").await.is_ok());
    assert_eq!(call("fail").await.unwrap().is_error, Some(true));
    assert!(call("missing").await.is_err());

    // A call that cannot be recorded does not reach the server.
    sink.set(Mode::Fail);
    let err = call("echo").await.unwrap_err().to_string();
    assert!(err.contains("not called"), "{err}");
    sink.set(Mode::Take);
    support::wait_until("recovery", || sink.entries().len() == 9);

    denies.store(true, Ordering::SeqCst);
    assert!(call("echo").await.is_err());
    denies.store(false, Ordering::SeqCst);
    client.cancel().await.unwrap();
    audit.close().unwrap();

    let entries = sink.entries();
    check(&entries);
    assert_eq!(
        lines(&entries)[..10],
        [
            "finished network_connection session/initialize #0 success",
            "started tool_invocation tools/echo #1 partial",
            "finished tool_invocation tools/echo #1 success",
            "started tool_invocation tools/fail #2 partial",
            "finished tool_invocation tools/fail #2 failure_error tool_error",
            "started tool_invocation tools/missing #3 partial",
            "finished tool_invocation tools/missing #3 failure_error json_rpc_error",
            "started tool_invocation tools/echo #4 partial",
            "finished tool_invocation tools/echo #4 failure_error refused audit_failed",
            "started tool_invocation tools/echo #5 partial",
        ]
    );
    let refused = &entries[10];
    assert_eq!(text(refused, "status"), "not_sent", "{refused:?}");
    if cfg!(feature = "rmcp-http") {
        assert_eq!(refused.outcome(), Outcome::FailureUnauthorized);
    }
    assert_eq!(
        lines(&entries)[11..],
        ["closed logout session/close success"]
    );
    let _ = std::fs::remove_file(path);
}
