//! Why a payload could not be made or read.

use core::error::Error;
use core::fmt::{self, Display};
use core::str::Utf8Error;

use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString as _};

/// The error of making or reading a payload.
///
/// Neither `Display` nor `Debug` shows any of the payload: the reason that serde
/// gives is printed with the offending value taken out, so both can go into an
/// ordinary log. Serde's own error is the [`source`](Error::source). **It may
/// quote the payload**, so do not log the chain of causes where the payload is
/// sensitive.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use lokryn_compliance_log::LogEntry;
///
/// let entry = LogEntry {
///     payload: r#"{"ssn": "078-05-1120"}"#.into(),
///     ..LogEntry::default()
/// };
/// let err = entry
///     .json_payload::<std::collections::HashMap<String, u64>>()
///     .unwrap_err();
/// assert_eq!(
///     err.to_string(),
///     "payload: JSON of another shape: \
///      invalid type: string, expected u64 at line 1 column 21",
/// );
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum PayloadError {
    /// The entry has no payload.
    Empty,
    /// The payload is not one well-formed JSON text.
    NotJson(PayloadReason),
    /// The payload is not one well-formed CBOR data item.
    NotCbor(PayloadReason),
    /// The payload is well-formed, but its shape is not that of the type asked
    /// for.
    WrongShape(PayloadReason),
    /// The format cannot hold the value.
    Unserializable(PayloadReason),
}

/// The reason behind a [`PayloadError`], in words that are safe to log; see there
/// for an example.
pub struct PayloadReason {
    text: String,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl Display for PayloadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Prints the same words as `Display`, and not the source.
impl fmt::Debug for PayloadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("payload: empty"),
            Self::NotJson(reason) => write!(f, "payload: not JSON: {reason}"),
            Self::NotCbor(reason) => write!(f, "payload: not CBOR: {reason}"),
            Self::WrongShape(reason) => write!(f, "payload: {reason}"),
            Self::Unserializable(reason) => write!(f, "payload: cannot be encoded: {reason}"),
        }
    }
}

impl Error for PayloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Empty => None,
            Self::NotJson(reason)
            | Self::NotCbor(reason)
            | Self::WrongShape(reason)
            | Self::Unserializable(reason) => {
                let source = reason.source.as_deref()?;
                Some(source)
            }
        }
    }
}

impl PayloadError {
    /// What the type's own `Serialize` says may quote anything.
    pub(super) fn unserializable(err: impl Error + Send + Sync + 'static) -> Self {
        const HARMLESS: [&str; 3] = [
            "key must be a string",
            "float key must be finite (got NaN or +/-inf)",
            "float is NaN or infinite",
        ];

        let message = err.to_string();
        let harmless = HARMLESS.into_iter().find(|harmless| *harmless == message);
        Self::Unserializable(PayloadReason {
            text: harmless.unwrap_or(REFUSED_BY_TYPE).to_owned(),
            source: Some(Box::new(err)),
        })
    }
}

impl PayloadError {
    /// Syntax errors name a place and what was expected there, never what was
    /// found.
    pub(super) fn not_json(err: serde_json::Error) -> Self {
        Self::NotJson(PayloadReason {
            text: err.to_string(),
            source: Some(Box::new(err)),
        })
    }

    pub(super) fn not_utf_8(err: Utf8Error) -> Self {
        Self::NotJson(PayloadReason {
            text: format!("invalid UTF-8 at byte {}", err.valid_up_to()),
            source: Some(Box::new(err)),
        })
    }

    pub(super) fn wrong_json_shape(err: serde_json::Error) -> Self {
        let (line, column) = (err.line(), err.column());
        let message = err.to_string();
        let position = format!(" at line {line} column {column}");
        let message = message.strip_suffix(&position).unwrap_or(&message);
        Self::WrongShape(PayloadReason {
            text: format!(
                "JSON of another shape: {}{position}",
                without_value(message)
            ),
            source: Some(Box::new(err)),
        })
    }
}

#[cfg(feature = "cbor")]
impl PayloadError {
    pub(super) fn not_cbor(offset: usize) -> Self {
        Self::NotCbor(PayloadReason {
            text: format!("not well-formed at byte {offset}"),
            source: None,
        })
    }

    pub(super) fn wrong_cbor_shape<E>(err: ciborium::de::Error<E>) -> Self
    where
        E: fmt::Debug + Send + Sync + 'static,
    {
        let reason = match &err {
            ciborium::de::Error::Semantic(_, message) => without_value(message),
            _ => REFUSED_BY_TYPE.to_owned(),
        };
        Self::WrongShape(PayloadReason {
            text: format!("CBOR of another shape: {reason}"),
            source: Some(Box::new(err)),
        })
    }
}

/// Stands for a reason that a type gives in its own words.
const REFUSED_BY_TYPE: &str = "refused by the type";

/// Takes the value out of a reason of serde's, which quotes it.
///
/// The forms are those of the provided methods of `serde::de::Error`; what has
/// none of them was written by the type's own `Deserialize` and may quote
/// anything, so nothing of it is kept.
fn without_value(message: &str) -> String {
    const HARMLESS: [&str; 3] = ["missing field `", "duplicate field `", "invalid length "];
    const KINDS: [&str; 17] = [
        "boolean",
        "integer",
        "floating point",
        "character",
        "string",
        "byte array",
        "unit value",
        "null",
        "Option value",
        "newtype struct",
        "sequence",
        "map",
        "enum",
        "unit variant",
        "newtype variant",
        "tuple variant",
        "struct variant",
    ];

    if HARMLESS.iter().any(|form| message.starts_with(form)) {
        return message.to_owned();
    }
    let expected = match message.rsplit_once(", expected ") {
        Some((_, expected)) => format!(", expected {expected}"),
        None => String::new(),
    };
    for form in ["unknown field", "unknown variant"] {
        if message.starts_with(form) {
            // "…, there are no fields" or "… no variants" has no expectation.
            let has_none = message.contains(", there are no ");
            let expected = if has_none { "" } else { &expected };
            return format!("{form}{expected}");
        }
    }
    for form in ["invalid type", "invalid value"] {
        let Some(found) = message.strip_prefix(form) else {
            continue;
        };
        let found = found.trim_start_matches(": ");
        let kind = KINDS.iter().find(|kind| found.starts_with(**kind));
        let kind = kind.unwrap_or(&"a value");
        return format!("{form}: {kind}{expected}");
    }
    REFUSED_BY_TYPE.to_owned()
}
