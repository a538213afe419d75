//! What a field of each kind, added to `log.proto` alone, is part of. Runs in the
//! copy of the crate that `check` makes.

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::{LogEntry, LogEntryView, Region, Sensitivity};

fn entry(sensitivity: Sensitivity) -> LogEntry {
    LogEntry {
        actor_id: "agent-001".into(),
        tenant: "tenant-1".into(),
        labels: vec!["first".into(), String::new(), "ünd ".repeat(60)],
        attachment: b"\xff\x00".to_vec().into(),
        region: Region::Eu.into(),
        policy_tags: vec!["SOC2".into()],
        sensitivity: sensitivity.into(),
        ..LogEntry::default()
    }
}

/// The records of an entry, one by one.
fn records(entry: &LogEntry) -> Vec<Vec<u8>> {
    let labels = entry.labels.iter().map(|label| LogEntry {
        labels: vec![label.clone()],
        ..LogEntry::default()
    });
    let rest = [
        LogEntry {
            actor_id: entry.actor_id.clone(),
            ..LogEntry::default()
        },
        LogEntry {
            policy_tags: entry.policy_tags.clone(),
            ..LogEntry::default()
        },
        LogEntry {
            sensitivity: entry.sensitivity,
            ..LogEntry::default()
        },
        LogEntry {
            tenant: entry.tenant.clone(),
            ..LogEntry::default()
        },
        LogEntry {
            attachment: entry.attachment.clone(),
            ..LogEntry::default()
        },
        LogEntry {
            region: entry.region,
            ..LogEntry::default()
        },
    ];
    labels
        .chain(rest)
        .map(|part| part.encode_to_vec())
        .collect()
}

#[test]
fn the_view_decodes_them_in_order_and_in_any_order() {
    let entry = entry(Sensitivity::Internal);
    let view = LogEntryView::from(&entry);
    assert_eq!(view.tenant, "tenant-1");
    assert_eq!(view.labels.len(), 3);
    let bytes = entry.encode_to_vec();
    assert_eq!(view.encode_to_vec(), bytes);
    assert_eq!(view.encoded_len(), bytes.len());
    assert_eq!(LogEntryView::decode(&bytes).unwrap().to_entry(), entry);

    let mut records = records(&entry);
    for _ in 0..records.len() {
        records.rotate_left(1);
        let shuffled = records.concat();
        let view = LogEntryView::decode(&shuffled).unwrap();
        assert_eq!(view.to_entry(), LogEntry::decode(&*shuffled).unwrap());
        let encoded = LogEntry::decode(&*view.encode_to_vec()).unwrap();
        assert_eq!(encoded, view.to_entry());
    }
}

#[test]
fn errors_name_them() {
    let err = LogEntryView::decode(b"\x92\x03\x01\xff").unwrap_err();
    assert_eq!(err.to_string(), "tenant: invalid UTF-8 at byte 3");
    let err = LogEntryView::decode(b"\x90\x03\x01").unwrap_err();
    assert_eq!(err.to_string(), "tenant: wrong wire type 0 at byte 0");
}

#[test]
fn proto_json_has_them() {
    let mut entry = entry(Sensitivity::Internal);
    entry.labels.truncate(1);
    let json = serde_json::to_string(&entry).unwrap();
    let fields =
        r#","tenant":"tenant-1","labels":["first"],"attachment":"/wA=","region":"REGION_EU"}"#;
    assert!(json.ends_with(fields), "{json}");
    assert_eq!(serde_json::from_str::<LogEntry>(&json).unwrap(), entry);
}

#[test]
fn the_readable_line_has_them() {
    let mut entry = entry(Sensitivity::Internal);
    entry.labels.truncate(1);
    let line = entry.json_line().to_string();
    let fields = r#","tenant":"tenant-1","labels":["first"],"attachment_base64":"/wA=","region":"REGION_EU"}"#;
    assert!(line.ends_with(fields), "{line}");
}

#[test]
fn debug_withholds_their_text_until_somebody_calls_it_harmless() {
    let mut entry = entry(Sensitivity::Internal);
    entry.labels.truncate(1);
    let debug = format!("{entry:?}");
    let fields = r#"tenant: "tenant-1", labels: ["first"], attachment: b"\xff\x00", region: Eu }"#;
    assert!(debug.ends_with(fields), "{debug}");

    entry.sensitivity = Sensitivity::Restricted.into();
    let debug = format!("{entry:?}");
    let fields = "tenant: <8 bytes withheld: SENSITIVITY_RESTRICTED>, \
        labels: <5 bytes withheld: SENSITIVITY_RESTRICTED>, \
        attachment: <2 bytes withheld: SENSITIVITY_RESTRICTED>, region: Eu }";
    assert!(debug.ends_with(fields), "{debug}");
}
