//! From release 0.2.

use alloc::string::String;
use alloc::vec::Vec;

use serde_json::Value;

use super::super::{LogRequest, Payload};
use super::details::{self, Details};
use super::numbers::{self, Resource};
use crate::LogEntry;

pub(super) const EVENT_TYPE: &str = "release_0_2_event_type";
pub(super) const OUTCOME: &str = "release_0_2_outcome";
pub(super) const SENSITIVITY: &str = "release_0_2_sensitivity";

/// Converts all of the record that fields and details can hold.
#[allow(
    clippy::needless_update,
    reason = "not needless once log.proto has another field"
)]
pub(super) fn convert(request: &LogRequest) -> LogEntry {
    let event_type = numbers::event_type_to_entry(request.event_type, resource(request));
    let outcome = numbers::outcome_to_entry(request.outcome);
    let sensitivity = numbers::sensitivity_to_entry(request.sensitivity);

    let mut details = Details::new();
    details::put_fields(request, &mut details);
    details::put_payload(request.payload.as_ref(), &mut details);
    let numbers = [
        (
            EVENT_TYPE,
            request.event_type,
            numbers::event_type_to_request(event_type),
        ),
        (
            OUTCOME,
            request.outcome,
            numbers::outcome_to_request(outcome),
        ),
        (
            SENSITIVITY,
            request.sensitivity,
            numbers::sensitivity_to_request(sensitivity),
        ),
    ];
    for (name, number, converted_back) in numbers {
        if number != converted_back {
            details.push((name.into(), number.into()));
        }
    }

    LogEntry {
        event_type,
        outcome,
        severity: numbers::severity(request.severity),
        actor_id: request.actor_id.clone(),
        component: request.component.clone(),
        environment: request.environment.clone(),
        resource: request.resource.clone(),
        message: request.message.clone(),
        payload: object(&details).into(),
        policy_tags: request.policy_tags.clone(),
        sensitivity,
        ..LogEntry::default()
    }
}

/// The kind of the resource that was read, by its URI.
fn resource(request: &LogRequest) -> Resource {
    let uri = match &request.payload {
        Some(Payload::Mcp(mcp)) if !mcp.resource_uri.is_empty() => &mcp.resource_uri,
        _ => &request.resource,
    };
    match uri.get(..5) {
        Some(scheme) if scheme.eq_ignore_ascii_case("file:") => Resource::File,
        _ => Resource::Other,
    }
}

/// The text of an object with these members, or none if there are none.
fn object(details: &[(String, Value)]) -> String {
    if details.is_empty() {
        return String::new();
    }
    let members = details.iter().map(|(name, value)| {
        let name = Value::from(name.as_str());
        alloc::format!("{name}:{value}")
    });
    alloc::format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}
