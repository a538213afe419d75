//! Tiles: the tree as files of 256 hashes (C2SP tlog-tiles).

use core::fmt::{self, Display};
use core::ops::Range;
use std::error::Error;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::{Disk, Os};
use crate::tree::{Hash, Hashes, node_hash};

/// How many hashes a full tile holds, and how many entries a full bundle.
pub const TILE_WIDTH: u16 = 256;

/// How many bytes a hash takes in a tile.
const HASH_LEN: usize = size_of::<Hash>();

/// A tile: up to 256 hashes of one level of the tree, every eighth level having
/// tiles. `Display` is its path in the log's folder.
///
/// ```
/// use lokryn_journal::tile::Tile;
///
/// let full = Tile::new(0, 1_234_067, 256);
/// assert_eq!(full.to_string(), "tile/0/x001/x234/067");
/// let partial = Tile::new(0, 273, 112);
/// assert_eq!(partial.to_string(), "tile/0/273.p/112");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Tile {
    /// The level: its hashes are roots of 256^`level` leaves each.
    pub level: u8,
    /// Which tile of the level, from 0.
    pub index: u64,
    /// How many hashes it holds, 1 to 256. Fewer than 256 is a partial tile.
    pub width: u16,
}

impl Tile {
    /// Returns the tile with these numbers.
    #[must_use]
    pub const fn new(level: u8, index: u64, width: u16) -> Self {
        Self {
            level,
            index,
            width,
        }
    }

    /// Whether it holds fewer than 256 hashes.
    #[must_use]
    pub const fn is_partial(self) -> bool {
        self.width < TILE_WIDTH
    }

    /// Returns the full tile that a partial one grows into.
    #[must_use]
    pub const fn full(self) -> Self {
        Self {
            width: TILE_WIDTH,
            ..self
        }
    }

    /// Returns how many bytes the tile has.
    #[must_use]
    pub fn byte_len(self) -> usize {
        usize::from(self.width) * HASH_LEN
    }

    /// Returns the tile of a tree of `size` leaves that holds hash `index` of tile
    /// level `level`, as large as the tree has it. `None` if the tree does not have it.
    #[must_use]
    pub fn holding(level: u8, index: u64, size: u64) -> Option<Self> {
        let count = hashes_at(level, size);
        if index >= count {
            return None;
        }
        let tile = index / u64::from(TILE_WIDTH);
        let left = count - tile * u64::from(TILE_WIDTH);
        #[expect(clippy::cast_possible_truncation, reason = "at most TILE_WIDTH")]
        let width = left.min(u64::from(TILE_WIDTH)) as u16;
        Some(Self::new(level, tile, width))
    }

    /// Iterates over the last tile of every level of a tree of `size` leaves, full
    /// or partial: those that the root is computed from.
    pub fn right_edge(size: u64) -> impl Iterator<Item = Self> {
        levels(size).filter_map(move |(level, count)| Self::holding(level, count - 1, size))
    }

    /// Iterates over all tiles of a tree of `size` leaves, level by level.
    pub fn all(size: u64) -> impl Iterator<Item = Self> {
        levels(size).flat_map(move |(level, count)| {
            (0..count)
                .step_by(usize::from(TILE_WIDTH))
                .filter_map(move |index| Self::holding(level, index, size))
        })
    }
}

impl Display for Tile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tile/{}/", self.level)?;
        write_index(f, self.index, self.width)
    }
}

/// An entry bundle: up to 256 entries, each after its length as a big-endian `u16`.
/// `Display` is its path in the log's folder.
///
/// ```
/// use lokryn_journal::tile::Bundle;
///
/// let bundle = Bundle { index: 273, width: 112 };
/// assert_eq!(bundle.to_string(), "tile/entries/273.p/112");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Bundle {
    /// Which bundle, from 0.
    pub index: u64,
    /// How many entries it holds, 1 to 256. Fewer than 256 is a partial bundle.
    pub width: u16,
}

impl Bundle {
    /// Appends an entry to the bytes of a bundle.
    ///
    /// # Errors
    ///
    /// [`TileError::EntryTooLong`] for one of more than 65,535 bytes, whose length
    /// the format cannot write. Nothing is appended then.
    pub fn push(bytes: &mut Vec<u8>, entry: &[u8]) -> Result<(), TileError> {
        let len =
            u16::try_from(entry.len()).map_err(|_| TileError::EntryTooLong { len: entry.len() })?;
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(entry);
        Ok(())
    }
}

impl Display for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("tile/entries/")?;
        write_index(f, self.index, self.width)
    }
}

/// Writes `x001/x234/067`, and `.p/<width>` after it if that is partial.
fn write_index(f: &mut fmt::Formatter<'_>, index: u64, width: u16) -> fmt::Result {
    // 20 digits at most, so seven groups.
    for group in (1..7).rev() {
        let above = index / 1000_u64.pow(group);
        if above > 0 {
            write!(f, "x{:03}/", above % 1000)?;
        }
    }
    write!(f, "{:03}", index % 1000)?;
    if width < TILE_WIDTH {
        write!(f, ".p/{width}")?;
    }
    Ok(())
}

/// How many hashes tile level `level` of a tree of `size` leaves has.
fn hashes_at(level: u8, size: u64) -> u64 {
    size.checked_shr(8 * u32::from(level)).unwrap_or(0)
}

/// The tile levels that a tree of `size` leaves has, with their numbers of hashes.
fn levels(size: u64) -> impl Iterator<Item = (u8, u64)> {
    (0..8)
        .map(move |level| (level, hashes_at(level, size)))
        .take_while(|&(_, count)| count > 0)
}

/// Where a node of the tree is computed from: hashes of one tile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The tile.
    pub tile: Tile,
    /// Which of the tile's hashes are below the node: a power of two of them. One is
    /// the node itself.
    pub hashes: Range<usize>,
}

impl Place {
    /// Returns where the root of the 2^`level` leaves that begin with leaf
    /// `index` · 2^`level` is found in the tiles of a tree of `size` leaves. `None` if
    /// that tree does not have all of those leaves.
    #[must_use]
    pub fn of_node(level: u8, index: u64, size: u64) -> Option<Self> {
        let height = level % 8;
        let first = index.checked_mul(1 << height)?;
        let tile = Tile::holding(level / 8, first, size)?;
        #[expect(clippy::cast_possible_truncation, reason = "less than TILE_WIDTH")]
        let start = (first % u64::from(TILE_WIDTH)) as usize;
        let hashes = start..start + (1 << height);
        // Nodes that the tree does not have yet end past the tile.
        (hashes.end <= usize::from(tile.width)).then_some(Self { tile, hashes })
    }

    /// Computes the node from the bytes of the tile, or of the full one that it has
    /// grown into. `None` if they end too early.
    #[must_use]
    pub fn node_in(&self, tile: &[u8]) -> Option<Hash> {
        let (hashes, _) = tile.as_chunks::<HASH_LEN>();
        let mut row = hashes.get(self.hashes.clone())?.to_vec();
        while row.len() > 1 {
            let (pairs, _) = row.as_chunks::<2>();
            row = pairs.iter().map(|[l, r]| node_hash(l, r)).collect();
        }
        row.first().copied()
    }
}

/// The tiles of a log's folder, as [`Hashes`]. What they say is only what is on the
/// disk: check what is computed from them against a signed root.
#[derive(Clone, Debug)]
pub struct TileFolder {
    disk: Arc<dyn Disk>,
    folder: PathBuf,
    size: u64,
}

impl TileFolder {
    /// Returns the tiles under `folder`, in which `tile` lies, of a tree of `size`
    /// leaves. Nothing is read yet.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>, size: u64) -> Self {
        Self::on(Arc::new(Os), folder, size)
    }

    pub(crate) fn on(disk: Arc<dyn Disk>, folder: impl Into<PathBuf>, size: u64) -> Self {
        let folder = folder.into();
        Self { disk, folder, size }
    }

    /// How many leaves the tree has.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Reads a tile; where a partial one is gone, what the full one begins with.
    ///
    /// # Errors
    ///
    /// [`TileError::Io`], and [`TileError::Length`] for a file that is not as long as
    /// such a tile is.
    pub fn read(&self, tile: Tile) -> Result<Vec<u8>, TileError> {
        self.find(tile).map(|(_, bytes)| bytes)
    }

    /// Does the same, and returns which tile it was read from: the full one, or its own.
    pub(crate) fn find(&self, tile: Tile) -> Result<(Tile, Vec<u8>), TileError> {
        let missing = match self.read_file(tile) {
            Err(TileError::Io { source, .. })
                if tile.is_partial() && source.kind() == io::ErrorKind::NotFound =>
            {
                TileError::Io { tile, source }
            }
            read => return read.map(|bytes| (tile, bytes)),
        };
        let full = tile.full();
        match self.read_file(full) {
            Err(TileError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Err(missing)
            }
            read => {
                let mut bytes = read?;
                bytes.truncate(tile.byte_len());
                Ok((full, bytes))
            }
        }
    }

    /// Reads the first hashes of what has grown out of a tile: as many as it had.
    pub(crate) fn read_start_of(&self, tile: Tile) -> Result<Vec<u8>, TileError> {
        let last = tile.index * u64::from(TILE_WIDTH) + u64::from(tile.width) - 1;
        let grown = Tile::holding(tile.level, last, self.size).unwrap_or(tile);
        let mut bytes = self.read(grown)?;
        bytes.truncate(tile.byte_len());
        Ok(bytes)
    }

    fn read_file(&self, tile: Tile) -> Result<Vec<u8>, TileError> {
        let path = self.folder.join(tile.to_string());
        // A byte more than there should be tells a longer file.
        let bytes = (self.disk)
            .read(&path, tile.byte_len() as u64 + 1)
            .map_err(|source| TileError::Io { tile, source })?;
        if bytes.len() == tile.byte_len() {
            Ok(bytes)
        } else {
            let len = bytes.len();
            Err(TileError::Length { tile, len })
        }
    }
}

impl Hashes for TileFolder {
    type Error = TileError;

    fn node(&self, level: u8, index: u64) -> Result<Hash, TileError> {
        let missing = TileError::NoSuchNode {
            level,
            index,
            size: self.size,
        };
        let Some(place) = Place::of_node(level, index, self.size) else {
            return Err(missing);
        };
        place.node_in(&self.read(place.tile)?).ok_or(missing)
    }
}

/// The error of reading tiles or making bundles.
#[derive(Debug)]
#[non_exhaustive]
pub enum TileError {
    /// A tile could not be read.
    Io {
        /// Which tile.
        tile: Tile,
        /// Why.
        source: io::Error,
    },
    /// A tile is not as long as its number of hashes.
    Length {
        /// Which tile.
        tile: Tile,
        /// How many bytes it has.
        len: usize,
    },
    /// The tree has no such node, or not yet.
    NoSuchNode {
        /// The level of the node, counted from the leaves.
        level: u8,
        /// Which node of the level, from 0.
        index: u64,
        /// How many leaves the tree has.
        size: u64,
    },
    /// An entry does not fit into a bundle.
    EntryTooLong {
        /// How many bytes it has.
        len: usize,
    },
}

impl Display for TileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { tile, source } => write!(f, "{tile}: {source}"),
            Self::Length { tile, len } => {
                let expected = tile.byte_len();
                write!(f, "{tile}: {len} bytes instead of {expected}")
            }
            Self::NoSuchNode { level, index, size } => {
                write!(
                    f,
                    "no node {index} at level {level} in a tree of {size} leaves"
                )
            }
            Self::EntryTooLong { len } => {
                write!(
                    f,
                    "entry of {len} bytes exceeds the 65535 bytes of a bundle"
                )
            }
        }
    }
}

impl Error for TileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
