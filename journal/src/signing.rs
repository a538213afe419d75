//! Writing checkpoints, and the tiles below them.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::checkpoint::Checkpoint;
use crate::disk::{Disk, DiskFile};
use crate::edge::Snapshot;
use crate::error::{Closed, FileError};
use crate::key::Signer;
use crate::note::MAX_NOTE_LEN;
use crate::segment;
use crate::tile::Tile;

#[derive(Debug)]
pub(crate) struct Signing {
    pub(crate) disk: Arc<dyn Disk>,
    pub(crate) folder: PathBuf,
    pub(crate) signer: Signer,
    /// Where a copy of the checkpoint lies.
    pub(crate) copy: Option<PathBuf>,
    pub(crate) last: Checkpoint,
}

impl Signing {
    /// Writes the tiles, then the checkpoint, then its copy. With `durable`, all of the
    /// tiles are on the disk before: the end of a segment, which opening does not read
    /// again. Otherwise it rebuilds those that are not full.
    pub(crate) fn sign(
        &mut self,
        snapshot: &Snapshot,
        durable: bool,
    ) -> Result<Checkpoint, Closed> {
        let Snapshot { size, root, .. } = *snapshot;
        self.refuse_other_writer()?;
        let mut tiles = TileWriter::new(&*self.disk, &self.folder);
        for (tile, bytes) in &snapshot.full {
            tiles.write(*tile, bytes, true)?;
        }
        for (tile, bytes) in &snapshot.partial {
            tiles.write(*tile, bytes, durable)?;
        }
        tiles.finish()?;
        for (tile, _) in &snapshot.full {
            let path = self.folder.join(format!("{tile}.p"));
            self.disk
                .remove_folder(&path)
                .map_err(FileError::at(path))?;
        }
        if size > self.last.size() {
            self.write(size, root)?;
        }
        Ok(self.last.clone())
    }

    /// Signs and writes a checkpoint and its copy.
    pub(crate) fn write(&mut self, size: u64, root: crate::tree::Hash) -> Result<(), Closed> {
        let checkpoint = Checkpoint::sign(size, root, &self.signer).map_err(Closed::Note)?;
        self.refuse_other_writer()?;
        let path = self.folder.join(segment::CHECKPOINT);
        write_checkpoint(&*self.disk, &path, &checkpoint)?;
        self.last = checkpoint;
        self.write_copy()?;
        Ok(())
    }

    /// Refuses to go on where the checkpoint on the disk is not the last one written:
    /// somebody, whom the lock should have kept away, has gone on from here.
    fn refuse_other_writer(&self) -> Result<(), Closed> {
        let path = self.folder.join(segment::CHECKPOINT);
        let bytes = self
            .disk
            .read(&path, MAX_NOTE_LEN as u64)
            .map_err(FileError::at(&path))?;
        let on_disk = str::from_utf8(&bytes).ok();
        let on_disk = on_disk.and_then(|text| text.parse::<Checkpoint>().ok());
        let last = &self.last;
        match on_disk {
            Some(it) if (it.size(), it.root()) == (last.size(), last.root()) => Ok(()),
            _ => Err(Closed::OtherWriter { path }),
        }
    }

    /// Brings the copy up to date.
    pub(crate) fn write_copy(&self) -> Result<(), FileError> {
        match &self.copy {
            Some(copy) => write_checkpoint(&*self.disk, copy, &self.last),
            None => Ok(()),
        }
    }
}

/// Puts a checkpoint in the place of another, so that at any time one of the two is there.
pub(crate) fn write_checkpoint(
    disk: &dyn Disk,
    path: &Path,
    checkpoint: &Checkpoint,
) -> Result<(), FileError> {
    replace(disk, path, checkpoint.to_string().as_bytes())?;
    sync_parent(disk, path)
}

/// Puts a file in the place of another. It has its name only once its bytes are on the
/// disk; the name may still vanish.
fn replace(disk: &dyn Disk, path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    let mut file = disk.create(&new).map_err(FileError::at(&new))?;
    file.write_at(0, bytes)
        .and_then(|()| file.sync())
        .map_err(FileError::at(&new))?;
    disk.rename(&new, path).map_err(FileError::at(path))
}

pub(crate) fn sync_parent(disk: &dyn Disk, path: &Path) -> Result<(), FileError> {
    let parent = path.parent().filter(|it| !it.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new("."));
    disk.sync_folder(parent).map_err(FileError::at(parent))
}

/// Writes tiles, and syncs their folders once for all.
pub(crate) struct TileWriter<'a> {
    disk: &'a dyn Disk,
    folder: &'a Path,
    /// Folders with names that are to last.
    named_in: BTreeSet<PathBuf>,
}

impl<'a> TileWriter<'a> {
    pub(crate) fn new(disk: &'a dyn Disk, folder: &'a Path) -> Self {
        Self {
            disk,
            folder,
            named_in: BTreeSet::new(),
        }
    }

    pub(crate) fn write(
        &mut self,
        tile: Tile,
        bytes: &[u8],
        durable: bool,
    ) -> Result<(), FileError> {
        let path = self.folder.join(tile.to_string());
        let mut file = self.create(&path).map_err(FileError::at(&path))?;
        // Not emptied first: somebody may be reading the same hashes.
        file.write_at(0, bytes).map_err(FileError::at(&path))?;
        if file.len().map_err(FileError::at(&path))? > bytes.len() as u64 {
            file.set_len(bytes.len() as u64)
                .map_err(FileError::at(&path))?;
        }
        if durable {
            file.sync().map_err(FileError::at(&path))?;
            self.keep(tile);
        }
        Ok(())
    }

    /// Writes a tile that was missing or wrong. Unlike one that is beyond the checkpoint,
    /// it is not written again after a failure: it must not be seen before it is on the
    /// disk.
    pub(crate) fn rewrite(&mut self, tile: Tile, bytes: &[u8]) -> Result<(), FileError> {
        let path = self.folder.join(tile.to_string());
        match replace(self.disk, &path, bytes) {
            Err(err) if err.io().kind() == io::ErrorKind::NotFound => {
                self.create_parent(&path).map_err(FileError::at(&path))?;
                replace(self.disk, &path, bytes)?;
            }
            replaced => replaced?,
        }
        self.keep(tile);
        Ok(())
    }

    /// Makes the names on the way to a tile last. Whoever made one of the folders may have
    /// failed before it did, so all of them.
    pub(crate) fn keep(&mut self, tile: Tile) {
        let path = self.folder.join(tile.to_string());
        let folders = path.ancestors().skip(1);
        let folders = folders.take_while(|it| it.starts_with(self.folder));
        self.named_in.extend(folders.map(Path::to_owned));
    }

    fn create(&mut self, path: &Path) -> io::Result<Box<dyn DiskFile>> {
        match self.disk.open_or_create(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                self.create_parent(path)?;
                self.disk.open_or_create(path)
            }
            created => created,
        }
    }

    /// Makes the folders on the way from the journal's to the file.
    fn create_parent(&mut self, path: &Path) -> io::Result<()> {
        let Some(parent) = path.parent().filter(|it| *it != self.folder) else {
            return Ok(());
        };
        match self.disk.create_folder(parent) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => {
                self.create_parent(parent)?;
                self.disk.create_folder(parent)?;
            }
            created => created?,
        }
        self.named_in.extend(parent.parent().map(Path::to_owned));
        Ok(())
    }

    /// Makes the names last.
    pub(crate) fn finish(self) -> Result<(), FileError> {
        // From the inside out, so that a name leads to something.
        for folder in self.named_in.iter().rev() {
            self.disk
                .sync_folder(folder)
                .map_err(FileError::at(folder))?;
        }
        Ok(())
    }
}
