//! What `AuditedTransport` costs a call, beside the same client without it.
//!
//!     cargo run --release --manifest-path mcp/benches/Cargo.toml --bin transport [COMMAND ARGUMENT…]
//!
//! The command is a server that has a tool `echo`, which is called instead of the one that
//! does nothing. All are measured in turns, in one run, because the machine's speed changes.

mod compare;

use std::error::Error;
use std::path::Path;
use std::time::{Duration, Instant};

use lokryn_compliance_log::LogSource;
use lokryn_journal::Journal;
use lokryn_mcp_log::{AuditOptions, AuditSink, AuditedTransport, Auditor, FileSink};
use rmcp::ServiceExt as _;
use rmcp::model::CallToolRequestParams;
use rmcp::service::{RoleClient, RunningService};
use rmcp::transport::TokioChildProcess;

use compare::{compared, median};

type Result<T = ()> = std::result::Result<T, Box<dyn Error>>;

const ROUNDS: usize = 40;
const CALLS_PER_ROUND: usize = 100;
const LARGE_PER_ROUND: usize = 10;

/// The tool that does nothing.
const NONE: &str = "none";

struct Client {
    name: &'static str,
    service: RunningService<RoleClient, ()>,
    /// Microseconds: a median of each round.
    calls: Vec<f64>,
    large: Vec<f64>,
}

impl Client {
    async fn start(
        name: &'static str,
        command: &[String],
        auditor: Option<Auditor>,
    ) -> Result<Self> {
        let mut process = tokio::process::Command::new(&command[0]);
        process.args(&command[1..]);
        let process = TokioChildProcess::new(process)?;
        let service = match auditor {
            Some(auditor) => ().serve(AuditedTransport::new(process, &auditor)).await?,
            None => ().serve(process).await?,
        };
        Ok(Self {
            name,
            service,
            calls: Vec::new(),
            large: Vec::new(),
        })
    }

    async fn call(&self, tool: &'static str) -> Result<Duration> {
        let arguments = serde_json::json!({"message": "a"});
        let arguments = arguments.as_object().cloned().ok_or("no object")?;
        let begin = Instant::now();
        let call = CallToolRequestParams::new(tool).with_arguments(arguments);
        self.service.call_tool(call).await?;
        Ok(begin.elapsed())
    }

    /// The median of so many calls.
    async fn calls(&self, tool: &'static str, count: usize) -> Result<f64> {
        let mut times = Vec::new();
        for _ in 0..count {
            times.push(self.call(tool).await?.as_secs_f64() * 1e6);
        }
        Ok(median(times))
    }
}

fn auditor(sink: impl AuditSink + 'static, options: AuditOptions) -> Result<Option<Auditor>> {
    let source = LogSource::new("benches", "test");
    Ok(Some(Auditor::with_options(
        source,
        "agent-001",
        sink,
        options,
    )?))
}

#[tokio::main]
async fn main() -> Result {
    let mut server: Vec<String> = std::env::args().skip(1).collect();
    let has_large = server.is_empty();
    let tool = if has_large { NONE } else { "echo" };
    if has_large {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/server.js");
        server = vec!["node".into(), script.display().to_string()];
    }
    let folder = std::env::temp_dir().join(format!("mcp-benches-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let file = |name: &str| FileSink::open(folder.join(name));
    let started_off = || AuditOptions::new().started::<[&str; 0]>([]);
    let journal = Journal::open(folder.join("audit"))?;
    let all = AuditOptions::new;
    let auditors = [
        ("without", None),
        (
            "not synced, started off",
            auditor(file("1")?.without_sync(), started_off())?,
        ),
        ("not synced", auditor(file("2")?.without_sync(), all())?),
        ("synced, started off", auditor(file("3")?, started_off())?),
        ("synced", auditor(file("4")?, all())?),
        (
            "journal, started off",
            auditor(journal.clone(), started_off())?,
        ),
        ("journal", auditor(journal, all())?),
    ];
    let mut clients = Vec::new();
    for (name, auditor) in auditors {
        clients.push(Client::start(name, &server, auditor).await?);
    }
    for client in &clients {
        client.calls(tool, 300).await?;
    }
    for round in 0..ROUNDS {
        // Each comes first as often as any other: what one leaves to be done, the next one
        // pays for.
        let count = clients.len();
        for index in 0..count {
            let client = &mut clients[(round + index) % count];
            let call = client.calls(tool, CALLS_PER_ROUND).await?;
            client.calls.push(call);
            if has_large {
                let large = client.calls("text", LARGE_PER_ROUND).await?;
                client.large.push(large);
            }
        }
    }
    println!("| | call, µs | more than without | times | 1 MiB result, µs | throughput |");
    println!("|---|--:|--:|--:|--:|--:|");
    let [without, ..] = &clients[..] else {
        return Err("no clients".into());
    };
    for client in &clients {
        print!(
            "| {} | {:.0} | {:.0} | {:.2} |",
            client.name,
            median(client.calls.clone()),
            compared(&client.calls, &without.calls, |this, without| this
                - without),
            compared(&client.calls, &without.calls, |this, without| this
                / without),
        );
        if has_large {
            print!(
                " {:.0} | {:.2} |",
                median(client.large.clone()),
                compared(&client.large, &without.large, |this, without| without
                    / this),
            );
        }
        println!();
    }
    for client in clients {
        client.service.cancel().await?;
    }
    std::fs::remove_dir_all(&folder)?;
    Ok(())
}
