//! Reading segments fast: in pieces of whole frames, past whatever is damaged.

use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use crate::error::FileError;
use crate::frames::{MOST_STEPS, find_in};
use crate::record::{LIMIT_MAX_RECORD_LEN, Length, Trailer};
use crate::segment;

/// About how many bytes a piece has.
const PIECE_LEN: usize = 1 << 20;

/// What comes next in the segments.
#[derive(Debug)]
pub(crate) enum Piece {
    /// Whole frames, one after the other.
    Frames(Bytes),
    /// A record that no length leads to.
    Record(Bytes),
    /// Bytes that are no frame, up to the next piece or the end of the segment.
    Damage {
        /// Which segment.
        first: u64,
        /// Where it begins.
        offset: u64,
        what: Damage,
    },
    /// The end of a segment.
    End,
}

/// Bytes of a segment.
#[derive(Debug)]
pub(crate) struct Bytes {
    /// Which segment.
    pub(crate) first: u64,
    /// Where they begin in it.
    pub(crate) offset: u64,
    /// Whether they are one record, without a length before it.
    pub(crate) is_bare: bool,
    buf: Vec<u8>,
    len: usize,
}

impl Bytes {
    pub(crate) fn get(&self) -> &[u8] {
        &self.buf[..self.len]
    }

    /// Where each record's frame begins, counted from the start of the bytes, and the
    /// record.
    pub(crate) fn records(&self) -> impl Iterator<Item = (usize, &[u8])> {
        let (bare, framed) = if self.is_bare {
            (Some((0, self.get())), &[][..])
        } else {
            (None, self.get())
        };
        bare.into_iter().chain(split(framed))
    }
}

/// Why bytes are no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Damage {
    /// The segment ends first, or only zeros follow: room that has not been written.
    Torn,
    /// The length is none that a journal writes, or leads to what is no record's end.
    Length,
}

/// Reads segments from front to back.
#[derive(Debug)]
pub(crate) struct Scan {
    folder: PathBuf,
    /// The segments that are left, the next one last.
    firsts: Vec<u64>,
    open: Option<Segment>,
    /// What is handed out before more is read.
    found: Option<Piece>,
    /// A buffer to be used again.
    spare: Vec<u8>,
    /// What may still be spent on finding records.
    steps: usize,
}

#[derive(Debug)]
struct Segment {
    first: u64,
    path: PathBuf,
    file: File,
    /// Where the next frame begins.
    offset: u64,
    /// What has been read, and how much of it comes before the next frame.
    rest: Vec<u8>,
    passed: usize,
    at_end: bool,
    /// The number that the next record has, or a lower one.
    least: u64,
}

impl Scan {
    /// Reads the segments that begin with these numbers, in order.
    pub(crate) fn new(folder: impl Into<PathBuf>, mut firsts: Vec<u64>) -> Self {
        firsts.reverse();
        Self {
            folder: folder.into(),
            firsts,
            open: None,
            found: None,
            spare: Vec::new(),
            steps: MOST_STEPS,
        }
    }

    /// Reads a segment from a place on, at which the record `least` begins, and then
    /// those that begin with `firsts`.
    pub(crate) fn from(
        folder: impl Into<PathBuf>,
        first: u64,
        offset: u64,
        least: u64,
        firsts: Vec<u64>,
    ) -> Result<Self, FileError> {
        let mut scan = Self::new(folder, firsts);
        let mut segment = Segment::open(&scan.folder, first)?;
        segment.go_to(offset, least)?;
        scan.open = Some(segment);
        Ok(scan)
    }

    /// Takes back a buffer.
    pub(crate) fn reuse(&mut self, bytes: Bytes) {
        self.spare = bytes.buf;
    }

    pub(crate) fn next(&mut self) -> Result<Option<Piece>, FileError> {
        if let Some(piece) = self.found.take() {
            return Ok(Some(piece));
        }
        if self.open.is_none() {
            let Some(first) = self.firsts.pop() else {
                return Ok(None);
            };
            self.open = Some(Segment::open(&self.folder, first)?);
        }
        let Some(segment) = &mut self.open else {
            return Ok(None);
        };
        let (first, offset) = (segment.first, segment.offset);
        let buf = std::mem::take(&mut self.spare);
        let damage = match segment.read(buf)? {
            Ok(Some(frames)) => return Ok(Some(Piece::Frames(frames))),
            Ok(None) => {
                self.open = None;
                return Ok(Some(Piece::End));
            }
            Err(damage) => damage,
        };
        let is_unwritten = damage == Damage::Length && segment.is_unwritten()?;
        let what = if is_unwritten {
            Damage::Torn
        } else {
            self.found = segment.find(&mut self.steps)?.map(Piece::Record);
            damage
        };
        if self.found.is_none() {
            self.open = None;
            self.found = Some(Piece::End);
        }
        Ok(Some(Piece::Damage {
            first,
            offset,
            what,
        }))
    }
}

impl Segment {
    fn open(folder: &Path, first: u64) -> Result<Self, FileError> {
        let path = segment::path(folder, first);
        let file = segment::open(&path).map_err(FileError::at(&path))?;
        Ok(Self {
            first,
            path,
            file,
            offset: 0,
            rest: Vec::new(),
            passed: 0,
            at_end: false,
            least: first,
        })
    }

    fn go_to(&mut self, offset: u64, least: u64) -> Result<(), FileError> {
        let gone = self.file.seek(SeekFrom::Start(offset));
        gone.map_err(FileError::at(&self.path))?;
        self.offset = offset;
        self.rest.clear();
        self.passed = 0;
        self.at_end = false;
        self.least = least;
        Ok(())
    }

    fn pass(&mut self, len: usize) {
        self.passed += len;
        self.offset += len as u64;
    }

    /// Makes frames at the start of bytes, which begin where the next frame does, a piece.
    fn piece(&mut self, buf: Vec<u8>, len: usize) -> Bytes {
        let offset = self.offset;
        self.offset += len as u64;
        let last = Trailer::ending(&buf[..len]).map(|last| last.sequence);
        self.least = last.map_or(self.least, |last| last.saturating_add(1));
        Bytes {
            first: self.first,
            offset,
            is_bare: false,
            buf,
            len,
        }
    }

    /// Reads whole frames; `None` at the end.
    fn read(&mut self, mut buf: Vec<u8>) -> Result<Result<Option<Bytes>, Damage>, FileError> {
        let rest = &self.rest[self.passed..];
        // Where there is damage, nothing more is read before it has been passed.
        let (len, damage) = frames_in(rest);
        if damage == Some(Damage::Length) {
            if len == 0 {
                return Ok(Err(Damage::Length));
            }
            buf.clear();
            buf.extend_from_slice(&rest[..len]);
            self.passed += len;
            return Ok(Ok(Some(self.piece(buf, len))));
        }
        let mut filled = rest.len();
        let room = filled + PIECE_LEN;
        if buf.len() < room {
            buf.resize(room, 0);
        }
        buf[..filled].copy_from_slice(rest);
        self.rest.clear();
        self.passed = 0;
        loop {
            filled = self.fill(&mut buf, filled)?;
            let (len, damage) = frames_in(&buf[..filled]);
            if len > 0 {
                self.rest.extend_from_slice(&buf[len..filled]);
                return Ok(Ok(Some(self.piece(buf, len))));
            }
            let end = match damage {
                Some(Damage::Torn) if self.at_end => Err(Damage::Torn),
                Some(Damage::Length) => Err(Damage::Length),
                None if self.at_end => Ok(None),
                // A frame that is longer than what has been read.
                _ => {
                    buf.resize(buf.len() + PIECE_LEN, 0);
                    continue;
                }
            };
            self.rest.extend_from_slice(&buf[..filled]);
            return Ok(end);
        }
    }

    fn fill(&mut self, buf: &mut [u8], mut filled: usize) -> Result<usize, FileError> {
        while filled < buf.len() && !self.at_end {
            match self.file.read(&mut buf[filled..]) {
                Ok(0) => self.at_end = true,
                Ok(len) => filled += len,
                Err(err) if err.kind() == std::io::ErrorKind::Interrupted => {}
                Err(err) => return Err(FileError::at(&self.path)(err)),
            }
        }
        Ok(filled)
    }

    /// Whether the next frame has not been written to its end, and nothing behind it has.
    fn is_unwritten(&mut self) -> Result<bool, FileError> {
        let rest = &self.rest[self.passed..];
        let written = match Length::at_start_of(rest, LIMIT_MAX_RECORD_LEN) {
            // A whole one does not come here, whatever its last byte is.
            Length::Is(len @ 1.., prefix) => prefix + len - 1,
            // Part of a length, which has four bytes at most.
            _ => rest.iter().take(3).take_while(|it| **it >= 0x80).count(),
        };
        let is_zero = |bytes: &[u8]| bytes.iter().all(|byte| *byte == 0);
        if !is_zero(&rest[written..]) {
            return Ok(false);
        }
        let mut buf = vec![0; PIECE_LEN];
        while !self.at_end {
            let filled = self.fill(&mut buf, 0)?;
            if !is_zero(&buf[..filled]) {
                self.go_to(self.offset, self.least)?;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Looks for the next record that is right in itself, and goes on after it.
    fn find(&mut self, steps: &mut usize) -> Result<Option<Bytes>, FileError> {
        // Where it may end, counted from where it may begin.
        let mut end = 0;
        loop {
            let rest = &self.rest[self.passed..];
            let max = LIMIT_MAX_RECORD_LEN;
            if let Some((sequence, range)) = find_in(rest, &mut end, max, self.least, steps) {
                let bytes = Bytes {
                    first: self.first,
                    offset: self.offset + range.start as u64,
                    is_bare: true,
                    buf: rest[range.clone()].to_vec(),
                    len: range.len(),
                };
                self.pass(range.end);
                self.least = sequence.saturating_add(1);
                return Ok(Some(bytes));
            }
            if self.at_end {
                return Ok(None);
            }
            // What is further back than a record is long cannot belong to one.
            let passed = end.saturating_sub(max);
            self.pass(passed);
            end -= passed;
            self.rest.drain(..self.passed);
            self.passed = 0;
            let mut rest = std::mem::take(&mut self.rest);
            let filled = rest.len();
            rest.resize(filled + PIECE_LEN, 0);
            let filled = self.fill(&mut rest, filled)?;
            rest.truncate(filled);
            self.rest = rest;
        }
    }
}

/// Returns how many bytes of whole frames come first, and what comes then.
fn frames_in(bytes: &[u8]) -> (usize, Option<Damage>) {
    let mut len = 0;
    while len < bytes.len() {
        let rest = &bytes[len..];
        match Length::at_start_of(rest, LIMIT_MAX_RECORD_LEN) {
            Length::Is(0, _) | Length::Invalid => return (len, Some(Damage::Length)),
            Length::Is(record, prefix) if prefix + record <= rest.len() => {
                if !Trailer::may_end(&rest[prefix..prefix + record]) {
                    return (len, Some(Damage::Length));
                }
                len += prefix + record;
            }
            Length::Is(..) | Length::CutOff => return (len, Some(Damage::Torn)),
        }
    }
    (len, None)
}

/// Takes frames apart.
fn split(mut bytes: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut offset = 0;
    std::iter::from_fn(move || {
        let Length::Is(len, prefix) = Length::at_start_of(bytes, LIMIT_MAX_RECORD_LEN) else {
            return None;
        };
        let (frame, rest) = bytes.split_at_checked(prefix + len)?;
        bytes = rest;
        let start = offset;
        offset += frame.len();
        Some((start, &frame[prefix..]))
    })
}
