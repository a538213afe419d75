//! A message in a message is a JSON object, unless it has a form of its own; a repeated
//! one is an array.

use core::fmt;
use core::marker::PhantomData;

use alloc::vec::Vec;

use serde_core::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_core::ser::SerializeMap;

use super::scalar::refuse_scalars;
use super::{Canonical, Form, Json, JsonKind, JsonMessage};
use crate::release_0_2::kind::{Many, One};

impl<M: JsonMessage> JsonKind for One<M> {
    fn write_json<F: Form, O: SerializeMap>(
        object: &mut O,
        name: &'static str,
        message: &Option<M>,
    ) -> Result<(), O::Error> {
        match message {
            None => Ok(()),
            Some(message) => object.serialize_entry(name, &Json::<_, F>::new(message)),
        }
    }

    fn read_json<'de, A: MapAccess<'de>>(
        object: &mut A,
        _: &'static str,
        value: &mut Option<M>,
    ) -> Result<(), A::Error> {
        let message: Option<Json<M, Canonical>> = object.next_value()?;
        *value = message.map(Json::into_message);
        Ok(())
    }
}

impl<M: JsonMessage> JsonKind for Many<M> {
    fn write_json<F: Form, O: SerializeMap>(
        object: &mut O,
        name: &'static str,
        messages: &Vec<M>,
    ) -> Result<(), O::Error> {
        if messages.is_empty() {
            return Ok(());
        }
        let messages: Vec<_> = messages.iter().map(Json::<_, F>::new).collect();
        object.serialize_entry(name, &messages)
    }

    fn read_json<'de, A: MapAccess<'de>>(
        object: &mut A,
        _: &'static str,
        value: &mut Vec<M>,
    ) -> Result<(), A::Error> {
        let List(messages) = object.next_value::<List<Json<M, Canonical>>>()?;
        value.extend(messages.into_iter().map(Json::into_message));
        Ok(())
    }
}

/// An array; `null` in its place has no elements.
pub(super) struct List<T>(pub(super) Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = List<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<List<T>, E> {
        Ok(List(Vec::new()))
    }

    fn visit_none<E>(self) -> Result<List<T>, E> {
        Ok(List(Vec::new()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<List<T>, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element()? {
            elements.push(element);
        }
        Ok(List(elements))
    }

    refuse_scalars!();
}
