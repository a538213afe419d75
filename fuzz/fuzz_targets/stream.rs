//! Any bytes, in any pieces, are the same entries and the same error to the
//! reader, to the iterator over a slice and to the codec.
#![no_main]

use std::io::{self, BufRead, Read};

use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::bytes::BytesMut;
use lokryn_compliance_log::codec::FrameCodec;
use lokryn_compliance_log::stream::{self, LogReader, ReadError};
use tokio_util::codec::Decoder as _;

const MAX_ENTRY_LEN: usize = 300;

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    pieces: [u8; 8],
    bytes: &'a [u8],
}

struct InPieces<'a> {
    bytes: &'a [u8],
    left: usize,
    pieces: std::iter::Cycle<std::array::IntoIter<u8, 8>>,
}

impl<'a> InPieces<'a> {
    fn new(input: &Input<'a>) -> Self {
        Self {
            bytes: input.bytes,
            left: 0,
            pieces: input.pieces.into_iter().cycle(),
        }
    }

    fn piece(&mut self) -> &'a [u8] {
        if self.left == 0 {
            self.left = usize::from(self.pieces.next().unwrap_or_default()) + 1;
        }
        &self.bytes[..self.left.min(self.bytes.len())]
    }
}

impl Read for InPieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let len = self.piece().read(buf)?;
        self.consume(len);
        Ok(len)
    }
}

impl BufRead for InPieces<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(self.piece())
    }

    fn consume(&mut self, len: usize) {
        self.bytes = &self.bytes[len..];
        self.left -= len;
    }
}

fn decode_in_pieces(input: &Input<'_>) -> Vec<Result<LogEntry, ReadError>> {
    let mut pieces = InPieces::new(input);
    let mut codec = FrameCodec::new().with_max_entry_len(MAX_ENTRY_LEN);
    let mut buffer = BytesMut::new();
    let mut results = Vec::new();
    loop {
        let piece = pieces.piece();
        buffer.extend_from_slice(piece);
        pieces.consume(piece.len());
        loop {
            let decoded = if piece.is_empty() {
                codec.decode_eof(&mut buffer)
            } else {
                codec.decode(&mut buffer)
            };
            match decoded {
                Ok(Some(item)) => results.push(item.map(|entry| entry.view().to_entry())),
                Ok(None) => break,
                Err(err) => {
                    results.push(Err(err));
                    return results;
                }
            }
        }
        if piece.is_empty() {
            return results;
        }
    }
}

fn assert_same(left: &[Result<LogEntry, ReadError>], right: &[Result<LogEntry, ReadError>]) {
    assert_eq!(left.len(), right.len(), "{left:?} {right:?}");
    for (left, right) in left.iter().zip(right) {
        match (left, right) {
            (Ok(left), Ok(right)) => assert_eq!(left, right),
            (Err(left), Err(right)) => assert_eq!(left.to_string(), right.to_string()),
            _ => panic!("{left:?} {right:?}"),
        }
    }
}

fuzz_target!(|input: Input<'_>| {
    let reader = LogReader::new(InPieces::new(&input)).with_max_entry_len(MAX_ENTRY_LEN);
    let read: Vec<_> = reader.collect();
    assert_same(&read, &decode_in_pieces(&input));

    // A slice has no limit on the length of an entry.
    if !matches!(read.last(), Some(Err(ReadError::TooLarge { .. }))) {
        let views = stream::views(input.bytes);
        let viewed: Vec<_> = views
            .map(|frame| frame.map(|frame| frame.view.to_entry()))
            .collect();
        assert_same(&read, &viewed);
    }
});
