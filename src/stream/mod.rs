//! Many entries in a file or a socket: length-delimited streams.
//!
//! Before each entry stands its length in bytes as a varint, the [framing that
//! protobuf's own libraries call delimited][delimited]. Python's
//! `google.protobuf.proto`, Java's `parseDelimitedFrom`, protobuf-es's
//! `sizeDelimitedDecodeStream` and ClickHouse's `Protobuf` format read such a
//! file as it is.
//!
//! [delimited]: https://protobuf.dev/programming-guides/techniques/#streaming
//!
//! ```
//! use std::io::BufReader;
//! use lokryn_compliance_log::stream::{LogReader, LogWriter};
//! # use lokryn_compliance_log::LogEntry;
//! # let entry = LogEntry { actor_id: "agent-001".into(), ..LogEntry::default() };
//!
//! let mut writer = LogWriter::new(Vec::new());
//! writer.write(&entry)?;
//! writer.write(&entry)?;
//!
//! let file = writer.into_inner();
//! for entry in LogReader::new(file.as_slice()) {
//!     println!("{}", entry?.actor_id);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # After a crash
//!
//! The writer hands each entry over in one piece, so a crash tears at most the
//! last one. [`ReadError::Truncated`] says where the torn entry begins, which is
//! where the whole ones end. Cut the file there and go on appending. Keep what
//! is cut off: a length that was damaged on the disk can claim what follows it,
//! and then looks like a torn entry.
//!
//! ```
//! use std::fs::File;
//! use std::io::{self, BufReader, Seek as _, SeekFrom};
//! use std::path::Path;
//! use lokryn_compliance_log::stream::{LogReader, LogWriter, ReadError};
//!
//! fn reopen(path: &Path) -> Result<LogWriter<File>, ReadError> {
//!     let mut file = File::options().read(true).append(true).open(path)?;
//!     let mut reader = LogReader::new(BufReader::new(&file));
//!     let mut torn_at = None;
//!     while let Some(frame) = reader.next_view() {
//!         match frame {
//!             Ok(_) => {}
//!             Err(ReadError::Truncated { offset }) => torn_at = Some(offset),
//!             Err(err) => return Err(err),
//!         }
//!     }
//!     if let Some(offset) = torn_at {
//!         let torn = path.with_extension("torn");
//!         let mut torn = File::options().create(true).append(true).open(torn)?;
//!         file.seek(SeekFrom::Start(offset))?;
//!         io::copy(&mut file, &mut torn)?;
//!         torn.sync_all()?;
//!         file.set_len(offset)?;
//!     }
//!     Ok(LogWriter::new(file))
//! }
//! # use lokryn_compliance_log::LogEntry;
//! # let path = std::env::temp_dir().join(format!("reopen-{}", std::process::id()));
//! # let entry = LogEntry { actor_id: "agent-001".into(), ..LogEntry::default() };
//! # let mut whole = LogWriter::new(Vec::new());
//! # whole.write(&entry)?;
//! # let whole = whole.into_inner();
//! # std::fs::write(&path, [&whole[..], &whole[..5]].concat())?;
//! # reopen(&path)?.write(&entry)?;
//! # assert_eq!(std::fs::read(&path)?, [&whole[..], &whole[..]].concat());
//! # assert_eq!(std::fs::read(path.with_extension("torn"))?, &whole[..5]);
//! # std::fs::remove_file(path.with_extension("torn"))?;
//! # std::fs::remove_file(&path)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Forwarding
//!
//! A [`Frame`] holds an entry's own bytes beside its view. Pass those on, with
//! [`LogWriter::write_encoded`], rather than an entry encoded anew: decoding
//! drops fields that this version of the schema does not know.

#[cfg(feature = "tokio")]
pub mod codec;

use core::error::Error;
use core::fmt::{self, Display};

use alloc::vec::Vec;
use std::io::{self, BufRead, Write};

use crate::view::wire::{self, Varint};
use crate::{DecodeError, LogEntry, LogEntryView};

/// The longest entry that readers, writers and codecs accept unless told
/// otherwise: 4 MiB.
pub const DEFAULT_MAX_ENTRY_LEN: usize = 4 * 1024 * 1024;

/// One entry of a stream: its view, and the bytes it was read from.
///
/// `Debug` prints the view, under its rule for payloads, and not the bytes.
///
/// ```
/// use lokryn_compliance_log::stream;
///
/// let frame = stream::views(b"\x03\x22\x01a").next().unwrap()?;
/// assert_eq!(frame.view.actor_id, "a");
/// assert_eq!(frame.bytes, b"\x22\x01a");
/// assert_eq!(frame.offset, 0);
/// # Ok::<(), stream::ReadError>(())
/// ```
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Frame<'a> {
    /// The entry.
    pub view: LogEntryView<'a>,
    /// The entry's own bytes, as received, without the length before them.
    pub bytes: &'a [u8],
    /// Where in the stream the frame begins: the offset in bytes of the length
    /// before the entry.
    pub offset: u64,
}

/// Writes entries to a stream.
///
/// Each entry is passed on with a single `write_all`, as soon as it is written:
/// nothing is held back. Put no `BufWriter` between it and a file unless losing
/// the last entries in a crash is acceptable.
///
/// ```
/// use lokryn_compliance_log::LogEntry;
/// use lokryn_compliance_log::stream::LogWriter;
///
/// let mut writer = LogWriter::new(Vec::new());
/// writer.write(&LogEntry { message: "started".into(), ..LogEntry::default() })?;
/// assert_eq!(writer.into_inner(), b"\x09\x42\x07started");
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct LogWriter<W> {
    inner: W,
    frame: Vec<u8>,
    max_entry_len: usize,
    torn: bool,
}

impl<W: Write> LogWriter<W> {
    /// Returns a writer that appends to `inner`.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            frame: Vec::new(),
            max_entry_len: DEFAULT_MAX_ENTRY_LEN,
            torn: false,
        }
    }

    /// Sets the length in bytes of the longest entry to write, 4 MiB unless set.
    ///
    /// Readers have the same limit. Raise both or neither.
    #[must_use]
    pub fn with_max_entry_len(self, max_entry_len: usize) -> Self {
        Self {
            max_entry_len,
            ..self
        }
    }

    /// Writes an entry: a `&LogEntry` or a [`LogEntryView`].
    ///
    /// # Errors
    ///
    /// What `inner` returns; [`InvalidInput`](io::ErrorKind::InvalidInput) for an
    /// entry above the limit, of which nothing is written. Once `inner` has
    /// failed, part of an entry may be in the stream, so every later write is
    /// refused with [`BrokenPipe`](io::ErrorKind::BrokenPipe): whatever followed
    /// would be read as the rest of the torn entry.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryView;
    /// use lokryn_compliance_log::stream::LogWriter;
    ///
    /// let mut writer = LogWriter::new(Vec::new()).with_max_entry_len(10);
    /// writer.write(LogEntryView { actor_id: "agent", ..LogEntryView::default() })?;
    /// let too_long = LogEntryView { actor_id: "agent-001", ..LogEntryView::default() };
    /// assert!(writer.write(too_long).is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write<'a>(&mut self, entry: impl Into<LogEntryView<'a>>) -> io::Result<()> {
        let entry = entry.into();
        let len = entry.encoded_len();
        self.begin_frame(len)?;
        entry.put(&mut self.frame);
        self.end_frame()
    }

    /// Writes an entry that is encoded already, such as [`Frame::bytes`].
    ///
    /// The bytes are passed on as they are, without being decoded.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    ///
    /// ```
    /// use lokryn_compliance_log::stream::LogWriter;
    ///
    /// let mut writer = LogWriter::new(Vec::new());
    /// writer.write_encoded(b"\x22\x01a")?;
    /// assert_eq!(writer.into_inner(), b"\x03\x22\x01a");
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn write_encoded(&mut self, entry: &[u8]) -> io::Result<()> {
        self.begin_frame(entry.len())?;
        self.frame.extend_from_slice(entry);
        self.end_frame()
    }

    fn begin_frame(&mut self, len: usize) -> io::Result<()> {
        if self.torn {
            return Err(io::Error::new(
                io::ErrorKind::BrokenPipe,
                "an earlier write failed and may have left a torn entry",
            ));
        }
        TooLarge::check(len, self.max_entry_len)?;
        self.frame.clear();
        wire::put_varint(len as u64, &mut self.frame);
        Ok(())
    }

    fn end_frame(&mut self) -> io::Result<()> {
        let written = self.inner.write_all(&self.frame);
        self.torn = written.is_err();
        written
    }

    /// Flushes the inner writer.
    ///
    /// # Errors
    ///
    /// What `inner` returns.
    pub fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl<W> LogWriter<W> {
    /// Returns the inner writer, to sync a file for example.
    pub fn get_ref(&self) -> &W {
        &self.inner
    }

    /// Returns the inner writer. It holds every entry written.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

/// Reads entries from a stream.
///
/// As an iterator it yields owned entries; [`next_view`](Self::next_view) lends
/// borrowed ones, without an allocation for each. The two can be mixed.
///
/// Memory grows with what has been read, never with what a length claims: at
/// most one entry, of at most [`max_entry_len`](Self::with_max_entry_len) bytes, is
/// held.
///
/// # After an error
///
/// After [`ReadError::Malformed`] the next entry follows, for the frame was
/// whole. After [`ReadError::Io`] the next call tries again where reading
/// stopped, so a loop that passes over errors of a broken source never ends.
/// Every other error is the end: from then on the reader returns `None`.
///
/// ```
/// use lokryn_compliance_log::stream::{LogReader, ReadError};
///
/// // An entry, bytes in a frame that are no entry, an entry, and a torn one.
/// let stream = b"\x02\x08\x01\x02\x08\x80\x02\x08\x02\x02\x08";
/// let mut types = Vec::new();
/// for entry in LogReader::new(&stream[..]) {
///     match entry {
///         Ok(entry) => types.push(entry.event_type),
///         Err(ReadError::Malformed { offset, .. }) => assert_eq!(offset, 3),
///         Err(ReadError::Truncated { offset }) => assert_eq!(offset, 9),
///         Err(err) => return Err(err),
///     }
/// }
/// assert_eq!(types, [1, 2]);
/// # Ok::<(), ReadError>(())
/// ```
pub struct LogReader<R> {
    inner: R,
    max_entry_len: usize,
    /// Where the current frame begins.
    offset: u64,
    /// As much of the current frame as has been read.
    frame: Vec<u8>,
    /// Whether that is all of it.
    whole: bool,
    done: bool,
}

impl<R: BufRead> LogReader<R> {
    /// Returns a reader of the entries in `inner`, from where it stands.
    /// Offsets count from there.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            max_entry_len: DEFAULT_MAX_ENTRY_LEN,
            offset: 0,
            frame: Vec::new(),
            whole: false,
            done: false,
        }
    }

    /// Sets the length in bytes of the longest entry to accept, 4 MiB unless
    /// set.
    #[must_use]
    pub fn with_max_entry_len(self, max_entry_len: usize) -> Self {
        Self {
            max_entry_len,
            ..self
        }
    }

    /// Reads the next entry and lends it until the call after; `None` at the end
    /// of the stream.
    ///
    /// # Errors
    ///
    /// See [`ReadError`], and [above](Self#after-an-error) for how reading goes
    /// on.
    ///
    /// ```
    /// use lokryn_compliance_log::stream::LogReader;
    ///
    /// let mut reader = LogReader::new(&b"\x03\x22\x01a\x03\x22\x01b"[..]);
    /// while let Some(frame) = reader.next_view() {
    ///     println!("{}", frame?.view.actor_id);
    /// }
    /// # Ok::<(), lokryn_compliance_log::stream::ReadError>(())
    /// ```
    pub fn next_view(&mut self) -> Option<Result<Frame<'_>, ReadError>> {
        if self.done {
            return None;
        }
        match self.read_frame() {
            Ok(Some(prefix)) => Some(decode(&self.frame[prefix..], self.offset)),
            Ok(None) => {
                self.done = true;
                None
            }
            Err(err) => {
                self.done = !matches!(err, ReadError::Io(_));
                Some(Err(err))
            }
        }
    }

    /// Reads on until `frame` holds one whole frame, and returns how long the
    /// length before the entry is. Called again after an I/O error, it goes on
    /// where it stopped.
    fn read_frame(&mut self) -> Result<Option<usize>, ReadError> {
        self.drop_whole_frame();
        let offset = self.offset;
        loop {
            let missing = match frame_len(&self.frame, offset, self.max_entry_len)? {
                Some(FrameLen { prefix, total }) if total == self.frame.len() => {
                    self.whole = true;
                    return Ok(Some(prefix));
                }
                Some(FrameLen { total, .. }) => total - self.frame.len(),
                None => 1,
            };
            match self.pull(missing) {
                Ok(0) if self.frame.is_empty() => return Ok(None),
                Ok(0) => return Err(ReadError::Truncated { offset }),
                Ok(_) => {}
                Err(err) => return Err(ReadError::Io(err)),
            }
        }
    }

    fn drop_whole_frame(&mut self) {
        if self.whole {
            self.offset += self.frame.len() as u64;
            self.frame.clear();
            self.whole = false;
        }
    }

    /// Reads the next entry from where it lies in the buffer of `inner`; `None` at
    /// the end of the stream, or if it takes `read_frame`.
    fn next_buffered(&mut self) -> Option<Result<LogEntry, ReadError>> {
        self.drop_whole_frame();
        if self.done || !self.frame.is_empty() {
            return None;
        }
        let buffered = match self.inner.fill_buf() {
            Ok(buffered) => buffered,
            Err(err) if err.kind() == io::ErrorKind::Interrupted => return None,
            Err(err) => return Some(Err(ReadError::Io(err))),
        };
        if buffered.is_empty() {
            self.done = true;
            return None;
        }
        let FrameLen { prefix, total } =
            frame_len(buffered, self.offset, self.max_entry_len).ok()??;
        let frame = decode(buffered.get(prefix..total)?, self.offset);
        let entry = frame.map(|frame| frame.view.to_entry());
        self.inner.consume(total);
        self.offset += total as u64;
        Some(entry)
    }

    /// Moves up to `max` buffered bytes into `frame` and returns how many; 0 at
    /// the end of the stream.
    fn pull(&mut self, max: usize) -> io::Result<usize> {
        loop {
            match self.inner.fill_buf() {
                Ok(buffered) => {
                    let len = buffered.len().min(max);
                    self.frame.extend_from_slice(&buffered[..len]);
                    self.inner.consume(len);
                    return Ok(len);
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
    }
}

impl<R> LogReader<R> {
    /// Returns the inner reader.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }

    /// Returns the inner reader. It stands behind what has been read so far,
    /// which after an I/O error may be part of an entry.
    pub fn into_inner(self) -> R {
        self.inner
    }
}

impl<R: BufRead> Iterator for LogReader<R> {
    type Item = Result<LogEntry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(entry) = self.next_buffered() {
            return Some(entry);
        }
        let frame = self.next_view()?;
        Some(frame.map(|frame| frame.view.to_entry()))
    }
}

/// Iterates over the entries in a slice, such as a mapped file, without copying.
///
/// There is no limit on the length of an entry, for nothing is allocated.
/// Offsets count from the start of the slice.
///
/// ```
/// use lokryn_compliance_log::{LogEntry, Severity};
/// use lokryn_compliance_log::stream::{self, LogWriter, ReadError};
/// # let mut writer = LogWriter::new(Vec::new());
/// # for severity in [Severity::Info, Severity::Alert] {
/// #     writer.write(&LogEntry { severity: severity.into(), ..LogEntry::default() })?;
/// # }
/// # let mapped = writer.into_inner();
///
/// let mut urgent = 0;
/// for frame in stream::views(&mapped) {
///     if frame?.view.severity >= Severity::Alert.into() {
///         urgent += 1;
///     }
/// }
/// assert_eq!(urgent, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn views(stream: &[u8]) -> Views<'_> {
    Views { stream, at: 0 }
}

/// The iterator that [`views`] returns.
///
/// Yields the same errors as [`LogReader`], except for [`ReadError::Io`] and
/// [`ReadError::TooLarge`], and goes on after them in the same way.
#[derive(Clone)]
pub struct Views<'a> {
    stream: &'a [u8],
    at: usize,
}

impl<'a> Iterator for Views<'a> {
    type Item = Result<Frame<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let offset = self.at as u64;
        let rest = &self.stream[self.at..];
        if rest.is_empty() {
            return None;
        }
        let (frame, prefix) = match frame_len(rest, offset, usize::MAX) {
            Ok(Some(FrameLen { prefix, total })) => (rest.get(..total), prefix),
            // A length beyond the slice is one that nothing could hold, too.
            Ok(None) | Err(ReadError::TooLarge { .. }) => (None, 0),
            Err(err) => {
                self.at = self.stream.len();
                return Some(Err(err));
            }
        };
        let Some(frame) = frame else {
            self.at = self.stream.len();
            return Some(Err(ReadError::Truncated { offset }));
        };
        self.at += frame.len();
        Some(decode(&frame[prefix..], offset))
    }
}

/// How long a frame is.
pub(crate) struct FrameLen {
    /// The length before the entry, in bytes.
    pub(crate) prefix: usize,
    /// That and the entry.
    pub(crate) total: usize,
}

/// Reads the length at the start of a frame; `None` if there are too few bytes
/// to tell.
pub(crate) fn frame_len(
    frame: &[u8],
    offset: u64,
    max: usize,
) -> Result<Option<FrameLen>, ReadError> {
    let (len, prefix) = match wire::decode_varint(frame) {
        Varint::Value(len, prefix) => (len, prefix),
        Varint::CutOff => return Ok(None),
        Varint::TooLong => return Err(ReadError::InvalidLength { offset }),
    };
    let total = usize::try_from(len)
        .ok()
        .filter(|len| *len <= max)
        .and_then(|len| len.checked_add(prefix));
    match total {
        Some(total) => Ok(Some(FrameLen { prefix, total })),
        None => Err(ReadError::TooLarge { offset, len, max }),
    }
}

pub(crate) fn decode(entry: &[u8], offset: u64) -> Result<Frame<'_>, ReadError> {
    match LogEntryView::decode(entry) {
        Ok(view) => Ok(Frame {
            view,
            bytes: entry,
            offset,
        }),
        Err(source) => Err(ReadError::Malformed {
            offset,
            len: entry.len(),
            source,
        }),
    }
}

// What a derive would print are the bytes of entries, payloads included.

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("view", &self.view)
            .field("len", &self.bytes.len())
            .field("offset", &self.offset)
            .finish()
    }
}

impl<W> fmt::Debug for LogWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogWriter")
            .field("max_entry_len", &self.max_entry_len)
            .field("torn", &self.torn)
            .finish_non_exhaustive()
    }
}

impl<R> fmt::Debug for LogReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogReader")
            .field("max_entry_len", &self.max_entry_len)
            .field("offset", &self.offset)
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Views<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Views")
            .field("len", &self.stream.len())
            .field("at", &self.at)
            .finish()
    }
}

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
        /// How long the entry is, without the length before it.
        len: usize,
        /// What is wrong with the entry. Its offset counts within the entry.
        source: DecodeError,
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

impl Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated { offset } => write!(f, "truncated entry at byte {offset}"),
            Self::Malformed {
                offset,
                len,
                source,
            } => write!(
                f,
                "malformed entry of {len} bytes at byte {offset}: {source}"
            ),
            Self::TooLarge { offset, len, max } => {
                let too_large = TooLarge {
                    len: *len,
                    max: *max,
                };
                write!(f, "{too_large} at byte {offset}")
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

/// The error of writing an entry above the limit.
#[derive(Debug)]
pub(crate) struct TooLarge {
    len: u64,
    max: usize,
}

impl TooLarge {
    pub(crate) fn check(len: usize, max: usize) -> io::Result<()> {
        if len <= max {
            return Ok(());
        }
        let too_large = Self {
            len: len as u64,
            max,
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, too_large))
    }
}

impl Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { len, max } = self;
        write!(f, "entry of {len} bytes exceeds the limit of {max} bytes")
    }
}

impl Error for TooLarge {}
