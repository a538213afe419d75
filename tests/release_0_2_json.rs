//! ProtoJSON of release 0.2, by the rules of the specification.
#![cfg(feature = "release-0-2")]

#[path = "common/release_0_2.rs"]
mod requests;

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::prost_types::value::Kind;
use lokryn_compliance_log::prost_types::{ListValue, Struct, Timestamp};
use lokryn_compliance_log::release_0_2::{GenAiPayload, LogRequest, Payload};
use proptest::prelude::*;
use requests::data;
use serde_json::json;

fn at(seconds: i64, nanos: i32) -> LogRequest {
    LogRequest {
        time: Some(Timestamp { seconds, nanos }),
        ..LogRequest::default()
    }
}

fn genai(genai: GenAiPayload) -> LogRequest {
    LogRequest {
        payload: Some(Payload::Genai(genai)),
        ..LogRequest::default()
    }
}

#[test]
fn values_are_written_as_the_specification_says() {
    let cases = vec![
        (LogRequest::default(), json!({})),
        (
            LogRequest {
                event_type: 30,
                outcome: 98,
                ..LogRequest::default()
            },
            json!({"eventType": "EVENT_MCP_INITIALIZE", "outcome": 98}),
        ),
        (
            LogRequest {
                ocsf_class_uid: 6003,
                duration_ms: -1,
                ..LogRequest::default()
            },
            json!({"ocsfClassUid": 6003, "durationMs": "-1"}),
        ),
        (at(0, 0), json!({"time": "1970-01-01T00:00:00Z"})),
        (
            at(1, 500_000_000),
            json!({"time": "1970-01-01T00:00:01.500Z"}),
        ),
        (
            at(1, 10_000),
            json!({"time": "1970-01-01T00:00:01.000010Z"}),
        ),
        (at(1, 1), json!({"time": "1970-01-01T00:00:01.000000001Z"})),
        (
            at(-62_135_596_800, 0),
            json!({"time": "0001-01-01T00:00:00Z"}),
        ),
        (
            at(253_402_300_799, 999_999_999),
            json!({"time": "9999-12-31T23:59:59.999999999Z"}),
        ),
        (data(Kind::NullValue(0)), json!({"data": {"a": null}})),
        (data(Kind::NumberValue(42.0)), json!({"data": {"a": 42}})),
        (data(Kind::NumberValue(0.5)), json!({"data": {"a": 0.5}})),
        (
            data(Kind::StringValue(String::new())),
            json!({"data": {"a": ""}}),
        ),
        (data(Kind::BoolValue(false)), json!({"data": {"a": false}})),
        (
            data(Kind::StructValue(Struct::default())),
            json!({"data": {"a": {}}}),
        ),
        (
            data(Kind::ListValue(ListValue::default())),
            json!({"data": {"a": []}}),
        ),
        (
            genai(GenAiPayload {
                temperature: f64::NAN,
                top_p: f64::NEG_INFINITY,
                time_to_first_token_ms: 1 << 60,
                ..GenAiPayload::default()
            }),
            json!({"genai": {
                "temperature": "NaN",
                "topP": "-Infinity",
                "timeToFirstTokenMs": "1152921504606846976",
            }}),
        ),
    ];
    for (request, expected) in cases {
        assert_eq!(
            serde_json::to_value(&request).unwrap(),
            expected,
            "{request:?}"
        );
        let read: LogRequest = serde_json::from_value(expected).unwrap();
        assert_eq!(read.encode_to_vec(), request.encode_to_vec(), "{request:?}");
    }
    let zero = genai(GenAiPayload {
        temperature: -0.0,
        ..GenAiPayload::default()
    });
    assert_eq!(
        serde_json::to_string(&zero).unwrap(),
        r#"{"genai":{"temperature":-0.0}}"#
    );
}

#[test]
fn other_spellings_are_read() {
    let cases = vec![
        (
            r#"{"event_type": 30}"#,
            LogRequest {
                event_type: 30,
                ..LogRequest::default()
            },
        ),
        (
            r#"{"durationMs": 7, "outcome": 1.0}"#,
            LogRequest {
                duration_ms: 7,
                outcome: 1,
                ..LogRequest::default()
            },
        ),
        (
            r#"{"duration_ms": "7e0", "time": null}"#,
            LogRequest {
                duration_ms: 7,
                ..LogRequest::default()
            },
        ),
        (
            r#"{"ocsfClassUid": "6003"}"#,
            LogRequest {
                ocsf_class_uid: 6003,
                ..LogRequest::default()
            },
        ),
        (
            r#"{"requestSizeBytes": 9007199254740993}"#,
            LogRequest {
                request_size_bytes: (1 << 53) + 1,
                ..LogRequest::default()
            },
        ),
        (
            r#"{"policyTags": null, "genai": null}"#,
            LogRequest::default(),
        ),
        (
            r#"{"time": "1970-01-01T01:00:00.5+01:00"}"#,
            at(0, 500_000_000),
        ),
        (
            r#"{"data": {"a": 18446744073709551615}}"#,
            data(Kind::NumberValue(18_446_744_073_709_551_615.0)),
        ),
        (
            r#"{"genai": {"temperature": "1e-1", "topP": 1}}"#,
            genai(GenAiPayload {
                temperature: 0.1,
                top_p: 1.0,
                ..GenAiPayload::default()
            }),
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(
            serde_json::from_str::<LogRequest>(text).unwrap(),
            expected,
            "{text}"
        );
    }
}

#[test]
fn what_is_not_the_mapping_is_refused_and_no_secret_shown() {
    let cases = [
        (
            r#"{"eventType": "30"}"#,
            "event_type: unknown enum name \"30\"",
        ),
        (
            r#"{"severity": 1.5}"#,
            "severity: neither the name of a value nor a 32-bit integer",
        ),
        (
            r#"{"ocsfClassUid": 2147483648}"#,
            "ocsf_class_uid: not a 32-bit integer",
        ),
        (
            r#"{"durationMs": 9223372036854775808}"#,
            "duration_ms: not a 64-bit integer",
        ),
        (
            r#"{"durationMs": 1e19}"#,
            "duration_ms: not a 64-bit integer",
        ),
        (r#"{"durationMs": "0x10"}"#, "duration_ms: not a number"),
        (r#"{"durationMs": " 1"}"#, "duration_ms: not a number"),
        (r#"{"durationMs": true}"#, "duration_ms: not a number"),
        (r#"{"actorId": 5}"#, "actor_id: not a string"),
        (r#"{"policyTags": [null]}"#, "policy_tags: not a string"),
        (
            r#"{"policyTags": "secret"}"#,
            "invalid type: string, expected an array for policy_tags",
        ),
        (
            r#"{"time": "2026-11-25"}"#,
            "time: not a time of RFC 3339 in the years 1 to 9999",
        ),
        (
            r#"{"time": "2026-11-25t19:20:00Z"}"#,
            "time: not a time of RFC 3339 in the years 1 to 9999",
        ),
        (
            r#"{"time": "0000-12-31T23:59:59Z"}"#,
            "time: not a time of RFC 3339 in the years 1 to 9999",
        ),
        (
            r#"{"time": "2016-12-31T23:59:60Z"}"#,
            "time: not a time of RFC 3339 in the years 1 to 9999",
        ),
        (
            r#"{"time": 5}"#,
            "time: not a time of RFC 3339 in the years 1 to 9999",
        ),
        (
            r#"{"genai": {"temperature": "nan"}}"#,
            "temperature: not a number",
        ),
        (
            r#"{"genai": {"model": ["secret"]}}"#,
            "invalid type: sequence, expected a single value for model",
        ),
        (
            r#"{"genai": "secret"}"#,
            "invalid type: string, expected a JSON object for genai",
        ),
        (
            r#"{"genai": {}, "mcp": {}}"#,
            "mcp: another field of the oneof payload is set",
        ),
        (r#"{"data": {}, "data": {}}"#, "duplicate field `data`"),
        (
            r#"{"data": {"a": 1, "a": 2}}"#,
            "data: a key is there twice",
        ),
        (
            r#"{"data": 7}"#,
            "invalid type: number, expected a JSON object for data",
        ),
        (r#"{"actor": "a"}"#, "unknown field \"actor\""),
    ];
    for (text, expected) in cases {
        let err = serde_json::from_str::<LogRequest>(text)
            .unwrap_err()
            .to_string();
        assert!(err.starts_with(expected), "{text}: {err}");
        assert!(!err.contains("secret"), "{err}");
    }
}

#[test]
fn what_the_mapping_has_no_form_for_is_not_written() {
    let time = "a time is outside of the years 1 to 9999, or its nanos outside of a second";
    let not_finite = "a number of a Struct is NaN or infinite";
    let cases = [
        (at(253_402_300_800, 0), time),
        (at(-62_135_596_801, 0), time),
        (at(0, -1), time),
        (at(0, 1_000_000_000), time),
        (at(i64::MIN, i32::MIN), time),
        (data(Kind::NumberValue(f64::NAN)), not_finite),
        (data(Kind::NumberValue(f64::INFINITY)), not_finite),
        (data(None), "a value of a Struct is of no kind"),
    ];
    for (request, expected) in cases {
        let err = serde_json::to_string(&request).unwrap_err();
        assert_eq!(err.to_string(), expected, "{request:?}");
    }
}

#[test]
fn a_struct_nested_100_000_deep_is_an_error_and_not_a_stack_overflow() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = format!("{}0{}", open.repeat(100_000), close.repeat(100_000));
        let text = format!("{{\"data\":{{\"a\":{deep}}}}}");
        let err = serde_json::from_str::<LogRequest>(&text).unwrap_err();
        assert!(err.to_string().starts_with("recursion limit"), "{err}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(request in requests::any_request()) {
        if let Ok(json) = serde_json::to_string(&request) {
            let read: LogRequest = serde_json::from_str(&json).unwrap();
            // ProtoJSON has one NaN, and one null.
            let json_again = serde_json::to_string(&read).unwrap();
            prop_assert_eq!(json_again, json);
        }
    }
}
