//! The tags of a view, wherever they lie.

use core::fmt;
use core::ops::Range;
use core::slice;

use alloc::string::String;
use alloc::vec::Vec;

use crate::field;
use crate::run::Run;
use crate::wire::{self, Output, Reader};

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
    len: usize,
    /// Whether the stretch is what would be written for the tags in it.
    verbatim: bool,
}

/// Where the tags lie in an entry that is being decoded.
#[derive(Default)]
pub(crate) struct TagRecords {
    stretch: Range<usize>,
    len: usize,
    /// How many bytes would be written for them. No record is shorter than that.
    written: usize,
}

impl TagRecords {
    /// Adds the record of a tag.
    pub(crate) fn add(&mut self, record: Range<usize>, tag: &str) {
        let written = wire::element_len(field::POLICY_TAGS, tag.as_bytes());
        self.extend(record, 1, written);
    }

    /// Adds the tags that are next in a run.
    #[inline]
    pub(crate) fn add_run(&mut self, run: &mut Run<'_>) {
        let start = run.position();
        let mut len = 0;
        while run.text(field::POLICY_TAGS, &mut "") {
            len += 1;
        }
        let records = start..run.position();
        if !records.is_empty() {
            let written = records.len();
            self.extend(records, len, written);
        }
    }

    #[inline]
    fn extend(&mut self, records: Range<usize>, len: usize, written: usize) {
        if self.len == 0 {
            self.stretch.start = records.start;
        }
        self.stretch.end = records.end;
        self.len += len;
        self.written += written;
    }

    /// Returns the tags, given the entry that they lie in.
    pub(crate) fn of(self, entry: &[u8]) -> PolicyTags<'_> {
        PolicyTags(Source::Encoded(Encoded {
            verbatim: self.written == self.stretch.len(),
            len: self.len,
            records: &entry[self.stretch],
        }))
    }
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

    /// Returns how many tags there are.
    #[must_use]
    #[inline]
    pub fn len(&self) -> usize {
        match self.0 {
            Source::Texts(tags) => tags.len(),
            Source::Strings(tags) => tags.len(),
            Source::Encoded(encoded) => encoded.len,
        }
    }

    /// Returns whether there are none.
    #[must_use]
    #[inline]
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
                Iter::Encoded(EncodedIter::new(records), len)
            }
        })
    }

    /// Returns the tags as strings of their own.
    #[inline]
    pub(crate) fn to_strings(self) -> Vec<String> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut strings = Vec::with_capacity(self.len());
        self.iter().for_each(|tag| strings.push(tag.into()));
        strings
    }

    #[inline]
    pub(crate) fn encoded_len(&self) -> usize {
        match self.0 {
            _ if self.is_empty() => 0,
            Source::Encoded(encoded) if encoded.verbatim => encoded.records.len(),
            _ => self
                .iter()
                .map(|tag| wire::element_len(field::POLICY_TAGS, tag.as_bytes()))
                .sum(),
        }
    }

    #[inline]
    pub(crate) fn put(&self, out: &mut impl Output) {
        match self.0 {
            _ if self.is_empty() => {}
            Source::Encoded(encoded) if encoded.verbatim => out.put(encoded.records),
            _ => self
                .iter()
                .for_each(|tag| wire::put_element(field::POLICY_TAGS, tag.as_bytes(), out)),
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

impl<'a> From<&'a Vec<&'a str>> for PolicyTags<'a> {
    fn from(tags: &'a Vec<&'a str>) -> Self {
        Self::new(tags)
    }
}

impl<'a> From<&'a Vec<String>> for PolicyTags<'a> {
    fn from(tags: &'a Vec<String>) -> Self {
        tags.as_slice().into()
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

/// The iterator over [`PolicyTags`], which [`PolicyTags::iter`] returns.
#[derive(Clone)]
pub struct PolicyTagsIter<'a>(Iter<'a>);

#[derive(Clone)]
enum Iter<'a> {
    Texts(slice::Iter<'a, &'a str>),
    Strings(slice::Iter<'a, String>),
    Encoded(EncodedIter<'a>, usize),
}

impl<'a> Iterator for PolicyTagsIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        match &mut self.0 {
            Iter::Texts(tags) => tags.next().copied(),
            Iter::Strings(tags) => tags.next().map(String::as_str),
            Iter::Encoded(tags, left) => {
                let tag = tags.next()?;
                *left = left.saturating_sub(1);
                Some(tag)
            }
        }
    }

    /// Decides once, for all tags, where they lie.
    #[inline]
    fn fold<B, F: FnMut(B, &'a str) -> B>(self, init: B, f: F) -> B {
        match self.0 {
            Iter::Texts(tags) => tags.copied().fold(init, f),
            Iter::Strings(tags) => tags.map(String::as_str).fold(init, f),
            Iter::Encoded(tags, _) => tags.fold(init, f),
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

/// Reads the tags in a stretch of an entry. It has been decoded once, so errors
/// cannot come up again.
#[derive(Clone)]
struct EncodedIter<'a> {
    run: Run<'a>,
    reader: Reader<'a>,
}

impl<'a> EncodedIter<'a> {
    fn new(records: &'a [u8]) -> Self {
        Self {
            run: Run::new(records),
            reader: Reader::new(records),
        }
    }

    /// Reads on to the next tag, behind the run.
    #[inline(never)]
    fn next_record(&mut self) -> Option<&'a str> {
        self.reader.skip_to(self.run.position());
        loop {
            let key = self.reader.next_key().ok()??;
            if key.field == field::POLICY_TAGS {
                let tag = self.reader.text().ok();
                self.run.skip_to(self.reader.position());
                return tag;
            }
            self.reader.skip(key).ok()?;
        }
    }
}

impl<'a> Iterator for EncodedIter<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let mut tag = "";
        if self.run.text(field::POLICY_TAGS, &mut tag) {
            return Some(tag);
        }
        self.next_record()
    }
}
