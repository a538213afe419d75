//! Reading lines of any length, piece by piece.

use std::io::{self, Read};

/// A piece of what a peer sends. All pieces together are all bytes, in order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A line with its end, or the last bytes without one.
    Line(Vec<u8>),
    /// The beginning of a line that is too long.
    Beginning(Vec<u8>),
    /// More of it, up to its end.
    More(Vec<u8>),
}

pub(crate) struct Lines<R> {
    reader: R,
    max_line: usize,
    /// What has been read and not been returned.
    read: Vec<u8>,
    /// How much of it holds no end of a line.
    searched: usize,
    is_in_long_line: bool,
    buffer: Box<[u8]>,
    /// Memory for the next line.
    spare: Vec<u8>,
}

/// Several times what a pipe holds by default.
const BUFFER_LEN: usize = 256 * 1024;

/// How much memory is kept for the next line.
const MAX_SPARE: usize = 4 << 20;

impl<R: Read> Lines<R> {
    pub(crate) fn new(reader: R, max_line: usize) -> Self {
        Self {
            reader,
            max_line,
            read: Vec::new(),
            searched: 0,
            is_in_long_line: false,
            buffer: vec![0; BUFFER_LEN].into(),
            spare: Vec::new(),
        }
    }

    /// Returns the next piece, `None` at the end.
    pub(crate) fn next(&mut self) -> io::Result<Option<Piece>> {
        loop {
            let end = memchr::memchr(b'\n', &self.read[self.searched..]);
            if let Some(end) = end {
                let end = self.searched + end + 1;
                let mut rest = std::mem::take(&mut self.spare);
                rest.extend_from_slice(&self.read[end..]);
                self.read.truncate(end);
                let line = std::mem::replace(&mut self.read, rest);
                self.searched = 0;
                return Ok(Some(self.piece(line, true)));
            }
            self.searched = self.read.len();
            let is_too_long = self.read.len() > self.max_line;
            if is_too_long || (self.is_in_long_line && !self.read.is_empty()) {
                self.searched = 0;
                let piece = std::mem::take(&mut self.read);
                return Ok(Some(self.piece(piece, false)));
            }
            let count = match self.reader.read(&mut self.buffer) {
                Ok(count) => count,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => continue,
                Err(err) => return Err(err),
            };
            if count == 0 {
                if self.read.is_empty() {
                    return Ok(None);
                }
                self.searched = 0;
                let rest = std::mem::take(&mut self.read);
                return Ok(Some(self.piece(rest, true)));
            }
            self.read.extend_from_slice(&self.buffer[..count]);
        }
    }

    /// Takes back the memory of a line: megabytes of new memory cost more than what is
    /// done with them.
    pub(crate) fn recycle(&mut self, mut line: Vec<u8>) {
        line.clear();
        if line.capacity() <= MAX_SPARE {
            self.spare = line;
        }
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
            while let Some(piece) = lines.next().unwrap() {
                match piece {
                    Piece::Line(line) => {
                        whole.extend_from_slice(&line);
                        short.push(line.clone());
                        lines.recycle(line);
                    }
                    Piece::Beginning(bytes) => {
                        assert!(bytes.len() > 10, "{step}");
                        whole.extend_from_slice(&bytes);
                    }
                    Piece::More(bytes) => whole.extend_from_slice(&bytes),
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
