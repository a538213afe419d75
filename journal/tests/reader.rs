//! Reading a journal: bounds, damage, and following a writer.

mod common;

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

use common::{entry, frame, read_of, scratch, segments};
use lokryn_journal::{Journal, JournalReader, Receipt};

fn journal(name: &str, count: usize) -> (PathBuf, Vec<Receipt>) {
    let folder = scratch(name).join("audit");
    let journal = Journal::options()
        .max_segment_len(1200)
        .open(&folder)
        .unwrap();
    let append = |number| journal.append(&entry(number)).unwrap();
    let receipts = (0..count).map(append).collect();
    journal.close().unwrap();
    (folder, receipts)
}

#[test]
fn bounds_are_kept() {
    let (folder, receipts) = journal("bounds", 100);
    let reader = JournalReader::open(&folder).unwrap();
    let all = || (0..100).collect::<Vec<u64>>();
    let none = Vec::<String>::new();
    assert_eq!(read_of(&reader), (all(), none.clone()));
    let from = reader.clone().from(42);
    assert_eq!(read_of(&from), (all()[42..].to_vec(), none.clone()));
    for at in [0, 1, 50, 99] {
        let time = receipts[at].recorded_at;
        let since = reader.clone().since(time);
        let first = receipts
            .iter()
            .position(|it| it.recorded_at == time)
            .unwrap();
        assert_eq!(read_of(&since), (all()[first..].to_vec(), none.clone()));
        let until = reader.clone().until(time);
        assert_eq!(read_of(&until), (all()[..first].to_vec(), none.clone()));
    }
    let later = receipts[99].recorded_at + Duration::from_secs(1);
    assert_eq!(read_of(&reader.clone().since(later)).0, [0; 0]);
    assert_eq!(read_of(&reader.from(100)), (vec![], none));
}

#[test]
fn a_reader_stops_at_the_checkpoint_unless_asked() {
    let folder = scratch("beyond").join("audit");
    let journal = Journal::options()
        .checkpoint_interval(Duration::from_secs(3600))
        .open(&folder)
        .unwrap();
    journal.append(&entry(0)).unwrap();
    journal.checkpoint().unwrap();
    journal.append(&entry(1)).unwrap();
    let reader = JournalReader::open(&folder).unwrap();
    assert_eq!(read_of(&reader).0, [0]);
    let beyond = reader.beyond_checkpoint();
    assert_eq!(read_of(&beyond).0, [0, 1]);
    // A record that is being written is no damage.
    let path = &segments(&folder)[0];
    let mut bytes = fs::read(path).unwrap();
    bytes.truncate(bytes.len() - 1);
    fs::write(path, bytes).unwrap();
    assert_eq!(read_of(&beyond), (vec![0], vec![]));
}

#[test]
fn damage_is_told_and_passed_over() {
    let (folder, _) = journal("damage", 30);
    let path = &segments(&folder)[0];
    let whole = fs::read(path).unwrap();
    let reader = JournalReader::open(&folder).unwrap();
    let frame = usize::from(whole[0]) + 1;
    let first = whole[0];

    // In a record, with its length right.
    let mut bytes = whole.clone();
    bytes[frame * 3 + 20] ^= 1;
    fs::write(path, &bytes).unwrap();
    let (numbers, errors) = read_of(&reader);
    let without = |gone: u64| (0..30).filter(|it| *it != gone).collect::<Vec<_>>();
    assert_eq!(numbers, without(3));
    assert_eq!(errors.len(), 1, "{errors:?}");
    let place = format!("byte {}, record 3: wrong checksum", frame * 3);
    assert!(errors[0].ends_with(&place), "{errors:?}");

    // In a length.
    for length in [0, first - 1, first + 1, 0xff] {
        let mut bytes = whole.clone();
        bytes[frame * 3] = length;
        fs::write(path, &bytes).unwrap();
        let (numbers, errors) = read_of(&reader);
        assert_eq!(numbers, (0..30).collect::<Vec<_>>(), "{length}");
        assert_eq!(errors.len(), 1, "{length}: {errors:?}");
        let place = format!("byte {}, record 3: damaged length", frame * 3);
        assert!(errors[0].ends_with(&place), "{errors:?}");
    }

    // A segment that is gone.
    fs::write(path, &whole).unwrap();
    let gone = &segments(&folder)[1];
    let kept = fs::read(gone).unwrap();
    fs::remove_file(gone).unwrap();
    let (numbers, errors) = read_of(&reader);
    assert!(numbers.len() < 30);
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert!(errors[0].ends_with("are missing"), "{errors:?}");
    fs::write(gone, kept).unwrap();

    // Those that were moved away are not missed, unless asked for.
    fs::remove_file(path).unwrap();
    let (numbers, errors) = read_of(&reader);
    assert_eq!(errors, [""; 0]);
    assert_eq!(numbers.last(), Some(&29));
}

#[test]
fn a_reader_follows_a_writer_through_segments() {
    let folder = scratch("follow").join("audit");
    let journal = Journal::options()
        .max_segment_len(1000)
        .checkpoint_interval(Duration::from_millis(10))
        .open(&folder)
        .unwrap();
    for beyond in [false, true] {
        let reader = JournalReader::open(&folder).unwrap();
        let reader = if beyond {
            reader.beyond_checkpoint()
        } else {
            reader
        };
        let mut records = reader.follow().unwrap();
        let first = if beyond { 60 } else { 0 };
        thread::scope(|scope| {
            let journal = &journal;
            scope.spawn(move || {
                for number in 0..60 {
                    journal.append(&entry(number)).unwrap();
                    if number % 20 == 0 {
                        thread::sleep(Duration::from_millis(150));
                    }
                }
            });
            for sequence in 0..first + 60 {
                let record = records.next_record().unwrap().unwrap();
                assert_eq!(record.sequence, sequence);
            }
        });
    }
}

#[test]
fn a_reader_that_follows_stops_at_its_checkpoint() {
    let folder = scratch("follow_checkpoint").join("audit");
    let journal = Journal::options()
        .max_segment_len(1000)
        .checkpoint_interval(Duration::from_secs(3600))
        .open(&folder)
        .unwrap();
    let append = |count| {
        for number in 0..count {
            journal.append(&entry(number)).unwrap();
        }
        journal.checkpoint().unwrap()
    };
    let first = append(3);
    let reader = JournalReader::open(&folder).unwrap().from(2);
    let mut records = reader.follow().unwrap();
    assert_eq!(records.next_record().unwrap().unwrap().sequence, 2);
    assert_eq!(records.checkpoint(), &first);
    // Rotation signs, too.
    let last = append(40);
    for sequence in 3..43 {
        assert_eq!(records.next_record().unwrap().unwrap().sequence, sequence);
        assert!(records.checkpoint().size() > sequence);
    }
    assert_eq!(records.checkpoint(), &last);
}

/// A journal of ten records, and what their segment consists of.
fn frames(name: &str) -> (PathBuf, Vec<Vec<u8>>) {
    let folder = scratch(name).join("audit");
    let journal = Journal::open(&folder).unwrap();
    for number in 0..10 {
        journal.append(&entry(number)).unwrap();
    }
    journal.close().unwrap();
    let bytes = fs::read(&segments(&folder)[0]).unwrap();
    let frame = usize::from(bytes[0]) + 1;
    (folder, bytes.chunks(frame).map(<[u8]>::to_vec).collect())
}

/// Records that are right in themselves, and not where they should be.
#[test]
fn nothing_is_passed_over_in_silence() {
    let (folder, frames) = frames("order");
    let path = segments(&folder)[0].clone();
    let reader = JournalReader::open(&folder).unwrap();
    let read_with = |frames: &[Vec<u8>]| {
        fs::write(&path, frames.concat()).unwrap();
        let (numbers, errors) = read_of(&reader);
        let words = |it: &String| it.split_once("record").unwrap().1.to_owned();
        let place = |it: &String| words(&it.replace("records/", ""));
        (numbers, errors.iter().map(place).collect::<Vec<_>>())
    };
    let all: Vec<u64> = (0..10).collect();
    let time = |at: usize| {
        let bytes = &frames[at][frames[at].len() - 14..][..8];
        u64::from_le_bytes(bytes.try_into().unwrap())
    };
    let with = |at: usize, extra: Vec<u8>| {
        let mut with = frames.clone();
        with.insert(at, extra);
        with
    };

    // Twice.
    let (numbers, errors) = read_with(&with(5, frames[3].clone()));
    assert_eq!(
        (numbers, &errors[..]),
        (all.clone(), &[" 5: record 3 in its place".into()][..])
    );
    // One that is damaged and none of them.
    let mut damaged = frames[3].clone();
    damaged[10] ^= 1;
    let (numbers, errors) = read_with(&with(5, damaged.clone()));
    assert_eq!(
        (numbers, &errors[..]),
        (all.clone(), &[" 5: wrong checksum".into()][..])
    );
    // Damaged ones in the place of others.
    let mut replaced = frames.clone();
    replaced[5] = damaged.clone();
    replaced[6] = damaged.clone();
    replaced.remove(7);
    let (numbers, errors) = read_with(&replaced);
    assert_eq!(numbers, [0, 1, 2, 3, 4, 8, 9]);
    let expected = [" 5: wrong checksum", " 6: wrong checksum", " 7 is missing"];
    assert_eq!(errors, expected);
    // The last one.
    let mut replaced = frames.clone();
    replaced[9] = damaged;
    let (numbers, errors) = read_with(&replaced);
    assert_eq!(
        (&numbers[..], &errors[..]),
        (&all[..9], &[" 9: wrong checksum".into()][..])
    );
    // A number of the future ends nothing in silence.
    for sequence in [10, 1 << 40, u64::MAX - 1] {
        let (numbers, errors) = read_with(&with(5, frame(&entry(0), sequence, time(5))));
        assert_eq!(
            (&numbers[..], &errors[..]),
            (&all[..5], &["s 5 to 9 are missing".into()][..])
        );
    }
    let (numbers, errors) = read_with(&with(5, frame(&entry(0), u64::MAX, time(5))));
    assert_eq!(
        (numbers, &errors[..]),
        (all.clone(), &[" 5: no record".into()][..])
    );
    let (numbers, errors) = read_with(&with(5, frame(&entry(0), 8, time(5))));
    assert_eq!(numbers, [0, 1, 2, 3, 4, 8, 9]);
    assert_eq!(errors[0], "s 5 to 7 are missing");
    assert!(errors[1].ends_with("record 5 in its place"), "{errors:?}");

    // Nor does an old one, for whoever reads from a time on.
    let since = SystemTime::UNIX_EPOCH + Duration::from_nanos(time(5));
    fs::write(&path, with(5, frame(&entry(0), 9, 1)).concat()).unwrap();
    let (numbers, errors) = read_of(&reader.clone().since(since));
    assert_eq!((numbers, errors), (all[5..].to_vec(), vec![]));
    fs::write(&path, with(5, frame(&entry(0), u64::MAX, 1)).concat()).unwrap();
    let beyond = reader.since(since).beyond_checkpoint();
    assert_eq!(read_of(&beyond).0, all[5..]);
}

/// Whoever follows is told of damage once, and then waits.
#[test]
fn a_reader_that_follows_waits_behind_damage() {
    for beyond in [false, true] {
        let (folder, frames) = frames("follow_damage");
        let path = segments(&folder)[0].clone();
        let file = File::options().write(true).open(path).unwrap();
        let last = frames[9].len() as u64;
        file.set_len(frames.concat().len() as u64 - last + 3)
            .unwrap();
        let mut reader = JournalReader::open(&folder).unwrap();
        if beyond {
            reader = reader.beyond_checkpoint();
        }
        let (told, heard) = mpsc::channel();
        thread::spawn(move || {
            let mut records = reader.follow().unwrap();
            while let Some(record) = records.next_record() {
                let record = record.map(|it| it.sequence).map_err(|it| it.to_string());
                if told.send(record).is_err() {
                    break;
                }
            }
        });
        let mut errors = Vec::new();
        let second = Duration::from_secs(1);
        while let Ok(record) = heard.recv_timeout(second) {
            errors.extend(record.err());
            assert!(errors.len() < 5, "{errors:?}");
        }
        if beyond {
            // The end that a writer is writing.
            assert_eq!(errors, [""; 0]);
        } else {
            assert_eq!(errors.len(), 2, "{errors:?}");
            assert!(
                errors[0].ends_with("record 9: damaged length"),
                "{errors:?}"
            );
            assert_eq!(errors[1], "record 9 is missing");
        }
    }
}
