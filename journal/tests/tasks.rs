//! Appending from tasks.
#![cfg(feature = "tokio")]

mod common;

use std::time::Duration;

use common::{entry, scratch};
use lokryn_journal::{Journal, verify};
use tokio::runtime::{Builder, Runtime};

#[test]
fn tasks_and_threads_commit_together() {
    let folder = scratch("tasks").join("audit");
    let journal = Journal::open(&folder).unwrap();
    let runtime = Runtime::new().unwrap();
    let mut numbers: Vec<u64> = runtime.block_on(async {
        let append = |number| {
            let journal = journal.clone();
            tokio::spawn(
                async move { journal.append_async(&entry(number)).await.unwrap().sequence },
            )
        };
        let tasks: Vec<_> = (0..300).map(append).collect();
        let blocking = journal.clone();
        let thread = std::thread::spawn(move || {
            let append = |number| blocking.append(&entry(number)).unwrap().sequence;
            (300..400).map(append).collect::<Vec<_>>()
        });
        let mut numbers = Vec::new();
        for task in tasks {
            numbers.push(task.await.unwrap());
        }
        numbers.extend(
            tokio::task::spawn_blocking(|| thread.join().unwrap())
                .await
                .unwrap(),
        );
        numbers
    });
    numbers.sort_unstable();
    assert_eq!(numbers, (0..400).collect::<Vec<_>>());
    let key = journal.verifier().clone();
    assert_eq!(journal.close().unwrap().size(), 400);
    assert_eq!(verify(&folder, &[key]).unwrap().proved, 400);
}

/// A runtime that ends takes nobody else's entries with it.
#[test]
fn a_runtime_that_ends_leaves_nobody_waiting() {
    for _ in 0..20 {
        let folder = scratch("runtime_ends").join("audit");
        let journal = Journal::open(&folder).unwrap();
        let runtime = Runtime::new().unwrap();
        for number in 0..50 {
            let journal = journal.clone();
            runtime.spawn(async move { journal.append_async(&entry(number)).await });
        }
        let thread = {
            let journal = journal.clone();
            std::thread::spawn(move || journal.append(&entry(99)).unwrap())
        };
        runtime.shutdown_background();
        thread.join().unwrap();
        journal.append(&entry(100)).unwrap();
    }
}

/// What a task is to write waits for no thread that waits for it.
#[test]
fn a_thread_writes_what_a_task_cannot() {
    let folder = scratch("blocked").join("audit");
    let an_hour = Duration::from_secs(3600);
    let options = Journal::options().checkpoint_interval(an_hour);
    let journal = options.open(&folder).unwrap();
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    runtime.block_on(async {
        let (is_pushed, pushed) = std::sync::mpsc::channel();
        let blocking = {
            let journal = journal.clone();
            tokio::task::spawn_blocking(move || {
                pushed.recv().unwrap();
                journal.append(&entry(1)).unwrap().sequence
            })
        };
        let entry = entry(0);
        let mut append = std::pin::pin!(journal.append_async(&entry));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(append.as_mut().poll(&mut context).is_pending());
        is_pushed.send(()).unwrap();
        assert_eq!(blocking.await.unwrap(), 1);
        assert_eq!(append.await.unwrap().sequence, 0);
    });
    journal.close().unwrap();
}

/// Without a runtime it blocks, and works.
#[test]
fn no_runtime_is_needed() {
    let folder = scratch("no_runtime").join("audit");
    let journal = Journal::open(&folder).unwrap();
    let entry = entry(0);
    let mut append = std::pin::pin!(journal.append_async(&entry));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    let done = append.as_mut().poll(&mut context);
    assert!(matches!(done, std::task::Poll::Ready(Ok(_))));
}
