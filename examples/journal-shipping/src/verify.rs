//! What has arrived, against what was signed: for one journal, with its public key alone.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read as _};
use std::path::Path;

use lokryn_journal::tree::{Tree, leaf_hash};
use lokryn_journal::{Checkpoint, LIMIT_MAX_RECORD_LEN, Record, Verifier, note};

use crate::Result;

/// Reads rows of `sequence, record` in order of sequence, and the checkpoints that have
/// arrived, both as ClickHouse's `RowBinary` has them. Each checkpoint has to be signed,
/// and its root to be that of as many rows; so has one that was kept elsewhere.
pub fn run(key: &Path, checkpoints: &Path, kept: Option<&Path>) -> Result<()> {
    let key = Verifier::read(key)?;
    let mut checkpoints = read_checkpoints(checkpoints)?;
    if let Some(kept) = kept {
        checkpoints.push(fs::read_to_string(kept)?.parse()?);
    }
    checkpoints.sort_by_key(Checkpoint::size);
    let mut rows = Rows {
        source: io::stdin().lock(),
        tree: Tree::new(),
    };
    for checkpoint in &checkpoints {
        let (origin, size) = (checkpoint.origin(), checkpoint.size());
        let of = format!("the checkpoint of {size} records");
        if origin != key.name() {
            return Err(format!("{of} is of {origin}").into());
        }
        let signature = checkpoint.verify(std::slice::from_ref(&key));
        signature.map_err(|err| format!("{of}: {err}"))?;
        while rows.tree.size() < size {
            if !rows.read()? {
                return Err(
                    format!("record {} is missing, of {size} signed", rows.tree.size()).into(),
                );
            }
        }
        if rows.tree.root() != *checkpoint.root() {
            return Err(format!("the first {size} records are not those that were signed").into());
        }
    }
    let proved = checkpoints.last().map_or(0, Checkpoint::size);
    while rows.read()? {}
    println!(
        "{}: {proved} records are those that were signed, by {} checkpoints; {} beyond the last",
        key.name(),
        checkpoints.len(),
        rows.tree.size() - proved
    );
    Ok(())
}

fn read_checkpoints(path: &Path) -> Result<Vec<Checkpoint>> {
    let mut source = BufReader::new(File::open(path)?);
    let mut checkpoints = Vec::new();
    while !source.fill_buf()?.is_empty() {
        let text = read_string(&mut source, note::MAX_NOTE_LEN)?;
        checkpoints.push(String::from_utf8(text)?.parse()?);
    }
    Ok(checkpoints)
}

/// The rows, and the tree of those that were read.
struct Rows<R> {
    source: R,
    tree: Tree,
}

impl<R: BufRead> Rows<R> {
    /// Reads a row, if there is one. Its number and the record's have to be the next one.
    fn read(&mut self) -> Result<bool> {
        if self.source.fill_buf()?.is_empty() {
            return Ok(false);
        }
        let mut number = [0; 8];
        self.source.read_exact(&mut number)?;
        let number = u64::from_le_bytes(number);
        let bytes = read_string(&mut self.source, LIMIT_MAX_RECORD_LEN)?;
        let next = self.tree.size();
        if number > next {
            return Err(format!("record {next} is missing, before {number}").into());
        }
        if number < next {
            return Err(format!("there are two records {number}").into());
        }
        let record = Record::parse(&bytes).map_err(|err| format!("record {number}: {err}"))?;
        if record.sequence != number {
            return Err(format!("record {} as {number}", record.sequence).into());
        }
        self.tree.push(leaf_hash(&bytes));
        Ok(true)
    }
}

/// Reads a string of `RowBinary`: its length, a varint, and so many bytes.
fn read_string(source: &mut impl BufRead, max: usize) -> Result<Vec<u8>> {
    let (mut len, mut shift) = (0_u64, 0);
    loop {
        let mut byte = [0];
        source.read_exact(&mut byte)?;
        len |= u64::from(byte[0] & 0x7f) << shift;
        if byte[0] < 0x80 {
            break;
        }
        shift += 7;
        if shift > 28 {
            return Err("a string without an end".into());
        }
    }
    if len > max as u64 {
        return Err(format!("a string of {len} bytes, of at most {max}").into());
    }
    let mut bytes = Vec::new();
    source.take(len).read_to_end(&mut bytes)?;
    if bytes.len() as u64 != len {
        return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
    }
    Ok(bytes)
}
