//! Reading the frames of a segment: a length, then that many bytes; and finding records
//! again where lengths are damaged.

use core::ops::Range;
use std::io::{self, Read};

use crate::beginning::beginning;
use crate::disk::DiskFile;
use crate::record::{LIMIT_MAX_RECORD_LEN, Length, Trailer};

/// How much is read at a time.
pub(crate) const READ_LEN: usize = 256 * 1024;

/// How many steps are spent on looking for where records begin, before the rest counts as
/// damaged: bytes that were made to look like the ends of records all over could take
/// days. A record of 300 bytes takes 300.
pub(crate) const MOST_STEPS: usize = 1 << 26;

/// The frames that a source holds, read front to back. Memory is bounded by the longest
/// record.
pub(crate) struct Frames<R> {
    source: R,
    max_record_len: usize,
    buf: Vec<u8>,
    /// What of the buffer has not been handed out.
    unread: Range<usize>,
    /// Where in the source that begins.
    offset: u64,
    at_end: bool,
}

/// What comes next in a segment.
pub(crate) enum Frame<'a> {
    /// As many bytes as the length says.
    Whole {
        /// Where the frame begins, its length included.
        offset: u64,
        /// The bytes after the length.
        bytes: &'a [u8],
    },
    /// The segment ends in the middle of a frame.
    Torn,
    /// What should be a length is none that a journal writes.
    BadLength,
    /// Nothing.
    End,
}

impl<'a> Frames<FileReader<'a>> {
    /// The frames of a segment from a place on.
    pub(crate) fn of_file(file: &'a mut dyn DiskFile, offset: u64) -> Self {
        // A record may have been longer than is accepted now.
        Self::new(FileReader { file, offset }, offset, LIMIT_MAX_RECORD_LEN)
    }
}

impl<R: Read> Frames<R> {
    /// Reads what comes from the source, which stands at `offset` in its segment.
    pub(crate) fn new(source: R, offset: u64, max_record_len: usize) -> Self {
        Self {
            source,
            max_record_len,
            buf: Vec::new(),
            unread: 0..0,
            offset,
            at_end: false,
        }
    }

    /// Where the next frame begins.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Returns the next frame. Nothing but a whole one is passed over.
    #[inline]
    pub(crate) fn next(&mut self) -> io::Result<Frame<'_>> {
        let (len, prefix) = loop {
            let unread = &self.buf[self.unread.clone()];
            match Length::at_start_of(unread, self.max_record_len) {
                Length::Is(0, _) | Length::Invalid => return Ok(Frame::BadLength),
                Length::Is(len, prefix) if prefix + len <= unread.len() => break (len, prefix),
                Length::Is(..) | Length::CutOff => {
                    if !self.fill()? {
                        let is_end = self.unread.is_empty();
                        return Ok(if is_end { Frame::End } else { Frame::Torn });
                    }
                }
            }
        };
        let offset = self.offset;
        let start = self.unread.start + prefix;
        self.pass(prefix + len);
        let bytes = &self.buf[start..start + len];
        Ok(Frame::Whole { offset, bytes })
    }

    /// Finds the next whole record with a number from `least` on, wherever it begins, and
    /// goes on after it: its number, and its offset, without a length. Passes over
    /// everything if there is none.
    ///
    /// A record is known by its end, and its beginning by the checksum: one in four
    /// thousand million places fits by chance. Takes what that costs off `steps`, and
    /// finds nothing more once none are left.
    pub(crate) fn find(&mut self, least: u64, steps: &mut usize) -> io::Result<Option<(u64, u64)>> {
        // Where the next end may be, counted from the start of what is unread.
        let mut end = 0;
        loop {
            let unread = &self.buf[self.unread.clone()];
            let max = self.max_record_len;
            if let Some((sequence, range)) = find_in(unread, &mut end, max, least, steps) {
                let offset = self.offset + range.start as u64;
                self.pass(range.end);
                return Ok(Some((sequence, offset)));
            }
            // What is further back than a record is long cannot belong to one.
            let passed = end.saturating_sub(max);
            self.pass(passed);
            end -= passed;
            if !self.fill()? {
                let rest = self.unread.len();
                self.pass(rest);
                return Ok(None);
            }
        }
    }

    fn pass(&mut self, len: usize) {
        self.unread.start += len;
        self.offset += len as u64;
    }

    /// Reads more, and says whether there was more.
    fn fill(&mut self) -> io::Result<bool> {
        if self.at_end {
            return Ok(false);
        }
        self.buf.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        let room = self.unread.end + READ_LEN;
        if self.buf.len() < room {
            self.buf.resize(room, 0);
        }
        while self.unread.end < room {
            match self.source.read(&mut self.buf[self.unread.end..room]) {
                Ok(0) => {
                    self.at_end = true;
                    break;
                }
                Ok(len) => self.unread.end += len,
                Err(err) if err.kind() == io::ErrorKind::Interrupted => {}
                Err(err) => return Err(err),
            }
        }
        Ok(self.unread.end > room - READ_LEN)
    }
}

/// Reads a file from a place on.
pub(crate) struct FileReader<'a> {
    pub(crate) file: &'a mut dyn DiskFile,
    pub(crate) offset: u64,
}

impl Read for FileReader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read_at(self.offset, buf)?;
        self.offset += read as u64;
        Ok(read)
    }
}

/// Finds the first whole record in the bytes that ends after `end` and has a number from
/// `least` on: its number, and where it is. Moves `end` on to where none has ended yet.
pub(crate) fn find_in(
    bytes: &[u8],
    end: &mut usize,
    max_record_len: usize,
    least: u64,
    steps: &mut usize,
) -> Option<(u64, Range<usize>)> {
    while *end < bytes.len() && *steps > 0 {
        *end += 1;
        let Some(trailer) = Trailer::ending(&bytes[..*end]) else {
            continue;
        };
        if trailer.sequence < least {
            continue;
        }
        let from = end.saturating_sub(max_record_len);
        if *end - from > *steps {
            *steps = 0;
            break;
        }
        let start = beginning(&bytes[from..*end], trailer.len, trailer.crc, steps);
        if let Some(start) = start {
            return Some((trailer.sequence, from + start..*end));
        }
    }
    if *steps == 0 {
        *end = bytes.len();
    }
    None
}
