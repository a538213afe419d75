//! Streams of entries: whole, cut, damaged, hostile and slow.
#![cfg(feature = "std")]

mod common;

use std::io::{self, BufRead, BufReader, Cursor, ErrorKind, Read, Write};

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::stream::{self, LogReader, LogWriter, ReadError, WriteError};
use lokryn_compliance_log::{LogEntry, LogEntryView};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

fn generated(count: usize) -> Vec<LogEntry> {
    let mut runner = TestRunner::deterministic();
    let any_entry = common::any_set_entry();
    let mut entries = (0..count).map(|_| any_entry.new_tree(&mut runner).unwrap().current());
    entries.by_ref().collect()
}

/// The stream of some entries, and where each frame begins and the last one
/// ends.
fn written(entries: &[LogEntry]) -> (Vec<u8>, Vec<usize>) {
    let mut writer = LogWriter::new(Vec::new());
    let mut offsets = vec![0];
    for entry in entries {
        writer.write(entry).unwrap();
        offsets.push(writer.get_ref().len());
    }
    (writer.into_inner(), offsets)
}

fn malformed() -> Vec<u8> {
    b"\x05\x22\x03a\xffb".to_vec()
}

/// A reader that hands out one byte at a time and is interrupted before each.
struct Slow<'a> {
    bytes: &'a [u8],
    interrupted: bool,
}

impl Read for Slow<'_> {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        unreachable!("a BufRead is read through its buffer")
    }
}

impl BufRead for Slow<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.interrupted = !self.interrupted;
        if self.interrupted {
            return Err(ErrorKind::Interrupted.into());
        }
        Ok(&self.bytes[..self.bytes.len().min(1)])
    }

    fn consume(&mut self, len: usize) {
        self.bytes = &self.bytes[len..];
    }
}

#[test]
fn the_framing_is_that_of_prost() {
    let entries = generated(50);
    let (bytes, _) = written(&entries);
    let mut by_prost = Vec::new();
    for entry in &entries {
        entry.encode_length_delimited(&mut by_prost).unwrap();
    }
    assert_eq!(bytes, by_prost);
    let mut rest = bytes.as_slice();
    for entry in &entries {
        assert_eq!(
            &LogEntry::decode_length_delimited(&mut rest).unwrap(),
            entry
        );
    }
    assert!(rest.is_empty());
}

#[test]
fn readers_return_what_the_writer_was_given() {
    let entries = generated(200);
    let (bytes, offsets) = written(&entries);

    let read: Vec<_> = LogReader::new(&*bytes).map(Result::unwrap).collect();
    assert_eq!(read, entries);

    let slow = Slow {
        bytes: &bytes,
        interrupted: false,
    };
    let read: Vec<_> = LogReader::new(slow).map(Result::unwrap).collect();
    assert_eq!(read, entries);

    let mut reader = LogReader::new(BufReader::with_capacity(7, &*bytes));
    let mut views = stream::views(&bytes);
    for (entry, offset) in entries.iter().zip(&offsets) {
        let lent = reader.next_view().unwrap().unwrap();
        let view = views.next().unwrap().unwrap();
        for frame in [lent, view] {
            assert_eq!(frame.view, LogEntryView::from(entry));
            assert_eq!(frame.bytes, entry.encode_to_vec());
            assert_eq!(frame.offset, *offset as u64);
        }
    }
    assert!(reader.next_view().is_none());
    assert!(views.next().is_none());
}

#[test]
fn a_forwarder_passes_on_fields_that_it_does_not_know() {
    let newer = b"\x22\x01a\x7a\x03new";
    let mut incoming = LogWriter::new(Vec::new());
    incoming.write_encoded(newer).unwrap();
    let incoming = incoming.into_inner();

    let mut reader = LogReader::new(&*incoming);
    let mut outgoing = LogWriter::new(Vec::new());
    while let Some(frame) = reader.next_view() {
        outgoing.write_encoded(frame.unwrap().bytes).unwrap();
    }
    assert_eq!(outgoing.into_inner(), incoming);
}

/// Reads a stream that was cut, and checks that every whole entry before the cut
/// is read, and the cut told.
fn check_cut(bytes: &[u8], entries: &[LogEntry], offsets: &[usize], cut: usize) {
    let whole = offsets.iter().skip(1).filter(|end| **end <= cut).count();
    let torn_at = offsets[whole];
    let check = |read: Vec<Result<LogEntry, ReadError>>| {
        let (read, end) = read.split_at(whole);
        for (read, entry) in read.iter().zip(entries) {
            assert_eq!(read.as_ref().unwrap(), entry, "cut at {cut}");
        }
        match end {
            [] => assert_eq!(torn_at, cut),
            [Err(ReadError::Truncated { offset })] => {
                assert_ne!(torn_at, cut);
                assert_eq!(*offset, torn_at as u64, "cut at {cut}");
            }
            other => panic!("cut at {cut}: {other:?}"),
        }
    };
    let cut_off = &bytes[..cut];
    check(LogReader::new(cut_off).collect());
    let views = stream::views(cut_off);
    check(
        views
            .map(|frame| frame.map(|frame| frame.view.to_entry()))
            .collect(),
    );
}

#[test]
fn a_stream_cut_anywhere_gives_every_whole_entry_and_the_place_of_the_cut() {
    let entries = generated(1000);
    let (bytes, offsets) = written(&entries);
    // Cuts in the last three entries concern the last entries alone.
    let tail = entries.len() - 10;
    let tail_offsets: Vec<_> = offsets[tail..]
        .iter()
        .map(|end| end - offsets[tail])
        .collect();
    for cut in offsets[entries.len() - 3]..=bytes.len() {
        let cut = cut - offsets[tail];
        check_cut(
            &bytes[offsets[tail]..],
            &entries[tail..],
            &tail_offsets,
            cut,
        );
    }
    let mut runner = TestRunner::deterministic();
    for _ in 0..1000 {
        let cut = (0..bytes.len()).new_tree(&mut runner).unwrap().current();
        // Reading begins at most 20 entries before the cut, for the test's speed.
        let last = offsets.partition_point(|end| *end <= cut);
        let first = last.saturating_sub(20);
        let near: Vec<_> = offsets[first..]
            .iter()
            .map(|end| end - offsets[first])
            .collect();
        check_cut(
            &bytes[offsets[first]..],
            &entries[first..],
            &near,
            cut - offsets[first],
        );
    }
    check_cut(&bytes, &entries, &offsets, bytes.len() - 1);
}

#[test]
fn a_malformed_entry_is_told_and_the_next_one_read() {
    let entries = generated(2);
    let (first, _) = written(&entries[..1]);
    let (second, _) = written(&entries[1..]);
    let bytes = [&*first, &malformed(), &second].concat();
    let check = |read: Vec<Result<LogEntry, ReadError>>| {
        let [Ok(before), Err(err), Ok(after)] = &read[..] else {
            panic!("{read:?}");
        };
        assert_eq!([before, after], [&entries[0], &entries[1]]);
        let message = format!(
            "malformed entry of 5 bytes at byte {}: actor_id: invalid UTF-8 at byte 3",
            first.len()
        );
        assert_eq!(err.to_string(), message);
        assert!(std::error::Error::source(err).is_some());
    };
    check(LogReader::new(&*bytes).collect());
    let views = stream::views(&bytes);
    check(
        views
            .map(|frame| frame.map(|frame| frame.view.to_entry()))
            .collect(),
    );
}

#[test]
fn an_entry_above_the_limit_is_refused_on_both_sides() {
    let entry = LogEntry {
        message: "x".repeat(98),
        ..LogEntry::default()
    };
    let mut writer = LogWriter::new(Vec::new()).with_max_entry_len(99);
    let err = writer.write(&entry).unwrap_err();
    assert!(matches!(err, WriteError::TooLarge { len: 100, max: 99 }));
    assert_eq!(
        err.to_string(),
        "entry of 100 bytes exceeds the limit of 99 bytes"
    );
    assert!(writer.get_ref().is_empty(), "nothing is written");
    assert!(writer.write_encoded(&[0; 100]).is_err());
    let small = LogEntry {
        severity: 1,
        ..LogEntry::default()
    };
    writer.write(&small).unwrap();
    assert_eq!(writer.written(), 3);
    assert_eq!(writer.into_inner(), [2, 0x18, 1], "the writer goes on");

    let (bytes, _) = written(&[small, entry]);
    let mut reader = LogReader::new(&*bytes).with_max_entry_len(99);
    assert!(reader.next().unwrap().is_ok());
    let err = reader.next().unwrap().unwrap_err();
    assert_eq!(
        err.to_string(),
        "entry of 100 bytes exceeds the limit of 99 bytes at byte 3"
    );
    assert!(reader.next().is_none());
    assert_eq!(LogReader::new(&*bytes).with_max_entry_len(100).count(), 2);
}

#[test]
fn the_limit_is_4_mib_unless_set() {
    let four_mib = 4 * 1024 * 1024;
    let writer = || LogWriter::new(Vec::new());
    assert!(writer().write_encoded(&vec![0; four_mib]).is_ok());
    assert!(writer().write_encoded(&vec![0; four_mib + 1]).is_err());
    let one_more = b"\x81\x80\x80\x02";
    let err = LogReader::new(&one_more[..]).next().unwrap().unwrap_err();
    assert!(matches!(
        err,
        ReadError::TooLarge {
            len: 4_194_305,
            max: 4_194_304,
            ..
        }
    ));
}

#[test]
fn lengths_that_make_no_sense_are_refused_with_their_place() {
    for (length, message) in [
        (&[0xff; 11][..], "invalid entry length at byte 3"),
        (&[0x80; 11], "invalid entry length at byte 3"),
        (&[0x80; 1000], "invalid entry length at byte 3"),
        (
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
            "invalid entry length at byte 3",
        ),
        (
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
            "entry of 18446744073709551615 bytes exceeds the limit of 4194304 bytes at byte 3",
        ),
        (&[0x80; 9], "truncated entry at byte 3"),
    ] {
        let bytes = [b"\x02\x18\x01", length].concat();
        let mut reader = LogReader::new(&*bytes);
        assert!(reader.next().unwrap().is_ok());
        assert_eq!(reader.next().unwrap().unwrap_err().to_string(), message);
        assert!(reader.next().is_none());

        let mut views = stream::views(&bytes);
        assert!(views.next().unwrap().is_ok());
        let err = views.next().unwrap().unwrap_err().to_string();
        let in_a_slice = match message {
            "invalid entry length at byte 3" => message,
            _ => "truncated entry at byte 3",
        };
        assert_eq!(err, in_a_slice);
        assert!(views.next().is_none());
    }
}

#[test]
fn every_io_error_is_passed_on_and_reading_goes_on_after_it() {
    struct TimesOut<R> {
        inner: R,
        calls: usize,
    }

    impl<R: Read> Read for TimesOut<R> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.calls += 1;
            if self.calls % 3 == 0 {
                return Err(ErrorKind::TimedOut.into());
            }
            self.inner.read(buf)
        }
    }

    let entries = generated(200);
    let (bytes, _) = written(&entries);
    for capacity in [1, 5, 100, 1000] {
        let times_out = TimesOut {
            inner: &*bytes,
            calls: 0,
        };
        let mut reader = LogReader::new(BufReader::with_capacity(capacity, times_out));
        let mut timeouts = 0;
        let mut read = Vec::new();
        // Owned and lent entries in turn.
        while let Some(result) = match read.len() % 2 {
            0 => reader.next(),
            _ => reader
                .next_view()
                .map(|frame| frame.map(|frame| frame.view.to_entry())),
        } {
            match result {
                Ok(entry) => read.push(entry),
                Err(ReadError::Io(err)) => {
                    assert_eq!(err.kind(), ErrorKind::TimedOut);
                    timeouts += 1;
                }
                Err(err) => panic!("{err}"),
            }
        }
        assert_eq!(read, entries);
        let source = reader.into_inner().into_inner();
        assert_eq!(timeouts, source.calls / 3, "buffer of {capacity} bytes");
        assert!(timeouts > 0);
    }
}

#[test]
fn the_source_is_asked_for_its_end_once() {
    struct Counted<'a>(&'a [u8], usize);

    impl Read for Counted<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            self.0.read(buf)
        }
    }

    let (bytes, _) = written(&generated(1));
    let mut reader = LogReader::new(BufReader::new(Counted(&bytes, 0)));
    assert!(reader.next().unwrap().is_ok());
    assert!(reader.next().is_none());
    assert!(reader.next().is_none());
    assert_eq!(reader.into_inner().into_inner().1, 2);
}

#[test]
fn each_entry_is_one_write() {
    struct Counts(Vec<usize>);

    impl Write for Counts {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let entries = generated(10);
    let (_, offsets) = written(&entries);
    let mut writer = LogWriter::new(Counts(Vec::new()));
    for entry in &entries {
        writer.write(entry).unwrap();
        writer.write(LogEntryView::from(entry)).unwrap();
    }
    writer.flush().unwrap();
    let lengths: Vec<_> = offsets.windows(2).flat_map(|w| [w[1] - w[0]; 2]).collect();
    assert_eq!(writer.into_inner().0, lengths);
}

#[test]
fn after_a_failed_write_the_writer_refuses_to_go_on() {
    let mut disk = [0; 10];
    let mut writer = LogWriter::new(Cursor::new(&mut disk[..]));
    let entry = LogEntry {
        message: "12345".to_owned(),
        ..LogEntry::default()
    };
    writer.write(&entry).unwrap();
    let err = writer.write(&entry).unwrap_err();
    assert!(
        matches!(&err, WriteError::Io(err) if err.kind() == ErrorKind::WriteZero),
        "{err}"
    );
    let err = writer.write(&entry).unwrap_err();
    assert!(matches!(err, WriteError::Torn), "{err}");
    assert_eq!(
        err.to_string(),
        "an earlier write failed and may have left a torn entry"
    );
    assert_eq!(io::Error::from(err).kind(), ErrorKind::BrokenPipe);
    assert_eq!(writer.written(), 8, "where the torn entry begins");
    let err = LogReader::new(&disk[..]).nth(1).unwrap().unwrap_err();
    assert!(matches!(err, ReadError::Truncated { offset: 8 }), "{err}");
}

#[test]
fn a_writer_whose_inner_writer_panicked_does_not_merge_two_entries() {
    struct Panics<'a>(&'a mut Vec<u8>);

    impl Write for Panics<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.extend_from_slice(&bytes[..bytes.len() / 2]);
            panic!("half-way");
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut file = Vec::new();
    let mut writer = LogWriter::new(Panics(&mut file));
    let (_, entry) = common::scenarios().swap_remove(0);
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| writer.write(&entry)));
    assert!(panicked.is_err());
    let err = writer.write(&entry).unwrap_err();
    assert!(matches!(err, WriteError::Torn), "{err}");
    drop(writer);
    let err = LogReader::new(&*file).next().unwrap().unwrap_err();
    assert!(matches!(err, ReadError::Truncated { offset: 0 }), "{err}");
}

#[test]
fn an_entry_with_nothing_set_is_not_written() {
    let mut writer = LogWriter::new(Vec::new());
    let refused = [
        writer.write(&LogEntry::default()),
        writer.write(LogEntryView::default()),
        writer.write_encoded(b""),
    ];
    for refused in refused {
        let err = refused.unwrap_err();
        assert!(matches!(err, WriteError::Empty), "{err}");
        assert_eq!(err.to_string(), "entry with nothing set");
        assert_eq!(io::Error::from(err).kind(), ErrorKind::InvalidInput);
    }
    let (_, entry) = common::scenarios().swap_remove(0);
    writer.write(&entry).unwrap();
    assert_eq!(LogReader::new(writer.get_ref().as_slice()).count(), 1);
}

#[test]
fn a_run_of_zeros_is_one_error_and_no_entry() {
    let (_, entry) = common::scenarios().swap_remove(0);
    let (whole, _) = written(std::slice::from_ref(&entry));
    for (zeros, name) in [
        (vec![0; 1], "one zero"),
        (vec![0; 5032], "5,032 zeros"),
        (vec![0x80, 0], "a zero in two bytes"),
        (vec![0, 0x80, 0, 0, 0x80, 0x80, 0], "zeros of all lengths"),
    ] {
        let stream = [&*whole, &zeros, &whole, &zeros].concat();
        let at = whole.len() as u64;
        let again = at * 2 + zeros.len() as u64;
        let check = |read: Vec<Result<LogEntry, ReadError>>| {
            let [Ok(first), Err(err), Ok(second), Err(last)] = &*read else {
                panic!("{name}: {read:?}");
            };
            assert_eq!([first, second], [&entry, &entry], "{name}");
            assert_eq!(
                err.to_string(),
                format!("empty entry at byte {at}"),
                "{name}"
            );
            assert!(
                matches!(last, ReadError::Empty { offset } if *offset == again),
                "{name}: {last}"
            );
        };
        check(LogReader::new(&*stream).collect());
        for capacity in [1, 2, 7, 4096] {
            check(LogReader::new(BufReader::with_capacity(capacity, &*stream)).collect());
        }
        check(
            stream::views(&stream)
                .map(|frame| frame.map(|frame| frame.view.to_entry()))
                .collect(),
        );
    }
}

#[test]
fn a_malformed_entry_can_be_kept_and_is_not_printed() {
    let secret = b"\x22\x10078-05-1120\xff4242";
    let stream = [&b"\x03\x22\x01a\x12"[..], secret].concat();
    let from_slice = stream::views(&stream).nth(1).unwrap().unwrap_err();
    for capacity in [1, 4096] {
        let mut reader = LogReader::new(BufReader::with_capacity(capacity, &*stream));
        let err = reader.nth(1).unwrap().unwrap_err();
        for printed in [
            format!("{err}"),
            format!("{err:?}"),
            format!("{from_slice:#?}"),
        ] {
            assert!(!printed.contains("1120"), "{printed}");
        }
        let (ReadError::Malformed { entry, .. }, ReadError::Malformed { entry: place, .. }) =
            (&err, &from_slice)
        else {
            panic!("{err} {from_slice}");
        };
        assert_eq!(entry.bytes().unwrap(), &secret[..]);
        assert_eq!(entry.len(), secret.len() as u64);
        assert_eq!(entry.range(), place.range());
        let range = usize::try_from(place.range().start).unwrap()..stream.len();
        assert_eq!(&stream[range], secret);
    }
}

#[test]
fn a_source_that_fails_between_two_looks_at_its_buffer_loses_nothing() {
    /// Fails every third time that it is asked.
    struct Fails<'a> {
        bytes: &'a [u8],
        calls: usize,
    }

    impl Read for Fails<'_> {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            unreachable!("a BufRead is read through its buffer")
        }
    }

    impl BufRead for Fails<'_> {
        fn fill_buf(&mut self) -> io::Result<&[u8]> {
            self.calls += 1;
            match self.calls % 3 {
                0 => Err(ErrorKind::TimedOut.into()),
                _ => Ok(self.bytes),
            }
        }

        fn consume(&mut self, len: usize) {
            self.bytes = &self.bytes[len..];
        }
    }

    let entries = generated(50);
    let (bytes, _) = written(&entries);
    let mut read = Vec::new();
    let fails = Fails {
        bytes: &bytes,
        calls: 0,
    };
    for entry in LogReader::new(fails) {
        match entry {
            Ok(entry) => read.push(entry),
            Err(ReadError::Io(err)) => assert_eq!(err.kind(), ErrorKind::TimedOut),
            Err(err) => panic!("{err}"),
        }
    }
    assert_eq!(read, entries);
}

proptest! {
    #[test]
    fn random_bytes_end_in_errors_and_never_in_a_loop(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let read = LogReader::new(&*bytes).take(bytes.len() + 1).count();
        prop_assert!(read <= bytes.len());
        let views = stream::views(&bytes).take(bytes.len() + 1).count();
        prop_assert!(views <= bytes.len());
        prop_assert_eq!(read, views);
    }
}
