//! The Merkle tree of RFC 9162, section 2.1, with SHA-256.

use sha2::{Digest, Sha256};

/// A SHA-256 hash: of a leaf, a node or a tree.
pub type Hash = [u8; 32];

/// The root of a tree without leaves, SHA-256 of nothing.
pub const EMPTY_ROOT: Hash = [
    0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
    0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
];

/// Returns the hash of a leaf, SHA-256(0x00 ‖ leaf).
#[must_use]
pub fn leaf_hash(leaf: &[u8]) -> Hash {
    let sha = Sha256::new_with_prefix([0]);
    sha.chain_update(leaf).finalize().into()
}

/// Returns the hash of a node, SHA-256(0x01 ‖ left ‖ right).
#[must_use]
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    let mut bytes = [1; 65];
    bytes[1..33].copy_from_slice(left);
    bytes[33..].copy_from_slice(right);
    Sha256::digest(bytes).into()
}

/// Where the hashes of a tree come from: tiles on disk, or memory.
pub trait Hashes {
    /// Why a hash could not be had.
    type Error;

    /// Returns the root of the 2^`level` leaves that begin with leaf
    /// `index` · 2^`level`. All of them are in the tree.
    ///
    /// # Errors
    ///
    /// Whatever keeps the source from giving the hash.
    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error>;
}

impl<H: Hashes + ?Sized> Hashes for &H {
    type Error = H::Error;

    fn node(&self, level: u8, index: u64) -> Result<Hash, H::Error> {
        (**self).node(level, index)
    }
}

/// A tree that leaves are appended to. Holds at most 64 hashes, however many
/// leaves there are.
///
/// ```
/// use lokryn_journal::tree::{Tree, leaf_hash, node_hash};
///
/// let mut tree = Tree::new();
/// tree.push(leaf_hash(b"a"));
/// tree.push(leaf_hash(b"b"));
/// assert_eq!(tree.root(), node_hash(&leaf_hash(b"a"), &leaf_hash(b"b")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    size: u64,
    /// The roots of the complete subtrees, the largest first: one per bit of `size`.
    peaks: Vec<Hash>,
}

impl Tree {
    /// Returns the tree without leaves.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            size: 0,
            peaks: Vec::new(),
        }
    }

    /// Takes up a tree of `size` leaves, to go on appending.
    ///
    /// # Errors
    ///
    /// Those of `hashes`. Whether the hashes are right only [`root`](Self::root) can
    /// show, beside a root that is known to be.
    pub fn resume<H: Hashes>(hashes: &H, size: u64) -> Result<Self, H::Error> {
        let mut peaks = Vec::new();
        let mut start = 0;
        while start < size {
            let level = (size - start).ilog2();
            peaks.push(hashes.node(small(level), start >> level)?);
            start += 1 << level;
        }
        Ok(Self { size, peaks })
    }

    /// Returns the number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf, given its hash.
    pub fn push(&mut self, leaf: Hash) {
        self.push_with(leaf, |_, _, _| ());
    }

    /// Appends a leaf, given its hash, and passes on the level, the index and the
    /// hash of every node that it completes, the leaf itself being the first. Tiles
    /// hold the nodes whose level is a multiple of eight.
    pub fn push_with(&mut self, leaf: Hash, mut completed: impl FnMut(u8, u64, &Hash)) {
        let mut hash = leaf;
        completed(0, self.size, &hash);
        for level in 0..self.size.trailing_ones() {
            let Some(left) = self.peaks.pop() else { break };
            hash = node_hash(&left, &hash);
            completed(small(level + 1), self.size >> (level + 1), &hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    /// Returns the root of the tree.
    #[must_use]
    pub fn root(&self) -> Hash {
        self.root_before(&Self::new())
    }

    /// Returns the root of the tree that has the nodes of this one, each being the root
    /// of so many leaves that fewer than that follow, and then those leaves.
    pub(crate) fn root_before(&self, rest: &Self) -> Hash {
        let mut peaks = rest.peaks.iter().rev().chain(self.peaks.iter().rev());
        let Some(&last) = peaks.next() else {
            return EMPTY_ROOT;
        };
        peaks.fold(last, |right, left| node_hash(left, &right))
    }
}

/// Returns the root of the leaves from `start` to before `end`, as a subtree that
/// begins there.
///
/// # Errors
///
/// Those of `hashes`.
pub fn range_root<H: Hashes>(hashes: &H, start: u64, end: u64) -> Result<Hash, H::Error> {
    let len = end.saturating_sub(start);
    if len == 0 {
        return Ok(EMPTY_ROOT);
    }
    let level = len.ilog2();
    if len.is_power_of_two() && start.trailing_zeros() >= level {
        return hashes.node(small(level), start >> level);
    }
    let middle = start + split(len);
    let left = range_root(hashes, start, middle)?;
    Ok(node_hash(&left, &range_root(hashes, middle, end)?))
}

/// Returns the hashes that show leaf `index` to be in the tree of `size` leaves,
/// the leaf's sibling first (RFC 9162, 2.1.3.1). `None` if the tree has no such leaf.
///
/// # Errors
///
/// Those of `hashes`.
pub fn inclusion_path<H: Hashes>(
    hashes: &H,
    index: u64,
    size: u64,
) -> Result<Option<Vec<Hash>>, H::Error> {
    if index >= size {
        return Ok(None);
    }
    let mut path = Vec::new();
    let (mut start, mut end) = (0, size);
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            path.push(range_root(hashes, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(hashes, start, middle)?);
            start = middle;
        }
    }
    path.reverse();
    Ok(Some(path))
}

/// Returns the hashes that show the tree of `new` leaves to begin with the tree of
/// `old` leaves (RFC 9162, 2.1.4.1): none if one is the other or `old` is 0. `None`
/// if `old` is more than `new`.
///
/// # Errors
///
/// Those of `hashes`.
pub fn consistency_path<H: Hashes>(
    hashes: &H,
    old: u64,
    new: u64,
) -> Result<Option<Vec<Hash>>, H::Error> {
    if old > new {
        return Ok(None);
    }
    let mut path = Vec::new();
    if old == 0 || old == new {
        return Ok(Some(path));
    }
    let (mut start, mut end) = (0, new);
    // Ends where the subtree is one that the old tree ends with, too.
    while end != old {
        let middle = start + split(end - start);
        if old <= middle {
            path.push(range_root(hashes, middle, end)?);
            end = middle;
        } else {
            path.push(range_root(hashes, start, middle)?);
            start = middle;
        }
    }
    if start != 0 {
        path.push(range_root(hashes, start, end)?);
    }
    path.reverse();
    Ok(Some(path))
}

/// Returns the root of the tree of `size` leaves that has `leaf` at `index`, if
/// `path` is as long as that takes (RFC 9162, 2.1.3.2).
#[must_use]
pub fn root_from_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    let (mut node, mut last) = (index, size - 1);
    let mut root = leaf;
    for hash in path {
        if last == 0 {
            return None;
        }
        if node & 1 == 1 || node == last {
            root = node_hash(hash, &root);
            skip_missing_siblings(&mut node, &mut last);
        } else {
            root = node_hash(&root, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(root)
}

/// Whether `path` shows that the tree of `new` leaves with `new_root` begins with
/// the tree of `old` leaves with `old_root` (RFC 9162, 2.1.4.2). The tree without
/// leaves begins every tree, and its path has no hashes.
#[must_use]
pub fn is_consistent(old: u64, old_root: &Hash, new: u64, new_root: &Hash, path: &[Hash]) -> bool {
    if old == 0 {
        return *old_root == EMPTY_ROOT && path.is_empty();
    }
    if old >= new {
        return old == new && old_root == new_root && path.is_empty();
    }
    // The old root is not repeated where it is a node of the new tree.
    let (first, path) = match path.split_first() {
        _ if old.is_power_of_two() => (old_root, path),
        Some((first, rest)) => (first, rest),
        None => return false,
    };
    let (mut node, mut last) = (old - 1, new - 1);
    let shift = node.trailing_ones();
    // Both fit: `old` is less than `new`, so it is not 2^64 - 1 or more.
    node >>= shift;
    last >>= shift;
    let (mut left, mut whole) = (*first, *first);
    for hash in path {
        if last == 0 {
            return false;
        }
        if node & 1 == 1 || node == last {
            left = node_hash(hash, &left);
            whole = node_hash(hash, &whole);
            skip_missing_siblings(&mut node, &mut last);
        } else {
            whole = node_hash(&whole, hash);
        }
        node >>= 1;
        last >>= 1;
    }
    last == 0 && left == *old_root && whole == *new_root
}

/// Goes up from a last node to the level where it has a left sibling: on the levels
/// between it is alone and is handed up as it is.
fn skip_missing_siblings(node: &mut u64, last: &mut u64) {
    while *node & 1 == 0 && *node != 0 {
        *node >>= 1;
        *last >>= 1;
    }
}

/// The largest power of two below `len`, which is 2 or more.
fn split(len: u64) -> u64 {
    1 << (len - 1).ilog2()
}

/// A level, at most 63.
fn small(level: u32) -> u8 {
    #[expect(clippy::cast_possible_truncation, reason = "the logarithm of a u64")]
    let level = level as u8;
    level
}
