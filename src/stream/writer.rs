//! Writing entries.

use core::fmt;

use alloc::vec::Vec;
use std::io::{self, Write};

use super::error::WriteError;
use super::frame::DEFAULT_MAX_ENTRY_LEN;
use crate::LogEntryView;
use crate::view::wire;

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
/// # Ok::<(), lokryn_compliance_log::stream::WriteError>(())
/// ```
pub struct LogWriter<W> {
    inner: W,
    frame: Vec<u8>,
    max_entry_len: usize,
    written: u64,
    torn: bool,
}

impl<W: Write> LogWriter<W> {
    /// Returns a writer that appends to `inner`.
    pub fn new(inner: W) -> Self {
        Self {
            inner,
            frame: Vec::new(),
            max_entry_len: DEFAULT_MAX_ENTRY_LEN,
            written: 0,
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
    /// [`WriteError::Empty`] and [`WriteError::TooLarge`] for an entry that no
    /// reader would take, of which nothing is written. [`WriteError::Io`] if
    /// `inner` fails: part of the entry may be in the stream then, so every later
    /// write is refused with [`WriteError::Torn`]. The same holds if `inner`
    /// panics.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryView;
    /// use lokryn_compliance_log::stream::{LogWriter, WriteError};
    ///
    /// let mut writer = LogWriter::new(Vec::new()).with_max_entry_len(10);
    /// writer.write(LogEntryView { actor_id: "agent", ..LogEntryView::default() })?;
    /// let too_long = LogEntryView { actor_id: "agent-001", ..LogEntryView::default() };
    /// let err = writer.write(too_long).unwrap_err();
    /// assert!(matches!(err, WriteError::TooLarge { len: 11, max: 10 }));
    /// # Ok::<(), WriteError>(())
    /// ```
    pub fn write<'a>(&mut self, entry: impl Into<LogEntryView<'a>>) -> Result<(), WriteError> {
        let entry = entry.into();
        self.begin_frame(entry.encoded_len())?;
        entry.put(&mut self.frame);
        self.end_frame()
    }

    /// Writes an entry that is encoded already, such as
    /// [`Frame::bytes`](super::Frame::bytes).
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
    /// # Ok::<(), lokryn_compliance_log::stream::WriteError>(())
    /// ```
    pub fn write_encoded(&mut self, entry: &[u8]) -> Result<(), WriteError> {
        self.begin_frame(entry.len())?;
        self.frame.extend_from_slice(entry);
        self.end_frame()
    }

    fn begin_frame(&mut self, len: usize) -> Result<(), WriteError> {
        if self.torn {
            return Err(WriteError::Torn);
        }
        WriteError::check_len(len, self.max_entry_len)?;
        self.frame.clear();
        wire::put_varint(len as u64, &mut self.frame);
        Ok(())
    }

    fn end_frame(&mut self) -> Result<(), WriteError> {
        // Until all of it is written, and so also if `inner` panics.
        self.torn = true;
        self.inner.write_all(&self.frame)?;
        self.torn = false;
        self.written += self.frame.len() as u64;
        Ok(())
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
    /// Returns how many bytes of whole entries this writer has passed on, lengths
    /// included.
    ///
    /// After [`WriteError::Io`], the length of a file before this writer plus that
    /// is where the torn entry begins: [`File::set_len`](std::fs::File::set_len)
    /// cuts it off without reading the file again.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Returns the inner writer, to sync a file for example.
    pub fn get_ref(&self) -> &W {
        &self.inner
    }

    /// Returns the inner writer. It holds every entry written.
    pub fn into_inner(self) -> W {
        self.inner
    }
}

// What a derive would print are the bytes of an entry, payload included.
impl<W> fmt::Debug for LogWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogWriter")
            .field("max_entry_len", &self.max_entry_len)
            .field("written", &self.written)
            .field("torn", &self.torn)
            .finish_non_exhaustive()
    }
}
