//! Records as they nearly always are: in the order of their fields, with keys
//! and lengths of one byte, and text all along.
//!
//! To check eight short strings for UTF-8 costs several times what one check of
//! the bytes around them costs. Keys and lengths of one byte are text themselves,
//! so the check comes first, for many records at once, and a string is then a
//! slice between two char boundaries.
//!
//! Nothing in here is an error. What is not as described above is left to
//! [`Reader`](super::wire::Reader).

#[cfg(not(feature = "simd"))]
use core::str::from_utf8;

#[cfg(feature = "simd")]
use simdutf8::compat::from_utf8;

use super::wire::{LEN, VARINT};

/// How far ahead text is checked at a time. Wide enough for a usual entry as a
/// whole, and narrow enough that checking the start of a large payload, which
/// need not be text at all, costs little.
const WINDOW: usize = 256;

/// A stretch of an entry that is known to be UTF-8, and a place in it.
#[derive(Clone)]
pub(crate) struct Run<'a> {
    entry: &'a [u8],
    /// Where the stretch begins.
    from: usize,
    text: &'a str,
    /// The place, counted from the start of the stretch.
    at: usize,
}

impl<'a> Run<'a> {
    /// Returns the run at the start of an entry.
    #[inline]
    pub(crate) fn new(entry: &'a [u8]) -> Self {
        Self::starting_at(entry, 0)
    }

    #[inline]
    fn starting_at(entry: &'a [u8], from: usize) -> Self {
        Self {
            entry,
            from,
            text: text_at_start(&entry[from..]),
            at: 0,
        }
    }

    /// The entry that the run is in.
    #[inline]
    pub(crate) fn entry(&self) -> &'a [u8] {
        self.entry
    }

    /// Where the next record begins.
    #[inline]
    pub(crate) fn position(&self) -> usize {
        self.from + self.at
    }

    /// Goes on to a record that begins at or after the present position.
    #[inline]
    pub(crate) fn skip_to(&mut self, position: usize) {
        self.at = position - self.from;
        if self.at >= self.text.len() {
            *self = Self::starting_at(self.entry, position);
        }
    }

    /// Reads the record of an enum field, if it is the next.
    #[expect(clippy::inline_always, reason = "a run is only fast in registers")]
    #[inline(always)]
    pub(crate) fn enumeration(&mut self, field: u32, number: &mut i32) {
        if let Some(value) = self.varint(field, VARINT) {
            *number = i32::from(value);
            self.at += 2;
        }
    }

    /// Reads the record of a string field, if it is the next, and returns
    /// whether it was.
    #[expect(clippy::inline_always, reason = "a run is only fast in registers")]
    #[inline(always)]
    pub(crate) fn text(&mut self, field: u32, text: &mut &'a str) -> bool {
        let Some(len) = self.varint(field, LEN) else {
            return false;
        };
        let start = self.at + 2;
        let end = start + usize::from(len);
        let Some(value) = self.text.get(start..end) else {
            return false;
        };
        *text = value;
        self.at = end;
        true
    }

    /// Reads the record of a bytes field, if it is the next and text.
    #[expect(clippy::inline_always, reason = "a run is only fast in registers")]
    #[inline(always)]
    pub(crate) fn bytes(&mut self, field: u32, bytes: &mut &'a [u8]) {
        let mut text = "";
        if self.text(field, &mut text) {
            *bytes = text.as_bytes();
        }
    }

    /// Returns the varint after the next key, if the key is the one given and
    /// both have one byte.
    #[expect(clippy::inline_always, reason = "a run is only fast in registers")]
    #[inline(always)]
    fn varint(&self, field: u32, wire_type: u32) -> Option<u8> {
        match self.text.as_bytes().get(self.at..self.at + 2) {
            Some(&[key, varint @ ..0x80]) if u32::from(key) == field << 3 | wire_type => {
                Some(varint)
            }
            _ => None,
        }
    }
}

/// Returns the text that `bytes` begin with, as far as it is looked for.
#[inline(never)]
fn text_at_start(bytes: &[u8]) -> &str {
    let window = match bytes.get(WINDOW) {
        Some(_) => &bytes[..char_boundary_before(bytes, WINDOW)],
        None => bytes,
    };
    match from_utf8(window) {
        Ok(text) => text,
        Err(err) => from_utf8(&window[..err.valid_up_to()]).unwrap_or_default(),
    }
}

/// Returns the last place up to `at` at which, if `bytes` are text, a character
/// begins.
fn char_boundary_before(bytes: &[u8], at: usize) -> usize {
    let is_boundary = |at: &usize| bytes[*at] & 0xc0 != 0x80;
    (at - 3..=at).rev().find(is_boundary).unwrap_or(at)
}
