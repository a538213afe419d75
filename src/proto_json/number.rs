//! An enum is written as the name of its value, and as a number where the number
//! has no name here. Both are read.

use core::fmt;
use core::marker::PhantomData;

use alloc::string::String;
use serde_core::de::{self, MapAccess, Visitor};
use serde_core::ser::SerializeMap;

use super::{Any, Field, JsonKind, Quoted};
use crate::enums::ProtoEnum;
use crate::view::Number;

impl<E: ProtoEnum> JsonKind for Number<E> {
    #[inline]
    fn write_json<M: SerializeMap>(
        object: &mut M,
        name: &'static str,
        number: i32,
    ) -> Result<(), M::Error> {
        if number == 0 {
            return Ok(());
        }
        match E::try_from(number) {
            Ok(value) => object.serialize_entry(name, value.as_str_name()),
            Err(_) => object.serialize_entry(name, &number),
        }
    }

    #[inline]
    fn read_json<'de, M: MapAccess<'de>>(
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
}

struct NameOrNumber<'a, E> {
    field: Field,
    number: &'a mut i32,
    of: PhantomData<E>,
}

impl<'de, E: ProtoEnum> Visitor<'de> for NameOrNumber<'_, E> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field.name();
        write!(f, "the name of a value or a 32-bit integer for {field}")
    }

    fn visit_str<Err: de::Error>(self, name: &str) -> Result<(), Err> {
        let Some(value) = E::from_str_name(name) else {
            let field = self.field.name();
            return Err(Err::custom(format_args!(
                "{field}: unknown enum name {}",
                Quoted(name)
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

    fn visit_f64<Err: de::Error>(self, number: f64) -> Result<(), Err> {
        *self.number = exact_integer(number)
            .ok_or_else(|| Err::invalid_value(de::Unexpected::Float(number), &self))?;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        self.visit_f64(private_number(map)?)
    }

    fn visit_none<Err: de::Error>(self) -> Result<(), Err> {
        Ok(())
    }

    fn visit_unit<Err: de::Error>(self) -> Result<(), Err> {
        Ok(())
    }
}

/// JSON has one kind of number: `1.0` and `1e0` are the integer 1.
pub(super) fn exact_integer(number: f64) -> Option<i32> {
    #[expect(clippy::cast_possible_truncation, reason = "compared right after")]
    let integer = number as i32;
    #[expect(clippy::float_cmp, reason = "exact integers only")]
    (f64::from(integer) == number).then_some(integer)
}

/// Reads what `serde_json` has in place of a number if some package in the tree has
/// turned on its feature `arbitrary_precision`: a map with the digits as text.
pub(super) fn private_number<'de, A: MapAccess<'de>>(map: A) -> Result<f64, A::Error> {
    let digits = private_number_text(map)?;
    let number = digits.parse();
    number.map_err(|_| de::Error::invalid_type(de::Unexpected::Map, &"a number"))
}

/// Reads the digits.
pub(crate) fn private_number_text<'de, A: MapAccess<'de>>(mut map: A) -> Result<String, A::Error> {
    if map.next_key::<String>()?.as_deref() == Some(PRIVATE_NUMBER) {
        return map.next_value();
    }
    Err(de::Error::invalid_type(de::Unexpected::Map, &"a number"))
}

pub(crate) const PRIVATE_NUMBER: &str = "$serde_json::private::Number";
