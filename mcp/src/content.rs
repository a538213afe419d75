//! Arguments and results: measured always, recorded only if asked for.

use std::cell::RefCell;
use std::fmt;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

use crate::canonical::{Memory, Speller, Spelling};
use crate::scan::{self, NotJson, Unread};

/// What a [`Redactor`] is shown.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Content<'a> {
    /// The method of the request, such as `tools/call`.
    pub method: &'a str,
    /// The name of the tool or prompt, where it has one.
    pub name: Option<&'a str>,
    /// Whether it is what was asked or what was answered.
    pub part: ContentPart,
    /// The JSON text, as it was sent; bytes that are not UTF-8 are replaced.
    pub json: &'a str,
}

/// Shows the length in place of the text.
impl fmt::Debug for Content<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Content")
            .field("method", &self.method)
            .field("part", &self.part)
            .field("json", &format_args!("<{} bytes>", self.json.len()))
            .finish_non_exhaustive()
    }
}

/// Which side of a request a [`Content`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ContentPart {
    /// The arguments of a tool or a prompt; of other methods, the parameters.
    Arguments,
    /// The result.
    Result,
}

/// Decides what is recorded of arguments and results.
///
/// A closure is one.
///
/// ```
/// use lokryn_mcp_log::{Content, ContentPart, Redactor};
///
/// /// Records what was asked, but nothing that was answered.
/// fn only_arguments(content: &Content<'_>) -> Option<String> {
///     (content.part == ContentPart::Arguments).then(|| content.json.to_owned())
/// }
/// # fn takes(_: impl Redactor) {}
/// takes(only_arguments);
/// ```
pub trait Redactor: Send + Sync {
    /// Returns what to record of a content, preferably JSON, or `None` for nothing.
    fn redact(&self, content: &Content<'_>) -> Option<String>;
}

impl<F> Redactor for F
where
    F: Fn(&Content<'_>) -> Option<String> + Send + Sync,
{
    fn redact(&self, content: &Content<'_>) -> Option<String> {
        self(content)
    }
}

/// Records everything as it is.
#[derive(Clone, Copy, Debug)]
pub struct Everything;

impl Redactor for Everything {
    fn redact(&self, content: &Content<'_>) -> Option<String> {
        Some(content.json.to_owned())
    }
}

/// How much memory a thread keeps for spelling contents.
const MAX_MEMORY: usize = 4 << 20;

/// A key for the HMACs of contents, with a name that says which entries can be compared.
#[derive(Clone)]
pub struct HmacKey {
    id: String,
    mac: Hmac<Sha256>,
}

impl HmacKey {
    /// Returns a key with a name of its own. The name is recorded, the key is not.
    ///
    /// # Errors
    ///
    /// [`KeyError::TooShort`] for a key of fewer than 16 bytes, and [`KeyError::NoId`]
    /// for an empty name.
    pub fn new(id: impl Into<String>, key: &[u8]) -> Result<Self, KeyError> {
        let id = id.into();
        if id.is_empty() {
            return Err(KeyError::NoId);
        }
        if key.len() < 16 {
            return Err(KeyError::TooShort { len: key.len() });
        }
        let mac = Hmac::new_from_slice(key).map_err(|_| KeyError::TooShort { len: key.len() })?;
        Ok(Self { id, mac })
    }

    /// Returns a new key, whose name begins with `random-`.
    pub(crate) fn random() -> Result<Self, getrandom::Error> {
        let mut key = [0; 64];
        getrandom::fill(&mut key)?;
        // The name is a hash, so that the same name means the same key.
        let id = format!("random-{}", hex(&Sha256::digest(key)[..8]));
        Ok(Self {
            id,
            mac: Hmac::new(&key.into()),
        })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// Returns the HMAC of a JSON text, in hexadecimal digits.
    pub(crate) fn hmac(&self, json: &[u8]) -> String {
        let hmac = with_memory(|memory| {
            let mut speller = Speller::new(json, memory)?;
            scan::tokens(json, &mut speller).ok()?;
            Some(self.hmac_of(&speller.finish()))
        });
        hmac.unwrap_or_else(|| hex(&self.mac.clone().chain_update(json).finalize().into_bytes()))
    }

    /// Reads a value, tells its members, if it is an object, and returns its text and the
    /// HMAC of that: all of it in one go, because the value may be long.
    pub(crate) fn read<'a>(
        &self,
        value: Unread<'_, 'a>,
        mut see_member: impl FnMut(&'a [u8], &'a [u8]),
    ) -> Result<(&'a [u8], String), NotJson> {
        with_memory(|memory| {
            let Some(mut speller) = Speller::new(value.rest(), memory) else {
                let text = value.read()?;
                scan::members(text, see_member)?;
                return Ok((text, None));
            };
            let text = value.read_tokens_and_members(&mut speller, &mut see_member)?;
            Ok((text, Some(self.hmac_of(&speller.finish()))))
        })
        .map(|(text, hmac)| (text, hmac.unwrap_or_else(|| self.hmac(text))))
    }

    fn hmac_of(&self, spelling: &Spelling<'_>) -> String {
        let mut mac = self.mac.clone();
        spelling.tell(|piece| mac.update(piece));
        hex(&mac.finalize().into_bytes())
    }
}

/// Lends memory for spelling contents.
fn with_memory<T>(using: impl FnOnce(&mut Memory) -> T) -> T {
    thread_local! {
        static MEMORY: RefCell<Memory> = RefCell::default();
    }
    MEMORY.with_borrow_mut(|memory| {
        let used = using(memory);
        if memory.capacity() > MAX_MEMORY {
            *memory = Memory::default();
        }
        used
    })
}

/// Withholds the key.
impl fmt::Debug for HmacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HmacKey")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// Why something is no [`HmacKey`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyError {
    /// A key of fewer than 16 bytes can be guessed.
    TooShort {
        /// How many bytes it has.
        len: usize,
    },
    /// A key without a name.
    NoId,
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { len } => write!(f, "hmac key: {len} bytes, needs at least 16"),
            Self::NoId => f.write_str("hmac key: has no name"),
        }
    }
}

impl std::error::Error for KeyError {}

pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from(DIGITS[usize::from(digit)]));
        }
    }
    text
}

/// What is recorded of arguments or of a result.
#[derive(Clone, Debug, Default)]
pub(crate) struct Measured {
    pub(crate) bytes: usize,
    pub(crate) hmac: Option<String>,
    pub(crate) recorded: Option<Recorded>,
}

/// Content that is recorded.
#[derive(Clone)]
pub(crate) enum Recorded {
    /// All of it, as JSON that every reader of payloads takes.
    Json(String),
    /// As text, because it is cut or because some readers would refuse it.
    Text { text: String, is_cut: bool },
}

impl fmt::Debug for Recorded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Json(text) => write!(f, "Json(<{} bytes>)", text.len()),
            Self::Text { text, .. } => write!(f, "Text(<{} bytes>)", text.len()),
        }
    }
}

impl Recorded {
    /// Cuts a content to what a record holds.
    pub(crate) fn within(max: usize, text: String) -> Self {
        if text.len() <= max
            && serde_json::from_str::<serde_json::Value>(&text).is_ok()
            && !text.contains('\n')
        {
            return Self::Json(text);
        }
        // Escapes make text longer.
        let mut room = max;
        let mut end = 0;
        for (at, char) in text.char_indices() {
            let len = match char {
                '"' | '\\' | '\n' | '\r' | '\t' => 2,
                '\0'..' ' => 6,
                char => char.len_utf8(),
            };
            if len > room {
                break;
            }
            room -= len;
            end = at + char.len_utf8();
        }
        let is_cut = end < text.len();
        let mut text = text;
        text.truncate(end);
        Self::Text { text, is_cut }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hmac_is_that_of_rfc_2104_over_the_canonical_text() {
        // RFC 4231, test case 2, whose data is no JSON and stays as it is.
        let mac = Hmac::<Sha256>::new_from_slice(b"Jefe").unwrap();
        let key = HmacKey {
            id: "test".into(),
            mac,
        };
        assert_eq!(
            key.hmac(b"what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
        );
        assert_eq!(
            key.hmac(br#"{"b": 1.0, "a": "\u0041"}"#),
            key.hmac(br#"{"a":"A","b":1}"#)
        );
        assert_ne!(key.hmac(b"[1]"), key.hmac(b"[2]"));
    }

    #[test]
    fn weak_keys_are_refused() {
        let err = HmacKey::new("key", b"short").unwrap_err();
        assert_eq!(err.to_string(), "hmac key: 5 bytes, needs at least 16");
        assert_eq!(
            HmacKey::new("", &[0; 32]).unwrap_err().to_string(),
            "hmac key: has no name"
        );
        let (a, b) = (HmacKey::random().unwrap(), HmacKey::random().unwrap());
        assert_ne!(a.id(), b.id());
        assert_ne!(a.hmac(b"1"), b.hmac(b"1"));
    }

    #[test]
    fn content_is_cut_to_what_it_takes_in_a_record() {
        let Recorded::Text { text, is_cut: true } = Recorded::within(9, "\"\"\"éé\u{1}".into())
        else {
            panic!("not cut");
        };
        assert_eq!(text, "\"\"\"é"); // 2 + 2 + 2 + 2, and 2 more do not fit
        let Recorded::Json(text) = Recorded::within(9, "{\"a\":1}".into()) else {
            panic!("no JSON");
        };
        assert_eq!(text, "{\"a\":1}");
        let Recorded::Text { is_cut: false, .. } = Recorded::within(9, "NaN".into()) else {
            panic!("NaN is no JSON to most readers");
        };
    }
}
