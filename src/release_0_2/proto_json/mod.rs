//! The canonical protobuf JSON mapping (ProtoJSON) of the messages.
//!
//! The rules are those of <https://protobuf.dev/programming-guides/json/>. No error says
//! what a value was, because nothing tells here whether it may be shown.

mod nested;
mod number;
mod scalar;
mod text;
mod timestamp;
mod value;

use core::fmt;
use core::marker::PhantomData;

use alloc::string::String;
use alloc::vec;

use prost_types::{Struct, Timestamp};
use serde_core::de::{self, Deserialize, Deserializer, MapAccess, Visitor};
use serde_core::ser::{self, Serialize, SerializeMap, Serializer};

use self::nested::Optional;
use super::kind::{Double, Int32, Int64, Kind, Many, Number, One, Text, Texts};
use super::tables::with_messages;
use super::{
    EventType, GenAiPayload, LogRequest, McpPayload, Message, Metadata, Outcome, Payload,
    Sensitivity, Severity, ToolCall,
};
use crate::proto_json::unknown_field;

/// A message that has a form in JSON.
pub(super) trait JsonMessage: Sized {
    fn write<F: Form, S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error>;

    /// Reads the value of the field of the given name.
    fn read<'de, D: Deserializer<'de>>(
        name: &'static str,
        deserializer: D,
    ) -> Result<Self, D::Error>;
}

/// A message as JSON of a form.
pub(super) struct Json<M, F>(M, PhantomData<F>);

impl<M, F> Json<M, F> {
    pub(super) fn new(message: M) -> Self {
        Self(message, PhantomData)
    }
}

impl<M: JsonMessage, F: Form> Serialize for Json<&M, F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.write::<F, S>(serializer)
    }
}

/// What differs between ProtoJSON and the JSON that stands in a payload.
pub(super) trait Form {
    fn name(proto_name: &'static str, json_name: &'static str) -> &'static str;

    fn write_int64<S: Serializer>(value: i64, serializer: S) -> Result<S::Ok, S::Error>;

    /// Writes a number of a `Struct` that is NaN or infinite.
    fn write_not_finite<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error>;

    /// Writes a value of a `Struct` that is of no kind.
    fn write_no_kind<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error>;
}

/// ProtoJSON.
pub(super) enum Canonical {}

impl Form for Canonical {
    fn name(_: &'static str, json_name: &'static str) -> &'static str {
        json_name
    }

    fn write_int64<S: Serializer>(value: i64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&value)
    }

    fn write_not_finite<S: Serializer>(_: f64, _: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom(
            "a number of a Struct is NaN or infinite",
        ))
    }

    fn write_no_kind<S: Serializer>(_: S) -> Result<S::Ok, S::Error> {
        Err(ser::Error::custom("a value of a Struct is of no kind"))
    }
}

/// The JSON of details: proto names, integers as numbers as far as every reader of JSON
/// has them exactly, and no value that it cannot say something for.
pub(super) enum Detail {}

/// 2 to the 53rd, up to which every integer is an `f64`.
pub(super) const MAX_SAFE_INTEGER: u64 = 1 << 53;

impl Form for Detail {
    fn name(proto_name: &'static str, _: &'static str) -> &'static str {
        proto_name
    }

    fn write_int64<S: Serializer>(value: i64, serializer: S) -> Result<S::Ok, S::Error> {
        if value.unsigned_abs() <= MAX_SAFE_INTEGER {
            serializer.serialize_i64(value)
        } else {
            serializer.collect_str(&value)
        }
    }

    fn write_not_finite<S: Serializer>(value: f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(number::not_finite(value))
    }

    fn write_no_kind<S: Serializer>(serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_unit()
    }
}

/// How a kind of field is written and read.
trait JsonKind: Kind {
    /// Writes an entry of a JSON object, unless the value is the default.
    fn write_json<F: Form, O: SerializeMap>(
        object: &mut O,
        name: &'static str,
        value: &Self::Owned,
    ) -> Result<(), O::Error>;

    /// Reads the value of an entry of a JSON object; `null` is unset.
    fn read_json<'de, A: MapAccess<'de>>(
        object: &mut A,
        name: &'static str,
        value: &mut Self::Owned,
    ) -> Result<(), A::Error>;
}

/// What the messages of the schema have in common.
trait Fields: Default {
    const MESSAGE: &'static str;
    /// The proto name of each field, and its name in JSON.
    const NAMES: &'static [(&'static str, &'static str)];

    fn write_fields<F: Form, O: SerializeMap>(&self, object: &mut O) -> Result<(), O::Error>;

    fn read_field<'de, A: MapAccess<'de>>(
        &mut self,
        name: &'static str,
        object: &mut A,
    ) -> Result<(), A::Error>;
}

macro_rules! fields {
    ($(
        $docs:tt $message:ident {
            $($field_docs:tt #[$prost:meta] $field:ident: $kind:ty { $owned:ty } = $number:tt, $json:literal;)*
        } {
            $($oneof_docs:tt #[$oneof_prost:meta] $oneof:ident: $choice:ident {
                $($member_docs:tt #[$member_prost:meta] $variant:ident($value:ty) $member:ident = $member_number:tt, $member_json:literal;)*
            })*
        }
    )*) => {$(
        impl Fields for $message {
            const MESSAGE: &'static str = stringify!($message);
            const NAMES: &'static [(&'static str, &'static str)] = &[
                $((stringify!($field), $json),)*
                $($((stringify!($member), $member_json),)*)*
            ];

            fn write_fields<F: Form, O: SerializeMap>(&self, object: &mut O) -> Result<(), O::Error> {
                $(<$kind>::write_json::<F, O>(object, F::name(stringify!($field), $json), &self.$field)?;)*
                $(match &self.$oneof {
                    None => {}
                    $(Some($choice::$variant(value)) => object.serialize_entry(
                        F::name(stringify!($member), $member_json),
                        &Json::<_, F>::new(value),
                    )?,)*
                })*
                Ok(())
            }

            fn read_field<'de, A: MapAccess<'de>>(
                &mut self,
                name: &'static str,
                object: &mut A,
            ) -> Result<(), A::Error> {
                $(if name == stringify!($field) {
                    return <$kind>::read_json(object, name, &mut self.$field);
                })*
                $($(if name == stringify!($member) {
                    let message = object.next_value_seed(Optional::<$value>::of(name))?;
                    let Some(value) = message.map($choice::$variant) else {
                        return Ok(());
                    };
                    if self.$oneof.replace(value).is_some() {
                        return Err(de::Error::custom(format_args!(
                            "{name}: another field of the oneof {} is set",
                            stringify!($oneof),
                        )));
                    }
                    return Ok(());
                })*)*
                Err(unknown_field(name))
            }
        }

        impl JsonMessage for $message {
            fn write<F: Form, S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let mut object = serializer.serialize_map(None)?;
                self.write_fields::<F, _>(&mut object)?;
                object.end()
            }

            fn read<'de, D: Deserializer<'de>>(
                name: &'static str,
                deserializer: D,
            ) -> Result<Self, D::Error> {
                deserializer.deserialize_any(Object { name, of: PhantomData })
            }
        }

        /// Writes the canonical protobuf JSON mapping ([ProtoJSON]), which every other
        /// protobuf implementation reads.
        ///
        /// # Errors
        ///
        /// Where the mapping has no form for a value: a time outside of the years 1 to
        /// 9999 or with nanos outside of a second, a number of a `Struct` that is NaN or
        /// infinite, a value of a `Struct` that is of no kind.
        ///
        /// [ProtoJSON]: https://protobuf.dev/programming-guides/json/
        impl Serialize for $message {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                self.write::<Canonical, S>(serializer)
            }
        }

        /// Reads the canonical protobuf JSON mapping ([ProtoJSON]) under the rules of
        /// [`LogEntry`](crate::LogEntry): both spellings of a name, `null` as unset,
        /// unknown and duplicate names refused, and no error that shows a value, but for
        /// the name of an enum's that is unknown.
        ///
        /// [ProtoJSON]: https://protobuf.dev/programming-guides/json/
        impl<'de> Deserialize<'de> for $message {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::read(Self::MESSAGE, deserializer)
            }
        }
    )*};
}

with_messages!(fields);

struct Object<M> {
    name: &'static str,
    of: PhantomData<M>,
}

impl<'de, M: Fields> Visitor<'de> for Object<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a JSON object for {}", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<M, A::Error> {
        let mut message = M::default();
        let mut seen = vec![false; M::NAMES.len()];
        while let Some(key) = object.next_key::<String>()? {
            let mut names = M::NAMES.iter();
            let Some(index) = names.position(|(proto, json)| key == *proto || key == *json) else {
                return Err(unknown_field(&key));
            };
            let (name, _) = M::NAMES[index];
            if core::mem::replace(&mut seen[index], true) {
                return Err(de::Error::duplicate_field(name));
            }
            message.read_field(name, &mut object)?;
        }
        Ok(message)
    }

    crate::proto_json::refuse::refuse_scalars!();
}
