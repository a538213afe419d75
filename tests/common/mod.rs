//! Entries that several tests need.
#![allow(dead_code, reason = "not every test needs all of it")]

use lokryn_compliance_log::{EventType, LogEntry, Outcome, Payload, Sensitivity, Severity};
use proptest::collection::vec;
use proptest::prelude::*;

/// The seven scenarios of the schema's documentation, each with the name of its
/// files in `tests/golden`.
#[expect(clippy::too_many_lines, reason = "seven entries, each written out")]
pub(crate) fn scenarios() -> Vec<(&'static str, LogEntry)> {
    vec![
        (
            "tool_call",
            LogEntry::builder()
                .event_type(EventType::ToolInvocation)
                .outcome(Outcome::Success)
                .actor_id("agent-001")
                .component("mcp-client")
                .environment("production")
                .resource("tools/database_query")
                .message("Executed database query tool")
                .payload(text(
                    r#"{"query": "SELECT * FROM users", "rows_returned": 42}"#,
                ))
                .policy_tags(["SOC2", "data-access"])
                .sensitivity(Sensitivity::Confidential)
                .build(),
        ),
        (
            "guardrail_check",
            LogEntry::builder()
                .event_type(EventType::GuardrailCheck)
                .outcome(Outcome::FailureDenied)
                .actor_id("agent-001")
                .component("safety-filter")
                .environment("production")
                .resource("guardrails/pii-detection")
                .message("PII detected in agent output, blocked")
                .payload(text(r#"{"rule": "ssn-pattern", "action": "block"}"#))
                .policy_tags(["PII", "HIPAA"])
                .sensitivity(Sensitivity::HighlyRestricted)
                .build(),
        ),
        (
            "agent_decision",
            LogEntry::builder()
                .event_type(EventType::AgentDecision)
                .outcome(Outcome::Success)
                .actor_id("agent-001")
                .component("decision-engine")
                .environment("production")
                .resource("workflows/customer-support")
                .message("Agent chose to escalate to human")
                .payload(text(
                    r#"{"options": ["respond", "escalate", "defer"], "selected": "escalate", "confidence": 0.92}"#,
                ))
                .policy_tag("audit-trail")
                .sensitivity(Sensitivity::Internal)
                .build(),
        ),
        (
            "model_inference",
            LogEntry::builder()
                .event_type(EventType::ModelInference)
                .outcome(Outcome::Success)
                .actor_id("service-backend")
                .component("llm-client")
                .environment("production")
                .resource("models/gpt-4")
                .message("Completed chat completion request")
                .payload(text(
                    r#"{"tokens_in": 1250, "tokens_out": 342, "latency_ms": 1823}"#,
                ))
                .policy_tag("SOC2")
                .sensitivity(Sensitivity::Confidential)
                .build(),
        ),
        (
            "user_authentication",
            LogEntry::builder()
                .event_type(EventType::Login)
                .outcome(Outcome::Success)
                .actor_id("user-12345")
                .component("auth-service")
                .environment("production")
                .resource("auth/login")
                .message("User authenticated via SSO")
                .payload(text(
                    r#"{"method": "saml", "provider": "okta", "mfa": true}"#,
                ))
                .policy_tags(["SOC2", "access-control"])
                .sensitivity(Sensitivity::Internal)
                .build(),
        ),
        (
            "failed_authorization",
            LogEntry::builder()
                .event_type(EventType::ResourceAccess)
                .outcome(Outcome::FailureDenied)
                .actor_id("user-67890")
                .component("api-gateway")
                .environment("production")
                .resource("api/v1/admin/users")
                .message("Access denied to admin endpoint")
                .payload(text(
                    r#"{"required_role": "admin", "user_role": "viewer"}"#,
                ))
                .policy_tags(["SOC2", "access-control"])
                .sensitivity(Sensitivity::Internal)
                .build(),
        ),
        (
            "data_export",
            LogEntry::builder()
                .event_type(EventType::DataExport)
                .outcome(Outcome::Success)
                .severity(Severity::Notice)
                .actor_id("user-12345")
                .component("export-service")
                .environment("production")
                .resource("exports/customer-report")
                .message("Exported customer data to CSV")
                .payload(text(
                    r#"{"records": 1500, "format": "csv", "destination": "download"}"#,
                ))
                .policy_tags(["SOC2", "data-export", "PII"])
                .sensitivity(Sensitivity::Restricted)
                .build(),
        ),
    ]
}

/// The payloads of the scenarios have spaces that `serde_json` would not write.
fn text(json: &str) -> Payload {
    Payload::from(json.as_bytes().to_vec())
}

/// Any entry at all, numbers without a name and odd text included.
#[allow(
    clippy::needless_update,
    reason = "not needless once log.proto has another field"
)]
pub(crate) fn any_entry() -> impl Strategy<Value = LogEntry> {
    (
        (any_number(), any_number(), any_number(), any_number()),
        (any_text(), any_text(), any_text(), any_text(), any_text()),
        vec(any::<u8>(), 0..600),
        vec(any_text(), 0..6),
    )
        .prop_map(|(numbers, texts, payload, policy_tags)| LogEntry {
            event_type: numbers.0,
            outcome: numbers.1,
            severity: numbers.2,
            actor_id: texts.0,
            component: texts.1,
            environment: texts.2,
            resource: texts.3,
            message: texts.4,
            payload: payload.into(),
            policy_tags,
            sensitivity: numbers.3,
            ..LogEntry::default()
        })
}

/// Any entry that has a field set, so that there is something to write.
pub(crate) fn any_set_entry() -> impl Strategy<Value = LogEntry> {
    any_entry().prop_filter("nothing is set", |entry| *entry != LogEntry::default())
}

fn any_number() -> impl Strategy<Value = i32> {
    prop_oneof![4 => 0..21, 1 => any::<i32>()]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z/-]{0,20}",
        any::<String>(),
        "[\\PC\u{0}\u{85}\u{2028}\u{1f600}\n\"\\\\]{0,200}",
    ]
}
