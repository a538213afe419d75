//! The scenarios of the schema's documentation. `classes` makes the rest.

use EventType::{
    AgentDecision, DataExport, GuardrailCheck, Login, ModelInference, ResourceAccess,
    ToolInvocation,
};
use Outcome::{FailureDenied, Success};
use Sensitivity::{Confidential, HighlyRestricted, Internal, Restricted};
use Severity::{Info, Notice, Warning};
use lokryn_compliance_log::{EventType, Outcome, Sensitivity, Severity};
use prost::Message as _;

use crate::classes;
use crate::random::Random;
use crate::source::Source;

pub struct DataSet {
    pub name: &'static str,
    pub sources: Vec<Source<'static>>,
    /// The same, encoded by prost.
    pub canonical: Vec<Vec<u8>>,
    /// The same once more, as it is to be decoded.
    pub encoded: Vec<Vec<u8>>,
}

impl DataSet {
    pub fn new(name: &'static str, sources: Vec<Source<'static>>) -> Self {
        let canonical = sources.iter().map(|it| it.prost().encode_to_vec());
        let canonical: Vec<_> = canonical.collect();
        Self {
            name,
            encoded: canonical.clone(),
            canonical,
            sources,
        }
    }

    /// Whether the limits for the documented entries hold, which are the lower ones.
    pub fn is_documented(&self) -> bool {
        self.name == SCENARIOS
    }

    /// Joins entries to a stream, each with its length in front, in no particular
    /// order.
    pub fn stream(&self) -> Vec<u8> {
        let mut stream = Vec::new();
        let mut random = Random::new(1);
        for _ in 0..self.stream_len() {
            let entry = random.one_of(&self.encoded);
            prost::encode_length_delimiter(entry.len(), &mut stream).unwrap();
            stream.extend_from_slice(entry);
        }
        stream
    }

    pub fn stream_len(&self) -> usize {
        if self.is_documented() {
            1_000_000
        } else {
            2_000
        }
    }
}

const SCENARIOS: &str = "scenarios";

pub fn all() -> Vec<DataSet> {
    let mut data_sets = vec![
        DataSet::new(SCENARIOS, scenarios()),
        DataSet::new("3 fields", three_fields()),
    ];
    data_sets.extend(classes::all());
    data_sets
}

#[expect(
    clippy::too_many_arguments,
    reason = "the fields of an entry, as a table"
)]
fn entry(
    (event_type, outcome, severity, sensitivity): (EventType, Outcome, Severity, Sensitivity),
    actor_id: &'static str,
    component: &'static str,
    environment: &'static str,
    resource: &'static str,
    message: &'static str,
    payload: &'static str,
    policy_tags: &'static [&'static str],
) -> Source<'static> {
    Source {
        event_type: event_type.into(),
        outcome: outcome.into(),
        severity: severity.into(),
        actor_id,
        component,
        environment,
        resource,
        message,
        payload: payload.as_bytes(),
        policy_tags,
        sensitivity: sensitivity.into(),
    }
}

/// The seven usage examples of the schema's documentation.
fn scenarios() -> Vec<Source<'static>> {
    vec![
        entry(
            (ToolInvocation, Success, Info, Confidential),
            "agent-001",
            "mcp-client",
            "production",
            "tools/database_query",
            "Executed database query tool",
            r#"{"query": "SELECT * FROM users", "rows_returned": 42}"#,
            &["SOC2", "data-access"],
        ),
        entry(
            (GuardrailCheck, FailureDenied, Warning, HighlyRestricted),
            "agent-001",
            "safety-filter",
            "production",
            "guardrails/pii-detection",
            "PII detected in agent output, blocked",
            r#"{"rule": "ssn-pattern", "action": "block"}"#,
            &["PII", "HIPAA"],
        ),
        entry(
            (AgentDecision, Success, Info, Internal),
            "agent-001",
            "decision-engine",
            "production",
            "workflows/customer-support",
            "Agent chose to escalate to human",
            r#"{"options": ["respond", "escalate", "defer"], "selected": "escalate", "confidence": 0.92}"#,
            &["audit-trail"],
        ),
        entry(
            (ModelInference, Success, Info, Confidential),
            "service-backend",
            "llm-client",
            "production",
            "models/gpt-4",
            "Completed chat completion request",
            r#"{"tokens_in": 1250, "tokens_out": 342, "latency_ms": 1823}"#,
            &["SOC2"],
        ),
        entry(
            (Login, Success, Info, Internal),
            "user-12345",
            "auth-service",
            "production",
            "auth/login",
            "User authenticated via SSO",
            r#"{"method": "saml", "provider": "okta", "mfa": true}"#,
            &["SOC2", "access-control"],
        ),
        entry(
            (ResourceAccess, FailureDenied, Warning, Internal),
            "user-67890",
            "api-gateway",
            "production",
            "api/v1/admin/users",
            "Access denied to admin endpoint",
            r#"{"required_role": "admin", "user_role": "viewer"}"#,
            &["SOC2", "access-control"],
        ),
        entry(
            (DataExport, Success, Notice, Restricted),
            "user-12345",
            "export-service",
            "production",
            "exports/customer-report",
            "Exported customer data to CSV",
            r#"{"records": 1500, "format": "csv", "destination": "download"}"#,
            &["SOC2", "data-export", "PII"],
        ),
    ]
}

fn three_fields() -> Vec<Source<'static>> {
    scenarios()
        .into_iter()
        .map(|entry| Source {
            event_type: entry.event_type,
            outcome: entry.outcome,
            actor_id: entry.actor_id,
            ..Source::default()
        })
        .collect()
}
