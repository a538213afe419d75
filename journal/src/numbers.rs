//! The numbers of records as they come, and which are not there.

use std::ops::Range;

/// Where in the journal somebody who reads is.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    /// The number that the next record should have.
    next: u64,
    /// How many damaged records have come since the last whole one. Each may have been
    /// the next, or none that belongs there.
    damaged: u64,
    /// The number after the last record that is older than what is wanted.
    older: u64,
}

impl Numbers {
    pub(crate) fn from(next: u64) -> Self {
        Self {
            next,
            damaged: 0,
            older: 0,
        }
    }

    /// The lowest number that a record may have now.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// The number that what comes now should have.
    pub(crate) fn expected(&self) -> u64 {
        self.next.saturating_add(self.damaged)
    }

    /// The number that what comes now should have, those counted that are older than what
    /// is wanted.
    pub(crate) fn reached(&self) -> u64 {
        self.expected().max(self.older)
    }

    /// Counts a damaged record, and returns the number that it should have.
    pub(crate) fn pass_damaged(&mut self) -> u64 {
        let sequence = self.expected();
        self.damaged += 1;
        sequence
    }

    /// Passes over a record that is older than what is wanted, and whatever nobody has
    /// seen before it.
    pub(crate) fn pass_older(&mut self, sequence: u64) {
        self.older = sequence + 1;
    }

    /// Goes on to a number, and returns those that are missing before it.
    pub(crate) fn go_to(&mut self, sequence: u64) -> Option<Range<u64>> {
        let seen = self.expected().max(self.older.min(sequence));
        let missing = seen..sequence;
        *self = Self::from(sequence.max(self.next));
        (!missing.is_empty()).then_some(missing)
    }
}
