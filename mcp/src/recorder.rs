//! The thread that owns the sink.
//!
//! Entries are written in the order in which they were submitted. One that the sink has
//! not taken stays where it is and is tried again first, so nothing overtakes it. The
//! queue is bounded: what finds no place is refused, and whoever submitted it knows.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use lokryn_compliance_log::LogEntry;

use crate::sink::{AuditSink, SinkError};

/// How many entries are committed together at most.
const MAX_COMMITTED_TOGETHER: usize = 64;

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a line waits for: its last entry.
#[derive(Debug, Default)]
pub(crate) struct Ticket {
    state: Mutex<TicketState>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct TicketState {
    reply: Option<Reply>,
    waker: Option<Waker>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    Written,
    Failed,
    /// It need not wait any more.
    Cancelled,
}

impl Ticket {
    pub(crate) fn reply(&self, reply: Reply) {
        let mut state = lock(&self.state);
        if state.reply.is_some() {
            return;
        }
        state.reply = Some(reply);
        let waker = state.waker.take();
        drop(state);
        self.changed.notify_all();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn peek(&self) -> Option<Reply> {
        lock(&self.state).reply
    }

    pub(crate) fn wait_until(&self, deadline: Instant) -> Option<Reply> {
        let mut state = lock(&self.state);
        while state.reply.is_none() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        state.reply
    }

    pub(crate) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = lock(&self.state);
        if state.reply.is_some() {
            return Poll::Ready(());
        }
        match &mut state.waker {
            Some(waker) => waker.clone_from(context.waker()),
            none => *none = Some(context.waker().clone()),
        }
        Poll::Pending
    }
}

struct Job {
    entry: LogEntry,
    ticket: Option<Arc<Ticket>>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// How many entries the sink is being given.
    in_flight: usize,
    /// How many entries have been submitted, and how many written, ever.
    submitted: u64,
    written: u64,
    /// Why the sink does not take entries.
    error: Option<String>,
    /// Up to which entry somebody has waited in vain.
    stalled_until: Option<u64>,
    is_closing: bool,
    has_ended: bool,
}

struct Shared {
    state: Mutex<State>,
    /// For the thread.
    work: Condvar,
    ended: Condvar,
    max_kept: usize,
    retry_every: Duration,
}

/// The handle of the thread.
pub(crate) struct Recorder {
    shared: Arc<Shared>,
}

/// What the queue had no place for.
#[derive(Debug)]
pub(crate) struct Full;

impl Recorder {
    pub(crate) fn start(
        sink: Box<dyn AuditSink>,
        max_kept: usize,
        retry_every: Duration,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            work: Condvar::new(),
            ended: Condvar::new(),
            max_kept,
            retry_every,
        });
        let of_thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("audit-recorder".into())
            .spawn(move || of_thread.run(sink))?;
        Ok(Self { shared })
    }

    /// Whether the sink takes entries, as far as is known.
    pub(crate) fn is_taking(&self) -> bool {
        let state = lock(&self.shared.state);
        state.error.is_none() && state.stalled_until.is_none() && !state.is_closing
    }

    /// Puts entries into the queue, all or none. The ticket is that of the last one.
    pub(crate) fn submit(
        &self,
        entries: Vec<LogEntry>,
        mut ticket: Option<Arc<Ticket>>,
    ) -> Result<(), Full> {
        let count = entries.len();
        let mut state = lock(&self.shared.state);
        let kept = state.queue.len() + state.in_flight;
        if kept + count > self.shared.max_kept || state.has_ended || state.is_closing {
            return Err(Full);
        }
        for (index, entry) in entries.into_iter().enumerate() {
            let ticket = if index + 1 == count {
                ticket.take()
            } else {
                None
            };
            state.queue.push_back(Job { entry, ticket });
        }
        state.submitted += u64::try_from(count).unwrap_or(u64::MAX);
        // The sink has failed: nobody is to wait for the next try.
        if state.error.is_some()
            && let Some(ticket) = state.queue.back_mut().and_then(|job| job.ticket.take())
        {
            ticket.reply(Reply::Failed);
        }
        drop(state);
        self.shared.work.notify_one();
        Ok(())
    }

    /// Says that somebody has waited in vain.
    pub(crate) fn mark_stalled(&self) {
        let mut state = lock(&self.shared.state);
        if state.written < state.submitted {
            state.stalled_until = Some(state.submitted);
        }
    }

    /// Writes what is left, for a bounded time. Returns how much was not written, and why.
    pub(crate) fn close(&self, max_wait: Duration) -> (usize, Option<String>) {
        let deadline = Instant::now() + max_wait;
        let mut state = lock(&self.shared.state);
        state.is_closing = true;
        self.shared.work.notify_one();
        while !state.has_ended {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                break;
            }
            let waited = self.shared.ended.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        (state.queue.len() + state.in_flight, state.error.clone())
    }
}

impl fmt::Debug for Recorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recorder").finish_non_exhaustive()
    }
}

impl Drop for Recorder {
    /// The thread writes what is left, and ends.
    fn drop(&mut self) {
        lock(&self.shared.state).is_closing = true;
        self.shared.work.notify_one();
    }
}

impl Shared {
    fn run(&self, mut sink: Box<dyn AuditSink>) {
        loop {
            let mut state = lock(&self.state);
            while state.queue.is_empty() && !state.is_closing {
                state = self
                    .work
                    .wait(state)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            if state.queue.is_empty() {
                break;
            }
            let has_failed = state.error.is_some();
            if has_failed {
                let deadline = Instant::now() + self.retry_every;
                // Submissions wake the thread, too.
                while !state.is_closing {
                    let left = deadline.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        break;
                    }
                    let waited = self.work.wait_timeout(state, left);
                    state = waited.unwrap_or_else(PoisonError::into_inner).0;
                }
            }
            let is_closing = state.is_closing;
            // One entry shows whether the sink takes any.
            let most = if has_failed {
                1
            } else {
                MAX_COMMITTED_TOGETHER
            };
            let count = state.queue.len().min(most);
            let jobs: Vec<Job> = state.queue.drain(..count).collect();
            state.in_flight = count;
            drop(state);

            let written = write(&mut *sink, &jobs, has_failed);

            let mut state = lock(&self.state);
            state.in_flight = 0;
            match written {
                Ok(()) => {
                    state.error = None;
                    state.written += u64::try_from(count).unwrap_or(u64::MAX);
                    if state
                        .stalled_until
                        .is_some_and(|until| state.written >= until)
                    {
                        state.stalled_until = None;
                    }
                    drop(state);
                    for ticket in jobs.into_iter().filter_map(|job| job.ticket) {
                        ticket.reply(Reply::Written);
                    }
                }
                Err(err) => {
                    state.error = Some(err.to_string());
                    for job in jobs.into_iter().rev() {
                        state.queue.push_front(job);
                    }
                    let tickets = state.queue.iter_mut().filter_map(|job| job.ticket.take());
                    let tickets: Vec<_> = tickets.collect();
                    drop(state);
                    for ticket in tickets {
                        ticket.reply(Reply::Failed);
                    }
                    // It has had a chance after it was asked to end.
                    if is_closing && has_failed {
                        break;
                    }
                }
            }
        }
        // A journal signs what it holds then, and whoever closes waits for it.
        let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(sink)));
        lock(&self.state).has_ended = true;
        self.ended.notify_all();
    }
}

/// Writes entries and commits them. A sink that panics has failed.
fn write(sink: &mut dyn AuditSink, jobs: &[Job], has_failed: bool) -> Result<(), SinkError> {
    let written = panic::catch_unwind(AssertUnwindSafe(|| {
        if has_failed {
            sink.reopen()?;
        }
        for job in jobs {
            sink.append(&job.entry)?;
        }
        sink.commit()
    }));
    written.unwrap_or_else(|_| Err("the sink panicked".into()))
}
