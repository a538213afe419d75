//! Journals of several machines, shipped through NATS JetStream into ClickHouse.
//!
//! ```text
//! journal-shipping write FOLDER COUNT                 a service: entries, until there are COUNT
//! journal-shipping ship FOLDER POSITION               the shipper: publishes until it is killed
//! journal-shipping verify VKEY CHECKPOINTS [KEPT]     rows on standard input, against what was signed
//! ```
//!
//! The server is that of `NATS_URL`. `ingest.py` brings what was published into
//! ClickHouse, and `verify.py` takes it from there to `verify`. `./check` runs all of it
//! and kills shippers, server and ingester on the way.

mod position;
mod ship;
mod verify;
mod write;

use std::env;
use std::path::Path;
use std::time::Duration;

use async_nats::ConnectOptions;
use async_nats::jetstream::stream::{Config, DiscardPolicy};
use async_nats::jetstream::{Context, ContextBuilder};

type Result<T> = std::result::Result<T, async_nats::Error>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["write", folder, count] => write::run(Path::new(folder), count.parse()?),
        ["ship", folder, position] => {
            ship::run(&connect().await?, Path::new(folder), Path::new(position)).await
        }
        ["verify", key, checkpoints, ref kept @ ..] if kept.len() <= 1 => verify::run(
            Path::new(key),
            Path::new(checkpoints),
            kept.first().map(Path::new),
        ),
        _ => Err("see the head of src/main.rs".into()),
    }
}

async fn connect() -> Result<Context> {
    let client = ConnectOptions::new()
        .retry_on_initial_connect()
        .connect(env::var("NATS_URL")?)
        .await?;
    let jetstream = ContextBuilder::new()
        .timeout(Duration::from_secs(2))
        .build(client);
    let config = Config {
        name: "JOURNALS".into(),
        subjects: vec!["journal.>".into()],
        // Longer than the longest outage of the ingester.
        max_age: Duration::from_secs(14 * 24 * 60 * 60),
        // A full stream refuses new records; it does not drop old ones.
        discard: DiscardPolicy::New,
        deny_delete: true,
        deny_purge: true,
        duplicate_window: Duration::from_secs(120),
        ..Config::default()
    };
    while let Err(err) = jetstream.get_or_create_stream(config.clone()).await {
        eprintln!("waiting for the server: {err}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(jetstream)
}
