//! Putting an entry together: what `payload/` of the schema holds, in the order in which
//! a person reads it.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::prost_types::Timestamp;
use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity, Severity, bytes::Bytes};

use crate::content::{Measured, Recorded};
use crate::settings::Settings;

/// A JSON object that is being written.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    text: String,
}

impl Object {
    pub(crate) fn new() -> Self {
        // As long as that of most entries.
        let mut text = String::with_capacity(1024);
        text.push('{');
        Self { text }
    }

    /// Adds a member whose value is JSON already.
    pub(crate) fn json(&mut self, name: &str, value: &str) {
        self.name(name);
        self.text.push_str(value);
    }

    fn name(&mut self, name: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str("\":");
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        put_quoted(value, &mut self.text);
    }

    pub(crate) fn some_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(crate) fn number(&mut self, name: &str, value: impl Into<u64>) {
        let value: u64 = value.into();
        self.json(name, &value.to_string());
    }

    pub(crate) fn len(&mut self, name: &str, value: usize) {
        self.json(name, &value.to_string());
    }

    pub(crate) fn time(&mut self, name: &str, time: SystemTime) {
        self.text(name, &time_text(time));
    }

    /// In milliseconds, to the microsecond.
    pub(crate) fn duration(&mut self, name: &str, duration: Duration) {
        let micros = duration.as_micros();
        self.json(name, &format!("{}.{:03}", micros / 1000, micros % 1000));
    }

    /// Adds the size and the HMAC of a content, and what is recorded of it.
    pub(crate) fn measured(&mut self, name: &str, measured: &Measured, key_id: &str) {
        self.len(&format!("{name}_bytes"), measured.bytes);
        if let Some(hmac) = &measured.hmac {
            self.text(&format!("{name}_hmac"), hmac);
            if !self.text.contains("\"hmac_key_id\":") {
                self.text("hmac_key_id", key_id);
            }
        }
        match &measured.recorded {
            None => {}
            Some(Recorded::Json(json)) => self.json(name, json),
            Some(Recorded::Text { text, is_cut }) => {
                self.text(&format!("{name}_text"), text);
                if *is_cut {
                    self.json(&format!("{name}_cut"), "true");
                }
            }
        }
    }

    fn finish(mut self) -> Bytes {
        self.text.push('}');
        self.text.into()
    }
}

fn put_quoted(text: &str, out: &mut String) {
    out.push('"');
    let mut rest = text;
    while let Some(at) = rest.find(|char| matches!(char, '"' | '\\' | '\0'..' ')) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            byte @ (b'"' | b'\\') => out.extend(['\\', char::from(byte)]),
            byte => {
                let _ = write!(out, "\\u{byte:04x}");
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// Returns a time as the detail `occurred_at` has it.
pub(crate) fn time_text(time: SystemTime) -> String {
    let text = Timestamp::from(time).to_string();
    let seconds = text.trim_end_matches('Z');
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    format!("{seconds}.{fraction:0<9}Z")
}

/// The parts of an entry that are fields of the schema.
#[derive(Clone, Debug)]
pub(crate) struct Fields {
    pub(crate) event_type: EventType,
    pub(crate) outcome: Outcome,
    /// The outcome's own, unless set.
    pub(crate) severity: Option<Severity>,
    pub(crate) resource: String,
    pub(crate) sensitivity: Sensitivity,
}

impl Fields {
    pub(crate) fn entry(self, settings: &Settings, payload: Object) -> LogEntry {
        // A name that a peer gives may be empty, and an entry without a resource is one
        // that no journal takes.
        let resource = if self.resource.is_empty() {
            "unnamed".to_owned()
        } else {
            self.resource
        };
        let mut entry = settings
            .source
            .entry()
            .event_type(self.event_type)
            .outcome(self.outcome)
            .actor_id(&*settings.actor)
            .resource(resource)
            .sensitivity(self.sensitivity)
            .payload(payload.finish());
        if let Some(severity) = self.severity {
            entry = entry.severity(severity);
        }
        entry.build()
    }
}

/// Returns what is written in the place of an entry that the sink refuses: what it needs
/// to be found, and nothing that could be the reason.
pub(crate) fn refused(entry: &LogEntry) -> LogEntry {
    let mut payload = Object::new();
    for name in [
        "occurred_at",
        "event_id",
        "connection_id",
        "sequence",
        "direction",
        "method",
        "request_id",
    ] {
        if let Ok(Some(value)) = entry.detail::<serde_json::Value>(name) {
            payload.json(name, &value.to_string());
        }
    }
    payload.text("phase", "refused");
    payload.text("error_type", "entry_refused");
    payload.len("refused_bytes", entry.encoded_len());
    LogEntry {
        event_type: EventType::ResourceAccess.into(),
        outcome: Outcome::FailureError.into(),
        severity: Severity::Alert.into(),
        resource: "audit/refused".into(),
        payload: payload.finish(),
        ..entry.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_is_json() {
        let mut object = Object::new();
        object.text("a", "\"\\\n\u{1f}é");
        object.number("b", 1_u32);
        object.duration("c", Duration::from_micros(1_234_005));
        object.time("d", SystemTime::UNIX_EPOCH + Duration::from_millis(1500));
        let value: serde_json::Value = serde_json::from_slice(&object.finish()).unwrap();
        assert_eq!(
            value,
            serde_json::json!({
                "a": "\"\\\n\u{1f}é", "b": 1, "c": 1234.005, "d": "1970-01-01T00:00:01.500000000Z",
            })
        );
    }
}
