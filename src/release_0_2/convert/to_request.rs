//! To release 0.2.

use core::str;

use alloc::string::ToString as _;
use alloc::vec::Vec;
use prost::Message as _;
use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as ProtoValue};
use serde_json::{Number, Value};

use super::super::proto_json::JsonMessage as _;
use super::super::{LogRequest, Payload};
use super::details::{self, DATA, Members};
use super::numbers::{self, Resource};
use super::to_entry;
use crate::LogEntry;
use crate::detail::{PAYLOAD, PAYLOAD_BASE64};
use crate::payload::format::as_json;
use crate::payload::json_text;
use crate::proto_json::base64;

/// Converts all of the entry that the fields of the release can hold. What is left of the
/// details is a typed payload, or else the `Struct`.
pub(super) fn convert(entry: &LogEntry) -> LogRequest {
    let (request, details) = convert_fields(entry);
    let typed = details::as_payload(&details);
    if details.is_empty() || typed.is_some() {
        return LogRequest {
            payload: typed,
            ..request
        };
    }
    with_data(request, details)
}

/// The same, with a `Struct` for all that is left, and in it these bytes under this name.
pub(super) fn convert_with(entry: &LogEntry, name: &str, bytes: &[u8]) -> LogRequest {
    let base64 = Value::from(base64::display(bytes).to_string());
    let (request, mut details) = convert_fields(entry);
    details.insert(name.into(), base64.clone());
    let with_all = with_data(request.clone(), details);
    if can_be_read(&with_all) {
        return with_all;
    }
    with_data(request, Members::from([(name.into(), base64)]))
}

fn with_data(request: LogRequest, details: Members) -> LogRequest {
    LogRequest {
        payload: Some(Payload::Data(to_struct(details))),
        ..request
    }
}

/// Everything but the payload, and the details that are left for it.
fn convert_fields(entry: &LogEntry) -> (LogRequest, Members) {
    let mut details = details_of(entry);
    let mut request = LogRequest {
        event_type: numbers::event_type_to_request(entry.event_type),
        outcome: numbers::outcome_to_request(entry.outcome),
        severity: numbers::severity(entry.severity),
        sensitivity: numbers::sensitivity_to_request(entry.sensitivity),
        actor_id: entry.actor_id.clone(),
        component: entry.component.clone(),
        environment: entry.environment.clone(),
        resource: entry.resource.clone(),
        message: entry.message.clone(),
        policy_tags: entry.policy_tags.clone(),
        ..LogRequest::default()
    };
    details::take_fields(&mut details, &mut request);
    if let Some(number) = take_number(&mut details, to_entry::EVENT_TYPE, |number| {
        let becomes = |resource| numbers::event_type_to_entry(number, resource);
        [Resource::File, Resource::Other]
            .map(becomes)
            .contains(&entry.event_type)
    }) {
        request.event_type = number;
    }
    if let Some(number) = take_number(&mut details, to_entry::OUTCOME, |number| {
        numbers::outcome_to_entry(number) == entry.outcome
    }) {
        request.outcome = number;
    }
    if let Some(number) = take_number(&mut details, to_entry::SENSITIVITY, |number| {
        numbers::sensitivity_to_entry(number) == entry.sensitivity
    }) {
        request.sensitivity = number;
    }
    (request, details)
}

/// Takes the number that a detail says, if the entry still has what becomes of it.
fn take_number(
    details: &mut Members,
    name: &str,
    is_still: impl FnOnce(i32) -> bool,
) -> Option<i32> {
    let number = details.get(name)?.as_i64()?;
    let number = i32::try_from(number)
        .ok()
        .filter(|number| is_still(*number))?;
    details.remove(name);
    Some(number)
}

/// The details of an entry. A payload that is none is one, as the builder would have it
/// beside others.
fn details_of(entry: &LogEntry) -> Members {
    if entry.payload.is_empty() {
        return Members::new();
    }
    let whole = |value: Value, name: &str| Members::from([(name.into(), value)]);
    // Refuses a member that is there twice, of which a map would keep one.
    let json = as_json(&entry.payload).filter(|json| {
        !json_text::has_private_key(json)
            && ProtoValue::read(PAYLOAD, &mut serde_json::Deserializer::from_str(json)).is_ok()
    });
    match json.and_then(|json| serde_json::from_str(json).ok()) {
        Some(Value::Object(object)) => object.into_iter().collect(),
        Some(value) => whole(value, PAYLOAD),
        None => whole(
            base64::display(&entry.payload).to_string().into(),
            PAYLOAD_BASE64,
        ),
    }
}

fn to_struct(details: Members) -> Struct {
    let fields = details.into_iter();
    Struct {
        fields: fields
            .map(|(name, value)| (name, to_proto(value)))
            .collect(),
    }
}

fn to_proto(value: Value) -> ProtoValue {
    match value {
        Value::Null => Kind::NullValue(0).into(),
        Value::Bool(value) => Kind::BoolValue(value).into(),
        // What is beyond an `f64` is infinite, and the bytes go along.
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or(f64::INFINITY)).into(),
        Value::String(text) => Kind::StringValue(text).into(),
        Value::Array(values) => {
            let values = values.into_iter().map(to_proto).collect::<Vec<_>>();
            Kind::ListValue(ListValue { values }).into()
        }
        Value::Object(object) => Kind::StructValue(to_struct(object.into_iter().collect())).into(),
    }
}

/// Whether a record can be read and has all that the entry has, which is where the record's
/// `Struct` is taken for details, too.
pub(super) fn holds(request: &LogRequest, entry: &LogEntry) -> bool {
    if !can_be_read(request) {
        return false;
    }
    let back = to_entry::convert(request);
    if back == *entry {
        return true;
    }
    let has_fields = LogEntry {
        payload: entry.payload.clone(),
        ..back.clone()
    } == *entry;
    if !has_fields || has_inexact_number(entry) {
        return false;
    }
    let (details, mut converted) = (details_of(entry), details_of(&back));
    if has_same(&details, &converted) {
        return true;
    }
    let Some(Payload::Data(_)) = request.payload else {
        return false;
    };
    if let Some(Value::Object(data)) = converted.remove(DATA) {
        for (name, value) in data {
            if converted.insert(name, value).is_some() {
                return false;
            }
        }
    }
    has_same(&details, &converted)
}

/// Whether it nests no deeper than readers go.
fn can_be_read(request: &LogRequest) -> bool {
    LogRequest::decode(&*request.encode_to_vec()).is_ok()
}

/// Whether there is a number in the payload that an `f64` may not hold digit by digit.
fn has_inexact_number(entry: &LogEntry) -> bool {
    let json = str::from_utf8(&entry.payload).unwrap_or_default();
    as_json(&entry.payload).is_some() && json_text::has_inexact_number(json)
}

fn has_same(left: &Members, right: &Members) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|((a, x), (b, y))| a == b && is_same(x, y))
}

fn is_same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => is_same_number(left, right),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(x, y)| is_same(x, y))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, x)| right.get(name).is_some_and(|y| is_same(x, y)))
        }
        (left, right) => left == right,
    }
}

/// `1.0` is 1, and minus zero is not zero. An integer that came back as a float is not
/// the same: who reads an integer refuses it.
fn is_same_number(left: &Number, right: &Number) -> bool {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => left == right,
        (Some(_), None) => false,
        (None, Some(integer)) => is_integer(left, integer),
        (None, None) => match (left.as_f64(), right.as_f64()) {
            (Some(left), Some(right)) => left.to_bits() == right.to_bits(),
            _ => false,
        },
    }
}

/// Whether a float is an integer, to the last digit.
fn is_integer(float: &Number, integer: i128) -> bool {
    #[expect(clippy::cast_precision_loss, reason = "compared right after")]
    let nearest = integer as f64;
    #[expect(clippy::cast_possible_truncation, reason = "an integer of 64 bits")]
    let is_exact = nearest as i128 == integer;
    is_exact && float.as_f64().map(f64::to_bits) == Some(nearest.to_bits())
}
