//! The service: publishes each entry until the server has acknowledged it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;

use async_nats::jetstream::Context;
use async_nats::jetstream::context::{PublishAckFuture, PublishError};
use async_nats::jetstream::message::PublishMessage;
use futures_util::future::join_all;
use lokryn_compliance_log::builder::missing;
use lokryn_compliance_log::{EventType, LogEntry, LogSource, Outcome, Sensitivity};
use serde_json::json;

use crate::{Result, SUBJECT};

const IN_FLIGHT: usize = 256;

pub async fn run(jetstream: &Context, count: usize, acknowledged: &Path) -> Result<()> {
    let source = LogSource::new("order-service", "production").policy_tags(["SOC2"]);
    let mut acknowledged = File::create(acknowledged)?;
    let (mut retried, mut duplicates) = (0, 0);

    let orders: Vec<usize> = (0..count).collect();
    for orders in orders.chunks(IN_FLIGHT) {
        let mut waiting = orders.to_vec();
        while !waiting.is_empty() {
            let mut sent = Vec::with_capacity(waiting.len());
            for &order in &waiting {
                sent.push(publish(jetstream, &source, order).await);
            }
            let answers = join_all(sent.into_iter().map(async |ack| ack?.await)).await;

            let mut lines = String::new();
            let mut failed = Vec::new();
            for (order, answer) in waiting.into_iter().zip(answers) {
                match answer {
                    Ok(ack) => {
                        duplicates += usize::from(ack.duplicate);
                        lines += &format!("{}\n", resource(order));
                    }
                    // It may be in the stream all the same: only the answer is missing.
                    // If it is not, it comes after those that went through.
                    Err(_) => failed.push(order),
                }
            }
            acknowledged.write_all(lines.as_bytes())?;
            retried += failed.len();
            waiting = failed;
        }
    }
    println!(
        "published {count}: {retried} tries failed, {duplicates} entries were in the stream already"
    );
    Ok(())
}

/// Sends an entry and returns what will be the server's answer.
///
/// One message is one encoded entry. By its identifier the server tells a second
/// try from a second entry.
async fn publish(
    jetstream: &Context,
    source: &LogSource<missing::sensitivity>,
    order: usize,
) -> std::result::Result<PublishAckFuture, PublishError> {
    let message = PublishMessage::build()
        .message_id(resource(order))
        .payload(entry(source, order).to_bytes().into());
    jetstream.send_publish(SUBJECT, message).await
}

fn entry(source: &LogSource<missing::sensitivity>, order: usize) -> LogEntry {
    if order % 100 == 99 {
        // What a service without this crate might send: an entry that says nothing.
        return LogEntry {
            resource: resource(order),
            ..LogEntry::default()
        };
    }
    source
        .entry()
        .event_type(EventType::ResourceAccess)
        .outcome(Outcome::Success)
        .actor_id(format!("user-{:03}", order % 250))
        .resource(resource(order))
        .message("Order was read")
        .payload(json!({"order": order}))
        .sensitivity(Sensitivity::Confidential)
        .build()
}

fn resource(order: usize) -> String {
    format!("orders/{order}")
}
