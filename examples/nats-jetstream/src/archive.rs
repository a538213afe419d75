//! The archiver: appends each message to a file exactly once, in order.
//!
//! The files are its only memory. Valid entries are in `audit.binpb`, the others
//! in `rejected.binpb`; each message of the stream is in one of them, so the
//! number of entries in both is the sequence number of the last message. Nothing
//! has to be acknowledged, and a message is never written twice.

use std::fs::File;
use std::path::Path;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, pull};
use futures_util::StreamExt as _;
use lokryn_compliance_log::stream::{self, LogWriter};
use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity};

use crate::{Result, STREAM};

pub async fn run(jetstream: &Context, dir: &Path, count: u64) -> Result<()> {
    let mut archive = Archive::open(dir)?;
    println!("archive begins after message {}", archive.position);
    while archive.position < count {
        if let Err(err) = archive.append_from(jetstream, count).await {
            eprintln!("archive, at {}: {err}; trying again", archive.position);
            tokio::time::sleep(Duration::from_millis(200)).await;
            // A write that failed may have torn an entry.
            archive = Archive::open(dir)?;
        }
    }
    println!("archive ends after message {}", archive.position);
    Ok(())
}

struct Archive {
    audit: LogWriter<File>,
    rejected: LogWriter<File>,
    /// The sequence number of the last message in the files.
    position: u64,
}

impl Archive {
    fn open(dir: &Path) -> Result<Self> {
        let (audit, valid) = reopen(&dir.join("audit.binpb"))?;
        let (rejected, invalid) = reopen(&dir.join("rejected.binpb"))?;
        Ok(Self {
            audit,
            rejected,
            position: valid + invalid,
        })
    }

    /// Appends what the server has, until it has no more or an error occurs.
    async fn append_from(&mut self, jetstream: &Context, count: u64) -> Result<()> {
        let config = pull::Config {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: self.position + 1,
            },
            ack_policy: AckPolicy::None,
            inactive_threshold: Duration::from_secs(30),
            ..pull::Config::default()
        };
        let consumer = jetstream.create_consumer_on_stream(config, STREAM).await?;
        while self.position < count {
            let mut batch = consumer
                .batch()
                .max_messages(500)
                .expires(Duration::from_secs(1))
                .heartbeat(Duration::from_millis(500))
                .messages()
                .await?;
            while let Some(message) = batch.next().await {
                let message = message?;
                self.append(message.info()?.stream_sequence, &message.payload)?;
            }
        }
        Ok(())
    }

    fn append(&mut self, sequence: u64, message: &[u8]) -> Result<()> {
        if sequence != self.position + 1 {
            return Err(format!("expected message {}, got {sequence}", self.position + 1).into());
        }
        match refusal(message) {
            None => self.audit.write_encoded(message)?,
            Some(reason) => {
                eprintln!("rejected message {sequence}: {reason}");
                // Synced in order, so that a power cut takes messages only from
                // the end, whichever file they are in.
                self.audit.get_ref().sync_data()?;
                self.rejected.write(&kept(message, reason))?;
                self.rejected.get_ref().sync_data()?;
            }
        }
        self.position = sequence;
        Ok(())
    }
}

fn refusal(message: &[u8]) -> Option<String> {
    match LogEntry::from_bytes(message) {
        Ok(entry) => entry.validate().err().map(|err| err.to_string()),
        Err(err) => Some(err.to_string()),
    }
}

/// An entry that holds a message which is none. Written as it came, it could look like
/// what a crash leaves.
fn kept(message: &[u8], reason: String) -> LogEntry {
    LogEntry::builder()
        .event_type(EventType::ResourceAccess)
        .outcome(Outcome::FailureError)
        .actor_id("archiver")
        .component("archiver")
        .environment("example")
        .resource("rejected")
        .message(reason)
        .payload(message.to_vec())
        .sensitivity(Sensitivity::HighlyRestricted)
        .build()
}

/// Opens a stream file for appending, and counts what is in it.
fn reopen(path: &Path) -> Result<(LogWriter<File>, u64)> {
    let file = File::options().append(true).create(true).open(path)?;
    let recovered = stream::recover(path)?;
    if let Some(cut) = &recovered.cut {
        eprintln!("{}: {cut}", path.display());
    }
    if recovered.malformed > 0 {
        return Err(format!("{}: entries that nobody wrote", path.display()).into());
    }
    Ok((LogWriter::new(file), recovered.entries))
}
