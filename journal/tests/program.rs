//! The verbs of the program that work on a journal.
#![cfg(feature = "cli")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use common::{scratch, segments};
use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::prost::encoding::encode_varint;
use lokryn_journal::{Journal, JournalReader, LIMIT_MAX_RECORD_LEN, Record};

struct Shell(PathBuf);

impl Shell {
    /// Runs the program with a standard input, and returns what it printed.
    #[track_caller]
    fn run(&self, args: &[&str], input: &[u8], status: i32) -> (String, String) {
        let out = self.output(args, input);
        assert_eq!(out.status.code(), Some(status), "{args:?}: {out:?}");
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (text(out.stdout), text(out.stderr))
    }

    fn output(&self, args: &[&str], input: &[u8]) -> Output {
        let mut child = self.start(args);
        child.stdin.take().unwrap().write_all(input).unwrap();
        child.wait_with_output().unwrap()
    }

    fn start(&self, args: &[&str]) -> Child {
        Command::new(env!("CARGO_BIN_EXE_lokryn-journal"))
            .args(args)
            .current_dir(&self.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }

    fn says(&self, args: &[&str]) -> String {
        self.run(args, b"", 0).0
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

/// The documented scenarios, a line of `ProtoJSON` each.
fn lines() -> Vec<String> {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let mut paths: Vec<PathBuf> = fs::read_dir(golden)
        .unwrap()
        .map(|it| it.unwrap().path())
        .collect();
    paths.retain(|path| path.extension().is_some_and(|it| it == "json"));
    paths.sort();
    let line = |path: PathBuf| {
        let entry: LogEntry = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
        serde_json::to_string(&entry).unwrap()
    };
    paths.into_iter().map(line).collect()
}

fn shell(name: &str) -> Shell {
    let shell = Shell(scratch(name));
    let input = lines().join("\n") + "\n";
    let (out, _) = shell.run(&["append", "audit"], input.as_bytes(), 0);
    assert_eq!(out.lines().count(), 7);
    shell
}

#[test]
fn what_is_acknowledged_is_there() {
    let shell = Shell(scratch("append"));
    let mut input = lines();
    input.insert(2, "{\"eventType\": 1}".into());
    input.insert(4, "not an entry".into());
    input.insert(5, String::new());
    let input = input.join("\n"); // and no newline at the end
    let (out, err) = shell.run(
        &["append", "audit", "--origin", "example.com/audit"],
        input.as_bytes(),
        1,
    );
    let numbers: Vec<&str> = out
        .lines()
        .map(|line| line.split_once('\t').unwrap().0)
        .collect();
    assert_eq!(numbers, ["0", "1", "2", "3", "4", "5", "6"]);
    assert!(
        err.contains("line 3: invalid entry: outcome: unspecified"),
        "{err}"
    );
    assert!(err.contains("line 5: neither ProtoJSON"), "{err}");
    assert!(
        err.ends_with("lokryn-journal: 2 entries refused\n"),
        "{err}"
    );

    // The readable line, too, and bytes.
    let records = shell.output(&["cat", "audit", "--delimited"], b"").stdout;
    let entries: Vec<LogEntry> = lokryn_compliance_log::stream::LogReader::new(&records[..])
        .map(Result::unwrap)
        .collect();
    let readable: Vec<String> = entries
        .iter()
        .map(|it| it.json_line().to_string())
        .collect();
    let readable = readable.join("\n");
    shell.run(&["append", "audit"], readable.as_bytes(), 0);
    let delimited: Vec<u8> = entries.iter().flat_map(prost_frame).collect();
    shell.run(&["append", "audit", "--delimited"], &delimited, 0);
    // A record is refused: it has a number already.
    let (_, err) = shell.run(&["append", "audit", "--delimited"], &records, 1);
    assert!(err.contains("field 100: reserved for logs"), "{err}");
    let verified = shell.says(&["verify", "audit"]);
    assert!(
        verified.starts_with("✓ 21 of 21 records of example.com/audit are"),
        "{verified}"
    );
}

/// Lines that are acknowledged together are so, too, if the last of them is blank.
#[test]
fn blank_lines_at_the_end_leave_nothing_unacknowledged() {
    for end in ["\n\n", "\n \n\n", "\n\n{}\n", "\nno entry\n\n"] {
        let shell = Shell(scratch("blank"));
        let input = lines().join("\n") + end;
        let status = i32::from(end.trim() != "");
        let (out, _) = shell.run(&["append", "audit"], input.as_bytes(), status);
        assert_eq!(out.lines().count(), 7, "{end:?}: {out}");
    }
}

/// What a producer has written is acknowledged while it keeps the pipe open, whatever
/// follows it: a blank line, one that is refused, or the beginning of the next entry.
#[test]
fn nothing_waits_for_more_input() {
    let line = |number: usize| lines()[number].clone() + "\n";
    let frame = |number: usize| {
        let entry: LogEntry = serde_json::from_str(&lines()[number]).unwrap();
        prost_frame(&entry)
    };
    let bytes = |text: &str| text.as_bytes().to_vec();
    let (first, second) = (frame(0), frame(1));
    let (begun, rest) = second.split_at(30);
    let by_line = ["append", "audit"];
    let by_frame = ["append", "audit", "--delimited"];
    for (args, pieces) in [
        (&by_line[..], [bytes(&(line(0) + "\n")), bytes(&line(1))]),
        (&by_line, [bytes(&(line(0) + " \n\n")), bytes(&line(1))]),
        (&by_line, [bytes(&(line(0) + "no\n")), bytes(&line(1))]),
        (&by_line, [bytes(&(line(0) + "{")), bytes(&line(1)[1..])]),
        (&by_frame, [first.clone(), second.clone()]),
        (&by_frame, [[&first, begun].concat(), rest.to_vec()]),
        (&by_frame, [[&first[..], b"\x01x"].concat(), second.clone()]),
    ] {
        let shell = Shell(scratch("slow"));
        let mut child = shell.start(args);
        let mut input = child.stdin.take().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (told, heard) = mpsc::channel();
        thread::spawn(move || out.lines().try_for_each(|line| told.send(line.unwrap())));
        for (number, piece) in pieces.iter().enumerate() {
            input.write_all(piece).unwrap();
            let line = heard.recv_timeout(Duration::from_secs(60));
            let piece = piece.escape_ascii();
            let line = line.unwrap_or_else(|_| panic!("no acknowledgement after {piece}"));
            assert!(line.starts_with(&format!("{number}\t")), "{line}");
        }
        drop(input);
        child.wait().unwrap();
    }
}

/// Killed at any moment, again and again: what was acknowledged is there.
#[test]
fn nothing_acknowledged_is_lost_to_a_kill() {
    let shell = Shell(scratch("killed"));
    let audit = shell.path("audit");
    let line = lines()[0].clone() + "\n";
    let mut acknowledged = 0;
    for round in 0..12_u64 {
        let mut child = shell.start(&["append", "audit"]);
        let mut input = child.stdin.take().unwrap();
        let line = line.clone();
        let feeder = thread::spawn(move || while input.write_all(line.as_bytes()).is_ok() {});
        let output = BufReader::new(child.stdout.take().unwrap());
        let mut count = 0;
        for line in output.lines() {
            let line = line.unwrap();
            let Some((sequence, _)) = line.split_once('\t') else {
                break; // torn by the kill
            };
            acknowledged = sequence.parse::<u64>().unwrap() + 1;
            count += 1;
            if count == 50 + round * 37 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        feeder.join().unwrap();
        let reader = JournalReader::open(&audit).unwrap().beyond_checkpoint();
        let mut records = reader.records().unwrap();
        let mut found = 0;
        while let Some(record) = records.next_record() {
            assert_eq!(record.unwrap().sequence, found);
            found += 1;
        }
        assert!(
            found >= acknowledged,
            "round {round}: {found} of {acknowledged}"
        );
    }
    shell.run(&["append", "audit"], b"", 0);
    let verified = shell.says(&["verify", "audit"]);
    assert!(verified.starts_with('✓'), "{verified}");
}

/// Also where the input ends with an error, or entries are passed over.
#[test]
fn entries_that_come_together_are_acknowledged_each() {
    let shell = Shell(scratch("together"));
    let entries: Vec<LogEntry> = lines()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let mut frames: Vec<Vec<u8>> = entries.iter().map(prost_frame).collect();
    // One with a field that this version does not know, which is kept.
    let unknown = [&entries[6].to_bytes()[..], b"\xfa\x07\x01x"].concat();
    frames[6].clear();
    encode_varint(unknown.len() as u64, &mut frames[6]);
    frames[6].extend(&unknown);
    frames.insert(2, b"\x02\x22\x01".to_vec());
    frames.insert(5, b"\x02\x08\x01".to_vec());
    frames.push(vec![0xff; 11]);
    let (out, err) = shell.run(&["append", "audit", "--delimited"], &frames.concat(), 1);
    let numbers = out.lines().map(|line| line.split_once('\t').unwrap().0);
    assert!(numbers.eq(["0", "1", "2", "3", "4", "5", "6"]), "{out}");
    let said: Vec<&str> = err.lines().collect();
    assert_eq!(said.len(), 3, "{err}");
    assert!(
        said[0].starts_with("lokryn-journal: entry 3: malformed entry of 2 bytes at byte"),
        "{err}"
    );
    assert!(
        said[1].starts_with("lokryn-journal: entry 6: invalid entry: outcome: unspecified;"),
        "{err}"
    );
    assert!(
        said[2].starts_with("lokryn-journal: standard input: entry 10: invalid entry length"),
        "{err}"
    );
    let records = fs::read(&segments(&shell.path("audit"))[0]).unwrap();
    let records: Vec<Record> = lokryn_compliance_log::stream::views(&records)
        .map(|frame| Record::parse(frame.unwrap().bytes).unwrap())
        .collect();
    let appended: Vec<&[u8]> = records.iter().map(Record::entry_bytes).collect();
    let expected: Vec<Vec<u8>> = entries[..6].iter().map(LogEntry::to_bytes).collect();
    assert_eq!(appended[..6], expected);
    assert_eq!(appended[6], unknown);
}

fn prost_frame(entry: &LogEntry) -> Vec<u8> {
    use lokryn_compliance_log::prost::Message as _;
    entry.encode_length_delimited_to_vec()
}

#[test]
fn filters_keep_what_they_say() {
    let shell = shell("cat");
    let cat = |args: &[&str]| -> Vec<serde_json::Value> {
        let out = shell.says(&[&["cat", "audit"], args].concat());
        out.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    };
    let all = cat(&[]);
    assert_eq!(all.len(), 7);
    let time = all[0]["recorded_at"].as_str().unwrap();
    assert_eq!(time.len(), "2026-11-29T08:30:00.000000000Z".len());
    let kept = |args: &[&str], keep: &dyn Fn(&serde_json::Value) -> bool| {
        let expected: Vec<_> = all.iter().filter(|it| keep(it)).cloned().collect();
        assert!(!expected.is_empty() && expected.len() < 7, "{args:?}");
        assert_eq!(cat(args), expected, "{args:?}");
    };
    kept(&["--event", "data_export"], &|it| {
        it["event_type"] == "EVENT_DATA_EXPORT"
    });
    kept(
        &["--event", "EVENT_LOGIN", "--event", "tool_invocation"],
        &|it| it["event_type"] == "EVENT_LOGIN" || it["event_type"] == "EVENT_TOOL_INVOCATION",
    );
    kept(&["--failures"], &|it| {
        it["outcome"].as_str().unwrap().contains("FAILURE")
    });
    kept(&["--outcome", "success"], &|it| {
        it["outcome"] == "OUTCOME_SUCCESS"
    });
    kept(&["--min-severity", "notice"], &|it| {
        it["severity"] != "SEVERITY_INFO"
    });
    kept(&["--min-severity", "SEVERITY_WARNING"], &|it| {
        it["severity"] == "SEVERITY_WARNING"
    });
    let has_tag = |it: &serde_json::Value, tag: &str| {
        let tags = it["policy_tags"].as_array().unwrap();
        tags.iter().any(|it| it == tag)
    };
    kept(&["--tag", "PII"], &|it| has_tag(it, "PII"));
    kept(&["--tag", "PII", "--tag", "access-control"], &|it| {
        has_tag(it, "PII") || has_tag(it, "access-control")
    });
    kept(&["--tag", "PII", "--failures"], &|it| {
        has_tag(it, "PII") && it["outcome"] == "OUTCOME_FAILURE_DENIED"
    });
    kept(&["--resource", "exports/"], &|it| {
        it["resource"].as_str().unwrap().starts_with("exports/")
    });
    let actor = all[3]["actor_id"].as_str().unwrap();
    kept(&["--actor", actor], &|it| it["actor_id"] == actor);
    let component = all[3]["component"].as_str().unwrap();
    kept(&["--component", component], &|it| {
        it["component"] == component
    });
    kept(&["--text", "escalate"], &|it| {
        it.to_string().contains("escalate")
    });
    assert_eq!(cat(&["--since", "2020-01-01"]).len(), 7);
    assert_eq!(cat(&["--until", time]).len(), 0);
    let (_, err) = shell.run(&["cat", "audit", "--event", "nonsense"], b"", 2);
    assert!(err.contains("no value of this name"), "{err}");
    shell.run(&["cat", "audit", "--since", "yesterday"], b"", 2);
    shell.run(&["cat", "nowhere"], b"", 2);
    let table = shell.says(&["cat", "audit", "--table", "--failures"]);
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(rows.len(), 3, "{table}");
    let denied = ["warning", "resource_access", "failure_denied", "user-67890"];
    assert_eq!(rows[1][0], "2");
    assert_eq!(
        rows[1][3..],
        [&denied[..], &["api/v1/admin/users"]].concat()
    );
}

#[test]
fn stats_count_everything() {
    let shell = shell("stats");
    let mut login: LogEntry = serde_json::from_str(lines().last().unwrap()).unwrap();
    let visitors: Vec<_> = (0..12)
        .map(|visitor| {
            login.actor_id = format!("visitor-{visitor:02}");
            login.json_line().to_string()
        })
        .collect();
    shell.run(&["append", "audit"], visitors.join("\n").as_bytes(), 0);
    let mut days = BTreeMap::<String, u32>::new();
    for line in shell.says(&["cat", "audit"]).lines() {
        let record: serde_json::Value = serde_json::from_str(line).unwrap();
        let day = &record["recorded_at"].as_str().unwrap()[..10];
        *days.entry(day.to_owned()).or_default() += 1;
    }

    let (origin, stats) = counted(&shell, &[]);
    assert!(origin.starts_with("audit-"), "{origin}");
    let (stats, by_day) = stats.split_once("\nday (UTC)\n").unwrap();
    let expected = "19 records

event
login 13 68.4 %
agent_decision 1 5.3 %
data_export 1 5.3 %
guardrail_check 1 5.3 %
model_inference 1 5.3 %
resource_access 1 5.3 %
tool_invocation 1 5.3 %

outcome
success 17 89.5 %
failure_denied 2 10.5 %

actor
agent-001 3 15.8 %
user-12345 2 10.5 %
service-backend 1 5.3 %
user-67890 1 5.3 %
visitor-00 1 5.3 %
visitor-01 1 5.3 %
visitor-02 1 5.3 %
visitor-03 1 5.3 %
visitor-04 1 5.3 %
visitor-05 1 5.3 %
6 others: 6
";
    assert_eq!(stats, expected);
    let by_day = by_day.lines().map(|line| {
        let mut words = line.split(' ');
        let (day, count) = (words.next().unwrap(), words.next().unwrap());
        (day.to_owned(), count.parse().unwrap())
    });
    assert_eq!(by_day.collect::<BTreeMap<_, _>>(), days);

    let (_, stats) = counted(&shell, &["--failures", "--actor", "user-67890"]);
    assert!(
        stats.starts_with("1 record\n\nevent\nresource_access 1 100.0 %\n\n"),
        "{stats}"
    );
}

#[test]
fn stats_count_names_that_are_too_long_to_be_kept() {
    let shell = shell("stats_long");
    let options = Journal::options().max_record_len(LIMIT_MAX_RECORD_LEN);
    let journal = options.open(shell.0.join("audit")).unwrap();
    let mut login: LogEntry = serde_json::from_str(lines().last().unwrap()).unwrap();
    login.actor_id = "a".repeat(2 << 20);
    journal.append(&login).unwrap();
    journal.close().unwrap();
    let (_, stats) = counted(&shell, &[]);
    assert!(stats.contains("\nothers: 1\n"), "{stats}");
}

/// The origin and the rest of what the program counts, without bars and columns.
fn counted(shell: &Shell, filter: &[&str]) -> (String, String) {
    let stats = shell.says(&[&["stats", "audit"], filter].concat());
    let (origin, rest) = stats.split_once(": ").unwrap();
    let is_bar = |word: &&str| word.starts_with(['█', '▉', '▊', '▋', '▌', '▍', '▎', '▏']);
    let line = |line: &str| {
        let words: Vec<_> = line.split_whitespace().filter(|it| !is_bar(it)).collect();
        words.join(" ") + "\n"
    };
    (origin.to_owned(), rest.lines().map(line).collect())
}

#[test]
fn damage_is_found_and_what_is_right_is_saved() {
    let shell = shell("damage");
    fs::copy(shell.path("audit/checkpoint"), shell.path("kept")).unwrap();
    let verified = shell.says(&["verify", "audit", "--against", "kept"]);
    assert!(
        verified.contains("✓ the first 7 are those of the checkpoint kept elsewhere"),
        "{verified}"
    );
    let path = &segments(&shell.path("audit"))[0];
    let mut bytes = fs::read(path).unwrap();
    bytes[40] ^= 1;
    fs::write(path, bytes).unwrap();
    let (out, err) = shell.run(&["verify", "audit"], b"", 1);
    assert!(
        out.starts_with(
            "✗ audit/records/00000000000000000000.binpb: byte 0, record 0: wrong checksum\n"
        ),
        "{out}"
    );
    assert!(out.contains("· 6 of 7 records"), "{out}");
    assert_eq!(err, "lokryn-journal: audit: 1 fault\n");
    let (json, _) = shell.run(&["verify", "audit", "--json"], b"", 1);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&json["ok"], &json["proved"]), (&false.into(), &6.into()));
    let (out, err) = shell.run(&["cat", "audit"], b"", 1);
    assert_eq!(out.lines().count(), 6);
    assert!(err.contains("record 0: wrong checksum"), "{err}");
    let (_, err) = shell.run(&["append", "audit"], b"", 1);
    assert!(err.contains("damaged, and it was signed"), "{err}");

    let (out, err) = shell.run(&["salvage", "audit", "saved"], b"", 1);
    assert_eq!(out, "6 of 7 records are those that were signed\n");
    assert!(err.contains("1 record lost"), "{err}");
    shell.run(&["salvage", "audit", "saved"], b"", 2); // never over a file
    let saved = fs::read(shell.path("saved")).unwrap();
    assert_eq!(lokryn_compliance_log::stream::views(&saved).count(), 6);
}

/// With every length destroyed, and the tiles or the records' own agreement to tell.
#[test]
fn salvage_does_without_lengths() {
    let shell = shell("salvage");
    let path = &segments(&shell.path("audit"))[0];
    let whole = fs::read(path).unwrap();
    let mut bytes = whole.clone();
    for frame in lokryn_compliance_log::stream::views(&whole) {
        let frame = frame.unwrap();
        let at = usize::try_from(frame.offset).unwrap();
        let len = frame.bytes.as_ptr() as usize - whole.as_ptr() as usize - at;
        bytes[at..at + len].fill(0xff);
    }
    fs::write(path, &bytes).unwrap();
    let out = shell.says(&["salvage", "audit", "saved"]);
    assert_eq!(out, "7 of 7 records are those that were signed\n");
    assert_eq!(fs::read(shell.path("saved")).unwrap(), whole);
    fs::remove_dir_all(shell.path("audit/tile")).unwrap();
    let out = shell.says(&["salvage", "audit", "again"]);
    assert_eq!(out, "7 of 7 records are those that were signed\n");
    let stranger = shell.says(&["keygen", "stranger.key"]);
    fs::write(shell.path("stranger.vkey"), stranger).unwrap();
    shell.run(
        &["salvage", "audit", "third", "--vkey", "stranger.vkey"],
        b"",
        1,
    );
}

#[test]
fn an_export_is_a_log() {
    let shell = shell("export");
    assert_eq!(
        shell.says(&["export", "audit", "log"]),
        "7 records exported\n"
    );
    let bundle = fs::read(shell.path("log/tile/entries/000.p/7")).unwrap();
    let mut rest = &bundle[..];
    let mut count = 0;
    while let [high, low, after @ ..] = rest {
        rest = &after[usize::from(u16::from_be_bytes([*high, *low]))..];
        count += 1;
    }
    assert_eq!(count, 7);
    for name in ["checkpoint", "tile/0/000.p/7"] {
        let exported = fs::read(shell.path("log").join(name)).unwrap();
        assert_eq!(exported, fs::read(shell.path("audit").join(name)).unwrap());
    }
    shell.run(&["export", "audit", "log"], b"", 2);
}

#[test]
fn a_key_is_given_as_text_or_file() {
    let shell = Shell(scratch("key"));
    let vkey = shell.says(&["keygen", "elsewhere.key", "--origin", "example.com/audit"]);
    let input = lines().join("\n");
    shell.run(
        &["append", "audit", "--key", "elsewhere.key"],
        input.as_bytes(),
        0,
    );
    assert!(!shell.path("audit.key").exists());
    let text = fs::read_to_string(shell.path("elsewhere.key")).unwrap();
    shell.run(
        &["append", "audit", "--key", text.trim()],
        input.as_bytes(),
        0,
    );
    let verified = shell.says(&["verify", "audit", "--vkey", vkey.trim()]);
    assert!(verified.starts_with("✓ 14 of 14"), "{verified}");
    shell.run(&["append", "audit"], input.as_bytes(), 1); // no key, and none is made
}

/// Wrong use is told from what is wrong with a journal.
#[test]
fn the_exit_status_says_whose_fault_it_is() {
    let shell = shell("status");
    fs::write(shell.path("file"), "a file").unwrap();
    let stranger = shell.says(&["keygen", "stranger.key"]);
    fs::write(shell.path("stranger.vkey"), stranger).unwrap();
    let reading = ["cat", "stats", "verify", "checkpoint"];
    let says = |args: &[&str], status: i32, words: &str| {
        let (_, err) = shell.run(args, b"", status);
        assert!(err.contains(words), "{args:?}: {err}");
    };
    for verb in reading {
        says(&[verb, "nowhere"], 2, "nowhere: No such file");
        says(&[verb, "file"], 2, "file: not a folder");
    }
    says(&["prove", "nowhere", "0"], 2, "nowhere: No such file");
    says(&["salvage", "nowhere", "out"], 2, "nowhere: No such file");
    says(&["export", "nowhere", "out"], 2, "nowhere: No such file");
    says(&["append", "no/parent"], 2, "no/parent: No such file");
    says(&["append", "file"], 2, "file: File exists");
    says(
        &["append", "audit", "--key", "stranger.key"],
        2,
        "of another log, \"audit-",
    );
    says(
        &["append", "audit", "--origin", "other"],
        2,
        "audit.key: of another log, \"audit-",
    );
    says(
        &["verify", "audit", "--vkey", "nothing"],
        2,
        "nothing: neither a file nor a key",
    );
    says(
        &["verify", "audit", "--from", "7"],
        2,
        "no record 7 below the checkpoint, which has 7",
    );
    let backwards = ["--since", "2027-01-01", "--until", "2026-01-01"];
    says(
        &[&["cat", "audit"][..], &backwards].concat(),
        2,
        "--until is not after --since",
    );
    let (_, err) = shell.run(
        &["salvage", "audit", "out", "--vkey", "stranger.vkey"],
        b"",
        1,
    );
    assert!(err.contains("no signature of a known key"), "{err}");
    assert!(!shell.path("out").exists());

    // The key for the auditor is gone, and then what is said of the folder.
    fs::rename(shell.path("audit.vkey"), shell.path("kept.vkey")).unwrap();
    says(
        &["verify", "audit"],
        2,
        "audit.vkey: No such file or directory (os error 2); --vkey gives",
    );
    fs::rename(shell.path("kept.vkey"), shell.path("audit.vkey")).unwrap();
    let checkpoint = shell.path("audit/checkpoint");
    let whole = fs::read(&checkpoint).unwrap();
    for (damaged, words) in [
        (b"\xff".to_vec(), "audit/checkpoint: "),
        (
            b"nothing".to_vec(),
            "audit/checkpoint: note without signatures",
        ),
        (Vec::new(), "audit/checkpoint: note without signatures"),
    ] {
        fs::write(&checkpoint, damaged).unwrap();
        for verb in reading {
            says(&[verb, "audit"], 1, words);
        }
        says(&["append", "audit"], 1, words);
    }
    fs::remove_file(&checkpoint).unwrap();
    for verb in reading {
        says(
            &[verb, "audit"],
            1,
            "audit/checkpoint: no checkpoint in the folder",
        );
    }
    says(
        &["append", "audit"],
        1,
        "verify says what is wrong, and salvage saves what is right",
    );
    fs::write(&checkpoint, whole).unwrap();
    fs::remove_dir_all(shell.path("audit/records")).unwrap();
    for verb in ["cat", "stats", "verify"] {
        says(&[verb, "audit"], 1, "audit/records: No such file");
    }
    says(&["append", "audit"], 1, "restore a newer one");
}

/// The byte that opening names is the one that verifying names.
#[test]
fn a_place_is_the_same_whoever_finds_it() {
    let shell = shell("place");
    let path = &segments(&shell.path("audit"))[0];
    let mut bytes = fs::read(path).unwrap();
    let frames = lokryn_compliance_log::stream::views(&bytes);
    let offset = frames.map(|it| it.unwrap().offset).nth(3).unwrap();
    bytes[usize::try_from(offset).unwrap() + 30] ^= 1;
    fs::write(path, bytes).unwrap();
    let place = format!("byte {offset}, record 3: ");
    let (out, _) = shell.run(&["verify", "audit"], b"", 1);
    assert!(out.contains(&place), "{out}");
    for verb in ["cat", "stats", "append"] {
        let (_, err) = shell.run(&[verb, "audit"], b"", 1);
        assert!(err.contains(&place), "{verb}: {err}");
    }
}

/// `.` has no name of its own, and the key lies beside the folder all the same.
#[test]
fn a_folder_is_given_from_inside() {
    let shell = Shell(scratch("inside"));
    fs::create_dir(shell.path("audit")).unwrap();
    let inside = Shell(shell.path("audit"));
    inside.run(&["append", "."], lines().join("\n").as_bytes(), 0);
    let verified = inside.says(&["verify", "."]);
    assert!(
        verified.starts_with("✓ 7 of 7 records of audit-"),
        "{verified}"
    );
    assert_eq!(shell.says(&["verify", "audit/."]), verified);
    assert_eq!(inside.says(&["verify", "../audit"]), verified);
    let beside = ["audit", "audit.checkpoint", "audit.key", "audit.vkey"];
    let mut names: Vec<_> = fs::read_dir(&shell.0)
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, beside);
}

#[test]
fn an_over_long_line_is_one_line() {
    let shell = Shell(scratch("long_line"));
    let lines = lines();
    // What follows on the same line would be an entry by itself.
    let long = [" ".repeat(6 * 4 * 1024 * 1024), lines[0].clone()].concat();
    let input = [&lines[0], &long, &lines[1]].map(String::as_str).join("\n");
    let (out, err) = shell.run(&["append", "audit"], input.as_bytes(), 1);
    assert_eq!(out.lines().count(), 2);
    assert_eq!(
        err,
        "lokryn-journal: line 2: longer than 25165824 bytes\n\
         lokryn-journal: 1 entry refused\n"
    );
}

#[cfg(unix)]
impl Shell {
    /// Runs a script; `$program` is the program.
    fn script(&self, script: &str) -> Output {
        let mut shell = Command::new("sh");
        shell.env("program", env!("CARGO_BIN_EXE_lokryn-journal"));
        let shell = shell.args(["-c", script]).current_dir(&self.0);
        shell.stdin(Stdio::null()).output().unwrap()
    }
}

/// Who reads has had enough: that is no failure, and hides none.
#[test]
#[cfg(unix)]
fn a_closed_pipe_changes_no_status() {
    let shell = shell("pipe");
    let status = |args: &str| {
        // The pipe is closed before the program begins.
        let script = format!("{{ sleep 0.2; \"$program\" {args}; echo $? >status; }} | true");
        let out = shell.script(&script);
        assert_eq!(out.stderr, b"", "{args}: {out:?}");
        fs::read_to_string(shell.path("status")).unwrap()
    };
    for args in [
        "cat audit",
        "cat audit --table",
        "stats audit",
        "verify audit",
        "checkpoint audit",
        "prove audit 1",
    ] {
        assert_eq!(status(args), "0\n", "{args}");
    }
    let path = &segments(&shell.path("audit"))[0];
    let mut bytes = fs::read(path).unwrap();
    bytes[30] ^= 1;
    fs::write(path, bytes).unwrap();
    for args in [
        "cat audit 2>/dev/null",
        "stats audit 2>/dev/null",
        "verify audit 2>/dev/null",
    ] {
        assert_eq!(status(args), "1\n", "{args}");
    }
}

/// An auditor may read and not write: root is nobody for this.
#[test]
#[cfg(unix)]
fn who_may_only_read_reads() {
    let shell = shell("permission");
    shell.script("chmod -R a+rX,a-w audit audit.vkey && chmod a+rx .");
    let as_nobody = |args: &str| {
        let nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
        shell.script(&format!(
            "if [ $(id -u) = 0 ]; then exec {nobody} \"$program\" {args}; fi; exec \"$program\" {args}"
        ))
    };
    let said = |out: &Output| String::from_utf8_lossy(&out.stderr).into_owned();
    for args in [
        "cat audit",
        "stats audit",
        "verify audit",
        "checkpoint audit",
        "prove audit 3",
    ] {
        let out = as_nobody(args);
        assert_eq!(out.status.code(), Some(0), "{args}: {out:?}");
    }
    let out = as_nobody("append audit");
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    assert_eq!(
        said(&out),
        "lokryn-journal: not opened: audit/lock: Permission denied (os error 13)\n"
    );
    let out = as_nobody("append audit/new");
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    assert!(
        said(&out).contains("audit/new: Permission denied"),
        "{out:?}"
    );
    // What may not be read is no finding: nobody has looked.
    shell.script("chmod a-r,u-r audit/records/*");
    let out = as_nobody("verify audit");
    assert_eq!(out.status.code(), Some(2), "{out:?}");
    assert!(said(&out).contains(".binpb: Permission denied"), "{out:?}");
    shell.script("chmod -R u+rwX audit");
}

/// Half a key is in nobody's way.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_leaves_no_half_of_a_key() {
    let shell = Shell(scratch("full"));
    // A limit of no bytes a file is a disk that is full.
    let limited = "trap '' XFSZ; (ulimit -f 0; \"$program\" append audit; echo $?) 2>&1 | cat";
    let out = String::from_utf8(shell.script(limited).stdout).unwrap();
    assert_eq!(
        out,
        "lokryn-journal: not opened: audit.key: File too large (os error 27)\n2\n"
    );
    assert!(!shell.path("audit.key").exists());
    shell.run(&["append", "audit"], lines().join("\n").as_bytes(), 0);
}

/// Input without end takes no memory without end.
#[test]
#[cfg(target_os = "linux")]
fn hostile_input_takes_a_bounded_amount() {
    let shell = shell("limits");
    let limited = |script: &str, status: i32| {
        // Of memory that is written to, in kilobytes.
        let out = shell.script(&format!("ulimit -d 150000; {script}"));
        assert_eq!(out.status.code(), Some(status), "{script}: {out:?}");
        out
    };
    let zeros = "head -c 200000000 /dev/zero";
    limited(
        &format!("{zeros} | tr '\\0' x | \"$program\" append audit"),
        1,
    );
    limited(
        &format!("{zeros} | tr '\\0' '[' | \"$program\" append audit"),
        1,
    );
    limited(
        &format!("{zeros} | \"$program\" append audit --delimited"),
        1,
    );
    limited(
        &format!("{zeros} | tr '\\0' '\\377' | \"$program\" append audit --delimited"),
        1,
    );
    shell.script("\"$program\" prove audit 1 >proof");
    limited(
        "\"$program\" check proof --vkey audit.vkey --record /dev/zero",
        2,
    );
    limited(
        "\"$program\" check /dev/zero --vkey audit.vkey --record proof",
        1,
    );
    limited("\"$program\" verify audit --against /dev/zero", 1);
    limited("\"$program\" verify audit --vkey /dev/zero", 2);

    // Names without end.
    let line = |number: u32| {
        let actor = format!("{number}{}", "x".repeat(10_000));
        let entry = LogEntry {
            event_type: 1000 + number.cast_signed(),
            actor_id: actor,
            ..first()
        };
        serde_json::to_string(&entry).unwrap() + "\n"
    };
    let input: String = (0..3000).map(line).collect();
    fs::write(shell.path("input"), input).unwrap();
    limited("\"$program\" append audit <input >/dev/null", 0);
    let out = limited("\"$program\" stats audit", 0);
    let out = String::from_utf8(out.stdout).unwrap();
    assert!(out.contains(" others and more: "), "{out}");
}

fn first() -> LogEntry {
    serde_json::from_str(&lines()[0]).unwrap()
}
