//! JSON texts, right and wrong, that follow from a seed.

use crate::random::Random;

/// Names of members, some of which are spelled with escapes or mean something somewhere.
const NAMES: &[&str] = &[
    "a",
    "b",
    "id",
    "",
    "payload",
    "payload_base64",
    "occurred_at",
    "event_id",
    "source_address",
    "trace_id",
    "data",
    "seconds",
    "é",
    "日本",
    "😀",
    "\u{ffff}",
    "a\\n",
    "\\u0061",
    "\\ud83d\\ude00",
    "\\\"",
];

/// Numbers that readers disagree about.
const NUMBERS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1",
    "0.0",
    "-0.0",
    "1.0",
    "1.50",
    "1e3",
    "1E+2",
    "12e-1",
    "0.1",
    "9007199254740991",
    "9007199254740992",
    "9007199254740993",
    "-9007199254740993",
    "2937830849438963200",
    "9223372036854775807",
    "-9223372036854775808",
    "9223372036854775808",
    "18446744073709551615",
    "18446744073709551616",
    "123456789012345678901234567890",
    "1e21",
    "1e-7",
    "123456789012345680000",
    "1.7976931348623157e308",
    "5e-324",
    "1e-400",
    "0.1000000000000000055511151231257827",
];

/// Pieces of strings that are JSON.
const PIECES: &[&str] = &[
    "a",
    "agent-001",
    "tools/call",
    " ",
    "é",
    "日",
    "😀",
    "\u{7f}",
    "\u{85}",
    "\u{2028}",
    "\u{feff}",
    "\\n",
    "\\\"",
    "\\\\",
    "\\/",
    "\\b",
    "\\u0000",
    "\\u0041",
    "\\u00E9",
    "\\u2028",
    "\\ud83d\\ude00",
];

/// What is put into a text to make it another, often a wrong one.
const CHANGES: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    "\"",
    ",",
    ":",
    "\\",
    "\\u",
    "\\ud800",
    "\\udc00",
    " ",
    "\n",
    "\t",
    "\r\n",
    "0",
    "-",
    ".",
    "e",
    "E5",
    "1e400",
    "null",
    "true",
    "false",
    "NaN",
    "-Infinity",
    "\"a\":",
    ",\"a\":0",
    "{}",
    "[]",
    "é",
    "\u{1}",
    "\u{7f}",
    "\u{2028}",
    "[[[[",
    "{\"\":",
];

/// How a text is spelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// Without white space, as encoders write it.
    Compact,
    /// With white space here and there.
    Spaced,
}

fn put_space(random: &mut Random, spelling: Spelling, out: &mut Vec<u8>) {
    if spelling == Spelling::Spaced && random.once_in(3) {
        out.extend_from_slice(random.one_of(&[" ", "\n", "\t", "\r\n", "  "]).as_bytes());
    }
}

/// Puts a string with its quotes.
pub fn put_string(random: &mut Random, out: &mut Vec<u8>) {
    out.push(b'"');
    if random.once_in(128) {
        // Some are treated otherwise from a kilobyte on.
        let piece = random.one_of(PIECES);
        let count = (1000 + random.below(60)) / piece.len();
        out.extend_from_slice(piece.repeat(count).as_bytes());
    }
    for _ in 0..random.below(5) {
        out.extend_from_slice(random.one_of(PIECES).as_bytes());
    }
    out.push(b'"');
}

pub fn put_number(random: &mut Random, out: &mut Vec<u8>) {
    match random.below(8) {
        0 => out.extend_from_slice(random.number().to_string().as_bytes()),
        1 => {
            let float = f64::from_bits(random.number());
            let float = if float.is_finite() { float } else { 0.5 };
            out.extend_from_slice(format!("{float:?}").as_bytes());
        }
        2 | 3 => out.extend_from_slice(random.below(1000).to_string().as_bytes()),
        _ => out.extend_from_slice(random.one_of(NUMBERS).as_bytes()),
    }
}

/// Puts a value that nests no deeper than this.
pub fn put_value(random: &mut Random, depth: usize, spelling: Spelling, out: &mut Vec<u8>) {
    let kinds = if depth == 0 { 6 } else { 10 };
    match random.below(kinds) {
        0 | 1 => put_string(random, out),
        2 | 3 => put_number(random, out),
        4 => out.extend_from_slice(random.one_of(&["true", "false"]).as_bytes()),
        5 => out.extend_from_slice(b"null"),
        6 | 7 => put_array(random, depth, spelling, out),
        _ => put_object(random, depth, spelling, out),
    }
}

fn put_array(random: &mut Random, depth: usize, spelling: Spelling, out: &mut Vec<u8>) {
    out.push(b'[');
    put_space(random, spelling, out);
    for index in 0..random.below(4) {
        if index > 0 {
            out.push(b',');
            put_space(random, spelling, out);
        }
        put_value(random, depth - 1, spelling, out);
        put_space(random, spelling, out);
    }
    out.push(b']');
}

/// Puts an object. A name is there twice at times.
pub fn put_object(random: &mut Random, depth: usize, spelling: Spelling, out: &mut Vec<u8>) {
    out.push(b'{');
    put_space(random, spelling, out);
    let first = random.below(NAMES.len());
    let step = usize::from(!random.once_in(16));
    for index in 0..random.below(5) {
        if index > 0 {
            out.push(b',');
            put_space(random, spelling, out);
        }
        out.push(b'"');
        let name = NAMES[(first + index * step) % NAMES.len()];
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"\"");
        put_space(random, spelling, out);
        out.push(b':');
        put_space(random, spelling, out);
        put_value(random, depth.saturating_sub(1), spelling, out);
        put_space(random, spelling, out);
    }
    out.push(b'}');
}

/// Gives so many changed texts, and returns how many they were.
pub fn each_changed(
    text: &[u8],
    count: usize,
    random: &mut Random,
    mut give: impl FnMut(&[u8]),
) -> u64 {
    let mut changed = Vec::new();
    for _ in 0..count {
        changed.clear();
        changed.extend_from_slice(text);
        change(random, &mut changed);
        give(&changed);
    }
    count as u64
}

/// Makes a change to a text, which may not be JSON any more, nor UTF-8.
pub fn change(random: &mut Random, text: &mut Vec<u8>) {
    let at = random.below(text.len());
    match random.below(8) {
        0..3 => {
            let piece = random.one_of(CHANGES).bytes();
            text.splice(at..at, piece);
        }
        3 => {
            let end = (at + 1 + random.below(3)).min(text.len());
            let piece = random.one_of(CHANGES).bytes();
            text.splice(at..end, piece);
        }
        4 => {
            let end = (at + 1 + random.below(8)).min(text.len());
            text.drain(at..end);
        }
        5 => {
            // A piece again, elsewhere.
            let end = (at + 1 + random.below(24)).min(text.len());
            let piece = text[at..end].to_vec();
            let place = random.below(text.len());
            text.splice(place..place, piece);
        }
        6 => text.truncate(at),
        _ => {
            if let Some(byte) = text.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}
