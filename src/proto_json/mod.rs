//! The canonical protobuf JSON mapping (ProtoJSON) of an entry.
//!
//! How a kind of field is written and read is a module of its own. The rules are
//! those of <https://protobuf.dev/programming-guides/json/>.
//!
//! Visitors name the field in their own errors. Errors of the format are passed on
//! as they are, because a wrapper would lose their category.

use core::fmt;
use core::mem;

use serde_core::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, Visitor};
use serde_core::ser::{Serialize, SerializeMap, Serializer};

use self::refuse::refuse_scalars;
use crate::LogEntry;
use crate::v1::with_fields;
use crate::view::Kind;

pub(crate) mod base64;
pub(crate) mod enums;
pub(crate) mod number;
pub(crate) mod refuse;
mod text;
mod texts;

/// How a kind of field is written and read.
pub(crate) trait JsonKind: Kind {
    /// Writes an entry of a JSON object, unless the value is the default.
    fn write_json<M: SerializeMap>(
        object: &mut M,
        name: &'static str,
        value: Self::View<'_>,
    ) -> Result<(), M::Error>;

    /// Reads the value of an entry of a JSON object; `null` is unset.
    fn read_json<'de, M: MapAccess<'de>>(
        object: &mut M,
        field: Field,
        value: &mut Self::Owned,
    ) -> Result<(), M::Error>;
}

macro_rules! fields {
    (
        $(#[$docs:meta])* ;
        $($field:ident: $kind:ty = $number:tt, [$json_name:literal $(, $proto_name:literal)?]
            $field_docs:tt $owned:tt $view:tt;)*
    ) => {
        #[derive(Clone, Copy, PartialEq, Eq)]
        #[expect(non_camel_case_types, reason = "the fields are spelled as in the schema")]
        pub(crate) enum Field {
            $($field,)*
        }

        impl Field {
            const NAMES: &'static [&'static str] = &[$(stringify!($field)),*];

            #[inline]
            fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($json_name $(| $proto_name)? => Some(Self::$field),)*
                    _ => None,
                }
            }
        }

        fn write_fields<M: SerializeMap>(object: &mut M, entry: &LogEntry) -> Result<(), M::Error> {
            $(<$kind>::write_json(object, $json_name, <$kind>::view(&entry.$field))?;)*
            Ok(())
        }

        fn read_field<'de, M: MapAccess<'de>>(
            field: Field,
            object: &mut M,
            entry: &mut LogEntry,
        ) -> Result<(), M::Error> {
            match field {
                $(Field::$field => <$kind>::read_json(object, field, &mut entry.$field),)*
            }
        }
    };
}

with_fields!(fields);

/// Writes the canonical protobuf JSON mapping ([ProtoJSON]), which every other
/// protobuf implementation reads.
///
/// [ProtoJSON]: https://protobuf.dev/programming-guides/json/
impl Serialize for LogEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        write_fields(&mut object, self)?;
        object.end()
    }
}

/// Reads the canonical protobuf JSON mapping ([ProtoJSON]).
///
/// Both spellings of a field's name are read, enum values by name or by number,
/// and both alphabets of base64. `null` is unset. Refused are unknown names and,
/// with an error that has the field's proto name, the same field twice, unknown
/// enum names, text that is not base64 and values of another type.
///
/// Errors of `serde_json` itself, for text that is not JSON, numbers beyond `f64`
/// and failed reads, keep their category and do not name the field.
///
/// What is allocated is bounded by the text: most of all for empty tags, which
/// take three bytes of text and about 48 of memory each.
///
/// [ProtoJSON]: https://protobuf.dev/programming-guides/json/
impl<'de> Deserialize<'de> for LogEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = LogEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    refuse_scalars! {
        visit_str(&str) "string"
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<LogEntry, A::Error> {
        let mut entry = LogEntry::default();
        let mut seen = [false; Field::NAMES.len()];
        while let Some(field) = object.next_key::<Field>()? {
            if mem::replace(&mut seen[field as usize], true) {
                return Err(de::Error::duplicate_field(field.name()));
            }
            read_field(field, &mut object, &mut entry)?;
        }
        Ok(entry)
    }
}

impl Field {
    pub(crate) fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }
}

impl<'de> Deserialize<'de> for Field {
    #[inline]
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_identifier(FieldName)
    }
}

struct FieldName;

impl Visitor<'_> for FieldName {
    type Value = Field;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a field")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Field, E> {
        Field::from_name(name).ok_or_else(|| unknown_field(name))
    }
}

pub(crate) fn unknown_field<E: de::Error>(name: &str) -> E {
    E::custom(format_args!("unknown field {}", Quoted(name)))
}

/// A text from outside in an error: escaped, so that it cannot look like another line
/// of a log, and no longer than a name is.
pub(crate) struct Quoted<'a>(pub(crate) &'a str);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const LONGEST: usize = 64;

        match self.0.char_indices().nth(LONGEST) {
            Some((end, _)) => write!(f, "{:?}…", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

/// Reads a value of whatever type it has in JSON.
struct Any<V>(V);

impl<'de, V: Visitor<'de>> DeserializeSeed<'de> for Any<V> {
    type Value = V::Value;

    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<V::Value, D::Error> {
        deserializer.deserialize_any(self.0)
    }
}
