//! What a hostile peer can make an auditor allocate, and for how long it keeps it.

mod support;

use lokryn_compliance_log::LogEntry;
use lokryn_mcp_log::{
    AuditOptions, Auditor, Direction, Everything, RefusalReason, Rule, Rules, Session, Verdict,
};
use support::{detail, text};

/// A tenth of a megabyte: what grows with it, and what does faster, shows as well, and
/// sooner.
const LEN: usize = 100_000;

/// A connection whose entries go nowhere.
fn session(options: AuditOptions) -> Session {
    let sink = |_: &LogEntry| Ok(());
    let auditor = Auditor::with_options(support::source(), "agent-001", sink, options).unwrap();
    auditor.session("test")
}

fn any_options() -> Vec<(&'static str, AuditOptions)> {
    let rules = Rules::new().tool("*a*b*c*", Rule::new().resource("tools/{name}"));
    vec![
        ("plain", AuditOptions::new()),
        ("with rules", AuditOptions::new().rules(rules)),
        (
            "with content",
            AuditOptions::new().record_content(Everything),
        ),
    ]
}

/// Takes a message and writes its entries on this thread, which is the one that is
/// measured.
fn pass(session: &Session, direction: Direction, message: &[u8]) -> Verdict {
    let (held, writing) = session.accept_to_write(direction, message);
    if let Some(writing) = writing {
        writing.write();
    }
    held.wait()
}

/// Repeats a text up to that length.
fn repeated(text: &str) -> String {
    text.repeat(LEN / text.len())
}

fn call(id: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{params}}}"#)
}

/// Messages of that length that ask for as much as they can.
fn hostile_messages() -> Vec<(&'static str, Vec<u8>)> {
    let arguments = |json: &str| call("1", &format!(r#"{{"name":"pay","arguments":{json}}}"#));
    let nested = |open: &str, close: &str| {
        let depth = LEN / (open.len() + close.len());
        arguments(&(open.repeat(depth) + "0" + &close.repeat(depth)))
    };
    let texts = [
        ("nested arrays", nested("[", "]")),
        ("nested objects", nested("{\"\":", "}")),
        (
            "nested objects out of order",
            nested("{\"b\":", ",\"a\":0}"),
        ),
        ("arrays without end", "[".repeat(LEN)),
        ("objects without end", repeated("{\"\":")),
        (
            "numbers that become longer",
            arguments(&format!("[{}0]", repeated("1e20,"))),
        ),
        (
            "empty names",
            arguments(&format!("{{{}\"\":0}}", repeated("\"\":0,"))),
        ),
        (
            "names out of order",
            arguments(&format!("{{{}\"\":0}}", repeated("\"b\":0,\"a\":0,"))),
        ),
        (
            "a name of escapes",
            call("1", &format!(r#"{{"name":"{}"}}"#, repeated("\\u0001"))),
        ),
        (
            "a long name",
            call("1", &format!(r#"{{"name":"{}"}}"#, "ab".repeat(LEN / 2))),
        ),
        (
            "a string of escapes",
            arguments(&format!("\"{}\"", repeated("\\u00e9"))),
        ),
        (
            "a string of halves",
            arguments(&format!("\"{}\"", repeated("\\ud800"))),
        ),
        (
            "a long identifier",
            call(&format!("\"{}\"", "x".repeat(LEN)), "{}"),
        ),
        ("a long number", call(&"1".repeat(LEN), "{}")),
        (
            "a long method",
            format!(r#"{{"id":1,"method":"{}"}}"#, "x".repeat(LEN)),
        ),
        (
            "a long URI",
            format!(
                r#"{{"id":1,"method":"resources/read","params":{{"uri":"{}"}}}}"#,
                "@".repeat(LEN)
            ),
        ),
        ("a batch of many", format!("[{}0]", "0,".repeat(LEN))),
        (
            "a batch of calls",
            format!("[{}0]", repeated(&(call("1", "{}") + ","))),
        ),
        (
            "a batch of answers",
            format!("[{}0]", repeated("{\"id\":1,\"result\":0},")),
        ),
        ("carriage returns", repeated("0\r")),
        (
            "calls between carriage returns",
            repeated(&(call("1", "{}") + "\r")),
        ),
        (
            "members of the same name",
            format!("{{{}\"id\":1}}", repeated("\"method\":\"a\",")),
        ),
        (
            "input responses",
            call(
                "1",
                &format!(r#"{{"inputResponses":{{{}"":0}}}}"#, repeated("\"\":0,")),
            ),
        ),
        (
            "tools",
            format!(
                r#"{{"id":1,"result":{{"tools":[{}0]}}}}"#,
                repeated(r#"{"name":"x"},"#)
            ),
        ),
    ];
    let mut messages: Vec<_> = texts.map(|(what, text)| (what, text.into_bytes())).into();
    let mut not_unicode = call("1", r#"{"name":"pay","arguments":"x"}"#).into_bytes();
    let at = not_unicode.len() - 4;
    not_unicode.splice(at..at, vec![0xff; LEN]);
    messages.push(("bytes that are not UTF-8", not_unicode));
    let mut control = call("1", r#"{"name":"pay","arguments":"x"}"#).into_bytes();
    control.splice(at..at, vec![1; LEN]);
    messages.push(("control characters", control));
    messages
}

#[test]
fn reading_takes_a_small_multiple() {
    for (of, options) in any_options() {
        for (what, message) in hostile_messages() {
            let session = session(options.clone());
            for direction in [Direction::ToServer, Direction::ToClient] {
                let measured = allocation_counter::measure(|| {
                    let _ = pass(&session, direction, &message);
                });
                // Nested objects take most: their spelling, and thirty bytes for each of
                // five, in vectors that grow.
                let limit = 20 * message.len() as u64;
                assert!(
                    measured.bytes_max <= limit,
                    "{what}, {of}: {} bytes, {limit} allowed",
                    measured.bytes_max
                );
            }
        }
    }
}

/// What is kept of a request that waits for its answer, whatever is in it.
#[test]
fn what_waits_for_an_answer_is_small() {
    for (what, message) in hostile_messages() {
        let session = session(AuditOptions::new());
        // The thread keeps memory for spelling contents.
        let _ = pass(&session, Direction::ToServer, &message);
        let measured = allocation_counter::measure(|| {
            for _ in 0..3 {
                let _ = pass(&session, Direction::ToServer, &message);
            }
        });
        let kept = measured.bytes_current;
        assert!(kept < 30_000, "{what}: {kept} bytes");
    }
}

#[test]
fn a_flood_of_requests_is_bounded() {
    let session = session(AuditOptions::new());
    let flood = |ids: std::ops::Range<usize>| {
        for id in ids {
            let call = call(
                &format!("\"{}{id}\"", "x".repeat(2000)),
                r#"{"name":"pay"}"#,
            );
            assert_eq!(
                pass(&session, Direction::ToServer, call.as_bytes()),
                Verdict::Forward
            );
        }
    };
    flood(0..2000);
    let measured = allocation_counter::measure(|| flood(2000..6000));
    assert!(measured.bytes_current < 100_000, "{measured:?}");
}

#[test]
fn a_batch_of_too_many_is_refused_as_a_whole() {
    let sink = support::Memory::new();
    let auditor = support::auditor(&sink, support::options());
    let session = auditor.session("test");
    let batch = |count| {
        let calls = vec![call("1", r#"{"name":"pay"}"#); count];
        format!("[{}]", calls.join(","))
    };
    // To some peers, a carriage return ends a message as well.
    let lines = vec![call("1", r#"{"name":"pay"}"#); 1025].join("\r");
    for message in [batch(1025), batch(5000), lines] {
        let verdict = session
            .accept(Direction::ToServer, message.as_bytes())
            .wait();
        let Verdict::Withhold { to_sender, .. } = &verdict else {
            panic!("{verdict:?}");
        };
        assert_eq!(to_sender.len(), 1);
        assert_eq!(to_sender[0].id, "null");
        assert_eq!(to_sender[0].reason, RefusalReason::NotCalled);
    }
    for entry in sink.wait_for(3) {
        assert_eq!(text(&entry, "error_type"), "too_many");
        assert!(detail(&entry, "message_bytes").as_u64().unwrap() > 60_000);
    }
}
