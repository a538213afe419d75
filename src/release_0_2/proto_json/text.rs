//! A string is a JSON string; a repeated one is an array of them, in which `null` is an
//! error.

use alloc::string::String;
use alloc::vec::Vec;

use serde_core::de::{self, MapAccess};
use serde_core::ser::SerializeMap;

use super::nested::List;
use super::scalar::{Scalar, ScalarOf};
use super::{Form, JsonKind};
use crate::release_0_2::kind::{Text, Texts};

impl JsonKind for Text {
    fn write_json<F: Form, O: SerializeMap>(
        object: &mut O,
        name: &'static str,
        text: &String,
    ) -> Result<(), O::Error> {
        if text.is_empty() {
            return Ok(());
        }
        object.serialize_entry(name, text)
    }

    fn read_json<'de, A: MapAccess<'de>>(
        object: &mut A,
        name: &'static str,
        value: &mut String,
    ) -> Result<(), A::Error> {
        match object.next_value_seed(ScalarOf(name))? {
            Scalar::Null => {}
            Scalar::Text(text) => *value = text,
            Scalar::Bool | Scalar::Number(_) => return Err(not_a_string(name)),
        }
        Ok(())
    }
}

impl JsonKind for Texts {
    fn write_json<F: Form, O: SerializeMap>(
        object: &mut O,
        name: &'static str,
        texts: &Vec<String>,
    ) -> Result<(), O::Error> {
        if texts.is_empty() {
            return Ok(());
        }
        object.serialize_entry(name, texts)
    }

    fn read_json<'de, A: MapAccess<'de>>(
        object: &mut A,
        name: &'static str,
        value: &mut Vec<String>,
    ) -> Result<(), A::Error> {
        let elements = List {
            name,
            element: ScalarOf(name),
        };
        for element in object.next_value_seed(elements)? {
            match element {
                Scalar::Text(text) => value.push(text),
                Scalar::Null | Scalar::Bool | Scalar::Number(_) => {
                    return Err(not_a_string(name));
                }
            }
        }
        Ok(())
    }
}

fn not_a_string<E: de::Error>(name: &str) -> E {
    E::custom(format_args!("{name}: not a string"))
}
