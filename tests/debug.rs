//! `Debug` prints a payload only where the sensitivity allows it.

use lokryn_compliance_log::{LogEntry, LogEntryView, Sensitivity};

const SECRET: &str = "078-05-1120";

fn entry(sensitivity: i32) -> LogEntry {
    LogEntry {
        actor_id: "agent-001".to_owned(),
        payload: format!(r#"{{"ssn": "{SECRET}"}}"#).into(),
        sensitivity,
        ..LogEntry::default()
    }
}

fn debug_forms(entry: &LogEntry) -> [String; 4] {
    let view = LogEntryView::from(entry);
    [
        format!("{entry:?}"),
        format!("{entry:#?}"),
        format!("{view:?}"),
        format!("{view:#?}"),
    ]
}

#[test]
fn only_public_and_internal_payloads_are_printed() {
    let known = Sensitivity::ALL.iter().map(|known| i32::from(*known));
    for sensitivity in known.chain([0, -1, 6, i32::MAX, i32::MIN]) {
        let harmless = [Sensitivity::Public.into(), Sensitivity::Internal.into()];
        for debug in debug_forms(&entry(sensitivity)) {
            let printed = debug.contains(SECRET);
            assert_eq!(printed, harmless.contains(&sensitivity), "{debug}");
        }
    }
}

#[test]
fn the_reason_stands_in_place_of_the_payload() {
    let cases = [
        (0, "payload: <22 bytes withheld: SENSITIVITY_UNSPECIFIED>,"),
        (4, "payload: <22 bytes withheld: SENSITIVITY_RESTRICTED>,"),
        (77, "payload: <22 bytes withheld: unknown sensitivity 77>,"),
        (1, r#"payload: b"{\"ssn\": \"078-05-1120\"}","#),
    ];
    for (sensitivity, expected) in cases {
        let debug = format!("{:?}", entry(sensitivity));
        assert!(debug.contains(expected), "{debug}");
    }
}

#[test]
fn everything_else_is_printed() {
    let entry = LogEntry {
        event_type: 19,
        outcome: 99,
        severity: 4,
        actor_id: "agent-001".to_owned(),
        component: "safety-filter".to_owned(),
        environment: "production".to_owned(),
        resource: "guardrails/pii".to_owned(),
        message: "blocked\n".to_owned(),
        policy_tags: vec!["PII".to_owned()],
        sensitivity: 5,
        ..LogEntry::default()
    };
    let debug = format!("{entry:?}");
    let fields = "LogEntry { event_type: GuardrailCheck, outcome: 99, severity: Warning, \
         actor_id: \"agent-001\", component: \"safety-filter\", environment: \"production\", \
         resource: \"guardrails/pii\", message: \"blocked\\n\", payload: b\"\", \
         policy_tags: [\"PII\"], sensitivity: HighlyRestricted";
    assert!(debug.starts_with(fields), "{debug}");
}

#[cfg(feature = "std")]
#[test]
fn streams_print_no_bytes() {
    use lokryn_compliance_log::stream::{self, LogReader, LogWriter};

    let mut writer = LogWriter::new(Vec::new());
    writer
        .write(&entry(Sensitivity::Restricted.into()))
        .unwrap();
    let writer_debug = format!("{writer:?}");
    let bytes = writer.into_inner();
    let mut reader = LogReader::new(&*bytes);
    let frame = format!("{:?}", reader.next_view().unwrap().unwrap());
    assert!(
        frame.contains("withheld: SENSITIVITY_RESTRICTED"),
        "{frame}"
    );
    let views = format!("{:?}", stream::views(&bytes));
    // As text, and as the numbers of its bytes.
    let numbers = format!("{:?}", SECRET.as_bytes());
    let numbers = numbers.trim_matches(['[', ']']);
    for debug in [writer_debug, format!("{reader:?}"), frame, views] {
        assert!(
            !debug.contains(SECRET) && !debug.contains(numbers),
            "{debug}"
        );
    }
}
