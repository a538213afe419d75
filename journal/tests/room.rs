//! Room: zeros behind the last record of a segment that is written to, and what a crash
//! leaves in them.

mod common;

use std::fs::{self, File};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use common::{copy, entry, frame, read_of, scratch, segments};
use lokryn_compliance_log::prost::encoding::encoded_len_varint;
use lokryn_compliance_log::{LogEntry, stream};
use lokryn_journal::{Journal, JournalReader, OpenError, Options, verify};

const SECTOR: usize = 512;
/// How many records there are before what a crash has left.
const COUNT: usize = 1000;

/// A journal that signs only when it is asked to.
fn options() -> Options {
    Journal::options().checkpoint_interval(Duration::from_secs(3600))
}

fn long_entry(number: usize) -> LogEntry {
    LogEntry {
        message: "m".repeat(1500),
        ..entry(number)
    }
}

/// Appends so many entries as it takes for room.
fn fill(journal: &Journal) {
    for number in 1..COUNT {
        journal.append_unsynced(&entry(number)).unwrap();
    }
    journal.append(&entry(0)).unwrap();
}

/// How many bytes the records at the start of a segment take, and how many they are.
fn records_in(segment: &[u8]) -> (usize, u64) {
    let (mut len, mut count) = (0, 0);
    for frame in stream::views(segment) {
        let Ok(frame) = frame else { break };
        let prefix = encoded_len_varint(frame.bytes.len() as u64);
        len = usize::try_from(frame.offset).unwrap() + prefix + frame.bytes.len();
        count += 1;
    }
    (len, count)
}

/// The folder as it is after the program was killed: what it was is copied, with the key.
fn killed(audit: &Path, name: &str) -> PathBuf {
    let copied = scratch(name).join("audit");
    copy(audit, &copied);
    for extension in ["key", "checkpoint"] {
        let from = audit.with_extension(extension);
        fs::copy(from, copied.with_extension(extension)).unwrap();
    }
    copied
}

/// The numbers of all records there are, and what is wrong, read both ways.
fn read(audit: &Path) -> (Vec<u64>, Vec<String>) {
    read_of(&JournalReader::open(audit).unwrap().beyond_checkpoint())
}

#[test]
fn a_segment_ends_with_its_last_record_once_nobody_writes_to_it() {
    let audit = scratch("ends").join("audit");
    let journal = options().max_segment_len(100_000).open(&audit).unwrap();
    for number in 0..2200 {
        journal.append(&entry(number)).unwrap();
    }
    let paths = segments(&audit);
    assert!(paths.len() > 1);
    let mut total = 0;
    for path in &paths {
        let bytes = fs::read(path).unwrap();
        let (len, count) = records_in(&bytes);
        total += count;
        if Some(path) == paths.last() {
            assert!(bytes.len() > len, "no room");
            assert!(bytes[len..].iter().all(|byte| *byte == 0));
        } else {
            assert_eq!(bytes.len(), len);
        }
        assert!(bytes.len() <= 100_200);
    }
    assert_eq!(total, 2200);
    let all: Vec<u64> = (0..2200).collect();
    assert_eq!(read(&audit), (all.clone(), vec![]));
    journal.checkpoint().unwrap();
    let keys = [journal.verifier().clone()];
    assert!(verify(&audit, &keys).unwrap().is_ok());
    journal.close().unwrap();
    let bytes = fs::read(paths.last().unwrap()).unwrap();
    assert_eq!(bytes.len(), records_in(&bytes).0);
    assert_eq!(read(&audit), (all, vec![]));
}

/// So has whoever appends without waiting and syncs then, and nobody without a sync.
#[test]
fn what_is_synced_by_hand_has_room() {
    let audit = scratch("by_hand").join("audit");
    let journal = options().open(&audit).unwrap();
    let room = || {
        let bytes = fs::read(&segments(&audit)[0]).unwrap();
        bytes.len() - records_in(&bytes).0
    };
    for number in 0..1200 {
        journal.append_unsynced(&entry(number)).unwrap();
    }
    journal.checkpoint().unwrap();
    assert_eq!(room(), 0);
    journal.sync().unwrap();
    assert_eq!(room(), 0);
    journal.append_unsynced(&entry(1200)).unwrap();
    journal.sync().unwrap();
    assert!(room() > 0);
}

/// What is only room is no record that was lost, and is not kept.
#[test]
fn opening_gives_up_the_room_of_who_was_killed() {
    let audit = scratch("killed").join("audit");
    let journal = options().open(&audit).unwrap();
    fill(&journal);
    let copied = killed(&audit, "killed_copy");
    let path = &segments(&copied)[0];
    let bytes = fs::read(path).unwrap();
    let (len, _) = records_in(&bytes);
    assert!(bytes.len() > len, "no room");
    let opened = Journal::open(&copied).unwrap();
    assert_eq!(opened.opening().cut, None);
    assert_eq!(
        (opened.opening().records, opened.opening().taken_in),
        (COUNT as u64, COUNT as u64)
    );
    assert_eq!(fs::metadata(path).unwrap().len(), len as u64);
    assert_eq!(fs::read_dir(copied.join("records")).unwrap().count(), 1);
}

/// A journal that was killed, with these bytes written behind its records: its folder, and
/// where they begin. Some of the records are signed.
fn with_behind(name: &str, behind: &[u8]) -> (PathBuf, usize) {
    let audit = scratch(name).join("audit");
    let journal = options().open(&audit).unwrap();
    for number in 0..COUNT {
        if number == 50 {
            journal.checkpoint().unwrap();
        }
        journal.append(&entry(number)).unwrap();
    }
    let copied = killed(&audit, &format!("{name}_copy"));
    let path = &segments(&copied)[0];
    let bytes = fs::read(path).unwrap();
    let (len, _) = records_in(&bytes);
    assert!(bytes.len() >= len + behind.len(), "no room");
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(len as u64)).unwrap();
    file.write_all(behind).unwrap();
    (copied, len)
}

/// The records that come next.
fn frames() -> Vec<Vec<u8>> {
    let now = UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(60);
    let nanos = u64::try_from(now.as_nanos()).unwrap();
    (COUNT..COUNT + 4)
        .map(|it| frame(&long_entry(it), it as u64, nanos))
        .collect()
}

#[test]
fn of_a_torn_record_the_zeros_behind_it_are_not_kept() {
    let whole = frames().concat();
    let first = frames()[0].len();
    for len in [1, 2, 700, 1500, first - 10, first - 5] {
        let (audit, begin) = with_behind("torn", &whole[..len]);
        assert_eq!(
            read(&audit),
            ((0..COUNT as u64).collect(), vec![]),
            "{len} bytes"
        );
        let journal = Journal::open(&audit).unwrap();
        let cut = journal.opening().cut.clone().unwrap();
        assert_eq!(
            (cut.place.offset, cut.place.sequence),
            (begin as u64, COUNT as u64)
        );
        assert_eq!(cut.len, len as u64);
        assert_eq!(fs::read(&cut.kept).unwrap(), whole[..len]);
        assert_eq!(journal.append(&entry(90)).unwrap().sequence, COUNT as u64);
    }
}

/// Sectors of what was written at once reach the disk in any order.
#[test]
fn a_sector_that_was_not_written_is_a_crash() {
    let (_, begin) = with_behind("where", &[]);
    let whole = frames().concat();
    let first = SECTOR - begin % SECTOR;
    let sector = |number: usize| match number {
        0 => 0..first,
        _ => first + (number - 1) * SECTOR..first + number * SECTOR,
    };
    // The first, one with the end of the first record, and one of two records each.
    for lost in [&[0][..], &[1], &[3], &[1, 5]] {
        let mut behind = whole.clone();
        for number in lost {
            behind[sector(*number)].fill(0);
        }
        let (audit, _) = with_behind("hole", &behind);
        let journal = Journal::open(&audit).unwrap_or_else(|err| panic!("{lost:?}: {err}"));
        let cut = journal.opening().cut.clone().unwrap();
        assert_eq!(journal.opening().records, COUNT as u64);
        assert_eq!(fs::read(cut.kept).unwrap(), behind);
    }
}

/// It may also have been written with an earlier record alone, before the next ones came.
#[test]
fn a_sector_of_an_earlier_write_is_a_crash() {
    let (_, begin) = with_behind("where_earlier", &[]);
    let frames = frames();
    let end = frames[0].len();
    let sector_end = end + SECTOR - (begin + end) % SECTOR;
    let mut behind = frames.concat();
    behind[end..sector_end].fill(0);
    let (audit, _) = with_behind("earlier", &behind);
    let journal = Journal::open(&audit).unwrap();
    let cut = journal.opening().cut.clone().unwrap();
    assert_eq!(journal.opening().records, COUNT as u64 + 1);
    assert_eq!(fs::read(cut.kept).unwrap(), behind[end..]);
}

/// However much was written in that second.
#[test]
fn a_sector_that_was_not_written_before_very_many_is_a_crash() {
    let (audit, begin) = with_behind("many", &[]);
    let now = UNIX_EPOCH.elapsed().unwrap() + Duration::from_secs(60);
    let nanos = u64::try_from(now.as_nanos()).unwrap();
    let long = LogEntry {
        message: "m".repeat(60_000),
        ..entry(0)
    };
    let frames: Vec<_> = (COUNT..COUNT + 1200)
        .map(|it| frame(&long, it as u64, nanos))
        .collect();
    let mut behind = frames.concat();
    let first = SECTOR - begin % SECTOR;
    behind[first..first + SECTOR].fill(0);
    let path = &segments(&audit)[0];
    let mut file = File::options().write(true).open(path).unwrap();
    file.seek(SeekFrom::Start(begin as u64)).unwrap();
    file.write_all(&behind).unwrap();
    let journal = Journal::open(&audit).unwrap();
    let cut = journal.opening().cut.clone().unwrap();
    assert_eq!(
        (journal.opening().records, cut.len),
        (COUNT as u64, behind.len() as u64)
    );
}

/// What no lost sector explains is refused as ever.
#[test]
fn other_damage_before_whole_records_is_none() {
    let (_, begin) = with_behind("where_else", &[]);
    let frames = frames();
    let first = SECTOR - begin % SECTOR;
    let third = frames[..2].concat().len();
    for damage in 0..5 {
        let mut behind = frames.concat();
        match damage {
            0 => behind[100] ^= 1,
            // A length, of records that are whole.
            1 => behind[0] ^= 1,
            // Less than a sector.
            2 => behind[first + 100..first + 300].fill(0),
            3 => behind[first + 1..first + SECTOR].fill(0),
            // Of another record than the one with a lost sector.
            _ => {
                behind[first..first + SECTOR].fill(0);
                behind[third + 20] ^= 1;
            }
        }
        let (audit, _) = with_behind("no_hole", &behind);
        let err = Journal::open(&audit).unwrap_err();
        assert!(
            matches!(&err, OpenError::WholeRecords { place, .. } if place.sequence == COUNT as u64),
            "damage {damage}: {err}"
        );
    }
}

/// Of what is being written a reader may see the end first, whether or not there has been
/// damage before.
#[test]
fn a_reader_waits_for_what_is_being_written() {
    let whole = frames().concat();
    let ranges = [0..100, 200..700, whole.len() - 900..whole.len() - 500];
    for (lost, is_damaged) in ranges
        .into_iter()
        .flat_map(|it| [(it.clone(), false), (it, true)])
    {
        let mut behind = whole.clone();
        behind[lost.clone()].fill(0);
        let (audit, begin) = with_behind("written", &behind);
        let path = segments(&audit)[0].clone();
        if is_damaged {
            let mut bytes = fs::read(&path).unwrap();
            bytes[30] ^= 1;
            fs::write(&path, bytes).unwrap();
        }
        let reader = JournalReader::open(&audit).unwrap().beyond_checkpoint();
        let mut records = reader.records().unwrap();
        let whole = &whole;
        thread::scope(|scope| {
            let mut next = 0;
            if is_damaged {
                assert!(records.next_record().unwrap().is_err());
                next = 1;
            }
            while let Some(record) = records.next_record() {
                assert_eq!(record.unwrap().sequence, next);
                next += 1;
                if next == COUNT as u64 - 1 {
                    // Once it has been read.
                    let (path, lost) = (path.clone(), lost.clone());
                    scope.spawn(move || {
                        thread::sleep(Duration::from_millis(20));
                        let mut file = File::options().write(true).open(path).unwrap();
                        let at = (begin + lost.start) as u64;
                        file.seek(SeekFrom::Start(at)).unwrap();
                        file.write_all(&whole[lost]).unwrap();
                    });
                }
            }
            assert_eq!(next, COUNT as u64 + 4);
        });
        // And does not for ever.
        let (audit, _) = with_behind("not_written", &behind);
        let (numbers, faults) = read(&audit);
        assert!(numbers.len() >= COUNT);
        assert!(!faults.is_empty(), "{lost:?}");
    }
}

/// Whoever wants nothing of what comes before room does not come to it.
#[test]
fn room_is_not_damage_to_who_reads_up_to_the_checkpoint() {
    let audit = scratch("signed").join("audit");
    let journal = options().open(&audit).unwrap();
    fill(&journal);
    let open = || JournalReader::open(&audit).unwrap();
    let later = SystemTime::now() + Duration::from_secs(3600);
    let readers = || {
        let [since, from] = [open().since(later), open().from(COUNT as u64)];
        [
            ("since", since.clone()),
            ("from", from.clone()),
            ("since, beyond", since.beyond_checkpoint()),
            ("from, beyond", from.beyond_checkpoint()),
        ]
    };
    // Nothing is signed, then everything.
    for _ in 0..2 {
        for (what, reader) in readers() {
            assert_eq!(read_of(&reader), (vec![], vec![]), "{what}");
        }
        assert_eq!(read_of(&open().until(later)).1, [""; 0]);
        journal.checkpoint().unwrap();
    }
    // Damage to the last record is told, and that alone.
    let path = &segments(&audit)[0];
    let mut bytes = fs::read(path).unwrap();
    let (len, _) = records_in(&bytes);
    bytes[len - 1] ^= 1;
    fs::write(path, bytes).unwrap();
    for reader in [open(), open().beyond_checkpoint()] {
        let (numbers, faults) = read_of(&reader);
        assert_eq!(numbers.len(), COUNT - 1);
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(
            faults[0].ends_with("record 999: wrong checksum"),
            "{faults:?}"
        );
    }
}
