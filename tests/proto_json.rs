//! ProtoJSON against a table of inputs. What each row expects comes from the
//! specification (<https://protobuf.dev/programming-guides/json/>); the
//! interoperability checks run the same table against other implementations.
#![cfg(feature = "json")]

mod common;

use std::io::{self, ErrorKind, Read};

use lokryn_compliance_log::{EventType, LogEntry};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::error::Category;

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
    assert!(cases.len() > 100);
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
        "duplicate field `actor_id` at line 1 column 27",
    );
    assert_refused(
        "{\n  \"eventType\": \"EVENT_UNHEARD_OF\"\n}",
        "event_type: unknown enum name \"EVENT_UNHEARD_OF\" at line 2 column 33",
    );
    assert_refused(
        r#"{"severity": 1.5}"#,
        "invalid value: floating point `1.5`, \
         expected the name of a value or a 32-bit integer for severity at line 1 column 16",
    );
    assert_refused(
        r#"{"outcome": 2147483648}"#,
        "invalid value: integer `2147483648`, \
         expected the name of a value or a 32-bit integer for outcome at line 1 column 22",
    );
    assert_refused(
        r#"{"severity": 1e400}"#,
        "number out of range at line 1 column 18",
    );
    assert_refused(
        r#"{"message": 5}"#,
        "invalid type: integer `5`, expected a string for message at line 1 column 13",
    );
    assert_refused(
        r#"{"policyTags": ["a", null]}"#,
        "invalid type: null, expected a string in policy_tags at line 1 column 25",
    );
    assert_refused(
        r#"{"policyTags": "a"}"#,
        "invalid type: string, \
         expected an array of strings for policy_tags at line 1 column 18",
    );
    assert_refused(
        r#"{"payload": "A!=="}"#,
        "payload: not base64 at byte 1 of the text at line 1 column 18",
    );
    assert_refused(
        r#"{"payload": "Qhw=="}"#,
        "payload: not base64 at byte 3 of the text at line 1 column 19",
    );
    assert_refused(
        r#"{"payload": "A"}"#,
        "payload: not base64: wrong length or padding at line 1 column 15",
    );
    assert_refused(
        r#"{"payload": 4111111111111111}"#,
        "invalid type: number, expected base64 text for payload at line 1 column 28",
    );
    assert_refused(
        r#"{"payload": {"ssn": "078-05-1120"}}"#,
        "invalid type: map, expected base64 text for payload at line 1 column 13",
    );
    assert_refused(
        r#"{"time": 1}"#,
        "unknown field \"time\" at line 1 column 7",
    );
    assert_refused(
        r#"{"a\n\u001b[2K2026 login ok\u2028": 1}"#,
        "unknown field \"a\\n\\u{1b}[2K2026 login ok\\u{2028}\" at line 1 column 34",
    );
    assert_refused(
        r#""SECRET""#,
        "invalid type: string, expected a JSON object at line 1 column 8",
    );
    let long = "é".repeat(10_000);
    assert_refused(
        &format!("{{\"{long}\": 1}}"),
        &format!(
            "unknown field \"{}\"… at line 1 column 20003",
            "é".repeat(64)
        ),
    );
    assert_refused(
        &format!("{{\"outcome\": \"{long}\"}}"),
        &format!(
            "outcome: unknown enum name \"{}\"… at line 1 column 20014",
            "é".repeat(64)
        ),
    );
}

#[test]
fn what_is_no_json_keeps_its_category() {
    let category = |text: &str| {
        serde_json::from_str::<LogEntry>(text)
            .unwrap_err()
            .classify()
    };
    assert_eq!(category(r#"{"actorId""#), Category::Eof);
    assert_eq!(category(r#"{"actorId": "ab"#), Category::Eof);
    assert_eq!(category(r#"{"actorId" "ab"}"#), Category::Syntax);
    assert_eq!(category(r#"{"message": "\ud83d"}"#), Category::Syntax);
    assert_eq!(category(r#"{"message": 5}"#), Category::Data);
}

#[test]
fn an_io_error_within_a_value_stays_one() {
    struct TimesOut;

    impl Read for TimesOut {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(ErrorKind::TimedOut.into())
        }
    }

    let torn = br#"{"actorId": "ab"#.chain(TimesOut);
    let err = serde_json::from_reader::<_, LogEntry>(torn).unwrap_err();
    assert_eq!(err.io_error_kind(), Some(ErrorKind::TimedOut));
}

/// RFC 4648, section 4, without padding.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| u32::from(*group.get(at).unwrap_or(&0)));
        let bits = a << 16 | b << 8 | c;
        for symbol in 0..=group.len() {
            let symbol = bits >> (18 - 6 * symbol) & 63;
            text.push(char::from(ALPHABET[usize::try_from(symbol).unwrap()]));
        }
    }
    text
}

#[test]
fn payloads_of_many_lengths_are_base64() {
    let bytes: Vec<u8> = (0..5000_u32)
        .map(|at| (at * at % 257).to_le_bytes()[0])
        .collect();
    let lengths = [
        0..10,
        60..70,
        90..100,
        120..132,
        380..390,
        1000..1004,
        4997..5001,
    ];
    for len in lengths.into_iter().flatten() {
        // Another start, so that the symbols are not the same each time.
        let payload = &bytes[5000 - len..];
        let entry = LogEntry {
            payload: payload.to_vec().into(),
            ..LogEntry::default()
        };
        let unpadded = base64(payload);
        let padded = format!("{unpadded}{}", &"=="[..(3 - len % 3) % 3]);
        let written = match len {
            0 => "{}".to_owned(),
            _ => format!(r#"{{"payload":"{padded}"}}"#),
        };
        assert_eq!(serde_json::to_string(&entry).unwrap(), written);
        if std::str::from_utf8(payload).is_err() {
            let line = format!(r#"{{"payload_base64":"{padded}"}}"#);
            assert_eq!(entry.json_line().to_string(), line);
        }
        for standard in [padded, unpadded] {
            let url_safe = standard.replace('+', "-").replace('/', "_");
            for text in [standard, url_safe] {
                let json = format!(r#"{{"payload":"{text}"}}"#);
                let read: LogEntry = serde_json::from_str(&json).unwrap();
                assert_eq!(read, entry, "{text}");
            }
        }
    }
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
