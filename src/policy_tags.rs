//! The tags of a view, wherever they lie.

use core::fmt;
use core::ops::Range;
use core::slice;

use alloc::string::String;
use bytes::BufMut;

use crate::field;
use crate::wire::{self, Reader};

/// The compliance tags of a [`LogEntryView`](crate::LogEntryView): a slice of
/// texts, or a stretch of an encoded entry from which they are read as they are
/// asked for.
///
/// ```
/// use lokryn_compliance_log::PolicyTags;
///
/// let tags = PolicyTags::from(&["SOC2", "HIPAA"]);
/// assert_eq!(tags.len(), 2);
/// assert!(tags.contains("HIPAA"));
/// assert_eq!(tags.iter().collect::<Vec<_>>(), ["SOC2", "HIPAA"]);
/// ```
#[derive(Clone, Copy, Default)]
pub struct PolicyTags<'a>(Source<'a>);

#[derive(Clone, Copy)]
enum Source<'a> {
    Texts(&'a [&'a str]),
    Strings(&'a [String]),
    Encoded(Encoded<'a>),
}

/// A stretch of an entry that has been decoded without an error. It begins with
/// the first tag and ends with the last; other fields may lie between them.
#[derive(Clone, Copy)]
struct Encoded<'a> {
    records: &'a [u8],
    from: usize,
    len: usize,
}

impl Default for Source<'_> {
    fn default() -> Self {
        Self::Texts(&[])
    }
}

impl<'a> PolicyTags<'a> {
    /// Makes tags of a slice of texts.
    #[must_use]
    pub const fn new(tags: &'a [&'a str]) -> Self {
        Self(Source::Texts(tags))
    }

    /// Adds the tag whose record is at `record` in the entry that is being
    /// decoded.
    #[inline]
    pub(crate) fn extend_over(&mut self, entry: &'a [u8], record: Range<usize>) {
        let (from, len) = match self.0 {
            Source::Encoded(encoded) => (encoded.from, encoded.len),
            _ => (record.start, 0),
        };
        self.0 = Source::Encoded(Encoded {
            records: &entry[from..record.end],
            from,
            len: len + 1,
        });
    }

    /// Returns how many tags there are.
    #[must_use]
    pub fn len(&self) -> usize {
        match self.0 {
            Source::Texts(tags) => tags.len(),
            Source::Strings(tags) => tags.len(),
            Source::Encoded(encoded) => encoded.len,
        }
    }

    /// Returns whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns whether the given tag is among them, in exactly this spelling.
    #[must_use]
    pub fn contains(&self, tag: &str) -> bool {
        self.iter().any(|other| other == tag)
    }

    /// Iterates over the tags in their order.
    #[must_use]
    pub fn iter(&self) -> PolicyTagsIter<'a> {
        PolicyTagsIter(match self.0 {
            Source::Texts(tags) => Iter::Texts(tags.iter()),
            Source::Strings(tags) => Iter::Strings(tags.iter()),
            Source::Encoded(Encoded { records, len, .. }) => {
                Iter::Encoded(Reader::new(records), len)
            }
        })
    }

    pub(crate) fn encoded_len(&self) -> usize {
        self.iter()
            .map(|tag| wire::element_len(field::POLICY_TAGS, tag.as_bytes()))
            .sum()
    }

    pub(crate) fn put(&self, buf: &mut impl BufMut) {
        for tag in self {
            wire::put_element(field::POLICY_TAGS, tag.as_bytes(), buf);
        }
    }
}

impl<'a> From<&'a [&'a str]> for PolicyTags<'a> {
    fn from(tags: &'a [&'a str]) -> Self {
        Self::new(tags)
    }
}

impl<'a, const N: usize> From<&'a [&'a str; N]> for PolicyTags<'a> {
    fn from(tags: &'a [&'a str; N]) -> Self {
        Self::new(tags)
    }
}

impl<'a> From<&'a [String]> for PolicyTags<'a> {
    fn from(tags: &'a [String]) -> Self {
        Self(Source::Strings(tags))
    }
}

impl PartialEq for PolicyTags<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl Eq for PolicyTags<'_> {}

impl fmt::Debug for PolicyTags<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for PolicyTags<'a> {
    type Item = &'a str;
    type IntoIter = PolicyTagsIter<'a>;

    fn into_iter(self) -> PolicyTagsIter<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &PolicyTags<'a> {
    type Item = &'a str;
    type IntoIter = PolicyTagsIter<'a>;

    fn into_iter(self) -> PolicyTagsIter<'a> {
        self.iter()
    }
}

/// The iterator over [`PolicyTags`].
#[derive(Clone)]
pub struct PolicyTagsIter<'a>(Iter<'a>);

#[derive(Clone)]
enum Iter<'a> {
    Texts(slice::Iter<'a, &'a str>),
    Strings(slice::Iter<'a, String>),
    Encoded(Reader<'a>, usize),
}

impl<'a> Iterator for PolicyTagsIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        match &mut self.0 {
            Iter::Texts(tags) => tags.next().copied(),
            Iter::Strings(tags) => tags.next().map(String::as_str),
            Iter::Encoded(reader, left) => {
                let tag = next_encoded(reader)?;
                *left = left.saturating_sub(1);
                Some(tag)
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = match &self.0 {
            Iter::Texts(tags) => tags.len(),
            Iter::Strings(tags) => tags.len(),
            Iter::Encoded(_, left) => *left,
        };
        (len, Some(len))
    }
}

impl ExactSizeIterator for PolicyTagsIter<'_> {}

/// Reads on to the next tag. The records have been decoded once, so an error
/// cannot come up again.
fn next_encoded<'a>(reader: &mut Reader<'a>) -> Option<&'a str> {
    loop {
        let key = reader.next_key().ok()??;
        if key.field == field::POLICY_TAGS {
            return reader.text().ok();
        }
        reader.skip(key).ok()?;
    }
}
