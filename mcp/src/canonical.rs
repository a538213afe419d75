//! The one spelling of a JSON value that an HMAC is taken over, so that whoever has the
//! value in another spelling can compute the same.
//!
//! For what [RFC 8785] covers, it is the spelling of that standard: no white space,
//! members in the order of the UTF-16 code units of their names, the shortest escapes,
//! numbers as ECMAScript prints them. What the standard refuses must have an HMAC, too:
//!
//! - an integer beyond 2^53 - 1 without a point or an exponent, a number too large for an
//!   `f64`, and words like `NaN` stay as they were written;
//! - half of a surrogate pair stays an escape, in lower case;
//! - bytes that are not UTF-8 stay as they are;
//! - members of the same name keep their order;
//! - a text of more than 512 MiB stays as it is.
//!
//! [RFC 8785]: https://www.rfc-editor.org/rfc/rfc8785

#![expect(clippy::inline_always, reason = "see `See for Speller`")]

use std::cmp::Ordering;

use crate::scan::{self, Inner, Piece, See, Token};

/// The canonical spelling of a JSON text. Nothing is moved to put members in order, and
/// what is spelled so already is not copied: a peer decides how deep and how long all this
/// is.
pub(crate) struct Spelling<'s> {
    /// With members in the order in which they came.
    text: &'s [u8],
    /// Objects whose members are in another order, by where they start.
    unsorted: &'s [Unsorted],
    /// Their members, in the right order.
    members: &'s [Span],
}

/// How long a text may be. Its spelling is at most six times as long, and places in it are
/// `u32`s: there may be one for every few bytes.
const MAX_LEN: usize = (u32::MAX / 8) as usize;

/// Where a member lies in what is spelled.
#[derive(Clone, Copy, Debug)]
struct Span {
    start: u32,
    end: u32,
}

/// A member of an object whose end has not come yet.
#[derive(Clone, Copy, Debug)]
struct Member {
    start: u32,
    /// Where its name ends, without the quote.
    name_end: u32,
    /// Where it ends, once its object turns out not to be sorted.
    end: u32,
    /// Of its name.
    prefix: u32,
}

/// An object whose end has not come yet.
#[derive(Debug)]
struct Open {
    start: u32,
    /// Where its members begin among all.
    members: u32,
    /// How many unsorted objects have ended before it.
    unsorted: u32,
}

#[derive(Debug)]
struct Unsorted {
    /// Where its brackets are.
    start: u32,
    end: u32,
    members: (u32, u32),
    /// Whether another one is in it.
    is_nested: bool,
}

impl Spelling<'_> {
    /// Tells all of it, piece by piece.
    pub(crate) fn tell(&self, mut see: impl FnMut(&[u8])) {
        enum Task {
            Range(u32, u32),
            Comma,
        }
        if self.unsorted.is_empty() {
            // Nothing is moved, and so nothing is put together.
            see(self.text);
            return;
        }
        let mut pieces = Pieces::new(see);
        let mut tasks = vec![Task::Range(0, place(self.text.len()))];
        while let Some(task) = tasks.pop() {
            let Task::Range(mut start, end) = task else {
                pieces.add(b",");
                continue;
            };
            let next = self.unsorted.partition_point(|object| object.start < start);
            for object in &self.unsorted[next..] {
                if object.start >= end {
                    break;
                }
                pieces.add(self.range(start, object.start + 1));
                start = object.end;
                let members = &self.members[object.members.0 as usize..object.members.1 as usize];
                if object.is_nested {
                    tasks.push(Task::Range(start, end));
                    for (index, member) in members.iter().enumerate().rev() {
                        tasks.push(Task::Range(member.start, member.end));
                        if index > 0 {
                            tasks.push(Task::Comma);
                        }
                    }
                    start = end;
                    break;
                }
                for (index, member) in members.iter().enumerate() {
                    if index > 0 {
                        pieces.add(b",");
                    }
                    pieces.add(self.range(member.start, member.end));
                }
            }
            pieces.add(self.range(start, end));
        }
        pieces.end();
    }

    fn range(&self, start: u32, end: u32) -> &[u8] {
        &self.text[start as usize..end as usize]
    }
}

/// Puts short pieces together, because each that is told costs more than its bytes.
struct Pieces<F> {
    see: F,
    together: Vec<u8>,
}

impl<F: FnMut(&[u8])> Pieces<F> {
    const MAX: usize = 4096;

    fn new(see: F) -> Self {
        Self {
            see,
            together: Vec::with_capacity(Self::MAX),
        }
    }

    fn add(&mut self, piece: &[u8]) {
        if self.together.len() + piece.len() > Self::MAX {
            (self.see)(&self.together);
            self.together.clear();
            if piece.len() > Self::MAX {
                (self.see)(piece);
                return;
            }
        }
        self.together.extend_from_slice(piece);
    }

    fn end(mut self) {
        (self.see)(&self.together);
    }
}

/// The same number. Texts are not so long that it could be beyond.
fn place(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Spells a JSON value in the canonical way while it is read: the beginning is that of the
/// text itself, and from the first token on that is to be spelled in another way, a copy.
pub(crate) struct Speller<'s> {
    text: &'s [u8],
    /// How much of the text that is.
    same: usize,
    is_copied: bool,
    /// What stands before the next token, unless that ends something.
    separator: Option<u8>,
    memory: &'s mut Memory,
}

/// What a [`Speller`] writes to. It is kept from one text to the next, because new memory
/// costs more than what is done with it.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The copy.
    out: Vec<u8>,
    objects: Vec<Open>,
    /// Of the objects that are open.
    open: Vec<Member>,
    unsorted: Vec<Unsorted>,
    /// Of the objects that are not sorted.
    members: Vec<Span>,
}

impl Memory {
    fn clear(&mut self) {
        self.out.clear();
        self.objects.clear();
        self.open.clear();
        self.unsorted.clear();
        self.members.clear();
    }

    /// Returns how many bytes it holds, whether they are in use or not.
    pub(crate) fn capacity(&self) -> usize {
        self.out.capacity()
            + self.objects.capacity() * size_of::<Open>()
            + self.unsorted.capacity() * size_of::<Unsorted>()
            + self.open.capacity() * size_of::<Member>()
            + self.members.capacity() * size_of::<Span>()
    }
}

impl<'s> Speller<'s> {
    /// Returns a speller of the value that a text begins with. `None` for more than
    /// 512 MiB.
    pub(crate) fn new(text: &'s [u8], memory: &'s mut Memory) -> Option<Self> {
        memory.clear();
        (text.len() <= MAX_LEN).then_some(Self {
            text,
            same: 0,
            is_copied: false,
            separator: None,
            memory,
        })
    }

    fn spelled(&self) -> &[u8] {
        if self.is_copied {
            &self.memory.out
        } else {
            &self.text[..self.same]
        }
    }

    fn place(&self) -> u32 {
        place(self.spelled().len())
    }

    #[inline(always)]
    fn string(&mut self, at: usize, string: Inner<'_>) {
        let quoted = &self.text[at..at + string.bytes.len() + 2];
        if !self.put(at, quoted, string.is_canonical) {
            put_string(string.bytes, &mut self.memory.out);
        }
    }

    /// Puts a token of the text and what separates it from the one before. One that is not
    /// canonical is left to be put in `out`.
    #[inline(always)]
    fn put(&mut self, at: usize, token: &[u8], is_canonical: bool) -> bool {
        let separator = self.separator.replace(b',');
        if !self.is_copied {
            // There is nothing but the separator between them.
            if is_canonical && at == self.same + usize::from(separator.is_some()) {
                self.same = at + token.len();
                return true;
            }
            self.is_copied = true;
            self.memory.out.extend_from_slice(&self.text[..self.same]);
        }
        self.memory.out.extend(separator);
        if is_canonical {
            self.memory.out.extend_from_slice(token);
        }
        is_canonical
    }

    /// Ends an object.
    fn sort(&mut self, object: &Open, end: u32) {
        let first = object.members as usize;
        let spelled = if self.is_copied {
            &self.memory.out[..]
        } else {
            &self.text[..self.same]
        };
        let of_object = &mut self.memory.open[first..];
        let order = |a: &Member, b: &Member| {
            if a.prefix != b.prefix && a.prefix != NO_PREFIX && b.prefix != NO_PREFIX {
                return a.prefix.cmp(&b.prefix);
            }
            by_code_units(a, b, spelled)
        };
        if !of_object.is_sorted_by(|a, b| order(a, b).is_le()) {
            let mut next = end + 1;
            for member in of_object.iter_mut().rev() {
                // There is a comma between them.
                member.end = next - 1;
                next = member.start;
            }
            of_object.sort_by(order);
            let first = place(self.memory.members.len());
            let spans = of_object.iter().map(|member| Span {
                start: member.start,
                end: member.end,
            });
            self.memory.members.extend(spans);
            self.memory.unsorted.push(Unsorted {
                start: object.start,
                end,
                members: (first, place(self.memory.members.len())),
                is_nested: place(self.memory.unsorted.len()) > object.unsorted,
            });
        }
        self.memory.open.truncate(first);
    }

    /// Returns the spelling, once all tokens have been seen.
    pub(crate) fn finish(self) -> Spelling<'s> {
        // Those inside of others have ended before them.
        self.memory
            .unsorted
            .sort_unstable_by_key(|object| object.start);
        Spelling {
            text: if self.is_copied {
                &self.memory.out
            } else {
                &self.text[..self.same]
            },
            unsorted: &self.memory.unsorted,
            members: &self.memory.members,
        }
    }
}

impl<'a> See<'a> for Speller<'_> {
    /// Always inlined, with what it calls for most tokens, so that each kind of them is
    /// dealt with where it is found.
    #[inline(always)]
    fn see(&mut self, token: Token<'a>, at: usize) {
        match token {
            Token::ObjectStart => {
                self.put(at, b"{", true);
                self.separator = None;
                self.memory.objects.push(Open {
                    start: self.place() - 1,
                    members: place(self.memory.open.len()),
                    unsorted: place(self.memory.unsorted.len()),
                });
            }
            Token::ArrayStart => {
                self.put(at, b"[", true);
                self.separator = None;
            }
            Token::Name(name) => {
                let start = self.place() + u32::from(self.separator.is_some());
                self.string(at, name);
                self.separator = Some(b':');
                let name_end = self.place() - 1;
                self.memory.open.push(Member {
                    start,
                    name_end,
                    end: name_end,
                    prefix: prefix(&self.text[at + 1..], name.bytes.len()),
                });
            }
            Token::ObjectEnd => {
                if let Some(object) = self.memory.objects.pop() {
                    self.sort(&object, self.place());
                }
                self.separator = None;
                self.put(at, b"}", true);
            }
            Token::ArrayEnd => {
                self.separator = None;
                self.put(at, b"]", true);
            }
            Token::String(string) => self.string(at, string),
            Token::Scalar(scalar) => {
                let is_canonical = is_canonical_scalar(&self.text[at..], scalar.len());
                if !self.put(at, scalar, is_canonical) {
                    put_scalar(scalar, &mut self.memory.out);
                }
            }
        }
    }
}

/// In the place of a prefix from which no order follows.
const NO_PREFIX: u32 = u32::MAX;

/// Returns the first bytes of a name, which the text begins with, as a number: names are
/// in the order of those that differ, unless there is an escape in them or a character
/// beyond ASCII.
fn prefix(text: &[u8], len: usize) -> u32 {
    let Some(first) = text.first_chunk() else {
        return NO_PREFIX;
    };
    let others = 8 * 4_u32.saturating_sub(place(len));
    let prefix = u32::from_be_bytes(*first) & u32::MAX.checked_shl(others).unwrap_or(0);
    let is_plain = prefix & 0x8080_8080 == 0 && scan::equal(prefix.into(), b'\\') == 0;
    if is_plain { prefix } else { NO_PREFIX }
}

fn by_code_units(a: &Member, b: &Member, spelled: &[u8]) -> Ordering {
    let name = |member: &Member| &spelled[member.start as usize + 1..member.name_end as usize];
    let (a, b) = (name(a), name(b));
    let at = same_len(a, b);
    // As far back as an escape or a character may have begun.
    let is_plain = |name: &[u8]| {
        let near = &name[at.saturating_sub(5)..name.len().min(at + 1)];
        near.is_ascii() && !near.contains(&b'\\')
    };
    if is_plain(a) && is_plain(b) {
        return a.get(at).cmp(&b.get(at));
    }
    code_units(a).cmp(&code_units(b))
}

/// Returns how many bytes two names begin with that are the same.
fn same_len(a: &[u8], b: &[u8]) -> usize {
    let eights = a.as_chunks::<8>().0.iter().zip(b.as_chunks::<8>().0);
    let at = 8 * eights.take_while(|(a, b)| a == b).count();
    let rest = a[at..].iter().zip(&b[at..]);
    at + rest.take_while(|(a, b)| a == b).count()
}

fn code_units(name: &[u8]) -> Vec<u16> {
    let mut units = Vec::with_capacity(name.len());
    for piece in scan::pieces(name) {
        match piece {
            Piece::Plain(plain) => units.extend(String::from_utf8_lossy(plain).encode_utf16()),
            Piece::Char(char) => units.extend_from_slice(char.encode_utf16(&mut [0; 2])),
            Piece::LoneSurrogate(unit) => units.push(unit),
        }
    }
    units
}

fn put_string(inner: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for piece in scan::pieces(inner) {
        match piece {
            Piece::Plain(plain) if !scan::has_control(plain) => out.extend_from_slice(plain),
            // No JSON, and taken by lenient parsers.
            Piece::Plain(plain) => {
                for byte in plain {
                    match byte {
                        0..0x20 => put_char(char::from(*byte), out),
                        _ => out.push(*byte),
                    }
                }
            }
            Piece::Char(char) => put_char(char, out),
            Piece::LoneSurrogate(unit) => {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
    }
    out.push(b'"');
}

/// Whether the number or the word that the text begins with is spelled as it would be put.
/// Of those that most are, this is known without reading the number.
fn is_canonical_scalar(text: &[u8], len: usize) -> bool {
    // So many digits mean one number alone.
    const MAX_DIGITS: usize = 15;
    if text[0].is_ascii_alphabetic() || (len <= MAX_DIGITS && scan::digits(text) == len) {
        return true;
    }
    let scalar = &text[..len];
    let digits = scalar.strip_prefix(b"-").unwrap_or(scalar);
    let is_known = match digits.split_at(scan::digits(digits)) {
        _ if digits.len() > MAX_DIGITS => false,
        (whole, []) => whole != b"0",
        (_, [b'.', fraction @ .., last]) => {
            // One of more zeros has an exponent.
            let zeros = fraction.iter().take_while(|byte| **byte == b'0').count();
            let is_plain = fraction.iter().all(u8::is_ascii_digit);
            is_plain && matches!(last, b'1'..=b'9') && zeros < 6
        }
        (whole, _) => whole.is_empty(),
    };
    is_known || number(scalar).is_none_or(|number| number.as_bytes() == scalar)
}

fn put_char(char: char, out: &mut Vec<u8>) {
    let short = match char {
        '"' => b'"',
        '\\' => b'\\',
        '\u{8}' => b'b',
        '\u{c}' => b'f',
        '\n' => b'n',
        '\r' => b'r',
        '\t' => b't',
        '\0'..' ' => {
            out.extend_from_slice(format!("\\u{:04x}", u32::from(char)).as_bytes());
            return;
        }
        char => {
            out.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
            return;
        }
    };
    out.extend_from_slice(&[b'\\', short]);
}

fn put_scalar(scalar: &[u8], out: &mut Vec<u8>) {
    match number(scalar) {
        Some(number) => out.extend_from_slice(number.as_bytes()),
        None => out.extend_from_slice(scalar),
    }
}

/// Returns how ECMAScript prints a number. `None` for words, and for numbers that would
/// not be the same number after that.
pub(crate) fn number(scalar: &[u8]) -> Option<String> {
    /// The largest integer up to which an `f64` holds every one.
    const MAX_SAFE: u64 = (1 << 53) - 1;
    if !scan::is_number(scalar) {
        return None;
    }
    let text = std::str::from_utf8(scalar).ok()?;
    let is_integer = !text.contains(['.', 'e', 'E']);
    if is_integer {
        let digits = text.trim_start_matches('-');
        let is_safe = digits.parse::<u64>().is_ok_and(|value| value <= MAX_SAFE);
        return match text {
            "-0" => Some("0".to_owned()),
            text => is_safe.then(|| text.to_owned()),
        };
    }
    let value: f64 = text.parse().ok().filter(|value: &f64| value.is_finite())?;
    Some(ecmascript(value))
}

/// Prints a number as `Number::toString` of ECMAScript does. The digits are those that
/// `serde_json` prints: the fewest that say the number and, of two that are as near to it,
/// the even ones, where Rust's own are the larger. What differs is where the point goes.
fn ecmascript(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let text = serde_json::Value::from(value.abs()).to_string();
    if !text.contains('e') && !text.ends_with(".0") {
        return format!("{sign}{text}");
    }
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let significant = all.trim_start_matches('0');
    let digits = significant.trim_end_matches('0').to_owned();
    let len = |text: &str| i32::try_from(text.len()).unwrap_or(i32::MAX);
    // Where the point stands, counted from the first digit.
    let point = exponent.parse().unwrap_or(0) + len(whole) - (len(&all) - len(significant));
    let exponent = point - 1;
    let count = len(&digits);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    let unsigned = if (count..=21).contains(&point) {
        digits + &zeros(point - count)
    } else if (1..=21).contains(&point) {
        let (whole, fraction) = digits.split_at(usize::try_from(point).unwrap_or(0));
        format!("{whole}.{fraction}")
    } else if (-5..=0).contains(&point) {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let (first, others) = digits.split_at(1);
        let point = if others.is_empty() { "" } else { "." };
        let plus = if exponent < 0 { "-" } else { "+" };
        format!("{first}{point}{others}e{plus}{}", exponent.abs())
    };
    format!("{sign}{unsigned}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan::NotJson;

    fn canonical_bytes(text: &[u8]) -> Result<Vec<u8>, NotJson> {
        let mut memory = Memory {
            out: b"before".to_vec(),
            ..Memory::default()
        };
        let mut speller = Speller::new(text, &mut memory).unwrap();
        scan::tokens(text, &mut speller)?;
        let spelling = speller.finish();
        let mut told = Vec::new();
        spelling.tell(|piece| told.extend_from_slice(piece));
        Ok(told)
    }

    fn canonical_text(text: &str) -> String {
        String::from_utf8(canonical_bytes(text.as_bytes()).unwrap()).unwrap()
    }

    #[test]
    fn the_example_of_the_standard() {
        // RFC 8785, 3.2.2 and 3.2.3.
        let text = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        assert_eq!(
            canonical_text(text),
            "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\
             \"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}"
        );
    }

    #[test]
    fn members_are_in_the_order_of_their_code_units() {
        // RFC 8785, 3.2.3.
        let text = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
        assert_eq!(
            canonical_text(text),
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}"
        );
        // By what they say, not by how that is spelled.
        let text = r#"{"a\"":1,"a\\":2,"a\n":3,"a\u0001":4,"a":5,"aa":6,"a\ud800":7,"a0":8}"#;
        assert_eq!(
            canonical_text(text),
            r#"{"a":5,"a\u0001":4,"a\n":3,"a\"":1,"a0":8,"a\\":2,"aa":6,"a\ud800":7}"#
        );
    }

    #[test]
    fn numbers_are_those_of_ecmascript() {
        // RFC 8785, appendix B.
        for (text, expected) in [
            ("0.0", "0"),
            ("-0.0", "0"),
            ("-0", "0"),
            ("5e-324", "5e-324"),
            ("1.7976931348623157e308", "1.7976931348623157e+308"),
            ("9007199254740992.0", "9007199254740992"),
            ("295147905179352830000.0", "295147905179352830000"),
            ("9.999999999999997e22", "9.999999999999997e+22"),
            ("1e23", "1e+23"),
            ("999999999999999700000.0", "999999999999999700000"),
            ("1e21", "1e+21"),
            ("9.999999999999997e-7", "9.999999999999997e-7"),
            ("0.000001", "0.000001"),
            ("333333333.33333325", "333333333.33333325"),
            ("1e2", "100"),
            ("-12.50", "-12.5"),
            // As near to .3; as Node prints it.
            ("-1068723440833042.25", "-1068723440833042.2"),
            ("5e-7", "5e-7"),
            ("0.00001234", "0.00001234"),
            ("120000000000000000000.0", "120000000000000000000"),
        ] {
            assert_eq!(number(text.as_bytes()).as_deref(), Some(expected), "{text}");
        }
        for text in ["1e400", "NaN", "9007199254740993", "18446744073709551616"] {
            assert_eq!(number(text.as_bytes()), None, "{text}");
            assert_eq!(canonical_text(text), text);
        }
    }

    #[test]
    fn what_the_standard_refuses_keeps_its_spelling() {
        assert_eq!(canonical_text(r#""\uD800x""#), r#""\ud800x""#);
        assert_eq!(canonical_text(r#"{"a":1,"a":0}"#), r#"{"a":1,"a":0}"#);
        assert_eq!(canonical_bytes(b"\"\xff\"").unwrap(), b"\"\xff\"");
        let deep = "[".repeat(50_000) + &"]".repeat(50_000);
        assert_eq!(canonical_text(&deep), deep);
        assert!(canonical_bytes(b"{").is_err());
    }

    #[test]
    fn objects_in_objects_are_sorted_without_moving_them_again_and_again() {
        let depth = 100_000;
        let text = r#"{"b":"#.repeat(depth) + "0" + &r#","a":[{"d":1,"c":2}]}"#.repeat(depth);
        let expected = r#"{"a":[{"c":2,"d":1}],"b":"#.repeat(depth) + "0" + &"}".repeat(depth);
        let begin = std::time::Instant::now();
        assert!(canonical_text(&text) == expected);
        // Moved, it would be terabytes.
        assert!(begin.elapsed() < std::time::Duration::from_secs(20));
    }

    #[test]
    fn long_strings_are_spelled_like_short_ones() {
        for text in [
            "x",
            "é",
            "\\n\\\\\\\"",
            "\\/",
            "\\u0041",
            "\u{1}",
            "\\ud800",
            "\0",
        ] {
            let short = canonical_bytes(format!("\"{text}\"").as_bytes()).unwrap();
            let piece = &short[1..short.len() - 1];
            for count in [1, 1024, 2 * Pieces::<fn(&[u8])>::MAX] {
                let long = text.repeat(count);
                let json = format!(r#"[{{"b":"{long}","a":["{long}",1,"{text}"]}},"{long}"]"#);
                let (long, piece) = (piece.repeat(count), piece);
                let expected = [
                    b"[{\"a\":[\"",
                    &long[..],
                    b"\",1,\"",
                    piece,
                    b"\"],\"b\":\"",
                    &long,
                    b"\"},\"",
                    &long,
                    b"\"]",
                ];
                assert!(
                    canonical_bytes(json.as_bytes()).unwrap() == expected.concat(),
                    "{text}"
                );
            }
        }
    }

    /// JSON of some depth.
    fn any_json() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
        use proptest::prelude::*;
        use serde_json::Value;
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest::proptest! {
        #[test]
        fn what_is_known_of_a_number_is_so(
            text in "-?(0|[1-9][0-9]{0,16})([.]0{0,7}[0-9]{1,16})?([eE][+-]?[0-9]{1,2})?"
        ) {
            let number = number(text.as_bytes());
            let is_canonical = number.is_none_or(|number| number == text);
            let with_others = format!("{text},1234567890");
            let known = is_canonical_scalar(with_others.as_bytes(), text.len());
            assert_eq!(known, is_canonical, "{text}");
        }

        #[test]
        fn names_are_in_the_order_of_utf_16(
            names in proptest::collection::vec("[\0\nab\"\\\\é\u{fb33}😀]{0,6}", 0..30)
        ) {
            let object = |names: &[String]| {
                let name = |name| serde_json::Value::from(name).to_string() + ":0";
                let members: Vec<_> = names.iter().map(|it| name(&**it)).collect();
                format!("{{{}}}", members.join(","))
            };
            let mut sorted = names.clone();
            sorted.sort_by_cached_key(|name| name.encode_utf16().collect::<Vec<_>>());
            assert_eq!(canonical_text(&object(&names)), object(&sorted));
        }

        #[test]
        fn one_space_anywhere_changes_nothing(value in any_json(), at: proptest::sample::Index) {
            let text = value.to_string();
            let mut places = Vec::new();
            scan::tokens(text.as_bytes(), &mut |_, at| places.push(at)).unwrap();
            let mut spaced = text.clone();
            spaced.insert(*at.get(&places), ' ');
            assert_eq!(canonical_text(&spaced), canonical_text(&text), "{spaced}");
        }

        #[test]
        fn says_the_same_in_one_spelling(value in any_json()) {
            let plain = canonical_text(&value.to_string());
            let pretty = canonical_text(&serde_json::to_string_pretty(&value).unwrap());
            assert_eq!(plain, pretty);
            assert_eq!(canonical_text(&plain), plain);
            let said: serde_json::Value = serde_json::from_str(&plain).unwrap();
            assert_eq!(canonical_text(&said.to_string()), plain);
        }
    }
}
