//! The log of the service: one file, and a thread that writes it for all requests.

use std::fs::File;
use std::path::Path;
use std::thread;

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::{self, LogWriter, WriteError};
use tokio::sync::{mpsc, oneshot};

use crate::Result;

/// How many entries may wait to be written. Requests beyond that wait in turn.
const QUEUE: usize = 1000;

/// Hands entries to the thread that writes them.
#[derive(Clone)]
pub struct Audit(mpsc::Sender<Waiting>);

struct Waiting {
    entry: LogEntry,
    recorded: oneshot::Sender<()>,
}

impl Audit {
    /// Opens the log, after a crash, too, and starts its thread.
    pub fn open(path: &Path) -> Result<Self> {
        let file = File::options().append(true).create(true).open(path)?;
        if let Some(cut) = stream::recover(path)?.cut {
            eprintln!("{}: {cut}", path.display());
        }
        let (sender, waiting) = mpsc::channel(QUEUE);
        thread::spawn(move || write_all(LogWriter::new(file), waiting));
        Ok(Self(sender))
    }

    /// Records an entry. Once this returns `Ok`, the entry survives a power cut; nobody
    /// must be told of the action before.
    pub async fn record(&self, entry: LogEntry) -> Result<()> {
        let (recorded, acknowledgement) = oneshot::channel();
        self.0.send(Waiting { entry, recorded }).await?;
        Ok(acknowledgement.await?)
    }
}

/// Writes what waits, syncs once, and acknowledges. After an error the thread ends, and
/// so every `record` fails from then on: what cannot be recorded does not happen.
fn write_all(mut log: LogWriter<File>, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::new();
    while waiting.blocking_recv_many(&mut batch, QUEUE) > 0 {
        if let Err(err) = write(&mut log, &batch) {
            eprintln!("audit: {err}");
            return;
        }
        for Waiting { recorded, .. } in batch.drain(..) {
            // Nobody waits any more if the connection was closed.
            let _ = recorded.send(());
        }
    }
}

fn write(log: &mut LogWriter<File>, batch: &[Waiting]) -> std::result::Result<(), WriteError> {
    for Waiting { entry, .. } in batch {
        log.write(entry)?;
    }
    log.get_ref().sync_data()?;
    Ok(())
}
