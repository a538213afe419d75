//! ProtoJSON against a table of inputs. What each row expects comes from the
//! specification (<https://protobuf.dev/programming-guides/json/>); the
//! interoperability checks run the same table against other implementations.
#![cfg(feature = "json")]

mod common;

use lokryn_compliance_log::{EventType, LogEntry};
use proptest::prelude::*;
use serde::Deserialize;

/// A row of `proto_json/cases.json`. The entry is the one to read from the text;
/// without one, the text is to be refused.
#[derive(Deserialize)]
struct Case {
    text: String,
    why: String,
    entry: Option<Fields>,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Fields {
    event_type: i32,
    outcome: i32,
    severity: i32,
    actor_id: String,
    message: String,
    /// Hexadecimal.
    payload: String,
    policy_tags: Vec<String>,
    sensitivity: i32,
}

impl From<Fields> for LogEntry {
    fn from(fields: Fields) -> Self {
        let digits = fields.payload.len();
        let payload: Vec<u8> = (0..digits)
            .step_by(2)
            .map(|at| u8::from_str_radix(&fields.payload[at..at + 2], 16).unwrap())
            .collect();
        LogEntry {
            event_type: fields.event_type,
            outcome: fields.outcome,
            severity: fields.severity,
            actor_id: fields.actor_id,
            message: fields.message,
            payload: payload.into(),
            policy_tags: fields.policy_tags,
            sensitivity: fields.sensitivity,
            ..LogEntry::default()
        }
    }
}

fn cases() -> Vec<Case> {
    let cases: Vec<Case> = serde_json::from_str(include_str!("proto_json/cases.json")).unwrap();
    assert!(cases.len() >= 60);
    cases
}

#[test]
fn every_row_of_the_table() {
    for case in cases() {
        let Case { text, why, entry } = case;
        let read = serde_json::from_str::<LogEntry>(&text);
        match (read, entry) {
            (Ok(read), Some(expected)) => {
                let expected = LogEntry::from(expected);
                assert_eq!(read, expected, "{text}: {why}");
                let written = serde_json::to_string(&read).unwrap();
                let again: LogEntry = serde_json::from_str(&written).unwrap();
                assert_eq!(again, expected, "{text}: {why}: {written}");
            }
            (Err(_), None) => {}
            (Ok(read), None) => panic!("{text}: {why}: read as {read:?}"),
            (Err(err), Some(_)) => panic!("{text}: {why}: {err}"),
        }
    }
}

#[track_caller]
fn assert_refused(text: &str, message: &str) {
    let err = serde_json::from_str::<LogEntry>(text).unwrap_err();
    assert_eq!(err.to_string(), message, "{text}");
}

#[test]
fn errors_name_the_field_and_the_place() {
    assert_refused(
        r#"{"actorId": "a", "actor_id": "b"}"#,
        "duplicate field `actorId` at line 1 column 27",
    );
    assert_refused(
        "{\n  \"eventType\": \"EVENT_UNHEARD_OF\"\n}",
        "eventType: unknown enum name \"EVENT_UNHEARD_OF\" at line 2 column 33",
    );
    assert_refused(
        r#"{"severity": 1.5}"#,
        "severity: invalid value: floating point `1.5`, \
         expected the name of an enum value or a 32-bit integer at line 1 column 16",
    );
    assert_refused(
        r#"{"outcome": 2147483648}"#,
        "outcome: invalid value: integer `2147483648`, \
         expected the name of an enum value or a 32-bit integer at line 1 column 22",
    );
    assert_refused(
        r#"{"message": 5}"#,
        "message: invalid type: integer `5`, expected a string at line 1 column 13",
    );
    assert_refused(
        r#"{"policyTags": ["a", null]}"#,
        "policyTags: invalid type: null, expected a string at line 1 column 25",
    );
    assert_refused(
        r#"{"payload": "A!=="}"#,
        "payload: not base64 at byte 1 of the text at line 1 column 18",
    );
    assert_refused(
        r#"{"payload": "A"}"#,
        "payload: not base64: wrong length or padding at line 1 column 15",
    );
    assert_refused(
        r#"{"payload": 4111111111111111}"#,
        "payload: invalid type: number, expected base64 text at line 1 column 28",
    );
    assert_refused(
        r#"{"payload": {"ssn": "078-05-1120"}}"#,
        "payload: invalid type: map, expected base64 text at line 1 column 13",
    );
    assert_refused(
        r#"{"message": "\ud83d"}"#,
        "message: unexpected end of hex escape at line 1 column 20",
    );
    let unknown = serde_json::from_str::<LogEntry>(r#"{"time": 1}"#).unwrap_err();
    assert!(
        unknown.to_string().starts_with("unknown field `time`, "),
        "{unknown}"
    );
}

#[test]
fn what_is_written_is_canonical() {
    let entry = LogEntry {
        event_type: EventType::Login.into(),
        outcome: 99,
        severity: -1,
        actor_id: "user \u{2028}\0\u{1f600}".to_owned(),
        payload: vec![0xfb, 0xff].into(),
        policy_tags: vec!["SOC2".to_owned(), String::new()],
        ..LogEntry::default()
    };
    assert_eq!(
        serde_json::to_string(&entry).unwrap(),
        concat!(
            r#"{"eventType":"EVENT_LOGIN","outcome":99,"severity":-1,"#,
            r#""actorId":"user "#,
            "\u{2028}",
            r#"\u0000"#,
            "\u{1f600}",
            r#"","payload":"+/8=","policyTags":["SOC2",""]}"#,
        ),
    );
    assert_eq!(serde_json::to_string(&LogEntry::default()).unwrap(), "{}");
}

#[test]
fn deep_nesting_is_refused_without_a_stack_overflow() {
    for open in ["[", "{\"a\":"] {
        let deep = open.repeat(100_000);
        assert!(serde_json::from_str::<LogEntry>(&deep).is_err());
        let in_a_field = format!(r#"{{"policyTags": {deep}"#);
        assert!(serde_json::from_str::<LogEntry>(&in_a_field).is_err());
        let in_an_unknown_field = format!(r#"{{"x": {deep}"#);
        assert!(serde_json::from_str::<LogEntry>(&in_an_unknown_field).is_err());
    }
}

proptest! {
    #[test]
    fn any_entry_survives_its_json(entry in common::any_entry()) {
        let text = serde_json::to_string(&entry).unwrap();
        prop_assert_eq!(&serde_json::from_str::<LogEntry>(&text).unwrap(), &entry);

        let reader = serde_json::from_reader::<_, LogEntry>(text.as_bytes());
        prop_assert_eq!(&reader.unwrap(), &entry);

        let value = serde_json::to_value(&entry).unwrap();
        prop_assert_eq!(&serde_json::from_value::<LogEntry>(value).unwrap(), &entry);
    }
}
