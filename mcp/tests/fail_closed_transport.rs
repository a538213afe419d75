//! The five rules of failing closed, for clients and servers of the official SDK. The
//! other side is played by hand, so that it can do what no SDK does.
#![cfg(feature = "rmcp")]

mod support;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use lokryn_compliance_log::LogEntry;
use lokryn_mcp_log::{AuditOptions, AuditedTransport};
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, ContentBlock, ErrorData,
    ServerCapabilities, ServerConfig,
};
use rmcp::service::{RequestContext, RoleClient, RoleServer, RunningService, ServiceError};
use rmcp::transport::async_rw::AsyncRwTransport;
use rmcp::{ServerHandler, ServiceExt as _};
use serde_json::{Value, json};
use support::{Memory, Mode, auditor, check, line, lines, options, text, wait_until};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, DuplexStream};
use tokio::io::{ReadHalf, WriteHalf};
use tokio::time::timeout;

/// One side of a connection, by hand.
struct Hand {
    read: BufReader<ReadHalf<DuplexStream>>,
    write: WriteHalf<DuplexStream>,
}

impl Hand {
    fn new(io: DuplexStream) -> Self {
        let (read, write) = tokio::io::split(io);
        Self {
            read: BufReader::new(read),
            write,
        }
    }

    async fn send(&mut self, message: Value) {
        let line = format!("{message}\n");
        self.write.write_all(line.as_bytes()).await.unwrap();
    }

    async fn receive(&mut self) -> Value {
        let mut line = String::new();
        let read = self.read.read_line(&mut line);
        timeout(Duration::from_secs(10), read)
            .await
            .expect("a message")
            .unwrap();
        serde_json::from_str(&line).unwrap_or(Value::Null)
    }

    /// Whether nothing comes for a while.
    async fn is_silent(&mut self) -> bool {
        let mut line = String::new();
        let read = self.read.read_line(&mut line);
        timeout(Duration::from_millis(100), read).await.is_err()
    }
}

/// A client that is recorded, and a server by hand, after their handshake.
async fn client(
    sink: &Memory,
    options: AuditOptions,
) -> (
    RunningService<RoleClient, ()>,
    Hand,
    lokryn_mcp_log::Auditor,
) {
    let (client_io, server_io) = tokio::io::duplex(1 << 20);
    let audit = auditor(sink, options);
    let (read, write) = tokio::io::split(client_io);
    let transport = AuditedTransport::new(AsyncRwTransport::new_client(read, write), &audit);
    let mut server = Hand::new(server_io);
    let handshake = async {
        let request = server.receive().await;
        assert_eq!(request["method"], "initialize");
        server
            .send(json!({"jsonrpc": "2.0", "id": request["id"], "result": {
                "protocolVersion": "2025-11-25",
                "capabilities": {"tools": {}},
                "serverInfo": {"name": "by-hand", "version": "1"},
            }}))
            .await;
        assert_eq!(
            server.receive().await["method"],
            "notifications/initialized"
        );
    };
    let (client, ()) = tokio::join!(().serve(transport), handshake);
    (client.unwrap(), server, audit)
}

fn call(name: &'static str) -> CallToolRequestParams {
    CallToolRequestParams::new(name)
}

fn answer(request: &Value) -> Value {
    json!({"jsonrpc": "2.0", "id": request["id"], "result": {"content": []}})
}

/// A server that counts what reaches it, and sees what had been recorded by then.
#[derive(Clone)]
struct Server {
    sink: Memory,
    calls: Arc<AtomicUsize>,
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(ServerCapabilities::builder().enable_tools().build())
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let entries = self.sink.entries();
        assert_eq!(text(entries.last().unwrap(), "phase"), "started");
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok(CallToolResult::success(vec![ContentBlock::text("done")]).into())
    }
}

/// A server that is recorded, and a client by hand, after their handshake.
async fn server(
    sink: &Memory,
    options: AuditOptions,
) -> (Hand, Arc<AtomicUsize>, lokryn_mcp_log::Auditor) {
    let (client_io, server_io) = tokio::io::duplex(1 << 20);
    let audit = auditor(sink, options);
    let (read, write) = tokio::io::split(server_io);
    let transport = AuditedTransport::new(AsyncRwTransport::new_server(read, write), &audit);
    let calls = Arc::new(AtomicUsize::new(0));
    let server = Server {
        sink: sink.clone(),
        calls: Arc::clone(&calls),
    };
    tokio::spawn(async move {
        if let Ok(running) = server.serve(transport).await {
            let _ = running.waiting().await;
        }
    });
    let mut client = Hand::new(client_io);
    client
        .send(
            json!({"jsonrpc": "2.0", "id": "init", "method": "initialize", "params": {
                "protocolVersion": "2025-11-25", "capabilities": {},
                "clientInfo": {"name": "by-hand", "version": "1"},
            }}),
        )
        .await;
    assert_eq!(client.receive().await["id"], "init");
    client
        .send(json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))
        .await;
    (client, calls, audit)
}

fn tool_call(id: impl Into<Value>) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call", "params": {"name": "pay"}})
}

fn of_tools(entries: &[LogEntry]) -> Vec<String> {
    let of_tools = entries
        .iter()
        .filter(|entry| entry.resource.starts_with("tools/"));
    of_tools.map(line).collect()
}

#[tokio::test]
async fn rule_1_no_call_leaves_a_client_before_its_started_entry() {
    let sink = Memory::new();
    let options = options().max_wait(Duration::from_secs(10));
    let (client, mut server, _audit) = client(&sink, options).await;
    sink.set(Mode::Block);
    let called = tokio::spawn(async move { client.call_tool(call("pay")).await });
    assert!(server.is_silent().await);
    sink.set(Mode::Take);
    let request = server.receive().await;
    assert_eq!(
        of_tools(&sink.entries()),
        ["started tool_invocation tools/pay #1 partial"]
    );
    server.send(answer(&request)).await;
    assert!(called.await.unwrap().is_ok());
}

#[tokio::test]
async fn rule_1_no_call_reaches_a_handler_before_its_started_entry() {
    let sink = Memory::new();
    let options = options().max_wait(Duration::from_secs(10));
    let (mut client, calls, _audit) = server(&sink, options).await;
    sink.set(Mode::Block);
    client.send(tool_call(1)).await;
    assert!(client.is_silent().await);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    sink.set(Mode::Take);
    assert_eq!(client.receive().await["result"]["isError"], false);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn rule_2_a_client_that_cannot_record_does_not_call() {
    let sink = Memory::new();
    let (client, mut server, _audit) = client(&sink, options()).await;
    sink.set(Mode::Fail);
    let err = client.call_tool(call("pay")).await.unwrap_err();
    let ServiceError::TransportSend(err) = err else {
        panic!("{err:?}");
    };
    let said = err.error.to_string();
    assert_eq!(
        said,
        "not called: the audit entry of the call could not be written"
    );
    assert!(server.is_silent().await);
}

#[tokio::test]
async fn rule_2_a_server_that_cannot_record_does_not_run_the_call() {
    let sink = Memory::new();
    let (mut client, calls, _audit) = server(&sink, options()).await;
    sink.set(Mode::Fail);
    client.send(tool_call("a")).await;
    let refused = client.receive().await;
    assert_eq!(refused["id"], "a");
    assert_eq!(refused["error"]["code"], -32050);
    assert_eq!(
        refused["error"]["message"],
        "not called: the audit entry of the call could not be written"
    );
    assert_eq!(calls.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn rule_3_a_client_does_not_see_a_result_that_is_not_recorded() {
    let sink = Memory::new();
    let (client, mut server, audit) = client(&sink, options()).await;
    sink.fail_after(1);
    let by_hand = async {
        let request = server.receive().await;
        server.send(answer(&request)).await;
    };
    let (called, ()) = tokio::join!(client.call_tool(call("pay")), by_hand);
    let said = called.unwrap_err().to_string();
    assert!(said.contains("its result is withheld"), "{said}");
    assert!(client.call_tool(call("pay")).await.is_err());
    assert!(server.is_silent().await, "a later call was made");

    sink.set(Mode::Take);
    wait_until("recovery", || of_tools(&sink.entries()).len() == 4);
    let by_hand = async {
        let request = server.receive().await;
        server.send(answer(&request)).await;
    };
    let (called, ()) = tokio::join!(client.call_tool(call("pay")), by_hand);
    assert!(called.is_ok());
    client.cancel().await.unwrap();
    audit.close().unwrap();
    check(&sink.entries());
    assert_eq!(
        of_tools(&sink.entries()),
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 success",
            "withheld tool_invocation tools/pay #1 failure_error withheld audit_failed",
            "finished tool_invocation tools/pay #2 failure_error refused audit_failed",
            "started tool_invocation tools/pay #3 partial",
            "finished tool_invocation tools/pay #3 success",
        ]
    );
}

#[tokio::test]
async fn rule_3_a_server_does_not_send_a_result_that_is_not_recorded() {
    let sink = Memory::new();
    let (mut client, calls, _audit) = server(&sink, options()).await;
    sink.fail_after(1);
    client.send(tool_call(7)).await;
    let withheld = client.receive().await;
    assert_eq!(
        (&withheld["id"], &withheld["error"]["code"]),
        (&json!(7), &json!(-32050))
    );
    assert_eq!(withheld.get("result"), None);
    client.send(tool_call(8)).await;
    assert_eq!(client.receive().await["error"]["code"], -32050);
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    sink.set(Mode::Take);
    wait_until("recovery", || of_tools(&sink.entries()).len() == 4);
    client.send(tool_call(9)).await;
    assert_eq!(client.receive().await["result"]["isError"], false);
}

#[tokio::test]
async fn rule_4_closing_passes_whatever_the_sink_does() {
    for mode in [Mode::Fail, Mode::Block] {
        let sink = Memory::new();
        let (client, mut server, _audit) = client(&sink, options()).await;
        sink.set(mode);
        let begin = Instant::now();
        client.cancel().await.unwrap();
        assert!(begin.elapsed() < Duration::from_secs(1), "{mode:?}");
        assert_eq!(server.receive().await, Value::Null, "{mode:?}");
        sink.set(Mode::Take);
        let entries = sink.wait_for(2);
        assert_eq!(
            lines(&entries)[1..],
            ["closed logout session/close success"]
        );
    }
}

#[tokio::test]
async fn rule_4_a_call_that_is_dropped_while_it_is_recorded_does_not_leave() {
    let sink = Memory::new();
    let options = options().max_wait(Duration::from_secs(10));
    let (client, mut server, _audit) = client(&sink, options).await;
    sink.set(Mode::Block);
    // The SDK sends a cancellation when this future is dropped.
    let called = timeout(Duration::from_millis(50), client.call_tool(call("pay"))).await;
    assert!(called.is_err());
    let next = server.receive().await;
    assert_eq!(next["method"], "notifications/cancelled", "{next}");
    sink.set(Mode::Take);
    assert!(server.is_silent().await);
    assert_eq!(
        of_tools(&sink.entries()),
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 failure_error cancelled not_sent",
        ]
    );
}

#[tokio::test]
async fn rule_4_a_cancellation_does_not_wait_for_the_entries_of_others() {
    let sink = Memory::new();
    let options = options().max_wait(Duration::from_secs(60));
    let (client, mut server, _audit) = client(&sink, options).await;
    let client = Arc::new(client);
    let first = tokio::spawn({
        let client = Arc::clone(&client);
        async move { timeout(Duration::from_millis(300), client.call_tool(call("first"))).await }
    });
    let request = server.receive().await;
    sink.set(Mode::Block);
    let second = tokio::spawn({
        let client = Arc::clone(&client);
        async move { client.call_tool(call("second")).await }
    });
    assert!(first.await.unwrap().is_err());
    let next = server.receive().await;
    assert_eq!(next["method"], "notifications/cancelled");
    assert_eq!(next["params"]["requestId"], request["id"]);
    assert!(server.is_silent().await);
    sink.set(Mode::Take);
    assert_eq!(server.receive().await["params"]["name"], "second");
    second.abort();
}

#[tokio::test]
async fn rule_5_a_server_reads_on_while_a_call_is_recorded() {
    let sink = Memory::new();
    let options = options().max_wait(Duration::from_secs(60));
    let (mut client, calls, _audit) = server(&sink, options).await;
    sink.set(Mode::Block);
    client.send(tool_call(1)).await;
    tokio::task::spawn_blocking({
        let sink = sink.clone();
        move || sink.wait_for_blocked()
    })
    .await
    .unwrap();
    client
        .send(
            json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
            "params": {"requestId": 1}}),
        )
        .await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    sink.set(Mode::Take);
    client
        .send(json!({"jsonrpc": "2.0", "id": 2, "method": "ping"}))
        .await;
    assert_eq!(client.receive().await["id"], 2);
    assert_eq!(calls.load(Ordering::SeqCst), 0);
    assert_eq!(
        of_tools(&sink.entries()),
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 failure_error cancelled not_sent",
        ]
    );
}

#[tokio::test]
async fn rule_5_waiting_is_bounded() {
    let sink = Memory::new();
    let (client, mut server, _audit) = client(&sink, options()).await;
    sink.set(Mode::Block);
    let begin = Instant::now();
    assert!(client.call_tool(call("pay")).await.is_err());
    assert!(begin.elapsed() < Duration::from_secs(2));
    assert!(server.is_silent().await);
    sink.set(Mode::Take);
}

// The hard parts of the SDK.

#[tokio::test]
async fn a_failed_handshake_is_recorded() {
    let sink = Memory::new();
    let (client_io, server_io) = tokio::io::duplex(1 << 16);
    let audit = auditor(&sink, options());
    let (read, write) = tokio::io::split(client_io);
    let transport = AuditedTransport::new(AsyncRwTransport::new_client(read, write), &audit);
    let mut server = Hand::new(server_io);
    let handshake = async {
        server.receive().await;
        drop(server);
    };
    let (client, ()) = tokio::join!(().serve(transport), handshake);
    assert!(client.is_err());
    audit.close().unwrap();
    check(&sink.entries());
    assert_eq!(
        lines(&sink.entries()),
        [
            "finished network_connection session/initialize #0 failure_error unknown disconnected",
            "closed logout session/close success",
        ]
    );
    assert_eq!(text(&sink.entries()[1], "reason"), "dropped");
}

#[tokio::test]
async fn a_peer_that_goes_away_during_a_call_is_recorded() {
    let sink = Memory::new();
    let (client, mut server, audit) = client(&sink, options()).await;
    let by_hand = async {
        server.receive().await;
        drop(server);
    };
    let (called, ()) = tokio::join!(client.call_tool(call("pay")), by_hand);
    assert!(called.is_err());
    client.waiting().await.unwrap();
    audit.close().unwrap();
    assert_eq!(
        lines(&sink.entries())[1..],
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 failure_error unknown disconnected",
            "closed logout session/close success",
        ]
    );
    assert_eq!(text(&sink.entries()[3], "reason"), "end_of_stream");
}

#[tokio::test]
async fn receiving_can_be_given_up_at_any_point() {
    use rmcp::transport::Transport;

    let sink = Memory::new();
    let audit = auditor(&sink, options().max_wait(Duration::from_secs(10)));
    let (client_io, server_io) = tokio::io::duplex(1 << 16);
    let (read, write) = tokio::io::split(server_io);
    let inner = AsyncRwTransport::<RoleServer, _, _>::new_server(read, write);
    let mut transport = AuditedTransport::new(inner, &audit);
    let mut client = Hand::new(client_io);
    for id in 0..20 {
        client.send(tool_call(id)).await;
    }
    // Each is given up many times while its entry is being written.
    sink.set(Mode::Block);
    for _ in 0..20 {
        let receive = Transport::<RoleServer>::receive(&mut transport);
        assert!(timeout(Duration::from_millis(2), receive).await.is_err());
    }
    sink.set(Mode::Take);
    for id in 0..20 {
        let message = loop {
            let receive = Transport::<RoleServer>::receive(&mut transport);
            if let Ok(message) = timeout(Duration::from_micros(50), receive).await {
                break serde_json::to_value(message.unwrap()).unwrap();
            }
        };
        assert_eq!(message["id"], id);
    }
    assert_eq!(sink.entries().len(), 20);
}

/// A transport whose answer comes before sending is done, or whose sending fails.
struct Odd {
    answers: tokio::sync::mpsc::UnboundedReceiver<Value>,
    answer: tokio::sync::mpsc::UnboundedSender<Value>,
    fails: bool,
    is_done: Arc<tokio::sync::Notify>,
}

impl rmcp::transport::Transport<RoleClient> for Odd {
    type Error = std::io::Error;

    fn send(
        &mut self,
        item: rmcp::service::TxJsonRpcMessage<RoleClient>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let request = serde_json::to_value(item).unwrap();
        // Before the future is polled: what has not been recorded must not come this far.
        if !self.fails {
            let _ = self.answer.send(answer(&request));
        }
        let (fails, is_done) = (self.fails, Arc::clone(&self.is_done));
        async move {
            if fails {
                return Err(std::io::ErrorKind::BrokenPipe.into());
            }
            is_done.notified().await;
            Ok(())
        }
    }

    async fn receive(&mut self) -> Option<rmcp::service::RxJsonRpcMessage<RoleClient>> {
        let answer = self.answers.recv().await?;
        Some(serde_json::from_value(answer).unwrap())
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        Ok(())
    }
}

fn odd(fails: bool) -> (Odd, Arc<tokio::sync::Notify>) {
    let (answer, answers) = tokio::sync::mpsc::unbounded_channel();
    let is_done = Arc::new(tokio::sync::Notify::new());
    let odd = Odd {
        answers,
        answer,
        fails,
        is_done: Arc::clone(&is_done),
    };
    (odd, is_done)
}

fn message<M: rmcp::serde::de::DeserializeOwned>(value: Value) -> M {
    serde_json::from_value(value).unwrap()
}

#[tokio::test]
async fn an_answer_may_come_before_sending_is_done() {
    use rmcp::transport::Transport;

    let sink = Memory::new();
    let audit = auditor(&sink, options().max_wait(Duration::from_secs(10)));
    let (odd, is_done) = odd(false);
    let mut transport = AuditedTransport::<RoleClient, _>::new(odd, &audit);
    sink.set(Mode::Block);
    let sending = tokio::spawn(transport.send(message(tool_call(1))));
    let receive = timeout(Duration::from_millis(50), transport.receive()).await;
    assert!(receive.is_err(), "sent before it was recorded");
    sink.set(Mode::Take);
    assert!(transport.receive().await.is_some());
    assert!(!sending.is_finished());
    is_done.notify_one();
    sending.await.unwrap().unwrap();
    assert_eq!(
        lines(&sink.entries()),
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 success",
        ]
    );
}

#[tokio::test]
async fn a_request_that_cannot_be_sent_ends() {
    use rmcp::transport::Transport;

    let sink = Memory::new();
    let audit = auditor(&sink, options());
    let mut transport = AuditedTransport::<RoleClient, _>::new(odd(true).0, &audit);
    let err = transport.send(message(tool_call(1))).await.unwrap_err();
    assert_eq!(err.to_string(), "the transport failed");
    assert_eq!(
        lines(&sink.wait_for(2)),
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 failure_error not_sent transport_error",
        ]
    );
}

#[tokio::test]
async fn both_sides_may_use_the_same_identifiers_as_numbers_and_as_texts() {
    use rmcp::transport::Transport;

    let sink = Memory::new();
    let audit = auditor(&sink, options());
    let (client_io, server_io) = tokio::io::duplex(1 << 16);
    let (read, write) = tokio::io::split(client_io);
    let inner = AsyncRwTransport::<RoleClient, _, _>::new_client(read, write);
    let mut transport = AuditedTransport::new(inner, &audit);
    let mut server = Hand::new(server_io);
    let ping = |id: Value| json!({"jsonrpc": "2.0", "id": id, "method": "ping"});
    let answer_to = |id: Value| json!({"jsonrpc": "2.0", "id": id, "result": {}});
    for id in [json!(1), json!("1")] {
        Transport::<RoleClient>::send(&mut transport, message(tool_call(id.clone())))
            .await
            .unwrap();
        server.send(ping(id)).await;
        Transport::<RoleClient>::receive(&mut transport)
            .await
            .unwrap();
    }
    for id in [json!("1"), json!(1)] {
        server.send(answer_to(id.clone())).await;
        Transport::<RoleClient>::receive(&mut transport)
            .await
            .unwrap();
        Transport::<RoleClient>::send(&mut transport, message(answer_to(id)))
            .await
            .unwrap();
    }
    let entries = sink.wait_for(6);
    let ended: Vec<_> = entries
        .iter()
        .filter(|entry| text(entry, "phase") == "finished")
        .map(|entry| {
            let id = support::detail(entry, "request_id");
            (id, text(entry, "method"), text(entry, "direction"))
        })
        .collect();
    let expected =
        |id: Value, method: &str, direction: &str| (id, method.to_owned(), direction.to_owned());
    assert_eq!(
        ended,
        [
            expected(json!("1"), "tools/call", "client_to_server"),
            expected(json!("1"), "ping", "server_to_client"),
            expected(json!(1), "tools/call", "client_to_server"),
            expected(json!(1), "ping", "server_to_client"),
        ]
    );
}
