//! The Merkle tree of the journal, next to the definitions of RFC 9162 word for word.

#![expect(
    clippy::cast_possible_truncation,
    reason = "trees of a few hundred leaves"
)]

use std::convert::Infallible;

use lokryn_journal::tile::Place;
use lokryn_journal::tree::{
    EMPTY_ROOT, Hash, Hashes, Tree, consistency_path, inclusion_path, is_consistent, leaf_hash,
    node_hash, root_from_inclusion,
};

use crate::Check;
use crate::random::Random;

/// The proofs are those of the standard, and nothing else is taken for one.
#[derive(Debug, Default)]
pub struct JournalTree;

impl Check for JournalTree {
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        check(&mut Random::of(bytes))
    }

    fn seed(&mut self, seed: u64) -> u64 {
        check(&mut Random::seeded(seed))
    }
}

/// `MTH`, section 2.1.1.
fn root(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => EMPTY_ROOT,
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
            node_hash(&root(left), &root(right))
        }
    }
}

/// The largest power of two below `len`.
fn split(len: u64) -> u64 {
    let mut half = 1;
    while half < len - half {
        half *= 2;
    }
    half
}

/// `PATH`, section 2.1.3.1.
fn path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
    if leaves.len() < 2 {
        return Vec::new();
    }
    let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
    if index < left.len() {
        [path(index, left), vec![root(right)]].concat()
    } else {
        [path(index - left.len(), right), vec![root(left)]].concat()
    }
}

/// `SUBPROOF`, section 2.1.4.1.
fn subproof(old: usize, leaves: &[Hash], is_whole: bool) -> Vec<Hash> {
    if old == leaves.len() {
        return if is_whole {
            Vec::new()
        } else {
            vec![root(leaves)]
        };
    }
    let (left, right) = leaves.split_at(split(leaves.len() as u64) as usize);
    if old <= left.len() {
        [subproof(old, left, is_whole), vec![root(right)]].concat()
    } else {
        [subproof(old - left.len(), right, false), vec![root(left)]].concat()
    }
}

/// The root that `PATH` leads to, by its definition.
fn root_of_path(leaf: Hash, index: u64, size: u64, path: &[Hash]) -> Option<Hash> {
    if index >= size {
        return None;
    }
    if size == 1 {
        return path.is_empty().then_some(leaf);
    }
    let (last, path) = path.split_last()?;
    let half = split(size);
    Some(if index < half {
        node_hash(&root_of_path(leaf, index, half, path)?, last)
    } else {
        node_hash(last, &root_of_path(leaf, index - half, size - half, path)?)
    })
}

/// The old and the new root that `SUBPROOF` leads to, by its definition.
fn roots_of_subproof(
    old: u64,
    size: u64,
    is_whole: bool,
    old_root: Hash,
    path: &[Hash],
) -> Option<(Hash, Hash)> {
    if old == size {
        return match path {
            [] if is_whole => Some((old_root, old_root)),
            [node] if !is_whole => Some((*node, *node)),
            _ => None,
        };
    }
    let (last, path) = path.split_last()?;
    let half = split(size);
    Some(if old <= half {
        let (old, new) = roots_of_subproof(old, half, is_whole, old_root, path)?;
        (old, node_hash(&new, last))
    } else {
        let (old, new) = roots_of_subproof(old - half, size - half, false, old_root, path)?;
        (node_hash(last, &old), node_hash(last, &new))
    })
}

/// All leaves in memory.
struct Leaves<'a>(&'a [Hash]);

impl Hashes for Leaves<'_> {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        let start = (index << level) as usize;
        Ok(root(&self.0[start..start + (1 << level)]))
    }
}

fn hash(random: &mut Random) -> Hash {
    leaf_hash(&random.number().to_le_bytes())
}

fn check(random: &mut Random) -> u64 {
    let size = match random.below(16) {
        0 => random.below(700),
        1..4 => random.below(80),
        _ => 1 + random.below(20),
    };
    let leaves: Vec<Hash> = (0..size).map(|_| hash(random)).collect();
    let mut tree = Tree::new();
    for leaf in &leaves {
        tree.push(*leaf);
    }
    let whole = root(&leaves);
    assert_eq!(tree.root(), whole);
    let Ok(resumed) = Tree::resume(&Leaves(&leaves), size as u64);
    assert_eq!(resumed, tree);

    let mut count = 1;
    for _ in 0..4 {
        let index = random.below(size);
        let Ok(proof) = inclusion_path(&Leaves(&leaves), index as u64, size as u64);
        if size == 0 {
            assert_eq!(proof, None);
            continue;
        }
        let proof = proof.unwrap();
        assert_eq!(proof, path(index, &leaves));
        let found = root_from_inclusion(leaves[index], index as u64, size as u64, &proof);
        assert_eq!(found, Some(whole));
        count += 1 + changed_inclusion(leaves[index], index as u64, size as u64, &proof, random);

        let old = random.below(size + 1);
        let Ok(proof) = consistency_path(&Leaves(&leaves), old as u64, size as u64);
        let proof = proof.unwrap();
        let old_root = root(&leaves[..old]);
        if old > 0 {
            assert_eq!(proof, subproof(old, &leaves, true));
        }
        let (old, size) = (old as u64, size as u64);
        assert!(is_consistent(old, &old_root, size, &whole, &proof));
        count += 1 + changed_consistency(old, old_root, size, &proof, random);
    }
    count + check_tiles(&leaves, random)
}

/// Changes a path, its length too.
fn change(path: &mut Vec<Hash>, random: &mut Random) {
    let at = random.below(path.len());
    match random.below(6) {
        0 => path.push(hash(random)),
        1 => {
            path.pop();
        }
        2 if !path.is_empty() => path[at][random.below(32)] ^= 1 << random.below(8),
        3 if !path.is_empty() => {
            path.remove(at);
        }
        4 if !path.is_empty() => {
            let other = random.below(path.len());
            path.swap(at, other);
        }
        _ => {}
    }
}

/// A number near this one, or any.
fn near(number: u64, random: &mut Random) -> u64 {
    match random.below(8) {
        0..4 => number,
        4 => number.saturating_add(1),
        5 => number.saturating_sub(1),
        6 => random.number() >> random.below(64),
        _ => number ^ (1 << random.below(8)),
    }
}

fn changed_inclusion(leaf: Hash, index: u64, size: u64, path: &[Hash], random: &mut Random) -> u64 {
    for _ in 0..6 {
        let (index, size) = (near(index, random), near(size, random));
        let mut path = path.to_vec();
        change(&mut path, random);
        let found = root_from_inclusion(leaf, index, size, &path);
        assert_eq!(
            found,
            root_of_path(leaf, index, size, &path),
            "{index} of {size}: {path:?}"
        );
    }
    6
}

fn changed_consistency(
    old: u64,
    old_root: Hash,
    size: u64,
    path: &[Hash],
    random: &mut Random,
) -> u64 {
    for _ in 0..6 {
        let (old, size) = (near(old, random), near(size, random));
        let mut path = path.to_vec();
        change(&mut path, random);
        let roots = if old == 0 || old > size {
            None
        } else {
            roots_of_subproof(old, size, true, old_root, &path)
        };
        // The roots that this path is one for, if it is one, and others.
        let (of_old, of_new) = roots.unwrap_or((old_root, hash(random)));
        let is_proof = if old == 0 {
            path.is_empty() && of_old == EMPTY_ROOT
        } else {
            roots.is_some()
        };
        let shown = format_args!("{old} of {size}: {path:?}");
        let found = is_consistent(old, &of_old, size, &of_new, &path);
        // A path that repeats the old root is none where that is a node of the tree.
        assert_eq!(found, is_proof, "{shown}");
        if old > 0 {
            let other = hash(random);
            assert!(!is_consistent(old, &other, size, &of_new, &path), "{shown}");
            assert!(!is_consistent(old, &of_old, size, &other, &path), "{shown}");
        }
    }
    6
}

/// Nodes that are found in tiles.
fn check_tiles(leaves: &[Hash], random: &mut Random) -> u64 {
    let size = leaves.len() as u64;
    for _ in 0..4 {
        // The lowest tiles, of which a tree as small as these has few others.
        let level = random.below(8);
        let index = random.below((leaves.len() >> level) + 2) as u64;
        let end = (index as usize + 1) << level;
        let place = Place::of_node(level as u8, index, size);
        assert_eq!(
            place.is_some(),
            end <= leaves.len(),
            "{level} {index} {size}"
        );
        let Some(place) = place else { continue };
        let first = place.tile.index as usize * 256;
        let tile = leaves[first..first + place.tile.byte_len() / 32].concat();
        let start = end - (1 << level);
        assert_eq!(place.node_in(&tile), Some(root(&leaves[start..end])));
        assert_eq!(place.node_in(&tile[..place.hashes.end * 32 - 1]), None);
    }
    4
}
