//! Finding a few records among many, on several threads.

use std::ops::Range;
use std::path::Path;

use crate::error::Place;
use crate::reader::{RecordsError, next_range};
use crate::record::{Record, RecordError, Stored};
use crate::scan::{Bytes, Damage, Piece};
use crate::segment;

/// What is looked for.
pub(crate) struct Selecting<K> {
    pub(crate) keep: K,
    /// The numbers to look at, and the times.
    pub(crate) from: u64,
    pub(crate) end: u64,
    pub(crate) since: u64,
    pub(crate) until: u64,
}

/// What a piece holds of it.
pub(crate) struct Found {
    bytes: Option<Bytes>,
    items: Vec<Item>,
}

enum Item {
    /// Records with these numbers, none of which is kept.
    Passed(Range<u64>),
    /// Records that are older than what is wanted: nothing is missed before them.
    Older {
        next: u64,
    },
    Kept(Range<usize>, Stored),
    Bad {
        first: u64,
        offset: u64,
        reason: Option<RecordError>,
    },
    /// There is nothing wanted from here on.
    Past,
}

impl<K: Fn(&Record<'_>) -> bool> Selecting<K> {
    /// Looks at a piece. Knows nothing of those before it.
    pub(crate) fn look_at(&self, piece: Piece) -> Found {
        match piece {
            Piece::Frames(bytes) | Piece::Record(bytes) => {
                let items = self.items(&bytes);
                let bytes = Some(bytes);
                Found { bytes, items }
            }
            Piece::Damage {
                first,
                offset,
                what,
            } => {
                // The end that a writer is writing, or a crash has left.
                let is_tail = what == Damage::Torn && self.end == u64::MAX;
                let reason = None;
                let bad = Item::Bad {
                    first,
                    offset,
                    reason,
                };
                let items = if is_tail { Vec::new() } else { vec![bad] };
                Found { bytes: None, items }
            }
            Piece::End => Found {
                bytes: None,
                items: Vec::new(),
            },
        }
    }

    fn items(&self, bytes: &Bytes) -> Vec<Item> {
        let mut items = Vec::new();
        let mut at = 0;
        while let Some((range, end)) = next_range(bytes, at) {
            let record = &bytes.get()[range.clone()];
            let bad = |reason| Item::Bad {
                first: bytes.first,
                offset: bytes.offset + at as u64,
                reason: Some(reason),
            };
            let item = match Stored::parse(record) {
                Err(reason) => bad(reason),
                Ok(stored) => match self.item(record, range, stored) {
                    Ok(item) => item,
                    Err(reason) => bad(reason),
                },
            };
            at = end;
            match (items.last_mut(), item) {
                (Some(Item::Passed(before)), Item::Passed(one)) if before.end == one.start => {
                    before.end = one.end;
                }
                (Some(Item::Older { next: before }), Item::Older { next }) => *before = next,
                (_, Item::Past) => {
                    items.push(Item::Past);
                    break;
                }
                (_, item) => items.push(item),
            }
        }
        items
    }

    fn item(
        &self,
        record: &[u8],
        range: Range<usize>,
        stored: Stored,
    ) -> Result<Item, RecordError> {
        let sequence = stored.sequence;
        let next = sequence.saturating_add(1);
        if sequence < self.from || stored.recorded_at < self.since {
            return Ok(Item::Older { next });
        }
        if sequence >= self.end || stored.recorded_at >= self.until {
            return Ok(Item::Past);
        }
        if (self.keep)(&Record::of(record, stored)?) {
            return Ok(Item::Kept(range, stored));
        }
        Ok(Item::Passed(sequence..next))
    }
}

/// Where in the journal what was found is, taken together.
pub(crate) struct Selected<'a> {
    folder: &'a Path,
    /// The number that the next record should have.
    next: u64,
    end: u64,
    is_past: bool,
}

impl<'a> Selected<'a> {
    pub(crate) fn at(folder: &'a Path, next: u64, end: u64) -> Self {
        Self {
            folder,
            next,
            end,
            is_past: false,
        }
    }

    /// Hands over what was found in the next piece, and says whether that was all.
    pub(crate) fn hand_over<E>(
        &mut self,
        found: Found,
        take: &mut impl FnMut(Result<Record<'_>, RecordsError>) -> Result<(), E>,
    ) -> Result<bool, E> {
        for item in found.items {
            if self.is_past {
                break;
            }
            match item {
                Item::Older { next } => self.next = self.next.max(next),
                Item::Past => self.is_past = true,
                Item::Passed(numbers) => {
                    self.miss_until(numbers.start, take)?;
                    self.next = self.next.max(numbers.end);
                }
                Item::Kept(range, stored) => {
                    if stored.sequence < self.next {
                        continue;
                    }
                    self.miss_until(stored.sequence, take)?;
                    self.next = stored.sequence.saturating_add(1);
                    let bytes = found.bytes.as_ref().map(Bytes::get).unwrap_or_default();
                    // It has been decoded before.
                    if let Ok(record) = Record::of(&bytes[range], stored) {
                        take(Ok(record))?;
                    }
                }
                Item::Bad {
                    first,
                    offset,
                    reason,
                } => {
                    let place = Place {
                        segment: segment::path(self.folder, first),
                        offset,
                        sequence: self.next,
                    };
                    // Behind a damaged length the record may be found all the same.
                    self.next += u64::from(reason.is_some());
                    take(Err(RecordsError::Damaged { place, reason }))?;
                }
            }
            self.is_past |= self.next >= self.end;
        }
        Ok(self.is_past)
    }

    fn miss_until<E>(
        &mut self,
        sequence: u64,
        take: &mut impl FnMut(Result<Record<'_>, RecordsError>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.next < sequence {
            let numbers = self.next..sequence;
            self.next = sequence;
            take(Err(RecordsError::Missing { numbers }))?;
        }
        Ok(())
    }

    /// Says what is missing at the end.
    pub(crate) fn finish<E>(
        &mut self,
        take: &mut impl FnMut(Result<Record<'_>, RecordsError>) -> Result<(), E>,
    ) -> Result<(), E> {
        if self.is_past || self.end == u64::MAX {
            return Ok(());
        }
        self.miss_until(self.end, take)
    }
}
