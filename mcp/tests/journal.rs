//! The program records into a journal, and leaves it signed.
#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use lokryn_journal::{JournalReader, Verifier, verify};

#[test]
fn what_was_recorded_is_signed_at_the_end() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("signed_at_the_end");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    for _ in 0..2 {
        let status = Command::new(env!("CARGO_BIN_EXE_lokryn-mcp-log"))
            .args(["--journal", "audit", "--actor", "agent-001", "--", "cat"])
            .current_dir(&folder)
            .stdin(Stdio::null())
            .status()
            .unwrap();
        assert!(status.success(), "{status}");
    }
    let reader = JournalReader::open(folder.join("audit")).unwrap();
    let (mut signed, mut all) = (0, 0);
    for (count, reader) in [
        (&mut signed, reader.clone()),
        (&mut all, reader.beyond_checkpoint()),
    ] {
        let mut records = reader.records().unwrap();
        while let Some(record) = records.next_record() {
            record.unwrap();
            *count += 1;
        }
    }
    assert!(all >= 6, "{all}");
    assert_eq!(signed, all);
    let key = Verifier::read(folder.join("audit.vkey")).unwrap();
    assert!(verify(folder.join("audit"), &[key]).unwrap().is_ok());
}
