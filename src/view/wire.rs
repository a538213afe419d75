//! The protobuf wire format, as far as this message needs it.
//!
//! One function per rule. The rules are those of
//! <https://protobuf.dev/programming-guides/encoding/>; where that page leaves
//! an answer open, the answer is prost's, so that whatever one of the two
//! decoders accepts the other accepts too.

#![expect(clippy::inline_always, reason = "see `Reader`")]

use core::str;

use alloc::vec::Vec;
use bytes::BufMut;

use super::error::{DecodeError, DecodeReason};
use super::utf8::from_utf8;

/// How many groups deep an unknown field may nest: prost's limit.
pub(super) const MAX_GROUP_DEPTH: u32 = 100;

/// The most bytes that a varint of 64 bits takes.
const MAX_VARINT_LEN: usize = 10;

pub(crate) const VARINT: u32 = 0;
pub(crate) const I64: u32 = 1;
pub(crate) const LEN: u32 = 2;
pub(crate) const START_GROUP: u32 = 3;
pub(crate) const END_GROUP: u32 = 4;
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
///
/// What is in the order of the fields is read by functions whose names begin with
/// `next`. They are always inlined, so that a reader stays in registers and keys are
/// constants; what they do not expect, they leave to the others.
#[derive(Clone)]
pub(crate) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    #[inline]
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The message that is being read.
    #[inline]
    pub(crate) fn message(&self) -> &'a [u8] {
        self.bytes
    }

    /// Where the next unread byte is.
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.at
    }

    #[inline]
    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// Goes on to the record that begins at `position`.
    #[inline]
    pub(crate) fn skip_to(&mut self, position: usize) {
        self.at = position;
    }

    /// Reads the record of an enum field, if it is the next and nothing is unusual
    /// about it.
    #[inline(always)]
    pub(crate) fn next_enumeration(&mut self, field: u32) -> Option<i32> {
        let number = self.short_head(field, VARINT)?;
        self.at += 2;
        Some(i32::from(number))
    }

    /// Reads the record of a bytes field, if it is the next and nothing is unusual
    /// about it.
    #[inline(always)]
    pub(crate) fn next_bytes(&mut self, field: u32) -> Option<&'a [u8]> {
        let short = self.short_bytes(field);
        short.or_else(|| self.medium_bytes(field))
    }

    /// Reads the record of a string field, if it is the next and nothing is unusual
    /// about it.
    #[inline(always)]
    pub(crate) fn next_text(&mut self, field: u32) -> Result<Option<&'a str>, DecodeError> {
        match self.next_bytes(field) {
            Some(bytes) => self.text_of(bytes, field).map(Some),
            None => Ok(None),
        }
    }

    /// Reads the records of a string field that are next and have lengths of one byte.
    /// Returns them, and how many they are.
    ///
    /// One check goes over all of them: their keys and lengths are text themselves.
    #[inline]
    pub(crate) fn next_short_texts(&mut self, field: u32) -> Result<(&'a str, usize), DecodeError> {
        let start = self.at;
        let mut len = 0;
        while self.short_bytes(field).is_some() {
            len += 1;
        }
        if len == 0 {
            return Ok(("", 0));
        }
        let records = self.text_of(&self.bytes[start..self.at], field)?;
        Ok((records, len))
    }

    /// Reads a record with a length of one byte, if it is the next.
    #[inline(always)]
    fn short_bytes(&mut self, field: u32) -> Option<&'a [u8]> {
        let len = self.short_head(field, LEN)?;
        self.value(2, usize::from(len))
    }

    /// Reads a record with a length of two bytes, and no fewer, if it is the next.
    #[inline(always)]
    fn medium_bytes(&mut self, field: u32) -> Option<&'a [u8]> {
        match *self.bytes.get(self.at..self.at + 3)? {
            [key @ ..0x80, low, high @ 1..0x80]
                if u32::from(key) == field << 3 | LEN && low >= 0x80 =>
            {
                self.value(3, usize::from(low & 0x7f) | usize::from(high) << 7)
            }
            _ => None,
        }
    }

    /// Returns the byte after the next key, if the key is the one given, and each is
    /// a varint of one byte.
    #[inline(always)]
    fn short_head(&self, field: u32, wire_type: u32) -> Option<u8> {
        match *self.bytes.get(self.at..self.at + 2)? {
            [key @ ..0x80, varint @ ..0x80] if u32::from(key) == field << 3 | wire_type => {
                Some(varint)
            }
            _ => None,
        }
    }

    /// Reads the value after a head of the given length, if it is there as a whole.
    #[inline(always)]
    fn value(&mut self, head: usize, len: usize) -> Option<&'a [u8]> {
        let start = self.at + head;
        let value = self.bytes.get(start..start + len)?;
        self.at = start + len;
        Some(value)
    }

    /// Reads the key of the next record; `None` at the end of the message.
    #[inline]
    pub(crate) fn next_key(&mut self) -> Result<Option<Key>, DecodeError> {
        if self.at == self.bytes.len() {
            return Ok(None);
        }
        self.key(0).map(Some)
    }

    /// A key is a varint of the field number and, in the low three bits, the
    /// wire type. It must fit 32 bits. Its errors are those of the field it is in.
    #[inline]
    fn key(&mut self, within: u32) -> Result<Key, DecodeError> {
        let at = self.at;
        let key = self.varint(within)?;
        match u32::try_from(key) {
            Ok(key) if key >> 3 != 0 => Ok(Key {
                field: key >> 3,
                wire_type: key & 7,
                at,
            }),
            _ => Err(DecodeError::new(at, within, DecodeReason::InvalidKey)),
        }
    }

    /// A varint holds seven bits a byte, the lowest first; all bytes but the
    /// last have the top bit set. Longer encodings than necessary are fine, up
    /// to ten bytes, of which the last holds one bit.
    #[inline]
    fn varint(&mut self, field: u32) -> Result<u64, DecodeError> {
        let reason = match decode_varint(&self.bytes[self.at..]) {
            Varint::Value(value, len) => {
                self.at += len;
                return Ok(value);
            }
            Varint::CutOff => DecodeReason::Truncated,
            Varint::TooLong => DecodeReason::InvalidVarint,
        };
        Err(DecodeError::new(self.at, field, reason))
    }

    /// Reads the value of an enum field: a varint of which the low 32 bits
    /// count. Negative numbers are ten bytes long.
    #[inline]
    pub(crate) fn enumeration(&mut self, field: u32) -> Result<i32, DecodeError> {
        #[expect(clippy::cast_possible_truncation, reason = "the low 32 bits count")]
        self.varint(field).map(|value| value as i32)
    }

    /// Reads the value of a bytes field: a varint length, then that many bytes.
    #[inline]
    pub(crate) fn bytes(&mut self, field: u32) -> Result<&'a [u8], DecodeError> {
        let start = self.at;
        let len = self.varint(field)?;
        let value = usize::try_from(len)
            .ok()
            .and_then(|len| self.at.checked_add(len))
            .and_then(|end| self.bytes.get(self.at..end));
        match value {
            Some(value) => {
                self.at += value.len();
                Ok(value)
            }
            None => Err(DecodeError::new(start, field, DecodeReason::Truncated)),
        }
    }

    /// Reads the value of a string field: bytes that must be UTF-8.
    #[inline]
    pub(crate) fn text(&mut self, field: u32) -> Result<&'a str, DecodeError> {
        let bytes = self.bytes(field)?;
        self.text_of(bytes, field)
    }

    /// Checks the bytes that have just been read.
    #[inline(always)]
    fn text_of(&self, bytes: &'a [u8], field: u32) -> Result<&'a str, DecodeError> {
        match from_utf8(bytes) {
            Some(text) => Ok(text),
            None => Err(invalid_utf8(bytes, self.at - bytes.len(), field)),
        }
    }

    /// Skips the record of `key`, whatever its field.
    #[inline]
    pub(crate) fn skip(&mut self, key: Key) -> Result<(), DecodeError> {
        if key.wire_type == LEN {
            return self.bytes(key.field).map(drop);
        }
        self.skip_nested(key, key.field, MAX_GROUP_DEPTH)
    }

    /// What is in a group has numbers of its own, so errors are those of the
    /// outermost field.
    fn skip_nested(&mut self, key: Key, field: u32, depth: u32) -> Result<(), DecodeError> {
        let error = |reason| Err(DecodeError::new(key.at, field, reason));
        match key.wire_type {
            VARINT => self.varint(field).map(drop),
            I64 => self.skip_fixed(8, field),
            I32 => self.skip_fixed(4, field),
            LEN => self.bytes(field).map(drop),
            START_GROUP => self.skip_group(key.field, field, depth),
            END_GROUP => error(DecodeReason::UnexpectedEndGroup),
            _ => error(DecodeReason::InvalidKey),
        }
    }

    fn skip_fixed(&mut self, len: usize, field: u32) -> Result<(), DecodeError> {
        if self.bytes.len() - self.at < len {
            return Err(DecodeError::new(self.at, field, DecodeReason::Truncated));
        }
        self.at += len;
        Ok(())
    }

    /// A group runs to the end-group key with its own number.
    fn skip_group(&mut self, number: u32, field: u32, depth: u32) -> Result<(), DecodeError> {
        loop {
            let key = self.key(field)?;
            let error = |reason| Err(DecodeError::new(key.at, field, reason));
            if key.wire_type == END_GROUP {
                return if key.field == number {
                    Ok(())
                } else {
                    error(DecodeReason::UnexpectedEndGroup)
                };
            }
            if depth == 1 {
                return error(DecodeReason::TooDeep);
            }
            self.skip_nested(key, field, depth - 1)?;
        }
    }
}

impl Key {
    /// Refuses a field that has another wire type than its own.
    #[inline]
    pub(crate) fn expect(self, wire_type: u32) -> Result<(), DecodeError> {
        if self.wire_type == wire_type {
            return Ok(());
        }
        let reason = DecodeReason::WrongWireType(self.wire_type);
        Err(DecodeError::new(self.at, self.field, reason))
    }
}

/// The error of bytes that begin at `start` and are no text.
#[cold]
fn invalid_utf8(bytes: &[u8], start: usize, field: u32) -> DecodeError {
    let valid = str::from_utf8(bytes).map_or_else(|err| err.valid_up_to(), str::len);
    DecodeError::new(start + valid, field, DecodeReason::InvalidUtf8)
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
#[inline]
pub(crate) fn decode_varint(bytes: &[u8]) -> Varint {
    match *bytes {
        [byte @ ..0x80, ..] => Varint::Value(u64::from(byte), 1),
        [low, high @ 1..0x80, ..] => Varint::Value(u64::from(low & 0x7f) | u64::from(high) << 7, 2),
        _ => decode_long_varint(bytes),
    }
}

#[inline(never)]
fn decode_long_varint(bytes: &[u8]) -> Varint {
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
    if value < 1 << 14 {
        return 2;
    }
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

/// Writes the key of a record and the varint after it: in one go where each takes a
/// byte, as nearly always.
#[inline]
fn put_head(field: u32, wire_type: u32, varint: u64, out: &mut impl Output) {
    let key = u64::from(field << 3 | wire_type);
    if key < 0x80 && varint < 0x80 {
        out.put(&[low_byte(key), low_byte(varint)]);
    } else {
        cold();
        put_long_head(key, varint, out);
    }
}

/// Does the same in one go where the varint takes two bytes.
#[inline]
fn put_long_head(key: u64, varint: u64, out: &mut impl Output) {
    if key < 0x80 && (0x80..1 << 14).contains(&varint) {
        let (low, high) = (low_byte(varint) | 0x80, low_byte(varint >> 7));
        out.put(&[low_byte(key), low, high]);
    } else {
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
        put_head(field, LEN, value.len() as u64, out);
        out.put(value);
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
    let len = value.len() as u64;
    if len < 0x80 {
        put_head(field, LEN, len, out);
    } else {
        // Here, not in a branch that is rarely taken: where one is long, all may be.
        put_long_head(u64::from(field << 3 | LEN), len, out);
    }
    out.put(value);
}

#[inline]
pub(crate) fn element_len(field: u32, value: &[u8]) -> usize {
    head_len(field, value.len() as u64) + value.len()
}
