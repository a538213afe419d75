//! The canonical protobuf JSON mapping (ProtoJSON) of an entry.
//!
//! `build.rs` generates what names the fields; how a kind of field is written and
//! read is a module below, with `write` and `read`. `write` leaves out a field
//! with its default value, and `read` takes `null` as unset. The rules are those
//! of <https://protobuf.dev/programming-guides/json/>.
//!
//! Visitors name the field in their own errors. Errors of the format are passed on
//! as they are, for a wrapper would lose their category.

use core::fmt;
use core::marker::PhantomData;
use core::mem;

use alloc::string::String;
use alloc::vec::Vec;
use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::LogEntry;

pub(crate) mod base64;

include!(concat!(env!("OUT_DIR"), "/proto_json.rs"));

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
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = LogEntry;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
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
    fn name(self) -> &'static str {
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
        Field::from_name(name).ok_or_else(|| E::unknown_field(name, Field::SPELLINGS))
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

/// A string is a JSON string.
pub(crate) mod text {
    use super::{Any, Field, MapAccess, SerializeMap, String, Visitor, de, fmt};

    #[inline]
    pub(crate) fn write<M: SerializeMap>(
        object: &mut M,
        name: &'static str,
        text: &str,
    ) -> Result<(), M::Error> {
        if text.is_empty() {
            return Ok(());
        }
        object.serialize_entry(name, text)
    }

    #[inline]
    pub(super) fn read<'de, M: MapAccess<'de>>(
        object: &mut M,
        field: Field,
        text: &mut String,
    ) -> Result<(), M::Error> {
        object.next_value_seed(Any(Text { field, text }))
    }

    struct Text<'a> {
        field: Field,
        text: &'a mut String,
    }

    impl Visitor<'_> for Text<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a string for {}", self.field.name())
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
            *self.text = text.into();
            Ok(())
        }

        fn visit_string<E: de::Error>(self, text: String) -> Result<(), E> {
            *self.text = text;
            Ok(())
        }

        fn visit_none<E: de::Error>(self) -> Result<(), E> {
            Ok(())
        }

        fn visit_unit<E: de::Error>(self) -> Result<(), E> {
            Ok(())
        }
    }
}

/// A repeated string is an array of strings. `null` in place of the array is no
/// elements; `null` in place of an element is an error.
mod list {
    use super::{
        Any, DeserializeSeed, Deserializer, Field, MapAccess, SeqAccess, SerializeMap, String, Vec,
        Visitor, de, fmt,
    };

    #[inline]
    pub(super) fn write<M: SerializeMap>(
        object: &mut M,
        name: &'static str,
        list: &[String],
    ) -> Result<(), M::Error> {
        if list.is_empty() {
            return Ok(());
        }
        object.serialize_entry(name, list)
    }

    #[inline]
    pub(super) fn read<'de, M: MapAccess<'de>>(
        object: &mut M,
        field: Field,
        list: &mut Vec<String>,
    ) -> Result<(), M::Error> {
        object.next_value_seed(Any(List { field, list }))
    }

    struct List<'a> {
        field: Field,
        list: &'a mut Vec<String>,
    }

    impl<'de> Visitor<'de> for List<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "an array of strings for {}", self.field.name())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<(), A::Error> {
            while let Some(()) = array.next_element_seed(Element {
                field: self.field,
                list: self.list,
            })? {}
            Ok(())
        }

        fn visit_none<E: de::Error>(self) -> Result<(), E> {
            Ok(())
        }

        fn visit_unit<E: de::Error>(self) -> Result<(), E> {
            Ok(())
        }
    }

    struct Element<'a> {
        field: Field,
        list: &'a mut Vec<String>,
    }

    impl<'de> DeserializeSeed<'de> for Element<'_> {
        type Value = ();

        #[inline]
        fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
            deserializer.deserialize_string(self)
        }
    }

    impl Visitor<'_> for Element<'_> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a string in {}", self.field.name())
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
            self.list.push(text.into());
            Ok(())
        }

        fn visit_string<E: de::Error>(self, text: String) -> Result<(), E> {
            self.list.push(text);
            Ok(())
        }
    }
}

/// An enum is written as the name of its value, and as a number where the number
/// has no name here. Both are read.
pub(crate) mod open_enum {
    use super::{Any, Field, MapAccess, PhantomData, SerializeMap, Visitor, de, fmt};
    use crate::{EventType, Outcome, Sensitivity, Severity};

    /// What the generated enums have in common.
    pub(crate) trait ProtoEnum: TryFrom<i32> + Into<i32> {
        fn as_str_name(&self) -> &'static str;
        fn from_str_name(name: &str) -> Option<Self>;
    }

    macro_rules! proto_enum {
        ($($name:ident)*) => {$(
            impl ProtoEnum for $name {
                fn as_str_name(&self) -> &'static str {
                    Self::as_str_name(self)
                }

                fn from_str_name(name: &str) -> Option<Self> {
                    Self::from_str_name(name)
                }
            }
        )*};
    }

    proto_enum! { EventType Outcome Severity Sensitivity }

    #[inline]
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "the generated calls pass every field by reference"
    )]
    pub(crate) fn write<E: ProtoEnum, M: SerializeMap>(
        object: &mut M,
        name: &'static str,
        number: &i32,
    ) -> Result<(), M::Error> {
        if *number == 0 {
            return Ok(());
        }
        match E::try_from(*number) {
            Ok(value) => object.serialize_entry(name, value.as_str_name()),
            Err(_) => object.serialize_entry(name, number),
        }
    }

    #[inline]
    pub(super) fn read<'de, E: ProtoEnum, M: MapAccess<'de>>(
        object: &mut M,
        field: Field,
        number: &mut i32,
    ) -> Result<(), M::Error> {
        object.next_value_seed(Any(NameOrNumber {
            field,
            number,
            of: PhantomData::<E>,
        }))
    }

    struct NameOrNumber<'a, E> {
        field: Field,
        number: &'a mut i32,
        of: PhantomData<E>,
    }

    impl<E: ProtoEnum> Visitor<'_> for NameOrNumber<'_, E> {
        type Value = ();

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            let field = self.field.name();
            write!(f, "the name of a value or a 32-bit integer for {field}")
        }

        fn visit_str<Err: de::Error>(self, name: &str) -> Result<(), Err> {
            let Some(value) = E::from_str_name(name) else {
                let field = self.field.name();
                return Err(Err::custom(format_args!(
                    "{field}: unknown enum name {name:?}"
                )));
            };
            *self.number = value.into();
            Ok(())
        }

        fn visit_i64<Err: de::Error>(self, number: i64) -> Result<(), Err> {
            *self.number = i32::try_from(number)
                .map_err(|_| Err::invalid_value(de::Unexpected::Signed(number), &self))?;
            Ok(())
        }

        fn visit_u64<Err: de::Error>(self, number: u64) -> Result<(), Err> {
            *self.number = i32::try_from(number)
                .map_err(|_| Err::invalid_value(de::Unexpected::Unsigned(number), &self))?;
            Ok(())
        }

        /// JSON has one kind of number: `1.0` and `1e0` are the integer 1.
        fn visit_f64<Err: de::Error>(self, number: f64) -> Result<(), Err> {
            #[expect(clippy::cast_possible_truncation, reason = "compared right after")]
            let integer = number as i32;
            #[expect(clippy::float_cmp, reason = "exact integers only")]
            if f64::from(integer) != number {
                return Err(Err::invalid_value(de::Unexpected::Float(number), &self));
            }
            *self.number = integer;
            Ok(())
        }

        fn visit_none<Err: de::Error>(self) -> Result<(), Err> {
            Ok(())
        }

        fn visit_unit<Err: de::Error>(self) -> Result<(), Err> {
            Ok(())
        }
    }
}
