//! The Rust side of the checks against release 0.2 of the published package: reads and
//! writes streams and ProtoJSON on request.
//!
//! ```text
//! release_0_2 generate COUNT > STREAM    records of 0.2
//! release_0_2 recode < STREAM > STREAM   decodes each record of 0.2 and encodes it again
//! release_0_2 entries < STREAM > STREAM  from records of 0.2 to entries
//! release_0_2 records < STREAM > STREAM  from entries to records of 0.2
//! release_0_2 mixed < STREAM > LINES     what each record of a mixed file is
//! release_0_2 to-json < STREAM > LINES   ProtoJSON, or that there is none
//! release_0_2 from-json < LINES > STREAM
//! release_0_2 descriptor > DESCRIPTOR    the schema, compiled
//! release_0_2 mappings > JSON            what OCSF and OpenTelemetry call the enums
//! ```

use std::error::Error;
use std::io::{self, BufRead as _, BufReader, BufWriter, Write};
use std::{env, iter};

use lokryn_compliance_log::prost::encode_length_delimiter;
use lokryn_compliance_log::prost_types::value::Kind;
use lokryn_compliance_log::prost_types::{ListValue, Struct, Timestamp};
use lokryn_compliance_log::release_0_2::{
    self, FILE_DESCRIPTOR_SET, GenAiPayload, LogRequest, McpPayload, Message, Metadata, Payload,
    ToolCall,
};
use lokryn_compliance_log::stream::{MixedEntry, MixedReader};
use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments[..] {
        ["generate", count] => {
            let records = (0..count.parse()?).map(|i| Ok(record(i).to_bytes()));
            write_all(&mut out, records)?;
        }
        ["recode"] => write_all(
            &mut out,
            frames().map(|record| Ok(LogRequest::from_bytes(&record?)?.to_bytes())),
        )?,
        ["entries"] => write_all(
            &mut out,
            frames().map(|record| Ok(release_0_2::from_bytes(&record?)?.to_bytes())),
        )?,
        ["records"] => write_all(
            &mut out,
            frames().map(|entry| Ok(release_0_2::to_bytes(&LogEntry::from_bytes(&entry?)?))),
        )?,
        ["mixed"] => mixed(&mut out)?,
        ["to-json"] => {
            for record in frames() {
                match serde_json::to_string(&LogRequest::from_bytes(&record?)?) {
                    Ok(json) => writeln!(out, "{json}")?,
                    Err(err) => writeln!(out, "refused: {err}")?,
                }
            }
        }
        ["from-json"] => {
            let lines = io::stdin().lock().lines();
            let records =
                lines.map(|line| Ok(serde_json::from_str::<LogRequest>(&line?)?.to_bytes()));
            write_all(&mut out, records)?;
        }
        ["descriptor"] => out.write_all(FILE_DESCRIPTOR_SET)?,
        ["mappings"] => writeln!(out, "{}", mappings())?,
        _ => return Err("see the head of tests/interop/release_0_2.rs".into()),
    }
    Ok(out.flush()?)
}

/// Empty records, too, which a `LogReader` would refuse.
fn frames() -> impl Iterator<Item = Result<Vec<u8>>> {
    let mut input = BufReader::new(io::stdin().lock());
    iter::from_fn(move || match input.fill_buf() {
        Ok([]) => None,
        Ok(_) => Some(frame(&mut input)),
        Err(err) => Some(Err(err.into())),
    })
}

fn frame(input: &mut impl io::Read) -> Result<Vec<u8>> {
    let mut len = 0_usize;
    for shift in (0..).step_by(7) {
        let mut byte = [0];
        input.read_exact(&mut byte)?;
        len |= usize::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            break;
        }
    }
    let mut record = vec![0; len];
    input.read_exact(&mut record)?;
    Ok(record)
}

fn write_all(mut out: impl Write, records: impl Iterator<Item = Result<Vec<u8>>>) -> Result<()> {
    for record in records {
        let record = record?;
        let mut frame = Vec::new();
        encode_length_delimiter(record.len(), &mut frame)?;
        frame.extend(record);
        out.write_all(&frame)?;
    }
    Ok(())
}

fn mixed(mut out: impl Write) -> Result<()> {
    for record in MixedReader::new(io::stdin().lock()) {
        match record? {
            MixedEntry::Decided { entry, release } => {
                writeln!(out, "{release:?} {}", json!(entry.actor_id))?;
            }
            MixedEntry::Undecided(_) => writeln!(out, "undecided")?,
            _ => return Err("a kind of record that the checks do not know".into()),
        }
    }
    Ok(())
}

fn mappings() -> Value {
    let event_types: Vec<_> = release_0_2::EventType::ALL
        .iter()
        .chain([&release_0_2::EventType::Unspecified])
        .map(|it| {
            let (class, activity) = (it.ocsf_class_uid(), it.ocsf_activity_id());
            json!([i32::from(*it), class, activity, it.otel_operation_name()])
        })
        .collect();
    let entry_event_types: Vec<_> = EventType::ALL
        .iter()
        .map(|it| {
            let (class, activity) = (it.ocsf_class_uid(), it.ocsf_activity_id());
            json!([it.as_str_name(), class, activity, it.otel_operation_name()])
        })
        .collect();
    let outcomes: Vec<_> = release_0_2::Outcome::ALL
        .iter()
        .chain([&release_0_2::Outcome::Unknown])
        .map(|it| (i32::from(*it), it.ocsf_status_id()))
        .collect();
    let entry_outcomes: Vec<_> = Outcome::ALL
        .iter()
        .map(|it| (it.as_str_name(), it.ocsf_status_id()))
        .collect();
    let sensitivities: Vec<_> = release_0_2::Sensitivity::ALL
        .iter()
        .chain([&release_0_2::Sensitivity::Unknown])
        .map(|it| (i32::from(*it), it.ocsf_confidentiality_id()))
        .collect();
    let entry_sensitivities: Vec<_> = Sensitivity::ALL
        .iter()
        .map(|it| (it.as_str_name(), it.ocsf_confidentiality_id()))
        .collect();
    json!({
        "event_types": event_types,
        "outcomes": outcomes,
        "sensitivities": sensitivities,
        "entry": {
            "event_types": entry_event_types,
            "outcomes": entry_outcomes,
            "sensitivities": entry_sensitivities,
        },
    })
}

const NUMBERS: [i32; 10] = [0, 1, 2, 3, 5, 10, 20, 42, 99, -1];

const DOUBLES: [f64; 7] = [0.0, 0.5, 1.0, -2.0, 1e300, f64::NAN, f64::INFINITY];

/// The `i`th record: each field goes through its values at a pace of its own.
fn record(i: usize) -> LogRequest {
    let number = |pace: usize| NUMBERS[i / pace % NUMBERS.len()];
    let long = |pace: usize| i64::from(number(pace)) << (i % 60);
    let text = |name: &str| match i % 3 {
        0 => String::new(),
        1 => name.to_owned(),
        _ => format!("{name} Zoë 正面 🔒 {i}\n"),
    };
    LogRequest {
        event_type: i32::try_from(i % 50).unwrap_or_default(),
        outcome: number(1),
        severity: number(2),
        sensitivity: number(3),
        ocsf_class_uid: number(5) * 1_000,
        ocsf_activity_id: number(7),
        otel_operation_name: text("chat"),
        time: (i % 4 != 0).then(|| Timestamp {
            seconds: long(1) % 253_402_300_800,
            nanos: number(11).abs() * 1_001,
        }),
        duration_ms: long(2),
        actor_id: text("agent-001"),
        actor_type: text("agent"),
        component: text("gateway"),
        environment: text("production"),
        resource: text("file:///etc/hosts"),
        message: text("message"),
        trace_id: text("trace"),
        span_id: text("span"),
        parent_span_id: text("parent"),
        session_id: text("session"),
        policy_tags: (0..i % 5).map(|tag| text(&format!("tag-{tag}"))).collect(),
        metadata: (i % 5 == 0).then(|| Metadata {
            schema_version: text("0.2.0"),
            product_name: text("product"),
            product_version: text("1"),
            vendor_name: text("vendor"),
        }),
        client_id: text("client"),
        client_version: text("1"),
        server_id: text("server"),
        server_version: text("2"),
        request_size_bytes: long(3),
        response_size_bytes: long(5),
        geo_region: text("eu"),
        payload: match i % 4 {
            0 => None,
            1 => Some(Payload::Genai(genai(i))),
            2 => Some(Payload::Mcp(McpPayload {
                protocol_version: text("2025-11-25"),
                request_id: text("7"),
                tool_name: text("tool"),
                tool_arguments: (i % 8 > 3).then(|| data(i, 3)),
                tool_result: (i % 16 > 7).then(Struct::default),
                resource_uri: text("https://example.com"),
                resource_mime_type: text("text/plain"),
                sampling: (i % 32 > 15).then(|| genai(i)),
                client_capabilities: vec![text("roots"); i % 3],
                server_capabilities: vec![text("tools"); i % 2],
            })),
            _ => Some(Payload::Data(data(i, i % 6))),
        },
    }
}

fn genai(i: usize) -> GenAiPayload {
    let message = |role: &str| Message {
        role: role.to_owned(),
        content: format!("{role} says {i}"),
        name: String::new(),
    };
    GenAiPayload {
        model: "model".to_owned(),
        provider: "provider".to_owned(),
        input_tokens: NUMBERS[i % NUMBERS.len()],
        output_tokens: i32::MAX,
        total_tokens: i32::MIN,
        temperature: DOUBLES[i % DOUBLES.len()],
        max_tokens: 4_096,
        top_p: DOUBLES[i / 3 % DOUBLES.len()],
        finish_reason: "stop".to_owned(),
        time_to_first_token_ms: 1 << (i % 63),
        response_id: "response".to_owned(),
        input_messages: vec![message("system"), message("user")],
        output_messages: vec![message("assistant"); i % 3],
        tool_calls: vec![ToolCall::default(); i % 2],
    }
}

fn data(i: usize, depth: usize) -> Struct {
    let nested = match depth {
        0 => Kind::NullValue(0),
        _ if i % 2 == 0 => Kind::StructValue(data(i, depth - 1)),
        _ => Kind::ListValue(ListValue {
            values: vec![Kind::StructValue(data(i + 1, depth - 1)).into(); 2],
        }),
    };
    let fields = [
        ("text", Kind::StringValue(format!("{i}"))),
        ("number", Kind::NumberValue(DOUBLES[i % 5])),
        ("flag", Kind::BoolValue(i % 3 == 0)),
        ("nested", nested),
    ];
    Struct {
        fields: fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value.into()))
            .collect(),
    }
}
