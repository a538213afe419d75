//! The Rust side of the checks against other implementations in
//! `tests/interop`: reads and writes streams and ProtoJSON on request.
//!
//! ```text
//! interop generate COUNT > STREAM     entries of every shape the schema allows
//! interop audit COUNT > STREAM        entries as services would write them
//! interop recode < STREAM > STREAM    decodes each entry and encodes it again
//! interop to-json < STREAM > LINES
//! interop from-json < LINES > STREAM
//! interop validate < STREAM           fails at the first invalid entry
//! interop verdicts < STREAM > LINES   each entry's JSON, or why it is refused
//! interop any < STREAM > ANY          the entry as a google.protobuf.Any of a LogRequest
//! interop split DIR < STREAM          one file for each entry, without framing
//! interop queries FILE > JSON         the auditors' questions of docs/engines.md
//! ```

use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead as _, BufWriter, Write};
use std::net::IpAddr;
use std::time::{Duration, UNIX_EPOCH};
use std::{env, fs, path::Path};

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::prost_types::{Any, Timestamp};
use lokryn_compliance_log::stream::{self, LogReader, LogWriter, ReadError};
use lokryn_compliance_log::{
    EventType, LOG_REQUEST_NAME, LogEntry, Outcome, Payload, Sensitivity, Severity,
};
use serde_json::{Value, json};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut out = BufWriter::new(io::stdout().lock());
    match arguments[..] {
        ["generate", count] => write_all(&mut out, count.parse()?, any_entry)?,
        ["audit", count] => write_all(&mut out, count.parse()?, audit_entry)?,
        ["recode"] => recode(&mut out)?,
        ["to-json"] => to_json(&mut out)?,
        ["from-json"] => from_json(&mut out)?,
        ["validate"] => validate()?,
        ["verdicts"] => verdicts(&mut out)?,
        ["any"] => any(&mut out)?,
        ["split", dir] => split(Path::new(dir))?,
        ["queries", file] => writeln!(out, "{}", queries(&fs::read(file)?)?)?,
        _ => return Err("see the head of tests/interop/interop.rs".into()),
    }
    Ok(out.flush()?)
}

fn input() -> LogReader<io::StdinLock<'static>> {
    LogReader::new(io::stdin().lock())
}

fn write_all(out: impl Write, count: usize, entry: fn(usize, &mut Rng) -> LogEntry) -> Result<()> {
    let mut rng = Rng(0x5EED);
    let mut writer = LogWriter::new(out);
    for i in 0..count {
        writer.write(&entry(i, &mut rng))?;
    }
    Ok(())
}

/// Goes through both decoders, prost's and the view, which must agree.
fn recode(out: impl Write) -> Result<()> {
    let mut reader = input();
    let mut writer = LogWriter::new(out);
    while let Some(frame) = reader.next_view() {
        let frame = frame?;
        let entry = LogEntry::decode(frame.bytes)?;
        if entry != frame.view.to_entry() {
            return Err(format!("prost and the view differ at byte {}", frame.offset).into());
        }
        writer.write(&entry)?;
    }
    Ok(())
}

fn to_json(mut out: impl Write) -> Result<()> {
    for entry in input() {
        writeln!(out, "{}", serde_json::to_string(&entry?)?)?;
    }
    Ok(())
}

fn from_json(out: impl Write) -> Result<()> {
    let mut writer = LogWriter::new(out);
    for line in io::stdin().lock().lines() {
        writer.write(&serde_json::from_str::<LogEntry>(&line?)?)?;
    }
    Ok(())
}

fn validate() -> Result<()> {
    for (i, entry) in input().enumerate() {
        entry?
            .validate()
            .map_err(|err| format!("entry {i}: {err}"))?;
    }
    Ok(())
}

fn verdicts(mut out: impl Write) -> Result<()> {
    for entry in input() {
        match entry {
            Ok(entry) => writeln!(out, "{}", serde_json::to_string(&entry)?)?,
            Err(ReadError::Malformed { source, .. }) => writeln!(out, "refused: {source}")?,
            Err(err) => return Err(err.into()),
        }
    }
    Ok(())
}

/// Packs an entry for a peer that asks for a `LogRequest`.
fn any(mut out: impl Write) -> Result<()> {
    let entry = input().next().ok_or("no entry")??;
    let any = Any {
        type_url: format!("type.googleapis.com/{LOG_REQUEST_NAME}"),
        value: entry.to_bytes(),
    };
    Ok(out.write_all(&any.encode_to_vec())?)
}

fn split(dir: &Path) -> Result<()> {
    for (i, entry) in input().enumerate() {
        fs::write(dir.join(format!("{i:06}.binpb")), entry?.to_bytes())?;
    }
    Ok(())
}

/// What the SQL of `docs/engines.md` asks, counted by hand.
fn queries(file: &[u8]) -> Result<Value> {
    let mut failures = BTreeMap::<_, u64>::new();
    let mut hipaa = BTreeMap::<_, u64>::new();
    let mut exported = BTreeMap::<_, u64>::new();
    let mut logins = BTreeMap::<_, u64>::new();
    let (address, from, to): (IpAddr, Timestamp, Timestamp) = (
        "203.0.113.7".parse()?,
        "2026-11-25T00:00:00Z".parse()?,
        "2026-11-26T00:00:00Z".parse()?,
    );
    for frame in stream::views(file) {
        let entry = frame?.view;
        if entry.outcome().is_failure() {
            *failures.entry(entry.actor_id).or_default() += 1;
        }
        if entry.sensitivity() > Sensitivity::Confidential
            && entry.policy_tags.iter().any(|tag| tag == "HIPAA")
        {
            *hipaa.entry(entry.component).or_default() += 1;
        }
        if entry.event_type() == EventType::DataExport {
            let records: Option<u64> = entry.detail("records")?;
            *exported.entry(entry.actor_id).or_default() += records.unwrap_or(0);
        }
        if entry.event_type() == EventType::Login
            && entry.source_address()? == Some(address)
            && entry
                .occurred_at()?
                .is_some_and(|at| from.seconds <= at.seconds && at.seconds < to.seconds)
        {
            *logins.entry(entry.actor_id).or_default() += 1;
        }
    }
    Ok(json!({
        "logins from an address by actor": rows(logins),
        "failures by actor": rows(failures),
        "sensitive HIPAA entries by component": rows(hipaa),
        "records exported by actor": rows(exported),
    }))
}

fn rows(counts: BTreeMap<&str, u64>) -> Vec<(&str, u64)> {
    counts.into_iter().collect()
}

const UNKNOWN: [i32; 9] = [77, 1000, 127, 128, 1 << 14, i32::MAX, -1, -2, i32::MIN];

const TEXTS: [&str; 6] = [
    "",
    "agent-001",
    "Zoë 正面 🔒 שלום e\u{301}",
    "quote \" backslash \\ slash / newline \n return \r tab \t",
    "NUL \0 escape \u{1b} delete \u{7f}",
    "line \u{2028} paragraph \u{2029} mark \u{feff} last \u{10ffff}",
];

fn any_entry(i: usize, rng: &mut Rng) -> LogEntry {
    LogEntry {
        event_type: number(i, EventType::ALL),
        outcome: number(i * 2, Outcome::ALL),
        severity: number(i * 5, Severity::ALL),
        actor_id: any_text(rng),
        component: any_text(rng),
        environment: any_text(rng),
        resource: any_text(rng),
        message: match i % 50 {
            25 => "long ".repeat(4_000),
            _ => any_text(rng),
        },
        payload: match rng.below(3) {
            0 => Vec::new(),
            1 => br#"{"rows": 42}"#.to_vec(),
            _ => (0..rng.below(900)).map(|_| rng.byte()).collect(),
        }
        .into(),
        policy_tags: (0..i % 31).map(|_| any_text(rng)).collect(),
        sensitivity: number(i * 7, Sensitivity::ALL),
    }
}

/// The `i`th number in turn of unspecified, the known values and unknown ones.
fn number<E: Copy + Into<i32>>(i: usize, known: &[E]) -> i32 {
    let known = known.iter().map(|value| (*value).into());
    let numbers: Vec<i32> = [0].into_iter().chain(known).chain(UNKNOWN).collect();
    numbers[i % numbers.len()]
}

fn any_text(rng: &mut Rng) -> String {
    match rng.below(4) {
        0 => rng.choose(&TEXTS).to_string(),
        // About where the length takes a second byte.
        1 => "é".repeat(60 + rng.below(8)),
        _ => format!("text {}", rng.next()),
    }
}

const TAGS: [&str; 8] = [
    "SOC2",
    "HIPAA",
    "PCI",
    "PII",
    "GDPR",
    "access-control",
    "data-access",
    "audit-trail",
];

fn audit_entry(i: usize, rng: &mut Rng) -> LogEntry {
    let event = *rng.choose(EventType::ALL);
    let outcome = match rng.below(10) {
        0 => *rng.choose(Outcome::ALL),
        _ => Outcome::Success,
    };
    let entry = LogEntry::builder()
        .event_type(event)
        .outcome(outcome)
        .severity(Severity::for_outcome(outcome))
        .actor_id(format!("user-{:03}", rng.below(200)))
        .component(format!("service-{}", rng.below(12)))
        .environment(*rng.choose(&["production", "production", "staging"]))
        .resource(format!("customers/{}", rng.below(100_000)))
        .message(format!("Request {i} for Zoë was handled"))
        .payload(audit_payload(event, rng))
        .policy_tags((0..rng.below(4)).map(|_| *rng.choose(&TAGS)))
        .sensitivity(*rng.choose(Sensitivity::ALL));
    if event != EventType::Login {
        return entry.build();
    }
    let since = Duration::from_millis(1_795_478_400_000 + 10_000 * i as u64);
    let host = rng.byte() % 16;
    entry
        .occurred_at(UNIX_EPOCH + since)
        .source_address([203, 0, 113, host].into())
        .build()
}

fn audit_payload(event: EventType, rng: &mut Rng) -> Payload {
    match event {
        EventType::DataExport => json!({"records": rng.below(5_000), "format": "csv"}).into(),
        EventType::ToolInvocation => {
            json!({"query": "SELECT * FROM users", "rows_returned": rng.below(100)}).into()
        }
        EventType::ModelInference => json!({"tokens_in": 1250, "latency_ms": 18.23}).into(),
        // CBOR: {"pid": 42}
        EventType::ProcessStart => b"\xa1\x63pid\x18\x2a".to_vec().into(),
        _ => Vec::new().into(),
    }
}

/// The generator of Java's `SplittableRandom`: the same entries on every run.
struct Rng(u64);

impl Rng {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[0]
    }

    fn below(&mut self, limit: u32) -> usize {
        let [.., a, b, c, d] = self.next().to_le_bytes();
        let random = u32::from_le_bytes([a, b, c, d]) % limit;
        random as usize
    }

    fn choose<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        let index = usize::from(self.byte()) % items.len();
        &items[index]
    }
}
