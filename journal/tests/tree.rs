//! Roots and proofs are those of another implementation, from memory and from tiles.

mod common;

use std::convert::Infallible;
use std::fs;
use std::path::Path;

use common::scratch;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use lokryn_journal::tile::{Bundle, Place, Tile, TileError, TileFolder};
use lokryn_journal::tree::{
    EMPTY_ROOT, Hash, Hashes, Tree, consistency_path, inclusion_path, is_consistent, leaf_hash,
    node_hash, range_root, root_from_inclusion,
};
use proptest::prelude::*;
use sha2::Sha256;

type Oracle = MemoryBackedTree<Sha256, Vec<u8>>;

/// Every complete node, as the tree hands them out.
#[derive(Default)]
struct Nodes {
    tree: Tree,
    levels: Vec<Vec<Hash>>,
}

impl Nodes {
    fn of(leaves: &[Vec<u8>]) -> Self {
        let mut nodes = Self::default();
        for leaf in leaves {
            let Self { tree, levels } = &mut nodes;
            tree.push_with(leaf_hash(leaf), |level, index, hash| {
                let level = usize::from(level);
                levels.resize(levels.len().max(level + 1), Vec::new());
                assert_eq!(levels[level].len() as u64, index, "level {level}");
                levels[level].push(*hash);
            });
        }
        nodes
    }

    /// Writes the tiles of the tree as it was with `size` leaves.
    fn write_tiles(&self, folder: &Path, size: u64) {
        for tile in Tile::all(size) {
            let start = usize::try_from(tile.index * 256).unwrap();
            let hashes = &self.levels[8 * usize::from(tile.level)][start..];
            let path = folder.join(tile.to_string());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, hashes[..usize::from(tile.width)].concat()).unwrap();
        }
    }
}

impl Hashes for Nodes {
    type Error = Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Infallible> {
        Ok(self.levels[usize::from(level)][usize::try_from(index).unwrap()])
    }
}

fn leaves(count: usize) -> Vec<Vec<u8>> {
    (0..count)
        .map(|i| format!("record {i}").into_bytes())
        .collect()
}

fn oracle(leaves: &[Vec<u8>]) -> Oracle {
    let mut oracle = Oracle::new();
    for leaf in leaves {
        oracle.push(leaf.clone());
    }
    oracle
}

#[test]
fn small_trees_are_those_of_ct_merkle() {
    let leaves = leaves(70);
    for size in 0..=leaves.len() {
        let oracle = oracle(&leaves[..size]);
        let nodes = Nodes::of(&leaves[..size]);
        let root = nodes.tree.root();
        let n = size as u64;
        if size > 0 {
            assert_eq!(root[..], oracle.root().as_bytes()[..], "size {size}");
        }
        assert_eq!(range_root(&nodes, 0, n), Ok(root), "size {size}");
        assert_eq!(
            Tree::resume(&nodes, n),
            Ok(nodes.tree.clone()),
            "size {size}"
        );
        for (index, leaf) in leaves[..size].iter().enumerate() {
            let path = inclusion_path(&nodes, index as u64, n).unwrap().unwrap();
            let expected = oracle.prove_inclusion(index);
            assert_eq!(path.concat(), expected.as_bytes(), "{index} of {size}");
            let shown = root_from_inclusion(leaf_hash(leaf), index as u64, n, &path);
            assert_eq!(shown, Some(root), "{index} of {size}");
        }
        for old in 1..size {
            let path = consistency_path(&nodes, old as u64, n).unwrap().unwrap();
            let expected = oracle.prove_consistency(size - old);
            assert_eq!(path.concat(), expected.as_bytes(), "{old} to {size}");
            let old_root = Nodes::of(&leaves[..old]).tree.root();
            let shown = is_consistent(old as u64, &old_root, n, &root, &path);
            assert!(shown, "{old} to {size}");
        }
    }
}

#[test]
fn the_empty_tree_begins_every_tree() {
    let nodes = Nodes::of(&leaves(3));
    assert_eq!(Tree::new().root(), EMPTY_ROOT);
    assert_eq!(consistency_path(&nodes, 0, 3), Ok(Some(vec![])));
    assert!(is_consistent(0, &EMPTY_ROOT, 3, &nodes.tree.root(), &[]));
    assert!(!is_consistent(0, &[0; 32], 3, &nodes.tree.root(), &[]));
}

#[test]
fn what_is_not_in_the_tree_has_no_path() {
    let nodes = Nodes::of(&leaves(3));
    assert_eq!(inclusion_path(&nodes, 3, 3), Ok(None));
    assert_eq!(consistency_path(&nodes, 4, 3), Ok(None));
    assert_eq!(root_from_inclusion(leaf_hash(b"x"), 3, 3, &[]), None);
}

/// The example of tlog-tiles, and proofs from its files.
#[test]
fn tiles_of_seventy_thousand_leaves() {
    let leaves = leaves(70_000);
    let nodes = Nodes::of(&leaves);
    let oracle = oracle(&leaves);
    let folder = scratch("tiles");
    nodes.write_tiles(&folder, 70_000);

    let edge: Vec<_> = Tile::right_edge(70_000).map(|t| t.to_string()).collect();
    assert_eq!(
        edge,
        ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1"]
    );
    assert_eq!(Tile::all(70_000).count(), 274 + 2 + 1);

    let tiles = TileFolder::new(&folder, 70_000);
    assert_eq!(Tree::resume(&tiles, 70_000).unwrap(), nodes.tree);
    for index in [0, 1, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999] {
        let path = inclusion_path(&tiles, index, 70_000).unwrap().unwrap();
        let expected = oracle.prove_inclusion(usize::try_from(index).unwrap());
        assert_eq!(path.concat(), expected.as_bytes(), "leaf {index}");
    }
    for old in [1, 255, 256, 257, 65_535, 65_536, 65_537, 69_888, 69_999] {
        let path = consistency_path(&tiles, old, 70_000).unwrap().unwrap();
        let expected = oracle.prove_consistency(usize::try_from(70_000 - old).unwrap());
        assert_eq!(path.concat(), expected.as_bytes(), "from {old}");
    }
    // An older checkpoint's partial tiles are gone, the full ones have their hashes.
    let older = TileFolder::new(&folder, 1000);
    let expected = Nodes::of(&leaves[..1000]).tree;
    assert_eq!(Tree::resume(&older, 1000).unwrap(), expected);
}

#[test]
fn a_damaged_tile_is_named() {
    let folder = scratch("damaged");
    Nodes::of(&leaves(300)).write_tiles(&folder, 300);
    let tiles = TileFolder::new(&folder, 300);
    fs::write(folder.join("tile/0/001.p/44"), [0; 40]).unwrap();
    let err = tiles.node(0, 299).unwrap_err();
    assert_eq!(err.to_string(), "tile/0/001.p/44: 40 bytes instead of 1408");
    fs::remove_file(folder.join("tile/0/000")).unwrap();
    let err = tiles.node(0, 0).unwrap_err();
    assert!(
        matches!(&err, TileError::Io { tile, .. } if tile.index == 0),
        "{err}"
    );
    let err = tiles.node(0, 300).unwrap_err();
    assert_eq!(
        err.to_string(),
        "no node 300 at level 0 in a tree of 300 leaves"
    );
}

/// The paths of tlog-tiles and of `tlog.Tile.Path` of golang.org/x/mod.
#[test]
fn paths() {
    for (tile, path) in [
        (Tile::new(0, 0, 256), "tile/0/000"),
        (Tile::new(3, 1000, 1), "tile/3/x001/000.p/1"),
        (Tile::new(0, 1_234_067, 256), "tile/0/x001/x234/067"),
        (Tile::new(0, 1_000_000, 9), "tile/0/x001/x000/000.p/9"),
        (
            Tile::new(7, u64::MAX, 256),
            "tile/7/x018/x446/x744/x073/x709/x551/615",
        ),
    ] {
        assert_eq!(tile.to_string(), path);
    }
    let bundle = Bundle {
        index: 1_234_067,
        width: 256,
    };
    assert_eq!(bundle.to_string(), "tile/entries/x001/x234/067");
}

#[test]
fn bundles_have_big_endian_lengths() {
    let mut bytes = Vec::new();
    Bundle::push(&mut bytes, &[7; 258]).unwrap();
    assert_eq!(bytes[..3], [1, 2, 7]);
    Bundle::push(&mut bytes, &vec![7; 65_535]).unwrap();
    let len = bytes.len();
    let err = Bundle::push(&mut bytes, &vec![7; 65_536]).unwrap_err();
    assert_eq!(
        err.to_string(),
        "entry of 65536 bytes exceeds the 65535 bytes of a bundle"
    );
    assert_eq!(bytes.len(), len);
}

#[test]
fn places_of_nodes() {
    // The root of 64 leaves is inside a tile, that of 256 is a hash one tile level up.
    let inside = Place::of_node(6, 5, 70_000).unwrap();
    assert_eq!(
        (inside.tile, inside.hashes),
        (Tile::new(0, 1, 256), 64..128)
    );
    let above = Place::of_node(8, 272, 70_000).unwrap();
    assert_eq!((above.tile, above.hashes), (Tile::new(1, 1, 17), 16..17));
    // Not complete yet, and levels that no tree has.
    assert_eq!(Place::of_node(7, 546, 70_000), None);
    assert_eq!(Place::of_node(63, 1, u64::MAX), None);
    assert_eq!(Place::of_node(255, 0, u64::MAX), None);
    assert_eq!(Place::of_node(7, u64::MAX, u64::MAX), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A proof with another leaf, index, size or hash leads nowhere.
    #[test]
    fn changed_proofs_do_not_verify(
        size in 2_u64..600,
        at in any::<prop::sample::Index>(),
        bit in any::<prop::sample::Index>(),
        from in any::<prop::sample::Index>(),
    ) {
        let leaves = leaves(usize::try_from(size).unwrap());
        let nodes = Nodes::of(&leaves);
        let root = nodes.tree.root();
        let index = at.index(leaves.len());
        let leaf = leaf_hash(&leaves[index]);
        let index = index as u64;
        let path = inclusion_path(&nodes, index, size).unwrap().unwrap();
        prop_assert_eq!(root_from_inclusion(leaf, index, size, &path), Some(root));
        prop_assert_ne!(root_from_inclusion(leaf_hash(b"x"), index, size, &path), Some(root));
        prop_assert_ne!(root_from_inclusion(leaf, index ^ 1, size, &path), Some(root));
        prop_assert_eq!(root_from_inclusion(leaf, index, size, &path[1..]), None);
        let flipped = flip(&path, bit);
        prop_assert_ne!(root_from_inclusion(leaf, index, size, &flipped), Some(root));

        let old = 1 + from.index(leaves.len() - 1);
        let old_root = Nodes::of(&leaves[..old]).tree.root();
        let old = old as u64;
        let path = consistency_path(&nodes, old, size).unwrap().unwrap();
        prop_assert!(is_consistent(old, &old_root, size, &root, &path));
        prop_assert!(!is_consistent(old, &[0; 32], size, &root, &path));
        prop_assert!(!is_consistent(old, &old_root, size, &[0; 32], &path));
        prop_assert!(!is_consistent(old, &old_root, size, &root, &path[1..]));
        let longer = [path.as_slice(), &[[0; 32]]].concat();
        prop_assert!(!is_consistent(old, &old_root, size, &root, &longer));
        prop_assert!(!is_consistent(old, &old_root, size, &root, &flip(&path, bit)));
    }

    /// Whatever the sizes, nothing overflows, and what is checked is bounded.
    #[test]
    fn any_numbers_are_safe(
        index: u64, size: u64, old: u64,
        path in prop::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let _ = root_from_inclusion([0; 32], index, size, &path);
        prop_assert!(!is_consistent(old, &[1; 32], size, &[2; 32], &path));
        for tile in Tile::right_edge(size) {
            prop_assert!((1..=256).contains(&tile.width), "{} of {}", tile, size);
        }
    }
}

fn flip(path: &[Hash], bit: prop::sample::Index) -> Vec<Hash> {
    let mut path = path.to_vec();
    let bit = bit.index(path.len() * 256);
    path[bit / 256][bit / 8 % 32] ^= 1 << (bit % 8);
    path
}

/// The roots of RFC 6962's reference implementation for its eight test leaves.
#[test]
fn reference_roots() {
    let leaves = [
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    ];
    let expected = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328";
    let mut tree = Tree::new();
    leaves
        .map(unhex)
        .iter()
        .for_each(|leaf| tree.push(leaf_hash(leaf)));
    assert_eq!(tree.root()[..], unhex(expected)[..]);
    assert_eq!(
        node_hash(&leaf_hash(b""), &leaf_hash(&[0]))[..],
        unhex("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125")[..]
    );
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |i| u8::from_str_radix(&text[i..i + 2], 16).unwrap();
    (0..text.len()).step_by(2).map(byte).collect()
}
