//! What becomes of a line, and the answers in its place if it does not go on.

/// An answer in the place of one that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The identifier of the request, as it was written in JSON.
    pub id: String,
    /// Why.
    pub reason: RefusalReason,
}

impl Refusal {
    pub(super) fn new(id: &str, reason: RefusalReason) -> Self {
        Self {
            id: id.to_owned(),
            reason,
        }
    }
}

/// Why a call or a result did not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RefusalReason {
    /// The call was not made, because its entry could not be written.
    NotCalled,
    /// The call was made, and its result withheld, because the entry of the result could
    /// not be written.
    Withheld,
}

impl RefusalReason {
    /// The code of the JSON-RPC error, from the range that is free for implementations.
    pub const CODE: i64 = -32_050;

    /// Returns the message of the JSON-RPC error.
    #[must_use]
    pub const fn message(self) -> &'static str {
        match self {
            Self::NotCalled => "not called: the audit entry of the call could not be written",
            Self::Withheld => {
                "called, but its result is withheld: the audit entry of the result could not be written"
            }
        }
    }
}

/// What becomes of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It goes on, unchanged.
    Forward,
    /// It does not go on, and nobody is told: it was cancelled while it was being
    /// recorded, or nobody waits for an answer.
    Drop,
    /// It does not go on.
    Withhold {
        /// Errors that answer the requests in it, for whoever sent it.
        to_sender: Vec<Refusal>,
        /// Errors in the place of the answers in it, for whoever would have received it.
        to_receiver: Vec<Refusal>,
        /// Whether the line was a batch, so that its answers are one.
        is_batch: bool,
    },
}
