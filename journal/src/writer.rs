//! The live end of a journal: its last segment, and the tree so far.

use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::{Disk, DiskFile, Lock};
use crate::edge::Edge;
use crate::error::{Closed, FileError};
use crate::record::{LIMIT_MAX_RECORD_LEN, Length};
use crate::segment;
use crate::tile::Tile;
use crate::tree::{Hash, leaf_hash};

/// How many full tiles may wait for the next checkpoint, 8 KiB each.
const MAX_FULL_TILES: usize = 2048;

#[derive(Debug)]
pub(crate) struct Writer {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) folder: PathBuf,
    pub(crate) lock: Box<dyn Lock>,
    pub(crate) file: Box<dyn DiskFile>,
    pub(crate) path: PathBuf,
    /// How long the segment is.
    pub(crate) len: u64,
    /// The day of the segment, counted from 1970. `None` if nothing is in it.
    pub(crate) day: Option<u64>,
    pub(crate) edge: Edge,
    /// Whether something has been written and not synced.
    pub(crate) is_unsynced: bool,
}

/// What a checkpoint is made from.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    pub(crate) full: Vec<(Tile, Vec<u8>)>,
    pub(crate) partial: Vec<(Tile, Vec<u8>)>,
}

impl Writer {
    /// Appends frames to the segment.
    pub(crate) fn write(&mut self, frames: &[u8], recorded_at: u64) -> Result<(), Closed> {
        let is_held = self.lock.is_held();
        if !is_held.map_err(FileError::at(self.folder.join(segment::LOCK)))? {
            let path = self.folder.join(segment::LOCK);
            return Err(Closed::OtherWriter { path });
        }
        self.is_unsynced = true;
        self.file
            .write_at(self.len, frames)
            .map_err(FileError::at(&self.path))?;
        self.len += frames.len() as u64;
        self.day.get_or_insert(day(recorded_at));
        Ok(())
    }

    /// Makes what was written last.
    pub(crate) fn sync(&mut self) -> Result<(), Closed> {
        if self.is_unsynced {
            self.file.sync().map_err(FileError::at(&self.path))?;
            self.is_unsynced = false;
        }
        Ok(())
    }

    /// Adds frames that were written to the tree.
    pub(crate) fn hash(&mut self, mut frames: &[u8]) {
        while let Length::Is(len, prefix) = Length::at_start_of(frames, LIMIT_MAX_RECORD_LEN) {
            let (frame, rest) = frames.split_at(prefix + len);
            self.edge.push(leaf_hash(&frame[prefix..]));
            frames = rest;
        }
    }

    /// Whether so many tiles are waiting that a checkpoint should not.
    pub(crate) fn is_full_of_tiles(&self) -> bool {
        self.edge.full_len() >= MAX_FULL_TILES
    }

    /// Whether what comes next begins a new segment.
    pub(crate) fn is_due(&self, max_len: u64, daily: bool, recorded_at: u64) -> bool {
        let is_next_day = daily && self.day.is_some_and(|today| today != day(recorded_at));
        self.len > 0 && (self.len >= max_len || is_next_day)
    }

    /// Begins a new segment. What is in the old one has been synced and signed.
    pub(crate) fn rotate(&mut self) -> Result<(), Closed> {
        let path = segment::path(&self.folder, self.edge.tree().size());
        self.file = create_segment(&*self.disk, &path)?;
        self.path = path;
        self.len = 0;
        self.day = None;
        Ok(())
    }

    pub(crate) fn snapshot(&mut self) -> Snapshot {
        Snapshot {
            size: self.edge.tree().size(),
            root: self.edge.tree().root(),
            full: self.edge.take_full(),
            partial: self.edge.partial(),
        }
    }
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
