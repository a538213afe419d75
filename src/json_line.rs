//! The readable line: an entry as JSON for people and log shippers.

use core::fmt::{self, Display};

use alloc::borrow::Cow;
use alloc::string::String;
use serde_core::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::enums::ProtoEnum;
use crate::payload::format::as_json;
use crate::proto_json::JsonKind;
use crate::v1::with_fields;
use crate::view::{Blob, Number, Text, Texts};
use crate::{LogEntry, LogEntryView};

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

macro_rules! serialize_fields {
    (
        $(#[$docs:meta])* ;
        $($field:ident: $kind:ty = $number:tt, $names:tt $field_docs:tt $owned:tt $view:tt;)*
    ) => {
        impl Serialize for JsonLine<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut line = serializer.serialize_map(None)?;
                $(<$kind>::write_readable(
                    &mut line,
                    Names {
                        name: stringify!($field),
                        name_of_base64: concat!(stringify!($field), "_base64"),
                    },
                    self.0.$field,
                )?;)*
                line.end()
            }
        }
    };
}

with_fields!(serialize_fields);

/// What a field is called in a line.
struct Names {
    name: &'static str,
    /// The name of bytes that do not stand inline.
    name_of_base64: &'static str,
}

/// How a kind of field is written in a line.
trait LineKind: JsonKind {
    fn write_readable<M: SerializeMap>(
        line: &mut M,
        names: Names,
        value: Self::View<'_>,
    ) -> Result<(), M::Error> {
        Self::write_json(line, names.name, value)
    }
}

impl<E: ProtoEnum> LineKind for Number<E> {}
impl LineKind for Text {}
impl LineKind for Texts {}

impl LineKind for Blob {
    fn write_readable<M: SerializeMap>(
        line: &mut M,
        names: Names,
        bytes: &[u8],
    ) -> Result<(), M::Error> {
        match inline_json(bytes) {
            Some(json) => line.serialize_entry(names.name, &json),
            None => Self::write_json(line, names.name_of_base64, bytes),
        }
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
