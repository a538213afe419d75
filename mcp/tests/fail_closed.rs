//! The five rules of failing closed, each with a sink that fails, blocks and recovers.
//! Here at the core; `fail_closed_transport.rs` asks the same of what people use.

mod support;

use std::thread;
use std::time::{Duration, Instant};

use lokryn_mcp_log::{Direction, FailurePolicy, Held, RefusalReason, Session, Verdict, Writing};
use support::{Memory, Mode, auditor, check, detail, lines, options, wait_until};

fn call_text(id: u32) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"pay","arguments":{{"n":{id}}}}}}}"#
    )
}

fn call(session: &Session, id: u32) -> Held {
    session.accept(Direction::ToServer, call_text(id).as_bytes())
}

fn accept_call_to_write(session: &Session, id: u32) -> (Held, Option<Writing>) {
    session.accept_to_write(Direction::ToServer, call_text(id).as_bytes())
}

fn result(session: &Session, id: u32) -> Held {
    let result = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"content":[]}}}}"#);
    session.accept(Direction::ToClient, result.as_bytes())
}

fn cancellation(session: &Session, id: u32) -> Held {
    let cancelled = format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#
    );
    session.accept(Direction::ToServer, cancelled.as_bytes())
}

#[track_caller]
fn assert_refused(verdict: &Verdict, ids: &[&str], reason: RefusalReason) {
    let Verdict::Withhold {
        to_sender,
        to_receiver,
        ..
    } = verdict
    else {
        panic!("not withheld: {verdict:?}");
    };
    let (told, not_told) = match reason {
        RefusalReason::NotCalled => (to_sender, to_receiver),
        _ => (to_receiver, to_sender),
    };
    assert!(not_told.is_empty(), "{verdict:?}");
    let told: Vec<_> = told.iter().map(|it| (&*it.id, it.reason)).collect();
    let expected: Vec<_> = ids.iter().map(|id| (*id, reason)).collect();
    assert_eq!(told, expected);
}

#[test]
fn rule_1_a_call_waits_for_its_started_entry() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options().max_wait(Duration::from_secs(10)));
    let session = auditor.session("test");
    sink.set(Mode::Block);
    let held = call(&session, 1);
    sink.wait_for_blocked();
    assert!(!held.is_ready());
    sink.set(Mode::Take);
    assert_eq!(held.wait(), Verdict::Forward);
    assert_eq!(
        lines(&sink.entries()),
        ["started tool_invocation tools/pay #1 partial"]
    );
}

#[test]
fn rule_1_holds_for_calls_without_an_identifier_and_in_a_batch() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options());
    let session = auditor.session("test");
    sink.set(Mode::Fail);
    // A lenient server might run it.
    let notification = br#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"pay"}}"#;
    let held = session.accept(Direction::ToServer, notification);
    assert_eq!(held.wait(), Verdict::Drop);
    let batch = br#"[{"jsonrpc":"2.0","id":1,"method":"ping"},
        {"jsonrpc":"2.0","id":"b","method":"tools/call","params":{"name":"pay"}}]"#;
    let verdict = session.accept(Direction::ToServer, batch).wait();
    assert_refused(&verdict, &["1", "\"b\""], RefusalReason::NotCalled);
}

#[test]
fn rule_2_a_call_that_cannot_be_recorded_is_refused() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options());
    let session = auditor.session("test");
    sink.set(Mode::Fail);
    let verdict = call(&session, 1).wait();
    assert_refused(&verdict, &["1"], RefusalReason::NotCalled);
    // And that it was refused is recorded, once it can be.
    sink.set(Mode::Take);
    assert_eq!(
        lines(&sink.wait_for(2)),
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 failure_error refused audit_failed",
        ]
    );
    check(&sink.entries());
}

#[test]
fn rule_3_a_result_that_cannot_be_recorded_is_withheld_and_later_calls_are_refused() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options());
    let session = auditor.session("test");
    assert_eq!(call(&session, 1).wait(), Verdict::Forward);
    sink.set(Mode::Fail);
    let verdict = result(&session, 1).wait();
    assert_refused(&verdict, &["1"], RefusalReason::Withheld);
    for id in [2, 3] {
        let verdict = call(&session, id).wait();
        assert_refused(&verdict, &[&id.to_string()], RefusalReason::NotCalled);
    }
    // Any other request, too: its answer could not be recorded either.
    let list = br#"{"jsonrpc":"2.0","id":4,"method":"tools/list"}"#;
    let verdict = session.accept(Direction::ToServer, list).wait();
    assert_refused(&verdict, &["4"], RefusalReason::NotCalled);
    // The sink was opened again before every try.
    wait_until("opening again", || sink.reopened() > 2);

    sink.set(Mode::Take);
    wait_until("recovery", || sink.entries().len() == 6);
    assert_eq!(call(&session, 5).wait(), Verdict::Forward);
    assert_eq!(result(&session, 5).wait(), Verdict::Forward);
    assert_eq!(
        lines(&sink.entries()),
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 success",
            "withheld tool_invocation tools/pay #1 failure_error withheld audit_failed",
            "finished tool_invocation tools/pay #2 failure_error refused audit_failed",
            "finished tool_invocation tools/pay #3 failure_error refused audit_failed",
            "finished context_access tools/list #4 failure_error refused audit_failed",
            "started tool_invocation tools/pay #5 partial",
            "finished tool_invocation tools/pay #5 success",
        ]
    );
    check(&sink.entries());
}

#[test]
fn rule_3_what_is_kept_is_bounded_and_the_gap_is_recorded() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options().max_kept(3));
    let session = auditor.session("test");
    assert_eq!(call(&session, 1).wait(), Verdict::Forward);
    sink.set(Mode::Fail);
    for id in 2..=9 {
        let verdict = call(&session, id).wait();
        assert_refused(&verdict, &[&id.to_string()], RefusalReason::NotCalled);
    }
    sink.set(Mode::Take);
    sink.wait_for(4);
    assert_eq!(call(&session, 10).wait(), Verdict::Forward);
    let entries = sink.entries();
    let (gap, kept) = (&entries[4], &entries[..4]);
    assert_eq!(
        lines(kept)[1..],
        [
            "started tool_invocation tools/pay #2 partial",
            "finished tool_invocation tools/pay #2 failure_error refused audit_failed",
            "finished tool_invocation tools/pay #3 failure_error refused audit_failed",
        ]
    );
    assert_eq!(gap.resource, "audit/gap");
    assert_eq!(detail(gap, "lost_entries"), 6);
    // The numbers say where: 4 to 9 are missing.
    assert_eq!(detail(gap, "sequence"), 10);
}

#[test]
fn rule_4_closing_and_cancelling_pass_whatever_the_sink_does() {
    for mode in [Mode::Fail, Mode::Block] {
        let sink = Memory::new();
        let auditor = auditor(&sink, options().max_wait(Duration::from_secs(60)));
        let session = auditor.session("test");
        assert_eq!(call(&session, 1).wait(), Verdict::Forward);
        sink.set(mode);
        let begin = Instant::now();
        let held = cancellation(&session, 1);
        assert!(held.is_ready(), "{mode:?}");
        assert_eq!(held.wait(), Verdict::Forward, "{mode:?}");
        session.close("closed");
        assert!(begin.elapsed() < Duration::from_secs(30), "{mode:?}");
        sink.set(Mode::Take);
        assert_eq!(
            lines(&sink.wait_for(3))[1..],
            [
                "finished tool_invocation tools/pay #1 failure_error cancelled",
                "closed logout session/close success",
            ]
        );
    }
}

#[test]
fn rule_4_cancelling_a_call_that_is_being_recorded_drops_the_call() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options().max_wait(Duration::from_secs(10)));
    let session = auditor.session("test");
    sink.set(Mode::Block);
    let held = call(&session, 1);
    sink.wait_for_blocked();
    assert_eq!(cancellation(&session, 1).wait(), Verdict::Forward);
    // At once, though the entry is not written.
    assert!(held.is_ready());
    assert_eq!(held.wait(), Verdict::Drop);
    sink.set(Mode::Take);
    assert_eq!(
        lines(&sink.wait_for(2)),
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 failure_error cancelled not_sent",
        ]
    );
    check(&sink.entries());
}

#[test]
fn rule_4_a_cancellation_that_comes_after_the_entry_but_before_the_call_drops_it() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options());
    let session = auditor.session("test");
    let held = call(&session, 1);
    wait_until("the entry", || held.is_ready());
    assert_eq!(cancellation(&session, 1).wait(), Verdict::Forward);
    assert_eq!(held.wait(), Verdict::Drop);
}

#[test]
fn rule_4_a_cancellation_overtakes_others_and_not_its_own_request() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options().max_wait(Duration::from_secs(10)));
    let session = auditor.session("test");
    assert_eq!(call(&session, 1).wait(), Verdict::Forward);
    sink.set(Mode::Block);
    let waiting = call(&session, 2);
    // It has no entry to wait for, and stands behind the one that has.
    let list = br#"{"jsonrpc":"2.0","id":3,"method":"tools/list"}"#;
    let list = session.accept(Direction::ToServer, list);
    let of_first = cancellation(&session, 1);
    assert!(of_first.overtakes(waiting.sent()) && of_first.overtakes(list.sent()));
    let of_list = cancellation(&session, 3);
    assert!(of_list.overtakes(waiting.sent()) && !of_list.overtakes(list.sent()));
    assert!(!list.overtakes(waiting.sent()) && !waiting.overtakes(list.sent()));
    sink.set(Mode::Take);
}

#[test]
fn rule_5_waiting_is_bounded() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options().max_wait(Duration::from_secs(1)));
    let session = auditor.session("test");
    sink.set(Mode::Block);
    let begin = Instant::now();
    let verdict = call(&session, 1).wait();
    assert_refused(&verdict, &["1"], RefusalReason::NotCalled);
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert!(begin.elapsed() < Duration::from_secs(10));
    // Others do not wait for a sink that is known to hang.
    let begin = Instant::now();
    let verdict = call(&session, 2).wait();
    assert_refused(&verdict, &["2"], RefusalReason::NotCalled);
    assert!(begin.elapsed() < Duration::from_millis(900));

    sink.set(Mode::Take);
    sink.wait_for(3);
    wait_until("recovery", || {
        matches!(call(&session, 3).wait(), Verdict::Forward)
    });
    check(&sink.entries());
}

#[test]
fn rule_5_messages_are_taken_while_one_waits() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options().max_wait(Duration::from_secs(10)));
    let session = auditor.session("test");
    assert_eq!(call(&session, 1).wait(), Verdict::Forward);
    sink.set(Mode::Block);
    let first = call(&session, 2);
    sink.wait_for_blocked();
    let second = call(&session, 3);
    let answer = result(&session, 1);
    assert!(!first.is_ready() && !second.is_ready() && !answer.is_ready());
    sink.set(Mode::Take);
    for held in [first, second, answer] {
        assert_eq!(held.wait(), Verdict::Forward);
    }
}

#[test]
fn a_call_that_nobody_waits_for_any_more_is_not_made() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options());
    let session = auditor.session("test");
    drop(call(&session, 1));
    assert_eq!(
        lines(&sink.wait_for(2)),
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 failure_error cancelled not_sent",
        ]
    );
}

#[test]
fn a_request_that_is_too_old_is_recorded_though_nothing_else_happens() {
    let sink = Memory::new();
    let options = options().max_pending_age(Duration::from_millis(100));
    let auditor = auditor(&sink, options);
    let session = auditor.session("test");
    assert_eq!(call(&session, 1).wait(), Verdict::Forward);
    assert_eq!(
        lines(&sink.wait_for(2))[1..],
        ["finished tool_invocation tools/pay #1 failure_error timeout timeout"]
    );
    // And what comes after that is recorded, too.
    assert_eq!(result(&session, 1).wait(), Verdict::Forward);
    assert_eq!(
        lines(&sink.entries())[2..],
        ["late tool_invocation tools/pay #1 success"]
    );
    check(&sink.entries());
}

#[test]
fn an_entry_is_written_by_whoever_took_the_message_if_nothing_else_is() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options());
    let session = auditor.session("test");
    let ping = |id: u32| {
        let call = format!(r#"{{"id":{id},"method":"tools/call","params":{{}}}}"#);
        session.accept_to_write(Direction::ToServer, call.as_bytes())
    };
    let (first, writing) = ping(1);
    // Nobody overtakes it, and nobody else writes meanwhile.
    let (second, none) = ping(2);
    assert!(none.is_none() && !first.is_ready() && sink.entries().is_empty());
    writing.unwrap().write();
    assert!(first.is_ready());
    assert_eq!(first.wait(), Verdict::Forward);
    assert_eq!(second.wait(), Verdict::Forward);

    // What is not written by whoever was to, is by the recorder.
    wait_until("an idle recorder", || sink.entries().len() == 2);
    let (third, writing) = ping(3);
    assert!(writing.is_some());
    drop(writing);
    assert_eq!(third.wait(), Verdict::Forward);
    check(&sink.entries());
}

#[test]
fn a_message_is_recorded_when_it_is_taken_whenever_it_was_read() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options());
    let session = auditor.session("test");
    let [first, second, late] = [1, 2, 3].map(|id| session.read(call_text(id).as_bytes()));
    let unused = session.read(call_text(4).as_bytes());
    for message in [second, first] {
        let (held, writing) = message.accept_to_write(Direction::ToServer);
        writing.unwrap().write();
        assert_eq!(held.wait(), Verdict::Forward);
    }
    drop(unused);
    session.close("closed");
    let (held, writing) = late.accept_to_write(Direction::ToServer);
    assert!(writing.is_none());
    assert_eq!(held.wait(), Verdict::Drop);
    let entries = sink.wait_for(5);
    check(&entries);
    let ids = entries
        .iter()
        .filter_map(|it| detail(it, "request_id").as_u64());
    assert_eq!(ids.collect::<Vec<_>>(), [2, 1, 2, 1]);
}

#[test]
fn whoever_writes_and_fails_leaves_the_rest_to_the_recorder() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options());
    let session = auditor.session("test");
    sink.set(Mode::Fail);
    let call = br#"{"id":1,"method":"tools/call","params":{}}"#;
    let (held, writing) = session.accept_to_write(Direction::ToServer, call);
    writing.unwrap().write();
    assert_refused(&held.wait(), &["1"], RefusalReason::NotCalled);
    // While the sink fails, nobody writes but the recorder.
    let (held, writing) = session.accept_to_write(Direction::ToServer, call);
    assert!(writing.is_none());
    assert_refused(&held.wait(), &["1"], RefusalReason::NotCalled);
    sink.set(Mode::Take);
    sink.wait_for(3);
    check(&sink.entries());
}

#[test]
fn open_lets_everything_pass_and_records_what_it_lost() {
    let sink = Memory::new();
    let options = options().failure_policy(FailurePolicy::Open).max_kept(3);
    let auditor = auditor(&sink, options);
    let session = auditor.session("test");
    sink.set(Mode::Fail);
    for id in 1..=4 {
        assert_eq!(call(&session, id).wait(), Verdict::Forward, "{id}");
        assert_eq!(result(&session, id).wait(), Verdict::Forward, "{id}");
    }
    sink.set(Mode::Take);
    sink.wait_for(3);
    assert_eq!(call(&session, 5).wait(), Verdict::Forward);
    let entries = sink.wait_for(5);
    assert_eq!(
        lines(&entries),
        [
            "started tool_invocation tools/pay #1 partial",
            "finished tool_invocation tools/pay #1 success",
            "started tool_invocation tools/pay #2 partial",
            "gap resource_access audit/gap failure_error",
            "started tool_invocation tools/pay #5 partial",
        ]
    );
    assert_eq!(detail(&entries[3], "lost_entries"), 5);
}

#[test]
fn open_waits_no_longer_than_it_must() {
    let sink = Memory::new();
    let options = options().max_wait(Duration::from_secs(1));
    let auditor = auditor(&sink, options.failure_policy(FailurePolicy::Open));
    let session = auditor.session("test");
    sink.set(Mode::Block);
    assert_eq!(call(&session, 1).wait(), Verdict::Forward);
    let begin = Instant::now();
    assert_eq!(call(&session, 2).wait(), Verdict::Forward);
    assert!(begin.elapsed() < Duration::from_millis(900));
}

#[test]
fn closing_says_what_could_not_be_written() {
    let sink = Memory::new();
    let of_failing = auditor(&sink, options());
    let session = of_failing.session("test");
    sink.set(Mode::Fail);
    session.close("closed");
    let err = of_failing.close().unwrap_err();
    assert_eq!(err.unwritten(), 1);
    let said = err.to_string();
    assert_eq!(
        said,
        "1 audit entries may not have been written: the disk is full"
    );

    let sink = Memory::new();
    let of_blocked = auditor(&sink, options());
    sink.set(Mode::Block);
    of_blocked.session("test").close("closed");
    let err = of_blocked.close().unwrap_err();
    let said = err.to_string();
    assert_eq!(
        said,
        "1 audit entries may not have been written: the sink does not answer"
    );
    sink.set(Mode::Take);
}

#[test]
fn closing_waits_for_whoever_writes() {
    let sink = Memory::new();
    // The recorder looks at the ages of requests every 10 ms, also while it closes.
    let short = Duration::from_millis(80);
    let options = options().max_wait(Duration::from_secs(10));
    let auditor = auditor(&sink, options.max_pending_age(short));
    let session = auditor.session("test");
    let (held, writing) = accept_call_to_write(&session, 1);
    let behind = call(&session, 2);
    let closing = thread::spawn(move || auditor.close());
    wait_until_closing(&session);
    thread::sleep(5 * Duration::from_millis(10));
    writing.unwrap().write();
    assert_eq!(held.wait(), Verdict::Forward);
    assert_eq!(behind.wait(), Verdict::Forward);
    assert_eq!(closing.join().unwrap(), Ok(()));
    assert_eq!(
        lines(&sink.entries()[..2]),
        [
            "started tool_invocation tools/pay #1 partial",
            "started tool_invocation tools/pay #2 partial",
        ]
    );
}

#[test]
fn closing_writes_what_nobody_else_has_written() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options().max_wait(Duration::from_secs(10)));
    let session = auditor.session("test");
    let (held, writing) = accept_call_to_write(&session, 1);
    let behind = call(&session, 2);
    let closing = thread::spawn(move || auditor.close());
    wait_until_closing(&session);
    drop(writing);
    assert_eq!(held.wait(), Verdict::Forward);
    assert_eq!(behind.wait(), Verdict::Forward);
    assert_eq!(closing.join().unwrap(), Ok(()));
    assert_eq!(sink.entries().len(), 2);
}

#[test]
fn closing_refuses_what_waits_for_a_sink_that_fails() {
    let sink = Memory::new();
    let auditor = auditor(&sink, options().max_wait(Duration::from_secs(10)));
    let session = auditor.session("test");
    let (held, writing) = accept_call_to_write(&session, 1);
    let behind = call(&session, 2);
    let closing = thread::spawn(move || auditor.close());
    wait_until_closing(&session);
    sink.set(Mode::Fail);
    writing.unwrap().write();
    // At once, though each might wait for seconds.
    assert!(held.is_ready() && behind.is_ready());
    assert_refused(&held.wait(), &["1"], RefusalReason::NotCalled);
    assert_refused(&behind.wait(), &["2"], RefusalReason::NotCalled);
    let err = closing.join().unwrap().unwrap_err();
    assert_eq!(err.unwritten(), 2);
}

/// Waits until requests are refused. This one has no entry otherwise.
fn wait_until_closing(session: &Session) {
    let ping = br#"{"id":"ping","method":"ping"}"#;
    let is_refused = || session.accept(Direction::ToServer, ping).wait() != Verdict::Forward;
    wait_until("closing", is_refused);
}

#[test]
fn a_sink_that_panics_has_failed() {
    let mut panics = true;
    let taken = Memory::new();
    let mut sink = taken.clone();
    let panicking = move |entry: &lokryn_compliance_log::LogEntry| {
        assert!(!std::mem::take(&mut panics), "in the sink");
        lokryn_mcp_log::AuditSink::append(&mut sink, entry)
    };
    let auditor =
        lokryn_mcp_log::Auditor::with_options(support::source(), "agent-001", panicking, options())
            .unwrap();
    let session = auditor.session("test");
    let verdict = call(&session, 1).wait();
    assert_refused(&verdict, &["1"], RefusalReason::NotCalled);
    taken.wait_for(2);
    assert_eq!(call(&session, 2).wait(), Verdict::Forward);
}
