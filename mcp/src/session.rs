//! A connection, as a transport sees it.

use std::collections::HashMap;
use std::fmt;
use std::future;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use lokryn_compliance_log::{LogEntry, Outcome};

use crate::connection::{Connection, Direction, Gate, HeldId, Now, Token, Verdict, Written};
use crate::message::{self, Line};
use crate::recorder::{Recorder, Reply, Ticket, Turn, lock};
use crate::settings::Settings;

/// A connection whose messages are recorded, for transports of one's own.
///
/// Give every message that a transport carries to [`accept`](Self::accept), in order, and
/// do what the [`Verdict`] says once it is there. Messages of the same direction go on in
/// the order in which they were accepted; reading goes on while one waits, because a
/// cancellation ends the wait.
#[derive(Clone)]
pub struct Session {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    settings: Arc<Settings>,
    recorder: Arc<Recorder>,
}

struct State {
    connection: Connection,
    tickets: HashMap<HeldId, Arc<Ticket>>,
}

impl Session {
    pub(crate) fn new(
        connection: Connection,
        settings: Arc<Settings>,
        recorder: Arc<Recorder>,
    ) -> Self {
        let state = State {
            connection,
            tickets: HashMap::new(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            settings,
            recorder,
        });
        let watched = Arc::downgrade(&shared);
        shared.recorder.watch(move || {
            let shared = watched.upgrade();
            shared.is_some_and(|shared| Self { shared }.expire())
        });
        Self { shared }
    }

    /// Records which requests are too old. Returns whether there may be others.
    fn expire(&self) -> bool {
        let now = Now::read();
        let mut state = lock(&self.shared.state);
        if state.connection.is_closed() {
            return false;
        }
        let mut entries = Vec::new();
        state.connection.expire(now, &mut entries);
        self.submit(&mut state, entries, None, now);
        true
    }

    /// Takes a message: a JSON text, a batch, or bytes that are neither.
    pub fn accept(&self, direction: Direction, message: &[u8]) -> Held {
        match message::read(message, &self.shared.settings) {
            Some(line) => self.accept_line(direction, line, Writer::Recorder).0,
            None => self.settled(direction, Verdict::Forward),
        }
    }

    /// Takes a message as [`accept`](Self::accept) does, for a thread that may wait for the
    /// sink: if nothing else is being written, it writes the entries itself with
    /// [`Writing::write`], and the verdict is there then. That saves waking another thread,
    /// which takes longer than most writes do.
    ///
    /// Somebody else must read on and [settle](Held::settle) the message if the sink does
    /// not come back.
    #[must_use = "the message must not go on before its verdict is there"]
    pub fn accept_to_write(&self, direction: Direction, message: &[u8]) -> (Held, Option<Writing>) {
        self.read(message).accept_to_write(direction)
    }

    /// Reads a message, to take it when it is its turn. Reading a long one takes long, and
    /// does not depend on what came before: several threads may do it at once.
    pub fn read(&self, message: &[u8]) -> ReadMessage {
        ReadMessage {
            line: message::read(message, &self.shared.settings),
            session: self.clone(),
        }
    }

    /// Takes the beginning of a message that is too long to be read, with how many bytes
    /// have come.
    pub fn accept_beyond_bounds(&self, direction: Direction, bytes: usize) -> Held {
        let line = message::beyond_bounds(bytes);
        self.accept_line(direction, line, Writer::Recorder).0
    }

    fn settled(&self, direction: Direction, verdict: Verdict) -> Held {
        Held {
            session: self.clone(),
            verdict: Some(verdict),
            waiting: None,
            sent: Sent {
                direction,
                requests: Vec::new(),
            },
            deadline: Instant::now(),
            cancels: None,
        }
    }

    fn accept_line(
        &self,
        direction: Direction,
        line: Line,
        writer: Writer,
    ) -> (Held, Option<Writing>) {
        let now = Now::read();
        let is_taking = self.shared.recorder.is_taking();
        let mut state = lock(&self.shared.state);
        if state.connection.is_closed() {
            return (self.settled(direction, Verdict::Drop), None);
        }
        let accepted = state.connection.accept(direction, line, now, is_taking);
        for id in accepted.cancelled {
            if let Some(ticket) = state.tickets.remove(&id) {
                ticket.reply(Reply::Cancelled);
            }
        }
        let mut held = Held {
            session: self.clone(),
            verdict: None,
            waiting: None,
            sent: Sent {
                direction,
                requests: accepted.requests,
            },
            deadline: now.monotonic + self.shared.settings.options.max_wait,
            cancels: accepted.cancels,
        };
        let mut writing = None;
        match accepted.gate {
            Gate::Settled(verdict) => {
                self.submit(&mut state, accepted.entries, None, now);
                held.verdict = Some(verdict);
            }
            Gate::Held(id) => {
                let ticket = Arc::new(Ticket::default());
                let last = Some(Arc::clone(&ticket));
                let is_submitted = if writer == Writer::Caller && !accepted.entries.is_empty() {
                    let count = accepted.entries.len();
                    let turn = self.shared.recorder.submit_to_write(accepted.entries, last);
                    if turn.is_err() {
                        state.connection.count_lost(count, now);
                    }
                    turn.map(|turn| writing = turn.map(Writing)).is_ok()
                } else {
                    self.submit(&mut state, accepted.entries, last, now)
                };
                if is_submitted {
                    state.tickets.insert(id, Arc::clone(&ticket));
                    held.waiting = Some((id, ticket));
                } else {
                    held.verdict = Some(self.settle(&mut state, id, Written::No));
                }
            }
        }
        (held, writing)
    }

    /// Returns whether the entries have found a place.
    fn submit(
        &self,
        state: &mut State,
        entries: Vec<LogEntry>,
        ticket: Option<Arc<Ticket>>,
        now: Now,
    ) -> bool {
        if entries.is_empty() {
            if let Some(ticket) = ticket {
                ticket.reply(Reply::Written);
            }
            return true;
        }
        let count = entries.len();
        let is_submitted = self.shared.recorder.submit(entries, ticket).is_ok();
        if !is_submitted {
            state.connection.count_lost(count, now);
        }
        is_submitted
    }

    fn settle(&self, state: &mut State, id: HeldId, written: Written) -> Verdict {
        let now = Now::read();
        state.tickets.remove(&id);
        let (verdict, entries) = state.connection.settle(id, written, now);
        self.submit(state, entries, None, now);
        verdict
    }

    /// Records that a message which was to go on could not be sent. Its requests end
    /// with this outcome.
    pub fn not_sent(&self, sent: &Sent, outcome: Outcome) {
        let now = Now::read();
        let mut state = lock(&self.shared.state);
        let entries = state
            .connection
            .not_sent(sent.direction, &sent.requests, outcome, now);
        self.submit(&mut state, entries, None, now);
    }

    /// Ends the connection. What has no answer is recorded as that. Only the first call
    /// does anything.
    pub fn close(&self, reason: &str) {
        let now = Now::read();
        let mut state = lock(&self.shared.state);
        let entries = state.connection.close(reason, now);
        for entry in entries {
            // Those that find a place are not lost with the others.
            self.submit(&mut state, vec![entry], None, now);
        }
        for ticket in std::mem::take(&mut state.tickets).into_values() {
            ticket.reply(Reply::Cancelled);
        }
    }

    /// Records that the process of the server begins, and returns what is to become of
    /// it: [`Verdict::Forward`], or anything else if it must not begin.
    #[must_use]
    pub fn process_started(&self, command: &str) -> Verdict {
        let now = Now::read();
        let ticket = Arc::new(Ticket::default());
        let mut state = lock(&self.shared.state);
        let entry = state.connection.process_started(command, now);
        let last = Some(Arc::clone(&ticket));
        let is_submitted = self.submit(&mut state, vec![entry], last, now);
        drop(state);
        let deadline = now.monotonic + self.shared.settings.options.max_wait;
        let is_written = is_submitted && ticket.wait_until(deadline) == Some(Reply::Written);
        let is_open = self.shared.settings.options.policy == crate::FailurePolicy::Open;
        if is_written || is_open {
            Verdict::Forward
        } else {
            Verdict::Drop
        }
    }

    /// Records that the process of the server has ended, with its status or with the
    /// signal that ended it.
    pub fn process_stopped(&self, command: &str, status: Option<i32>, signal: Option<i32>) {
        let now = Now::read();
        let mut state = lock(&self.shared.state);
        let entry = state
            .connection
            .process_stopped(command, status, signal, now);
        self.submit(&mut state, vec![entry], None, now);
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

/// A message that has been read and not been taken yet. Nothing is recorded of one that is
/// dropped.
#[must_use = "a message that is not taken is not recorded"]
pub struct ReadMessage {
    /// `None` if there is nothing in it.
    line: Option<Line>,
    session: Session,
}

impl ReadMessage {
    /// Takes the message, as [`Session::accept_to_write`] does.
    #[must_use = "the message must not go on before its verdict is there"]
    pub fn accept_to_write(self, direction: Direction) -> (Held, Option<Writing>) {
        let Self { line, session } = self;
        match line {
            Some(line) => session.accept_line(direction, line, Writer::Caller),
            None => (session.settled(direction, Verdict::Forward), None),
        }
    }
}

impl fmt::Debug for ReadMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadMessage").finish_non_exhaustive()
    }
}

/// Who writes the entries of a message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    Recorder,
    Caller,
}

/// The entries of a message, which wait for whoever took the message. Dropped, they are
/// left to the thread that writes all others.
#[must_use = "nothing else is written before these entries are"]
pub struct Writing(Turn);

impl Writing {
    /// Writes the entries. Blocks for as long as the sink does, and others wait meanwhile.
    pub fn write(self) {
        self.0.write();
    }
}

impl fmt::Debug for Writing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writing").finish_non_exhaustive()
    }
}

/// A message that waits for its entry, or need not.
///
/// One that is dropped before it is settled does not go on, and is recorded as that.
#[must_use = "the message must not go on before its verdict is there"]
pub struct Held {
    session: Session,
    verdict: Option<Verdict>,
    waiting: Option<(HeldId, Arc<Ticket>)>,
    sent: Sent,
    deadline: Instant,
    cancels: Option<Token>,
}

/// The requests of a message that has gone on.
#[derive(Clone, Debug)]
pub struct Sent {
    direction: Direction,
    requests: Vec<Token>,
}

impl Held {
    /// Whether the verdict is there, so that [`settle`](Self::settle) does not cut a wait
    /// short.
    #[must_use]
    pub fn is_ready(&self) -> bool {
        match &self.waiting {
            Some((_, ticket)) => ticket.peek().is_some(),
            None => true,
        }
    }

    /// Whether the message may go on before another one of its direction that waits. Only
    /// a cancellation may, which must not wait for the entries of others, and not before
    /// the request that it cancels.
    #[must_use]
    pub fn overtakes(&self, other: &Sent) -> bool {
        self.cancels
            .is_some_and(|token| !other.requests.contains(&token))
    }

    /// Blocks until the verdict is there, at most for this long, and returns whether it is.
    #[must_use]
    pub fn is_ready_within(&self, wait: Duration) -> bool {
        match &self.waiting {
            Some((_, ticket)) => {
                let deadline = self.deadline.min(Instant::now() + wait);
                ticket.wait_until(deadline).is_some()
            }
            None => true,
        }
    }

    /// Returns until when the message may wait.
    #[must_use]
    pub const fn deadline(&self) -> Instant {
        self.deadline
    }

    /// Returns the requests in the message, for [`Session::not_sent`].
    #[must_use]
    pub const fn sent(&self) -> &Sent {
        &self.sent
    }

    /// Waits until the verdict is there. Does not end by itself at the
    /// [`deadline`](Self::deadline).
    pub async fn ready(&self) {
        if let Some((_, ticket)) = &self.waiting {
            future::poll_fn(|context| ticket.poll(context)).await;
        }
    }

    /// Blocks until the verdict is there, at most until the deadline, and returns it.
    #[must_use]
    pub fn wait(self) -> Verdict {
        if let Some((_, ticket)) = &self.waiting {
            ticket.wait_until(self.deadline);
        }
        self.settle()
    }

    /// Returns the verdict. A message whose entry has not been written by now is treated
    /// as one whose entry could not be written.
    #[must_use]
    pub fn settle(mut self) -> Verdict {
        if let Some((id, ticket)) = self.waiting.take() {
            let written = match ticket.peek() {
                Some(Reply::Written | Reply::Cancelled) => Written::Yes,
                Some(Reply::Failed) => Written::No,
                None => {
                    self.session.shared.recorder.mark_stalled();
                    Written::No
                }
            };
            return self.decide(id, written);
        }
        self.verdict.take().unwrap_or(Verdict::Drop)
    }

    fn decide(&self, id: HeldId, written: Written) -> Verdict {
        let session = &self.session;
        let mut state = lock(&session.shared.state);
        if state.connection.is_closed() {
            return Verdict::Drop;
        }
        session.settle(&mut state, id, written)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some((id, _)) = self.waiting.take() {
            self.decide(id, Written::Abandoned);
        }
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held")
            .field("is_ready", &self.is_ready())
            .finish_non_exhaustive()
    }
}
