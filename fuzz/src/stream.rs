//! Streams of entries.

use std::io::{self, BufRead, Read};

use lokryn_compliance_log::bytes::BytesMut;
use lokryn_compliance_log::codec::FrameCodec;
use lokryn_compliance_log::stream::{self, LogReader, MixedEntry, MixedReader, ReadError};
use lokryn_compliance_log::{LogEntry, Release};
use tokio_util::codec::Decoder as _;

use crate::random::Random;
use crate::wire::{self, Variants};
use crate::{Check, json};

/// How many changed streams are tried for each.
const CHANGED: usize = 12;
const MAX_ENTRY_LEN: usize = 300;

/// Any bytes, in any pieces, are the same entries and the same errors to the reader, to
/// the reader of mixed files, to the iterator over a slice and to the codec.
#[derive(Debug, Default)]
pub struct Stream {
    variants: Variants,
}

impl Check for Stream {
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        let mut random = Random::of(bytes);
        check(bytes, &mut random);
        1 + changed(bytes, &mut random)
    }

    fn seed(&mut self, seed: u64) -> u64 {
        let mut random = Random::seeded(seed);
        let stream = self.any(&mut random);
        check(&stream, &mut random);
        1 + changed(&stream, &mut random)
    }
}

impl Stream {
    /// A few frames, of which some hold no entry.
    pub(crate) fn any(&mut self, random: &mut Random) -> Vec<u8> {
        let (mut stream, mut message) = (Vec::new(), Vec::new());
        for _ in 0..random.below(5) {
            message.clear();
            wire::put_message(random, &mut message);
            if random.once_in(4) {
                let of = message.clone();
                self.variants.each(&of, random, 1, |bytes, _| {
                    message.clear();
                    message.extend_from_slice(bytes);
                });
            }
            if message.len() > MAX_ENTRY_LEN && !random.once_in(8) {
                continue;
            }
            wire::put_varint(message.len() as u64, &mut stream);
            stream.extend_from_slice(&message);
            if random.once_in(8) {
                stream.resize(stream.len() + random.below(4), 0);
            }
        }
        stream
    }
}

fn changed(stream: &[u8], random: &mut Random) -> u64 {
    for _ in 0..CHANGED {
        let mut changed = stream.to_vec();
        change(random, &mut changed);
        check(&changed, random);
    }
    CHANGED as u64
}

/// Makes a change to a stream, often to a length.
pub(crate) fn change(random: &mut Random, stream: &mut Vec<u8>) {
    match random.below(4) {
        0 => json::change(random, stream),
        1 => stream.truncate(random.below(stream.len() + 1)),
        2 => {
            let at = random.below(stream.len() + 1);
            stream.splice(at..at, vec![0; 1 + random.below(8)]);
        }
        _ => {
            let at = random.below(stream.len());
            if let Some(byte) = stream.get_mut(at) {
                *byte = random.byte();
            }
        }
    }
}

/// Bytes that come in pieces of up to 256.
struct InPieces<'a> {
    bytes: &'a [u8],
    left: usize,
    random: Random,
}

impl<'a> InPieces<'a> {
    fn new(bytes: &'a [u8], random: &Random) -> Self {
        Self {
            bytes,
            left: 0,
            random: random.clone(),
        }
    }

    fn piece(&mut self) -> &'a [u8] {
        if self.left == 0 {
            let most = [1, 4, 32, 256][self.random.below(4)];
            self.left = 1 + self.random.below(most);
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

fn decode_in_pieces(bytes: &[u8], random: &Random) -> Vec<Result<LogEntry, ReadError>> {
    let mut pieces = InPieces::new(bytes, random);
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

fn is_same_error(left: &ReadError, right: &ReadError) -> bool {
    match (left, right) {
        (ReadError::Truncated { offset: left }, ReadError::Truncated { offset: right })
        | (ReadError::Empty { offset: left }, ReadError::Empty { offset: right })
        | (ReadError::InvalidLength { offset: left }, ReadError::InvalidLength { offset: right }) => {
            left == right
        }
        (
            ReadError::Malformed {
                offset: left,
                entry: left_entry,
                source: left_source,
            },
            ReadError::Malformed {
                offset: right,
                entry: right_entry,
                source: right_source,
            },
        ) => {
            // The iterator over a slice does not copy them.
            let (left_bytes, right_bytes) = (left_entry.bytes(), right_entry.bytes());
            left == right
                && left_source == right_source
                && (left_bytes == right_bytes || left_bytes.is_none() || right_bytes.is_none())
        }
        (
            ReadError::TooLarge {
                offset: left,
                len: left_len,
                max: left_max,
            },
            ReadError::TooLarge {
                offset: right,
                len: right_len,
                max: right_max,
            },
        ) => (left, left_len, left_max) == (right, right_len, right_max),
        _ => false,
    }
}

fn assert_same(left: &[Result<LogEntry, ReadError>], right: &[Result<LogEntry, ReadError>]) {
    let is_same = left.len() == right.len()
        && left.iter().zip(right).all(|pair| match pair {
            (Ok(left), Ok(right)) => left == right,
            (Err(left), Err(right)) => is_same_error(left, right),
            _ => false,
        });
    assert!(is_same, "{left:?} {right:?}");
}

fn check(bytes: &[u8], random: &mut Random) {
    let pieces = InPieces::new(bytes, random);
    let reader = LogReader::new(pieces).with_max_entry_len(MAX_ENTRY_LEN);
    let read: Vec<_> = reader.collect();
    random.number();
    assert_same(&read, &decode_in_pieces(bytes, random));

    // A slice has no limit on the length of an entry.
    if !matches!(read.last(), Some(Err(ReadError::TooLarge { .. }))) {
        let views = stream::views(bytes);
        let viewed: Vec<_> = views
            .map(|frame| frame.map(|frame| frame.view.to_entry()))
            .collect();
        assert_same(&read, &viewed);
    }

    let mixed = |bytes| MixedReader::new(bytes).with_max_entry_len(MAX_ENTRY_LEN);
    let known: Vec<_> = mixed(bytes)
        .with_release(Release::V0_1)
        .map(|item| match item {
            Ok(MixedEntry::Decided {
                entry,
                release: Release::V0_1,
            }) => Ok(entry),
            Ok(other) => panic!("{other:?}"),
            Err(err) => Err(err),
        })
        .collect();
    assert_same(&read, &known);
    // Whatever release each is, the frames are the same.
    let mut mixed = mixed(bytes);
    let found = mixed.by_ref().count();
    assert_eq!(found, read.len(), "{bytes:?}");
}
