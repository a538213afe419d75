//! Putting an entry together: what `payload/` of the schema holds, in the order in which
//! a person reads it.

use std::fmt::Write as _;
use std::time::{Duration, SystemTime};

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::prost_types::Timestamp;
use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity, Severity, bytes::Bytes};

use crate::content::{Measured, Recorded};
use crate::settings::Settings;

/// A JSON object that is being written, every value where it belongs: a message waits for
/// it, and texts made to be copied take longer than all the rest.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    text: String,
    has_key_id: bool,
}

impl Object {
    pub(crate) fn new() -> Self {
        // As long as that of most entries.
        let mut text = String::with_capacity(1024);
        text.push('{');
        Self {
            text,
            has_key_id: false,
        }
    }

    /// Adds a member whose value is JSON already.
    pub(crate) fn json(&mut self, name: &str, value: &str) {
        self.name(name, "");
        self.text.push_str(value);
    }

    fn name(&mut self, name: &str, suffix: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push('"');
        self.text.push_str(name);
        self.text.push_str(suffix);
        self.text.push_str("\":");
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.name(name, "");
        put_quoted(value, &mut self.text);
    }

    pub(crate) fn some_text(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(crate) fn number(&mut self, name: &str, value: impl Into<u64>) {
        self.name(name, "");
        let value: u64 = value.into();
        let _ = write!(self.text, "{value}");
    }

    pub(crate) fn len(&mut self, name: &str, value: usize) {
        self.name(name, "");
        let _ = write!(self.text, "{value}");
    }

    pub(crate) fn time(&mut self, name: &str, time: SystemTime) {
        self.name(name, "");
        self.text.push('"');
        put_time(time.into(), &mut self.text);
        self.text.push('"');
    }

    /// In milliseconds, to the microsecond.
    pub(crate) fn duration(&mut self, name: &str, duration: Duration) {
        let micros = duration.as_micros();
        self.name(name, "");
        let _ = write!(self.text, "{}.{:03}", micros / 1000, micros % 1000);
    }

    /// Adds the size and the HMAC of a content, and what is recorded of it.
    pub(crate) fn measured(&mut self, name: &str, measured: &Measured, key_id: &str) {
        self.name(name, "_bytes");
        let _ = write!(self.text, "{}", measured.bytes);
        if let Some(hmac) = &measured.hmac {
            self.name(name, "_hmac");
            put_quoted(hmac, &mut self.text);
            if !self.has_key_id {
                self.has_key_id = true;
                self.text("hmac_key_id", key_id);
            }
        }
        match &measured.recorded {
            None => {}
            Some(Recorded::Json(json)) => self.json(name, json),
            Some(Recorded::Text { text, is_cut }) => {
                self.name(name, "_text");
                put_quoted(text, &mut self.text);
                if *is_cut {
                    self.name(name, "_cut");
                    self.text.push_str("true");
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
    let is_escaped = |byte: u8| matches!(byte, b'"' | b'\\' | 0..b' ');
    out.push('"');
    let mut rest = text;
    // Most have none, which is seen faster without stopping at the first.
    if text.bytes().fold(false, |any, byte| any | is_escaped(byte)) {
        while let Some(at) = rest.bytes().position(is_escaped) {
            out.push_str(&rest[..at]);
            match rest.as_bytes()[at] {
                byte @ (b'"' | b'\\') => out.extend(['\\', char::from(byte)]),
                byte => {
                    let _ = write!(out, "\\u{byte:04x}");
                }
            }
            rest = &rest[at + 1..];
        }
    }
    out.push_str(rest);
    out.push('"');
}

/// Puts a time as the detail `occurred_at` has it.
fn put_time(time: Timestamp, out: &mut String) {
    let _ = write!(out, "{}", Timestamp { nanos: 0, ..time });
    out.pop(); // the Z
    let _ = write!(out, ".{:09}Z", time.nanos);
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
    fn a_time_has_nine_digits_of_a_second() {
        for (nanos, expected) in [
            (0, "000000000"),
            (120_000_000, "120000000"),
            (120_000, "000120000"),
            (12, "000000012"),
        ] {
            let mut text = String::from(".");
            put_time(Timestamp { seconds: 0, nanos }, &mut text);
            assert_eq!(text, format!(".1970-01-01T00:00:00.{expected}Z"));
        }
    }

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
