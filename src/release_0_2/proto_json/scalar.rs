//! A value that is neither an object nor an array, to be made sense of by who asked.

use core::fmt;

use alloc::string::String;

use serde_core::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};

use super::number::{self, JsonNumber};
use crate::proto_json::number::private_number_text;

pub(super) enum Scalar {
    Null,
    Bool,
    Number(JsonNumber),
    Text(String),
}

/// Reads the value of the field of this name.
#[derive(Clone, Copy)]
pub(super) struct ScalarOf(pub(super) &'static str);

impl<'de> DeserializeSeed<'de> for ScalarOf {
    type Value = Scalar;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Scalar, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ScalarOf {
    type Value = Scalar;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a single value for {}", self.0)
    }

    fn visit_unit<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_none<E>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Scalar, E> {
        Ok(Scalar::Bool)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(JsonNumber::Integer(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(JsonNumber::Integer(value.into())))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Scalar, E> {
        Ok(Scalar::Number(JsonNumber::Float(value)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.into()))
    }

    fn visit_string<E>(self, text: String) -> Result<Scalar, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar, A::Error> {
        let text = private_number_text(map)?;
        match number::from_text(&text) {
            Some(number) => Ok(Scalar::Number(number)),
            None => Err(de::Error::invalid_type(de::Unexpected::Map, &self)),
        }
    }
}
