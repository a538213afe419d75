//! The scanner of `lokryn-mcp-log` and its canonical JSON, next to `serde_json`.

use serde::de::IgnoredAny;
use serde_json::{Map, Value};

use crate::Check;
use crate::canonical::{Memory, Speller};
use crate::json::{self, Spelling};
use crate::random::Random;
use crate::scan::{self, Inner, Token};

/// How many changed texts are tried for each.
const CHANGED: usize = 16;

/// The scanner takes what `serde_json` takes, and what else it takes is of the kinds that
/// its documentation names; the values are the same, and so is their canonical spelling.
#[derive(Debug, Default)]
pub struct McpScan {
    canonical: Vec<u8>,
    again: Vec<u8>,
    spelling: Spelled,
}

/// Lends its memory to one spelling after the other.
#[derive(Debug, Default)]
struct Spelled(Memory);

impl Spelled {
    /// Puts the canonical spelling of a text in the place of what `out` holds. Returns
    /// whether it has one.
    fn of(&mut self, text: &[u8], out: &mut Vec<u8>) -> bool {
        out.clear();
        let mut speller = Speller::new(text, &mut self.0).expect("a short text");
        let is_json = scan::tokens(text, &mut speller).is_ok();
        if is_json {
            let spelling = speller.finish();
            spelling.tell(|piece| out.extend_from_slice(piece));
        }
        is_json
    }

    /// Does the same for the text as the value of a member, read in one go with members of
    /// its own, which go to `see_member`.
    fn of_value(
        &mut self,
        text: &[u8],
        out: &mut Vec<u8>,
        mut see_member: impl FnMut(&[u8], &[u8]),
    ) {
        out.clear();
        let object = [b"{\"value\": ", text, b"}"].concat();
        let read = scan::members_unread(&object, |name, value| {
            assert_eq!(name, b"value");
            let mut speller = Speller::new(value.rest(), &mut self.0).expect("a short text");
            value.read_tokens_and_members(&mut speller, &mut see_member)?;
            let spelling = speller.finish();
            spelling.tell(|piece| out.extend_from_slice(piece));
            Ok(())
        });
        assert!(read.is_ok(), "{}", text.escape_ascii());
    }
}

impl Check for McpScan {
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        self.text(bytes);
        1 + json::each_changed(bytes, CHANGED, &mut Random::of(bytes), |it| self.text(it))
    }

    fn seed(&mut self, seed: u64) -> u64 {
        let mut random = Random::seeded(seed);
        let mut text = Vec::new();
        let spelling = if random.once_in(2) {
            Spelling::Spaced
        } else {
            Spelling::Compact
        };
        json::put_value(&mut random, 4, spelling, &mut text);
        self.text(&text);
        1 + json::each_changed(&text, CHANGED, &mut random, |it| self.text(it))
    }
}

impl McpScan {
    fn text(&mut self, text: &[u8]) {
        let mut tree = Tree::default();
        let scanned = scan::tokens(text, &mut |token, at| tree.see(token, &text[at..]));
        // Goes through a text of any depth without reading what it says.
        let is_json = serde_json::from_slice::<IgnoredAny>(text).is_ok();
        let is_canonical = self.spelling.of(text, &mut self.canonical);
        assert_eq!(is_canonical, scanned.is_ok(), "{}", text.escape_ascii());
        let mut parts = 0;
        let is_object = scan::members(text, |_, _| parts += 1).is_ok();
        let is_array = scan::elements(text, |_| parts += 1).is_ok();
        match scanned {
            Err(err) => {
                assert!(
                    !is_json && !is_object && !is_array,
                    "{}",
                    text.escape_ascii()
                );
                assert!(err.at <= text.len());
                return;
            }
            Ok(()) if !is_json => assert!(is_lenient(text), "{}", text.escape_ascii()),
            Ok(()) => {}
        }
        assert!(is_object && is_array, "{}", text.escape_ascii());

        let mut members = Vec::new();
        scan::members(text, |name, value| {
            members.push((name.to_vec(), value.to_vec()));
        })
        .unwrap();
        let mut members = members.into_iter();
        self.spelling
            .of_value(text, &mut self.again, |name, value| {
                assert_eq!(members.next(), Some((name.to_vec(), value.to_vec())));
            });
        assert!(members.next().is_none(), "{}", text.escape_ascii());
        assert_eq!(self.again, self.canonical, "{}", text.escape_ascii());

        let is_canonical = self.spelling.of(&self.canonical, &mut self.again);
        assert!(is_canonical, "{}", text.escape_ascii());
        assert_eq!(self.again, self.canonical, "{}", text.escape_ascii());

        let Ok(value) = serde_json::from_slice::<Value>(text) else {
            return;
        };
        assert_eq!(tree.done.as_ref(), Some(&value), "{}", text.escape_ascii());
        check_parts(text, &value, parts);
        if !tree.has_duplicates {
            self.again.clear();
            if put_canonical(&value, &mut self.again).is_some() {
                assert_eq!(
                    self.canonical.escape_ascii().to_string(),
                    self.again.escape_ascii().to_string(),
                    "{}",
                    text.escape_ascii()
                );
            }
        }
    }
}

/// Whether there is something in a text that lenient parsers take.
fn is_lenient(text: &[u8]) -> bool {
    let has = |word: &[u8]| text.windows(word.len()).any(|part| part == word);
    has(b"NaN") || has(b"Infinity") || text.iter().any(|byte| *byte < 0x20)
}

/// The members or elements, one after the other, are those of the value.
fn check_parts(text: &[u8], value: &Value, parts: usize) {
    let parsed = |part: &[u8]| serde_json::from_slice::<Value>(part).unwrap();
    match value {
        Value::Object(object) => {
            assert!(object.len() <= parts);
            scan::members(text, |name, _| {
                assert!(object.contains_key(&*scan::unescaped(name)));
            })
            .unwrap();
            for (name, value) in object {
                let found = scan::member(text, name).unwrap();
                assert_eq!(parsed(found), *value);
                assert_eq!(scan::at_path(text, &[name]), Some(found));
            }
            assert_eq!(scan::member(text, "no such name"), None);
        }
        Value::Array(array) => {
            let mut found = Vec::new();
            scan::elements(text, |element| found.push(parsed(element))).unwrap();
            assert_eq!(found, *array);
        }
        Value::String(said) => {
            assert_eq!(scan::text(text.trim_ascii()).as_deref(), Some(&**said));
        }
        Value::Number(_) => assert!(scan::is_number(text.trim_ascii())),
        Value::Null | Value::Bool(_) => {}
    }
}

/// The value that tokens make.
#[derive(Default)]
struct Tree {
    open: Vec<(Value, Option<String>)>,
    done: Option<Value>,
    has_duplicates: bool,
}

impl Tree {
    /// Takes a token, which this text begins with.
    fn see(&mut self, token: Token<'_>, text: &[u8]) {
        let quoted = |inner: Inner<'_>| {
            assert!(text[1..].starts_with(inner.bytes));
            scan::unescaped(inner.bytes).into_owned()
        };
        match token {
            Token::ObjectStart => {
                assert_eq!(text[0], b'{');
                self.open.push((Value::Object(Map::new()), None));
            }
            Token::ArrayStart => {
                assert_eq!(text[0], b'[');
                self.open.push((Value::Array(Vec::new()), None));
            }
            Token::Name(name) => {
                let object = self.open.last_mut().expect("an object is open");
                object.1 = Some(quoted(name));
            }
            Token::ObjectEnd | Token::ArrayEnd => {
                assert!(matches!(text[0], b'}' | b']'));
                let (value, _) = self.open.pop().expect("something is open");
                self.put(value);
            }
            Token::String(inner) => self.put(Value::String(quoted(inner))),
            // What it cannot hold is compared with nothing.
            Token::Scalar(scalar) => {
                assert!(text.starts_with(scalar));
                self.put(serde_json::from_slice(scalar).unwrap_or_default());
            }
        }
    }

    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            None => self.done = Some(value),
            Some((Value::Array(array), _)) => array.push(value),
            Some((Value::Object(object), name)) => {
                let name = name.take().expect("a name comes before its value");
                self.has_duplicates |= object.insert(name, value).is_some();
            }
            Some(_) => unreachable!("neither an object nor an array"),
        }
    }
}

/// RFC 8785 word for word. `None` for a number that the standard would not keep.
fn put_canonical(value: &Value, out: &mut Vec<u8>) -> Option<()> {
    match value {
        Value::Null | Value::Bool(_) | Value::String(_) => {
            serde_json::to_writer(out, value).ok()?;
        }
        Value::Number(number) => {
            let float = number.as_f64()?;
            let is_integer = number.is_i64() || number.is_u64();
            if is_integer && float.abs() > 9_007_199_254_740_991.0 {
                return None;
            }
            // An integer of more than 64 bits is read as a float.
            if !is_integer && float.abs() >= 9.2e18 {
                return None;
            }
            out.extend_from_slice(ryu_js::Buffer::new().format(float).as_bytes());
        }
        Value::Array(array) => {
            out.push(b'[');
            for (index, value) in array.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                put_canonical(value, out)?;
            }
            out.push(b']');
        }
        Value::Object(object) => {
            let mut members: Vec<_> = object.iter().collect();
            members.sort_by_cached_key(|(name, _)| name.encode_utf16().collect::<Vec<_>>());
            out.push(b'{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                serde_json::to_writer(&mut *out, name).ok()?;
                out.push(b':');
                put_canonical(value, out)?;
            }
            out.push(b'}');
        }
    }
    Some(())
}
