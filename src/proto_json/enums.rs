//! The enums on their own: as in an entry, except that a number without a name is
//! refused, because there is no value to hold it.

use core::fmt::{self, Display};
use core::marker::PhantomData;

use serde_core::de::{self, Deserializer, MapAccess, Visitor};

use super::Quoted;
use super::number::{exact_integer, private_number};
#[allow(
    clippy::wildcard_imports,
    reason = "whatever enums the table has, as soon as it has them"
)]
use crate::enums::*;
use crate::v1::with_enums;

macro_rules! serialize_names {
    ($($(#[$docs:meta])* $name:ident $values:tt)*) => {$(
        /// Writes the proto name.
        impl ::serde_core::Serialize for $name {
            fn serialize<S: ::serde_core::Serializer>(
                &self,
                serializer: S,
            ) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str_name())
            }
        }

        /// Reads the proto name or, where the format tells what it holds, the
        /// number. A number without a name is refused.
        impl<'de> ::serde_core::Deserialize<'de> for $name {
            fn deserialize<D: ::serde_core::Deserializer<'de>>(
                deserializer: D,
            ) -> Result<Self, D::Error> {
                $crate::proto_json::enums::name_or_number(stringify!($name), deserializer)
            }
        }
    )*};
}

with_enums!(serialize_names);
#[cfg(feature = "release-0-2")]
pub(crate) use serialize_names;

pub(crate) fn name_or_number<'de, E: ProtoEnum, D: Deserializer<'de>>(
    name: &'static str,
    deserializer: D,
) -> Result<E, D::Error> {
    let visitor = NameOrNumber {
        name,
        of: PhantomData,
    };
    if deserializer.is_human_readable() {
        deserializer.deserialize_any(visitor)
    } else {
        deserializer.deserialize_str(visitor)
    }
}

struct NameOrNumber<E> {
    name: &'static str,
    of: PhantomData<E>,
}

impl<E: ProtoEnum> NameOrNumber<E> {
    fn value<N, Err>(&self, number: N) -> Result<E, Err>
    where
        N: Copy + Display + TryInto<i32>,
        Err: de::Error,
    {
        let value = number.try_into().ok().and_then(|it| E::try_from(it).ok());
        value.ok_or_else(|| Err::custom(format_args!("unknown {} number {number}", self.name)))
    }
}

impl<'de, E: ProtoEnum> Visitor<'de> for NameOrNumber<E> {
    type Value = E;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name or the number of a value of {}", self.name)
    }

    fn visit_str<Err: de::Error>(self, name: &str) -> Result<E, Err> {
        E::from_str_name(name)
            .ok_or_else(|| Err::custom(format_args!("unknown {} name {}", self.name, Quoted(name))))
    }

    fn visit_i64<Err: de::Error>(self, number: i64) -> Result<E, Err> {
        self.value(number)
    }

    fn visit_u64<Err: de::Error>(self, number: u64) -> Result<E, Err> {
        self.value(number)
    }

    fn visit_f64<Err: de::Error>(self, number: f64) -> Result<E, Err> {
        match exact_integer(number) {
            Some(integer) => self.value(integer),
            None => Err(Err::invalid_type(de::Unexpected::Float(number), &self)),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<E, A::Error> {
        self.visit_f64(private_number(map)?)
    }
}
