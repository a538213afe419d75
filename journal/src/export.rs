//! Entry bundles beside tiles, for tools that read a whole log.

use core::fmt::{self, Display};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use crate::checkpoint::Checkpoint;
use crate::error::FileError;
use crate::reader::{JournalReader, RecordsError};
use crate::segment;
use crate::tile::{Bundle, TILE_WIDTH, Tile, TileError, TileFolder};

/// Copies a journal to a new folder as a log of C2SP tlog-tiles: checkpoint, tiles and
/// entry bundles. Served by any web server, that is a log that others can read and check.
///
/// Copies up to the checkpoint, and leaves verifying to who reads it.
///
/// # Errors
///
/// [`ExportError`]. What has been copied by then stays; there is no checkpoint beside it,
/// so nobody takes it for a log.
pub fn export(from: impl AsRef<Path>, to: impl AsRef<Path>) -> Result<Checkpoint, ExportError> {
    let (from, to) = (from.as_ref(), to.as_ref());
    let reader = JournalReader::open(from)?;
    let checkpoint = reader.checkpoint().clone();
    fs::create_dir(to).map_err(FileError::at(to))?;
    let mut records = reader.records()?;
    let width = u64::from(TILE_WIDTH);
    let mut bundle = Vec::new();
    let mut next = 0;
    while let Some(record) = records.next_record() {
        let record = record?;
        let sequence = record.sequence;
        if sequence != next {
            let numbers = next..sequence;
            return Err(RecordsError::Missing { numbers }.into());
        }
        Bundle::push(&mut bundle, record.bytes)
            .map_err(|source| ExportError::TooLong { sequence, source })?;
        next += 1;
        if next % width == 0 || next == checkpoint.size() {
            let index = (next - 1) / width;
            #[expect(clippy::cast_possible_truncation, reason = "at most TILE_WIDTH")]
            let width = (next - index * width) as u16;
            write(&to.join(Bundle { index, width }.to_string()), &bundle)?;
            bundle.clear();
        }
    }
    if next < checkpoint.size() {
        let numbers = next..checkpoint.size();
        return Err(RecordsError::Missing { numbers }.into());
    }
    let tiles = TileFolder::new(from, checkpoint.size());
    for tile in Tile::all(checkpoint.size()) {
        let bytes = tiles.read(tile).map_err(ExportError::Tile)?;
        write(&to.join(tile.to_string()), &bytes)?;
    }
    // Last: before it there is no log.
    let path = to.join(segment::CHECKPOINT);
    write(&path, checkpoint.to_string().as_bytes())?;
    Ok(checkpoint)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    fs::create_dir_all(&folder).map_err(FileError::at(folder))?;
    fs::write(path, bytes).map_err(FileError::at(path))
}

/// The error of exporting a journal.
#[derive(Debug)]
#[non_exhaustive]
pub enum ExportError {
    /// A file could not be read or written.
    File(FileError),
    /// The records could not all be read.
    Records(RecordsError),
    /// A record does not fit into a bundle.
    TooLong {
        /// Its number.
        sequence: u64,
        /// How long it is.
        source: TileError,
    },
    /// A tile could not be read.
    Tile(TileError),
}

impl Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(err) => Display::fmt(err, f),
            Self::Records(err) => Display::fmt(err, f),
            Self::TooLong { sequence, source } => write!(f, "record {sequence}: {source}"),
            Self::Tile(err) => Display::fmt(err, f),
        }
    }
}

impl Error for ExportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::File(err) => Some(err),
            Self::Records(err) => Some(err),
            Self::TooLong { source, .. } | Self::Tile(source) => Some(source),
        }
    }
}

impl From<FileError> for ExportError {
    fn from(err: FileError) -> Self {
        Self::File(err)
    }
}

impl From<RecordsError> for ExportError {
    fn from(err: RecordsError) -> Self {
        Self::Records(err)
    }
}
