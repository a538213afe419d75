//! Work on one piece after the other, on all cores, in order.

use std::collections::BTreeMap;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Hands what `next` returns to `work` on so many threads, and what that returns to
/// `take`, in the order in which it was handed out. Stops at the first error of either.
///
/// What is in memory is bounded: two pieces a thread.
pub(crate) fn run<J: Send, R: Send, E>(
    threads: usize,
    mut next: impl FnMut() -> Result<Option<J>, E>,
    work: impl Fn(J) -> R + Sync,
    mut take: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    if threads < 2 {
        while let Some(job) = next()? {
            take(work(job))?;
        }
        return Ok(());
    }
    let most = threads * 2;
    let (jobs, queue) = sync_channel::<(usize, J)>(most);
    let (results, done) = sync_channel::<(usize, R)>(most);
    let queue = Mutex::new(queue);
    thread::scope(|scope| {
        for _ in 0..threads {
            let (queue, results, work) = (&queue, results.clone(), &work);
            scope.spawn(move || work_off(queue, &results, work));
        }
        drop(results);
        let ordered = order(most, &jobs, &done, &mut next, &mut take);
        // Without it the threads go home.
        drop(jobs);
        ordered
    })
}

fn work_off<J, R>(
    queue: &Mutex<Receiver<(usize, J)>>,
    results: &SyncSender<(usize, R)>,
    work: impl Fn(J) -> R,
) {
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, job)) = job else { return };
        if results.send((number, work(job))).is_err() {
            return;
        }
    }
}

fn order<J, R, E>(
    most: usize,
    jobs: &SyncSender<(usize, J)>,
    done: &Receiver<(usize, R)>,
    next: &mut impl FnMut() -> Result<Option<J>, E>,
    take: &mut impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let mut early = BTreeMap::new();
    let (mut sent, mut taken) = (0, 0);
    let mut is_end = false;
    loop {
        while !is_end && sent - taken < most {
            match next()? {
                // A thread that panicked is reported by the scope.
                Some(job) => match jobs.send((sent, job)) {
                    Ok(()) => sent += 1,
                    Err(_) => is_end = true,
                },
                None => is_end = true,
            }
        }
        if taken == sent {
            return Ok(());
        }
        let Ok((number, result)) = done.recv() else {
            return Ok(());
        };
        early.insert(number, result);
        while let Some(result) = early.remove(&taken) {
            take(result)?;
            taken += 1;
        }
    }
}
