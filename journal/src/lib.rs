#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod batch;
mod beginning;
pub mod checkpoint;
#[doc(hidden)]
pub mod disk;
mod edge;
mod error;
mod export;
mod frames;
mod journal;
pub mod key;
pub mod note;
mod numbers;
mod opening;
mod options;
mod pipeline;
pub mod proof;
mod reader;
mod record;
mod scan;
mod segment;
mod select;
mod signing;
mod tail;
pub mod tile;
pub mod tree;
mod verify;
mod writer;

pub use checkpoint::Checkpoint;
pub use error::{AppendError, Closed, FileError, OpenError, Place};
pub use export::{ExportError, export};
pub use journal::{Journal, Receipt};
pub use key::{Signer, Verifier};
pub use opening::Opening;
pub use options::{DEFAULT_MAX_SEGMENT_LEN, Options};
pub use proof::{ConsistencyProof, InclusionProof, ProveError};
pub use reader::{JournalReader, Records, RecordsError};
pub use record::{DEFAULT_MAX_RECORD_LEN, LIMIT_MAX_RECORD_LEN, RECORD_PROTO, Record, RecordError};
#[doc(hidden)]
pub use segment::beside;
pub use tail::Cut;
pub use verify::{Fault, Report, Salvaged, Verification, VerifyError, salvage, verify};
