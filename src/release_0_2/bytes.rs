//! A record of release 0.2 as bytes.

use alloc::vec::Vec;

use prost::Message as _;

use super::kind::{Double, Int32, Int64, Kind, Many, Number, One, Text, Texts};
use super::tables::with_messages;
use super::{
    EventType, GenAiPayload, LogRequest, McpPayload, Message, Metadata, Outcome, Sensitivity,
    Severity, ToolCall,
};
use crate::view::wire::{Key, LEN, Reader, VARINT};
use crate::{DecodeError, DecodeReason};
use prost_types::{Struct, Timestamp};

impl LogRequest {
    /// Decodes a record.
    ///
    /// As [`LogEntry::from_bytes`](crate::LogEntry::from_bytes): fields may come in any
    /// order, of one that is there twice the last value counts, and the parts of a message
    /// are put together; unknown fields are dropped, unknown enum numbers kept.
    ///
    /// # Errors
    ///
    /// On bytes that are not a record of this release, with the field and the place. What
    /// is inside of a message in the record is reported as that message's.
    ///
    /// # Memory
    ///
    /// The record can take 150 times its bytes, for a payload of tool calls that are all
    /// empty.
    ///
    /// ```
    /// use lokryn_compliance_log::release_0_2::{EventType, LogRequest};
    ///
    /// let request = LogRequest::from_bytes(b"\x08\x1e\x52\x09agent-001")?;
    /// assert_eq!(request.event_type(), EventType::McpInitialize);
    /// assert_eq!(request.actor_id, "agent-001");
    ///
    /// let err = LogRequest::from_bytes(b"\x08\x01\x22\x09agent-001").unwrap_err();
    /// assert_eq!(err.to_string(), "sensitivity: wrong wire type 2 at byte 2");
    /// # Ok::<(), lokryn_compliance_log::DecodeError>(())
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        Self::decode(bytes).map_err(|_| find_error(bytes).in_release_0_2())
    }

    /// Encodes the record to a new vector, as prost does, which leaves out a double of
    /// minus zero.
    ///
    /// A `Struct` of any depth is written, and none is read with more than 100 messages
    /// within each other, here or elsewhere: 33 objects of JSON, or 48 arrays in one.
    ///
    /// ```
    /// use lokryn_compliance_log::release_0_2::LogRequest;
    ///
    /// let request = LogRequest { actor_id: "agent-001".into(), ..LogRequest::default() };
    /// assert_eq!(request.to_bytes(), b"\x52\x09agent-001");
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode_to_vec()
    }
}

/// Finds what prost has refused, of which it says neither the place nor, in every case, the
/// field.
#[cold]
fn find_error(bytes: &[u8]) -> DecodeError {
    let mut reader = Reader::new(bytes);
    loop {
        match reader.next_key() {
            Ok(Some(key)) => {
                if let Err(err) = check_record(key, &mut reader) {
                    return err;
                }
            }
            Ok(None) => return DecodeError::new(0, 0, DecodeReason::InvalidMessage),
            Err(err) => return err,
        }
    }
}

fn check_record(key: Key, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
    let Some(field) = LogRequest::field(key.field) else {
        return reader.skip(key);
    };
    key.expect(field.wire_type)?;
    match (field.is_text, field.wire_type) {
        (true, _) => reader.text(key.field).map(drop),
        (false, VARINT) => reader.enumeration(key.field).map(drop),
        (false, LEN) => {
            let start = reader.position();
            reader.bytes(key.field)?;
            let record = &reader.message()[key.at..reader.position()];
            LogRequest::decode(record)
                .map(drop)
                .map_err(|_| DecodeError::new(start, key.field, DecodeReason::InvalidMessage))
        }
        (false, _) => reader.skip(key),
    }
}

/// Returns the proto name of the field of [`LogRequest`] with the given number.
pub(crate) fn field_name(number: u32) -> Option<&'static str> {
    LogRequest::field(number).map(|field| field.name)
}

trait Fields {
    /// Returns the field with the given number.
    fn field(number: u32) -> Option<Field>;
}

/// What the schema says of a field.
#[derive(Clone, Copy)]
struct Field {
    name: &'static str,
    wire_type: u32,
    is_text: bool,
}

impl Field {
    fn of<K: Kind>(name: &'static str) -> Self {
        Self {
            name,
            wire_type: K::WIRE_TYPE,
            is_text: K::IS_TEXT,
        }
    }
}

macro_rules! fields {
    ($(
        $docs:tt $message:ident {
            $($field_docs:tt #[$prost:meta] $field:ident: $kind:ty { $owned:ty } = $number:tt, $json:literal;)*
        } {
            $($oneof_docs:tt #[$oneof_prost:meta] $oneof:ident: $choice:ident {
                $($member_docs:tt #[$member_prost:meta]
                    $variant:ident($value:ty) $member:ident = $member_number:tt, $member_json:literal;)*
            })*
        }
    )*) => {$(
        impl Fields for $message {
            fn field(number: u32) -> Option<Field> {
                match number {
                    $($number => Some(Field::of::<$kind>(stringify!($field))),)*
                    $($($member_number => Some(Field::of::<One<$value>>(stringify!($member))),)*)*
                    _ => None,
                }
            }
        }
    )*};
}

with_messages!(fields);
