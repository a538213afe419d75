//! Reading entries, from a source or from a slice.

use core::fmt;
use core::mem;
use core::ops::Range;

use alloc::vec::Vec;
use bytes::Bytes;
use std::io::{self, BufRead};

use super::error::ReadError;
use super::frame::{DEFAULT_MAX_ENTRY_LEN, Frame, Framing, Next};
use crate::LogEntry;

/// Reads entries from a stream.
///
/// As an iterator it yields owned entries; [`next_view`](Self::next_view) lends
/// borrowed ones, without an allocation for each. The two can be mixed.
///
/// An entry that lies whole in the buffer of the source is not copied. Otherwise
/// memory grows with what has been read, never with what a length claims: at most
/// one entry, of at most [`max_entry_len`](Self::with_max_entry_len) bytes, is held.
///
/// # After an error
///
/// After [`ReadError::Malformed`] and [`ReadError::Empty`] the next entry follows,
/// because the frame was whole. After [`ReadError::Io`] the next call tries again
/// where reading stopped, so a loop that passes over errors of a broken source
/// never ends. Every other error is the end: from then on the reader returns
/// `None`.
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
    framing: Framing,
    /// The frame being read, if it began in the buffer of `inner` and does not lie
    /// in there as a whole. Never the start of an empty frame alone.
    collected: Vec<u8>,
    lent: Lent,
    done: bool,
}

/// Where the frame is that was lent by the last call.
#[derive(Default)]
enum Lent {
    #[default]
    Nowhere,
    /// In the buffer of `inner`, of which it takes so many bytes.
    Buffered(usize),
    Collected,
}

impl<R: BufRead> LogReader<R> {
    /// Returns a reader of the entries in `inner`, from where it stands.
    /// Offsets count from there.
    pub fn new(inner: R) -> Self {
        Self {
            inner,
            framing: Framing::new(DEFAULT_MAX_ENTRY_LEN),
            collected: Vec::new(),
            lent: Lent::Nowhere,
            done: false,
        }
    }

    /// Sets the length in bytes of the longest entry to accept, 4 MiB unless
    /// set.
    #[must_use]
    pub fn with_max_entry_len(self, max_entry_len: usize) -> Self {
        Self {
            framing: self.framing.with_max_entry_len(max_entry_len),
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
        self.next_with(Framing::decode)
    }

    pub(super) fn next_with<'a, T>(
        &'a mut self,
        decode: impl FnOnce(&Framing, &'a [u8], Range<usize>) -> Result<T, ReadError>,
    ) -> Option<Result<T, ReadError>> {
        self.take_back();
        if self.done {
            return None;
        }
        match self.find_entry() {
            Ok(Some(entry)) => Some(self.lend(entry, decode)),
            Ok(None) => {
                self.done = true;
                None
            }
            Err(err) => {
                self.done = !err.is_passed_over() && !matches!(err, ReadError::Io(_));
                Some(Err(err))
            }
        }
    }

    /// Reads on until a whole frame lies in the buffer of `inner` or has been
    /// collected, and returns the place of the entry in it; `None` at the end of
    /// the stream. Called again after an I/O error, it goes on where it stopped.
    fn find_entry(&mut self) -> Result<Option<Range<usize>>, ReadError> {
        loop {
            let is_buffered = self.collected.is_empty();
            let unread = if is_buffered {
                match self.inner.fill_buf() {
                    Ok(buffered) => buffered,
                    Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                    Err(err) => return Err(err.into()),
                }
            } else {
                &self.collected
            };
            if unread.is_empty() {
                return Ok(None);
            }
            match self.framing.next(unread)? {
                Next::Entry(entry) => {
                    self.lent = if is_buffered {
                        Lent::Buffered(entry.end)
                    } else {
                        Lent::Collected
                    };
                    return Ok(Some(entry));
                }
                Next::Empty(len) => {
                    if is_buffered {
                        self.inner.consume(len);
                    } else {
                        self.collected.clear();
                    }
                    self.framing.skip_empty(len)?;
                }
                Next::Missing(len) => self.collect(len)?,
            }
        }
    }

    /// Where the next frame begins.
    pub(super) fn offset(&self) -> u64 {
        self.framing.offset()
    }

    fn lend<'a, T>(
        &'a mut self,
        entry: Range<usize>,
        decode: impl FnOnce(&Framing, &'a [u8], Range<usize>) -> Result<T, ReadError>,
    ) -> Result<T, ReadError> {
        let unread = match self.lent {
            // A second look at a buffer that is not empty reads nothing.
            Lent::Buffered(_) => match self.inner.fill_buf() {
                Ok(buffered) => buffered,
                Err(err) => {
                    self.lent = Lent::Nowhere;
                    return Err(err.into());
                }
            },
            Lent::Nowhere | Lent::Collected => &self.collected,
        };
        let decoded = decode(&self.framing, unread, entry.clone());
        self.framing.advance(entry.end);
        decoded.map_err(|err| err.with_bytes(|| Bytes::copy_from_slice(&unread[entry])))
    }

    fn take_back(&mut self) {
        match mem::take(&mut self.lent) {
            Lent::Nowhere => {}
            Lent::Buffered(len) => self.inner.consume(len),
            Lent::Collected => self.collected.clear(),
        }
    }

    /// Adds up to `max` bytes to the collected ones.
    fn collect(&mut self, max: usize) -> Result<(), ReadError> {
        let len = loop {
            match self.inner.fill_buf() {
                Ok([]) => {
                    let offset = self.framing.offset();
                    return Err(ReadError::Truncated { offset });
                }
                Ok(buffered) => {
                    let len = buffered.len().min(max);
                    self.collected.extend_from_slice(&buffered[..len]);
                    break len;
                }
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err.into()),
            }
        };
        self.inner.consume(len);
        Ok(())
    }

    /// Returns the inner reader. It stands after what has been read so far, which
    /// after an I/O error may be part of an entry.
    pub fn into_inner(mut self) -> R {
        self.take_back();
        self.inner
    }
}

impl<R> LogReader<R> {
    /// Returns the inner reader. It may still stand before the entry that was
    /// read last.
    pub fn get_ref(&self) -> &R {
        &self.inner
    }
}

impl<R: BufRead> Iterator for LogReader<R> {
    type Item = Result<LogEntry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_with(|framing, bytes, entry| {
            framing.decode_with(LogEntry::from_bytes, bytes, entry)
        })
    }
}

// What a derive would print are the bytes of an entry, payload included.
impl<R> fmt::Debug for LogReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogReader")
            .field("max_entry_len", &self.framing.max_entry_len())
            .field("offset", &self.framing.offset())
            .field("done", &self.done)
            .finish_non_exhaustive()
    }
}

/// Iterates over the entries in a slice, such as a mapped file, without copying.
///
/// There is no limit on the length of an entry, because nothing is allocated.
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
    Views {
        unread: stream,
        framing: Framing::new(usize::MAX),
    }
}

/// The iterator that [`views`] returns.
///
/// Yields the same errors as [`LogReader`], except for [`ReadError::Io`] and
/// [`ReadError::TooLarge`], and goes on after them in the same way.
#[derive(Clone)]
pub struct Views<'a> {
    unread: &'a [u8],
    framing: Framing,
}

impl<'a> Iterator for Views<'a> {
    type Item = Result<Frame<'a>, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.unread.is_empty() {
            let unread = self.unread;
            match self.framing.next(unread) {
                Ok(Next::Entry(entry)) => {
                    let end = entry.end;
                    let frame = self.framing.decode(unread, entry);
                    self.framing.advance(end);
                    self.unread = &unread[end..];
                    return Some(frame);
                }
                Ok(Next::Empty(len)) => {
                    self.unread = &unread[len..];
                    if let Err(err) = self.framing.skip_empty(len) {
                        return Some(Err(err));
                    }
                }
                // A length beyond the slice is one that nothing could hold, too.
                Ok(Next::Missing(_)) | Err(ReadError::TooLarge { .. }) => {
                    self.unread = &[];
                    let offset = self.framing.offset();
                    return Some(Err(ReadError::Truncated { offset }));
                }
                Err(err) => {
                    self.unread = &[];
                    return Some(Err(err));
                }
            }
        }
        None
    }
}

// What a derive would print are the bytes of the entries, payloads included.
impl fmt::Debug for Views<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Views")
            .field("offset", &self.framing.offset())
            .field("unread", &self.unread.len())
            .finish()
    }
}
