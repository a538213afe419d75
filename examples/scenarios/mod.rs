//! The seven scenarios of the schema's documentation.

use lokryn_compliance_log::{EventType, LogEntry, Outcome, Payload, Sensitivity, Severity};

/// Returns the scenarios, each with a short name.
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

/// A payload that is spelled as in the documentation. One that is made here rather
/// than quoted is `.payload(json!({"rows_returned": 42}))`.
fn text(json: &str) -> Payload {
    Payload::from(json.as_bytes().to_vec())
}
