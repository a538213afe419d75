//! The tags of a view, wherever they lie.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::slice;

use alloc::string::String;
use alloc::vec::Vec;

use super::DecodeError;
use super::utf8::from_utf8;
use super::wire::{self, Key, Output, Reader};

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
    Run(Run<'a>),
    Scattered(Scattered<'a>),
}

/// Records of tags with a key and a length of one byte each, one after another, which
/// are text as a whole.
#[derive(Clone, Copy)]
struct Run<'a> {
    records: &'a str,
    /// How many tags there are.
    len: usize,
    /// The entry, from the first tag on.
    from: &'a [u8],
    /// The number of the field.
    number: u32,
}

/// A stretch of an entry that has been decoded without an error. It begins with
/// the first tag and ends with the last; other fields may lie between them.
#[derive(Clone, Copy)]
struct Scattered<'a> {
    /// The entry, from the first tag on.
    from: &'a [u8],
    /// How long the stretch is.
    stretch: usize,
    /// How many tags there are.
    len: usize,
    /// How many bytes would be written for them. No record is shorter than that.
    written: usize,
    /// The number of the field.
    number: u32,
}

impl<'a> Scattered<'a> {
    #[inline]
    fn records(&self) -> &'a [u8] {
        &self.from[..self.stretch]
    }

    #[inline]
    fn values(&self) -> Values<'a> {
        Values {
            number: self.number,
            reader: Reader::new(self.records()),
        }
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
            Source::Run(run) => run.len,
            Source::Scattered(scattered) => scattered.len,
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
        match self.0 {
            Source::Run(run) => RunIter(run.records).any(|other| other == tag),
            _ => self.iter().any(|other| other == tag),
        }
    }

    /// Iterates over the tags in their order.
    #[must_use]
    pub fn iter(&self) -> PolicyTagsIter<'a> {
        PolicyTagsIter(match self.0 {
            Source::Texts(tags) => Iter::Texts(tags.iter()),
            Source::Strings(tags) => Iter::Strings(tags.iter()),
            Source::Run(run) => Iter::Run(RunIter(run.records), run.len),
            Source::Scattered(scattered) => Iter::Scattered(scattered.values(), scattered.len),
        })
    }

    /// Adds the tags that are next.
    #[inline]
    pub(super) fn read_next(
        &mut self,
        number: u32,
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError> {
        let entry = reader.message();
        let start = reader.position();
        let (mut records, mut len) = reader.next_short_texts(number)?;
        while reader.next_text(number)?.is_some() {
            let (more, short) = reader.next_short_texts(number)?;
            records = more;
            len += 1 + short;
        }
        if len == 0 {
            return Ok(());
        }
        let from = &entry[start..];
        match self.0 {
            Source::Texts(_) if records.len() == reader.position() - start => {
                self.0 = Source::Run(Run {
                    records,
                    len,
                    from,
                    number,
                });
            }
            _ => {
                let stretch = reader.position() - start;
                self.scatter(number, from, stretch, len, stretch);
            }
        }
        Ok(())
    }

    /// Adds the tag whose key has been read.
    #[inline(never)]
    pub(super) fn read(&mut self, key: Key, reader: &mut Reader<'a>) -> Result<(), DecodeError> {
        let after_key = reader.position();
        reader.skip_to(key.at);
        self.read_next(key.field, reader)?;
        if reader.position() > key.at {
            return Ok(());
        }
        reader.skip_to(after_key);
        let tag = reader.text(key.field)?;
        let written = wire::element_len(key.field, tag.as_bytes());
        let from = &reader.message()[key.at..];
        self.scatter(key.field, from, reader.position() - key.at, 1, written);
        Ok(())
    }

    /// Adds tags that are at the start of `from`, the rest of the entry, and take
    /// `stretch` bytes of it.
    fn scatter(&mut self, number: u32, from: &'a [u8], stretch: usize, len: usize, written: usize) {
        let before = match self.0 {
            Source::Scattered(scattered) => scattered,
            Source::Run(run) => Scattered {
                from: run.from,
                stretch: run.records.len(),
                len: run.len,
                written: run.records.len(),
                number,
            },
            _ => Scattered {
                from,
                stretch: 0,
                len: 0,
                written: 0,
                number,
            },
        };
        self.0 = Source::Scattered(Scattered {
            stretch: before.from.len() - from.len() + stretch,
            len: before.len + len,
            written: before.written + written,
            ..before
        });
    }

    /// Returns the tags as strings of their own.
    #[inline]
    pub(super) fn to_strings(self) -> Vec<String> {
        if self.is_empty() {
            return Vec::new();
        }
        let mut strings = Vec::with_capacity(self.len());
        self.iter().for_each(|tag| strings.push(tag.into()));
        strings
    }

    /// Adds the tags that are next in an entry to strings.
    #[inline]
    pub(super) fn push_next(
        number: u32,
        strings: &mut Vec<String>,
        reader: &mut Reader<'a>,
    ) -> Result<(), DecodeError> {
        loop {
            let (records, len) = reader.next_short_texts(number)?;
            if strings.is_empty() {
                strings.reserve_exact(len);
            }
            RunIter(records).for_each(|tag| strings.push(tag.into()));
            match reader.next_text(number)? {
                Some(tag) => strings.push(tag.into()),
                None => return Ok(()),
            }
        }
    }

    #[inline]
    pub(super) fn encoded_len(&self, number: u32) -> usize {
        match self.0 {
            Source::Run(run) if run.number == number => run.records.len(),
            Source::Scattered(it) if it.number == number => it.written,
            _ => self
                .iter()
                .map(|tag| wire::element_len(number, tag.as_bytes()))
                .sum(),
        }
    }

    #[inline]
    pub(super) fn put(&self, number: u32, out: &mut impl Output) {
        match self.0 {
            Source::Run(run) if run.number == number => out.put(run.records.as_bytes()),
            Source::Scattered(it) if it.number == number && it.written == it.stretch => {
                out.put(it.records());
            }
            Source::Scattered(it) => it
                .values()
                .for_each(|tag| wire::put_element(number, tag, out)),
            _ => self
                .iter()
                .for_each(|tag| wire::put_element(number, tag.as_bytes(), out)),
        }
    }
}

#[cfg(feature = "json")]
mod serializable {
    use super::{PolicyTags, Source};
    use serde_core::ser::{Serialize, Serializer};

    struct Serializable<'a>(PolicyTags<'a>);

    impl PolicyTags<'_> {
        /// Returns the tags as what serde writes as a sequence of strings.
        #[inline]
        pub(crate) fn serializable(self) -> impl Serialize {
            Serializable(self)
        }
    }

    impl Serialize for Serializable<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            match self.0.0 {
                Source::Texts(tags) => tags.serialize(serializer),
                Source::Strings(tags) => tags.serialize(serializer),
                Source::Run(_) | Source::Scattered(_) => serializer.collect_seq(self.0),
            }
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

/// Hashes the tags, wherever they lie, as `[&str]` does.
impl Hash for PolicyTags<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        self.iter().for_each(|tag| tag.hash(state));
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
    Run(RunIter<'a>, usize),
    Scattered(Values<'a>, usize),
}

impl<'a> Iterator for PolicyTagsIter<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        match &mut self.0 {
            Iter::Texts(tags) => tags.next().copied(),
            Iter::Strings(tags) => tags.next().map(String::as_str),
            Iter::Run(tags, left) => {
                *left = left.saturating_sub(1);
                tags.next()
            }
            Iter::Scattered(values, left) => {
                *left = left.saturating_sub(1);
                from_utf8(values.next()?)
            }
        }
    }

    /// Decides once, for all tags, where they lie.
    #[inline]
    fn fold<B, F: FnMut(B, &'a str) -> B>(self, init: B, f: F) -> B {
        match self.0 {
            Iter::Texts(tags) => tags.copied().fold(init, f),
            Iter::Strings(tags) => tags.map(String::as_str).fold(init, f),
            Iter::Run(tags, _) => tags.fold(init, f),
            Iter::Scattered(values, _) => values.filter_map(from_utf8).fold(init, f),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = match &self.0 {
            Iter::Texts(tags) => tags.len(),
            Iter::Strings(tags) => tags.len(),
            Iter::Run(_, left) | Iter::Scattered(_, left) => *left,
        };
        (len, Some(len))
    }
}

impl ExactSizeIterator for PolicyTagsIter<'_> {}

/// Prints the tags that are left.
impl fmt::Debug for PolicyTagsIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

#[derive(Clone)]
struct RunIter<'a>(&'a str);

impl<'a> Iterator for RunIter<'a> {
    type Item = &'a str;

    #[inline]
    fn next(&mut self) -> Option<&'a str> {
        let len = usize::from(*self.0.as_bytes().get(1)?);
        let (record, rest) = self.0.split_at_checked(2 + len)?;
        self.0 = rest;
        record.get(2..)
    }
}

/// Reads the bytes of the tags in a stretch of an entry. It has been decoded once,
/// so errors cannot come up again.
#[derive(Clone)]
struct Values<'a> {
    number: u32,
    reader: Reader<'a>,
}

impl<'a> Iterator for Values<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        loop {
            if let Some(bytes) = self.reader.next_bytes(self.number) {
                return Some(bytes);
            }
            let key = self.reader.next_key().ok()??;
            if key.field == self.number {
                return self.reader.bytes(self.number).ok();
            }
            self.reader.skip(key).ok()?;
        }
    }
}
