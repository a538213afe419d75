//! Seeing to it that reading goes on while a thread that reads is kept waiting.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

/// How long a thread that reads may be kept waiting: several times what a commit takes that
/// need not wait for others. It may become twice as long.
const LONGEST: Duration = Duration::from_millis(10);

/// A thread that looks after those that read, as long as they have something to do.
/// Otherwise it sleeps.
#[derive(Default)]
pub(crate) struct Relief {
    thread: OnceLock<Thread>,
    is_asleep: AtomicBool,
}

impl Relief {
    /// Says that a thread that reads may be kept waiting now.
    pub(crate) fn watch(&self) {
        if self.is_asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Relieves, for ever, whoever has been kept waiting for so long. That returns how often
    /// somebody has been watched.
    pub(crate) fn run(&self, relieve: impl Fn(Duration) -> u64) {
        let _ = self.thread.set(thread::current());
        let mut seen = 0;
        loop {
            let mut watched = relieve(LONGEST);
            if watched == seen {
                self.is_asleep.store(true, Ordering::SeqCst);
                // Who has begun before that has not woken this thread.
                watched = relieve(LONGEST);
                if watched == seen {
                    thread::park();
                }
                self.is_asleep.store(false, Ordering::SeqCst);
            }
            seen = watched;
            thread::sleep(LONGEST);
        }
    }
}
