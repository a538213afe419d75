//! The shipper: publishes a journal's records up to its checkpoint, each until the
//! server has acknowledged it, and then the checkpoint.

use std::path::Path;
use std::thread;
use std::time::Duration;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::{PublishAckFuture, PublishError, PublishErrorKind};
use async_nats::jetstream::message::PublishMessage;
use futures_util::future::join_all;
use lokryn_compliance_log::bytes::Bytes;
use lokryn_journal::JournalReader;
use tokio::sync::mpsc;

use crate::Result;
use crate::position::Position;

/// How many records may be on their way at once.
const IN_FLIGHT: usize = 256;
/// How long to wait before what was not acknowledged is published again.
const PAUSE: Duration = Duration::from_millis(200);

pub async fn run(jetstream: &Context, folder: &Path, position: &Path) -> Result<()> {
    let reader = JournalReader::open(folder)?;
    let origin = reader.checkpoint().origin().to_owned();
    let mut position = Position::open(position, &origin)?;
    let next = position.next();
    eprintln!("shipping {origin} from record {next}");

    // Reading waits for the journal, so it has a thread of its own.
    let (batches, mut read) = mpsc::channel(1);
    thread::spawn(move || {
        if let Err(err) = follow(reader, next, &batches) {
            _ = batches.blocking_send(Err(err));
        }
    });
    while let Some(batch) = read.recv().await {
        let batch = batch?;
        publish_all(jetstream, batch.records).await?;
        position.advance(batch.next)?;
        // After its records, so that whoever has it can have them, too.
        publish_all(jetstream, batch.checkpoint.into_iter().collect()).await?;
    }
    Ok(())
}

/// Records that follow each other, and the checkpoint if they reach it.
struct Batch {
    records: Vec<Message>,
    /// The number of the record after them.
    next: u64,
    checkpoint: Option<Message>,
}

#[derive(Clone)]
struct Message {
    subject: String,
    origin: String,
    /// The record's number, or how many records the checkpoint covers.
    sequence: u64,
    /// By this the server tells a second try from a second record, for a while.
    id: String,
    /// The record as it lies in the journal, the leaf of its tree; or the signed note.
    bytes: Bytes,
}

/// Reads the journal from a record on and hands out batches, for as long as they are
/// taken.
fn follow(
    reader: JournalReader,
    mut next: u64,
    batches: &mpsc::Sender<Result<Batch>>,
) -> Result<()> {
    let signed = reader.checkpoint().size();
    if signed < next {
        return Err(format!("{next} records were shipped, and {signed} are signed").into());
    }
    let origin = reader.checkpoint().origin().to_owned();
    let [records, checkpoints] = ["record", "checkpoint"].map(|kind| subject(kind, &origin));
    let (records, checkpoints) = (records?, checkpoints?);
    let mut reader = reader.from(next).follow()?;
    // The last run may have ended between the records and their checkpoint.
    let mut is_due = signed == next;
    let mut batch = Vec::new();
    loop {
        if is_due || batch.len() == IN_FLIGHT {
            let checkpoint = is_due.then(|| Message {
                subject: checkpoints.clone(),
                origin: origin.clone(),
                sequence: next,
                id: format!("{origin}/checkpoint/{next}"),
                bytes: reader.checkpoint().to_string().into(),
            });
            let batch = Batch {
                records: std::mem::take(&mut batch),
                next,
                checkpoint,
            };
            if batches.blocking_send(Ok(batch)).is_err() {
                return Ok(());
            }
        }
        let Some(record) = reader.next_record() else {
            return Err("the journal has ended".into());
        };
        let record = record?;
        if record.sequence != next {
            return Err(format!("record {next} is not there any more").into());
        }
        batch.push(Message {
            subject: records.clone(),
            origin: origin.clone(),
            sequence: next,
            id: format!("{origin}/{next}"),
            bytes: Bytes::copy_from_slice(record.bytes),
        });
        next += 1;
        is_due = next == reader.checkpoint().size();
    }
}

/// Returns the subject for a journal's records or checkpoints.
fn subject(kind: &str, origin: &str) -> Result<String> {
    let is_token = |token: &str| !token.is_empty() && !token.contains(['*', '>']);
    if origin.split('.').all(is_token) {
        Ok(format!("journal.{kind}.{origin}"))
    } else {
        Err(format!("origin {origin:?} cannot be part of a subject").into())
    }
}

/// Publishes until the server has acknowledged all.
async fn publish_all(jetstream: &Context, mut waiting: Vec<Message>) -> Result<()> {
    while !waiting.is_empty() {
        let mut sent = Vec::with_capacity(waiting.len());
        for message in &waiting {
            sent.push(publish(jetstream, message.clone()).await);
        }
        let answers = join_all(sent.into_iter().map(async |ack| ack?.await)).await;
        let mut failed = Vec::new();
        for (message, answer) in waiting.into_iter().zip(answers) {
            let Err(err) = answer else { continue };
            if err.kind() == PublishErrorKind::MaxPayloadExceeded {
                return Err(format!("{}: {err}", message.id).into());
            }
            if failed.is_empty() {
                eprintln!("{}: {err}; trying again", message.id);
            }
            // It may be in the stream all the same: only the answer is missing.
            failed.push(message);
        }
        if !failed.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
        waiting = failed;
    }
    Ok(())
}

/// Sends a message and returns what will be the server's answer.
async fn publish(
    jetstream: &Context,
    message: Message,
) -> std::result::Result<PublishAckFuture, PublishError> {
    let published = PublishMessage::build()
        .message_id(message.id)
        .header("Journal-Origin", message.origin)
        .header("Journal-Sequence", message.sequence.to_string())
        .payload(message.bytes);
    jetstream.send_publish(message.subject, published).await
}
