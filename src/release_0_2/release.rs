//! Telling the releases apart.

use super::from_bytes;
use crate::view::wire::{LEN, Reader, VARINT};
use crate::{DecodeError, LogEntry};

/// A release of the schema, by the number of the published packages.
///
/// Both call their message `lokryn.compliance.v1.LogRequest`, and nothing in the bytes of
/// a record names either. What a topic, a file or a peer carries is best known from
/// outside; [`of`](Self::of) is for where it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Release {
    /// Release 0.1, the schema of [`LogEntry`](crate::LogEntry).
    V0_1,
    /// Release 0.2, the schema of the module [`release_0_2`](crate::release_0_2).
    V0_2,
}

impl Release {
    /// Returns the release that the bytes of a record are evidence for, by the wire types
    /// of the five fields that have another type in each:
    ///
    /// | field | 0.1 | 0.2 |
    /// |--:|---|---|
    /// | 4 | `actor_id`: text | `sensitivity`: a number |
    /// | 5 | `component`: text | `ocsf_class_uid`: a number |
    /// | 6 | `environment`: text | `ocsf_activity_id`: a number |
    /// | 9 | `payload`: bytes | `duration_ms`: a number |
    /// | 11 | `sensitivity`: a number | `actor_type`: text |
    ///
    /// `None` where that decides nothing:
    ///
    /// - None of the five is there. Writers leave out what is empty or zero, so a record of
    ///   0.2 without a sensitivity, a class, a duration and a type of actor is such a one,
    ///   and so is one of 0.1 without an actor, a component and an environment.
    /// - Some say this and some that, or one has a wire type that it has in neither.
    /// - The bytes are no message at all: cut off, a malformed key.
    ///
    /// It is evidence and no proof. Bytes of a third schema that happen to have the wire
    /// types are taken for one of the two, and the values of the fields are not looked at:
    /// decoding may still fail, and [`validate`](crate::LogEntry::validate) find an entry
    /// without an actor.
    ///
    /// ```
    /// use lokryn_compliance_log::Release;
    ///
    /// assert_eq!(Release::of(b"\x08\x01\x22\x09agent-001"), Some(Release::V0_1));
    /// assert_eq!(Release::of(b"\x08\x01\x20\x02\x52\x09agent-001"), Some(Release::V0_2));
    /// // A type and an outcome have the same numbers in both.
    /// assert_eq!(Release::of(b"\x08\x01\x10\x01"), None);
    /// ```
    #[must_use]
    pub fn of(bytes: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let mut release = None;
        while let Some(key) = reader.next_key().ok()? {
            let evidence = match (key.field, key.wire_type) {
                (4 | 5 | 6 | 9, LEN) | (11, VARINT) => Some(Self::V0_1),
                (4 | 5 | 6 | 9, VARINT) | (11, LEN) => Some(Self::V0_2),
                (4 | 5 | 6 | 9 | 11, _) => return None,
                _ => None,
            };
            if release.is_some() && evidence.is_some() && release != evidence {
                return None;
            }
            release = release.or(evidence);
            reader.skip(key).ok()?;
        }
        release
    }

    /// Decodes a record of the release, as an entry.
    ///
    /// # Errors
    ///
    /// On bytes that are not a record of the release, with the field and the place.
    ///
    /// ```
    /// use lokryn_compliance_log::Release;
    ///
    /// let bytes = b"\x20\x0a\x52\x09agent-001";
    /// assert_eq!(Release::V0_2.entry_from_bytes(bytes)?.actor_id, "agent-001");
    ///
    /// let err = Release::V0_1.entry_from_bytes(bytes).unwrap_err();
    /// assert_eq!(err.to_string(), "actor_id: wrong wire type 0 at byte 0");
    /// # Ok::<(), lokryn_compliance_log::DecodeError>(())
    /// ```
    pub fn entry_from_bytes(self, bytes: &[u8]) -> Result<LogEntry, DecodeError> {
        match self {
            Self::V0_1 => LogEntry::from_bytes(bytes),
            Self::V0_2 => from_bytes(bytes),
        }
    }
}
