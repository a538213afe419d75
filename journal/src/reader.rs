//! Reading a journal, beside its writer or without one.

use core::cell::Cell;
use core::fmt::{self, Debug, Display};
use std::error::Error;
use std::fs;
use std::io::{self, Read as _};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::error::{FileError, Place};
use crate::note::{MAX_NOTE_LEN, NoteError};
use crate::numbers::Numbers;
use crate::opening::nanoseconds;
use crate::pipeline;
use crate::record::{LIMIT_MAX_RECORD_LEN, Length, Record, RecordError, Stored};
use crate::scan::{Bytes, Damage, Piece, Scan};
use crate::segment;
use crate::select::{Selected, Selecting};

/// How often a reader that follows looks for a new checkpoint.
const POLL: Duration = Duration::from_millis(100);

/// Reads the records of a journal, up to its checkpoint. Needs no lock and no key, and
/// changes nothing.
///
/// **What it reads has not been verified**: [`verify`](crate::verify()) does that. A
/// record whose checksum is wrong is an error, and what follows it is read.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use lokryn_journal::JournalReader;
///
/// # use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity};
/// # let folder = std::env::temp_dir().join(format!("reader-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let audit = folder.join("audit");
/// # let journal = lokryn_journal::Journal::open(&audit)?;
/// # journal.append(&LogEntry::builder().event_type(EventType::Login)
/// #     .outcome(Outcome::Success).actor_id("user-12345").component("auth-service")
/// #     .environment("production").resource("auth/login")
/// #     .sensitivity(Sensitivity::Internal).build())?;
/// # journal.close()?;
/// let yesterday = SystemTime::now() - Duration::from_secs(24 * 60 * 60);
/// let mut records = JournalReader::open(&audit)?.since(yesterday).records()?;
/// while let Some(record) = records.next_record() {
///     let record = record?;
///     println!("{} {}", record.sequence, record.view.actor_id);
/// }
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct JournalReader {
    folder: PathBuf,
    checkpoint: Checkpoint,
    from: u64,
    since: u64,
    until: u64,
    is_bounded: bool,
}

impl JournalReader {
    /// Reads the checkpoint of the journal in a folder.
    ///
    /// # Errors
    ///
    /// [`RecordsError::Checkpoint`] and [`RecordsError::File`].
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, RecordsError> {
        let folder = folder.into();
        let checkpoint = read_checkpoint(&folder)?;
        Ok(Self {
            folder,
            checkpoint,
            from: 0,
            since: 0,
            until: u64::MAX,
            is_bounded: true,
        })
    }

    /// Returns the checkpoint that was read. Nobody has verified it.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Begins with this record.
    #[must_use]
    pub fn from(self, sequence: u64) -> Self {
        let from = sequence;
        Self { from, ..self }
    }

    /// Leaves out what was recorded before.
    #[must_use]
    pub fn since(self, time: SystemTime) -> Self {
        let since = nanoseconds(time);
        Self { since, ..self }
    }

    /// Leaves out what was recorded at this time or later.
    #[must_use]
    pub fn until(self, time: SystemTime) -> Self {
        let until = nanoseconds(time);
        Self { until, ..self }
    }

    /// Goes on after the checkpoint, to the last whole record there is. What lies there
    /// can vanish in a power cut, and its numbers are then used again.
    #[must_use]
    pub fn beyond_checkpoint(self) -> Self {
        Self {
            is_bounded: false,
            ..self
        }
    }

    /// Returns the records, in order.
    ///
    /// What older segments held that have been moved away is left out.
    ///
    /// # Errors
    ///
    /// [`RecordsError::File`].
    pub fn records(&self) -> Result<Records, RecordsError> {
        let firsts = segments(&self.folder)?;
        let start = self.first_segment(&firsts)?;
        let firsts = firsts.get(start..).unwrap_or_default();
        let first = firsts.first().copied().unwrap_or_default();
        Ok(Records {
            reader: self.clone(),
            scan: Scan::new(&self.folder, firsts.to_vec()),
            piece: None,
            at: 0,
            numbers: Numbers::from(self.from.max(first)),
            end: if self.is_bounded {
                self.checkpoint.size()
            } else {
                u64::MAX
            },
            place: (first, 0),
            held: None,
            told: None,
            doubted: None,
            is_patient: true,
            follows: false,
        })
    }

    /// Returns the records, and waits for more at the end.
    ///
    /// # Errors
    ///
    /// As [`records`](Self::records).
    pub fn follow(&self) -> Result<Records, RecordsError> {
        let follows = true;
        let records = self.records()?;
        Ok(Records { follows, ..records })
    }

    /// Hands the records that `keep` keeps to `take`, in order, and works on so many
    /// threads: for the few among many. Faults are handed over, too.
    ///
    /// # Errors
    ///
    /// Those after which there is nothing more to read, and what `take` returns.
    pub fn select<E: From<RecordsError>>(
        &self,
        threads: usize,
        keep: impl Fn(&Record<'_>) -> bool + Sync,
        mut take: impl FnMut(Result<Record<'_>, RecordsError>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Records {
            mut scan,
            numbers,
            end,
            ..
        } = self.records()?;
        let selecting = Selecting {
            keep: &keep,
            from: self.from,
            end,
            since: self.since,
            until: self.until,
        };
        let mut place = Selected::at(&self.folder, numbers, end, self.checkpoint.size());
        let is_past = Cell::new(false);
        pipeline::run(
            threads,
            || {
                if is_past.get() {
                    return Ok(None);
                }
                scan.next().map_err(|err| E::from(RecordsError::from(err)))
            },
            |piece| selecting.look_at(piece),
            |found| {
                is_past.set(place.hand_over(found, &mut take)?);
                Ok(())
            },
        )?;
        place.finish(&mut take)?;
        let Selected {
            doubted: Some(place),
            numbers,
            ..
        } = place
        else {
            return Ok(());
        };
        // From what seems damaged on, one after the other.
        let mut records = Records {
            numbers,
            ..self.records()?
        };
        records.go_back_to(place)?;
        while let Some(record) = records.next_record() {
            if record.as_ref().map_or(true, &keep) {
                take(record)?;
            }
        }
        Ok(())
    }

    /// The segment that the first record wanted is in, by its place among them.
    fn first_segment(&self, firsts: &[u64]) -> Result<usize, RecordsError> {
        let mut start = firsts.partition_point(|first| *first <= self.from);
        if self.since > 0 {
            // Records are in the order of their times.
            let mut end = firsts.len();
            while start < end {
                let middle = usize::midpoint(start, end);
                match first_time(&self.folder, firsts[middle])? {
                    Some(time) if time < self.since => start = middle + 1,
                    _ => end = middle,
                }
            }
        }
        Ok(start.saturating_sub(1))
    }
}

/// Records, read one after the other; see [`JournalReader`].
pub struct Records {
    reader: JournalReader,
    scan: Scan,
    piece: Option<Bytes>,
    /// How much of the piece has been read.
    at: usize,
    numbers: Numbers,
    /// The number before which to stop.
    end: u64,
    /// Where the next frame begins: which segment, and where in it.
    place: (u64, u64),
    /// What comes after an error.
    held: Option<Found>,
    /// The damage that was told last, so that whoever follows is not told again.
    told: Option<(u64, u64)>,
    /// The damage that was looked at twice last.
    doubted: Option<(u64, u64)>,
    /// Whether to look twice: until damage has stayed, and again from the end on. There may
    /// be much of it.
    is_patient: bool,
    follows: bool,
}

/// A record in the piece that is being read.
#[derive(Clone)]
struct Found {
    range: Range<usize>,
    stored: Stored,
}

impl Records {
    /// Returns the checkpoint that these records go up to. Where they are followed, it is
    /// a newer one each time that more come: the record before its size is the last
    /// before the next wait. Nobody has verified it.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.reader.checkpoint
    }

    /// Reads the next record, and lends it until the call after. `None` at the end,
    /// which a reader that follows does not have.
    ///
    /// # Errors
    ///
    /// [`RecordsError::Damaged`], [`RecordsError::OutOfPlace`] and
    /// [`RecordsError::Missing`], after which the next record follows; every other one is
    /// the end.
    pub fn next_record(&mut self) -> Option<Result<Record<'_>, RecordsError>> {
        let found = loop {
            match self.find() {
                Ok(Some(found)) => break found,
                Ok(None) if !self.follows => return None,
                Ok(None) => match self.look_again() {
                    Ok(true) => {}
                    Ok(false) => thread::sleep(POLL),
                    Err(err) => return Some(Err(self.ended(err))),
                },
                Err(err) => return Some(Err(self.ended(err))),
            }
        };
        let bytes = self.piece.as_ref()?;
        let offset = bytes.offset + found.range.start as u64;
        let record = Record::of(&bytes.get()[found.range], found.stored);
        Some(record.map_err(|reason| RecordsError::Damaged {
            place: Place {
                segment: segment::path(&self.reader.folder, bytes.first),
                offset,
                sequence: found.stored.sequence,
            },
            reason: Some(reason),
        }))
    }

    /// Makes an error the last one that nothing can follow.
    fn ended(&mut self, err: RecordsError) -> RecordsError {
        if !matches!(
            err,
            RecordsError::Damaged { .. }
                | RecordsError::OutOfPlace { .. }
                | RecordsError::Missing { .. }
        ) {
            self.end = self.numbers.next();
            self.follows = false;
        }
        err
    }

    fn find(&mut self) -> Result<Option<Found>, RecordsError> {
        if let Some(found) = self.held.take() {
            self.numbers.go_to(found.stored.sequence + 1);
            return Ok(Some(found));
        }
        while self.numbers.next() < self.end {
            let Some(bytes) = &self.piece else {
                if !self.read_piece()? {
                    break;
                }
                continue;
            };
            let Some((range, end)) = next_range(bytes, self.at) else {
                self.place = (bytes.first, bytes.offset + bytes.get().len() as u64);
                if let Some(bytes) = self.piece.take() {
                    self.scan.reuse(bytes);
                }
                continue;
            };
            let parsed = Stored::parse(&bytes.get()[range.clone()]);
            let place = (bytes.first, bytes.offset + self.at as u64);
            self.at = end;
            self.place = (bytes.first, bytes.offset + end as u64);
            let stored = match parsed {
                Ok(stored) => stored,
                Err(_) if self.looks_again_at(place)? => continue,
                Err(reason) => return Err(self.damaged(place, Some(reason))),
            };
            let sequence = stored.sequence;
            match self.wants(&stored) {
                Wanted::No => {}
                Wanted::Not => {
                    let place = self.place_of(place, self.numbers.expected());
                    let found = sequence;
                    return Err(RecordsError::OutOfPlace { place, found });
                }
                Wanted::End => {
                    self.place = place;
                    break;
                }
                Wanted::Yes => {
                    let found = Found { range, stored };
                    if let Some(numbers) = self.numbers.go_to(sequence) {
                        self.held = Some(found);
                        return Err(RecordsError::Missing { numbers });
                    }
                    self.numbers.go_to(sequence + 1);
                    return Ok(Some(found));
                }
            }
        }
        if self.end == u64::MAX {
            return Ok(None);
        }
        // All that the checkpoint covers was on the disk before it.
        match self.numbers.go_to(self.end) {
            Some(numbers) => Err(RecordsError::Missing { numbers }),
            None => Ok(None),
        }
    }

    fn wants(&mut self, stored: &Stored) -> Wanted {
        let sequence = stored.sequence;
        if sequence < self.reader.from {
            return Wanted::No;
        }
        if sequence >= self.end {
            return Wanted::End;
        }
        if stored.recorded_at >= self.reader.until {
            self.end = sequence;
            self.follows = false;
            return Wanted::End;
        }
        if stored.recorded_at < self.reader.since {
            self.numbers.pass_older(sequence);
            return Wanted::No;
        }
        if sequence < self.numbers.next() {
            return Wanted::Not;
        }
        Wanted::Yes
    }

    /// Reads on, and says whether there was anything.
    fn read_piece(&mut self) -> Result<bool, RecordsError> {
        self.at = 0;
        match self.scan.next()? {
            Some(Piece::Frames(bytes) | Piece::Record(bytes)) => {
                self.piece = Some(bytes);
                Ok(true)
            }
            // The end that a writer is writing, or a crash has left.
            Some(Piece::Damage { what, .. }) if what == Damage::Torn && self.end == u64::MAX => {
                Ok(true)
            }
            Some(Piece::Damage { first, offset, .. }) if self.told == Some((first, offset)) => {
                Ok(true)
            }
            Some(Piece::Damage { first, offset, .. }) => {
                let place = (first, offset);
                if self.looks_again_at(place)? {
                    return Ok(true);
                }
                Err(self.damaged(place, None))
            }
            Some(Piece::End) => Ok(true),
            None => Ok(false),
        }
    }

    /// Looks once more at what seems damaged beyond the checkpoint, a little later: in room
    /// that a writer writes to, some of it may be seen before what comes first. Says whether
    /// to read on, as also behind the end; if not, it is told.
    fn looks_again_at(&mut self, place: (u64, u64)) -> Result<bool, RecordsError> {
        let reached = self.numbers.reached();
        if reached >= self.end {
            return Ok(true);
        }
        let may_change = self.end == u64::MAX && reached >= self.reader.checkpoint.size();
        if !may_change || !self.is_patient || self.doubted == Some(place) {
            self.is_patient &= !may_change;
            self.told = Some(place);
            return Ok(false);
        }
        self.doubted = Some(place);
        thread::sleep(POLL);
        self.go_back_to(place)?;
        Ok(true)
    }

    /// Reads on from a place, as what lies there is now.
    fn go_back_to(&mut self, (first, offset): (u64, u64)) -> Result<(), RecordsError> {
        let mut firsts = segments(&self.reader.folder)?;
        firsts.retain(|it| *it > first);
        let least = self.numbers.next();
        self.scan = Scan::from(&self.reader.folder, first, offset, least, firsts)?;
        self.piece = None;
        Ok(())
    }

    /// The error of bytes that should have been the next record.
    fn damaged(&mut self, place: (u64, u64), reason: Option<RecordError>) -> RecordsError {
        let sequence = match reason {
            Some(_) => self.numbers.pass_damaged(),
            // Behind a damaged length the record may be found all the same.
            None => self.numbers.expected(),
        };
        let place = self.place_of(place, sequence);
        RecordsError::Damaged { place, reason }
    }

    fn place_of(&self, (first, offset): (u64, u64), sequence: u64) -> Place {
        Place {
            segment: segment::path(&self.reader.folder, first),
            offset,
            sequence,
        }
    }

    /// Looks whether there is more by now.
    fn look_again(&mut self) -> Result<bool, RecordsError> {
        if self.reader.is_bounded {
            let checkpoint = read_checkpoint(&self.reader.folder)?;
            if checkpoint.size() <= self.numbers.next() {
                return Ok(false);
            }
            self.end = checkpoint.size();
            self.reader.checkpoint = checkpoint;
        }
        self.is_patient = true;
        self.go_back_to(self.place)?;
        while self.piece.is_none() {
            if !self.read_piece()? {
                // The checkpoint says that there is more: `find` says what is missing.
                return Ok(self.reader.is_bounded);
            }
        }
        Ok(true)
    }
}

enum Wanted {
    Yes,
    /// Not asked for.
    No,
    /// Not there.
    Not,
    End,
}

/// Returns where the record is that begins at a place of the bytes, and where its frame
/// ends.
pub(crate) fn next_range(bytes: &Bytes, at: usize) -> Option<(Range<usize>, usize)> {
    let all = bytes.get();
    if bytes.is_bare {
        return (at == 0).then_some((0..all.len(), all.len()));
    }
    match Length::at_start_of(&all[at..], LIMIT_MAX_RECORD_LEN) {
        Length::Is(len, prefix) => Some((at + prefix..at + prefix + len, at + prefix + len)),
        Length::CutOff | Length::Invalid => None,
    }
}

impl Debug for Records {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Records")
            .field("folder", &self.reader.folder)
            .field("next", &self.numbers.next())
            .finish_non_exhaustive()
    }
}

/// Returns the first numbers of the segments of a journal.
pub(crate) fn segments(folder: &Path) -> Result<Vec<u64>, FileError> {
    let records = folder.join(segment::RECORDS);
    let names = fs::read_dir(&records).and_then(|entries| {
        let name = |entry: io::Result<fs::DirEntry>| {
            entry.map(|entry| entry.file_name().to_string_lossy().into_owned())
        };
        entries.map(name).collect::<io::Result<Vec<_>>>()
    });
    Ok(segment::firsts(names.map_err(FileError::at(&records))?))
}

/// Returns the time of the first record of a segment; `None` if there is none.
fn first_time(folder: &Path, first: u64) -> Result<Option<u64>, RecordsError> {
    let mut scan = Scan::new(folder, vec![first]);
    match scan.next()? {
        Some(Piece::Frames(bytes)) => {
            let first = next_range(&bytes, 0).map(|(range, _)| &bytes.get()[range]);
            let stored = first.and_then(|record| Stored::parse(record).ok());
            Ok(stored.map(|stored| stored.recorded_at))
        }
        _ => Ok(None),
    }
}

/// Reads the checkpoint of the journal in a folder.
pub(crate) fn read_checkpoint(folder: &Path) -> Result<Checkpoint, RecordsError> {
    let path = folder.join(segment::CHECKPOINT);
    let mut text = String::new();
    let read = segment::open(&path)
        .and_then(|file| file.take(MAX_NOTE_LEN as u64 + 1).read_to_string(&mut text));
    let text = match read {
        Err(err) if err.kind() == io::ErrorKind::InvalidData => Err(NoteError::Text),
        Err(err) => return Err(FileError::at(path)(err).into()),
        Ok(_) => Ok(text),
    };
    let parsed = text.map_err(CheckpointError::Note);
    let parsed = parsed.and_then(|text| text.parse());
    parsed.map_err(|source| RecordsError::Checkpoint { path, source })
}

/// The error of reading a journal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RecordsError {
    /// A file could not be read.
    File(FileError),
    /// The checkpoint is malformed.
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CheckpointError,
    },
    /// Bytes are not the record that should be there.
    Damaged {
        /// Where they are.
        place: Place,
        /// What is wrong with them; `None` if it is the length before the record.
        reason: Option<RecordError>,
    },
    /// A record has a lower number than the one before it.
    OutOfPlace {
        /// Where it is, with the number that it should have.
        place: Place,
        /// The number that it has.
        found: u64,
    },
    /// Records are not there.
    Missing {
        /// Their numbers.
        numbers: Range<u64>,
    },
}

impl Display for RecordsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(err) => Display::fmt(err, f),
            Self::Checkpoint { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Damaged { place, reason } => match reason {
                Some(reason) => write!(f, "{place}: {reason}"),
                None => write!(f, "{place}: damaged length"),
            },
            Self::OutOfPlace { place, found } => write!(f, "{place}: record {found} in its place"),
            Self::Missing { numbers } if numbers.end - numbers.start == 1 => {
                write!(f, "record {} is missing", numbers.start)
            }
            Self::Missing { numbers } => {
                let (first, last) = (numbers.start, numbers.end - 1);
                write!(f, "records {first} to {last} are missing")
            }
        }
    }
}

impl Error for RecordsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File(err) => Some(err),
            Self::Checkpoint { source, .. } => Some(source),
            Self::Damaged {
                reason: Some(reason),
                ..
            } => Some(reason),
            _ => None,
        }
    }
}

impl From<FileError> for RecordsError {
    fn from(err: FileError) -> Self {
        Self::File(err)
    }
}
