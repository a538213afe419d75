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
        ciborium::into_writer(value, &mut item)
            .map_err(|err| PayloadError::unserializable("cannot be encoded as CBOR", err))?;
        if private_number::may_be_in(&item) {
            item = private_number::replaced(&item)?;
        }
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
    /// [`PayloadError::WrongShape`] if it is CBOR of a different shape than `T`.
    /// Tags are passed over, except that a type which takes whatever comes,
    /// such as `serde_json::Value`, does not take a tagged item.
    ///
    /// # Memory
    ///
    /// A type of one's own takes what its fields take. A `serde_json::Value` can
    /// take 320 times the bytes of the payload, for maps with one short key each:
    /// look at the length of the payload before, where it comes from outside.
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
    let start = payload.len() - item.len();
    if let Err(offset) = well_formed_cbor::check(item) {
        return Err(PayloadError::not_cbor(start + offset));
    }
    ciborium::from_reader(item).map_err(|err| PayloadError::wrong_cbor_shape(err, start))
}

/// What a number of `serde_json` becomes if some package in the tree has turned on
/// its feature `arbitrary_precision`: not a number, but a map that only `serde_json`
/// knows. The feature cannot be seen from here, so the map is looked for.
mod private_number {
    use alloc::vec::Vec;
    use ciborium::Value;

    use super::PayloadError;

    const KEY: &str = "$serde_json::private::Number";

    pub(super) fn may_be_in(item: &[u8]) -> bool {
        item.windows(KEY.len()).any(|part| part == KEY.as_bytes())
    }

    /// Writes the item anew, with the numbers that it would have without the feature.
    pub(super) fn replaced(item: &[u8]) -> Result<Vec<u8>, PayloadError> {
        let unserializable = |err| PayloadError::unserializable("cannot be encoded as CBOR", err);
        let mut value =
            ciborium::from_reader(item).map_err(|err| PayloadError::wrong_cbor_shape(err, 0))?;
        replace(&mut value);
        let mut item = Vec::new();
        ciborium::into_writer(&value, &mut item).map_err(unserializable)?;
        Ok(item)
    }

    fn replace(value: &mut Value) {
        match value {
            Value::Map(entries) => {
                if let Some(number) = number(entries) {
                    *value = number;
                    return;
                }
                for (key, value) in entries {
                    replace(key);
                    replace(value);
                }
            }
            Value::Array(elements) => elements.iter_mut().for_each(replace),
            Value::Tag(_, value) => replace(value),
            _ => {}
        }
    }

    /// As `serde_json` reads it: an integer that fits 64 bits, or a float.
    fn number(entries: &[(Value, Value)]) -> Option<Value> {
        let [(Value::Text(key), Value::Text(digits))] = entries else {
            return None;
        };
        if key != KEY {
            return None;
        }
        let unsigned = digits.parse::<u64>().map(Value::from);
        let integer = unsigned.or_else(|_| digits.parse::<i64>().map(Value::from));
        integer
            .or_else(|_| digits.parse::<f64>().map(Value::from))
            .ok()
    }
}
