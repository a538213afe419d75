//! What this crate answers where other packages of the tree have turned on features
//! of the libraries that it shares with them: the same.
//!
//! The exceptions are those that a crate cannot undo, and the documentation says them.
#![cfg(test)]

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::{EventType, LogEntry, LogEntryView, Payload, PayloadError};
use serde_json::{Value, json};

fn with_payload(payload: impl Into<Payload>) -> LogEntry {
    let payload: Payload = payload.into();
    LogEntry {
        payload: payload.into(),
        ..LogEntry::default()
    }
}

/// The features are on, or the tests below show nothing.
#[test]
fn the_features_are_on() {
    let digits = "123456789012345678901234567890.10";
    assert_eq!(
        serde_json::from_str::<Value>(digits).unwrap().to_string(),
        digits
    );
    let ordered = r#"{"b":1,"a":2}"#;
    assert_eq!(
        serde_json::from_str::<Value>(ordered).unwrap().to_string(),
        ordered
    );
    let raw = r#"{"$serde_json::private::RawValue":"[1]"}"#;
    assert_eq!(serde_json::from_str::<Value>(raw).unwrap(), json!([1]));
}

#[test]
fn numbers_are_numbers_in_cbor() {
    let value = json!({"a": [1, -2, 1.5, 18_446_744_073_709_551_615_u64], "b": {"c": 0}});
    let payload = lokryn_compliance_log::bytes::Bytes::from(Payload::cbor(&value).unwrap());
    let expected = [
        &b"\xa2\x61a\x84\x01\x21\xf9\x3e\x00\x1b\xff\xff\xff\xff\xff\xff\xff\xff"[..],
        b"\x61b\xa1\x61c\x00",
    ];
    assert_eq!(payload, expected.concat());
    let bare = Payload::cbor(&json!(42)).unwrap();
    let bare = lokryn_compliance_log::bytes::Bytes::from(bare);
    assert_eq!(bare, &b"\xd9\xd9\xf7\x18\x2a"[..]);
}

#[test]
fn enum_numbers_are_read_however_they_are_spelled() {
    for number in ["1", "1.0", "1e0", "10E-1"] {
        let text = format!("{{\"eventType\":{number}}}");
        let entry: LogEntry = serde_json::from_str(&text).unwrap();
        assert_eq!(entry.event_type(), EventType::Login, "{text}");
        let value: EventType = serde_json::from_str(number).unwrap();
        assert_eq!(value, EventType::Login, "{number}");
    }
    for number in ["1.5", "1e400", "2147483648", "{}", "{\"a\":1}"] {
        let text = format!("{{\"eventType\":{number}}}");
        let read = serde_json::from_str::<LogEntry>(&text);
        assert!(read.is_err(), "{text}: {read:?}");
    }
}

#[test]
fn nothing_is_made_up_of_an_object_that_serde_json_keeps_for_itself() {
    for payload in [
        r#"{"$serde_json::private::RawValue":"{\"source_address\":\"6.6.6.6\"}"}"#,
        r#"{"$serde_json::private::Number":"1"}"#,
        r#"[{"\u0024serde_json::private::RawValue":"1"}]"#,
    ] {
        let entry = with_payload(payload.as_bytes().to_vec());
        let read = entry.json_payload::<Value>();
        assert!(
            matches!(read, Err(PayloadError::WrongShape(_))),
            "{payload}: {read:?}"
        );

        let line = entry.json_line().to_string();
        assert!(line.starts_with("{\"payload_base64\""), "{line}");
        assert_eq!(LogEntry::from_json_line(&line).unwrap(), entry);
    }
}

#[test]
fn lines_and_payloads_keep_their_text() {
    let payload = r#"{"b":123456789012345678901234567890.10,"a":[1,2]}"#;
    let entry = with_payload(payload.as_bytes().to_vec());
    let line = entry.json_line().to_string();
    assert_eq!(line, format!("{{\"payload\":{payload}}}"));
    assert_eq!(LogEntry::from_json_line(&line).unwrap(), entry);
    // A `Value` is written in the order and with the digits that it has.
    let value: Value = entry.json_payload().unwrap();
    assert_eq!(with_payload(value), entry);
}

/// prost accepts more with its feature, and the view does not.
#[test]
fn the_view_keeps_its_limit_of_groups() {
    let groups = |depth| [vec![0x7b; depth], vec![0x7c; depth]].concat();
    assert!(LogEntryView::decode(&groups(100)).is_ok());
    assert!(LogEntryView::decode(&groups(101)).is_err());
    assert!(LogEntry::decode(&*groups(101)).is_ok());
}

#[test]
fn records_of_release_0_2_come_back() {
    use lokryn_compliance_log::prost_types::Struct;
    use lokryn_compliance_log::prost_types::value::Kind;
    use lokryn_compliance_log::release_0_2::{GenAiPayload, LogRequest, Payload};

    let json = r#"{"durationMs":"9007199254740993","data":{"a":[1,-0.0,1e300,0.1,{"b":null}]}}"#;
    let read: LogRequest = serde_json::from_str(json).unwrap();
    assert_eq!(read.duration_ms, (1 << 53) + 1);
    let value: Value = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::from_value::<LogRequest>(value).unwrap(), read);

    let infinite = Kind::NumberValue(f64::INFINITY);
    let records = [
        read,
        LogRequest {
            event_type: 30,
            payload: Some(Payload::Genai(GenAiPayload {
                temperature: 1e-7,
                time_to_first_token_ms: i64::MIN,
                ..GenAiPayload::default()
            })),
            ..LogRequest::default()
        },
        LogRequest {
            payload: Some(Payload::Data(Struct {
                fields: [("a".to_owned(), infinite.into())].into(),
            })),
            ..LogRequest::default()
        },
    ];
    for record in records {
        let entry = LogEntry::from(record.clone());
        assert_eq!(LogRequest::from(entry), record);
    }
    for payload in [r#"{"n":12345678901234567890123}"#, r#"{"n":0.1,"m":1e2}"#] {
        let entry = with_payload(payload.as_bytes().to_vec());
        let record = LogRequest::from(entry.clone());
        let back = LogEntry::from(record.clone());
        assert_eq!(back == entry, payload.contains("123"), "{payload} {back:?}");
        assert_eq!(LogRequest::from(back), record, "{payload}");
    }
}
