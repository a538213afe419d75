//! Proofs that can be kept and checked without the log.

use core::fmt::{self, Display};
use core::str::FromStr;
use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::checkpoint::{Checkpoint, CheckpointError, parse_decimal, parse_hash};
use crate::error::Closed;
use crate::key::Verifier;
use crate::note::NoteError;
use crate::tile::TileError;
use crate::tree::{
    Hash, Hashes, consistency_path, inclusion_path, is_consistent, leaf_hash, root_from_inclusion,
};

/// The first line of an inclusion proof.
const HEADER: &str = "c2sp.org/tlog-proof@v1";
/// The most hashes that a path takes in a tree of less than 2^64 leaves.
const MAX_PATH: usize = 64;

/// The proof that a record is in the log. `FromStr` and `Display` are the standard's
/// text (C2SP tlog-proof), which is kept in files `.tlog-proof`.
///
/// ```
/// use lokryn_journal::checkpoint::Checkpoint;
/// use lokryn_journal::key::Signer;
/// use lokryn_journal::proof::InclusionProof;
/// use lokryn_journal::tree::{Tree, leaf_hash};
///
/// let signer = Signer::generate("example.com/audit")?;
/// let mut tree = Tree::new();
/// tree.push(leaf_hash(b"a record"));
/// let checkpoint = Checkpoint::sign(tree.size(), tree.root(), &signer)?;
///
/// // A tree of one leaf needs no hashes beside it.
/// let text = format!("c2sp.org/tlog-proof@v1\nindex 0\n\n{checkpoint}");
/// let proof: InclusionProof = text.parse()?;
/// proof.verify(b"a record", &[signer.verifier().clone()])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InclusionProof {
    extra: Option<Vec<u8>>,
    index: u64,
    path: Vec<Hash>,
    checkpoint: Checkpoint,
}

impl InclusionProof {
    /// Proves that leaf `index` is in the tree of the checkpoint. What the hashes say
    /// is not checked; [`verify`](Self::verify) the proof before giving it away.
    ///
    /// # Errors
    ///
    /// [`ProofError::Index`] if the tree has no such leaf; those of `hashes`, as
    /// [`ProofError::Hashes`].
    pub fn new<H: Hashes>(
        checkpoint: Checkpoint,
        index: u64,
        hashes: &H,
    ) -> Result<Self, ProofError<H::Error>> {
        let size = checkpoint.size();
        let path = inclusion_path(hashes, index, size)
            .map_err(ProofError::Hashes)?
            .ok_or(ProofError::Index { index, size })?;
        Ok(Self {
            extra: None,
            index,
            path,
            checkpoint,
        })
    }

    /// Returns the sequence number of the record.
    #[must_use]
    pub fn index(&self) -> u64 {
        self.index
    }

    /// Returns the hashes beside the way from the leaf to the root.
    #[must_use]
    pub fn path(&self) -> &[Hash] {
        &self.path
    }

    /// Returns the checkpoint that the proof leads to.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Returns the extra data of the proof. Nothing vouches for it.
    #[must_use]
    pub fn extra(&self) -> Option<&[u8]> {
        self.extra.as_deref()
    }

    /// Shows that the log of these keys has a record of exactly these bytes, without
    /// the length before them, at [`index`](Self::index).
    ///
    /// # Errors
    ///
    /// [`ProofError::Checkpoint`] if no known key of the log signed;
    /// [`ProofError::Root`] if it is another record, another place or another log.
    pub fn verify(&self, record: &[u8], known: &[Verifier]) -> Result<(), ProofError> {
        self.verify_hash(leaf_hash(record), known)
    }

    /// Shows that the log of these keys has a record with this leaf hash at
    /// [`index`](Self::index), for whoever does not have the record.
    ///
    /// # Errors
    ///
    /// Those of [`verify`](Self::verify).
    pub fn verify_hash(&self, leaf: Hash, known: &[Verifier]) -> Result<(), ProofError> {
        self.checkpoint.verify(known)?;
        let size = self.checkpoint.size();
        let root = root_from_inclusion(leaf, self.index, size, &self.path);
        if root.as_ref() == Some(self.checkpoint.root()) {
            Ok(())
        } else {
            Err(ProofError::Root)
        }
    }
}

impl FromStr for InclusionProof {
    type Err = ProofError;

    fn from_str(text: &str) -> Result<Self, ProofError> {
        let mut lines = Lines {
            rest: text,
            read: 0,
        };
        if lines.next()? != HEADER {
            return Err(lines.malformed());
        }
        let mut line = lines.next()?;
        let mut extra = None;
        if let Some(base64) = line.strip_prefix("extra ") {
            extra = Some(STANDARD.decode(base64).map_err(|_| lines.malformed())?);
            line = lines.next()?;
        }
        let index = line.strip_prefix("index ").and_then(parse_decimal);
        let index = index.ok_or_else(|| lines.malformed())?;
        let path = lines.path()?;
        let checkpoint: Checkpoint = lines.rest.parse().map_err(ProofError::Checkpoint)?;
        let size = checkpoint.size();
        if index >= size {
            return Err(ProofError::Index { index, size });
        }
        Ok(Self {
            extra,
            index,
            path,
            checkpoint,
        })
    }
}

impl Display for InclusionProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", STANDARD.encode(extra))?;
        }
        writeln!(f, "index {}", self.index)?;
        write_path(f, &self.path)?;
        Display::fmt(&self.checkpoint, f)
    }
}

/// The proof that the log of a checkpoint begins with the log of an older one: that
/// nothing was changed or cut off in between. `FromStr` and `Display` are the body of
/// a witness's `add-checkpoint` request (C2SP tlog-witness), to be posted as it is.
///
/// ```
/// use lokryn_journal::checkpoint::Checkpoint;
/// use lokryn_journal::key::Signer;
/// use lokryn_journal::proof::ConsistencyProof;
/// use lokryn_journal::tree::{Tree, leaf_hash};
///
/// let signer = Signer::generate("example.com/audit")?;
/// let mut tree = Tree::new();
/// tree.push(leaf_hash(b"one"));
/// let old = Checkpoint::sign(tree.size(), tree.root(), &signer)?;
/// tree.push(leaf_hash(b"two"));
/// let new = Checkpoint::sign(tree.size(), tree.root(), &signer)?;
///
/// // The old tree is the left half of the new one; what is beside it is the proof.
/// use base64::{Engine as _, engine::general_purpose::STANDARD};
/// let right = STANDARD.encode(leaf_hash(b"two"));
/// let proof: ConsistencyProof = format!("old 1\n{right}\n\n{new}").parse()?;
/// proof.verify(&old, &[signer.verifier().clone()])?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsistencyProof {
    old_size: u64,
    path: Vec<Hash>,
    checkpoint: Checkpoint,
}

impl ConsistencyProof {
    /// Proves that the tree of the checkpoint begins with that of `old_size` leaves.
    /// What the hashes say is not checked; [`verify`](Self::verify) the proof before
    /// giving it away.
    ///
    /// # Errors
    ///
    /// [`ProofError::Older`] if the checkpoint has fewer leaves; those of `hashes`, as
    /// [`ProofError::Hashes`].
    pub fn new<H: Hashes>(
        checkpoint: Checkpoint,
        old_size: u64,
        hashes: &H,
    ) -> Result<Self, ProofError<H::Error>> {
        let size = checkpoint.size();
        let path = consistency_path(hashes, old_size, size)
            .map_err(ProofError::Hashes)?
            .ok_or(ProofError::Older { old_size, size })?;
        Ok(Self {
            old_size,
            path,
            checkpoint,
        })
    }

    /// Returns how many leaves the older tree has.
    #[must_use]
    pub fn old_size(&self) -> u64 {
        self.old_size
    }

    /// Returns the hashes that lead from one root to the other.
    #[must_use]
    pub fn path(&self) -> &[Hash] {
        &self.path
    }

    /// Returns the newer checkpoint.
    #[must_use]
    pub fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// Shows that the log of the newer checkpoint begins with that of the older one.
    ///
    /// # Errors
    ///
    /// [`ProofError::Checkpoint`] if no known key of the log signed one of them;
    /// [`ProofError::OtherLog`] or [`ProofError::OldSize`] if the older one is not the
    /// one that the proof is about; [`ProofError::Root`] if the histories differ.
    pub fn verify(&self, old: &Checkpoint, known: &[Verifier]) -> Result<(), ProofError> {
        for checkpoint in [old, &self.checkpoint] {
            checkpoint.verify(known)?;
        }
        let (old_size, size) = (old.size(), self.checkpoint.size());
        if old.origin() != self.checkpoint.origin() {
            return Err(ProofError::OtherLog);
        }
        if old_size != self.old_size {
            let proved = self.old_size;
            return Err(ProofError::OldSize { proved, old_size });
        }
        if is_consistent(
            old_size,
            old.root(),
            size,
            self.checkpoint.root(),
            &self.path,
        ) {
            Ok(())
        } else {
            Err(ProofError::Root)
        }
    }
}

impl FromStr for ConsistencyProof {
    type Err = ProofError;

    fn from_str(text: &str) -> Result<Self, ProofError> {
        let mut lines = Lines {
            rest: text,
            read: 0,
        };
        let old_size = lines.next()?.strip_prefix("old ").and_then(parse_decimal);
        let old_size = old_size.ok_or_else(|| lines.malformed())?;
        let path = lines.path()?;
        let checkpoint: Checkpoint = lines.rest.parse().map_err(ProofError::Checkpoint)?;
        let size = checkpoint.size();
        if old_size > size {
            return Err(ProofError::Older { old_size, size });
        }
        Ok(Self {
            old_size,
            path,
            checkpoint,
        })
    }
}

impl Display for ConsistencyProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old_size)?;
        write_path(f, &self.path)?;
        Display::fmt(&self.checkpoint, f)
    }
}

/// Writes the hashes and the empty line after them.
fn write_path(f: &mut fmt::Formatter<'_>, path: &[Hash]) -> fmt::Result {
    for hash in path {
        writeln!(f, "{}", STANDARD.encode(hash))?;
    }
    writeln!(f)
}

/// The lines of a proof before its checkpoint.
struct Lines<'a> {
    rest: &'a str,
    read: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a str, ProofError> {
        self.read += 1;
        let (line, rest) = self.rest.split_once('\n').ok_or(self.malformed())?;
        self.rest = rest;
        Ok(line)
    }

    fn path(&mut self) -> Result<Vec<Hash>, ProofError> {
        let mut path = Vec::new();
        loop {
            let line = self.next()?;
            if line.is_empty() {
                return Ok(path);
            }
            if path.len() == MAX_PATH {
                return Err(self.malformed());
            }
            path.push(parse_hash(line).ok_or_else(|| self.malformed())?);
        }
    }

    /// The error of the line that was read last.
    fn malformed(&self) -> ProofError {
        ProofError::Malformed { line: self.read }
    }
}

/// The error of making, parsing or verifying a proof. `E` is that of the hashes that
/// it is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProofError<E = core::convert::Infallible> {
    /// A line has not the form that it should have.
    Malformed {
        /// Which line of the proof, from 1.
        line: usize,
    },
    /// A checkpoint is malformed, or not signed by the log.
    Checkpoint(CheckpointError),
    /// The tree of the checkpoint has no such leaf.
    Index {
        /// The index of the leaf.
        index: u64,
        /// How many leaves the tree has.
        size: u64,
    },
    /// The checkpoint that should be the newer one has fewer leaves.
    Older {
        /// How many leaves the older tree has.
        old_size: u64,
        /// How many leaves the checkpoint has.
        size: u64,
    },
    /// The proof begins with another size than the older checkpoint has.
    OldSize {
        /// The size that the proof begins with.
        proved: u64,
        /// The size of the older checkpoint.
        old_size: u64,
    },
    /// The checkpoints are of two logs.
    OtherLog,
    /// The hashes do not lead to the signed root.
    Root,
    /// The hashes that the proof consists of could not be had.
    Hashes(E),
}

impl<E: Display> Display for ProofError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed { line } => write!(f, "malformed line {line} of a proof"),
            Self::Checkpoint(err) => Display::fmt(err, f),
            Self::Index { index, size } => write!(f, "no leaf {index} in a tree of {size} leaves"),
            Self::Older { old_size, size } => {
                write!(
                    f,
                    "checkpoint of {size} leaves is older than one of {old_size}"
                )
            }
            Self::OldSize { proved, old_size } => write!(
                f,
                "proof from {proved} leaves does not fit a checkpoint of {old_size}"
            ),
            Self::OtherLog => f.write_str("checkpoints of two different logs"),
            Self::Root => f.write_str("hashes do not lead to the signed root"),
            Self::Hashes(err) => Display::fmt(err, f),
        }
    }
}

impl<E: Error + 'static> Error for ProofError<E> {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Checkpoint(err) => Some(err),
            Self::Hashes(err) => Some(err),
            _ => None,
        }
    }
}

impl From<NoteError> for ProofError {
    fn from(err: NoteError) -> Self {
        Self::Checkpoint(CheckpointError::Note(err))
    }
}

/// The error of a journal that proves something.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProveError {
    /// The journal is closed, and had not signed what is to be proved.
    Closed(Closed),
    /// The tiles do not give the proof.
    Tiles(ProofError<TileError>),
    /// What they give does not hold: a tile is damaged, or what should be proved is not
    /// so.
    Wrong(ProofError),
}

impl Display for ProveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed(err) => Display::fmt(err, f),
            Self::Tiles(err) => Display::fmt(err, f),
            Self::Wrong(err) => Display::fmt(err, f),
        }
    }
}

impl Error for ProveError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Closed(err) => Some(err),
            Self::Tiles(err) => Some(err),
            Self::Wrong(err) => Some(err),
        }
    }
}

impl From<Closed> for ProveError {
    fn from(err: Closed) -> Self {
        Self::Closed(err)
    }
}

impl From<ProofError<TileError>> for ProveError {
    fn from(err: ProofError<TileError>) -> Self {
        Self::Tiles(err)
    }
}

impl From<TileError> for ProveError {
    fn from(err: TileError) -> Self {
        Self::Tiles(ProofError::Hashes(err))
    }
}

impl From<ProofError> for ProveError {
    fn from(err: ProofError) -> Self {
        Self::Wrong(err)
    }
}
