//! The protobuf wire format, as far as this message needs it.
//!
//! One function per rule. The rules are those of
//! <https://protobuf.dev/programming-guides/encoding/>; where that page leaves
//! an answer open, the answer is prost's, so that whatever one of the two
//! decoders accepts the other accepts too.

use core::str;

use alloc::vec::Vec;
use bytes::BufMut;

use super::error::{DecodeError, DecodeReason};

/// How many groups deep an unknown field may nest: prost's limit.
pub(super) const MAX_GROUP_DEPTH: u32 = 100;

/// The most bytes that a varint of 64 bits takes.
const MAX_VARINT_LEN: usize = 10;

pub(crate) const VARINT: u32 = 0;
const I64: u32 = 1;
pub(crate) const LEN: u32 = 2;
const START_GROUP: u32 = 3;
const END_GROUP: u32 = 4;
const I32: u32 = 5;

/// The key of a record: which field it belongs to, and how its value is
/// written.
#[derive(Clone, Copy)]
pub(crate) struct Key {
    pub(crate) field: u32,
    pub(crate) wire_type: u32,
    /// Where the record begins.
    pub(crate) at: usize,
}

/// Reads the records of one message, front to back.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The field of the record being read, for errors. 0 is none.
    field: u32,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            at: 0,
            field: 0,
        }
    }

    /// The message that is being read.
    pub(crate) fn message(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where the next unread byte is.
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    /// Goes on to the record that begins at `position`.
    #[inline]
    pub(crate) fn skip_to(&mut self, position: usize) {
        self.at = position;
    }

    /// Reads the key of the next record; `None` at the end of the message.
    #[inline]
    pub(crate) fn next_key(&mut self) -> Result<Option<Key>, DecodeError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        self.field = 0;
        let key = self.key()?;
        self.field = key.field;
        Ok(Some(key))
    }

    /// A key is a varint of the field number and, in the low three bits, the
    /// wire type. It must fit 32 bits.
    #[inline]
    fn key(&mut self) -> Result<Key, DecodeError> {
        let at = self.at;
        let key = self.varint()?;
        match u32::try_from(key) {
            Ok(key) if key >> 3 != 0 => Ok(Key {
                field: key >> 3,
                wire_type: key & 7,
                at,
            }),
            _ => Err(self.error(at, DecodeReason::InvalidKey)),
        }
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
            Varint::CutOff => Err(self.error(start, DecodeReason::Truncated)),
            Varint::TooLong => Err(self.error(start, DecodeReason::InvalidVarint)),
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
            None => Err(self.error(start, DecodeReason::Truncated)),
        }
    }

    /// Reads the value of a string field: bytes that must be UTF-8.
    #[inline]
    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        let bytes = self.bytes()?;
        str::from_utf8(bytes).map_err(|err| {
            let start = self.at - bytes.len();
            self.error(start + err.valid_up_to(), DecodeReason::InvalidUtf8)
        })
    }

    /// Refuses a field that has another wire type than its own.
    #[inline]
    pub(crate) fn expect(&self, key: Key, wire_type: u32) -> Result<(), DecodeError> {
        if key.wire_type == wire_type {
            return Ok(());
        }
        Err(self.error(key.at, DecodeReason::WrongWireType(key.wire_type)))
    }

    /// Skips the record of `key`, whatever its field.
    #[inline(never)]
    pub(crate) fn skip(&mut self, key: Key) -> Result<(), DecodeError> {
        self.skip_nested(key, MAX_GROUP_DEPTH)
    }

    fn skip_nested(&mut self, key: Key, depth: u32) -> Result<(), DecodeError> {
        match key.wire_type {
            VARINT => self.varint().map(drop),
            I64 => self.skip_fixed(8),
            I32 => self.skip_fixed(4),
            LEN => self.bytes().map(drop),
            START_GROUP => self.skip_group(key.field, depth),
            END_GROUP => Err(self.error(key.at, DecodeReason::UnexpectedEndGroup)),
            _ => Err(self.error(key.at, DecodeReason::InvalidKey)),
        }
    }

    fn skip_fixed(&mut self, len: usize) -> Result<(), DecodeError> {
        if self.bytes.len() - self.at < len {
            return Err(self.error(self.at, DecodeReason::Truncated));
        }
        self.at += len;
        Ok(())
    }

    /// A group runs to the end-group key with its own field number. What is in it
    /// has numbers of its own, so errors are still those of the outermost field.
    fn skip_group(&mut self, field: u32, depth: u32) -> Result<(), DecodeError> {
        loop {
            let key = self.key()?;
            if key.wire_type == END_GROUP {
                return if key.field == field {
                    Ok(())
                } else {
                    Err(self.error(key.at, DecodeReason::UnexpectedEndGroup))
                };
            }
            if depth == 1 {
                return Err(self.error(key.at, DecodeReason::TooDeep));
            }
            self.skip_nested(key, depth - 1)?;
        }
    }

    #[cold]
    fn error(&self, offset: usize, reason: DecodeReason) -> DecodeError {
        DecodeError::new(offset, self.field, reason)
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
    if value < 0x80 {
        return 1;
    }
    cold();
    let bits = u64::BITS - value.leading_zeros();
    bits.div_ceil(7) as usize
}

/// Where encoded bytes go.
pub(crate) trait Output {
    fn put(&mut self, bytes: &[u8]);
}

impl<B: BufMut> Output for B {
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        self.put_slice(bytes);
    }
}

/// A new vector with room for all that will be put into it.
pub(crate) struct Reserved(Vec<u8>);

impl Reserved {
    #[inline]
    pub(crate) fn new(len: usize) -> Self {
        Self(Vec::with_capacity(len))
    }

    #[inline]
    pub(crate) fn into_vec(self) -> Vec<u8> {
        self.0
    }
}

impl Output for Reserved {
    /// Refusing to grow leaves the compiler a vector that fits in registers.
    #[inline]
    fn put(&mut self, bytes: &[u8]) {
        assert!(bytes.len() <= self.0.capacity() - self.0.len());
        self.0.extend_from_slice(bytes);
    }
}

/// Writes a varint in as few bytes as it takes.
#[inline]
pub(crate) fn put_varint(mut value: u64, out: &mut impl Output) {
    while value >= 0x80 {
        out.put(&[low_byte(value) | 0x80]);
        value >>= 7;
    }
    out.put(&[low_byte(value)]);
}

const fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0]
}

/// Marks a branch as rarely taken, so that its code is put out of the way.
#[cold]
#[inline]
const fn cold() {}

/// Writes the key of a record and the varint behind it: in one go where each
/// takes a byte, as nearly always.
#[inline]
fn put_head(field: u32, wire_type: u32, varint: u64, out: &mut impl Output) {
    let key = u64::from(field << 3 | wire_type);
    if key < 0x80 && varint < 0x80 {
        out.put(&[low_byte(key), low_byte(varint)]);
    } else {
        cold();
        put_varint(key, out);
        put_varint(varint, out);
    }
}

#[inline]
const fn head_len(field: u32, varint: u64) -> usize {
    varint_len((field as u64) << 3) + varint_len(varint)
}

/// An enum is a varint of its number, sign-extended to 64 bits. The default, 0,
/// is not written.
#[inline]
pub(crate) fn put_enumeration(field: u32, number: i32, out: &mut impl Output) {
    if number != 0 {
        put_head(field, VARINT, sign_extended(number), out);
    }
}

#[inline]
pub(crate) fn enumeration_len(field: u32, number: i32) -> usize {
    if number == 0 {
        0
    } else {
        head_len(field, sign_extended(number))
    }
}

#[expect(clippy::cast_sign_loss, reason = "the sign is in the upper bits")]
fn sign_extended(number: i32) -> u64 {
    i64::from(number) as u64
}

/// A string or bytes field is a varint length and the bytes. The default, no
/// bytes, is not written.
#[inline]
pub(crate) fn put_bytes(field: u32, value: &[u8], out: &mut impl Output) {
    if !value.is_empty() {
        put_element(field, value, out);
    }
}

#[inline]
pub(crate) fn bytes_len(field: u32, value: &[u8]) -> usize {
    if value.is_empty() {
        0
    } else {
        element_len(field, value)
    }
}

/// Each element of a repeated field is a record of its own, empty or not.
#[inline]
pub(crate) fn put_element(field: u32, value: &[u8], out: &mut impl Output) {
    put_head(field, LEN, value.len() as u64, out);
    out.put(value);
}

#[inline]
pub(crate) fn element_len(field: u32, value: &[u8]) -> usize {
    head_len(field, value.len() as u64) + value.len()
}
