//! The requests that have no answer yet.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use super::{Direction, Now};
use crate::message::{Call, Id};

/// Tells requests apart, also those with the same identifier.
pub(crate) type Token = u64;

/// A request without an answer yet.
#[derive(Clone, Debug)]
pub(super) struct Pending {
    pub(super) call: Arc<Call>,
    pub(super) direction: Direction,
    pub(super) started: Now,
    pub(super) progress: u64,
    pub(super) is_held: bool,
    pub(super) is_duplicate: bool,
    /// Whether its `finished` entry has been made: it was cancelled or has timed out, and
    /// an answer may still come.
    pub(super) has_ended: bool,
}

impl Pending {
    pub(super) fn new(call: Call, direction: Direction, started: Now) -> Self {
        Self {
            call: Arc::new(call),
            direction,
            started,
            progress: 0,
            is_held: false,
            is_duplicate: false,
            has_ended: false,
        }
    }
}

/// Those of one direction, oldest first.
#[derive(Debug, Default)]
pub(super) struct Requests {
    pending: BTreeMap<Token, Pending>,
    by_id: HashMap<Id, VecDeque<Token>>,
}

impl Requests {
    pub(super) fn len(&self) -> usize {
        self.pending.len()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.by_id.is_empty()
    }

    /// Whether one has this identifier.
    pub(super) fn has(&self, id: Option<&Id>) -> bool {
        self.by_id.contains_key(id.unwrap_or(&Id::Null))
    }

    pub(super) fn insert(&mut self, token: Token, pending: Pending) {
        let id = pending.call.id.clone().unwrap_or(Id::Null);
        self.by_id.entry(id).or_default().push_back(token);
        self.pending.insert(token, pending);
    }

    pub(super) fn get_mut(&mut self, token: Token) -> Option<&mut Pending> {
        self.pending.get_mut(&token)
    }

    /// Says whether the line that one is in waits.
    pub(super) fn hold(&mut self, token: Token, is_held: bool) {
        if let Some(pending) = self.get_mut(token) {
            pending.is_held = is_held;
        }
    }

    pub(super) fn oldest_first(&mut self) -> impl DoubleEndedIterator<Item = &mut Pending> {
        self.pending.values_mut()
    }

    pub(super) fn remove(&mut self, token: Token) -> Option<Pending> {
        let pending = self.pending.remove(&token)?;
        let id = pending.call.id.as_ref().unwrap_or(&Id::Null);
        if let Some(tokens) = self.by_id.get_mut(id) {
            tokens.retain(|other| *other != token);
            if tokens.is_empty() {
                self.by_id.remove(id);
            }
        }
        Some(pending)
    }

    pub(super) fn remove_oldest(&mut self) -> Option<Pending> {
        let oldest = *self.pending.keys().next()?;
        self.remove(oldest)
    }

    pub(super) fn take_all(&mut self) -> BTreeMap<Token, Pending> {
        std::mem::take(self).pending
    }

    /// Finds the request that an identifier means: the oldest one, but rather one that
    /// has gone on and not ended yet.
    pub(super) fn find(&self, id: &Id) -> Option<Token> {
        let of = |id: &Id| {
            let tokens = self.by_id.get(id)?;
            let is_waiting = |token: &&Token| {
                let pending = self.pending.get(token);
                pending.is_some_and(|pending| !pending.has_ended && !pending.is_held)
            };
            tokens.iter().find(is_waiting).or(tokens.front()).copied()
        };
        of(id).or_else(|| of(&id.alike()?))
    }
}
