//! Named details: when, from where, under which identifiers.
//!
//! The schema has no field for the time of an event, the address it came from or an
//! identifier of its own, and auditors ask for them. A payload that is a JSON object is
//! a set of named details, and those that auditors ask for have the names below, so
//! that every program writes and finds them in the same place.
//!
//! ```
//! # #[cfg(feature = "std")] {
//! use std::net::{IpAddr, Ipv4Addr};
//! use lokryn_compliance_log::{EventType, LogSource, Outcome, Sensitivity};
//! use serde_json::json;
//!
//! // Every entry of the service starts with the current time.
//! let source = LogSource::new("api-gateway", "production")
//!     .sensitivity(Sensitivity::Internal)
//!     .stamped();
//!
//! let client = IpAddr::from(Ipv4Addr::new(203, 0, 113, 7));
//! let entry = source
//!     .entry()
//!     .event_type(EventType::ResourceAccess)
//!     .outcome(Outcome::FailureDenied)
//!     .actor_id("user-67890")
//!     .resource("api/v1/admin/users")
//!     .source_address(client)
//!     .detail("required_role", "admin")
//!     .payload(json!({"user_role": "viewer"}))
//!     .build();
//!
//! assert!(entry.occurred_at()?.is_some());
//! assert_eq!(entry.source_address()?, Some(client));
//! assert_eq!(entry.detail("user_role")?, Some("viewer"));
//! assert_eq!(entry.detail::<u32>("attempts")?, None);
//! # }
//! # Ok::<(), lokryn_compliance_log::PayloadError>(())
//! ```
//!
//! # How details and payload add up
//!
//! In whatever order they are called:
//!
//! - A payload that is a JSON object keeps its text as it was written, digit by digit,
//!   and the details are put beside its members, before them.
//! - Where a detail has the name of one of the payload's own members, or the payload is
//!   not a JSON object, the payload moves whole to the name `payload`, or, if it is not
//!   JSON, as base64 to `payload_base64`. So nothing that was set is lost. A CBOR
//!   payload beside details is base64, and **bytes that were signed are not the
//!   payload's bytes any more** once a detail stands beside them.
//! - The last payload counts, and the last detail of a name. `detail("payload", value)`
//!   is `payload(value)`.
//! - What a [`LogSource`](crate::LogSource) brings, stamps included, are defaults: the
//!   entry's own details win, and so do the members of its payload, `null` among them,
//!   unless the payload moves.
//!
//! A payload that moves is one level deeper, which counts where a reader has a limit.
//! Without details, a payload stays exactly as it was set.

mod merge;
mod read;
mod time;

pub(crate) use self::merge::Details;
pub(crate) use self::time::to_text as time_to_text;
#[cfg(feature = "release-0-2")]
pub(crate) use self::time::{from_text as time_from_text, is_in_range as time_is_in_range};

/// When the event happened: a time of [RFC 3339] in UTC, always with nine digits of a
/// second, so that the order of the texts is that of the times. Written by
/// [`occurred_at`](crate::LogEntryBuilder::occurred_at), for the years 0 to 9999; a time
/// outside of them, which RFC 3339 cannot say, has its year with a sign (ISO 8601) and is
/// not read back.
///
/// [RFC 3339]: https://datatracker.ietf.org/doc/html/rfc3339
pub const OCCURRED_AT: &str = "occurred_at";

/// The network address that the event came from: an IPv4 or IPv6 address as text, as
/// [`IpAddr`](core::net::IpAddr) prints it.
pub const SOURCE_ADDRESS: &str = "source_address";

/// An identifier of this one event, which tells whether an entry that arrived twice
/// was written twice: text, for example a UUID.
pub const EVENT_ID: &str = "event_id";

/// The trace that the event is part of: 32 hexadecimal digits, as the `traceparent` of
/// [W3C Trace Context](https://www.w3.org/TR/trace-context/) has them.
pub const TRACE_ID: &str = "trace_id";

/// The span within the trace: 16 hexadecimal digits.
pub const SPAN_ID: &str = "span_id";

/// The session of the person or agent that acted: text, an identifier and never the
/// secret that authenticates the session.
pub const SESSION_ID: &str = "session_id";

/// On whose behalf the actor acted, where that is somebody else: an identifier as in
/// `actor_id`.
pub const ON_BEHALF_OF: &str = "on_behalf_of";

/// Where a payload goes that cannot stand beside details and is JSON.
pub(crate) const PAYLOAD: &str = "payload";

/// Where one goes that is not, in standard base64.
pub(crate) const PAYLOAD_BASE64: &str = "payload_base64";
