//! What the program costs a call, beside the server alone and a `cat` in its place.
//!
//!     cargo build --release --package lokryn-mcp-log --features cli
//!     cargo run --release --manifest-path mcp/benches/Cargo.toml --bin proxy
//!
//! Takes the folder of the program and, after that, the command of another server with the
//! tools of `server.js`, one that is made with an SDK, say.
//!
//! All are measured in turns, in one run, because the machine's speed changes. Where other
//! programs run, `chrt -r 10` before that leaves both cores of two to the run, for about a
//! minute.

mod compare;

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use compare::{compared, median};

const ROUNDS: usize = 20;
const CALLS_PER_ROUND: usize = 100;
/// Megabytes that are asked for at once.
const AT_ONCE: usize = 10;
/// Megabytes of a stream, and how many of them are waited for at a time.
const IN_STREAM: usize = 12;
const WAITED_FOR: usize = 4;

struct Server {
    name: &'static str,
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
    next_id: u64,
    line: Vec<u8>,
    /// Microseconds: a median of each round.
    calls: Vec<f64>,
    at_once: Vec<f64>,
    texts: Vec<f64>,
    values: Vec<f64>,
}

impl Server {
    fn start(name: &'static str, command: &[String]) -> Self {
        let mut child = Command::new(&command[0])
            .args(&command[1..])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|err| panic!("{}: {err}", command[0]));
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("a pipe");
        Self {
            name,
            child,
            stdin,
            stdout: BufReader::with_capacity(1 << 16, stdout),
            next_id: 0,
            line: Vec::new(),
            calls: Vec::new(),
            at_once: Vec::new(),
            texts: Vec::new(),
            values: Vec::new(),
        }
    }

    fn call(&mut self, tool: &str) -> Duration {
        let begin = Instant::now();
        self.send(tool);
        self.receive();
        begin.elapsed()
    }

    /// Asks for everything at once. Such a server makes all of it before it writes the
    /// most of it, so that nothing goes on meanwhile.
    fn at_once(&mut self, tool: &str) -> Duration {
        let begin = Instant::now();
        for _ in 0..AT_ONCE {
            self.send(tool);
        }
        for _ in 0..AT_ONCE {
            self.receive();
        }
        begin.elapsed() / u32::try_from(AT_ONCE).expect("few")
    }

    /// Asks for the next one whenever one has come.
    fn stream(&mut self, tool: &str) -> Duration {
        for _ in 0..WAITED_FOR {
            self.send(tool);
        }
        let mut begin = Instant::now();
        for index in 0..IN_STREAM + WAITED_FOR {
            if index == WAITED_FOR {
                begin = Instant::now();
            }
            self.receive();
            self.send(tool);
        }
        let taken = begin.elapsed() / u32::try_from(IN_STREAM).expect("few");
        for _ in 0..WAITED_FOR {
            self.receive();
        }
        taken
    }

    fn send(&mut self, tool: &str) {
        let id = self.next_id;
        self.next_id += 1;
        self.write(&format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"a":1}}}}}}"#
        ));
    }

    fn write(&mut self, message: &str) {
        let stdin = self.stdin.as_mut().expect("a pipe");
        let line = format!("{message}\n");
        stdin.write_all(line.as_bytes()).expect("the server reads");
    }

    fn receive(&mut self) {
        self.line.clear();
        self.stdout
            .read_until(b'\n', &mut self.line)
            .expect("the server answers");
        let start = &self.line[..self.line.len().min(64)];
        let start = String::from_utf8_lossy(start);
        assert!(start.contains("\"result\""), "{}: {start}", self.name);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stdin.take();
        let _ = self.child.wait();
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

/// What one write and sync of an entry costs after a call, when the file is as cold as it
/// is for the program.
fn commit(file: &mut fs::File, server: &mut Server) -> f64 {
    let commits = (0..CALLS_PER_ROUND).map(|_| {
        server.call("none");
        let begin = Instant::now();
        file.write_all(&[1; 600]).expect("a write");
        file.sync_data().expect("a sync");
        micros(begin.elapsed())
    });
    median(commits.collect())
}

fn main() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = std::env::args_os()
        .nth(1)
        .map_or(here.join("../../target/release"), PathBuf::from);
    let program = built.join("lokryn-mcp-log").display().to_string();
    let folder = std::env::temp_dir().join(format!("mcp-benches-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let config = folder.join("finished.json");
    fs::write(&config, r#"{"started": []}"#).expect("a file");
    let mut server: Vec<String> = std::env::args().skip(2).collect();
    if server.is_empty() {
        server = vec![
            "node".into(),
            here.join("src/server.js").display().to_string(),
        ];
    }
    let cat = format!("cat | {} | cat", server.join(" "));
    let proxied = |name: &str, options: &[&str]| {
        let log = folder.join(name).display().to_string();
        let mut command = vec![program.clone(), "--actor".into(), "agent-001".into()];
        for option in options {
            command.push(match *option {
                "LOG" => log.clone(),
                "CONFIG" => config.display().to_string(),
                option => option.into(),
            });
        }
        command.push("--".into());
        command.extend_from_slice(&server);
        command
    };
    let off = ["--log", "LOG", "--no-sync", "--config", "CONFIG"];
    let mut servers = [
        Server::start("server alone", &server),
        Server::start("cat", &["sh".into(), "-c".into(), cat]),
        Server::start("program, not synced, started off", &proxied("1", &off)),
        Server::start(
            "program, not synced",
            &proxied("2", &["--log", "LOG", "--no-sync"]),
        ),
        Server::start(
            "program, synced, started off",
            &proxied("3", &["--log", "LOG", "--config", "CONFIG"]),
        ),
        Server::start("program, synced", &proxied("4", &["--log", "LOG"])),
        Server::start(
            "program, journal, started off",
            &proxied("5", &["--journal", "LOG", "--config", "CONFIG"]),
        ),
        Server::start("program, journal", &proxied("6", &["--journal", "LOG"])),
    ];
    for server in &mut servers {
        server.write(
            r#"{"jsonrpc":"2.0","id":"0","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"benches","version":"1"}}}"#,
        );
        server.receive();
        server.write(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        for _ in 0..300 {
            server.call("none");
        }
        for tool in ["text", "values"] {
            server.stream(tool);
        }
    }
    let mut commits = Vec::new();
    let mut file = fs::File::create(folder.join("commits")).expect("a file");
    for round in 0..ROUNDS {
        // Each comes first as often as any other, and after either of its neighbours: what
        // one leaves to be done, the next one pays for.
        let count = servers.len();
        for index in 0..count {
            let index = if round % 2 == 0 { index } else { count - index };
            let server = &mut servers[(round + index) % count];
            // The first calls find the cores busy with what the one before has left.
            for _ in 0..CALLS_PER_ROUND / 5 {
                server.call("none");
            }
            let calls = (0..CALLS_PER_ROUND).map(|_| micros(server.call("none")));
            let call = median(calls.collect());
            server.calls.push(call);
            let at_once = server.at_once("text");
            server.at_once.push(micros(at_once));
            let texts = server.stream("text");
            server.texts.push(micros(texts));
            let values = server.stream("values");
            server.values.push(micros(values));
        }
        commits.push(commit(&mut file, &mut servers[0]));
    }
    println!("one durable commit: {:.0} µs\n", median(commits));
    let [alone, ..] = &servers;
    println!(
        "1 MiB, from the server alone: text, ten at once {:.0} µs, in a stream {:.0} µs;",
        median(alone.at_once.clone()),
        median(alone.texts.clone())
    );
    println!(
        "values in a stream {:.0} µs\n",
        median(alone.values.clone())
    );
    println!("| | call, µs | more than the server alone | text at once | text | values |");
    println!("|---|--:|--:|--:|--:|--:|");
    let throughput = |these, those| compared(these, those, |this, alone| alone / this);
    for server in &servers {
        println!(
            "| {} | {:.0} | {:.0} | {:.2} | {:.2} | {:.2} |",
            server.name,
            median(server.calls.clone()),
            compared(&server.calls, &alone.calls, |this, alone| this - alone),
            throughput(&server.at_once, &alone.at_once),
            throughput(&server.texts, &alone.texts),
            throughput(&server.values, &alone.values),
        );
    }
    drop(servers);
    let _ = fs::remove_dir_all(&folder);
}
