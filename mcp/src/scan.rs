//! Finding members in JSON text without building values.
//!
//! What a peer takes as a message must not be missed because a parser here is stricter:
//! Node takes two hundred nested arrays, lone surrogates and `1e400`, Python takes `NaN`,
//! and both read bytes that are not UTF-8. So the text is walked, with a stack on the
//! heap in place of recursion, and what a value means is asked only where it matters.

#![expect(clippy::inline_always, reason = "see `plain`")]

use std::borrow::Cow;

/// Why a text is not JSON: where it stops being any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NotJson {
    pub(crate) at: usize,
}

type Result<T = ()> = std::result::Result<T, NotJson>;

/// Walks a text.
struct Cursor<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    fn fail<T>(&self) -> Result<T> {
        Err(NotJson { at: self.at })
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = self.peek() {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result {
        if self.peek() != Some(byte) {
            return self.fail();
        }
        self.at += 1;
        Ok(())
    }

    /// Reads a string.
    #[inline(always)]
    fn string(&mut self) -> Result<Inner<'a>> {
        self.expect(b'"')?;
        let start = self.at;
        let mut is_canonical = true;
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let plain = plain(rest);
            is_canonical &= !plain.has_control;
            self.at += plain.len;
            match self.peek() {
                Some(b'"') => {
                    let bytes = &self.text[start..self.at];
                    self.at += 1;
                    return Ok(Inner {
                        bytes,
                        is_canonical,
                    });
                }
                Some(_) => self.at += 1,
                None => return self.fail(),
            }
            match self.peek() {
                Some(b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't') => self.at += 1,
                Some(b'/') => {
                    is_canonical = false;
                    self.at += 1;
                }
                Some(b'u') => {
                    is_canonical = false;
                    let digits = self.text.get(self.at + 1..self.at + 5);
                    if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                        return self.fail();
                    }
                    self.at += 5;
                }
                _ => return self.fail(),
            }
        }
    }

    /// Reads a number or a word. Words that only some parsers take are taken, too.
    fn scalar(&mut self) -> Result<&'a [u8]> {
        let start = self.at;
        let rest = self.text.get(start..).unwrap_or_default();
        let word = || WORDS.iter().find(|word| rest.starts_with(word));
        let Some(len) = number_len(rest).or_else(|| word().map(|word| word.len())) else {
            return self.fail();
        };
        let is_of_scalar = |byte: &u8| byte.is_ascii_alphanumeric() || b"+-.".contains(byte);
        if rest.get(len).is_some_and(is_of_scalar) {
            return self.fail();
        }
        self.at += len;
        Ok(&rest[..len])
    }

    /// Reads a value of any depth.
    fn value(&mut self) -> Result<&'a [u8]> {
        let start = self.at;
        self.tokens(&mut |_, _| ())?;
        Ok(&self.text[start..self.at])
    }

    /// Reads a value and tells its tokens, in order, each with where it begins.
    fn tokens(&mut self, see: &mut impl See<'a>) -> Result {
        // Whether the innermost open bracket is one of an object, and those around it: most
        // values need no memory for that.
        let mut innermost = None;
        let mut others: Vec<bool> = Vec::new();
        let mut is_named = false;
        loop {
            if is_named {
                let at = self.at;
                see.see(Token::Name(self.name()?), at);
            }
            // A value begins here.
            let at = self.at;
            match self.peek() {
                Some(b'{') => {
                    see.see(Token::ObjectStart, at);
                    others.extend(innermost.replace(true));
                    self.at += 1;
                    self.skip_space();
                    is_named = self.peek() != Some(b'}');
                    if is_named {
                        continue;
                    }
                }
                Some(b'[') => {
                    see.see(Token::ArrayStart, at);
                    others.extend(innermost.replace(false));
                    self.at += 1;
                    self.skip_space();
                    is_named = false;
                    if self.peek() != Some(b']') {
                        continue;
                    }
                }
                Some(b'"') => see.see(Token::String(self.string()?), at),
                _ => see.see(Token::Scalar(self.scalar()?), at),
            }
            // A value has ended here.
            loop {
                let Some(is_object) = innermost else {
                    return Ok(());
                };
                self.skip_space();
                match (self.peek(), is_object) {
                    (Some(b','), _) => {
                        self.at += 1;
                        self.skip_space();
                        is_named = is_object;
                        break;
                    }
                    (Some(b'}'), true) => see.see(Token::ObjectEnd, self.at),
                    (Some(b']'), false) => see.see(Token::ArrayEnd, self.at),
                    _ => return self.fail(),
                }
                innermost = others.pop();
                self.at += 1;
            }
        }
    }

    /// Reads a value and tells its tokens, and its members, if it is an object.
    fn tokens_and_members(
        &mut self,
        see: &mut impl See<'a>,
        mut see_member: impl FnMut(&'a [u8], &'a [u8]),
    ) -> Result {
        if self.peek() != Some(b'{') {
            return self.tokens(see);
        }
        see.see(Token::ObjectStart, self.at);
        self.list([b'{', b'}'], |cursor| {
            let at = cursor.at;
            let name = cursor.name()?;
            see.see(Token::Name(name), at);
            let value = cursor.at;
            cursor.tokens(see)?;
            see_member(name.bytes, &cursor.text[value..cursor.at]);
            Ok(())
        })?;
        see.see(Token::ObjectEnd, self.at - 1);
        Ok(())
    }

    /// Reads what stands between brackets, with commas between.
    fn list(
        &mut self,
        [open, close]: [u8; 2],
        mut item: impl FnMut(&mut Self) -> Result,
    ) -> Result {
        self.expect(open)?;
        self.skip_space();
        if self.peek() == Some(close) {
            self.at += 1;
            return Ok(());
        }
        loop {
            item(self)?;
            self.skip_space();
            if self.peek() != Some(b',') {
                return self.expect(close);
            }
            self.at += 1;
            self.skip_space();
        }
    }

    /// Reads a member's name, its colon, and the space after that.
    #[inline(always)]
    fn name(&mut self) -> Result<Inner<'a>> {
        let name = self.string()?;
        self.skip_space();
        self.expect(b':')?;
        self.skip_space();
        Ok(name)
    }
}

const WORDS: [&[u8]; 6] = [
    b"null",
    b"true",
    b"false",
    b"NaN",
    b"Infinity",
    b"-Infinity",
];

const ONES: u64 = u64::from_le_bytes([1; 8]);
const HIGH_BITS: u64 = ONES << 7;

/// The part of a string up to a quote or an escape.
struct Plain {
    len: usize,
    has_control: bool,
}

/// Returns how long the text goes on without a quote or an escape.
///
/// Most strings are short, and most escapes are near to the next one: eight bytes at a
/// time find those sooner than what is fast with many, and calls would cost as much as
/// that. So this is always inlined, and so are those that read strings.
#[inline(always)]
fn plain(text: &[u8]) -> Plain {
    const NEAR: usize = 4;
    let (eights, _) = text.as_chunks();
    let mut controls = 0;
    for (index, eight) in eights.iter().take(NEAR).enumerate() {
        let eight = u64::from_le_bytes(*eight);
        let ends = equal(eight, b'"') | equal(eight, b'\\');
        if ends != 0 {
            let before = (ends - 1) & !ends;
            controls |= control(eight) & before;
            return Plain {
                len: 8 * index + ends.trailing_zeros() as usize / 8,
                has_control: controls & HIGH_BITS != 0,
            };
        }
        controls |= control(eight);
    }
    long_plain(text)
}

fn long_plain(text: &[u8]) -> Plain {
    let len = memchr::memchr2(b'"', b'\\', text).unwrap_or(text.len());
    Plain {
        len,
        has_control: has_control(&text[..len]),
    }
}

/// Marks the bytes that are equal to one, in their highest bits. The lowest mark is right,
/// those above it need not be.
pub(crate) fn equal(eight: u64, byte: u8) -> u64 {
    let zero_where_equal = eight ^ (ONES * u64::from(byte));
    zero_where_equal.wrapping_sub(ONES) & !zero_where_equal & HIGH_BITS
}

/// Marks control characters in the same way. The other bits say nothing.
fn control(eight: u64) -> u64 {
    eight.wrapping_sub(ONES * 0x20) & !eight
}

/// Looks at every byte, which is faster than stopping at the first, and at eight at a time,
/// because most strings are short.
pub(crate) fn has_control(plain: &[u8]) -> bool {
    let (eights, rest) = plain.as_chunks();
    let found = eights.iter().fold(0, |found, eight| {
        found | control(u64::from_le_bytes(*eight))
    });
    found & HIGH_BITS != 0 || rest.iter().any(|byte| *byte < 0x20)
}

/// Returns how many digits a text begins with.
pub(crate) fn digits(text: &[u8]) -> usize {
    let mut at = 0;
    while let Some(eight) = text[at..].first_chunk() {
        let eight = u64::from_le_bytes(*eight) ^ (ONES * u64::from(b'0'));
        let others = (eight.wrapping_add(ONES * (0x7f - 9)) | eight) & HIGH_BITS;
        if others != 0 {
            return at + others.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = &text[at..];
    at + rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

/// Returns how long the number is that a text begins with, as the grammar of JSON spells
/// numbers.
fn number_len(text: &[u8]) -> Option<usize> {
    let mut len = usize::from(text.first() == Some(&b'-'));
    let whole = digits(&text[len..]);
    if whole == 0 || (whole > 1 && text[len] == b'0') {
        return None;
    }
    len += whole;
    if text.get(len) == Some(&b'.') {
        let fraction = digits(&text[len + 1..]);
        if fraction == 0 {
            return None;
        }
        len += 1 + fraction;
    }
    if let Some([b'e' | b'E', exponent @ ..]) = text.get(len..) {
        let sign = usize::from(matches!(exponent.first(), Some(b'+' | b'-')));
        let exponent = digits(&exponent[sign..]);
        if exponent == 0 {
            return None;
        }
        len += 1 + sign + exponent;
    }
    Some(len)
}

/// What stands between the quotes of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inner<'a> {
    pub(crate) bytes: &'a [u8],
    /// Whether it is spelled in the canonical way.
    pub(crate) is_canonical: bool,
}

/// A part of a JSON text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    ObjectStart,
    Name(Inner<'a>),
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    String(Inner<'a>),
    Scalar(&'a [u8]),
}

/// Takes the tokens of a text, in order, each with where it begins.
pub(crate) trait See<'a> {
    fn see(&mut self, token: Token<'a>, at: usize);
}

impl<'a, F: FnMut(Token<'a>, usize)> See<'a> for F {
    fn see(&mut self, token: Token<'a>, at: usize) {
        self(token, at);
    }
}

/// Tells the tokens of a text that is one JSON value, in order, each with where it begins.
pub(crate) fn tokens<'a>(text: &'a [u8], see: &mut impl See<'a>) -> Result {
    let mut cursor = Cursor { text, at: 0 };
    cursor.skip_space();
    cursor.tokens(see)?;
    cursor.skip_space();
    if cursor.at < text.len() {
        return cursor.fail();
    }
    Ok(())
}

/// Tells each member of an object: what stands between the quotes of its name, and the
/// text of its value. Tells nothing of a value that is no object.
pub(crate) fn members<'a>(text: &'a [u8], mut see: impl FnMut(&'a [u8], &'a [u8])) -> Result {
    members_unread(text, |name, value| {
        see(name, value.read()?);
        Ok(())
    })
}

/// Tells each member of an object, with its value left to be read. Tells nothing of a
/// value that is no object.
pub(crate) fn members_unread<'a>(
    text: &'a [u8],
    mut see: impl FnMut(&'a [u8], Unread<'_, 'a>) -> Result,
) -> Result {
    list(text, [b'{', b'}'], |cursor| {
        let name = cursor.name()?;
        see(name.bytes, Unread(cursor))
    })
}

/// Tells the text of each element of an array. Tells nothing of a value that is none.
pub(crate) fn elements<'a>(text: &'a [u8], mut see: impl FnMut(&'a [u8])) -> Result {
    list(text, [b'[', b']'], |cursor| {
        see(cursor.value()?);
        Ok(())
    })
}

/// Goes through what stands between brackets. A value with others is passed over.
fn list<'a>(
    text: &'a [u8],
    brackets: [u8; 2],
    item: impl FnMut(&mut Cursor<'a>) -> Result,
) -> Result {
    let mut cursor = Cursor { text, at: 0 };
    cursor.skip_space();
    if cursor.peek() == Some(brackets[0]) {
        cursor.list(brackets, item)?;
    } else {
        cursor.value()?;
    }
    cursor.skip_space();
    if cursor.at < text.len() {
        return cursor.fail();
    }
    Ok(())
}

/// A value that comes next and has not been read.
pub(crate) struct Unread<'c, 'a>(&'c mut Cursor<'a>);

impl<'a> Unread<'_, 'a> {
    /// Returns the text from the value on.
    pub(crate) fn rest(&self) -> &'a [u8] {
        &self.0.text[self.0.at..]
    }

    /// Reads the value and returns its text.
    pub(crate) fn read(self) -> Result<&'a [u8]> {
        self.0.value()
    }

    /// Reads the value, tells its tokens, each with where in it they begin, and its
    /// members, if it is an object, and returns its text.
    pub(crate) fn read_tokens_and_members(
        self,
        see: &mut impl See<'a>,
        see_member: impl FnMut(&'a [u8], &'a [u8]),
    ) -> Result<&'a [u8]> {
        let (text, start) = (self.rest(), self.0.at);
        let mut cursor = Cursor { text, at: 0 };
        let read = cursor.tokens_and_members(see, see_member);
        self.0.at = start + cursor.at;
        read.map_err(|NotJson { at }| NotJson { at: start + at })?;
        Ok(&text[..cursor.at])
    }
}

/// Returns the text of an object's member, the last one of that name, as `JSON.parse`
/// and Python do.
pub(crate) fn member<'a>(text: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let mut found = None;
    members(text, |other, value| {
        if is_name(other, name) {
            found = Some(value);
        }
    })
    .ok()?;
    found
}

/// Returns the text of a member of a member, and so on.
pub(crate) fn at_path<'a>(text: &'a [u8], path: &[&str]) -> Option<&'a [u8]> {
    path.iter().try_fold(text, |text, name| member(text, name))
}

/// Returns what a JSON string says, with a replacement character in the place of what
/// is not Unicode. `None` for any other value.
pub(crate) fn text(value: &[u8]) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    Some(unescaped(inner))
}

/// Whether what stands between the quotes of a name spells this name.
fn is_name(inner: &[u8], name: &str) -> bool {
    if inner.contains(&b'\\') {
        unescaped(inner) == name
    } else {
        inner == name.as_bytes()
    }
}

/// Whether what stands between the quotes of a name spells this name, in any case.
pub(crate) fn is_like(inner: &[u8], name: &str) -> bool {
    if inner.contains(&b'\\') {
        unescaped(inner).eq_ignore_ascii_case(name)
    } else {
        inner.eq_ignore_ascii_case(name.as_bytes())
    }
}

/// Returns what a string says, from what stands between its quotes.
pub(crate) fn unescaped(inner: &[u8]) -> Cow<'_, str> {
    if memchr::memchr(b'\\', inner).is_none() {
        return String::from_utf8_lossy(inner);
    }
    let mut said = String::with_capacity(inner.len());
    for piece in pieces(inner) {
        match piece {
            Piece::Plain(plain) => said.push_str(&String::from_utf8_lossy(plain)),
            Piece::Char(char) => said.push(char),
            Piece::LoneSurrogate(_) => said.push(char::REPLACEMENT_CHARACTER),
        }
    }
    Cow::Owned(said)
}

/// A part of a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    /// Bytes without escapes.
    Plain(&'a [u8]),
    /// An escape.
    Char(char),
    /// Half of a pair of escapes, without the other.
    LoneSurrogate(u16),
}

/// Iterates over the parts of what stands between the quotes of a string.
pub(crate) fn pieces(mut rest: &[u8]) -> impl Iterator<Item = Piece<'_>> {
    std::iter::from_fn(move || {
        let (&first, after) = rest.split_first()?;
        if first != b'\\' {
            let end = memchr::memchr(b'\\', rest).unwrap_or(rest.len());
            let (plain, after) = rest.split_at(end);
            rest = after;
            return Some(Piece::Plain(plain));
        }
        let (&kind, after) = after.split_first()?;
        rest = after;
        let char = match kind {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = code_unit(rest)?;
                rest = &rest[4..];
                let second = match rest {
                    [b'\\', b'u', low @ ..] => code_unit(low),
                    _ => None,
                };
                let units = [Some(unit), second];
                let pair = char::decode_utf16(units.into_iter().flatten()).next()?;
                return Some(match pair {
                    Ok(char) => {
                        if char.len_utf16() == 2 {
                            rest = &rest[6..];
                        }
                        Piece::Char(char)
                    }
                    Err(lone) => Piece::LoneSurrogate(lone.unpaired_surrogate()),
                });
            }
            same => char::from(same),
        };
        Some(Piece::Char(char))
    })
}

fn code_unit(text: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(text.get(..4)?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

/// Whether a scalar is spelled as the grammar of JSON spells numbers.
pub(crate) fn is_number(scalar: &[u8]) -> bool {
    number_len(scalar) == Some(scalar.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_json(text: &str) -> bool {
        tokens(text.as_bytes(), &mut |_, _| ()).is_ok()
    }

    #[test]
    fn what_serde_json_takes_is_taken_and_what_no_parser_takes_is_refused() {
        for text in [
            "{}",
            "[]",
            "0",
            "-0",
            "1.5e-3",
            "\"\"",
            " [ 1 , {\"a\" : null } ] ",
            "true",
            r#"{"a":"\u00e9\n\"","b":[[],{}]}"#,
        ] {
            assert!(
                serde_json::from_str::<serde_json::Value>(text).is_ok(),
                "{text}"
            );
            assert!(is_json(text), "{text}");
        }
        for text in [
            "",
            " ",
            "{",
            "[",
            "]",
            "{]",
            "[}",
            "[1,]",
            "{\"a\":}",
            "{\"a\" 1}",
            "{,}",
            "01",
            "1.",
            "-",
            "+1",
            ".5",
            "1e",
            "nul",
            "\"",
            "\"\\x\"",
            "\"\\u12\"",
            "{a:1}",
            "1 2",
            "[1 2]",
            "{\"a\":1,}",
        ] {
            assert!(
                serde_json::from_str::<serde_json::Value>(text).is_err(),
                "{text}"
            );
            assert!(!is_json(text), "{text}");
        }
    }

    #[test]
    fn what_node_or_python_take_is_taken() {
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        for text in ["1e400", r#""\ud800""#, "NaN", "[-Infinity]", &deep] {
            assert!(is_json(text), "{text:.40}");
        }
        assert!(tokens(b"\"\xff\"", &mut |_, _| ()).is_ok());
    }

    #[test]
    fn a_member_is_found_by_what_its_name_says_and_the_last_one_counts() {
        let text = br#"{"a":1,"m\u0065thod":"ping","a":[2, 3]}"#;
        assert_eq!(member(text, "method"), Some(&b"\"ping\""[..]));
        assert_eq!(member(text, "a"), Some(&b"[2, 3]"[..]));
        assert_eq!(member(text, "b"), None);
        assert_eq!(member(b"[1]", "b"), None);
        assert_eq!(
            at_path(br#"{"a":{"b":{"c":1}}}"#, &["a", "b", "c"]),
            Some(&b"1"[..])
        );
    }

    #[test]
    fn strings_say_what_their_escapes_say() {
        let said = |text: &'static str| super::text(text.as_bytes()).unwrap();
        assert_eq!(
            said(r#""a\/\"\\\b\f\n\r\t\u00e9\ud83d\ude00""#),
            "a/\"\\\u{8}\u{c}\n\r\té😀"
        );
        assert_eq!(said(r#""\ud83dx""#), "\u{fffd}x");
        assert_eq!(said(r#""\ud83d\u0041""#), "\u{fffd}A");
        assert_eq!(said(r#""\ude00\ud83d\ude00""#), "\u{fffd}😀");
        assert_eq!(super::text(b"1"), None);
    }

    #[test]
    fn control_characters_are_found_wherever_they_are() {
        for other in [0x20, 0x7f, 0x80, 0xa0, 0xff] {
            for control in [0, 1, 0x1f] {
                for at in 0..60 {
                    let mut inner = [other; 60];
                    inner[at] = control;
                    for len in 0..inner.len() {
                        let text = [b"\"", &inner[..len], b"\"", &[control; 9]].concat();
                        let string = Cursor { text: &text, at: 0 }.string().unwrap();
                        assert_eq!(string.bytes, &inner[..len]);
                        assert_eq!(string.is_canonical, at >= len, "{text:?}");
                        assert_eq!(has_control(&inner[..len]), at < len, "{text:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn digits_end_at_whatever_is_none() {
        for end in (0..=u8::MAX).filter(|byte| !byte.is_ascii_digit()) {
            for len in 0..20 {
                let mut text = b"90123456789012345678".to_vec();
                text[len] = end;
                assert_eq!(digits(&text), len, "{text:?}");
                assert_eq!(digits(&text[..len]), len, "{text:?}");
            }
        }
    }

    #[test]
    fn only_brackets_in_brackets_take_memory() {
        let text = br#"[{},[],0,"a",{"a":0,"b":[]},[1,2]]"#;
        let mut count = 0;
        let measured = allocation_counter::measure(|| {
            elements(text, |_| count += 1).unwrap();
        });
        assert_eq!(count, 6);
        assert_eq!(measured.count_total, 1, "for the array in the object");
    }

    proptest::proptest! {
        /// Whatever serde_json takes is taken here. What is taken here besides has a
        /// spelling that some parser takes, and nothing makes the scan panic.
        #[test]
        fn is_no_stricter_than_serde_json(text in "[\\[\\]{}:,\"\\\\a-fnu0-9eE+. -]{0,24}") {
            let here = tokens(text.as_bytes(), &mut |_, _| ()).is_ok();
            if serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() {
                assert!(here, "{text}");
            }
            assert_eq!(members(text.as_bytes(), &mut |_, _| ()).is_ok(), here, "{text}");
            assert_eq!(elements(text.as_bytes(), |_| ()).is_ok(), here, "{text}");
        }
    }
}
