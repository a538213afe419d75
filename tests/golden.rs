//! The documented scenarios, built with the builder, are byte for byte what the
//! published Python package writes.

mod common;

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::{LogEntry, LogEntryView};
use std::path::PathBuf;

fn golden(name: &str, extension: &str) -> Vec<u8> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "tests/golden", name]
        .iter()
        .collect();
    let path = path.with_extension(extension);
    std::fs::read(&path).unwrap_or_else(|err| panic!("{}: {err}", path.display()))
}

#[test]
fn every_scenario_encodes_to_the_golden_bytes() {
    for (name, entry) in common::scenarios() {
        let expected = golden(name, "binpb");
        assert_eq!(entry.encode_to_vec(), expected, "{name}");
        let view = LogEntryView::from(&entry);
        assert_eq!(view.encode_to_vec(), expected, "{name}, through the view");
    }
}

#[test]
fn the_golden_bytes_decode_to_every_scenario() {
    for (name, entry) in common::scenarios() {
        let bytes = golden(name, "binpb");
        assert_eq!(LogEntry::decode(&*bytes).unwrap(), entry, "{name}");
        let view = LogEntryView::decode(&bytes).unwrap();
        assert_eq!(view.to_entry(), entry, "{name}, through the view");
        assert_eq!(entry.validate(), Ok(()), "{name}");
    }
}

#[cfg(feature = "json")]
#[test]
fn every_scenario_is_the_golden_json_and_back() {
    for (name, entry) in common::scenarios() {
        let expected = golden(name, "json");
        let expected: serde_json::Value = serde_json::from_slice(&expected).unwrap();
        assert_eq!(serde_json::to_value(&entry).unwrap(), expected, "{name}");
        let read: LogEntry = serde_json::from_value(expected).unwrap();
        assert_eq!(read, entry, "{name}");
    }
}
