//! The entries of a connection.

use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity, Severity};

use super::ending::Ending;
use super::requests::Pending;
use super::{Connection, Direction, MAX_REMEMBERED, Now};
use crate::content::Measured;
use crate::entry::{Fields, Object};
use crate::message::{self, Answer, Body, Call, Id, Input, Malformed};
use crate::methods::{self, Recorded};

impl Connection {
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

    /// Returns the entry of the end of the connection.
    pub(super) fn closed(&mut self, reason: &str, now: Now) -> LogEntry {
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
        fields.entry(&self.settings, payload)
    }

    /// Returns the entry of those that found no place, if any did.
    pub(super) fn gap(&mut self, now: Now) -> Option<LogEntry> {
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

    pub(super) fn put_peers(&self, payload: &mut Object) {
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

    pub(super) fn started(&mut self, pending: &Pending, now: Now) -> LogEntry {
        let payload = self.payload_of("started", pending, now);
        let ending = Ending {
            severity: Some(Severity::Debug),
            ..Ending::new(Outcome::Partial)
        };
        let has_content = pending.call.arguments.recorded.is_some();
        self.fields_of(&pending.call, &ending, has_content)
            .entry(&self.settings, payload)
    }

    pub(super) fn finished(
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
    pub(super) fn passing(&mut self, direction: Direction, call: Call, now: Now) -> LogEntry {
        let is_debug = call.definition.recorded == Recorded::IfAsked;
        let ending = Ending {
            severity: is_debug.then_some(Severity::Debug),
            task_id: call.task.as_ref().map(|task| task.id.clone()),
            ..Ending::new(Outcome::Success)
        };
        let pending = Pending::new(call, direction, now);
        self.finished(&pending, &ending, None, "notified", now)
    }

    pub(super) fn malformed(
        &mut self,
        direction: Direction,
        malformed: Malformed,
        now: Now,
    ) -> LogEntry {
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
    pub(super) fn unmatched(
        &mut self,
        direction: Direction,
        answer: &Answer,
        now: Now,
    ) -> LogEntry {
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
    pub(super) fn input_requested(
        &mut self,
        pending: &Pending,
        input: &Input,
        now: Now,
    ) -> LogEntry {
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
    pub(super) fn input_answered(
        &mut self,
        pending: &Pending,
        answer: &Input,
        now: Now,
    ) -> LogEntry {
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
        let ending = Ending::of_elicitation(answer.action.as_deref());
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
