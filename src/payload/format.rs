//! Telling the format of a payload from its bytes.

use core::ops::RangeInclusive;
use core::str;

use serde_core::de::IgnoredAny;

use super::well_formed_cbor;
use crate::{LogEntry, LogEntryView};

/// What the bytes of a payload are, as far as bytes can tell.
///
/// An entry does not record the format of its payload, so it is read off the
/// bytes, all of them:
///
/// 1. no bytes at all are [`Empty`](Self::Empty);
/// 2. one well-formed JSON text in UTF-8 (RFC 8259), however deep it nests and
///    large its numbers are, is [`Json`](Self::Json), unless a string in it holds
///    half of a surrogate pair (`"\ud800"`), which no text can be (section 8.2);
/// 3. one well-formed CBOR data item (RFC 8949, appendix C) that is an array, a
///    map, or marked as CBOR by tag 55799 (section 3.4.6), nested at most 256
///    deep and with nothing after it, is [`Cbor`](Self::Cbor);
/// 4. anything else is [`Opaque`](Self::Opaque), text that is not JSON
///    included.
///
/// No text is ever taken for CBOR: a CBOR array, map or tag 55799 begins with
/// bytes that no UTF-8 text begins with. What the bytes cannot tell is what was
/// meant. The text `42` is JSON whatever its writer had in mind; somebody's own
/// binary format may happen to be well-formed CBOR (the single byte `0xa0` is an
/// empty map); and a bare CBOR number or text without the tag counts as opaque,
/// which is why `Payload::cbor` tags those.
///
/// The answer does not depend on which features of this crate are on.
///
/// ```
/// use lokryn_compliance_log::PayloadFormat;
///
/// assert_eq!(PayloadFormat::of(b""), PayloadFormat::Empty);
/// assert_eq!(PayloadFormat::of(br#"{"rows": 42}"#), PayloadFormat::Json);
/// assert_eq!(PayloadFormat::of(b"\xa1\x64rows\x18\x2a"), PayloadFormat::Cbor);
/// assert_eq!(PayloadFormat::of(b"rows: 42"), PayloadFormat::Opaque);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PayloadFormat {
    /// No payload.
    Empty,
    /// One JSON text.
    Json,
    /// One CBOR array, map or self-described item.
    Cbor,
    /// Anything else.
    Opaque,
}

impl PayloadFormat {
    /// Returns the format of the given bytes.
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        if payload.is_empty() {
            Self::Empty
        } else if as_json(payload).is_some() {
            Self::Json
        } else if is_cbor(payload) {
            Self::Cbor
        } else {
            Self::Opaque
        }
    }
}

impl LogEntry {
    /// Returns the format of the payload; see [`PayloadFormat`] for how it is
    /// told and what cannot be known.
    #[must_use]
    pub fn payload_format(&self) -> PayloadFormat {
        PayloadFormat::of(&self.payload)
    }
}

impl LogEntryView<'_> {
    /// Returns the format of the payload; see [`PayloadFormat`] for how it is
    /// told and what cannot be known.
    #[must_use]
    pub fn payload_format(&self) -> PayloadFormat {
        PayloadFormat::of(self.payload)
    }
}

/// Returns the payload as JSON, if it is JSON.
///
/// The syntax is checked without building the values, so numbers keep all their
/// digits and nesting costs no stack.
pub(crate) fn as_json(payload: &[u8]) -> Option<&str> {
    let text = str::from_utf8(payload).ok()?;
    let IgnoredAny = serde_json::from_str(text).ok()?;
    (!has_lone_surrogate(text)).then_some(text)
}

/// Returns whether an escape in a JSON text is one half of a surrogate pair
/// without the other. Readers differ in what they make of it; most refuse the
/// whole text.
fn has_lone_surrogate(json: &str) -> bool {
    let mut rest = json;
    while let Some((_, escape)) = rest.split_once('\\') {
        let after = escape.get(5..).unwrap_or_default();
        rest = match code_unit(escape) {
            Some(0xd800..=0xdbff) => match after.strip_prefix('\\').and_then(code_unit) {
                Some(0xdc00..=0xdfff) => after.get(6..).unwrap_or_default(),
                _ => return true,
            },
            Some(0xdc00..=0xdfff) => return true,
            Some(_) => after,
            // An escape of one character, which may be a backslash.
            None => escape.get(1..).unwrap_or_default(),
        };
    }
    false
}

/// The value of an escape, given without its backslash, that is a `u` and four
/// hexadecimal digits.
fn code_unit(escape: &str) -> Option<u16> {
    let digits = escape.strip_prefix('u')?.get(..4)?;
    u16::from_str_radix(digits, 16).ok()
}

fn is_cbor(payload: &[u8]) -> bool {
    const ARRAYS_AND_MAPS: RangeInclusive<u8> = 0x80..=0xbf;

    let (item, is_marked) = well_formed_cbor::without_mark(payload);
    let is_recognisable = is_marked
        || payload
            .first()
            .is_some_and(|head| ARRAYS_AND_MAPS.contains(head));
    is_recognisable && well_formed_cbor::check(item).is_ok()
}
