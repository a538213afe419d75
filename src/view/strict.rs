//! Entries that every implementation reads alike.

use core::error::Error;
use core::fmt::{self, Display};

use super::wire::{self, END_GROUP, LEN, Reader, START_GROUP};
use super::{DecodeError, FIELDS, LogEntryView, field_name};

/// The numbers that `log.proto` reserves for what logs add to the entries they store.
const STORED: core::ops::RangeInclusive<u32> = 100..=109;

// One bit for each field.
const _: () = assert!(FIELDS.len() <= u64::BITS as usize);

impl<'a> LogEntryView<'a> {
    /// Decodes an entry that every implementation reads alike, for logs that keep
    /// entries as they came.
    ///
    /// Takes what [`decode`](Self::decode) takes, unknown fields included, but for
    /// bytes that are allowed and that others make something else of: a field twice
    /// of which one counts (`ClickHouse` empties an `actor_id` that is there twice),
    /// groups (they stop its query), keys and lengths in more bytes than they need
    /// (Python refuses some), and fields 100 to 109, which `log.proto` reserves for
    /// what a log adds to the entries that it stores. Nothing that an encoder of
    /// proto3 writes is refused.
    ///
    /// # Errors
    ///
    /// [`StrictError`], the first of what is found.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryView;
    ///
    /// let view = LogEntryView::decode_strict(b"\x22\x09agent-001")?;
    /// assert_eq!(view.actor_id, "agent-001");
    ///
    /// let err = LogEntryView::decode_strict(b"\x22\x01a\x22\x01b").unwrap_err();
    /// assert_eq!(err.to_string(), "actor_id: there twice at byte 3");
    /// # Ok::<(), lokryn_compliance_log::StrictError>(())
    /// ```
    pub fn decode_strict(bytes: &'a [u8]) -> Result<Self, StrictError> {
        let view = Self::decode(bytes)?;
        let mut reader = Reader::new(bytes);
        let mut seen = 0_u64;
        while let Some(key) = reader.next_key()? {
            let (offset, field) = (key.at, key.field);
            if matches!(key.wire_type, START_GROUP | END_GROUP) {
                return Err(StrictError::Group { offset, field });
            }
            let value = reader.position();
            let key_number = u64::from(field << 3 | key.wire_type);
            if value - offset > wire::varint_len(key_number) {
                return Err(StrictError::Overlong { offset, field });
            }
            if STORED.contains(&field) {
                return Err(StrictError::Reserved { offset, field });
            }
            reader.skip(key)?;
            if key.wire_type == LEN && is_overlong(&bytes[value..]) {
                let offset = value;
                return Err(StrictError::Overlong { offset, field });
            }
            let position = FIELDS.iter().position(|known| *known == (field, false));
            if let Some(position) = position {
                let bit = 1 << position;
                if seen & bit != 0 {
                    return Err(StrictError::Repeated { offset, field });
                }
                seen |= bit;
            }
        }
        Ok(view)
    }
}

/// Whether the varint that the bytes begin with takes more of them than it needs: its
/// last byte adds nothing.
fn is_overlong(bytes: &[u8]) -> bool {
    let last = bytes.iter().position(|byte| *byte < 0x80);
    last.is_some_and(|last| last > 0 && bytes[last] == 0)
}

/// Why an entry that may decode is not one that every implementation reads alike.
///
/// Every `offset` is in the entry's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StrictError {
    /// It does not decode.
    Malformed(DecodeError),
    /// A field is a group.
    Group {
        /// Where its key is.
        offset: usize,
        /// The number of the field.
        field: u32,
    },
    /// A key or a length takes more bytes than it needs.
    Overlong {
        /// Where it is.
        offset: usize,
        /// The number of the field.
        field: u32,
    },
    /// A field is there a second time of which one counts.
    Repeated {
        /// Where the second one is.
        offset: usize,
        /// The number of the field.
        field: u32,
    },
    /// A field has one of the numbers 100 to 109.
    Reserved {
        /// Where its key is.
        offset: usize,
        /// The number of the field.
        field: u32,
    },
}

impl Display for StrictError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (field, what, offset) = match self {
            Self::Malformed(err) => return Display::fmt(err, f),
            Self::Group { offset, field } => (field, "a group", offset),
            Self::Overlong { offset, field } => (field, "an overlong varint", offset),
            Self::Repeated { offset, field } => (field, "there twice", offset),
            Self::Reserved { offset, field } => (field, "reserved for logs", offset),
        };
        match field_name(*field) {
            Some(name) => write!(f, "{name}: {what} at byte {offset}"),
            None => write!(f, "field {field}: {what} at byte {offset}"),
        }
    }
}

impl Error for StrictError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Malformed(err) => Some(err),
            _ => None,
        }
    }
}

impl From<DecodeError> for StrictError {
    fn from(err: DecodeError) -> Self {
        Self::Malformed(err)
    }
}
