//! Writes a log's folder, as a journal exports it, for other implementations to check.
//!
//! `folder DIR KEY COUNT [OLDER]`: COUNT entries as tiles and bundles with a checkpoint
//! signed by KEY, the entries `DIR/<number>.entry` of a few, and in `DIR/older` the
//! checkpoint of when there were OLDER. With a third number, entry 0 is another one: a
//! history that was edited and signed again.

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::path::Path;

use lokryn_journal::tile::{Bundle, Tile};
use lokryn_journal::tree::{Tree, leaf_hash};
use lokryn_journal::{Checkpoint, Signer};

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [folder, key, count, rest @ ..] = args.as_slice() else {
        return Err("folder DIR KEY COUNT [OLDER [EDITED]]".into());
    };
    let (folder, signer, count) = (Path::new(folder), Signer::read(key)?, count.parse()?);
    let older: u64 = rest.first().map_or(Ok(0), |older| older.parse())?;
    let mut log = Log::default();
    for number in 0..count {
        let entry = match rest.get(1) {
            Some(edit) if number == 0 => format!("edited {edit}"),
            _ => format!("entry {number}"),
        };
        log.append(entry.as_bytes())?;
        if log.tree.size() == older {
            write(&folder.join("older"), log.checkpoint(&signer)?)?;
        }
        if number % 9999 == 0 || number + 1 == count {
            write(&folder.join(format!("{number}.entry")), entry)?;
        }
    }
    for (number, bundle) in log.bundles.iter().enumerate() {
        let index = number as u64;
        let width = u16::try_from((count - index * 256).min(256))?;
        write(&folder.join(Bundle { index, width }.to_string()), bundle)?;
    }
    for tile in Tile::all(count) {
        let start = usize::try_from(tile.index)? * 256 * 32;
        let bytes = &log.hashes[&tile.level][start..][..tile.byte_len()];
        write(&folder.join(tile.to_string()), bytes)?;
    }
    write(&folder.join("checkpoint"), log.checkpoint(&signer)?)
}

#[derive(Default)]
struct Log {
    tree: Tree,
    hashes: BTreeMap<u8, Vec<u8>>,
    bundles: Vec<Vec<u8>>,
}

impl Log {
    fn append(&mut self, entry: &[u8]) -> Result<(), Box<dyn Error>> {
        if self.tree.size().is_multiple_of(256) {
            self.bundles.push(Vec::new());
        }
        if let Some(bundle) = self.bundles.last_mut() {
            Bundle::push(bundle, entry)?;
        }
        let hashes = &mut self.hashes;
        self.tree.push_with(leaf_hash(entry), |level, _, hash| {
            if level.is_multiple_of(8) {
                hashes.entry(level / 8).or_default().extend(hash);
            }
        });
        Ok(())
    }

    fn checkpoint(&self, signer: &Signer) -> Result<String, Box<dyn Error>> {
        Ok(Checkpoint::sign(self.tree.size(), self.tree.root(), signer)?.to_string())
    }
}

fn write(path: &Path, bytes: impl AsRef<[u8]>) -> Result<(), Box<dyn Error>> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    Ok(fs::write(path, bytes)?)
}
