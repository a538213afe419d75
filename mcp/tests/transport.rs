//! Transports of the official SDK, both sides in one process.
#![cfg(feature = "rmcp")]

mod support;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use lokryn_mcp_log::AuditedTransport;
use rmcp::ServiceExt as _;
use rmcp::transport::async_rw::AsyncRwTransport;
use support::server::{CALLED_EACH, Server, call_each};
use support::{Memory, auditor, check, lines, options};

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

    call_each(&client).await;
    client.cancel().await.unwrap();
    server.await.unwrap().unwrap();
    client_audit.close().unwrap();
    server_audit.close().unwrap();

    for entries in [of_client.entries(), of_server.entries()] {
        check(&entries);
        let (called, closed) = (&lines(&entries)[..7], &lines(&entries)[7..]);
        assert_eq!(called, CALLED_EACH);
        assert_eq!(closed, ["closed logout session/close success"]);
    }
    assert_eq!(calls.load(Ordering::SeqCst), 3);
}
