//! On any bytes the view and prost agree.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::{LogEntry, LogEntryView};

fuzz_target!(|bytes: &[u8]| {
    match (LogEntry::decode(bytes), LogEntryView::decode(bytes)) {
        (Ok(entry), Ok(view)) => {
            let encoded = entry.encode_to_vec();
            assert_eq!(view.policy_tags.len(), entry.policy_tags.len());
            assert_eq!(view.encoded_len(), encoded.len());
            assert_eq!(view.encode_to_vec(), encoded);
            assert_eq!(view, LogEntryView::from(&entry));
            assert_eq!(view.validate(), entry.validate());
            assert_eq!(view.to_entry(), entry);
            assert_eq!(entry.to_bytes(), encoded);
            assert_eq!(LogEntry::from_bytes(bytes), Ok(entry));
        }
        (Err(_), Err(err)) => {
            assert!(err.offset() <= bytes.len());
            assert!(!err.to_string().is_empty());
            assert_eq!(LogEntry::from_bytes(bytes), Err(err));
        }
        (prost, view) => panic!("prost: {prost:?}, view: {view:?}"),
    }
});
