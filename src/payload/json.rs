//! Payloads in JSON.

use core::str;

use alloc::string::ToString as _;
use serde_core::de::{Deserialize, IgnoredAny};
use serde_core::ser::Serialize;
use serde_json::error::Category;

use super::{IntoPayload, Payload, PayloadError, floats, json_text};
use crate::{LogEntry, LogEntryView};

impl From<serde_json::Value> for Payload {
    fn from(value: serde_json::Value) -> Self {
        Self(value.to_string().into())
    }
}

impl IntoPayload for serde_json::Value {
    fn into_payload(self) -> Payload {
        self.into()
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
            .and_then(|json| floats::check_finite(value).map(|()| Self::from(json)))
            .map_err(|err| PayloadError::unserializable("cannot be encoded as JSON", err))
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
    /// [`PayloadError::WrongShape`] if it is JSON of a different shape than `T`, or
    /// has a key that begins with `$serde_json::private::`: with some features
    /// that another package may turn on, `serde_json` reads an object with such a
    /// key as something else.
    ///
    /// # Memory
    ///
    /// A type of one's own takes what its fields take. A `serde_json::Value` can
    /// take 130 times the bytes of the payload, for maps with one short key each:
    /// look at the length of the payload before, where it comes from outside.
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
    if json_text::has_private_key(text) {
        return Err(PayloadError::private_key());
    }
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
