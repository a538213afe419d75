//! Why a journal did not open, take an entry or sign.

use core::fmt::{self, Display};
use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use lokryn_compliance_log::{StrictError, ValidationError};

use crate::checkpoint::CheckpointError;
use crate::key::KeyError;
use crate::note::NoteError;
use crate::tile::TileError;

/// A file that could not be read or written.
#[derive(Clone, Debug)]
pub struct FileError {
    path: PathBuf,
    source: Arc<io::Error>,
}

impl FileError {
    pub(crate) fn at(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        |source| Self {
            path: path.into(),
            source: Arc::new(source),
        }
    }

    /// Returns the path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns what the file system said.
    #[must_use]
    pub fn io(&self) -> &io::Error {
        &self.source
    }
}

impl Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path.display(), self.source)
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}

/// A place in a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The path of the segment.
    pub segment: PathBuf,
    /// The byte at which the frame begins, its length included.
    pub offset: u64,
    /// The number that the record there has, or should have.
    pub sequence: u64,
}

impl Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let segment = self.segment.display();
        write!(
            f,
            "{segment}: byte {}, record {}",
            self.offset, self.sequence
        )
    }
}

/// The error of opening a journal.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// A file could not be read or written.
    File(FileError),
    /// Another process, or another `Journal` of this one, has the folder open.
    Locked {
        /// The file that is locked.
        path: PathBuf,
    },
    /// The key could not be read or made.
    Key {
        /// The file it should be in.
        path: PathBuf,
        /// Why.
        source: KeyError,
    },
    /// The folder holds records, and there is no key. None is made for it: with another
    /// key the records would be another log's.
    NoKey {
        /// Where the key should be.
        path: PathBuf,
    },
    /// The folder holds records and no checkpoint. One is written before the first
    /// record, so no crash explains that.
    NoCheckpoint {
        /// Where it should be.
        path: PathBuf,
    },
    /// A checkpoint is malformed.
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// Why.
        source: CheckpointError,
    },
    /// A checkpoint is not signed by the key, or by a former one that is accepted.
    OtherKey {
        /// The file.
        path: PathBuf,
        /// What is wrong with its signatures.
        source: NoteError,
    },
    /// A checkpoint, or the key, is of another log.
    OtherLog {
        /// The file.
        path: PathBuf,
        /// The origin that it names.
        origin: String,
    },
    /// There are fewer records than a checkpoint says: the end is missing, or the folder
    /// is a backup from before.
    Shorter {
        /// The file of the checkpoint.
        checkpoint: PathBuf,
        /// How many records it says there are.
        signed: u64,
        /// How many there are.
        found: u64,
    },
    /// The last segment begins after the checkpoint ends. It was made when everything
    /// before it had been signed, so this checkpoint is not the last one.
    OldCheckpoint {
        /// The file.
        path: PathBuf,
        /// How many records it says there are.
        signed: u64,
        /// The number that the last segment begins with.
        first: u64,
    },
    /// A segment is missing, or is not as long as the name of the next one says.
    Gap {
        /// Where the next one should go on.
        segment: PathBuf,
    },
    /// A record that has been signed is damaged or missing.
    Damaged {
        /// Where.
        place: Place,
    },
    /// The records are not those that were signed: one of them, or one of the hashes
    /// before them, was changed. [`verify`](crate::verify()) says which.
    Changed {
        /// The file of the checkpoint that says so.
        checkpoint: PathBuf,
    },
    /// Beyond the checkpoint a record is damaged and whole ones follow it, and no sector
    /// of it is zeros, as a crash would have left it. They are cut off, and kept, only for
    /// who [says so](crate::Options::cut_whole_records).
    WholeRecords {
        /// Where the damaged record is.
        place: Place,
        /// How many whole records follow it.
        count: u64,
    },
    /// The tiles could not be read.
    Tile(TileError),
    /// What was found could not be signed.
    Closed(Closed),
    /// An option that has no meaning.
    Option(&'static str),
}

impl Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(err) => Display::fmt(err, f),
            Self::Locked { path } => write!(f, "{}: locked by another writer", path.display()),
            Self::Key { path, source } => write!(f, "{}: {source}", path.display()),
            Self::NoKey { path } => {
                write!(
                    f,
                    "{}: no key for a folder that has records",
                    path.display()
                )
            }
            Self::NoCheckpoint { path } => {
                write!(
                    f,
                    "{}: no checkpoint in a folder that has records",
                    path.display()
                )
            }
            Self::Checkpoint { path, source } => write!(f, "{}: {source}", path.display()),
            Self::OtherKey { path, source } => write!(f, "{}: {source}", path.display()),
            Self::OtherLog { path, origin } => {
                write!(f, "{}: of another log, {origin:?}", path.display())
            }
            Self::Shorter {
                checkpoint,
                signed,
                found,
            } => write!(
                f,
                "{}: {signed} records were signed and there are {found}",
                checkpoint.display()
            ),
            Self::OldCheckpoint {
                path,
                signed,
                first,
            } => write!(
                f,
                "{}: checkpoint of {signed} records is older than the segment of record {first}",
                path.display()
            ),
            Self::Gap { segment } => {
                let segment = segment.display();
                write!(
                    f,
                    "{segment}: the segment before it is missing or incomplete"
                )
            }
            Self::Damaged { place } => write!(f, "{place}: damaged, and it was signed"),
            Self::Changed { checkpoint } => {
                let checkpoint = checkpoint.display();
                write!(
                    f,
                    "{checkpoint}: the records are not those that were signed"
                )
            }
            Self::WholeRecords { place, count } => {
                write!(f, "{place}: damaged, and {count} whole records follow it")
            }
            Self::Tile(err) => Display::fmt(err, f),
            Self::Closed(err) => Display::fmt(err, f),
            Self::Option(what) => f.write_str(what),
        }
    }
}

impl Error for OpenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File(err) => Some(err),
            Self::Key { source, .. } => Some(source),
            Self::Checkpoint { source, .. } => Some(source),
            Self::OtherKey { source, .. } => Some(source),
            Self::Tile(err) => Some(err),
            Self::Closed(err) => Some(err),
            _ => None,
        }
    }
}

impl From<FileError> for OpenError {
    fn from(err: FileError) -> Self {
        Self::File(err)
    }
}

/// The error of appending an entry.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum AppendError {
    /// The bytes are not an entry that every implementation reads alike. Nothing was
    /// written.
    Refused(StrictError),
    /// The entry lacks something that is required. Nothing was written.
    Incomplete(ValidationError),
    /// The record would be longer than is accepted. Nothing was written.
    TooLong {
        /// How long it would be, in bytes.
        len: usize,
        /// How long it may be.
        max: usize,
    },
    /// The journal is closed; see [`Closed`]. An entry that was being written may be in
    /// it or not.
    Closed(Closed),
}

impl Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(err) => Display::fmt(err, f),
            Self::Incomplete(err) => Display::fmt(err, f),
            Self::TooLong { len, max } => {
                write!(f, "record of {len} bytes exceeds the limit of {max} bytes")
            }
            Self::Closed(err) => Display::fmt(err, f),
        }
    }
}

impl Error for AppendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Refused(err) => Some(err),
            Self::Incomplete(err) => Some(err),
            Self::Closed(err) => Some(err),
            Self::TooLong { .. } => None,
        }
    }
}

impl From<Closed> for AppendError {
    fn from(err: Closed) -> Self {
        Self::Closed(err)
    }
}

/// Why a journal takes nothing more. Open it again: that finds out what is on the disk.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Closed {
    /// [`close`](crate::Journal::close) was called.
    ByCaller,
    /// A file could not be written or synced. What the file system then shows is not
    /// believed, so nothing is tried again.
    File(FileError),
    /// The checkpoint on the disk is newer than the one to be written: somebody else
    /// writes to the folder.
    OtherWriter {
        /// The file of the checkpoint.
        path: PathBuf,
    },
    /// The checkpoint could not be made.
    Note(NoteError),
    /// A thread of the journal panicked.
    Panicked,
}

impl Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("journal closed")?;
        match self {
            Self::ByCaller => Ok(()),
            Self::File(err) => write!(f, ": {err}"),
            Self::OtherWriter { path } => {
                write!(f, ": {}: somebody else has written it", path.display())
            }
            Self::Note(err) => write!(f, ": {err}"),
            Self::Panicked => f.write_str(": a writer panicked"),
        }
    }
}

impl Error for Closed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File(err) => Some(err),
            Self::Note(err) => Some(err),
            _ => None,
        }
    }
}

impl From<FileError> for Closed {
    fn from(err: FileError) -> Self {
        Self::File(err)
    }
}
