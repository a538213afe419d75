//! A string is a JSON string.

use core::fmt;

use alloc::string::String;
use serde_core::de::{self, MapAccess, Visitor};
use serde_core::ser::SerializeMap;

use super::{Any, Field, JsonKind};
use crate::view::Text;

impl JsonKind for Text {
    #[inline]
    fn write_json<M: SerializeMap>(
        object: &mut M,
        name: &'static str,
        text: &str,
    ) -> Result<(), M::Error> {
        if text.is_empty() {
            return Ok(());
        }
        object.serialize_entry(name, text)
    }

    #[inline]
    fn read_json<'de, M: MapAccess<'de>>(
        object: &mut M,
        field: Field,
        text: &mut String,
    ) -> Result<(), M::Error> {
        object.next_value_seed(Any(StringInto { field, text }))
    }
}

struct StringInto<'a> {
    field: Field,
    text: &'a mut String,
}

impl Visitor<'_> for StringInto<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a string for {}", self.field.name())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        *self.text = text.into();
        Ok(())
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<(), E> {
        *self.text = text;
        Ok(())
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}
