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
        // A new file survives a power cut once its folder is on the disk.
        #[cfg(unix)]
        File::open(std::path::absolute(path)?.parent().unwrap_or(path))?.sync_all()?;
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

/// Writes what waits, syncs once, and acknowledges. After an error of the file the thread
/// ends, and so every `record` fails from then on: what cannot be recorded does not happen.
fn write_all(mut log: LogWriter<File>, mut waiting: mpsc::Receiver<Waiting>) {
    let mut batch = Vec::new();
    while waiting.blocking_recv_many(&mut batch, QUEUE) > 0 {
        if let Err(err) = write(&mut log, &mut batch) {
            eprintln!("audit: {err}");
            return;
        }
        for Waiting { recorded, .. } in batch.drain(..) {
            // Nobody waits any more if the connection was closed.
            let _ = recorded.send(());
        }
    }
}

/// Takes out of the batch what no log would take: its `record` fails, and no other.
fn write(log: &mut LogWriter<File>, batch: &mut Vec<Waiting>) -> Result<()> {
    let mut failed = None;
    batch.retain(|Waiting { entry, .. }| match log.write(entry) {
        Ok(()) => true,
        Err(WriteError::Empty | WriteError::TooLarge { .. }) => false,
        Err(err) => {
            // What comes after the first one only says that it came.
            failed.get_or_insert(err);
            false
        }
    });
    if let Some(err) = failed {
        return Err(err.into());
    }
    log.get_ref().sync_data()?;
    Ok(())
}
