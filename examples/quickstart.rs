//! The seven scenarios of the schema's documentation: built, serialized, decoded
//! again and printed.
//!
//!     cargo run --example quickstart

use std::error::Error;

use lokryn_compliance_log::{EventType, LogEntry, LogSource, Outcome, Sensitivity, Severity};
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let mut total = 0;
    for entry in scenarios() {
        let bytes = entry.to_bytes();
        let decoded = LogEntry::from_bytes(&bytes)?;
        decoded.validate()?;
        assert_eq!(decoded, entry);

        println!(
            "{} by {}: {}, {}, {} bytes",
            decoded.event_type(),
            decoded.actor_id,
            decoded.outcome(),
            decoded.severity(),
            bytes.len(),
        );
        println!("  {}\n", decoded.json_line());
        total += bytes.len();
    }
    println!("7 entries, {total} bytes, each decoded to what was encoded");
    Ok(())
}

fn scenarios() -> [LogEntry; 7] {
    // What a service says about itself, once.
    let source = |component| LogSource::new(component, "production");

    [
        source("mcp-client")
            .entry()
            .event_type(EventType::ToolInvocation)
            .outcome(Outcome::Success)
            .actor_id("agent-001")
            .resource("tools/database_query")
            .message("Executed database query tool")
            .payload(json!({"query": "SELECT * FROM users", "rows_returned": 42}))
            .policy_tags(["SOC2", "data-access"])
            .sensitivity(Sensitivity::Confidential)
            .build(),
        source("safety-filter")
            .entry()
            .event_type(EventType::GuardrailCheck)
            .outcome(Outcome::FailureDenied)
            .actor_id("agent-001")
            .resource("guardrails/pii-detection")
            .message("PII detected in agent output, blocked")
            .payload(json!({"rule": "ssn-pattern", "action": "block"}))
            .policy_tags(["PII", "HIPAA"])
            .sensitivity(Sensitivity::HighlyRestricted)
            .build(),
        source("decision-engine")
            .entry()
            .event_type(EventType::AgentDecision)
            .outcome(Outcome::Success)
            .actor_id("agent-001")
            .resource("workflows/customer-support")
            .message("Agent chose to escalate to human")
            .payload(json!({
                "options": ["respond", "escalate", "defer"],
                "selected": "escalate",
                "confidence": 0.92,
            }))
            .policy_tag("audit-trail")
            .sensitivity(Sensitivity::Internal)
            .build(),
        source("llm-client")
            .entry()
            .event_type(EventType::ModelInference)
            .outcome(Outcome::Success)
            .actor_id("service-backend")
            .resource("models/gpt-4")
            .message("Completed chat completion request")
            .payload(json!({"tokens_in": 1250, "tokens_out": 342, "latency_ms": 1823}))
            .policy_tag("SOC2")
            .sensitivity(Sensitivity::Confidential)
            .build(),
        source("auth-service")
            .entry()
            .event_type(EventType::Login)
            .outcome(Outcome::Success)
            .actor_id("user-12345")
            .resource("auth/login")
            .message("User authenticated via SSO")
            .payload(json!({"method": "saml", "provider": "okta", "mfa": true}))
            .policy_tags(["SOC2", "access-control"])
            .sensitivity(Sensitivity::Internal)
            .build(),
        source("api-gateway")
            .entry()
            .event_type(EventType::ResourceAccess)
            .outcome(Outcome::FailureDenied)
            .actor_id("user-67890")
            .resource("api/v1/admin/users")
            .message("Access denied to admin endpoint")
            .payload(json!({"required_role": "admin", "user_role": "viewer"}))
            .policy_tags(["SOC2", "access-control"])
            .sensitivity(Sensitivity::Internal)
            .build(),
        source("export-service")
            .entry()
            .event_type(EventType::DataExport)
            .outcome(Outcome::Success)
            .severity(Severity::Notice)
            .actor_id("user-12345")
            .resource("exports/customer-report")
            .message("Exported customer data to CSV")
            .payload(json!({"records": 1500, "format": "csv", "destination": "download"}))
            .policy_tags(["SOC2", "data-export", "PII"])
            .sensitivity(Sensitivity::Restricted)
            .build(),
    ]
}
