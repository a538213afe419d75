//! Entries as lines, and lines as entries.

use std::fmt::Write as _;

use lokryn_compliance_log::LogEntry;
use serde_json::Value;

use crate::random::Random;
use crate::{Check, entries, json};

/// How many changed lines are tried for each.
const CHANGED: usize = 12;

/// Any text is refused as a readable line, or read as the entry that other readers see in
/// it, and written again as the same entry.
#[derive(Debug, Default)]
pub struct Lines {
    written: String,
}

impl Check for Lines {
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        let Ok(line) = str::from_utf8(bytes) else {
            return 0;
        };
        self.text(line);
        1 + self.variants(bytes, &mut Random::of(bytes))
    }

    fn seed(&mut self, seed: u64) -> u64 {
        let mut random = Random::seeded(seed);
        let entry = entries::entry(&mut random);
        let line = entry.json_line().to_string();
        assert!(!line.chars().any(is_break), "{line}");
        match LogEntry::from_json_line(&line) {
            Ok(read) => assert_eq!(read, entry, "{line}"),
            Err(err) => panic!("{err}: {line}"),
        }
        self.text(&line);
        1 + self.variants(line.as_bytes(), &mut random)
    }
}

fn is_break(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}' | '\u{2029}')
}

impl Lines {
    fn variants(&mut self, line: &[u8], random: &mut Random) -> u64 {
        let mut count = 0;
        json::each_changed(line, CHANGED, random, |line| {
            if let Ok(line) = str::from_utf8(line) {
                self.text(line);
                count += 1;
            }
        });
        count
    }

    fn text(&mut self, line: &str) {
        let Ok(entry) = LogEntry::from_json_line(line) else {
            return;
        };
        self.written.clear();
        write!(self.written, "{}", entry.json_line()).unwrap();
        assert!(!self.written.chars().any(is_break), "{line:?}");
        match LogEntry::from_json_line(&self.written) {
            Ok(again) => assert_eq!(again, entry, "{line:?}"),
            Err(err) => panic!("{err}: {} of {line:?}", self.written),
        }
        as_others_read(line, &entry);
    }
}

/// What `serde_json` makes of the line is ProtoJSON for the same entry, once the payload
/// is where ProtoJSON has it.
fn as_others_read(line: &str, entry: &LogEntry) {
    // A number that it cannot hold may stand in a payload.
    let Ok(Value::Object(mut members)) = serde_json::from_str(line) else {
        assert!(
            line.contains("\"payload\"") || line.contains('\\'),
            "{line:?}"
        );
        return;
    };
    let inline = members.remove("payload").filter(|it| !it.is_null());
    if let Some(base64) = members.remove("payload_base64") {
        if inline.is_some() {
            // Both, which says which of them counts.
            return;
        }
        members.insert("payload".into(), base64);
    }
    let mut others: LogEntry = match serde_json::from_value(Value::Object(members)) {
        Ok(others) => others,
        Err(err) => panic!("{err}: {line:?}"),
    };
    if let Some(inline) = inline {
        let payload: Value = serde_json::from_slice(&entry.payload).unwrap();
        assert_eq!(payload, inline, "{line:?}");
        others.payload = entry.payload.clone();
    }
    assert_eq!(others, *entry, "{line:?}");
}
