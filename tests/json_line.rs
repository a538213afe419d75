//! The readable line: one line and valid JSON, whatever the entry holds.
#![cfg(feature = "json")]

mod common;

use std::collections::BTreeMap;

use lokryn_compliance_log::{LogEntry, LogEntryView};
use proptest::prelude::*;
use serde_json::Value;

fn with_payload(payload: &[u8]) -> LogEntry {
    LogEntry {
        payload: payload.to_vec().into(),
        ..LogEntry::default()
    }
}

#[test]
fn a_line_has_proto_names_and_the_payload_inline() {
    let (_, entry) = common::scenarios().swap_remove(1);
    let expected = concat!(
        r#"{"event_type":"EVENT_GUARDRAIL_CHECK","outcome":"OUTCOME_FAILURE_DENIED","#,
        r#""severity":"SEVERITY_WARNING","actor_id":"agent-001","component":"safety-filter","#,
        r#""environment":"production","resource":"guardrails/pii-detection","#,
        r#""message":"PII detected in agent output, blocked","#,
        r#""payload":{"rule": "ssn-pattern", "action": "block"},"#,
        r#""policy_tags":["PII","HIPAA"],"sensitivity":"SENSITIVITY_HIGHLY_RESTRICTED"}"#,
    );
    assert_eq!(entry.json_line().to_string(), expected);
    let view = LogEntryView::from(&entry);
    assert_eq!(view.json_line().to_string(), expected);
}

#[test]
fn unset_fields_are_left_out_and_unknown_numbers_are_numbers() {
    assert_eq!(LogEntry::default().json_line().to_string(), "{}");
    let entry = LogEntry {
        event_type: 99,
        sensitivity: -1,
        ..LogEntry::default()
    };
    assert_eq!(
        entry.json_line().to_string(),
        r#"{"event_type":99,"sensitivity":-1}"#
    );
}

#[test]
fn a_json_payload_keeps_every_digit() {
    let payload = r#"{"big":123456789012345678901234567890,"small":1e-400,"exact":0.10}"#;
    let line = with_payload(payload.as_bytes()).json_line().to_string();
    assert_eq!(line, format!(r#"{{"payload":{payload}}}"#));
}

#[test]
fn a_json_payload_over_several_lines_comes_to_one() {
    let pretty = "\u{20}{\r\n\t\"a b\": [\n\t\t1,\n\t\t2 ],\r\"c\" : \"\\n d\"\n}\n";
    let line = with_payload(pretty.as_bytes()).json_line().to_string();
    assert_eq!(line, r#"{"payload":{"a b": [1,2 ],"c" : "\n d"}}"#);
    let read: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(
        read["payload"],
        serde_json::from_str::<Value>(pretty).unwrap()
    );
}

#[test]
fn any_other_payload_is_base64() {
    for (payload, base64) in [
        (&b"\xff\xfe\x00"[..], "//4A"),
        (b"{\"cut\": ", "eyJjdXQiOiA="),
        (b"plain text", "cGxhaW4gdGV4dA=="),
        (b"\"\xff\"", "Iv8i"),
        (b"\xa1\x61a\x01", "oWFhAQ=="),
        (b"\"\\ud800\"", "Ilx1ZDgwMCI="),
    ] {
        let line = with_payload(payload).json_line().to_string();
        assert_eq!(line, format!(r#"{{"payload_base64":"{base64}"}}"#));
    }
}

#[test]
fn json_nested_100_000_deep_is_written_without_a_stack_overflow() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let line = with_payload(deep.as_bytes()).json_line().to_string();
    assert_eq!(line, format!(r#"{{"payload":{deep}}}"#));
}

#[test]
fn control_characters_and_separators_are_escaped_everywhere() {
    let hostile = "\n\r\u{1b}[2K\0\u{7f}\u{85}\u{9b}\u{2028}\u{2029}é😀";
    let escaped = r"\n\r\u001b[2K\u0000\u007f\u0085\u009b\u2028\u2029é😀";
    let entry = LogEntry {
        message: hostile.to_owned(),
        payload: "{\"k\u{2028}\": \"v\u{9b}\"}".into(),
        policy_tags: vec![hostile.to_owned()],
        ..LogEntry::default()
    };
    assert_eq!(
        entry.json_line().to_string(),
        format!(
            r#"{{"message":"{escaped}","payload":{{"k\u2028": "v\u009b"}},"policy_tags":["{escaped}"]}}"#
        ),
    );
}

#[test]
fn a_line_serializes_into_a_larger_document() {
    let (_, entry) = common::scenarios().swap_remove(3);
    let document = BTreeMap::from([("entry", entry.json_line())]);
    let document = serde_json::to_string(&document).unwrap();
    assert_eq!(document, format!(r#"{{"entry":{}}}"#, entry.json_line()));
}

proptest! {
    #[test]
    fn any_entry_is_one_line_of_valid_json(entry in common::any_entry()) {
        let line = entry.json_line().to_string();
        prop_assert!(!line.chars().any(char::is_control), "{}", line);
        prop_assert!(!line.contains(['\u{2028}', '\u{2029}']), "{}", line);
        let read: Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(read["message"].as_str().unwrap_or_default(), &entry.message);
        let tags = read["policy_tags"].as_array().map_or(0, Vec::len);
        prop_assert_eq!(tags, entry.policy_tags.len());
    }
}
