//! What verifying finds.

use core::fmt::{self, Display};
use std::path::PathBuf;

use crate::error::Place;
use crate::note::NoteError;
use crate::record::RecordError;
use crate::tile::Tile;

/// The most faults that are told one by one.
pub(super) const MOST_FAULTS: usize = 1000;

/// What came of verifying.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
    /// The name of the log.
    pub origin: String,
    /// How many records the checkpoint covers.
    pub size: u64,
    /// How many of them were read and are the ones that were signed.
    pub proved: u64,
    /// How many were not read, and stand in the tree as the tiles have them.
    pub from_tiles: u64,
    /// The keys of signatures that nobody has verified, such as a witness's.
    pub unverified: Vec<String>,
    /// What is wrong, in the order of the records; the first thousand of it.
    pub faults: Vec<Fault>,
    /// How many faults there are besides.
    pub more_faults: u64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        self.faults.is_empty()
    }

    pub(super) fn add(&mut self, fault: Fault) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(fault);
        } else {
            self.more_faults += 1;
        }
    }
}

/// Something that is wrong with a journal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Fault {
    /// The checkpoint is not signed by the log. Nothing has been looked at besides.
    Signature {
        /// The file.
        checkpoint: PathBuf,
        /// What is wrong with its signatures.
        source: NoteError,
    },
    /// Bytes are not a record.
    Damaged {
        /// Where they are.
        place: Place,
        /// What is wrong with them; `None` if it is the length before the record.
        reason: Option<RecordError>,
    },
    /// A record is another one than was signed.
    Changed {
        /// Where it is.
        place: Place,
    },
    /// A record has a number that does not belong where it is.
    OutOfPlace {
        /// Where it is, with the number that it should have.
        place: Place,
        /// The number that it has.
        found: u64,
    },
    /// Records are not there.
    Missing {
        /// The number of the first.
        first: u64,
        /// The number of the last.
        last: u64,
    },
    /// It cannot be told whether these records are the ones that were signed: they do not
    /// agree with the tiles, and neither leads to the root.
    NotProved {
        /// The number of the first.
        first: u64,
        /// The number of the last.
        last: u64,
    },
    /// A tile is missing or wrong. Opening the journal computes those again that lie in
    /// its last segment.
    Tile {
        /// Which.
        tile: Tile,
    },
    /// The records and the tiles agree, and are not what was signed.
    Root,
    /// The checkpoint kept elsewhere is not signed by the log.
    OtherSignature {
        /// What is wrong with its signatures.
        source: NoteError,
    },
    /// The checkpoint kept elsewhere is of another log.
    OtherLog {
        /// The origin that it names.
        origin: String,
    },
    /// The checkpoint kept elsewhere covers more records: the end has been cut off.
    CutOff {
        /// How many records it covers.
        signed: u64,
    },
    /// The checkpoint kept elsewhere has another history: records that it covers have
    /// been changed, and signed again.
    OtherHistory {
        /// How many records it covers.
        signed: u64,
    },
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Signature { checkpoint, source } => {
                write!(f, "{}: {source}", checkpoint.display())
            }
            Self::Damaged { place, reason } => match reason {
                Some(reason) => write!(f, "{place}: {reason}"),
                None => write!(f, "{place}: damaged length"),
            },
            Self::Changed { place } => write!(f, "{place}: not the record that was signed"),
            Self::OutOfPlace { place, found } => {
                write!(f, "{place}: record {found} in its place")
            }
            Self::Missing { first, last } if first == last => {
                write!(f, "record {first} is missing")
            }
            Self::Missing { first, last } => write!(f, "records {first} to {last} are missing"),
            Self::NotProved { first, last } => write!(
                f,
                "records {first} to {last}: neither they nor the tiles lead to the signed root"
            ),
            Self::Tile { tile } => write!(f, "{tile}: missing or wrong"),
            Self::Root => f.write_str("the records are not those that were signed"),
            Self::OtherSignature { source } => {
                write!(f, "the checkpoint kept elsewhere: {source}")
            }
            Self::OtherLog { origin } => {
                write!(
                    f,
                    "the checkpoint kept elsewhere is of another log, {origin:?}"
                )
            }
            Self::CutOff { signed } => write!(
                f,
                "the checkpoint kept elsewhere covers {signed} records: the end was cut off"
            ),
            Self::OtherHistory { signed } => write!(
                f,
                "the first {signed} records are not those of the checkpoint kept elsewhere"
            ),
        }
    }
}

impl Fault {
    /// The record that it is about, or begins with.
    pub(super) fn first(&self) -> u64 {
        match self {
            Self::Damaged { place, .. }
            | Self::Changed { place }
            | Self::OutOfPlace { place, .. } => place.sequence,
            Self::Missing { first, .. } | Self::NotProved { first, .. } => *first,
            Self::Tile { .. } => u64::MAX,
            _ => 0,
        }
    }
}
