//! The core of `lokryn-mcp-log`: what becomes of messages, and what is recorded of them.

use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use lokryn_compliance_log::{LogEntry, LogSource, PayloadFormat, Sensitivity};
use lokryn_mcp_log::{
    AuditOptions, Auditor, Direction, Everything, FailurePolicy, HmacKey, Refusal, RefusalReason,
    SinkError, Verdict,
};
use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::Check;
use crate::json::{self, Spelling};
use crate::random::Random;

/// What fits into a record of a journal.
const MAX_ENTRY: usize = 65_535 - 64;

/// Whatever comes over a connection, it goes on if its entries can be written and is
/// refused by its own identifier if not; what is written is valid, in order and complete.
#[derive(Debug)]
pub struct Mcp {
    frames: Recorded,
    contents: Recorded,
    failing: Auditor,
    failing_open: Auditor,
}

/// An auditor, and the entries that it has written.
#[derive(Debug)]
struct Recorded {
    auditor: Auditor,
    entries: Receiver<LogEntry>,
}

fn options() -> AuditOptions {
    let key = HmacKey::new("key-1", &[7; 32]).unwrap();
    AuditOptions::new()
        .hmac_key(key)
        // However busy the machine is.
        .max_wait(Duration::from_mins(10))
}

fn source() -> LogSource<lokryn_compliance_log::builder::Set> {
    LogSource::new("fuzz", "test").sensitivity(Sensitivity::Internal)
}

fn recorded(options: AuditOptions) -> Recorded {
    let (sender, entries) = mpsc::channel();
    let sink = move |entry: &LogEntry| -> Result<(), SinkError> { Ok(sender.send(entry.clone())?) };
    Recorded {
        auditor: Auditor::with_options(source(), "agent-001", sink, options).unwrap(),
        entries,
    }
}

fn failing(options: AuditOptions) -> Auditor {
    let sink = |_: &LogEntry| -> Result<(), SinkError> { Err("no".into()) };
    Auditor::with_options(source(), "agent-001", sink, options).unwrap()
}

impl Default for Mcp {
    fn default() -> Self {
        Self {
            frames: recorded(options()),
            contents: recorded(options().record_content(Everything).record_notifications()),
            failing: failing(options()),
            failing_open: failing(options().failure_policy(FailurePolicy::Open)),
        }
    }
}

impl Check for Mcp {
    /// Lines, of which every other one goes the other way.
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        let lines: Vec<Message> = bytes
            .split(|byte| *byte == b'\n')
            .zip(0..64)
            .map(|(line, index)| Message {
                direction: if index % 2 == 0 {
                    Direction::ToServer
                } else {
                    Direction::ToClient
                },
                text: line.to_vec(),
                plain: None,
            })
            .collect();
        self.conversation(&lines)
    }

    fn seed(&mut self, seed: u64) -> u64 {
        let mut random = Random::seeded(seed);
        let messages = conversation(&mut random);
        self.conversation(&messages)
    }
}

impl Mcp {
    fn conversation(&mut self, messages: &[Message]) -> u64 {
        self.frames.hear(messages);
        self.contents.hear(messages);
        refuse(&self.failing, messages);
        let session = self.failing_open.session("test");
        for message in messages {
            let verdict = session.accept(message.direction, &message.text).wait();
            assert_eq!(verdict, Verdict::Forward, "{message}");
        }
        session.close("end");
        messages.len() as u64
    }
}

/// A message, and what it says if nothing about it is unusual.
#[derive(Clone, Debug)]
struct Message {
    direction: Direction,
    text: Vec<u8>,
    plain: Option<Vec<Value>>,
}

impl std::fmt::Display for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {}", self.direction, self.text.escape_ascii())
    }
}

fn is_request(message: &Value) -> bool {
    message["method"].is_string() && message.get("id").is_some()
}

fn is_answer(message: &Value) -> bool {
    message.get("method").is_none()
}

impl Recorded {
    fn hear(&self, messages: &[Message]) {
        let session = self.auditor.session("test");
        for message in messages {
            let verdict = session.accept(message.direction, &message.text).wait();
            assert_eq!(verdict, Verdict::Forward, "{message}");
        }
        session.close("end");
        let entries = self.written();
        let shown = || {
            let lines: Vec<_> = messages.iter().map(ToString::to_string).collect();
            lines.join("\n")
        };
        for (index, entry) in entries.iter().enumerate() {
            assert_eq!(entry.validate(), Ok(()), "{entry:?}\n{}", shown());
            assert_eq!(entry.payload_format(), PayloadFormat::Json, "{}", shown());
            assert!(entry.to_bytes().len() < MAX_ENTRY, "{}", shown());
            let id = entry.event_id().unwrap().unwrap();
            let sequence = id.rsplit_once('-').map(|(_, sequence)| sequence);
            assert_eq!(sequence, Some(&*index.to_string()), "{}", shown());
            assert!(entry.occurred_at().unwrap().is_some(), "{}", shown());
            // Each member once.
            let members: Map<String, Value> = entry.json_payload().unwrap_or_default();
            for name in members.keys() {
                let found = entry.detail::<IgnoredAny>(name);
                assert!(found.is_ok(), "{name}: {:?}\n{}", entry.payload, shown());
            }
        }
        let plain: Option<Vec<&Value>> = messages.iter().try_fold(Vec::new(), |mut all, it| {
            all.extend(it.plain.as_ref()?);
            Some(all)
        });
        if let Some(plain) = plain {
            check_account(&entries, &plain, &shown);
        }
    }

    /// Waits for the last entry of the connection. Nothing else is being recorded.
    fn written(&self) -> Vec<LogEntry> {
        let mut entries = Vec::new();
        loop {
            let entry = self.entries.recv().unwrap();
            let is_last = entry.resource == "session/close";
            entries.push(entry);
            if is_last {
                return entries;
            }
        }
    }
}

fn detail(entry: &LogEntry, name: &str) -> Value {
    entry.detail(name).unwrap().unwrap_or_default()
}

/// Each request ends once, and so does each task; each answer to nothing is there.
fn check_account(entries: &[LogEntry], messages: &[&Value], shown: &dyn Fn() -> String) {
    let requests = messages.iter().filter(|it| is_request(it)).count();
    let answers = messages.iter().filter(|it| is_answer(it)).count();
    let count = |is: &dyn Fn(&LogEntry) -> bool| entries.iter().filter(|it| is(it)).count();
    let tasks = count(&|entry| detail(entry, "status") == "task");
    let unmatched = count(&|entry| entry.resource == "unmatched");
    let late = count(&|entry| detail(entry, "phase") == "late");
    let finished = count(&|entry| {
        detail(entry, "phase") == "finished"
            && entry.resource != "unmatched"
            && detail(entry, "input_id").is_null()
    });
    assert_eq!(finished, requests + tasks, "{}", shown());
    assert!(unmatched + late <= answers, "{}", shown());
    let calls: Vec<&Value> = messages
        .iter()
        .copied()
        .filter(|it| is_request(it) && it["method"] == "tools/call")
        .collect();
    let started: Vec<&LogEntry> = entries
        .iter()
        .filter(|entry| {
            detail(entry, "phase") == "started" && detail(entry, "method") == "tools/call"
        })
        .collect();
    assert_eq!(started.len(), calls.len(), "{}", shown());
    for (entry, call) in started.into_iter().zip(calls) {
        let name = call["params"]["name"].as_str().unwrap_or_default();
        assert_eq!(entry.resource, format!("tools/{name}"), "{}", shown());
        let arguments = detail(entry, "arguments");
        if !arguments.is_null() {
            assert_eq!(arguments, call["params"]["arguments"], "{}", shown());
        }
    }
}

/// With a sink that takes nothing.
fn refuse(auditor: &Auditor, messages: &[Message]) {
    let session = auditor.session("test");
    for message in messages {
        let verdict = session.accept(message.direction, &message.text).wait();
        let Some(plain) = &message.plain else {
            continue;
        };
        let ids = |is: fn(&Value) -> bool| -> Vec<Value> {
            let those = plain.iter().filter(|it| is(it));
            those.map(|it| it["id"].clone()).collect()
        };
        let (requests, answers) = (ids(is_request), ids(is_answer));
        match verdict {
            Verdict::Withhold {
                to_sender,
                to_receiver,
                is_batch,
            } => {
                assert_eq!(said(&to_sender, RefusalReason::NotCalled), requests);
                assert_eq!(said(&to_receiver, RefusalReason::Withheld), answers);
                assert_eq!(is_batch, message.text.trim_ascii().starts_with(b"["));
            }
            Verdict::Forward => {
                let is_call = |it: &Value| is_request(it) && it["method"] == "tools/call";
                assert!(!plain.iter().any(is_call), "{message}");
                assert!(answers.is_empty(), "{message}");
            }
            // Nobody waits for an answer.
            Verdict::Drop => assert!(requests.is_empty() && answers.is_empty(), "{message}"),
            verdict => panic!("{verdict:?}: {message}"),
        }
    }
    session.close("end");
}

fn said(refusals: &[Refusal], reason: RefusalReason) -> Vec<Value> {
    let ids = refusals.iter().map(|refusal| {
        assert_eq!(refusal.reason, reason);
        serde_json::from_str(&refusal.id).unwrap()
    });
    ids.collect()
}

const METHODS: &[&str] = &[
    "tools/call",
    "tools/call",
    "tools/call",
    "prompts/get",
    "resources/read",
    "tools/list",
    "initialize",
    "ping",
    "sampling/createMessage",
    "elicitation/create",
    "roots/list",
    "tasks/get",
    "tasks/result",
    "tasks/cancel",
    "completion/complete",
    "logging/setLevel",
    "x/unknown",
    "",
];

const NOTIFICATIONS: &[&str] = &[
    "notifications/cancelled",
    "notifications/progress",
    "notifications/initialized",
    "notifications/message",
    "notifications/tools/list_changed",
    "notifications/tasks/status",
    "notifications/x",
];

const IDS: &[&str] = &[
    "1",
    "2",
    "3",
    "\"1\"",
    "\"a\"",
    "\"\\u0061\"",
    "0",
    "-7",
    "1.5",
    "9007199254740993",
    "null",
];

const PARAMS: &[&str] = &[
    "\"uri\":\"file:///etc/passwd\"",
    "\"uri\":\"https://user:secret@example.com/a?b=c#d\"",
    "\"mode\":\"url\"",
    "\"requestId\":1",
    "\"requestId\":\"a\"",
    "\"progressToken\":1",
    "\"_meta\":{\"progressToken\":1,\"traceparent\":\"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\"}",
    "\"clientInfo\":{\"name\":\"c\",\"version\":\"1\"},\"protocolVersion\":\"2025-11-25\"",
    "\"taskId\":\"t1\",\"status\":\"completed\"",
    "\"taskId\":\"t1\",\"status\":\"working\"",
    "\"inputResponses\":{\"k\":{\"action\":\"decline\"}}",
    "\"level\":\"info\"",
];

const RESULTS: &[&str] = &[
    "{}",
    "{\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}",
    "{\"isError\":true}",
    "{\"task\":{\"taskId\":\"t1\",\"status\":\"working\"}}",
    "{\"resultType\":\"task\",\"taskId\":\"t1\",\"status\":\"working\"}",
    "{\"taskId\":\"t1\",\"status\":\"completed\"}",
    "{\"taskId\":\"t1\",\"status\":\"failed\"}",
    "{\"resultType\":\"input_required\",\"inputRequests\":{\"k\":{\"method\":\"elicitation/create\",\"params\":{\"mode\":\"form\"}}}}",
    "{\"action\":\"decline\"}",
    "{\"action\":\"accept\",\"content\":{}}",
    "{\"tools\":[{\"name\":\"pay\",\"annotations\":{\"destructiveHint\":true}}]}",
    "{\"serverInfo\":{\"name\":\"s\",\"version\":\"1\"},\"protocolVersion\":\"2025-11-25\"}",
    "[]",
    "null",
    "\"text\"",
];

/// Members whose values a peer may make long.
const LONG: &[&str] = &[
    "\"uri\":",
    "\"taskId\":",
    "\"requestId\":",
    "\"mode\":",
    "\"protocolVersion\":",
    "\"clientInfo\":{\"version\":\"1\"},\"x\":",
];

/// Puts a string about as long as what an entry holds at most, of what escapes lengthen.
fn put_long(random: &mut Random, out: &mut Vec<u8>) {
    let piece = random.one_of(&[
        "a",
        "\\u0001",
        "\\\"",
        "\\\\",
        "é",
        "\\ud83d\\ude00",
        "\u{7f}",
    ]);
    out.push(b'"');
    let len = 200 + random.below(40_000);
    while out.len() < len {
        out.extend_from_slice(piece.as_bytes());
    }
    out.push(b'"');
}

/// Whether a message is a request, a notification or an answer to everybody.
fn is_plain(message: &Value) -> bool {
    let Some(members) = message.as_object() else {
        return false;
    };
    let is_body = |name: &str| name == "result" || name == "error";
    let is_named_alike = members.keys().any(|name| {
        let lower = name.to_ascii_lowercase();
        *name != lower && (["id", "method", "params"].contains(&&*lower) || is_body(&lower))
    });
    let is_id = |id: &Value| id.is_number() || id.is_string() || id.is_null();
    let is_message = match members.get("method") {
        Some(method) => method.is_string(),
        None => members.keys().any(|name| is_body(name)),
    };
    is_message && !is_named_alike && members.get("id").is_none_or(is_id)
}

/// The messages in a text, as a peer reads them that is as strict as `serde_json`.
fn messages_in(text: &[u8]) -> Option<Vec<Value>> {
    let messages = match serde_json::from_slice(text).ok()? {
        Value::Array(messages) => messages,
        message => vec![message],
    };
    // To some peers a carriage return ends a line.
    let is_plain = !text.contains(&b'\r') && !messages.is_empty() && messages.iter().all(is_plain);
    is_plain.then_some(messages)
}

/// Returns some messages, of which half the time none is unusual.
fn conversation(random: &mut Random) -> Vec<Message> {
    let is_plain = random.once_in(2);
    let count = 1 + random.below(12);
    (0..count).map(|_| message(random, is_plain)).collect()
}

fn message(random: &mut Random, is_plain: bool) -> Message {
    let direction = if random.once_in(3) {
        Direction::ToClient
    } else {
        Direction::ToServer
    };
    let mut text = Vec::new();
    if random.once_in(10) {
        text.push(b'[');
        for index in 0..=random.below(3) {
            if index > 0 {
                text.push(b',');
            }
            put_message(random, &mut text);
        }
        text.push(b']');
    } else {
        put_message(random, &mut text);
    }
    if !is_plain {
        while random.once_in(2) {
            json::change(random, &mut text);
        }
    }
    let plain = messages_in(&text);
    assert!(plain.is_some() || !is_plain, "{}", text.escape_ascii());
    Message {
        direction,
        text,
        plain,
    }
}

fn put_message(random: &mut Random, out: &mut Vec<u8>) {
    let put = |out: &mut Vec<u8>, text: &str| out.extend_from_slice(text.as_bytes());
    put(out, "{\"jsonrpc\":\"2.0\"");
    let kind = random.below(8);
    if kind < 6 {
        // A request or an answer.
        put(out, ",\"id\":");
        if random.once_in(100) {
            put_long(random, out);
        } else {
            put(out, random.one_of(IDS));
        }
    }
    match kind {
        0..3 => {
            put(out, ",\"method\":\"");
            put(out, random.one_of(METHODS));
            put(out, "\",\"params\":");
            put_params(random, out);
        }
        3 | 4 => {
            put(out, ",\"result\":");
            if random.once_in(50) {
                put_long(random, out);
            } else {
                put(out, random.one_of(RESULTS));
            }
        }
        5 => {
            put(out, ",\"error\":{\"code\":");
            put(
                out,
                random.one_of(&["-32602", "-32000", "1", "\"x\"", "1e3"]),
            );
            put(out, ",\"message\":\"m\"}");
        }
        _ => {
            put(out, ",\"method\":\"");
            put(out, random.one_of(NOTIFICATIONS));
            put(out, "\",\"params\":");
            put_params(random, out);
        }
    }
    out.push(b'}');
}

fn put_params(random: &mut Random, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"name\":\"");
    out.extend_from_slice(
        random
            .one_of(&["pay", "echo", "", "delete_user", "é"])
            .as_bytes(),
    );
    out.push(b'"');
    if random.once_in(2) {
        out.extend_from_slice(b",\"arguments\":");
        if random.once_in(100) {
            put_long(random, out);
        } else {
            json::put_value(random, 3, Spelling::Compact, out);
        }
    }
    if random.once_in(50) {
        out.push(b',');
        out.extend_from_slice(random.one_of(LONG).as_bytes());
        put_long(random, out);
    }
    let first = random.below(PARAMS.len());
    for index in 0..random.below(3) {
        out.push(b',');
        out.extend_from_slice(PARAMS[(first + index) % PARAMS.len()].as_bytes());
    }
    out.push(b'}');
}
