//! Audit entries through NATS JetStream: a service publishes them, an archiver
//! validates them and appends them to a stream file.
//!
//! ```text
//! nats-jetstream publish COUNT ACKNOWLEDGED   entries; notes what the server took
//! nats-jetstream archive DIR COUNT            until COUNT messages are in DIR
//! nats-jetstream count DIR ACKNOWLEDGED...    compares the two
//! ```
//!
//! The server is that of `NATS_URL`. `./check` runs all three against a server
//! that it kills on the way.

mod archive;
mod count;
mod publish;

use std::env;
use std::path::Path;
use std::time::Duration;

use async_nats::ConnectOptions;
use async_nats::jetstream::stream::{Config, DiscardPolicy};
use async_nats::jetstream::{Context, ContextBuilder};

type Result<T> = std::result::Result<T, async_nats::Error>;

const STREAM: &str = "AUDIT";
const SUBJECT: &str = "audit.orders";

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["publish", count, acknowledged] => {
            publish::run(&connect().await?, count.parse()?, Path::new(acknowledged)).await
        }
        ["archive", dir, count] => {
            archive::run(&connect().await?, Path::new(dir), count.parse()?).await
        }
        ["count", dir, ref acknowledged @ ..] => count::run(Path::new(dir), acknowledged),
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
        name: STREAM.into(),
        subjects: vec!["audit.>".into()],
        // A full stream refuses new entries; it does not drop old ones.
        discard: DiscardPolicy::New,
        deny_delete: true,
        deny_purge: true,
        // How long a publisher may go on trying without publishing twice.
        duplicate_window: Duration::from_secs(600),
        ..Config::default()
    };
    while let Err(err) = jetstream.get_or_create_stream(config.clone()).await {
        eprintln!("waiting for the server: {err}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    Ok(jetstream)
}
