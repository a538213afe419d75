//! The text of JSON that is known to be well-formed, token by token.
//!
//! `serde_json` says whether a text is JSON, and builds values. What it cannot say is
//! how a text is spelled, and that decides whether a text can stand in a line, and
//! where a member of an object begins and ends.

use core::ops::Range;

use alloc::borrow::Cow;
use alloc::string::String;

/// How deep a text may nest to stand in a line: some usual readers stop soon after.
const MAX_DEPTH: usize = 100;

/// The longest number that may stand in a line: that many digits has the largest
/// `f64`, and no usual reader refuses them.
const MAX_NUMBER_LEN: usize = 309;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// `[` or `{`.
    Open,
    /// `]` or `}`.
    Close,
    Comma,
    Colon,
    /// A string, without its quotation marks.
    Text(&'a str),
    /// A number, `true`, `false` or `null`.
    Word(&'a str),
    Space,
}

/// The tokens of a JSON text, each with its place.
struct Tokens<'a> {
    json: &'a str,
    at: usize,
}

fn tokens(json: &str) -> Tokens<'_> {
    Tokens { json, at: 0 }
}

impl<'a> Iterator for Tokens<'a> {
    type Item = (Range<usize>, Token<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at;
        let rest = &self.json.as_bytes()[start..];
        let (len, kind) = match *rest.first()? {
            b'[' | b'{' => (1, Token::Open),
            b']' | b'}' => (1, Token::Close),
            b',' => (1, Token::Comma),
            b':' => (1, Token::Colon),
            b'"' => {
                let len = text_len(&rest[1..]);
                (len + 2, Token::Text(&self.json[start + 1..start + 1 + len]))
            }
            b' ' | b'\t' | b'\n' | b'\r' => (1, Token::Space),
            _ => {
                let ends = |byte: &u8| b",:[]{}\" \t\n\r".contains(byte);
                let len = rest.iter().position(ends).unwrap_or(rest.len());
                (len, Token::Word(&self.json[start..start + len]))
            }
        };
        self.at = self.json.len().min(start + len);
        Some((start..self.at, kind))
    }
}

/// How long a string is whose opening quotation mark has been read.
fn text_len(rest: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match rest.get(at) {
            None | Some(b'"') => return at,
            Some(b'\\') => at = rest.len().min(at + 2),
            Some(_) => at += 1,
        }
    }
}

/// The members of a JSON object: each key, unescaped, and the place of its value.
/// Nothing for any other JSON text.
pub(crate) fn members(json: &str) -> impl Iterator<Item = (Cow<'_, str>, Range<usize>)> {
    let mut tokens = tokens(json).filter(|(_, token)| *token != Token::Space);
    let is_object = json.trim_start().starts_with('{');
    tokens.next();
    core::iter::from_fn(move || {
        let (_, Token::Text(key)) = tokens.next().filter(|_| is_object)? else {
            return None;
        };
        let mut value: Option<Range<usize>> = None;
        let mut depth = 0_usize;
        // After the colon.
        for (place, token) in tokens.by_ref().skip(1) {
            match token {
                Token::Open => depth += 1,
                Token::Close if depth > 0 => depth -= 1,
                Token::Close | Token::Comma if depth == 0 => break,
                _ => {}
            }
            let start = value.map_or(place.start, |value| value.start);
            value = Some(start..place.end);
        }
        Some((unescaped(key), value?))
    })
}

/// Whether a text can stand in a line as it is, and will be taken by whoever reads the
/// line: an object or an array without white space between its tokens or anything
/// that a line escapes, not too deep, with numbers that an `f64` holds.
pub(crate) fn fits_a_line(json: &str) -> bool {
    if !json.starts_with(['{', '[']) || json.contains(crate::json_line::is_escaped) {
        return false;
    }
    let mut depth = 0;
    tokens(json).all(|(_, token)| match token {
        Token::Open => {
            depth += 1;
            depth <= MAX_DEPTH
        }
        Token::Close => {
            depth -= 1;
            true
        }
        Token::Word(word) => match word {
            "true" | "false" | "null" => true,
            number => number.len() <= MAX_NUMBER_LEN && is_finite(number),
        },
        Token::Space => false,
        Token::Comma | Token::Colon | Token::Text(_) => true,
    }) && !has_private_key(json)
}

/// Whether an `f64`, or an integer of 64 bits, may not hold a number digit by digit.
#[cfg(feature = "release-0-2")]
pub(crate) fn has_inexact_number(json: &str) -> bool {
    let is_inexact = |word: &str| {
        let is_number = word.starts_with(|c: char| c == '-' || c.is_ascii_digit());
        let is_integer = word.parse::<i64>().is_ok() || word.parse::<u64>().is_ok();
        is_number && !is_integer && !is_exact(word)
    };
    tokens(json).any(|(_, token)| matches!(token, Token::Word(word) if is_inexact(word)))
}

/// Fifteen digits always come back from an `f64`; more only in its own spelling.
#[cfg(feature = "release-0-2")]
fn is_exact(number: &str) -> bool {
    const DIGITS: usize = 15;

    let Ok(float) = number.parse::<f64>() else {
        return false;
    };
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let is_zero = !mantissa.contains(|digit: char| ('1'..='9').contains(&digit));
    let is_short = mantissa.bytes().filter(u8::is_ascii_digit).count() <= DIGITS;
    // Nearer to zero there are fewer digits.
    is_zero
        || (is_short && float.is_normal())
        || alloc::format!("{float:?}") == number
        || alloc::format!("{float}") == number
}

fn is_finite(number: &str) -> bool {
    number.parse::<f64>().is_ok_and(f64::is_finite)
}

/// Whether an object has a key that `serde_json` gives to its own types. Some of its
/// features make it read such an object as something else: one number, or the JSON in
/// a string.
pub(crate) fn has_private_key(json: &str) -> bool {
    const PRIVATE: &str = "$serde_json::private::";

    // Nearly always neither its first character nor an escape that could spell that.
    if !json.as_bytes().contains(&b'$') && !json.as_bytes().contains(&b'\\') {
        return false;
    }
    let mut tokens = tokens(json)
        .map(|(_, token)| token)
        .filter(|token| *token != Token::Space)
        .peekable();
    while let Some(token) = tokens.next() {
        let Token::Text(text) = token else { continue };
        // A key, and not a string that a user may have typed.
        if tokens.peek() == Some(&Token::Colon) && unescaped(text).starts_with(PRIVATE) {
            return true;
        }
    }
    false
}

/// Returns what a string stands for.
fn unescaped(text: &str) -> Cow<'_, str> {
    if !text.contains('\\') {
        return Cow::Borrowed(text);
    }
    let quoted = ["\"", text, "\""].concat();
    // It has been checked, so this cannot fail.
    Cow::Owned(serde_json::from_str::<String>(&quoted).unwrap_or_default())
}
