//! What is recorded for each method of the current and the previous revision.

mod support;

use lokryn_compliance_log::EventType::{self, *};
use lokryn_mcp_log::{Direction, Verdict};
use serde_json::{Value, json};
use support::{Memory, auditor, check, options, text};

/// The requests of revision 2025-11-25, as its schema lists them.
const REQUESTS_2025_11_25: &[&str] = &[
    "completion/complete",
    "elicitation/create",
    "initialize",
    "logging/setLevel",
    "ping",
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/subscribe",
    "resources/templates/list",
    "resources/unsubscribe",
    "roots/list",
    "sampling/createMessage",
    "tasks/cancel",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tools/call",
    "tools/list",
];
const NOTIFICATIONS_2025_11_25: &[&str] = &[
    "notifications/cancelled",
    "notifications/elicitation/complete",
    "notifications/initialized",
    "notifications/message",
    "notifications/progress",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/roots/list_changed",
    "notifications/tasks/status",
    "notifications/tools/list_changed",
];
/// Those of revision 2026-07-28, with the extension for tasks.
const REQUESTS_2026_07_28: &[&str] = &[
    "completion/complete",
    "elicitation/create",
    "prompts/get",
    "prompts/list",
    "resources/list",
    "resources/read",
    "resources/templates/list",
    "roots/list",
    "sampling/createMessage",
    "server/discover",
    "subscriptions/listen",
    "tools/call",
    "tools/list",
    "tasks/get",
    "tasks/update",
    "tasks/cancel",
];
const NOTIFICATIONS_2026_07_28: &[&str] = &[
    "notifications/cancelled",
    "notifications/message",
    "notifications/progress",
    "notifications/prompts/list_changed",
    "notifications/resources/list_changed",
    "notifications/resources/updated",
    "notifications/subscriptions/acknowledged",
    "notifications/tools/list_changed",
    "notifications/tasks",
];

/// Event type and resource of the entry.
fn expected(method: &str) -> (EventType, &str) {
    match method {
        "tools/call" => (ToolInvocation, "tools/the-name"),
        "prompts/get" => (PromptExecution, "prompts/the-name"),
        "resources/read" => (FileAccess, "file:///srv/a"),
        "sampling/createMessage" => (ModelInference, method),
        "elicitation/create" => (AgentDecision, "elicitation/url"),
        "roots/list" => (ResourceAccess, "roots"),
        "tasks/get" | "tasks/update" | "tasks/result" => (ResourceAccess, "tasks/t1"),
        "tasks/cancel" => (ProcessStop, "tasks/t1"),
        "initialize" => (NetworkConnection, "session/initialize"),
        "server/discover" => (NetworkConnection, "session/server/discover"),
        "ping" => (NetworkConnection, "session/ping"),
        "logging/setLevel" => (ConfigChange, method),
        "completion/complete"
        | "resources/subscribe"
        | "resources/unsubscribe"
        | "subscriptions/listen" => (ContextAccess, method),
        list if list.ends_with("/list") => (ContextAccess, method),
        list if list.ends_with("/list_changed") => (ConfigChange, method),
        "notifications/tasks" | "notifications/tasks/status" => (ResourceAccess, "tasks/t1"),
        _ => (ResourceAccess, method),
    }
}

fn params() -> Value {
    json!({
        "name": "the-name", "uri": "file:///srv/a?secret", "mode": "url", "taskId": "t1",
        "status": "completed",
    })
}

#[test]
fn every_request_of_both_revisions_has_its_entry() {
    let unknown = ["vendor/do", "skills/list"];
    for method in [REQUESTS_2025_11_25, REQUESTS_2026_07_28, &unknown].concat() {
        for direction in [Direction::ToServer, Direction::ToClient] {
            let sink = Memory::new();
            let session = auditor(&sink, options().started(["none"])).session("test");
            let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params()});
            let held = session.accept(direction, request.to_string().as_bytes());
            assert!(held.is_ready(), "{method}");
            assert_eq!(held.wait(), Verdict::Forward, "{method}");
            assert_eq!(sink.entries(), [], "{method}");
            let answer = br#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
            let held = session.accept(direction.reversed(), answer);
            assert_eq!(held.wait(), Verdict::Forward, "{method}");
            let entries = sink.entries();
            check(&entries);
            let [entry] = &entries[..] else {
                panic!("{method}: {entries:?}");
            };
            let recorded = (entry.event_type(), &*entry.resource);
            assert_eq!(recorded, expected(method), "{method}");
            assert_eq!(text(entry, "method"), method);
            assert_eq!(text(entry, "phase"), "finished", "{method}");
            assert_eq!(text(entry, "request_id"), "1", "{method}");
        }
    }
}

#[test]
fn notifications_are_recorded_where_they_say_who_did_what() {
    let unknown = ["notifications/vendor"];
    let methods = [NOTIFICATIONS_2025_11_25, NOTIFICATIONS_2026_07_28, &unknown].concat();
    for method in methods {
        let of_request = ["notifications/cancelled", "notifications/progress"].contains(&method);
        let always = method.ends_with("list_changed") || method.starts_with("notifications/tasks");
        for (options, is_recorded) in [
            (options(), always),
            (options().record_notifications(), !of_request),
        ] {
            let sink = Memory::new();
            let session = auditor(&sink, options).session("test");
            let notification = json!({"jsonrpc": "2.0", "method": method, "params": params()});
            let notification = notification.to_string();
            let held = session.accept(Direction::ToClient, notification.as_bytes());
            assert_eq!(held.wait(), Verdict::Forward, "{method}");
            let entries = sink.entries();
            assert_eq!(entries.len(), usize::from(is_recorded), "{method}");
            for entry in &entries {
                let recorded = (entry.event_type(), &*entry.resource);
                assert_eq!(recorded, expected(method), "{method}");
            }
            check(&entries);
        }
    }
}
