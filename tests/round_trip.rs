//! Whatever an entry holds, its bytes hold it too.

mod common;

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::{LogEntry, LogEntryView};
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_entry_survives_its_bytes(entry in common::any_entry()) {
        let bytes = entry.encode_to_vec();
        prop_assert_eq!(&LogEntry::decode(&*bytes).unwrap(), &entry);
        prop_assert_eq!(&LogEntry::from_bytes(&bytes).unwrap(), &entry);
        prop_assert_eq!(&LogEntryView::decode(&bytes).unwrap().to_entry(), &entry);
    }

    #[test]
    fn encoding_is_deterministic(entry in common::any_entry()) {
        let bytes = entry.encode_to_vec();
        prop_assert_eq!(&entry.clone().encode_to_vec(), &bytes);
        let decoded = LogEntry::decode(&*bytes).unwrap();
        prop_assert_eq!(&decoded.encode_to_vec(), &bytes);
    }

    #[test]
    fn the_view_writes_the_same_bytes_as_the_entry(entry in common::any_entry()) {
        let view = LogEntryView::from(&entry);
        let bytes = entry.encode_to_vec();
        prop_assert_eq!(view.encoded_len(), bytes.len());
        prop_assert_eq!(&view.encode_to_vec(), &bytes);
        prop_assert_eq!(&entry.to_bytes(), &bytes);

        let (mut ours, mut prosts) = (Vec::new(), Vec::new());
        view.encode_length_delimited(&mut ours).unwrap();
        entry.encode_length_delimited(&mut prosts).unwrap();
        prop_assert_eq!(&ours, &prosts);

        let decoded = LogEntryView::decode(&bytes).unwrap();
        prop_assert_eq!(decoded, view);
        prop_assert_eq!(decoded.encode_to_vec(), bytes);
    }
}

#[test]
fn a_buffer_too_small_is_refused_untouched() {
    let entry = LogEntry {
        actor_id: "agent-001".to_owned(),
        ..LogEntry::default()
    };
    let view = LogEntryView::from(&entry);
    let mut room = [0xaa; 10];
    let mut buf = &mut room[..];
    let err = view.encode(&mut buf).unwrap_err();
    assert_eq!(
        err.to_string(),
        "entry of 11 bytes does not fit the 10 bytes left in the buffer"
    );
    assert_eq!(entry.write_to(&mut buf), Err(err));
    assert_eq!(buf.len(), 10);
    assert!(view.encode_length_delimited(&mut buf).is_err());
    assert_eq!(room, [0xaa; 10]);

    let mut room = [0; 11];
    view.encode(&mut &mut room[..]).unwrap();
    assert_eq!(room, *entry.encode_to_vec());

    let mut room = [0; 11];
    entry.write_to(&mut &mut room[..]).unwrap();
    assert_eq!(room, *entry.encode_to_vec());
}
