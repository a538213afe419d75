//! The live end of a journal: its last segment.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::{Disk, DiskFile, Lock};
use crate::error::{Closed, FileError};
use crate::segment;
use crate::tile::TILE_WIDTH;

/// How many records may wait for the next checkpoint: 2048 full tiles of 8 KiB.
const MAX_UNSIGNED: u64 = 2048 * TILE_WIDTH as u64;
/// Segments that are shorter than this have no room: who writes little gains nothing by it.
const LEAST_LEN: u64 = 64 * 1024;
/// How much room is made at a time, at most.
const MOST_ROOM: u64 = 1024 * 1024;
/// Room ends at a multiple of this.
pub(crate) const ROOM_STEP: u64 = 4096;
static ZEROS: [u8; 64 * 1024] = [0; 64 * 1024];

#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) folder: PathBuf,
    pub(crate) lock: Box<dyn Lock>,
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) path: PathBuf,
    /// How long the segment is.
    pub(crate) len: u64,
    /// How long its file is if that is more: zeros follow, for the next records, as far as
    /// the disk had a place for them.
    pub(crate) room: u64,
    /// The day of the segment, counted from 1970. `None` if nothing is in it.
    pub(crate) day: Option<u64>,
    /// How many records there are, in all segments.
    pub(crate) size: u64,
    /// How many of them came after the last checkpoint.
    pub(crate) unsigned: u64,
    /// Whether something has been written and not synced.
    pub(crate) is_unsynced: bool,
}

impl Writer {
    /// Appends the frames of so many records to the segment.
    pub(crate) fn write(
        &mut self,
        frames: &[u8],
        count: u64,
        recorded_at: u64,
    ) -> Result<(), Closed> {
        self.refuse_other_writer()?;
        self.is_unsynced = true;
        self.file
            .write_at(self.len, frames)
            .map_err(FileError::at(&self.path))?;
        self.len += frames.len() as u64;
        self.size += count;
        self.unsigned += count;
        self.day.get_or_insert(day(recorded_at));
        Ok(())
    }

    /// Makes room behind the records, as much as they take, within a segment of `max_len`.
    /// What is written over synced zeros takes half the time to sync, since the file
    /// system has nothing to note: the file does not grow. To be synced with what has been
    /// written.
    pub(crate) fn make_room(&mut self, max_len: u64) -> Result<(), Closed> {
        if self.len <= self.room.max(LEAST_LEN) || !self.is_unsynced {
            return Ok(());
        }
        // Whose records the zeros would go over.
        self.refuse_other_writer()?;
        let end = (self.len + self.len.min(MOST_ROOM)).min(max_len);
        let end = end / ROOM_STEP * ROOM_STEP;
        let mut at = self.len;
        self.room = end.max(at);
        while at < end {
            let missing = usize::try_from(end - at).unwrap_or(usize::MAX);
            let zeros = &ZEROS[..missing.min(ZEROS.len())];
            match self.file.write_at(at, zeros) {
                // What is left is for records.
                Err(err) if is_full(&err) => break,
                written => written.map_err(FileError::at(&self.path))?,
            }
            at += zeros.len() as u64;
        }
        Ok(())
    }

    /// Gives up the room, so that the segment ends with its last record.
    pub(crate) fn cut_room(&mut self) -> Result<(), Closed> {
        if self.len < self.room {
            // Whose records would go, too.
            self.refuse_other_writer()?;
            self.file
                .set_len(self.len)
                .map_err(FileError::at(&self.path))?;
        }
        self.room = 0;
        Ok(())
    }

    fn refuse_other_writer(&self) -> Result<(), Closed> {
        let path = self.folder.join(segment::LOCK);
        match self.lock.is_held() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Closed::OtherWriter { path }),
            Err(err) => Err(FileError::at(path)(err).into()),
        }
    }

    /// Makes what was written last.
    pub(crate) fn sync(&mut self) -> Result<(), Closed> {
        if self.is_unsynced {
            self.file.sync().map_err(FileError::at(&self.path))?;
            self.is_unsynced = false;
        }
        Ok(())
    }

    /// Whether so many records wait for a checkpoint that more should not.
    pub(crate) fn is_full(&self) -> bool {
        self.unsigned >= MAX_UNSIGNED
    }

    /// Whether what comes next begins a new segment.
    pub(crate) fn is_due(&self, max_len: u64, daily: bool, recorded_at: u64) -> bool {
        let is_next_day = daily && self.day.is_some_and(|today| today != day(recorded_at));
        self.len > 0 && (self.len >= max_len || is_next_day)
    }

    /// Begins a new segment. What is in the old one has been synced and signed.
    pub(crate) fn rotate(&mut self) -> Result<(), Closed> {
        self.cut_room()?;
        let path = segment::path(&self.folder, self.size);
        self.file = create_segment(&*self.disk, &path)?;
        self.path = path;
        self.len = 0;
        self.day = None;
        Ok(())
    }
}

fn is_full(err: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(err.kind(), StorageFull | QuotaExceeded)
}

/// Makes an empty segment that a power cut does not take away.
pub(crate) fn create_segment(
    disk: &dyn Disk,
    path: &std::path::Path,
) -> Result<Box<dyn DiskFile>, FileError> {
    let mut file = disk.create_new(path).map_err(FileError::at(path))?;
    file.sync().map_err(FileError::at(path))?;
    let folder = path.parent().unwrap_or(path);
    disk.sync_folder(folder).map_err(FileError::at(folder))?;
    Ok(file)
}

/// The day of a time in nanoseconds, both counted from 1970.
pub(crate) fn day(recorded_at: u64) -> u64 {
    recorded_at / (24 * 60 * 60 * 1_000_000_000)
}
