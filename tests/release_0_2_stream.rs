//! Streams that hold records of both releases.
#![cfg(all(feature = "release-0-2", feature = "std"))]

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::release_0_2::LogRequest;
use lokryn_compliance_log::stream::{LogWriter, MixedEntry, MixedReader, ReadError};
use lokryn_compliance_log::{DecodeReason, LogEntry, Release};

fn entry(actor: &str) -> LogEntry {
    LogEntry {
        event_type: 13,
        actor_id: actor.to_owned(),
        ..LogEntry::default()
    }
}

fn request(actor: &str) -> LogRequest {
    LogRequest {
        event_type: 20,
        sensitivity: 10,
        actor_id: actor.to_owned(),
        trace_id: "abcd".to_owned(),
        ..LogRequest::default()
    }
}

fn stream(records: &[Vec<u8>]) -> Vec<u8> {
    let mut writer = LogWriter::new(Vec::new());
    for record in records {
        writer.write_encoded(record).unwrap();
    }
    writer.into_inner()
}

/// What each record was, the release of the decided ones and the length of the others.
fn read(reader: impl Iterator<Item = Result<MixedEntry, ReadError>>) -> Vec<String> {
    reader
        .map(|record| match record {
            Ok(MixedEntry::Decided { entry, release }) => {
                format!("{} {} {release:?}", entry.actor_id, entry.event_type())
            }
            Ok(MixedEntry::Undecided(record)) => {
                format!("undecided {} at {}", record.bytes().len(), record.offset())
            }
            Ok(other) => panic!("{other:?}"),
            Err(err) => err.to_string(),
        })
        .collect()
}

#[test]
fn each_record_is_an_entry_and_says_which_it_was() {
    let file = stream(&[
        entry("a").to_bytes(),
        request("b").to_bytes(),
        b"\x08\x01".to_vec(),          // nothing tells
        b"\x20\x01\x2a\x01a".to_vec(), // one says this and one that
        request("c").to_bytes(),
        b"\x20\x01\x52\x01\xff".to_vec(), // of 0.2, and not UTF-8
        entry("d").to_bytes(),
    ]);
    let expected = [
        "a EVENT_TOOL_INVOCATION V0_1",
        "b EVENT_TOOL_INVOCATION V0_2",
        "undecided 2 at 21",
        "undecided 5 at 24",
        "c EVENT_TOOL_INVOCATION V0_2",
        "malformed entry of 5 bytes at byte 45: actor_id: invalid UTF-8 at byte 4",
        "d EVENT_TOOL_INVOCATION V0_1",
    ];
    assert_eq!(read(MixedReader::new(&*file)), expected);
    // In pieces of one byte, too.
    let one_by_one = std::io::BufReader::with_capacity(1, &*file);
    assert_eq!(read(MixedReader::new(one_by_one)), expected);
}

#[test]
fn a_record_of_release_0_2_is_converted_whole() {
    let mut bytes = request("b").encode_to_vec();
    bytes.extend(b"\x98\x06\x07"); // an unknown field
    let file = stream(&[bytes.clone()]);
    let Some(Ok(MixedEntry::Decided { entry, .. })) = MixedReader::new(&*file).next() else {
        panic!("not decided");
    };
    assert_eq!(entry.detail("trace_id").unwrap(), Some("abcd"));
    assert_eq!(lokryn_compliance_log::release_0_2::to_bytes(&entry), bytes);
}

#[test]
fn the_caller_may_know_better() {
    let actor_or_tag = b"\x08\x14\x52\x01b".to_vec();
    let file = stream(&[actor_or_tag, entry("a").to_bytes()]);

    let reader = MixedReader::new(&*file).with_undecided_as(Release::V0_2);
    let expected = [
        "b EVENT_TOOL_INVOCATION V0_2",
        "a EVENT_TOOL_INVOCATION V0_1",
    ];
    assert_eq!(read(reader), expected);

    let reader = MixedReader::new(&*file).with_release(Release::V0_1);
    let expected = [
        " EVENT_TYPE_UNSPECIFIED V0_1",
        "a EVENT_TOOL_INVOCATION V0_1",
    ];
    assert_eq!(read(reader), expected);

    let reader = MixedReader::new(&*file).with_release(Release::V0_2);
    let expected = [
        "b EVENT_TOOL_INVOCATION V0_2",
        "malformed entry of 5 bytes at byte 6: sensitivity: wrong wire type 2 at byte 2",
    ];
    assert_eq!(read(reader), expected);
}

#[test]
fn errors_of_the_stream_are_those_of_the_other_reader() {
    let whole = stream(&[request("b").to_bytes()]);
    let torn = [&*whole, b"\x05\x08"].concat();
    let at = whole.len();
    let found = read(MixedReader::new(&*torn));
    assert_eq!(found[1..], [format!("truncated entry at byte {at}")]);

    let long = MixedReader::new(&*whole).with_max_entry_len(4);
    let len = at - 1;
    let expected = format!("entry of {len} bytes exceeds the limit of 4 bytes at byte 0");
    assert_eq!(read(long), [expected]);
    let empty = [b"\x00\x00", &*whole].concat();
    assert_eq!(
        read(MixedReader::new(&*empty)),
        ["empty entry at byte 0", "b EVENT_TOOL_INVOCATION V0_2"]
    );
}

#[test]
fn a_malformed_record_has_its_bytes_and_its_reason() {
    let record = b"\x20\x01\x42\x02\x0a\x00".to_vec();
    let file = stream(std::slice::from_ref(&record));
    let Some(Err(ReadError::Malformed { entry, source, .. })) = MixedReader::new(&*file).next()
    else {
        panic!("not malformed");
    };
    assert_eq!(entry.bytes().unwrap(), &record);
    assert_eq!(source.field(), Some("time"));
    assert_eq!(source.reason(), DecodeReason::InvalidMessage);
}

#[test]
fn what_is_undecided_is_not_printed() {
    let file = stream(&[b"\x08\x01\x52\x06secret".to_vec()]);
    let mut reader = MixedReader::new(&*file);
    let record = reader.next().unwrap().unwrap();
    let debug = format!("{record:?} {reader:?}");
    assert!(
        !debug.contains("secret") && !debug.contains("115, 101"),
        "{debug}"
    );
    assert!(
        debug.contains("UndecidedEntry { len: 10, offset: 0, .. }"),
        "{debug}"
    );
}
