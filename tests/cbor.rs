//! CBOR payloads, good and hostile.
#![cfg(all(feature = "cbor", feature = "json"))]

use std::collections::BTreeMap;
use std::error::Error as _;

use lokryn_compliance_log::bytes::Bytes;
use lokryn_compliance_log::{LogEntry, LogEntryView, Payload, PayloadError, PayloadFormat};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Inference {
    tokens_in: u32,
    model: Option<String>,
    cost: f64,
}

fn entry(payload: impl Into<Bytes>) -> LogEntry {
    LogEntry {
        payload: payload.into(),
        ..LogEntry::default()
    }
}

fn cbor_error<T: DeserializeOwned + std::fmt::Debug>(payload: &[u8]) -> PayloadError {
    let entry = entry(payload.to_vec());
    let err = entry.cbor_payload::<T>().unwrap_err();
    let through_view = LogEntryView::from(&entry).cbor_payload::<T>().unwrap_err();
    assert_eq!(err.to_string(), through_view.to_string());
    err
}

#[test]
fn a_cbor_payload_comes_back_as_it_went_in() {
    let inference = Inference {
        tokens_in: 1250,
        model: None,
        cost: 0.5,
    };
    let entry = entry(Payload::cbor(&inference).unwrap());
    assert_eq!(entry.payload_format(), PayloadFormat::Cbor);
    assert_eq!(entry.cbor_payload::<Inference>().unwrap(), inference);
    // {"tokens_in": 1250, "model": null, "cost": 0.5_1}, as RFC 8949 writes it.
    assert_eq!(
        entry.payload,
        &b"\xa3\x69tokens_in\x19\x04\xe2\x65model\xf6\x64cost\xf9\x38\x00"[..]
    );
}

#[test]
fn a_json_value_keeps_its_meaning_in_cbor() {
    let value = json!({"null": null, "list": [1, -1, 1.5, true, "é"], "map": {}});
    let entry = entry(Payload::cbor(&value).unwrap());
    assert_eq!(entry.payload_format(), PayloadFormat::Cbor);
    assert_eq!(entry.cbor_payload::<Value>().unwrap(), value);
}

#[test]
fn scalars_are_marked_as_cbor_and_read_back() {
    let number = entry(Payload::cbor(&42).unwrap());
    assert_eq!(number.payload, &b"\xd9\xd9\xf7\x18\x2a"[..]);
    assert_eq!(number.payload_format(), PayloadFormat::Cbor);
    assert_eq!(number.cbor_payload::<u8>().unwrap(), 42);
    let text = entry(Payload::cbor("text").unwrap());
    assert_eq!(text.payload_format(), PayloadFormat::Cbor);
    assert_eq!(text.cbor_payload::<String>().unwrap(), "text");
}

#[test]
fn what_other_implementations_write_is_read() {
    // The examples of RFC 8949, appendix A: indefinite lengths, a half float, a
    // date under tag 0.
    let indefinite = entry(&b"\xbf\x61a\x01\x61b\x9f\x02\x03\xff\xff"[..]);
    assert_eq!(
        indefinite.cbor_payload::<Value>().unwrap(),
        json!({"a": 1, "b": [2, 3]})
    );
    let half = entry(&b"\x81\xf9\x3e\x00"[..]);
    assert_eq!(half.cbor_payload::<Value>().unwrap(), json!([1.5]));
    let tagged = entry(&b"\xa1\x61t\xc0\x74\x32\x30\x31\x33-03-21T20:04:00Z"[..]);
    let read: BTreeMap<String, String> = tagged.cbor_payload().unwrap();
    assert_eq!(read["t"], "2013-03-21T20:04:00Z");
    let marked = entry(&b"\xd9\xd9\xf7\xa1\x61a\x01"[..]);
    assert_eq!(marked.cbor_payload::<Value>().unwrap(), json!({"a": 1}));
}

#[test]
fn errors_tell_empty_malformed_and_misshapen_apart() {
    let err = cbor_error::<Value>(b"");
    assert!(matches!(err, PayloadError::Empty));

    for (payload, offset) in [
        (&b"\xa1\x61a"[..], 3),
        (b"\x82\x01", 2),
        (b"\xa0\x00", 1),
        (b"\x82\x01\x1c", 2),
        (b"\x81\x62a\xff", 1),
        (b"\xd9\xd9\xf7\x81", 4),
        (b"\x9f\x01\x02", 3),
    ] {
        let err = cbor_error::<Value>(payload);
        assert!(matches!(err, PayloadError::NotCbor(_)), "{err}");
        let message = format!("payload: not CBOR at byte {offset}");
        assert_eq!(err.to_string(), message, "{payload:x?}");
    }

    let err = cbor_error::<Inference>(b"\xa1\x69tokens_in\x66SECRET");
    assert!(matches!(err, PayloadError::WrongShape(_)), "{err}");
    assert_eq!(err.to_string(), "payload: CBOR of a different shape");
    for shown in [format!("{err:?}"), format!("{err:#?}")] {
        assert!(!shown.contains("SECRET"), "{shown}");
    }
    assert!(err.source().is_none());
    let cause = err.unredacted_cause().unwrap().to_string();
    assert!(cause.contains("expected integer"), "{cause}");
}

#[test]
fn hostile_input_is_an_error_and_allocates_nothing_of_what_it_claims() {
    // Nested deeper than any stack; 2^64 - 1 bytes, characters, items and pairs;
    // chunks without end.
    let nested = vec![0x81; 1_000_000];
    let hostile: [&[u8]; 8] = [
        &nested,
        b"\x5b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x7b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
        b"\x7b\x00\x00\x00\x7f\xff\xff\xff\xffabc",
        b"\x5f\x41a\x41b",
        b"\xc1\xc1\xc1\xc1",
    ];
    for payload in hostile {
        let err = cbor_error::<Value>(payload);
        let head = &payload[..payload.len().min(10)];
        assert!(matches!(err, PayloadError::NotCbor(_)), "{head:x?}: {err}");
        assert_eq!(
            entry(payload.to_vec()).payload_format(),
            PayloadFormat::Opaque
        );
    }
}

#[test]
fn reading_nests_exactly_as_deep_as_the_format_is_told() {
    let nested = |depth: usize| [&vec![0x81; depth - 1][..], b"\x80"].concat();
    for depth in [1, 2, 100, 255, 256, 257, 258, 1000] {
        let payload = nested(depth);
        let read = entry(payload.clone())
            .cbor_payload::<serde::de::IgnoredAny>()
            .is_ok();
        let told = PayloadFormat::of(&payload) == PayloadFormat::Cbor;
        assert_eq!((read, told), (depth <= 256, depth <= 256), "{depth}");
    }
}

#[test]
fn null_is_unset_in_an_entry_in_cbor_too() {
    let unset = json!({"severity": null, "actorId": null, "payload": null, "policyTags": null});
    let read: LogEntry = entry(Payload::cbor(&unset).unwrap())
        .cbor_payload()
        .unwrap();
    assert_eq!(read, LogEntry::default());
}

#[test]
fn an_entry_in_cbor_never_has_its_payload_in_an_error() {
    // {"payload": 2^64 + 7}, a bignum.
    let bignum = entry(&b"\xa1\x67payload\xc2\x49\x01\0\0\0\0\0\0\0\x07"[..]);
    let err = bignum.cbor_payload::<LogEntry>().unwrap_err();
    let source = err.unredacted_cause().unwrap().to_string();
    assert!(
        source.contains("invalid type: number, expected base64 text for payload"),
        "{source}"
    );
}
