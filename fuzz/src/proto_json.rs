//! Entries as ProtoJSON, and texts as entries.

use lokryn_compliance_log::LogEntry;
use serde_json::Value;

use crate::random::Random;
use crate::{Check, entries, json};

/// How many changed texts are tried for each.
const CHANGED: usize = 12;

/// Any text is refused as ProtoJSON, or read and written again as the same entry, whether
/// it is read as text or as a value that has been read before.
#[derive(Debug, Default)]
pub struct ProtoJson {
    written: Vec<u8>,
}

impl Check for ProtoJson {
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        self.text(bytes);
        1 + json::each_changed(bytes, CHANGED, &mut Random::of(bytes), |it| self.text(it))
    }

    fn seed(&mut self, seed: u64) -> u64 {
        let mut random = Random::seeded(seed);
        let entry = entries::entry(&mut random);
        let text = serde_json::to_vec(&entry).unwrap();
        match serde_json::from_slice::<LogEntry>(&text) {
            Ok(read) => assert_eq!(read, entry),
            Err(err) => panic!("{err}: {entry:?}"),
        }
        self.text(&text);
        1 + json::each_changed(&text, CHANGED, &mut random, |it| self.text(it))
    }
}

impl ProtoJson {
    fn text(&mut self, text: &[u8]) {
        let Ok(entry) = serde_json::from_slice::<LogEntry>(text) else {
            return;
        };
        self.written.clear();
        serde_json::to_writer(&mut self.written, &entry).unwrap();
        match serde_json::from_slice::<LogEntry>(&self.written) {
            Ok(again) => assert_eq!(again, entry),
            Err(err) => panic!("{err}: {entry:?}"),
        }
        let value: Value = serde_json::from_slice(text).unwrap();
        match serde_json::from_value::<LogEntry>(value) {
            Ok(same) => assert_eq!(same, entry),
            Err(err) => panic!("{err}: {text:?}"),
        }
    }
}
