//! `Debug` that does not leak: payloads are printed only inside an entry whose
//! sensitivity allows it.

use core::fmt::{self, Debug, DebugStruct, Formatter};

use alloc::vec::Vec;

use prost::Message as _;
use prost_types::{Struct, Timestamp};

use super::kind::{Double, Int32, Int64, Kind, Many, Number, One, Text, Texts};
use super::tables::with_messages;
use super::{
    EventType, GenAiPayload, LogRequest, McpPayload, Message, Metadata, Outcome, Payload,
    Sensitivity, Severity, ToolCall,
};
use crate::debug::{Level, Withheld};

/// Prints every field, except that the payload is printed only if the sensitivity is
/// PUBLIC or `PUBLIC_INTERNAL`. Otherwise its length and the reason stand in its place;
/// an unknown sensitivity counts as the highest.
#[expect(
    clippy::missing_fields_in_debug,
    reason = "they are in the table of the fields"
)]
impl Debug for LogRequest {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match Withheld::<Sensitivity>::because_of(self.sensitivity) {
            None => self.print(f),
            Some(reason) => {
                let mut fields = f.debug_struct("LogRequest");
                self.print_fields(&mut fields);
                match &self.payload {
                    None => fields.field("payload", &self.payload),
                    Some(payload) => {
                        let len = payload.content_len();
                        fields.field("payload", &format_args!("<{len} bytes withheld: {reason}>"))
                    }
                };
                fields.finish()
            }
        }
    }
}

impl Debug for Metadata {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.print(f)
    }
}

impl Level for Sensitivity {
    fn is_printable(&self) -> bool {
        match self {
            Self::Public | Self::PublicInternal => true,
            Self::Unknown | Self::Confidential | Self::Secret | Self::TopSecret => false,
        }
    }
}

impl Payload {
    /// How many bytes the payload takes, without its key and its length.
    fn content_len(&self) -> usize {
        match self {
            Self::Genai(genai) => genai.encoded_len(),
            Self::Mcp(mcp) => mcp.encoded_len(),
            Self::Data(data) => data.encoded_len(),
        }
    }
}

macro_rules! withhold {
    ($($payload:ident, $len:ident;)*) => {$(
        /// Prints how long it is: on its own it has no sensitivity, so none that allows
        /// more.
        impl Debug for $payload {
            fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
                let len = self.$len();
                write!(f, "{}(<{len} bytes withheld: no sensitivity>)", stringify!($payload))
            }
        }
    )*};
}

withhold! {
    GenAiPayload, encoded_len;
    McpPayload, encoded_len;
    Message, encoded_len;
    ToolCall, encoded_len;
    Payload, content_len;
}

/// A message that can be printed whole.
trait Print {
    fn print(&self, f: &mut Formatter<'_>) -> fmt::Result;
}

struct Printed<'a, T>(&'a T);

impl<T: Print> Debug for Printed<'_, T> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.0.print(f)
    }
}

macro_rules! print_messages {
    ($(
        $docs:tt $message:ident {
            $($field_docs:tt #[$prost:meta] $field:ident: $kind:ty { $owned:ty } = $number:tt, $json:literal;)*
        } {
            $($oneof_docs:tt #[$oneof_prost:meta] $oneof:ident: $choice:ident {
                $($member_docs:tt #[$member_prost:meta] $variant:ident($value:ty) $member:ident = $member_number:tt, $member_json:literal;)*
            })*
        }
    )*) => {$(
        impl $message {
            fn print_fields(&self, fields: &mut DebugStruct<'_, '_>) {
                $(<$kind>::print_field(&self.$field, stringify!($field), fields);)*
            }
        }

        impl Print for $message {
            fn print(&self, f: &mut Formatter<'_>) -> fmt::Result {
                let mut fields = f.debug_struct(stringify!($message));
                self.print_fields(&mut fields);
                $(fields.field(stringify!($oneof), &self.$oneof.as_ref().map(Printed));)*
                fields.finish()
            }
        }

        $(
            impl Print for $choice {
                fn print(&self, f: &mut Formatter<'_>) -> fmt::Result {
                    match self {
                        $(Self::$variant(value) => {
                            f.debug_tuple(stringify!($variant)).field(&Printed(value)).finish()
                        })*
                    }
                }
            }
        )*
    )*};
}

with_messages!(print_messages);

macro_rules! print_as_debug {
    ($($message:ty)*) => {$(
        impl Print for $message {
            fn print(&self, f: &mut Formatter<'_>) -> fmt::Result {
                Debug::fmt(self, f)
            }
        }
    )*};
}

print_as_debug!(Struct Timestamp);

/// How a kind of field is printed.
trait PrintKind: Kind {
    fn print_field(value: &Self::Owned, name: &str, fields: &mut DebugStruct<'_, '_>);
}

macro_rules! print_kind_as_debug {
    ($($kind:ty)*) => {$(
        impl PrintKind for $kind {
            fn print_field(value: &Self::Owned, name: &str, fields: &mut DebugStruct<'_, '_>) {
                fields.field(name, value);
            }
        }
    )*};
}

print_kind_as_debug!(Text Texts Int32 Int64 Double);

impl<E: TryFrom<i32> + Debug> PrintKind for Number<E> {
    /// The variant of a known number, and an unknown number as it is.
    fn print_field(number: &i32, name: &str, fields: &mut DebugStruct<'_, '_>) {
        match E::try_from(*number) {
            Ok(variant) => fields.field(name, &variant),
            Err(_) => fields.field(name, number),
        };
    }
}

impl<M: Print> PrintKind for One<M> {
    fn print_field(value: &Option<M>, name: &str, fields: &mut DebugStruct<'_, '_>) {
        fields.field(name, &value.as_ref().map(Printed));
    }
}

impl<M: Print> PrintKind for Many<M> {
    fn print_field(values: &Vec<M>, name: &str, fields: &mut DebugStruct<'_, '_>) {
        let printed: Vec<_> = values.iter().map(Printed).collect();
        fields.field(name, &printed);
    }
}
