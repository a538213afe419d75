//! The program, between a client and a server of a few lines.
#![cfg(all(feature = "cli", unix))]

mod support;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::time::{Duration, Instant};

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::LogReader;
use serde_json::{Value, json};
use support::{check_with_tags, detail, lines, text, wait_until};

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
fn long_and_short_messages_keep_their_bytes_and_their_order() {
    let folder = Folder::new("long");
    let mut input = Vec::new();
    for id in 0..60_usize {
        // Around what is read at once, and what another thread is woken for.
        let len = [0, 10, 65_000, 66_000, 262_000, 263_000, 1_100_000][id % 7];
        let text = "é\\n".repeat(len / 4);
        let line = match id % 3 {
            0 => {
                json!({"id": id, "method": "tools/call", "params": {"name": "a", "arguments": text}})
            }
            1 => json!({"id": id - 1, "result": {"content": [{"type": "text", "text": text}]}}),
            _ => json!({"method": "notifications/message", "params": text}),
        };
        input.extend_from_slice(line.to_string().as_bytes());
        input.push(b'\n');
    }
    let output = run(program(&folder.log(), &["cat"]), &input);
    assert!(output.stdout == input, "{} bytes", output.stdout.len());
    assert!(output.status.success());
    let entries = entries(&folder.log());
    check_with_tags(&entries, &[]);
    let started: Vec<_> = entries
        .iter()
        .filter(|entry| {
            text(entry, "phase") == "started" && text(entry, "direction") == "client_to_server"
        })
        .map(|entry| detail(entry, "request_id"))
        .collect();
    let expected: Vec<_> = (0..60).step_by(3).map(Value::from).collect();
    assert_eq!(started, expected);
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

/// Lines that no parser, some parsers and every parser takes, of every size.
fn odd_lines() -> Vec<u8> {
    let mut lines = Vec::new();
    let deep = format!("{}{}", "[".repeat(3000), "]".repeat(3000));
    let long = "x".repeat(3 << 20);
    for line in [
        br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#.to_vec(),
        format!(r#"{{"id":2,"method":"tools/call","params":{{"name":"b","arguments":{deep}}}}}"#)
            .into(),
        format!(r#"{{"id":3,"method":"tools/call","params":{{"name":"c","arguments":"{long}"}}}}"#)
            .into(),
        br#" [ {"id":4,"method":"ping"} , {"id":"4","method":"tools/list"} ] "#.to_vec(),
        b"{\"id\":5,\"method\":\"ping\"}\r".to_vec(),
        b"\xff\xfe\0".to_vec(),
        b"".to_vec(),
        b"  ".to_vec(),
        long.into_bytes(),
        br#"{"id":6,"result":{}}"#.to_vec(),
        br#"{"method":"notifications/message","params":{"x":"\ud800"}}"#.to_vec(),
    ] {
        lines.extend_from_slice(&line);
        lines.push(b'\n');
    }
    lines.extend_from_slice(b"{\"id\":7,\"method\":\"ping\"}");
    lines
}

#[test]
fn bytes_are_those_of_a_run_without_the_program() {
    let folder = Folder::new("bytes");
    let input = odd_lines();
    for max_message in ["67108864", "1000"] {
        let log = folder.0.join(max_message);
        let received = folder.0.join("received");
        // What the server gets, and what the client gets back.
        let script = format!("tee {}", received.display());
        let mut program = Command::new(env!("CARGO_BIN_EXE_lokryn-mcp-log"));
        program.arg("--log").arg(&log);
        program.args([
            "--actor",
            "agent-001",
            "--no-sync",
            "--max-message",
            max_message,
        ]);
        program.args(["--", "sh", "-c", &script]);
        program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let output = run(program, &input);
        assert!(output.status.success(), "{output:?}");
        assert!(output.stdout == input, "what the client got differs");
        assert!(
            fs::read(&received).unwrap() == input,
            "what the server got differs"
        );
        let entries = entries(&log);
        check_with_tags(&entries, &[]);
        let too_long = entries
            .iter()
            .filter(|entry| text(entry, "error_type") == "too_long")
            .count();
        let expected = if max_message == "1000" { 6 } else { 0 };
        assert_eq!(too_long, expected);
    }
}

#[test]
fn what_a_server_said_before_its_end_is_forwarded_to_a_slow_client() {
    let folder = Folder::new("slow");
    let said = folder.0.join("said");
    let text = "x".repeat(200_000);
    let line = json!({"method": "notifications/message", "params": text}).to_string() + "\n";
    fs::write(&said, line.repeat(20)).unwrap();
    let mut program = program(&folder.log(), &["cat", said.to_str().unwrap()]);
    let child = program.spawn().unwrap();
    // Longer than the program waits for more of a server that has ended.
    std::thread::sleep(Duration::from_millis(3500));
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{:?}", output.status);
    assert_eq!(output.stdout.len(), 20 * line.len());
}

/// It would write for ever, and learns that nobody reads.
#[test]
fn a_server_ends_whose_client_has_gone() {
    let folder = Folder::new("gone");
    let notification = r#"{"method":"notifications/progress","params":{}}"#;
    let mut child = program(&folder.log(), &["yes", notification])
        .spawn()
        .unwrap();
    drop(child.stdin.take());
    let mut first = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut first).unwrap();
    assert_eq!(first, format!("{notification}\n"));
    drop(stdout);
    wait_until("the end", || child.try_wait().unwrap().is_some());
}

#[test]
fn it_ends_with_the_status_of_the_server() {
    let folder = Folder::new("status");
    let output = run(program(&folder.log(), &["sh", "-c", "exit 7"]), b"");
    assert_eq!(output.status.code(), Some(7));
    let last = entries(&folder.log());
    let stopped = last
        .iter()
        .find(|entry| entry.resource == "sh" && text(entry, "phase") == "finished");
    assert_eq!(detail(stopped.unwrap(), "exit_status"), 7);

    let output = run(program(&folder.log(), &["sh", "-c", "kill -KILL $$"]), b"");
    assert_eq!(output.status.signal(), Some(9));

    let output = run(program(&folder.log(), &["/nonexistent/server"]), b"");
    assert_eq!(output.status.code(), Some(127));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.starts_with("lokryn-mcp-log: server: "), "{said}");
}

#[test]
fn signals_are_passed_on() {
    let folder = Folder::new("signals");
    let script = "trap 'echo got TERM; exit 3' TERM; echo ready; while :; do sleep 0.05; done";
    let mut child = program(&folder.log(), &["sh", "-c", script])
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    let pid = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );
    line.clear();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "got TERM\n");
    assert_eq!(child.wait().unwrap().code(), Some(3));
}

/// A client by hand, of a server that answers every request and keeps a list of them.
struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<std::process::ChildStdout>,
}

/// Answers every line with a result for its identifier, which is the first number in it.
const SERVER: &str = r#"while read -r line; do echo "$line" >>"$0";
    id=$(echo "$line" | sed 's/[^0-9]*\([0-9]*\).*/\1/'); echo "{\"id\":$id,\"result\":{}}"; done"#;

impl Client {
    fn new(mut program: Command) -> Self {
        let mut child = program.spawn().unwrap();
        Self {
            stdin: child.stdin.take(),
            stdout: BufReader::new(child.stdout.take().unwrap()),
            child,
        }
    }

    fn ask(&mut self, id: u32) -> Value {
        let call = json!({"id": id, "method": "tools/call", "params": {"name": "pay"}});
        writeln!(self.stdin.as_mut().unwrap(), "{call}").unwrap();
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    fn end(mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

#[test]
fn what_cannot_be_recorded_does_not_reach_the_server() {
    let folder = Folder::new("full");
    let log = folder.0.join("logs/audit.binpb");
    fs::create_dir(folder.0.join("logs")).unwrap();
    let received = folder.0.join("received");
    let config = folder.0.join("config.json");
    fs::write(&config, r#"{"max_wait_ms": 300}"#).unwrap();
    // Written to by way of a limit on the size of files.
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -f 12; trap '' XFSZ; exec \"$@\"", "sh"]);
    limited.arg(env!("CARGO_BIN_EXE_lokryn-mcp-log"));
    limited.arg("--log").arg(&log).arg("--config").arg(&config);
    limited.args(["--actor", "agent-001", "--", "sh", "-c", SERVER]);
    limited.arg(&received);
    limited
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null());
    let mut client = Client::new(limited);
    let mut answered = 0;
    let (mut not_called, mut withheld) = (0, 0);
    for id in 1..=20 {
        let answer = client.ask(id);
        assert_eq!(answer["id"], id);
        match &answer["error"]["message"] {
            Value::Null => answered += 1,
            Value::String(said) if said.starts_with("not called: ") => not_called += 1,
            Value::String(said) if said.starts_with("called, but ") => withheld += 1,
            other => panic!("{other}"),
        }
    }
    client.end();
    assert!(
        answered > 0 && not_called > 0 && withheld <= 1,
        "{answered} {not_called} {withheld}"
    );
    let reached = fs::read_to_string(&received).unwrap().lines().count();
    assert_eq!(reached, answered + withheld);
    // Every call that reached the server is in the log, the torn end aside.
    lokryn_compliance_log::stream::recover(&log).unwrap();
    let started = entries(&log)
        .iter()
        .filter(|entry| text(entry, "phase") == "started" && entry.resource == "tools/pay")
        .count();
    assert!(started >= reached, "{started} {reached}");
}

#[test]
fn a_log_that_another_program_has_open_is_refused() {
    let folder = Folder::new("locked");
    let mut first = Client::new({
        let mut program = program(&folder.log(), &["sh", "-c", SERVER]);
        program.arg(folder.0.join("received"));
        program
    });
    assert_eq!(first.ask(1)["result"], json!({}));
    let output = run(program(&folder.log(), &["cat"]), b"");
    assert_eq!(output.status.code(), Some(125));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("is open in another program"), "{said}");
    first.end();
}

#[test]
fn a_server_that_dies_during_a_call_is_recorded() {
    let folder = Folder::new("killed");
    let script = "read -r line; kill -KILL $$";
    let begin = Instant::now();
    let output = run(
        program(&folder.log(), &["sh", "-c", script]),
        b"{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"pay\"}}\n",
    );
    assert_eq!(output.status.signal(), Some(9));
    assert!(begin.elapsed() < Duration::from_secs(2));
    wait_until("the entries", || entries(&folder.log()).len() == 5);
    assert_eq!(
        lines(&entries(&folder.log()))[1..],
        [
            "started tool_invocation tools/pay #1 partial",
            "finished process_stop sh failure_error",
            "finished tool_invocation tools/pay #1 failure_error unknown disconnected",
            "closed logout session/close success",
        ]
    );
}

#[test]
fn rules_and_options_come_from_a_file() {
    let folder = Folder::new("config");
    let config = folder.0.join("config.json");
    fs::write(folder.0.join("key"), [7; 32]).unwrap();
    fs::write(
        &config,
        r#"{
            "component": "desktop", "environment": "office", "policy_tags": ["SOC2"],
            "sensitivity": "SENSITIVITY_INTERNAL", "started": [], "record_content": true,
            "hmac_key": {"id": "key-1", "file": "key"},
            "rules": [
                {"tool": "delete_*", "event_type": "EVENT_PRIVILEGE_USE"},
                {"tool": "export_report", "event_type": "EVENT_DATA_EXPORT", "resource": "reports"}
            ]
        }"#,
    )
    .unwrap();
    let with_config = |config: &Path| {
        let mut program = Command::new(env!("CARGO_BIN_EXE_lokryn-mcp-log"));
        program
            .arg("--log")
            .arg(folder.log())
            .arg("--config")
            .arg(config);
        program.args(["--actor", "agent-001", "--", "cat"]);
        program
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        program
    };
    let output = run(
        with_config(&config),
        b"{\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"delete_it\",\"arguments\":[7]}}\n\
          {\"id\":2,\"method\":\"tools/call\",\"params\":{\"name\":\"export_report\"}}\n",
    );
    assert!(output.status.success(), "{output:?}");
    let entries = entries(&folder.log());
    check_with_tags(&entries, &["SOC2"]);
    let find = |resource: &str| {
        entries
            .iter()
            .find(|entry| entry.resource == resource)
            .unwrap()
    };
    let deleted = find("tools/delete_it");
    assert_eq!(deleted.event_type().as_str_name(), "EVENT_PRIVILEGE_USE");
    assert_eq!(
        (&*deleted.component, &*deleted.environment),
        ("desktop", "office")
    );
    assert_eq!(detail(deleted, "arguments"), json!([7]));
    assert_eq!(text(deleted, "hmac_key_id"), "key-1");
    assert_eq!(
        find("reports").event_type().as_str_name(),
        "EVENT_DATA_EXPORT"
    );

    for (text, expected) in [
        ("{\"rule\": []}", "unknown field `rule`"),
        (
            "{\"rules\": [{\"tool\": \"x\", \"event_type\": \"EXPORT\"}]}",
            "EXPORT",
        ),
        ("", "EOF"),
    ] {
        fs::write(&config, text).unwrap();
        let output = run(with_config(&config), b"");
        assert_eq!(output.status.code(), Some(125), "{text}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(expected), "{said}");
    }
}
