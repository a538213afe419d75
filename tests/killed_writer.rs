//! A writer that is killed while it appends loses nothing that came before.
#![cfg(all(unix, feature = "std"))]

use std::fs::{self, File};
use std::io::{BufReader, Read as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{env, thread};

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::{LogReader, LogWriter, ReadError};

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

/// Cuts off the torn entry, if there is one, and returns how many are whole.
fn repair(path: &Path) -> usize {
    let file = File::options().read(true).write(true).open(path).unwrap();
    let mut whole = 0;
    for read in LogReader::new(BufReader::new(&file)) {
        match read {
            Ok(read) => {
                assert_eq!(read, entry(whole));
                whole += 1;
            }
            Err(ReadError::Truncated { offset }) => file.set_len(offset).unwrap(),
            Err(err) => panic!("{err}"),
        }
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
