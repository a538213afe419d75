//! Why an entry could not be read from a stream, or written to one.

use core::error::Error;
use core::fmt::{self, Display};
use core::ops::Range;

use bytes::Bytes;
use std::io;

use crate::DecodeError;

/// The error of reading an entry from a stream.
///
/// Every `offset` is that of the frame, the length before the entry included:
/// where the last whole entry ends.
///
/// ```
/// use lokryn_compliance_log::stream::{LogReader, ReadError};
///
/// let torn = b"\x03\x22\x01a\x03\x22";
/// let err = LogReader::new(&torn[..]).nth(1).unwrap().unwrap_err();
/// assert!(matches!(err, ReadError::Truncated { offset: 4 }));
/// assert_eq!(err.to_string(), "truncated entry at byte 4");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum ReadError {
    /// The stream ends in the middle of an entry, as after a crash of its
    /// writer, or because a damaged length claims more than there is.
    /// Everything before `offset` has been read.
    Truncated {
        /// Where the torn entry begins.
        offset: u64,
    },
    /// The frame is whole, and its bytes are not an entry. The next entry can be
    /// read.
    Malformed {
        /// Where the frame begins.
        offset: u64,
        /// The bytes that are not an entry, to be kept as evidence.
        entry: RawEntry,
        /// What is wrong with the entry. Its offset counts within the entry.
        source: DecodeError,
    },
    /// The frame has a length of zero: no entry at all, which protobuf would
    /// take for one with nothing set. A power cut can leave many of them, as a
    /// run of zeros; they are one error. What follows them can be read.
    Empty {
        /// Where the frame, or the first of several, begins.
        offset: u64,
    },
    /// The entry is longer than the reader accepts. None of it has been read
    /// into memory.
    TooLarge {
        /// Where the frame begins.
        offset: u64,
        /// How long the entry claims to be, in bytes.
        len: u64,
        /// How long it may be, in bytes.
        max: usize,
    },
    /// The length of the entry is not a varint of at most 64 bits: this is not
    /// a stream of entries, or no longer one.
    InvalidLength {
        /// Where the frame begins.
        offset: u64,
    },
    /// The underlying reader failed.
    Io(io::Error),
}

impl ReadError {
    /// Whether the next frame can be found in spite of the error.
    pub(super) fn is_passed_over(&self) -> bool {
        matches!(self, Self::Malformed { .. } | Self::Empty { .. })
    }

    /// Gives a malformed entry its bytes.
    #[cold]
    pub(super) fn with_bytes(mut self, bytes: impl FnOnce() -> Bytes) -> Self {
        if let Self::Malformed { entry, .. } = &mut self {
            entry.bytes = Some(bytes());
        }
        self
    }
}

impl Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { offset } => write!(f, "truncated entry at byte {offset}"),
            Self::Malformed {
                offset,
                entry,
                source,
            } => {
                let len = entry.len();
                write!(
                    f,
                    "malformed entry of {len} bytes at byte {offset}: {source}"
                )
            }
            Self::Empty { offset } => write!(f, "empty entry at byte {offset}"),
            Self::TooLarge { offset, len, max } => {
                write!(
                    f,
                    "entry of {len} bytes exceeds the limit of {max} bytes at byte {offset}"
                )
            }
            Self::InvalidLength { offset } => write!(f, "invalid entry length at byte {offset}"),
            Self::Io(err) => Display::fmt(err, f),
        }
    }
}

impl Error for ReadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Malformed { source, .. } => Some(source),
            Self::Io(err) => err.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for ReadError {
    fn from(err: io::Error) -> Self {
        Self::Io(err)
    }
}

/// For functions that do I/O, and so return `io::Error` anyway: the error of the
/// underlying reader as it is, [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) for
/// [`ReadError::Truncated`], and [`InvalidData`](io::ErrorKind::InvalidData) for
/// the rest.
impl From<ReadError> for io::Error {
    fn from(err: ReadError) -> Self {
        match err {
            ReadError::Io(err) => err,
            ReadError::Truncated { .. } => Self::new(io::ErrorKind::UnexpectedEof, err),
            err => Self::new(io::ErrorKind::InvalidData, err),
        }
    }
}

/// The bytes of a frame that are not an entry, as they were received.
///
/// Neither its `Debug` nor the error that it is part of prints them: nothing tells
/// how sensitive they are.
///
/// ```
/// use lokryn_compliance_log::stream::{self, LogReader, ReadError};
///
/// // A frame of two bytes that are no entry, and an entry.
/// let stream = b"\x02\x08\x80\x03\x22\x01a";
/// let Some(Err(ReadError::Malformed { entry, .. })) = LogReader::new(&stream[..]).next() else {
///     panic!("not malformed");
/// };
/// assert_eq!(entry.range(), 1..3);
/// assert_eq!(entry.bytes().unwrap(), &b"\x08\x80"[..]);
/// assert_eq!(format!("{entry:?}"), "RawEntry { range: 1..3, .. }");
///
/// // From a slice nothing is copied: the range says where they are.
/// let Some(Err(ReadError::Malformed { entry, .. })) = stream::views(stream).next() else {
///     panic!("not malformed");
/// };
/// assert_eq!(entry.range(), 1..3);
/// assert!(entry.bytes().is_none());
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RawEntry {
    range: Range<u64>,
    bytes: Option<Bytes>,
}

impl RawEntry {
    pub(super) fn at(range: Range<u64>) -> Self {
        Self { range, bytes: None }
    }

    /// Returns where in the stream the bytes are, without the length before them.
    #[must_use]
    pub fn range(&self) -> Range<u64> {
        self.range.clone()
    }

    /// Returns how many bytes they are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.range.end - self.range.start
    }

    /// Returns whether there are none. A frame without bytes is
    /// [`ReadError::Empty`], so there always are.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the bytes; `None` from [`views`](super::views), whose caller has
    /// them.
    #[must_use]
    pub fn bytes(&self) -> Option<&Bytes> {
        self.bytes.as_ref()
    }
}

impl fmt::Debug for RawEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RawEntry")
            .field("range", &self.range)
            .finish_non_exhaustive()
    }
}

/// The error of writing an entry to a stream.
///
/// Only after [`Io`](Self::Io) may something of the entry have been written.
///
/// ```
/// use lokryn_compliance_log::LogEntryView;
/// use lokryn_compliance_log::stream::{LogWriter, WriteError};
///
/// let mut disk = [0; 8];
/// let mut full = LogWriter::new(&mut disk[..]);
/// let entry = LogEntryView { actor_id: "agent-001", ..LogEntryView::default() };
/// assert!(matches!(full.write(entry), Err(WriteError::Io(_)))); // half of it is there
/// assert!(matches!(full.write(entry), Err(WriteError::Torn)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum WriteError {
    /// The entry has no bytes: nothing of it is set. Readers refuse it, so
    /// nothing was written.
    Empty,
    /// The entry is longer than the writer accepts. Nothing was written.
    TooLarge {
        /// How long the entry is, in bytes.
        len: usize,
        /// How long it may be, in bytes.
        max: usize,
    },
    /// An earlier write failed and may have left a torn entry, so nothing was
    /// written: whatever followed would be read as its rest.
    Torn,
    /// The underlying writer failed. Part of the entry may have been written.
    Io(io::Error),
}

impl WriteError {
    pub(super) fn check_len(len: usize, max: usize) -> Result<(), Self> {
        match len {
            0 => Err(Self::Empty),
            len if len > max => Err(Self::TooLarge { len, max }),
            _ => Ok(()),
        }
    }
}

impl Display for WriteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("entry with nothing set"),
            Self::TooLarge { len, max } => {
                write!(f, "entry of {len} bytes exceeds the limit of {max} bytes")
            }
            Self::Torn => f.write_str("an earlier write failed and may have left a torn entry"),
            Self::Io(err) => Display::fmt(err, f),
        }
    }
}

impl Error for WriteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(err) => err.source(),
            _ => None,
        }
    }
}

impl From<io::Error> for WriteError {
    fn from(err: io::Error) -> Self {
        Self::Io(err)
    }
}

/// For functions that do I/O, and so return `io::Error` anyway: the error of the
/// underlying writer as it is, [`BrokenPipe`](io::ErrorKind::BrokenPipe) for
/// [`WriteError::Torn`], and [`InvalidInput`](io::ErrorKind::InvalidInput) for the
/// rest.
impl From<WriteError> for io::Error {
    fn from(err: WriteError) -> Self {
        match err {
            WriteError::Io(err) => err,
            WriteError::Torn => Self::new(io::ErrorKind::BrokenPipe, err),
            err => Self::new(io::ErrorKind::InvalidInput, err),
        }
    }
}
