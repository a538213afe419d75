//! Records of release 0.2 become entries and come back, and so do entries.
#![cfg(feature = "release-0-2")]

mod common;
#[path = "common/release_0_2.rs"]
mod requests;

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::prost_types::value::Kind;
use lokryn_compliance_log::prost_types::{Struct, Timestamp};
use lokryn_compliance_log::release_0_2::{
    self, GenAiPayload, LogRequest, McpPayload, Message, Metadata, Payload, RELEASE_0_1_BASE64,
    RELEASE_0_2_BASE64,
};
use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity};
use proptest::prelude::*;
use requests::data;
use serde_json::{Value, json};

fn details(entry: &LogEntry) -> Value {
    entry.json_payload().unwrap()
}

fn has_original(entry: &LogEntry) -> bool {
    entry.detail::<&str>(RELEASE_0_2_BASE64).unwrap().is_some()
}

fn with_payload(payload: &str) -> LogEntry {
    LogEntry {
        actor_id: "agent-001".to_owned(),
        payload: payload.to_owned().into(),
        ..LogEntry::default()
    }
}

fn members(request: &LogRequest) -> Value {
    match &request.payload {
        Some(Payload::Data(_)) => {
            let json = serde_json::to_value(request).unwrap();
            json["data"].clone()
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_field_goes_where_the_table_says() {
    let text = |name: &str| name.to_owned();
    let request = LogRequest {
        event_type: 21,
        outcome: 3,
        severity: 4,
        sensitivity: 10,
        ocsf_class_uid: 6003,
        ocsf_activity_id: 1,
        otel_operation_name: text("chat"),
        time: Some(Timestamp {
            seconds: 1_795_634_400,
            nanos: 5,
        }),
        duration_ms: 42,
        actor_id: text("agent-001"),
        actor_type: text("agent"),
        component: text("gateway"),
        environment: text("production"),
        resource: text("models/x"),
        message: text("Denied"),
        trace_id: text("trace"),
        span_id: text("span"),
        parent_span_id: text("parent"),
        session_id: text("session"),
        policy_tags: vec![text("SOC2"), text("PII")],
        metadata: Some(Metadata {
            schema_version: text("0.2.0"),
            ..Metadata::default()
        }),
        client_id: text("client"),
        client_version: text("1"),
        server_id: text("server"),
        server_version: text("2"),
        request_size_bytes: -1,
        response_size_bytes: (1 << 53) + 1,
        geo_region: text("eu"),
        payload: Some(Payload::Genai(GenAiPayload {
            model: text("x"),
            input_tokens: 7,
            temperature: 0.5,
            time_to_first_token_ms: 3,
            input_messages: vec![Message {
                role: text("user"),
                ..Message::default()
            }],
            ..GenAiPayload::default()
        })),
    };
    let entry = LogEntry::from(request.clone());
    assert_eq!(entry.event_type(), EventType::ModelInference);
    assert_eq!(entry.outcome(), Outcome::FailureDenied);
    assert_eq!(entry.severity, 4);
    assert_eq!(entry.sensitivity(), Sensitivity::Internal);
    assert_eq!(entry.actor_id, "agent-001");
    assert_eq!(entry.component, "gateway");
    assert_eq!(entry.environment, "production");
    assert_eq!(entry.resource, "models/x");
    assert_eq!(entry.message, "Denied");
    assert_eq!(entry.policy_tags, ["SOC2", "PII"]);
    assert_eq!(entry.occurred_at().unwrap(), request.time);
    let expected = json!({
        "occurred_at": "2026-11-25T19:20:00.000000005Z",
        "duration_ms": 42,
        "actor_type": "agent",
        "trace_id": "trace",
        "span_id": "span",
        "parent_span_id": "parent",
        "session_id": "session",
        "client_id": "client",
        "client_version": "1",
        "server_id": "server",
        "server_version": "2",
        "request_size_bytes": -1,
        "response_size_bytes": "9007199254740993",
        "geo_region": "eu",
        "ocsf_class_uid": 6003,
        "ocsf_activity_id": 1,
        "otel_operation_name": "chat",
        "metadata": {"schema_version": "0.2.0"},
        "genai": {
            "model": "x",
            "input_tokens": 7,
            "temperature": 0.5,
            "time_to_first_token_ms": 3,
            "input_messages": [{"role": "user"}],
        },
    });
    assert_eq!(details(&entry), expected);
    assert_eq!(LogRequest::from(entry), request);
}

#[test]
fn what_is_not_set_stays_so() {
    assert_eq!(LogEntry::from(LogRequest::default()), LogEntry::default());
    assert_eq!(LogRequest::from(LogEntry::default()), LogRequest::default());
    // Set, and empty.
    let request = LogRequest {
        time: Some(Timestamp::default()),
        metadata: Some(Metadata::default()),
        payload: Some(Payload::Mcp(McpPayload {
            tool_arguments: Some(Struct::default()),
            sampling: Some(GenAiPayload::default()),
            ..McpPayload::default()
        })),
        ..LogRequest::default()
    };
    let entry = LogEntry::from(request.clone());
    let expected = json!({
        "occurred_at": "1970-01-01T00:00:00.000000000Z",
        "metadata": {},
        "mcp": {"tool_arguments": {}, "sampling": {}},
    });
    assert_eq!(details(&entry), expected);
    assert_eq!(LogRequest::from(entry), request);
}

#[test]
fn event_types_are_those_of_the_table() {
    // In 0.2, in 0.1, and whether the number is kept beside it.
    let mut expected: Vec<(i32, i32, bool)> = (0..=12).map(|same| (same, same, false)).collect();
    expected.extend((20..=26).map(|number| (number, number - 7, false)));
    expected.extend(
        [8, 12, 8, 2, 17, 17, 17, 17, 14, 14, 8, 2, 8]
            .into_iter()
            .zip(30..)
            .map(|(event_type, number)| (number, event_type, true)),
    );
    // Known to 0.1 alone, and known to neither.
    expected.extend((13..=19).map(|number| (number, 0, true)));
    expected.extend([27, 29, 43, 99, 1_000, -1, i32::MIN].map(|number| (number, number, false)));
    for (number, event_type, is_kept) in expected {
        let request = LogRequest {
            event_type: number,
            ..LogRequest::default()
        };
        let entry = LogEntry::from(request.clone());
        assert_eq!(entry.event_type, event_type, "{number}");
        let kept: Option<i32> = entry.detail("release_0_2_event_type").unwrap();
        assert_eq!(kept, is_kept.then_some(number), "{number}");
        assert!(!has_original(&entry), "{number}");
        assert_eq!(LogRequest::from(entry), request, "{number}");
    }
}

#[test]
fn a_file_that_was_read_is_a_file_access() {
    let mcp = |uri: &str| {
        Some(Payload::Mcp(McpPayload {
            resource_uri: uri.to_owned(),
            ..McpPayload::default()
        }))
    };
    for (resource, payload, expected) in [
        ("file:///etc/hosts", None, EventType::FileAccess),
        ("FILE:///etc/hosts", None, EventType::FileAccess),
        ("https://example.com", None, EventType::ContextAccess),
        (
            "https://example.com",
            mcp("file:///a"),
            EventType::FileAccess,
        ),
        (
            "file:///a",
            mcp("https://example.com"),
            EventType::ContextAccess,
        ),
        ("file:///a", mcp(""), EventType::FileAccess),
        ("filé", None, EventType::ContextAccess),
    ] {
        let request = LogRequest {
            event_type: release_0_2::EventType::ResourceRead.into(),
            resource: resource.to_owned(),
            payload,
            ..LogRequest::default()
        };
        let entry = LogEntry::from(request.clone());
        assert_eq!(entry.event_type(), expected, "{resource}");
        assert!(!has_original(&entry), "{resource}");
        assert_eq!(LogRequest::from(entry), request, "{resource}");
    }
}

#[test]
fn no_number_changes_its_meaning() {
    // Outcomes, then sensitivities: in 0.2, in 0.1, and whether the number is kept.
    for (number, outcome, is_kept) in [
        (0, 0, false),
        (4, 4, false),
        (5, 0, true), // PARTIAL in 0.1
        (6, 6, false),
        (99, 99, false),
        (-1, -1, false),
    ] {
        let request = LogRequest {
            outcome: number,
            ..LogRequest::default()
        };
        let entry = LogEntry::from(request.clone());
        assert_eq!(entry.outcome, outcome, "{number}");
        let kept: Option<i32> = entry.detail("release_0_2_outcome").unwrap();
        assert_eq!(kept, is_kept.then_some(number), "{number}");
        assert_eq!(LogRequest::from(entry), request, "{number}");
    }
    for (number, sensitivity, is_kept) in [
        (0, 0, false),
        (1, 1, false),
        (2, 3, false),
        (3, 4, false),
        (4, 5, false),
        (5, 0, true), // HIGHLY_RESTRICTED in 0.1
        (6, 6, false),
        (10, 2, false),
        (11, 11, false),
    ] {
        let request = LogRequest {
            sensitivity: number,
            ..LogRequest::default()
        };
        let entry = LogEntry::from(request.clone());
        assert_eq!(entry.sensitivity, sensitivity, "{number}");
        let kept: Option<i32> = entry.detail("release_0_2_sensitivity").unwrap();
        assert_eq!(kept, is_kept.then_some(number), "{number}");
        assert_eq!(LogRequest::from(entry), request, "{number}");
    }
}

/// An unknown number of one release must not be printed as something public in the other.
#[test]
fn no_sensitivity_is_lowered() {
    for number in (-2..130).chain([i32::MIN, i32::MAX]) {
        let entry = LogEntry {
            sensitivity: number,
            ..LogEntry::default()
        };
        let is_open = (1..=2).contains(&number);
        let request = LogRequest::from(entry.clone());
        assert_eq!(matches!(request.sensitivity, 1 | 10), is_open, "{number}");
        assert_eq!(LogEntry::from(request), entry, "{number}");

        let request = LogRequest {
            sensitivity: number,
            ..LogRequest::default()
        };
        let is_open = number == 1 || number == 10;
        let entry = LogEntry::from(request);
        assert_eq!(matches!(entry.sensitivity, 1 | 2), is_open, "{number}");
    }
}

#[test]
fn times_that_rfc_3339_cannot_say_are_numbers() {
    for (seconds, nanos, expected) in [
        (
            253_402_300_799,
            999_999_999,
            json!("9999-12-31T23:59:59.999999999Z"),
        ),
        (-62_167_219_200, 0, json!("0000-01-01T00:00:00.000000000Z")),
        (
            253_402_300_800,
            0,
            json!({"seconds": 253_402_300_800_i64, "nanos": 0}),
        ),
        (0, -1, json!({"seconds": 0, "nanos": -1})),
        (
            0,
            1_000_000_000,
            json!({"seconds": 0, "nanos": 1_000_000_000}),
        ),
        (
            i64::MAX,
            i32::MIN,
            json!({"seconds": "9223372036854775807", "nanos": i32::MIN}),
        ),
    ] {
        let request = LogRequest {
            time: Some(Timestamp { seconds, nanos }),
            ..LogRequest::default()
        };
        let entry = LogEntry::from(request.clone());
        assert_eq!(details(&entry), json!({"occurred_at": expected}));
        assert_eq!(LogRequest::from(entry), request);
    }
}

#[test]
fn the_bytes_go_along_where_json_cannot_say_it() {
    let nothing = json!(null);
    for (kind, readable) in [
        (None, &nothing),
        (Some(Kind::NullValue(7)), &nothing),
        (Some(Kind::NumberValue(f64::NAN)), &json!("NaN")),
        (Some(Kind::NumberValue(f64::INFINITY)), &json!("Infinity")),
        (
            Some(Kind::NumberValue(f64::NEG_INFINITY)),
            &json!("-Infinity"),
        ),
    ] {
        let request = data(kind);
        let entry = LogEntry::from(request.clone());
        assert!(has_original(&entry), "{entry:?}");
        assert_eq!(&details(&entry)["data"]["a"], readable);
        let back = LogRequest::from(entry);
        assert_eq!(back.encode_to_vec(), request.encode_to_vec());
    }
    // And not where it can.
    for kind in [
        Kind::NullValue(0),
        Kind::NumberValue(-0.0),
        Kind::NumberValue(f64::MAX),
        Kind::NumberValue(5e-324),
        Kind::NumberValue(9_007_199_254_740_993.0),
    ] {
        let request = data(kind);
        let entry = LogEntry::from(request.clone());
        assert!(!has_original(&entry), "{:?}", details(&entry));
        assert_eq!(
            LogRequest::from(entry).encode_to_vec(),
            request.encode_to_vec()
        );
    }
}

#[test]
fn what_prost_leaves_out_survives_as_bytes() {
    let cases: [&[u8]; 5] = [
        b"\x20\x03\x52\x01a\x98\x06\x07",                    // field 99
        b"\xb2\x01\x06\x0a\x01m\x98\x06\x07",                // inside of the payload
        b"\xc2\x01\x04\x0a\x02\x0a\x00",                     // a key that is written though empty
        b"\xb2\x01\x09\x31\x00\x00\x00\x00\x00\x00\x00\x80", // minus zero
        // As long as it is without the unknown field, but with the number in ten bytes.
        b"\x08\xff\xff\xff\xff\x0f\x9a\x06\x02\x00\x00",
    ];
    for bytes in cases {
        let entry = release_0_2::from_bytes(bytes).unwrap();
        assert!(has_original(&entry), "{bytes:x?}");
        assert_eq!(release_0_2::to_bytes(&entry), bytes, "{bytes:x?}");
    }
}

#[test]
fn an_entry_that_was_changed_is_not_what_its_bytes_say() {
    let request = data(Kind::NumberValue(f64::NAN));
    let entry = LogEntry::from(request.clone());
    let redacted = LogEntry {
        actor_id: "redacted".to_owned(),
        ..entry
    };
    let back = LogRequest::from(redacted.clone());
    assert_eq!(back.actor_id, "redacted");
    // What was a detail is one.
    assert_eq!(members(&back)["data"]["a"], "NaN");
    assert_ne!(back, request);

    // The same the other way round.
    let entry = LogEntry {
        outcome: Outcome::Partial.into(),
        ..LogEntry::default()
    };
    let request = LogRequest::from(entry);
    assert_eq!(request.outcome, 99);
    let redacted = LogRequest {
        actor_id: "redacted".to_owned(),
        ..request
    };
    let back = LogEntry::from(redacted);
    assert_eq!((back.actor_id.as_str(), back.outcome), ("redacted", 99));
}

#[test]
fn details_without_a_field_are_members_of_the_struct() {
    let entry = with_payload(
        r#" {"rows": 1500, "trace_id": "t", "nested": {"a": [1, 0.5, null, true]}, "genai": 5} "#,
    );
    let request = LogRequest::from(entry);
    assert_eq!(request.trace_id, "t");
    let expected = json!({
        "rows": 1500,
        "nested": {"a": [1, 0.5, null, true]},
        "genai": 5,
    });
    assert_eq!(members(&request), expected);
    // They come back under the name of the payload.
    let back = LogEntry::from(request);
    assert_eq!(details(&back), json!({"trace_id": "t", "data": expected}));
}

#[test]
fn one_typed_payload_alone_is_typed() {
    let request = LogRequest::from(with_payload(r#"{"genai": {"model": "x"}, "span_id": "s"}"#));
    assert!(matches!(&request.payload, Some(Payload::Genai(genai)) if genai.model == "x"));
    let both = LogRequest::from(with_payload(r#"{"genai": {"model": "x"}, "mcp": {}}"#));
    assert_eq!(members(&both), json!({"genai": {"model": "x"}, "mcp": {}}));
    let misshapen = LogRequest::from(with_payload(r#"{"genai": {"modell": "x"}}"#));
    assert_eq!(members(&misshapen), json!({"genai": {"modell": "x"}}));
}

#[test]
fn a_payload_that_is_no_object_is_a_member() {
    let request = LogRequest::from(with_payload("[1, 2]"));
    assert_eq!(members(&request), json!({"payload": [1, 2]}));
    let request = LogRequest::from(with_payload("no JSON"));
    assert_eq!(members(&request), json!({"payload_base64": "bm8gSlNPTg=="}));
}

#[test]
fn an_entry_that_a_record_cannot_hold_comes_back_whole() {
    let deep = format!("{}{}", "[".repeat(100), "]".repeat(100));
    for payload in [
        r#"{"n": 12345678901234567890123}"#,
        r#"{"n": 9007199254740993}"#,
        r#"{"n": 2937830849438963200}"#,
        r#"{"n": 0.1000000000000000000001}"#,
        r#"{"n": 1e-400}"#,
        r#"{"occurred_at": "2026-11-25T20:20:00.5+01:00"}"#,
        r#"{"duration_ms": 1.5e0, "trace_id": ""}"#,
        r#"{"a": 1, "a": 2}"#,
        &deep,
    ] {
        let entry = LogEntry {
            outcome: Outcome::Partial.into(),
            ..with_payload(payload)
        };
        let request = LogRequest::from(entry.clone());
        let bytes = request.encode_to_vec();
        assert_eq!(LogRequest::decode(&*bytes).unwrap(), request, "{payload}");
        assert_eq!(request.outcome, 99, "{payload}");
        assert!(
            !members(&request)[RELEASE_0_1_BASE64].is_null(),
            "{payload}"
        );
        assert_eq!(LogEntry::from(request), entry, "{payload}");
    }
    for payload in [
        r#"{"n": 12345678901234567890123}"#,
        r#"{"n": 9007199254740993}"#,
        r#"{"n": 1e-400}"#,
        r#"{"occurred_at": "2026-11-25T20:20:00.5+01:00"}"#,
        &deep,
    ] {
        let entry = with_payload(payload);
        assert_eq!(
            LogEntry::from(LogRequest::from(entry.clone())),
            entry,
            "{payload}"
        );
    }
}

/// Readers of protobuf stop at 100 messages within each other, of which a `Struct` takes
/// several for each of JSON's levels.
#[test]
fn a_record_nests_no_deeper_than_readers_go() {
    let deep = format!("{}{}", "[".repeat(60), "]".repeat(60));
    for payload in [
        format!(r#"{{"a":{deep}}}"#),
        format!(r#"{{"data":{{"a":{deep}}}}}"#),
        format!(r#"{{"mcp":{{"tool_arguments":{{"a":{deep}}}}}}}"#),
    ] {
        let entry = with_payload(&payload);
        let bytes = release_0_2::to_bytes(&entry);
        let back = release_0_2::from_bytes(&bytes);
        assert_eq!(back.as_ref(), Ok(&entry), "{payload}");
    }
}

/// The bytes do not go along for an order alone.
#[test]
fn fields_and_members_come_back_in_order() {
    let cases: [(&[u8], &[u8]); 2] = [
        (b"\x52\x01a\x08\x01", b"\x08\x01\x52\x01a"),
        (
            b"\xc2\x01\x12\x0a\x07\x0a\x01b\x12\x02\x20\x01\x0a\x07\x0a\x01a\x12\x02\x20\x00",
            b"\xc2\x01\x12\x0a\x07\x0a\x01a\x12\x02\x20\x00\x0a\x07\x0a\x01b\x12\x02\x20\x01",
        ),
    ];
    for (bytes, in_order) in cases {
        let entry = release_0_2::from_bytes(bytes).unwrap();
        assert!(!has_original(&entry), "{bytes:x?}");
        assert_eq!(release_0_2::to_bytes(&entry), in_order, "{bytes:x?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    /// By their bytes, because NaN is not equal to itself.
    #[test]
    fn a_record_comes_back_as_it_was(request in requests::any_request()) {
        let entry = LogEntry::from(request.clone());
        let back = LogRequest::from(entry.clone());
        prop_assert_eq!(back.encode_to_vec(), request.encode_to_vec(), "{:?}", entry);
    }

    #[test]
    fn bytes_come_back_as_they_were(request in requests::any_request(), unknown in 0..4_u8) {
        let mut bytes = request.encode_to_vec();
        if unknown == 0 {
            bytes.extend(b"\x98\x06\x07");
        }
        let entry = release_0_2::from_bytes(&bytes).unwrap();
        prop_assert_eq!(release_0_2::to_bytes(&entry), bytes);
    }

    /// All of an entry is in its record: what differs is where the details are.
    #[test]
    fn an_entry_comes_back_with_all_it_had(entry in common::any_entry()) {
        let back = LogEntry::from(LogRequest::from(entry.clone()));
        let payload = back.payload.clone();
        prop_assert_eq!(&LogEntry { payload: entry.payload.clone(), ..back }, &entry);
        let has_payload = !entry.payload.is_empty();
        prop_assert_eq!(!payload.is_empty(), has_payload);
    }

    /// With payloads that have the names of the table and other values.
    #[test]
    fn details_of_any_value_come_back(
        event_type in 0..45,
        names in prop::sample::subsequence(NAMES.to_vec(), 0..4),
        value in any_json(),
    ) {
        let object: serde_json::Map<_, _> = names
            .iter()
            .map(|name| ((*name).to_owned(), value.clone()))
            .collect();
        let entry = LogEntry { event_type, ..with_payload(&Value::Object(object.clone()).to_string()) };
        let request = LogRequest::from(entry.clone());
        let bytes = request.encode_to_vec();
        prop_assert_eq!(LogRequest::decode(&*bytes).unwrap().encode_to_vec(), bytes);
        let back = LogEntry::from(request.clone());
        let expected = with_floats(Value::Object(object));
        let found = [details_of(&back), details_and_members(&back)].map(with_floats);
        prop_assert!(back == entry || found.contains(&expected), "{:?} {}", found, value);
        // And a record that was made so is one like any other.
        prop_assert_eq!(LogRequest::from(back).encode_to_vec(), request.encode_to_vec());
    }
}

const NAMES: [&str; 12] = [
    "occurred_at",
    "duration_ms",
    "trace_id",
    "ocsf_class_uid",
    "metadata",
    "genai",
    "mcp",
    "data",
    "release_0_2_event_type",
    "release_0_2_base64",
    "release_0_1_base64",
    "rows",
];

fn any_json() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        (-3..50).prop_map(|number| json!(number)),
        any::<i64>().prop_map(|number| json!(number)),
        any::<f64>().prop_map(|number| json!(number)),
        Just(json!("")),
        Just(json!("2026-11-25T19:20:00.000000000Z")),
        "[a-zA-Z0-9+/]{0,8}".prop_map(|text| json!(text)),
        Just(json!({})),
        Just(json!({"model": "x", "temperature": 0.5})),
        Just(json!({"seconds": 5, "nanos": 0})),
        Just(json!([1, "a", {"b": null}])),
    ]
}

fn details_of(entry: &LogEntry) -> Value {
    if entry.payload.is_empty() {
        return json!({});
    }
    details(entry)
}

/// The details, with what is under `data` beside them.
fn details_and_members(entry: &LogEntry) -> Value {
    let mut details = details_of(entry);
    let members = details.as_object_mut().unwrap();
    if let Some(Value::Object(data)) = members.remove("data") {
        members.extend(data);
    }
    details
}

/// Every number as the `f64` that it is.
fn with_floats(value: Value) -> Value {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().unwrap();
            let exact = number
                .as_i128()
                .is_none_or(|integer| format!("{float}") == integer.to_string());
            if exact {
                json!(float)
            } else {
                Value::Number(number)
            }
        }
        Value::Array(values) => values.into_iter().map(with_floats).collect(),
        Value::Object(object) => object
            .into_iter()
            .map(|(k, v)| (k, with_floats(v)))
            .collect(),
        other => other,
    }
}
