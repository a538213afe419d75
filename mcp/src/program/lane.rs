//! One direction: what has been read and waits for its entry, in order.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lokryn_compliance_log::Outcome;
use lokryn_mcp_log::{Held, Refusal, RefusalReason, Sent, Session, Verdict};

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where bytes go: the client or the server. `None` once it is closed.
pub(crate) struct Output {
    writer: Mutex<Option<Box<dyn Write + Send>>>,
}

impl Output {
    pub(crate) fn new(writer: impl Write + Send + 'static) -> Self {
        Self {
            writer: Mutex::new(Some(Box::new(writer))),
        }
    }

    pub(crate) fn close(&self) {
        lock(&self.writer).take();
    }
}

/// How long reading pauses for the entry of a message, before the message is left to
/// another thread.
const MAX_PAUSE: Duration = Duration::from_millis(1);

/// Something that has been read.
enum Item {
    Message(Vec<u8>, Held),
    /// More of a message that is too long to be held, which shares its fate.
    More(Vec<u8>),
}

pub(crate) struct Lane<'a> {
    state: Mutex<State>,
    changed: Condvar,
    max_bytes: usize,
    session: &'a Session,
    /// Whom the messages come from, to tell what has been refused.
    sender: &'a Output,
    receiver: &'a Output,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Item>,
    /// How many bytes are in the queue.
    bytes: usize,
    /// Whether something is being written, or waits at the head of the queue to be.
    is_writing: bool,
    /// What that is, if it has been in the queue.
    head: Option<Sent>,
    progress: Progress,
    /// Whether the beginning of a message that is too long went on.
    forwards_more: bool,
    /// How many pieces of such a message have not been written yet, between which nothing
    /// may come.
    more_waiting: usize,
}

impl State {
    /// Whether a message may go on before everything that waits.
    fn may_be_overtaken_by(&self, held: &Held) -> bool {
        let queued = self.queue.iter().map(|item| match item {
            Item::Message(_, other) => held.overtakes(other.sent()),
            Item::More(_) => false,
        });
        let first = self.head.iter().map(|sent| held.overtakes(sent));
        let waits = self.head.is_some() || !self.queue.is_empty();
        // The pieces of a long message must not be parted.
        waits && self.more_waiting == 0 && queued.chain(first).all(|it| it)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Progress {
    #[default]
    Open,
    /// The last message has been read.
    Ended,
    /// The receiver takes nothing any more.
    Broken,
}

impl<'a> Lane<'a> {
    pub(crate) fn new(
        session: &'a Session,
        sender: &'a Output,
        receiver: &'a Output,
        max_bytes: usize,
    ) -> Self {
        Self {
            state: Mutex::default(),
            changed: Condvar::new(),
            max_bytes,
            session,
            sender,
            receiver,
        }
    }

    /// Takes a message. Forwards it at once if it need not wait, and leaves the bytes then.
    /// Returns whether the receiver takes anything.
    pub(crate) fn message(&self, bytes: &mut Vec<u8>, held: Held) -> bool {
        let mut state = self.room();
        if state.progress == Progress::Broken {
            return false;
        }
        if state.may_be_overtaken_by(&held) {
            drop(state);
            let written = self.forward_message(bytes, held);
            if written.is_err() {
                self.break_off(&mut lock(&self.state));
            }
            return written.is_ok();
        }
        if state.queue.is_empty() && !state.is_writing {
            state.is_writing = true;
            drop(state);
            // Waking another thread for it takes longer than most entries do.
            if held.is_ready_within(MAX_PAUSE) {
                let written = self.forward_message(bytes, held);
                self.forwarded(0, &written);
            } else {
                let mut state = lock(&self.state);
                state.is_writing = false;
                self.push(&mut state, Item::Message(mem::take(bytes), held));
            }
            return lock(&self.state).progress != Progress::Broken;
        }
        self.push(&mut state, Item::Message(mem::take(bytes), held));
        true
    }

    /// Takes more of a message that is too long.
    pub(crate) fn more(&self, bytes: Vec<u8>) -> bool {
        let mut state = self.room();
        if state.progress == Progress::Broken {
            return false;
        }
        state.more_waiting += 1;
        self.push(&mut state, Item::More(bytes));
        true
    }

    /// Says that there is nothing more to come.
    pub(crate) fn end(&self) {
        let mut state = lock(&self.state);
        if state.progress == Progress::Open {
            state.progress = Progress::Ended;
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Forwards what waits, in order, until the end, and closes the receiver then.
    pub(crate) fn run(&self) {
        loop {
            let mut state = lock(&self.state);
            while state.is_writing || (state.queue.is_empty() && state.progress == Progress::Open) {
                state = self.wait(state);
            }
            let Some(item) = state.queue.pop_front() else {
                break;
            };
            state.is_writing = true;
            state.head = match &item {
                Item::Message(_, held) => Some(held.sent().clone()),
                Item::More(_) => None,
            };
            drop(state);
            self.forward(item);
        }
        self.receiver.close();
    }

    fn wait<'s>(&self, state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the queue is not too long.
    fn room(&self) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        while state.bytes > self.max_bytes && state.progress != Progress::Broken {
            state = self.wait(state);
        }
        state
    }

    fn push(&self, state: &mut State, item: Item) {
        let (Item::Message(bytes, _) | Item::More(bytes)) = &item;
        state.bytes += bytes.len();
        let was_idle = state.queue.is_empty();
        state.queue.push_back(item);
        if was_idle {
            self.changed.notify_all();
        }
    }

    fn forward(&self, item: Item) {
        let (len, written) = match item {
            Item::Message(bytes, held) => (bytes.len(), self.forward_message(&bytes, held)),
            Item::More(bytes) => {
                let forwards = lock(&self.state).forwards_more;
                let written = if forwards {
                    put(self.receiver, &bytes)
                } else {
                    Ok(())
                };
                let mut state = lock(&self.state);
                state.more_waiting = state.more_waiting.saturating_sub(1);
                drop(state);
                (bytes.len(), written)
            }
        };
        self.forwarded(len, &written);
    }

    /// Notes that something has been written, so much of it from the queue.
    fn forwarded(&self, len: usize, written: &io::Result<()>) {
        let mut state = lock(&self.state);
        state.is_writing = false;
        state.head = None;
        state.bytes = state.bytes.saturating_sub(len);
        if written.is_err() {
            self.break_off(&mut state);
        }
        drop(state);
        self.changed.notify_all();
    }

    fn break_off(&self, state: &mut State) {
        state.progress = Progress::Broken;
        state.queue.clear();
        state.bytes = 0;
        state.more_waiting = 0;
        self.changed.notify_all();
    }

    fn forward_message(&self, bytes: &[u8], held: Held) -> io::Result<()> {
        let sent = held.sent().clone();
        let verdict = held.wait();
        lock(&self.state).forwards_more = verdict == Verdict::Forward;
        match verdict {
            Verdict::Forward => self.put(bytes, &sent),
            Verdict::Withhold {
                to_sender,
                to_receiver,
                is_batch,
            } => {
                // A sender that takes nothing any more need not be told.
                let _ = put(self.sender, answers(&to_sender, is_batch).as_bytes());
                put(self.receiver, answers(&to_receiver, is_batch).as_bytes())
            }
            _ => Ok(()),
        }
    }

    fn put(&self, bytes: &[u8], sent: &Sent) -> io::Result<()> {
        let written = put(self.receiver, bytes);
        if written.is_err() {
            self.session.not_sent(sent, Outcome::FailureError);
        }
        written
    }
}

fn put(output: &Output, bytes: &[u8]) -> io::Result<()> {
    let mut writer = lock(&output.writer);
    let Some(open) = writer.as_mut() else {
        return Err(io::ErrorKind::BrokenPipe.into());
    };
    let written = open.write_all(bytes).and_then(|()| open.flush());
    if written.is_err() {
        *writer = None;
    }
    written
}

/// Returns the lines that say what was refused.
fn answers(refusals: &[Refusal], is_batch: bool) -> String {
    if refusals.is_empty() {
        return String::new();
    }
    let answers: Vec<_> = refusals
        .iter()
        .map(|Refusal { id, reason }| {
            let code = RefusalReason::CODE;
            let message = reason.message();
            format!(
                r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":"{message}"}}}}"#
            )
        })
        .collect();
    if is_batch {
        format!("[{}]\n", answers.join(","))
    } else {
        answers.join("\n") + "\n"
    }
}
