//! A `Struct` is any JSON object, and the kinds of its values are the types of JSON.

use core::fmt;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value};
use serde_core::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_core::ser::{SerializeMap, SerializeSeq, Serializer};

use super::nested::MessageOf;
use super::number::{self, JsonNumber};
use super::{Form, Json, JsonMessage, MAX_SAFE_INTEGER};
use crate::proto_json::number::PRIVATE_NUMBER;
use crate::proto_json::refuse::refuse_scalars;

impl JsonMessage for Struct {
    fn write<F: Form, S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(Some(self.fields.len()))?;
        for (key, value) in &self.fields {
            object.serialize_entry(key, &Json::<_, F>::new(value))?;
        }
        object.end()
    }

    fn read<'de, D: Deserializer<'de>>(
        name: &'static str,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        deserializer.deserialize_any(StructVisitor { name })
    }
}

impl JsonMessage for Value {
    fn write<F: Form, S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.kind {
            None => F::write_no_kind(serializer),
            Some(Kind::NullValue(_)) => serializer.serialize_unit(),
            Some(Kind::NumberValue(number)) => write_number::<F, S>(*number, serializer),
            Some(Kind::StringValue(text)) => serializer.serialize_str(text),
            Some(Kind::BoolValue(value)) => serializer.serialize_bool(*value),
            Some(Kind::StructValue(value)) => value.write::<F, S>(serializer),
            Some(Kind::ListValue(list)) => {
                let mut array = serializer.serialize_seq(Some(list.values.len()))?;
                for value in &list.values {
                    array.serialize_element(&Json::<_, F>::new(value))?;
                }
                array.end()
            }
        }
    }

    fn read<'de, D: Deserializer<'de>>(
        name: &'static str,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor { name })
    }
}

/// An integer is written without a fraction, as people and most implementations do.
fn write_number<F: Form, S: Serializer>(number: f64, serializer: S) -> Result<S::Ok, S::Error> {
    #[expect(clippy::cast_possible_truncation, reason = "compared right after")]
    let integer = number as i64;
    #[expect(clippy::cast_precision_loss, reason = "compared bit by bit")]
    let is_integer = (integer as f64).to_bits() == number.to_bits();
    if !number.is_finite() {
        F::write_not_finite(number, serializer)
    } else if is_integer && integer.unsigned_abs() <= MAX_SAFE_INTEGER {
        serializer.serialize_i64(integer)
    } else {
        serializer.serialize_f64(number)
    }
}

struct StructVisitor {
    name: &'static str,
}

impl<'de> Visitor<'de> for StructVisitor {
    type Value = Struct;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a JSON object for {}", self.name)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Struct, A::Error> {
        let first = object.next_key::<String>()?;
        read_members(self.name, first, object)
    }

    refuse_scalars!();
}

/// Reads the rest of an object of which a key has been read.
fn read_members<'de, A: MapAccess<'de>>(
    name: &'static str,
    mut key: Option<String>,
    mut object: A,
) -> Result<Struct, A::Error> {
    let mut fields = BTreeMap::new();
    while let Some(member) = key {
        let value: Value = object.next_value_seed(MessageOf::new(name))?;
        if fields.insert(member, value).is_some() {
            return Err(de::Error::custom(format_args!(
                "{name}: a key is there twice"
            )));
        }
        key = object.next_key()?;
    }
    Ok(Struct { fields })
}

struct ValueVisitor {
    name: &'static str,
}

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a JSON value for {}", self.name)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Kind::NullValue(0).into())
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Kind::NullValue(0).into())
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Kind::BoolValue(value).into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Kind::NumberValue(JsonNumber::Integer(value.into()).to_float()).into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Kind::NumberValue(JsonNumber::Integer(value.into()).to_float()).into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Kind::NumberValue(value).into())
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Kind::StringValue(text.into()).into())
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Kind::StringValue(text).into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = array.next_element_seed(MessageOf::new(self.name))? {
            values.push(value);
        }
        Ok(Kind::ListValue(ListValue { values }).into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let first = object.next_key::<String>()?;
        // Where numbers come as such maps, an object spelled like one cannot be told from
        // a number.
        if first.as_deref() == Some(PRIVATE_NUMBER) && numbers_are_maps() {
            let digits: String = object.next_value()?;
            return match number::from_text(&digits) {
                Some(number) => self.visit_f64(number.to_float()),
                None => Err(de::Error::custom(format_args!(
                    "{}: a number is not one of 64 bits",
                    self.name
                ))),
            };
        }
        read_members(self.name, first, object).map(|object| Kind::StructValue(object).into())
    }
}

/// Whether some package in the tree has turned on `serde_json`'s feature
/// `arbitrary_precision`.
fn numbers_are_maps() -> bool {
    struct Probe;

    impl<'de> Visitor<'de> for Probe {
        type Value = bool;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a number")
        }

        fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
            Ok(false)
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
            while map.next_entry::<String, String>()?.is_some() {}
            Ok(true)
        }
    }

    let mut json = serde_json::Deserializer::from_str("0.5");
    json.deserialize_any(Probe).unwrap_or(false)
}
