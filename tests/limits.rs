//! Reading a hostile megabyte allocates no more than a small multiple of it.
#![cfg(all(feature = "json", feature = "cbor", feature = "tokio"))]

use lokryn_compliance_log::bytes::{Bytes, BytesMut};
use lokryn_compliance_log::codec::LogCodec;
use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::stream::{self, LogReader};
use lokryn_compliance_log::{
    EventType, LogEntry, LogEntryView, Outcome, Payload, PayloadFormat, Sensitivity,
};
use serde::de::IgnoredAny;
use tokio_util::codec::Decoder as _;

const MEGABYTE: usize = 1_000_000;

/// The most bytes that were allocated at a time while `read` ran.
fn peak(read: impl FnOnce()) -> u64 {
    allocation_counter::measure(read).bytes_max
}

#[track_caller]
fn assert_peak(what: &str, limit: usize, read: impl FnOnce()) {
    let peak = peak(read);
    assert!(
        peak <= limit as u64,
        "{what}: {peak} bytes, {limit} allowed"
    );
}

/// Repeats a record up to a megabyte.
fn repeated(record: &[u8]) -> Vec<u8> {
    record.repeat(MEGABYTE / record.len())
}

fn with_payload(payload: Vec<u8>) -> LogEntry {
    LogEntry {
        payload: payload.into(),
        ..LogEntry::default()
    }
}

/// Entries of a megabyte that ask for as much as they can.
fn hostile_entries() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("empty tags", repeated(b"\x52\x00")),
        ("short tags", repeated(b"\x52\x01x")),
        ("one text over and over", repeated(b"\x22\x08overwrit")),
        ("unknown fields", repeated(b"\x60\x01")),
        (
            "groups",
            [vec![0x7b; 99], vec![0x7c; 99]].concat().repeat(5000),
        ),
        ("groups too deep", vec![0x7b; MEGABYTE]),
        ("a claim of 2 GiB", b"\x4a\x80\x80\x80\x80\x08".to_vec()),
        ("varints", vec![0x80; MEGABYTE]),
    ]
}

#[test]
fn a_view_allocates_nothing() {
    for (what, bytes) in hostile_entries() {
        assert_peak(what, 0, || {
            let _ = LogEntryView::decode(&bytes);
        });
        assert_peak(what, 0, || {
            let _ = LogEntryView::decode_strict(&bytes);
        });
    }
}

#[test]
fn an_owned_entry_takes_a_small_multiple() {
    // A tag costs two bytes on the wire and 24 as a `String`, and nothing costs
    // more. Short tags are counted first; prost grows a vector.
    for (what, bytes) in hostile_entries() {
        assert_peak(what, 16 * MEGABYTE, || {
            let _ = LogEntryView::decode(&bytes).map(|view| view.to_entry());
        });
        assert_peak(what, 16 * MEGABYTE, || {
            let _ = LogEntry::from_bytes(&bytes);
        });
        assert_peak(what, 40 * MEGABYTE, || {
            let _ = LogEntry::decode(&*bytes);
        });
    }
}

#[test]
fn a_stream_takes_what_it_has_read_and_not_what_it_claims() {
    let limit = 4 * 1024 * 1024;
    for claim in [&b"\xff\xff\xff\x01"[..], b"\x80\x80\x80\x02"] {
        let few_bytes = [claim, b"abc"].concat();
        assert_peak("a claim of 4 MiB", 1000, || {
            assert!(LogReader::new(&*few_bytes).next().unwrap().is_err());
            assert!(stream::views(&few_bytes).next().unwrap().is_err());
        });
    }
    let endless = vec![0xff; MEGABYTE];
    assert_peak("a length without end", 1000, || {
        assert!(LogReader::new(&*endless).next().unwrap().is_err());
    });
    let too_large = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01".repeat(MEGABYTE / 10);
    assert_peak("a claim of 2^64 bytes", 1000, || {
        assert!(LogReader::new(&*too_large).next().unwrap().is_err());
    });
    for (what, bytes) in hostile_entries() {
        let mut framed = Vec::new();
        let mut writer = stream::LogWriter::new(&mut framed);
        writer.write_encoded(&bytes).unwrap();
        assert_peak(what, 3 * limit, || {
            let mut reader = LogReader::new(&*framed);
            while let Some(frame) = reader.next_view() {
                let _ = frame.map(|frame| frame.view);
            }
        });
        assert_peak(what, 20 * MEGABYTE, || {
            let _ = LogCodec::new().decode(&mut BytesMut::from(&*framed));
        });
    }
}

#[test]
fn telling_a_format_takes_a_small_multiple() {
    for (what, payload) in [
        ("nested arrays of JSON", vec![b'['; MEGABYTE]),
        ("nested objects of JSON", repeated(b"{\"a\":")),
        ("nested arrays of CBOR", vec![0x81; MEGABYTE]),
        ("indefinite arrays of CBOR", vec![0x9f; MEGABYTE]),
        (
            "2^64 items of CBOR",
            b"\x9b\xff\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        ),
    ] {
        assert_peak(what, 2 * MEGABYTE, || {
            assert_eq!(PayloadFormat::of(&payload), PayloadFormat::Opaque);
        });
    }
}

#[test]
fn reading_a_payload_takes_a_small_multiple() {
    // What the documentation of `json_payload` and `cbor_payload` says of a `Value`,
    // which takes most for maps with one short key each, one in another.
    let nested = |open: &str, close: &str| open.repeat(125) + "0" + &close.repeat(125);
    for (what, item) in [
        ("numbers", "0".to_owned()),
        ("maps", r#"{"":0}"#.to_owned()),
        ("maps in maps", nested(r#"{"":"#, "}")),
        ("arrays in arrays", nested("[", "]")),
    ] {
        let items = vec![item.as_str(); MEGABYTE / item.len()];
        let json = format!("[{}]", items.join(","));
        let limit = 130 * json.len();
        let entry = with_payload(json.into());
        assert_peak(&format!("{what} in JSON"), limit, || {
            entry.json_payload::<serde_json::Value>().unwrap();
        });
        // A type that has no place for them takes nothing.
        assert_peak(&format!("{what} in JSON, ignored"), 1000, || {
            let IgnoredAny = entry.json_payload().unwrap();
        });
    }
    for (what, item) in [
        ("numbers", vec![0]),
        ("maps", vec![0xa1, 0x60, 0]),
        ("maps in maps", [b"\xa1\x60".repeat(200), vec![0]].concat()),
        ("arrays in arrays", [vec![0x81; 200], vec![0]].concat()),
    ] {
        let count = u32::try_from(MEGABYTE / item.len()).unwrap();
        let items = item.repeat(MEGABYTE / item.len());
        let cbor = [&[0x9a], &count.to_be_bytes()[..], &items].concat();
        let limit = 320 * cbor.len();
        let entry = with_payload(cbor);
        assert_peak(&format!("{what} in CBOR"), limit, || {
            entry.cbor_payload::<serde_json::Value>().unwrap();
        });
        assert_peak(&format!("{what} in CBOR, ignored"), 10_000, || {
            let IgnoredAny = entry.cbor_payload().unwrap();
        });
    }
    for (what, payload) in [
        ("nested CBOR", vec![0x81; MEGABYTE]),
        (
            "bytes of 2^63",
            b"\x5b\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        ),
        ("text of 2^31", b"\x7a\x7f\xff\xff\xff".to_vec()),
        (
            "2^63 items",
            b"\x9b\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        ),
        (
            "2^63 pairs",
            b"\xbb\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec(),
        ),
        ("chunks without end", repeated(b"\x5f\x41a")),
    ] {
        let entry = with_payload(payload);
        assert_peak(what, 2 * MEGABYTE, || {
            assert!(entry.cbor_payload::<serde_json::Value>().is_err());
            assert!(entry.cbor_payload::<IgnoredAny>().is_err());
        });
    }
}

#[test]
fn proto_json_takes_a_small_multiple() {
    // A tag costs three bytes of text and 24 as a `String` in a growing vector.
    let nested = [&b"{\"policyTags\":"[..], &vec![b'['; MEGABYTE]].concat();
    let tags = [
        &b"{\"policyTags\":["[..],
        &b"\"\",".repeat(MEGABYTE / 3),
        b"\"\"]}",
    ]
    .concat();
    let base64 = [&b"{\"payload\":\""[..], &vec![b'A'; MEGABYTE], b"\"}"].concat();
    for (what, text) in [("nesting", nested), ("tags", tags), ("base64", base64)] {
        assert_peak(what, 32 * MEGABYTE, || {
            let _ = serde_json::from_slice::<LogEntry>(&text);
        });
    }
}

#[test]
fn a_line_read_back_takes_a_small_multiple() {
    let nested = "[".repeat(MEGABYTE);
    let tags = format!(r#"{{"policy_tags":[{}""]}}"#, r#""","#.repeat(MEGABYTE / 3));
    let names = format!("{{{}}}", r#""a":1,"#.repeat(MEGABYTE / 6));
    let base64 = format!(r#"{{"payload_base64":"{}"}}"#, "A".repeat(MEGABYTE));
    let inline = format!(r#"{{"payload":[{}0]}}"#, "0,".repeat(MEGABYTE / 2));
    for (what, line) in [
        ("nesting", format!(r#"{{"payload":{nested}"#)),
        ("tags", tags),
        ("unknown names", names),
        ("base64", base64),
        ("inline", inline),
    ] {
        assert_peak(what, 32 * MEGABYTE, || {
            let _ = LogEntry::from_json_line(&line);
        });
    }
}

#[test]
fn a_line_takes_a_small_multiple() {
    let escapes = LogEntry {
        message: "\0".repeat(MEGABYTE),
        payload: Bytes::from(vec![0xff; MEGABYTE]),
        ..LogEntry::default()
    };
    assert_peak("escapes and base64", 32 * MEGABYTE, || {
        let line = escapes.json_line().to_string();
        assert!(line.len() > 7 * MEGABYTE);
    });
}

/// Objects of about this length whose names are as hostile as they can be.
fn hostile_objects(len: usize) -> Vec<(&'static str, String)> {
    let long = "a".repeat(len);
    let escaped = r"\u0061".repeat(len / 6);
    let many: Vec<_> = (0..len / 10).map(|it| format!(r#""{it}":0"#)).collect();
    let same = r#""a":0,"#.repeat(len / 6);
    vec![
        ("a long name", format!(r#"{{"{long}":0}}"#)),
        ("an escaped name", format!(r#"{{"{escaped}":0}}"#)),
        ("many names", format!("{{{}}}", many.join(","))),
        ("one name over and over", format!(r#"{{{same}"a":0}}"#)),
        ("a name without end", format!(r#"{{"{long}"#)),
        ("names in names", r#"{"a":"#.repeat(len / 5)),
    ]
}

#[test]
fn details_take_a_small_multiple() {
    for (what, object) in hostile_objects(MEGABYTE) {
        let entry = with_payload(object.clone().into());
        // A name that is spelled with escapes is unescaped to be compared.
        assert_peak(what, 3 * MEGABYTE, || {
            let _ = entry.detail::<u32>("a");
            let _ = entry.detail::<u32>("b");
            let _ = entry.occurred_at();
        });
        assert_peak(what, 8 * MEGABYTE, || {
            let _ = LogEntry::builder()
                .event_type(EventType::Login)
                .outcome(Outcome::Success)
                .actor_id("a")
                .component("c")
                .environment("e")
                .resource("r")
                .sensitivity(Sensitivity::Public)
                .payload(Payload::from(object.into_bytes()))
                .detail("b", 1)
                .detail("a", 1)
                .build();
        });
    }
}

#[test]
fn a_file_that_is_recovered_takes_twice_its_torn_end() {
    let folder = std::env::temp_dir().join(format!("limits-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let path = folder.join("hostile.binpb");
    for (what, mut bytes) in hostile_entries() {
        // An entry is looked for at every byte of it.
        bytes.truncate(MEGABYTE / 10);
        let torn = [b"\xff\xff\xff\x01", &*bytes].concat();
        std::fs::write(&path, &torn).unwrap();
        assert_peak(what, MEGABYTE / 2, || {
            assert!(stream::recover(&path).unwrap().cut.is_some());
        });
    }
    std::fs::remove_dir_all(folder).unwrap();
}

#[cfg(feature = "release-0-2")]
mod release_0_2 {
    use lokryn_compliance_log::prost::encoding;
    use lokryn_compliance_log::release_0_2::{self, LogRequest};
    use lokryn_compliance_log::stream::MixedReader;

    use super::*;

    /// Puts a value into a field that has a length.
    fn field(number: u32, value: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encoding::bytes::encode(number, &value.to_vec(), &mut bytes);
        bytes
    }

    /// One more than a vector has room for that has doubled until then.
    const COUNT: usize = (1 << 15) + 1;

    /// Records that ask for as much as they can.
    fn hostile_records() -> Vec<(&'static str, Vec<u8>)> {
        let repeated = |record: &[u8]| record.repeat(COUNT);
        // In a member of the `Struct`, the values of a list.
        let values = repeated(b"\x0a\x00");
        let list = field(24, &field(1, &field(2, &field(6, &values))));
        let mut nested = Vec::new();
        for _ in 0..30 {
            nested = field(1, &field(2, &field(5, &nested)));
        }
        vec![
            ("messages", field(22, &repeated(b"\x62\x00"))),
            ("calls of tools", field(22, &repeated(b"\x72\x00"))),
            ("values of a list", list),
            ("structs in structs", repeated(&field(24, &nested))),
            ("tags", repeated(b"\xa2\x01\x00")),
        ]
    }

    #[test]
    fn a_record_takes_a_known_multiple() {
        // What the documentation of the two says. A call of a tool costs two bytes on the
        // wire, and 96 as four empty texts.
        for (what, bytes) in hostile_records() {
            assert_peak(what, 150 * bytes.len(), || {
                LogRequest::from_bytes(&bytes).unwrap();
            });
            assert_peak(what, 300 * bytes.len(), || {
                release_0_2::from_bytes(&bytes).unwrap();
            });
        }
        for (what, bytes) in hostile_entries() {
            assert_peak(what, 4 * MEGABYTE, || {
                let _ = LogRequest::from_bytes(&bytes);
                let _ = release_0_2::from_bytes(&bytes);
            });
        }
    }

    #[test]
    fn an_entry_becomes_a_record_in_a_small_multiple() {
        for (what, item) in [
            ("numbers", "0"),
            ("maps", r#"{"":0}"#),
            ("arrays", "[]"),
            ("texts", r#""""#),
        ] {
            let items = vec![item; MEGABYTE / 20 / item.len()];
            let json = format!(r#"{{"a":[{}]}}"#, items.join(","));
            // As values of JSON twice, and as values of protobuf.
            let limit = 400 * json.len();
            let entry = with_payload(json.into());
            assert_peak(what, limit, || {
                let _ = release_0_2::to_bytes(&entry);
            });
        }
        for (what, object) in hostile_objects(MEGABYTE / 5) {
            let limit = 30 * object.len();
            let entry = with_payload(object.into());
            assert_peak(what, limit, || {
                let _ = release_0_2::to_bytes(&entry);
            });
        }
    }

    #[test]
    fn a_mixed_stream_takes_what_it_has_read_and_not_what_it_claims() {
        let few_bytes = b"\xff\xff\xff\x01abc";
        assert_peak("a claim of 4 MiB", 1000, || {
            assert!(MixedReader::new(&few_bytes[..]).next().unwrap().is_err());
        });
        for (what, bytes) in hostile_entries() {
            let mut framed = Vec::new();
            let mut writer = stream::LogWriter::new(&mut framed);
            writer.write_encoded(&bytes).unwrap();
            assert_peak(what, 30 * MEGABYTE, || {
                assert_eq!(MixedReader::new(&*framed).count(), 1);
            });
        }
    }
}
