//! Records of release 0.2.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::prost_types::value::Kind;
use lokryn_compliance_log::prost_types::{ListValue, Struct, Timestamp, Value};
use lokryn_compliance_log::release_0_2::{
    self, GenAiPayload, LogRequest, McpPayload, Message, Metadata, Payload, ToolCall,
};
use lokryn_compliance_log::{LogEntry, Release};

use crate::random::Random;
use crate::wire::Variants;
use crate::{Check, entries, json, scan};

/// How many changed records are tried for each.
const CHANGED: usize = 12;

/// Any record of release 0.2 becomes an entry and comes back, and so does any entry as a
/// record; and on any bytes prost and the crate agree.
#[derive(Debug, Default)]
pub struct Release02 {
    variants: Variants,
}

impl Check for Release02 {
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        if let Ok(request) = LogRequest::from_bytes(bytes) {
            assert!(format!("{request:?}").starts_with("LogRequest"));
        }
        self.variants_of(bytes, &mut Random::of(bytes))
    }

    fn seed(&mut self, seed: u64) -> u64 {
        let mut random = Random::seeded(seed);
        let mut entry = entries::entry(&mut random);
        if random.once_in(2) {
            let mut payload = Vec::new();
            json::put_object(&mut random, 3, json::Spelling::Compact, &mut payload);
            if random.once_in(16) {
                payload = nested(&mut random, &payload);
            }
            entry.payload = payload.into();
        }
        check_entry(&entry);
        let request = any_request(&mut random);
        let bytes = request.encode_to_vec();
        check_request(&bytes, &request);
        assert!(format!("{request:?}").starts_with("LogRequest"));
        2 + self.variants_of(&bytes, &mut random)
    }
}

impl Release02 {
    fn variants_of(&mut self, bytes: &[u8], random: &mut Random) -> u64 {
        let mut count = 0;
        self.variants.each(bytes, random, CHANGED, |bytes, _| {
            check(bytes);
            count += 1;
        });
        count
    }
}

fn check(bytes: &[u8]) {
    // Prost's verdict and ours.
    let decoded = LogRequest::decode(bytes);
    let read = LogRequest::from_bytes(bytes);
    assert_eq!(decoded.is_ok(), read.is_ok(), "{bytes:?}");
    match Release::of(bytes) {
        Some(Release::V0_1) => assert!(read.is_err(), "{bytes:?}"),
        Some(_) => assert!(LogEntry::from_bytes(bytes).is_err(), "{bytes:?}"),
        None => {}
    }
    match read {
        Ok(request) => check_request(bytes, &request),
        Err(err) => assert!(err.offset() <= bytes.len(), "{bytes:?}"),
    }
    if let Ok(entry) = LogEntry::from_bytes(bytes) {
        check_entry(&entry);
    }
}

/// Compared by their bytes, because NaN is not equal to itself.
fn check_request(bytes: &[u8], request: &LogRequest) {
    let encoded = request.encode_to_vec();
    let entry = LogEntry::from(request.clone());
    let back = LogRequest::from(entry);
    assert_eq!(back.encode_to_vec(), encoded, "{bytes:?}");

    let entry = release_0_2::from_bytes(bytes).unwrap();
    let back = release_0_2::to_bytes(&entry);
    if back != bytes {
        let decoded = LogRequest::decode(&*back).unwrap();
        assert_eq!(decoded.encode_to_vec(), encoded, "{bytes:?}");
        // The same bytes, but for their order.
        let sorted = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            bytes.sort_unstable();
            bytes
        };
        assert_eq!(sorted(&back), sorted(bytes), "{bytes:?}");
    }

    if let Ok(json) = serde_json::to_string(request) {
        let read: LogRequest = serde_json::from_str(&json).unwrap();
        // JSON has one null where a `NullValue` may have other numbers.
        if read.encode_to_vec() != encoded {
            assert_eq!(serde_json::to_string(&read).unwrap(), json);
        }
    }
}

fn check_entry(entry: &LogEntry) {
    let request = LogRequest::from(entry.clone());
    let encoded = request.encode_to_vec();
    let decoded = LogRequest::decode(&*encoded).unwrap();
    assert_eq!(decoded.encode_to_vec(), encoded, "{entry:?}");
    let back = LogEntry::from(request);
    let is_same = LogEntry {
        payload: entry.payload.clone(),
        ..back.clone()
    };
    assert_eq!(is_same, *entry);
    check_integers(entry, &back);
    assert_eq!(LogRequest::from(back).encode_to_vec(), encoded, "{entry:?}");
}

/// Whatever place they have, integers come back as integers.
fn check_integers(entry: &LogEntry, back: &LogEntry) {
    let Ok(value) = entry.json_payload::<serde_json::Value>() else {
        return;
    };
    let (mut set, mut found) = (Vec::new(), Vec::new());
    put_integers(&value, &mut set);
    if set.is_empty() {
        return;
    }
    // With a member that is there twice, a payload is bytes.
    if let Some(base64) = scan::at_path(&back.payload, &["data", "payload_base64"])
        && let Some(base64) = scan::text(base64)
        && STANDARD.decode(&*base64).as_deref() == Ok(&entry.payload)
    {
        return;
    }
    put_integers(&back.json_payload().unwrap(), &mut found);
    for number in set {
        assert!(
            found.contains(&number),
            "{number}: {:?} {:?}",
            entry.payload,
            back.payload
        );
    }
}

/// Puts a value in a payload of the release, deeper than a record may nest, too.
fn nested(random: &mut Random, value: &[u8]) -> Vec<u8> {
    let depth = random.below(130);
    let (open, close) = ("[".repeat(depth), "]".repeat(depth));
    let (before, after) = (format!("{{\"data\":{{\"a\":{open}"), format!("{close}}}}}"));
    [before.as_bytes(), value, after.as_bytes()].concat()
}

fn put_integers(value: &serde_json::Value, integers: &mut Vec<i128>) {
    match value {
        serde_json::Value::Number(number) => integers.extend(number.as_i128()),
        serde_json::Value::Array(values) => {
            for value in values {
                put_integers(value, integers);
            }
        }
        serde_json::Value::Object(object) => {
            for value in object.values() {
                put_integers(value, integers);
            }
        }
        _ => {}
    }
}

fn text(random: &mut Random) -> String {
    if random.once_in(2) {
        String::new()
    } else {
        entries::text(random)
    }
}

fn int32(random: &mut Random) -> i32 {
    match random.below(4) {
        0 | 1 => 0,
        2 => entries::number(random),
        _ => i32::MIN + entries::number(random).saturating_abs(),
    }
}

fn int64(random: &mut Random) -> i64 {
    let number = i64::from_le_bytes(random.number().to_le_bytes());
    match random.below(6) {
        0..3 => 0,
        3 => number.rem_euclid(10_000),
        4 => (1 << 53) - 2 + number.rem_euclid(5),
        _ => number,
    }
}

fn double(random: &mut Random) -> f64 {
    match random.below(8) {
        0..3 => 0.0,
        3 => -0.0,
        4 => 0.7,
        5 => [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1.0, -3.0, 1e300][random.below(6)],
        _ => f64::from_bits(random.number()),
    }
}

fn some<T>(random: &mut Random, times: usize, make: fn(&mut Random) -> T) -> Option<T> {
    random.once_in(times).then(|| make(random))
}

fn some_of<T>(random: &mut Random, make: fn(&mut Random) -> T) -> Vec<T> {
    if random.once_in(2) {
        return Vec::new();
    }
    (0..random.below(4)).map(|_| make(random)).collect()
}

fn any_request(random: &mut Random) -> LogRequest {
    LogRequest {
        event_type: enumeration(random),
        outcome: enumeration(random),
        severity: enumeration(random),
        sensitivity: enumeration(random),
        ocsf_class_uid: int32(random),
        ocsf_activity_id: int32(random),
        otel_operation_name: text(random),
        time: some(random, 2, time),
        duration_ms: int64(random),
        actor_id: text(random),
        actor_type: text(random),
        component: text(random),
        environment: text(random),
        resource: text(random),
        message: text(random),
        trace_id: text(random),
        span_id: text(random),
        parent_span_id: text(random),
        session_id: text(random),
        policy_tags: some_of(random, text),
        metadata: some(random, 3, metadata),
        client_id: text(random),
        client_version: text(random),
        server_id: text(random),
        server_version: text(random),
        request_size_bytes: int64(random),
        response_size_bytes: int64(random),
        geo_region: text(random),
        payload: some(random, 2, |random| match random.below(4) {
            0 => Payload::Genai(genai(random)),
            1 => Payload::Mcp(mcp(random)),
            _ => Payload::Data(any_struct(random, 3)),
        }),
    }
}

/// A number that one of the releases has a name for, usually.
fn enumeration(random: &mut Random) -> i32 {
    match random.below(10) {
        0 => 99,
        1 => entries::number(random),
        _ => i32::try_from(random.below(45)).unwrap_or_default(),
    }
}

fn time(random: &mut Random) -> Timestamp {
    let number = i64::from_le_bytes(random.number().to_le_bytes());
    let seconds = match random.below(5) {
        0 => number,
        1 => -62_135_596_802 + number.rem_euclid(5),
        2 => 253_402_300_797 + number.rem_euclid(6),
        _ => number.rem_euclid(2_000_000_000),
    };
    let nanos = match random.below(4) {
        0 => 0,
        1 => int32(random),
        _ => i32::try_from(random.below(1_000_000_000)).unwrap_or_default(),
    };
    Timestamp { seconds, nanos }
}

fn metadata(random: &mut Random) -> Metadata {
    Metadata {
        schema_version: text(random),
        product_name: text(random),
        product_version: text(random),
        vendor_name: text(random),
    }
}

fn message(random: &mut Random) -> Message {
    Message {
        role: text(random),
        content: text(random),
        name: text(random),
    }
}

fn genai(random: &mut Random) -> GenAiPayload {
    GenAiPayload {
        model: text(random),
        provider: text(random),
        input_tokens: int32(random),
        output_tokens: int32(random),
        total_tokens: int32(random),
        temperature: double(random),
        max_tokens: int32(random),
        top_p: double(random),
        finish_reason: text(random),
        time_to_first_token_ms: int64(random),
        response_id: text(random),
        output_messages: some_of(random, message),
        input_messages: some_of(random, message),
        tool_calls: some_of(random, |random| ToolCall {
            id: text(random),
            name: text(random),
            arguments: text(random),
            result: text(random),
        }),
    }
}

fn mcp(random: &mut Random) -> McpPayload {
    McpPayload {
        protocol_version: text(random),
        request_id: text(random),
        tool_name: text(random),
        tool_arguments: some(random, 2, |random| any_struct(random, 2)),
        tool_result: some(random, 2, |random| any_struct(random, 2)),
        resource_uri: text(random),
        resource_mime_type: text(random),
        sampling: some(random, 3, genai),
        client_capabilities: some_of(random, text),
        server_capabilities: some_of(random, text),
    }
}

fn any_struct(random: &mut Random, depth: usize) -> Struct {
    let fields = (0..random.below(4)).map(|_| {
        let name = random.one_of(&["a", "b", "data", "genai", "trace_id", "", "é"]);
        (name.to_owned(), value(random, depth))
    });
    Struct {
        fields: fields.collect::<BTreeMap<_, _>>(),
    }
}

fn value(random: &mut Random, depth: usize) -> Value {
    let kinds = if depth == 0 { 6 } else { 9 };
    match random.below(kinds) {
        0 => Value { kind: None },
        1 => Kind::NullValue(enumeration(random) & 1).into(),
        2 | 3 => Kind::NumberValue(double(random)).into(),
        4 => Kind::StringValue(text(random)).into(),
        5 => Kind::BoolValue(random.once_in(2)).into(),
        6 => {
            let values = (0..random.below(4)).map(|_| value(random, depth - 1));
            let values = values.collect();
            Kind::ListValue(ListValue { values }).into()
        }
        _ => Kind::StructValue(any_struct(random, depth - 1)).into(),
    }
}
