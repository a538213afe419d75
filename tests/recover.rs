//! Going on with a file after a crash.
#![cfg(feature = "std")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::{self, LogReader, LogWriter, ReadError, Recovered};

/// A folder of the test's own, empty, and a log in it.
fn log(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("recover-{test}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    folder.join("audit.binpb")
}

fn framed(entries: &[LogEntry]) -> Vec<u8> {
    let mut writer = LogWriter::new(Vec::new());
    for entry in entries {
        writer.write(entry).unwrap();
    }
    writer.into_inner()
}

fn scenarios() -> Vec<LogEntry> {
    let scenarios = common::scenarios().into_iter();
    scenarios.map(|(_, entry)| entry).collect()
}

/// Recovers a file with these bytes, and checks that they are now in it or in the
/// file beside it, in this order.
fn recover(path: &Path, bytes: &[u8]) -> Recovered {
    fs::write(path, bytes).unwrap();
    let recovered = stream::recover(path).unwrap();
    let mut both = fs::read(path).unwrap();
    assert_eq!(recovered.len, both.len() as u64, "{recovered:?}");
    if let Some(cut) = &recovered.cut {
        assert_eq!(cut.offset, both.len() as u64);
        let kept = fs::read(&cut.kept).unwrap();
        assert_eq!(cut.len, kept.len() as u64);
        both.extend(kept);
        fs::remove_file(&cut.kept).unwrap();
    }
    assert_eq!(both, bytes);
    recovered
}

/// Such as those under `/proc`, whose length is 0 whatever is in them.
#[cfg(target_os = "linux")]
#[test]
fn a_file_that_does_not_say_its_length_is_left_alone() {
    // An entry, and a length beyond the limit.
    let bytes = b"\x02\x08\x01\xff\xff\xff\xff\x0f";
    let path = Path::new("/proc/thread-self/comm");
    fs::write(path, bytes).unwrap();
    let recovered = stream::recover(path).unwrap();
    assert_eq!((recovered.entries, recovered.len), (1, 3), "{recovered:?}");
    assert!(recovered.cut.is_none(), "{recovered:?}");
    assert!(fs::read(path).unwrap().starts_with(bytes));
}

#[test]
fn a_whole_file_is_left_alone() {
    let path = log("whole");
    let entries = scenarios();
    let recovered = recover(&path, &framed(&entries));
    assert_eq!(recovered.entries, 7);
    assert!(recovered.cut.is_none());
    let recovered = recover(&path, b"");
    assert_eq!((recovered.entries, recovered.len), (0, 0));
}

#[test]
fn every_torn_end_is_cut_off_and_kept() {
    let path = log("torn");
    for entry in scenarios() {
        let whole = framed(&[entry.clone(), entry.clone()]);
        let bytes = framed(&[entry.clone(), entry.clone(), entry]);
        for end in whole.len()..bytes.len() {
            let recovered = recover(&path, &bytes[..end]);
            assert_eq!(recovered.entries, 2, "cut at {end}");
            assert_eq!(recovered.len, whole.len() as u64, "cut at {end}");
            assert_eq!(recovered.cut.is_some(), end > whole.len(), "cut at {end}");
            assert!(
                recovered.cut.is_none_or(|cut| !cut.holds_entry),
                "cut at {end}"
            );
        }
    }
}

/// What a file system leaves that had written the length of a file before its data.
#[test]
fn every_zeroed_end_is_cut_off_and_kept() {
    let path = log("zeroed");
    for entry in scenarios() {
        let whole = framed(&[entry.clone(), entry.clone()]);
        let bytes = framed(&[entry.clone(), entry.clone(), entry]);
        for from in whole.len()..bytes.len() {
            for more in [0, 1, 5032] {
                let mut zeroed = bytes[..from].to_vec();
                zeroed.resize(bytes.len() + more, 0);
                let recovered = recover(&path, &zeroed);
                assert_eq!(recovered.entries, 2, "zeros from {from}, and {more} more");
                assert_eq!((recovered.malformed, recovered.empty), (0, 0));
                let cut = recovered.cut.unwrap();
                assert_eq!(cut.offset, whole.len() as u64);
                assert!(!cut.holds_entry, "zeros from {from}, and {more} more");
            }
        }
    }
}

#[test]
fn a_file_of_zeros_becomes_empty() {
    let recovered = recover(&log("zeros"), &[0; 5032]);
    assert_eq!((recovered.entries, recovered.len), (0, 0));
    assert_eq!(recovered.cut.unwrap().len, 5032);
}

#[test]
fn what_a_crash_cannot_explain_stays() {
    let path = log("evidence");
    let [first, second, ..] = &*scenarios() else {
        unreachable!("there are seven");
    };
    let (first, second) = (
        framed(std::slice::from_ref(first)),
        framed(std::slice::from_ref(second)),
    );
    let malformed = b"\x02\x08\x80";
    let malformed_with_zero = b"\x02\x0f\x00";

    let bytes = [&*first, malformed, &second, malformed].concat();
    let recovered = recover(&path, &bytes);
    assert_eq!((recovered.entries, recovered.malformed), (2, 2));
    assert!(recovered.cut.is_none());

    let bytes = [&*first, malformed_with_zero, &[0; 9], &second].concat();
    let recovered = recover(&path, &bytes);
    assert_eq!(
        (recovered.entries, recovered.malformed, recovered.empty),
        (2, 1, 1)
    );
    assert!(recovered.cut.is_none());

    // An entry that an encoder wrote, ends in zeros and does not validate.
    let incomplete = LogEntry {
        payload: b"\x01\0\0"[..].into(),
        ..LogEntry::default()
    };
    let recovered = recover(&path, &framed(&[incomplete]));
    assert_eq!(recovered.entries, 1);
    assert!(recovered.cut.is_none());

    // Entries of a newer schema, or spelled by somebody else: an unknown event type and
    // an unknown field, a field twice, a length in more bytes than it takes.
    for entry in [
        &b"\x08\x63\xa5\x06\x01\x02\x03\x00"[..],
        b"\x08\x63\xa0\x06\x00",
        b"\x22\x01a\x22\x01\x00",
        b"\x4a\x82\x00\x01\x00",
    ] {
        let mut writer = LogWriter::new(Vec::new());
        writer.write_encoded(entry).unwrap();
        let recovered = recover(&path, &writer.into_inner());
        assert_eq!(recovered.entries, 1, "{entry:x?}");
        assert!(recovered.cut.is_none(), "{entry:x?}");
    }
}

#[test]
fn a_damaged_length_that_hides_entries_is_told() {
    let path = log("damaged");
    let mut bytes = framed(&scenarios());
    let first = framed(&scenarios()[..1]).len();
    // The lengths of the scenarios have two bytes.
    bytes[first + 1] = 0x7f;
    let recovered = recover(&path, &bytes);
    assert_eq!(recovered.entries, 1);
    let cut = recovered.cut.unwrap();
    assert!(cut.holds_entry);
    assert_eq!(cut.offset, first as u64);
    let message = cut.to_string();
    assert!(
        message.ends_with("so a length may have been damaged"),
        "{message}"
    );

    // Beyond the limit and beyond the file: torn or damaged, as well.
    let mut bytes = framed(&scenarios());
    bytes.extend(b"\xff\xff\xff\xff\x0f\x22\x01");
    let recovered = recover(&path, &bytes);
    assert_eq!((recovered.entries, recovered.cut.unwrap().len), (7, 7));
}

#[test]
fn a_large_binary_payload_that_was_torn_is_no_damaged_length() {
    let path = log("binary");
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut byte = || {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        random.to_le_bytes()[3]
    };
    let payload: Vec<u8> = (0..3_000_000).map(|_| byte()).collect();
    let (_, mut entry) = common::scenarios().swap_remove(0);
    entry.payload = payload.into();
    let mut bytes = framed(&scenarios());
    let whole = bytes.len();
    bytes.extend(framed(&[entry]));
    bytes.pop();
    let cut = recover(&path, &bytes).cut.unwrap();
    assert_eq!(cut.offset, whole as u64);
    assert!(!cut.holds_entry, "{cut}");
}

#[test]
fn a_file_that_is_no_stream_is_refused_and_left_as_it_is() {
    let path = log("refused");
    let large = LogEntry {
        message: "x".repeat(200),
        ..LogEntry::default()
    };
    let bytes = [framed(&[large]), framed(&scenarios())].concat();
    fs::write(&path, &bytes).unwrap();
    let err = stream::recover_with_max_entry_len(&path, 190).unwrap_err();
    assert!(
        matches!(err, ReadError::TooLarge { offset: 0, .. }),
        "{err}"
    );
    assert_eq!(stream::recover(&path).unwrap().entries, 8);

    let bytes = [&*framed(&scenarios()), &[0xff; 20]].concat();
    fs::write(&path, &bytes).unwrap();
    let err = stream::recover(&path).unwrap_err();
    assert!(matches!(err, ReadError::InvalidLength { .. }), "{err}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);

    let err = stream::recover(path.with_extension("absent")).unwrap_err();
    assert!(matches!(err, ReadError::Io(_)), "{err}");
}

#[test]
fn what_is_kept_has_a_name_and_a_mode_of_its_own() {
    let path = log("names");
    let other = path.with_extension("rejected");
    let torn = b"\x03\x22\x01a\x03\x22";
    let mut kept = Vec::new();
    for log in [&path, &path, &other, &path] {
        fs::write(log, torn).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            fs::set_permissions(log, fs::Permissions::from_mode(0o600)).unwrap();
        }
        let cut = stream::recover(log).unwrap().cut.unwrap();
        assert_eq!(fs::read(&cut.kept).unwrap(), b"\x03\x22");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(&cut.kept).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600, "no more readable than the log");
        }
        kept.push(cut.kept.file_name().unwrap().to_owned());
    }
    assert_eq!(
        kept,
        [
            "audit.binpb.torn-at-4",
            "audit.binpb.torn-at-4.2",
            "audit.rejected.torn-at-4",
            "audit.binpb.torn-at-4.3",
        ]
    );
}

#[test]
fn the_file_goes_on_where_the_entries_end() {
    let path = log("goes-on");
    let entries = scenarios();
    let mut bytes = framed(&entries[..3]);
    bytes.extend([0x20, 1, 2, 3]);
    fs::write(&path, &bytes).unwrap();
    stream::recover(&path).unwrap();
    let file = fs::File::options().append(true).open(&path).unwrap();
    let mut writer = LogWriter::new(file);
    entries[3..]
        .iter()
        .for_each(|entry| writer.write(entry).unwrap());
    let read: Result<Vec<_>, _> = LogReader::new(&*fs::read(&path).unwrap()).collect();
    assert_eq!(read.unwrap(), entries);
}
