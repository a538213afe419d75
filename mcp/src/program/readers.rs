//! The threads that read what both peers say.

use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crate::lane::{Lane, lock, wait};
use crate::relief::Relief;

const MAX_LANES: usize = 2;

/// Reads both directions in turns.
///
/// One thread waits for both peers, and sees to what they say by itself: of what it needs
/// for an answer, most is still in the caches of its core from the request, and two threads
/// would have to wake one after the other. Others stand by, and read on while the first has
/// a long message to see to, or if the sink or a peer keeps it waiting, which the
/// [`Relief`] notices.
pub(crate) struct Readers {
    lanes: Vec<&'static Lane>,
    state: Mutex<State>,
    stand_by: Condvar,
    relief: Relief,
}

#[derive(Default)]
struct State {
    /// Who reads each lane.
    watches: [Option<Watch>; MAX_LANES],
    /// From whom a lane has been taken over. It may still wait for input, and is not among
    /// those that stand by then.
    taken_over: Option<usize>,
    /// How often a thread has begun to read, or to see to a message.
    begun: u64,
}

#[derive(Clone, Copy)]
struct Watch {
    thread: usize,
    doing: Doing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Doing {
    /// Nothing has come. Another thread may take this over.
    Waiting,
    Reading,
    /// Seeing to a message since then, or reading the other lane.
    Busy(Instant),
}

impl State {
    fn watches_of(&mut self, thread: usize) -> impl Iterator<Item = &mut Option<Watch>> {
        let is_of_thread = move |watch: &Watch| watch.thread == thread;
        self.watches
            .iter_mut()
            .filter(move |watch| watch.as_ref().is_some_and(is_of_thread))
    }

    /// Notes that a thread cannot wait for its lanes now.
    fn be_busy(&mut self, thread: usize) {
        self.begun += 1;
        let doing = Doing::Busy(Instant::now());
        for watch in self.watches_of(thread) {
            *watch = Some(Watch { thread, doing });
        }
    }

    fn is_watched_by(&self, index: usize, thread: usize) -> bool {
        self.watches[index].is_some_and(|watch| watch.thread == thread)
    }
}

impl Readers {
    /// Reads until the end, on threads of their own. Of two lanes, both must be such that
    /// they can be waited for together.
    pub(crate) fn start(lanes: Vec<&'static Lane>) -> &'static Self {
        // At most two of a lane are busy, and one waits for what has been taken over from it.
        // As a lane of which two are busy is not read, there is always one more.
        let threads = 2 * lanes.len() + 1;
        let readers: &Self = Box::leak(Box::new(Self {
            lanes,
            state: Mutex::default(),
            stand_by: Condvar::new(),
            relief: Relief::default(),
        }));
        thread::spawn(|| readers.relief.run(|longest| readers.relieve(longest)));
        for thread in 0..threads {
            thread::spawn(move || readers.run(thread));
        }
        readers
    }

    fn run(&self, thread: usize) {
        let reader = Reader {
            readers: self,
            thread,
        };
        let mut spent = [Duration::ZERO; MAX_LANES];
        let mut takes_over = false;
        while let Some(watched) = self.watch(thread, takes_over) {
            let ready = self.wait_for_input(watched);
            takes_over = false;
            if let Some(index) = self.begin_to_read(thread, ready, spent) {
                let others_wait = ready == [true; MAX_LANES];
                let begin = Instant::now();
                self.lanes[index].read(&reader, others_wait);
                takes_over = lock(&self.state).is_watched_by(index, thread);
                // Time is owed to the other lane if it waits, and not by who was relieved.
                if !others_wait || !takes_over {
                    spent = Default::default();
                }
                if takes_over {
                    spent[index] += begin.elapsed();
                }
            }
        }
    }

    /// Waits until there is a lane that nobody reads, or one that this thread does, and
    /// returns which ones they are. `None` at the end.
    ///
    /// A thread that has seen to a short message takes over what others wait for: from then
    /// on it is the only one that wakes.
    fn watch(&self, thread: usize, mut takes_over: bool) -> Option<[bool; MAX_LANES]> {
        let mut state = lock(&self.state);
        state.taken_over.take_if(|from| *from == thread);
        takes_over &= state.taken_over.is_none();
        loop {
            let mut watched = [false; MAX_LANES];
            for (index, lane) in self.lanes.iter().enumerate() {
                let others = state.watches[index].filter(|watch| watch.thread != thread);
                if let Some(watch) = others {
                    if !takes_over || watch.doing != Doing::Waiting {
                        continue;
                    }
                    state.taken_over = Some(watch.thread);
                }
                watched[index] = lane.takes();
                let doing = Doing::Waiting;
                state.watches[index] = watched[index].then_some(Watch { thread, doing });
            }
            if watched.contains(&true) {
                return Some(watched);
            }
            if self.lanes.iter().all(|lane| lane.has_ended()) {
                self.stand_by.notify_all();
                return None;
            }
            takes_over = false;
            state = wait(&self.stand_by, state);
        }
    }

    /// Waits until one of these lanes can be read, and returns which ones can be.
    fn wait_for_input(&self, watched: [bool; MAX_LANES]) -> [bool; MAX_LANES] {
        // A single one can be waited for by reading it.
        if self.lanes.len() < MAX_LANES {
            return watched;
        }
        #[cfg(target_os = "linux")]
        return poll::wait_for_input(&self.lanes, watched);
        #[cfg(not(target_os = "linux"))]
        return watched;
    }

    /// Returns on which of those that are ready less time has been spent, unless another
    /// thread has taken them over. Time and not messages: a peer that takes each one slowly
    /// must not hold up the other direction by that much for every message of its own.
    fn begin_to_read(
        &self,
        thread: usize,
        ready: [bool; MAX_LANES],
        spent: [Duration; MAX_LANES],
    ) -> Option<usize> {
        let mut state = lock(&self.state);
        let next = (0..MAX_LANES)
            .filter(|index| ready[*index] && state.is_watched_by(*index, thread))
            .min_by_key(|index| spent[*index])?;
        // What has come may be gone, if others read it, too: then reading blocks, and the
        // other lane must not wait for that.
        state.be_busy(thread);
        let doing = Doing::Reading;
        state.watches[next] = Some(Watch { thread, doing });
        drop(state);
        self.relief.watch();
        Some(next)
    }

    /// Wakes a thread if there is a lane that could be read and that nobody reads.
    pub(crate) fn look_again(&self) {
        let state = lock(&self.state);
        self.wake_if_needed(&state);
    }

    fn wake_if_needed(&self, state: &State) {
        let mut lanes = self.lanes.iter().zip(&state.watches);
        if lanes.any(|(lane, watch)| watch.is_none() && lane.takes()) {
            self.stand_by.notify_one();
        }
    }

    /// Lets others read, if a thread has been seeing to a message for this long. Returns how
    /// often one has begun something that may take long.
    fn relieve(&self, longest: Duration) -> u64 {
        let mut state = lock(&self.state);
        let is_late = |watch: &mut Watch| matches!(watch.doing, Doing::Busy(since) if since.elapsed() >= longest);
        for watch in &mut state.watches {
            watch.take_if(is_late);
        }
        self.wake_if_needed(&state);
        let begun = state.begun;
        drop(state);
        let recorded = self.lanes.iter().map(|lane| lane.relieve(longest));
        begun + recorded.sum::<u64>()
    }
}

/// A thread that reads.
pub(crate) struct Reader<'r> {
    pub(crate) readers: &'r Readers,
    thread: usize,
}

impl Reader<'_> {
    /// Says that the thread sees to a message now, and cannot read meanwhile.
    pub(crate) fn see_to(&self) {
        lock(&self.readers.state).be_busy(self.thread);
        self.be_watched();
    }

    /// Says that the thread may be kept waiting by the sink.
    pub(crate) fn be_watched(&self) {
        self.readers.relief.watch();
    }

    /// Lets others read.
    pub(crate) fn let_others_read(&self) {
        let mut state = lock(&self.readers.state);
        for watch in state.watches_of(self.thread) {
            *watch = None;
        }
        self.readers.wake_if_needed(&state);
    }
}

#[cfg(target_os = "linux")]
mod poll {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::io::Errno;

    use super::MAX_LANES;
    use crate::lane::Lane;

    pub(super) fn wait_for_input(
        lanes: &[&'static Lane],
        watched: [bool; MAX_LANES],
    ) -> [bool; MAX_LANES] {
        let mut ready = [false; MAX_LANES];
        let mut inputs = Vec::with_capacity(MAX_LANES);
        for (index, lane) in lanes.iter().enumerate() {
            if !watched[index] {
                continue;
            }
            if let Some((has_next, input)) = lane.look() {
                ready[index] = has_next;
                inputs.push((index, input));
            } else {
                // It has been let go.
                ready[index] = true;
            }
        }
        let mut polled: Vec<_> = inputs
            .iter()
            .map(|(_, input)| PollFd::new(input, PollFlags::IN))
            .collect();
        // What has been read already need not be waited for, but the other one has its turn.
        let timeout = ready.contains(&true).then(Timespec::default);
        match poll(&mut polled, timeout.as_ref()) {
            // Nobody is ready after a signal.
            Ok(_) | Err(Errno::INTR) => {}
            // What cannot be waited for is read.
            Err(_) => return watched,
        }
        for ((index, _), polled) in inputs.iter().zip(&polled) {
            ready[*index] |= !polled.revents().is_empty();
        }
        ready
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{BufRead as _, BufReader, PipeReader, PipeWriter, Write as _, pipe};
    use std::os::fd::OwnedFd;
    use std::sync::Arc;
    use std::sync::mpsc;

    use lokryn_mcp_log::{Auditor, Direction};

    use super::*;
    use crate::lane::tests::{PATIENCE, assert_next, call, lines_of, slow_auditor};
    use crate::lane::{self, Output};
    use crate::support::{Memory, Mode, auditor, check, options, wait_until};

    const MAX_MESSAGE: usize = 1 << 20;

    /// Both lanes between a client and a server.
    struct Carried {
        to_server: &'static Lane,
        to_client: &'static Lane,
        client_says: PipeWriter,
        client_sees: PipeReader,
        server_says: PipeWriter,
        server_sees: PipeReader,
    }

    fn carry(auditor: &Auditor) -> Carried {
        let carried = connect(auditor);
        let lanes = vec![carried.to_server, carried.to_client];
        let readers = Readers::start(lanes.clone());
        for lane in lanes {
            thread::spawn(move || lane.run(readers));
        }
        carried
    }

    /// Lanes that nobody reads.
    fn connect(auditor: &Auditor) -> Carried {
        let session = auditor.session("test");
        let (from_client, client_says) = pipe().unwrap();
        let (client_sees, to_client) = pipe().unwrap();
        let (from_server, server_says) = pipe().unwrap();
        let (server_sees, to_server) = pipe().unwrap();
        let output = |writer| -> &'static Output { Box::leak(Box::new(Output::new(writer))) };
        let (client, server) = (output(to_client), output(to_server));
        let lane = |direction, input: PipeReader, sender, receiver| -> &'static Lane {
            let input = Arc::new(OwnedFd::from(input).into());
            let session = session.clone();
            Box::leak(Box::new(Lane::new(
                direction,
                session,
                input,
                MAX_MESSAGE,
                sender,
                receiver,
            )))
        };
        let to_server = lane(Direction::ToServer, from_client, client, server);
        let to_client = lane(Direction::ToClient, from_server, server, client);
        Carried {
            to_server,
            to_client,
            client_says,
            client_sees,
            server_says,
            server_sees,
        }
    }

    fn say(mut writer: &PipeWriter, line: &str) {
        writer.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn answer(id: usize) -> String {
        format!(r#"{{"id":{id},"result":{{"content":[]}}}}"#)
    }

    fn progress(id: usize) -> String {
        format!(r#"{{"method":"notifications/progress","params":{id}}}"#)
    }

    /// Readers without threads of their own.
    fn without_threads(carried: &Carried) -> Readers {
        Readers {
            lanes: vec![carried.to_server, carried.to_client],
            state: Mutex::default(),
            stand_by: Condvar::new(),
            relief: Relief::default(),
        }
    }

    #[test]
    fn a_lane_is_taken_over_from_one_thread_at_a_time() {
        let carried = connect(&auditor(&Memory::new(), options()));
        let readers = without_threads(&carried);
        let [first, second, third] = [0, 1, 2];
        let watch = |thread| {
            let doing = Doing::Waiting;
            Some(Watch { thread, doing })
        };
        lock(&readers.state).watches = [watch(first), watch(second)];
        assert_eq!(readers.watch(first, true), Some([true, true]));
        // The second one has not noticed yet.
        lock(&readers.state).watches = [watch(first), watch(third)];
        assert_eq!(readers.watch(first, true), Some([true, false]));
        // Now it has.
        lock(&readers.state).watches = [watch(first), None];
        assert_eq!(readers.watch(second, false), Some([false, true]));
        assert_eq!(readers.watch(first, true), Some([true, true]));
    }

    #[test]
    fn reading_that_blocks_does_not_hold_up_the_other_direction() {
        let carried = connect(&auditor(&Memory::new(), options()));
        let readers = without_threads(&carried);
        assert_eq!(readers.watch(0, false), Some([true, true]));
        let spent = Default::default();
        assert_eq!(readers.begin_to_read(0, [true, true], spent), Some(0));
        let _reading = lane::tests::hold_input(carried.to_server);
        readers.relieve(Duration::ZERO);
        say(&carried.server_says, &progress(1));
        let (sender, ready) = mpsc::channel();
        thread::spawn(move || {
            let watched = readers.watch(1, false);
            let ready = watched.map(|watched| readers.wait_for_input(watched));
            let _ = sender.send((watched, ready));
        });
        let of_server = Some([false, true]);
        assert_eq!(ready.recv_timeout(PATIENCE), Ok((of_server, of_server)));
    }

    #[test]
    fn half_a_message_does_not_hold_up_the_other_direction() {
        let carried = carry(&auditor(&Memory::new(), options()));
        let (first, second) = (call(1), answer(1));
        let server_sees = lines_of(carried.server_sees);
        let client_sees = lines_of(carried.client_sees);
        let (half, rest) = first.split_at(10);
        (&carried.client_says).write_all(half.as_bytes()).unwrap();
        for id in 0..3 {
            say(&carried.server_says, &progress(id));
            assert_next(&client_sees, &progress(id));
        }
        say(&carried.client_says, rest);
        assert_next(&server_sees, &first);
        say(&carried.server_says, &second);
        assert_next(&client_sees, &second);
    }

    #[test]
    fn a_sink_that_blocks_does_not_hold_up_what_is_not_recorded() {
        let sink = Memory::new();
        let carried = carry(&auditor(&sink, options().max_wait(PATIENCE)));
        let server_sees = lines_of(carried.server_sees);
        let client_sees = lines_of(carried.client_sees);
        sink.set(Mode::Block);
        say(&carried.client_says, &call(1));
        sink.wait_for_blocked();
        for id in 0..3 {
            say(&carried.server_says, &progress(id));
            assert_next(&client_sees, &progress(id));
        }
        assert!(server_sees.try_recv().is_err());
        sink.set(Mode::Take);
        assert_next(&server_sees, &call(1));
    }

    #[test]
    fn a_peer_that_takes_nothing_holds_up_its_own_direction_alone() {
        let sink = Memory::new();
        let carried = carry(&auditor(&sink, options().started(["none"])));
        let client_sees = lines_of(carried.client_sees);
        // More than all pipes and the queue hold.
        let filling = "x".repeat(10_000);
        let sent: Vec<_> = (0..500)
            .map(|id| call(id).replace("pay", &filling))
            .collect();
        let to_send = sent.clone();
        let client_says = carried.client_says;
        let client = thread::spawn(move || {
            for line in to_send {
                say(&client_says, &line);
            }
        });
        wait_until("the lane to be full", || !carried.to_server.takes());
        for id in 0..100 {
            say(&carried.server_says, &answer(id));
            assert_next(&client_sees, &answer(id));
        }
        assert!(!client.is_finished());
        let server_sees = lines_of(carried.server_sees);
        for line in &sent {
            assert_next(&server_sees, line);
        }
        client.join().unwrap();
        // The client has gone.
        assert!(server_sees.recv_timeout(PATIENCE).is_err());
        say(&carried.server_says, &progress(1));
        assert_next(&client_sees, &progress(1));
    }

    #[test]
    fn a_peer_that_takes_slowly_does_not_slow_down_what_it_says() {
        const NOTES: usize = 400;
        let carried = carry(&auditor(&Memory::new(), options()));
        let filling = "x".repeat(8_000);
        let client_says = carried.client_says;
        thread::spawn(move || {
            // More than the pipe to the server holds, until nobody takes it any more.
            let slow = format!(r#"{{"method":"notifications/message","params":"{filling}"}}"#);
            while (&client_says)
                .write_all(format!("{slow}\n").as_bytes())
                .is_ok()
            {}
        });
        let (sender, taken) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(carried.server_sees).lines() {
                // Always less than what a thread is relieved after.
                thread::sleep(Duration::from_millis(3));
                if line.is_err() || sender.send(()).is_err() {
                    return;
                }
            }
        });
        for () in taken.iter().take(50) {}
        let client_sees = lines_of(carried.client_sees);
        for id in 0..NOTES {
            say(&carried.server_says, &progress(id));
        }
        for id in 0..NOTES {
            assert_next(&client_sees, &progress(id));
        }
        let taken = taken.try_iter().count();
        assert!(taken < NOTES / 2, "{taken} taken");
    }

    #[test]
    fn who_says_something_to_a_peer_that_has_gone_learns_that() {
        let carried = carry(&auditor(&Memory::new(), options()));
        drop(carried.client_sees);
        wait_until("an error", || {
            (&carried.server_says).write_all(b"{}\n").is_err()
        });
        // The other direction goes on.
        say(&carried.client_says, &call(1));
        assert_next(&lines_of(carried.server_sees), &call(1));
    }

    #[test]
    fn both_directions_keep_their_order_whoever_reads_them() {
        let taken = Memory::new();
        let carried = carry(&slow_auditor(&taken, 11, Duration::from_millis(25)));
        let (server_sees, client_sees) =
            (lines_of(carried.server_sees), lines_of(carried.client_sees));
        let filling = "x".repeat(100_000);
        let calls: Vec<_> = (0..200)
            .map(|id| match id % 9 {
                0 => call(id).replace("pay", &filling),
                _ => call(id),
            })
            .collect();
        let answers: Vec<_> = (0..200)
            .flat_map(|id| {
                [
                    progress(id),
                    match id % 7 {
                        0 => answer(id).replace("[]", &format!("{filling:?}")),
                        _ => answer(id),
                    },
                ]
            })
            .collect();
        let (said, answered) = (calls.clone(), answers.clone());
        thread::spawn(move || {
            for line in said {
                say(&carried.client_says, &line);
            }
        });
        let server = thread::spawn(move || {
            for (call, answers) in calls.iter().zip(answered.chunks(2)) {
                assert_next(&server_sees, call);
                for line in answers {
                    say(&carried.server_says, line);
                }
            }
        });
        for line in &answers {
            assert_next(&client_sees, line);
        }
        server.join().unwrap();
        let entries = taken.entries();
        check(&entries);
        assert_eq!(entries.len(), 400);
    }
}
