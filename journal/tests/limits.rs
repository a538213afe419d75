//! What reading takes in memory: a bounded amount for hostile input, and no more for a
//! long journal than for a short one.

mod common;

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use common::{entry, frame, scratch, segments};
use lokryn_journal::note::Note;
use lokryn_journal::tile::{Tile, TileFolder};
use lokryn_journal::tree::{EMPTY_ROOT, Hashes as _};
use lokryn_journal::{
    Checkpoint, ConsistencyProof, InclusionProof, Journal, JournalReader, RecordsError, Signer,
    Verification, Verifier, export, salvage,
};

const MEGABYTE: usize = 1_000_000;
/// What reading a journal takes on one thread: a few buffers, each with room for a piece of
/// a megabyte and a record of 4 MiB, and what is found in them.
const READING: usize = 48 * MEGABYTE;

/// The most bytes that were allocated at a time on this thread while `read` ran.
fn peak<T>(read: impl FnOnce() -> T) -> (usize, T) {
    let mut done = None;
    let peak = allocation_counter::measure(|| done = Some(read())).bytes_max;
    (usize::try_from(peak).unwrap(), done.unwrap())
}

#[track_caller]
fn assert_peak<T>(what: &str, limit: usize, read: impl FnOnce() -> T) -> T {
    let (peak, done) = peak(read);
    assert!(peak <= limit, "{what}: {peak} bytes, {limit} allowed");
    done
}

/// Reads a journal, and says whether all of it was read and right.
type Read<'a> = Box<dyn FnOnce() -> bool + 'a>;

struct Log {
    folder: PathBuf,
    signer: Signer,
}

impl Log {
    /// A journal of so many records, in segments of half a megabyte.
    fn new(name: &str, count: usize) -> Self {
        let folder = scratch(name).join("audit");
        let signer = Signer::generate("example.com/audit").unwrap();
        let log = Self { folder, signer };
        log.append(count);
        log
    }

    fn append(&self, count: usize) {
        let journal = Journal::options()
            .signer(self.signer.clone())
            .max_segment_len(500_000)
            .open(&self.folder)
            .unwrap();
        for number in 0..count {
            journal.append_unsynced(&entry(number)).unwrap();
        }
        journal.close().unwrap();
    }

    fn known(&self) -> [Verifier; 1] {
        [self.signer.verifier().clone()]
    }

    /// Everything that reads a journal, on one thread.
    fn readers(&self) -> Vec<(&'static str, Read<'_>)> {
        let folder = &self.folder;
        let reader = move || JournalReader::open(folder).unwrap();
        let yesterday = SystemTime::now() - Duration::from_secs(24 * 3600);
        let read = |reader: JournalReader| {
            let mut left = reader.checkpoint().size();
            let mut records = reader.records().unwrap();
            let mut is_right = true;
            while let Some(record) = records.next_record() {
                is_right &= record.is_ok();
                left = left.saturating_sub(1);
            }
            is_right && left == 0
        };
        let select = move |keep: bool| {
            let mut left = if keep {
                reader().checkpoint().size()
            } else {
                0
            };
            let mut is_right = true;
            let selected = reader().select(
                1,
                |_| keep,
                |record| {
                    is_right &= record.is_ok();
                    left = left.saturating_sub(1);
                    Ok::<(), RecordsError>(())
                },
            );
            selected.is_ok() && is_right && left == 0
        };
        let verify = move |from: u64| {
            let known = self.known();
            let verification = Verification::new(folder, &known).threads(1).from(from);
            verification.run().is_ok_and(|report| report.is_ok())
        };
        vec![
            ("records", Box::new(move || read(reader()))),
            ("since", Box::new(move || read(reader().since(yesterday)))),
            (
                "beyond",
                Box::new(move || read(reader().beyond_checkpoint())),
            ),
            ("select all", Box::new(move || select(true))),
            ("select none", Box::new(move || select(false))),
            ("verify", Box::new(move || verify(0))),
            ("verify from", Box::new(move || verify(u64::MAX))),
            (
                "salvage",
                Box::new(move || {
                    let salvaged = salvage(folder, &self.known(), |_| {});
                    salvaged.is_ok_and(|it| it.records == it.size)
                }),
            ),
            (
                "export",
                Box::new(move || {
                    let to = folder.with_extension("exported");
                    let _ = fs::remove_dir_all(&to);
                    export(folder, to).is_ok()
                }),
            ),
            (
                "prove",
                Box::new(move || {
                    let checkpoint = reader().checkpoint().clone();
                    let tiles = TileFolder::new(folder, checkpoint.size());
                    InclusionProof::new(checkpoint.clone(), 7, &tiles).is_ok()
                        && ConsistencyProof::new(checkpoint, 77, &tiles).is_ok()
                }),
            ),
            (
                "open",
                Box::new(move || {
                    let options = Journal::options().signer(self.signer.clone());
                    options.open(folder).is_ok()
                }),
            ),
        ]
    }
}

/// Repeats bytes up to a number of them.
fn repeated(bytes: &[u8], len: usize) -> Vec<u8> {
    bytes.repeat(len / bytes.len())
}

#[test]
fn a_hostile_segment_takes_a_bounded_amount() {
    let log = Log::new("segment", 300);
    let path = segments(&log.folder)[0].clone();
    let whole = fs::read(&path).unwrap();
    let largest = 4 * 1024 * 1024;
    let trailer = b"\xa0\x06\x01\xa9\x06\0\0\0\0\0\0\0\0\xb5\x06\0\0\0\0";
    let mut longest = vec![b'x'; largest];
    let end = longest.len() - trailer.len();
    longest[end..].copy_from_slice(trailer);
    for (what, bytes) in [
        ("a claim of 4 MiB", b"\x80\x80\x80\x02abc".to_vec()),
        ("a claim of more", b"\x81\x80\x80\x02abc".to_vec()),
        (
            "a claim of 2^64",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01".to_vec(),
        ),
        ("a length without end", vec![0xff; MEGABYTE]),
        ("zeros", vec![0; MEGABYTE]),
        ("claims of 4 MiB", repeated(b"\x80\x80\x80\x02", MEGABYTE)),
        (
            "records of 4 MiB",
            repeated(&[b"\x80\x80\x80\x02", &longest[..]].concat(), 3 * largest),
        ),
        ("records of a byte", repeated(b"\x01x", 5 * MEGABYTE)),
        ("the ends of records", repeated(trailer, 10_000)),
        (
            "ends with a length",
            repeated(&[b"\x13", &trailer[..]].concat(), 10_000),
        ),
        ("one number", repeated(&frame(&entry(0), 7, 1), MEGABYTE)),
        ("a number near 2^64", frame(&entry(0), u64::MAX - 255, 1)),
        ("the last number", frame(&entry(0), u64::MAX, 1)),
    ] {
        for before in [&whole[..], &[]] {
            fs::write(&path, [before, &bytes].concat()).unwrap();
            for (reader, read) in log.readers() {
                assert_peak(&format!("{what}, {reader}"), READING, read);
            }
        }
    }
    // A folder, or a pipe, in place of a segment, is an error and no wait without end.
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    let reader = JournalReader::open(&log.folder).unwrap();
    let mut records = reader.records().unwrap();
    let err = records.next_record();
    let err = err.unwrap().unwrap_err().to_string();
    assert!(err.ends_with("not a file"), "{err}");
}

/// Signed, so that nothing but time and memory would keep readers from believing it.
#[test]
fn a_checkpoint_that_claims_too_much_takes_no_time() {
    let log = Log::new("checkpoint", 300);
    for size in [301, 1 << 20, 1 << 62, u64::MAX] {
        let checkpoint = Checkpoint::sign(size, EMPTY_ROOT, &log.signer).unwrap();
        fs::write(log.folder.join("checkpoint"), checkpoint.to_string()).unwrap();
        for (reader, read) in log.readers() {
            assert_peak(&format!("{size} records, {reader}"), READING, read);
        }
        let report = Verification::new(&log.folder, &log.known()).run().unwrap();
        assert!(!report.is_ok());
        let told: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
        let missing = |it: &String| it.starts_with("record") && it.contains("missing");
        assert!(told.iter().any(missing), "{told:?}");
    }
}

#[test]
fn files_beside_the_records_are_read_as_far_as_they_can_go() {
    let log = Log::new("files", 300);
    let sparse = |path: &Path| {
        let file = File::options()
            .create(true)
            .append(true)
            .open(path)
            .unwrap();
        file.set_len(1 << 34).unwrap();
    };
    let tile = Tile::new(0, 0, 256);
    sparse(&log.folder.join(tile.to_string()));
    assert_peak("a tile of 16 GiB", 100_000, || {
        assert!(TileFolder::new(&log.folder, 300).node(0, 7).is_err());
    });
    sparse(&log.folder.join("checkpoint"));
    for (reader, read) in [
        (
            "reader",
            Box::new(|| JournalReader::open(&log.folder).is_ok()) as Read<'_>,
        ),
        (
            "open",
            Box::new(|| {
                let options = Journal::options().signer(log.signer.clone());
                options.open(&log.folder).is_ok()
            }),
        ),
    ] {
        let what = format!("a checkpoint of 16 GiB, {reader}");
        assert!(!assert_peak(&what, 4 * MEGABYTE, read), "{what}");
    }
    let key = scratch("key").join("key");
    sparse(&key);
    assert_peak("a key of 16 GiB", 20_000, || {
        assert!(Signer::read(&key).is_err());
        assert!(Verifier::read(&key).is_err());
    });
}

#[test]
fn a_text_takes_a_small_multiple() {
    let log = Log::new("text", 1);
    let checkpoint = fs::read_to_string(log.folder.join("checkpoint")).unwrap();
    let (text, signature) = checkpoint.split_once("\n\n").unwrap();
    let hash = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n";
    let million = |line: &str| line.repeat(MEGABYTE);
    for (what, text) in [
        (
            "a million signatures",
            format!("{text}\n\n{}", million(signature)),
        ),
        (
            "short signatures",
            format!("{text}\n\n{}", million("— a YWJjZGU=\n")),
        ),
        (
            "a million lines",
            format!("{text}\n{}\n{signature}", million("x\n")),
        ),
        ("empty lines", million("\n")),
        (
            "a long origin",
            format!("{}\n1\n{hash}\n{signature}", million("o")),
        ),
        (
            "a long number",
            format!("o\n{}\n{hash}\n{signature}", million("1")),
        ),
        (
            "a long hash",
            format!("o\n1\n{}\n\n{signature}", million("A")),
        ),
        (
            "a million hashes",
            format!("old 1\n{}\n{checkpoint}", million(hash)),
        ),
        (
            "a million hashes of a proof",
            format!(
                "c2sp.org/tlog-proof@v1\nindex 0\n{}\n{checkpoint}",
                million(hash)
            ),
        ),
        (
            "much beside a proof",
            format!(
                "c2sp.org/tlog-proof@v1\nextra {}\nindex 0\n\n{checkpoint}",
                million("AAAA")
            ),
        ),
        ("a long key", format!("name+00000000+{}", million("AAAA"))),
        (
            "a long private key",
            format!("PRIVATE+KEY+name+00000000+{}", million("AAAA")),
        ),
        ("many parts of a key", million("+")),
    ] {
        // Extra data of a proof is kept, and what base64 stands for is three quarters.
        let limit = 2 * text.len() + 100_000;
        assert_peak(&format!("{what}, note"), limit, || {
            drop(text.parse::<Note>());
        });
        assert_peak(&format!("{what}, checkpoint"), limit, || {
            drop(text.parse::<Checkpoint>());
        });
        assert_peak(&format!("{what}, proof"), limit, || {
            drop(text.parse::<InclusionProof>());
        });
        assert_peak(&format!("{what}, growth"), limit, || {
            drop(text.parse::<ConsistencyProof>());
        });
        assert_peak(&format!("{what}, key"), limit, || {
            drop(text.parse::<Verifier>());
        });
        assert_peak(&format!("{what}, private key"), limit, || {
            drop(text.parse::<Signer>());
        });
    }
}

/// Ten times as many records take no more memory: to append, to open and to read.
#[test]
fn a_long_journal_takes_no_more_than_a_short_one() {
    let (short, long) = (Log::new("short", 15_000), Log::new("long", 150_000));
    // How full the last segment and the last piece happen to be. The leaves alone of the
    // long one are 4.8 megabytes.
    let more = MEGABYTE;
    let (appended, ()) = peak(|| short.append(1000));
    assert_peak("append", appended + more, || long.append(1000));
    for ((reader, short), (_, long)) in short.readers().into_iter().zip(long.readers()) {
        // Salvage has threads of its own, which take from and give to this one.
        let threads = if reader == "salvage" { READING / 2 } else { 0 };
        let (taken, is_right) = peak(short);
        let limit = taken.max(threads) + more;
        assert!(is_right && limit < READING, "{reader}: {limit} bytes");
        assert!(assert_peak(reader, limit, long), "{reader}");
    }

    // Nor does damage: the tiles gone, and then a bit of each record. Of a thousand rows of
    // 256 records is kept what was read; the short one has some sixty.
    let suspects = READING;
    for log in [&short, &long] {
        fs::remove_dir_all(log.folder.join("tile")).unwrap();
    }
    for ((reader, short), (_, long)) in short.readers().into_iter().zip(long.readers()) {
        let limit = peak(short).0 + suspects;
        assert_peak(&format!("{reader} without tiles"), limit, long);
    }
    for log in [&short, &long] {
        for path in segments(&log.folder) {
            let mut bytes = fs::read(&path).unwrap();
            bytes
                .iter_mut()
                .skip(20)
                .step_by(110)
                .for_each(|it| *it ^= 1);
            File::create(&path).unwrap().write_all(&bytes).unwrap();
        }
    }
    for ((reader, short), (_, long)) in short.readers().into_iter().zip(long.readers()) {
        let limit = peak(short).0 + suspects;
        assert_peak(&format!("{reader} of damaged records"), limit, long);
    }
}
