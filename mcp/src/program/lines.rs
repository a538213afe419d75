//! Reading lines of any length, piece by piece.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

/// A piece of what a peer sends. All pieces together are all bytes, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A line with its end, or the last bytes without one.
    Line(Vec<u8>),
    /// The beginning of a line that is too long.
    Beginning(Vec<u8>),
    /// More of it, up to its end.
    More(Vec<u8>),
    /// Nothing more comes.
    End,
}

pub(crate) struct Lines<R> {
    reader: R,
    max_line: usize,
    /// What has been read and not been returned lies in `start..end` of it.
    read: Vec<u8>,
    start: usize,
    end: usize,
    /// Up to where it holds no end of a line.
    searched: usize,
    is_in_long_line: bool,
    is_at_end: bool,
    spares: Arc<Spares>,
}

/// Memory of lines that have been seen to, for lines to come: megabytes of new memory cost
/// more than what is done with them.
#[derive(Default)]
pub(crate) struct Spares(Mutex<Vec<Vec<u8>>>);

impl Spares {
    /// As many as are in use at a time.
    const MAX: usize = 2;
    /// The longest one that is kept.
    const MAX_LEN: usize = 4 << 20;

    pub(crate) fn give(&self, line: Vec<u8>) {
        if (LONG..=Self::MAX_LEN).contains(&line.len()) {
            let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if spares.len() < Self::MAX {
                spares.push(line);
            }
        }
    }

    fn take(&self) -> Vec<u8> {
        let mut spares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spares.pop().unwrap_or_default()
    }
}

/// Several times what a pipe holds by default.
const BUFFER_LEN: usize = 256 * 1024;

/// A line of at least this length takes the memory along into which it was read.
const LONG: usize = 16 * 1024;

impl<R: Read> Lines<R> {
    pub(crate) fn new(reader: R, max_line: usize) -> Self {
        Self {
            reader,
            max_line,
            read: vec![0; BUFFER_LEN],
            start: 0,
            end: 0,
            searched: 0,
            is_in_long_line: false,
            is_at_end: false,
            spares: Arc::default(),
        }
    }

    #[cfg(target_os = "linux")]
    pub(crate) fn reader(&self) -> &R {
        &self.reader
    }

    /// Whether the next piece is there already.
    pub(crate) fn has_next(&mut self) -> bool {
        self.has_line() || self.has_part() || self.is_at_end
    }

    fn has_line(&mut self) -> bool {
        if let Some(found) = memchr::memchr(b'\n', &self.read[self.searched..self.end]) {
            self.searched += found;
            return true;
        }
        self.searched = self.end;
        false
    }

    /// Whether a part of a line that is too long is there.
    fn has_part(&self) -> bool {
        let len = self.end - self.start;
        len > self.max_line || (self.is_in_long_line && len > 0)
    }

    /// Returns the next piece, `None` if not all of it has come yet. Reads at most once.
    pub(crate) fn next(&mut self) -> Option<Piece> {
        if !self.has_next() {
            self.fill();
        }
        if self.has_line() {
            Some(self.take(self.searched + 1, true))
        } else if self.has_part() {
            Some(self.take(self.end, false))
        } else if self.is_at_end && self.start < self.end {
            Some(self.take(self.end, true))
        } else {
            self.is_at_end.then_some(Piece::End)
        }
    }

    fn fill(&mut self) {
        self.make_room();
        loop {
            match self.reader.read(&mut self.read[self.end..]) {
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                // A peer that cannot be read is one that has gone.
                Ok(0) | Err(_) => return self.is_at_end = true,
                Ok(count) => return self.end += count,
            }
        }
    }

    fn make_room(&mut self) {
        if self.end < self.read.len() {
            return;
        }
        if self.start > 0 {
            self.read.copy_within(self.start..self.end, 0);
            self.searched -= self.start;
            self.end -= self.start;
            self.start = 0;
        } else {
            self.read.resize(2 * self.read.len(), 0);
        }
    }

    fn take(&mut self, end: usize, is_end: bool) -> Piece {
        let bytes = if end - self.start < LONG {
            let bytes = self.read[self.start..end].to_vec();
            self.start = end;
            bytes
        } else {
            let rest = self.end - end;
            let mut next = self.spares.take();
            if next.len() < rest.max(BUFFER_LEN) {
                next.resize(rest.max(BUFFER_LEN), 0);
            }
            next[..rest].copy_from_slice(&self.read[end..self.end]);
            let mut bytes = std::mem::replace(&mut self.read, next);
            bytes.truncate(end);
            bytes.drain(..self.start);
            (self.start, self.end) = (0, rest);
            bytes
        };
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        self.searched = self.start;
        self.piece(bytes, is_end)
    }

    /// Returns where memory is given back.
    pub(crate) fn spares(&self) -> Arc<Spares> {
        Arc::clone(&self.spares)
    }

    fn piece(&mut self, bytes: Vec<u8>, is_end: bool) -> Piece {
        let was_in_long_line = self.is_in_long_line;
        self.is_in_long_line = !is_end;
        match (was_in_long_line, is_end) {
            (true, _) => Piece::More(bytes),
            (false, false) => Piece::Beginning(bytes),
            (false, true) if bytes.len() > self.max_line => Piece::Beginning(bytes),
            (false, true) => Piece::Line(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_are_the_bytes_wherever_they_are_cut() {
        let text = b"one\n\r\n\ntwo, which is too long\nthree\nlast";
        for step in 1..text.len() {
            let chunks = text.chunks(step).map(<[u8]>::to_vec).collect::<Vec<_>>();
            let mut chunks = chunks.into_iter();
            let reader = FromChunks(&mut chunks);
            let mut lines = Lines::new(reader, 10);
            let mut whole = Vec::new();
            let mut short = Vec::new();
            loop {
                match lines.next() {
                    None => {}
                    Some(Piece::End) => break,
                    Some(Piece::Line(line)) => {
                        whole.extend_from_slice(&line);
                        short.push(line.clone());
                        lines.spares().give(line);
                    }
                    Some(Piece::Beginning(bytes)) => {
                        assert!(bytes.len() > 10, "{step}");
                        whole.extend_from_slice(&bytes);
                    }
                    Some(Piece::More(bytes)) => whole.extend_from_slice(&bytes),
                }
            }
            assert_eq!(whole, text, "{step}");
            assert_eq!(
                short,
                [&b"one\n"[..], b"\r\n", b"\n", b"three\n", b"last"],
                "{step}"
            );
        }
    }

    struct FromChunks<'a, I>(&'a mut I);

    impl<I: Iterator<Item = Vec<u8>>> Read for FromChunks<'_, I> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let chunk = self.0.next().unwrap_or_default();
            buffer[..chunk.len()].copy_from_slice(&chunk);
            Ok(chunk.len())
        }
    }
}
