//! What a journal does while nothing goes wrong.

mod common;

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, SystemTime};

use common::{entry, scratch, segments};
use lokryn_compliance_log::stream;
use lokryn_compliance_log::{LogEntry, prost::Message as _};
use lokryn_journal::{AppendError, Checkpoint, Closed, Journal, OpenError, Record, Verifier};

/// How many records the checkpoint on the disk covers.
fn signed(folder: &Path) -> u64 {
    let text = fs::read_to_string(folder.join("checkpoint")).unwrap();
    text.parse::<Checkpoint>().unwrap().size()
}

#[test]
fn the_first_use_is_two_lines() {
    let folder = scratch("first_use");
    let journal = Journal::open(folder.join("audit")).unwrap();
    assert!(journal.opening().is_new);
    let before = SystemTime::now();
    let receipt = journal.append(&entry(0)).unwrap();
    assert_eq!(receipt.sequence, 0);
    assert!(receipt.recorded_at >= before - Duration::from_micros(1));
    assert_eq!(journal.append(&entry(1)).unwrap().sequence, 1);
    let checkpoint = journal.clone().close().unwrap();
    assert_eq!(checkpoint.size(), 2);

    let key = Verifier::read(folder.join("audit.vkey")).unwrap();
    assert_eq!(key, *journal.verifier());
    checkpoint.verify(&[key]).unwrap();
    let on_disk = fs::read_to_string(folder.join("audit/checkpoint")).unwrap();
    assert_eq!(on_disk, checkpoint.to_string());
    let copy = fs::read_to_string(folder.join("audit.checkpoint")).unwrap();
    assert_eq!(copy, on_disk);
    assert!(matches!(
        journal.append(&entry(2)),
        Err(AppendError::Closed(Closed::ByCaller))
    ));
}

/// A record is an entry to whoever knows only entries.
#[test]
fn records_are_entries() {
    let folder = scratch("records_are_entries").join("audit");
    let journal = Journal::open(&folder).unwrap();
    let entries: Vec<LogEntry> = (0..3).map(entry).collect();
    for entry in &entries {
        journal.append(entry).unwrap();
    }
    journal.close().unwrap();
    let bytes = fs::read(&segments(&folder)[0]).unwrap();
    for (frame, (number, entry)) in stream::views(&bytes).zip(entries.iter().enumerate()) {
        let frame = frame.unwrap();
        assert_eq!(frame.view.to_entry(), *entry);
        assert_eq!(LogEntry::decode(frame.bytes).unwrap(), *entry);
        let record = Record::parse(frame.bytes).unwrap();
        assert_eq!(record.sequence, number as u64);
        assert_eq!(record.entry_bytes(), entry.to_bytes());
    }
}

#[test]
fn threads_get_numbers_of_their_own() {
    let folder = scratch("threads").join("audit");
    let journal = Journal::open(&folder).unwrap();
    let mut numbers: Vec<u64> = thread::scope(|scope| {
        let append = |thread: usize| {
            let journal = journal.clone();
            scope.spawn(move || {
                let numbers = (0..50).map(|n| {
                    let entry = entry(thread * 1000 + n);
                    let receipt = if n % 5 == 0 {
                        journal.append_unsynced(&entry)
                    } else {
                        journal.append(&entry)
                    };
                    receipt.unwrap().sequence
                });
                numbers.collect::<Vec<_>>()
            })
        };
        let threads: Vec<_> = (0..8).map(append).collect();
        threads
            .into_iter()
            .flat_map(|it| it.join().unwrap())
            .collect()
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (0..400).collect::<Vec<_>>());
    assert_eq!(journal.close().unwrap().size(), 400);
    let journal = Journal::open(&folder).unwrap();
    assert_eq!(journal.opening().records, 400);
    assert_eq!(journal.opening().taken_in, 0);
    assert_eq!(journal.append(&entry(0)).unwrap().sequence, 400);
}

/// What nobody waits for is on the disk after a sync, and not signed.
#[test]
fn a_sync_puts_what_was_appended_on_the_disk() {
    let folder = scratch("sync").join("audit");
    let journal = Journal::options()
        .checkpoint_interval(Duration::from_secs(3600))
        .open(&folder)
        .unwrap();
    let len = || fs::metadata(&segments(&folder)[0]).unwrap().len();
    journal.sync().unwrap();
    for number in 0..5 {
        let encoded = entry(number).to_bytes();
        journal.append_encoded_unsynced(&encoded).unwrap();
        journal.append_unsynced(&entry(number)).unwrap();
    }
    assert_eq!(len(), 0);
    journal.sync().unwrap();
    let bytes = fs::read(&segments(&folder)[0]).unwrap();
    assert_eq!(stream::views(&bytes).count(), 10);
    assert_eq!(signed(&folder), 0);
    let other = journal.clone();
    assert_eq!(journal.close().unwrap().size(), 10);
    assert!(matches!(other.sync(), Err(Closed::ByCaller)));
}

#[test]
fn a_checkpoint_comes_by_itself() {
    let folder = scratch("by_itself").join("audit");
    let journal = Journal::options()
        .checkpoint_interval(Duration::from_millis(20))
        .open(&folder)
        .unwrap();
    journal.append_unsynced(&entry(0)).unwrap();
    while signed(&folder) != 1 {
        thread::sleep(Duration::from_millis(5));
    }
}

/// Whatever comes while a checkpoint is being made is in the next one.
#[test]
fn nothing_waits_for_a_checkpoint_that_does_not_come() {
    let folder = scratch("no_straggler").join("audit");
    let journal = Journal::options()
        .checkpoint_interval(Duration::from_micros(200))
        .open(&folder)
        .unwrap();
    for round in 1..=100 {
        thread::scope(|scope| {
            for number in 0..4 {
                let journal = &journal;
                scope.spawn(move || {
                    for _ in 0..round % 7 {
                        journal.append_unsynced(&entry(number)).unwrap();
                    }
                    journal.append_unsynced(&entry(number)).unwrap();
                });
            }
        });
        let count: u64 = (1..=round).map(|round| 4 * (round % 7 + 1)).sum();
        for _ in 0..2000 {
            if signed(&folder) == count {
                break;
            }
            thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(signed(&folder), count, "round {round}");
    }
}

#[test]
fn segments_follow_each_other_in_one_tree() {
    let folder = scratch("segments").join("audit");
    let options = Journal::options().max_segment_len(5000);
    for round in 0..4_u64 {
        let journal = options.clone().open(&folder).unwrap();
        assert_eq!(journal.opening().records, round * 101);
        for number in 0..100 {
            journal.append(&entry(number)).unwrap();
        }
        let old = journal.checkpoint().unwrap();
        journal.append(&entry(0)).unwrap();
        journal.prove_consistency(&old).unwrap();
        for sequence in 0..round * 101 + 101 {
            journal.prove_inclusion(sequence).unwrap();
        }
    }
    assert!(segments(&folder).len() > 3, "{:?}", segments(&folder));
}

#[test]
fn every_commit_is_signed_for_those_who_ask() {
    let folder = scratch("every_commit").join("audit");
    let journal = Journal::options()
        .checkpoint_every_commit(true)
        .open(&folder)
        .unwrap();
    for number in 0..300 {
        let receipt = journal.append(&entry(number)).unwrap();
        assert_eq!(signed(&folder), receipt.sequence + 1);
    }
}

#[test]
fn what_a_journal_does_not_take_is_refused_before_anything_is_written() {
    let folder = scratch("refused").join("audit");
    let journal = Journal::options()
        .max_record_len(200)
        .open(&folder)
        .unwrap();
    let refused = |bytes: &[u8], message: &str| {
        let err = journal.append_encoded(bytes).unwrap_err();
        assert_eq!(err.to_string(), message);
    };
    let good = entry(0).to_bytes();
    refused(b"\x22\x09a", "actor_id: truncated at byte 1");
    refused(
        b"",
        "invalid entry: event_type: unspecified; outcome: unspecified; severity: unspecified; actor_id: empty; component: empty; environment: empty; resource: empty; sensitivity: unspecified",
    );
    let twice = [&good[..], &good[..]].concat();
    assert!(journal.append_encoded(&twice).is_err());
    refused(
        &[&good[..], b"\xa0\x06\x01"].concat(),
        &format!("field 100: reserved for logs at byte {}", good.len()),
    );
    let mut long = entry(0);
    long.message = "m".repeat(200);
    let err = journal.append(&long).unwrap_err();
    assert!(
        err.to_string().ends_with("exceeds the limit of 200 bytes"),
        "{err}"
    );

    // What another version of the schema knows stays.
    let newer = [&good[..], b"\x08\x7f\xfa\x07\x01x"].concat();
    assert!(journal.append_encoded(&newer).is_err()); // event_type twice
    let newer = [&good[2..], b"\x08\x7f\xfa\x07\x01x"].concat();
    assert_eq!(journal.append_encoded(&newer).unwrap().sequence, 0);
    journal.close().unwrap();
    let bytes = fs::read(&segments(&folder)[0]).unwrap();
    let record = Record::parse(stream::views(&bytes).next().unwrap().unwrap().bytes).unwrap();
    assert_eq!(record.entry_bytes(), newer);
}

#[test]
fn a_folder_has_one_writer() {
    let folder = scratch("one_writer").join("audit");
    let journal = Journal::open(&folder).unwrap();
    assert!(matches!(
        Journal::open(&folder),
        Err(OpenError::Locked { .. })
    ));
    journal.close().unwrap();
    Journal::open(&folder).unwrap();
}

#[cfg(unix)]
#[test]
fn what_is_made_is_private() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = scratch("private");
    let journal = Journal::open(folder.join("audit")).unwrap();
    journal.append(&entry(0)).unwrap();
    journal.close().unwrap();
    let mode = |name: &str| {
        fs::metadata(folder.join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(mode("audit.key"), 0o600);
    assert_eq!(mode("audit"), 0o700);
    assert_eq!(mode("audit/records/00000000000000000000.binpb"), 0o600);
}
