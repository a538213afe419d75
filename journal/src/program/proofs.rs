//! The verbs that make proofs and check them.

use std::fmt::{self, Display};
use std::fs;
use std::io::Read as _;
use std::path::Path;

use lokryn_journal::tile::TileFolder;
use lokryn_journal::tree::Hashes as _;
use lokryn_journal::{
    Checkpoint, ConsistencyProof, InclusionProof, LIMIT_MAX_RECORD_LEN, Verifier,
};

use super::{Done, Failure, checkpoint_of, finding, parse, print, wrong_use};

pub(crate) fn prove_inclusion(dir: &Path, sequence: u64, known: &[Verifier]) -> Done {
    let checkpoint = checkpoint_of(dir, known)?;
    let size = checkpoint.size();
    if sequence >= size {
        let message = format!("no record {sequence} below the checkpoint, which has {size}");
        return Err(Failure::Use(message));
    }
    let tiles = TileFolder::new(dir, size);
    let proof = InclusionProof::new(checkpoint, sequence, &tiles)
        .map_err(|err| finding(dir.display(), err))?;
    let leaf = tiles
        .node(0, sequence)
        .map_err(|err| finding(dir.display(), err))?;
    proof
        .verify_hash(leaf, known)
        .map_err(|err| finding(dir.join("tile").display(), err))?;
    print(&proof)
}

pub(crate) fn prove_consistency(dir: &Path, old: &Path, known: &[Verifier]) -> Done {
    let old_checkpoint: Checkpoint = parse(old)?;
    let checkpoint = checkpoint_of(dir, known)?;
    let tiles = TileFolder::new(dir, checkpoint.size());
    let proof = ConsistencyProof::new(checkpoint, old_checkpoint.size(), &tiles)
        .map_err(|err| finding(dir.display(), err))?;
    proof
        .verify(&old_checkpoint, known)
        .map_err(|err| finding(old.display(), err))?;
    print(&proof)
}

pub(crate) fn check_inclusion(proof: &Path, record: &Path, known: &[Verifier]) -> Done {
    let inclusion: InclusionProof = parse(proof)?;
    let record = read_record(record)?;
    inclusion
        .verify(&record, known)
        .map_err(|err| finding(proof.display(), err))?;
    let checkpoint = inclusion.checkpoint();
    print(&format_args!(
        "record {} of {}, whose checkpoint has {} records\n{}",
        inclusion.index(),
        checkpoint.origin(),
        checkpoint.size(),
        Unverified(checkpoint, known),
    ))
}

pub(crate) fn check_consistency(proof: &Path, old: &Path, known: &[Verifier]) -> Done {
    let consistency: ConsistencyProof = parse(proof)?;
    consistency
        .verify(&parse(old)?, known)
        .map_err(|err| finding(proof.display(), err))?;
    let checkpoint = consistency.checkpoint();
    print(&format_args!(
        "the first {} of {} records of {} have not changed\n{}",
        consistency.old_size(),
        checkpoint.size(),
        checkpoint.origin(),
        Unverified(checkpoint, known),
    ))
}

/// A line for each signature of a key that is not known.
struct Unverified<'a>(&'a Checkpoint, &'a [Verifier]);

impl Display for Unverified<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verified = self.0.verify(self.1).map_err(|_| fmt::Error)?;
        let mut unverified = verified.unverified.iter();
        unverified.try_for_each(|s| writeln!(f, "not verified: the signature of {}", s.key()))
    }
}

/// Reads a record from a file, as much as one can have.
fn read_record(path: &Path) -> Done<Vec<u8>> {
    let mut record = Vec::new();
    let max = LIMIT_MAX_RECORD_LEN as u64;
    let read = fs::File::open(path).and_then(|file| file.take(max + 1).read_to_end(&mut record));
    read.map_err(|err| wrong_use(path.display(), err))?;
    if record.len() as u64 > max {
        return Err(wrong_use(path.display(), "longer than any record"));
    }
    Ok(record)
}
