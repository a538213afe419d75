//! What entries say of messages, also of those that no SDK sends.

mod support;

use std::time::Duration;

use lokryn_compliance_log::{EventType, LogEntry, LogSource, Outcome, Sensitivity, Severity};
use lokryn_mcp_log::{
    AuditOptions, Auditor, Content, ContentPart, Direction, Everything, HmacKey, Rule, Rules,
    Session, Verdict,
};
use serde_json::{Value, json};
use support::{Memory, auditor, check, detail, lines, options, text};

/// A connection whose messages all go on.
struct Wire {
    sink: Memory,
    session: Session,
}

impl Wire {
    fn new(options: AuditOptions) -> Self {
        let sink = Memory::new();
        let session = auditor(&sink, options).session("test");
        Self { sink, session }
    }

    #[track_caller]
    fn pass(&self, direction: Direction, message: impl AsRef<[u8]>) {
        let verdict = self.session.accept(direction, message.as_ref()).wait();
        let shown = String::from_utf8_lossy(message.as_ref()).into_owned();
        assert_eq!(verdict, Verdict::Forward, "{shown:.200}");
    }

    #[track_caller]
    fn to_server(&self, message: &Value) {
        self.pass(Direction::ToServer, message.to_string());
    }

    #[track_caller]
    fn to_client(&self, message: &Value) {
        self.pass(Direction::ToClient, message.to_string());
    }

    fn lines(&self) -> Vec<String> {
        check(&self.sink.entries());
        lines(&self.sink.entries())
    }

    fn last(&self) -> LogEntry {
        self.sink.entries().pop().unwrap()
    }
}

fn call(id: impl Into<Value>, name: &str) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": "tools/call",
        "params": {"name": name, "arguments": {"secret": "s3cret"}}})
}

// `json!` makes values.
#[allow(clippy::needless_pass_by_value)]
fn result(id: impl Into<Value>, result: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "result": result})
}

fn done(id: impl Into<Value>) -> Value {
    result(id, json!({"content": []}))
}

#[test]
fn two_requests_with_the_same_identifier_are_two() {
    let wire = Wire::new(options().started(["none"]));
    wire.to_server(&call(1, "first"));
    wire.to_server(&call(1, "second"));
    wire.to_client(&done(1));
    wire.to_client(&result(1, json!({"isError": true})));
    wire.to_client(&done(1));
    assert_eq!(
        wire.lines(),
        [
            "finished tool_invocation tools/first #1 success",
            "finished tool_invocation tools/second #1 failure_error tool_error",
            "finished resource_access unmatched #1 failure_error unmatched_answer",
        ]
    );
    assert_eq!(detail(&wire.sink.entries()[1], "duplicate_id"), true);
}

#[test]
fn a_number_that_comes_back_as_text_is_the_same_request() {
    let wire = Wire::new(options().started(["none"]));
    wire.to_server(&call(1, "a"));
    wire.to_server(&call("2", "b"));
    wire.pass(
        Direction::ToServer,
        r#"{"id":3.0,"method":"tools/call","params":{"name":"c"}}"#,
    );
    wire.to_client(&done("1"));
    wire.to_client(&done(2));
    wire.to_client(&done(3));
    assert_eq!(
        wire.lines(),
        [
            "finished tool_invocation tools/a #1 success",
            "finished tool_invocation tools/b #2 success",
            "finished tool_invocation tools/c #3 success",
        ]
    );
}

#[test]
fn the_table_of_pending_requests_is_bounded_in_number() {
    let wire = Wire::new(options().started(["none"]).max_pending(2));
    for id in 1..=4 {
        wire.to_server(&call(id, "slow"));
    }
    assert_eq!(
        lines(&wire.sink.wait_for(2)),
        [
            "finished tool_invocation tools/slow #1 failure_error unknown too_many_pending",
            "finished tool_invocation tools/slow #2 failure_error unknown too_many_pending",
        ]
    );
    wire.to_client(&done(3));
    wire.to_client(&done(1));
    assert_eq!(
        wire.lines()[3],
        "finished resource_access unmatched #1 failure_error unmatched_answer"
    );
}

#[test]
fn the_table_of_pending_requests_is_bounded_in_time() {
    let age = Duration::from_millis(50);
    let wire = Wire::new(options().started(["none"]).max_pending_age(age));
    wire.to_server(&call(1, "slow"));
    std::thread::sleep(age * 2);
    wire.to_server(&call(2, "fast"));
    wire.to_client(&done(2));
    wire.to_client(&done(1));
    assert_eq!(
        wire.lines(),
        [
            "finished tool_invocation tools/slow #1 failure_error timeout timeout",
            "finished tool_invocation tools/fast #2 success",
            // It ran after all.
            "late tool_invocation tools/slow #1 success",
        ]
    );
}

#[test]
fn a_cancelled_call_that_is_answered_after_all() {
    let wire = Wire::new(options());
    wire.to_server(&call(1, "pay"));
    let cancelled = json!({"jsonrpc": "2.0", "method": "notifications/cancelled",
        "params": {"requestId": 1, "reason": "s3cret"}});
    wire.to_server(&cancelled);
    // The server cannot cancel what the client asks.
    wire.to_client(&cancelled);
    wire.to_client(&done(1));
    assert_eq!(
        wire.lines(),
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 failure_error cancelled",
            "late tool_invocation tools/pay #1 success",
        ]
    );
    assert_eq!(wire.sink.entries()[1].severity(), Severity::Notice);
}

#[test]
fn what_node_takes_as_a_call_is_recorded_as_a_call() {
    let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
    let invalid = b"\"\xff\xfe\"";
    for arguments in [deep.as_bytes(), br#""\ud800""#, b"1e400", b"NaN", invalid] {
        let wire = Wire::new(options().record_content(Everything));
        let mut call = br#"{"jsonrpc":"2.0","id":1,"method":"tools\/call","params":{"#.to_vec();
        call.extend_from_slice(br#""n\u0061me":"pay","arguments":"#);
        call.extend_from_slice(arguments);
        call.extend_from_slice(b"}}");
        wire.pass(Direction::ToServer, &call);
        assert_eq!(
            wire.lines(),
            ["started tool_invocation tools/pay #1 partial"]
        );
        assert_eq!(detail(&wire.last(), "arguments_bytes"), arguments.len());
        assert_eq!(text(&wire.last(), "arguments_hmac").len(), 64);
    }
}

#[test]
fn the_last_of_two_members_counts_and_the_entry_says_so() {
    let wire = Wire::new(options());
    wire.pass(
        Direction::ToServer,
        r#"{"id":1,"method":"ping","method":"tools/call","params":{"name":"a","name":"pay"}}"#,
    );
    assert_eq!(
        wire.lines(),
        ["started tool_invocation tools/pay #1 partial"]
    );
    assert_eq!(detail(&wire.last(), "duplicate_members"), true);
}

#[test]
fn what_any_peer_may_take_for_a_call_is_recorded_as_a_call() {
    for line in [
        // Go's parser does not tell names apart by their case.
        r#"{"ID":1,"Method":"tools/call","PARAMS":{"name":"pay"}}"#,
        r#"{"id":1,"method":"ping","METHOD":"tools/call","params":{"name":"pay"}}"#,
        // Some take the first of two members.
        r#"{"id":1,"method":"tools/call","method":"ping","params":{"name":"pay"}}"#,
    ] {
        let wire = Wire::new(options());
        wire.pass(Direction::ToServer, line);
        assert_eq!(
            wire.lines(),
            ["started tool_invocation tools/pay #1 partial"],
            "{line}"
        );
        assert_eq!(detail(&wire.last(), "duplicate_members"), true, "{line}");
    }
    // A name in another case does not replace the right one.
    let wire = Wire::new(options().started(["none"]));
    wire.pass(Direction::ToServer, r#"{"id":1,"ID":2,"method":"ping"}"#);
    wire.to_client(&done(1));
    assert_eq!(
        wire.lines(),
        ["finished network_connection session/ping #1 success"]
    );
}

#[test]
fn what_is_no_message_is_recorded_as_that_and_goes_on() {
    let wire = Wire::new(options());
    let not_messages: &[&[u8]] = &[
        b"not JSON",
        b"{\"id\":1,",
        b"{}",
        b"1",
        b"[]",
        b"[1]",
        b"\xff",
        b"{\"id\":[],\"method\":\"x\"}",
        b"{\"id\":1,\"method\":2}",
    ];
    for message in not_messages {
        wire.pass(Direction::ToServer, message);
        let entry = wire.last();
        assert_eq!(entry.resource, "malformed");
        // Of a batch, it is the element.
        let len = if *message == b"[1]" { 1 } else { message.len() };
        assert_eq!(detail(&entry, "message_bytes"), len);
    }
    assert_eq!(wire.sink.entries().len(), not_messages.len());
    let held = wire
        .session
        .accept_beyond_bounds(Direction::ToServer, 1 << 30);
    assert_eq!(held.wait(), Verdict::Forward);
    assert_eq!(text(&wire.last(), "error_type"), "too_long");
    // There is nothing in a blank line.
    wire.pass(Direction::ToServer, " \r\n");
    assert_eq!(wire.sink.entries().len(), not_messages.len() + 1);
}

#[test]
fn a_carriage_return_hides_no_call_from_those_for_whom_it_ends_a_line() {
    let hidden = r#"{"id":2,"method":"tools/call","params":{"name":"pay"}}"#;
    for (line, others) in [
        (
            format!("{{\"id\":1,\"method\":\"ping\"}}\r{hidden}"),
            vec![],
        ),
        // As a whole, it is a ping.
        (
            format!("{{\"id\":1,\"method\":\"ping\",\"params\":[\r{hidden}\r]}}"),
            vec![],
        ),
        (
            format!("not JSON\r{hidden}"),
            vec!["notified resource_access malformed failure_error not_json"],
        ),
        (format!("{hidden}\r\n"), vec![]),
    ] {
        let wire = Wire::new(options());
        wire.pass(Direction::ToServer, &line);
        let call = "started tool_invocation tools/pay #2 partial";
        let expected: Vec<_> = others.iter().copied().chain([call]).collect();
        assert_eq!(wire.lines(), expected, "{line}");
    }
    // It may also be white space in one message.
    let wire = Wire::new(options());
    wire.pass(Direction::ToServer, hidden.replace(',', ",\r"));
    assert_eq!(
        wire.lines(),
        ["started tool_invocation tools/pay #2 partial"]
    );
}

#[test]
fn each_message_of_a_batch_is_recorded() {
    let wire = Wire::new(options());
    wire.to_server(&json!([call(1, "a"), call(2, "b"), {"id": 3, "method": "ping"}]));
    wire.to_client(&json!([done(2), done(3), done(1)]));
    assert_eq!(
        wire.lines(),
        [
            "started tool_invocation tools/a #1 partial",
            "started tool_invocation tools/b #2 partial",
            "finished tool_invocation tools/b #2 success",
            "finished network_connection session/ping #3 success",
            "finished tool_invocation tools/a #1 success",
        ]
    );
}

#[test]
fn what_peers_say_is_cut_and_stays_out_of_messages() {
    let wire = Wire::new(options());
    let long = "x".repeat(1 << 17);
    wire.to_server(&json!({"id": long, "method": long, "params": {"_meta": {
        "traceparent": long, "io.modelcontextprotocol/protocolVersion": long,
        "io.modelcontextprotocol/clientInfo": {"name": long, "version": long}}}}));
    wire.to_client(&json!({"id": long, "error": {"code": -1, "message": long}}));
    wire.to_server(&call(long.clone(), &long));
    wire.to_client(&result(
        long.clone(),
        json!({"resultType": "task", "taskId": long, "status": long}),
    ));
    wire.session.close("closed");
    for entry in wire.sink.wait_for(5) {
        let len = entry.to_bytes().len();
        assert!(len < 4096, "{len}: {:.200}", entry.json_line().to_string());
        assert!(entry.resource.len() <= 300);
        assert_eq!(entry.message, "");
    }
}

#[test]
fn outcomes() {
    let options = options()
        .started(["none"])
        .denied_codes([-32003])
        .unauthorized_codes([-32004]);
    for (answer, outcome, severity, error_type) in [
        (json!({"result": {}}), Outcome::Success, Severity::Info, ""),
        (
            json!({"result": {"isError": true}}),
            Outcome::FailureError,
            Severity::Error,
            "tool_error",
        ),
        (
            json!({"error": {"code": -32602}}),
            Outcome::FailureError,
            Severity::Error,
            "json_rpc_error",
        ),
        (
            json!({"error": {"code": -32003}}),
            Outcome::FailureDenied,
            Severity::Warning,
            "json_rpc_error",
        ),
        (
            json!({"error": {"code": -32004}}),
            Outcome::FailureUnauthorized,
            Severity::Warning,
            "json_rpc_error",
        ),
        (
            json!({"error": {"code": -1, "data": {"io.modelcontextprotocol/transportClosed": true}}}),
            Outcome::FailureError,
            Severity::Error,
            "transport_closed",
        ),
        (
            json!({"result": {"resultType": "input_required"}}),
            Outcome::Partial,
            Severity::Info,
            "",
        ),
        (
            json!({"result": {"task": {"taskId": "t"}}}),
            Outcome::Partial,
            Severity::Info,
            "",
        ),
    ] {
        let wire = Wire::new(options.clone());
        wire.to_server(&call(1, "pay"));
        let mut message = answer.clone();
        message["id"] = json!(1);
        wire.to_client(&message);
        let entry = wire.last();
        assert_eq!(entry.outcome(), outcome, "{answer}");
        assert_eq!(entry.severity(), severity, "{answer}");
        assert_eq!(text(&entry, "error_type"), error_type, "{answer}");
        assert_eq!(
            detail(&entry, "error_code"),
            answer["error"]["code"],
            "{answer}"
        );
    }
}

#[test]
fn elicitations_are_decisions_and_what_they_say_is_highly_restricted() {
    for (action, expected) in [
        ("accept", "success"),
        ("decline", "failure_denied declined"),
        ("cancel", "failure_error cancelled"),
    ] {
        let wire = Wire::new(options().record_content(Everything));
        wire.to_client(
            &json!({"id": 1, "method": "elicitation/create", "params": {"message": "?"}}),
        );
        wire.to_server(&result(1, json!({"action": action})));
        assert_eq!(
            wire.lines(),
            [format!(
                "finished agent_decision elicitation/form #1 {expected}"
            )]
        );
        assert_eq!(wire.last().sensitivity(), Sensitivity::HighlyRestricted);
    }
}

#[test]
fn a_destructive_tool_that_has_worked_is_notable() {
    let wire = Wire::new(options().started(["none"]));
    wire.to_server(&json!({"id": 1, "method": "tools/list"}));
    wire.to_client(&result(
        1,
        json!({"tools": [
        {"name": "wipe", "annotations": {"destructiveHint": true}},
        {"name": "look", "annotations": {"destructiveHint": false}}]}),
    ));
    for (tool, severity) in [("wipe", Severity::Notice), ("look", Severity::Info)] {
        wire.to_server(&call(2, tool));
        wire.to_client(&done(2));
        assert_eq!(wire.last().severity(), severity, "{tool}");
    }
}

#[test]
fn a_task_ends_the_call_that_began_it() {
    let begin = |wire: &Wire| {
        wire.to_server(&call(1, "slow"));
        wire.to_client(&result(
            1,
            json!({"resultType": "task", "taskId": "t1", "status": "working"}),
        ));
    };
    let first = "finished tool_invocation tools/slow #1 partial task";
    let options = options().started(["none"]);

    let wire = Wire::new(options.clone());
    begin(&wire);
    for status in ["working", "completed", "completed"] {
        wire.to_server(&json!({"id": 2, "method": "tasks/get", "params": {"taskId": "t1"}}));
        wire.to_client(&result(
            2,
            json!({"taskId": "t1", "status": status, "result": {"isError": true}}),
        ));
    }
    let polled = "finished resource_access tasks/t1 #2 success";
    let ended = "finished tool_invocation tools/slow #1 failure_error tool_error";
    assert_eq!(wire.lines(), [first, polled, polled, ended, polled]);
    assert_eq!(text(&wire.sink.entries()[3], "task_id"), "t1");

    for method in ["notifications/tasks", "notifications/tasks/status"] {
        for (status, ended) in [
            ("completed", "success"),
            ("failed", "failure_error failed task_failed"),
            ("cancelled", "failure_error cancelled"),
        ] {
            let wire = Wire::new(options.clone());
            begin(&wire);
            for status in ["working", status] {
                wire.to_client(
                    &json!({"method": method, "params": {"taskId": "t1", "status": status}}),
                );
            }
            let ended = format!("finished tool_invocation tools/slow #1 {ended}");
            assert_eq!(wire.lines(), [first, &ended], "{method}");
        }
    }

    // Revision 2025-11-25.
    let wire = Wire::new(options.clone());
    wire.to_server(&call(1, "slow"));
    wire.to_client(&result(
        1,
        json!({"task": {"taskId": "t1", "status": "working"}}),
    ));
    wire.to_server(&json!({"id": 2, "method": "tasks/result", "params": {"taskId": "t1"}}));
    wire.to_client(&done(2));
    assert_eq!(
        wire.lines(),
        [
            first,
            polled,
            "finished tool_invocation tools/slow #1 success"
        ]
    );
    assert_eq!(
        detail(&wire.last(), "result_bytes"),
        json!({"content": []}).to_string().len()
    );

    // One that has not ended when the connection does.
    let wire = Wire::new(options);
    begin(&wire);
    wire.session.close("closed");
    wire.sink.wait_for(3);
    assert_eq!(
        wire.lines()[1..],
        [
            "finished tool_invocation tools/slow #1 failure_error unknown disconnected",
            "closed logout session/close success",
        ]
    );
}

#[test]
fn what_a_server_asks_for_inside_of_a_result_is_recorded() {
    let wire = Wire::new(options());
    wire.to_server(&call(1, "book"));
    wire.to_client(&result(
        1,
        json!({"resultType": "input_required", "inputRequests": {
        "who": {"method": "elicitation/create", "params": {"mode": "url", "message": "?"}},
        "text": {"method": "sampling/createMessage", "params": {}},
        "roots": {"method": "roots/list"}}}),
    ));
    let mut again = call(2, "book");
    again["params"]["inputResponses"] = json!({
        "who": {"action": "decline"}, "text": {"role": "assistant"}, "roots": {"roots": []}});
    wire.to_server(&again);
    wire.to_client(&done(2));
    assert_eq!(
        wire.lines(),
        [
            "started tool_invocation tools/book #1 partial",
            "finished tool_invocation tools/book #1 partial input_required",
            "requested resource_access roots #1 partial",
            "requested model_inference sampling/createMessage #1 partial",
            "requested agent_decision elicitation/url #1 partial",
            "started tool_invocation tools/book #2 partial",
            "finished resource_access roots #2 success",
            "finished model_inference sampling/createMessage #2 success",
            "finished agent_decision elicitation/url #2 failure_denied declined",
            "finished tool_invocation tools/book #2 success",
        ]
    );
}

#[test]
fn an_answer_to_the_server_waits_for_its_entry_without_started_entries_too() {
    let wire = Wire::new(options().started(["none"]));
    let mut again = call(2, "book");
    again["params"]["inputResponses"] = json!({"who": {"action": "accept"}});
    wire.sink.set(support::Mode::Fail);
    let verdict = wire
        .session
        .accept(Direction::ToServer, again.to_string().as_bytes())
        .wait();
    assert!(matches!(verdict, Verdict::Withhold { .. }), "{verdict:?}");
}

#[test]
fn content_is_measured_always_and_recorded_only_if_asked_for() {
    let secrets = ["s3cret", "answer-text"];
    let exchange = |wire: &Wire| {
        wire.to_server(&call(1, "pay"));
        wire.to_client(&result(
            1,
            json!({"content": [{"type": "text", "text": "answer-text"}]}),
        ));
        let entries = wire.sink.entries();
        check(&entries);
        let shown = entries.iter().map(|entry| entry.json_line().to_string());
        (entries.clone(), shown.collect::<String>())
    };
    let key = || HmacKey::new("key-1", &[7; 32]).unwrap();

    let (entries, shown) = exchange(&Wire::new(options().hmac_key(key())));
    for secret in secrets {
        assert!(!shown.contains(secret), "{shown}");
    }
    let started = &entries[0];
    assert_eq!(started.sensitivity(), Sensitivity::Confidential);
    // printf '{"secret":"s3cret"}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:0707…
    assert_eq!(
        text(started, "arguments_hmac"),
        "6ac0e97ebaf3ccf58193e788c7ba7c73a3fbe92c3ac76f87be364b99459f5d19"
    );
    assert_eq!(text(started, "hmac_key_id"), "key-1");
    assert_eq!(detail(started, "arguments_bytes"), 19);
    let finished = &entries[1];
    // printf '{"content":[{"text":"answer-text","type":"text"}]}' | openssl dgst …
    assert_eq!(
        text(finished, "result_hmac"),
        "879b16a71efc6dc01cdc730cb2fb8bafce5043a29007797cf400b2314ede5fa3"
    );
    assert_eq!(detail(finished, "result_bytes"), 50);

    let (entries, shown) = exchange(&Wire::new(options().record_content(Everything)));
    for secret in secrets {
        assert_eq!(shown.matches(secret).count(), 1, "{shown}");
    }
    assert_eq!(
        detail(&entries[0], "arguments"),
        json!({"secret": "s3cret"})
    );
    assert_eq!(entries[0].sensitivity(), Sensitivity::Restricted);

    let only_results = |content: &Content<'_>| {
        assert_eq!((content.method, content.name), ("tools/call", Some("pay")));
        (content.part == ContentPart::Result).then(|| content.json.replace("answer", "***"))
    };
    let (entries, shown) = exchange(&Wire::new(options().record_content(only_results)));
    assert!(
        !shown.contains("s3cret") && !shown.contains("answer-text"),
        "{shown}"
    );
    assert!(shown.contains("***-text"), "{shown}");
    assert_eq!(entries[0].sensitivity(), Sensitivity::Confidential);
    assert_eq!(entries[1].sensitivity(), Sensitivity::Restricted);
}

#[test]
fn recorded_content_is_cut_to_what_a_record_holds() {
    let wire = Wire::new(options().record_content(Everything).started(["none"]));
    let long = "\"é\n".repeat(1 << 16);
    let mut big = call(1, "pay");
    big["params"]["arguments"] = json!({"text": long});
    wire.to_server(&big);
    let answer = json!({"text": long});
    wire.to_client(&result(1, answer.clone()));
    let entry = wire.last();
    let len = entry.to_bytes().len();
    assert!((40_000..65_000).contains(&len), "{len}");
    assert_eq!(detail(&entry, "arguments_cut"), true);
    assert_eq!(detail(&entry, "result_cut"), true);
    assert_eq!(detail(&entry, "result_bytes"), answer.to_string().len());
    assert!(answer.to_string().starts_with(&text(&entry, "result_text")));
}

#[test]
fn rules_say_what_tools_mean() {
    let rules = Rules::new()
        .tool("delete_*", Rule::new().event_type(EventType::PrivilegeUse))
        .tool(
            "export_report",
            Rule::new()
                .event_type(EventType::DataExport)
                .resource("reports/{name}")
                .sensitivity(Sensitivity::HighlyRestricted),
        );
    let wire = Wire::new(options().rules(rules).started(["none"]));
    for (id, tool) in ["delete_user", "export_report", "other"].iter().enumerate() {
        wire.to_server(&call(id, tool));
        wire.to_client(&done(id));
    }
    // A prompt is no tool.
    wire.to_server(&json!({"id": 9, "method": "prompts/get", "params": {"name": "delete_it"}}));
    wire.to_client(&done(9));
    assert_eq!(
        wire.lines(),
        [
            "finished privilege_use tools/delete_user #0 success",
            "finished data_export reports/export_report #1 success",
            "finished tool_invocation tools/other #2 success",
            "finished prompt_execution prompts/delete_it #9 success",
        ]
    );
    let sensitivities: Vec<_> = wire
        .sink
        .entries()
        .iter()
        .map(LogEntry::sensitivity)
        .collect();
    let frame = Sensitivity::Confidential;
    let expected = [frame, Sensitivity::HighlyRestricted, frame, frame];
    assert_eq!(sensitivities, expected);
}

#[test]
fn a_resource_is_a_file_by_its_uri() {
    let wire = Wire::new(options());
    for (id, uri) in ["file:///srv/a", "https://example.com/a"]
        .iter()
        .enumerate()
    {
        wire.to_server(&json!({"id": id, "method": "resources/read", "params": {"uri": uri}}));
        wire.to_client(&done(id));
    }
    assert_eq!(
        wire.lines(),
        [
            "finished file_access file:///srv/a #0 success",
            "finished context_access https://example.com/a #1 success",
        ]
    );
}

#[test]
fn both_sides_say_who_they_are() {
    let wire = Wire::new(options());
    wire.to_server(&json!({"id": 1, "method": "initialize", "params": {
        "clientInfo": {"name": "desktop", "version": "1.2"}}}));
    wire.to_client(&result(
        1,
        json!({"serverInfo": {"name": "files", "version": "0.9"}}),
    ));
    wire.session.close("closed");
    let entries = wire.sink.wait_for(2);
    check(&entries);
    for entry in &entries {
        assert_eq!(text(entry, "client"), "desktop/1.2");
        assert_eq!(text(entry, "server"), "files/0.9");
    }
}

#[test]
fn a_source_may_have_a_sensitivity_and_may_not() {
    for (source, expected) in [
        (
            LogSource::new("c", "e").sensitivity(Sensitivity::Internal),
            Sensitivity::Internal,
        ),
        (
            LogSource::new("c", "e").sensitivity(Sensitivity::Restricted),
            Sensitivity::Restricted,
        ),
    ] {
        let sink = Memory::new();
        let auditor = Auditor::new(source, "agent-001", sink.clone()).unwrap();
        auditor.session("test").close("closed");
        assert_eq!(sink.wait_for(1)[0].sensitivity(), expected);
    }
    let err = Auditor::new(support::source(), "", Memory::new()).unwrap_err();
    assert_eq!(err.to_string(), "invalid entry: actor_id: empty");
    let err = Auditor::new(LogSource::new("", "e"), "a", Memory::new()).unwrap_err();
    assert_eq!(err.to_string(), "invalid entry: component: empty");
}

#[test]
fn a_call_has_times_a_trace_and_its_progress() {
    let wire = Wire::new(options());
    let mut traced = call(1, "pay");
    traced["params"]["_meta"] = json!({"progressToken": "p",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"});
    wire.to_server(&traced);
    for _ in 0..3 {
        wire.to_client(&json!({"method": "notifications/progress",
            "params": {"progressToken": "p", "progress": 1}}));
    }
    std::thread::sleep(Duration::from_millis(20));
    wire.to_client(&done(1));
    let entries = wire.sink.entries();
    let (started, finished) = (&entries[0], &entries[1]);
    assert_eq!(started.severity(), Severity::Debug);
    assert_eq!(started.outcome(), Outcome::Partial);
    assert_eq!(text(finished, "started_at"), text(started, "occurred_at"));
    assert!(text(finished, "occurred_at") > text(started, "occurred_at"));
    let duration = detail(finished, "duration_ms").as_f64().unwrap();
    assert!((20.0..2000.0).contains(&duration), "{duration}");
    assert_eq!(
        text(finished, "trace_id"),
        "4bf92f3577b34da6a3ce929d0e0e4736"
    );
    assert_eq!(text(finished, "span_id"), "00f067aa0ba902b7");
    assert_eq!(detail(finished, "progress_notifications"), 3);
}

#[test]
fn connections_have_identifiers_of_their_own() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options());
    auditor.session("a").close("closed");
    auditor
        .for_actor("user-7")
        .unwrap()
        .session("b")
        .close("closed");
    let entries = sink.wait_for(2);
    assert_ne!(
        text(&entries[0], "connection_id"),
        text(&entries[1], "connection_id")
    );
    assert_eq!(entries[1].actor_id, "user-7");
    assert_eq!(detail(&entries[1], "sequence"), 0);
}
