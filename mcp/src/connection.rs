//! The state of one connection: which message needs which entry, and what becomes of the
//! message once the entry is written or is not.
//!
//! Nothing here waits, reads a clock or writes: [`Connection::accept`] takes a line that
//! has been read and returns entries, [`Connection::settle`] takes how writing them went
//! and returns what to do with the line.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity, Severity};

use crate::content::{Content, ContentPart, Measured};
use crate::entry::{Fields, Object};
use crate::message::{
    self, Answer, Body, Call, Id, Input, Line, Malformed, Message, ResultBody, Task,
};
use crate::methods::{self, Recorded};
use crate::options::FailurePolicy;
use crate::settings::Settings;

/// Which way a message goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client to the server.
    ToServer,
    /// From the server to the client.
    ToClient,
}

impl Direction {
    /// For what there is one of for each direction.
    const fn index(self) -> usize {
        match self {
            Self::ToServer => 0,
            Self::ToClient => 1,
        }
    }

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

/// An answer in the place of one that cannot be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The identifier of the request, as it was written in JSON.
    pub id: String,
    /// Why.
    pub reason: RefusalReason,
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

/// How writing the entries of a line went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    Yes,
    No,
    /// Whoever sent the line does not wait for it any more.
    Abandoned,
}

pub(crate) type HeldId = u64;
/// Tells requests apart, also those with the same identifier.
pub(crate) type Token = u64;

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

/// A request without an answer yet.
#[derive(Clone, Debug)]
struct Pending {
    call: Arc<Call>,
    direction: Direction,
    started: Now,
    progress: u64,
    is_held: bool,
    is_duplicate: bool,
    /// Whether its `finished` entry has been made: it was cancelled or has timed out, and
    /// an answer may still come.
    has_ended: bool,
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
    /// For each direction.
    pending: [BTreeMap<Token, Pending>; 2],
    by_id: [HashMap<Id, VecDeque<Token>>; 2],
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

/// What an entry says of how something ended.
#[derive(Clone, Debug)]
struct Ending {
    outcome: Outcome,
    severity: Option<Severity>,
    status: Option<&'static str>,
    error_code: Option<i64>,
    error_type: Option<String>,
    task_id: Option<String>,
}

impl Ending {
    fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            severity: None,
            status: None,
            error_code: None,
            error_type: None,
            task_id: None,
        }
    }

    fn failed(status: &'static str, error_type: &str) -> Self {
        Self {
            status: Some(status),
            error_type: (!error_type.is_empty()).then(|| error_type.to_owned()),
            ..Self::new(Outcome::FailureError)
        }
    }

    fn cancelled() -> Self {
        Self {
            severity: Some(Severity::Notice),
            ..Self::failed("cancelled", "")
        }
    }
}

impl Connection {
    pub(crate) fn new(settings: Arc<Settings>, id: String, transport: String) -> Self {
        Self {
            settings,
            id,
            transport,
            sequence: 0,
            next_token: 0,
            pending: Default::default(),
            by_id: Default::default(),
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
                request.and_then(|id| self.find(direction, id))
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
                to_sender: vec![refusal("null", RefusalReason::NotCalled)],
                to_receiver: Vec::new(),
                is_batch: false,
            })
        } else if is_refused {
            Gate::Settled(self.withhold(&held, now, &mut entries))
        } else if waits && (is_closed_policy || is_taking) {
            for HeldRequest { token, .. } in &held.requests {
                self.update(direction, *token, |pending| pending.is_held = true);
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
            self.update(pending.direction, *token, |pending| pending.is_held = false);
        }
        let is_open = self.settings.options.policy == FailurePolicy::Open;
        let verdict = match written {
            Written::Yes => Verdict::Forward,
            Written::No if is_open => Verdict::Forward,
            Written::No => self.withhold(&held, now, &mut entries),
            Written::Abandoned => {
                for HeldRequest { token, pending, .. } in &held.requests {
                    if self.remove(pending.direction, *token).is_some() {
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
            let Some(pending) = self.remove(direction, *token).filter(|it| !it.has_ended) else {
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
        let mut pending: Vec<_> = std::mem::take(&mut self.pending)
            .into_iter()
            .flatten()
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
        let mut payload = self.payload("closed", None, now);
        payload.text("reason", reason);
        self.put_peers(&mut payload);
        let fields = Fields {
            event_type: EventType::Logout,
            outcome: Outcome::Success,
            severity: None,
            resource: "session/close".into(),
            sensitivity: self.settings.frame,
        };
        entries.push(fields.entry(&self.settings, payload));
        entries
    }

    /// Returns the entry of a process that begins.
    pub(crate) fn process_started(&mut self, command: &str, now: Now) -> LogEntry {
        let payload = self.payload("started", None, now);
        let fields = Fields {
            event_type: EventType::ProcessStart,
            outcome: Outcome::Success,
            severity: None,
            resource: command.to_owned(),
            sensitivity: self.settings.frame,
        };
        fields.entry(&self.settings, payload)
    }

    /// Returns the entry of a process that has ended, or could not begin.
    pub(crate) fn process_stopped(
        &mut self,
        command: &str,
        status: Option<i32>,
        signal: Option<i32>,
        now: Now,
    ) -> LogEntry {
        let mut payload = self.payload("finished", None, now);
        if let Some(status) = status {
            payload.json("exit_status", &status.to_string());
        }
        if let Some(signal) = signal {
            payload.json("signal", &signal.to_string());
        }
        let outcome = match status {
            Some(0) => Outcome::Success,
            _ => Outcome::FailureError,
        };
        let fields = Fields {
            event_type: EventType::ProcessStop,
            outcome,
            severity: None,
            resource: command.to_owned(),
            sensitivity: self.settings.frame,
        };
        fields.entry(&self.settings, payload)
    }

    /// Counts entries that found no place.
    pub(crate) fn count_lost(&mut self, count: usize, now: Now) {
        let lost = self.lost.get_or_insert(Lost {
            count: 0,
            since: now.wall,
        });
        lost.count += u64::try_from(count).unwrap_or(u64::MAX);
    }

    fn gap(&mut self, now: Now) -> Option<LogEntry> {
        let lost = self.lost.take()?;
        let mut payload = self.payload("gap", None, now);
        payload.number("lost_entries", lost.count);
        payload.time("lost_since", lost.since);
        let fields = Fields {
            event_type: EventType::ResourceAccess,
            outcome: Outcome::FailureError,
            severity: Some(Severity::Alert),
            resource: "audit/gap".into(),
            sensitivity: self.settings.frame,
        };
        Some(fields.entry(&self.settings, payload))
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

    fn token(&mut self) -> Token {
        self.next_token += 1;
        self.next_token
    }

    fn update(&mut self, direction: Direction, token: Token, change: impl FnOnce(&mut Pending)) {
        if let Some(pending) = self.pending[direction.index()].get_mut(&token) {
            change(pending);
        }
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
        let id = call.id.clone().unwrap_or(Id::Null);
        let mut pending = Pending {
            call: Arc::new(call),
            direction,
            started: now,
            progress: 0,
            is_held: false,
            is_duplicate: self.by_id[direction.index()].contains_key(&id),
            has_ended: false,
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
        let by_id = &mut self.by_id[direction.index()];
        by_id.entry(id).or_default().push_back(token);
        self.pending[direction.index()].insert(token, pending.clone());
        HeldRequest {
            token,
            raw_id,
            pending,
        }
    }

    /// Ends the oldest request of a direction if there is no place for another.
    fn make_room(&mut self, direction: Direction, now: Now, entries: &mut Vec<LogEntry>) {
        let table = &self.pending[direction.index()];
        if table.len() < self.settings.options.max_pending {
            return;
        }
        let Some(oldest) = table.keys().next().copied() else {
            return;
        };
        let evicted = self.remove(direction, oldest);
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
            for pending in self.pending[direction.index()].values_mut() {
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

    fn remove(&mut self, direction: Direction, token: Token) -> Option<Pending> {
        let pending = self.pending[direction.index()].remove(&token)?;
        let id = pending.call.id.as_ref().unwrap_or(&Id::Null);
        let by_id = &mut self.by_id[direction.index()];
        if let Some(tokens) = by_id.get_mut(id) {
            tokens.retain(|other| *other != token);
            if tokens.is_empty() {
                by_id.remove(id);
            }
        }
        Some(pending)
    }

    /// Finds the request that an identifier means: the oldest one, but rather one that
    /// has gone on and not ended yet.
    fn find(&self, direction: Direction, id: &Id) -> Option<Token> {
        let table = &self.pending[direction.index()];
        let of = |id: &Id| {
            let tokens = self.by_id[direction.index()].get(id)?;
            let is_waiting = |token: &&Token| {
                table
                    .get(token)
                    .is_some_and(|pending| !pending.has_ended && !pending.is_held)
            };
            tokens.iter().find(is_waiting).or(tokens.front()).copied()
        };
        of(id).or_else(|| of(&id.alike()?))
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
                    .and_then(|id| self.find(direction, id));
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
        let request = self.pending[direction.index()]
            .values_mut()
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
            if let Some(pending) = self.remove(direction, token) {
                let ending = Ending {
                    error_type: Some("not_sent".into()),
                    ..Ending::cancelled()
                };
                entries.push(self.finished(&pending, &ending, None, "finished", now));
            }
            return;
        }
        let mut ended = None;
        self.update(direction, token, |pending| {
            if !pending.has_ended {
                pending.has_ended = true;
                ended = Some(pending.clone());
            }
        });
        if let Some(pending) = ended {
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
        let token = answer.id.as_ref().and_then(|id| self.find(of, id));
        let Some(pending) = token.and_then(|token| self.remove(of, token)) else {
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

    fn ending(&self, pending: &Pending, body: &Body) -> Ending {
        let options = &self.settings.options;
        let body = match body {
            Body::Error {
                is_transport_closed: true,
                code,
            } => {
                return Ending {
                    error_code: *code,
                    ..Ending::failed("unknown", "transport_closed")
                };
            }
            Body::Error { code, .. } => {
                let is_in = |codes: &std::collections::BTreeSet<i64>| {
                    code.is_some_and(|code| codes.contains(&code))
                };
                let outcome = if is_in(&options.denied_codes) {
                    Outcome::FailureDenied
                } else if is_in(&options.unauthorized_codes) {
                    Outcome::FailureUnauthorized
                } else {
                    Outcome::FailureError
                };
                return Ending {
                    error_code: *code,
                    error_type: Some("json_rpc_error".into()),
                    ..Ending::new(outcome)
                };
            }
            Body::Result(body) => body,
        };
        if body.is_error {
            return Ending {
                error_type: Some("tool_error".into()),
                ..Ending::new(Outcome::FailureError)
            };
        }
        if body.is_input_required {
            return Ending {
                status: Some("input_required"),
                ..Ending::new(Outcome::Partial)
            };
        }
        let creates_task = !pending.call.method.starts_with("tasks/");
        if let Some(task) = body.task.as_ref().filter(|_| creates_task) {
            return Ending {
                status: Some("task"),
                task_id: Some(task.id.clone()),
                ..Ending::new(Outcome::Partial)
            };
        }
        if pending.call.method == "elicitation/create" {
            return elicited(body.action.as_deref());
        }
        let mut ending = Ending::new(Outcome::Success);
        let name = pending.call.name.as_ref();
        if pending.call.method == "tools/call"
            && name.is_some_and(|name| self.destructive.contains(name))
        {
            ending.severity = Some(Severity::Notice);
        }
        ending
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
            self.remove(pending.direction, request.token);
            let ending = Ending::failed("refused", "audit_failed");
            entries.push(self.finished(pending, &ending, None, "finished", now));
            to_sender.push(refusal(&request.raw_id, RefusalReason::NotCalled));
        }
        for (raw_id, pending) in &held.answers {
            to_receiver.push(refusal(raw_id, RefusalReason::Withheld));
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

    // The entries.

    /// Returns the members that every entry has.
    fn payload(&mut self, phase: &str, direction: Option<Direction>, now: Now) -> Object {
        let sequence = self.sequence;
        self.sequence += 1;
        let mut payload = Object::new();
        payload.time("occurred_at", now.wall);
        payload.text("event_id", &format!("{}-{sequence}", self.id));
        payload.text("connection_id", &self.id);
        payload.number("sequence", sequence);
        payload.text("phase", phase);
        payload.text("transport", &self.transport);
        payload.some_text("protocol_version", self.protocol_version.as_deref());
        if let Some(direction) = direction {
            payload.text("direction", direction.name());
        }
        payload
    }

    fn put_peers(&self, payload: &mut Object) {
        payload.some_text("client", self.client.as_deref());
        payload.some_text("server", self.server.as_deref());
    }

    /// Returns the members of an entry about a request.
    fn payload_of(&mut self, phase: &str, pending: &Pending, now: Now) -> Object {
        let mut payload = self.payload(phase, Some(pending.direction), now);
        let call = &pending.call;
        payload.text("method", &call.method);
        if call.id.is_some() {
            put_id(&mut payload, &call.shown_id, call.id.as_ref());
        }
        if pending.is_duplicate {
            payload.json("duplicate_id", "true");
        }
        if call.has_duplicate_members {
            payload.json("duplicate_members", "true");
        }
        payload.time("started_at", pending.started.wall);
        if let Some((trace, span)) = &call.trace {
            payload.text("trace_id", trace);
            payload.text("span_id", span);
        }
        if matches!(&*call.method, "initialize" | "server/discover") {
            self.put_peers(&mut payload);
        }
        payload.measured("arguments", &call.arguments, self.settings.hmac_key.id());
        payload
    }

    fn fields_of(&self, call: &Call, ending: &Ending, has_content: bool) -> Fields {
        Fields {
            event_type: call.event_type,
            outcome: ending.outcome,
            severity: ending.severity,
            resource: call.resource.clone(),
            sensitivity: self.sensitivity(&call.method, call.sensitivity, has_content),
        }
    }

    fn sensitivity(
        &self,
        method: &str,
        rule: Option<Sensitivity>,
        has_content: bool,
    ) -> Sensitivity {
        let content = match (has_content, methods::is_highly_restricted(method)) {
            (true, true) => Sensitivity::HighlyRestricted,
            (true, false) => Sensitivity::Restricted,
            (false, _) => self.settings.frame,
        };
        match rule {
            // A rule can say less than the default of a frame, never less than content.
            Some(rule) if !has_content => rule,
            Some(rule) => rule.max(content),
            None => self.settings.frame.max(content),
        }
    }

    fn started(&mut self, pending: &Pending, now: Now) -> LogEntry {
        let payload = self.payload_of("started", pending, now);
        let ending = Ending {
            severity: Some(Severity::Debug),
            ..Ending::new(Outcome::Partial)
        };
        let has_content = pending.call.arguments.recorded.is_some();
        self.fields_of(&pending.call, &ending, has_content)
            .entry(&self.settings, payload)
    }

    fn finished(
        &mut self,
        pending: &Pending,
        ending: &Ending,
        result: Option<&Measured>,
        phase: &str,
        now: Now,
    ) -> LogEntry {
        let mut payload = self.payload_of(phase, pending, now);
        let duration = now
            .monotonic
            .saturating_duration_since(pending.started.monotonic);
        payload.duration("duration_ms", duration);
        put_ending(&mut payload, ending);
        if pending.progress > 0 {
            payload.number("progress_notifications", pending.progress);
        }
        if let Some(result) = result {
            payload.measured("result", result, self.settings.hmac_key.id());
        }
        let has_content = pending.call.arguments.recorded.is_some()
            || result.is_some_and(|result| result.recorded.is_some());
        self.fields_of(&pending.call, ending, has_content)
            .entry(&self.settings, payload)
    }

    /// Returns the entry of a notification.
    fn passing(&mut self, direction: Direction, call: Call, now: Now) -> LogEntry {
        let is_debug = call.definition.recorded == Recorded::IfAsked;
        let ending = Ending {
            severity: is_debug.then_some(Severity::Debug),
            task_id: call.task.as_ref().map(|task| task.id.clone()),
            ..Ending::new(Outcome::Success)
        };
        let pending = Pending {
            call: Arc::new(call),
            direction,
            started: now,
            progress: 0,
            is_held: false,
            is_duplicate: false,
            has_ended: false,
        };
        self.finished(&pending, &ending, None, "notified", now)
    }

    fn malformed(&mut self, direction: Direction, malformed: Malformed, now: Now) -> LogEntry {
        let mut payload = self.payload("notified", Some(direction), now);
        payload.text("error_type", malformed.error_type);
        payload.len("message_bytes", malformed.bytes);
        let fields = Fields {
            event_type: EventType::ResourceAccess,
            outcome: Outcome::FailureError,
            severity: None,
            resource: "malformed".into(),
            sensitivity: self.settings.frame,
        };
        fields.entry(&self.settings, payload)
    }

    /// Returns the entry of an answer to nothing that is known.
    fn unmatched(&mut self, direction: Direction, answer: &Answer, now: Now) -> LogEntry {
        let mut payload = self.payload("finished", Some(direction.reversed()), now);
        put_id(
            &mut payload,
            &message::cut_id(&answer.raw_id),
            answer.id.as_ref(),
        );
        payload.text("error_type", "unmatched_answer");
        if let Body::Error {
            code: Some(code), ..
        } = answer.body
        {
            payload.json("error_code", &code.to_string());
        }
        payload.measured("result", &answer.result, self.settings.hmac_key.id());
        let fields = Fields {
            event_type: EventType::ResourceAccess,
            outcome: Outcome::FailureError,
            severity: None,
            resource: "unmatched".into(),
            sensitivity: self.settings.frame,
        };
        fields.entry(&self.settings, payload)
    }

    /// Returns the entry of a request inside of a result, and remembers it.
    fn input_requested(&mut self, pending: &Pending, input: &Input, now: Now) -> LogEntry {
        if self.inputs.len() >= MAX_REMEMBERED {
            self.inputs.pop_front();
        }
        let remembered = Input {
            measured: Measured::default(),
            ..input.clone()
        };
        self.inputs.push_back(remembered);
        let ending = Ending {
            severity: Some(Severity::Debug),
            ..Ending::new(Outcome::Partial)
        };
        self.input("requested", pending, input, "arguments", &ending, now)
    }

    /// Returns the entry of an answer to such a request.
    fn input_answered(&mut self, pending: &Pending, answer: &Input, now: Now) -> LogEntry {
        let asked = self
            .inputs
            .iter()
            .rposition(|input| input.key == answer.key);
        let asked = asked.and_then(|at| self.inputs.remove(at));
        let input = Input {
            method: match (&asked, &answer.action) {
                (Some(asked), _) => asked.method.clone(),
                // Only answers to elicitations have an action.
                (None, Some(_)) => Some("elicitation/create".into()),
                (None, None) => None,
            },
            mode: asked.and_then(|asked| asked.mode),
            ..answer.clone()
        };
        let ending = elicited(answer.action.as_deref());
        self.input("finished", pending, &input, "result", &ending, now)
    }

    fn input(
        &mut self,
        phase: &str,
        pending: &Pending,
        input: &Input,
        part: &str,
        ending: &Ending,
        now: Now,
    ) -> LogEntry {
        let method = input.method.as_deref().unwrap_or("inputResponses");
        let mut payload = self.payload(phase, Some(Direction::ToClient), now);
        payload.text("method", method);
        put_id(
            &mut payload,
            &pending.call.shown_id,
            pending.call.id.as_ref(),
        );
        payload.text("input_id", &input.key);
        put_ending(&mut payload, ending);
        payload.measured(part, &input.measured, self.settings.hmac_key.id());
        let resource = match method {
            "elicitation/create" => {
                format!("elicitation/{}", input.mode.as_deref().unwrap_or("form"))
            }
            "roots/list" => "roots".to_owned(),
            method => method.to_owned(),
        };
        let fields = Fields {
            event_type: methods::method(method).event_type,
            outcome: ending.outcome,
            severity: ending.severity,
            resource,
            sensitivity: self.sensitivity(method, None, input.measured.recorded.is_some()),
        };
        fields.entry(&self.settings, payload)
    }
}

fn refusal(id: &str, reason: RefusalReason) -> Refusal {
    Refusal {
        id: id.to_owned(),
        reason,
    }
}

/// How an elicitation ended.
fn elicited(action: Option<&str>) -> Ending {
    match action {
        Some("decline") => Ending {
            status: Some("declined"),
            ..Ending::new(Outcome::FailureDenied)
        },
        Some("cancel") => Ending::cancelled(),
        _ => Ending::new(Outcome::Success),
    }
}

fn put_ending(payload: &mut Object, ending: &Ending) {
    payload.some_text("status", ending.status);
    payload.some_text("error_type", ending.error_type.as_deref());
    if let Some(code) = ending.error_code {
        payload.json("error_code", &code.to_string());
    }
    payload.some_text("task_id", ending.task_id.as_deref());
}

/// A number stays a number, so that `1` and `"1"` can be told apart.
fn put_id(payload: &mut Object, shown: &str, id: Option<&Id>) {
    match id {
        Some(Id::Number(number)) if number.parse::<i64>().is_ok() => {
            payload.json("request_id", number);
        }
        Some(Id::Text(text)) => payload.text("request_id", text),
        _ => payload.text("request_id", shown),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use lokryn_compliance_log::LogSource;

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
            let waits = clock.connection.pending[Direction::ToServer.index()].len();
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
        assert!(connection.pending.iter().all(BTreeMap::is_empty));
        assert!(connection.by_id.iter().all(HashMap::is_empty));
        assert!(connection.held.is_empty());
        assert!(connection.tasks.is_empty() && connection.inputs.is_empty());
    }
}
