//! The service: a journal, and entries in it.

use std::path::Path;
use std::thread;
use std::time::Duration;

use lokryn_compliance_log::{EventType, LogSource, Outcome, Sensitivity};
use lokryn_journal::Journal;
use serde_json::json;

use crate::Result;

/// How long nothing happens between two entries.
const PAUSE: Duration = Duration::from_millis(1);

/// Appends entries until the journal has `count`.
pub fn run(folder: &Path, count: u64) -> Result<()> {
    // Short segments, so that the shipper goes through several.
    let journal = Journal::options().max_segment_len(1 << 20).open(folder)?;
    let source = LogSource::new("order-service", "production")
        .policy_tags(["SOC2"])
        .sensitivity(Sensitivity::Confidential);
    for order in journal.checkpoint()?.size()..count {
        let denied = order % 10 == 9;
        let entry = source
            .entry()
            .event_type(EventType::ResourceAccess)
            .outcome(if denied {
                Outcome::FailureDenied
            } else {
                Outcome::Success
            })
            .actor_id(format!("user-{:03}", order % 250))
            .resource(format!("orders/{order}"))
            .payload(json!({"order": order}))
            .build();
        journal.append(&entry)?;
        thread::sleep(PAUSE);
    }
    journal.close()?;
    Ok(())
}
