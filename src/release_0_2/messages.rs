//! The messages of the schema.

use alloc::string::String;
use alloc::vec::Vec;

use prost_types::{Struct, Timestamp};

use super::tables::with_messages;
use super::{EventType, Outcome, Sensitivity, Severity};

macro_rules! messages {
    ($(
        { $(#[$docs:meta])* } $message:ident {
            $({ $(#[$field_docs:meta])* } #[$prost:meta] $field:ident: $kind:ty { $owned:ty } = $number:tt, $json:literal;)*
        } {
            $({ $(#[$oneof_docs:meta])* } #[$oneof_prost:meta] $oneof:ident: $choice:ident {
                $({ $(#[$member_docs:meta])* } #[$member_prost:meta]
                    $variant:ident($value:ty) $member:ident = $member_number:tt, $member_json:literal;)*
            })*
        }
    )*) => {$(
        $(#[$docs])*
        #[derive(Clone, PartialEq, ::prost::Message)]
        #[prost(skip_debug)]
        pub struct $message {
            $(
                $(#[$field_docs])*
                #[$prost]
                pub $field: $owned,
            )*
            $(
                $(#[$oneof_docs])*
                #[$oneof_prost]
                pub $oneof: Option<$choice>,
            )*
        }

        $(
            $(#[$oneof_docs])*
            #[derive(Clone, PartialEq, ::prost::Oneof)]
            #[prost(skip_debug)]
            #[expect(
                clippy::large_enum_variant,
                reason = "as prost generates it: only what is recursive is boxed"
            )]
            pub enum $choice {
                $(
                    $(#[$member_docs])*
                    #[$member_prost]
                    $variant($value),
                )*
            }
        )*
    )*};
}

with_messages!(messages);
