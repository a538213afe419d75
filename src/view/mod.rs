//! The borrowed form of an entry.

mod error;
mod kind;
mod policy_tags;
mod strict;
pub(crate) mod utf8;
pub(crate) mod wire;

use alloc::vec::Vec;
use bytes::BufMut;

pub use self::error::{DecodeError, DecodeReason, EncodeError};
pub use self::policy_tags::{PolicyTags, PolicyTagsIter};
pub use self::strict::StrictError;

pub(crate) use self::kind::{Blob, Kind, Number, Text, Texts};
use self::wire::{Output, Reader, Reserved};
use crate::v1::with_fields;
use crate::{EventType, LogEntry, Outcome, Sensitivity, Severity};

macro_rules! view {
    (
        $(#[$docs:meta])* ;
        $($field:ident: $kind:ty = $number:tt, $names:tt
            { $(#[$field_docs:meta])* } { #[$prost:meta] $owned:ty } { $view:ty };)*
    ) => {
        /// An entry that borrows its text, payload and tags: decoded without copying,
        /// encoded without an owned entry being built first.
        ///
        /// The fields are those of [`LogEntry`], under the same names.
        ///
        /// A gateway looks at what it received and copies nothing:
        ///
        /// ```
        /// use lokryn_compliance_log::{LogEntryView, Severity};
        ///
        /// fn is_relevant(received: &[u8]) -> Result<bool, lokryn_compliance_log::DecodeError> {
        ///     let entry = LogEntryView::decode(received)?;
        ///     // As numbers, so that a severity of a newer schema is not passed over.
        ///     let is_severe = entry.severity >= Severity::Warning.into();
        ///     Ok(is_severe && entry.policy_tags.contains("HIPAA"))
        /// }
        /// # assert!(!is_relevant(b"")?);
        /// # Ok::<(), lokryn_compliance_log::DecodeError>(())
        /// ```
        ///
        /// A service on its hot path goes from borrowed text to bytes in one
        /// allocation. The compiler does not ask for the required parts here, as
        /// [`LogEntry::builder`] does:
        ///
        /// ```
        /// use lokryn_compliance_log::{EventType, LogEntryView, Outcome, Sensitivity, Severity};
        ///
        /// let bytes = LogEntryView {
        ///     event_type: EventType::Login.into(),
        ///     outcome: Outcome::Success.into(),
        ///     severity: Severity::Info.into(),
        ///     actor_id: "user-12345",
        ///     component: "auth-service",
        ///     environment: "production",
        ///     resource: "auth/login",
        ///     policy_tags: (&["SOC2", "access-control"]).into(),
        ///     sensitivity: Sensitivity::Internal.into(),
        ///     ..LogEntryView::default()
        /// }
        /// .encode_to_vec();
        /// # assert_eq!(LogEntryView::decode(&bytes).unwrap().policy_tags.len(), 2);
        /// ```
        ///
        /// # Later fields
        ///
        /// A minor release may add fields, as it may to [`LogEntry`]: end a literal in
        /// `..LogEntryView::default()` and a pattern in `..`.
        ///
        /// # Unknown fields
        ///
        /// Fields that this version of the schema does not have are skipped, here as in
        /// [`LogEntry`], and are gone from whatever is encoded from the view. Whoever
        /// forwards entries should pass on the bytes that were received, which the
        /// readers of the module `stream` keep beside each view.
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
        pub struct LogEntryView<'a> {
            $(
                $(#[$field_docs])*
                pub $field: $view,
            )*
        }

        impl<'a> LogEntryView<'a> {
            /// Reads records as they nearly always are: in the order of their fields.
            /// Stops at the first that is not.
            #[inline(always)]
            fn read_in_order(&mut self, reader: &mut Reader<'a>) -> Result<(), DecodeError> {
                $(<$kind>::read_next($number, &mut self.$field, reader)?;)*
                Ok(())
            }

            /// Reads records in whatever order, to the end.
            #[inline(never)]
            fn read_rest(&mut self, mut reader: Reader<'a>) -> Result<(), DecodeError> {
                while let Some(key) = reader.next_key()? {
                    match key.field {
                        $($number => {
                            key.expect(<$kind>::WIRE_TYPE)?;
                            <$kind>::read(key, &mut self.$field, &mut reader)?;
                        })*
                        _ => reader.skip(key)?,
                    }
                }
                Ok(())
            }

            /// Returns how many bytes the entry takes when encoded.
            #[must_use]
            pub fn encoded_len(&self) -> usize {
                let mut len = 0;
                $(len += <$kind>::encoded_len($number, self.$field);)*
                len
            }

            /// Fields in the order of their numbers, as every implementation writes
            /// them.
            #[inline]
            pub(crate) fn put(&self, out: &mut impl Output) {
                $(<$kind>::put($number, self.$field, out);)*
            }

            /// Returns the owned form, with everything copied.
            #[must_use]
            #[inline]
            pub fn to_entry(&self) -> LogEntry {
                LogEntry {
                    $($field: <$kind>::to_owned(self.$field),)*
                }
            }
        }

        impl<'a> From<&'a LogEntry> for LogEntryView<'a> {
            fn from(entry: &'a LogEntry) -> Self {
                Self {
                    $($field: <$kind>::view(&entry.$field),)*
                }
            }
        }

        /// The number of each field, and whether every record of it counts.
        pub(crate) const FIELDS: &[(u32, bool)] = &[$(($number, <$kind>::IS_REPEATED)),*];

        /// Returns the proto name of the field with the given number.
        pub(crate) const fn field_name(number: u32) -> Option<&'static str> {
            match number {
                $($number => Some(stringify!($field)),)*
                _ => None,
            }
        }
    };
}

with_fields!(view);

impl<'a> LogEntryView<'a> {
    /// Decodes an entry without copying it.
    ///
    /// Accepts what prost accepts and reads the same values: of a field that is
    /// there more than once the last one counts, fields may come in any order,
    /// unknown fields are skipped. Memory use is constant, whatever the bytes.
    ///
    /// # Errors
    ///
    /// On bytes that are not an entry: cut off, a field with the wrong wire
    /// type, text that is not UTF-8, a malformed key or varint, unknown groups
    /// that nest deeper than 100.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryView;
    ///
    /// let view = LogEntryView::decode(b"\x22\x09agent-001")?;
    /// assert_eq!(view.actor_id, "agent-001");
    ///
    /// let err = LogEntryView::decode(b"\x22\x09agent").unwrap_err();
    /// assert_eq!(err.to_string(), "actor_id: truncated at byte 1");
    /// # Ok::<(), lokryn_compliance_log::DecodeError>(())
    /// ```
    #[inline]
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut view = Self::default();
        let mut reader = Reader::new(bytes);
        view.read_in_order(&mut reader)?;
        if !reader.is_at_end() {
            view.read_rest(reader)?;
        }
        Ok(view)
    }

    /// Returns the event type, or `Unspecified` for a number that this version
    /// of the schema does not know.
    #[must_use]
    pub fn event_type(&self) -> EventType {
        EventType::try_from(self.event_type).unwrap_or_default()
    }

    /// Returns the outcome, or `Unspecified` for a number that this version of
    /// the schema does not know.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome::try_from(self.outcome).unwrap_or_default()
    }

    /// Returns the severity, or `Unspecified` for a number that this version of
    /// the schema does not know. `Unspecified` is the lowest: to find severe
    /// entries of any version, compare the number.
    #[must_use]
    pub fn severity(&self) -> Severity {
        Severity::try_from(self.severity).unwrap_or_default()
    }

    /// Returns the sensitivity, or `Unspecified` for a number that this version
    /// of the schema does not know. Treat both as the highest.
    #[must_use]
    pub fn sensitivity(&self) -> Sensitivity {
        Sensitivity::try_from(self.sensitivity).unwrap_or_default()
    }

    /// Encodes the entry to a new vector, in one allocation of its exact size.
    #[must_use]
    pub fn encode_to_vec(&self) -> Vec<u8> {
        let mut out = Reserved::new(self.encoded_len());
        self.put(&mut out);
        out.into_vec()
    }

    /// Appends the encoded entry to a buffer.
    ///
    /// # Errors
    ///
    /// If the buffer has too little room left; nothing is written then. A `Vec`
    /// or `BytesMut` grows and never has.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryView;
    ///
    /// let view = LogEntryView { actor_id: "agent-001", ..LogEntryView::default() };
    /// let mut datagram = [0; 16];
    /// view.encode(&mut &mut datagram[..])?;
    /// assert_eq!(&datagram[..view.encoded_len()], b"\x22\x09agent-001");
    ///
    /// assert!(view.encode(&mut &mut datagram[..10]).is_err());
    /// # Ok::<(), lokryn_compliance_log::EncodeError>(())
    /// ```
    pub fn encode(&self, buf: &mut impl BufMut) -> Result<(), EncodeError> {
        EncodeError::check(self.encoded_len(), buf)?;
        self.put(buf);
        Ok(())
    }

    /// Appends the length of the encoded entry as a varint, then the entry: the
    /// framing of the module `stream`.
    ///
    /// # Errors
    ///
    /// If the buffer has too little room left; nothing is written then. A `Vec`
    /// or `BytesMut` grows and never has.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryView;
    ///
    /// let view = LogEntryView { actor_id: "agent-001", ..LogEntryView::default() };
    /// let mut batch = Vec::new();
    /// view.encode_length_delimited(&mut batch)?;
    /// assert_eq!(batch, b"\x0b\x22\x09agent-001");
    /// # Ok::<(), lokryn_compliance_log::EncodeError>(())
    /// ```
    pub fn encode_length_delimited(&self, buf: &mut impl BufMut) -> Result<(), EncodeError> {
        let len = self.encoded_len();
        EncodeError::check(wire::varint_len(len as u64) + len, buf)?;
        wire::put_varint(len as u64, buf);
        self.put(buf);
        Ok(())
    }
}

impl From<LogEntryView<'_>> for LogEntry {
    fn from(view: LogEntryView<'_>) -> Self {
        view.to_entry()
    }
}
