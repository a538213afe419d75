//! What a journal costs, beside what it cannot do without and what one would take
//! instead, in one run.
//!
//!     cargo run --release --manifest-path journal/benches/Cargo.toml [FOLDER]
//!
//! The folder is where the files are made; on a memory file system syncs cost nothing.

use std::cell::Cell;
use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Barrier, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity, stream};
use lokryn_journal::tree::{Tree, leaf_hash};
use lokryn_journal::{Journal, JournalReader, Verification};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const ROUNDS: usize = 5;
const THREADS: usize = 64;

fn main() -> Result {
    let folder = std::env::args()
        .nth(1)
        .map_or_else(std::env::temp_dir, PathBuf::from);
    let folder = folder.join(format!("journal-benches-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let done = run(&folder);
    fs::remove_dir_all(&folder)?;
    done
}

fn run(folder: &Path) -> Result {
    println!(
        "median of {ROUNDS} rounds, the sides in turn; ratios above 1 are in the journal's favour\n"
    );
    one_thread(folder)?;
    many_threads(folder)?;
    unsynced(folder)?;
    verify_and_filter(folder)
}

fn entry(number: usize) -> LogEntry {
    let entry = LogEntry::builder()
        .event_type(EventType::ALL[number % EventType::ALL.len()])
        .outcome(Outcome::ALL[number % Outcome::ALL.len()])
        .actor_id(format!("user-{}", number % 1000))
        .component("api-gateway")
        .environment("production")
        .resource(format!("api/v1/accounts/{number}/statements"))
        .sensitivity(Sensitivity::Confidential)
        .message("Statement of the account was read")
        .policy_tags(["SOC2", "PCI-DSS"]);
    entry
        .payload(format!(r#"{{"bytes":{number},"source_address":"203.0.113.7"}}"#).into_bytes())
        .build()
}

/// The medians of what each side takes, run in turn.
fn medians<const N: usize>(
    mut sides: [&mut dyn FnMut() -> Result<Duration>; N],
) -> Result<[f64; N]> {
    let mut times = [const { Vec::new() }; N];
    for _ in 0..ROUNDS {
        for (side, times) in sides.iter_mut().zip(&mut times) {
            times.push(side()?.as_secs_f64());
        }
    }
    Ok(times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    }))
}

/// A new folder in which nothing is.
fn fresh(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("fresh");
    if path.exists() {
        fs::remove_dir_all(&path)?;
    }
    fs::create_dir(&path)?;
    Ok(path)
}

fn sqlite(folder: &Path) -> Result<rusqlite::Connection> {
    let database = rusqlite::Connection::open(folder.join("audit.db"))?;
    database.pragma_update(None, "journal_mode", "WAL")?;
    database.pragma_update(None, "synchronous", "FULL")?;
    database.execute(
        "CREATE TABLE IF NOT EXISTS audit (sequence INTEGER PRIMARY KEY, entry BLOB)",
        (),
    )?;
    database.busy_timeout(Duration::from_mins(1))?;
    Ok(database)
}

fn one_thread(folder: &Path) -> Result {
    const COUNT: usize = 2000;
    let entries: Vec<LogEntry> = (0..COUNT).map(entry).collect();
    let mut bare = || {
        let path = fresh(folder)?;
        let mut file = File::create(path.join("bare"))?;
        let start = Instant::now();
        for entry in &entries {
            file.write_all(&entry.to_bytes())?;
            file.sync_data()?;
        }
        Ok(start.elapsed())
    };
    let mut journal = || {
        let journal = Journal::open(fresh(folder)?.join("audit"))?;
        let start = Instant::now();
        for entry in &entries {
            journal.append(entry)?;
        }
        let taken = start.elapsed();
        journal.close()?;
        Ok(taken)
    };
    let mut database = || {
        let database = sqlite(&fresh(folder)?)?;
        let start = Instant::now();
        for entry in &entries {
            database.execute("INSERT INTO audit (entry) VALUES (?)", [entry.to_bytes()])?;
        }
        Ok(start.elapsed())
    };
    let [bare, journal, database] = medians([&mut bare, &mut journal, &mut database])?;
    let each = |time: f64| time / COUNT as f64 * 1e6;
    println!("durable append, one thread        {:8.1} µs", each(journal));
    println!(
        "  beside write and fdatasync      {:8.1} µs  ratio {:.2} (limit 0.8)",
        each(bare),
        bare / journal
    );
    println!(
        "  beside SQLite, WAL and FULL     {:8.1} µs  ratio {:.2}\n",
        each(database),
        database / journal
    );
    Ok(())
}

/// What the threads cost that wait for each other so many times, and do nothing else.
fn wake_threads(count: usize) -> Duration {
    let rounds: Vec<OnceLock<()>> = (0..count).map(|_| OnceLock::new()).collect();
    let left = AtomicUsize::new(THREADS);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for round in &rounds {
                    // The last to come wakes all others.
                    if left.fetch_sub(1, Ordering::SeqCst) == 1 {
                        left.store(THREADS, Ordering::SeqCst);
                        let _ = round.set(());
                    } else {
                        round.wait();
                    }
                }
            });
        }
    });
    start.elapsed()
}

fn many_threads(folder: &Path) -> Result {
    const EACH: usize = 200;
    let entries: Vec<LogEntry> = (0..EACH).map(entry).collect();
    // How many the journal made of them last.
    let commits = Cell::new(0);
    let mut journal = || {
        let folder = fresh(folder)?.join("audit");
        let journal = Journal::open(&folder)?;
        let barrier = Barrier::new(THREADS + 1);
        let taken = thread::scope(|scope| {
            for _ in 0..THREADS {
                let (journal, barrier, entries) = (journal.clone(), &barrier, &entries);
                scope.spawn(move || {
                    barrier.wait();
                    for entry in entries {
                        journal.append(entry).expect("appended");
                    }
                    barrier.wait();
                });
            }
            barrier.wait();
            let start = Instant::now();
            barrier.wait();
            start.elapsed()
        });
        commits.set(usize::try_from(journal.commits())?.max(1));
        journal.close()?;
        Ok(taken)
    };
    // The same batches, bare.
    let mut bare = || {
        let batch = THREADS * EACH / commits.get();
        let bytes: Vec<u8> = (0..batch).flat_map(|n| entry(n).to_bytes()).collect();
        let mut file = File::create(fresh(folder)?.join("bare"))?;
        let start = Instant::now();
        for _ in 0..commits.get() {
            file.write_all(&bytes)?;
            file.sync_data()?;
        }
        Ok(start.elapsed())
    };
    let mut database = || {
        const EACH: usize = 20;
        let folder = fresh(folder)?;
        sqlite(&folder)?;
        let start = Instant::now();
        thread::scope(|scope| {
            for _ in 0..THREADS {
                let (folder, entries) = (&folder, &entries);
                scope.spawn(move || {
                    let database = sqlite(folder).expect("opened");
                    for entry in &entries[..EACH] {
                        let insert = "INSERT INTO audit (entry) VALUES (?)";
                        database
                            .execute(insert, [entry.to_bytes()])
                            .expect("inserted");
                    }
                });
            }
        });
        Ok(start.elapsed() * u32::try_from(entries.len() / EACH)?)
    };
    let [journal, bare, woken, database] = medians([
        &mut journal,
        &mut bare,
        &mut || Ok(wake_threads(EACH)),
        &mut database,
    ])?;
    let batch = THREADS * EACH / commits.get();
    let rate = |time: f64| (THREADS * EACH) as f64 / time;
    println!(
        "durable append, {THREADS} threads       {:8.0} /s, {batch} to a commit",
        rate(journal)
    );
    println!(
        "  beside the same batches, bare   {:8.0} /s  ratio {:.2} (limit 0.55)",
        rate(bare),
        bare / journal
    );
    println!(
        "  beside waking the threads       {:8.0} /s  ratio {:.2}",
        rate(woken),
        woken / journal
    );
    println!(
        "  beside SQLite, WAL and FULL     {:8.0} /s  ratio {:.1} (limit 15)\n",
        rate(database),
        database / journal
    );
    Ok(())
}

fn unsynced(folder: &Path) -> Result {
    const COUNT: usize = 300_000;
    let entries: Vec<LogEntry> = (0..COUNT).map(entry).collect();
    // Entries and what a record adds.
    let leaves: Vec<Vec<u8>> = entries
        .iter()
        .map(|entry| [&entry.to_bytes()[..], &[0; 21]].concat())
        .collect();
    let mut hashes = || Ok(hash(leaves.iter().map(Vec::as_slice)));
    let mut journal = || {
        let journal = Journal::open(fresh(folder)?.join("audit"))?;
        let start = Instant::now();
        for entry in &entries {
            journal.append_unsynced(entry)?;
        }
        let taken = start.elapsed();
        journal.close()?;
        Ok(taken)
    };
    let [hashes, journal] = medians([&mut hashes, &mut journal])?;
    println!(
        "unsynced append, one thread       {:8.0} ns",
        journal / COUNT as f64 * 1e9
    );
    println!(
        "  beside SHA-256 of the tree      {:8.0} ns  times {:.2} (limit 3)\n",
        hashes / COUNT as f64 * 1e9,
        journal / hashes
    );
    Ok(())
}

/// The time that the hashes of leaves and nodes take.
fn hash<'a>(leaves: impl Iterator<Item = &'a [u8]>) -> Duration {
    let start = Instant::now();
    let mut tree = Tree::new();
    for leaf in leaves {
        tree.push(leaf_hash(leaf));
    }
    black_box(tree.root());
    start.elapsed()
}

fn verify_and_filter(folder: &Path) -> Result {
    const COUNT: usize = 1_000_000;
    let audit = fresh(folder)?.join("audit");
    let journal = Journal::options().max_segment_len(1 << 40).open(&audit)?;
    for number in 0..COUNT {
        journal.append_unsynced(&entry(number))?;
    }
    let keys = [journal.verifier().clone()];
    journal.close()?;
    let segment = fs::read(audit.join("records/00000000000000000000.binpb"))?;
    let leaves: Vec<&[u8]> = stream::views(&segment)
        .map(|frame| frame.map(|frame| frame.bytes))
        .collect::<std::result::Result<_, _>>()?;
    let mut hashes = || Ok(hash(leaves.iter().copied()));
    let verify = |threads| {
        let start = Instant::now();
        let report = Verification::new(&audit, &keys).threads(threads).run()?;
        if !report.is_ok() || report.proved != COUNT as u64 {
            return Err("not verified".into());
        }
        Ok(start.elapsed())
    };
    let cores = thread::available_parallelism()?.get();
    let (mut one, mut all) = (|| verify(1), || verify(cores));
    let [hashes, one, all] = medians([&mut hashes, &mut one, &mut all])?;
    println!(
        "verify, a million records         {:8.0} ms on one core, {:.0} on {cores}",
        one * 1e3,
        all * 1e3
    );
    println!(
        "  beside SHA-256 of the tree      {:8.0} ms  times {:.2} (limit 1.5)\n",
        hashes * 1e3,
        one / hashes
    );

    let wanted = "user-77";
    let mut views = || {
        let start = Instant::now();
        let kept = stream::views(&segment)
            .filter(|frame| frame.as_ref().is_ok_and(|it| it.view.actor_id == wanted));
        assert_eq!(kept.count(), COUNT / 1000);
        Ok(start.elapsed())
    };
    let mut records = || {
        let start = Instant::now();
        let mut records = JournalReader::open(&audit)?.records()?;
        let mut kept = 0;
        while let Some(record) = records.next_record() {
            kept += usize::from(record?.view.actor_id == wanted);
        }
        assert_eq!(kept, COUNT / 1000);
        Ok(start.elapsed())
    };
    let mut select = || {
        let start = Instant::now();
        let mut kept = 0;
        JournalReader::open(&audit)?.select(
            cores,
            |record| record.view.actor_id == wanted,
            |record| {
                kept += usize::from(record.is_ok());
                Ok::<_, Box<dyn Error>>(())
            },
        )?;
        assert_eq!(kept, COUNT / 1000);
        Ok(start.elapsed())
    };
    let [views, records, select] = medians([&mut views, &mut records, &mut select])?;
    println!(
        "filter a million records          {:8.0} ms on one core, {:.0} on {cores}",
        records * 1e3,
        select * 1e3
    );
    println!(
        "  beside views of a slice         {:8.0} ms  ratio {:.2} (limit 0.8)",
        views * 1e3,
        views / records
    );
    Ok(())
}
