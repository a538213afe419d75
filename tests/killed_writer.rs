//! A writer that is killed while it appends loses nothing that came before.
#![cfg(all(unix, feature = "std"))]

use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::{self, LogReader, LogWriter};

const APPEND_TO: &str = "KILLED_WRITER_APPENDS_TO";

fn entry(number: usize) -> LogEntry {
    LogEntry {
        actor_id: format!("agent-{number}"),
        payload: vec![b'x'; number % 5000].into(),
        ..LogEntry::default()
    }
}

/// What the child does: append for ever, and say after each entry that it is
/// written.
fn append_until_killed(path: &Path) {
    let file = File::options().append(true).open(path).unwrap();
    let mut writer = LogWriter::new(file);
    for number in 0.. {
        writer.write(&entry(number)).unwrap();
        eprint!(".");
    }
}

/// Recovers the file, and returns how many entries it has.
fn repair(path: &Path) -> usize {
    let recovered = stream::recover(path).unwrap();
    let file = File::open(path).unwrap();
    let entries = LogReader::new(BufReader::new(file)).enumerate();
    let whole = entries
        .map(|(number, read)| assert_eq!(read.unwrap(), entry(number)))
        .count();
    assert_eq!(recovered.entries, whole as u64);
    if let Some(cut) = recovered.cut {
        assert!(!cut.holds_entry, "{cut}");
        fs::remove_file(cut.kept).unwrap();
    }
    whole
}

#[test]
fn nothing_before_the_tear_is_lost() {
    if let Some(path) = env::var_os(APPEND_TO) {
        append_until_killed(Path::new(&path));
    }

    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("killed-writer.binpb");
    for round in 0..8 {
        fs::write(&path, b"").unwrap();
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--nocapture", "nothing_before_the_tear_is_lost"])
            .env(APPEND_TO, &path)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut acknowledgements = child.stderr.take().unwrap();
        let mut acknowledged = [0; 100];
        acknowledgements.read_exact(&mut acknowledged).unwrap();
        thread::sleep(Duration::from_micros(777 * round));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut rest = Vec::new();
        acknowledgements.read_to_end(&mut rest).unwrap();
        let acknowledged = acknowledged.len() + rest.len();

        // A kill seldom falls into a write; every other time, tear the last entry
        // by hand.
        let torn = round % 2 == 1;
        if torn {
            let file = File::options().write(true).open(&path).unwrap();
            file.set_len(file.metadata().unwrap().len() - 1).unwrap();
        }
        let whole = repair(&path);
        assert!(
            whole + usize::from(torn) >= acknowledged,
            "{whole} of {acknowledged}"
        );

        let file = File::options().append(true).open(&path).unwrap();
        LogWriter::new(file).write(&entry(whole)).unwrap();
        assert_eq!(repair(&path), whole + 1);
    }
}
