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
mod debug;
mod entry;
mod enums;
#[cfg(all(any(doc, doctest), feature = "std", feature = "json"))]
pub mod guide;
#[cfg(feature = "json")]
mod json_line;
mod payload;
#[cfg(feature = "json")]
mod proto_json;
#[cfg(feature = "std")]
pub mod stream;
mod v1;
mod validate;
mod view;

pub use bytes;
pub use prost;

pub use crate::builder::{LogEntryBuilder, LogSource};
pub use crate::entry::LogEntry;
pub use crate::enums::*;
#[cfg(feature = "json")]
pub use crate::json_line::JsonLine;
pub use crate::payload::{IntoPayload, Payload};
#[cfg(feature = "json")]
pub use crate::payload::{PayloadError, PayloadFormat, PayloadReason};
#[cfg(feature = "tokio")]
pub use crate::stream::codec;
pub use crate::validate::{ValidationError, Violation, ViolationKind};
pub use crate::view::{
    DecodeError, DecodeReason, EncodeError, LogEntryView, PolicyTags, PolicyTagsIter,
};

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
