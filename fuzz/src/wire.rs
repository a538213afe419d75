//! Encoded messages, right and wrong, that follow from a seed.

use std::ops::Range;

use crate::random::Random;

/// What texts are pieces of: one byte a character, then up to four, so that a piece may
/// begin or end in the middle of a character.
const TEXT: &str = "agent-001 auth-service/login production:eu-central-1 user@example.com \
    SOC2 HIPAA PCI-DSS ISO27001 payments/refund tools/delete_user {\"amount\":1299} the quick \
    brown fox jumps over the lazy dog 0123456789 ABCDEFGHIJKLMNOPQRSTUVWXYZ ~!@#$%^&*()_+ \
    Zürich naïve éèêë дата место логин 日本語の監査ログ 東京都 中文合规 😀🦀🔒🗝 \u{0}\u{7f}\u{85}\u{2028}\u{feff} e\u{301}";
const ASCII: usize = ascii_len(TEXT.as_bytes());

const fn ascii_len(text: &[u8]) -> usize {
    let mut len = 0;
    while text[len].is_ascii() {
        len += 1;
    }
    len
}

/// How many fields an entry has, and which of them are numbers.
const FIELDS: u32 = 11;
const POLICY_TAGS: u32 = 10;

const fn is_number(field: u32) -> bool {
    matches!(field, 1 | 2 | 3 | 11)
}

pub fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// As [`put_varint`], in this many bytes more than it takes.
fn put_long_varint(value: u64, more: usize, out: &mut Vec<u8>) {
    put_varint(value, out);
    for _ in 0..more {
        if let Some(last) = out.last_mut() {
            *last |= 0x80;
        }
        out.push(0);
    }
}

fn text_len(random: &mut Random) -> usize {
    match random.below(64) {
        0..8 => 0,
        8..54 => 1 + random.below(12),
        54..60 => 16 + random.below(48),
        // About where a length takes another byte.
        60..62 => 124 + random.below(8),
        _ if random.once_in(64) => 16_380 + random.below(8),
        _ => 128 + random.below(200),
    }
}

fn put_text(random: &mut Random, out: &mut Vec<u8>) {
    let len = text_len(random);
    if !random.once_in(4) {
        put_varint(len as u64, out);
        put_repeated(&TEXT.as_bytes()[..ASCII], random, len, out);
        return;
    }
    if random.once_in(8) {
        put_varint(len as u64, out);
        put_repeated(TEXT.as_bytes(), random, len, out);
        return;
    }
    // Whole characters.
    let start = TEXT.floor_char_boundary(random.below(TEXT.len()));
    let piece = &TEXT[start..];
    let piece = &piece[..piece.floor_char_boundary(len)];
    let count = if len > piece.len() {
        1 + random.below(3)
    } else {
        1
    };
    put_varint((piece.len() * count) as u64, out);
    for _ in 0..count {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// Puts so many bytes of a text, from anywhere in it on and from its beginning again.
fn put_repeated(text: &[u8], random: &mut Random, len: usize, out: &mut Vec<u8>) {
    let mut piece = &text[random.below(text.len())..];
    let mut left = len;
    while left > 0 {
        let taken = left.min(piece.len());
        out.extend_from_slice(&piece[..taken]);
        left -= taken;
        piece = text;
    }
}

/// A number of an enum, usually one that has a name.
fn enumeration(random: &mut Random) -> u64 {
    match random.below(16) {
        0 => random.number(),
        1 => u64::MAX - random.below(3) as u64,
        2 => [
            0,
            127,
            128,
            16_383,
            16_384,
            0x7fff_ffff,
            0x8000_0000,
            0xffff_ffff,
            1 << 32,
        ][random.below(9)],
        _ => random.below(32) as u64,
    }
}

/// Puts a record of this field as encoders write it.
fn put_record(random: &mut Random, field: u32, out: &mut Vec<u8>) {
    if is_number(field) {
        put_varint(u64::from(field << 3), out);
        put_varint(enumeration(random), out);
    } else {
        put_varint(u64::from(field << 3 | 2), out);
        put_text(random, out);
    }
}

/// Puts a record of any kind, often of a field that is not known, at times a wrong one.
fn put_any_record(random: &mut Random, depth: u32, out: &mut Vec<u8>) {
    let field = match random.below(16) {
        0..4 => 1 + random.below(11) as u64,
        4..12 => 12 + random.below(8) as u64,
        12 => 98 + random.below(14) as u64,
        13 => (1 << 29) - 1 - random.below(2) as u64,
        14 => random.number() >> random.below(64),
        _ => 0,
    };
    let wire_type = random.below(8) as u64;
    put_long_varint(field << 3 | wire_type, overlong(random), out);
    match wire_type {
        0 => put_long_varint(enumeration(random), overlong(random), out),
        1 => out.extend_from_slice(&random.number().to_le_bytes()),
        2 => put_text(random, out),
        3 => {
            if depth > 0 {
                for _ in 0..random.below(3) {
                    put_any_record(random, depth - 1, out);
                }
            }
            let end = if random.once_in(16) { field + 1 } else { field };
            put_varint(end << 3 | 4, out);
        }
        5 => out.extend_from_slice(&random.number().to_le_bytes()[..4]),
        _ => {}
    }
}

fn overlong(random: &mut Random) -> usize {
    if random.once_in(8) {
        random.below(11)
    } else {
        0
    }
}

/// Puts a message: mostly one that encoders write, and one of fields in any order, of
/// unknown fields and of what is wrong at times.
pub fn put_message(random: &mut Random, out: &mut Vec<u8>) {
    let shape = random.below(8);
    if shape < 5 {
        let mut set = random.number();
        if random.once_in(2) {
            set &= random.number();
        }
        for field in 1..=FIELDS {
            if set >> field & 1 == 0 {
                continue;
            }
            let count = if field == POLICY_TAGS {
                random.below(5)
            } else {
                1
            };
            for _ in 0..count {
                put_record(random, field, out);
            }
        }
        return;
    }
    for _ in 0..random.below(10) {
        if shape < 7 || random.once_in(2) {
            let field = 1 + u32::try_from(random.below(FIELDS as usize)).unwrap_or_default();
            put_record(random, field, out);
        } else {
            put_any_record(random, 3, out);
        }
    }
}

/// Finds the records of a message, up to the first that is wrong.
pub fn find_records(bytes: &[u8], records: &mut Vec<Range<usize>>) {
    records.clear();
    let mut at = 0;
    while let Some((key, value)) = read_varint(bytes, at) {
        let end = match key & 7 {
            0 => read_varint(bytes, value).map(|(_, end)| end),
            1 => Some(value + 8),
            2 => read_varint(bytes, value).and_then(|(len, start)| {
                usize::try_from(len)
                    .ok()
                    .and_then(|len| start.checked_add(len))
            }),
            5 => Some(value + 4),
            _ => Some(value),
        };
        match end {
            Some(end) if end <= bytes.len() => {
                records.push(at..end);
                at = end;
            }
            _ => return,
        }
    }
}

/// Returns the varint at a place, and where it ends.
fn read_varint(bytes: &[u8], mut at: usize) -> Option<(u64, usize)> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(at)?;
        at += 1;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some((value, at));
        }
    }
    None
}

/// Bytes that mean something in some place.
const BYTES: &[u8] = &[
    0, 1, 2, 7, 8, 0x0a, 0x22, 0x4a, 0x52, 0x58, 0x60, 0x7b, 0x7c, 0x7f, 0x80, 0xbf, 0xc3, 0xe2,
    0xed, 0xf0, 0xff,
];

/// Makes variants of a message.
#[derive(Debug, Default)]
pub struct Variants {
    records: Vec<Range<usize>>,
    copy: Vec<u8>,
    variant: Vec<u8>,
}

impl Variants {
    /// Tells the message, at times every beginning of it, and `count` messages that come
    /// of a few changes.
    pub fn each(
        &mut self,
        message: &[u8],
        random: &mut Random,
        count: usize,
        mut see: impl FnMut(&[u8], &mut Random),
    ) {
        see(message, random);
        if random.once_in(32) {
            for len in 0..message.len().min(200) {
                see(&message[..len], random);
            }
        }
        find_records(message, &mut self.records);
        let mut variant = std::mem::take(&mut self.variant);
        for _ in 0..count {
            variant.clear();
            variant.extend_from_slice(message);
            self.change(&mut variant, random);
            while random.once_in(4) {
                find_records(&variant, &mut self.records);
                self.change(&mut variant, random);
                find_records(message, &mut self.records);
            }
            see(&variant, random);
        }
        self.variant = variant;
    }

    /// Makes a change to a message whose records have been found.
    fn change(&mut self, bytes: &mut Vec<u8>, random: &mut Random) {
        let any = |records: &[Range<usize>], random: &mut Random| {
            records.get(random.below(records.len())).cloned()
        };
        let at = random.below(bytes.len());
        match random.below(16) {
            0..3 if !bytes.is_empty() => bytes[at] ^= 1 << random.below(8),
            3..5 if !bytes.is_empty() => bytes[at] = BYTES[random.below(BYTES.len())],
            5 => bytes.insert(at, BYTES[random.below(BYTES.len())]),
            6 if !bytes.is_empty() => {
                bytes.remove(at);
            }
            7 if random.once_in(2) => bytes.truncate(at),
            7..10 => {
                let Some(record) = any(&self.records, random) else {
                    return;
                };
                // The record again, in front of another or at the end.
                let place = any(&self.records, random).map_or(0, |it| it.start);
                let place = if random.once_in(3) {
                    bytes.len()
                } else {
                    place
                };
                self.copy.clear();
                self.copy.extend_from_slice(&bytes[record]);
                bytes.splice(place..place, self.copy.drain(..));
            }
            10 => {
                if let Some(record) = any(&self.records, random) {
                    bytes.drain(record);
                }
            }
            11 => {
                // A key or a length in more bytes than it takes, or too many.
                let Some(record) = any(&self.records, random) else {
                    return;
                };
                let Some((_, value)) = read_varint(bytes, record.start) else {
                    return;
                };
                let place = if random.once_in(2) {
                    record.start
                } else {
                    value
                };
                let Some((number, end)) = read_varint(bytes, place) else {
                    return;
                };
                self.copy.clear();
                put_long_varint(number, 1 + random.below(10), &mut self.copy);
                bytes.splice(place..end, self.copy.drain(..));
            }
            12 => {
                // A length that lies, a number that differs.
                let Some(record) = any(&self.records, random) else {
                    return;
                };
                let Some((_, value)) = read_varint(bytes, record.start) else {
                    return;
                };
                let Some((number, end)) = read_varint(bytes, value) else {
                    return;
                };
                let other = match random.below(4) {
                    0 => random.number() >> random.below(64),
                    1 => number.wrapping_add(1),
                    2 => number.wrapping_sub(1),
                    _ => random.below(300) as u64,
                };
                self.copy.clear();
                put_varint(other, &mut self.copy);
                bytes.splice(value..end, self.copy.drain(..));
            }
            13 => {
                let place = any(&self.records, random).map_or(0, |it| it.start);
                self.copy.clear();
                put_any_record(random, 3, &mut self.copy);
                bytes.splice(place..place, self.copy.drain(..));
            }
            14 => {
                // In a group, or in many.
                let depth = if random.once_in(16) {
                    98 + random.below(5)
                } else {
                    1 + random.below(3)
                };
                let place = any(&self.records, random).unwrap_or(0..0);
                self.copy.clear();
                self.copy.resize(depth, 0x7b);
                self.copy.extend_from_slice(&bytes[place.clone()]);
                self.copy.resize(self.copy.len() + depth, 0x7c);
                bytes.splice(place, self.copy.drain(..));
            }
            _ => {
                // Text in the place of other text.
                let from = random.below(TEXT.len());
                let piece = &TEXT.as_bytes()[from..];
                let len = (1 + random.below(6)).min(piece.len()).min(bytes.len() - at);
                bytes[at..at + len].copy_from_slice(&piece[..len]);
            }
        }
    }
}
