//! The messages of release 0.2 are what their descriptor says, and their bytes are told from
//! those of release 0.1.
#![cfg(feature = "release-0-2")]

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::prost_types::value::Kind as ValueKind;
use lokryn_compliance_log::prost_types::{Struct, Timestamp};
use lokryn_compliance_log::release_0_2::{
    EventType, FILE_DESCRIPTOR_SET, GenAiPayload, LogRequest, McpPayload, Message, Metadata,
    Outcome, PROTO, Payload, Sensitivity, Severity, ToolCall,
};
use lokryn_compliance_log::{DecodeReason, LogEntry, Release};
use prost_reflect::{
    DescriptorPool, DynamicMessage, FieldDescriptor, Kind, MapKey, MessageDescriptor, Value,
};

const PACKAGE: &str = "lokryn.compliance.release_0_2.v1";

fn pool() -> DescriptorPool {
    DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap()
}

/// A message with a value in every field, and of a oneof in the member that is asked for.
fn full(message: &MessageDescriptor, member: &str) -> DynamicMessage {
    let mut dynamic = DynamicMessage::new(message.clone());
    for field in message.fields() {
        if field.containing_oneof().is_some() && field.name() != member {
            continue;
        }
        let value = full_value(&field, member);
        let value = if field.is_list() {
            Value::List(vec![value])
        } else {
            value
        };
        dynamic.set_field(&field, value);
    }
    dynamic
}

fn full_value(field: &FieldDescriptor, member: &str) -> Value {
    let number = field.number();
    match field.kind() {
        Kind::String => Value::String(field.full_name().to_owned()),
        Kind::Int32 => Value::I32(number.try_into().unwrap()),
        Kind::Int64 => Value::I64(i64::from(number) << 33),
        Kind::Double => Value::F64(f64::from(number) / 8.0),
        Kind::Enum(_) => Value::EnumNumber(number.try_into().unwrap()),
        Kind::Message(message) if message.full_name() == "google.protobuf.Struct" => {
            let mut value = DynamicMessage::new(message.clone());
            let mut text = DynamicMessage::new(
                message
                    .parent_pool()
                    .get_message_by_name("google.protobuf.Value")
                    .unwrap(),
            );
            text.set_field_by_name("string_value", Value::String(field.name().to_owned()));
            let fields = [(MapKey::String("a".to_owned()), Value::Message(text))];
            value.set_field_by_name("fields", Value::Map(fields.into()));
            Value::Message(value)
        }
        Kind::Message(message) => Value::Message(full(&message, member)),
        other => panic!("{field:?}: the tests know no {other:?}"),
    }
}

#[test]
fn every_field_of_the_descriptor_is_in_the_messages() {
    let message = pool()
        .get_message_by_name(&format!("{PACKAGE}.LogRequest"))
        .unwrap();
    for member in ["genai", "mcp", "data"] {
        let bytes = full(&message, member).encode_to_vec();
        let request = LogRequest::decode(&*bytes).unwrap();
        // Prost drops what it has no field for.
        assert_eq!(request.encoded_len(), bytes.len(), "{request:?}");
        let read = DynamicMessage::decode(message.clone(), &*request.encode_to_vec()).unwrap();
        assert_eq!(read, full(&message, member), "{request:?}");
    }
}

#[test]
fn every_field_of_the_descriptor_is_in_json() {
    let message = pool()
        .get_message_by_name(&format!("{PACKAGE}.LogRequest"))
        .unwrap();
    for member in ["genai", "mcp", "data"] {
        let bytes = full(&message, member).encode_to_vec();
        let request = LogRequest::decode(&*bytes).unwrap();
        let json = serde_json::to_value(&request).unwrap();
        assert_names(&message, member, &json);
        assert_eq!(serde_json::from_value::<LogRequest>(json).unwrap(), request);
    }
}

fn assert_names(message: &MessageDescriptor, member: &str, json: &serde_json::Value) {
    for field in message.fields() {
        if field.containing_oneof().is_some() && field.name() != member {
            continue;
        }
        let value = &json[field.json_name()];
        assert!(!value.is_null(), "{}: {json}", field.json_name());
        if let Kind::Message(nested) = field.kind() {
            if nested.package_name() == PACKAGE {
                let value = if field.is_list() { &value[0] } else { value };
                assert_names(&nested, member, value);
            }
        }
    }
}

#[test]
fn the_enums_are_those_of_the_descriptor() {
    macro_rules! assert_enums {
        ($($enum:ident)*) => {$({
            let name = format!("{PACKAGE}.{}", stringify!($enum));
            let values: Vec<_> = pool().get_enum_by_name(&name).unwrap().values().collect();
            for value in &values {
                let known = $enum::try_from(value.number()).unwrap();
                assert_eq!(known.as_str_name(), value.name());
                assert_eq!(value.name().parse(), Ok(known));
                let json = serde_json::to_value(known).unwrap();
                assert_eq!(json, value.name());
                assert_eq!(serde_json::from_value::<$enum>(json).unwrap(), known);
            }
            assert_eq!($enum::ALL.len(), values.len() - 1);
            assert_eq!(i32::from($enum::default()), 0);
        })*};
    }
    assert_enums!(EventType Outcome Severity Sensitivity);
    assert_eq!(EventType::McpInitialize.to_string(), "EVENT_MCP_INITIALIZE");
    assert_eq!(Sensitivity::default(), Sensitivity::Unknown);
    assert_eq!(i32::from(Sensitivity::PublicInternal), 10);
}

/// So that a field that is added to release 0.1 is never taken for one of release 0.2.
#[test]
fn release_0_1_reserves_the_numbers_that_it_does_not_use_itself() {
    let own = DescriptorPool::decode(lokryn_compliance_log::FILE_DESCRIPTOR_SET).unwrap();
    let request = pool()
        .get_message_by_name(&format!("{PACKAGE}.LogRequest"))
        .unwrap();
    for name in ["LogEntry", "LogRequest"] {
        let message = own
            .get_message_by_name(&format!("lokryn.compliance.v1.{name}"))
            .unwrap();
        for field in request.fields() {
            let number = field.number();
            let is_reserved = message.reserved_ranges().any(|it| it.contains(&number));
            assert_eq!(is_reserved, number > 11, "{name} {number}");
        }
    }
}

/// As another implementation has them, so that a pool that has them already takes the set.
#[test]
fn the_imported_files_are_protobufs_own() {
    let known = DescriptorPool::global();
    for name in ["struct", "timestamp"] {
        let name = format!("google/protobuf/{name}.proto");
        let mut own = pool()
            .get_file_by_name(&name)
            .unwrap()
            .file_descriptor_proto()
            .clone();
        let mut other = known
            .get_file_by_name(&name)
            .unwrap()
            .file_descriptor_proto()
            .clone();
        own.source_code_info = None;
        other.source_code_info = None;
        assert_eq!(own, other);
    }
}

#[test]
fn every_element_of_the_schema_has_a_comment() {
    let file = pool()
        .get_file_by_name("lokryn/compliance/release_0_2/v1/log.proto")
        .unwrap();
    let file = file.file_descriptor_proto();
    let info = file.source_code_info.as_ref().unwrap();
    let assert_commented = |path: &[i32]| {
        let mut locations = info.location.iter();
        let is_commented = locations.any(|it| it.path == path && it.leading_comments.is_some());
        assert!(is_commented, "{path:?}");
    };
    for (index, message) in (0..).zip(&file.message_type) {
        assert_commented(&[4, index]);
        (0..)
            .zip(&message.field)
            .for_each(|(at, _)| assert_commented(&[4, index, 2, at]));
    }
    for (index, it) in (0..).zip(&file.enum_type) {
        assert_commented(&[5, index]);
        (0..)
            .zip(&it.value)
            .for_each(|(at, _)| assert_commented(&[5, index, 2, at]));
    }
    assert!(PROTO.contains(&format!("package {PACKAGE};")));
}

#[test]
fn each_of_the_five_fields_tells() {
    // Keys: 4, 5, 6, 9 and 11, as text of one byte and as a number.
    let text = |field: u8| vec![field << 3 | 2, 1, b'a'];
    let number = |field: u8| vec![field << 3, 1];
    for (field, as_text, as_number) in [
        (4, Release::V0_1, Release::V0_2),
        (5, Release::V0_1, Release::V0_2),
        (6, Release::V0_1, Release::V0_2),
        (9, Release::V0_1, Release::V0_2),
        (11, Release::V0_2, Release::V0_1),
    ] {
        assert_eq!(Release::of(&text(field)), Some(as_text), "{field}");
        assert_eq!(Release::of(&number(field)), Some(as_number), "{field}");
        // Twice, and beside what tells nothing: an unknown field, a time, a tag.
        let beside = [
            &text(8)[..],
            &number(field),
            b"\x52\x01a",
            &number(field),
            b"\xa5\x06abcd",
        ];
        assert_eq!(Release::of(&beside.concat()), Some(as_number), "{field}");
        assert_eq!(
            Release::of(&[text(field), number(field)].concat()),
            None,
            "{field}"
        );
        // A fixed number, as it is in neither.
        assert_eq!(Release::of(&[field << 3 | 5, 0, 0, 0, 0]), None, "{field}");
        let beside = [&number(field)[..], &[field << 3 | 5, 0, 0, 0, 0]].concat();
        assert_eq!(Release::of(&beside), None, "{field}");
    }
}

#[test]
fn what_tells_nothing_is_undecided() {
    for bytes in [
        &b""[..],
        b"\x08\x01\x10\x01\x18\x01", // the three numbers that both have
        b"\x52\x01a",                // a tag, or the actor
        b"\x42\x00",                 // no message, or the epoch
        b"\x08\x01\x20",             // cut off
        b"\x20\x01\x22",             // cut off after what tells
        b"\x20\x01\x07",             // and a wire type that does not exist
        b"\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", // a number of eleven bytes
        b"\x20\x01\x2a\x01a",        // a sensitivity and a component
    ] {
        assert_eq!(Release::of(bytes), None, "{bytes:?}");
    }
}

#[test]
fn what_each_release_writes_is_told_apart() {
    let entry = LogEntry {
        actor_id: "agent-001".to_owned(),
        sensitivity: 3,
        ..LogEntry::default()
    };
    assert_eq!(Release::of(&entry.to_bytes()), Some(Release::V0_1));
    let request = LogRequest {
        actor_id: "agent-001".to_owned(),
        sensitivity: 2,
        ..LogRequest::default()
    };
    assert_eq!(Release::of(&request.to_bytes()), Some(Release::V0_2));
}

#[test]
fn errors_name_the_field_and_the_place() {
    let cases: [(&[u8], &str); 9] = [
        (b"\x22\x01a", "sensitivity: wrong wire type 2 at byte 0"),
        (b"\x08\x01\x50\x01", "actor_id: wrong wire type 0 at byte 2"),
        (b"\x52\x03a", "actor_id: truncated at byte 1"),
        (b"\x52\x02a\xff", "actor_id: invalid UTF-8 at byte 3"),
        (b"\xa2\x01\x01\xff", "policy_tags: invalid UTF-8 at byte 3"),
        (
            b"\x48\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            "duration_ms: varint of more than 64 bits at byte 1",
        ),
        (b"\x42\x02\x0a\x00", "time: malformed message at byte 1"),
        (
            b"\x08\x01\xb2\x01\x03\x0a\x05a",
            "genai: malformed message at byte 4",
        ),
        (b"\x07", "invalid key at byte 0"),
    ];
    for (bytes, expected) in cases {
        let err = LogRequest::from_bytes(bytes).unwrap_err();
        assert_eq!(err.to_string(), expected, "{bytes:?}");
        assert!(LogRequest::decode(bytes).is_err(), "{bytes:?}");
    }
    let err = LogRequest::from_bytes(b"\x42\x02\x0a\x00").unwrap_err();
    assert_eq!(
        (err.field(), err.reason()),
        (Some("time"), DecodeReason::InvalidMessage)
    );
}

const SECRET: &str = "078-05-1120";

fn secret_payloads() -> [Payload; 3] {
    let data = Struct {
        fields: [(
            SECRET.to_owned(),
            ValueKind::StringValue(SECRET.to_owned()).into(),
        )]
        .into(),
    };
    let genai = GenAiPayload {
        input_messages: vec![Message {
            content: SECRET.to_owned(),
            ..Message::default()
        }],
        tool_calls: vec![ToolCall {
            arguments: SECRET.to_owned(),
            ..ToolCall::default()
        }],
        ..GenAiPayload::default()
    };
    let mcp = McpPayload {
        tool_arguments: Some(data.clone()),
        sampling: Some(genai.clone()),
        ..McpPayload::default()
    };
    [
        Payload::Genai(genai),
        Payload::Mcp(mcp),
        Payload::Data(data),
    ]
}

#[test]
fn only_public_and_internal_payloads_are_printed() {
    let known = Sensitivity::ALL.iter().map(|known| i32::from(*known));
    for sensitivity in known.chain([0, 5, -1, i32::MAX]) {
        let is_harmless = sensitivity == 1 || sensitivity == 10;
        for payload in secret_payloads() {
            let request = LogRequest {
                sensitivity,
                payload: Some(payload),
                ..LogRequest::default()
            };
            for debug in [format!("{request:?}"), format!("{request:#?}")] {
                assert_eq!(debug.contains(SECRET), is_harmless, "{debug}");
            }
        }
    }
}

#[test]
fn a_payload_alone_is_not_printed() {
    for payload in secret_payloads() {
        let mut debugs = vec![format!("{payload:?}")];
        match payload {
            Payload::Genai(genai) => {
                debugs.push(format!("{:?}", genai.input_messages));
                debugs.push(format!("{:?}", genai.tool_calls));
                debugs.push(format!("{genai:?}"));
            }
            Payload::Mcp(mcp) => debugs.push(format!("{mcp:?}")),
            Payload::Data(_) => {}
        }
        for debug in debugs {
            assert!(
                !debug.contains(SECRET) && debug.contains("withheld"),
                "{debug}"
            );
        }
    }
}

#[test]
fn the_reason_stands_in_place_of_the_payload() {
    let request = LogRequest {
        event_type: 30,
        outcome: 98,
        sensitivity: 3,
        time: Some(Timestamp::default()),
        actor_id: "agent-001".to_owned(),
        metadata: Some(Metadata::default()),
        payload: Some(Payload::Genai(GenAiPayload {
            model: "m".to_owned(),
            ..GenAiPayload::default()
        })),
        ..LogRequest::default()
    };
    let debug = format!("{request:?}");
    for expected in [
        "LogRequest { event_type: McpInitialize, outcome: 98, severity: Unknown, sensitivity: Secret,",
        "actor_id: \"agent-001\"",
        "metadata: Some(Metadata { schema_version: \"\"",
        "payload: <3 bytes withheld: SENSITIVITY_SECRET> }",
    ] {
        assert!(debug.contains(expected), "{debug}");
    }
    let public = LogRequest {
        sensitivity: 10,
        ..request
    };
    let debug = format!("{public:?}");
    assert!(
        debug.contains("payload: Some(Genai(GenAiPayload { model: \"m\""),
        "{debug}"
    );
}
