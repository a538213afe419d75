//! Whether bytes are CBOR: RFC 8949, as far as telling needs it.

use core::str;

/// The head of tag 55799, which marks the item after it as CBOR (section
/// 3.4.6).
pub(super) const MARK: [u8; 3] = [0xd9, 0xd9, 0xf7];

/// How deep an item may nest: the limit that ciborium has for reading it.
const MAX_DEPTH: usize = 256;

/// Returns the item without the mark in front of it, and whether there was one.
pub(super) fn without_mark(bytes: &[u8]) -> (&[u8], bool) {
    match bytes.strip_prefix(&MARK) {
        Some(item) => (item, true),
        None => (bytes, false),
    }
}

/// Checks that the bytes are one well-formed data item and nothing else, nested
/// at most 256 deep. The error is the offset at which they stop being that.
pub(super) fn check(bytes: &[u8]) -> Result<(), usize> {
    match after_item(bytes, MAX_DEPTH) {
        Ok([]) => Ok(()),
        Ok(rest) | Err(Fault(rest)) => Err(bytes.len() - rest.len()),
    }
}

/// What is left of the bytes where they stop being well-formed.
struct Fault<'a>(&'a [u8]);

type Rest<'a> = Result<&'a [u8], Fault<'a>>;

/// Returns what follows the well-formed data item at the start of `bytes`: the
/// algorithm of appendix C, and text must be UTF-8.
fn after_item(bytes: &[u8], depth: usize) -> Rest<'_> {
    let fault = Fault(bytes);
    let ([head, rest @ ..], Some(depth)) = (bytes, depth.checked_sub(1)) else {
        return Err(fault);
    };
    let (major, info) = (head >> 5, head & 0x1f);
    if info == 31 {
        return after_indefinite(major, rest, depth);
    }
    let Some((argument, mut rest)) = argument(info, rest) else {
        return Err(fault);
    };
    match major {
        0 | 1 => Ok(rest),
        2 | 3 => {
            let len = usize::try_from(argument).ok();
            match len.and_then(|len| rest.split_at_checked(len)) {
                Some((string, rest)) if major == 2 || str::from_utf8(string).is_ok() => Ok(rest),
                _ => Err(fault),
            }
        }
        4 | 5 => {
            let children = if major == 4 { 1 } else { 2 };
            for _ in 0..argument {
                for _ in 0..children {
                    rest = after_item(rest, depth)?;
                }
            }
            Ok(rest)
        }
        6 => after_item(rest, depth),
        // Two bytes are for simple values that do not fit into one.
        _ if info == 24 && argument < 32 => Err(fault),
        _ => Ok(rest),
    }
}

/// The argument of a head is in its low five bits or in the bytes after it.
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

/// An item of indefinite length goes on to the break. A string of that kind comes
/// in definite chunks of its own type.
fn after_indefinite(major: u8, mut rest: &[u8], depth: usize) -> Rest<'_> {
    const BREAK: u8 = 0xff;

    loop {
        rest = match (major, rest) {
            (2..=5, [BREAK, rest @ ..]) => return Ok(rest),
            (2 | 3, [head, ..]) if head >> 5 == major && head & 0x1f != 31 => {
                after_item(rest, depth)?
            }
            (4, _) => after_item(rest, depth)?,
            (5, _) => after_item(after_item(rest, depth)?, depth)?,
            _ => return Err(Fault(rest)),
        };
    }
}
