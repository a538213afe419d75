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
        put_digits(value.into(), 1, &mut self.text);
    }

    pub(crate) fn len(&mut self, name: &str, value: usize) {
        self.number(name, as_u64(value));
    }

    pub(crate) fn time(&mut self, name: &str, time: SystemTime) {
        self.name(name, "");
        self.text.push('"');
        put_time(time.into(), &mut self.text);
        self.text.push('"');
    }

    /// In milliseconds, to the microsecond.
    pub(crate) fn duration(&mut self, name: &str, duration: Duration) {
        let micros = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        self.number(name, micros / 1000);
        self.text.push('.');
        put_digits(micros % 1000, 3, &mut self.text);
    }

    /// Adds the size and the HMAC of a content, and what is recorded of it.
    pub(crate) fn measured(&mut self, name: &str, measured: &Measured, key_id: &str) {
        self.name(name, "_bytes");
        put_digits(as_u64(measured.bytes), 1, &mut self.text);
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

fn as_u64(len: usize) -> u64 {
    u64::try_from(len).unwrap_or(u64::MAX)
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

/// Puts a number of at least so many digits.
pub(crate) fn put_digits(mut number: u64, least: usize, out: &mut String) {
    let mut digits = [b'0'; 20]; // as many as the largest number has
    let mut start = digits.len();
    while number > 0 {
        start -= 1;
        digits[start] += u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
    let start = start.min(digits.len() - least);
    out.extend(digits[start..].iter().map(|digit| char::from(*digit)));
}

/// Puts a time as the detail `occurred_at` has it.
fn put_time(time: Timestamp, out: &mut String) {
    const DAY: i64 = 24 * 60 * 60;
    // The days of four hundred years, after which the calendar is the same again.
    const CYCLE: i64 = 146_097;
    const FIRST: i64 = -719_468; // March 1st of the year 0, before which its leap day comes
    let second = time.seconds.rem_euclid(DAY);
    let days = time.seconds.div_euclid(DAY) - FIRST;
    let day = days.rem_euclid(CYCLE);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153; // from March on
    let day = day - (153 * month + 2) / 5 + 1;
    let year = year + days.div_euclid(CYCLE) * 400 + month / 10;
    let month = (month + 2) % 12 + 1;
    // As `Timestamp` prints years that RFC 3339 has no form for.
    out.push_str(match year {
        ..0 => "-",
        0..=9999 => "",
        _ => "+",
    });
    for (number, digits, end) in [
        (year, 4, '-'),
        (month, 2, '-'),
        (day, 2, 'T'),
        (second / 3600, 2, ':'),
        (second / 60 % 60, 2, ':'),
        (second % 60, 2, '.'),
        (time.nanos.into(), 9, 'Z'),
    ] {
        put_digits(number.unsigned_abs(), digits, out);
        out.push(end);
    }
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
    fn a_time_is_printed_as_by_the_library_of_the_schema() {
        let printed = |seconds, nanos| {
            let time = Timestamp { seconds, nanos };
            let mut text = String::new();
            put_time(time, &mut text);
            (text, time.to_string())
        };
        // Every day of a cycle of the calendar and more, and years without a form.
        let days = -300_000_i64..200_000;
        let seconds = days.map(|day| day * 86_400 + day.rem_euclid(86_400));
        for seconds in seconds.chain([-99_999_999_999, 253_402_300_799, 253_402_300_800]) {
            let (text, expected) = printed(seconds, 123_456_789);
            assert_eq!(text, expected, "{seconds}");
        }
        let (text, expected) = printed(0, 1);
        assert_eq!(text, expected);
        assert_eq!(printed(0, 0).0, "1970-01-01T00:00:00.000000000Z");
    }

    #[test]
    fn numbers_have_as_many_digits_as_they_need_or_as_are_asked_for() {
        for (number, least, expected) in [
            (0, 1, "0"),
            (0, 3, "000"),
            (7, 3, "007"),
            (1234, 3, "1234"),
            (u64::MAX, 9, "18446744073709551615"),
        ] {
            let mut text = String::new();
            put_digits(number, least, &mut text);
            assert_eq!(text, expected);
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
