//! Entries that are committed together, and those who wait for them.

use std::sync::{Arc, OnceLock};

use crate::error::Closed;

/// What has become of entries that are committed together.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    done: OnceLock<Result<(), Closed>>,
    #[cfg(feature = "tokio")]
    waiting: tokio::sync::Notify,
}

impl Batch {
    /// Waits until they are written, or are not.
    pub(crate) fn wait(&self) -> Result<(), Closed> {
        self.done.wait().clone()
    }

    /// Does the same without blocking the thread.
    #[cfg(feature = "tokio")]
    pub(crate) async fn done(&self) -> Result<(), Closed> {
        loop {
            // Before looking, so that nothing is missed in between.
            let waiting = self.waiting.notified();
            if let Some(done) = self.done.get() {
                return done.clone();
            }
            waiting.await;
        }
    }

    fn finish(&self, done: Result<(), Closed>) {
        let _ = self.done.set(done);
        #[cfg(feature = "tokio")]
        self.waiting.notify_waiters();
    }
}

/// A batch that somebody is writing. Those who wait are told even if that panics.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) batch: Arc<Batch>,
    pub(crate) frames: Vec<u8>,
    /// How many records they are.
    pub(crate) count: u64,
    pub(crate) first_time: u64,
    pub(crate) is_durable: bool,
}

impl Taken {
    pub(crate) fn finish(&self, done: Result<(), Closed>) {
        self.batch.finish(done);
    }

    /// Returns the buffer, empty, for other frames.
    pub(crate) fn into_buffer(mut self) -> Vec<u8> {
        let mut buffer = std::mem::take(&mut self.frames);
        buffer.clear();
        buffer
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.batch.finish(Err(Closed::Panicked));
    }
}
