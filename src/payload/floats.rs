//! Finding floats that JSON cannot hold.

use core::fmt::Display;

use serde_core::ser::{self, Error as _, Serialize, Serializer};

type Checked = Result<(), serde_json::Error>;

/// Fails if a float somewhere in the value is NaN or infinite, which
/// `serde_json` would write as `null` without a word.
pub(super) fn check_finite<T: Serialize + ?Sized>(value: &T) -> Checked {
    value.serialize(FiniteFloats)
}

/// A serializer that writes nothing.
struct FiniteFloats;

macro_rules! accept {
    ($($method:ident($($argument:ty),*))*) => {$(
        fn $method(self, $(_: $argument),*) -> Checked {
            Ok(())
        }
    )*};
}

macro_rules! descend {
    ($($method:ident($($argument:ty),*))*) => {$(
        fn $method<T: Serialize + ?Sized>(self, $(_: $argument,)* value: &T) -> Checked {
            check_finite(value)
        }
    )*};
}

macro_rules! open {
    ($($method:ident($($argument:ty),*))*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<Self, serde_json::Error> {
            Ok(self)
        }
    )*};
}

impl Serializer for FiniteFloats {
    type Ok = ();
    type Error = serde_json::Error;
    type SerializeSeq = Self;
    type SerializeTuple = Self;
    type SerializeTupleStruct = Self;
    type SerializeTupleVariant = Self;
    type SerializeMap = Self;
    type SerializeStruct = Self;
    type SerializeStructVariant = Self;

    fn serialize_f32(self, float: f32) -> Checked {
        self.serialize_f64(float.into())
    }

    fn serialize_f64(self, float: f64) -> Checked {
        if float.is_finite() {
            return Ok(());
        }
        Err(serde_json::Error::custom("float is NaN or infinite"))
    }

    accept! {
        serialize_bool(bool)
        serialize_i8(i8)
        serialize_i16(i16)
        serialize_i32(i32)
        serialize_i64(i64)
        serialize_i128(i128)
        serialize_u8(u8)
        serialize_u16(u16)
        serialize_u32(u32)
        serialize_u64(u64)
        serialize_u128(u128)
        serialize_char(char)
        serialize_str(&str)
        serialize_bytes(&[u8])
        serialize_none()
        serialize_unit()
        serialize_unit_struct(&'static str)
        serialize_unit_variant(&'static str, u32, &'static str)
    }

    descend! {
        serialize_some()
        serialize_newtype_struct(&'static str)
        serialize_newtype_variant(&'static str, u32, &'static str)
    }

    open! {
        serialize_seq(Option<usize>)
        serialize_tuple(usize)
        serialize_tuple_struct(&'static str, usize)
        serialize_tuple_variant(&'static str, u32, &'static str, usize)
        serialize_map(Option<usize>)
        serialize_struct(&'static str, usize)
        serialize_struct_variant(&'static str, u32, &'static str, usize)
    }

    fn collect_str<T: Display + ?Sized>(self, _: &T) -> Checked {
        Ok(())
    }
}

macro_rules! elements {
    ($($compound:ident { $($method:ident($($argument:ty),*))* })*) => {$(
        impl ser::$compound for FiniteFloats {
            type Ok = ();
            type Error = serde_json::Error;

            $(
                fn $method<T: Serialize + ?Sized>(&mut self, $(_: $argument,)* value: &T) -> Checked {
                    check_finite(value)
                }
            )*

            fn end(self) -> Checked {
                Ok(())
            }
        }
    )*};
}

elements! {
    SerializeSeq { serialize_element() }
    SerializeTuple { serialize_element() }
    SerializeTupleStruct { serialize_field() }
    SerializeTupleVariant { serialize_field() }
    SerializeMap { serialize_key() serialize_value() }
    SerializeStruct { serialize_field(&'static str) }
    SerializeStructVariant { serialize_field(&'static str) }
}
