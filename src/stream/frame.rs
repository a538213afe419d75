//! The framing: the length of an entry as a varint, then the entry.

use core::fmt;
use core::ops::Range;

use super::error::{RawEntry, ReadError};
use crate::view::wire::{self, Varint};
use crate::{DecodeError, LogEntryView};

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

impl fmt::Debug for Frame<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frame")
            .field("view", &self.view)
            .field("len", &self.bytes.len())
            .field("offset", &self.offset)
            .finish()
    }
}

/// The place that a reader has reached in a stream, and the limit that it keeps.
#[derive(Clone, Debug)]
pub(super) struct Framing {
    /// Where the next frame begins.
    offset: u64,
    max_entry_len: usize,
    /// Whether the frame before was empty, and has been reported.
    after_empty: bool,
}

/// What the unread bytes of a stream begin with.
pub(super) enum Next {
    /// A whole frame, with the entry at these places.
    Entry(Range<usize>),
    /// Frames without an entry, so many bytes of them.
    Empty(usize),
    /// The start of a frame, of which at least so many bytes are missing.
    Missing(usize),
}

impl Framing {
    pub(super) fn new(max_entry_len: usize) -> Self {
        Self {
            offset: 0,
            max_entry_len,
            after_empty: false,
        }
    }

    pub(super) fn with_max_entry_len(self, max_entry_len: usize) -> Self {
        Self {
            max_entry_len,
            ..self
        }
    }

    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    pub(super) fn max_entry_len(&self) -> usize {
        self.max_entry_len
    }

    /// Looks at what comes next. The errors are those of a length, and final.
    #[inline]
    pub(super) fn next(&self, bytes: &[u8]) -> Result<Next, ReadError> {
        let offset = self.offset;
        let (len, prefix) = match wire::decode_varint(bytes) {
            Varint::Value(0, 1) => {
                let zeros = bytes.iter().take_while(|byte| **byte == 0);
                return Ok(Next::Empty(zeros.count()));
            }
            Varint::Value(0, prefix) => return Ok(Next::Empty(prefix)),
            Varint::Value(len, prefix) => (len, prefix),
            Varint::CutOff => return Ok(Next::Missing(1)),
            Varint::TooLong => return Err(ReadError::InvalidLength { offset }),
        };
        let end = usize::try_from(len)
            .ok()
            .filter(|len| *len <= self.max_entry_len)
            .and_then(|len| len.checked_add(prefix));
        match end {
            Some(end) if end <= bytes.len() => Ok(Next::Entry(prefix..end)),
            Some(end) => Ok(Next::Missing(end - bytes.len())),
            None => Err(ReadError::TooLarge {
                offset,
                len,
                max: self.max_entry_len,
            }),
        }
    }

    /// Decodes the entry at `entry` in `bytes`, which begin with its frame.
    #[inline]
    pub(super) fn decode<'a>(
        &self,
        bytes: &'a [u8],
        entry: Range<usize>,
    ) -> Result<Frame<'a>, ReadError> {
        let view = self.decode_with(LogEntryView::decode, bytes, entry.clone())?;
        Ok(Frame {
            view,
            bytes: &bytes[entry],
            offset: self.offset,
        })
    }

    /// Does the same, to whatever `decode` makes of an entry's bytes.
    #[inline]
    pub(super) fn decode_with<'a, T>(
        &self,
        decode: impl FnOnce(&'a [u8]) -> Result<T, DecodeError>,
        bytes: &'a [u8],
        entry: Range<usize>,
    ) -> Result<T, ReadError> {
        let offset = self.offset;
        decode(&bytes[entry.clone()]).map_err(|source| ReadError::Malformed {
            offset,
            entry: RawEntry::at(offset + entry.start as u64..offset + entry.end as u64),
            source,
        })
    }

    /// Goes on to the frame after one of `len` bytes.
    #[inline]
    pub(super) fn advance(&mut self, len: usize) {
        self.offset += len as u64;
        self.after_empty = false;
    }

    /// Goes on past `len` bytes of empty frames. One error stands for a whole run
    /// of them.
    pub(super) fn skip_empty(&mut self, len: usize) -> Result<(), ReadError> {
        let offset = self.offset;
        self.offset += len as u64;
        if self.after_empty {
            return Ok(());
        }
        self.after_empty = true;
        Err(ReadError::Empty { offset })
    }
}
