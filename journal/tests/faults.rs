//! What can happen to a folder, and what opening says of it.

mod common;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use common::{copy, entry, frame, scratch, segments};
use lokryn_journal::{AppendError, Closed, Journal, JournalReader, OpenError, verify};

fn fill(folder: &Path, count: usize) {
    let journal = Journal::options()
        .max_segment_len(1500)
        .open(folder)
        .unwrap();
    for number in 0..count {
        journal.append(&entry(number)).unwrap();
    }
    journal.close().unwrap();
}

#[test]
fn a_restored_backup_is_refused() {
    let folder = scratch("backup");
    let audit = folder.join("audit");
    fill(&audit, 10);
    copy(&audit, &folder.join("backup"));
    fill(&audit, 10);
    fs::remove_dir_all(&audit).unwrap();
    copy(&folder.join("backup"), &audit);
    let err = Journal::open(&audit).unwrap_err();
    assert!(
        matches!(
            err,
            OpenError::Shorter {
                signed: 20,
                found: 10,
                ..
            }
        ),
        "{err}"
    );
    // So is a folder that is gone.
    fs::remove_dir_all(&audit).unwrap();
    let err = Journal::open(&audit).unwrap_err();
    assert!(
        matches!(
            err,
            OpenError::Shorter {
                signed: 20,
                found: 0,
                ..
            }
        ),
        "{err}"
    );
}

#[test]
fn an_end_that_is_cut_off_is_refused() {
    let audit = scratch("cut_off").join("audit");
    fill(&audit, 60);
    let paths = segments(&audit);
    let last = &paths[paths.len() - 1];
    let whole = fs::read(last).unwrap();
    fs::remove_file(last).unwrap();
    assert!(matches!(
        Journal::open(&audit).unwrap_err(),
        OpenError::Shorter { signed: 60, .. }
    ));
    fs::write(last, &whole[..whole.len() - 1]).unwrap();
    assert!(matches!(
        Journal::open(&audit).unwrap_err(),
        OpenError::Damaged { .. }
    ));
    fs::write(last, &whole).unwrap();
    let gone = fs::read(&paths[1]).unwrap();
    fs::remove_file(&paths[1]).unwrap();
    assert!(matches!(
        Journal::open(&audit).unwrap_err(),
        OpenError::Gap { .. }
    ));
    fs::write(&paths[1], gone).unwrap();
    let checkpoint = fs::read(audit.join("checkpoint")).unwrap();
    fs::remove_file(audit.join("checkpoint")).unwrap();
    assert!(matches!(
        Journal::open(&audit).unwrap_err(),
        OpenError::NoCheckpoint { .. }
    ));
    fs::write(audit.join("checkpoint"), checkpoint).unwrap();
    fs::rename(audit.with_extension("key"), audit.with_extension("gone")).unwrap();
    assert!(matches!(
        Journal::open(&audit).unwrap_err(),
        OpenError::NoKey { .. }
    ));
    fs::rename(audit.with_extension("gone"), audit.with_extension("key")).unwrap();
    Journal::open(&audit).unwrap();
}

#[test]
fn a_torn_end_is_cut_off_and_kept() {
    let audit = scratch("torn").join("audit");
    fill(&audit, 2);
    let path = &segments(&audit)[0];
    let whole = fs::read(path).unwrap();
    for torn in [&whole[..40], &[0; 300], b"\xff", b"\x80"] {
        let mut file = File::options().append(true).open(path).unwrap();
        file.write_all(torn).unwrap();
        let journal = Journal::open(&audit).unwrap();
        let cut = journal.opening().cut.clone().unwrap();
        assert_eq!(fs::read(&cut.kept).unwrap(), torn);
        assert_eq!(
            (cut.place.offset, cut.len),
            (whole.len() as u64, torn.len() as u64)
        );
        journal.close().unwrap();
        assert_eq!(fs::read(path).unwrap(), whole);
    }
    // A damaged record before whole ones is no tear.
    let options = || Journal::options().checkpoint_interval(Duration::from_secs(3600));
    let before = scratch("torn_whole").join("audit");
    let journal = options().open(&before).unwrap();
    for number in 0..3 {
        journal.append(&entry(number)).unwrap();
    }
    let copied = scratch("torn_copy").join("audit");
    copy(&before, &copied);
    let key = before.with_extension("key");
    let path = &segments(&copied)[0];
    let mut bytes = fs::read(path).unwrap();
    bytes[30] ^= 1;
    fs::write(path, &bytes).unwrap();
    let open = |told| {
        options()
            .key_file(&key)
            .cut_whole_records(told)
            .open(&copied)
    };
    let err = open(false).unwrap_err();
    assert!(
        matches!(err, OpenError::WholeRecords { count: 2, .. }),
        "{err}"
    );
    let opened = open(true).unwrap();
    assert_eq!(
        opened.opening().cut.as_ref().unwrap().len,
        bytes.len() as u64
    );
}

/// Bytes that were made to look like the ends of records all over take no time without
/// end, and are not taken for a crash.
#[test]
fn what_looks_like_records_all_over_is_given_up() {
    let audit = scratch("looks_like").join("audit");
    fill(&audit, 1);
    let path = &segments(&audit)[0];
    let whole = fs::read(path).unwrap();
    let mut end = b"\xa0\x06\x01\xa9\x06\0\0\0\0\0\0\0\0\xb5\x06\0\0\0\0".repeat(40_000);
    end.insert(0, 0xff);
    fs::write(path, [&whole[..], &end].concat()).unwrap();
    let err = Journal::open(&audit).unwrap_err();
    assert!(matches!(err, OpenError::WholeRecords { .. }), "{err}");
    let reader = JournalReader::open(&audit).unwrap().beyond_checkpoint();
    let mut records = reader.records().unwrap();
    let mut read = 0;
    while let Some(record) = records.next_record() {
        read += usize::from(record.is_ok());
    }
    assert_eq!(read, 1);
}

#[test]
fn whoever_finds_another_writer_stops() {
    let audit = scratch("other_writer").join("audit");
    let journal = Journal::open(&audit).unwrap();
    journal.append(&entry(0)).unwrap();
    journal.checkpoint().unwrap();
    fs::remove_file(audit.join("lock")).unwrap();
    let other = Journal::open(&audit).unwrap();
    other.append(&entry(1)).unwrap();
    let err = journal.append(&entry(2)).unwrap_err();
    assert!(
        matches!(err, AppendError::Closed(Closed::OtherWriter { .. })),
        "{err}"
    );
    other.append(&entry(3)).unwrap();
    assert_eq!(other.close().unwrap().size(), 3);
}

/// Nor does it cut off as its room what the other has written there.
#[test]
fn whoever_closes_beside_another_writer_cuts_nothing_off() {
    let audit = scratch("other_closes").join("audit");
    let options = || Journal::options().checkpoint_interval(Duration::from_secs(3600));
    let journal = options().open(&audit).unwrap();
    for number in 0..999 {
        journal.append_unsynced(&entry(number)).unwrap();
    }
    journal.append(&entry(999)).unwrap();
    journal.checkpoint().unwrap();
    fs::remove_file(audit.join("lock")).unwrap();
    let other = options().open(&audit).unwrap();
    other.append(&entry(1000)).unwrap();
    let err = journal.close().unwrap_err();
    assert!(matches!(err, Closed::OtherWriter { .. }), "{err}");
    other.append(&entry(1001)).unwrap();
    let key = other.verifier().clone();
    assert_eq!(other.close().unwrap().size(), 1002);
    let report = verify(&audit, &[key]).unwrap();
    assert!(report.is_ok(), "{report:?}");
}

/// Nor does it make room over what the other has written.
#[test]
fn whoever_syncs_beside_another_writer_makes_no_room() {
    let audit = scratch("other_syncs").join("audit");
    let options = || Journal::options().checkpoint_interval(Duration::from_secs(3600));
    let journal = options().open(&audit).unwrap();
    let mut count = 0;
    // Until they have been written, and are not synced.
    while journal.commits() == 0 {
        journal.append_unsynced(&entry(count)).unwrap();
        count += 1;
    }
    fs::remove_file(audit.join("lock")).unwrap();
    let other = options().open(&audit).unwrap();
    other.append(&entry(count)).unwrap();
    let err = journal.sync().unwrap_err();
    assert!(matches!(err, Closed::OtherWriter { .. }), "{err}");
    let key = other.verifier().clone();
    assert_eq!(other.close().unwrap().size(), count as u64 + 1);
    let report = verify(&audit, &[key]).unwrap();
    assert!(report.is_ok(), "{report:?}");
}

/// Whoever has closed a journal that failed may open it again, other clones or not.
#[test]
fn a_journal_that_failed_gives_up_its_folder() {
    let audit = scratch("failed").join("audit");
    let journal = Journal::open(&audit).unwrap();
    let other = journal.clone();
    journal.append(&entry(0)).unwrap();
    fs::write(audit.join("tile"), b"in the way").unwrap();
    let err = journal.checkpoint().unwrap_err();
    assert!(matches!(err, Closed::File(_)), "{err}");
    let err = other.append(&entry(1)).unwrap_err();
    assert!(matches!(err, AppendError::Closed(Closed::File(_))), "{err}");
    fs::remove_file(audit.join("tile")).unwrap();
    let err = journal.close().unwrap_err();
    assert!(matches!(err, Closed::File(_)), "{err}");
    let again = Journal::open(&audit).unwrap();
    assert_eq!(again.append(&entry(1)).unwrap().sequence, 1);
    assert!(other.sync().is_err());
    let key = again.verifier().clone();
    again.close().unwrap();
    assert!(verify(&audit, &[key]).unwrap().is_ok());
}

/// Writes a record behind the checkpoint: the clock cannot be set here.
fn write_record(audit: &Path, sequence: u64, time: SystemTime) {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    let nanos = u64::try_from(since.as_nanos()).unwrap();
    let mut file = File::options()
        .append(true)
        .open(&segments(audit)[0])
        .unwrap();
    file.write_all(&frame(&entry(1), sequence, nanos)).unwrap();
}

#[test]
fn a_day_begins_a_segment_for_those_who_ask() {
    let audit = scratch("daily").join("audit");
    fill(&audit, 0);
    let yesterday = SystemTime::now() - Duration::from_secs(24 * 3600);
    write_record(&audit, 0, yesterday);
    for (daily, count) in [(false, 1), (true, 2), (true, 2)] {
        let journal = Journal::options().rotate_daily(daily).open(&audit).unwrap();
        journal.append(&entry(0)).unwrap();
        journal.append(&entry(0)).unwrap();
        let key = journal.verifier().clone();
        journal.close().unwrap();
        assert_eq!(segments(&audit).len(), count);
        assert!(verify(&audit, &[key]).unwrap().is_ok());
    }
}

#[test]
fn a_clock_that_was_ahead_shows() {
    let audit = scratch("clock").join("audit");
    fill(&audit, 1);
    let ahead = SystemTime::now() + Duration::from_secs(3600);
    write_record(&audit, 1, ahead);
    let journal = Journal::open(&audit).unwrap();
    assert_eq!(journal.opening().taken_in, 1);
    assert!(journal.opening().ahead.unwrap() > Duration::from_secs(3500));
    let receipt = journal.append(&entry(2)).unwrap();
    assert_eq!(receipt.recorded_at, ahead);

    // Also where a crash has come between a new segment and its first record.
    journal.close().unwrap();
    fs::write(audit.join("records/00000000000000000003.binpb"), []).unwrap();
    let journal = Journal::open(&audit).unwrap();
    assert!(journal.opening().ahead.unwrap() > Duration::from_secs(3500));
    let receipt = journal.append(&entry(3)).unwrap();
    assert_eq!((receipt.sequence, receipt.recorded_at), (3, ahead));
    assert_eq!(segments(&audit).len(), 2);
}

/// A process that another thread has just forked has all files open until it begins its
/// own program.
#[test]
#[cfg(unix)]
fn a_folder_that_is_closed_is_free_at_once() {
    let audit = scratch("free").join("audit");
    fill(&audit, 1);
    let is_done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !is_done.load(std::sync::atomic::Ordering::SeqCst) {
                    std::process::Command::new("true").status().unwrap();
                }
            });
        }
        let opened = (0..300).try_for_each(|_| {
            Journal::open(&audit)?
                .close()
                .map_err(OpenError::Closed)
                .map(drop)
        });
        is_done.store(true, std::sync::atomic::Ordering::SeqCst);
        opened.unwrap();
    });
}

#[cfg(unix)]
#[test]
fn what_is_no_folder_and_has_no_parent_is_an_error() {
    let folder = scratch("not_a_folder");
    fs::write(folder.join("audit"), b"").unwrap();
    let err = Journal::open(folder.join("audit")).unwrap_err();
    assert!(matches!(err, OpenError::File(_)), "{err}");
    assert!(!folder.join("audit.key").exists());
    let err = Journal::open(folder.join("no/parent/audit")).unwrap_err();
    assert!(
        err.to_string().contains("no/parent/audit: No such file"),
        "{err}"
    );
}
