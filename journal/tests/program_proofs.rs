//! The verbs of the program that need no more than keys, checkpoints and tiles.
#![cfg(feature = "cli")]

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use common::scratch;
use lokryn_journal::tile::Tile;
use lokryn_journal::tree::{Tree, leaf_hash};
use lokryn_journal::{Checkpoint, Signer, Verifier};

/// A folder of a log with three records, and of when it had one.
struct Log {
    folder: PathBuf,
    signer: Signer,
}

impl Log {
    fn new(name: &str) -> Self {
        let folder = scratch(name);
        fs::create_dir_all(folder.join("audit/tile/0/000.p")).unwrap();
        let out = run(
            &["keygen", "audit.key", "--origin", "example.com/audit"],
            &folder,
        );
        assert_eq!(out.status.code(), Some(0), "{out:?}");
        fs::write(folder.join("audit.vkey"), &out.stdout).unwrap();
        let signer = Signer::read(folder.join("audit.key")).unwrap();

        let (mut tree, mut tile) = (Tree::new(), Vec::new());
        for record in ["one", "two", "three"] {
            fs::write(folder.join(record), record).unwrap();
            tree.push_with(leaf_hash(record.as_bytes()), |level, _, hash| {
                if level == 0 {
                    tile.extend_from_slice(hash);
                }
            });
            let checkpoint = Checkpoint::sign(tree.size(), tree.root(), &signer).unwrap();
            let name = format!("checkpoint-{}", tree.size());
            fs::write(folder.join(name), checkpoint.to_string()).unwrap();
        }
        let path = folder.join("audit").join(Tile::new(0, 0, 3).to_string());
        fs::write(path, tile).unwrap();
        fs::copy(folder.join("checkpoint-3"), folder.join("audit/checkpoint")).unwrap();
        Self { folder, signer }
    }

    /// Runs the program in the folder, and returns its status and what it said.
    #[track_caller]
    fn says(&self, args: &[&str], status: i32) -> String {
        let out = run(args, &self.folder);
        assert_eq!(out.status.code(), Some(status), "{args:?}: {out:?}");
        let said = if status == 0 { out.stdout } else { out.stderr };
        String::from_utf8(said).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.join(name), text).unwrap();
    }
}

fn run(args: &[&str], folder: &Path) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_lokryn-journal"));
    program.args(args).current_dir(folder).output().unwrap()
}

#[test]
fn keygen_writes_one_key_and_prints_the_other() {
    let log = Log::new("keygen");
    let vkey = fs::read_to_string(log.folder.join("audit.vkey")).unwrap();
    assert_eq!(
        vkey.trim_end().parse::<Verifier>().unwrap(),
        *log.signer.verifier()
    );
    let said = log.says(&["keygen", "audit.key"], 2);
    assert!(said.starts_with("lokryn-journal: audit.key: "), "{said}");
    let kept = Signer::read(log.folder.join("audit.key")).unwrap();
    assert_eq!(kept.to_text(), log.signer.to_text());
    let said = log.says(&["keygen", "other.key"], 0);
    assert!(said.starts_with("other-"), "{said}");
    let said = log.says(&["keygen", "third.key", "--origin", "a b"], 2);
    assert!(
        said.contains("key name is empty or has white space"),
        "{said}"
    );
}

#[test]
fn the_checkpoint_is_printed_if_it_is_the_logs() {
    let log = Log::new("checkpoint");
    let text = fs::read_to_string(log.folder.join("audit/checkpoint")).unwrap();
    assert_eq!(log.says(&["checkpoint", "audit"], 0), text);
    assert_eq!(
        log.says(&["checkpoint", "audit/", "--vkey", "audit.vkey"], 0),
        text
    );
    let vkey = log.signer.verifier().to_string();
    assert_eq!(log.says(&["checkpoint", "audit", "--vkey", &vkey], 0), text);

    log.write("audit/checkpoint", &text.replace("\n3\n", "\n2\n"));
    assert_eq!(
        log.says(&["checkpoint", "audit"], 1),
        "lokryn-journal: audit/checkpoint: wrong signature of example.com/audit\n"
    );
    fs::remove_file(log.folder.join("audit/checkpoint")).unwrap();
    assert_eq!(
        log.says(&["checkpoint", "audit"], 1),
        "lokryn-journal: audit/checkpoint: no checkpoint in the folder\n"
    );
    log.says(&["checkpoint", "nowhere"], 2);
    log.says(&["checkpoint"], 2);
}

#[test]
fn a_record_is_proved_and_checked_offline() {
    let log = Log::new("inclusion");
    log.write("proof", &log.says(&["prove", "audit", "1"], 0));
    let check = ["check", "proof", "--vkey", "audit.vkey", "--record"];
    assert_eq!(
        log.says(&[&check[..], &["two"]].concat(), 0),
        "record 1 of example.com/audit, whose checkpoint has 3 records\n"
    );
    assert_eq!(
        log.says(&[&check[..], &["three"]].concat(), 1),
        "lokryn-journal: proof: hashes do not lead to the signed root\n"
    );
    assert_eq!(
        log.says(&["prove", "audit", "3"], 2),
        "lokryn-journal: no record 3 below the checkpoint, which has 3\n"
    );
    log.says(&["prove", "audit"], 2);
}

#[test]
fn growth_is_proved_and_checked_offline() {
    let log = Log::new("consistency");
    log.write(
        "proof",
        &log.says(&["prove", "audit", "--consistency", "checkpoint-1"], 0),
    );
    let check = ["check", "proof", "--vkey", "audit.vkey", "--against"];
    assert_eq!(
        log.says(&[&check[..], &["checkpoint-1"]].concat(), 0),
        "the first 1 of 3 records of example.com/audit have not changed\n"
    );
    log.says(&[&check[..], &["checkpoint-2"]].concat(), 1);
    // A history that was edited and signed again with the right key.
    let forged = Checkpoint::sign(1, leaf_hash(b"forged"), &log.signer).unwrap();
    log.write("forged", &forged.to_string());
    assert_eq!(
        log.says(&["prove", "audit", "--consistency", "forged"], 1),
        "lokryn-journal: forged: hashes do not lead to the signed root\n"
    );
}

/// Every bit of a tile counts: no proof is printed that does not lead to the root.
#[test]
fn a_damaged_tile_gives_no_proof() {
    let log = Log::new("damaged");
    let path = log.folder.join("audit/tile/0/000.p/3");
    let tile = fs::read(&path).unwrap();
    for byte in 0..tile.len() {
        let mut damaged = tile.clone();
        damaged[byte] ^= 1;
        fs::write(&path, damaged).unwrap();
        assert_eq!(
            log.says(&["prove", "audit", "0"], 1),
            "lokryn-journal: audit/tile: hashes do not lead to the signed root\n",
            "byte {byte}"
        );
    }
}
