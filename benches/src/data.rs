//! The data sets. Each is seven entries, so that no branch is taken the same
//! way every time.

use EventType::{
    AgentDecision, DataExport, GuardrailCheck, Login, ModelInference, ResourceAccess,
    ToolInvocation,
};
use Outcome::{FailureDenied, Success};
use Sensitivity::{Confidential, HighlyRestricted, Internal, Restricted};
use Severity::{Info, Notice, Warning};
use lokryn_compliance_log::bytes::Bytes;
use lokryn_compliance_log::{EventType, Outcome, Payload, Sensitivity, Severity};
use prost::Message as _;
use serde_json::{Value, json};

use crate::source::Source;

pub struct DataSet {
    pub name: &'static str,
    pub sources: Vec<Source<'static>>,
    /// The same, encoded by prost.
    pub encoded: Vec<Vec<u8>>,
}

impl DataSet {
    fn new(name: &'static str, sources: Vec<Source<'static>>) -> Self {
        let encoded = sources.iter().map(|it| it.prost().encode_to_vec());
        Self {
            name,
            encoded: encoded.collect(),
            sources,
        }
    }
}

pub fn seven_entries() -> Vec<DataSet> {
    vec![
        DataSet::new("scenarios", scenarios()),
        DataSet::new("4 KiB JSON", with_payloads(json)),
        DataSet::new("4 KiB CBOR", with_payloads(cbor)),
        DataSet::new("world text", world_text()),
        DataSet::new("30 tags", many_tags()),
        DataSet::new("3 fields", three_fields()),
    ]
}

/// The scenarios as a length-delimited stream of a million entries, in no
/// particular order.
pub fn stream() -> Vec<DataSet> {
    vec![DataSet::new("scenarios, a million", scenarios())]
}

pub const STREAM_LEN: usize = 1_000_000;

/// Joins entries to a stream, each with its length in front.
pub fn length_delimited(encoded: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = Vec::new();
    let mut random: u64 = 1;
    for _ in 0..STREAM_LEN {
        // Knuth's MMIX generator.
        random = random
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let index = (random >> 33) % encoded.len() as u64;
        let entry = &encoded[usize::try_from(index).unwrap()];
        prost::encode_length_delimiter(entry.len(), &mut stream).unwrap();
        stream.extend_from_slice(entry);
    }
    stream
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

fn json(report: &Value) -> Vec<u8> {
    serde_json::to_vec(report).unwrap()
}

fn cbor(report: &Value) -> Vec<u8> {
    Bytes::from(Payload::cbor(report).unwrap()).into()
}

/// The scenarios with payloads of just over 4 KiB.
fn with_payloads(encode: fn(&Value) -> Vec<u8>) -> Vec<Source<'static>> {
    let mut entries = scenarios();
    for (seed, entry) in (1..).zip(&mut entries) {
        let bytes = (1..1000)
            .map(|records| encode(&report(seed, records)))
            .find(|bytes| bytes.len() >= 4096)
            .unwrap();
        entry.payload = bytes.leak();
    }
    entries
}

fn report(seed: u32, records: u32) -> Value {
    let records: Vec<Value> = (0..records)
        .map(|index| {
            let number = (seed * 7919 + index) * 104_729 % 1_000_003;
            json!({
                "id": number,
                "path": format!("records/{number}/history"),
                "score": f64::from(number) / 1_000_003.0,
                "owner": if number.is_multiple_of(3) { Value::Null } else { json!("team-compliance") },
                "redacted": number.is_multiple_of(2),
            })
        })
        .collect();
    json!({ "request": format!("req-{seed:08x}"), "records": records })
}

/// Text in Greek, Japanese and emoji, some of it longer than 127 bytes.
fn world_text() -> Vec<Source<'static>> {
    vec![
        entry(
            (Login, Success, Info, Internal),
            "χρήστης-12345",
            "υπηρεσία-ταυτοποίησης",
            "παραγωγή",
            "ταυτοποίηση/σύνδεση",
            "Ο χρήστης συνδέθηκε μέσω ενιαίας σύνδεσης",
            r#"{"μέθοδος": "saml", "πάροχος": "okta", "mfa": true}"#,
            &["SOC2", "έλεγχος-πρόσβασης"],
        ),
        entry(
            (ResourceAccess, FailureDenied, Warning, Restricted),
            "ユーザー-67890",
            "APIゲートウェイ",
            "本番環境",
            "管理/利用者/一覧",
            "管理者用エンドポイントへのアクセスが拒否されました",
            r#"{"必要な役割": "管理者", "利用者の役割": "閲覧者"}"#,
            &["SOC2", "アクセス制御"],
        ),
        entry(
            (ToolInvocation, Success, Info, Confidential),
            "agent-🤖-001",
            "mcp-client",
            "production",
            "tools/translate 🌍",
            "Translated the customer's message 💬 into three languages 🇬🇷🇯🇵🇩🇪 ✅",
            r#"{"source": "👋 hello", "reaction": "👍🏽"}"#,
            &["SOC2", "🔒-data-access"],
        ),
        entry(
            (DataExport, Success, Notice, Restricted),
            "χρήστης-12345",
            "υπηρεσία-εξαγωγών",
            "παραγωγή",
            "εξαγωγές/αναφορά-πελατών",
            "Εξήχθησαν τα στοιχεία χιλίων πεντακοσίων πελατών σε αρχείο CSV για τον ετήσιο έλεγχο",
            r#"{"εγγραφές": 1500, "μορφή": "csv", "προορισμός": "λήψη"}"#,
            &["SOC2", "εξαγωγή-δεδομένων", "PII"],
        ),
        entry(
            (AgentDecision, Success, Info, Internal),
            "エージェント-001",
            "意思決定エンジン",
            "本番環境",
            "業務フロー/顧客対応",
            "顧客の苦情は自動応答では解決できないと判断し、担当者に引き継ぐことを選択しました",
            r#"{"選択肢": ["返信", "引き継ぎ", "保留"], "選択": "引き継ぎ", "確信度": 0.92}"#,
            &["監査証跡"],
        ),
        entry(
            (GuardrailCheck, FailureDenied, Warning, HighlyRestricted),
            "agent-🤖-002",
            "safety-filter 🛡️",
            "production",
            "guardrails/pii-detection",
            "🚨 PII detected in agent output, blocked 🚫",
            r#"{"rule": "ssn-pattern", "action": "⛔"}"#,
            &["PII", "HIPAA", "🏥"],
        ),
        entry(
            (ModelInference, Success, Info, Confidential),
            "σύστημα-υποστήριξης",
            "llm-クライアント",
            "παραγωγή",
            "models/gpt-4",
            "Ολοκληρώθηκε η μετάφραση 翻訳が完了しました 🎉",
            r#"{"tokens_in": 1250, "tokens_out": 342, "γλώσσα": "日本語"}"#,
            &["SOC2"],
        ),
    ]
}

fn many_tags() -> Vec<Source<'static>> {
    const TAGS: [&str; 36] = [
        "SOC2",
        "HIPAA",
        "PCI",
        "PII",
        "GDPR",
        "ISO-27001",
        "ISO-27701",
        "ISO-42001",
        "NIST-800-53",
        "NIST-AI-RMF",
        "FedRAMP-High",
        "CCPA",
        "SOX",
        "GLBA",
        "FERPA",
        "HITRUST",
        "DORA",
        "NIS2",
        "EU-AI-Act",
        "data-access",
        "data-export",
        "access-control",
        "audit-trail",
        "least-privilege",
        "change-management",
        "incident-response",
        "retention-7-years",
        "encryption-at-rest",
        "region-eu-central",
        "legal-hold",
        "model-governance",
        "human-oversight",
        "third-party",
        "business-continuity",
        "privileged-session",
        "break-glass",
    ];

    let mut entries = scenarios();
    for (skip, entry) in entries.iter_mut().enumerate() {
        let tags: Vec<&str> = TAGS.into_iter().skip(skip).take(30).collect();
        assert_eq!(tags.len(), 30);
        entry.policy_tags = tags.leak();
    }
    entries
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
