//! `validate()` reports every violation at once.

mod common;

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::{LogEntry, LogEntryView, ValidationError, Violation, ViolationKind};

fn valid() -> LogEntry {
    common::scenarios().swap_remove(0).1
}

#[track_caller]
fn assert_violations(entry: &LogEntry, expected: &str) {
    let owned = entry.validate().unwrap_err();
    let view = LogEntryView::from(entry).validate().unwrap_err();
    assert_eq!(owned, view);
    assert_eq!(owned.to_string(), format!("invalid entry: {expected}"));
}

#[test]
fn a_valid_entry_passes() {
    assert_eq!(valid().validate(), Ok(()));
    let bare = LogEntry {
        message: String::new(),
        payload: "".into(),
        policy_tags: vec![],
        ..valid()
    };
    assert_eq!(
        bare.validate(),
        Ok(()),
        "message, payload and tags are optional"
    );
}

#[test]
fn an_empty_entry_breaks_every_rule_but_that_on_tags() {
    assert_violations(
        &LogEntry::default(),
        "event_type: unspecified; outcome: unspecified; severity: unspecified; \
         actor_id: empty; component: empty; environment: empty; resource: empty; \
         sensitivity: unspecified",
    );
}

#[test]
fn unknown_numbers_are_reported_with_field_and_number() {
    let entry = LogEntry {
        event_type: 20,
        outcome: -1,
        severity: 9,
        sensitivity: i32::MAX,
        ..valid()
    };
    assert_violations(
        &entry,
        "event_type: unknown number 20; outcome: unknown number -1; \
         severity: unknown number 9; sensitivity: unknown number 2147483647",
    );
    let decoded = LogEntry::decode(&*entry.encode_to_vec()).unwrap();
    assert_eq!(decoded, entry, "unknown numbers are kept");
    let violations = decoded.validate().unwrap_err();
    assert_eq!(violations.violations()[1].field(), "outcome");
    assert_eq!(
        violations.violations()[1].kind(),
        ViolationKind::UnknownNumber(-1)
    );
}

#[test]
fn empty_tags_are_reported_by_place() {
    let tags = ["", "SOC2", ""].map(String::from).to_vec();
    let entry = LogEntry {
        policy_tags: tags,
        ..valid()
    };
    assert_violations(&entry, "policy_tags[0]: empty; policy_tags[2]: empty");
}

#[test]
fn a_record_of_the_other_schema_that_decodes_is_caught() {
    // A minimal record of release 0.2: field 1 an event of that release, field 4
    // its sensitivity as a number would not decode; without it the rest does.
    let record = b"\x08\x14\x10\x01\x18\x02\x52\x09agent-001";
    let entry = LogEntry::decode(&record[..]).unwrap();
    assert_eq!(
        entry.policy_tags,
        ["agent-001"],
        "the actor, in the wrong place"
    );
    let err: ValidationError = entry.validate().unwrap_err();
    let fields: Vec<_> = err.violations().iter().map(Violation::field).collect();
    assert!(fields.contains(&"actor_id"), "{err}");
    assert!(fields.contains(&"event_type"), "{err}");
}

/// The error of an entry with so many empty tags, and what it says of the tags.
fn with_empty_tags(count: usize) -> (ValidationError, Vec<ViolationKind>) {
    let entry = LogEntry {
        policy_tags: vec![String::new(); count],
        ..LogEntry::default()
    };
    let err = entry.validate().unwrap_err();
    let of_tags = err
        .violations()
        .iter()
        .filter(|it| it.field() == "policy_tags");
    let kinds = of_tags.map(Violation::kind).collect();
    (err, kinds)
}

#[test]
fn millions_of_empty_tags_are_a_bounded_error() {
    let tags = 2_000_000;
    let (err, kinds) = with_empty_tags(tags);
    let (last, one_by_one) = kinds.split_last().unwrap();
    let indexes = (0..100).map(|index| ViolationKind::EmptyTag { index });
    assert!(one_by_one.iter().copied().eq(indexes), "{one_by_one:?}");
    assert_eq!(*last, ViolationKind::MoreEmptyTags { count: tags - 100 });
    let message = err.to_string();
    assert!(
        message.contains("policy_tags: 1999900 more are empty"),
        "{message}"
    );
    assert!(message.len() < 4_000, "{message}");

    for (tags, violations) in [(1, 1), (100, 100), (101, 101), (102, 101)] {
        let (_, kinds) = with_empty_tags(tags);
        assert_eq!(kinds.len(), violations, "{tags} empty tags");
    }
}
