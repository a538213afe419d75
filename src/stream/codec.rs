//! The framing of [`stream`](super) for `tokio_util::codec`.

use core::fmt;

use bytes::{Buf as _, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

use super::error::{ReadError, WriteError};
use super::frame::{DEFAULT_MAX_ENTRY_LEN, Frame, Framing, Next};
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
/// Takes entries, views, and bytes that are encoded already (`Bytes` or `&[u8]`),
/// which are passed on as they are. To receive an entry's own bytes, to forward
/// them, use [`FrameCodec`].
///
/// # Errors
///
/// Decoding gives the errors of [`LogReader`](super::LogReader), with offsets that
/// count from the first byte that this codec has seen. A connection that closes in
/// the middle of an entry is [`ReadError::Truncated`].
///
/// Every error is the end, as tokio's `FramedRead` has it for every decoder: what
/// follows stays in the buffer, and decoding it again gives the same error again.
/// Whoever wants to go on after an entry that is malformed uses [`FrameCodec`] from the
/// start, which yields it as an item.
///
/// Encoding gives [`WriteError::Empty`] and [`WriteError::TooLarge`], which leave
/// the buffer as it was.
///
/// # Debug
///
/// Tokio's own types print what they hold: `{:?}` of a `FramedRead`, `FramedWrite`
/// or `Framed` shows the bytes in its buffer, payloads included, whatever the
/// sensitivity. Do not log those.
#[derive(Clone, Debug)]
pub struct LogCodec {
    framing: Framing,
}

impl Default for LogCodec {
    fn default() -> Self {
        Self::new()
    }
}

impl LogCodec {
    /// Returns a codec with the default limit of 4 MiB per entry.
    #[must_use]
    pub fn new() -> Self {
        Self {
            framing: Framing::new(DEFAULT_MAX_ENTRY_LEN),
        }
    }

    /// Sets the length in bytes of the longest entry to encode or decode, 4 MiB
    /// unless set.
    #[must_use]
    pub fn with_max_entry_len(self, max_entry_len: usize) -> Self {
        Self {
            framing: self.framing.with_max_entry_len(max_entry_len),
        }
    }
}

impl Decoder for LogCodec {
    type Item = LogEntry;
    type Error = ReadError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<LogEntry>, ReadError> {
        let entry = match self.framing.next(src)? {
            Next::Entry(entry) => entry,
            Next::Empty(_) => {
                let offset = self.framing.offset();
                return Err(ReadError::Empty { offset });
            }
            Next::Missing(_) => return Ok(None),
        };
        let decoded = self
            .framing
            .decode_with(LogEntry::from_bytes, src, entry.clone())
            .map_err(|err| err.with_bytes(|| Bytes::copy_from_slice(&src[entry.clone()])))?;
        src.advance(entry.end);
        self.framing.advance(entry.end);
        Ok(Some(decoded))
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<LogEntry>, ReadError> {
        match self.decode(src)? {
            None if !src.is_empty() => Err(truncated(&self.framing)),
            entry => Ok(entry),
        }
    }
}

/// Encodes and decodes length-delimited entries as their own bytes, for relays:
/// what was received is passed on as it is, and nothing that arrives whole is lost.
///
/// A malformed frame is an item, `Err(`[`ReadError::Malformed`]`)` with its bytes,
/// because `FramedRead` ends after any error of the decoder itself. So is a run of
/// empty frames. The errors of the decoder are those after which the next entry
/// cannot be found.
///
/// ```
/// use futures_util::{SinkExt as _, StreamExt as _};
/// use lokryn_compliance_log::codec::FrameCodec;
/// use lokryn_compliance_log::stream::ReadError;
/// use tokio_util::codec::{FramedRead, FramedWrite};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// // An entry with a field of a newer schema, and bytes that are no entry.
/// let received = b"\x08\x22\x01a\xba\x03\x02hi\x02\x08\x80";
/// let mut frames = FramedRead::new(&received[..], FrameCodec::new());
/// let mut relayed = FramedWrite::new(Vec::new(), FrameCodec::new());
/// let mut refused = Vec::new();
/// while let Some(frame) = frames.next().await {
///     match frame? {
///         Ok(frame) => relayed.send(frame.into_bytes()).await?,
///         Err(ReadError::Malformed { entry, .. }) => refused.extend(entry.bytes().cloned()),
///         Err(err) => return Err(err.into()),
///     }
/// }
/// assert_eq!(relayed.get_ref(), &received[..9]);
/// assert_eq!(refused, [&b"\x08\x80"[..]]);
/// # Ok::<(), Box<dyn std::error::Error>>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What [`LogCodec`] says of `Debug` holds here, too.
#[derive(Clone, Debug)]
pub struct FrameCodec {
    framing: Framing,
}

impl Default for FrameCodec {
    fn default() -> Self {
        Self::new()
    }
}

/// Goes on where the other codec stands, with its limit.
impl From<LogCodec> for FrameCodec {
    fn from(codec: LogCodec) -> Self {
        Self {
            framing: codec.framing,
        }
    }
}

impl FrameCodec {
    /// Returns a codec with the default limit of 4 MiB per entry.
    #[must_use]
    pub fn new() -> Self {
        LogCodec::new().into()
    }

    /// Sets the length in bytes of the longest entry to encode or decode, 4 MiB
    /// unless set.
    #[must_use]
    pub fn with_max_entry_len(self, max_entry_len: usize) -> Self {
        Self {
            framing: self.framing.with_max_entry_len(max_entry_len),
        }
    }
}

/// An entry as it was received: its bytes, which have been decoded once without an
/// error. See [`FrameCodec`] for an example.
///
/// `Debug` prints the view, under its rule for payloads, and not the bytes.
#[derive(Clone)]
pub struct EncodedEntry {
    bytes: Bytes,
    offset: u64,
}

impl EncodedEntry {
    /// Returns the view of the entry, by decoding the bytes.
    #[must_use]
    pub fn view(&self) -> LogEntryView<'_> {
        // They have been decoded before, so this cannot fail.
        LogEntryView::decode(&self.bytes).unwrap_or_default()
    }

    /// Returns the entry's own bytes, without the length before them.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns the entry's own bytes, without the length before them: what to send
    /// on.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.bytes
    }

    /// Returns where the frame begins: the offset in bytes of the length before
    /// the entry.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }
}

impl fmt::Debug for EncodedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedEntry")
            .field("view", &self.view())
            .field("len", &self.bytes.len())
            .field("offset", &self.offset)
            .finish()
    }
}

impl Decoder for FrameCodec {
    type Item = Result<EncodedEntry, ReadError>;
    type Error = ReadError;

    fn decode(&mut self, src: &mut BytesMut) -> Result<Option<Self::Item>, ReadError> {
        let entry = loop {
            match self.framing.next(src)? {
                Next::Entry(entry) => break entry,
                Next::Empty(len) => {
                    src.advance(len);
                    if let Err(err) = self.framing.skip_empty(len) {
                        return Ok(Some(Err(err)));
                    }
                }
                Next::Missing(_) => return Ok(None),
            }
        };
        let frame = src.split_to(entry.end).freeze();
        let bytes = frame.slice(entry.clone());
        let decoded = self.framing.decode(&frame, entry);
        self.framing.advance(frame.len());
        Ok(Some(match decoded {
            Ok(Frame { offset, .. }) => Ok(EncodedEntry { bytes, offset }),
            Err(err) => Err(err.with_bytes(|| bytes)),
        }))
    }

    fn decode_eof(&mut self, src: &mut BytesMut) -> Result<Option<Self::Item>, ReadError> {
        match self.decode(src)? {
            None if !src.is_empty() => Err(truncated(&self.framing)),
            frame => Ok(frame),
        }
    }
}

fn truncated(framing: &Framing) -> ReadError {
    ReadError::Truncated {
        offset: framing.offset(),
    }
}

/// Appends a frame, whose entry `put` appends.
fn put_frame(
    framing: &Framing,
    len: usize,
    dst: &mut BytesMut,
    put: impl FnOnce(&mut BytesMut),
) -> Result<(), WriteError> {
    WriteError::check_len(len, framing.max_entry_len())?;
    dst.reserve(wire::varint_len(len as u64) + len);
    wire::put_varint(len as u64, dst);
    put(dst);
    Ok(())
}

macro_rules! encoders {
    ($($codec:ident)*) => {$(
        impl Encoder<LogEntryView<'_>> for $codec {
            type Error = WriteError;

            fn encode(
                &mut self,
                entry: LogEntryView<'_>,
                dst: &mut BytesMut,
            ) -> Result<(), WriteError> {
                put_frame(&self.framing, entry.encoded_len(), dst, |dst| entry.put(dst))
            }
        }

        impl Encoder<&LogEntry> for $codec {
            type Error = WriteError;

            fn encode(&mut self, entry: &LogEntry, dst: &mut BytesMut) -> Result<(), WriteError> {
                self.encode(LogEntryView::from(entry), dst)
            }
        }

        impl Encoder<LogEntry> for $codec {
            type Error = WriteError;

            fn encode(&mut self, entry: LogEntry, dst: &mut BytesMut) -> Result<(), WriteError> {
                self.encode(LogEntryView::from(&entry), dst)
            }
        }

        /// Takes an entry that is encoded already, and passes it on as it is.
        impl Encoder<&[u8]> for $codec {
            type Error = WriteError;

            fn encode(&mut self, entry: &[u8], dst: &mut BytesMut) -> Result<(), WriteError> {
                put_frame(&self.framing, entry.len(), dst, |dst| dst.extend_from_slice(entry))
            }
        }

        /// Takes an entry that is encoded already, and passes it on as it is.
        impl Encoder<Bytes> for $codec {
            type Error = WriteError;

            fn encode(&mut self, entry: Bytes, dst: &mut BytesMut) -> Result<(), WriteError> {
                self.encode(&*entry, dst)
            }
        }
    )*};
}

encoders!(LogCodec FrameCodec);
