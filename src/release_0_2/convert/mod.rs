//! Between the releases, both ways, and each the inverse of the other.
//!
//! A record is converted by the table of `details` and the numbers of `numbers`, and the
//! result is converted back. Where that does not give the record again, its bytes go along
//! with the result, under a name that says so: `original`.

mod details;
pub(super) mod numbers;
mod original;
mod to_entry;
mod to_request;

use alloc::vec::Vec;

use prost::Message as _;

pub use self::original::{RELEASE_0_1_BASE64, RELEASE_0_2_BASE64};
use super::LogRequest;
use crate::{DecodeError, LogEntry};

/// Without an error and without a loss: [what goes where](crate::release_0_2#conversion).
impl From<LogRequest> for LogEntry {
    fn from(request: LogRequest) -> Self {
        if let Some(entry) = original::carried_entry(&request) {
            return entry;
        }
        let entry = to_entry::convert(&request);
        if is_same(&to_request::convert(&entry), &request) {
            return entry;
        }
        // What the bytes say, which leave out a double of minus zero.
        let bytes = request.encode_to_vec();
        let read = LogRequest::decode(&*bytes).unwrap_or(request);
        original::with_request(to_entry::convert(&read), &bytes)
    }
}

/// Without an error and without a loss: [what goes where](crate::release_0_2#conversion).
/// What has been converted from a [`LogRequest`] gives that one again.
impl From<LogEntry> for LogRequest {
    fn from(entry: LogEntry) -> Self {
        if let Some((request, _)) = original::carried_request(&entry) {
            return request;
        }
        let request = to_request::convert(&entry);
        if to_request::holds(&request, &entry) {
            return request;
        }
        original::request_with(&entry)
    }
}

/// Decodes a record of release 0.2 and converts it, with the fields that the schema of the
/// release does not have: where there are such, the bytes go along as the detail
/// [`RELEASE_0_2_BASE64`](super::RELEASE_0_2_BASE64), and [`to_bytes`] returns them.
///
/// # Errors
///
/// As [`LogRequest::from_bytes`].
///
/// # Memory
///
/// Converting can take 300 times the bytes of the record, for a payload of tool calls that
/// are all empty: look at the length of the record before, where it comes from outside.
///
/// ```
/// use lokryn_compliance_log::{EventType, release_0_2};
///
/// let bytes = b"\x08\x1e\x20\x0a\x52\x09agent-001";
/// let entry = release_0_2::from_bytes(bytes)?;
/// assert_eq!(entry.event_type(), EventType::NetworkConnection);
/// assert_eq!(entry.actor_id, "agent-001");
/// assert_eq!(entry.payload, r#"{"release_0_2_event_type":30}"#);
/// assert_eq!(release_0_2::to_bytes(&entry), bytes);
/// # Ok::<(), lokryn_compliance_log::DecodeError>(())
/// ```
pub fn from_bytes(bytes: &[u8]) -> Result<LogEntry, DecodeError> {
    let request = LogRequest::from_bytes(bytes)?;
    if is_reordered(&request.encode_to_vec(), bytes) {
        return Ok(request.into());
    }
    Ok(original::with_request(to_entry::convert(&request), bytes))
}

/// Converts an entry to release 0.2 and encodes it. For what [`from_bytes`] has read, these
/// are the same bytes again, except for their order where it alone was another: fields come
/// in the order of their numbers, and the members of a `Struct` in that of their names.
#[must_use]
pub fn to_bytes(entry: &LogEntry) -> Vec<u8> {
    match original::carried_request(entry) {
        Some((_, bytes)) => bytes.into(),
        None => LogRequest::from(entry.clone()).encode_to_vec(),
    }
}

/// Whether two messages are the same. Unlike `==`, this takes NaN for NaN.
fn is_same(left: &LogRequest, right: &LogRequest) -> bool {
    left.encode_to_vec() == right.encode_to_vec()
}

/// Whether what prost writes of a record differs from the bytes that it has read in their
/// order alone, as it does where the fields or the members of a `Struct` are in another.
///
/// As many of each byte are proof that prost has left nothing out. It leaves out whole
/// fields, and the last byte of a field's key is below 0x80. Such bytes cannot come back
/// elsewhere: what prost writes otherwise than it was are varints, and each has one of them,
/// however it is spelled. A length alone proves nothing: a negative number of five bytes is
/// written in ten.
///
/// A number that was spelled in more bytes than it needs could go unseen, if others made up
/// for them. Its value is the same.
fn is_reordered(written: &[u8], read: &[u8]) -> bool {
    let counts = |bytes: &[u8]| {
        let mut counts = [0_usize; 256];
        for byte in bytes {
            counts[usize::from(*byte)] += 1;
        }
        counts
    };
    written == read || written.len() == read.len() && counts(written) == counts(read)
}
