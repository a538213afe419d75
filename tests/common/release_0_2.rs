//! Records of release 0.2.

use std::collections::BTreeMap;

use lokryn_compliance_log::prost_types::value::Kind;
use lokryn_compliance_log::prost_types::{ListValue, Struct, Timestamp, Value};
use lokryn_compliance_log::release_0_2::{
    GenAiPayload, LogRequest, McpPayload, Message, Metadata, Payload, ToolCall,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

/// A record with a `Struct` of one member, `a`, of this kind or of none.
pub(crate) fn data(kind: impl Into<Option<Kind>>) -> LogRequest {
    let value = Value { kind: kind.into() };
    let fields = [("a".to_owned(), value)].into();
    LogRequest {
        payload: Some(Payload::Data(Struct { fields })),
        ..LogRequest::default()
    }
}

/// Any record at all: numbers without a name, times beyond the calendar, values of no kind.
pub(crate) fn any_request() -> impl Strategy<Value = LogRequest> {
    let numbers = (
        (any_number(), any_number(), any_number(), any_number()),
        (any_int32(), any_int32()),
        (any_int64(), any_int64(), any_int64()),
    );
    let texts = vec(any_text(), 17);
    let messages = (
        option::of(any_time()),
        option::of(any_metadata()),
        option::of(any_payload()),
    );
    (numbers, texts, messages, vec(any_text(), 0..4)).prop_map(
        |(numbers, mut texts, messages, policy_tags)| {
            let mut text = || texts.pop().unwrap_or_default();
            LogRequest {
                event_type: numbers.0.0,
                outcome: numbers.0.1,
                severity: numbers.0.2,
                sensitivity: numbers.0.3,
                ocsf_class_uid: numbers.1.0,
                ocsf_activity_id: numbers.1.1,
                otel_operation_name: text(),
                time: messages.0,
                duration_ms: numbers.2.0,
                actor_id: text(),
                actor_type: text(),
                component: text(),
                environment: text(),
                resource: text(),
                message: text(),
                trace_id: text(),
                span_id: text(),
                parent_span_id: text(),
                session_id: text(),
                policy_tags,
                metadata: messages.1,
                client_id: text(),
                client_version: text(),
                server_id: text(),
                server_version: text(),
                request_size_bytes: numbers.2.1,
                response_size_bytes: numbers.2.2,
                geo_region: text(),
                payload: messages.2,
            }
        },
    )
}

fn any_number() -> impl Strategy<Value = i32> {
    prop_oneof![8 => 0..45, 1 => Just(99), 1 => any::<i32>()]
}

fn any_int32() -> impl Strategy<Value = i32> {
    prop_oneof![Just(0), 1..9_999, any::<i32>()]
}

fn any_int64() -> impl Strategy<Value = i64> {
    let safe = 1_i64 << 53;
    prop_oneof![Just(0), 1..9_999_i64, safe - 2..safe + 3, any::<i64>()]
}

fn any_double() -> BoxedStrategy<f64> {
    prop_oneof![
        Just(0.0),
        Just(-0.0),
        (-1_000..1_000).prop_map(f64::from),
        any::<f64>(),
        any::<u64>().prop_map(f64::from_bits),
        Just(f64::NAN),
        Just(f64::INFINITY),
        Just(f64::NEG_INFINITY),
    ]
    .boxed()
}

fn any_text() -> BoxedStrategy<String> {
    prop_oneof![
        2 => Just(String::new()),
        2 => "[a-z/-]{1,20}",
        1 => "(file|FILE|https):///[a-z]{0,3}",
        1 => any::<String>(),
    ]
    .boxed()
}

fn any_time() -> BoxedStrategy<Timestamp> {
    let seconds = prop_oneof![
        3 => 0..2_000_000_000_i64,
        1 => -62_135_596_802_i64..-62_135_596_798,
        1 => 253_402_300_797_i64..253_402_300_803,
        1 => any::<i64>(),
    ];
    let nanos = prop_oneof![4 => 0..1_000_000_000, 1 => any::<i32>()];
    (seconds, nanos)
        .prop_map(|(seconds, nanos)| Timestamp { seconds, nanos })
        .boxed()
}

fn any_metadata() -> BoxedStrategy<Metadata> {
    (any_text(), any_text(), any_text(), any_text())
        .prop_map(|texts| Metadata {
            schema_version: texts.0,
            product_name: texts.1,
            product_version: texts.2,
            vendor_name: texts.3,
        })
        .boxed()
}

fn any_payload() -> BoxedStrategy<Payload> {
    prop_oneof![
        any_genai().prop_map(Payload::Genai),
        any_mcp().prop_map(Payload::Mcp),
        any_struct().prop_map(Payload::Data),
    ]
    .boxed()
}

fn any_genai() -> BoxedStrategy<GenAiPayload> {
    let message = (any_text(), any_text(), any_text()).prop_map(|texts| Message {
        role: texts.0,
        content: texts.1,
        name: texts.2,
    });
    let messages = vec(message, 0..5);
    let call = (any_text(), any_text(), any_text(), any_text()).prop_map(|texts| ToolCall {
        id: texts.0,
        name: texts.1,
        arguments: texts.2,
        result: texts.3,
    });
    (
        (any_text(), any_text(), any_text(), any_text()),
        (any_int32(), any_int32(), any_int32(), any_int32()),
        (any_double(), any_double(), any_int64()),
        (messages, any::<prop::sample::Index>(), vec(call, 0..3)),
    )
        .prop_map(|(texts, numbers, more, mut lists)| GenAiPayload {
            model: texts.0,
            provider: texts.1,
            input_tokens: numbers.0,
            output_tokens: numbers.1,
            total_tokens: numbers.2,
            temperature: more.0,
            max_tokens: numbers.3,
            top_p: more.1,
            finish_reason: texts.2,
            time_to_first_token_ms: more.2,
            response_id: texts.3,
            output_messages: lists.0.split_off(lists.1.index(lists.0.len() + 1)),
            input_messages: lists.0,
            tool_calls: lists.2,
        })
        .boxed()
}

fn any_mcp() -> BoxedStrategy<McpPayload> {
    (
        (any_text(), any_text(), any_text(), any_text(), any_text()),
        (option::of(any_struct()), option::of(any_struct())),
        option::of(any_genai()),
        (vec(any_text(), 0..3), vec(any_text(), 0..3)),
    )
        .prop_map(|(texts, structs, sampling, lists)| McpPayload {
            protocol_version: texts.0,
            request_id: texts.1,
            tool_name: texts.2,
            tool_arguments: structs.0,
            tool_result: structs.1,
            resource_uri: texts.3,
            resource_mime_type: texts.4,
            sampling,
            client_capabilities: lists.0,
            server_capabilities: lists.1,
        })
        .boxed()
}

fn any_struct() -> BoxedStrategy<Struct> {
    let members = members(any_value());
    members.prop_map(|fields| Struct { fields }).boxed()
}

fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = BTreeMap<String, Value>> {
    let name = prop_oneof![4 => "[a-z_]{0,6}", 1 => any::<String>()];
    btree_map(name, value, 0..4)
}

fn any_value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value { kind: None }),
        any_number().prop_map(|null| Kind::NullValue(null).into()),
        any_double().prop_map(|number| Kind::NumberValue(number).into()),
        any_text().prop_map(|text| Kind::StringValue(text).into()),
        any::<bool>().prop_map(|value| Kind::BoolValue(value).into()),
    ];
    leaf.prop_recursive(6, 24, 4, |value| {
        prop_oneof![
            members(value.clone()).prop_map(|fields| Kind::StructValue(Struct { fields }).into()),
            vec(value, 0..4).prop_map(|values| Kind::ListValue(ListValue { values }).into()),
        ]
    })
    .boxed()
}
