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
#[cfg(feature = "json")]
pub mod detail;
mod entry;
mod enums;
#[cfg(feature = "json")]
mod evidence;
#[cfg(all(any(doc, doctest), feature = "std", feature = "json"))]
pub mod guide;
#[cfg(feature = "json")]
mod json_line;
mod payload;
#[cfg(feature = "json")]
mod proto_json;
#[cfg(feature = "release-0-2")]
pub mod release_0_2;
#[cfg(feature = "std")]
pub mod stream;
mod v1;
mod validate;
mod view;

pub use bytes;
pub use prost;
#[cfg(feature = "json")]
pub use prost_types;

pub use crate::builder::{LogEntryBuilder, LogSource};
pub use crate::entry::LogEntry;
pub use crate::enums::*;
#[cfg(feature = "json")]
pub use crate::evidence::Standard;
#[cfg(feature = "json")]
pub use crate::json_line::JsonLine;
pub use crate::payload::{IntoPayload, Payload};
#[cfg(feature = "json")]
pub use crate::payload::{PayloadError, PayloadFormat, PayloadReason};
#[cfg(feature = "release-0-2")]
pub use crate::release_0_2::Release;
#[cfg(feature = "tokio")]
pub use crate::stream::codec;
pub use crate::validate::{ValidationError, Violation, ViolationKind};
pub use crate::view::{
    DecodeError, DecodeReason, EncodeError, LogEntryView, PolicyTags, PolicyTagsIter, StrictError,
};

/// The message `lokryn.compliance.v1.LogRequest`: the fields of [`LogEntry`]
/// under the same numbers, and therefore the same Rust type.
///
/// Bytes do not say of which message they are, and neither does a gRPC call, so an
/// entry is what a peer that says `LogRequest` sends and takes. Only where a type is
/// named do the two differ: `prost`'s `Name` gives this type the name of `LogEntry`,
/// so an `Any` for a peer that asks for a `LogRequest` is made with
/// [`LOG_REQUEST_NAME`]:
///
/// ```
/// use lokryn_compliance_log::prost::Message as _;
/// use lokryn_compliance_log::{LOG_REQUEST_NAME, LogEntry, LogRequest};
/// use prost_reflect::prost_types::Any;
///
/// let request = LogRequest { actor_id: "agent-001".into(), ..LogRequest::default() };
/// let any = Any {
///     type_url: format!("type.googleapis.com/{LOG_REQUEST_NAME}"),
///     value: request.encode_to_vec(),
/// };
/// assert_ne!(any, Any::from_msg(&request)?); // which says LogEntry
///
/// // What comes in such an `Any` is decoded as an entry.
/// assert_eq!(LogEntry::decode(&*any.value)?, request);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub type LogRequest = LogEntry;

/// The full name of the message `LogRequest`, for an `Any` or a registry that tells
/// it from `LogEntry`; see [`LogRequest`].
pub const LOG_REQUEST_NAME: &str = "lokryn.compliance.v1.LogRequest";

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
