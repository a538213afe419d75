#![no_std]
#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The example on the page needs these two features.
#![cfg_attr(all(feature = "std", feature = "json"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "std", feature = "json")),
    doc = "Compliance-grade audit log entries as one protobuf message."
)]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod builder;
#[cfg(any(feature = "json", feature = "cbor"))]
mod cbor;
#[cfg(feature = "tokio")]
pub mod codec;
mod debug;
mod enums;
mod field;
#[cfg(feature = "json")]
mod finite;
#[cfg(all(any(doc, doctest), feature = "std", feature = "json"))]
pub mod guide;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "json")]
mod json_line;
mod payload;
#[cfg(any(feature = "json", feature = "cbor"))]
mod payload_error;
#[cfg(feature = "json")]
mod payload_format;
mod policy_tags;
mod run;
#[cfg(feature = "std")]
pub mod stream;
mod v1;
mod validate;
mod view;
mod wire;

pub use bytes;
pub use prost;

pub use crate::builder::{LogEntryBuilder, LogSource};
pub use crate::enums::ParseEnumError;
#[cfg(feature = "json")]
pub use crate::json_line::JsonLine;
pub use crate::payload::Payload;
#[cfg(any(feature = "json", feature = "cbor"))]
pub use crate::payload_error::{PayloadError, PayloadReason};
#[cfg(feature = "json")]
pub use crate::payload_format::PayloadFormat;
pub use crate::policy_tags::{PolicyTags, PolicyTagsIter};
pub use crate::v1::{EventType, LogEntry, Outcome, Sensitivity, Severity};
pub use crate::validate::{ValidationError, Violation, ViolationKind};
pub use crate::view::{EncodeError, LogEntryView};
pub use crate::wire::{DecodeError, DecodeReason};

/// The message `lokryn.compliance.v1.LogRequest`: the fields of [`LogEntry`]
/// under the same numbers, and therefore the same Rust type.
pub type LogRequest = LogEntry;

/// The compiled schema: an encoded `google.protobuf.FileDescriptorSet` with the
/// comments of `log.proto` in it, for reflection and schema registries.
///
/// ```
/// use lokryn_compliance_log::FILE_DESCRIPTOR_SET;
/// use prost_reflect::DescriptorPool;
///
/// let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET)?;
/// let entry = pool.get_message_by_name("lokryn.compliance.v1.LogEntry").unwrap();
/// assert_eq!(entry.get_field_by_name("actor_id").unwrap().number(), 4);
/// # Ok::<(), prost_reflect::DescriptorError>(())
/// ```
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/descriptor.binpb"));

/// The text of `log.proto`, for schema registries and query engines that take
/// the schema as a file.
pub const PROTO: &str = include_str!("../proto/lokryn/compliance/v1/log.proto");
