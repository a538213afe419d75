//! The entry that owns its values.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use bytes::Bytes;
use prost::{Message, Name};

use crate::v1::with_fields;

macro_rules! entry {
    (
        $(#[$docs:meta])* ;
        $($field:ident: $kind:ty = $number:tt, $names:tt
            { $(#[$field_docs:meta])* } { #[$prost:meta] $owned:ty } { $view:ty };)*
    ) => {
        $(#[$docs])*
        ///
        /// # Later fields
        ///
        /// A later version of the schema may have further optional fields, and a
        /// minor release adds them here. A literal therefore ends in
        /// `..LogEntry::default()`, and a pattern in `..`; the promise of semantic
        /// versioning does not cover those that name every field.
        #[derive(Clone, PartialEq, Eq, Hash, Message)]
        #[prost(skip_debug)]
        pub struct LogEntry {
            $(
                $(#[$field_docs])*
                #[$prost]
                pub $field: $owned,
            )*
        }
    };
}

with_fields!(entry);

impl Name for LogEntry {
    const NAME: &'static str = "LogEntry";
    const PACKAGE: &'static str = "lokryn.compliance.v1";

    fn type_url() -> String {
        format!("type.googleapis.com/{}", Self::full_name())
    }
}
