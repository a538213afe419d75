//! What verifying finds, and what it says is right all the same.

mod common;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{entry, frame, scratch, segments};
use lokryn_journal::tile::Tile;
use lokryn_journal::{
    Checkpoint, Fault, Journal, OpenError, Options, Report, Signer, Verification, Verifier,
    salvage, verify,
};

struct Log {
    folder: PathBuf,
    signer: Signer,
}

impl Log {
    fn new(name: &str, count: usize, options: Options) -> Self {
        let folder = scratch(name).join("audit");
        let signer = Signer::generate("example.com/audit").unwrap();
        let log = Self { folder, signer };
        let journal = log.open(options);
        for number in 0..count {
            journal.append_unsynced(&entry(number)).unwrap();
            // Segments begin with commits.
            if number % 50 == 0 {
                journal.checkpoint().unwrap();
            }
        }
        journal.close().unwrap();
        log
    }

    fn open(&self, options: Options) -> Journal {
        options
            .signer(self.signer.clone())
            .open(&self.folder)
            .unwrap()
    }

    fn keys(&self) -> [Verifier; 1] {
        [self.signer.verifier().clone()]
    }

    fn verify(&self) -> Report {
        let report = verify(&self.folder, &self.keys()).unwrap();
        // The same on one thread.
        let keys = self.keys();
        let single = Verification::new(&self.folder, &keys)
            .threads(1)
            .run()
            .unwrap();
        assert_eq!(format!("{report:?}"), format!("{single:?}"));
        report
    }

    fn checkpoint(&self) -> Checkpoint {
        let text = fs::read_to_string(self.folder.join("checkpoint")).unwrap();
        text.parse().unwrap()
    }
}

fn faults(report: &Report) -> Vec<String> {
    report.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn a_journal_is_proved() {
    for count in [0, 1, 255, 256, 257, 1000] {
        let options = Journal::options().max_segment_len(20_000);
        let log = Log::new(&format!("proved_{count}"), count, options);
        let report = log.verify();
        assert!(report.is_ok(), "{count}: {:?}", faults(&report));
        assert_eq!((report.size, report.proved), (count as u64, count as u64));
    }
}

/// Every bit of a journal counts.
#[test]
fn every_flipped_bit_is_found() {
    let log = Log::new("bits", 3, Journal::options());
    let checkpoint_path = log.folder.join("checkpoint");
    let tile = log.folder.join(Tile::new(0, 0, 3).to_string());
    let mut flipped = 0;
    for path in [&segments(&log.folder)[0], &checkpoint_path, &tile] {
        let whole = fs::read(path).unwrap();
        for bit in 0..whole.len() * 8 {
            let mut bytes = whole.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            fs::write(path, &bytes).unwrap();
            let keys = log.keys();
            let report = Verification::new(&log.folder, &keys).threads(1).run();
            let is_found = report.as_ref().map_or(true, |report| !report.is_ok());
            assert!(is_found, "{}: bit {bit}", path.display());
            if *path == tile {
                assert_eq!(
                    faults(&report.unwrap()),
                    ["tile/0/000.p/3: missing or wrong"]
                );
                // Opening computes it again.
                let journal = log.open(Journal::options());
                assert_eq!(journal.opening().tiles_rebuilt, 1);
                drop(journal);
                assert!(log.verify().is_ok());
            } else if bit % 9 == 0 {
                let opened = Journal::options()
                    .signer(log.signer.clone())
                    .open(&log.folder);
                assert!(opened.is_err(), "{}: bit {bit}", path.display());
            }
            flipped += 1;
        }
        fs::write(path, &whole).unwrap();
        assert!(log.verify().is_ok());
    }
    assert!(flipped > 3000, "{flipped}");
}

/// In a journal of several rows and segments: a bit of each tenth byte.
#[test]
fn what_is_right_all_the_same_is_said() {
    let log = Log::new("rows", 700, Journal::options().max_segment_len(30_000));
    let segments = segments(&log.folder);
    assert!(segments.len() > 1);
    for path in &segments {
        let whole = fs::read(path).unwrap();
        for byte in (0..whole.len()).step_by(1499) {
            let mut bytes = whole.clone();
            bytes[byte] ^= 0x40;
            fs::write(path, &bytes).unwrap();
            let report = log.verify();
            assert!(!report.is_ok(), "{}: byte {byte}", path.display());
            assert!(
                report.proved >= 699,
                "{}: byte {byte}: {report:?}",
                path.display()
            );
        }
        fs::write(path, &whole).unwrap();
    }
    for tile in Tile::all(700) {
        let path = log.folder.join(tile.to_string());
        let whole = fs::read(&path).unwrap();
        for byte in (0..whole.len()).step_by(1009) {
            let mut bytes = whole.clone();
            bytes[byte] ^= 0x40;
            fs::write(&path, &bytes).unwrap();
            let report = log.verify();
            assert_eq!(faults(&report), [format!("{tile}: missing or wrong")]);
            assert_eq!(report.proved, 700);
        }
        fs::remove_file(&path).unwrap();
        assert_eq!(faults(&log.verify()), [format!("{tile}: missing or wrong")]);
        fs::write(&path, &whole).unwrap();
    }
    // Records and tiles at once, in other rows: the tiles above tell which is right.
    let (first, last) = (&segments[0], &segments[segments.len() - 1]);
    let tile = log.folder.join(Tile::new(0, 1, 256).to_string());
    for path in [first, last, &tile] {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    let report = log.verify();
    assert_eq!(report.faults.len(), 3, "{:?}", faults(&report));
    assert_eq!(report.proved, 698);
}

/// A record that was edited with its checksum, by somebody without the key.
#[test]
fn an_edit_is_named() {
    let log = Log::new("edit", 300, Journal::options());
    let path = &segments(&log.folder)[0];
    let whole = fs::read(path).unwrap();
    let forged = Log::new("edit_forged", 300, Journal::options());
    let other = fs::read(&segments(&forged.folder)[0]).unwrap();
    // Another journal's records have other times, and are right in themselves.
    fs::write(path, &other).unwrap();
    let report = log.verify();
    assert_eq!(report.faults.len(), 300);
    assert!(matches!(&report.faults[7], Fault::Changed { place } if place.sequence == 7));
    assert_eq!(report.proved, 0);

    // Records that were taken out, and put elsewhere.
    let frame = usize::from(whole[0]) + 1;
    fs::write(path, &whole[frame * 2..]).unwrap();
    let report = log.verify();
    assert_eq!(faults(&report), ["records 0 to 1 are missing"]);
    assert_eq!(report.proved, 298);
    let doubled = [&whole[..frame * 2], &whole[frame..]].concat();
    fs::write(path, doubled).unwrap();
    let report = log.verify();
    assert!(
        matches!(&report.faults[..], [Fault::OutOfPlace { found: 1, .. }]),
        "{report:?}"
    );
    fs::write(path, &whole[..whole.len() - frame * 3]).unwrap();
    assert!(!log.verify().is_ok());

    // Records and tiles of the other journal.
    fs::write(path, &other).unwrap();
    for tile in Tile::all(300) {
        let tile = tile.to_string();
        fs::copy(forged.folder.join(&tile), log.folder.join(&tile)).unwrap();
    }
    let report = log.verify();
    assert_eq!(
        faults(&report),
        ["the records are not those that were signed"]
    );
    assert_eq!(report.proved, 0);
}

#[test]
fn a_checkpoint_kept_elsewhere_shows_what_the_key_can_hide() {
    let log = Log::new("against", 10, Journal::options());
    let kept = log.checkpoint();
    let journal = log.open(Journal::options());
    for number in 0..300 {
        journal.append_unsynced(&entry(number)).unwrap();
    }
    journal.close().unwrap();
    let keys = log.keys();
    let against = |kept: &Checkpoint, folder: &Path| {
        let report = Verification::new(folder, &keys)
            .against(kept)
            .run()
            .unwrap();
        faults(&report)
    };
    assert_eq!(against(&kept, &log.folder), [""; 0]);
    assert_eq!(against(&log.checkpoint(), &log.folder), [""; 0]);

    // Another history under the same key.
    let forged = scratch("against_forged").join("audit");
    let options = Journal::options().signer(log.signer.clone());
    let journal = options.open(&forged).unwrap();
    for number in 0..100 {
        journal.append_unsynced(&entry(number)).unwrap();
    }
    journal.close().unwrap();
    assert_eq!(
        against(&kept, &forged),
        ["the first 10 records are not those of the checkpoint kept elsewhere"]
    );
    assert_eq!(
        against(&log.checkpoint(), &forged),
        ["the checkpoint kept elsewhere covers 310 records: the end was cut off"]
    );
    let stranger = Log::new("against_stranger", 1, Journal::options());
    assert_eq!(
        against(&stranger.checkpoint(), &log.folder),
        ["the checkpoint kept elsewhere: no signature of a known key"]
    );
    // Another key.
    let report = verify(&log.folder, &stranger.keys()).unwrap();
    assert_eq!(report.proved, 0);
    assert!(matches!(report.faults[..], [Fault::Signature { .. }]));
}

#[test]
fn older_segments_may_be_elsewhere() {
    let log = Log::new("retention", 0, Journal::options());
    let journal = log.open(Journal::options().max_segment_len(20_000));
    for number in 0..600 {
        journal.append(&entry(number)).unwrap();
    }
    journal.close().unwrap();
    let segments = segments(&log.folder);
    let first =
        |path: &Path| -> u64 { path.file_stem().unwrap().to_str().unwrap().parse().unwrap() };
    let archive = scratch("retention_archive");
    for path in &segments[..segments.len() - 1] {
        fs::rename(path, archive.join(path.file_name().unwrap())).unwrap();
        let from = first(&segments[segments.iter().position(|it| it == path).unwrap() + 1]);
        assert_eq!(faults(&log.verify()).len(), 1);
        let keys = log.keys();
        let report = Verification::new(&log.folder, &keys)
            .from(from)
            .run()
            .unwrap();
        assert_eq!(faults(&report), [""; 0], "{from}");
        assert_eq!((report.proved, report.from_tiles), (600 - from, from));
        // It goes on.
        let journal = log.open(Journal::options());
        assert_eq!(journal.opening().records, 600);
        journal.close().unwrap();
    }
    // And is verified together again.
    for path in &segments[..segments.len() - 1] {
        fs::rename(archive.join(path.file_name().unwrap()), path).unwrap();
    }
    assert!(log.verify().is_ok());
}

#[test]
fn verifying_goes_on_beside_a_writer() {
    let log = Log::new("beside", 1, Journal::options());
    let options = Journal::options().checkpoint_interval(Duration::from_millis(1));
    let journal = log.open(options.max_segment_len(100_000));
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            for number in 0..20_000 {
                journal.append_unsynced(&entry(number)).unwrap();
            }
        });
        let mut count = 0;
        while !writer.is_finished() {
            let report = verify(&log.folder, &log.keys()).unwrap();
            assert!(report.is_ok(), "{:?}", faults(&report));
            count += 1;
        }
        assert!(count > 0);
    });
}

#[test]
fn a_key_can_be_changed() {
    let log = Log::new("change_of_key", 5, Journal::options());
    let new = Signer::generate("example.com/audit").unwrap();
    let refused = Journal::options().signer(new.clone()).open(&log.folder);
    assert!(matches!(refused, Err(OpenError::OtherKey { .. })));
    let options = Journal::options().signer(new.clone());
    let journal = options
        .former_key(log.signer.verifier().clone())
        .open(&log.folder)
        .unwrap();
    journal.append(&entry(5)).unwrap();
    journal.close().unwrap();
    let report = verify(&log.folder, &[new.verifier().clone()]).unwrap();
    assert!(report.is_ok(), "{:?}", faults(&report));
    Journal::options().signer(new).open(&log.folder).unwrap();
}

/// More rows than are looked at hash by hash.
#[test]
fn a_long_journal_is_told_right_too() {
    let log = Log::new("long", 0, Journal::options());
    let second = 258_000;
    for (count, max_segment_len) in [(second, 1 << 30), (260_000 - second, 18_000_000)] {
        let journal = log.open(Journal::options().max_segment_len(max_segment_len));
        for _ in 0..count {
            journal.append_unsynced(&entry(0)).unwrap();
        }
        journal.close().unwrap();
    }
    let segments = segments(&log.folder);
    assert!(segments[1].ends_with(format!("{second:020}.binpb")));

    // Records that are gone do not count against those that are there.
    let elsewhere = log.folder.with_extension("first");
    fs::rename(&segments[0], &elsewhere).unwrap();
    let report = verify(&log.folder, &log.keys()).unwrap();
    let gone = format!("records 0 to {} are missing", second - 1);
    assert_eq!(faults(&report), [gone]);
    assert_eq!(report.proved, 260_000 - second);
    fs::rename(&elsewhere, &segments[0]).unwrap();

    // Without tiles, every record is right all the same.
    fs::remove_dir_all(log.folder.join("tile")).unwrap();
    let report = verify(&log.folder, &log.keys()).unwrap();
    assert_eq!(report.proved, 260_000);
    let tiles: HashSet<Tile> = Tile::all(260_000).collect();
    let missing = report.faults.len() as u64 + report.more_faults;
    assert_eq!(missing, tiles.len() as u64);
    let mut count = 0;
    let salvaged = salvage(&log.folder, &log.keys(), |_| count += 1).unwrap();
    assert_eq!((salvaged.records, count), (260_000, 260_000));

    // Opening computes them again from all segments, and those as of the last one's
    // beginning.
    let journal = log.open(Journal::options());
    let is_more = |tile: &Tile| !tiles.contains(tile) && !tiles.contains(&tile.full());
    let more = Tile::right_edge(second).filter(is_more).count();
    assert!(more > 0);
    assert_eq!(journal.opening().tiles_rebuilt, tiles.len() + more);
    journal.close().unwrap();
    assert!(verify(&log.folder, &log.keys()).unwrap().is_ok());
}

#[test]
fn numbers_of_any_size_are_out_of_place() {
    let log = Log::new("numbers", 300, Journal::options());
    let path = &segments(&log.folder)[0];
    let whole = fs::read(path).unwrap();
    for sequence in [300, u64::MAX - 256, u64::MAX - 255, u64::MAX - 1, u64::MAX] {
        let forged = frame(&entry(0), sequence, 0);
        // As many as make a row.
        fs::write(path, [forged.repeat(256), whole.clone()].concat()).unwrap();
        let report = log.verify();
        assert!(!report.is_ok(), "{sequence}");
        let salvaged = salvage(&log.folder, &log.keys(), |_| {}).unwrap();
        assert_eq!(salvaged.records, 300, "{sequence}");
    }
}
