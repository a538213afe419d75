//! What an auditor records, and what happens if it cannot.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::content::{HmacKey, Redactor};
use crate::rules::Rules;

const MAX_CONTENT: usize = 24 * 1024;

/// Longer than anybody waits, and short enough to be added to any time.
const MAX_INTERVAL: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// What happens to a message whose entry cannot be written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FailurePolicy {
    /// It does not go on: a call is refused, a result withheld, and the caller told so.
    #[default]
    Closed,
    /// It goes on. What could not be kept is counted, and the gap is recorded once the
    /// sink takes entries again.
    Open,
}

/// What an [`Auditor`](crate::Auditor) records, and what happens if it cannot.
///
/// ```
/// use std::time::Duration;
/// use lokryn_mcp_log::{AuditOptions, Everything};
///
/// let options = AuditOptions::new()
///     .started(["tools/call", "resources/read"])
///     .record_content(Everything)
///     .max_wait(Duration::from_secs(2));
/// # drop(options);
/// ```
#[derive(Clone)]
#[must_use]
pub struct AuditOptions {
    pub(crate) started: BTreeSet<String>,
    pub(crate) policy: FailurePolicy,
    pub(crate) max_wait: Duration,
    pub(crate) retry_every: Duration,
    pub(crate) max_kept: usize,
    pub(crate) max_pending: usize,
    pub(crate) max_pending_age: Duration,
    pub(crate) max_content: usize,
    pub(crate) rules: Rules,
    pub(crate) hmac_key: Option<HmacKey>,
    pub(crate) redactor: Option<Arc<dyn Redactor>>,
    pub(crate) denied_codes: BTreeSet<i64>,
    pub(crate) unauthorized_codes: BTreeSet<i64>,
    pub(crate) records_notifications: bool,
}

impl Default for AuditOptions {
    fn default() -> Self {
        Self {
            started: BTreeSet::from(["tools/call".to_owned()]),
            policy: FailurePolicy::Closed,
            max_wait: Duration::from_secs(5),
            retry_every: Duration::from_millis(250),
            max_kept: 1024,
            max_pending: 1024,
            max_pending_age: Duration::from_secs(60 * 60),
            max_content: MAX_CONTENT,
            rules: Rules::new(),
            hmac_key: None,
            redactor: None,
            denied_codes: BTreeSet::new(),
            unauthorized_codes: BTreeSet::new(),
            records_notifications: false,
        }
    }
}

impl AuditOptions {
    /// Returns the defaults, which each method names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the methods whose requests have a `started` entry, which is written before
    /// the request goes on: `tools/call` unless set.
    pub fn started<I>(mut self, methods: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        self.started = methods.into_iter().map(Into::into).collect();
        self
    }

    /// Sets what happens to a message whose entry cannot be written:
    /// [`FailurePolicy::Closed`] unless set.
    pub fn failure_policy(mut self, policy: FailurePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// Sets how long a message waits for its entry to be written: 5 seconds unless set,
    /// and at most a year.
    pub fn max_wait(mut self, max_wait: Duration) -> Self {
        self.max_wait = max_wait.min(MAX_INTERVAL);
        self
    }

    /// Sets how often a sink that has failed is opened again: every 250 milliseconds
    /// unless set.
    pub fn retry_every(mut self, interval: Duration) -> Self {
        self.retry_every = interval.min(MAX_INTERVAL);
        self
    }

    /// Sets how many entries are kept for a sink that is slow or has failed: 1024 unless
    /// set, and at least one. Those that find no place are lost, counted, and recorded as
    /// a gap.
    pub fn max_kept(mut self, max_kept: usize) -> Self {
        self.max_kept = max_kept.max(1);
        self
    }

    /// Sets how many requests of each direction, and how many tasks, a connection waits
    /// for at once: 1024 unless set, and at least one. The oldest one makes room, and its
    /// entry says that its end is not known.
    pub fn max_pending(mut self, max_pending: usize) -> Self {
        self.max_pending = max_pending.max(1);
        self
    }

    /// Sets after how long without an answer a request is recorded as timed out: an hour
    /// unless set.
    pub fn max_pending_age(mut self, age: Duration) -> Self {
        self.max_pending_age = age;
        self
    }

    /// Sets how many bytes of arguments, and how many of a result, an entry holds at
    /// most: 24 KiB unless set. It cannot be more, because both must fit into a record of
    /// a journal. Sizes and HMACs are those of the whole.
    pub fn max_content(mut self, max_content: usize) -> Self {
        self.max_content = max_content.min(MAX_CONTENT);
        self
    }

    /// Records arguments and results, as the redactor leaves them.
    pub fn record_content(mut self, redactor: impl Redactor + 'static) -> Self {
        self.redactor = Some(Arc::new(redactor));
        self
    }

    /// Sets what the tools mean.
    pub fn rules(mut self, rules: Rules) -> Self {
        self.rules = rules;
        self
    }

    /// Sets the key of the HMACs. Without one, each auditor makes one that nobody else
    /// has, and contents can be compared only among its own entries.
    pub fn hmac_key(mut self, key: HmacKey) -> Self {
        self.hmac_key = Some(key);
        self
    }

    /// Sets which error codes of the servers mean that the call was denied: none unless
    /// set, for there is no standard one.
    pub fn denied_codes(mut self, codes: impl IntoIterator<Item = i64>) -> Self {
        self.denied_codes = codes.into_iter().collect();
        self
    }

    /// Sets which error codes of the servers mean that the caller is not authenticated:
    /// none unless set.
    pub fn unauthorized_codes(mut self, codes: impl IntoIterator<Item = i64>) -> Self {
        self.unauthorized_codes = codes.into_iter().collect();
        self
    }

    /// Records also the notifications that say nothing of who did what, such as log
    /// messages, with the severity DEBUG.
    pub fn record_notifications(mut self) -> Self {
        self.records_notifications = true;
        self
    }
}

impl fmt::Debug for AuditOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditOptions")
            .field("started", &self.started)
            .field("policy", &self.policy)
            .field("max_wait", &self.max_wait)
            .field("max_kept", &self.max_kept)
            .field("rules", &self.rules)
            .field("hmac_key", &self.hmac_key)
            .field("records_content", &self.redactor.is_some())
            .finish_non_exhaustive()
    }
}
