//! The cases of protobuf's own conformance suite that this message can express, under
//! the names that they have there (`conformance/binary_json_conformance_suite.cc`).
//!
//! Not expressible are the cases of other kinds of fields: numbers other than enums,
//! messages, oneofs, maps, well-known types. The suite's text field is `actor_id`
//! here, its bytes field `payload`, its enum `event_type`, its repeated text
//! `policy_tags`; an unknown field has the number 1001.
//!
//! Two deviations, both of prost, whose verdicts the view shares:
//!
//! - `BadTag_OverlongVarint`: a key may take up to ten bytes.
//! - `UnknownVarint`, `UnknownOrdering`: unknown fields are skipped and not kept. The
//!   readers of streams keep an entry's own bytes instead.
#![cfg(feature = "json")]

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::{LogEntry, LogEntryView};

fn actor(actor_id: &str) -> LogEntry {
    LogEntry {
        actor_id: actor_id.to_owned(),
        ..LogEntry::default()
    }
}

fn event(event_type: i32) -> LogEntry {
    LogEntry {
        event_type,
        ..LogEntry::default()
    }
}

fn payload(payload: &'static [u8]) -> LogEntry {
    LogEntry {
        payload: payload.into(),
        ..LogEntry::default()
    }
}

fn tags<const N: usize>(tags: [&str; N]) -> LogEntry {
    LogEntry {
        policy_tags: tags.map(str::to_owned).into(),
        ..LogEntry::default()
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn valid_json_is_read() {
    let actor_and_event = LogEntry {
        event_type: 1,
        ..actor("a")
    };
    for (name, json, expected) in [
        (
            "HelloWorld",
            r#"{"actorId":"Hello, World!"}"#,
            actor("Hello, World!"),
        ),
        ("FieldNameInSnakeCase", r#"{"actorId":"a"}"#, actor("a")),
        ("OriginalProtoFieldName", r#"{"actor_id":"a"}"#, actor("a")),
        ("FieldNameEscaped", r#"{"actorI\u0064": "a"}"#, actor("a")),
        (
            "OneLineNoSpaces",
            r#"{"eventType":1,"actorId":"a"}"#,
            actor_and_event.clone(),
        ),
        (
            "OneLineWithSpaces",
            r#"{ "eventType" : 1 , "actorId" : "a" }"#,
            actor_and_event.clone(),
        ),
        (
            "MultilineNoSpaces",
            "{\n\"eventType\"\n:\n1\n,\n\"actorId\"\n:\n\"a\"\n}",
            actor_and_event.clone(),
        ),
        (
            "MultilineWithSpaces",
            "{\n  \"eventType\"  :  1\n  ,\n  \"actorId\"  :  \"a\"\n}\n",
            actor_and_event,
        ),
        ("EnumField", r#"{"eventType": "EVENT_LOGIN"}"#, event(1)),
        ("EnumFieldNumericValueZero", r#"{"eventType": 0}"#, event(0)),
        (
            "EnumFieldNumericValueNonZero",
            r#"{"eventType": 1}"#,
            event(1),
        ),
        ("EnumFieldUnknownValue", r#"{"eventType": 123}"#, event(123)),
        (
            "StringField",
            r#"{"actorId": "Hello world!"}"#,
            actor("Hello world!"),
        ),
        (
            "StringFieldUnicode",
            r#"{"actorId": "谷歌"}"#,
            actor("谷歌"),
        ),
        (
            "StringFieldEscape",
            r#"{"actorId": "\"\\\/\b\f\n\r\t"}"#,
            actor("\"\\/\u{8}\u{c}\n\r\t"),
        ),
        (
            "StringFieldUnicodeEscape",
            r#"{"actorId": "\u8C37\u6B4C"}"#,
            actor("谷歌"),
        ),
        (
            "StringFieldUnicodeEscapeWithLowercaseHexLetters",
            r#"{"actorId": "\u8c37\u6b4c"}"#,
            actor("谷歌"),
        ),
        (
            "StringFieldSurrogatePair",
            r#"{"actorId": "\uD83D\uDE01"}"#,
            actor("😁"),
        ),
        (
            "StringFieldEmbeddedNull",
            r#"{"actorId": "Hello\u0000world!"}"#,
            actor("Hello\0world!"),
        ),
        ("BytesField", r#"{"payload": "AQI="}"#, payload(b"\x01\x02")),
        (
            "BytesFieldBase64Url",
            r#"{"payload": "-_"}"#,
            payload(b"\xfb"),
        ),
        (
            "StringRepeatedField",
            r#"{"policyTags": ["Hello", "world"]}"#,
            tags(["Hello", "world"]),
        ),
        (
            "AllFieldAcceptNull",
            r#"{"eventType": null, "outcome": null, "severity": null, "actorId": null,
                "component": null, "environment": null, "resource": null, "message": null,
                "payload": null, "policyTags": null, "sensitivity": null}"#,
            LogEntry::default(),
        ),
    ] {
        let read: LogEntry =
            serde_json::from_str(json).unwrap_or_else(|err| panic!("{name}: {err}"));
        assert_eq!(read, expected, "{name}");
        let written = serde_json::to_string(&read).unwrap();
        let again: LogEntry = serde_json::from_str(&written).unwrap();
        assert_eq!(again, expected, "{name}.JsonOutput");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn invalid_json_is_refused() {
    for (name, json) in [
        ("RejectTopLevelNull", "null"),
        ("StringEndsWithEscapeChar", "{\"actorId\": \"abc\\"),
        ("FieldNameNotQuoted", "{actorId: \"a\"}"),
        ("TrailingCommaInAnObject", r#"{"eventType":1,}"#),
        ("TrailingCommaInAnObjectWithSpace", r#"{"eventType":1 ,}"#),
        (
            "TrailingCommaInAnObjectWithSpaceCommaSpace",
            r#"{"eventType":1 , }"#,
        ),
        (
            "TrailingCommaInAnObjectWithNewlines",
            "{\n\"eventType\":1,\n}",
        ),
        (
            "JsonWithComments",
            "{\n// This is a comment.\n\"eventType\": 1\n}",
        ),
        (
            "MissingCommaOneLine",
            r#"{ "eventType": 1 "actorId": "a" }"#,
        ),
        (
            "MissingCommaMultiline",
            "{\n  \"eventType\": 1\n  \"actorId\": \"a\"\n}",
        ),
        // The suite has the last value or a refusal.
        ("FieldNameDuplicate", r#"{"actorId": "a", "actorId": ""}"#),
        (
            "FieldNameDuplicateDifferentCasing1",
            r#"{"actor_id": "a", "actorId": ""}"#,
        ),
        (
            "FieldNameDuplicateDifferentCasing2",
            r#"{"actorId": "a", "actor_id": ""}"#,
        ),
        (
            "RejectUnknownEnumStringValue",
            r#"{"eventType": "UNKNOWN_ENUM_VALUE"}"#,
        ),
        ("EnumFieldNotQuoted", r#"{"eventType": EVENT_LOGIN}"#),
        (
            "EnumFieldSingleElementArrayEnumName",
            r#"{"eventType": ["EVENT_LOGIN"]}"#,
        ),
        (
            "EnumFieldSingleElementArrayNumericValue",
            r#"{"eventType": [2]}"#,
        ),
        ("EnumFieldTrueValue", r#"{"eventType": true}"#),
        ("EnumFieldFalseValue", r#"{"eventType": false}"#),
        (
            "StringFieldUppercaseEscapeLetter",
            r#"{"actorId": "\U8C37\U6b4C"}"#,
        ),
        ("StringFieldInvalidEscape", r#"{"actorId": "\uXXXX\u6B4C"}"#),
        ("StringFieldUnterminatedEscape", r#"{"actorId": "\u8C3"}"#),
        (
            "StringFieldUnpairedHighSurrogate",
            r#"{"actorId": "\uD800"}"#,
        ),
        (
            "StringFieldUnpairedLowSurrogate",
            r#"{"actorId": "\uDC00"}"#,
        ),
        (
            "StringFieldSurrogateInWrongOrder",
            r#"{"actorId": "\uDE01\uD83D"}"#,
        ),
        ("StringFieldNotAString", r#"{"actorId": 12345}"#),
        (
            "StringFieldSingleQuoteKey",
            r#"{'actorId': "Hello world!"}"#,
        ),
        (
            "StringFieldSingleQuoteValue",
            r#"{"actorId": 'Hello world!'}"#,
        ),
        ("StringFieldSingleQuoteBoth", "{'actorId': 'Hello world!'}"),
        (
            "RepeatedFieldWrongElementTypeExpectingStringsGotInt",
            r#"{"policyTags": ["1", 2, "3", "4"]}"#,
        ),
        (
            "RepeatedFieldWrongElementTypeExpectingStringsGotBool",
            r#"{"policyTags": ["1", "2", false, "4"]}"#,
        ),
        (
            "RepeatedFieldWrongElementTypeExpectingStringsGotMessage",
            r#"{"policyTags": ["1", 2, "3", {"a": 4}]}"#,
        ),
        (
            "RepeatedFieldTrailingComma",
            r#"{"policyTags": ["1", "2",]}"#,
        ),
        (
            "RepeatedFieldTrailingCommaWithSpace",
            r#"{"policyTags": ["1", "2" ,]}"#,
        ),
        (
            "RepeatedFieldPrimitiveElementIsNull",
            r#"{"policyTags": ["1", null]}"#,
        ),
        // Ignoring unknown fields is an option of a parser; this one does not have it.
        ("IgnoreUnknownJsonNumber", r#"{"unknown": 1}"#),
    ] {
        let read = serde_json::from_str::<LogEntry>(json);
        assert!(read.is_err(), "{name}: read as {read:?}");
    }
}

/// Names, numbers and zeros as they are written.
#[test]
fn json_is_written_as_the_suite_expects() {
    let entry = LogEntry {
        policy_tags: vec!["a".to_owned()],
        event_type: 123,
        ..actor("a")
    };
    let json = serde_json::to_value(&entry).unwrap();
    assert_eq!(json["eventType"], 123, "EnumFieldUnknownValue.Validator");
    assert!(
        json.get("policyTags").is_some(),
        "FieldNameInLowerCamelCase.Validator"
    );
    assert!(
        json.get("message").is_none(),
        "SkipsDefaultPrimitive.Validator"
    );
}

fn key(field: u32, wire_type: u32) -> Vec<u8> {
    varint(u64::from(field << 3 | wire_type))
}

fn varint(value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    lokryn_compliance_log::prost::encoding::encode_varint(value, &mut bytes);
    bytes
}

/// A length-delimited record.
fn len(field: u32, value: &[u8]) -> Vec<u8> {
    [key(field, LEN), varint(value.len() as u64), value.to_vec()].concat()
}

fn group(field: u32, records: &[u8]) -> Vec<u8> {
    [
        key(field, START_GROUP),
        records.to_vec(),
        key(field, END_GROUP),
    ]
    .concat()
}

const VARINT: u32 = 0;
const I64: u32 = 1;
const LEN: u32 = 2;
const START_GROUP: u32 = 3;
const END_GROUP: u32 = 4;
const I32: u32 = 5;

const EVENT_TYPE: u32 = 1;
const ACTOR_ID: u32 = 4;
const PAYLOAD: u32 = 9;
const POLICY_TAGS: u32 = 10;
const UNKNOWN: u32 = 1001;

#[track_caller]
fn assert_refused(name: &str, bytes: &[u8]) {
    assert!(LogEntry::decode(bytes).is_err(), "{name}: {bytes:x?}");
    assert!(
        LogEntryView::decode(bytes).is_err(),
        "{name}, view: {bytes:x?}"
    );
}

#[track_caller]
fn assert_read(name: &str, bytes: &[u8], expected: &LogEntry) {
    assert_eq!(
        LogEntry::decode(bytes).as_ref(),
        Ok(expected),
        "{name}: {bytes:x?}"
    );
    let view = LogEntryView::decode(bytes).unwrap_or_else(|err| panic!("{name}: {err}"));
    assert_eq!(view.to_entry(), *expected, "{name}, view: {bytes:x?}");
    let written = expected.encode_to_vec();
    assert_eq!(view.encode_to_vec(), written, "{name}, written");
    assert_eq!(
        LogEntry::decode(&*written).as_ref(),
        Ok(expected),
        "{name}, read again"
    );
}

#[test]
fn premature_ends_are_refused() {
    for (wire_type, incomplete) in [
        (VARINT, &b"\x80"[..]),
        (I64, b"abcdefg"),
        (LEN, b"\x80"),
        (I32, b"abc"),
    ] {
        let known: &[u32] = match wire_type {
            VARINT => &[EVENT_TYPE],
            LEN => &[ACTOR_ID, PAYLOAD, POLICY_TAGS],
            _ => &[],
        };
        for &field in known.iter().chain(&[UNKNOWN]) {
            let key = key(field, wire_type);
            assert_refused("PrematureEofBefore…Value", &key);
            assert_refused("PrematureEofInside…Value", &[&key, incomplete].concat());
            if wire_type == LEN {
                assert_refused(
                    "PrematureEofInDelimitedDataFor…Value",
                    &[&*key, b"\x01"].concat(),
                );
            }
        }
    }
}

#[test]
fn illegal_keys_are_refused() {
    for bytes in [
        &b"\x01DEADBEEF"[..],
        b"\x02\x01\x01",
        b"\x03\x04",
        b"\x05DEAD",
    ] {
        assert_refused("IllegalZeroFieldNum_Case", bytes);
    }
    let one = b"\x88";
    let value = varint(1234);
    for (name, rest) in [
        (
            "BadTag_FieldNumberTooHigh",
            &b"\x80\x80\x80\x80\x80\x0f"[..],
        ),
        ("BadTag_FieldNumberSlightlyTooHigh", b"\x80\x80\x80\x40"),
        (
            "BadTag_VarintMoreThanTenBytes",
            b"\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\0",
        ),
    ] {
        assert_refused(name, &[one, rest, &value].concat());
    }
    for wire_type in [6, 7] {
        for field in 0..4_u8 {
            for value in 0..4 {
                assert_refused("UnknownWireType", &[field << 3 | wire_type, value]);
            }
        }
    }
}

#[test]
fn unmatched_groups_are_refused() {
    for (name, bytes) in [
        ("UnmatchedEndGroup", key(201, END_GROUP)),
        ("UnmatchedEndGroupUnknown", key(1234, END_GROUP)),
        ("UnmatchedEndGroupWrongType", key(EVENT_TYPE, END_GROUP)),
        ("UnmatchedEndGroupNested", group(201, &key(202, END_GROUP))),
        (
            "UnmatchedEndGroupWithData",
            [key(1, END_GROUP), len(2, b"hello world")].concat(),
        ),
        ("UnmatchedStartGroup", key(201, START_GROUP)),
        ("UnmatchedStartGroupUnknown", key(1234, START_GROUP)),
        ("UnmatchedStartGroupWrongType", key(EVENT_TYPE, START_GROUP)),
        (
            "UnmatchedStartGroupNested",
            group(201, &key(202, START_GROUP)),
        ),
        (
            "UnmatchedStartGroupWithData",
            [key(1, START_GROUP), len(2, b"hello world")].concat(),
        ),
        (
            "MismatchedGroupTags",
            [
                key(201, START_GROUP),
                len(2, b"hello world"),
                key(202, END_GROUP),
            ]
            .concat(),
        ),
        (
            "MismatchedNestedGroupTags",
            group(
                201,
                &[
                    key(202, START_GROUP),
                    len(2, b"hello world"),
                    key(203, END_GROUP),
                ]
                .concat(),
            ),
        ),
    ] {
        assert_refused(name, &bytes);
    }
}

#[test]
fn text_that_is_not_utf_8_is_refused() {
    assert_refused(
        "RejectInvalidUtf8.String.Singular",
        &len(ACTOR_ID, b"\xa0\xb0\xc0\xd0"),
    );
    assert_refused(
        "RejectInvalidUtf8.String.Repeated",
        &len(POLICY_TAGS, b"\xa0\xb0\xc0\xd0"),
    );
}

#[test]
fn valid_data_is_read() {
    for text in [
        "",
        "Hello world!",
        "'\"?\\\u{7}\u{8}\u{c}\n\r\t\u{b}",
        "谷歌",
        "😁",
    ] {
        let record = len(ACTOR_ID, text.as_bytes());
        assert_read("ValidDataScalar.STRING", &record, &actor(text));
        let twice = [len(ACTOR_ID, b"before"), record].concat();
        assert_read("RepeatedScalarSelectsLast.STRING", &twice, &actor(text));
        let record = len(POLICY_TAGS, text.as_bytes());
        assert_read(
            "ValidDataRepeated.STRING",
            &record.repeat(2),
            &tags([text, text]),
        );
    }
    for bytes in [&b""[..], b"Hello world!", b"\x01\x02", b"\xfb"] {
        let record = len(PAYLOAD, bytes);
        assert_read("ValidDataScalar.BYTES", &record, &payload(bytes));
        let twice = [len(PAYLOAD, b"before"), record].concat();
        assert_read("RepeatedScalarSelectsLast.BYTES", &twice, &payload(bytes));
    }
    for (value, expected) in [
        (0, 0),
        (1, 1),
        (2, 2),
        (u64::MAX, -1),
        (0x7fff_ffff_ffff_ffff, -1),
        (0x8000_0000_0000_0001, 1),
    ] {
        let record = [key(EVENT_TYPE, VARINT), varint(value)].concat();
        assert_read("ValidDataScalar.ENUM", &record, &event(expected));
        let twice = [key(EVENT_TYPE, VARINT), varint(7), record].concat();
        assert_read("RepeatedScalarSelectsLast.ENUM", &twice, &event(expected));
    }
}

#[test]
fn the_deviations_are_those_that_are_listed() {
    let overlong = b"\x88\x80\x80\x80\x80\x80\x80\x80\0\x01";
    assert_read("BadTag_OverlongVarint", overlong, &event(1));
    let unknown = [key(UNKNOWN, VARINT), varint(1), len(ACTOR_ID, b"a")].concat();
    assert_read("UnknownVarint", &unknown, &actor("a"));
}
