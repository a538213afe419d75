//! What is behind the last record of a segment: room, or what a crash has left in it.

use std::io::{self, BufReader, Read as _};
use std::ops::Range;
use std::path::PathBuf;

use crate::disk::{Disk, DiskFile};
use crate::error::{FileError, OpenError, Place};
use crate::frames::{FileReader, Frames, MOST_STEPS, READ_LEN};
use crate::signing::sync_parent;
use crate::writer::ROOM_STEP;

/// What of a write reaches the disk as a whole, on disks with the smallest sectors.
const SECTOR: usize = 512;
/// More whole records than this after a damaged one are not counted.
const MOST_COUNTED: u64 = 1000;

/// What opening cut off the end of the last segment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// Where it began.
    pub place: Place,
    /// How many bytes it was, without the zeros that were room behind them.
    pub len: u64,
    /// The file that it is in now.
    pub kept: PathBuf,
}

/// Cuts off what is behind the last record of a segment, if anything is, and keeps what is
/// not room alone; with `cut_whole_records` also what no crash has left.
pub(crate) fn cut_off(
    disk: &dyn Disk,
    file: &mut dyn DiskFile,
    place: Place,
    cut_whole_records: bool,
) -> Result<Option<Cut>, OpenError> {
    let path = place.segment.clone();
    let begin = place.offset;
    let end = file.len().map_err(FileError::at(&path))?;
    if begin == end {
        return Ok(None);
    }
    let end = room_in(file, begin..end).map_err(FileError::at(&path))?;
    let mut cut = None;
    if begin < end {
        let count = disk
            .open(&path)
            .and_then(|mut source| count_whole(&mut *source, file, &place))
            .map_err(FileError::at(&path))?;
        if count > 0 && !cut_whole_records {
            return Err(OpenError::WholeRecords { place, count });
        }
        let (kept, mut copy) = create_kept(disk, &place)?;
        copy_from(file, begin..end, &mut *copy).map_err(FileError::at(&kept))?;
        sync_parent(disk, &kept)?;
        let len = end - begin;
        cut = Some(Cut { place, len, kept });
    }
    file.set_len(begin).map_err(FileError::at(&path))?;
    Ok(cut)
}

fn create_kept(disk: &dyn Disk, place: &Place) -> Result<(PathBuf, Box<dyn DiskFile>), OpenError> {
    let mut number = 1;
    loop {
        let mut name = place.segment.as_os_str().to_owned();
        name.push(format!(".torn-at-{}", place.offset));
        if number > 1 {
            name.push(format!(".{number}"));
        }
        let kept = PathBuf::from(name);
        match disk.create_new(&kept) {
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(err) => return Err(FileError::at(kept)(err).into()),
            Ok(file) => return Ok((kept, file)),
        }
    }
}

/// Counts the whole records that follow damage which no crash leaves. `source` is the same
/// file.
fn count_whole(
    source: &mut dyn DiskFile,
    file: &mut dyn DiskFile,
    place: &Place,
) -> io::Result<u64> {
    let mut frames = Frames::of_file(source, place.offset);
    let (mut least, mut count) = (place.sequence, 0);
    let mut steps = MOST_STEPS;
    // Whether there was a hole before: then a crash has left what follows, too.
    let mut is_torn = false;
    while count < MOST_COUNTED {
        let begin = frames.offset();
        let Some((sequence, offset)) = frames.find(least, &mut steps)? else {
            break;
        };
        // Only what looking in vain costs is limited.
        let len = frames.offset() - offset;
        steps = steps.saturating_add(usize::try_from(len).unwrap_or(usize::MAX));
        let is_first = begin == place.offset;
        // With nothing but its length before it.
        let is_next = sequence == least && offset <= begin + 4;
        if is_first || !is_next {
            is_torn = has_hole(file, begin..offset)?;
        }
        // Of one record alone a tear may have left the length wrong.
        count += u64::from(!(is_torn || is_first && is_next));
        least = sequence.saturating_add(1);
    }
    // Where looking was given up there may be some.
    Ok(count.max(u64::from(steps == 0)))
}

/// Whether a sector that was written among these bytes is zeros still. Sectors reach the
/// disk one by one, in any order, and behind the last record were zeros before.
fn has_hole(file: &mut dyn DiskFile, bytes: Range<u64>) -> io::Result<bool> {
    let offset = bytes.start;
    let mut source = BufReader::new(FileReader { file, offset }.take(bytes.end - offset));
    let mut sector = [0; SECTOR];
    let mut begin = usize::try_from(offset % SECTOR as u64).unwrap_or_default();
    loop {
        match source.read_exact(&mut sector[begin..]) {
            Err(err) if err.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
            read => read?,
        }
        if sector[begin..].iter().all(|byte| *byte == 0) {
            return Ok(true);
        }
        begin = 0;
    }
}

/// Returns where the room begins that a writer made at the end of these bytes: zeros up to
/// a multiple of its step.
fn room_in(file: &mut dyn DiskFile, bytes: Range<u64>) -> io::Result<u64> {
    if !bytes.end.is_multiple_of(ROOM_STEP) {
        return Ok(bytes.end);
    }
    let mut begin = bytes.start;
    for_each_part(file, bytes, |offset, part| {
        if let Some(last) = part.iter().rposition(|byte| *byte != 0) {
            begin = offset + last as u64 + 1;
        }
        Ok(())
    })?;
    Ok(begin)
}

/// Copies bytes to the start of another file.
fn copy_from(from: &mut dyn DiskFile, bytes: Range<u64>, to: &mut dyn DiskFile) -> io::Result<()> {
    let begin = bytes.start;
    for_each_part(from, bytes, |offset, part| {
        to.write_at(offset - begin, part)
    })?;
    to.sync()
}

/// Reads bytes, and hands on where each part of them is.
fn for_each_part(
    file: &mut dyn DiskFile,
    mut bytes: Range<u64>,
    mut take: impl FnMut(u64, &[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut buf = vec![0; READ_LEN];
    while !bytes.is_empty() {
        let len = usize::try_from(bytes.end - bytes.start).unwrap_or(usize::MAX);
        let len = len.min(buf.len());
        let read = file.read_at(bytes.start, &mut buf[..len])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        take(bytes.start, &buf[..read])?;
        bytes.start += read as u64;
    }
    Ok(())
}
