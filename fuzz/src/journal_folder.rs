//! Folders of a journal whose files have been damaged.

use std::fs;

use lokryn_journal::{JournalReader, Record, salvage, verify};

use crate::Check;
use crate::log::Log;
use crate::random::Random;

/// What verifying proves, salvaging saves, and neither takes a record that was not
/// written.
#[derive(Debug)]
pub struct JournalFolder {
    log: Log,
}

impl Default for JournalFolder {
    fn default() -> Self {
        Self {
            log: Log::new("journal-folder"),
        }
    }
}

impl Check for JournalFolder {
    /// Four bytes for each change: which file, where, how much of it, what with.
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        let mut changes: [Vec<u8>; 3] = Default::default();
        for change in bytes.chunks_exact(4) {
            changes[usize::from(change[0] % 3)].extend_from_slice(change);
        }
        self.check(&changes);
        1
    }

    fn seed(&mut self, seed: u64) -> u64 {
        let mut random = Random::seeded(seed);
        let mut bytes = Vec::new();
        for _ in 0..random.below(4) {
            bytes.extend_from_slice(&random.number().to_le_bytes()[..4]);
        }
        self.bytes(&bytes)
    }
}

/// Changes some bytes, or puts others in their place.
fn damaged(whole: &[u8], changes: &[u8]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for change in changes.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([change[0], change[1]])) % (bytes.len() + 1);
        let end = (at + usize::from(change[2] % 8)).min(bytes.len());
        let with = vec![change[3]; usize::from(change[2] / 8 % 8)];
        bytes.splice(at..end, with);
    }
    bytes
}

impl JournalFolder {
    fn check(&self, changes: &[Vec<u8>; 3]) {
        let log = &self.log;
        let files = [&log.segment, &log.tile, &log.checkpoint];
        // What follows the signed records is not signed.
        let is_changed = !damaged(&log.segment.1, &changes[0]).starts_with(&log.segment.1);
        for ((path, whole), changes) in files.iter().zip(changes) {
            fs::write(path, damaged(whole, changes)).unwrap();
        }
        let keys = [log.signer.verifier().clone()];
        let report = verify(&log.folder, &keys);
        if let Ok(report) = &report {
            assert!(report.proved <= 4);
            assert!(
                !report.is_ok() || report.proved == report.size,
                "{report:?}"
            );
            // Records that differ cannot all be right.
            assert!(
                !report.is_ok() || !is_changed || report.size < 4,
                "{report:?}"
            );
        }
        let mut saved = Vec::new();
        let salvaged = salvage(&log.folder, &keys, |record| {
            let found = log.records.iter().position(|it| it == record);
            saved.push(found.expect("an invented record"));
        });
        assert!(saved.is_sorted_by(|a, b| a < b), "{saved:?}");
        let saved = saved.len() as u64;
        if let (Ok(report), Ok(salvaged)) = (&report, &salvaged) {
            assert_eq!(salvaged.records, saved);
            assert_eq!(report.proved, saved, "{report:?}");
        }
        if let Ok(reader) = JournalReader::open(&log.folder) {
            let mut records = reader.beyond_checkpoint().records().unwrap();
            let mut count = 0;
            while let Some(record) = records.next_record() {
                if let Ok(record) = record {
                    assert!(Record::parse(record.bytes).is_ok());
                }
                count += 1;
                assert!(count < 10_000, "reading does not end");
            }
        }
    }
}
