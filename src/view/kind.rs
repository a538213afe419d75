//! What the kinds of fields have in common, and how each is read and written.

use core::marker::PhantomData;

use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;

use super::fast_path::Run;
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
    type View<'a>: Copy;

    /// Reads the records of the field that are next in a run, if any are.
    fn read_run<'a>(number: u32, value: &mut Self::View<'a>, run: &mut Run<'a>);

    /// Reads the record of `key`.
    fn read<'a>(
        key: Key,
        value: &mut Self::View<'a>,
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError>;

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

    #[inline]
    fn read_run(number: u32, value: &mut i32, run: &mut Run<'_>) {
        run.enumeration(number, value);
    }

    #[inline]
    fn read(key: Key, value: &mut i32, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        reader.expect(key, VARINT)?;
        *value = reader.enumeration()?;
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

    #[inline]
    fn read_run<'a>(number: u32, value: &mut &'a str, run: &mut Run<'a>) {
        run.text(number, value);
    }

    #[inline]
    fn read<'a>(key: Key, value: &mut &'a str, reader: &mut Reader<'a>) -> Result<(), DecodeError> {
        reader.expect(key, LEN)?;
        *value = reader.text()?;
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

    #[inline]
    fn read_run<'a>(number: u32, value: &mut &'a [u8], run: &mut Run<'a>) {
        run.bytes(number, value);
    }

    #[inline]
    fn read<'a>(
        key: Key,
        value: &mut &'a [u8],
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError> {
        reader.expect(key, LEN)?;
        *value = reader.bytes()?;
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

    #[inline]
    fn read_run<'a>(number: u32, value: &mut PolicyTags<'a>, run: &mut Run<'a>) {
        value.read_run(number, run);
    }

    #[inline]
    fn read<'a>(
        key: Key,
        value: &mut PolicyTags<'a>,
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError> {
        reader.expect(key, LEN)?;
        value.read(key, reader)
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
