//! What several tests need.
#![allow(dead_code, reason = "not every test needs all of it")]

use std::fs;
use std::path::{Path, PathBuf};

use lokryn_compliance_log::prost::encoding::encode_varint;
use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity};
use lokryn_journal::{JournalReader, Records, RecordsError};

/// An empty folder for a test. Those of other files may have the same name.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = folder.join(env!("CARGO_CRATE_NAME")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// An entry that others can be told from.
pub(crate) fn entry(number: usize) -> LogEntry {
    LogEntry::builder()
        .event_type(EventType::FileAccess)
        .outcome(Outcome::Success)
        .actor_id(format!("user-{number}"))
        .component("files")
        .environment("production")
        .resource(format!("files/{number}"))
        .sensitivity(Sensitivity::Internal)
        .policy_tag("SOC2")
        .build()
}

/// The segments of a journal, in order.
pub(crate) fn segments(journal: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(journal.join("records")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "binpb"));
    paths.sort();
    paths
}

/// A record as it lies in a segment, with any number and time, in nanoseconds since 1970.
pub(crate) fn frame(entry: &LogEntry, sequence: u64, nanos: u64) -> Vec<u8> {
    let mut record = entry.to_bytes();
    record.extend([0xa0, 0x06]);
    encode_varint(sequence, &mut record);
    record.extend([0xa9, 0x06]);
    record.extend(nanos.to_le_bytes());
    let crc = crc32c::crc32c(&record);
    record.extend([0xb5, 0x06]);
    record.extend(crc.to_le_bytes());
    let mut frame = Vec::new();
    encode_varint(record.len() as u64, &mut frame);
    [frame, record].concat()
}

/// Copies a folder and what is in it.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// The same, whether they are read one by one or selected on threads.
#[track_caller]
pub(crate) fn read_of(reader: &JournalReader) -> (Vec<u64>, Vec<String>) {
    let one_by_one = read(reader.records().unwrap());
    for threads in [1, 3] {
        let (mut numbers, mut errors) = (Vec::new(), Vec::new());
        let selected = reader.select(
            threads,
            |_| true,
            |record| {
                match record {
                    Ok(record) => numbers.push(record.sequence),
                    Err(err) => errors.push(err.to_string()),
                }
                Ok::<(), RecordsError>(())
            },
        );
        selected.unwrap();
        assert_eq!((numbers, errors), one_by_one);
        // Those that are not kept are missed by nobody.
        let mut count = 0;
        let errors = reader.select(
            threads,
            |_| false,
            |record| {
                count += 1;
                assert!(record.is_err());
                Ok::<(), RecordsError>(())
            },
        );
        errors.unwrap();
        assert_eq!(count, one_by_one.1.len());
    }
    one_by_one
}

/// The numbers that are read, and what goes wrong.
fn read(mut records: Records) -> (Vec<u64>, Vec<String>) {
    let (mut numbers, mut errors) = (Vec::new(), Vec::new());
    while let Some(record) = records.next_record() {
        match record {
            Ok(record) => numbers.push(record.sequence),
            Err(err) => errors.push(err.to_string()),
        }
    }
    (numbers, errors)
}
