//! The framing of [`stream`] for `tokio_util::codec`.

use std::io;

use bytes::{Buf as _, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use crate::stream::{self, DEFAULT_MAX_ENTRY_LEN, FrameLen, ReadError, TooLarge};
use crate::view::wire;
use crate::{LogEntry, LogEntryView};

/// Encodes and decodes length-delimited entries over any tokio transport.
///
/// ```
/// use futures_util::{SinkExt as _, StreamExt as _};
/// use lokryn_compliance_log::LogEntry;
/// use lokryn_compliance_log::codec::LogCodec;
/// use tokio_util::codec::{FramedRead, FramedWrite};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let (client, server) = tokio::io::duplex(64);
/// let mut sink = FramedWrite::new(client, LogCodec::new());
/// let mut entries = FramedRead::new(server, LogCodec::new());
///
/// let entry = LogEntry { actor_id: "agent-001".into(), ..LogEntry::default() };
/// sink.send(&entry).await?;
/// drop(sink);
///
/// assert_eq!(entries.next().await.transpose()?, Some(entry));
/// assert!(entries.next().await.is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// Decoding gives the errors of [`LogReader`](stream::LogReader), with offsets
/// that count from the first byte that this codec has seen. A connection that
/// closes in the middle of an entry is [`ReadError::Truncated`]. As with every
/// decoder, tokio's `FramedRead` yields `None` after an error. After
/// [`ReadError::Malformed`] it can be polled again: it goes on with the next
/// entry as soon as more bytes, or the end, arrive.
///
/// The other errors of decoding are final: the codec cannot find the next entry,
/// and gives the same error again.
///
/// Encoding an entry above the limit is refused with
/// [`InvalidInput`](io::ErrorKind::InvalidInput) and leaves the buffer as it was.
#[derive(Clone, Debug)]
pub struct LogCodec {
    max_entry_len: usize,
    offset: u64,
}

impl Default for LogCodec {
    fn default() -> Self {
        Self::new()
    }
}

impl LogCodec {
    /// Returns a codec with the default limit of 4 MiB an entry.
    #[must_use]
    pub fn new() -> Self {
        Self {
            max_entry_len: DEFAULT_MAX_ENTRY_LEN,
            offset: 0,
        }
    }

    /// Sets the length in bytes of the longest entry to encode or decode, 4 MiB
    /// unless set.
    #[must_use]
    pub fn with_max_entry_len(self, max_entry_len: usize) -> Self {
        Self {
            max_entry_len,
            ..self
        }
    }
}

impl Decoder for LogCodec {
    type Item = LogEntry;
    type Error = ReadError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<LogEntry>, ReadError> {
        let offset = self.offset;
        let Some(FrameLen { prefix, total }) = stream::frame_len(src, offset, self.max_entry_len)?
        else {
            return Ok(None);
        };
        let Some(frame) = src.get(..total) else {
            return Ok(None);
        };
        let entry = stream::decode(&frame[prefix..], offset).map(|frame| frame.view.to_entry());
        src.advance(total);
        self.offset += total as u64;
        entry.map(Some)
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<LogEntry>, ReadError> {
        match self.decode(src)? {
            None if !src.is_empty() => Err(ReadError::Truncated {
                offset: self.offset,
            }),
            entry => Ok(entry),
        }
    }
}

impl Encoder<LogEntryView<'_>> for LogCodec {
    type Error = io::Error;

    fn encode(&mut self, entry: LogEntryView<'_>, dst: &mut BytesMut) -> io::Result<()> {
        let len = entry.encoded_len();
        TooLarge::check(len, self.max_entry_len)?;
        dst.reserve(wire::varint_len(len as u64) + len);
        wire::put_varint(len as u64, dst);
        entry.put(dst);
        Ok(())
    }
}

impl Encoder<&LogEntry> for LogCodec {
    type Error = io::Error;

    fn encode(&mut self, entry: &LogEntry, dst: &mut BytesMut) -> io::Result<()> {
        self.encode(LogEntryView::from(entry), dst)
    }
}

impl Encoder<LogEntry> for LogCodec {
    type Error = io::Error;

    fn encode(&mut self, entry: LogEntry, dst: &mut BytesMut) -> io::Result<()> {
        self.encode(LogEntryView::from(&entry), dst)
    }
}
