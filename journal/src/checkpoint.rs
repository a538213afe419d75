//! Checkpoints: what a log was like, signed (C2SP tlog-checkpoint).

use core::fmt::{self, Display};
use core::str::FromStr;
use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::{Signer, Verifier};
use crate::note::{Note, NoteError, Verified};
use crate::tree::Hash;

/// The size and the root of a log's tree, signed. `FromStr` and `Display` are the
/// signed note, byte for byte; lines of other signers and extension lines are kept.
///
/// **A checkpoint that was parsed has not been verified**; see
/// [`verify`](Self::verify).
///
/// ```
/// use lokryn_journal::checkpoint::Checkpoint;
/// use lokryn_journal::key::Signer;
/// use lokryn_journal::tree::EMPTY_ROOT;
///
/// let signer = Signer::generate("example.com/audit")?;
/// let text = Checkpoint::sign(0, EMPTY_ROOT, &signer)?.to_string();
/// assert!(text.starts_with("example.com/audit\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— "));
///
/// let checkpoint: Checkpoint = text.parse()?;
/// checkpoint.verify(&[signer.verifier().clone()])?;
/// assert_eq!(checkpoint.size(), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    note: Note,
    size: u64,
    root: Hash,
}

impl Checkpoint {
    /// Signs the tree of `size` leaves that has this root. Its origin is the key's name.
    ///
    /// Sign only a tree that extends the last one signed.
    ///
    /// # Errors
    ///
    /// Those of [`Note::sign`].
    pub fn sign(size: u64, root: Hash, signer: &Signer) -> Result<Self, NoteError> {
        let origin = signer.verifier().name();
        let text = format!("{origin}\n{size}\n{}\n", STANDARD.encode(root));
        let note = Note::sign(text, signer)?;
        Ok(Self { note, size, root })
    }

    /// Returns the name of the log.
    #[must_use]
    pub fn origin(&self) -> &str {
        self.note.text().lines().next().unwrap_or_default()
    }

    /// Returns the number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Returns the root of the tree.
    #[must_use]
    pub fn root(&self) -> &Hash {
        &self.root
    }

    /// Returns the note with all its signatures.
    #[must_use]
    pub fn note(&self) -> &Note {
        &self.note
    }

    /// Checks the signatures of the keys that are known, one of which has to be the
    /// log's own: a key whose name is the origin.
    ///
    /// # Errors
    ///
    /// Those of [`Note::verify`], [`NoteError::NoKnownKey`] also if only others signed.
    pub fn verify(&self, known: &[Verifier]) -> Result<Verified<'_>, NoteError> {
        let verified = self.note.verify(known)?;
        let is_own = |name: &str| name == self.origin();
        if !verified.signatures.iter().any(|s| is_own(s.name())) {
            return Err(NoteError::NoKnownKey);
        }
        Ok(verified)
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let note: Note = text.parse().map_err(CheckpointError::Note)?;
        let mut lines = note.text().split_terminator('\n');
        let mut next = || lines.next().unwrap_or_default();
        if next().is_empty() {
            return Err(CheckpointError::Origin);
        }
        let size = parse_decimal(next()).ok_or(CheckpointError::Size)?;
        let root = parse_hash(next()).ok_or(CheckpointError::Root)?;
        if lines.any(str::is_empty) {
            return Err(CheckpointError::Extension);
        }
        Ok(Self { note, size, root })
    }
}

impl Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.note, f)
    }
}

/// Parses a decimal number without leading zeros.
pub(crate) fn parse_decimal(text: &str) -> Option<u64> {
    let is_canonical = text == "0" || !text.starts_with(['0', '+']);
    text.parse().ok().filter(|_| is_canonical)
}

/// Parses a hash in base64.
pub(crate) fn parse_hash(text: &str) -> Option<Hash> {
    STANDARD.decode(text).ok()?.try_into().ok()
}

/// The error of parsing a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It is not a signed note.
    Note(NoteError),
    /// The first line, the origin, is empty.
    Origin,
    /// The second line is not the size, a decimal number.
    Size,
    /// The third line is not the root, a hash of 32 bytes in base64.
    Root,
    /// A line after those is empty.
    Extension,
}

impl Display for CheckpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(err) => Display::fmt(err, f),
            Self::Origin => f.write_str("no origin in line 1 of a checkpoint"),
            Self::Size => f.write_str("no tree size in line 2 of a checkpoint"),
            Self::Root => f.write_str("no root hash in line 3 of a checkpoint"),
            Self::Extension => f.write_str("empty extension line in a checkpoint"),
        }
    }
}

impl Error for CheckpointError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Note(err) => Some(err),
            _ => None,
        }
    }
}
