//! The payload of an entry: how it is made and read back.

#[cfg(feature = "cbor")]
mod cbor;
#[cfg(feature = "json")]
mod error;
#[cfg(feature = "json")]
mod floats;
#[cfg(feature = "json")]
pub(crate) mod format;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "json")]
pub(crate) mod json_text;
#[cfg(feature = "json")]
mod well_formed_cbor;

use core::fmt;

use alloc::vec::Vec;
use bytes::Bytes;

#[cfg(feature = "json")]
pub use self::error::{PayloadError, PayloadReason};
#[cfg(feature = "json")]
pub use self::format::PayloadFormat;

/// The structured detail of an entry, encoded: what
/// [`payload`](crate::builder::LogEntryBuilder::payload) takes.
///
/// ```
/// # #[cfg(feature = "json")] {
/// use lokryn_compliance_log::Payload;
/// use serde_json::json;
///
/// let from_value = Payload::from(json!({"rule": "ssn-pattern"}));
///
/// #[derive(serde::Serialize)]
/// struct Guardrail<'a> { rule: &'a str }
/// let from_struct = Payload::json(&Guardrail { rule: "ssn-pattern" })?;
///
/// let already_encoded = Payload::from(br#"{"rule":"ssn-pattern"}"#.to_vec());
/// assert_eq!(from_value, from_struct);
/// assert_eq!(from_value, already_encoded);
/// # }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Payload(Bytes);

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self(bytes)
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<Payload> for Bytes {
    fn from(payload: Payload) -> Self {
        payload.0
    }
}

/// What a payload can be made of without an error: a [`Payload`], bytes that are
/// encoded already, a `serde_json::Value`.
///
/// Text is none of these, because nothing tells whether it is JSON already. A value
/// of another type is encoded with `Payload::json` or `Payload::cbor`, which can
/// fail.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no payload as it stands",
    label = "not a `Payload`, bytes or a `serde_json::Value`",
    note = "encode it with `Payload::json(&value)?`, or with `Payload::cbor(&value)?`",
    note = "text that is JSON already is `Payload::from(text.into_bytes())`"
)]
pub trait IntoPayload {
    /// Returns the payload.
    fn into_payload(self) -> Payload;
}

impl IntoPayload for Payload {
    fn into_payload(self) -> Payload {
        self
    }
}

impl IntoPayload for Bytes {
    fn into_payload(self) -> Payload {
        self.into()
    }
}

impl IntoPayload for Vec<u8> {
    fn into_payload(self) -> Payload {
        self.into()
    }
}

/// Prints the length alone: a payload on its own has no sensitivity yet that
/// would say who may read it.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}
