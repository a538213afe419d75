//! One read of all records, row by row, beside the tiles.

use core::cell::Cell;
use std::collections::VecDeque;
use std::path::PathBuf;

use super::report::MOST_FAULTS;
use super::{Fault, Report, Verification};
use crate::checkpoint::Checkpoint;
use crate::edge::Edge;
use crate::error::{FileError, Place};
use crate::key::Verifier;
use crate::pipeline;
use crate::reader::segments;
use crate::record::{RecordError, Stored};
use crate::scan::{Damage, Piece, Scan};
use crate::segment;
use crate::tile::{TILE_WIDTH, Tile, TileFolder};
use crate::tree::{Hash, Hashes as _, Tree, leaf_hash, range_root};

/// How many leaves a tile of the lowest level has: a row.
pub(super) const ROW: u64 = TILE_WIDTH as u64;
/// The most rows that are looked at hash by hash.
const MOST_ROWS: usize = 1000;

/// A leaf that was read.
#[derive(Clone, Copy)]
struct Leaf {
    hash: Hash,
    /// The segment and the place in it.
    place: (u64, u64),
}

/// A leaf with its number, or the place of what is none.
type Read = Result<(u64, Leaf), ((u64, u64), RecordError)>;

/// What a thread makes of a piece.
struct Leaves {
    found: Vec<Read>,
    /// Rows that lie in the piece as a whole, and agree with their tile: the index of
    /// their first leaf in `found`, and their roots.
    rows: VecDeque<(usize, Hash)>,
}

enum Made {
    Leaves(Leaves),
    Damage((u64, u64)),
    Nothing,
}

/// One read of all records.
pub(super) struct Pass {
    tiles: TileFolder,
    size: u64,
    /// The record that comes next.
    next: u64,
    /// The leaves of the row that is being read; `None` for those that are missing.
    row: Vec<Option<Leaf>>,
    /// A tree whose leaves are the rows' roots: from the records, and from the tiles. One
    /// ends where a row cannot be had.
    of_records: Option<Rows>,
    of_tiles: Option<Rows>,
    suspects: Vec<Suspect>,
    /// How many rows there are besides, and how many records were read in them.
    more_suspects: u64,
    suspect_records: u64,
    /// Whether there are rows none of whose records is there.
    has_gaps: bool,
    /// What is wrong in itself, whatever the tree says.
    faults: Vec<Fault>,
    more_faults: u64,
    read: u64,
    from_tiles: u64,
    folder: PathBuf,
}

/// A tree of rows.
#[derive(Clone)]
struct Rows {
    edge: Edge,
    /// The leaves after the last whole row.
    rest: Tree,
    /// The root when it had as many leaves as the checkpoint kept elsewhere.
    old: (u64, Option<Hash>),
    /// Tiles that are not as this tree has them, and how many there are besides.
    wrong: Vec<Tile>,
    more_wrong: u64,
}

/// A row whose records and tile do not agree.
struct Suspect {
    row: u64,
    leaves: Vec<Option<Leaf>>,
    tile: Option<Vec<Hash>>,
}

impl Rows {
    fn root(&self) -> Hash {
        self.edge.tree().root_before(&self.rest)
    }

    /// Adds a row, given its root or, for the last one or one that is needed for that, its
    /// leaves.
    fn push(&mut self, root: Hash, tiles: &TileFolder, leaves: impl FnOnce() -> Vec<Hash>) {
        let start = self.edge.tree().size() * ROW;
        let old_size = self.old.0;
        if old_size == start {
            self.old.1 = Some(self.edge.tree().root());
        } else if (start..start + ROW).contains(&old_size) {
            let mut rest = Tree::new();
            #[expect(clippy::cast_possible_truncation, reason = "less than a row")]
            let count = (old_size - start) as usize;
            leaves()
                .into_iter()
                .take(count)
                .for_each(|leaf| rest.push(leaf));
            self.old.1 = Some(self.edge.tree().root_before(&rest));
        }
        self.edge.push(root);
        for (tile, bytes) in self.edge.take_full() {
            self.compare(tile, &bytes, tiles);
        }
    }

    /// Adds the leaves after the last whole row, and compares the tiles that are not full.
    fn finish(&mut self, leaves: &[Hash], size: u64, tiles: &TileFolder) {
        let start = self.edge.tree().size() * ROW;
        for (index, leaf) in leaves.iter().enumerate() {
            if start + index as u64 == self.old.0 {
                self.old.1 = Some(self.root());
            }
            self.rest.push(*leaf);
        }
        if size == self.old.0 {
            self.old.1 = Some(self.root());
        }
        for (tile, bytes) in self.edge.partial() {
            self.compare(tile, &bytes, tiles);
        }
    }

    /// Compares a tile of the tree of rows with the one on the disk, a level higher.
    fn compare(&mut self, tile: Tile, bytes: &[u8], tiles: &TileFolder) {
        let tile = Tile {
            level: tile.level + 1,
            ..tile
        };
        if tiles.read(tile).ok().as_deref() == Some(bytes) {
            return;
        }
        if self.wrong.len() < MOST_FAULTS {
            self.wrong.push(tile);
        } else {
            self.more_wrong += 1;
        }
    }
}

impl Pass {
    pub(super) fn new(verification: &Verification<'_>, checkpoint: &Checkpoint) -> Self {
        let size = checkpoint.size();
        let tiles = TileFolder::new(verification.folder, size);
        let old = verification.against.map_or(u64::MAX, Checkpoint::size);
        let rows = Rows {
            edge: Edge::default(),
            rest: Tree::new(),
            old: (old, None),
            wrong: Vec::new(),
            more_wrong: 0,
        };
        let mut pass = Self {
            tiles,
            size,
            next: 0,
            row: Vec::new(),
            of_records: Some(rows.clone()),
            of_tiles: Some(rows),
            suspects: Vec::new(),
            more_suspects: 0,
            suspect_records: 0,
            has_gaps: false,
            faults: Vec::new(),
            more_faults: 0,
            read: 0,
            from_tiles: 0,
            folder: verification.folder.to_owned(),
        };
        pass.skip_to(verification.from.min(size));
        pass
    }

    /// Takes everything below a record from the tiles.
    fn skip_to(&mut self, from: u64) {
        self.from_tiles = from;
        while from - self.next >= ROW {
            if self.is_lost() {
                self.next = from / ROW * ROW;
                break;
            }
            let row = self.next / ROW;
            // The level above has the roots of whole rows.
            if let Ok(root) = self.tiles.node(8, row) {
                let tiles = &self.tiles;
                let trees = [&mut self.of_records, &mut self.of_tiles];
                for rows in trees.into_iter().flatten() {
                    rows.push(root, tiles, || tile_row(tiles, row).unwrap_or_default());
                }
            } else {
                (self.of_records, self.of_tiles) = (None, None);
            }
            self.next += ROW;
        }
        if self.next < from {
            let leaves = tile_row(&self.tiles, self.next / ROW);
            let nowhere = (u64::MAX, 0);
            while self.next < from {
                let index = (self.next % ROW) as usize;
                let hash = leaves
                    .as_ref()
                    .and_then(|leaves| leaves.get(index))
                    .copied();
                self.row.push(hash.map(|hash| Leaf {
                    hash,
                    place: nowhere,
                }));
                self.next += 1;
            }
        }
    }

    pub(super) fn read(&mut self, verification: &mut Verification<'_>) -> Result<(), FileError> {
        let firsts = segments(verification.folder)?;
        let start = firsts.partition_point(|first| *first <= self.next);
        let firsts = firsts[start.saturating_sub(1)..].to_vec();
        let mut scan = Scan::new(verification.folder, firsts);
        let tiles = self.tiles.clone();
        let (size, from) = (self.size, self.next);
        // Read by what hands out pieces, and set by what takes the results.
        let is_past = Cell::new(self.next >= size);
        pipeline::run(
            verification.threads,
            || {
                if is_past.get() { Ok(None) } else { scan.next() }
            },
            |piece| make(&piece, &tiles, from, size),
            |made| {
                self.take(made);
                if let Some(progress) = &mut verification.progress {
                    progress(self.next.min(size), size);
                }
                is_past.set(self.next >= size);
                Ok(())
            },
        )?;
        self.miss_until(self.size);
        self.end_row(true);
        Ok(())
    }

    fn take(&mut self, made: Made) {
        match made {
            Made::Nothing => {}
            Made::Damage(place) => {
                let place = self.place(place, self.next);
                // Beyond the checkpoint somebody may be writing.
                if self.next < self.size {
                    self.add(Fault::Damaged {
                        place,
                        reason: None,
                    });
                }
            }
            Made::Leaves(mut leaves) => {
                let mut index = 0;
                while index < leaves.found.len() && self.next < self.size {
                    while leaves.rows.front().is_some_and(|(start, _)| *start < index) {
                        leaves.rows.pop_front();
                    }
                    if let Some(&(start, root)) = leaves.rows.front()
                        && start == index
                        && self.row.is_empty()
                        && matches!(leaves.found[index], Ok((sequence, _)) if sequence == self.next)
                    {
                        self.take_row(root, &leaves.found[index..index + TILE_WIDTH as usize]);
                        index += TILE_WIDTH as usize;
                        continue;
                    }
                    self.take_leaf(&leaves.found[index]);
                    index += 1;
                }
            }
        }
    }

    /// A whole row that agrees with its tile.
    fn take_row(&mut self, root: Hash, found: &[Read]) {
        let leaves = || {
            let leaf = |it: &Read| it.as_ref().ok().map(|(_, leaf)| leaf.hash);
            found.iter().filter_map(leaf).collect()
        };
        for rows in [&mut self.of_records, &mut self.of_tiles]
            .into_iter()
            .flatten()
        {
            rows.push(root, &self.tiles, leaves);
        }
        self.next += ROW;
        self.read += ROW;
    }

    fn take_leaf(&mut self, found: &Read) {
        match found {
            Ok((sequence, leaf)) if *sequence < self.next => {
                // Those below where reading begins are in the same segment.
                if *sequence >= self.from_tiles {
                    let place = self.place(leaf.place, self.next);
                    self.add(Fault::OutOfPlace {
                        place,
                        found: *sequence,
                    });
                }
            }
            Ok((sequence, leaf)) => {
                self.miss_until((*sequence).min(self.size));
                if *sequence < self.size {
                    self.put(Some(*leaf));
                }
            }
            Err((place, reason)) => {
                let place = self.place(*place, self.next);
                self.add(Fault::Damaged {
                    place,
                    reason: Some(*reason),
                });
                self.put(None);
            }
        }
    }

    /// Goes on to a record, those before it not being there.
    fn miss_until(&mut self, sequence: u64) {
        if self.next >= sequence {
            return;
        }
        self.add(Fault::Missing {
            first: self.next,
            last: sequence - 1,
        });
        while self.next < sequence {
            let rows = (sequence - self.next) / ROW;
            if self.row.is_empty() && self.is_lost() && rows > 0 {
                // A checkpoint can claim more rows than anybody could go through.
                self.has_gaps = true;
                self.next += rows * ROW;
                continue;
            }
            // Rows that are missing as a whole are known by their tiles alone.
            self.put(None);
        }
    }

    /// Whether neither the records nor the tiles make a tree any more.
    fn is_lost(&self) -> bool {
        self.of_records.is_none() && self.of_tiles.is_none()
    }

    fn put(&mut self, leaf: Option<Leaf>) {
        self.read += u64::from(leaf.is_some());
        self.row.push(leaf);
        self.next += 1;
        if self.next.is_multiple_of(ROW) {
            self.end_row(false);
        }
    }

    /// Compares a row with its tile, and adds it to the trees.
    fn end_row(&mut self, is_last: bool) {
        if self.row.is_empty() {
            if is_last {
                self.finish(&[], &[]);
            }
            return;
        }
        let row = (self.next - 1) / ROW;
        let leaves = std::mem::take(&mut self.row);
        let of_records: Option<Vec<Hash>> = leaves
            .iter()
            .map(|leaf| leaf.map(|leaf| leaf.hash))
            .collect();
        let of_tile = tile_row(&self.tiles, row);
        let read = leaves.iter().flatten().count() as u64;
        if read == 0 {
            self.has_gaps = true;
        } else if of_records.is_none() || of_records != of_tile {
            if self.suspects.len() < MOST_ROWS {
                self.suspects.push(Suspect {
                    row,
                    leaves,
                    tile: of_tile.clone(),
                });
            } else {
                self.more_suspects += 1;
                self.suspect_records += read;
            }
        }
        if is_last {
            self.finish_with(of_records, of_tile);
            return;
        }
        let tiles = &self.tiles;
        for (tree, leaves) in [
            (&mut self.of_records, of_records),
            (&mut self.of_tiles, of_tile),
        ] {
            match (tree.as_mut(), leaves) {
                (Some(rows), Some(leaves)) => rows.push(row_root(&leaves), tiles, || leaves),
                _ => *tree = None,
            }
        }
    }

    fn finish_with(&mut self, of_records: Option<Vec<Hash>>, of_tile: Option<Vec<Hash>>) {
        if of_records.is_none() {
            self.of_records = None;
        }
        if of_tile.is_none() {
            self.of_tiles = None;
        }
        self.finish(
            &of_records.unwrap_or_default(),
            &of_tile.unwrap_or_default(),
        );
    }

    fn finish(&mut self, of_records: &[Hash], of_tile: &[Hash]) {
        for (tree, leaves) in [
            (&mut self.of_records, of_records),
            (&mut self.of_tiles, of_tile),
        ] {
            if let Some(rows) = tree {
                rows.finish(leaves, self.size, &self.tiles);
            }
        }
    }

    fn place(&self, (first, offset): (u64, u64), sequence: u64) -> Place {
        Place {
            segment: segment::path(&self.folder, first),
            offset,
            sequence,
        }
    }

    fn add(&mut self, fault: Fault) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        } else {
            self.more_faults += 1;
        }
    }

    /// Returns the leaves of a row that lead to the signed root, as far as they are known.
    pub(super) fn signed_row(
        &self,
        row: u64,
        trusted: Trusted,
        above: &Above<'_>,
    ) -> Option<Vec<Option<Hash>>> {
        let of_tile = || {
            let leaves = tile_row(&self.tiles, row)?;
            Some(leaves.into_iter().map(Some).collect())
        };
        let suspect = self.suspects.iter().find(|it| it.row == row);
        let of_records = |suspect: &Suspect| {
            let leaves = suspect.leaves.iter();
            leaves.map(|leaf| leaf.map(|leaf| leaf.hash)).collect()
        };
        match (trusted, suspect) {
            (Trusted::Nothing, _) => None,
            (Trusted::Rows, Some(suspect)) => match above.verdict(suspect) {
                Verdict::Records => Some(of_records(suspect)),
                Verdict::Tile => of_tile(),
                Verdict::Neither => None,
            },
            // Records and tile agree, and so does what lies above.
            (Trusted::Rows, None) if !above.leads(row) => None,
            (Trusted::Records | Trusted::Tiles, _) | (Trusted::Rows, None) => of_tile(),
        }
    }

    /// Says what leads to the signed root.
    pub(super) fn trusted(&self, root: &Hash) -> Trusted {
        let leads = |rows: &Option<Rows>| rows.as_ref().is_some_and(|rows| rows.root() == *root);
        if leads(&self.of_records) {
            Trusted::Records
        } else if leads(&self.of_tiles) {
            Trusted::Tiles
        } else if self.suspects.is_empty() && !self.has_gaps {
            Trusted::Nothing
        } else {
            Trusted::Rows
        }
    }

    /// Says which records are those that were signed, and what is wrong besides.
    pub(super) fn judge(
        mut self,
        verification: &Verification<'_>,
        checkpoint: &Checkpoint,
        report: &mut Report,
    ) {
        let root = checkpoint.root();
        let trusted = self.trusted(root);
        report.from_tiles = self.from_tiles;
        report.more_faults = self.more_faults;
        let mut unproved = 0;
        let faults = std::mem::take(&mut self.faults);
        let mut told: Vec<(u64, Fault)> = faults
            .into_iter()
            .map(|fault| (fault.first(), fault))
            .collect();
        if let Trusted::Nothing = trusted {
            told.push((0, Fault::Root));
            unproved = self.read;
        }
        let above = Above::new(&self, root);
        for suspect in &self.suspects {
            let verdict = match trusted {
                Trusted::Records => Verdict::Records,
                Trusted::Tiles => Verdict::Tile,
                Trusted::Rows => above.verdict(suspect),
                Trusted::Nothing => continue,
            };
            unproved += self.judge_row(suspect, verdict, &mut told);
        }
        report.more_faults += self.more_suspects;
        if !matches!(trusted, Trusted::Records) {
            unproved += self.suspect_records;
        }
        let rows = match trusted {
            Trusted::Records => &self.of_records,
            Trusted::Tiles => &self.of_tiles,
            Trusted::Nothing | Trusted::Rows => &None,
        };
        let wrong = rows.iter().flat_map(|rows| &rows.wrong);
        told.extend(wrong.map(|tile| (u64::MAX, Fault::Tile { tile: *tile })));
        report.more_faults += rows.as_ref().map_or(0, |rows| rows.more_wrong);
        if matches!(trusted, Trusted::Rows) {
            told.extend(above.wrong());
        }
        report.proved = self.read.saturating_sub(unproved);
        told.sort_by_key(|(first, _)| *first);
        for (_, fault) in told {
            report.add(fault);
        }
        if let Some(against) = verification.against {
            let old = rows.as_ref().and_then(|rows| rows.old.1);
            if let Some(fault) = compare(checkpoint, against, verification.known, old) {
                report.add(fault);
            }
        }
    }

    /// Tells what is wrong in a row, and returns how many records that were read in it
    /// are not proved.
    fn judge_row(&self, suspect: &Suspect, verdict: Verdict, told: &mut Vec<(u64, Fault)>) -> u64 {
        let start = suspect.row * ROW;
        let len = suspect.leaves.len() as u64;
        let read = suspect.leaves.iter().flatten().count() as u64;
        match (verdict, &suspect.tile) {
            (Verdict::Records, _) => {
                #[expect(clippy::cast_possible_truncation, reason = "at most a row")]
                let tile = Tile::new(0, suspect.row, len as u16);
                told.push((u64::MAX, Fault::Tile { tile }));
                0
            }
            (Verdict::Tile, Some(tile)) => {
                let mut unproved = 0;
                for ((leaf, signed), sequence) in suspect.leaves.iter().zip(tile).zip(start..) {
                    // Those that are not there have been told.
                    if let Some(leaf) = leaf
                        && leaf.hash != *signed
                    {
                        let place = self.place(leaf.place, sequence);
                        told.push((sequence, Fault::Changed { place }));
                        unproved += 1;
                    }
                }
                unproved
            }
            (Verdict::Neither | Verdict::Tile, _) => {
                let fault = Fault::NotProved {
                    first: start,
                    last: start + len - 1,
                };
                told.push((start, fault));
                read
            }
        }
    }
}

/// What leads to the signed root.
#[derive(Clone, Copy)]
pub(super) enum Trusted {
    /// All records.
    Records,
    /// All tiles of the lowest level.
    Tiles,
    /// Some rows this way and some that, if the tiles above them are right.
    Rows,
    /// Nothing, and there is no disagreement either.
    Nothing,
}

/// What is right in a row.
#[derive(Clone, Copy)]
enum Verdict {
    Records,
    Tile,
    Neither,
}

/// The tiles above the lowest level, where they lead to the root.
pub(super) struct Above<'a> {
    pass: &'a Pass,
    /// Whether they do, and with which leaves at the end.
    is_right: bool,
    /// The leaves of the row that is not whole.
    last: Option<Verdict>,
}

impl<'a> Above<'a> {
    pub(super) fn new(pass: &'a Pass, root: &Hash) -> Self {
        let whole = pass.size / ROW * ROW;
        let mut above = Self {
            pass,
            is_right: false,
            last: None,
        };
        if pass.size < ROW {
            return above;
        }
        let Ok(left) = range_root(&pass.tiles, 0, whole) else {
            return above;
        };
        if whole == pass.size {
            above.is_right = left == *root;
            return above;
        }
        let Ok(tree) = Tree::resume(&pass.tiles, whole) else {
            return above;
        };
        let last = pass.suspects.iter().find(|it| it.row == whole / ROW);
        let of_records = last.and_then(|it| {
            let hashes = it.leaves.iter().map(|leaf| leaf.map(|leaf| leaf.hash));
            hashes.collect::<Option<Vec<_>>>()
        });
        let of_tile = tile_row(&pass.tiles, whole / ROW);
        for (leaves, verdict) in [(of_records, Verdict::Records), (of_tile, Verdict::Tile)] {
            let mut rest = Tree::new();
            let Some(leaves) = leaves else { continue };
            for leaf in leaves {
                rest.push(leaf);
            }
            if tree.root_before(&rest) == *root {
                above.is_right = true;
                above.last = Some(verdict);
                return above;
            }
        }
        above
    }

    /// Whether the tile of a row is the one below these.
    fn leads(&self, row: u64) -> bool {
        let Some(leaves) = tile_row(&self.pass.tiles, row) else {
            return false;
        };
        let is_whole = leaves.len() == TILE_WIDTH as usize;
        let node = self.pass.tiles.node(8, row);
        self.is_right && (!is_whole || node.is_ok_and(|node| node == row_root(&leaves)))
    }

    fn verdict(&self, suspect: &Suspect) -> Verdict {
        if !self.is_right {
            return Verdict::Neither;
        }
        if suspect.leaves.len() < TILE_WIDTH as usize {
            return self.last.unwrap_or(Verdict::Neither);
        }
        let Ok(root) = self.pass.tiles.node(8, suspect.row) else {
            return Verdict::Neither;
        };
        let of_records: Option<Vec<Hash>> = suspect
            .leaves
            .iter()
            .map(|leaf| leaf.map(|leaf| leaf.hash))
            .collect();
        if of_records.is_some_and(|leaves| row_root(&leaves) == root) {
            return Verdict::Records;
        }
        let is_tile = suspect
            .tile
            .as_ref()
            .is_some_and(|leaves| row_root(leaves) == root);
        if is_tile {
            Verdict::Tile
        } else {
            Verdict::Neither
        }
    }

    /// What is wrong with the tree as a whole.
    fn wrong(&self) -> Option<(u64, Fault)> {
        (!self.is_right).then_some((0, Fault::Root))
    }
}

/// Compares with a checkpoint kept elsewhere; `old` is the root that the journal had at
/// its size, as far as that is known.
fn compare(
    checkpoint: &Checkpoint,
    against: &Checkpoint,
    known: &[Verifier],
    old: Option<Hash>,
) -> Option<Fault> {
    let signed = against.size();
    if against.origin() != checkpoint.origin() {
        let origin = against.origin().to_owned();
        return Some(Fault::OtherLog { origin });
    }
    if let Err(source) = against.verify(known) {
        return Some(Fault::OtherSignature { source });
    }
    if signed > checkpoint.size() {
        return Some(Fault::CutOff { signed });
    }
    (old != Some(*against.root())).then_some(Fault::OtherHistory { signed })
}

/// Hashes the records of a piece.
fn make(piece: &Piece, tiles: &TileFolder, from: u64, size: u64) -> Made {
    let bytes = match piece {
        Piece::Frames(bytes) | Piece::Record(bytes) => bytes,
        Piece::Damage {
            first,
            offset,
            what: Damage::Torn | Damage::Length,
        } => return Made::Damage((*first, *offset)),
        Piece::End => return Made::Nothing,
    };
    let hash = |(start, record): (usize, &[u8])| {
        let place = (bytes.first, bytes.offset + start as u64);
        match Stored::parse(record) {
            Ok(stored) if (from..size).contains(&stored.sequence) => {
                let hash = leaf_hash(record);
                Ok((stored.sequence, Leaf { hash, place }))
            }
            Ok(stored) => Ok((
                stored.sequence,
                Leaf {
                    hash: Hash::default(),
                    place,
                },
            )),
            Err(reason) => Err((place, reason)),
        }
    };
    let found: Vec<Read> = bytes.records().map(hash).collect();
    let rows = rows_of(&found, tiles, size);
    Made::Leaves(Leaves { found, rows })
}

/// Finds the rows that are whole and agree with their tile.
fn rows_of(found: &[Read], tiles: &TileFolder, size: u64) -> VecDeque<(usize, Hash)> {
    let mut rows = VecDeque::new();
    let mut index = 0;
    while index < found.len() {
        let width = TILE_WIDTH as usize;
        let row = found.get(index..index + width);
        let first = match &found[index] {
            Ok((sequence, _)) if sequence.is_multiple_of(ROW) => *sequence,
            _ => {
                index += 1;
                continue;
            }
        };
        let is_whole = size.saturating_sub(first) >= ROW
            && row.is_some_and(|row| {
                let mut numbers = row.iter().zip(first..);
                numbers.all(|(leaf, number)| matches!(leaf, Ok((it, _)) if *it == number))
            });
        if !is_whole {
            index += 1;
            continue;
        }
        let leaf = |it: &Read| it.as_ref().ok().map(|(_, leaf)| leaf.hash);
        let leaves: Vec<Hash> = found[index..index + width]
            .iter()
            .filter_map(leaf)
            .collect();
        if tile_row(tiles, first / ROW).as_ref() == Some(&leaves) {
            rows.push_back((index, row_root(&leaves)));
        }
        index += width;
    }
    rows
}

/// Returns the leaves of a row as its tile has them.
fn tile_row(tiles: &TileFolder, row: u64) -> Option<Vec<Hash>> {
    let tile = Tile::holding(0, row * ROW, tiles.size())?;
    let bytes = tiles.read(tile).ok()?;
    Some(bytes.as_chunks().0.to_vec())
}

fn row_root(leaves: &[Hash]) -> Hash {
    let mut tree = Tree::new();
    for leaf in leaves {
        tree.push(*leaf);
    }
    tree.root()
}
