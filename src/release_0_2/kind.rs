//! The kinds of fields. How each is written to JSON and printed is written once, beside
//! the rules for that.

use core::marker::PhantomData;

use alloc::string::String;
use alloc::vec::Vec;

use crate::view::wire::{I64, LEN, VARINT};

/// A kind of field.
pub(super) trait Kind {
    /// The type of its values.
    type Owned;

    /// How they are written.
    const WIRE_TYPE: u32;

    /// Whether they must be UTF-8.
    const IS_TEXT: bool;
}

macro_rules! kinds {
    ($($(#[$docs:meta])* $kind:ident$(<$of:ident>)?: $owned:ty, $wire_type:ident, $is_text:literal;)*) => {$(
        $(#[$docs])*
        pub(super) struct $kind$(<$of>(PhantomData<$of>))?;

        impl$(<$of>)? Kind for $kind$(<$of>)? {
            type Owned = $owned;

            const WIRE_TYPE: u32 = $wire_type;

            const IS_TEXT: bool = $is_text;
        }
    )*};
}

kinds! {
    Text: String, LEN, true;
    Texts: Vec<String>, LEN, true;
    Int32: i32, VARINT, false;
    Int64: i64, VARINT, false;
    Double: f64, I64, false;
    /// The number of an enum, whether it has a name or not.
    Number<E>: i32, VARINT, false;
    /// A message, or none.
    One<M>: Option<M>, LEN, false;
    Many<M>: Vec<M>, LEN, false;
}
