//! A folder with a segment, a tile and a checkpoint of any bytes: what verifying proves,
//! salvaging saves, and opening does not sign anything else.
#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity};
use lokryn_journal::{Journal, JournalReader, Record, Signer, salvage, verify};

/// A journal of a few records, and its files.
struct Log {
    folder: PathBuf,
    signer: Signer,
    segment: (PathBuf, Vec<u8>),
    tile: (PathBuf, Vec<u8>),
    checkpoint: (PathBuf, Vec<u8>),
    records: Vec<Vec<u8>>,
}

static LOG: LazyLock<Log> = LazyLock::new(|| {
    let shared = PathBuf::from("/dev/shm");
    let parent = if shared.is_dir() {
        shared
    } else {
        std::env::temp_dir()
    };
    let folder = parent.join(format!("journal-folder-{}", std::process::id()));
    let signer = Signer::generate("example.com/audit").unwrap();
    let journal = Journal::options()
        .signer(signer.clone())
        .open(&folder)
        .unwrap();
    for number in 0..4 {
        let entry = LogEntry::builder()
            .event_type(EventType::Login)
            .outcome(Outcome::Success)
            .actor_id(format!("user-{number}"))
            .component("c")
            .environment("e")
            .resource("r")
            .sensitivity(Sensitivity::Internal)
            .build();
        journal.append(&entry).unwrap();
    }
    journal.close().unwrap();
    let read = |name: &str| {
        let path = folder.join(name);
        let bytes = fs::read(&path).unwrap();
        (path, bytes)
    };
    let mut records = Vec::new();
    salvage(&folder, &[signer.verifier().clone()], |record| {
        records.push(record.to_vec());
    })
    .unwrap();
    Log {
        segment: read("records/00000000000000000000.binpb"),
        tile: read("tile/0/000.p/4"),
        checkpoint: read("checkpoint"),
        folder,
        signer,
        records,
    }
});

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

fuzz_target!(|changes: (Vec<u8>, Vec<u8>, Vec<u8>)| {
    let log = &*LOG;
    let files = [&log.segment, &log.tile, &log.checkpoint];
    let changes = [&changes.0, &changes.1, &changes.2];
    let mut is_changed = false;
    for ((path, whole), changes) in files.iter().zip(changes) {
        let bytes = damaged(whole, changes);
        is_changed |= bytes != *whole;
        fs::write(path, bytes).unwrap();
    }
    let keys = [log.signer.verifier().clone()];
    let report = verify(&log.folder, &keys);
    if let Ok(report) = &report {
        assert!(report.proved <= 4);
        assert!(!report.is_ok() || !is_changed || report.proved == report.size);
    }
    let mut saved = 0;
    let salvaged = salvage(&log.folder, &keys, |record| {
        assert!(
            log.records.iter().any(|it| it == record),
            "an invented record"
        );
        saved += 1;
    });
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
});
