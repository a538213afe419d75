//! The types are what the descriptor says, in names, numbers and completeness.

use std::fmt::Debug;

use lokryn_compliance_log::prost::{Message as _, Name as _};
use lokryn_compliance_log::{
    EventType, FILE_DESCRIPTOR_SET, LOG_REQUEST_NAME, LogEntry, LogEntryView, LogRequest, Outcome,
    PROTO, Sensitivity, Severity,
};
use prost_reflect::{
    DescriptorPool, DynamicMessage, Kind, MessageDescriptor, ReflectMessage, Value,
};

fn message(name: &str) -> MessageDescriptor {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    pool.get_message_by_name(&format!("lokryn.compliance.v1.{name}"))
        .unwrap()
}

/// An entry with a different value in every field that the descriptor has, and
/// the names of the fields.
fn full_entry() -> (LogEntry, Vec<String>) {
    let mut dynamic = DynamicMessage::new(message("LogEntry"));
    let mut names = Vec::new();
    for field in dynamic.descriptor().fields() {
        let name = field.name().to_owned();
        let value = match field.kind() {
            Kind::Enum(_) => Value::EnumNumber(field.number().try_into().unwrap()),
            Kind::Bytes => Value::Bytes(name.clone().into()),
            Kind::String if field.is_list() => Value::List(vec![Value::String(name.clone())]),
            Kind::String => Value::String(name.clone()),
            other => panic!("{name}: the tests know no {other:?}"),
        };
        dynamic.set_field(&field, value);
        names.push(name);
    }
    let entry = LogEntry::decode(&*dynamic.encode_to_vec()).unwrap();
    (entry, names)
}

macro_rules! enum_matches_the_descriptor {
    ($($test:ident: $enum:ident)*) => {$(
        #[test]
        fn $test() {
            let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
            let name = concat!("lokryn.compliance.v1.", stringify!($enum));
            let descriptor = pool.get_enum_by_name(name).unwrap();
            let mut all = Vec::new();
            for value in descriptor.values() {
                let known = $enum::try_from(value.number()).unwrap();
                assert_eq!(known.as_str_name(), value.name());
                assert_eq!($enum::from_str_name(value.name()), Some(known));
                assert_eq!(known.to_string(), value.name());
                assert_eq!(value.name().parse(), Ok(known));
                if known != $enum::Unspecified {
                    all.push(known);
                }
            }
            assert_eq!($enum::ALL, all);
            assert!($enum::ALL.is_sorted());
            assert_eq!($enum::default(), $enum::Unspecified);
            assert!($enum::try_from(i32::try_from(all.len()).unwrap() + 1).is_err());
        }
    )*};
}

enum_matches_the_descriptor! {
    event_type_matches_the_descriptor: EventType
    outcome_matches_the_descriptor: Outcome
    severity_matches_the_descriptor: Severity
    sensitivity_matches_the_descriptor: Sensitivity
}

#[test]
fn variants_read_as_rust_and_print_as_proto() {
    let variant = |value: &dyn Debug| format!("{value:?}");
    assert_eq!(variant(&EventType::ToolInvocation), "ToolInvocation");
    assert_eq!(
        EventType::ToolInvocation.to_string(),
        "EVENT_TOOL_INVOCATION"
    );
    assert_eq!(EventType::Unspecified.to_string(), "EVENT_TYPE_UNSPECIFIED");
    assert_eq!(EventType::from_str_name("EVENT_TYPE_LOGIN"), None);
    assert_eq!(Outcome::FailureDenied.to_string(), "OUTCOME_FAILURE_DENIED");
    assert_eq!(
        Sensitivity::HighlyRestricted.to_string(),
        "SENSITIVITY_HIGHLY_RESTRICTED"
    );
}

#[test]
fn log_request_has_the_fields_of_log_entry() {
    let fields = |message: MessageDescriptor| -> Vec<String> {
        let fields = message.fields();
        fields
            .map(|f| {
                format!(
                    "{:?} {} = {}: {:?}",
                    f.cardinality(),
                    f.name(),
                    f.number(),
                    f.kind()
                )
            })
            .collect()
    };
    assert_eq!(fields(message("LogRequest")), fields(message("LogEntry")));
    let _: LogRequest = LogEntry::default();
    assert_eq!(message("LogRequest").full_name(), LOG_REQUEST_NAME);
}

#[test]
fn the_type_url_names_the_message() {
    assert_eq!(LogEntry::full_name(), "lokryn.compliance.v1.LogEntry");
    assert_eq!(
        LogEntry::type_url(),
        "type.googleapis.com/lokryn.compliance.v1.LogEntry"
    );
}

#[test]
fn the_text_of_the_schema_declares_every_field() {
    assert!(PROTO.contains("package lokryn.compliance.v1;"));
    for field in message("LogEntry").fields() {
        let declaration = format!("{} = {};", field.name(), field.number());
        assert!(PROTO.contains(&declaration), "{declaration}");
    }
}

#[test]
fn every_element_of_the_schema_has_a_comment() {
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).unwrap();
    for file in pool.files() {
        let file = file.file_descriptor_proto();
        let info = file.source_code_info.as_ref().unwrap();
        let commented = |path: &[i32]| {
            let mut locations = info.location.iter();
            locations.any(|l| l.path == path && !l.leading_comments().is_empty())
        };
        // Field numbers of descriptor.proto: 4 message_type, 5 enum_type; 2 is
        // both DescriptorProto.field and EnumDescriptorProto.value.
        let messages = file.message_type.iter().map(|m| m.field.len());
        let enums = file.enum_type.iter().map(|e| e.value.len());
        for (kind, elements) in [(4, messages.collect::<Vec<_>>()), (5, enums.collect())] {
            for (index, members) in (0..).zip(elements) {
                assert!(commented(&[kind, index]), "{kind} {index}");
                for member in (0..).take(members) {
                    assert!(
                        commented(&[kind, index, 2, member]),
                        "{kind} {index} {member}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_view_knows_every_field() {
    let (entry, names) = full_entry();
    let bytes = entry.encode_to_vec();
    let view = LogEntryView::decode(&bytes).unwrap();
    assert_eq!(view.to_entry(), entry);
    assert_eq!(LogEntryView::from(&entry).encode_to_vec(), bytes);
    assert_eq!(view.encoded_len(), bytes.len());
    let debug = format!("{view:?}");
    for name in names {
        assert!(debug.contains(&format!("{name}: ")), "{name}: {debug}");
    }
}

#[test]
fn debug_names_every_field() {
    let (entry, names) = full_entry();
    let debug = format!("{entry:?}");
    for name in names {
        assert!(debug.contains(&format!("{name}: ")), "{name}: {debug}");
    }
}

#[cfg(feature = "json")]
#[test]
fn the_readable_line_has_every_field() {
    let (entry, names) = full_entry();
    let line = entry.json_line().to_string();
    for name in names {
        assert!(line.contains(&format!("\"{name}")), "{name}: {line}");
    }
}

#[cfg(feature = "json")]
#[test]
fn proto_json_has_the_json_name_of_every_field() {
    let (entry, _) = full_entry();
    let json = serde_json::to_value(&entry).unwrap();
    let json = json.as_object().unwrap();
    for field in message("LogEntry").fields() {
        assert!(
            json.contains_key(field.json_name()),
            "{}",
            field.json_name()
        );
    }
    assert_eq!(json.len(), message("LogEntry").fields().len());
}

#[test]
fn validation_names_only_fields_that_exist() {
    let entry = LogEntry {
        policy_tags: vec![String::new()],
        ..LogEntry::default()
    };
    let err = entry.validate().unwrap_err();
    for violation in err.violations() {
        let field = message("LogEntry").get_field_by_name(violation.field());
        assert!(field.is_some(), "{violation}");
    }
}
