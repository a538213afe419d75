//! The codec: the framing of streams over tokio.
#![cfg(feature = "tokio")]

mod common;

use lokryn_compliance_log::bytes::BytesMut;
use lokryn_compliance_log::codec::LogCodec;
use lokryn_compliance_log::stream::{LogWriter, ReadError};
use lokryn_compliance_log::{LogEntry, LogEntryView};
use proptest::prelude::*;
use tokio_util::codec::{Decoder as _, Encoder as _};

fn stream_of(entries: &[LogEntry]) -> Vec<u8> {
    let mut writer = LogWriter::new(Vec::new());
    for entry in entries {
        writer.write(entry).unwrap();
    }
    writer.into_inner()
}

/// Feeds the bytes in pieces of the given lengths, then the end.
fn decode_in_pieces(
    codec: &mut LogCodec,
    mut bytes: &[u8],
    pieces: impl Iterator<Item = usize>,
) -> Result<Vec<LogEntry>, ReadError> {
    let mut buffer = BytesMut::new();
    let mut entries = Vec::new();
    for piece in pieces {
        let (now, later) = bytes.split_at(piece.min(bytes.len()));
        buffer.extend_from_slice(now);
        bytes = later;
        while let Some(entry) = codec.decode(&mut buffer)? {
            entries.push(entry);
        }
    }
    buffer.extend_from_slice(bytes);
    while let Some(entry) = codec.decode_eof(&mut buffer)? {
        entries.push(entry);
    }
    Ok(entries)
}

#[test]
fn every_form_of_an_entry_is_framed_alike() {
    let (_, entry) = common::scenarios().swap_remove(0);
    let expected = stream_of(&[entry.clone(), entry.clone(), entry.clone()]);
    let mut codec = LogCodec::new();
    let mut buffer = BytesMut::new();
    codec.encode(&entry, &mut buffer).unwrap();
    codec
        .encode(LogEntryView::from(&entry), &mut buffer)
        .unwrap();
    codec.encode(entry, &mut buffer).unwrap();
    assert_eq!(buffer, expected);
}

#[test]
fn a_connection_closed_in_an_entry_is_truncated() {
    let (_, entry) = common::scenarios().swap_remove(0);
    let bytes = stream_of(&[entry.clone(), entry]);
    let first = bytes.len() / 2;
    for cut in first + 1..bytes.len() {
        let err = decode_in_pieces(&mut LogCodec::new(), &bytes[..cut], [cut].into_iter());
        let err = err.unwrap_err();
        let ReadError::Truncated { offset } = err else {
            panic!("{err}");
        };
        assert_eq!(offset, first as u64);
    }
}

#[test]
fn errors_are_those_of_the_reader() {
    let decode = |bytes: &[u8]| {
        let mut codec = LogCodec::new().with_max_entry_len(100);
        let mut buffer = BytesMut::from(bytes);
        codec.decode(&mut buffer).unwrap_err().to_string()
    };
    assert_eq!(decode(&[0xff; 11]), "invalid entry length at byte 0");
    assert_eq!(
        decode(b"\x65"),
        "entry of 101 bytes exceeds the limit of 100 bytes at byte 0"
    );
    assert_eq!(
        decode(b"\x02\x08\x80"),
        "malformed entry of 2 bytes at byte 0: event_type: truncated at byte 1"
    );
}

#[test]
fn a_malformed_entry_is_passed_over_and_the_next_one_decoded() {
    let mut codec = LogCodec::new();
    let mut buffer = BytesMut::from(&b"\x02\x08\x80\x02\x08\x01\x02\x08\x80"[..]);
    assert!(codec.decode(&mut buffer).is_err());
    let entry = codec.decode(&mut buffer).unwrap().unwrap();
    assert_eq!(entry.event_type, 1);
    let err = codec.decode(&mut buffer).unwrap_err();
    assert!(err.to_string().contains("at byte 6"), "{err}");
    assert!(codec.decode_eof(&mut buffer).unwrap().is_none());
}

#[test]
fn an_entry_above_the_limit_is_not_encoded() {
    let entry = LogEntry {
        message: "x".repeat(98),
        ..LogEntry::default()
    };
    let mut buffer = BytesMut::new();
    let mut codec = LogCodec::new().with_max_entry_len(99);
    let err = codec.encode(&entry, &mut buffer).unwrap_err();
    assert_eq!(
        err.to_string(),
        "entry of 100 bytes exceeds the limit of 99 bytes"
    );
    assert!(buffer.is_empty());
    LogCodec::new().encode(&entry, &mut buffer).unwrap();
    assert_eq!(buffer.len(), 101);
}

#[test]
fn a_claimed_length_reserves_nothing() {
    let mut buffer = BytesMut::from(&b"\x80\x80\x80\x02"[..]);
    let capacity = buffer.capacity();
    assert!(LogCodec::new().decode(&mut buffer).unwrap().is_none());
    assert_eq!(buffer.capacity(), capacity);
}

proptest! {
    #[test]
    fn entries_survive_any_split(
        entries in proptest::collection::vec(common::any_entry(), 0..8),
        pieces in proptest::collection::vec(0..200_usize, 0..20),
    ) {
        let bytes = stream_of(&entries);
        let decoded = decode_in_pieces(&mut LogCodec::new(), &bytes, pieces.into_iter());
        prop_assert_eq!(decoded.unwrap(), entries);
    }
}
