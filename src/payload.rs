//! The payload of an entry: how it is made and read back.

use core::fmt;

use alloc::vec::Vec;
use bytes::Bytes;

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

/// Prints the length alone: a payload on its own has no sensitivity yet that
/// would say who may read it.
impl fmt::Debug for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Payload({} bytes)", self.0.len())
    }
}

#[cfg(feature = "json")]
mod json {
    use super::Payload;
    use crate::{LogEntry, LogEntryView, PayloadError, finite};
    use alloc::string::ToString as _;
    use core::str;
    use serde::de::IgnoredAny;
    use serde::{Deserialize, Serialize};
    use serde_json::error::Category;

    impl From<serde_json::Value> for Payload {
        fn from(value: serde_json::Value) -> Self {
            Self(value.to_string().into())
        }
    }

    impl Payload {
        /// Encodes a value as JSON, without whitespace.
        ///
        /// # Errors
        ///
        /// [`PayloadError::Unserializable`] if JSON cannot hold the value: a
        /// float that is NaN or infinite, a map whose keys are not text, numbers
        /// or booleans. To find such floats the value is serialized twice.
        ///
        /// ```
        /// use lokryn_compliance_log::{Payload, PayloadError};
        ///
        /// assert!(Payload::json(&[0.92]).is_ok());
        /// let err = Payload::json(&[f64::NAN]).unwrap_err();
        /// assert!(matches!(err, PayloadError::Unserializable(_)));
        /// ```
        pub fn json<T>(value: &T) -> Result<Self, PayloadError>
        where
            T: Serialize + ?Sized,
        {
            serde_json::to_vec(value)
                .and_then(|json| finite::check(value).map(|()| Self::from(json)))
                .map_err(PayloadError::unserializable)
        }
    }

    impl LogEntry {
        /// Reads the payload as JSON. The value may borrow from the entry.
        ///
        /// # Errors
        ///
        /// [`PayloadError::Empty`] without a payload,
        /// [`PayloadError::NotJson`] if it is not one well-formed JSON text
        /// (RFC 8259), nests deeper than 127 levels or has a number that does not
        /// fit the type, such as `1e400` for an `f64`, and
        /// [`PayloadError::WrongShape`] if it is JSON of another shape than `T`.
        ///
        /// ```
        /// use lokryn_compliance_log::{LogEntry, PayloadError};
        ///
        /// #[derive(serde::Deserialize)]
        /// struct Export<'a> { records: u64, format: &'a str }
        ///
        /// let entry = LogEntry {
        ///     payload: r#"{"records": 1500, "format": "csv"}"#.into(),
        ///     ..LogEntry::default()
        /// };
        /// let export: Export = entry.json_payload()?;
        /// assert_eq!((export.records, export.format), (1500, "csv"));
        ///
        /// let err = entry.json_payload::<Vec<u64>>().unwrap_err();
        /// assert!(matches!(err, PayloadError::WrongShape(_)));
        /// # Ok::<(), PayloadError>(())
        /// ```
        pub fn json_payload<'a, T: Deserialize<'a>>(&'a self) -> Result<T, PayloadError> {
            read(&self.payload)
        }
    }

    impl<'a> LogEntryView<'a> {
        /// Reads the payload as JSON, as [`LogEntry::json_payload`] does. The
        /// value may borrow from the bytes that the view was decoded from.
        ///
        /// # Errors
        ///
        /// As [`LogEntry::json_payload`].
        ///
        /// ```
        /// use lokryn_compliance_log::LogEntryView;
        ///
        /// let view = LogEntryView { payload: br#"["saml", "okta"]"#, ..LogEntryView::default() };
        /// let [method, provider]: [&str; 2] = view.json_payload()?;
        /// assert_eq!((method, provider), ("saml", "okta"));
        /// # Ok::<(), lokryn_compliance_log::PayloadError>(())
        /// ```
        pub fn json_payload<T: Deserialize<'a>>(&self) -> Result<T, PayloadError> {
            read(self.payload)
        }
    }

    fn read<'a, T: Deserialize<'a>>(payload: &'a [u8]) -> Result<T, PayloadError> {
        if payload.is_empty() {
            return Err(PayloadError::Empty);
        }
        // `serde_json` does not look into strings that nobody asks for.
        let text = str::from_utf8(payload).map_err(PayloadError::not_utf_8)?;
        let err = match serde_json::from_str(text) {
            Ok(value) => return Ok(value),
            Err(err) => err,
        };
        if err.classify() != Category::Data {
            return Err(PayloadError::not_json(err));
        }
        // The shape is refused at the first value that does not fit; the text
        // may still be malformed further on.
        match serde_json::from_str::<IgnoredAny>(text) {
            Ok(IgnoredAny) => Err(PayloadError::wrong_json_shape(err)),
            Err(syntax) => Err(PayloadError::not_json(syntax)),
        }
    }
}

#[cfg(feature = "cbor")]
mod cbor {
    use super::Payload;
    use crate::{LogEntry, LogEntryView, PayloadError, cbor};
    use alloc::vec::Vec;
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    impl Payload {
        /// Encodes a value as CBOR (RFC 8949).
        ///
        /// An array or a map, which is what nearly every type becomes, is
        /// written as it is. Any other item, such as a bare number, gets the
        /// tag for self-described CBOR in front, without which `payload_format`
        /// could not recognise it; decoders skip it.
        ///
        /// # Errors
        ///
        /// [`PayloadError::Unserializable`] if the type's own `Serialize`
        /// fails.
        ///
        /// ```
        /// use lokryn_compliance_log::{Payload, PayloadError};
        ///
        /// let payload = Payload::cbor(&[1, 2, 3])?;
        /// assert_eq!(bytes::Bytes::from(payload), &b"\x83\x01\x02\x03"[..]);
        /// # Ok::<(), PayloadError>(())
        /// ```
        pub fn cbor<T>(value: &T) -> Result<Self, PayloadError>
        where
            T: Serialize + ?Sized,
        {
            let mut item = Vec::new();
            ciborium::into_writer(value, &mut item).map_err(PayloadError::unserializable)?;
            let major_type = item.first().map(|head| head >> 5);
            if !matches!(major_type, Some(4 | 5)) {
                item.splice(..0, cbor::MARK);
            }
            Ok(Self(item.into()))
        }
    }

    impl LogEntry {
        /// Reads the payload as CBOR.
        ///
        /// # Errors
        ///
        /// [`PayloadError::Empty`] without a payload,
        /// [`PayloadError::NotCbor`] if it is not exactly one well-formed CBOR
        /// data item or nests deeper than 256 levels, and
        /// [`PayloadError::WrongShape`] if it is CBOR of another shape than `T`.
        /// Tags are passed over, except that a type which takes whatever comes,
        /// such as `serde_json::Value`, does not take a tagged item.
        ///
        /// ```
        /// use lokryn_compliance_log::{LogEntry, PayloadError};
        ///
        /// let entry = LogEntry {
        ///     payload: b"\x83\x01\x02\x03"[..].into(),
        ///     ..LogEntry::default()
        /// };
        /// assert_eq!(entry.cbor_payload::<Vec<u8>>()?, [1, 2, 3]);
        /// # Ok::<(), PayloadError>(())
        /// ```
        pub fn cbor_payload<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
            read(&self.payload)
        }
    }

    impl LogEntryView<'_> {
        /// Reads the payload as CBOR, as [`LogEntry::cbor_payload`] does.
        ///
        /// # Errors
        ///
        /// As [`LogEntry::cbor_payload`].
        ///
        /// ```
        /// use lokryn_compliance_log::LogEntryView;
        ///
        /// let view = LogEntryView { payload: b"\x82\x01\x02", ..LogEntryView::default() };
        /// assert_eq!(view.cbor_payload::<[u8; 2]>()?, [1, 2]);
        /// # Ok::<(), lokryn_compliance_log::PayloadError>(())
        /// ```
        pub fn cbor_payload<T: DeserializeOwned>(&self) -> Result<T, PayloadError> {
            read(self.payload)
        }
    }

    fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, PayloadError> {
        if payload.is_empty() {
            return Err(PayloadError::Empty);
        }
        let (item, _) = cbor::without_mark(payload);
        if let Err(offset) = cbor::check(item) {
            let offset = payload.len() - item.len() + offset;
            return Err(PayloadError::not_cbor(offset));
        }
        ciborium::from_reader(item).map_err(PayloadError::wrong_cbor_shape)
    }
}
