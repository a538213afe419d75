//! What the builder and the source put into an entry.

use lokryn_compliance_log::builder::{Complete, Set, SourceEntry, missing};
use lokryn_compliance_log::bytes::Bytes;
use lokryn_compliance_log::{
    EventType, LogEntry, LogEntryBuilder, LogSource, Outcome, Payload, Sensitivity, Severity,
};

type AllSet = (Set, Set, Set, Set, Set, Set, Set);

fn complete() -> LogEntryBuilder<AllSet> {
    LogEntry::builder()
        .sensitivity(Sensitivity::Internal)
        .resource("auth/login")
        .environment("production")
        .component("auth-service")
        .actor_id("user-12345")
        .outcome(Outcome::Success)
        .event_type(EventType::Login)
}

#[test]
#[allow(
    clippy::needless_update,
    reason = "not needless once log.proto has another field"
)]
fn each_setter_sets_its_own_field() {
    let entry = complete()
        .severity(Severity::Notice)
        .message("User authenticated via SSO")
        .payload(vec![1, 2, 3])
        .policy_tag("SOC2")
        .build();
    let expected = LogEntry {
        event_type: EventType::Login.into(),
        outcome: Outcome::Success.into(),
        severity: Severity::Notice.into(),
        actor_id: "user-12345".to_owned(),
        component: "auth-service".to_owned(),
        environment: "production".to_owned(),
        resource: "auth/login".to_owned(),
        message: "User authenticated via SSO".to_owned(),
        payload: Bytes::from_static(&[1, 2, 3]),
        policy_tags: vec!["SOC2".to_owned()],
        sensitivity: Sensitivity::Internal.into(),
        ..LogEntry::default()
    };
    assert_eq!(entry, expected);
}

#[test]
fn severity_follows_the_outcome_unless_set() {
    let cases = [
        (Outcome::Success, Severity::Info),
        (Outcome::Partial, Severity::Info),
        (Outcome::FailureUnauthorized, Severity::Warning),
        (Outcome::FailureDenied, Severity::Warning),
        (Outcome::FailureError, Severity::Error),
        (Outcome::Unspecified, Severity::Unspecified),
    ];
    for (outcome, severity) in cases {
        let builder = complete().outcome(outcome);
        assert_eq!(builder.clone().build().severity(), severity, "{outcome}");
        let set = builder.severity(Severity::Alert).build();
        assert_eq!(set.severity(), Severity::Alert, "{outcome}");
    }
    assert_eq!(cases.len(), Outcome::ALL.len() + 1);
}

#[test]
fn the_last_value_counts_and_tags_add_up() {
    let entry = complete()
        .actor_id("agent-001")
        .actor_id(String::from("agent-002"))
        .policy_tags(["SOC2", "HIPAA"])
        .policy_tag("PCI")
        .policy_tags(vec![String::from("PII")])
        .build();
    assert_eq!(entry.actor_id, "agent-002");
    assert_eq!(entry.policy_tags, ["SOC2", "HIPAA", "PCI", "PII"]);
}

#[test]
fn clones_go_their_own_way() {
    let template = complete().policy_tag("SOC2");
    let login = template.clone().build();
    let logout = template.event_type(EventType::Logout).build();
    assert_eq!(login.event_type(), EventType::Login);
    assert_eq!(logout.event_type(), EventType::Logout);
    assert_eq!(login.policy_tags, logout.policy_tags);
}

#[test]
fn a_source_lends_its_parts_to_every_entry() {
    struct Service {
        source: LogSource<Set>,
    }

    let service = Service {
        source: LogSource::new("mcp-client", "production")
            .policy_tag("SOC2")
            .policy_tags(["data-access"])
            .sensitivity(Sensitivity::Confidential),
    };
    let entry = || {
        service
            .source
            .entry()
            .event_type(EventType::ToolInvocation)
            .outcome(Outcome::Success)
            .actor_id("agent-001")
            .resource("tools/database_query")
    };
    let first = entry().build();
    assert_eq!(first.component, "mcp-client");
    assert_eq!(first.environment, "production");
    assert_eq!(first.policy_tags, ["SOC2", "data-access"]);
    assert_eq!(first.sensitivity(), Sensitivity::Confidential);

    let second = entry()
        .policy_tag("PII")
        .sensitivity(Sensitivity::Restricted)
        .build();
    assert_eq!(second.policy_tags, ["SOC2", "data-access", "PII"]);
    assert_eq!(second.sensitivity(), Sensitivity::Restricted);
}

#[test]
fn a_source_without_sensitivity_leaves_it_to_the_entry() {
    let source: LogSource<missing::sensitivity> = LogSource::new("mcp-client", "staging");
    let entry = source
        .entry()
        .event_type(EventType::Delegation)
        .outcome(Outcome::Partial)
        .actor_id("agent-001")
        .resource("agents/agent-002")
        .sensitivity(Sensitivity::Public)
        .build();
    assert_eq!(entry.sensitivity(), Sensitivity::Public);
}

#[test]
fn a_helper_takes_any_builder_a_sources_or_a_complete_one() {
    struct App {
        source: LogSource,
    }

    fn tagged<P>(entry: LogEntryBuilder<P>) -> LogEntryBuilder<P> {
        entry.policy_tag("SOC2")
    }

    fn login(entry: SourceEntry) -> LogEntry {
        let entry = entry
            .event_type(EventType::Login)
            .outcome(Outcome::Success)
            .actor_id("user-12345")
            .resource("auth/login");
        finish(tagged(entry))
    }

    fn finish<P: Complete>(entry: LogEntryBuilder<P>) -> LogEntry {
        entry.message("finished").build()
    }

    let app = App {
        source: LogSource::new("auth-service", "staging").sensitivity(Sensitivity::Internal),
    };
    let entry = login(app.source.entry());
    assert_eq!(entry.component, "auth-service");
    assert_eq!(entry.actor_id, "user-12345");
    assert_eq!(entry.policy_tags, ["SOC2"]);
    assert_eq!(entry.message, "finished");
}

#[test]
fn payloads_come_from_bytes_as_they_are() {
    for payload in [
        Payload::from(b"opaque".to_vec()),
        Payload::from(Bytes::from_static(b"opaque")),
    ] {
        assert_eq!(complete().payload(payload).build().payload, "opaque");
    }
    assert_eq!(complete().build().payload, "");
}

#[test]
fn a_builder_prints_its_payload_only_where_the_entry_would() {
    let secret = complete().payload(b"078-05-1120".to_vec());
    assert!(format!("{secret:?}").contains("078-05-1120"), "internal");
    let sensitive = secret.sensitivity(Sensitivity::Restricted);
    assert!(!format!("{sensitive:?}").contains("078-05-1120"));
    let undecided = LogEntry::builder().payload(b"078-05-1120".to_vec());
    assert!(!format!("{undecided:?}").contains("078-05-1120"));
    assert_eq!(
        format!("{:?}", Payload::from(vec![0; 3])),
        "Payload(3 bytes)"
    );
}
