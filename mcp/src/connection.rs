//! The state of one connection: which message needs which entry, and what becomes of the
//! message once the entry is written or is not.
//!
//! Nothing here waits, reads a clock or writes: [`Connection::accept`] takes a line that
//! has been read and returns entries, [`Connection::settle`] takes how writing them went
//! and returns what to do with the line.

mod ending;
mod entries;
mod refusal;
mod requests;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use lokryn_compliance_log::{LogEntry, Outcome};

use crate::content::{Content, ContentPart, Measured};
use crate::message::{self, Answer, Body, Call, Input, Line, Message, ResultBody, Task};
use crate::methods::Recorded;
use crate::options::FailurePolicy;
use crate::settings::Settings;

use ending::Ending;
pub use refusal::{Refusal, RefusalReason, Verdict};
pub(crate) use requests::Token;
use requests::{Pending, Requests};

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

impl Direction {
    /// Returns the other direction.
    #[must_use]
    pub const fn reversed(self) -> Self {
        match self {
            Self::ToServer => Self::ToClient,
            Self::ToClient => Self::ToServer,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::ToServer => "client_to_server",
            Self::ToClient => "server_to_client",
        }
    }
}

/// A moment, by both clocks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) wall: SystemTime,
    pub(crate) monotonic: Instant,
}

impl Now {
    pub(crate) fn read() -> Self {
        Self {
            wall: SystemTime::now(),
            monotonic: Instant::now(),
        }
    }
}

/// How writing the entries of a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Yes,
    No,
    /// Whoever sent the line does not wait for it any more.
    Abandoned,
}

pub(crate) type HeldId = u64;

/// What [`Connection::accept`] returns.
#[derive(Debug)]
pub(crate) struct Accepted {
    /// To be written, in this order.
    pub(crate) entries: Vec<LogEntry>,
    pub(crate) gate: Gate,
    /// Lines that need not wait any more, because they have been cancelled.
    pub(crate) cancelled: Vec<HeldId>,
    /// The requests in it.
    pub(crate) requests: Vec<Token>,
    /// The request that it cancels.
    pub(crate) cancels: Option<Token>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Gate {
    /// It need not wait for its entries.
    Settled(Verdict),
    /// It waits for its entries.
    Held(HeldId),
}

/// A request in a line that waits.
#[derive(Debug)]
struct HeldRequest {
    token: Token,
    /// As it was written.
    raw_id: String,
    pending: Pending,
}

/// A line that waits for its entries.
#[derive(Debug, Default)]
struct HeldLine {
    requests: Vec<HeldRequest>,
    answers: Vec<(String, Option<Pending>)>,
    others: usize,
    is_batch: bool,
    is_cancelled: bool,
}

/// Entries that found no place.
#[derive(Clone, Copy, Debug)]
struct Lost {
    count: u64,
    since: SystemTime,
}

#[derive(Debug)]
pub(crate) struct Connection {
    settings: Arc<Settings>,
    id: String,
    transport: String,
    sequence: u64,
    next_token: Token,
    to_server: Requests,
    to_client: Requests,
    held: HashMap<HeldId, HeldLine>,
    /// What a task was called for, oldest first.
    tasks: VecDeque<(String, Pending)>,
    /// What a server has asked for in a result, oldest first.
    inputs: VecDeque<Input>,
    destructive: HashSet<String>,
    client: Option<String>,
    server: Option<String>,
    protocol_version: Option<String>,
    lost: Option<Lost>,
    is_closed: bool,
}

/// How many names of destructive tools, and how many requests of servers inside of
/// results, are remembered.
const MAX_REMEMBERED: usize = 1024;

impl Connection {
    pub(crate) fn new(settings: Arc<Settings>, id: String, transport: String) -> Self {
        Self {
            settings,
            id,
            transport,
            sequence: 0,
            next_token: 0,
            to_server: Requests::default(),
            to_client: Requests::default(),
            held: HashMap::new(),
            tasks: VecDeque::new(),
            inputs: VecDeque::new(),
            destructive: HashSet::new(),
            client: None,
            server: None,
            protocol_version: None,
            lost: None,
            is_closed: false,
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.is_closed
    }

    /// Takes a line. `is_taking` says whether the sink takes entries.
    pub(crate) fn accept(
        &mut self,
        direction: Direction,
        line: Line,
        now: Now,
        is_taking: bool,
    ) -> Accepted {
        let mut entries = Vec::new();
        self.expire(now, &mut entries);
        if is_taking {
            entries.extend(self.gap(now));
        }
        let is_closed_policy = self.settings.options.policy == FailurePolicy::Closed;
        let must_pass = line.messages.iter().all(|message| match message {
            Message::Notification(call) => self.passes_unrecorded(call),
            _ => false,
        });
        let is_refused = is_closed_policy && !is_taking && !must_pass;
        let mut held = HeldLine {
            is_batch: line.is_batch,
            ..HeldLine::default()
        };
        let mut cancelled = Vec::new();
        let has_too_many = line.has_too_many() && is_closed_policy;
        let mut waits = false;
        let cancels = match &line.messages[..] {
            [Message::Notification(call)] if call.method == "notifications/cancelled" => {
                let request = call.cancels.as_ref();
                request.and_then(|id| self.requests(direction).find(id))
            }
            _ => None,
        };
        for message in line.messages {
            match message {
                Message::Request(call) => {
                    waits |= call.is_started || !call.inputs.is_empty();
                    let request = self.begin(direction, *call, now, is_refused, &mut entries);
                    held.requests.push(request);
                }
                Message::Notification(call) => {
                    waits |= !self.passes_unrecorded(&call);
                    held.others += usize::from(!self.passes_unrecorded(&call));
                    self.notification(direction, *call, now, &mut entries, &mut cancelled);
                }
                Message::Answer(answer) => {
                    waits = true;
                    let raw_id = answer.raw_id.clone();
                    let pending = self.answer(direction, &answer, now, &mut entries);
                    held.answers.push((raw_id, pending));
                }
                Message::Malformed(malformed) => {
                    waits = true;
                    held.others += 1;
                    entries.push(self.malformed(direction, malformed, now));
                }
            }
        }
        let requests = held.requests.iter().map(|request| request.token).collect();
        let gate = if has_too_many {
            // Nobody knows what it holds, and so whom to answer.
            Gate::Settled(Verdict::Withhold {
                to_sender: vec![Refusal::new("null", RefusalReason::NotCalled)],
                to_receiver: Vec::new(),
                is_batch: false,
            })
        } else if is_refused {
            Gate::Settled(self.withhold(&held, now, &mut entries))
        } else if waits && (is_closed_policy || is_taking) {
            for HeldRequest { token, .. } in &held.requests {
                self.requests(direction).hold(*token, true);
            }
            let id = self.token();
            self.held.insert(id, held);
            Gate::Held(id)
        } else {
            Gate::Settled(Verdict::Forward)
        };
        Accepted {
            entries,
            gate,
            cancelled,
            requests,
            cancels,
        }
    }

    /// Decides what becomes of a line that has waited.
    pub(crate) fn settle(
        &mut self,
        id: HeldId,
        written: Written,
        now: Now,
    ) -> (Verdict, Vec<LogEntry>) {
        let mut entries = Vec::new();
        let Some(held) = self.held.remove(&id) else {
            return (Verdict::Drop, entries);
        };
        if held.is_cancelled {
            return (Verdict::Drop, entries);
        }
        for HeldRequest { token, pending, .. } in &held.requests {
            self.requests(pending.direction).hold(*token, false);
        }
        let is_open = self.settings.options.policy == FailurePolicy::Open;
        let verdict = match written {
            Written::Yes => Verdict::Forward,
            Written::No if is_open => Verdict::Forward,
            Written::No => self.withhold(&held, now, &mut entries),
            Written::Abandoned => {
                for HeldRequest { token, pending, .. } in &held.requests {
                    let requests = self.requests(pending.direction);
                    if requests.remove(*token).is_some() {
                        let ending = Ending {
                            error_type: Some("not_sent".into()),
                            ..Ending::cancelled()
                        };
                        entries.push(self.finished(pending, &ending, None, "finished", now));
                    }
                }
                Verdict::Drop
            }
        };
        (verdict, entries)
    }

    /// Ends requests that could not be sent.
    pub(crate) fn not_sent(
        &mut self,
        direction: Direction,
        requests: &[u64],
        outcome: Outcome,
        now: Now,
    ) -> Vec<LogEntry> {
        let mut entries = Vec::new();
        for token in requests {
            let pending = self.requests(direction).remove(*token);
            let Some(pending) = pending.filter(|pending| !pending.has_ended) else {
                continue;
            };
            let ending = Ending {
                outcome,
                ..Ending::failed("not_sent", "transport_error")
            };
            entries.push(self.finished(&pending, &ending, None, "finished", now));
        }
        entries
    }

    /// Ends the connection: what has no answer will have none.
    pub(crate) fn close(&mut self, reason: &str, now: Now) -> Vec<LogEntry> {
        if self.is_closed {
            return Vec::new();
        }
        self.is_closed = true;
        let mut entries: Vec<_> = self.gap(now).into_iter().collect();
        let mut pending: Vec<_> = [&mut self.to_server, &mut self.to_client]
            .into_iter()
            .flat_map(Requests::take_all)
            .collect();
        pending.sort_by_key(|(token, _)| *token);
        let tasks = self.tasks.drain(..).map(|(_, pending)| pending);
        let unanswered: Vec<_> = pending
            .into_iter()
            .map(|(_, pending)| pending)
            .filter(|pending| !pending.has_ended)
            .chain(tasks)
            .collect();
        for pending in unanswered {
            let ending = Ending::failed("unknown", "disconnected");
            entries.push(self.finished(&pending, &ending, None, "finished", now));
        }
        entries.push(self.closed(reason, now));
        entries
    }

    /// Counts entries that found no place.
    pub(crate) fn count_lost(&mut self, count: usize, now: Now) {
        let lost = self.lost.get_or_insert(Lost {
            count: 0,
            since: now.wall,
        });
        lost.count += u64::try_from(count).unwrap_or(u64::MAX);
    }

    /// Whether a notification goes on whatever the sink does.
    fn passes_unrecorded(&self, call: &Call) -> bool {
        match call.definition.recorded {
            Recorded::WithItsRequest => true,
            Recorded::IfAsked => !self.settings.options.records_notifications,
            Recorded::WithItsTask => {
                !self.settings.options.records_notifications
                    && !call.task.as_ref().is_some_and(Task::has_ended)
            }
            Recorded::Answered | Recorded::Passing => false,
        }
    }

    fn requests(&mut self, direction: Direction) -> &mut Requests {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    fn token(&mut self) -> Token {
        self.next_token += 1;
        self.next_token
    }

    /// Takes a request.
    fn begin(
        &mut self,
        direction: Direction,
        mut call: Call,
        now: Now,
        is_refused: bool,
        entries: &mut Vec<LogEntry>,
    ) -> HeldRequest {
        let token = self.token();
        let raw_id = std::mem::take(&mut call.raw_id);
        let inputs = std::mem::take(&mut call.inputs);
        if call.peer.protocol_version.is_some() {
            self.protocol_version
                .clone_from(&call.peer.protocol_version);
        }
        if direction == Direction::ToServer && call.peer.name.is_some() {
            self.client.clone_from(&call.peer.name);
        }
        let is_duplicate = self.requests(direction).has(call.id.as_ref());
        let mut pending = Pending {
            is_duplicate,
            ..Pending::new(call, direction, now)
        };
        if is_refused {
            return HeldRequest {
                token,
                raw_id,
                pending,
            };
        }
        self.make_room(direction, now, entries);
        if pending.call.is_started {
            entries.push(self.started(&pending, now));
            // The content is in one entry, not in two.
            if pending.call.arguments.recorded.is_some() {
                let mut call = (*pending.call).clone();
                call.arguments.recorded = None;
                pending.call = Arc::new(call);
            }
        }
        for input in &inputs {
            entries.push(self.input_answered(&pending, input, now));
        }
        self.requests(direction).insert(token, pending.clone());
        HeldRequest {
            token,
            raw_id,
            pending,
        }
    }

    /// Ends the oldest request of a direction if there is no place for another.
    fn make_room(&mut self, direction: Direction, now: Now, entries: &mut Vec<LogEntry>) {
        let max_pending = self.settings.options.max_pending;
        let requests = self.requests(direction);
        if requests.len() < max_pending {
            return;
        }
        let evicted = requests.remove_oldest();
        if let Some(pending) = evicted.filter(|pending| !pending.has_ended) {
            let ending = Ending::failed("unknown", "too_many_pending");
            entries.push(self.finished(&pending, &ending, None, "finished", now));
        }
    }

    /// Ends the requests that are too old.
    pub(crate) fn expire(&mut self, now: Now, entries: &mut Vec<LogEntry>) {
        let max_age = self.settings.options.max_pending_age;
        for direction in [Direction::ToServer, Direction::ToClient] {
            let mut expired = Vec::new();
            for pending in self.requests(direction).oldest_first() {
                let age = now.monotonic.duration_since(pending.started.monotonic);
                if age < max_age {
                    break;
                }
                if !pending.has_ended && !pending.is_held {
                    pending.has_ended = true;
                    expired.push(pending.clone());
                }
            }
            for pending in expired {
                let ending = Ending::failed("timeout", "timeout");
                entries.push(self.finished(&pending, &ending, None, "finished", now));
            }
        }
    }

    fn notification(
        &mut self,
        direction: Direction,
        call: Call,
        now: Now,
        entries: &mut Vec<LogEntry>,
        cancelled: &mut Vec<HeldId>,
    ) {
        match &*call.method {
            "notifications/cancelled" => {
                let request = call
                    .cancels
                    .as_ref()
                    .and_then(|id| self.requests(direction).find(id));
                if let Some(token) = request {
                    self.cancel(direction, token, now, entries, cancelled);
                }
            }
            "notifications/progress" => self.progress(direction.reversed(), &call),
            _ if !self.passes_unrecorded(&call) => {
                let ended = call.task.as_ref().filter(|task| task.has_ended());
                let ended = ended.and_then(|task| self.task_ended(task, None, now));
                match ended {
                    Some(entry) => entries.push(entry),
                    None => entries.push(self.passing(direction, call, now)),
                }
            }
            _ => {}
        }
    }

    fn progress(&mut self, direction: Direction, call: &Call) {
        let Some(token) = &call.progress_token else {
            return;
        };
        let request = self
            .requests(direction)
            .oldest_first()
            .rev()
            .find(|pending| pending.call.progress_token.as_ref() == Some(token));
        if let Some(pending) = request {
            pending.progress += 1;
        }
    }

    fn cancel(
        &mut self,
        direction: Direction,
        token: Token,
        now: Now,
        entries: &mut Vec<LogEntry>,
        cancelled: &mut Vec<HeldId>,
    ) {
        let is_this = |request: &HeldRequest| request.token == token;
        let held = self.held.iter_mut().find(|(_, held)| {
            // The bytes of a batch go on as a whole or not at all.
            !held.is_batch && held.requests.iter().any(is_this)
        });
        if let Some((id, held)) = held {
            held.is_cancelled = true;
            cancelled.push(*id);
            if let Some(pending) = self.requests(direction).remove(token) {
                let ending = Ending {
                    error_type: Some("not_sent".into()),
                    ..Ending::cancelled()
                };
                entries.push(self.finished(&pending, &ending, None, "finished", now));
            }
            return;
        }
        let pending = self.requests(direction).get_mut(token);
        if let Some(pending) = pending.filter(|pending| !pending.has_ended) {
            pending.has_ended = true;
            let pending = pending.clone();
            entries.push(self.finished(&pending, &Ending::cancelled(), None, "finished", now));
        }
    }

    /// Takes an answer, and returns the request that it ends.
    fn answer(
        &mut self,
        direction: Direction,
        answer: &Answer,
        now: Now,
        entries: &mut Vec<LogEntry>,
    ) -> Option<Pending> {
        let of = direction.reversed();
        let requests = self.requests(of);
        let token = answer.id.as_ref().and_then(|id| requests.find(id));
        let Some(pending) = token.and_then(|token| requests.remove(token)) else {
            entries.push(self.unmatched(direction, answer, now));
            return None;
        };
        let mut result = answer.result.clone();
        if let Some(json) = &answer.content {
            result.recorded = message::record(
                &self.settings,
                &Content {
                    method: &pending.call.method,
                    name: pending.call.name.as_deref(),
                    part: ContentPart::Result,
                    json,
                },
            );
        }
        if let Body::Result(body) = &answer.body {
            self.learn(direction, &pending, body);
        }
        let mut ending = self.ending(&pending, &answer.body);
        if answer.has_duplicate_members {
            ending.error_type = Some("duplicate_members".into());
        }
        let phase = if pending.has_ended {
            "late"
        } else {
            "finished"
        };
        entries.push(self.finished(&pending, &ending, Some(&result), phase, now));
        if let Body::Result(body) = &answer.body {
            for input in &body.inputs {
                entries.push(self.input_requested(&pending, input, now));
            }
            self.follow_task(&pending, body, answer, now, entries);
        }
        Some(pending)
    }

    /// Remembers what a result says of the peer and its tools.
    fn learn(&mut self, direction: Direction, pending: &Pending, body: &ResultBody) {
        if body.peer.protocol_version.is_some() && pending.call.method == "initialize" {
            self.protocol_version
                .clone_from(&body.peer.protocol_version);
        }
        if direction == Direction::ToClient && body.peer.name.is_some() {
            self.server.clone_from(&body.peer.name);
        }
        if pending.call.method == "tools/list" {
            for (name, is_destructive) in &body.tools {
                if !is_destructive {
                    self.destructive.remove(name);
                } else if self.destructive.len() < MAX_REMEMBERED {
                    self.destructive.insert(name.clone());
                }
            }
        }
    }

    /// Begins or ends the task that a result is about.
    fn follow_task(
        &mut self,
        pending: &Pending,
        body: &ResultBody,
        answer: &Answer,
        now: Now,
        entries: &mut Vec<LogEntry>,
    ) {
        let method = &*pending.call.method;
        if method == "tasks/result" {
            // Revision 2025-11-25: the result is that of the tool.
            let Some(task) = &pending.call.task else {
                return;
            };
            let task = Task {
                status: Some("completed".into()),
                is_error: body.is_error,
                ..task.clone()
            };
            entries.extend(self.task_ended(&task, Some(&answer.result), now));
            return;
        }
        let Some(task) = &body.task else {
            return;
        };
        if method.starts_with("tasks/") {
            if task.has_ended() {
                entries.extend(self.task_ended(task, None, now));
            }
        } else {
            if self.tasks.len() >= self.settings.options.max_pending
                && let Some((id, evicted)) = self.tasks.pop_front()
            {
                let ending = Ending {
                    task_id: Some(id),
                    ..Ending::failed("unknown", "too_many_pending")
                };
                entries.push(self.finished(&evicted, &ending, None, "finished", now));
            }
            self.tasks.push_back((task.id.clone(), pending.clone()));
            if task.has_ended() {
                entries.extend(self.task_ended(task, None, now));
            }
        }
    }

    /// Returns the entry that ends the call which began a task.
    fn task_ended(&mut self, task: &Task, result: Option<&Measured>, now: Now) -> Option<LogEntry> {
        let at = self.tasks.iter().position(|(id, _)| *id == task.id)?;
        let (_, pending) = self.tasks.remove(at)?;
        let mut ending = match task.status.as_deref() {
            Some("completed") if task.is_error => Ending {
                error_type: Some("tool_error".into()),
                ..Ending::new(Outcome::FailureError)
            },
            Some("completed") => Ending::new(Outcome::Success),
            Some("cancelled") => Ending::cancelled(),
            _ => Ending::failed("failed", "task_failed"),
        };
        ending.task_id = Some(task.id.clone());
        Some(self.finished(&pending, &ending, result, "finished", now))
    }

    /// Makes the entries of a line that does not go on, and the answers in its place.
    fn withhold(&mut self, held: &HeldLine, now: Now, entries: &mut Vec<LogEntry>) -> Verdict {
        let mut to_sender = Vec::new();
        let mut to_receiver = Vec::new();
        for request in &held.requests {
            let pending = &request.pending;
            self.requests(pending.direction).remove(request.token);
            let ending = Ending::failed("refused", "audit_failed");
            entries.push(self.finished(pending, &ending, None, "finished", now));
            to_sender.push(Refusal::new(&request.raw_id, RefusalReason::NotCalled));
        }
        for (raw_id, pending) in &held.answers {
            to_receiver.push(Refusal::new(raw_id, RefusalReason::Withheld));
            if let Some(pending) = pending {
                let ending = Ending::failed("withheld", "audit_failed");
                entries.push(self.finished(pending, &ending, None, "withheld", now));
            }
        }
        if to_sender.is_empty() && to_receiver.is_empty() {
            return Verdict::Drop;
        }
        Verdict::Withhold {
            to_sender,
            to_receiver,
            is_batch: held.is_batch,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lokryn_compliance_log::{LogSource, Sensitivity};

    use super::*;
    use crate::content::HmacKey;
    use crate::options::AuditOptions;

    /// A connection with a clock that moves when it is told to.
    struct Clock {
        connection: Connection,
        settings: Arc<Settings>,
        now: Now,
    }

    impl Clock {
        fn new(options: AuditOptions) -> Self {
            let settings = Arc::new(Settings {
                source: LogSource::new("c", "e").sensitivity(Sensitivity::Confidential),
                frame: Sensitivity::Confidential,
                actor: "agent-001".into(),
                options,
                hmac_key: HmacKey::new("key-1", &[7; 32]).unwrap(),
            });
            let connection = Connection::new(Arc::clone(&settings), "c1".into(), "test".into());
            let now = Now {
                wall: SystemTime::UNIX_EPOCH,
                monotonic: Instant::now(),
            };
            Self {
                connection,
                settings,
                now,
            }
        }

        fn pass(&mut self, time: Duration) {
            self.now.wall += time;
            self.now.monotonic += time;
        }

        fn accept(&mut self, direction: Direction, text: &str, is_taking: bool) -> Accepted {
            let line = message::read(text.as_bytes(), &self.settings).unwrap();
            self.connection.accept(direction, line, self.now, is_taking)
        }

        fn settle(&mut self, accepted: &Accepted, written: Written) -> (Verdict, Vec<LogEntry>) {
            let Gate::Held(id) = accepted.gate else {
                panic!("{accepted:?}");
            };
            self.connection.settle(id, written, self.now)
        }
    }

    const CALL: &str = r#"{"id":1,"method":"tools/call","params":{"name":"pay"}}"#;
    const RESULT: &str = r#"{"id":1,"result":{}}"#;

    fn detail(entry: &LogEntry, name: &str) -> serde_json::Value {
        entry.detail(name).unwrap().unwrap_or_default()
    }

    #[test]
    fn a_call_and_its_result() {
        let mut clock = Clock::new(AuditOptions::new());
        let call = clock.accept(Direction::ToServer, CALL, true);
        assert_eq!(call.entries.len(), 1);
        assert_eq!(
            clock.settle(&call, Written::Yes),
            (Verdict::Forward, Vec::new())
        );
        clock.pass(Duration::from_nanos(1_234_567_890));
        let result = clock.accept(Direction::ToClient, RESULT, true);
        assert_eq!(
            clock.settle(&result, Written::Yes),
            (Verdict::Forward, Vec::new())
        );
        let [entry] = &result.entries[..] else {
            panic!("{result:?}");
        };
        assert_eq!(detail(entry, "duration_ms"), 1234.567);
        assert_eq!(
            detail(entry, "started_at"),
            "1970-01-01T00:00:00.000000000Z"
        );
        assert_eq!(
            detail(entry, "occurred_at"),
            "1970-01-01T00:00:01.234567890Z"
        );
        assert_eq!(detail(entry, "event_id"), "c1-1");
    }

    #[test]
    fn what_has_no_name_makes_a_valid_entry() {
        let mut clock = Clock::new(AuditOptions::new());
        clock.accept(Direction::ToServer, r#"{"id":1,"method":""}"#, true);
        let asks = r#"{"id":2,"result":{"resultType":"input_required","inputRequests":{"":{"method":""}}}}"#;
        let call = CALL.replace('1', "2");
        clock.accept(Direction::ToServer, &call, true);
        let mut entries = clock.accept(Direction::ToClient, asks, true).entries;
        entries.push(clock.connection.process_started("", clock.now));
        entries.extend(clock.connection.close("end", clock.now));
        for entry in &entries {
            assert_eq!(entry.validate(), Ok(()), "{entry:?}");
        }
        let unnamed = entries.iter().filter(|entry| entry.resource == "unnamed");
        assert_eq!(unnamed.count(), 3, "{entries:?}");
    }

    #[test]
    fn the_verdict_follows_the_policy_and_the_writing() {
        for (policy, written, expected) in [
            (FailurePolicy::Closed, Written::Yes, "Forward"),
            (FailurePolicy::Closed, Written::No, "Withhold"),
            (FailurePolicy::Closed, Written::Abandoned, "Drop"),
            (FailurePolicy::Open, Written::Yes, "Forward"),
            (FailurePolicy::Open, Written::No, "Forward"),
            (FailurePolicy::Open, Written::Abandoned, "Drop"),
        ] {
            let mut clock = Clock::new(AuditOptions::new().failure_policy(policy));
            let call = clock.accept(Direction::ToServer, CALL, true);
            let (verdict, entries) = clock.settle(&call, written);
            let shown = format!("{verdict:?}");
            assert!(
                shown.starts_with(expected),
                "{policy:?} {written:?}: {shown}"
            );
            assert_eq!(entries.len(), usize::from(expected != "Forward"), "{shown}");
            // What did not go on is not waited for.
            let waits = clock.connection.to_server.len();
            assert_eq!(waits, usize::from(expected == "Forward"), "{shown}");
            assert_eq!(
                clock.settle(&call, written).0,
                Verdict::Drop,
                "settled twice"
            );
        }
    }

    #[test]
    fn a_request_is_too_old_at_its_age_and_not_before() {
        let age = Duration::from_secs(60);
        let mut clock = Clock::new(AuditOptions::new().max_pending_age(age).started(["none"]));
        clock.accept(Direction::ToServer, CALL, true);
        clock.pass(age.saturating_sub(Duration::from_nanos(1)));
        let ping = r#"{"id":2,"method":"ping"}"#;
        assert_eq!(clock.accept(Direction::ToServer, ping, true).entries, []);
        clock.pass(Duration::from_nanos(1));
        let accepted = clock.accept(Direction::ToServer, ping, true);
        assert_eq!(detail(&accepted.entries[0], "status"), "timeout");
        assert_eq!(clock.accept(Direction::ToServer, ping, true).entries, []);
    }

    #[test]
    fn nothing_is_left_of_connections_that_have_worked() {
        let mut clock = Clock::new(AuditOptions::new());
        for id in 0..100 {
            let call = CALL.replace('1', &id.to_string());
            let call = clock.accept(Direction::ToServer, &call, true);
            clock.settle(&call, Written::Yes);
            let result = RESULT.replace('1', &id.to_string());
            let result = clock.accept(Direction::ToClient, &result, true);
            clock.settle(&result, Written::Yes);
        }
        let connection = &clock.connection;
        assert!(connection.to_server.is_empty() && connection.to_client.is_empty());
        assert!(connection.held.is_empty());
        assert!(connection.tasks.is_empty() && connection.inputs.is_empty());
    }
}
