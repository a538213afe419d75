//! The formats of a transparency log on disk: a Merkle tree in tiles, signed checkpoints,
//! and proofs that can be checked without the log.
//!
//! They are those of RFC 9162 and of the C2SP specifications, byte for byte, so that the
//! tools of others verify them. The log of audit entries that is to be kept in them, in
//! order, dated and on the disk, is not part of the package yet, so it is not published.

#![forbid(unsafe_code)]

pub mod checkpoint;
pub mod key;
pub mod note;
pub mod proof;
pub mod tile;
pub mod tree;

pub use checkpoint::Checkpoint;
pub use key::{Signer, Verifier};
pub use proof::{ConsistencyProof, InclusionProof};
