//! One direction: what has been read and waits for its entry, in order.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lokryn_compliance_log::Outcome;
use lokryn_mcp_log::{
    Direction, Held, ReadMessage, Refusal, RefusalReason, Sent, Session, Verdict,
};

use crate::lines::{Lines, Piece, Spares};
use crate::readers::{Reader, Readers};

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

/// Where bytes come from.
#[cfg(unix)]
pub(crate) type Input = Arc<std::fs::File>;
#[cfg(not(unix))]
pub(crate) type Input = Box<dyn io::Read + Send>;

/// How long reading pauses for the entry of a message, before the message is left to
/// another thread.
const MAX_PAUSE: Duration = Duration::from_millis(1);

/// A message of at least this length takes longer to see to than it takes to wake another
/// thread, which sees to the next one meanwhile.
const LONG: usize = 64 * 1024;

/// How many messages of a lane are in the hands of threads that read.
const MAX_UNFINISHED: usize = 2;

/// Something that has been read.
enum Item {
    Message(Vec<u8>, Held),
    /// More of a message that is too long to be held, which shares its fate.
    More(Vec<u8>),
}

impl Item {
    fn bytes(&self) -> &[u8] {
        let (Self::Message(bytes, _) | Self::More(bytes)) = self;
        bytes
    }

    /// Returns how many bytes of the queue this is. Of a short message, most are not its own.
    fn cost(&self) -> usize {
        self.bytes().len() + size_of::<Self>()
    }

    fn is_ready(&self) -> bool {
        match self {
            Self::Message(_, held) => held.is_ready(),
            Self::More(_) => true,
        }
    }
}

/// What carries the messages of one direction.
///
/// One of the [`Readers`] reads, writes the entry of what it has read, and forwards the
/// message: waking others would take longer than all that. Another one may read on meanwhile;
/// each takes its messages when it is their turn. The thread that [`run`](Self::run)s forwards
/// what has been left waiting.
pub(crate) struct Lane {
    direction: Direction,
    session: Session,
    /// `None` once nobody takes what comes.
    input: Mutex<Option<Lines<Input>>>,
    spares: Arc<Spares>,
    state: Mutex<State>,
    /// For the thread whose message is not the next one.
    next: Condvar,
    /// For the thread that forwards what waits.
    work: Condvar,
    max_bytes: usize,
    max_pause: Duration,
    /// Whom the messages come from, to tell what has been refused.
    sender: &'static Output,
    receiver: &'static Output,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Item>,
    /// How many bytes the queue takes.
    bytes: usize,
    /// Whether something is being written, or waits at the head of the queue to be.
    is_writing: bool,
    /// The message that this is.
    head: Option<Sent>,
    progress: Progress,
    /// Whether the beginning of a message that is too long went on.
    forwards_more: bool,
    /// How many pieces of such a message have not been written yet, between which nothing
    /// may come.
    more_waiting: usize,
    /// Whose turn it is to write an entry, and since when. The thread that does forwards what
    /// is in the queue after that, unless it is relieved.
    recording: Option<(u64, Instant)>,
    /// How many entries have been written by threads that read.
    recorded: u64,
    /// Whether nothing is read because too much waits.
    waits_for_room: bool,
    /// How many pieces have been read, and how many have their place.
    read: u64,
    placed: u64,
    /// How many pieces have been read and not been seen to yet.
    unfinished: usize,
    /// How often something has been read or written.
    steps: u64,
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

    fn push(&mut self, item: Item) {
        self.bytes += item.cost();
        self.queue.push_back(item);
    }

    /// Whether there is something to forward or an end to see to, and nobody who does.
    fn is_left_alone(&self) -> bool {
        let has_work = !self.queue.is_empty() || self.progress != Progress::Open;
        has_work && !self.is_writing && self.recording.is_none()
    }
}

/// The turn of what has been read, until it is dropped.
struct Turn<'l> {
    lane: &'l Lane,
    number: u64,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if thread::panicking() {
            // The lane ends, and nothing comes after this.
            return;
        }
        let mut state = lock(&self.lane.state);
        state.placed += 1;
        // Nobody is woken needlessly, which costs a system call.
        if state.placed < state.read {
            self.lane.next.notify_one();
        }
    }
}

/// Ends the lane if its thread panics: the message that it had in its hands is lost, so
/// nothing may pass for the next one, and nobody may wait for its turn to be over.
struct EndOnPanic<'l> {
    lane: &'l Lane,
    reader: &'l Reader<'l>,
}

impl Drop for EndOnPanic<'_> {
    fn drop(&mut self) {
        if !thread::panicking() {
            return;
        }
        self.lane.receiver.close();
        let mut state = lock(&self.lane.state);
        state.is_writing = false;
        state.recording = None;
        state.placed = state.read;
        self.lane.break_off(&mut state);
        drop(state);
        self.lane.next.notify_all();
        self.reader.let_others_read();
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

impl Lane {
    pub(crate) fn new(
        direction: Direction,
        session: Session,
        input: Input,
        max_message: usize,
        sender: &'static Output,
        receiver: &'static Output,
    ) -> Self {
        let lines = Lines::new(input, max_message);
        Self {
            direction,
            session,
            spares: lines.spares(),
            input: Mutex::new(Some(lines)),
            state: Mutex::default(),
            next: Condvar::new(),
            work: Condvar::new(),
            max_bytes: max_message.saturating_add(1 << 20),
            max_pause: MAX_PAUSE,
            sender,
            receiver,
        }
    }

    /// Whether the next message may be read. If not for lack of room, it will be said once
    /// there is; if nobody takes it, the input is let go, so that the sender learns that.
    pub(crate) fn takes(&self) -> bool {
        let mut state = lock(&self.state);
        if state.progress == Progress::Broken {
            // A thread that reads just now does the same.
            if let Ok(mut input) = self.input.try_lock() {
                *input = None;
            }
        }
        state.waits_for_room = state.bytes > self.max_bytes;
        let is_open = state.progress == Progress::Open;
        is_open && state.unfinished < MAX_UNFINISHED && !state.waits_for_room
    }

    pub(crate) fn has_ended(&self) -> bool {
        lock(&self.state).progress != Progress::Open
    }

    /// Returns whether the next piece has been read already, and where more is to be had.
    #[cfg(target_os = "linux")]
    pub(crate) fn look(&self) -> Option<(bool, Input)> {
        let mut input = lock(&self.input);
        let lines = input.as_mut()?;
        Some((lines.has_next(), Arc::clone(lines.reader())))
    }

    /// Reads at most once, and sees to what comes next if it is all there. It may not be all
    /// that waits.
    pub(crate) fn read(&self, reader: &Reader<'_>, others_wait: bool) {
        let _end = EndOnPanic { lane: self, reader };
        let mut input = lock(&self.input);
        let Some(lines) = input.as_mut() else {
            return;
        };
        let Some(piece) = lines.next() else {
            return;
        };
        let is_alone = !others_wait && !lines.has_next();
        let mut state = lock(&self.state);
        if state.progress == Progress::Broken {
            *input = None;
            return;
        }
        state.unfinished += 1;
        state.steps += 1;
        let turn = state.read;
        state.read += 1;
        drop(state);
        drop(input);
        reader.see_to();
        self.see_to(piece, is_alone, turn, reader);
        lock(&self.state).unfinished -= 1;
    }

    fn see_to(&self, piece: Piece, is_alone: bool, turn: u64, reader: &Reader<'_>) {
        match piece {
            Piece::Line(bytes) if bytes.len() >= LONG => {
                reader.let_others_read();
                let message = self.session.read(&bytes);
                let turn = self.wait_for_turn(turn, reader);
                self.accept_to_write(turn, bytes, message, reader);
            }
            Piece::Line(bytes) if is_alone => {
                let turn = self.wait_for_turn(turn, reader);
                let message = self.session.read(&bytes);
                self.accept_to_write(turn, bytes, message, reader);
            }
            Piece::Line(bytes) => {
                // What comes together is committed together.
                let turn = self.wait_for_turn(turn, reader);
                let held = self.session.accept(self.direction, &bytes);
                self.wait_or_leave(turn, bytes, held, Duration::ZERO, reader);
            }
            Piece::Beginning(bytes) => {
                let turn = self.wait_for_turn(turn, reader);
                let held = self
                    .session
                    .accept_beyond_bounds(self.direction, bytes.len());
                self.wait_or_leave(turn, bytes, held, self.max_pause, reader);
            }
            Piece::More(bytes) => {
                let _turn = self.wait_for_turn(turn, reader);
                self.more(bytes);
            }
            Piece::End => {
                let _turn = self.wait_for_turn(turn, reader);
                self.end();
            }
        }
    }

    /// Waits until what was read before has its place, so that messages keep their order.
    fn wait_for_turn(&self, number: u64, reader: &Reader<'_>) -> Turn<'_> {
        if lock(&self.state).placed < number {
            reader.let_others_read();
        }
        let mut state = lock(&self.state);
        while state.placed < number {
            state = wait(&self.next, state);
        }
        Turn { lane: self, number }
    }

    /// Takes a message, and writes its entries if nobody else writes.
    fn accept_to_write(
        &self,
        turn: Turn<'_>,
        bytes: Vec<u8>,
        message: ReadMessage,
        reader: &Reader<'_>,
    ) {
        let (held, writing) = message.accept_to_write(self.direction);
        let Some(writing) = writing else {
            self.wait_or_leave(turn, bytes, held, self.max_pause, reader);
            return;
        };
        let mut state = lock(&self.state);
        // There it can be settled while this thread waits for the sink.
        state.push(Item::Message(bytes, held));
        let number = turn.number;
        state.recording = Some((number, Instant::now()));
        state.recorded += 1;
        drop(state);
        drop(turn);
        reader.be_watched();
        writing.write();
        let mut state = lock(&self.state);
        if state.recording.take_if(|(it, _)| *it == number).is_some() {
            self.forward_what_is_ready(state, reader.readers);
        }
    }

    /// Forwards a message that need not wait for long, and leaves another one to the
    /// thread that waits.
    fn wait_or_leave(
        &self,
        turn: Turn<'_>,
        bytes: Vec<u8>,
        held: Held,
        pause: Duration,
        reader: &Reader<'_>,
    ) {
        let mut state = lock(&self.state);
        if state.may_be_overtaken_by(&held) {
            drop(state);
            if self.forward_message(&bytes, held).is_err() {
                self.break_off(&mut lock(&self.state));
            }
            return;
        }
        if state.queue.is_empty() && !state.is_writing {
            state.is_writing = true;
            state.head = Some(held.sent().clone());
            drop(state);
            drop(turn);
            if held.is_ready_within(pause) {
                let written = self.forward_message(&bytes, held);
                self.spares.give(bytes);
                self.forward_what_is_ready(self.forwarded(0, &written), reader.readers);
                return;
            }
            state = lock(&self.state);
            state.is_writing = false;
            state.head = None;
            let item = Item::Message(bytes, held);
            state.bytes += item.cost();
            state.queue.push_front(item);
        } else {
            state.push(Item::Message(bytes, held));
        }
        self.wake_for_work(&state);
    }

    /// Takes more of a message that is too long.
    fn more(&self, bytes: Vec<u8>) {
        let mut state = lock(&self.state);
        state.more_waiting += 1;
        state.push(Item::More(bytes));
        self.wake_for_work(&state);
    }

    /// Says that there is nothing more to come.
    fn end(&self) {
        let mut state = lock(&self.state);
        if state.progress == Progress::Open {
            state.progress = Progress::Ended;
        }
        drop(state);
        self.work.notify_one();
    }

    /// Leaves what waits for an entry to the thread that waits, if the sink has kept a
    /// thread that reads waiting for this long. Returns how many entries such threads have
    /// written.
    pub(crate) fn relieve(&self, longest: Duration) -> u64 {
        let mut state = lock(&self.state);
        let is_late = |recording: &mut (u64, Instant)| recording.1.elapsed() >= longest;
        if state.recording.take_if(is_late).is_some() {
            self.wake_for_work(&state);
        }
        state.recorded
    }

    /// Returns how often something has been read or written, and whether nothing is on its
    /// way.
    pub(crate) fn steps(&self) -> (u64, bool) {
        let state = lock(&self.state);
        let is_idle = state.unfinished == 0 && state.queue.is_empty() && !state.is_writing;
        (state.steps, is_idle)
    }

    /// Forwards what waits, in order, until the end, and closes the receiver then.
    pub(crate) fn run(&self, readers: &Readers) {
        loop {
            let mut state = lock(&self.state);
            while !state.is_left_alone() {
                state = wait(&self.work, state);
            }
            let Some(item) = state.queue.pop_front() else {
                break;
            };
            drop(self.forward(state, item, readers));
        }
        self.receiver.close();
        readers.look_again();
    }

    /// Forwards from the head of the queue what need not wait, and leaves the rest to the
    /// thread that waits.
    fn forward_what_is_ready<'s>(&'s self, mut state: MutexGuard<'s, State>, readers: &Readers) {
        while state.is_left_alone() && state.queue.front().is_some_and(Item::is_ready) {
            let Some(item) = state.queue.pop_front() else {
                break;
            };
            state = self.forward(state, item, readers);
        }
        self.wake_for_work(&state);
    }

    fn wake_for_work(&self, state: &State) {
        if state.is_left_alone() {
            self.work.notify_one();
        }
    }

    /// Forwards what has been taken out of the queue.
    fn forward<'s>(
        &'s self,
        mut state: MutexGuard<'s, State>,
        item: Item,
        readers: &Readers,
    ) -> MutexGuard<'s, State> {
        state.is_writing = true;
        let cost = item.cost();
        let forwards_more = state.forwards_more;
        state.head = match &item {
            Item::Message(_, held) => Some(held.sent().clone()),
            Item::More(_) => None,
        };
        drop(state);
        let (bytes, written) = match item {
            Item::Message(bytes, held) => {
                let written = self.forward_message(&bytes, held);
                (bytes, written)
            }
            Item::More(bytes) => {
                let written = if forwards_more {
                    put(self.receiver, &bytes)
                } else {
                    Ok(())
                };
                let mut state = lock(&self.state);
                state.more_waiting = state.more_waiting.saturating_sub(1);
                (bytes, written)
            }
        };
        let mut state = self.forwarded(cost, &written);
        self.spares.give(bytes);
        if state.waits_for_room && state.bytes <= self.max_bytes {
            drop(state);
            readers.look_again();
            state = lock(&self.state);
        }
        state
    }

    /// Notes that something has been written that took so much of the queue.
    fn forwarded(&self, cost: usize, written: &io::Result<()>) -> MutexGuard<'_, State> {
        let mut state = lock(&self.state);
        state.is_writing = false;
        state.steps += 1;
        state.head = None;
        state.bytes = state.bytes.saturating_sub(cost);
        if written.is_err() {
            self.break_off(&mut state);
        }
        state
    }

    fn break_off(&self, state: &mut State) {
        state.progress = Progress::Broken;
        state.queue.clear();
        state.bytes = 0;
        state.more_waiting = 0;
        self.work.notify_one();
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

pub(crate) fn wait<'a, T>(changed: &Condvar, state: MutexGuard<'a, T>) -> MutexGuard<'a, T> {
    changed.wait(state).unwrap_or_else(PoisonError::into_inner)
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

#[cfg(all(test, unix))]
pub(crate) mod tests {
    use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, pipe};
    use std::os::fd::OwnedFd;
    use std::sync::mpsc;

    use lokryn_compliance_log::LogEntry;
    use lokryn_mcp_log::{AuditOptions, AuditSink as _, Auditor, SinkError};

    use super::*;
    use crate::support::{self, Memory, Mode, auditor, check, detail, options, wait_until};

    /// A lane from a client to a server, and what both see.
    struct Carried {
        lane: &'static Lane,
        client: PipeWriter,
        server_sees: mpsc::Receiver<String>,
        client_sees: mpsc::Receiver<String>,
    }

    pub(crate) fn lines_of(reader: PipeReader) -> mpsc::Receiver<String> {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(reader).lines() {
                let _ = sender.send(line.unwrap());
            }
        });
        receiver
    }

    /// Lets whoever reads wait until this is dropped.
    #[cfg(target_os = "linux")]
    pub(crate) fn hold_input(lane: &Lane) -> impl Sized {
        lock(&lane.input)
    }

    fn carry(auditor: &Auditor) -> Carried {
        carry_with_pause(auditor, MAX_PAUSE)
    }

    fn carry_with_pause(auditor: &Auditor, max_pause: Duration) -> Carried {
        let (input, client) = pipe().unwrap();
        let (to_client, of_client) = pipe().unwrap();
        let (to_server, of_server) = pipe().unwrap();
        let output = |writer| -> &'static Output { Box::leak(Box::new(Output::new(writer))) };
        let mut lane = Lane::new(
            Direction::ToServer,
            auditor.session("test"),
            Arc::new(OwnedFd::from(input).into()),
            1 << 20,
            output(of_client),
            output(of_server),
        );
        lane.max_pause = max_pause;
        let lane: &'static Lane = Box::leak(Box::new(lane));
        let readers = Readers::start(vec![lane]);
        thread::spawn(move || lane.run(readers));
        Carried {
            lane,
            client,
            server_sees: lines_of(to_server),
            client_sees: lines_of(to_client),
        }
    }

    impl Carried {
        fn send(&mut self, line: &str) {
            self.client.write_all(line.as_bytes()).unwrap();
            self.client.write_all(b"\n").unwrap();
        }

        #[track_caller]
        fn assert_server_sees(&self, line: &str) {
            assert_next(&self.server_sees, line);
        }
    }

    #[track_caller]
    pub(crate) fn assert_next(seen: &mpsc::Receiver<String>, line: &str) {
        let seen = seen.recv_timeout(PATIENCE).unwrap();
        assert!(seen == line, "{seen:.80} in the place of {line:.80}");
    }

    /// Now and then its sink is so slow that a thread that reads is relieved.
    pub(crate) fn slow_auditor(taken: &Memory, every: usize, pause: Duration) -> Auditor {
        let mut sink = taken.clone();
        let mut count = 0;
        let slow = move |entry: &LogEntry| -> Result<(), SinkError> {
            count += 1;
            if count % every == 0 {
                thread::sleep(pause);
            }
            sink.append(entry)
        };
        Auditor::with_options(support::source(), "agent-001", slow, AuditOptions::new()).unwrap()
    }

    /// A call that is long enough to be left to one thread while another reads on.
    fn long_call(id: usize) -> String {
        call(id).replace("pay", &"x".repeat(2 * LONG))
    }

    fn cancellation(id: usize) -> String {
        format!(r#"{{"method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#)
    }

    pub(crate) fn call(id: usize) -> String {
        format!(r#"{{"id":{id},"method":"tools/call","params":{{"name":"pay"}}}}"#)
    }

    pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

    #[test]
    fn reading_goes_on_while_the_sink_blocks() {
        let sink = Memory::new();
        let auditor = auditor(&sink, options().max_wait(Duration::from_secs(1)));
        let mut carried = carry(&auditor);
        carried.send(&call(1));
        assert_eq!(carried.server_sees.recv_timeout(PATIENCE).unwrap(), call(1));

        sink.set(Mode::Block);
        carried.send(&call(2));
        sink.wait_for_blocked();
        let begin = Instant::now();
        carried.send(&call(3));
        let cancelled = r#"{"method":"notifications/cancelled","params":{"requestId":1}}"#;
        carried.send(cancelled);
        // A cancellation of another call overtakes what waits for the sink.
        let seen = carried.server_sees.recv_timeout(PATIENCE).unwrap();
        assert_eq!(seen, cancelled);
        assert!(begin.elapsed() < Duration::from_millis(900), "{begin:?}");
        // And the others are refused in time, though a thread is still in the sink.
        for id in ["2", "3"] {
            let refused = carried.client_sees.recv_timeout(PATIENCE).unwrap();
            assert!(refused.contains("not called"), "{refused}");
            assert!(refused.contains(&format!("\"id\":{id},")), "{refused}");
        }

        sink.set(Mode::Take);
        wait_until("recovery", || sink.entries().len() >= 6);
        carried.send(&call(4));
        assert_eq!(carried.server_sees.recv_timeout(PATIENCE).unwrap(), call(4));
        check(&sink.entries());
    }

    #[test]
    fn many_short_messages_take_no_more_memory_than_a_long_one() {
        let carried = carry(&auditor(&Memory::new(), options()));
        // Nothing can be written to the server yet.
        let server = lock(&carried.lane.receiver.writer);
        let mut client = carried.client.try_clone().unwrap();
        let flood = thread::spawn(move || client.write_all(&b"\n".repeat(200_000)));
        let is_full = || lock(&carried.lane.state).waits_for_room;
        wait_until("the lane to be full", is_full);
        let waiting = lock(&carried.lane.state).queue.len();
        let taken = waiting * size_of::<Item>();
        assert!(taken <= carried.lane.max_bytes, "{taken} by {waiting}");
        drop(server);
        for _ in 0..200_000 {
            carried.assert_server_sees("");
        }
        flood.join().unwrap().unwrap();
    }

    #[test]
    fn a_cancellation_stays_behind_the_long_message_that_it_cancels() {
        let auditor = auditor(&Memory::new(), options().started(["none"]));
        let mut carried = carry(&auditor);
        // Nothing can be written to the server yet.
        let server = lock(&carried.lane.receiver.writer);
        carried.send(&long_call(1));
        carried.send(&call(2));
        carried.send(&cancellation(1));
        let waiting = || lock(&carried.lane.state).queue.len();
        wait_until("both to wait behind it", || waiting() == 2);
        drop(server);
        carried.assert_server_sees(&long_call(1));
        carried.assert_server_sees(&call(2));
        carried.assert_server_sees(&cancellation(1));
    }

    #[test]
    fn a_cancellation_overtakes_a_long_message_that_waits_for_its_entry() {
        let sink = Memory::new();
        let minute = Duration::from_secs(60);
        let auditor = auditor(&sink, options().max_wait(minute));
        let mut carried = carry_with_pause(&auditor, minute);
        carried.send(&call(0));
        carried.assert_server_sees(&call(0));
        // The sink is at the entry of another connection, behind which the next one waits.
        sink.set(Mode::Block);
        let other = auditor.session("test");
        let other = other.accept(Direction::ToServer, call(0).as_bytes());
        sink.wait_for_blocked();
        carried.send(&long_call(1));
        let is_at_head = || lock(&carried.lane.state).is_writing;
        wait_until("the long message", is_at_head);
        carried.send(&cancellation(0));
        carried.assert_server_sees(&cancellation(0));
        sink.set(Mode::Take);
        carried.assert_server_sees(&long_call(1));
        assert_eq!(other.wait(), Verdict::Forward);
    }

    #[test]
    fn cancelling_a_long_call_that_is_being_recorded_drops_it() {
        let sink = Memory::new();
        let auditor = auditor(&sink, options().max_wait(Duration::from_secs(60)));
        let mut carried = carry(&auditor);
        sink.set(Mode::Block);
        carried.send(&long_call(1));
        sink.wait_for_blocked();
        carried.send(&cancellation(1));
        // In the place of the call, while the sink blocks.
        carried.assert_server_sees(&cancellation(1));
        sink.set(Mode::Take);
        carried.send(&call(2));
        carried.assert_server_sees(&call(2));
        let entries = sink.entries();
        check(&entries);
        let of_first = entries.iter().filter(|it| detail(it, "request_id") == 1);
        let said: Vec<_> = of_first
            .map(|entry| {
                let [phase, status] = ["phase", "status"].map(|name| support::text(entry, name));
                format!("{phase} {status}")
            })
            .collect();
        assert_eq!(said, ["started ", "finished cancelled"]);
    }

    #[test]
    fn what_is_read_while_a_long_message_is_seen_to_comes_after_it() {
        let sink = Memory::new();
        let (begun, begins) = mpsc::channel();
        let (end, ends) = mpsc::channel();
        let ends = Mutex::new(ends);
        // Seeing to a long message takes until this test says so.
        let seen_to = move |content: &lokryn_mcp_log::Content<'_>| -> Option<String> {
            if content.json.len() > LONG {
                begun.send(()).unwrap();
                lock(&ends).recv().unwrap();
            }
            None
        };
        let auditor = auditor(&sink, options().record_content(seen_to));
        let mut carried = carry(&auditor);
        let long = format!(
            r#"{{"id":1,"method":"tools/call","params":{{"name":"pay","arguments":"{}"}}}}"#,
            "x".repeat(2 * LONG)
        );
        carried.send(&long);
        begins.recv_timeout(PATIENCE).unwrap();
        carried.send(&call(2));
        wait_until("both to be read", || lock(&carried.lane.state).steps >= 2);
        let overtaken = carried.server_sees.recv_timeout(Duration::from_millis(50));
        assert!(overtaken.is_err(), "{overtaken:?}");
        end.send(()).unwrap();
        carried.assert_server_sees(&long);
        carried.assert_server_sees(&call(2));
        let entries = sink.entries();
        check(&entries);
        assert_eq!(entries.len(), 2);
    }

    #[test]
    fn a_thread_that_panics_ends_the_lane() {
        for len in [1, 2 * LONG] {
            let (begun, begins) = mpsc::channel();
            let (end, ends) = mpsc::channel::<()>();
            let ends = Mutex::new(ends);
            let panics = move |content: &lokryn_mcp_log::Content<'_>| -> Option<String> {
                if content.json.contains("panic") {
                    begun.send(()).unwrap();
                    lock(&ends).recv().unwrap();
                    panic!("as this test wants");
                }
                None
            };
            let auditor = auditor(&Memory::new(), options().record_content(panics));
            let mut carried = carry(&auditor);
            carried.send(&call(1));
            carried.assert_server_sees(&call(1));
            let arguments = format!(r#""pay","arguments":"panic{}""#, "x".repeat(len));
            carried.send(&call(2).replace(r#""pay""#, &arguments));
            begins.recv_timeout(PATIENCE).unwrap();
            carried.send(&call(3));
            if len >= LONG {
                let read = || lock(&carried.lane.state).steps >= 4;
                wait_until("the next one to be read", read);
            }
            end.send(()).unwrap();
            // Nothing comes in the place of what is lost but the end.
            let seen = carried.server_sees.recv_timeout(PATIENCE);
            assert_eq!(seen, Err(mpsc::RecvTimeoutError::Disconnected), "{len}");
        }
    }

    #[test]
    fn messages_keep_their_order_whoever_reads_them() {
        let taken = Memory::new();
        let carried = carry(&slow_auditor(&taken, 7, Duration::from_millis(30)));
        let filling = "x".repeat(2 * LONG);
        let sent: Vec<_> = (0..200)
            .map(|id| match id % 5 {
                // Long, unrecorded, and what others must not overtake.
                0 => call(id).replace("pay", &filling),
                1 => format!(r#"{{"method":"notifications/progress","params":{id}}}"#),
                2 => format!(r#"{{"method":"notifications/message","params":"{filling}{id}"}}"#),
                _ => call(id),
            })
            .collect();
        let (sender, to_send) = (sent.clone(), carried.client.try_clone().unwrap());
        drop(carried.client);
        let client = thread::spawn(move || {
            let mut client = to_send;
            for line in sender {
                client.write_all(line.as_bytes()).unwrap();
                client.write_all(b"\n").unwrap();
                if line.len() % 3 == 0 {
                    thread::sleep(Duration::from_millis(1));
                }
            }
        });
        for line in sent {
            assert_next(&carried.server_sees, &line);
        }
        client.join().unwrap();
        // The end comes after everything else.
        assert!(carried.server_sees.recv_timeout(PATIENCE).is_err());
        let entries = taken.entries();
        check(&entries);
        let ids: Vec<_> = entries
            .iter()
            .filter_map(|entry| detail(entry, "request_id").as_u64())
            .collect();
        assert!(ids.is_sorted() && ids.len() == 120, "{ids:?}");
    }
}
