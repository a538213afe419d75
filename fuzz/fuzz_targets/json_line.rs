//! Any text is refused as a readable line, or read and written again as the same entry.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lokryn_compliance_log::LogEntry;

fuzz_target!(|line: &str| {
    match LogEntry::from_json_line(line) {
        Ok(entry) => {
            let written = entry.json_line().to_string();
            assert_eq!(LogEntry::from_json_line(&written).unwrap(), entry);
        }
        Err(err) => assert!(!err.to_string().is_empty()),
    }
});
