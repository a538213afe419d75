//! The canonical protobuf JSON mapping (ProtoJSON) of an entry.
//!
//! `build.rs` generates a remote derive for serde that names every field and
//! points it to the module of its kind below: `write` and `read`. The rules are
//! those of <https://protobuf.dev/programming-guides/json/>.
//!
//! `read` is given the number of the field, to name it in errors, and takes
//! `null` as unset.

use core::fmt::{self, Display};
use core::marker::PhantomData;

use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use serde::de::{self, Deserialize, Deserializer, Visitor};
use serde::forward_to_deserialize_any;
use serde::ser::{Serialize, Serializer};

use crate::{LogEntry, field};

include!(concat!(env!("OUT_DIR"), "/proto_json.rs"));

/// Writes the canonical protobuf JSON mapping ([ProtoJSON]), which every other
/// protobuf implementation reads.
///
/// [ProtoJSON]: https://protobuf.dev/programming-guides/json/
impl Serialize for LogEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ProtoJson::serialize(self, serializer)
    }
}

/// Reads the canonical protobuf JSON mapping ([ProtoJSON]).
///
/// Both spellings of a field's name are read, enum values by name or by number,
/// and both alphabets of base64. `null` is unset. Refused, with an error that
/// names the field, are unknown names, the same field twice, unknown enum names
/// and values of another type. Nesting is bounded by `serde_json`, at 127, and
/// what is allocated by the text: at most 24 bytes for each tag of three.
///
/// [ProtoJSON]: https://protobuf.dev/programming-guides/json/
impl<'de> Deserialize<'de> for LogEntry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ProtoJson::deserialize(ObjectOnly(deserializer))
    }
}

/// A message is a JSON object. A derive would also take an array of the fields in
/// their order.
struct ObjectOnly<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for ObjectOnly<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_map(visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string
        bytes byte_buf option unit unit_struct newtype_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// Fields with their default value are not written.
fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Puts the field's name in front of an error. `serde_json` writes the place in
/// the JSON text at the end, where it stays.
fn in_field<const FIELD: u32, E: de::Error>(err: impl Display) -> E {
    let name = field::name(FIELD).unwrap_or("unknown field");
    E::custom(format_args!("{name}: {err}"))
}

/// A string is a JSON string.
mod text {
    use super::{Deserialize, Deserializer, Serializer, String, in_field};

    pub(crate) fn write<S: Serializer>(text: &str, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(text)
    }

    #[inline]
    pub(crate) fn read<'de, const FIELD: u32, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<String, D::Error> {
        Option::deserialize(deserializer)
            .map(Option::unwrap_or_default)
            .map_err(in_field::<FIELD, _>)
    }
}

/// A repeated string is an array of strings. `null` in place of the array is no
/// elements; `null` in place of an element is an error.
mod list {
    use super::{Deserialize, Deserializer, Serializer, String, Vec, in_field};

    pub(crate) fn write<S: Serializer>(list: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(list)
    }

    #[inline]
    pub(crate) fn read<'de, const FIELD: u32, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<String>, D::Error> {
        Option::deserialize(deserializer)
            .map(Option::unwrap_or_default)
            .map_err(in_field::<FIELD, _>)
    }
}

/// An enum is written as the name of its value, and as a number where the number
/// has no name here. Both are read.
pub(crate) mod open_enum {
    use super::{Deserializer, PhantomData, Serializer, Visitor, de, fmt, in_field};
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

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's signature")]
    pub(crate) fn write<E: ProtoEnum, S: Serializer>(
        number: &i32,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        match E::try_from(*number) {
            Ok(value) => serializer.serialize_str(value.as_str_name()),
            Err(_) => serializer.serialize_i32(*number),
        }
    }

    #[inline]
    pub(crate) fn read<'de, const FIELD: u32, E: ProtoEnum, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<i32, D::Error> {
        deserializer
            .deserialize_any(NameOrNumber::<E>(PhantomData))
            .map_err(in_field::<FIELD, _>)
    }

    struct NameOrNumber<E>(PhantomData<E>);

    impl<E: ProtoEnum> Visitor<'_> for NameOrNumber<E> {
        type Value = i32;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the name of an enum value or a 32-bit integer")
        }

        fn visit_str<Err: de::Error>(self, name: &str) -> Result<i32, Err> {
            match E::from_str_name(name) {
                Some(value) => Ok(value.into()),
                None => Err(Err::custom(format_args!("unknown enum name {name:?}"))),
            }
        }

        fn visit_i64<Err: de::Error>(self, number: i64) -> Result<i32, Err> {
            i32::try_from(number)
                .map_err(|_| Err::invalid_value(de::Unexpected::Signed(number), &self))
        }

        fn visit_u64<Err: de::Error>(self, number: u64) -> Result<i32, Err> {
            i32::try_from(number)
                .map_err(|_| Err::invalid_value(de::Unexpected::Unsigned(number), &self))
        }

        /// JSON has one kind of number: `1.0` and `1e0` are the integer 1.
        fn visit_f64<Err: de::Error>(self, number: f64) -> Result<i32, Err> {
            #[expect(clippy::cast_possible_truncation, reason = "compared right after")]
            let integer = number as i32;
            #[expect(clippy::float_cmp, reason = "exact integers only")]
            if f64::from(integer) == number {
                Ok(integer)
            } else {
                Err(Err::invalid_value(de::Unexpected::Float(number), &self))
            }
        }

        fn visit_unit<Err: de::Error>(self) -> Result<i32, Err> {
            Ok(0)
        }
    }
}

/// Bytes are written in standard base64 with padding (RFC 4648, section 4). The
/// url-safe alphabet (section 5) is read as well, and the padding may be absent.
mod base64 {
    use super::{Bytes, Deserializer, Serializer, Visitor, de, fmt, in_field};
    use ::base64::alphabet::{Alphabet, STANDARD, URL_SAFE};
    use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
    use ::base64::prelude::BASE64_STANDARD;
    use ::base64::{DecodeError, Engine as _};

    pub(crate) fn write<S: Serializer>(bytes: &Bytes, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64_STANDARD.encode(bytes))
    }

    #[inline]
    pub(crate) fn read<'de, const FIELD: u32, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Bytes, D::Error> {
        deserializer
            .deserialize_any(Base64)
            .map_err(in_field::<FIELD, _>)
    }

    struct Base64;

    impl Visitor<'_> for Base64 {
        type Value = Bytes;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("base64 text")
        }

        fn visit_str<Err: de::Error>(self, text: &str) -> Result<Bytes, Err> {
            const STANDARD_ENGINE: GeneralPurpose = indifferent_to_padding(&STANDARD);
            const URL_SAFE_ENGINE: GeneralPurpose = indifferent_to_padding(&URL_SAFE);

            let decoded = match STANDARD_ENGINE.decode(text) {
                Err(DecodeError::InvalidByte(_, b'-' | b'_')) => URL_SAFE_ENGINE.decode(text),
                decoded => decoded,
            };
            // Base64's own words quote the text.
            decoded.map(Bytes::from).map_err(|err| match err {
                DecodeError::InvalidByte(offset, _)
                | DecodeError::InvalidLastSymbol { offset, .. } => {
                    Err::custom(format_args!("not base64 at byte {offset} of the text"))
                }
                DecodeError::InvalidLength(_) | DecodeError::InvalidPadding => {
                    Err::custom("not base64: wrong length or padding")
                }
            })
        }

        // The default would quote the value.

        fn visit_bool<Err: de::Error>(self, _: bool) -> Result<Bytes, Err> {
            Err(Err::invalid_type(de::Unexpected::Other("boolean"), &self))
        }

        fn visit_i64<Err: de::Error>(self, _: i64) -> Result<Bytes, Err> {
            Err(Err::invalid_type(de::Unexpected::Other("number"), &self))
        }

        fn visit_u64<Err: de::Error>(self, _: u64) -> Result<Bytes, Err> {
            Err(Err::invalid_type(de::Unexpected::Other("number"), &self))
        }

        fn visit_f64<Err: de::Error>(self, _: f64) -> Result<Bytes, Err> {
            Err(Err::invalid_type(de::Unexpected::Other("number"), &self))
        }

        fn visit_unit<Err: de::Error>(self) -> Result<Bytes, Err> {
            Ok(Bytes::new())
        }
    }

    const fn indifferent_to_padding(alphabet: &Alphabet) -> GeneralPurpose {
        let config =
            GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
        GeneralPurpose::new(alphabet, config)
    }
}
