//! Reading files that hold records of both releases.

use core::fmt;

use bytes::Bytes;
use std::io::BufRead;

use super::error::ReadError;
use super::reader::LogReader;
use crate::{DecodeError, LogEntry, Release};

/// Reads records of either release from a stream, and yields each as an entry, with the
/// release that it was.
///
/// Which one a record is, is what [`with_release`](Self::with_release) says, or else what
/// [`Release::of`] finds in its bytes. Where that is nothing, the record is yielded as
/// [undecided](MixedEntry::Undecided), unless
/// [`with_undecided_as`](Self::with_undecided_as) says what to take it for.
///
/// Framing, limits and errors are those of [`LogReader`], and so is how reading goes on
/// after an error. Records of release 0.2 are converted as
/// [`release_0_2::from_bytes`](crate::release_0_2::from_bytes) does.
///
/// ```
/// use lokryn_compliance_log::Release;
/// use lokryn_compliance_log::stream::{MixedEntry, MixedReader, ReadError};
///
/// // One of each, and one that has only a type.
/// let file = b"\x03\x22\x01a\x05\x20\x01\x52\x01b\x02\x08\x01";
/// let mut actors = Vec::new();
/// for record in MixedReader::new(&file[..]) {
///     match record? {
///         MixedEntry::Decided { entry, release } => actors.push((entry.actor_id, release)),
///         MixedEntry::Undecided(record) => assert_eq!(record.offset(), 10),
///         _ => unreachable!(),
///     }
/// }
/// assert_eq!(actors, [("a".into(), Release::V0_1), ("b".into(), Release::V0_2)]);
/// # Ok::<(), ReadError>(())
/// ```
pub struct MixedReader<R> {
    inner: LogReader<R>,
    release: Option<Release>,
    undecided_as: Option<Release>,
}

impl<R: BufRead> MixedReader<R> {
    /// Returns a reader of the records in `inner`, from where it stands. Offsets count
    /// from there.
    pub fn new(inner: R) -> Self {
        Self {
            inner: LogReader::new(inner),
            release: None,
            undecided_as: None,
        }
    }

    /// Sets the length in bytes of the longest record to accept, 4 MiB unless set.
    #[must_use]
    pub fn with_max_entry_len(self, max_entry_len: usize) -> Self {
        Self {
            inner: self.inner.with_max_entry_len(max_entry_len),
            ..self
        }
    }

    /// Takes every record for one of this release, whatever its bytes look like.
    #[must_use]
    pub fn with_release(self, release: Release) -> Self {
        Self {
            release: Some(release),
            ..self
        }
    }

    /// Takes the records of which nothing tells for those of this release.
    ///
    /// ```
    /// use lokryn_compliance_log::Release;
    /// use lokryn_compliance_log::stream::{MixedEntry, MixedReader, ReadError};
    ///
    /// let file = b"\x02\x08\x14"; // a type of 20 and nothing else
    /// let mut reader = MixedReader::new(&file[..]).with_undecided_as(Release::V0_2);
    /// let Some(Ok(MixedEntry::Decided { entry, release })) = reader.next() else {
    ///     panic!("undecided")
    /// };
    /// assert_eq!(release, Release::V0_2);
    /// assert_eq!(entry.event_type().as_str_name(), "EVENT_TOOL_INVOCATION");
    /// # Ok::<(), ReadError>(())
    /// ```
    #[must_use]
    pub fn with_undecided_as(self, release: Release) -> Self {
        Self {
            undecided_as: Some(release),
            ..self
        }
    }

    /// Returns the inner reader. It stands after what has been read so far, which after an
    /// I/O error may be part of a record.
    pub fn into_inner(self) -> R {
        self.inner.into_inner()
    }
}

impl<R: BufRead> Iterator for MixedReader<R> {
    type Item = Result<MixedEntry, ReadError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (known, undecided_as) = (self.release, self.undecided_as);
        self.inner.next_with(|framing, bytes, record| {
            let decode = |bytes: &[u8]| {
                let release = known.or_else(|| Release::of(bytes)).or(undecided_as);
                let Some(release) = release else {
                    return Ok(MixedEntry::Undecided(UndecidedEntry {
                        bytes: Bytes::copy_from_slice(bytes),
                        offset: framing.offset(),
                    }));
                };
                let entry = release.entry_from_bytes(bytes)?;
                Ok(MixedEntry::Decided { entry, release })
            };
            framing.decode_with(decode, bytes, record)
        })
    }
}

impl<R> fmt::Debug for MixedReader<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MixedReader")
            .field("inner", &self.inner)
            .field("release", &self.release)
            .field("undecided_as", &self.undecided_as)
            .finish()
    }
}

/// A record of a stream that may be of either release.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MixedEntry {
    /// The record as an entry.
    Decided {
        /// The entry, converted if the record was of release 0.2.
        entry: LogEntry,
        /// The release that the record was of.
        release: Release,
    },
    /// A record that may be one of either release, or of neither.
    Undecided(UndecidedEntry),
}

/// A record of which [`Release::of`] does not know the release: nothing in it tells, its
/// fields disagree, or it is no message at all.
///
/// `Debug` does not print its bytes, because nothing tells how sensitive they are.
///
/// ```
/// use lokryn_compliance_log::Release;
/// use lokryn_compliance_log::stream::{MixedEntry, MixedReader};
///
/// let file = b"\x05\x08\x01\x52\x01b"; // a tag in one release, the actor in the other
/// let Some(Ok(MixedEntry::Undecided(record))) = MixedReader::new(&file[..]).next() else {
///     panic!("decided")
/// };
/// assert_eq!(record.bytes(), &file[1..]);
/// assert_eq!(record.decode_as(Release::V0_1)?.policy_tags, ["b"]);
/// assert_eq!(record.decode_as(Release::V0_2)?.actor_id, "b");
/// # Ok::<(), lokryn_compliance_log::DecodeError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct UndecidedEntry {
    bytes: Bytes,
    offset: u64,
}

impl UndecidedEntry {
    /// Returns the record's own bytes, without the length before them.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Returns where in the stream the frame begins.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// Decodes the record as one of the given release.
    ///
    /// # Errors
    ///
    /// If it is not one, with the field and the place.
    pub fn decode_as(&self, release: Release) -> Result<LogEntry, DecodeError> {
        release.entry_from_bytes(&self.bytes)
    }
}

impl fmt::Debug for UndecidedEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UndecidedEntry")
            .field("len", &self.bytes.len())
            .field("offset", &self.offset)
            .finish_non_exhaustive()
    }
}
