//! Payloads in CBOR.

use alloc::vec::Vec;
use serde_core::de::DeserializeOwned;
use serde_core::ser::Serialize;

use super::well_formed_cbor::{self, MARK};
use super::{Payload, PayloadError};
use crate::{LogEntry, LogEntryView};

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
            item.splice(..0, MARK);
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
    let (item, _) = well_formed_cbor::without_mark(payload);
    if let Err(offset) = well_formed_cbor::check(item) {
        let offset = payload.len() - item.len() + offset;
        return Err(PayloadError::not_cbor(offset));
    }
    ciborium::from_reader(item).map_err(PayloadError::wrong_cbor_shape)
}
