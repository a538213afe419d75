//! Any text is refused as ProtoJSON, or read and written again as the same entry.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lokryn_compliance_log::LogEntry;

fuzz_target!(|text: &[u8]| {
    match serde_json::from_slice::<LogEntry>(text) {
        Ok(entry) => {
            let written = serde_json::to_vec(&entry).unwrap();
            assert_eq!(serde_json::from_slice::<LogEntry>(&written).unwrap(), entry);
        }
        Err(err) => assert!(!err.to_string().is_empty()),
    }
});
