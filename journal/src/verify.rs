//! Verifying a journal: reading all of it again, and comparing it with what was signed.

mod pass;
mod report;

use core::fmt::{self, Display};
use std::error::Error;
use std::num::NonZero;
use std::path::Path;
use std::thread;

use pass::{Above, Pass, ROW, Trusted};
pub use report::{Fault, Report};

use crate::checkpoint::Checkpoint;
use crate::error::FileError;
use crate::key::Verifier;
use crate::note::NoteError;
use crate::reader::{RecordsError, read_checkpoint, segments};
use crate::record::Stored;
use crate::scan::{Piece, Scan};
use crate::segment;
use crate::tree::{Tree, leaf_hash};

/// Verifies the journal in a folder with the keys that may have signed it.
///
/// # Errors
///
/// [`VerifyError`] where nothing can be said; what is wrong is in the [`Report`].
///
/// ```
/// use lokryn_journal::verify;
///
/// # use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity};
/// # let folder = std::env::temp_dir().join(format!("verify-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let audit = folder.join("audit");
/// # let journal = lokryn_journal::Journal::open(&audit)?;
/// # journal.append(&LogEntry::builder().event_type(EventType::Login)
/// #     .outcome(Outcome::Success).actor_id("user-12345").component("auth-service")
/// #     .environment("production").resource("auth/login")
/// #     .sensitivity(Sensitivity::Internal).build())?;
/// # let key = journal.verifier().clone();
/// # journal.close()?;
/// let report = verify(&audit, &[key])?;
/// assert!(report.is_ok());
/// assert_eq!(report.proved, 1);
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn verify(folder: impl AsRef<Path>, known: &[Verifier]) -> Result<Report, VerifyError> {
    Verification::new(folder.as_ref(), known).run()
}

/// How a journal is verified.
///
/// Reads the checkpoint first, and then exactly the records that it covers, so it can run
/// beside a writer. Needs no lock, and only the public key. Memory does not grow with
/// the journal.
pub struct Verification<'a> {
    folder: &'a Path,
    known: &'a [Verifier],
    against: Option<&'a Checkpoint>,
    from: u64,
    threads: usize,
    progress: Option<&'a mut dyn FnMut(u64, u64)>,
}

impl fmt::Debug for Verification<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verification")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl<'a> Verification<'a> {
    /// Returns the verification of the journal in a folder with the keys that may have
    /// signed it.
    #[must_use]
    pub fn new(folder: &'a Path, known: &'a [Verifier]) -> Self {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        Self {
            folder,
            known,
            against: None,
            from: 0,
            threads,
            progress: None,
        }
    }

    /// Compares with a checkpoint that was kept elsewhere: only that shows that nothing
    /// was rewritten or cut off by whoever holds the key.
    #[must_use]
    pub fn against(self, checkpoint: &'a Checkpoint) -> Self {
        let against = Some(checkpoint);
        Self { against, ..self }
    }

    /// Reads the records from this one on, and takes the tree below it from the tiles:
    /// for journals whose older segments have been moved away.
    #[must_use]
    pub fn from(self, sequence: u64) -> Self {
        let from = sequence;
        Self { from, ..self }
    }

    /// Works on so many threads; as many as there are cores, unless set.
    #[must_use]
    pub fn threads(self, threads: usize) -> Self {
        Self { threads, ..self }
    }

    /// Calls this now and then with how many records have been read, and of how many.
    #[must_use]
    pub fn progress(self, progress: &'a mut dyn FnMut(u64, u64)) -> Self {
        let progress = Some(progress);
        Self { progress, ..self }
    }

    /// Verifies.
    ///
    /// # Errors
    ///
    /// [`VerifyError`].
    pub fn run(mut self) -> Result<Report, VerifyError> {
        let checkpoint = read_checkpoint(self.folder)?;
        let path = || self.folder.join(segment::CHECKPOINT);
        let mut report = Report {
            origin: checkpoint.origin().to_owned(),
            size: checkpoint.size(),
            proved: 0,
            from_tiles: 0,
            unverified: Vec::new(),
            faults: Vec::new(),
            more_faults: 0,
        };
        match checkpoint.verify(self.known) {
            Ok(verified) => {
                let unverified = verified.unverified.iter();
                report.unverified = unverified.map(|signature| signature.key()).collect();
            }
            Err(source) => {
                report.add(Fault::Signature {
                    checkpoint: path(),
                    source,
                });
                return Ok(report);
            }
        }
        let mut pass = Pass::new(&self, &checkpoint);
        pass.read(&mut self)?;
        pass.judge(&self, &checkpoint, &mut report);
        Ok(report)
    }
}

/// Reads every record of a damaged journal that can still be shown to be the one that
/// was signed, and hands its bytes to `take`, in order. Where lengths are destroyed,
/// looks for the ends of records. Returns how many that were, and of how many.
///
/// # Errors
///
/// [`VerifyError`], and [`VerifyError::Signature`] for a checkpoint that the log has not
/// signed: nothing can be shown then. [`VerifyError::Changing`] takes back what was handed
/// over.
pub fn salvage(
    folder: impl AsRef<Path>,
    known: &[Verifier],
    mut take: impl FnMut(&[u8]),
) -> Result<Salvaged, VerifyError> {
    let folder = folder.as_ref();
    let checkpoint = read_checkpoint(folder)?;
    checkpoint.verify(known).map_err(VerifyError::Signature)?;
    let mut verification = Verification::new(folder, known);
    let mut pass = Pass::new(&verification, &checkpoint);
    pass.read(&mut verification)?;
    let trusted = pass.trusted(checkpoint.root());
    let above = Above::new(&pass, checkpoint.root());
    let mut salvaged = Salvaged {
        records: 0,
        size: checkpoint.size(),
    };
    let mut row = (u64::MAX, None);
    let mut next = 0;
    let mut tree = Tree::new();
    let mut scan = Scan::new(folder, segments(folder)?);
    while let Some(piece) = scan.next()? {
        let (Piece::Frames(bytes) | Piece::Record(bytes)) = piece else {
            continue;
        };
        for (_, record) in bytes.records() {
            let Ok(stored) = Stored::parse(record) else {
                continue;
            };
            let sequence = stored.sequence;
            if sequence < next || sequence >= checkpoint.size() {
                continue;
            }
            let leaf = leaf_hash(record);
            let is_signed = if let Trusted::Records = trusted {
                tree.push(leaf);
                true
            } else {
                if row.0 != sequence / ROW {
                    row = (
                        sequence / ROW,
                        pass.signed_row(sequence / ROW, trusted, &above),
                    );
                }
                let index = (sequence % ROW) as usize;
                let signed = row.1.as_ref().and_then(|leaves| leaves.get(index));
                signed.copied().flatten() == Some(leaf)
            };
            if is_signed {
                take(record);
                salvaged.records += 1;
                next = sequence + 1;
            }
        }
        scan.reuse(bytes);
    }
    // They led to the root when they were read before.
    if matches!(trusted, Trusted::Records) && tree.root() != *checkpoint.root() {
        return Err(VerifyError::Changing);
    }
    Ok(salvaged)
}

/// What [`salvage`] has found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Salvaged {
    /// How many records were shown to be those that were signed.
    pub records: u64,
    /// How many the checkpoint covers.
    pub size: u64,
}

/// The error of verifying.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// A file could not be read.
    File(FileError),
    /// The checkpoint could not be read.
    Checkpoint(RecordsError),
    /// The checkpoint is not signed by the log.
    Signature(NoteError),
    /// Somebody has changed records while they were read.
    Changing,
}

impl Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(err) => Display::fmt(err, f),
            Self::Checkpoint(err) => Display::fmt(err, f),
            Self::Signature(err) => write!(f, "checkpoint: {err}"),
            Self::Changing => f.write_str("records have changed while they were read"),
        }
    }
}

impl Error for VerifyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File(err) => Some(err),
            Self::Checkpoint(err) => Some(err),
            Self::Signature(err) => Some(err),
            Self::Changing => None,
        }
    }
}

impl From<FileError> for VerifyError {
    fn from(err: FileError) -> Self {
        Self::File(err)
    }
}

impl From<RecordsError> for VerifyError {
    fn from(err: RecordsError) -> Self {
        match err {
            RecordsError::File(err) => Self::File(err),
            err => Self::Checkpoint(err),
        }
    }
}
