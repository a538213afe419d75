//! The fields of a record that an entry has none for, as details, and back.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use prost_types::{Struct, Timestamp};
use serde_json::{Value, json};

use super::super::kind::{Int32, Int64, Kind, One, Text};
use super::super::proto_json::{Detail, Json, JsonMessage, MAX_SAFE_INTEGER};
use super::super::{GenAiPayload, LogRequest, McpPayload, Metadata, Payload};
use crate::detail::{OCCURRED_AT, time_from_text, time_is_in_range, time_to_text};

/// Details in the order in which they are written.
pub(super) type Details = Vec<(String, Value)>;

/// Details by their names.
pub(super) type Members = BTreeMap<String, Value>;

macro_rules! with_detail_fields {
    ($callback:ident) => {
        $callback! {
            time: One<Timestamp>, OCCURRED_AT;
            duration_ms: Int64, "duration_ms";
            actor_type: Text, "actor_type";
            trace_id: Text, "trace_id";
            span_id: Text, "span_id";
            parent_span_id: Text, "parent_span_id";
            session_id: Text, "session_id";
            client_id: Text, "client_id";
            client_version: Text, "client_version";
            server_id: Text, "server_id";
            server_version: Text, "server_version";
            request_size_bytes: Int64, "request_size_bytes";
            response_size_bytes: Int64, "response_size_bytes";
            geo_region: Text, "geo_region";
            ocsf_class_uid: Int32, "ocsf_class_uid";
            ocsf_activity_id: Int32, "ocsf_activity_id";
            otel_operation_name: Text, "otel_operation_name";
            metadata: One<Metadata>, "metadata";
        }
    };
}

macro_rules! between_fields_and_details {
    ($($field:ident: $kind:ty, $name:expr;)*) => {
        /// Adds what the fields hold.
        pub(super) fn put_fields(request: &LogRequest, details: &mut Details) {
            $(details.extend(
                <$kind>::to_detail(&request.$field).map(|value| ($name.into(), value)),
            );)*
        }

        /// Moves to the fields what they can hold.
        pub(super) fn take_fields(details: &mut Members, request: &mut LogRequest) {
            $(if let Some(value) = details.get($name).and_then(<$kind>::from_detail) {
                request.$field = value;
                details.remove($name);
            })*
        }
    };
}

with_detail_fields!(between_fields_and_details);

pub(super) const GENAI: &str = "genai";
pub(super) const MCP: &str = "mcp";
pub(super) const DATA: &str = "data";

pub(super) fn put_payload(payload: Option<&Payload>, details: &mut Details) {
    let (name, value) = match payload {
        None => return,
        Some(Payload::Genai(genai)) => (GENAI, message_to_detail(genai)),
        Some(Payload::Mcp(mcp)) => (MCP, message_to_detail(mcp)),
        Some(Payload::Data(data)) => (DATA, message_to_detail(data)),
    };
    details.push((name.into(), value));
}

/// Returns the one detail that is left, if it is a payload.
pub(super) fn as_payload(details: &Members) -> Option<Payload> {
    let mut details = details.iter();
    let (name, value) = details.next()?;
    if details.next().is_some() {
        return None;
    }
    match name.as_str() {
        GENAI => message_from_detail::<GenAiPayload>(value).map(Payload::Genai),
        MCP => message_from_detail::<McpPayload>(value).map(Payload::Mcp),
        DATA => message_from_detail::<Struct>(value).map(Payload::Data),
        _ => None,
    }
}

pub(super) fn message_to_detail<M: JsonMessage>(message: &M) -> Value {
    // Details have something to say for every value, so this cannot fail; and if it did,
    // the bytes would go along, because this is read back as nothing.
    serde_json::to_value(Json::<_, Detail>::new(message)).unwrap_or(Value::Null)
}

pub(super) fn message_from_detail<M: JsonMessage>(value: &Value) -> Option<M> {
    if !value.is_object() {
        return None;
    }
    // The name would be that of an error, which nobody sees.
    M::read("", value).ok()
}

/// How a kind of field is a detail. What is not set is none.
trait DetailKind: Kind {
    fn to_detail(value: &Self::Owned) -> Option<Value>;

    fn from_detail(value: &Value) -> Option<Self::Owned>;
}

impl DetailKind for Text {
    fn to_detail(text: &String) -> Option<Value> {
        (!text.is_empty()).then(|| text.as_str().into())
    }

    fn from_detail(value: &Value) -> Option<String> {
        let text = value.as_str()?;
        (!text.is_empty()).then(|| text.into())
    }
}

impl DetailKind for Int32 {
    fn to_detail(number: &i32) -> Option<Value> {
        (*number != 0).then(|| (*number).into())
    }

    fn from_detail(value: &Value) -> Option<i32> {
        let number = value.as_i64()?.try_into().ok()?;
        (number != 0).then_some(number)
    }
}

impl DetailKind for Int64 {
    fn to_detail(number: &i64) -> Option<Value> {
        (*number != 0).then(|| integer_to_value(*number))
    }

    fn from_detail(value: &Value) -> Option<i64> {
        let number = integer_from_value(value)?;
        (number != 0).then_some(number)
    }
}

/// Beyond 2 to the 53rd as text, because a JSON number may be an `f64` to its reader.
fn integer_to_value(number: i64) -> Value {
    if number.unsigned_abs() <= MAX_SAFE_INTEGER {
        number.into()
    } else {
        alloc::format!("{number}").into()
    }
}

fn integer_from_value(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
}

/// A time that RFC 3339 cannot say, or that is not spelled as it should be, is its two
/// numbers.
impl DetailKind for One<Timestamp> {
    fn to_detail(time: &Option<Timestamp>) -> Option<Value> {
        let time = (*time)?;
        if time_is_in_range(&time) {
            return Some(time_to_text(time).into());
        }
        let seconds = integer_to_value(time.seconds);
        Some(json!({"seconds": seconds, "nanos": time.nanos}))
    }

    fn from_detail(value: &Value) -> Option<Option<Timestamp>> {
        let time = match value {
            Value::String(text) => time_from_text(text)?,
            Value::Object(numbers) => Timestamp {
                seconds: integer_from_value(numbers.get("seconds")?)?,
                nanos: numbers.get("nanos")?.as_i64()?.try_into().ok()?,
            },
            _ => return None,
        };
        Some(Some(time))
    }
}

impl DetailKind for One<Metadata> {
    fn to_detail(metadata: &Option<Metadata>) -> Option<Value> {
        metadata.as_ref().map(message_to_detail)
    }

    fn from_detail(value: &Value) -> Option<Option<Metadata>> {
        message_from_detail(value).map(Some)
    }
}
