//! The bytes of what was converted, where the result alone would not give it again.

use alloc::format;
use alloc::string::String;

use bytes::Bytes;
use prost_types::value::Kind;

use super::super::{LogRequest, Payload};
use super::{is_same, to_entry, to_request};
use crate::LogEntry;
use crate::proto_json::base64;

/// The detail that holds the bytes of a record of release 0.2, in standard base64.
///
/// Set where converting back would not give the record again. Only while the entry is
/// still the one that the conversion made do the bytes count: in one that has been changed,
/// the fields do. The bytes hold all that the record held, so whoever redacts an entry
/// removes this detail, too.
pub const RELEASE_0_2_BASE64: &str = "release_0_2_base64";

/// The member of `data` that holds the bytes of an entry of release 0.1, in standard
/// base64.
///
/// Set where the record does not hold all of the entry, and of account only while the
/// record is still the one that the conversion made. Whoever redacts the record removes it,
/// too.
pub const RELEASE_0_1_BASE64: &str = "release_0_1_base64";

/// Adds the bytes of the record that the entry was made from.
pub(super) fn with_request(entry: LogEntry, bytes: &[u8]) -> LogEntry {
    let base64 = base64::display(bytes);
    let member = format!("\"{RELEASE_0_2_BASE64}\":\"{base64}\"}}");
    // What the conversion writes is an object, or nothing.
    let payload = match entry.payload.strip_suffix(b"}") {
        None => format!("{{{member}"),
        Some(others) => format!("{},{member}", String::from_utf8_lossy(others)),
    };
    LogEntry {
        payload: payload.into(),
        ..entry
    }
}

/// Returns the record that the entry was made from, and its bytes, if the entry has them
/// and is still what they become.
pub(super) fn carried_request(entry: &LogEntry) -> Option<(LogRequest, Bytes)> {
    let text: String = entry.detail(RELEASE_0_2_BASE64).ok()??;
    let bytes = base64::from_text(&text)?;
    let request = LogRequest::from_bytes(&bytes).ok()?;
    let made = with_request(to_entry::convert(&request), &bytes);
    (made == *entry).then_some((request, bytes))
}

/// Converts the entry, with its bytes. What else is left of its details stays, as far as
/// there is room for it beside them.
pub(super) fn request_with(entry: &LogEntry) -> LogRequest {
    to_request::convert_with(entry, RELEASE_0_1_BASE64, &entry.to_bytes())
}

/// Returns the entry that the record was made from, if the record has its bytes and is
/// still what they become.
pub(super) fn carried_entry(request: &LogRequest) -> Option<LogEntry> {
    let Some(Payload::Data(data)) = &request.payload else {
        return None;
    };
    let Some(Kind::StringValue(text)) = &data.fields.get(RELEASE_0_1_BASE64)?.kind else {
        return None;
    };
    let entry = LogEntry::from_bytes(&base64::from_text(text)?).ok()?;
    is_same(&entry.clone().into(), request).then_some(entry)
}
