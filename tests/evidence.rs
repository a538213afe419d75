//! Whether an entry holds the content elements of a standard.
#![cfg(all(feature = "std", feature = "json"))]

mod common;

use lokryn_compliance_log::{
    EventType, LogEntry, LogSource, Outcome, Sensitivity, Standard, ViolationKind,
};

const STANDARDS: [Standard; 2] = [Standard::PciDss, Standard::NistAu3];

fn elements(entry: &LogEntry, standard: Standard) -> Vec<(&'static str, Option<&'static str>)> {
    let err = entry.validate_for(standard).unwrap_err();
    let violations = err.violations().iter();
    violations.map(|it| (it.field(), it.element())).collect()
}

#[test]
fn an_entry_of_a_stamped_source_is_enough() {
    let source = LogSource::new("auth-service", "production")
        .sensitivity(Sensitivity::Internal)
        .stamped();
    let entry = source
        .entry()
        .event_type(EventType::Login)
        .outcome(Outcome::FailureUnauthorized)
        .actor_id("user-12345")
        .resource("auth/login")
        .build();
    for standard in STANDARDS {
        assert_eq!(entry.validate_for(standard), Ok(()), "{standard}");
    }
}

/// The lists of the standards themselves, in their order of fields here.
#[test]
fn an_empty_entry_lacks_every_element() {
    let plain = |field| (field, None);
    let of = |field, words| (field, Some(words));
    assert_eq!(
        elements(&LogEntry::default(), Standard::PciDss),
        [
            of("event_type", "Type of event"),
            of("outcome", "Success and failure indication"),
            plain("severity"),
            of("actor_id", "User identification"),
            of("component", "Origination of event"),
            of("environment", "Origination of event"),
            of(
                "resource",
                "Identity or name of affected data, system component, resource, or service"
            ),
            plain("sensitivity"),
            of("occurred_at", "Date and time"),
        ]
    );
    let identity =
        "Identity of any individuals, subjects, or objects/entities associated with the event";
    assert_eq!(
        elements(&LogEntry::default(), Standard::NistAu3),
        [
            of("event_type", "What type of event occurred"),
            of("outcome", "Outcome of the event"),
            plain("severity"),
            of("actor_id", identity),
            of("component", "Where the event occurred"),
            of("component", "Source of the event"),
            of("environment", "Where the event occurred"),
            of("resource", identity),
            plain("sensitivity"),
            of("occurred_at", "When the event occurred"),
        ]
    );
}

#[test]
fn the_documented_scenarios_lack_the_time_alone() {
    for (name, entry) in common::scenarios() {
        assert_eq!(entry.validate(), Ok(()), "{name}");
        for standard in STANDARDS {
            let err = entry.validate_for(standard).unwrap_err();
            let [violation] = err.violations() else {
                panic!("{name}: {err}");
            };
            assert_eq!(violation.field(), "occurred_at", "{name}");
            assert_eq!(violation.kind(), ViolationKind::MissingDetail, "{name}");
        }
    }
    let (_, entry) = common::scenarios().swap_remove(0);
    assert_eq!(
        entry
            .validate_for(Standard::PciDss)
            .unwrap_err()
            .to_string(),
        "invalid entry: occurred_at: missing (PCI DSS v4.0.1, 10.2.2: Date and time)"
    );
    assert_eq!(
        entry
            .validate_for(Standard::NistAu3)
            .unwrap_err()
            .to_string(),
        "invalid entry: occurred_at: missing \
         (NIST SP 800-53 Rev. 5, AU-3: When the event occurred)"
    );
}

#[test]
fn a_time_that_is_none_is_told_from_one_that_is_not_there() {
    let (_, mut entry) = common::scenarios().swap_remove(0);
    for (payload, kind) in [
        (
            r#"{"occurred_at":"2026-11-25"}"#,
            ViolationKind::MalformedDetail,
        ),
        (
            r#"{"occurred_at":"2026-11-25T19:20:00"}"#,
            ViolationKind::MalformedDetail,
        ),
        (
            r#"{"occurred_at":1795634400}"#,
            ViolationKind::MalformedDetail,
        ),
        (
            r#"{"occurred_at":"2026-11-25T19:20:00Z","occurred_at":"2026-11-25T19:20:00Z"}"#,
            ViolationKind::MalformedDetail,
        ),
        (r#"{"occurred_at":null}"#, ViolationKind::MissingDetail),
        (
            r#"{"occurred_at":"2026-11-25T19:20:00Z""#,
            ViolationKind::MissingDetail,
        ),
        ("\u{a1}", ViolationKind::MissingDetail),
        ("", ViolationKind::MissingDetail),
    ] {
        entry.payload = payload.as_bytes().to_vec().into();
        let err = entry.validate_for(Standard::NistAu3).unwrap_err();
        assert_eq!(err.violations().last().unwrap().kind(), kind, "{payload}");
    }
    entry.payload = r#"{"occurred_at":"2026-11-25T20:20:00+01:00"}"#.into();
    assert_eq!(entry.validate_for(Standard::NistAu3), Ok(()));
}
