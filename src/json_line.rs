//! The readable line: an entry as JSON for people and log shippers.

use core::fmt::{self, Display, Write as _};

use alloc::vec::Vec;
use bytes::Bytes;
use serde_core::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::enums::ProtoEnum;
use crate::payload::format::as_json;
use crate::payload::json_text::{fits_a_line, members};
use crate::proto_json::refuse::refuse_scalars;
use crate::proto_json::{Field, JsonKind, base64, unknown_field};
use crate::v1::with_fields;
use crate::view::{Blob, Kind, Number, Text, Texts};
use crate::{LogEntry, LogEntryView};

impl LogEntry {
    /// Returns the entry as one line of JSON, through `Display`.
    ///
    /// See [`JsonLine`] for the form.
    #[must_use]
    pub fn json_line(&self) -> JsonLine<'_> {
        LogEntryView::from(self).json_line()
    }

    /// Reads a line of JSON, as [`json_line`](Self::json_line) writes it, and returns
    /// the same entry, to the byte.
    ///
    /// The payload is the text that stands under `payload`, as it is spelled there. A
    /// shipper that spells JSON anew, with spaces for example, changes it.
    ///
    /// # Errors
    ///
    /// A text that is not a JSON object of these members, each at most once, and of
    /// their types: see [`JsonLine`]. A `payload` that is neither an object nor an
    /// array is refused: in ProtoJSON, which looks much the same, it is base64. No
    /// error prints any of a payload.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntry;
    ///
    /// let line = r#"{"actor_id":"agent-001","payload":{"rows":42.0}}"#;
    /// let entry = LogEntry::from_json_line(line)?;
    /// assert_eq!(entry.payload, r#"{"rows":42.0}"#);
    /// assert_eq!(entry.json_line().to_string(), line);
    ///
    /// assert!(LogEntry::from_json_line(r#"{"payload":"eyJyb3dzIjo0Mn0="}"#).is_err());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn from_json_line(line: &str) -> Result<Self, serde_json::Error> {
        let mut json = serde_json::Deserializer::from_str(line);
        let (mut entry, inline) = json.deserialize_any(Line)?;
        json.end()?;
        for (name, value) in members(line) {
            let Some(field) = inline.iter().find(|field| field.name() == name) else {
                continue;
            };
            let value = &line[value];
            if !value.starts_with(['{', '[']) {
                return Err(de::Error::custom(format_args!(
                    "{name}: neither an object nor an array"
                )));
            }
            set_inline(&mut entry, *field, value);
        }
        Ok(entry)
    }
}

impl<'a> LogEntryView<'a> {
    /// Returns the entry as one line of JSON, through `Display`.
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
/// A payload stands under `payload`, byte for byte, if it is a JSON object or array
/// that the usual readers of lines take and pass on as it is:
///
/// - no white space outside of strings, and nothing that a line escapes;
/// - nesting of at most 100;
/// - numbers that an `f64` can hold, of at most 309 characters;
/// - no half of a surrogate pair, and no key that `serde_json` keeps for itself.
///
/// Any other payload stands under `payload_base64`, in standard base64. So
/// [`LogEntry::from_json_line`] gives back the same entry. What `json!` and
/// [`Payload::json`](crate::Payload::json) make has no white space.
///
/// Nothing is withheld, whatever the sensitivity: unlike `Debug`, the line is
/// the entry. The canonical form that other implementations read is `Serialize` on
/// [`LogEntry`] itself.
#[derive(Clone, Copy, Debug)]
pub struct JsonLine<'a>(LogEntryView<'a>);

macro_rules! line {
    (
        $(#[$docs:meta])* ;
        $($field:ident: $kind:ty = $number:tt, $names:tt $field_docs:tt $owned:tt $view:tt;)*
    ) => {
        impl Display for JsonLine<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut line = Members { f, is_first: true };
                $(<$kind>::write_member(&mut line, stringify!($field), self.0.$field)?;)*
                line.end()
            }
        }

        impl Member {
            fn from_name(name: &str) -> Option<Self> {
                match name {
                    $(
                        stringify!($field) => Some(<$kind>::member(Field::$field)),
                        concat!(stringify!($field), "_base64") if <$kind>::IS_BYTES => {
                            Some(Self::Value(Field::$field))
                        }
                    )*
                    _ => None,
                }
            }
        }

        fn read_value<'de, M: MapAccess<'de>>(
            field: Field,
            line: &mut M,
            entry: &mut LogEntry,
        ) -> Result<(), M::Error> {
            match field {
                $(Field::$field => <$kind>::read_json(line, field, &mut entry.$field),)*
            }
        }

        fn set_inline(entry: &mut LogEntry, field: Field, json: &str) {
            match field {
                $(Field::$field => <$kind>::set_inline(&mut entry.$field, json),)*
            }
        }
    };
}

with_fields!(line);

/// A member of a line.
enum Member {
    /// What ProtoJSON has for the field, too.
    Value(Field),
    /// JSON that is the value of a bytes field itself.
    Inline(Field),
}

/// The members of a line that is being written.
struct Members<'a, 'f> {
    f: &'a mut fmt::Formatter<'f>,
    is_first: bool,
}

impl<'f> Members<'_, 'f> {
    /// Writes a name, and returns what its value goes to.
    fn named(&mut self, name: &str, suffix: &str) -> Result<&mut fmt::Formatter<'f>, fmt::Error> {
        let before = if self.is_first { '{' } else { ',' };
        self.is_first = false;
        write!(self.f, "{before}\"{name}{suffix}\":")?;
        Ok(self.f)
    }

    fn end(self) -> fmt::Result {
        self.f.write_str(if self.is_first { "{}" } else { "}" })
    }
}

/// How a kind of field is written in a line, and read from one.
trait LineKind: JsonKind {
    const IS_BYTES: bool = false;

    /// Writes a member, unless the value is the default.
    fn write_member(line: &mut Members<'_, '_>, name: &str, value: Self::View<'_>) -> fmt::Result;

    /// The member with the field's own name.
    fn member(field: Field) -> Member {
        Member::Value(field)
    }

    /// Sets a bytes field to the JSON that stood inline.
    fn set_inline(_: &mut Self::Owned, _: &str) {}
}

impl<E: ProtoEnum> LineKind for Number<E> {
    fn write_member(line: &mut Members<'_, '_>, name: &str, number: i32) -> fmt::Result {
        if number == 0 {
            return Ok(());
        }
        let f = line.named(name, "")?;
        match E::try_from(number) {
            Ok(value) => write!(f, "\"{}\"", value.as_str_name()),
            Err(_) => write!(f, "{number}"),
        }
    }
}

impl LineKind for Text {
    fn write_member(line: &mut Members<'_, '_>, name: &str, text: &str) -> fmt::Result {
        if text.is_empty() {
            return Ok(());
        }
        write_text(text, line.named(name, "")?)
    }
}

impl LineKind for Texts {
    fn write_member(
        line: &mut Members<'_, '_>,
        name: &str,
        texts: <Self as Kind>::View<'_>,
    ) -> fmt::Result {
        if texts.is_empty() {
            return Ok(());
        }
        let f = line.named(name, "")?;
        let mut before = '[';
        for text in texts {
            f.write_char(before)?;
            write_text(text, f)?;
            before = ',';
        }
        f.write_char(']')
    }
}

impl LineKind for Blob {
    const IS_BYTES: bool = true;

    fn write_member(line: &mut Members<'_, '_>, name: &str, bytes: &[u8]) -> fmt::Result {
        if bytes.is_empty() {
            return Ok(());
        }
        match as_json(bytes).filter(|json| fits_a_line(json)) {
            Some(json) => line.named(name, "")?.write_str(json),
            None => write!(
                line.named(name, "_base64")?,
                "\"{}\"",
                base64::display(bytes)
            ),
        }
    }

    fn member(field: Field) -> Member {
        Member::Inline(field)
    }

    fn set_inline(bytes: &mut Bytes, json: &str) {
        *bytes = Bytes::copy_from_slice(json.as_bytes());
    }
}

/// Writes a JSON string with every control character and line separator escaped.
fn write_text(text: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let needs_escape = |c| matches!(c, '"' | '\\' | '\0'..='\u{1f}') || is_escaped(c);
    f.write_char('"')?;
    let mut rest = text;
    while let Some(at) = rest.find(needs_escape) {
        let (before, after) = rest.split_at(at);
        f.write_str(before)?;
        let mut chars = after.chars();
        match chars.next() {
            Some(c @ ('"' | '\\')) => write!(f, "\\{c}")?,
            Some('\n') => f.write_str("\\n")?,
            Some('\r') => f.write_str("\\r")?,
            Some('\t') => f.write_str("\\t")?,
            Some(c) => write!(f, "\\u{:04x}", u32::from(c))?,
            None => {}
        }
        rest = chars.as_str();
    }
    f.write_str(rest)?;
    f.write_char('"')
}

/// Whether a line escapes a character that JSON would let through in a string.
pub(crate) fn is_escaped(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}')
}

/// Reads all of a line but the inline JSON, of which it says where it belongs.
struct Line;

impl<'de> Visitor<'de> for Line {
    type Value = (LogEntry, Vec<Field>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    refuse_scalars! {
        visit_str(&str) "string"
    }

    fn visit_map<A: MapAccess<'de>>(self, mut line: A) -> Result<Self::Value, A::Error> {
        let mut entry = LogEntry::default();
        let mut seen = Vec::new();
        let mut inline = Vec::new();
        while let Some(member) = line.next_key_seed(MemberName)? {
            let (Member::Value(field) | Member::Inline(field)) = member;
            if seen.contains(&field) {
                return Err(de::Error::duplicate_field(field.name()));
            }
            seen.push(field);
            match member {
                Member::Value(field) => read_value(field, &mut line, &mut entry)?,
                Member::Inline(field) => {
                    let IgnoredAny = line.next_value()?;
                    inline.push(field);
                }
            }
        }
        Ok((entry, inline))
    }
}

struct MemberName;

impl<'de> DeserializeSeed<'de> for MemberName {
    type Value = Member;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Member, D::Error> {
        deserializer.deserialize_identifier(self)
    }
}

impl Visitor<'_> for MemberName {
    type Value = Member;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Member, E> {
        Member::from_name(name).ok_or_else(|| unknown_field(name))
    }
}
