//! Telling the format of a payload from its bytes.

use serde::de::IgnoredAny;

use crate::{LogEntry, LogEntryView};

/// What the bytes of a payload are, as far as bytes can tell.
///
/// An entry does not record the format of its payload, so it is read off the
/// bytes, all of them:
///
/// 1. no bytes at all are [`Empty`](Self::Empty);
/// 2. one well-formed JSON text in UTF-8 (RFC 8259) is [`Json`](Self::Json);
/// 3. one well-formed CBOR data item (RFC 8949, appendix C) that is an array, a
///    map, or marked as CBOR by tag 55799 (section 3.4.6), nested at most 256
///    deep and with nothing behind it, is [`Cbor`](Self::Cbor);
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
        } else if is_json(payload) {
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

fn is_json(payload: &[u8]) -> bool {
    // The UTF-8 check comes first: `IgnoredAny` does not look into strings.
    core::str::from_utf8(payload).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

/// How deep a CBOR item may nest: the limit that reading it has, too.
const MAX_DEPTH: usize = 256;

fn is_cbor(payload: &[u8]) -> bool {
    const ARRAYS_AND_MAPS: core::ops::RangeInclusive<u8> = 0x80..=0xbf;
    const SELF_DESCRIBED: &[u8] = &[0xd9, 0xd9, 0xf7];

    let item = payload.strip_prefix(SELF_DESCRIBED);
    let recognisable = item.is_some()
        || payload
            .first()
            .is_some_and(|head| ARRAYS_AND_MAPS.contains(head));
    recognisable && after_item(item.unwrap_or(payload), MAX_DEPTH) == Some(&[])
}

/// Returns what follows the well-formed CBOR data item at the start of `bytes`:
/// the algorithm of RFC 8949, appendix C.
fn after_item(bytes: &[u8], depth: usize) -> Option<&[u8]> {
    let depth = depth.checked_sub(1)?;
    let (&head, rest) = bytes.split_first()?;
    let (major, info) = (head >> 5, head & 0x1f);
    if info == 31 {
        return after_indefinite(major, rest, depth);
    }
    let (argument, mut rest) = argument(info, rest)?;
    match major {
        0 | 1 => Some(rest),
        2 => rest.get(usize::try_from(argument).ok()?..),
        3 => {
            let (text, rest) = rest.split_at_checked(usize::try_from(argument).ok()?)?;
            core::str::from_utf8(text).ok()?;
            Some(rest)
        }
        4 | 5 => {
            let items = argument.checked_mul(u64::from(major - 3))?;
            for _ in 0..items {
                rest = after_item(rest, depth)?;
            }
            Some(rest)
        }
        6 => after_item(rest, depth),
        // Two bytes are for simple values that do not fit into one.
        _ => (info != 24 || argument >= 32).then_some(rest),
    }
}

fn argument(info: u8, rest: &[u8]) -> Option<(u64, &[u8])> {
    let width = match info {
        0..=23 => return Some((u64::from(info), rest)),
        24..=27 => 1 << (info - 24),
        _ => return None,
    };
    let (bytes, rest) = rest.split_at_checked(width)?;
    let argument = bytes
        .iter()
        .fold(0, |argument, &byte| argument << 8 | u64::from(byte));
    Some((argument, rest))
}

fn after_indefinite(major: u8, mut rest: &[u8], depth: usize) -> Option<&[u8]> {
    const BREAK: u8 = 0xff;

    loop {
        if let Some((&BREAK, after)) = rest.split_first() {
            return Some(after);
        }
        rest = match major {
            // Text and byte strings come in definite chunks of their own kind.
            2 | 3 if rest.first()? >> 5 == major && rest.first()? & 0x1f != 31 => {
                after_item(rest, depth)?
            }
            4 => after_item(rest, depth)?,
            5 => after_item(after_item(rest, depth)?, depth)?,
            _ => return None,
        };
    }
}
