//! Seeing to it that reading goes on while a thread that reads waits for the sink.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use crate::lane::Lane;

/// How long a thread that reads may wait for the sink: several times what a commit takes
/// that need not wait for others. It may become twice as long.
const LONGEST: Duration = Duration::from_millis(10);

/// A thread that looks after those that read, as long as they write entries. Otherwise it
/// sleeps.
#[derive(Default)]
pub(crate) struct Relief {
    thread: OnceLock<Thread>,
    is_asleep: AtomicBool,
}

impl Relief {
    /// Says that a thread that reads writes an entry now.
    pub(crate) fn watch(&self) {
        if self.is_asleep.swap(false, Ordering::SeqCst)
            && let Some(thread) = self.thread.get()
        {
            thread.unpark();
        }
    }

    /// Relieves the threads that read, for ever.
    pub(crate) fn run(&self, lanes: [&Lane; 2]) {
        let _ = self.thread.set(thread::current());
        let look = || -> u64 { lanes.iter().map(|lane| lane.relieve(LONGEST)).sum() };
        let mut seen = 0;
        loop {
            let mut recorded = look();
            if recorded == seen {
                self.is_asleep.store(true, Ordering::SeqCst);
                // Who has begun before that has not woken this thread.
                recorded = look();
                if recorded == seen {
                    thread::park();
                }
                self.is_asleep.store(false, Ordering::SeqCst);
            }
            seen = recorded;
            thread::sleep(LONGEST);
        }
    }
}
