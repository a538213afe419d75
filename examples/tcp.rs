//! Entries over a TCP connection, with tokio: an agent sends, a collector
//! checks and prints.
//!
//!     cargo run --example tcp --features tokio

use std::error::Error;

use futures_util::{SinkExt as _, StreamExt as _};
use lokryn_compliance_log::codec::LogCodec;
use lokryn_compliance_log::stream::ReadError;
use lokryn_compliance_log::{EventType, LogSource, Outcome, Sensitivity};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{FramedRead, FramedWrite};

async fn collect(connection: TcpStream) -> Result<usize, ReadError> {
    let mut entries = FramedRead::new(connection, LogCodec::new().with_max_entry_len(64 * 1024));
    let mut accepted = 0;
    while let Some(entry) = entries.next().await {
        let entry = entry?;
        match entry.validate() {
            Ok(()) => accepted += 1,
            Err(err) => eprintln!("refused: {err}"),
        }
        println!("{}", entry.json_line());
    }
    Ok(accepted)
}

async fn send(connection: TcpStream) -> Result<(), Box<dyn Error>> {
    let source = LogSource::new("planner", "staging").sensitivity(Sensitivity::Internal);
    let mut collector = FramedWrite::new(connection, LogCodec::new());
    for step in ["search", "summarize", "reply"] {
        let entry = source
            .entry()
            .event_type(EventType::AgentDecision)
            .outcome(Outcome::Success)
            .actor_id("agent-001")
            .resource(format!("steps/{step}"))
            .build();
        collector.send(&entry).await?;
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let agent = TcpStream::connect(listener.local_addr()?).await?;
    let (collector, _) = listener.accept().await?;

    let (sent, accepted) = tokio::join!(send(agent), collect(collector));
    sent?;
    println!("{} entries accepted", accepted?);
    Ok(())
}
