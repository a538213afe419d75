//! A repeated string is an array of strings. `null` in place of the array is no
//! elements; `null` in place of an element is an error.

use core::fmt;

use alloc::string::String;
use alloc::vec::Vec;
use serde_core::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_core::ser::SerializeMap;

use super::refuse::refuse_scalars;
use super::{Any, Field, JsonKind};
use crate::PolicyTags;
use crate::view::Texts;

impl JsonKind for Texts {
    #[inline]
    fn write_json<M: SerializeMap>(
        object: &mut M,
        name: &'static str,
        texts: PolicyTags<'_>,
    ) -> Result<(), M::Error> {
        if texts.is_empty() {
            return Ok(());
        }
        object.serialize_entry(name, &texts.serializable())
    }

    #[inline]
    fn read_json<'de, M: MapAccess<'de>>(
        object: &mut M,
        field: Field,
        list: &mut Vec<String>,
    ) -> Result<(), M::Error> {
        object.next_value_seed(Any(List { field, list }))
    }
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

    refuse_scalars! {
        visit_str(&str) "string"
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
