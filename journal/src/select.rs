//! Finding a few records among many, on several threads.

use std::ops::Range;
use std::path::Path;

use crate::error::Place;
use crate::numbers::Numbers;
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
    /// Records with these numbers, none of which is kept, and where the first is.
    Passed {
        numbers: Range<u64>,
        place: (u64, u64),
    },
    /// Records that are older than what is wanted: nothing is missed before them.
    Older { last: u64 },
    Kept {
        range: Range<usize>,
        stored: Stored,
        place: (u64, u64),
    },
    Bad {
        place: (u64, u64),
        reason: Option<RecordError>,
    },
    /// There is nothing wanted from this number on.
    Past(u64),
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
                let bad = Item::Bad {
                    place: (first, offset),
                    reason: None,
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
        // Above every number so far.
        let mut top = 0;
        while let Some((range, end)) = next_range(bytes, at) {
            let place = (bytes.first, bytes.offset + at as u64);
            at = end;
            let record = &bytes.get()[range.clone()];
            let item = Stored::parse(record)
                .and_then(|stored| self.item(record, range, stored, place))
                .unwrap_or_else(|reason| {
                    let reason = Some(reason);
                    Some(Item::Bad { place, reason })
                });
            match (items.last_mut(), item) {
                (_, None) => {}
                (Some(Item::Passed { numbers, .. }), Some(Item::Passed { numbers: one, .. }))
                    if numbers.end == one.start && top == one.start =>
                {
                    numbers.end = one.end;
                    top = one.end;
                }
                (Some(Item::Older { last: before }), Some(Item::Older { last })) => *before = last,
                (_, Some(Item::Past(sequence))) => {
                    items.push(Item::Past(sequence));
                    break;
                }
                (_, Some(item)) => {
                    if let Item::Passed { numbers, .. } = &item {
                        top = top.max(numbers.end);
                    }
                    items.push(item);
                }
            }
        }
        items
    }

    /// What a record is, if it is anything that was asked for.
    fn item(
        &self,
        record: &[u8],
        range: Range<usize>,
        stored: Stored,
        place: (u64, u64),
    ) -> Result<Option<Item>, RecordError> {
        let sequence = stored.sequence;
        if sequence < self.from {
            return Ok(None);
        }
        if sequence >= self.end || stored.recorded_at >= self.until {
            return Ok(Some(Item::Past(sequence.min(self.end))));
        }
        if stored.recorded_at < self.since {
            return Ok(Some(Item::Older { last: sequence }));
        }
        if (self.keep)(&Record::of(record, stored)?) {
            return Ok(Some(Item::Kept {
                range,
                stored,
                place,
            }));
        }
        let numbers = sequence..sequence + 1;
        Ok(Some(Item::Passed { numbers, place }))
    }
}

/// Where in the journal what was found is, taken together.
pub(crate) struct Selected<'a> {
    folder: &'a Path,
    pub(crate) numbers: Numbers,
    end: u64,
    signed: u64,
    is_past: bool,
    /// Where beyond the checkpoint something seems damaged, which was the end.
    pub(crate) doubted: Option<(u64, u64)>,
}

impl<'a> Selected<'a> {
    pub(crate) fn at(folder: &'a Path, numbers: Numbers, end: u64, signed: u64) -> Self {
        Self {
            folder,
            numbers,
            end,
            signed,
            is_past: false,
            doubted: None,
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
                Item::Older { last } => self.numbers.pass_older(last),
                Item::Past(sequence) => {
                    self.miss_until(sequence, take)?;
                    self.is_past = true;
                }
                Item::Passed { numbers, place } => {
                    self.come_to(numbers.start, place, take)?;
                    self.numbers.go_to(numbers.end);
                }
                Item::Kept {
                    range,
                    stored,
                    place,
                } => {
                    if !self.come_to(stored.sequence, place, take)? {
                        continue;
                    }
                    self.numbers.go_to(stored.sequence + 1);
                    let bytes = found.bytes.as_ref().map(Bytes::get).unwrap_or_default();
                    // It has been decoded before.
                    if let Ok(record) = Record::of(&bytes[range], stored) {
                        take(Ok(record))?;
                    }
                }
                // Nobody asks for it.
                Item::Bad { .. } if self.numbers.reached() >= self.end => {}
                // It may be being written.
                Item::Bad { place, .. }
                    if self.end == u64::MAX && self.numbers.reached() >= self.signed =>
                {
                    self.doubted = Some(place);
                    self.is_past = true;
                }
                Item::Bad { place, reason } => {
                    let sequence = match reason {
                        Some(_) => self.numbers.pass_damaged(),
                        // Behind a damaged length the record may be found all the same.
                        None => self.numbers.expected(),
                    };
                    let place = self.place_of(place, sequence);
                    take(Err(RecordsError::Damaged { place, reason }))?;
                }
            }
            self.is_past |= self.numbers.next() >= self.end;
        }
        Ok(self.is_past)
    }

    /// Comes to a record, and says whether it is in its place.
    fn come_to<E>(
        &mut self,
        sequence: u64,
        place: (u64, u64),
        take: &mut impl FnMut(Result<Record<'_>, RecordsError>) -> Result<(), E>,
    ) -> Result<bool, E> {
        if sequence < self.numbers.next() {
            let place = self.place_of(place, self.numbers.expected());
            let found = sequence;
            take(Err(RecordsError::OutOfPlace { place, found }))?;
            return Ok(false);
        }
        self.miss_until(sequence, take)?;
        Ok(true)
    }

    fn miss_until<E>(
        &mut self,
        sequence: u64,
        take: &mut impl FnMut(Result<Record<'_>, RecordsError>) -> Result<(), E>,
    ) -> Result<(), E> {
        match self.numbers.go_to(sequence) {
            Some(numbers) => take(Err(RecordsError::Missing { numbers })),
            None => Ok(()),
        }
    }

    fn place_of(&self, (first, offset): (u64, u64), sequence: u64) -> Place {
        Place {
            segment: segment::path(self.folder, first),
            offset,
            sequence,
        }
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
