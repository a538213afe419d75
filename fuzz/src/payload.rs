//! Payloads and their formats.

use lokryn_compliance_log::{LogEntry, Payload as Made, PayloadError, PayloadFormat};
use serde_json::Value;

use crate::random::Random;
use crate::{Check, entries, json};

/// How many changed payloads are tried for each.
const CHANGED: usize = 8;

/// The format of any payload agrees with what reads it, and its line with it.
#[derive(Debug, Default)]
pub struct Payload;

impl Check for Payload {
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        check(bytes);
        1 + variants(bytes, &mut Random::of(bytes))
    }

    fn seed(&mut self, seed: u64) -> u64 {
        let mut random = Random::seeded(seed);
        let payload = entries::payload(&mut random);
        check(&payload);
        1 + variants(&payload, &mut random)
    }
}

fn variants(payload: &[u8], random: &mut Random) -> u64 {
    for _ in 0..CHANGED {
        let mut changed = payload.to_vec();
        if random.once_in(2) {
            json::change(random, &mut changed);
        } else {
            let at = random.below(changed.len() + 1);
            changed.splice(at..at, [random.byte()]);
        }
        check(&changed);
    }
    CHANGED as u64
}

fn with(payload: impl Into<lokryn_compliance_log::bytes::Bytes>) -> LogEntry {
    LogEntry {
        payload: payload.into(),
        ..LogEntry::default()
    }
}

fn check(payload: &[u8]) {
    let entry = with(payload.to_vec());
    let line = entry.json_line().to_string();
    match LogEntry::from_json_line(&line) {
        Ok(read) => assert_eq!(read, entry, "{line}"),
        Err(err) => panic!("{err}: {line}"),
    }
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
        let made = with(Made::from(value.clone()));
        assert_eq!(made.json_payload::<Value>().unwrap(), value);
        // An independent reader reads the same.
        let read: Value = serde_json::from_slice(payload).unwrap();
        assert_eq!(read, value);
    }
    if let Ok(value) = cbor {
        let again = with(Made::cbor(&value).unwrap());
        assert_eq!(again.payload_format(), PayloadFormat::Cbor);
        assert_eq!(again.cbor_payload::<Value>().unwrap(), value);
    }
}
