//! The tags of a view, wherever they lie.

use core::fmt;
use core::hash::{Hash, Hasher};
use core::ops::Range;
use core::slice;

use alloc::string::String;
use alloc::vec::Vec;

use super::DecodeError;
use super::fast_path::Run;
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
    Encoded(Encoded<'a>),
}

/// A stretch of an entry that has been decoded without an error. It begins with
/// the first tag and ends with the last; other fields may lie between them.
#[derive(Clone, Copy)]
struct Encoded<'a> {
    /// The entry, from the first tag on.
    from: &'a [u8],
    /// How long the stretch is.
    stretch: usize,
    /// The number of the field.
    number: u32,
    /// How many tags there are.
    len: usize,
    /// How many bytes would be written for them. No record is shorter than that.
    written: usize,
}

impl<'a> Encoded<'a> {
    #[inline]
    fn records(&self) -> &'a [u8] {
        &self.from[..self.stretch]
    }

    /// Whether the stretch is what would be written for the field of this number.
    #[inline]
    fn is_verbatim(&self, number: u32) -> bool {
        self.number == number && self.written == self.stretch
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
            Source::Encoded(encoded) => Iter::Encoded(EncodedIter::new(&encoded), encoded.len),
        })
    }

    /// Adds the tags that are next in a run.
    #[inline]
    pub(super) fn read_run(&mut self, number: u32, run: &mut Run<'a>) {
        let start = run.position();
        let mut len = 0;
        while run.text(number, &mut "") {
            len += 1;
        }
        if len > 0 {
            let records = start..run.position();
            let written = records.len();
            self.extend(number, run.entry(), records, len, written);
        }
    }

    /// Adds the tag whose key has been read.
    pub(super) fn read(&mut self, key: Key, reader: &mut Reader<'a>) -> Result<(), DecodeError> {
        let tag = reader.text()?;
        let written = wire::element_len(key.field, tag.as_bytes());
        let record = key.at..reader.position();
        self.extend(key.field, reader.message(), record, 1, written);
        Ok(())
    }

    /// Adds tags that lie in `records` of the entry.
    #[inline]
    fn extend(
        &mut self,
        number: u32,
        entry: &'a [u8],
        records: Range<usize>,
        len: usize,
        written: usize,
    ) {
        let before = match self.0 {
            Source::Encoded(encoded) => encoded,
            _ => Encoded {
                from: &entry[records.start..],
                stretch: 0,
                number,
                len: 0,
                written: 0,
            },
        };
        let start = entry.len() - before.from.len();
        self.0 = Source::Encoded(Encoded {
            stretch: records.end - start,
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

    #[inline]
    pub(super) fn encoded_len(&self, number: u32) -> usize {
        match self.0 {
            _ if self.is_empty() => 0,
            Source::Encoded(encoded) if encoded.is_verbatim(number) => encoded.stretch,
            _ => self
                .iter()
                .map(|tag| wire::element_len(number, tag.as_bytes()))
                .sum(),
        }
    }

    #[inline]
    pub(super) fn put(&self, number: u32, out: &mut impl Output) {
        match self.0 {
            _ if self.is_empty() => {}
            Source::Encoded(encoded) if encoded.is_verbatim(number) => out.put(encoded.records()),
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
                Source::Encoded(_) => serializer.collect_seq(self.0),
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

/// Prints the tags that are left.
impl fmt::Debug for PolicyTagsIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Reads the tags in a stretch of an entry. It has been decoded once, so errors
/// cannot come up again.
#[derive(Clone)]
struct EncodedIter<'a> {
    number: u32,
    run: Run<'a>,
    reader: Reader<'a>,
}

impl<'a> EncodedIter<'a> {
    fn new(encoded: &Encoded<'a>) -> Self {
        Self {
            number: encoded.number,
            run: Run::new(encoded.records()),
            reader: Reader::new(encoded.records()),
        }
    }

    /// Reads on to the next tag, after the run.
    #[inline(never)]
    fn next_record(&mut self) -> Option<&'a str> {
        self.reader.skip_to(self.run.position());
        loop {
            let key = self.reader.next_key().ok()??;
            if key.field == self.number {
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
        if self.run.text(self.number, &mut tag) {
            return Some(tag);
        }
        self.next_record()
    }
}
