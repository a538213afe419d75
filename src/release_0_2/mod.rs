//! Release 0.2 of the published packages: its messages, and conversions both ways.
//!
//! Whoever installs the published Python package today writes records of release 0.2. They
//! have the same name as those of release 0.1, which are [`LogEntry`](crate::LogEntry), and
//! another layout. Here are the messages of that release, with the forms that the rest of
//! the crate has, and the way between the two.
//!
//! ```
//! use lokryn_compliance_log::{EventType, LogEntry, Outcome, Release, release_0_2};
//!
//! // What came, and what it is.
//! let received = b"\x08\x14\x10\x01\x20\x02\x48\x2a\x52\x09agent-001\x82\x01\x04abcd";
//! assert_eq!(Release::of(received), Some(Release::V0_2));
//!
//! let entry = release_0_2::from_bytes(received)?;
//! assert_eq!(entry.event_type(), EventType::ToolInvocation);
//! assert_eq!(entry.outcome(), Outcome::Success);
//! assert_eq!(entry.actor_id, "agent-001");
//! assert_eq!(entry.detail("duration_ms")?, Some(42));
//! assert_eq!(entry.detail("trace_id")?, Some("abcd"));
//!
//! // And back.
//! assert_eq!(release_0_2::to_bytes(&entry), received);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`Release::of`] tells records of the two apart, as far as their bytes do, and
//! `stream::MixedReader` reads files that hold both.
//!
//! # Conversion
//!
//! | release 0.2 | [`LogEntry`](crate::LogEntry) |
//! |---|---|
//! | `actor_id`, `component`, `environment`, `resource`, `message`, `policy_tags` | the field of the name |
//! | `severity` | the same number |
//! | `event_type`, `outcome`, `sensitivity` | the field of the name, by the tables below |
//! | `time` | the detail `occurred_at`; where RFC 3339 cannot say it, an object of its `seconds` and `nanos` |
//! | `duration_ms`, `request_size_bytes`, `response_size_bytes` | the detail of the name: a number, beyond 2<sup>53</sup> as text |
//! | `actor_type`, `trace_id`, `span_id`, `parent_span_id`, `session_id`, `client_id`, `client_version`, `server_id`, `server_version`, `geo_region` | the detail of the name |
//! | `ocsf_class_uid`, `ocsf_activity_id`, `otel_operation_name` | the detail of the name |
//! | `metadata` | the detail `metadata`, an object |
//! | the payload `genai`, `mcp` or `data` | the detail of that name, an object with the proto names of the fields |
//!
//! What is empty or 0 has no detail, and what is absent comes back absent: nothing is
//! filled in. In the objects, 64-bit integers are written as the detail of one is, and NaN
//! and the infinities as text.
//!
//! | `event_type` in 0.2 | in 0.1 |
//! |---|---|
//! | 0 to 12 | the same |
//! | 20 to 26, what AI agents do | 13 to 19, the same names |
//! | `EVENT_MCP_INITIALIZE`, `EVENT_MCP_PING`, `EVENT_TRANSPORT_CONNECT`, `EVENT_TRANSPORT_ERROR` | `EVENT_NETWORK_CONNECTION` |
//! | `EVENT_MCP_INITIALIZED` | `EVENT_RESOURCE_ACCESS` |
//! | `EVENT_MCP_SHUTDOWN`, `EVENT_TRANSPORT_DISCONNECT` | `EVENT_LOGOUT` |
//! | `EVENT_TOOL_LIST`, `EVENT_RESOURCE_LIST`, `EVENT_PROMPT_LIST` | `EVENT_CONTEXT_ACCESS` |
//! | `EVENT_RESOURCE_READ` | `EVENT_FILE_ACCESS` for a `file:` URI, otherwise `EVENT_CONTEXT_ACCESS` |
//! | `EVENT_SAMPLING_REQUEST`, `EVENT_SAMPLING_RESPONSE` | `EVENT_MODEL_INFERENCE` |
//!
//! | `outcome` in 0.2 | in 0.1 |
//! |---|---|
//! | 0 to 4 | the same |
//! | `OUTCOME_OTHER` | the unknown number 99 |
//! | the way back from `OUTCOME_PARTIAL` | `OUTCOME_OTHER` |
//!
//! | `sensitivity` in 0.2 | in 0.1 |
//! |---|---|
//! | `PUBLIC` | `PUBLIC` |
//! | `PUBLIC_INTERNAL` | `INTERNAL` |
//! | `CONFIDENTIAL` | `CONFIDENTIAL` |
//! | `SECRET` | `RESTRICTED` |
//! | `TOP_SECRET` | `HIGHLY_RESTRICTED` |
//!
//! A number that neither release has a name for stays what it is. One that means something
//! else in the other release becomes 0. Wherever a number could not be told from what it
//! has become, the details `release_0_2_event_type`, `release_0_2_outcome` and
//! `release_0_2_sensitivity` have the original.
//!
//! **From 0.2 and back** is the same message, for every one that can be decoded. Where the fields and details would not
//! give it again, such as for a `Struct` with an infinite number in it, its bytes go along
//! as the detail [`RELEASE_0_2_BASE64`]. [`from_bytes`] keeps unknown fields in that way,
//! too, which a [`LogRequest`] does not have. The bytes count only while the entry is still
//! the one that the conversion made.
//!
//! **From 0.1 and back** goes by the same tables. Details without a field of their own are
//! the members of `data`, unless they are one of the typed payloads alone; a payload that is
//! no JSON object is the member `payload` or `payload_base64`. They come back under the
//! detail `data`. Where the record does not hold all of an entry, as with an outcome of
//! PARTIAL or a number of more digits than an `f64` has, the entry's bytes go along as the
//! member [`RELEASE_0_1_BASE64`], and what comes back is that entry.
//!
//! # OCSF and OpenTelemetry
//!
//! The package stores in each record what OCSF and OpenTelemetry call the event. The
//! functions on [`EventType`] here and on that of release 0.1 return the same values:
//!
//! ```
//! use lokryn_compliance_log::{EventType, Outcome, Sensitivity};
//!
//! let event_type = EventType::ToolInvocation;
//! assert_eq!(event_type.ocsf_class_uid(), 6003);
//! assert_eq!(event_type.ocsf_activity_id(), 1);
//! assert_eq!(event_type.otel_operation_name(), Some("execute_tool"));
//! assert_eq!(Outcome::FailureDenied.ocsf_status_id(), 2);
//! assert_eq!(Sensitivity::Restricted.ocsf_confidentiality_id(), 3);
//! ```
//!
//! A conversion to 0.2 does not set them. They are the package's choices, which consumers
//! of its records look for, and several are not what OCSF means by the numbers (1.9.0-dev,
//! July 2026):
//!
//! | events | the package | OCSF |
//! |---|---|---|
//! | `EVENT_FILE_ACCESS` | 4010 File Activity, 1 Read | 4010 is Network File Activity, deprecated; File System Activity is 1001, where 2 is Read |
//! | `EVENT_POLICY_CHANGE`, `EVENT_GUARDRAIL_CHECK` | 5001 Security Finding | 5001 is Device Inventory Info; Security Finding is 2001, deprecated |
//! | `EVENT_PRIVILEGE_USE` | 3002 Authentication, 3 Privilege Escalation | 3 is Authentication Ticket |
//! | `EVENT_CONFIG_CHANGE` | 5002 Configuration Change, 1 Create | 5002 is Device Config State, deprecated |
//! | `EVENT_DATA_EXPORT`, `EVENT_CONTEXT_ACCESS`, `EVENT_RESOURCE_READ` | 3005 Data Access | 3005 is User Access Management, deprecated |
//! | `EVENT_USER_MANAGEMENT` | 3001 Account Change | the same, deprecated |
//! | `EVENT_RESOURCE_ACCESS`, `EVENT_MCP_PING`, `EVENT_TOOL_LIST`, `EVENT_RESOURCE_LIST`, `EVENT_PROMPT_LIST` | 6003 API Activity, 3 Read | 2 is Read, 3 is Update |
//! | `EVENT_TRANSPORT_ERROR` | 4001 Network Activity, 5 Fail | 4 is Fail, 5 is Refuse |
//!
//! The operations are names that OpenTelemetry has; that the start of an MCP session is
//! `create_agent`, and every access to a context `embeddings`, is the package's choice.

mod bytes;
mod convert;
mod debug;
mod enums;
mod kind;
mod messages;
mod ocsf;
mod proto_json;
mod release;
mod tables;

pub(crate) use self::bytes::field_name;
pub use self::convert::{RELEASE_0_1_BASE64, RELEASE_0_2_BASE64, from_bytes, to_bytes};
pub use self::enums::*;
pub use self::messages::*;
pub use self::release::Release;

/// The compiled schema of the release: an encoded `google.protobuf.FileDescriptorSet`, with
/// the files of protobuf itself that it imports.
///
/// Its package is `lokryn.compliance.release_0_2.v1`, because the release's own name is
/// that of release 0.1. An `Any` or a registry of the release says
/// [`LOG_REQUEST_NAME`](crate::LOG_REQUEST_NAME).
pub const FILE_DESCRIPTOR_SET: &[u8] =
    include_bytes!(concat!(env!("OUT_DIR"), "/release_0_2.binpb"));

/// The text of the schema, for registries and query engines that take it as a file.
pub const PROTO: &str = include_str!("../../proto/lokryn/compliance/release_0_2/v1/log.proto");
