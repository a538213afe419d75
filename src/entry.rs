//! The entry that owns its values.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::{BufMut, Bytes};
use prost::{Message, Name};

use crate::v1::with_fields;
use crate::view::Kind;
use crate::view::wire::Reader;
use crate::{DecodeError, EncodeError, LogEntryView};

macro_rules! entry {
    (
        $(#[$docs:meta])* ;
        $($field:ident: $kind:ty = $number:tt, $names:tt
            { $(#[$field_docs:meta])* } { #[$prost:meta] $owned:ty } { $view:ty };)*
    ) => {
        $(#[$docs])*
        ///
        /// # Later fields
        ///
        /// A later version of the schema may have further optional fields, and a
        /// minor release adds them here. A literal therefore ends in
        /// `..LogEntry::default()`, and a pattern in `..`; the promise of semantic
        /// versioning does not cover those that name every field.
        #[derive(Clone, PartialEq, Eq, Hash, Message)]
        #[prost(skip_debug)]
        pub struct LogEntry {
            $(
                $(#[$field_docs])*
                #[$prost]
                pub $field: $owned,
            )*
        }

        impl LogEntry {
            /// Reads records as they nearly always are: in the order of their fields.
            /// Stops at the first that is not.
            #[inline]
            fn read_in_order(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
                $(<$kind>::merge_next($number, &mut self.$field, reader)?;)*
                Ok(())
            }

            /// Reads records in whatever order, to the end.
            #[inline(never)]
            fn read_rest(&mut self, mut reader: Reader<'_>) -> Result<(), DecodeError> {
                while let Some(key) = reader.next_key()? {
                    match key.field {
                        $($number => {
                            key.expect(<$kind>::WIRE_TYPE)?;
                            <$kind>::merge(key, &mut self.$field, &mut reader)?;
                        })*
                        _ => reader.skip(key)?,
                    }
                }
                Ok(())
            }
        }
    };
}

with_fields!(entry);

/// An entry as bytes: one protobuf message, without a length before it. The trait
/// [`prost::Message`] writes the same bytes and reads the same entries, more slowly
/// and with errors that do not say where.
impl LogEntry {
    /// Decodes an entry.
    ///
    /// Of a field that is there more than once the last value counts, fields may
    /// come in any order, unknown fields are dropped, unknown enum numbers kept.
    /// [`validate`](Self::validate) then tells whether anything is missing.
    ///
    /// # Errors
    ///
    /// On bytes that are not an entry: cut off, a field with the wrong wire type,
    /// text that is not UTF-8, a malformed key or varint, unknown groups that nest
    /// deeper than 100.
    ///
    /// ```
    /// use lokryn_compliance_log::{EventType, LogEntry};
    ///
    /// let entry = LogEntry::from_bytes(b"\x08\x02\x22\x09agent-001")?;
    /// assert_eq!(entry.event_type(), EventType::Logout);
    /// assert_eq!(entry.actor_id, "agent-001");
    ///
    /// let err = LogEntry::from_bytes(b"\x22\x09agent").unwrap_err();
    /// assert_eq!(err.to_string(), "actor_id: truncated at byte 1");
    /// # Ok::<(), lokryn_compliance_log::DecodeError>(())
    /// ```
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut entry = Self::default();
        let mut reader = Reader::new(bytes);
        entry.read_in_order(&mut reader)?;
        if !reader.is_at_end() {
            entry.read_rest(reader)?;
        }
        Ok(entry)
    }

    /// Encodes the entry to a new vector, in one allocation of its exact size.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntry;
    ///
    /// let entry = LogEntry { actor_id: "agent-001".into(), ..LogEntry::default() };
    /// assert_eq!(entry.to_bytes(), b"\x22\x09agent-001");
    /// ```
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        LogEntryView::from(self).encode_to_vec()
    }

    /// Appends the encoded entry to a buffer.
    ///
    /// # Errors
    ///
    /// If the buffer has too little room left; nothing is written then. A `Vec` or
    /// `BytesMut` grows and never has.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntry;
    /// use lokryn_compliance_log::bytes::BytesMut;
    ///
    /// let entry = LogEntry { actor_id: "agent-001".into(), ..LogEntry::default() };
    /// let mut message = BytesMut::from("audit:");
    /// entry.write_to(&mut message)?;
    /// assert_eq!(message, "audit:\x22\x09agent-001");
    /// # Ok::<(), lokryn_compliance_log::EncodeError>(())
    /// ```
    pub fn write_to(&self, buf: &mut impl BufMut) -> Result<(), EncodeError> {
        LogEntryView::from(self).encode(buf)
    }
}

impl Name for LogEntry {
    const NAME: &'static str = "LogEntry";
    const PACKAGE: &'static str = "lokryn.compliance.v1";

    fn type_url() -> String {
        format!("type.googleapis.com/{}", Self::full_name())
    }
}
