//! Why an entry could not be decoded or encoded.

use core::error::Error;
use core::fmt::{self, Display};

use bytes::BufMut;

use super::field_name;
use super::wire::MAX_GROUP_DEPTH;

/// The error of decoding an entry: where, in which field, and why.
///
/// ```
/// use lokryn_compliance_log::{DecodeReason, LogEntryView};
///
/// let err = LogEntryView::decode(b"\x22\x05agent\x2a\x04mc\xff\xff").unwrap_err();
/// assert_eq!(err.offset(), 11);
/// assert_eq!(err.field(), Some("component"));
/// assert_eq!(err.reason(), DecodeReason::InvalidUtf8);
/// assert_eq!(err.to_string(), "component: invalid UTF-8 at byte 11");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    offset: usize,
    field: u32,
    reason: DecodeReason,
    #[cfg(feature = "release-0-2")]
    release: crate::Release,
}

/// What is wrong with bytes that do not decode.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DecodeReason {
    /// The key of a record has field number 0, more than 32 bits, or a wire type
    /// that does not exist.
    InvalidKey,
    /// A varint has more than 64 bits.
    InvalidVarint,
    /// The value of a text field is not UTF-8.
    InvalidUtf8,
    /// The bytes end before the value does.
    Truncated,
    /// A field of this schema has another wire type than its own, this one.
    WrongWireType(u32),
    /// A group ends that has not begun, or another than the one that has.
    UnexpectedEndGroup,
    /// Groups nest deeper than 100.
    TooDeep,
    /// The value of a field that is a message of its own is not one, or nests deeper
    /// than 100.
    #[cfg(feature = "release-0-2")]
    InvalidMessage,
}

impl DecodeError {
    /// A field of 0 is none.
    pub(crate) fn new(offset: usize, field: u32, reason: DecodeReason) -> Self {
        Self {
            offset,
            field,
            reason,
            #[cfg(feature = "release-0-2")]
            release: crate::Release::V0_1,
        }
    }

    /// The same, where the field is one of release 0.2.
    #[cfg(feature = "release-0-2")]
    pub(crate) fn in_release_0_2(self) -> Self {
        Self {
            release: crate::Release::V0_2,
            ..self
        }
    }

    /// Returns the offset in the entry's bytes: of the first byte that is not
    /// UTF-8, of a key that is wrong, or of a length or value that the bytes
    /// after it cannot hold.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the proto name of the field, such as `actor_id`; `None` if the
    /// error is not in a field of this schema.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        #[cfg(feature = "release-0-2")]
        if self.release == crate::Release::V0_2 {
            return crate::release_0_2::field_name(self.field);
        }
        field_name(self.field)
    }

    /// Returns what is wrong.
    #[must_use]
    pub fn reason(&self) -> DecodeReason {
        self.reason
    }
}

impl Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.field, self.field()) {
            (0, _) => {}
            (_, Some(name)) => write!(f, "{name}: ")?,
            (number, None) => write!(f, "unknown field {number}: ")?,
        }
        match self.reason {
            DecodeReason::InvalidKey => f.write_str("invalid key")?,
            DecodeReason::InvalidVarint => f.write_str("varint of more than 64 bits")?,
            DecodeReason::InvalidUtf8 => f.write_str("invalid UTF-8")?,
            DecodeReason::Truncated => f.write_str("truncated")?,
            DecodeReason::WrongWireType(wire_type) => write!(f, "wrong wire type {wire_type}")?,
            DecodeReason::UnexpectedEndGroup => f.write_str("unexpected end of group")?,
            DecodeReason::TooDeep => write!(f, "groups nest deeper than {MAX_GROUP_DEPTH}")?,
            #[cfg(feature = "release-0-2")]
            DecodeReason::InvalidMessage => f.write_str("malformed message")?,
        }
        write!(f, " at byte {}", self.offset)
    }
}

impl Error for DecodeError {}

/// The error of encoding into a buffer of fixed size that is too small.
///
/// ```
/// use lokryn_compliance_log::LogEntryView;
///
/// let view = LogEntryView { actor_id: "agent-001", ..LogEntryView::default() };
/// let err = view.encode(&mut &mut [0; 4][..]).unwrap_err();
/// assert_eq!(
///     err.to_string(),
///     "entry of 11 bytes does not fit the 4 bytes left in the buffer",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError {
    required: usize,
    remaining: usize,
}

impl EncodeError {
    /// Returns how many bytes the entry takes.
    #[must_use]
    pub fn required(&self) -> usize {
        self.required
    }

    /// Returns how many bytes there was room for.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.remaining
    }

    pub(super) fn check(required: usize, buf: &impl BufMut) -> Result<(), Self> {
        let remaining = buf.remaining_mut();
        if required > remaining {
            return Err(Self {
                required,
                remaining,
            });
        }
        Ok(())
    }
}

impl Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "entry of {} bytes does not fit the {} bytes left in the buffer",
            self.required, self.remaining,
        )
    }
}

impl Error for EncodeError {}

// For functions that read or write, and so return `io::Error` anyway.

#[cfg(feature = "std")]
impl From<DecodeError> for std::io::Error {
    /// The kind is `InvalidData`.
    fn from(err: DecodeError) -> Self {
        Self::new(std::io::ErrorKind::InvalidData, err)
    }
}

#[cfg(feature = "std")]
impl From<EncodeError> for std::io::Error {
    /// The kind is `WriteZero`, as for a slice that is full.
    fn from(err: EncodeError) -> Self {
        Self::new(std::io::ErrorKind::WriteZero, err)
    }
}
