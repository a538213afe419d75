//! Why a payload could not be made or read.

use core::error::Error;
use core::fmt::{self, Display};
use core::str::Utf8Error;

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::String;

/// The error of making or reading a payload: what is wrong, and where.
///
/// It shows nothing of the payload, in `Display`, in `Debug` and in the chain of
/// causes, so it can go into an ordinary log. What it prints is made of fixed words
/// and places. Serde's own words, which quote the value that they refuse, are to be
/// had through [`unredacted_cause`](Self::unredacted_cause) alone.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use lokryn_compliance_log::LogEntry;
/// use std::error::Error as _;
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
///     "payload: JSON of a different shape at line 1 column 21",
/// );
/// assert!(err.source().is_none());
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
    /// A [detail](crate::detail) is not of the type asked for, or is there more than
    /// once.
    WrongDetail {
        /// The name of the detail, as it was asked for.
        name: String,
        /// Where in the payload.
        reason: PayloadReason,
    },
}

/// The reason for a [`PayloadError`]: a place in the payload, and the error of serde,
/// which is not shown.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use lokryn_compliance_log::{LogEntryView, PayloadError};
///
/// let view = LogEntryView { payload: b"[1,\n 2,,]", ..LogEntryView::default() };
/// let Err(PayloadError::NotJson(reason)) = view.json_payload::<Vec<u8>>() else {
///     panic!("that was JSON");
/// };
/// assert_eq!(reason.line_and_column(), Some((2, 4)));
/// assert_eq!(reason.to_string(), "not JSON at line 2 column 4");
/// # }
/// ```
pub struct PayloadReason {
    what: &'static str,
    place: Place,
    cause: Option<Box<dyn Error + Send + Sync>>,
}

#[derive(Clone, Copy)]
enum Place {
    Unknown,
    LineAndColumn(usize, usize),
    Byte(usize),
}

impl PayloadReason {
    /// Returns the place in a JSON payload: its line and its column, in bytes, both
    /// from 1.
    #[must_use]
    pub fn line_and_column(&self) -> Option<(usize, usize)> {
        match self.place {
            Place::LineAndColumn(line, column) => Some((line, column)),
            Place::Unknown | Place::Byte(_) => None,
        }
    }

    /// Returns the place in a CBOR payload, or in one that is not text: the offset of
    /// a byte, from 0.
    #[must_use]
    pub fn byte(&self) -> Option<usize> {
        match self.place {
            Place::Byte(byte) => Some(byte),
            Place::Unknown | Place::LineAndColumn(..) => None,
        }
    }
}

impl Display for PayloadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what)?;
        match self.place {
            Place::Unknown => Ok(()),
            Place::LineAndColumn(line, column) => write!(f, " at line {line} column {column}"),
            Place::Byte(byte) => write!(f, " at byte {byte}"),
        }
    }
}

/// Prints the same words as `Display`, and not the cause.
impl fmt::Debug for PayloadReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }
}

impl Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("payload: empty"),
            Self::NotJson(reason)
            | Self::NotCbor(reason)
            | Self::WrongShape(reason)
            | Self::Unserializable(reason) => write!(f, "payload: {reason}"),
            Self::WrongDetail { name, reason } => write!(f, "payload: detail {name:?} {reason}"),
        }
    }
}

/// Has no source: every service prints those.
impl Error for PayloadError {}

impl PayloadError {
    /// Returns the error of serde, or of the type that was made or read, which says
    /// what was expected and what was found. **It may quote the payload**: show it to
    /// nobody who may not read the entry, and do not log it.
    #[must_use]
    pub fn unredacted_cause(&self) -> Option<&(dyn Error + Send + Sync + 'static)> {
        self.reason()?.cause.as_deref()
    }

    fn reason(&self) -> Option<&PayloadReason> {
        match self {
            Self::Empty => None,
            Self::NotJson(reason)
            | Self::NotCbor(reason)
            | Self::WrongShape(reason)
            | Self::Unserializable(reason)
            | Self::WrongDetail { reason, .. } => Some(reason),
        }
    }

    pub(super) fn unserializable(
        what: &'static str,
        cause: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self::Unserializable(PayloadReason {
            what,
            place: Place::Unknown,
            cause: Some(Box::new(cause)),
        })
    }

    pub(crate) fn not_json(cause: serde_json::Error) -> Self {
        Self::NotJson(PayloadReason::in_json("not JSON", cause))
    }

    pub(crate) fn not_utf_8(cause: Utf8Error) -> Self {
        Self::NotJson(PayloadReason {
            what: "not JSON: invalid UTF-8",
            place: Place::Byte(cause.valid_up_to()),
            cause: Some(Box::new(cause)),
        })
    }

    pub(super) fn wrong_json_shape(cause: serde_json::Error) -> Self {
        Self::WrongShape(PayloadReason::in_json("JSON of a different shape", cause))
    }

    pub(crate) fn wrong_detail(name: &str, cause: Option<serde_json::Error>) -> Self {
        const WHAT: &str = "has the wrong form";

        Self::WrongDetail {
            name: name.to_owned(),
            reason: match cause {
                Some(cause) => PayloadReason::in_json(WHAT, cause),
                None => PayloadReason {
                    what: WHAT,
                    place: Place::Unknown,
                    cause: None,
                },
            },
        }
    }

    pub(crate) fn private_key() -> Self {
        Self::WrongShape(PayloadReason {
            what: "JSON with a key that serde_json keeps for itself",
            place: Place::Unknown,
            cause: None,
        })
    }
}

#[cfg(feature = "cbor")]
impl PayloadError {
    pub(super) fn not_cbor(byte: usize) -> Self {
        Self::NotCbor(PayloadReason {
            what: "not CBOR",
            place: Place::Byte(byte),
            cause: None,
        })
    }

    /// `start` is where in the payload the item begins that was read.
    pub(super) fn wrong_cbor_shape<E>(cause: ciborium::de::Error<E>, start: usize) -> Self
    where
        E: fmt::Debug + Send + Sync + 'static,
    {
        Self::WrongShape(PayloadReason {
            what: "CBOR of a different shape",
            place: match &cause {
                ciborium::de::Error::Semantic(Some(offset), _) => Place::Byte(start + offset),
                _ => Place::Unknown,
            },
            cause: Some(Box::new(cause)),
        })
    }
}

impl PayloadReason {
    fn in_json(what: &'static str, cause: serde_json::Error) -> Self {
        Self {
            what,
            // Line 0 is that of an error that is nowhere in the text.
            place: match (cause.line(), cause.column()) {
                (0, _) => Place::Unknown,
                (line, column) => Place::LineAndColumn(line, column),
            },
            cause: Some(Box::new(cause)),
        }
    }
}
