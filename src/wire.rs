//! The protobuf wire format, as far as this message needs it.
//!
//! One function a rule. The rules are those of
//! <https://protobuf.dev/programming-guides/encoding/>; where that page leaves
//! an answer open, the answer is prost's, so that whatever one of the two
//! decoders accepts the other accepts too.

use core::error::Error;
use core::fmt::{self, Display};
use core::str;

use bytes::BufMut;

use crate::field;

/// How many groups deep an unknown field may nest: prost's limit.
const MAX_GROUP_DEPTH: u32 = 100;

/// The most bytes that a varint of 64 bits takes.
pub(crate) const MAX_VARINT_LEN: usize = 10;

/// How far ahead text is checked at a time. Wide enough for all the text of a
/// usual entry in one go, and narrow enough that checking the start of a large
/// payload, which need not be text at all, costs little.
const TEXT_WINDOW: usize = 256;

pub(crate) const VARINT: u32 = 0;
pub(crate) const I64: u32 = 1;
pub(crate) const LEN: u32 = 2;
pub(crate) const START_GROUP: u32 = 3;
pub(crate) const END_GROUP: u32 = 4;
pub(crate) const I32: u32 = 5;

/// The key of a record: which field it belongs to, and how its value is
/// written.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) field: u32,
    pub(crate) wire_type: u32,
}

/// Reads the records of one message, front to back.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The field of the record being read, for errors. 0 is none.
    field: u32,
    /// A run of `bytes` that is known to be UTF-8, and where it starts.
    ///
    /// Checking many short texts costs more than checking the run that holds
    /// them, and slicing a `str` at two char boundaries is a check of two bytes.
    checked: &'a str,
    checked_from: usize,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            field: 0,
            checked: "",
            checked_from: 0,
        }
    }

    /// Where the next unread byte is.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Reads the key of the next record; `None` at the end of the message.
    #[inline]
    pub(crate) fn next_key(&mut self) -> Result<Option<Key>, DecodeError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        self.key().map(Some)
    }

    /// A key is a varint of the field number and, in the low three bits, the
    /// wire type. It must fit 32 bits.
    #[inline]
    fn key(&mut self) -> Result<Key, DecodeError> {
        let start = self.at;
        self.field = 0;
        let key = self.varint()?;
        let Ok(key) = u32::try_from(key) else {
            return Err(self.error(start, Reason::InvalidKey));
        };
        self.field = key >> 3;
        if self.field == 0 {
            return Err(self.error(start, Reason::InvalidKey));
        }
        Ok(Key {
            field: self.field,
            wire_type: key & 7,
        })
    }

    /// A varint holds seven bits a byte, the lowest first; all bytes but the
    /// last have the top bit set. Longer encodings than necessary are fine, up
    /// to ten bytes, of which the last holds one bit.
    #[inline]
    fn varint(&mut self) -> Result<u64, DecodeError> {
        match self.bytes.get(self.at) {
            Some(&byte) if byte < 0x80 => {
                self.at += 1;
                Ok(u64::from(byte))
            }
            _ => self.long_varint(),
        }
    }

    fn long_varint(&mut self) -> Result<u64, DecodeError> {
        let start = self.at;
        match decode_varint(&self.bytes[start..]) {
            Varint::Value(value, len) => {
                self.at += len;
                Ok(value)
            }
            Varint::CutOff => Err(self.error(start, Reason::Truncated)),
            Varint::TooLong => Err(self.error(start, Reason::InvalidVarint)),
        }
    }

    /// Reads the value of an enum field: a varint of which the low 32 bits
    /// count. Negative numbers are ten bytes long.
    #[inline]
    pub(crate) fn enumeration(&mut self) -> Result<i32, DecodeError> {
        #[expect(clippy::cast_possible_truncation, reason = "the low 32 bits count")]
        self.varint().map(|value| value as i32)
    }

    /// Reads the value of a bytes field: a varint length, then that many bytes.
    #[inline]
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = self.at;
        let len = self.varint()?;
        let value = usize::try_from(len)
            .ok()
            .and_then(|len| self.at.checked_add(len))
            .and_then(|end| self.bytes.get(self.at..end));
        match value {
            Some(value) => {
                self.at += value.len();
                Ok(value)
            }
            None => Err(self.error(start, Reason::Truncated)),
        }
    }

    /// Reads the value of a string field: bytes that must be UTF-8.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        let len = self.bytes()?.len();
        let start = self.at - len;
        let from = start - self.checked_from;
        match self.checked.get(from..from + len) {
            Some(text) => Ok(text),
            None => self.check_text(start),
        }
    }

    /// Checks a run of text that begins with the string at `start..self.at`, and
    /// returns the string.
    #[inline(never)]
    fn check_text(&mut self, start: usize) -> Result<&'a str, DecodeError> {
        let window_end = self.bytes.len().min(start + TEXT_WINDOW).max(self.at);
        let window = &self.bytes[start..window_end];
        self.checked_from = start;
        self.checked = match str::from_utf8(window) {
            Ok(text) => text,
            Err(err) => {
                // The run ends at the first byte that is not text.
                let valid = &window[..err.valid_up_to()];
                str::from_utf8(valid).unwrap_or_default()
            }
        };
        let text = &self.bytes[start..self.at];
        if let Some(text) = self.checked.get(..text.len()) {
            return Ok(text);
        }
        let valid = str::from_utf8(text).map_or_else(|err| err.valid_up_to(), str::len);
        Err(self.error(start + valid, Reason::InvalidUtf8))
    }

    /// Skips the record of `key`, a field that the schema does not have.
    ///
    /// A field that it does have comes here only with another wire type than
    /// its own, which is refused.
    #[inline(never)]
    pub(crate) fn skip_unknown(&mut self, key: Key) -> Result<(), DecodeError> {
        if field::name(key.field).is_some() {
            return Err(self.error(self.at, Reason::WrongWireType(key.wire_type)));
        }
        self.skip(key)
    }

    /// Skips the record of `key`, whatever its field.
    pub(crate) fn skip(&mut self, key: Key) -> Result<(), DecodeError> {
        self.skip_nested(key, MAX_GROUP_DEPTH)
    }

    fn skip_nested(&mut self, key: Key, depth: u32) -> Result<(), DecodeError> {
        self.field = key.field;
        match key.wire_type {
            VARINT => self.varint().map(drop),
            I64 => self.skip_fixed(8),
            I32 => self.skip_fixed(4),
            LEN => self.bytes().map(drop),
            START_GROUP => self.skip_group(key.field, depth),
            END_GROUP => Err(self.error(self.at, Reason::UnexpectedEndGroup)),
            _ => Err(self.error(self.at, Reason::InvalidKey)),
        }
    }

    fn skip_fixed(&mut self, len: usize) -> Result<(), DecodeError> {
        if self.bytes.len() - self.at < len {
            return Err(self.error(self.at, Reason::Truncated));
        }
        self.at += len;
        Ok(())
    }

    /// A group runs to the end-group key with its own field number.
    fn skip_group(&mut self, field: u32, depth: u32) -> Result<(), DecodeError> {
        loop {
            let key = self.key()?;
            if key.wire_type == END_GROUP {
                return if key.field == field {
                    Ok(())
                } else {
                    Err(self.error(self.at, Reason::UnexpectedEndGroup))
                };
            }
            if depth == 1 {
                return Err(self.error(self.at, Reason::TooDeep));
            }
            self.skip_nested(key, depth - 1)?;
        }
    }

    #[cold]
    fn error(&self, offset: usize, reason: Reason) -> DecodeError {
        DecodeError {
            offset,
            field: self.field,
            reason,
        }
    }
}

/// What a varint at the start of some bytes is.
pub(crate) enum Varint {
    /// A value, and how many bytes it takes.
    Value(u64, usize),
    /// The bytes end before it does.
    CutOff,
    /// It does not fit 64 bits.
    TooLong,
}

/// Decodes the varint at the start of `bytes`.
pub(crate) fn decode_varint(bytes: &[u8]) -> Varint {
    let mut value = 0;
    for (index, &byte) in bytes.iter().take(MAX_VARINT_LEN).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            let overflows = index == MAX_VARINT_LEN - 1 && byte > 1;
            return if overflows {
                Varint::TooLong
            } else {
                Varint::Value(value, index + 1)
            };
        }
    }
    if bytes.len() < MAX_VARINT_LEN {
        Varint::CutOff
    } else {
        Varint::TooLong
    }
}

/// Returns how many bytes the varint of `value` takes: one for every seven bits.
#[inline]
pub(crate) const fn varint_len(value: u64) -> usize {
    let bits = u64::BITS - (value | 1).leading_zeros();
    bits.div_ceil(7) as usize
}

/// Writes a varint in as few bytes as it takes.
#[inline]
pub(crate) fn put_varint(mut value: u64, buf: &mut impl BufMut) {
    while value >= 0x80 {
        buf.put_u8(low_byte(value) | 0x80);
        value >>= 7;
    }
    buf.put_u8(low_byte(value));
}

const fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

#[inline]
fn put_key(field: u32, wire_type: u32, buf: &mut impl BufMut) {
    put_varint(u64::from(field << 3 | wire_type), buf);
}

#[inline]
const fn key_len(field: u32) -> usize {
    varint_len((field as u64) << 3)
}

/// An enum is a varint of its number, sign-extended to 64 bits. The default, 0,
/// is not written.
#[inline]
pub(crate) fn put_enumeration(field: u32, number: i32, buf: &mut impl BufMut) {
    if number != 0 {
        put_key(field, VARINT, buf);
        put_varint(sign_extended(number), buf);
    }
}

#[inline]
pub(crate) fn enumeration_len(field: u32, number: i32) -> usize {
    match number {
        0 => 0,
        _ => key_len(field) + varint_len(sign_extended(number)),
    }
}

#[expect(clippy::cast_sign_loss, reason = "the sign is in the upper bits")]
fn sign_extended(number: i32) -> u64 {
    i64::from(number) as u64
}

/// A string or bytes field is a varint length and the bytes. The default, no
/// bytes, is not written.
#[inline]
pub(crate) fn put_bytes(field: u32, value: &[u8], buf: &mut impl BufMut) {
    if !value.is_empty() {
        put_element(field, value, buf);
    }
}

#[inline]
pub(crate) fn bytes_len(field: u32, value: &[u8]) -> usize {
    match value.len() {
        0 => 0,
        _ => element_len(field, value),
    }
}

/// Each element of a repeated field is a record of its own, empty or not.
#[inline]
pub(crate) fn put_element(field: u32, value: &[u8], buf: &mut impl BufMut) {
    put_key(field, LEN, buf);
    put_varint(value.len() as u64, buf);
    buf.put_slice(value);
}

#[inline]
pub(crate) fn element_len(field: u32, value: &[u8]) -> usize {
    key_len(field) + varint_len(value.len() as u64) + value.len()
}

/// The error of decoding an entry: where, in which field, and why.
///
/// ```
/// use lokryn_compliance_log::LogEntryView;
///
/// let err = LogEntryView::decode(b"\x22\x05agent\x2a\x04mc\xff\xff").unwrap_err();
/// assert_eq!(err.offset(), 11);
/// assert_eq!(err.field(), Some("component"));
/// assert_eq!(err.to_string(), "component: invalid UTF-8 at byte 11");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    offset: usize,
    field: u32,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reason {
    InvalidKey,
    InvalidVarint,
    InvalidUtf8,
    Truncated,
    WrongWireType(u32),
    UnexpectedEndGroup,
    TooDeep,
}

impl DecodeError {
    /// Returns the offset in the entry's bytes of the first byte that is wrong,
    /// or of the length or value that the remaining bytes cannot hold.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Returns the proto name of the field, such as `actor_id`; `None` if the
    /// error is not in a field of this schema.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        field::name(self.field)
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
            Reason::InvalidKey => f.write_str("invalid key")?,
            Reason::InvalidVarint => f.write_str("varint of more than 64 bits")?,
            Reason::InvalidUtf8 => f.write_str("invalid UTF-8")?,
            Reason::Truncated => f.write_str("truncated")?,
            Reason::WrongWireType(wire_type) => write!(f, "wrong wire type {wire_type}")?,
            Reason::UnexpectedEndGroup => f.write_str("unexpected end of group")?,
            Reason::TooDeep => write!(f, "groups nest deeper than {MAX_GROUP_DEPTH}")?,
        }
        write!(f, " at byte {}", self.offset)
    }
}

impl Error for DecodeError {}
