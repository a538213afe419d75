//! A folder of audit log entries, kept as a transparency log.

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
