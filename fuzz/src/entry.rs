//! Entries through every form.

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::{LogEntry, LogEntryView};

use crate::random::Random;
use crate::{Check, entries};

/// Any entry survives its bytes, its ProtoJSON and its line.
#[derive(Debug, Default)]
pub struct Entry;

impl Check for Entry {
    /// The bytes of an entry, or a seed for one.
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        let entry = match LogEntry::from_bytes(bytes) {
            Ok(entry) => entry,
            Err(_) => entries::entry(&mut Random::of(bytes)),
        };
        check(&entry);
        1
    }

    fn seed(&mut self, seed: u64) -> u64 {
        check(&entries::entry(&mut Random::seeded(seed)));
        1
    }
}

fn check(entry: &LogEntry) {
    let bytes = entry.encode_to_vec();
    assert_eq!(LogEntry::decode(&*bytes).as_ref(), Ok(entry));
    assert_eq!(LogEntryView::decode(&bytes).unwrap().to_entry(), *entry);
    assert_eq!(LogEntryView::from(entry).encode_to_vec(), bytes);

    let json = serde_json::to_vec(entry).unwrap();
    assert_eq!(serde_json::from_slice::<LogEntry>(&json).unwrap(), *entry);

    let line = entry.json_line().to_string();
    assert!(!line.chars().any(char::is_control), "{line}");
    assert_eq!(LogEntry::from_json_line(&line).unwrap(), *entry);

    let shown = format!("{entry:?}");
    assert!(shown.starts_with("LogEntry"), "{shown}");
}
