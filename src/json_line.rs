//! The readable line: an entry as JSON for people and log shippers.

use core::fmt::{self, Display};

use alloc::borrow::Cow;
use alloc::string::String;
use serde::ser::{Serialize, SerializeMap as _, Serializer};
use serde_json::value::RawValue;

use crate::json::{base64, open_enum, text};
use crate::payload_format::as_json;
use crate::{EventType, LogEntry, LogEntryView, Outcome, PolicyTags, Sensitivity, Severity};

impl LogEntry {
    /// Returns the entry as one line of JSON, through `Display` or `Serialize`.
    ///
    /// See [`JsonLine`] for the form.
    #[must_use]
    pub fn json_line(&self) -> JsonLine<'_> {
        LogEntryView::from(self).json_line()
    }
}

impl<'a> LogEntryView<'a> {
    /// Returns the entry as one line of JSON, through `Display` or `Serialize`.
    ///
    /// See [`JsonLine`] for the form.
    #[must_use]
    pub fn json_line(&self) -> JsonLine<'a> {
        JsonLine(*self)
    }
}

/// An entry as one line of JSON, for people and log shippers: proto field names,
/// enum names, and a JSON payload inline as JSON.
///
/// ```
/// use lokryn_compliance_log::{LogEntry, Outcome};
/// use serde_json::json;
///
/// let entry = LogEntry {
///     outcome: Outcome::Success.into(),
///     message: "Exported\ncustomer data".to_owned(),
///     payload: json!({"records": 1500}).to_string().into(),
///     ..LogEntry::default()
/// };
/// assert_eq!(
///     entry.json_line().to_string(),
///     r#"{"outcome":"OUTCOME_SUCCESS","message":"Exported\ncustomer data","payload":{"records":1500}}"#,
/// );
/// ```
///
/// The line is valid JSON whatever the entry holds. It contains no line break of
/// any kind, nor any other control character: line feeds, the Unicode line and
/// paragraph separators (U+2028, U+2029), DEL and the C1 controls are written as
/// `\u` escapes. Fields with their default value are left out, and an unknown
/// enum number is a number.
///
/// A payload that is JSON stands under `payload` as it was written, digit by
/// digit. Any other payload stands under `payload_base64`, in standard base64.
/// Nothing is withheld, whatever the sensitivity: unlike `Debug`, the line is
/// the entry.
///
/// `Serialize` embeds the same in a larger JSON text. Write that text with
/// `serde_json::to_string` or `to_writer`: a `serde_json::Value` cannot hold every
/// payload, so building one fails, and `json!` panics, on numbers beyond `f64` and
/// on nesting deeper than 127; other formats get a JSON payload as `serde_json`'s
/// private raw value. What JSON itself lets through unescaped, U+2028 and the C1
/// controls, is escaped by `Display` alone.
///
/// The canonical form that other implementations read is `Serialize` on
/// [`LogEntry`] itself.
#[derive(Clone, Copy, Debug)]
pub struct JsonLine<'a>(LogEntryView<'a>);

impl Display for JsonLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let line = serde_json::to_string(self).map_err(|_| fmt::Error)?;
        write_escaped(&line, f)
    }
}

/// Writes JSON with every control character and line separator escaped that JSON
/// itself lets through. They can only stand inside strings.
fn write_escaped(json: &str, f: &mut impl fmt::Write) -> fmt::Result {
    let mut rest = json;
    while let Some(at) = rest.find(is_left_unescaped) {
        let (before, after) = rest.split_at(at);
        f.write_str(before)?;
        let mut chars = after.chars();
        if let Some(control) = chars.next() {
            write!(f, "\\u{:04x}", u32::from(control))?;
        }
        rest = chars.as_str();
    }
    f.write_str(rest)
}

fn is_left_unescaped(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}')
}

impl Serialize for JsonLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = &self.0;
        let mut line = serializer.serialize_map(None)?;
        open_enum::write::<EventType, _>(&mut line, "event_type", &entry.event_type)?;
        open_enum::write::<Outcome, _>(&mut line, "outcome", &entry.outcome)?;
        open_enum::write::<Severity, _>(&mut line, "severity", &entry.severity)?;
        text::write(&mut line, "actor_id", entry.actor_id)?;
        text::write(&mut line, "component", entry.component)?;
        text::write(&mut line, "environment", entry.environment)?;
        text::write(&mut line, "resource", entry.resource)?;
        text::write(&mut line, "message", entry.message)?;
        if let Some(json) = inline_json(entry.payload) {
            line.serialize_entry("payload", &json)?;
        } else {
            base64::write(&mut line, "payload_base64", entry.payload)?;
        }
        if !entry.policy_tags.is_empty() {
            line.serialize_entry("policy_tags", &Tags(entry.policy_tags))?;
        }
        open_enum::write::<Sensitivity, _>(&mut line, "sensitivity", &entry.sensitivity)?;
        line.end()
    }
}

struct Tags<'a>(PolicyTags<'a>);

impl Serialize for Tags<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0)
    }
}

/// Returns the payload as JSON on one line, if it is JSON.
fn inline_json(payload: &[u8]) -> Option<Cow<'_, RawValue>> {
    const BREAKS: [char; 3] = ['\n', '\r', '\t'];

    let json = as_json(payload)?;
    if !json.get().contains(BREAKS) {
        return Some(Cow::Borrowed(json));
    }
    // In JSON these stand only between tokens, none of which need a space
    // between them.
    let on_one_line: String = json.get().split(BREAKS).map(str::trim).collect();
    RawValue::from_string(on_one_line).ok().map(Cow::Owned)
}
