//! The format of any payload agrees with what reads it, and its line with it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lokryn_compliance_log::{LogEntry, Payload, PayloadError, PayloadFormat};
use serde_json::Value;

fuzz_target!(|payload: &[u8]| {
    let entry = LogEntry {
        payload: payload.to_vec().into(),
        ..LogEntry::default()
    };
    let line = entry.json_line().to_string();
    serde_json::from_str::<Value>(&line).unwrap();
    assert_eq!(LogEntry::from_json_line(&line).unwrap(), entry);
    // Keys that serde_json keeps for itself are refused, and its numbers replaced.
    if line.contains("serde_json") || payload.windows(10).any(|part| part == b"serde_json") {
        return;
    }
    let json = entry.json_payload::<Value>();
    let cbor = entry.cbor_payload::<Value>();
    match entry.payload_format() {
        PayloadFormat::Empty => assert!(payload.is_empty()),
        PayloadFormat::Json => {
            let escaped = payload.windows(2).any(|part| part == b"\\u");
            assert!(escaped || !matches!(json, Err(PayloadError::WrongShape(_))));
            assert!(!matches!(json, Err(PayloadError::Empty)));
        }
        PayloadFormat::Cbor => {
            assert!(json.is_err());
            assert!(!matches!(
                cbor,
                Err(PayloadError::NotCbor(_) | PayloadError::Empty)
            ));
        }
        PayloadFormat::Opaque => assert!(json.is_err()),
    }
    if let Ok(value) = json {
        let entry = LogEntry {
            payload: Payload::from(value.clone()).into(),
            ..LogEntry::default()
        };
        assert_eq!(entry.json_payload::<Value>().unwrap(), value);
    }
    if let Ok(value) = cbor {
        let payload = Payload::cbor(&value).unwrap();
        let again = LogEntry {
            payload: payload.into(),
            ..LogEntry::default()
        };
        assert_eq!(again.payload_format(), PayloadFormat::Cbor);
        assert_eq!(again.cbor_payload::<Value>().unwrap(), value);
    }
});
