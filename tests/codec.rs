//! The codec: the framing of streams over tokio.
#![cfg(feature = "tokio")]

mod common;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::StreamExt as _;
use lokryn_compliance_log::bytes::{Bytes, BytesMut};
use lokryn_compliance_log::codec::{FrameCodec, LogCodec};
use lokryn_compliance_log::stream::{LogWriter, ReadError, WriteError};
use lokryn_compliance_log::{LogEntry, LogEntryView};
use proptest::prelude::*;
use tokio::io::{AsyncRead, ReadBuf};
use tokio_util::codec::{Decoder, Encoder as _, FramedRead};

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

/// Two malformed frames, an entry, and a torn one.
const DAMAGED: &[u8] = b"\x02\x08\x80\x02\x08\x80\x03\x22\x01a\x02\x08";

type Items<D> = Vec<Result<<D as Decoder>::Item, <D as Decoder>::Error>>;

/// What `FramedRead` yields of a source that hands out so many bytes at a time.
fn framed<D: Decoder>(
    bytes: &[u8],
    decoder: D,
    piece: usize,
) -> (Items<D>, FramedRead<Pieces<'_>, D>) {
    let mut framed = FramedRead::new(Pieces(bytes, piece), decoder);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let items = runtime.block_on(async {
        let mut items = Vec::new();
        while let Some(item) = framed.next().await {
            items.push(item);
        }
        items
    });
    (items, framed)
}

struct Pieces<'a>(&'a [u8], usize);

impl AsyncRead for Pieces<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let (now, later) = self.0.split_at(self.1.min(self.0.len()));
        buf.put_slice(now);
        self.0 = later;
        Poll::Ready(Ok(()))
    }
}

#[test]
fn the_frame_codec_loses_nothing_that_arrives_whole() {
    for piece in 1..=DAMAGED.len() {
        let (items, _) = framed(DAMAGED, FrameCodec::new(), piece);
        let [Ok(Err(first)), Ok(Err(second)), Ok(Ok(entry)), Err(last)] = &*items else {
            panic!("in pieces of {piece}: {items:?}");
        };
        for (err, at) in [(first, 1..3), (second, 4..6)] {
            let ReadError::Malformed { entry, .. } = err else {
                panic!("{err}");
            };
            assert_eq!(entry.bytes().unwrap(), &b"\x08\x80"[..]);
            assert_eq!(entry.range(), at);
        }
        assert_eq!(entry.bytes(), &b"\x22\x01a"[..]);
        assert_eq!((entry.view().actor_id, entry.offset()), ("a", 6));
        assert_eq!(last.to_string(), "truncated entry at byte 10");
    }
}

#[test]
fn the_frame_codec_reports_a_run_of_zeros_once() {
    let (_, entry) = common::scenarios().swap_remove(0);
    let whole = stream_of(&[entry]);
    let bytes = [&*whole, &[0; 100], &whole].concat();
    for piece in [1, 7, 1000] {
        let (items, _) = framed(&bytes, FrameCodec::new(), piece);
        let [
            Ok(Ok(_)),
            Ok(Err(ReadError::Empty { offset })),
            Ok(Ok(last)),
        ] = &*items
        else {
            panic!("in pieces of {piece}: {items:?}");
        };
        assert_eq!(*offset, whole.len() as u64);
        assert_eq!(last.offset(), whole.len() as u64 + 100);
    }
}

#[test]
fn an_error_of_the_entry_codec_is_the_end_and_leaves_the_rest() {
    for (bytes, message) in [
        (DAMAGED, "malformed entry of 2 bytes at byte 3"),
        (b"\x02\x08\x80\0\0\x02\x08\x01", "empty entry at byte 3"),
    ] {
        // After an entry, so that the place is not the start.
        let bytes = [b"\x02\x08\x01", &bytes[3..]].concat();
        for piece in 1..=bytes.len() {
            let (items, source) = framed(&bytes, LogCodec::new(), piece);
            let [Ok(_), Err(err)] = &*items else {
                panic!("in pieces of {piece}: {items:?}");
            };
            assert!(err.to_string().starts_with(message), "{err}");

            let mut unread = source.read_buffer().clone();
            unread.extend_from_slice(source.get_ref().0);
            assert_eq!(unread, &bytes[3..], "in pieces of {piece}");
            let mut codec = source.decoder().clone();
            let again = codec.decode(&mut unread).unwrap_err();
            assert_eq!(again.to_string(), err.to_string());

            let mut frames = FrameCodec::from(codec);
            let item = frames.decode(&mut unread).unwrap().unwrap();
            assert_eq!(item.unwrap_err().to_string(), err.to_string());
        }
    }
}

#[test]
fn entries_that_are_encoded_are_passed_on_as_they_are() {
    let newer = b"\x22\x01a\xba\x03\x02hi";
    for mut buffer in [BytesMut::new(), BytesMut::from("before")] {
        let before = buffer.len();
        LogCodec::new().encode(&newer[..], &mut buffer).unwrap();
        FrameCodec::new()
            .encode(Bytes::from_static(newer), &mut buffer)
            .unwrap();
        let mut written = LogWriter::new(Vec::new());
        written.write_encoded(newer).unwrap();
        written.write_encoded(newer).unwrap();
        assert_eq!(buffer[before..], written.into_inner());
    }
    let mut buffer = BytesMut::new();
    let err = FrameCodec::new().encode(&b""[..], &mut buffer).unwrap_err();
    assert!(matches!(err, WriteError::Empty), "{err}");
    let err = LogCodec::new().encode(LogEntry::default(), &mut buffer);
    assert!(matches!(err, Err(WriteError::Empty)), "{err:?}");
    assert!(buffer.is_empty());
}

#[test]
fn received_entries_are_printed_under_the_rule_for_payloads() {
    let (_, entry) = common::scenarios().swap_remove(1);
    let mut buffer = BytesMut::from(&*stream_of(&[entry]));
    let received = FrameCodec::new().decode(&mut buffer).unwrap().unwrap();
    let printed = format!("{received:?}");
    assert!(!printed.contains("ssn"), "{printed}");
    assert!(printed.contains("guardrails"), "{printed}");
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
        entries in proptest::collection::vec(common::any_set_entry(), 0..8),
        pieces in proptest::collection::vec(0..200_usize, 0..20),
    ) {
        let bytes = stream_of(&entries);
        let decoded = decode_in_pieces(&mut LogCodec::new(), &bytes, pieces.into_iter());
        prop_assert_eq!(decoded.unwrap(), entries);
    }
}
