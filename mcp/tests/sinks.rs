//! The sinks that can be opened again.

mod support;

use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::{LogReader, LogWriter};
use lokryn_mcp_log::{AuditSink, Auditor, Direction, FileSink, Refused, SinkError, Verdict};
use support::{options, source};

/// A folder that is gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let name = format!("lokryn-mcp-log-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn entries(path: &Path) -> Vec<LogEntry> {
    let file = BufReader::new(fs::File::open(path).unwrap());
    LogReader::new(file).map(Result::unwrap).collect()
}

fn entry(actor_id: &str) -> LogEntry {
    LogEntry {
        actor_id: actor_id.into(),
        ..LogEntry::default()
    }
}

#[test]
fn a_file_goes_on_after_a_crash() {
    let folder = Folder::new("torn");
    let path = folder.0.join("audit.binpb");
    let mut sink = FileSink::open(&path).unwrap();
    sink.append(&entry("first")).unwrap();
    sink.commit().unwrap();
    drop(sink);
    let mut torn = fs::read(&path).unwrap();
    torn.extend_from_slice(&[30, 1, 2]);
    fs::write(&path, torn).unwrap();

    let mut sink = FileSink::open(&path).unwrap().without_sync();
    sink.append(&entry("second")).unwrap();
    sink.commit().unwrap();
    assert_eq!(entries(&path), [entry("first"), entry("second")]);
}

#[test]
fn a_file_that_is_open_or_is_no_log_is_refused() {
    let folder = Folder::new("refused");
    let path = folder.0.join("audit.binpb");
    let open = FileSink::open(&path).unwrap();
    let err = FileSink::open(&path).unwrap_err();
    assert_eq!(
        err.to_string(),
        "the file of entries is open in another program"
    );
    drop(open);
    fs::write(&path, [0xff; 100]).unwrap();
    let err = FileSink::open(&path).unwrap_err();
    assert_eq!(err.to_string(), "the file of entries cannot be opened");
    assert_eq!(fs::read(&path).unwrap(), [0xff; 100]);
}

/// Takes so many writes, and no more.
struct Limited(usize);

impl std::io::Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(std::io::ErrorKind::StorageFull.into());
        }
        self.0 -= 1;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_is_torn_takes_nothing_more() {
    let writer = LogWriter::new(Limited(1));
    let auditor = Auditor::with_options(source(), "agent-001", writer, options()).unwrap();
    let session = auditor.session("test");
    let call = |id| {
        let call = format!(r#"{{"id":{id},"method":"tools/call","params":{{"name":"pay"}}}}"#);
        session.accept(Direction::ToServer, call.as_bytes()).wait()
    };
    assert_eq!(call(1), Verdict::Forward);
    for id in 2..5 {
        assert!(matches!(call(id), Verdict::Withhold { .. }));
        std::thread::sleep(std::time::Duration::from_millis(30));
    }
    assert!(auditor.close().unwrap_err().unwritten() >= 4);
}

/// Takes what a closure does not refuse for good.
fn refusing(
    taken: &support::Memory,
    refuses: impl Fn(&LogEntry) -> bool + Send + 'static,
) -> impl AuditSink + 'static {
    let mut taken = taken.clone();
    move |entry: &LogEntry| -> Result<(), SinkError> {
        if refuses(entry) {
            return Err(Refused::new("too long").into());
        }
        taken.append(entry)
    }
}

#[test]
fn an_entry_that_is_refused_for_good_does_not_block_others() {
    let taken = support::Memory::new();
    let sink = refusing(&taken, |entry| entry.resource == "tools/large");
    let auditor = Auditor::with_options(source(), "agent-001", sink, options()).unwrap();
    let session = auditor.session("test");
    let call = |id, name| {
        let call = format!(r#"{{"id":{id},"method":"tools/call","params":{{"name":"{name}"}}}}"#);
        session.accept(Direction::ToServer, call.as_bytes()).wait()
    };
    assert_eq!(call(1, "small"), Verdict::Forward);
    assert!(matches!(call(2, "large"), Verdict::Withhold { .. }));
    assert_eq!(call(3, "small"), Verdict::Forward);
    session.close("closed");
    auditor.close().unwrap();
    let entries = taken.entries();
    support::check(&entries);
    assert_eq!(
        support::lines(&entries),
        [
            "started tool_invocation tools/small #1 partial",
            "refused resource_access audit/refused #2 failure_error entry_refused",
            "refused resource_access audit/refused #2 failure_error entry_refused",
            "started tool_invocation tools/small #3 partial",
            "finished tool_invocation tools/small #1 failure_error unknown disconnected",
            "finished tool_invocation tools/small #3 failure_error unknown disconnected",
            "closed logout session/close success",
        ]
    );
    assert_eq!(support::text(&entries[1], "method"), "tools/call");
}

#[test]
fn a_sink_that_refuses_even_that_has_failed() {
    let taken = support::Memory::new();
    let auditor =
        Auditor::with_options(source(), "agent-001", refusing(&taken, |_| true), options());
    let auditor = auditor.unwrap();
    let session = auditor.session("test");
    let ping = br#"{"id":1,"method":"tools/call","params":{}}"#;
    for _ in 0..3 {
        let verdict = session.accept(Direction::ToServer, ping).wait();
        assert!(matches!(verdict, Verdict::Withhold { .. }), "{verdict:?}");
    }
    assert!(auditor.close().unwrap_err().unwritten() > 0);
}

#[test]
fn a_line_goes_on_only_if_none_of_its_entries_was_refused() {
    let taken = support::Memory::new();
    let sink = refusing(&taken, |entry| entry.resource == "tools/large");
    let auditor = Auditor::with_options(source(), "agent-001", sink, options()).unwrap();
    let session = auditor.session("test");
    let batch = br#"[{"id":1,"method":"tools/call","params":{"name":"large"}},
        {"id":2,"method":"tools/call","params":{"name":"small"}}]"#;
    let verdict = session.accept(Direction::ToServer, batch).wait();
    let Verdict::Withhold { to_sender, .. } = verdict else {
        panic!("{verdict:?}");
    };
    assert_eq!(to_sender.len(), 2);
    let small = br#"{"id":3,"method":"tools/call","params":{"name":"small"}}"#;
    let verdict = session.accept(Direction::ToServer, small).wait();
    assert_eq!(verdict, Verdict::Forward);
}

#[test]
fn an_entry_too_long_for_a_file_is_refused_and_the_file_goes_on() {
    let folder = Folder::new("too_long");
    let mut sink = FileSink::open(folder.0.join("audit.binpb")).unwrap();
    let err = sink.append(&LogEntry::default()).unwrap_err();
    assert!(err.is::<Refused>(), "{err}");
    sink.append(&entry("next")).unwrap();
    sink.commit().unwrap();
}

#[cfg(feature = "journal")]
#[test]
fn no_name_that_a_peer_gives_blocks_a_journal() {
    use lokryn_journal::Journal;
    use lokryn_mcp_log::{JournalSink, Rule, Rules};

    let folder = Folder::new("names");
    let path = folder.0.join("audit");
    let of_sink = path.clone();
    let sink = JournalSink::open(move || Journal::open(&of_sink)).unwrap();
    let rules = Rules::new().tool("*", Rule::new().resource("{name}"));
    let options = options().rules(rules).started(["", "tools/call"]);
    let auditor = Auditor::with_options(source(), "agent-001", sink, options).unwrap();
    let session = auditor.session("test");
    for message in [
        r#"{"id":1,"method":""}"#,
        r#"{"id":2,"method":"tools/call","params":{"name":""}}"#,
        r#"{"id":3,"method":"tools/call"}"#,
        "{\"id\":4,\"method\":\"\\u0000\"}",
    ] {
        let verdict = session
            .accept(Direction::ToServer, message.as_bytes())
            .wait();
        assert_eq!(verdict, Verdict::Forward, "{message}");
    }
    assert_eq!(session.process_started(""), Verdict::Forward);
    session.close("closed");
    auditor.close().unwrap();
    let entries = entries(&path.join("records/00000000000000000000.binpb"));
    support::check(&entries);
    let resources: Vec<_> = entries.iter().map(|entry| &*entry.resource).collect();
    assert_eq!(resources[..2], ["unnamed", "unnamed"]);
}

#[test]
fn rules_that_no_entry_can_follow_are_refused() {
    use lokryn_compliance_log::EventType;
    use lokryn_mcp_log::{Rule, Rules};

    for (rule, expected) in [
        (Rule::new().resource(""), "resource"),
        (Rule::new().event_type(EventType::Unspecified), "event_type"),
    ] {
        let options = options().rules(Rules::new().tool("*", rule));
        let sink = support::Memory::new();
        let auditor = Auditor::with_options(source(), "agent-001", sink, options);
        let said = auditor.unwrap_err().to_string();
        assert!(said.contains(expected), "{said}");
    }
}

#[cfg(feature = "journal")]
#[test]
fn a_journal_that_has_failed_is_opened_again() {
    use lokryn_journal::Journal;
    use lokryn_mcp_log::JournalSink;
    use std::sync::{Arc, Mutex};

    let folder = Folder::new("journal");
    let path = folder.0.join("audit");
    let of_sink = path.clone();
    // Closing a journal is what a failed disk does to it, too.
    let outside = Arc::new(Mutex::new(None));
    let kept = Arc::clone(&outside);
    let sink = JournalSink::open(move || {
        let journal = Journal::open(&of_sink)?;
        *kept.lock().unwrap() = Some(journal.clone());
        Ok(journal)
    });
    let auditor = Auditor::with_options(source(), "agent-001", sink.unwrap(), options()).unwrap();
    let session = auditor.session("test");
    let call = |id| {
        let call = format!(r#"{{"id":{id},"method":"tools/call","params":{{"name":"pay"}}}}"#);
        session.accept(Direction::ToServer, call.as_bytes()).wait()
    };
    assert_eq!(call(1), Verdict::Forward);
    let journal: Journal = outside.lock().unwrap().take().unwrap();
    journal.close().unwrap();
    assert!(matches!(call(2), Verdict::Withhold { .. }));
    support::wait_until("the journal", || call(3) == Verdict::Forward);
    outside.lock().unwrap().take();
    session.close("closed");
    auditor.close().unwrap();

    let entries = entries(&path.join("records/00000000000000000000.binpb"));
    support::check(&entries);
    assert_eq!(
        support::lines(&entries)[..3],
        [
            "started tool_invocation tools/pay #1 partial",
            "started tool_invocation tools/pay #2 partial",
            "finished tool_invocation tools/pay #2 failure_error refused audit_failed",
        ]
    );
}

#[cfg(feature = "journal")]
#[test]
fn what_a_journal_is_given_together_is_one_commit() {
    use lokryn_compliance_log::{EventType, Outcome, Sensitivity};
    use lokryn_journal::Journal;
    use lokryn_mcp_log::JournalSink;

    let folder = Folder::new("commits");
    let journal = Journal::open(folder.0.join("audit")).unwrap();
    let outside = journal.clone();
    let mut sink = JournalSink::open(move || Ok(journal.clone())).unwrap();
    let entry = source()
        .entry()
        .event_type(EventType::ToolInvocation)
        .outcome(Outcome::Success)
        .actor_id("agent-001")
        .resource("tools/pay")
        .sensitivity(Sensitivity::Confidential)
        .build();
    for count in [1, 64] {
        let before = outside.commits();
        for _ in 0..count {
            sink.append(&entry).unwrap();
        }
        assert_eq!(outside.commits(), before);
        sink.commit().unwrap();
        assert_eq!(outside.commits(), before + 1);
    }
    let written = entries(&folder.0.join("audit/records/00000000000000000000.binpb"));
    assert_eq!(written.len(), 65);
    // What could not be committed is not said to be.
    sink.append(&entry).unwrap();
    outside.close().unwrap();
    sink.append(&entry).unwrap_err();
    sink.commit().unwrap_err();
}
