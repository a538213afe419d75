//! Times as the program reads and prints them: RFC 3339, UTC.

use std::time::{SystemTime, UNIX_EPOCH};

use lokryn_compliance_log::prost_types::Timestamp;

/// Prints a time with all nine digits of the second, so that the order of the texts is
/// that of the times.
pub(crate) fn print(time: SystemTime) -> String {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
    let whole = Timestamp { seconds, nanos: 0 }.to_string();
    let whole = whole.trim_end_matches('Z');
    format!("{whole}.{:09}Z", since.subsec_nanos())
}

/// Reads a time, or the beginning of a day.
pub(crate) fn parse(text: &str) -> Result<SystemTime, String> {
    let parsed = text.parse::<Timestamp>();
    let parsed = parsed.or_else(|_| format!("{text}T00:00:00Z").parse::<Timestamp>());
    let time = parsed.map_err(|_| "neither a time of RFC 3339 nor a day".to_owned())?;
    SystemTime::try_from(time).map_err(|_| "out of range".to_owned())
}
