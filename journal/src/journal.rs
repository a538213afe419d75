//! The journal: appending, committing together, and signing.

use std::borrow::Cow;
use std::fmt;
use std::mem;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lokryn_compliance_log::{LogEntry, LogEntryView, ViolationKind};

use crate::batch::{Batch, Taken};
use crate::checkpoint::Checkpoint;
use crate::edge::{Edge, Snapshot};
use crate::error::{AppendError, Closed, FileError, OpenError};
use crate::key::Verifier;
use crate::opening::{self, Opening, nanoseconds};
use crate::options::Options;
use crate::proof::{ConsistencyProof, InclusionProof, ProveError};
use crate::record::{put_varint, record_len, seal};
use crate::signing::Signing;
use crate::tile::TileFolder;
use crate::tree::Hashes as _;
use crate::writer::Writer;

/// Entries that nobody waits for are written once there are this many bytes of them.
const UNSYNCED_LEN: usize = 64 * 1024;
/// Where so many bytes are waiting, whoever brings more waits, too.
const MOST_WAITING: usize = 1024 * 1024;

/// An audit log in a folder: entries in order, each with the time at which it was taken,
/// on the disk, under signed checkpoints.
///
/// It is cheap to clone, and all clones are the same journal. Whatever threads and tasks
/// append at the same time is committed together.
///
/// When the last clone is dropped, what is left is written and signed; only
/// [`close`](Self::close) says whether that worked.
///
/// ```
/// use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity};
/// use lokryn_journal::Journal;
///
/// # let folder = std::env::temp_dir().join(format!("journal-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let audit = folder.join("audit");
/// # let entry = LogEntry::builder()
/// #     .event_type(EventType::Login)
/// #     .outcome(Outcome::Success)
/// #     .actor_id("user-12345")
/// #     .component("auth-service")
/// #     .environment("production")
/// #     .resource("auth/login")
/// #     .sensitivity(Sensitivity::Internal)
/// #     .build();
/// let journal = Journal::open(audit)?;
/// let receipt = journal.append(&entry)?; // on the disk; signed within a second
/// assert_eq!(receipt.sequence, 0);
/// journal.close()?;
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Journal(Arc<Handle>);

/// Where and when an entry was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Receipt {
    /// The number of the record, from 0, without gaps.
    pub sequence: u64,
    /// The time of the record: that of the machine, or that of the record before where
    /// the clock has gone back.
    pub recorded_at: SystemTime,
}

/// What ends with the last clone.
struct Handle {
    shared: Arc<Shared>,
    signer: Option<JoinHandle<()>>,
}

pub(crate) struct Shared {
    folder: std::path::PathBuf,
    verifiers: Vec<Verifier>,
    opening: Opening,
    max_record_len: usize,
    max_segment_len: u64,
    daily: bool,
    every_commit: bool,
    queue: Mutex<Queue>,
    /// Locked before `writer`, where both are.
    signing: Mutex<Signing>,
    /// Locked before `grown`, where both are.
    writer: Mutex<Live>,
    /// Whoever has written locks it before giving up `writer`, so that the tree grows in
    /// the order of the records while the next ones are written.
    grown: Mutex<Grown>,
    closed: OnceLock<Closed>,
    timer: Timer,
}

/// What has been appended and not been written.
struct Queue {
    /// The number of the next record.
    next: u64,
    /// The time of the last one, in nanoseconds since 1970.
    last_time: u64,
    batch: Option<Arc<Batch>>,
    /// Frames.
    bytes: Vec<u8>,
    /// A buffer to be used for the frames after them.
    spare: Vec<u8>,
    /// How many records they are.
    count: u64,
    first_time: u64,
    /// Whether somebody waits for them to be on the disk.
    is_durable: bool,
    /// Who is on the way to write them.
    led_by: Leader,
    is_closed: bool,
}

/// The writer, until the journal is closed.
struct Live {
    writer: Option<Writer>,
    /// How long the last sync took.
    sync_time: Duration,
    /// How many times something was written.
    commits: u64,
}

/// What has been written.
struct Grown {
    edge: Edge,
    /// How long it took last to wake those who waited.
    wake_time: Duration,
}

/// Tells the thread that signs when there is something new.
struct Timer {
    interval: Duration,
    /// Whether `since` is set, for those who only want to set it.
    is_noted: AtomicBool,
    state: Mutex<TimerState>,
    changed: Condvar,
}

#[derive(Default)]
struct TimerState {
    /// When the first record was written that is not signed.
    since: Option<Instant>,
    is_stopped: bool,
}

/// What is to be appended.
enum Entry<'a> {
    View(LogEntryView<'a>),
    Encoded(&'a [u8]),
}

/// Who writes what is waiting.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Leader {
    Nobody,
    /// A task, which first has to get one of its runtime's threads. All of them may be
    /// waiting for it, so a thread that comes later leads, too.
    #[cfg_attr(not(feature = "tokio"), expect(dead_code))]
    Task,
    Thread,
}

/// What somebody has to do who has appended.
struct Pushed {
    receipt: Receipt,
    batch: Arc<Batch>,
    /// Write what is waiting.
    leads: bool,
    /// Wait until it is written.
    waits: bool,
}

impl Journal {
    /// Opens the journal in a folder, and makes it if there is none; its parent has to
    /// exist.
    ///
    /// For a new folder a key is made, too: `audit.key` beside the folder `audit`, which
    /// only its owner may read, and `audit.vkey`, the public key, for the auditor.
    /// **Whoever holds the private key can rewrite what no checkpoint kept elsewhere
    /// covers**, so it should live where the folder does not: pass it with
    /// [`Options::key_file`] or [`Options::signer`].
    ///
    /// # Errors
    ///
    /// [`OpenError`]; see [`Options::open`].
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, OpenError> {
        Self::options().open(folder)
    }

    /// Returns the options, to be set before opening.
    pub fn options() -> Options {
        Options::default()
    }

    pub(crate) fn open_with(options: &Options, folder: &Path) -> Result<Self, OpenError> {
        let parts = opening::open(options, folder)?;
        let verifiers = [
            &[parts.signing.signer.verifier().clone()],
            &options.former[..],
        ]
        .concat();
        let shared = Arc::new(Shared {
            folder: folder.to_owned(),
            verifiers,
            max_record_len: options.max_record_len,
            max_segment_len: options.max_segment_len,
            daily: options.daily,
            every_commit: options.every_commit,
            queue: Mutex::new(Queue {
                next: parts.opening.records,
                last_time: parts.last_time,
                batch: None,
                bytes: Vec::new(),
                spare: Vec::new(),
                count: 0,
                first_time: 0,
                is_durable: false,
                led_by: Leader::Nobody,
                is_closed: false,
            }),
            signing: Mutex::new(parts.signing),
            opening: parts.opening,
            writer: Mutex::new(Live {
                writer: Some(parts.writer),
                sync_time: Duration::ZERO,
                commits: 0,
            }),
            grown: Mutex::new(Grown {
                edge: parts.edge,
                wake_time: Duration::ZERO,
            }),
            closed: OnceLock::new(),
            timer: Timer {
                interval: options.interval,
                is_noted: AtomicBool::new(false),
                state: Mutex::default(),
                changed: Condvar::new(),
            },
        });
        shared
            .sign_found(parts.is_foreign)
            .map_err(|closed| match closed {
                Closed::File(err) => OpenError::File(err),
                closed => OpenError::Closed(closed),
            })?;
        let signing = Arc::clone(&shared);
        let signer = thread::Builder::new()
            .name("journal".into())
            .spawn(move || signing.sign_in_time())
            .map_err(FileError::at(folder))?;
        Ok(Self(Arc::new(Handle {
            shared,
            signer: Some(signer),
        })))
    }

    /// Returns what opening found and did.
    #[must_use]
    pub fn opening(&self) -> &Opening {
        &self.0.shared.opening
    }

    /// Returns the public key, for whoever verifies.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.0.shared.verifiers[0]
    }

    /// Appends an entry. When this returns, the entry is on the disk; it is signed
    /// within the [interval](Options::checkpoint_interval).
    ///
    /// # Errors
    ///
    /// [`AppendError`]. Nothing has been appended, but for
    /// [`AppendError::Closed`]: then the entry may be in the journal or not.
    pub fn append(&self, entry: &LogEntry) -> Result<Receipt, AppendError> {
        self.0
            .shared
            .append(&Entry::View(LogEntryView::from(entry)), true)
    }

    /// Appends an entry as it came: its bytes are kept, unknown fields included.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append), and [`AppendError::Refused`] for bytes that are no
    /// entry or that [not every implementation reads alike][strict].
    ///
    /// [strict]: lokryn_compliance_log::LogEntryView::decode_strict
    pub fn append_encoded(&self, entry: &[u8]) -> Result<Receipt, AppendError> {
        self.0.shared.append(&Entry::Encoded(entry), true)
    }

    /// Appends an entry without waiting for the disk. It is written and synced with the
    /// next entry that waits, or with the next checkpoint. Until then a crash of the
    /// program can lose it, and its number is used again.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append). That writing failed later shows in the next call,
    /// and in [`checkpoint`](Self::checkpoint) and [`close`](Self::close).
    pub fn append_unsynced(&self, entry: &LogEntry) -> Result<Receipt, AppendError> {
        self.0
            .shared
            .append(&Entry::View(LogEntryView::from(entry)), false)
    }

    /// Appends an entry [as it came](Self::append_encoded) without
    /// [waiting for the disk](Self::append_unsynced).
    ///
    /// # Errors
    ///
    /// As those two.
    pub fn append_encoded_unsynced(&self, entry: &[u8]) -> Result<Receipt, AppendError> {
        self.0.shared.append(&Entry::Encoded(entry), false)
    }

    /// Appends an entry as [`append`](Self::append) does, without blocking the thread.
    /// Committed together with whatever else is appended.
    ///
    /// If the future is dropped, the entry may be in the journal or not.
    ///
    /// # Errors
    ///
    /// As [`append`](Self::append).
    #[cfg(feature = "tokio")]
    pub async fn append_async(&self, entry: &LogEntry) -> Result<Receipt, AppendError> {
        let shared = &self.0.shared;
        let entry = Entry::View(LogEntryView::from(entry));
        let pushed = shared.push(&entry, true, Leader::Task)?;
        if pushed.leads {
            let lead = Lead(self.clone());
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(move || drop(lead))),
                Err(_) => drop(lead),
            }
        }
        pushed.batch.done().await?;
        Ok(pushed.receipt)
    }

    /// Returns how many times records were written. For benchmarks.
    #[doc(hidden)]
    #[must_use]
    pub fn commits(&self) -> u64 {
        lock(&self.0.shared.writer).commits
    }

    /// Writes and syncs what is there, without signing it: after many entries that were
    /// appended [unsynced](Self::append_unsynced), all of them are on the disk.
    ///
    /// # Errors
    ///
    /// [`Closed`]. Then any of those entries may be in the journal or not.
    pub fn sync(&self) -> Result<(), Closed> {
        self.0.shared.sync()
    }

    /// Writes, syncs and signs what is there, and returns the checkpoint. The one there
    /// is if there is nothing new.
    ///
    /// # Errors
    ///
    /// [`Closed`].
    pub fn checkpoint(&self) -> Result<Checkpoint, Closed> {
        self.0.shared.checkpoint()
    }

    /// Writes, syncs and signs what is there, and gives up the folder, for all clones.
    ///
    /// # Errors
    ///
    /// [`Closed`], if that failed or the journal was closed before.
    pub fn close(self) -> Result<Checkpoint, Closed> {
        self.0.shared.close()
    }

    /// Proves that a record is in the journal, to whoever has the record and the
    /// verifier key. Signs first if the record is not signed yet.
    ///
    /// # Errors
    ///
    /// [`ProveError`].
    pub fn prove_inclusion(&self, sequence: u64) -> Result<InclusionProof, ProveError> {
        let shared = &self.0.shared;
        let (checkpoint, tiles) = shared.signed(|size| sequence < size)?;
        let proof = InclusionProof::new(checkpoint, sequence, &tiles)?;
        let leaf = tiles.node(0, sequence)?;
        proof.verify_hash(leaf, &shared.verifiers)?;
        Ok(proof)
    }

    /// Proves that the journal begins with what it was at an older checkpoint.
    ///
    /// # Errors
    ///
    /// [`ProveError`], also if that is not so.
    pub fn prove_consistency(&self, old: &Checkpoint) -> Result<ConsistencyProof, ProveError> {
        let shared = &self.0.shared;
        let (checkpoint, tiles) = shared.signed(|size| old.size() <= size)?;
        let proof = ConsistencyProof::new(checkpoint, old.size(), &tiles)?;
        proof.verify(old, &shared.verifiers)?;
        Ok(proof)
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shared = &self.0.shared;
        f.debug_struct("Journal")
            .field("folder", &shared.folder)
            .field("origin", &shared.verifiers[0].name())
            .field("closed", &shared.closed.get())
            .finish_non_exhaustive()
    }
}

/// Closes the journal if its thread panics, which would not sign any more, or not write
/// what others wait for.
struct FailOnPanic<'a>(&'a Shared);

impl Drop for FailOnPanic<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            self.0.fail(Closed::Panicked);
            // Whoever waits for it is told.
            drop(self.0.take());
        }
    }
}

/// Writes what is waiting when it is dropped, also if a runtime drops it unused: others
/// rely on it.
#[cfg(feature = "tokio")]
struct Lead(Journal);

#[cfg(feature = "tokio")]
impl Drop for Lead {
    fn drop(&mut self) {
        self.0.0.shared.write_waiting();
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.timer.stop();
        if let Some(signer) = self.signer.take() {
            // It has reported what went wrong in `closed`.
            let _ = signer.join();
        }
        // Whoever wants to know calls `close`.
        let _ = self.shared.close();
    }
}

impl Shared {
    fn append(&self, entry: &Entry<'_>, is_durable: bool) -> Result<Receipt, AppendError> {
        let pushed = self.push(entry, is_durable, Leader::Thread)?;
        if pushed.leads {
            self.write_waiting();
        }
        if pushed.waits {
            pushed.batch.wait()?;
        }
        Ok(pushed.receipt)
    }

    /// Puts an entry among those that are waiting.
    fn push(
        &self,
        entry: &Entry<'_>,
        is_durable: bool,
        leader: Leader,
    ) -> Result<Pushed, AppendError> {
        // As much as can be is done before locking.
        let entry = entry.checked_bytes()?;
        let entry_crc = crc32c::crc32c(&entry);
        let mut queue = lock(&self.queue);
        if queue.is_closed {
            return Err(self.why_closed().into());
        }
        let sequence = queue.next;
        let len = record_len(entry.len(), sequence);
        if len > self.max_record_len {
            return Err(AppendError::TooLong {
                len,
                max: self.max_record_len,
            });
        }
        let recorded_at = nanoseconds(SystemTime::now()).max(queue.last_time);
        if queue.batch.is_none() {
            queue.batch = Some(Arc::new(Batch::default()));
            queue.count = 0;
            queue.first_time = recorded_at;
            queue.is_durable = false;
            queue.led_by = Leader::Nobody;
        }
        let bytes = &mut queue.bytes;
        bytes.reserve(len + 10);
        put_varint(len as u64, bytes);
        bytes.extend_from_slice(&entry);
        seal(bytes, entry_crc, sequence, recorded_at);
        queue.next += 1;
        queue.count += 1;
        queue.last_time = recorded_at;
        queue.is_durable |= is_durable;
        let is_due = is_durable || queue.bytes.len() >= UNSYNCED_LEN;
        let leads = is_due && queue.led_by < leader;
        if leads {
            queue.led_by = leader;
        }
        let waits = is_durable || queue.bytes.len() >= MOST_WAITING;
        let Some(batch) = queue.batch.clone() else {
            return Err(Closed::Panicked.into());
        };
        drop(queue);
        self.timer.note();
        Ok(Pushed {
            receipt: Receipt {
                sequence,
                recorded_at: UNIX_EPOCH + Duration::from_nanos(recorded_at),
            },
            batch,
            leads,
            waits,
        })
    }

    /// Writes what is waiting, which others may have done by now. Whoever waits for it
    /// learns what came of it.
    fn write_waiting(&self) {
        let mut live = self.lock(&self.writer);
        let writer = live.writer.as_ref();
        if writer.is_some_and(|writer| self.needs_signing(writer)) {
            drop(live);
            return self.write_and_sign();
        }
        let Some(taken) = self.commit(&mut live) else {
            return;
        };
        let mut grown = self.lock(&self.grown);
        // Those who are woken soon append again. If that takes less time than a sync, the
        // next one waits for them and is for all; otherwise it runs meanwhile.
        if grown.wake_time * 2 < live.sync_time {
            grown.wake(&taken);
            drop(live);
        } else {
            drop(live);
            grown.wake(&taken);
        }
        self.hash(taken, grown);
    }

    /// Whether what is waiting cannot be written without signing.
    fn needs_signing(&self, writer: &Writer) -> bool {
        self.every_commit || writer.is_full() || self.is_rotation_due(writer)
    }

    /// Whether what is waiting, if anything is, belongs into another segment.
    fn is_rotation_due(&self, writer: &Writer) -> bool {
        let queue = lock(&self.queue);
        let is_due = |at| writer.is_due(self.max_segment_len, self.daily, at);
        queue.batch.is_some() && is_due(queue.first_time)
    }

    /// Signs what has been written where that is due, and writes what is waiting.
    fn write_and_sign(&self) {
        let _panic = FailOnPanic(self);
        let mut signing = self.lock(&self.signing);
        let mut live = self.lock(&self.writer);
        if let Ok(writer) = self.usable(&mut live) {
            let turned = self.turn(writer, &mut signing);
            let _ = turned.inspect_err(|closed| self.fail(closed.clone()));
        }
        let Some(taken) = self.commit(&mut live) else {
            return;
        };
        let mut grown = self.lock(&self.grown);
        match &mut live.writer {
            Some(writer) if self.every_commit => {
                grown.edge.push_frames(&taken.frames);
                drop(grown);
                let signed = self.sign(writer, &mut signing, false);
                taken.finish(signed.inspect_err(|closed| self.fail(closed.clone())));
            }
            _ => {
                grown.wake(&taken);
                self.hash(taken, grown);
            }
        }
    }

    /// Signs what has been written, with nobody writing meanwhile.
    fn sign(
        &self,
        writer: &mut Writer,
        signing: &mut Signing,
        durable: bool,
    ) -> Result<(), Closed> {
        writer.sync()?;
        let snapshot = self.snapshot(writer)?;
        signing.sign(&snapshot, durable).map(drop)
    }

    fn snapshot(&self, writer: &mut Writer) -> Result<Snapshot, Closed> {
        let mut grown = self.lock(&self.grown);
        // A panic may have left it half grown.
        if let Some(closed) = self.closed.get() {
            return Err(closed.clone());
        }
        writer.unsigned = 0;
        Ok(grown.edge.snapshot())
    }

    /// Begins a new segment if it is time.
    fn turn(&self, writer: &mut Writer, signing: &mut Signing) -> Result<(), Closed> {
        let is_due = self.is_rotation_due(writer);
        if is_due || writer.is_full() {
            self.sign(writer, signing, is_due)?;
        }
        if is_due {
            writer.rotate()?;
        }
        Ok(())
    }

    /// Writes what is waiting. If that fails, those who wait have been told.
    fn commit(&self, live: &mut Live) -> Option<Taken> {
        let taken = self.take()?;
        if let Err(closed) = self.write(live, &taken) {
            self.fail(closed.clone());
            taken.finish(Err(closed));
            return None;
        }
        Some(taken)
    }

    fn write(&self, live: &mut Live, taken: &Taken) -> Result<(), Closed> {
        let writer = self.usable(live)?;
        writer.write(&taken.frames, taken.count, taken.first_time)?;
        if taken.is_durable {
            writer.make_room(self.max_segment_len)?;
            let start = Instant::now();
            writer.sync()?;
            live.sync_time = start.elapsed();
        }
        live.commits += 1;
        Ok(())
    }

    /// The writer, unless the journal is closed: after a failure nothing is tried again.
    fn usable<'a>(&self, live: &'a mut Live) -> Result<&'a mut Writer, Closed> {
        if let Some(closed) = self.closed.get() {
            return Err(closed.clone());
        }
        live.writer.as_mut().ok_or(Closed::ByCaller)
    }

    fn take(&self) -> Option<Taken> {
        let mut queue = lock(&self.queue);
        let batch = queue.batch.take()?;
        let spare = mem::take(&mut queue.spare);
        let frames = mem::replace(&mut queue.bytes, spare);
        Some(Taken {
            batch,
            frames,
            count: queue.count,
            first_time: queue.first_time,
            is_durable: queue.is_durable,
        })
    }

    /// Adds what was written to the tree.
    fn hash(&self, taken: Taken, mut grown: MutexGuard<'_, Grown>) {
        grown.edge.push_frames(&taken.frames);
        drop(grown);
        lock(&self.queue).spare = taken.into_buffer();
    }

    fn sync(&self) -> Result<(), Closed> {
        self.write_waiting();
        self.with_writer(|writer| {
            // Whoever has synced once will again.
            writer.make_room(self.max_segment_len)?;
            writer.sync()
        })
    }

    fn checkpoint(&self) -> Result<Checkpoint, Closed> {
        // First: what comes after this is told again.
        self.timer.reset();
        self.write_waiting();
        let mut signing = self.lock(&self.signing);
        let snapshot = self.with_writer(|writer| {
            writer.sync()?;
            self.snapshot(writer)
        })?;
        // Others may write on meanwhile.
        let signed = signing.sign(&snapshot, false);
        signed.inspect_err(|closed| self.fail(closed.clone()))
    }

    /// Does something with the writer. If that fails, the journal is closed.
    fn with_writer<T>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, Closed>,
    ) -> Result<T, Closed> {
        let mut live = self.lock(&self.writer);
        let done = work(self.usable(&mut live)?);
        done.inspect_err(|closed| self.fail(closed.clone()))
    }

    /// Signs what opening has found, if no checkpoint of this key has.
    fn sign_found(&self, is_foreign: bool) -> Result<(), Closed> {
        let checkpoint = self.checkpoint()?;
        if is_foreign && checkpoint.verify(&self.verifiers[..1]).is_err() {
            self.lock(&self.signing)
                .write(checkpoint.size(), *checkpoint.root())?;
        }
        Ok(())
    }

    fn close(&self) -> Result<Checkpoint, Closed> {
        if mem::replace(&mut lock(&self.queue).is_closed, true) {
            let why = self.why_closed();
            // A journal that failed has its folder until somebody asks.
            if self.closed.get().is_some() {
                self.give_up();
            }
            return Err(why);
        }
        let signed = self.checkpoint();
        let signed = signed.and_then(|checkpoint| {
            self.with_writer(Writer::cut_room)?;
            Ok(checkpoint)
        });
        self.give_up();
        signed
    }

    /// Gives up the folder, and its lock.
    fn give_up(&self) {
        let _ = self.closed.set(Closed::ByCaller);
        // Not before what is being signed is.
        let _signing = self.lock(&self.signing);
        self.lock(&self.writer).writer = None;
        self.timer.stop();
    }

    /// Closes the journal because something failed.
    fn fail(&self, closed: Closed) {
        // First: whoever sees that it is closed asks why.
        let _ = self.closed.set(closed);
        lock(&self.queue).is_closed = true;
    }

    /// Locks what is not to be used any more once somebody has panicked while changing
    /// it: the journal is closed.
    fn lock<'a, T>(&self, mutex: &'a Mutex<T>) -> MutexGuard<'a, T> {
        mutex.lock().unwrap_or_else(|poisoned| {
            self.fail(Closed::Panicked);
            poisoned.into_inner()
        })
    }

    fn why_closed(&self) -> Closed {
        self.closed.get().cloned().unwrap_or(Closed::ByCaller)
    }

    /// Returns the last checkpoint, or a new one if that is not large enough, and the
    /// tiles below it.
    fn signed(&self, is_enough: impl Fn(u64) -> bool) -> Result<(Checkpoint, TileFolder), Closed> {
        let (mut checkpoint, disk) = {
            let signing = self.lock(&self.signing);
            (signing.last.clone(), Arc::clone(&signing.disk))
        };
        if !is_enough(checkpoint.size()) {
            checkpoint = self.checkpoint()?;
        }
        let tiles = TileFolder::on(disk, &self.folder, checkpoint.size());
        Ok((checkpoint, tiles))
    }

    /// Signs what is new, again and again, until it is stopped.
    fn sign_in_time(&self) {
        let _panic = FailOnPanic(self);
        while self.timer.wait() {
            if self.checkpoint().is_err() {
                return;
            }
        }
    }
}

impl Grown {
    /// Tells those who wait that what they appended is written.
    fn wake(&mut self, taken: &Taken) {
        let start = Instant::now();
        taken.finish(Ok(()));
        self.wake_time = start.elapsed();
    }
}

impl Entry<'_> {
    /// Checks the entry, and returns its bytes.
    fn checked_bytes(&self) -> Result<Cow<'_, [u8]>, AppendError> {
        match self {
            Self::View(view) => {
                refuse_incomplete(view)?;
                Ok(view.encode_to_vec().into())
            }
            Self::Encoded(bytes) => {
                let view = LogEntryView::decode_strict(bytes).map_err(AppendError::Refused)?;
                refuse_incomplete(&view)?;
                Ok((*bytes).into())
            }
        }
    }
}

fn refuse_incomplete(view: &LogEntryView<'_>) -> Result<(), AppendError> {
    if let Err(err) = view.validate() {
        // A number that this version does not know is a value all the same.
        let is_known = |kind| !matches!(kind, ViolationKind::UnknownNumber(_));
        if err.violations().iter().any(|it| is_known(it.kind())) {
            return Err(AppendError::Incomplete(err));
        }
    }
    Ok(())
}

impl Timer {
    /// Says that there is something new.
    fn note(&self) {
        // Nearly always it is, and looking takes less than writing.
        if self.is_noted.load(Ordering::SeqCst) || self.is_noted.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut state = lock(&self.state);
        if state.since.is_none() {
            state.since = Some(Instant::now());
            drop(state);
            self.changed.notify_one();
        }
    }

    /// Says that what there was is being signed.
    fn reset(&self) {
        let mut state = lock(&self.state);
        state.since = None;
        self.is_noted.store(false, Ordering::SeqCst);
    }

    fn stop(&self) {
        lock(&self.state).is_stopped = true;
        self.changed.notify_one();
    }

    /// Waits until it is time to sign. `false` once it has been stopped.
    fn wait(&self) -> bool {
        let mut state = lock(&self.state);
        loop {
            if state.is_stopped {
                return false;
            }
            let left = match state.since {
                None => None,
                Some(since) => match self.interval.checked_sub(since.elapsed()) {
                    None | Some(Duration::ZERO) => return true,
                    left => left,
                },
            };
            state = match left {
                None => self
                    .changed
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner),
                Some(left) => {
                    let waited = self.changed.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

/// Locks what a panic cannot come between the changes of.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
