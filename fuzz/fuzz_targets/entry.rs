//! Any entry survives its bytes and its JSON, and its line, which is one line of JSON.
#![no_main]

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::{LogEntry, LogEntryView};
use serde_json::Value;

#[derive(Arbitrary, Debug)]
struct Fields {
    numbers: [i32; 4],
    texts: [String; 5],
    payload: Vec<u8>,
    policy_tags: Vec<String>,
}

fuzz_target!(|fields: Fields| {
    let [event_type, outcome, severity, sensitivity] = fields.numbers;
    let [actor_id, component, environment, resource, message] = fields.texts;
    let entry = LogEntry {
        event_type,
        outcome,
        severity,
        actor_id,
        component,
        environment,
        resource,
        message,
        payload: fields.payload.into(),
        policy_tags: fields.policy_tags,
        sensitivity,
    };

    let bytes = entry.encode_to_vec();
    assert_eq!(LogEntry::decode(&*bytes).unwrap(), entry);
    assert_eq!(LogEntryView::decode(&bytes).unwrap().to_entry(), entry);
    assert_eq!(LogEntryView::from(&entry).encode_to_vec(), bytes);

    let json = serde_json::to_string(&entry).unwrap();
    assert_eq!(serde_json::from_str::<LogEntry>(&json).unwrap(), entry);

    let line = entry.json_line().to_string();
    assert!(!line.chars().any(char::is_control), "{line}");
    serde_json::from_str::<Value>(&line).unwrap();
    assert_eq!(LogEntry::from_json_line(&line).unwrap(), entry);
    let _ = format!("{entry:?}");
});
