//! A sink that fails, blocks and recovers on command, and what tests ask of entries.
#![allow(dead_code, unreachable_pub)]

#[cfg(feature = "rmcp")]
pub mod server;

use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use lokryn_compliance_log::{EventType, LogEntry, LogSource, Outcome, Standard};
use lokryn_mcp_log::{AuditOptions, AuditSink, Auditor, SinkError};
use serde_json::Value;

/// What the sink does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    Take,
    Fail,
    Block,
}

#[derive(Debug)]
struct State {
    mode: Mode,
    entries: Vec<LogEntry>,
    /// How many entries are taken before the mode is `Fail`.
    takes: Option<usize>,
    reopened: usize,
    blocked: usize,
}

/// A sink in memory. Clones are the same.
#[derive(Clone, Debug)]
pub struct Memory {
    state: Arc<(Mutex<State>, Condvar)>,
}

impl Memory {
    pub fn new() -> Self {
        let state = State {
            mode: Mode::Take,
            entries: Vec::new(),
            takes: None,
            reopened: 0,
            blocked: 0,
        };
        Self {
            state: Arc::new((Mutex::new(state), Condvar::new())),
        }
    }

    pub fn set(&self, mode: Mode) {
        self.state.0.lock().unwrap().mode = mode;
        self.state.1.notify_all();
    }

    /// Takes so many more entries, and fails then.
    pub fn fail_after(&self, count: usize) {
        self.state.0.lock().unwrap().takes = Some(count);
    }

    pub fn entries(&self) -> Vec<LogEntry> {
        self.state.0.lock().unwrap().entries.clone()
    }

    pub fn reopened(&self) -> usize {
        self.state.0.lock().unwrap().reopened
    }

    /// Waits until the sink is being given an entry and does not take it.
    pub fn wait_for_blocked(&self) {
        wait_until("a blocked write", || {
            self.state.0.lock().unwrap().blocked > 0
        });
    }

    /// Waits until so many entries are there, and returns them.
    pub fn wait_for(&self, count: usize) -> Vec<LogEntry> {
        wait_until("entries", || self.entries().len() >= count);
        self.entries()
    }
}

impl AuditSink for Memory {
    fn append(&mut self, entry: &LogEntry) -> Result<(), SinkError> {
        let (state, changed) = &*self.state;
        let mut state = state.lock().unwrap();
        while state.mode == Mode::Block {
            state.blocked += 1;
            state = changed.wait(state).unwrap();
        }
        if let Some(takes) = &mut state.takes {
            if *takes == 0 {
                state.takes = None;
                state.mode = Mode::Fail;
            } else {
                *takes -= 1;
            }
        }
        if state.mode == Mode::Fail {
            return Err("the disk is full".into());
        }
        state.entries.push(entry.clone());
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        self.state.0.lock().unwrap().reopened += 1;
        Ok(())
    }
}

pub fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(10);
    while !is_so() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

pub fn source() -> LogSource<lokryn_compliance_log::builder::missing::sensitivity> {
    LogSource::new("mcp-client", "test").policy_tag("SOC2")
}

/// Options whose waits are short.
pub fn options() -> AuditOptions {
    AuditOptions::new()
        .max_wait(Duration::from_millis(200))
        .retry_every(Duration::from_millis(10))
}

pub fn auditor(sink: &Memory, options: AuditOptions) -> Auditor {
    Auditor::with_options(source(), "agent-001", sink.clone(), options).unwrap()
}

/// A detail as JSON, `null` if it is not there.
pub fn detail(entry: &LogEntry, name: &str) -> Value {
    entry.detail(name).unwrap().unwrap_or_default()
}

pub fn text(entry: &LogEntry, name: &str) -> String {
    match detail(entry, name) {
        Value::String(text) => text,
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

/// An entry in one line: phase, method or resource, identifier, outcome, status.
pub fn line(entry: &LogEntry) -> String {
    let name = |enumeration: &str, prefix: &str| enumeration.replace(prefix, "").to_lowercase();
    let outcome = name(entry.outcome().as_str_name(), "OUTCOME_");
    let parts = [
        text(entry, "phase"),
        name(entry.event_type().as_str_name(), "EVENT_"),
        entry.resource.clone(),
        match text(entry, "request_id") {
            id if id.is_empty() => id,
            id => format!("#{id}"),
        },
        outcome,
        text(entry, "status"),
        text(entry, "error_type"),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join(" ")
}

pub fn lines(entries: &[LogEntry]) -> Vec<String> {
    entries.iter().map(line).collect()
}

/// Checks what every entry of one connection must be, in this order.
#[track_caller]
pub fn check(entries: &[LogEntry]) {
    check_with_tags(entries, &["SOC2"]);
}

#[track_caller]
pub fn check_with_tags(entries: &[LogEntry], tags: &[&str]) {
    let mut connection = None;
    let mut events = std::collections::HashSet::new();
    for (index, entry) in entries.iter().enumerate() {
        let shown = entry.json_line().to_string();
        entry.validate_for(Standard::PciDss).expect(&shown);
        entry.validate_for(Standard::NistAu3).expect(&shown);
        assert_eq!(detail(entry, "sequence"), index, "{shown}");
        let id = text(entry, "connection_id");
        assert_eq!(*connection.get_or_insert(id.clone()), id, "{shown}");
        assert!(events.insert(entry.event_id().unwrap().unwrap()), "{shown}");
        assert_eq!(entry.actor_id, "agent-001", "{shown}");
        assert_eq!(entry.message, "", "{shown}");
        assert_ne!(entry.event_type(), EventType::Unspecified, "{shown}");
        assert_ne!(entry.outcome(), Outcome::Unspecified, "{shown}");
        assert_eq!(entry.policy_tags, tags, "{shown}");
    }
}
