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
use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use support::server::{CALLED_EACH, Server, call_each};
use support::{Memory, Mode, auditor, check, lines, options, text};

/// Serves over a socket until the end of the test. While told to, it answers 401.
fn serve(name: &str, denies: &Arc<AtomicBool>) -> PathBuf {
    let name = format!("lokryn-mcp-log-{name}-{}.sock", std::process::id());
    let path = std::env::temp_dir().join(name);
    let _ = std::fs::remove_file(&path);
    let listener = tokio::net::UnixListener::bind(&path).unwrap();
    let sessions = Arc::new(LocalSessionManager::default());
    let service = StreamableHttpService::new(
        || Ok(Server::default()),
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
    call_each(&client).await;
    let echo = || client.call_tool(CallToolRequestParams::new("echo"));

    // A call that cannot be recorded does not reach the server.
    sink.set(Mode::Fail);
    let err = echo().await.unwrap_err().to_string();
    assert!(err.contains("not called"), "{err}");
    sink.set(Mode::Take);
    support::wait_until("recovery", || sink.entries().len() == 9);

    denies.store(true, Ordering::SeqCst);
    assert!(echo().await.is_err());
    denies.store(false, Ordering::SeqCst);
    client.cancel().await.unwrap();
    audit.close().unwrap();

    let entries = sink.entries();
    check(&entries);
    assert_eq!(lines(&entries)[..7], CALLED_EACH);
    assert_eq!(
        lines(&entries)[7..10],
        [
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
