//! What the kinds of fields have in common, and how each is read and written.

#![expect(clippy::inline_always, reason = "see `Reader`")]

use core::marker::PhantomData;

use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

use super::wire::{self, Key, LEN, Output, Reader, VARINT};
use super::{DecodeError, PolicyTags};

/// A kind of field.
///
/// The default value is not written, and of a field that is there more than once
/// the last value counts; a list has all of them.
pub(crate) trait Kind {
    /// The type of the field in `LogEntry`.
    type Owned;
    /// The type of the field in `LogEntryView`.
    type View<'a>: Copy + Default;

    /// How values are written.
    const WIRE_TYPE: u32;

    /// Whether every record of the field counts, and not only the last.
    const IS_REPEATED: bool = false;

    /// Reads the record of the field, if it is the next and nothing is unusual about it.
    fn read_next<'a>(
        number: u32,
        value: &mut Self::View<'a>,
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError>;

    /// Reads the record of `key`, which has the right wire type.
    fn read<'a>(
        key: Key,
        value: &mut Self::View<'a>,
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError>;

    /// As `read_next`, for an owned entry.
    #[inline]
    fn merge_next(
        number: u32,
        owned: &mut Self::Owned,
        reader: &mut Reader<'_>,
    ) -> Result<(), DecodeError> {
        let start = reader.position();
        let mut value = Default::default();
        Self::read_next(number, &mut value, reader)?;
        if reader.position() > start {
            *owned = Self::to_owned(value);
        }
        Ok(())
    }

    /// As `read`, for an owned entry.
    #[inline]
    fn merge(
        key: Key,
        owned: &mut Self::Owned,
        reader: &mut Reader<'_>,
    ) -> Result<(), DecodeError> {
        let mut value = Default::default();
        Self::read(key, &mut value, reader)?;
        *owned = Self::to_owned(value);
        Ok(())
    }

    fn encoded_len(number: u32, value: Self::View<'_>) -> usize;

    fn put(number: u32, value: Self::View<'_>, out: &mut impl Output);

    fn view(owned: &Self::Owned) -> Self::View<'_>;

    fn to_owned(value: Self::View<'_>) -> Self::Owned;
}

/// The number of an enum, whether it has a name or not.
pub(crate) struct Number<E>(PhantomData<E>);

impl<E> Kind for Number<E> {
    type Owned = i32;
    type View<'a> = i32;

    const WIRE_TYPE: u32 = VARINT;

    #[inline(always)]
    fn read_next(number: u32, value: &mut i32, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        if let Some(next) = reader.next_enumeration(number) {
            *value = next;
        }
        Ok(())
    }

    #[inline]
    fn read(key: Key, value: &mut i32, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        *value = reader.enumeration(key.field)?;
        Ok(())
    }

    #[inline]
    fn encoded_len(number: u32, value: i32) -> usize {
        wire::enumeration_len(number, value)
    }

    #[inline]
    fn put(number: u32, value: i32, out: &mut impl Output) {
        wire::put_enumeration(number, value, out);
    }

    #[inline]
    fn view(owned: &i32) -> i32 {
        *owned
    }

    #[inline]
    fn to_owned(value: i32) -> i32 {
        value
    }
}

/// A string.
pub(crate) struct Text;

impl Kind for Text {
    type Owned = String;
    type View<'a> = &'a str;

    const WIRE_TYPE: u32 = LEN;

    #[inline(always)]
    fn read_next<'a>(
        number: u32,
        value: &mut &'a str,
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError> {
        if let Some(next) = reader.next_text(number)? {
            *value = next;
        }
        Ok(())
    }

    #[inline]
    fn read<'a>(key: Key, value: &mut &'a str, reader: &mut Reader<'a>) -> Result<(), DecodeError> {
        *value = reader.text(key.field)?;
        Ok(())
    }

    #[inline]
    fn encoded_len(number: u32, value: &str) -> usize {
        wire::bytes_len(number, value.as_bytes())
    }

    #[inline]
    fn put(number: u32, value: &str, out: &mut impl Output) {
        wire::put_bytes(number, value.as_bytes(), out);
    }

    #[inline]
    fn view(owned: &String) -> &str {
        owned
    }

    #[inline]
    fn to_owned(value: &str) -> String {
        value.into()
    }
}

/// A bytes field.
pub(crate) struct Blob;

impl Kind for Blob {
    type Owned = Bytes;
    type View<'a> = &'a [u8];

    const WIRE_TYPE: u32 = LEN;

    #[inline(always)]
    fn read_next<'a>(
        number: u32,
        value: &mut &'a [u8],
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError> {
        if let Some(next) = reader.next_bytes(number) {
            *value = next;
        }
        Ok(())
    }

    #[inline]
    fn read<'a>(
        key: Key,
        value: &mut &'a [u8],
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError> {
        *value = reader.bytes(key.field)?;
        Ok(())
    }

    #[inline]
    fn encoded_len(number: u32, value: &[u8]) -> usize {
        wire::bytes_len(number, value)
    }

    #[inline]
    fn put(number: u32, value: &[u8], out: &mut impl Output) {
        wire::put_bytes(number, value, out);
    }

    #[inline]
    fn view(owned: &Bytes) -> &[u8] {
        owned
    }

    #[inline]
    fn to_owned(value: &[u8]) -> Bytes {
        if value.is_empty() {
            return Bytes::new();
        }
        Bytes::copy_from_slice(value)
    }
}

/// A repeated string.
pub(crate) struct Texts;

impl Kind for Texts {
    type Owned = Vec<String>;
    type View<'a> = PolicyTags<'a>;

    const WIRE_TYPE: u32 = LEN;
    const IS_REPEATED: bool = true;

    #[inline(always)]
    fn read_next<'a>(
        number: u32,
        value: &mut PolicyTags<'a>,
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError> {
        value.read_next(number, reader)
    }

    #[inline]
    fn read<'a>(
        key: Key,
        value: &mut PolicyTags<'a>,
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError> {
        value.read(key, reader)
    }

    #[inline]
    fn merge_next(
        number: u32,
        owned: &mut Vec<String>,
        reader: &mut Reader<'_>,
    ) -> Result<(), DecodeError> {
        PolicyTags::push_next(number, owned, reader)
    }

    #[inline]
    fn merge(
        key: Key,
        owned: &mut Vec<String>,
        reader: &mut Reader<'_>,
    ) -> Result<(), DecodeError> {
        owned.push(reader.text(key.field)?.into());
        PolicyTags::push_next(key.field, owned, reader)
    }

    #[inline]
    fn encoded_len(number: u32, value: PolicyTags<'_>) -> usize {
        value.encoded_len(number)
    }

    #[inline]
    fn put(number: u32, value: PolicyTags<'_>, out: &mut impl Output) {
        value.put(number, out);
    }

    #[inline]
    fn view(owned: &Vec<String>) -> PolicyTags<'_> {
        owned.into()
    }

    #[inline]
    fn to_owned(value: PolicyTags<'_>) -> Vec<String> {
        value.to_strings()
    }
}
