//! The tree that grows, and the tiles at its right edge.

use std::mem;

use crate::record::{LIMIT_MAX_RECORD_LEN, Length};
use crate::tile::{TILE_WIDTH, Tile, TileError, TileFolder};
use crate::tree::{Hash, Tree, leaf_hash};

/// How many levels of tiles a tree of less than 2^64 leaves has.
const TILE_LEVELS: usize = 8;

/// What a checkpoint is made from.
#[derive(Debug)]
pub(crate) struct Snapshot {
    pub(crate) size: u64,
    pub(crate) root: Hash,
    /// The tiles that have become full since the last one.
    pub(crate) full: Vec<(Tile, Vec<u8>)>,
    pub(crate) partial: Vec<(Tile, Vec<u8>)>,
}

/// A tree that leaves are appended to, and the tiles that this makes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Edge {
    tree: Tree,
    /// The hashes of each level's last tile, while there are fewer than it holds.
    rows: [Vec<u8>; TILE_LEVELS],
    /// The tiles that have become full and have not been taken.
    full: Vec<(Tile, Vec<u8>)>,
}

impl Edge {
    /// Takes up the tree of the first `size` leaves from the tiles of one that has them.
    pub(crate) fn resume(tiles: &TileFolder, size: u64) -> Result<Self, TileError> {
        let mut edge = Self {
            tree: Tree::resume(tiles, size)?,
            ..Self::default()
        };
        for tile in Tile::right_edge(size).filter(|tile| tile.is_partial()) {
            let row = tiles.read_start_of(tile)?;
            edge.rows[usize::from(tile.level)] = row;
        }
        Ok(edge)
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(crate) fn push(&mut self, leaf: Hash) {
        let (rows, full) = (&mut self.rows, &mut self.full);
        self.tree.push_with(leaf, |level, index, hash| {
            if level % 8 != 0 {
                return;
            }
            let level = level / 8;
            let row = &mut rows[usize::from(level)];
            row.extend_from_slice(hash);
            let tile = Tile::new(level, index / u64::from(TILE_WIDTH), TILE_WIDTH);
            if row.len() == tile.byte_len() {
                full.push((tile, mem::take(row)));
            }
        });
    }

    /// Adds the records of frames that were written.
    pub(crate) fn push_frames(&mut self, mut frames: &[u8]) {
        while let Length::Is(len, prefix) = Length::at_start_of(frames, LIMIT_MAX_RECORD_LEN) {
            let (frame, rest) = frames.split_at(prefix + len);
            self.push(leaf_hash(&frame[prefix..]));
            frames = rest;
        }
    }

    pub(crate) fn snapshot(&mut self) -> Snapshot {
        Snapshot {
            size: self.tree.size(),
            root: self.tree.root(),
            full: self.take_full(),
            partial: self.partial(),
        }
    }

    /// The tiles that are not full.
    pub(crate) fn partial(&self) -> Vec<(Tile, Vec<u8>)> {
        Tile::right_edge(self.tree.size())
            .filter(|tile| tile.is_partial())
            .map(|tile| (tile, self.rows[usize::from(tile.level)].clone()))
            .collect()
    }

    /// How many tiles have become full since they were taken.
    pub(crate) fn full_len(&self) -> usize {
        self.full.len()
    }

    pub(crate) fn take_full(&mut self) -> Vec<(Tile, Vec<u8>)> {
        mem::take(&mut self.full)
    }
}
