//! Numbers. A 64-bit integer is a string, because a JSON number may be an `f64` to its
//! reader; a double that JSON has no number for is a string, too. Either form of each is
//! read.

use serde_core::de::{self, MapAccess};
use serde_core::ser::{Serialize, SerializeMap, Serializer};

use super::scalar::{Scalar, ScalarOf};
use super::{Form, JsonKind};
use crate::enums::ProtoEnum;
use crate::proto_json::Quoted;
use crate::release_0_2::kind::{Double, Int32, Int64, Number};

#[derive(Clone, Copy)]
pub(super) enum JsonNumber {
    /// Of 64 bits, with a sign or without.
    Integer(i128),
    Float(f64),
}

impl JsonNumber {
    /// Returns the value if it is an integer of the type: `1.0` and `1e0` are 1.
    fn to_integer<N: TryFrom<i128>>(self) -> Option<N> {
        let integer = match self {
            Self::Integer(integer) => integer,
            Self::Float(float) => {
                #[expect(clippy::cast_possible_truncation, reason = "compared right after")]
                let integer = float as i64;
                #[expect(
                    clippy::cast_precision_loss,
                    clippy::float_cmp,
                    reason = "exact integers only"
                )]
                let is_exact = integer as f64 == float && integer != i64::MAX;
                is_exact.then(|| integer.into())?
            }
        };
        integer.try_into().ok()
    }

    pub(super) fn to_float(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "the nearest double")]
            Self::Integer(integer) => integer as f64,
            Self::Float(float) => float,
        }
    }
}

/// Reads the text of a JSON number, and of nothing else.
pub(super) fn from_text(text: &str) -> Option<JsonNumber> {
    let is_number = text.starts_with(|c: char| c == '-' || c.is_ascii_digit())
        && text.ends_with(|c: char| c.is_ascii_digit());
    if !is_number {
        return None;
    }
    // Zero may be minus zero, which is no integer.
    let signed = || serde_json::from_str::<i64>(text).ok().map(i128::from);
    let unsigned = || serde_json::from_str::<u64>(text).ok().map(i128::from);
    match signed().or_else(unsigned) {
        Some(integer) if integer != 0 => Some(JsonNumber::Integer(integer)),
        _ => serde_json::from_str(text).ok().map(JsonNumber::Float),
    }
}

/// The text for a double that is NaN or infinite.
pub(super) fn not_finite(value: f64) -> &'static str {
    if value.is_nan() {
        "NaN"
    } else if value > 0.0 {
        "Infinity"
    } else {
        "-Infinity"
    }
}

/// Reads a number or the text of one; `null` is `None`.
fn read_number<'de, A: MapAccess<'de>>(
    object: &mut A,
    name: &'static str,
) -> Result<Option<JsonNumber>, A::Error> {
    let number = match object.next_value_seed(ScalarOf(name))? {
        Scalar::Null => return Ok(None),
        Scalar::Number(number) => Some(number),
        Scalar::Text(text) => from_text(&text),
        Scalar::Bool => None,
    };
    match number {
        Some(number) => Ok(Some(number)),
        None => Err(de::Error::custom(format_args!("{name}: not a number"))),
    }
}

macro_rules! read_integer {
    ($bits:literal) => {
        fn read_json<'de, A: MapAccess<'de>>(
            object: &mut A,
            name: &'static str,
            value: &mut Self::Owned,
        ) -> Result<(), A::Error> {
            let Some(number) = read_number(object, name)? else {
                return Ok(());
            };
            *value = number.to_integer().ok_or_else(|| {
                de::Error::custom(format_args!("{name}: not a {}-bit integer", $bits))
            })?;
            Ok(())
        }
    };
}

impl JsonKind for Int32 {
    fn write_json<F: Form, O: SerializeMap>(
        object: &mut O,
        name: &'static str,
        value: &i32,
    ) -> Result<(), O::Error> {
        if *value == 0 {
            return Ok(());
        }
        object.serialize_entry(name, value)
    }

    read_integer!(32);
}

impl JsonKind for Int64 {
    fn write_json<F: Form, O: SerializeMap>(
        object: &mut O,
        name: &'static str,
        value: &i64,
    ) -> Result<(), O::Error> {
        struct Long<F>(i64, core::marker::PhantomData<F>);

        impl<F: Form> Serialize for Long<F> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                F::write_int64(self.0, serializer)
            }
        }

        if *value == 0 {
            return Ok(());
        }
        object.serialize_entry(name, &Long::<F>(*value, core::marker::PhantomData))
    }

    read_integer!(64);
}

impl JsonKind for Double {
    /// Minus zero is not the default.
    fn write_json<F: Form, O: SerializeMap>(
        object: &mut O,
        name: &'static str,
        value: &f64,
    ) -> Result<(), O::Error> {
        if value.to_bits() == 0 {
            Ok(())
        } else if value.is_finite() {
            object.serialize_entry(name, value)
        } else {
            object.serialize_entry(name, not_finite(*value))
        }
    }

    fn read_json<'de, A: MapAccess<'de>>(
        object: &mut A,
        name: &'static str,
        value: &mut f64,
    ) -> Result<(), A::Error> {
        let double = match object.next_value_seed(ScalarOf(name))? {
            Scalar::Null => return Ok(()),
            Scalar::Number(number) => Some(number.to_float()),
            Scalar::Text(text) => match text.as_str() {
                "NaN" => Some(f64::NAN),
                "Infinity" => Some(f64::INFINITY),
                "-Infinity" => Some(f64::NEG_INFINITY),
                text => from_text(text).map(JsonNumber::to_float),
            },
            Scalar::Bool => None,
        };
        *value = double.ok_or_else(|| de::Error::custom(format_args!("{name}: not a number")))?;
        Ok(())
    }
}

impl<E: ProtoEnum> JsonKind for Number<E> {
    fn write_json<F: Form, O: SerializeMap>(
        object: &mut O,
        name: &'static str,
        number: &i32,
    ) -> Result<(), O::Error> {
        match E::try_from(*number) {
            _ if *number == 0 => Ok(()),
            Ok(value) => object.serialize_entry(name, value.as_str_name()),
            Err(_) => object.serialize_entry(name, number),
        }
    }

    fn read_json<'de, A: MapAccess<'de>>(
        object: &mut A,
        name: &'static str,
        value: &mut i32,
    ) -> Result<(), A::Error> {
        let number = match object.next_value_seed(ScalarOf(name))? {
            Scalar::Null => return Ok(()),
            Scalar::Number(number) => number.to_integer(),
            Scalar::Bool => None,
            Scalar::Text(text) => {
                let known = E::from_str_name(&text).map(Into::into);
                Some(known.ok_or_else(|| unknown_name(name, &text))?)
            }
        };
        *value = number.ok_or_else(|| {
            de::Error::custom(format_args!(
                "{name}: neither the name of a value nor a 32-bit integer"
            ))
        })?;
        Ok(())
    }
}

fn unknown_name<E: de::Error>(field: &str, name: &str) -> E {
    let quoted = Quoted(name);
    E::custom(format_args!("{field}: unknown enum name {quoted}"))
}
