//! The program `lokryn-mcp-log`.

#[path = "program/config.rs"]
mod config;
#[path = "program/lane.rs"]
mod lane;
#[path = "program/lines.rs"]
mod lines;
#[path = "program/proxy.rs"]
mod proxy;
#[path = "program/readers.rs"]
mod readers;
#[path = "program/relief.rs"]
mod relief;
#[cfg(test)]
#[path = "../tests/support/mod.rs"]
mod support;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, builder::NonEmptyStringValueParser};
use lokryn_journal::Journal;
use lokryn_mcp_log::{AuditSink, Auditor, FileSink, JournalSink};

use crate::config::Config;
use crate::proxy::Ending;

/// Stands between an MCP client and a stdio server, and records every call.
///
/// Give it to the client in the place of the server's command. What passes is forwarded
/// unchanged, once it is recorded; what cannot be recorded does not happen. Ends with the
/// status of the server.
#[derive(Parser)]
#[command(version)]
struct Program {
    #[command(flatten)]
    place: Place,
    /// Who acts: the agent or the person that the client works for
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    actor: String,
    /// Rules and options, a JSON file
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Leaves it to the operating system when entries get to the disk
    #[arg(long, conflicts_with = "journal")]
    no_sync: bool,
    /// The longest message that is read, in bytes; a longer one is recorded as that
    #[arg(long, value_name = "BYTES", default_value_t = 64 * 1024 * 1024)]
    max_message: usize,
    /// The server, with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Where entries go.
#[derive(Args)]
#[group(required = true, multiple = false)]
struct Place {
    /// The folder of a journal, made with a key if there is none
    #[arg(long, value_name = "DIR")]
    journal: Option<PathBuf>,
    /// A file of length-delimited entries, made if there is none
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

/// Wrong use, or no place for the log.
const CANNOT_START: u8 = 125;

fn main() -> ExitCode {
    let program = Program::parse();
    let auditor = match auditor(&program) {
        Ok(auditor) => auditor,
        Err(message) => {
            eprintln!("lokryn-mcp-log: {message}");
            return ExitCode::from(CANNOT_START);
        }
    };
    let ending = proxy::run(&auditor, &program.command, program.max_message);
    if let Err(err) = auditor.close() {
        eprintln!("lokryn-mcp-log: {err}");
    }
    match ending {
        Ending::Status(status) => std::process::exit(status),
        Ending::Signal(signal) => proxy::end_by(signal),
        Ending::NotStarted { message, status } => {
            eprintln!("lokryn-mcp-log: {message}");
            ExitCode::from(status)
        }
    }
}

fn auditor(program: &Program) -> Result<Auditor, String> {
    let config = match &program.config {
        Some(path) => Config::read(path)?,
        None => Config::default(),
    };
    let sink = sink(program)?;
    let (source, options) = config.into_parts()?;
    Auditor::with_options(source, &*program.actor, sink, options).map_err(|err| chain(&err))
}

fn sink(program: &Program) -> Result<Box<dyn AuditSink>, String> {
    if let Some(folder) = &program.place.journal {
        let of_opening = folder.clone();
        let sink = JournalSink::open(move || Journal::open(&of_opening));
        let sink = sink.map_err(|err| format!("{}: {}", folder.display(), chain(&err)))?;
        return Ok(Box::new(sink));
    }
    let Some(path) = &program.place.log else {
        return Err("neither --journal nor --log".into());
    };
    let sink =
        FileSink::open(path).map_err(|err| format!("{}: {}", path.display(), chain(&err)))?;
    Ok(Box::new(if program.no_sync {
        sink.without_sync()
    } else {
        sink
    }))
}

/// Returns an error with its causes.
fn chain(err: &dyn std::error::Error) -> String {
    let mut text = err.to_string();
    let mut source = err.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}
