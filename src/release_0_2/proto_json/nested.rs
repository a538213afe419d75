//! A message in a message is a JSON object, unless it has a form of its own; a repeated
//! one is an array.

use core::fmt;
use core::marker::PhantomData;

use alloc::vec::Vec;

use serde_core::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_core::ser::SerializeMap;

use super::{Form, Json, JsonKind, JsonMessage};
use crate::proto_json::refuse::refuse_scalars;
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
        name: &'static str,
        value: &mut Option<M>,
    ) -> Result<(), A::Error> {
        *value = object.next_value_seed(Optional::of(name))?;
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
        name: &'static str,
        value: &mut Vec<M>,
    ) -> Result<(), A::Error> {
        let element = MessageOf::new(name);
        *value = object.next_value_seed(List { name, element })?;
        Ok(())
    }
}

/// Reads the value of the field of a name.
pub(super) struct MessageOf<M> {
    name: &'static str,
    of: PhantomData<M>,
}

impl<M> MessageOf<M> {
    pub(super) fn new(name: &'static str) -> Self {
        let of = PhantomData;
        Self { name, of }
    }
}

impl<M> Clone for MessageOf<M> {
    fn clone(&self) -> Self {
        Self::new(self.name)
    }
}

impl<'de, M: JsonMessage> DeserializeSeed<'de> for MessageOf<M> {
    type Value = M;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<M, D::Error> {
        M::read(self.name, deserializer)
    }
}

/// The same, or `null`.
pub(super) struct Optional<M>(MessageOf<M>);

impl<M> Optional<M> {
    pub(super) fn of(name: &'static str) -> Self {
        Self(MessageOf::new(name))
    }
}

impl<'de, M: JsonMessage> DeserializeSeed<'de> for Optional<M> {
    type Value = Option<M>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<M>, D::Error> {
        deserializer.deserialize_option(self)
    }
}

impl<'de, M: JsonMessage> Visitor<'de> for Optional<M> {
    type Value = Option<M>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a value for {}", self.0.name)
    }

    fn visit_unit<E>(self) -> Result<Option<M>, E> {
        Ok(None)
    }

    fn visit_none<E>(self) -> Result<Option<M>, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<M>, D::Error> {
        self.0.deserialize(deserializer).map(Some)
    }
}

/// Reads an array; `null` in its place has no elements.
pub(super) struct List<S> {
    pub(super) name: &'static str,
    /// Reads an element.
    pub(super) element: S,
}

impl<'de, S: DeserializeSeed<'de> + Clone> DeserializeSeed<'de> for List<S> {
    type Value = Vec<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Clone> Visitor<'de> for List<S> {
    type Value = Vec<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an array for {}", self.name)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element_seed(self.element.clone())? {
            elements.push(element);
        }
        Ok(elements)
    }

    refuse_scalars!();
}
