//! The one spelling of a JSON value that an HMAC is taken over, so that whoever has the
//! value in another spelling can compute the same.
//!
//! For what [RFC 8785] covers, it is the spelling of that standard: no white space,
//! members in the order of the UTF-16 code units of their names, the shortest escapes,
//! numbers as ECMAScript prints them. What the standard refuses must have an HMAC, too:
//!
//! - an integer that an `f64` does not hold exactly, a number too large for one, and
//!   words like `NaN` stay as they were written;
//! - half of a surrogate pair stays an escape, in lower case;
//! - bytes that are not UTF-8 stay as they are;
//! - members of the same name keep their order;
//! - a text of more than 512 MiB stays as it is.
//!
//! [RFC 8785]: https://www.rfc-editor.org/rfc/rfc8785

use std::cmp::Ordering;

use crate::scan::{self, NotJson, Piece, Token};

/// The canonical spelling of a JSON text. Nothing is moved to put members in order, and
/// long strings that are spelled so already are not copied: a peer decides how deep and how
/// long all this is.
pub(crate) struct Spelling<'a, 'o> {
    /// With members in the order in which they came.
    out: &'o [u8],
    verbatim: Vec<&'a [u8]>,
    /// Objects whose members are in another order, by where they start.
    unsorted: Vec<Unsorted>,
    /// Their members, in the right order.
    members: Vec<Member>,
}

/// How long a string must be not to be copied.
const LONG: usize = 1024;

/// Stands in `out` before the index of a string that is not copied. No spelling has it.
const VERBATIM: u8 = 0;

/// How long a text may be. Its spelling is at most six times as long, and places in it are
/// `u32`s: there may be one for every few bytes.
const MAX_LEN: usize = (u32::MAX / 8) as usize;

/// Where a member lies in what has been written.
#[derive(Clone, Copy)]
struct Member {
    start: u32,
    /// Where its name ends, without the quote.
    name_end: u32,
    end: u32,
}

/// An object whose end has not come yet.
struct Open {
    start: u32,
    /// Where its members begin among all.
    members: usize,
}

struct Unsorted {
    /// Where its brackets are.
    start: u32,
    end: u32,
    members: std::ops::Range<usize>,
}

/// What is open, one byte each.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Object,
    EmptyArray,
    Array,
}

impl Spelling<'_, '_> {
    /// Tells all of it, piece by piece.
    pub(crate) fn tell(&self, mut see: impl FnMut(&[u8])) {
        enum Task {
            Range(u32, u32),
            Comma,
        }
        let mut tasks = vec![Task::Range(0, place(self.out))];
        while let Some(task) = tasks.pop() {
            let Task::Range(start, end) = task else {
                see(b",");
                continue;
            };
            let next = self.unsorted.partition_point(|object| object.start < start);
            let Some(object) = self.unsorted.get(next).filter(|next| next.start < end) else {
                self.tell_range(start, end, &mut see);
                continue;
            };
            self.tell_range(start, object.start + 1, &mut see);
            tasks.push(Task::Range(object.end, end));
            let members = &self.members[object.members.clone()];
            for (index, member) in members.iter().enumerate().rev() {
                tasks.push(Task::Range(member.start, member.end));
                if index > 0 {
                    tasks.push(Task::Comma);
                }
            }
        }
    }

    fn tell_range(&self, start: u32, end: u32, see: &mut impl FnMut(&[u8])) {
        let mut rest = &self.out[start as usize..end as usize];
        while let Some(at) = memchr::memchr(VERBATIM, rest) {
            let (before, after) = rest.split_at(at);
            see(before);
            let Some((index, after)) = after[1..].split_first_chunk() else {
                return;
            };
            let string = self.verbatim.get(u32::from_le_bytes(*index) as usize);
            see(string.copied().unwrap_or_default());
            rest = after;
        }
        if !rest.is_empty() {
            see(rest);
        }
    }
}

/// The place that is written next.
fn place(out: &[u8]) -> u32 {
    // Texts are not so long that it could be beyond.
    u32::try_from(out.len()).unwrap_or(u32::MAX)
}

/// Returns the canonical spelling of a JSON text, for which `out` lends its memory. A text
/// of more than 512 MiB has none.
pub(crate) fn canonical<'a, 'o>(
    text: &'a [u8],
    out: &'o mut Vec<u8>,
) -> Result<Spelling<'a, 'o>, NotJson> {
    if text.len() > MAX_LEN {
        return Err(NotJson { at: MAX_LEN });
    }
    out.clear();
    let mut verbatim: Vec<&[u8]> = Vec::new();
    let mut brackets: Vec<Bracket> = Vec::new();
    let mut objects: Vec<Open> = Vec::new();
    // Those of the objects that are open, and those of the objects that are not sorted.
    let mut open: Vec<Member> = Vec::new();
    let mut members: Vec<Member> = Vec::new();
    let mut unsorted = Vec::new();
    scan::tokens(text, |token, _| match token {
        Token::ObjectStart => {
            begin_value(&mut brackets, out);
            brackets.push(Bracket::Object);
            objects.push(Open {
                start: place(out),
                members: open.len(),
            });
            out.push(b'{');
        }
        Token::ArrayStart => {
            begin_value(&mut brackets, out);
            out.push(b'[');
            brackets.push(Bracket::EmptyArray);
        }
        Token::Name(name) => {
            let first = objects.last().map_or(0, |object| object.members);
            if let Some(before) = open[first..].last_mut() {
                before.end = place(out);
                out.push(b',');
            }
            let start = place(out);
            put_string(name, out);
            let end = place(out);
            open.push(Member {
                start,
                name_end: end - 1,
                end,
            });
            out.push(b':');
        }
        Token::ObjectEnd => {
            brackets.pop();
            if let Some(object) = objects.pop() {
                let end = place(out);
                if let Some(last) = open[object.members..].last_mut() {
                    last.end = end;
                }
                let of_object = &mut open[object.members..];
                let order = |a: &Member, b: &Member| by_code_units(name(a, out), name(b, out));
                if !of_object.is_sorted_by(|a, b| order(a, b).is_le()) {
                    of_object.sort_by(order);
                    let first = members.len();
                    members.extend_from_slice(of_object);
                    unsorted.push(Unsorted {
                        start: object.start,
                        end,
                        members: first..members.len(),
                    });
                }
                open.truncate(object.members);
            }
            out.push(b'}');
        }
        Token::ArrayEnd => {
            brackets.pop();
            out.push(b']');
        }
        Token::String(string) => {
            begin_value(&mut brackets, out);
            if string.len() < LONG || !is_canonical(string) {
                put_string(string, out);
                return;
            }
            let index = u32::try_from(verbatim.len()).unwrap_or(u32::MAX);
            out.extend_from_slice(&[b'"', VERBATIM]);
            out.extend_from_slice(&index.to_le_bytes());
            out.push(b'"');
            verbatim.push(string);
        }
        Token::Scalar(scalar) => {
            begin_value(&mut brackets, out);
            put_scalar(scalar, out);
        }
    })?;
    // Those inside of others have ended before them.
    unsorted.sort_unstable_by_key(|object| object.start);
    Ok(Spelling {
        out,
        verbatim,
        unsorted,
        members,
    })
}

/// Puts the comma before an element of an array that is not its first.
fn begin_value(brackets: &mut [Bracket], out: &mut Vec<u8>) {
    match brackets.last_mut() {
        Some(array @ Bracket::EmptyArray) => *array = Bracket::Array,
        Some(Bracket::Array) => out.push(b','),
        Some(Bracket::Object) | None => {}
    }
}

/// Returns what stands between the quotes of a member's name.
fn name<'o>(member: &Member, out: &'o [u8]) -> &'o [u8] {
    &out[member.start as usize + 1..member.name_end as usize]
}

fn by_code_units(a: &[u8], b: &[u8]) -> Ordering {
    let is_plain = |name: &[u8]| name.is_ascii() && !name.contains(&b'\\');
    if is_plain(a) && is_plain(b) {
        return a.cmp(b);
    }
    code_units(a).cmp(&code_units(b))
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
            Piece::Plain(plain) if !has_control(plain) => {
                out.extend_from_slice(plain);
            }
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

/// Whether what stands between the quotes of a string is spelled as it would be put.
fn is_canonical(inner: &[u8]) -> bool {
    let mut rest = inner;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        // Others have a shorter spelling, or are left to where they are read.
        let Some((b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', after)) =
            rest[at + 1..].split_first()
        else {
            return false;
        };
        rest = after;
    }
    !has_control(inner)
}

/// Looks at every byte, which is faster than stopping at the first.
fn has_control(plain: &[u8]) -> bool {
    let found = plain
        .iter()
        .fold(0, |found, byte| found | u8::from(*byte < 0x20));
    found != 0
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

    fn canonical_bytes(text: &[u8]) -> Result<Vec<u8>, NotJson> {
        let mut out = b"before".to_vec();
        let spelling = canonical(text, &mut out)?;
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
            for count in [LONG, 2 * LONG] {
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
