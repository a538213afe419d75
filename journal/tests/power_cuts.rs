//! Power cuts, failing disks and full ones, and panics: nothing acknowledged is lost, nothing
//! is invented.
//!
//! `POWER_CUTS` in the environment sets how many lives are lived, 1,000 unless set.

mod common;
#[path = "common/disk.rs"]
mod disk;

use std::collections::BTreeMap;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use common::entry;
use disk::{Fault, Faulty, Random};
use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::LogReader;
use lokryn_journal::disk::Disk as _;
use lokryn_journal::{Checkpoint, Journal, Options, Record, Signer};

/// What a journal has promised, and what may be in it besides.
#[derive(Default)]
struct Promises {
    /// Entries that are on the disk, by their numbers.
    acknowledged: BTreeMap<u64, LogEntry>,
    /// All that were ever appended under a number.
    tried: BTreeMap<u64, Vec<LogEntry>>,
    /// Those that the next sync will put on the disk.
    unsynced: BTreeMap<u64, LogEntry>,
    /// Checkpoints that somebody keeps elsewhere.
    kept: Vec<Checkpoint>,
    written: usize,
}

#[test]
fn nothing_acknowledged_is_lost_and_nothing_invented() {
    let lives = lives();
    let mut count = BTreeMap::new();
    let mut acknowledged = 0;
    for seed in 0..lives / 5 {
        let mut random = Random(seed);
        let disk = Faulty::new(random.next());
        let signer = Signer::generate("example.com/audit").unwrap();
        let mut promises = Promises::default();
        for _ in 0..5 {
            let fault =
                [Fault::PowerCut, Fault::PowerCut, Fault::Error, Fault::Full][random.below(4)];
            *count.entry(format!("{fault:?}")).or_insert(0) += 1;
            let fuel = u32::try_from(random.below(400)).unwrap();
            disk.fail_after(Some(fuel), fault);
            let options = options(&disk, &signer, &mut random);
            live(options, &mut promises, &mut random);
            disk.fail_after(None, fault);
            if fault == Fault::PowerCut || random.one_in(2) {
                disk.power_on();
            }
            check(&disk, &signer, &mut promises, seed);
        }
        acknowledged += promises.acknowledged.len() as u64;
    }
    println!("{count:?}, {acknowledged} acknowledged");
    // Otherwise nothing could have been lost.
    assert!(acknowledged > lives * 10, "{acknowledged} acknowledged");
}

fn lives() -> u64 {
    std::env::var("POWER_CUTS").map_or(1000, |it| it.parse().unwrap())
}

fn options_of(disk: &Faulty, signer: &Signer) -> Options {
    Journal::options()
        .disk(Arc::new(disk.clone()))
        .signer(signer.clone())
        .checkpoint_copy("/keys/audit.checkpoint")
}

/// A disk, and a journal on it that signs only when it is asked to.
fn disk_of(seed: u32) -> (Faulty, Signer, Options) {
    let disk = Faulty::new(u64::from(seed));
    let signer = Signer::generate("example.com/audit").unwrap();
    let options = options_of(&disk, &signer).checkpoint_interval(Duration::from_secs(3600));
    (disk, signer, options)
}

fn options(disk: &Faulty, signer: &Signer, random: &mut Random) -> Options {
    options_of(disk, signer)
        .max_segment_len([1500, 6000, 1 << 20][random.below(3)])
        .checkpoint_every_commit(random.one_in(4))
        .checkpoint_interval(Duration::from_secs(3600))
}

/// Appends until something fails, or for a while.
fn live(options: Options, promises: &mut Promises, random: &mut Random) {
    let Ok(journal) = options.open("/audit") else {
        return;
    };
    for _ in 0..random.below(120) {
        promises.written += 1;
        let mut entry = entry(promises.written);
        // Some so long that there is room behind them.
        let most = [1500, 1500, 15_000][random.below(3)];
        entry.message = "m".repeat(random.below(most));
        let appended = match random.below(10) {
            0 => match journal.checkpoint() {
                Ok(checkpoint) => {
                    promises.settle();
                    promises.kept.push(checkpoint);
                    continue;
                }
                Err(_) => return,
            },
            1..4 => journal.append_unsynced(&entry).map(|it| (it, false)),
            _ => journal.append(&entry).map(|it| (it, true)),
        };
        // The number is not known if that fails; it is the one after the last.
        let last = promises.tried.keys().next_back().copied();
        let Ok((receipt, is_durable)) = appended else {
            for sequence in 0..=last.map_or(0, |it| it + 1) {
                let tried = promises.tried.entry(sequence).or_default();
                tried.push(entry.clone());
            }
            return;
        };
        let tried = promises.tried.entry(receipt.sequence).or_default();
        tried.push(entry.clone());
        promises.unsynced.insert(receipt.sequence, entry);
        if is_durable {
            promises.settle();
        }
    }
    if random.one_in(2)
        && let Ok(checkpoint) = journal.close()
    {
        promises.settle();
        promises.kept.push(checkpoint);
    }
}

impl Promises {
    fn settle(&mut self) {
        self.acknowledged.append(&mut self.unsynced);
    }
}

/// Opens the journal again, and compares what is in it.
fn check(disk: &Faulty, signer: &Signer, promises: &mut Promises, seed: u64) {
    promises.unsynced.clear();
    let options = options(disk, signer, &mut Random(1));
    // Nothing that a crash has left is refused.
    let journal = options.open("/audit");
    let journal = journal.unwrap_or_else(|err| panic!("seed {seed}: {err}"));
    let mut next = 0;
    for (path, bytes) in disk.files() {
        if path.parent() != Some(Path::new("/audit/records"))
            || !path.to_string_lossy().ends_with(".binpb")
        {
            continue;
        }
        let mut frames = LogReader::new(&bytes[..]);
        while let Some(frame) = frames.next_view() {
            let frame = frame.unwrap_or_else(|err| panic!("seed {seed}: {err}"));
            let record = Record::parse(frame.bytes).unwrap();
            assert_eq!(record.sequence, next, "seed {seed}");
            let entry = record.view.to_entry();
            let tried = promises
                .tried
                .get(&next)
                .is_some_and(|it| it.contains(&entry));
            assert!(tried, "seed {seed}: record {next} was invented");
            if let Some(acknowledged) = promises.acknowledged.get(&next) {
                assert_eq!(entry, *acknowledged, "seed {seed}: record {next}");
            }
            next += 1;
        }
    }
    let last = promises.acknowledged.keys().next_back();
    assert!(
        last.is_none_or(|last| *last < next),
        "seed {seed}: {last:?} is lost, there are {next}"
    );
    assert_eq!(journal.opening().records, next);
    // What is there now has been signed, so it stays.
    for kept in &promises.kept {
        let proof = journal.prove_consistency(kept);
        proof.unwrap_or_else(|err| panic!("seed {seed}: {err}"));
    }
    if next > 0 {
        journal.prove_inclusion(next - 1).unwrap();
    }
    assert_eq!(journal.checkpoint().unwrap().size(), next);
    let copy = disk.contents(Path::new("/keys/audit.checkpoint"));
    assert_eq!(
        copy,
        disk.contents(Path::new("/audit/checkpoint")),
        "seed {seed}"
    );
}

/// Several threads append, and some of them sign, until the power fails. What one batch
/// promises must not depend on the next, which is written while the first is woken.
#[test]
fn nothing_acknowledged_to_threads_is_lost() {
    let mut count = 0;
    for seed in 0..lives() / 10 {
        let mut random = Random(seed);
        let disk = Faulty::new(random.next());
        let signer = Signer::generate("example.com/audit").unwrap();
        let fault = [Fault::PowerCut, Fault::PowerCut, Fault::Error][random.below(3)];
        let options = options(&disk, &signer, &mut random);
        let journal = options.open("/audit").unwrap();
        let fuel = u32::try_from(random.below(600)).unwrap();
        disk.fail_after(Some(fuel), fault);
        let acknowledged: BTreeMap<u64, LogEntry> = thread::scope(|scope| {
            let append = |thread: usize| {
                let journal = &journal;
                scope.spawn(move || {
                    let mut acknowledged = Vec::new();
                    for number in 0..60 {
                        let entry = long_entry(thread * 1000 + number);
                        if number % 20 == thread && journal.checkpoint().is_err() {
                            break;
                        }
                        match journal.append(&entry) {
                            Ok(receipt) => acknowledged.push((receipt.sequence, entry)),
                            Err(_) => break,
                        }
                    }
                    acknowledged
                })
            };
            let threads: Vec<_> = (0..6).map(append).collect();
            let joined = threads.into_iter().flat_map(|it| it.join().unwrap());
            joined.collect()
        });
        drop(journal);
        disk.fail_after(None, fault);
        disk.power_on();
        count += acknowledged.len() as u64;
        let mut promises = Promises {
            tried: (0..360).map(|it| (it, all_of_threads())).collect(),
            acknowledged,
            ..Promises::default()
        };
        check(&disk, &signer, &mut promises, seed);
    }
    assert!(count > lives() * 2, "{count} acknowledged");
}

fn all_of_threads() -> Vec<LogEntry> {
    let numbers = (0..6).flat_map(|thread| (0..60).map(move |it| thread * 1000 + it));
    numbers.map(long_entry).collect()
}

/// So long that there is room behind a few of them.
fn long_entry(number: usize) -> LogEntry {
    LogEntry {
        message: "m".repeat(2000),
        ..entry(number)
    }
}

/// Whoever else asks for a checkpoint meanwhile: where every commit is signed, no entry is
/// acknowledged before the checkpoint that covers it is there.
#[test]
fn a_checkpoint_in_between_acknowledges_nothing_unsigned() {
    let disk = Faulty::new(0);
    let signer = Signer::generate("example.com/audit").unwrap();
    let options = options_of(&disk, &signer).checkpoint_every_commit(true);
    let journal = options.open("/audit").unwrap();
    let covered = || {
        let checkpoint = disk.contents(Path::new("/audit/checkpoint")).unwrap();
        let text = String::from_utf8(checkpoint).unwrap();
        text.parse::<Checkpoint>().unwrap().size()
    };
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_done.load(Ordering::SeqCst) {
                journal.checkpoint().unwrap();
                // Otherwise the others hardly ever get there.
                thread::sleep(Duration::from_millis(1));
            }
        });
        let append = |thread: usize| {
            let (journal, covered) = (&journal, &covered);
            scope.spawn(move || {
                let append = |number| {
                    let receipt = journal.append(&entry(thread * 1000 + number)).unwrap();
                    (receipt.sequence, covered())
                };
                (0..40)
                    .map(append)
                    .find(|(sequence, size)| sequence >= size)
            })
        };
        let threads: Vec<_> = (0..6).map(append).collect();
        let joined: Vec<_> = threads.into_iter().map(|it| it.join().unwrap()).collect();
        is_done.store(true, Ordering::SeqCst);
        let unsigned = joined.into_iter().flatten().next();
        assert_eq!(
            unsigned, None,
            "acknowledged, and not signed: record and size"
        );
    });
}

/// After an error nothing is tried again, whatever is asked for: neither the sync that
/// failed nor the new segment that would be due.
#[test]
fn nothing_is_tried_again_after_an_error() {
    for fuel in 0..150 {
        let (disk, signer, options) = disk_of(fuel);
        let options = options.max_segment_len(1500);
        let journal = options.open("/audit").unwrap();
        disk.fail_after(Some(fuel), Fault::Error);
        let mut promises = Promises::default();
        for number in 0.. {
            promises.tried.insert(number as u64, vec![entry(number)]);
            let Ok(receipt) = journal.append(&entry(number)) else {
                break;
            };
            promises
                .acknowledged
                .insert(receipt.sequence, entry(number));
        }
        let files = disk.files();
        assert!(journal.checkpoint().is_err(), "fuel {fuel}");
        assert!(journal.sync().is_err(), "fuel {fuel}");
        assert!(journal.append_unsynced(&entry(0)).is_err(), "fuel {fuel}");
        assert!(journal.close().is_err(), "fuel {fuel}");
        assert!(files == disk.files(), "fuel {fuel}: something was written");
        disk.power_on();
        check(&disk, &signer, &mut promises, u64::from(fuel));
    }
}

/// Where the disk is too full for room, what there is left is for records.
#[test]
fn a_disk_too_full_for_room_takes_records() {
    let mut went_on = 0;
    for fuel in 0..150 {
        let (disk, signer, options) = disk_of(fuel);
        let journal = options.open("/audit").unwrap();
        disk.fail_after(Some(fuel), Fault::Full);
        let mut promises = Promises::default();
        for number in 0..100 {
            let entry = long_entry(number);
            promises.tried.insert(number as u64, vec![entry.clone()]);
            let Ok(receipt) = journal.append(&entry) else {
                break;
            };
            promises.acknowledged.insert(receipt.sequence, entry);
        }
        let is_open = promises.acknowledged.len() == 100;
        assert_eq!(journal.close().is_ok(), is_open, "fuel {fuel}");
        went_on += u32::from(is_open);
        check(&disk, &signer, &mut promises, u64::from(fuel));
    }
    assert!(went_on > 0, "no room was made");
}

/// Whatever panics below a journal, nobody waits for ever, no number is left out, and
/// nothing is signed that is not on the disk.
#[test]
fn a_panic_closes_the_journal() {
    for fuel in 0..80 {
        let (disk, signer, options) = disk_of(fuel);
        let options = options
            .max_segment_len(1500)
            .checkpoint_interval(Duration::from_millis(u64::from(fuel % 2) * 3600));
        let journal = options.open("/audit").unwrap();
        disk.fail_after(Some(fuel), Fault::Panic);
        let append = |number| {
            let appended = || journal.append(&entry(number));
            panic::catch_unwind(AssertUnwindSafe(appended))
        };
        let mut promises = Promises::default();
        let mut is_closed = false;
        for number in 0..60 {
            promises.tried.insert(number as u64, vec![entry(number)]);
            if let Ok(Ok(receipt)) = append(number) {
                assert!(!is_closed, "fuel {fuel}: appended after a panic");
                assert_eq!(receipt.sequence, number as u64);
                promises
                    .acknowledged
                    .insert(receipt.sequence, entry(number));
            } else {
                is_closed = true;
            }
        }
        assert!(is_closed, "fuel {fuel}: no panic");
        assert!(journal.close().is_err(), "fuel {fuel}");
        disk.fail_after(None, Fault::Panic);
        check(&disk, &signer, &mut promises, u64::from(fuel));
    }
}

/// A panic while a segment is begun: whoever waits for the same batch is told, and so is
/// whoever comes later, without a checkpoint that would come by itself.
#[test]
fn a_panic_between_segments_tells_all_who_wait() {
    for fuel in 0..60 {
        let (disk, _, options) = disk_of(fuel);
        let options = options.max_segment_len(1500);
        let journal = options.open("/audit").unwrap();
        disk.fail_after(Some(fuel), Fault::Panic);
        let (told, heard) = mpsc::channel();
        for thread in 0..4 {
            let (journal, told) = (journal.clone(), told.clone());
            thread::spawn(move || {
                for number in 0..60 {
                    // Whose thread it is that panics goes on, too.
                    let append = || journal.append(&entry(thread * 1000 + number));
                    let appended = panic::catch_unwind(AssertUnwindSafe(append));
                    let is_closed = !matches!(appended, Ok(Ok(_)));
                    told.send(is_closed).unwrap();
                }
            });
        }
        let mut is_closed = false;
        for _ in 0..4 * 60 {
            let told = heard.recv_timeout(Duration::from_secs(20));
            is_closed |= told.unwrap_or_else(|_| panic!("fuel {fuel}: somebody waits for ever"));
        }
        assert!(is_closed, "fuel {fuel}: no panic");
        assert!(journal.close().is_err(), "fuel {fuel}");
    }
}

/// Whatever failed while tiles were written and was not tried again: once older segments
/// are elsewhere, nothing but the tiles tells of them.
#[test]
fn tiles_outlast_the_records_below_them() {
    // The first tiles of all, and the first full one.
    for signed in [0, 250] {
        for (fault, fuel) in faults(80) {
            let (disk, _, options) = disk_of(fuel);
            fill(&options, signed).unwrap();
            disk.fail_after(Some(fuel), fault);
            let _ = panic::catch_unwind(AssertUnwindSafe(|| fill(&options, 10)));
            disk.fail_after(None, fault);
            let what = format!("{signed} records, {fault:?}, fuel {fuel}");
            prove_without_records(&disk, options, &what);
        }
    }
}

/// Appends and signs so many entries, if nothing fails.
fn fill(options: &Options, count: usize) -> Option<()> {
    let journal = options.clone().open("/audit").ok()?;
    for number in 0..count {
        journal.append_unsynced(&entry(number)).ok()?;
    }
    journal.close().ok().map(drop)
}

/// So do those that opening computes again.
#[test]
fn tiles_that_are_rebuilt_outlast_the_records_below_them() {
    for (fault, fuel) in faults(60) {
        let (disk, _, options) = disk_of(fuel);
        fill(&options, 300).unwrap();
        for gone in ["/audit/tile/0/000", "/audit/tile/1"] {
            disk.remove_folder(Path::new(gone)).unwrap();
            disk.sync_folder(Path::new(gone).parent().unwrap()).unwrap();
        }
        disk.fail_after(Some(fuel), fault);
        let open = || options.clone().open("/audit").map(drop);
        let _ = panic::catch_unwind(AssertUnwindSafe(open));
        disk.fail_after(None, fault);
        prove_without_records(&disk, options, &format!("{fault:?}, fuel {fuel}"));
    }
}

/// So do those that the last segment goes on from: what is signed later may be on the disk
/// only in part.
#[test]
fn rebuilt_tiles_outlast_the_growth_of_the_last_segment() {
    for (fault, fuel) in faults(100) {
        let (disk, _, options) = disk_of(fuel);
        for _ in 0..3 {
            fill(&options.clone().max_segment_len(1500), 150).unwrap();
        }
        disk.remove_folder(Path::new("/audit/tile")).unwrap();
        disk.sync_folder(Path::new("/audit")).unwrap();
        disk.fail_after(Some(fuel), fault);
        let open = || options.clone().open("/audit").map(drop);
        let _ = panic::catch_unwind(AssertUnwindSafe(open));
        disk.fail_after(None, fault);
        fill(&options, 5).unwrap();
        move_all_but_the_last(&disk);
        disk.forget_unsynced();
        disk.power_on();
        let journal = options.open("/audit");
        let what = format!("{fault:?}, fuel {fuel}");
        let journal = journal.unwrap_or_else(|err| panic!("{what}: {err}"));
        assert_eq!(journal.opening().records, 455, "{what}");
    }
}

/// What goes wrong, as an error or in a program that is killed, and when.
fn faults(count: u32) -> impl Iterator<Item = (Fault, u32)> {
    let faults = [Fault::Error, Fault::Panic].into_iter();
    faults.flat_map(move |fault| (0..count).map(move |fuel| (fault, fuel)))
}

/// Lets a journal grow, moves all segments but the last elsewhere, and proves records of
/// all of them after a power cut.
#[track_caller]
fn prove_without_records(disk: &Faulty, options: Options, what: &str) {
    let options = options.max_segment_len(1500);
    let journal = options.clone().open("/audit").unwrap();
    for number in 0..60 {
        journal.append(&entry(number)).unwrap();
    }
    let size = journal.close().unwrap().size();
    move_all_but_the_last(disk);
    disk.power_on();
    let journal = options.open("/audit");
    let journal = journal.unwrap_or_else(|err| panic!("{what}: {err}"));
    assert_eq!(journal.opening().records, size, "{what}");
    for sequence in (0..size).step_by(11) {
        let proof = journal.prove_inclusion(sequence);
        proof.unwrap_or_else(|err| panic!("{what}, record {sequence}: {err}"));
    }
}

/// Moves all segments but the last elsewhere.
#[track_caller]
fn move_all_but_the_last(disk: &Faulty) {
    let mut segments = disk.files();
    segments.retain(|(path, _)| path.starts_with("/audit/records"));
    segments.pop();
    assert!(segments.len() > 1);
    for (path, _) in &segments {
        disk.remove_folder(path).unwrap();
    }
    disk.sync_folder(Path::new("/audit/records")).unwrap();
}
