//! The program, between a client and a server of a few lines.
#![cfg(all(feature = "cli", unix))]

mod support;

use std::fs;
use std::io::{BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::LogReader;
use support::{check_with_tags, lines, text};

/// A folder that is gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = format!("lokryn-mcp-log-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn log(&self) -> PathBuf {
        self.0.join("audit.binpb")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn program(log: &Path, command: &[&str]) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lokryn-mcp-log"));
    program
        .arg("--log")
        .arg(log)
        .args(["--actor", "agent-001", "--no-sync", "--"]);
    program.args(command);
    program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    program
}

fn run(mut program: Command, input: &[u8]) -> Output {
    let mut child = program.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn entries(log: &Path) -> Vec<LogEntry> {
    let file = BufReader::new(fs::File::open(log).unwrap());
    LogReader::new(file).map(Result::unwrap).collect()
}

#[test]
fn a_journal_takes_the_entries() {
    let folder = Folder::new("journal");
    let journal = folder.0.join("audit");
    let mut program = Command::new(env!("CARGO_BIN_EXE_lokryn-mcp-log"));
    program.arg("--journal").arg(&journal);
    program.args(["--actor", "agent-001", "--", "cat"]);
    program
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let output = run(program, b"{\"id\":1,\"method\":\"ping\"}\n");
    assert!(output.status.success(), "{output:?}");
    let segment = journal.join("records/00000000000000000000.binpb");
    let entries = entries(&segment);
    check_with_tags(&entries, &[]);
    assert_eq!(entries.len(), 5, "{:?}", lines(&entries));
}

#[test]
fn what_a_cat_gives_back_is_what_it_was_given() {
    let folder = Folder::new("cat");
    let input = b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"echo\"}}\n\
        not JSON\n\n";
    let output = run(program(&folder.log(), &["cat"]), input);
    assert_eq!(output.stdout, input);
    assert!(output.status.success(), "{output:?}");
    let entries = entries(&folder.log());
    check_with_tags(&entries, &[]);
    let of = |direction: &str| {
        let of_direction = entries
            .iter()
            .filter(|entry| text(entry, "direction") == direction);
        lines(&of_direction.cloned().collect::<Vec<_>>())
    };
    // The cat asks the client what it was asked.
    for direction in ["client_to_server", "server_to_client"] {
        assert_eq!(
            of(direction),
            [
                "started tool_invocation tools/echo #1 partial",
                "notified resource_access malformed failure_error not_json",
                "finished tool_invocation tools/echo #1 failure_error unknown disconnected",
            ]
        );
    }
    assert_eq!(
        of(""),
        [
            "started process_start cat success",
            "finished process_stop cat success",
            "closed logout session/close success",
        ]
    );
}
