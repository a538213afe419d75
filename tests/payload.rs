//! Payloads in and out, and the errors of both.
#![cfg(feature = "json")]

use std::collections::{BTreeMap, HashMap};
use std::error::Error;

use lokryn_compliance_log::{
    LogEntry, LogEntryView, Payload, PayloadError, PayloadFormat, bytes::Bytes,
};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Export {
    records: u64,
    format: String,
}

fn entry(payload: impl Into<Bytes>) -> LogEntry {
    LogEntry {
        payload: payload.into(),
        ..LogEntry::default()
    }
}

fn json_error<'a, T: Deserialize<'a> + std::fmt::Debug>(entry: &'a LogEntry) -> PayloadError {
    let err = entry.json_payload::<T>().unwrap_err();
    let through_view = LogEntryView::from(entry).json_payload::<T>().unwrap_err();
    assert_eq!(err.to_string(), through_view.to_string());
    err
}

#[test]
fn a_json_payload_comes_back_as_it_went_in() {
    let export = Export {
        records: 1500,
        format: "csv".to_owned(),
    };
    let entry = entry(Payload::json(&export).unwrap());
    assert_eq!(entry.payload, r#"{"records":1500,"format":"csv"}"#);
    assert_eq!(entry.json_payload::<Export>().unwrap(), export);
    let value = json!({"records": 1500, "format": "csv"});
    assert_eq!(entry.json_payload::<Value>().unwrap(), value);
    let read: Value = self::entry(Payload::from(value.clone()))
        .json_payload()
        .unwrap();
    assert_eq!(read, value);
}

#[test]
fn a_view_lends_text_of_its_payload() {
    let bytes = b"\x4a\x0e{\"name\": \"ab\"}".to_vec();
    let name = {
        let view = LogEntryView::decode(&bytes).unwrap();
        view.json_payload::<HashMap<&str, &str>>().unwrap()["name"]
    };
    assert_eq!(name, "ab");
}

#[test]
fn the_three_ways_of_not_being_the_json_asked_for_are_told_apart() {
    let empty = entry("");
    let err = json_error::<Export>(&empty);
    assert!(matches!(err, PayloadError::Empty));
    assert_eq!(err.to_string(), "payload: empty");
    assert!(err.source().is_none());

    let not_json = entry("{\"records\": 15,\n\"format\" csv}");
    let err = json_error::<Export>(&not_json);
    let PayloadError::NotJson(reason) = &err else {
        panic!("{err}");
    };
    assert_eq!(reason.line_and_column(), Some((2, 10)));
    assert_eq!(err.to_string(), "payload: not JSON at line 2 column 10");
    assert!(err.source().is_none());
    let cause = err.unredacted_cause().unwrap().to_string();
    assert_eq!(cause, "expected `:` at line 2 column 10");

    let wrong_shape = entry(r#"{"records": -1}"#);
    let err = json_error::<Export>(&wrong_shape);
    assert!(matches!(err, PayloadError::WrongShape(_)));
    assert_eq!(
        err.to_string(),
        "payload: JSON of a different shape at line 1 column 14"
    );
    let cause = err.unredacted_cause().unwrap().to_string();
    assert_eq!(
        cause,
        "invalid value: integer `-1`, expected u64 at line 1 column 14"
    );
}

#[test]
fn malformed_json_is_not_json_even_where_the_shape_is_wrong_first() {
    for text in [
        r#"{"records": "many", "#,
        "[1, 2",
        "1 2",
        "{\"records\": \"x\"} trailing",
    ] {
        let entry = entry(text);
        let err = json_error::<Export>(&entry);
        assert!(matches!(err, PayloadError::NotJson(_)), "{text}: {err}");
    }
    // Even where nobody asks for the text that is not UTF-8.
    let not_utf_8 = entry(&b"{\"records\": 1, \"format\": \"\", \"x\": \"\xff\"}"[..]);
    let err = json_error::<Export>(&not_utf_8);
    assert!(matches!(err, PayloadError::NotJson(_)));
    assert_eq!(
        err.to_string(),
        "payload: not JSON: invalid UTF-8 at byte 35"
    );
}

#[test]
fn no_error_shows_the_payload() {
    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[allow(dead_code)]
    struct Strict {
        level: Option<Level>,
        when: Option<NonSecret>,
        flag: Option<bool>,
        pair: Option<(u8, u8)>,
        unit: Option<()>,
        none: Option<Nothing>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}

    #[derive(Debug, Deserialize)]
    enum Level {
        Low,
    }

    #[derive(Debug)]
    struct NonSecret;

    impl<'de> Deserialize<'de> for NonSecret {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let text = String::deserialize(deserializer)?;
            Err(serde::de::Error::custom(format!(
                "no date: {text}, expected one"
            )))
        }
    }

    for (payload, column) in [
        (r#"{"level": "SECRET"}"#, 18),
        (r#"{"level": {"SECRET": 1}}"#, 19),
        (r#"{"SECRET": 1}"#, 9),
        (r#"{"flag": "SECRET, expected SECRET"}"#, 34),
        (r#"{"flag": "`SECRET`, expected "}"#, 30),
        (r#"{"when": "SECRET"}"#, 18),
        (r#"{"when": "missing field `SECRET`"}"#, 34),
        (r#"{"pair": [1]}"#, 12),
        (r#"{"unit": 4111111111111111}"#, 25),
        (r#"{"flag": 4111111111111111.5}"#, 27),
        (r#"{"flag": true, "flag": "SECRET"}"#, 21),
        (r#""SECRET""#, 8),
    ] {
        let entry = entry(payload);
        let err = json_error::<Strict>(&entry);
        let expected = format!("payload: JSON of a different shape at line 1 column {column}");
        assert_eq!(err.to_string(), expected, "{payload}");
        assert_shows_nothing(err);
    }
}

/// Everything that a service may print of an error, down the chain of causes.
fn assert_shows_nothing(err: PayloadError) {
    let mut shown = vec![format!("{err}"), format!("{err:?}"), format!("{err:#?}")];
    let mut next = err.source();
    while let Some(cause) = next {
        shown.extend([format!("{cause}"), format!("{cause:?}")]);
        next = cause.source();
    }
    let boxed: Box<dyn Error + Send + Sync> = err.into();
    shown.extend([
        format!("{boxed}"),
        format!("{boxed:?}"),
        format!("{boxed:#?}"),
    ]);
    let io = std::io::Error::other(boxed);
    shown.extend([format!("{io}"), format!("{io:?}")]);
    for text in shown {
        let leaks = ["SECRET", "41111"]
            .iter()
            .any(|secret| text.contains(secret));
        assert!(!leaks, "{text}");
    }
}

#[test]
fn what_json_cannot_hold_is_an_error() {
    let keys_that_are_no_text = BTreeMap::from([(vec![1], 1)]);
    let err = Payload::json(&keys_that_are_no_text).unwrap_err();
    assert!(matches!(err, PayloadError::Unserializable(_)));
    assert_eq!(err.to_string(), "payload: cannot be encoded as JSON");
    let cause = err.unredacted_cause().unwrap().to_string();
    assert_eq!(cause, "key must be a string");
}

#[test]
fn a_float_that_json_cannot_hold_is_an_error_wherever_it_is() {
    #[derive(Serialize)]
    enum Shape {
        Tuple(u8, f32),
        Struct { score: Option<f64> },
        Newtype(BTreeMap<String, [f64; 2]>),
    }

    let map = |float| BTreeMap::from([("score".to_owned(), [0.0, float])]);
    for float in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        #[expect(clippy::cast_possible_truncation, reason = "these stay what they are")]
        for value in [
            Shape::Tuple(1, float as f32),
            Shape::Struct { score: Some(float) },
            Shape::Newtype(map(float)),
        ] {
            let err = Payload::json(&value).unwrap_err();
            let cause = err.unredacted_cause().unwrap().to_string();
            assert_eq!(cause, "float is NaN or infinite");
        }
    }
    assert!(Payload::json(&Shape::Newtype(map(1.5))).is_ok());
}

#[test]
fn what_a_type_says_of_itself_is_not_shown() {
    struct Refuses;

    impl Serialize for Refuses {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no place for SECRET"))
        }
    }

    let err = Payload::json(&Refuses).unwrap_err();
    assert_eq!(err.to_string(), "payload: cannot be encoded as JSON");
    let cause = err.unredacted_cause().unwrap().to_string();
    assert_eq!(cause, "no place for SECRET");
    assert_shows_nothing(err);
}

#[test]
fn json_nested_100_000_deep_is_an_error_and_not_a_stack_overflow() {
    let deep = "[".repeat(100_000) + &"]".repeat(100_000);
    let entry = entry(deep);
    let err = json_error::<Value>(&entry);
    assert!(matches!(err, PayloadError::NotJson(_)));
    let cause = err.unredacted_cause().unwrap().to_string();
    assert!(cause.starts_with("recursion limit"), "{cause}");
    assert_eq!(entry.payload_format(), PayloadFormat::Json);
}

#[test]
fn a_hundred_megabytes_of_text_are_a_value() {
    const LEN: usize = 100_000_000;

    let mut json = vec![b'x'; LEN + 2];
    json[0] = b'"';
    json[LEN + 1] = b'"';
    let entry = entry(json);
    assert_eq!(entry.json_payload::<&str>().unwrap().len(), LEN);
}

#[test]
fn numbers_out_of_range_are_an_error_and_kept_in_the_bytes() {
    let entry = entry(r#"{"n": 1e400}"#);
    assert!(entry.json_payload::<Value>().is_err());
    assert_eq!(entry.payload, r#"{"n": 1e400}"#);
}

/// With some features that another package may turn on, `serde_json` reads these as a
/// number, or as the JSON in the text.
#[test]
fn an_object_that_serde_json_keeps_for_itself_is_not_read_as_something_else() {
    for payload in [
        r#"{"$serde_json::private::RawValue":"{\"source_address\":\"6.6.6.6\"}"}"#,
        r#"[{ "\u0024serde_json::private::Number" : "1" }]"#,
    ] {
        let entry = entry(payload);
        let err = json_error::<Value>(&entry);
        assert!(matches!(err, PayloadError::WrongShape(_)), "{err}");
        assert_eq!(
            err.to_string(),
            "payload: JSON with a key that serde_json keeps for itself"
        );
        assert_eq!(entry.payload_format(), PayloadFormat::Json);
    }
    let harmless = entry(r#"{"note":"$serde_json::private","\u00e9":1}"#);
    assert!(harmless.json_payload::<Value>().is_ok());
}

proptest! {
    #[test]
    fn floats_come_back_to_the_last_bit(number in any::<f64>()) {
        match Payload::json(&[number]) {
            Ok(payload) => {
                let entry = entry(payload);
                let [read]: [f64; 1] = entry.json_payload().unwrap();
                prop_assert_eq!(read.to_bits(), number.to_bits());
            }
            Err(_) => prop_assert!(!number.is_finite()),
        }
    }
}

#[test]
fn formats_are_told_by_all_of_the_bytes() {
    use PayloadFormat::{Cbor, Empty, Json, Opaque};

    let cases: &[(&[u8], PayloadFormat)] = &[
        (b"", Empty),
        (b"{}", Json),
        (b" \r\n\t[1, 2.5e-3, \"\\u00e9\"] ", Json),
        (b"null", Json),
        (b"42", Json),
        (b"7", Json), // as CBOR: -24
        (b"\"text\"", Json),
        (b"{\"a\": 1e400}", Json),
        (b"{\"a\": }", Opaque),
        (b"{} {}", Opaque),
        (b"{'a': 1}", Opaque),
        (b"NaN", Opaque),
        (b"\"\xff\"", Opaque),
        (b"\"\\ud83d\\ude00 \\\\ud800 \\u00e9\"", Json),
        (b"\"\\ud83d\"", Opaque),
        (b"\"\\ud83d\\n\"", Opaque),
        (b"\"\\ud83d\\u0041\"", Opaque),
        (b"\"\\ude00\\ud83d\"", Opaque),
        (b"{\"\\\\\\udfff\": 1}", Opaque),
        (b"plain text", Opaque),
        ("é".as_bytes(), Opaque),
        (b"dtext", Opaque),          // as CBOR: the text "text"
        (b"\xef\xbb\xbf{}", Opaque), // a byte order mark
        (b"\xa0", Cbor),
        (b"\x80", Cbor),
        (b"\x83\x01\x20\x40", Cbor),
        (b"\xa1\x61a\xf9\x3c\x00", Cbor), // half float
        (b"\xa1\x61t\xc0\x74\x32\x30\x31\x33-03-21T20:04:00Z", Cbor), // tagged date
        (b"\xbf\x61a\x9f\x01\xff\xff", Cbor), // indefinite lengths
        (b"\x82\x5f\x41a\x41b\xff\x7f\x61a\xff", Cbor), // chunked strings
        (b"\xd9\xd9\xf7\x18\x2a", Cbor),  // self-described number
        (b"\x18\x2a", Opaque),            // bare number
        (b"\x64text", Opaque),            // bare text
        (b"\xc0\x61a", Opaque),           // another tag
        (b"\xa1\x61a", Opaque),           // cut off
        (b"\xa0\xa0", Opaque),            // trailing bytes
        (b"\x81\x61\xff", Opaque),        // text that is not UTF-8
        (b"\x81\x1c", Opaque),            // reserved
        (b"\x81\xf8\x1f", Opaque),        // simple value in two bytes
        (b"\x81\xff", Opaque),            // break out of place
        (b"\xbf\x61a\xff", Opaque),       // key without value
        (b"\x81\x5f\x61a\xff", Opaque),   // text among bytes
        (b"\x81\x5f\x5f\xff\xff", Opaque), // chunks in chunks
        (b"\x81\x1f", Opaque),            // indefinite number
        (b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff\x01", Opaque), // 2^64 - 1 items
        (b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff\x01", Opaque), // as many pairs
        (b"\x81\x5b\xff\xff\xff\xff\xff\xff\xff\xff\x01", Opaque),
        (b"\xff\xfe\xfd", Opaque),
    ];
    for (payload, format) in cases {
        assert_eq!(PayloadFormat::of(payload), *format, "{payload:x?}");
        let entry = entry(Bytes::copy_from_slice(payload));
        assert_eq!(entry.payload_format(), *format);
        assert_eq!(LogEntryView::from(&entry).payload_format(), *format);
    }
}

#[test]
fn cbor_nests_at_most_256_deep() {
    let nested = |depth: usize| [&vec![0x81; depth - 1][..], b"\x80"].concat();
    assert_eq!(PayloadFormat::of(&nested(256)), PayloadFormat::Cbor);
    assert_eq!(PayloadFormat::of(&nested(257)), PayloadFormat::Opaque);
    assert_eq!(
        PayloadFormat::of(&vec![0x81; 1_000_000]),
        PayloadFormat::Opaque
    );
    assert_eq!(
        PayloadFormat::of(&vec![0x9f; 1_000_000]),
        PayloadFormat::Opaque
    );
}
