//! Writing entries to the sink, one writer at a time.
//!
//! Entries are written in the order in which they were submitted: by a thread of the
//! recorder, or by whoever submitted them, if nothing else is to be written and he can
//! afford to wait for the sink. Waking a thread takes longer than most writes do. One that
//! the sink has not taken stays where it is and is tried again first, by the thread, so
//! nothing overtakes it. The queue is bounded: what finds no place is refused, and whoever
//! submitted it knows.

use std::collections::VecDeque;
use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use lokryn_compliance_log::LogEntry;

use crate::entry;
use crate::sink::{AuditSink, Refused, SinkError};

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
    /// Whether a thread waits. Nobody is woken needlessly, which costs a system call.
    is_awaited: bool,
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
        let is_awaited = state.is_awaited;
        drop(state);
        if is_awaited {
            self.changed.notify_all();
        }
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
            state.is_awaited = true;
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
    /// Whether it is the last one of those that were submitted together.
    is_last: bool,
    /// Whether the entry stands in the place of one that the sink refuses.
    is_refused: bool,
}

impl Job {
    fn append_to(&mut self, sink: &mut dyn AuditSink) -> Result<(), SinkError> {
        match sink.append(&self.entry) {
            Err(err) if err.is::<Refused>() && !self.is_refused => {
                self.is_refused = true;
                self.entry = entry::refused(&self.entry);
                sink.append(&self.entry)
            }
            appended => appended,
        }
    }
}

#[derive(Default)]
struct State {
    queue: VecDeque<Job>,
    /// How many entries the sink is being given. Whoever has put that here is the writer.
    in_flight: usize,
    /// How many entries have been submitted, and how many written, ever.
    submitted: u64,
    written: u64,
    /// Whether an entry has been refused that was submitted with the next one.
    is_refused: bool,
    /// Why the sink does not take entries.
    error: Option<String>,
    /// Up to which entry somebody has waited in vain.
    stalled_until: Option<u64>,
    is_closing: bool,
    has_ended: bool,
}

struct Shared {
    state: Mutex<State>,
    /// Locked by the writer alone. `None` after the end.
    sink: Mutex<Option<Box<dyn AuditSink>>>,
    /// For the thread.
    work: Condvar,
    ended: Condvar,
    max_kept: usize,
    retry_every: Duration,
    watched: Mutex<Vec<Watched>>,
    watch_every: Duration,
}

/// What is done every now and then, until it returns that there is nothing more to do.
type Watched = Box<dyn FnMut() -> bool + Send>;

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
        watch_every: Duration,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            state: Mutex::default(),
            sink: Mutex::new(Some(sink)),
            work: Condvar::new(),
            ended: Condvar::new(),
            max_kept,
            retry_every,
            watched: Mutex::default(),
            watch_every,
        });
        let of_thread = Arc::clone(&shared);
        thread::Builder::new()
            .name("audit-recorder".into())
            .spawn(move || of_thread.run())?;
        Ok(Self { shared })
    }

    /// Lets the thread do something every now and then, for as long as it returns `true`.
    pub(crate) fn watch(&self, watched: impl FnMut() -> bool + Send + 'static) {
        lock(&self.shared.watched).push(Box::new(watched));
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
        ticket: Option<Arc<Ticket>>,
    ) -> Result<(), Full> {
        let state = self.shared.enqueue(entries, ticket)?;
        // A writer looks at the queue when he has written.
        let is_idle = state.in_flight == 0;
        drop(state);
        if is_idle {
            self.shared.work.notify_one();
        }
        Ok(())
    }

    /// As [`submit`](Self::submit), but leaves the writing to the caller, if nobody else
    /// writes and nothing else is to be written.
    pub(crate) fn submit_to_write(
        &self,
        entries: Vec<LogEntry>,
        ticket: Option<Arc<Ticket>>,
    ) -> Result<Option<Turn>, Full> {
        let count = entries.len();
        let mut state = self.shared.enqueue(entries, ticket)?;
        if state.in_flight > 0 {
            return Ok(None);
        }
        if state.queue.len() > count || state.error.is_some() || count == 0 {
            drop(state);
            self.shared.work.notify_one();
            return Ok(None);
        }
        Ok(Some(Turn {
            jobs: state.take(count),
            shared: Arc::clone(&self.shared),
        }))
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

impl State {
    fn take(&mut self, count: usize) -> Vec<Job> {
        self.in_flight = count;
        self.queue.drain(..count).collect()
    }
}

/// Entries that their submitter is to write.
pub(crate) struct Turn {
    jobs: Vec<Job>,
    shared: Arc<Shared>,
}

impl Turn {
    /// Writes the entries, for as long as the sink takes.
    pub(crate) fn write(mut self) {
        let mut jobs = std::mem::take(&mut self.jobs);
        let written = self.shared.write(&mut jobs, false);
        self.shared.written(jobs, written);
    }
}

impl Drop for Turn {
    /// What has not been written is left to the thread.
    fn drop(&mut self) {
        if self.jobs.is_empty() {
            return;
        }
        let mut state = lock(&self.shared.state);
        state.in_flight = 0;
        for job in std::mem::take(&mut self.jobs).into_iter().rev() {
            state.queue.push_front(job);
        }
        drop(state);
        self.shared.work.notify_one();
    }
}

impl Shared {
    fn enqueue(
        &self,
        entries: Vec<LogEntry>,
        mut ticket: Option<Arc<Ticket>>,
    ) -> Result<MutexGuard<'_, State>, Full> {
        let count = entries.len();
        let mut state = lock(&self.state);
        let kept = state.queue.len() + state.in_flight;
        if kept + count > self.max_kept || state.has_ended || state.is_closing {
            return Err(Full);
        }
        for (index, entry) in entries.into_iter().enumerate() {
            let is_last = index + 1 == count;
            state.queue.push_back(Job {
                entry,
                ticket: ticket.take_if(|_| is_last),
                is_last,
                is_refused: false,
            });
        }
        state.submitted += u64::try_from(count).unwrap_or(u64::MAX);
        // The sink has failed: nobody is to wait for the next try.
        if state.error.is_some()
            && let Some(ticket) = state.queue.back_mut().and_then(|job| job.ticket.take())
        {
            ticket.reply(Reply::Failed);
        }
        Ok(state)
    }

    fn run(&self) {
        let mut next_look = Instant::now() + self.watch_every;
        loop {
            let mut state = lock(&self.state);
            while state.in_flight > 0 || (state.queue.is_empty() && !state.is_closing) {
                if state.is_closing {
                    // Whoever writes says when he has.
                    let waited = self.work.wait(state);
                    state = waited.unwrap_or_else(PoisonError::into_inner);
                    continue;
                }
                let left = next_look.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                let waited = self.work.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            if Instant::now() >= next_look && !state.is_closing {
                drop(state);
                lock(&self.watched).retain_mut(|watched| watched());
                next_look = Instant::now() + self.watch_every;
                continue;
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
            let mut jobs = state.take(count);
            drop(state);

            let written = self.write(&mut jobs, has_failed);
            let is_written = written.is_ok();
            self.written(jobs, written);
            // It has had a chance after it was asked to end.
            if !is_written && is_closing && has_failed {
                break;
            }
        }
        // A journal signs what it holds then, and whoever closes waits for it.
        let sink = lock(&self.sink).take();
        let _ = panic::catch_unwind(AssertUnwindSafe(|| drop(sink)));
        lock(&self.state).has_ended = true;
        self.ended.notify_all();
    }

    /// Writes entries and commits them. A sink that panics has failed.
    fn write(&self, jobs: &mut [Job], has_failed: bool) -> Result<(), SinkError> {
        let mut sink = lock(&self.sink);
        let Some(sink) = sink.as_deref_mut() else {
            return Err("the sink is closed".into());
        };
        let written = panic::catch_unwind(AssertUnwindSafe(|| {
            if has_failed {
                sink.reopen()?;
            }
            for job in jobs {
                job.append_to(sink)?;
            }
            sink.commit()
        }));
        written.unwrap_or_else(|_| Err("the sink panicked".into()))
    }

    /// Ends a turn: replies, and keeps what was not written.
    fn written(&self, jobs: Vec<Job>, written: Result<(), SinkError>) {
        let mut state = lock(&self.state);
        let count = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
        state.in_flight = 0;
        let mut tickets = Vec::new();
        match written {
            Ok(()) => {
                state.error = None;
                state.written += count;
                if state
                    .stalled_until
                    .is_some_and(|until| state.written >= until)
                {
                    state.stalled_until = None;
                }
                for job in jobs {
                    state.is_refused |= job.is_refused;
                    let reply = if state.is_refused {
                        Reply::Failed
                    } else {
                        Reply::Written
                    };
                    tickets.extend(job.ticket.map(|ticket| (ticket, reply)));
                    state.is_refused &= !job.is_last;
                }
            }
            Err(err) => {
                state.error = Some(err.to_string());
                for job in jobs.into_iter().rev() {
                    state.queue.push_front(job);
                }
                let waiting = state.queue.iter_mut();
                let waiting = waiting.filter_map(|job| job.ticket.take());
                tickets.extend(waiting.map(|ticket| (ticket, Reply::Failed)));
            }
        }
        let has_work = !state.queue.is_empty() || state.is_closing;
        drop(state);
        if has_work {
            self.work.notify_one();
        }
        for (ticket, reply) in tickets {
            ticket.reply(reply);
        }
    }
}
