//! The readable line: one line and valid JSON, whatever the entry holds.
#![cfg(feature = "json")]

mod common;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use lokryn_compliance_log::{LogEntry, LogEntryView};
use proptest::prelude::*;
use serde_json::Value;

fn with_payload(payload: &[u8]) -> LogEntry {
    LogEntry {
        payload: payload.to_vec().into(),
        ..LogEntry::default()
    }
}

#[track_caller]
fn assert_inline(payload: &str) {
    let entry = with_payload(payload.as_bytes());
    let line = entry.json_line().to_string();
    assert_eq!(line, format!(r#"{{"payload":{payload}}}"#));
    assert_eq!(LogEntry::from_json_line(&line).unwrap(), entry, "{line}");
}

#[track_caller]
fn assert_base64(payload: &[u8]) {
    let entry = with_payload(payload);
    let line = entry.json_line().to_string();
    let base64 = BASE64_STANDARD.encode(payload);
    assert_eq!(
        line,
        format!(r#"{{"payload_base64":"{base64}"}}"#),
        "{}",
        payload.escape_ascii()
    );
    assert_eq!(LogEntry::from_json_line(&line).unwrap(), entry, "{line}");
}

#[test]
fn a_line_has_proto_names_and_the_payload_inline() {
    let (_, mut entry) = common::scenarios().swap_remove(1);
    entry.payload = r#"{"rule":"ssn-pattern","action":"block"}"#.into();
    let expected = concat!(
        r#"{"event_type":"EVENT_GUARDRAIL_CHECK","outcome":"OUTCOME_FAILURE_DENIED","#,
        r#""severity":"SEVERITY_WARNING","actor_id":"agent-001","component":"safety-filter","#,
        r#""environment":"production","resource":"guardrails/pii-detection","#,
        r#""message":"PII detected in agent output, blocked","#,
        r#""payload":{"rule":"ssn-pattern","action":"block"},"#,
        r#""policy_tags":["PII","HIPAA"],"sensitivity":"SENSITIVITY_HIGHLY_RESTRICTED"}"#,
    );
    assert_eq!(entry.json_line().to_string(), expected);
    let view = LogEntryView::from(&entry);
    assert_eq!(view.json_line().to_string(), expected);
    assert_eq!(LogEntry::from_json_line(expected).unwrap(), entry);
}

#[test]
fn unset_fields_are_left_out_and_unknown_numbers_are_numbers() {
    assert_eq!(LogEntry::default().json_line().to_string(), "{}");
    let entry = LogEntry {
        event_type: 99,
        sensitivity: -1,
        ..LogEntry::default()
    };
    let line = r#"{"event_type":99,"sensitivity":-1}"#;
    assert_eq!(entry.json_line().to_string(), line);
    assert_eq!(LogEntry::from_json_line(line).unwrap(), entry);
}

#[test]
fn an_object_or_an_array_stands_inline_as_it_is_spelled() {
    assert_inline("{}");
    assert_inline("[]");
    assert_inline(r#"{"big":123456789012345678901234567890,"small":1e-400,"exact":0.10}"#);
    assert_inline(r#"{"a b":[1,2.50,-0],"a b":{"\u00e9":"\n \" \\ \/","c":[true,false,null]}}"#);
    assert_inline(r#"["é😀","\ud83d\ude00"]"#);
    assert_inline(&("[".repeat(100) + &"]".repeat(100)));
    assert_inline(&format!("[{}]", "9".repeat(308)));
    assert_inline(r#"["$serde_json::public::Number"]"#);
}

/// What reads as something else, or not at all, for somebody.
#[test]
fn any_other_payload_is_base64() {
    // Not JSON.
    assert_base64(b"\xff\xfe\x00");
    assert_base64(b"{\"cut\":");
    assert_base64(b"plain text");
    assert_base64(b"[\"\xff\"]");
    assert_base64(b"\xa1\x61a\x01");
    // Neither an object nor an array: in ProtoJSON, text would be base64.
    for scalar in ["\"abcd\"", "42", "true", "null"] {
        assert_base64(scalar.as_bytes());
    }
    // White space, which a line cannot hold or a shipper takes out.
    for spaced in ["{\"a\": 1}", "[1, 2]", " []", "[]\n", "{\r\n\t\"a\":1}"] {
        assert_base64(spaced.as_bytes());
    }
    // What a line escapes.
    for escaped in ["\u{7f}", "\u{85}", "\u{9b}", "\u{2028}", "\u{2029}"] {
        assert_base64(format!("[\"{escaped}\"]").as_bytes());
    }
    // What usual readers refuse, and the whole line with it.
    assert_base64(("[".repeat(101) + &"]".repeat(101)).as_bytes());
    assert_base64(("[".repeat(100_000) + &"]".repeat(100_000)).as_bytes());
    for number in ["1e400", "-1e400", &"9".repeat(4301), &"9".repeat(310)] {
        assert_base64(format!("{{\"n\":{number}}}").as_bytes());
    }
    assert_base64(br#"["\ud800"]"#);
    assert_base64(br#"["\udc00\ud800"]"#);
    // What serde_json reads as something else, with features that may be on.
    assert_base64(br#"{"$serde_json::private::RawValue":"{\"a\":1}"}"#);
    assert_base64(br#"[{"\u0024serde_json::private::Number":"1"}]"#);
}

#[test]
fn control_characters_and_separators_are_escaped_everywhere() {
    let hostile = "\n\r\t\"\\\u{1b}[2K\0\u{7f}\u{85}\u{9b}\u{2028}\u{2029}é😀";
    let escaped = r#"\n\r\t\"\\\u001b[2K\u0000\u007f\u0085\u009b\u2028\u2029é😀"#;
    let entry = LogEntry {
        message: hostile.to_owned(),
        policy_tags: vec![hostile.to_owned(), String::new()],
        ..LogEntry::default()
    };
    let line = entry.json_line().to_string();
    assert_eq!(
        line,
        format!(r#"{{"message":"{escaped}","policy_tags":["{escaped}",""]}}"#),
    );
    assert_eq!(LogEntry::from_json_line(&line).unwrap(), entry);
}

#[test]
fn a_line_that_was_spelled_anew_still_reads() {
    let line =
        " { \"actor_id\" : \"a\\u0062\", \"payload\" : { \"k\" : [ 1 ] } , \"policy_tags\":[] }\n";
    let entry = LogEntry::from_json_line(line).unwrap();
    assert_eq!(entry.actor_id, "ab");
    assert_eq!(entry.payload, r#"{ "k" : [ 1 ] }"#);
}

#[test]
fn json_nested_100_000_deep_is_read_without_a_stack_overflow() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let entry = LogEntry::from_json_line(&format!("{{\"payload\":{deep}}}"));
    assert_eq!(entry.unwrap().payload, deep);
}

#[test]
fn what_is_no_line_is_refused_and_no_payload_shown() {
    for (line, message) in [
        (
            r#"{"payload":"NDExMQ=="}"#,
            "payload: neither an object nor an array",
        ),
        (
            r#"{"payload":4111}"#,
            "payload: neither an object nor an array",
        ),
        (
            r#"{"payload":null}"#,
            "payload: neither an object nor an array",
        ),
        (
            r#"{"payload_base64":"4111!"}"#,
            "payload: not base64 at byte 4 of the text at line 1 column 25",
        ),
        (
            r#"{"payload_base64":4111}"#,
            "invalid type: number, expected base64 text for payload at line 1 column 22",
        ),
        (
            r#"{"payload_base64":"AAAA","payload":{}}"#,
            "duplicate field `payload` at line 1 column 34",
        ),
        (
            r#"{"actor_id":"a","actor_id":"b"}"#,
            "duplicate field `actor_id` at line 1 column 26",
        ),
        (
            r#"{"actorId":"a"}"#,
            "unknown field \"actorId\" at line 1 column 10",
        ),
        (
            "{\"a\\n\\u001b[31mforged\":1}",
            r#"unknown field "a\n\u{1b}[31mforged" at line 1 column 22"#,
        ),
        (
            r#"{"actor_id_base64":"YQ=="}"#,
            "unknown field \"actor_id_base64\" at line 1 column 18",
        ),
        (
            r#"{"event_type":"EVENT_NAPPING"}"#,
            "event_type: unknown enum name \"EVENT_NAPPING\" at line 1 column 29",
        ),
        (r"{} {}", "trailing characters at line 1 column 4"),
        (
            r#"{"payload":{"a":4111,}}"#,
            "key must be a string at line 1 column 22",
        ),
    ] {
        let err = LogEntry::from_json_line(line).unwrap_err();
        assert_eq!(err.to_string(), message, "{line}");
    }
}

proptest! {
    #[test]
    fn any_entry_is_one_line_of_valid_json_and_comes_back(entry in common::any_entry()) {
        let line = entry.json_line().to_string();
        prop_assert!(!line.chars().any(char::is_control), "{}", line);
        prop_assert!(!line.contains(['\u{2028}', '\u{2029}']), "{}", line);
        let read: Value = serde_json::from_str(&line).unwrap();
        prop_assert_eq!(read["message"].as_str().unwrap_or_default(), &entry.message);
        prop_assert_eq!(LogEntry::from_json_line(&line).unwrap(), entry, "{}", line);
    }

    #[test]
    fn any_text_that_looks_like_json_comes_back(
        payload in r#"[\[{]([\[\]{},: \n"\\u0-9a-f.+-]|true|null|"[a-z]":|\\ud8\{0,2\}){0,40}[\]}]?"#,
    ) {
        let entry = with_payload(payload.as_bytes());
        let line = entry.json_line().to_string();
        let read = LogEntry::from_json_line(&line).unwrap();
        prop_assert_eq!(&read.payload, &entry.payload, "{}", line);
        if let Some(inline) = line.strip_prefix("{\"payload\":") {
            let inline = inline.strip_suffix('}').unwrap();
            prop_assert_eq!(inline, payload);
            let value: Value = serde_json::from_str(inline).unwrap();
            prop_assert!(value.is_object() || value.is_array());
        }
    }
}
