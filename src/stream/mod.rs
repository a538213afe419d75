//! Many entries in a file or a socket: length-delimited streams.
//!
//! Before each entry stands its length in bytes as a varint, the [framing that
//! protobuf's own libraries call delimited][delimited]. Python's
//! `google.protobuf.proto`, Java's `parseDelimitedFrom`, protobuf-es's
//! `sizeDelimitedDecodeStream` and ClickHouse's `Protobuf` format read such a
//! file as it is.
//!
//! [delimited]: https://protobuf.dev/programming-guides/techniques/#streaming
//!
//! ```
//! use std::io::BufReader;
//! use lokryn_compliance_log::stream::{LogReader, LogWriter};
//! # use lokryn_compliance_log::LogEntry;
//! # let entry = LogEntry { actor_id: "agent-001".into(), ..LogEntry::default() };
//!
//! let mut writer = LogWriter::new(Vec::new());
//! writer.write(&entry)?;
//! writer.write(&entry)?;
//!
//! let file = writer.into_inner();
//! for entry in LogReader::new(file.as_slice()) {
//!     println!("{}", entry?.actor_id);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # After a crash
//!
//! The writer hands each entry over in one piece, so a crash tears at most the
//! last one, and a power cut can leave zeros after it. [`recover`] makes such a file
//! fit to be appended to: it cuts off what is torn, keeps it beside the file, and
//! says what it found. Readers report the same places as [`ReadError::Truncated`]
//! and [`ReadError::Empty`].
//!
//! The framing has no checksum. A length that was damaged on the disk can claim the
//! entries that follow it, and then looks like a torn entry: [`Cut::holds_entry`]
//! says so. A log that must show every change is what the companion package
//! `lokryn-journal` keeps.
//!
//! # Forwarding
//!
//! A [`Frame`] holds an entry's own bytes beside its view. Pass those on, with
//! [`LogWriter::write_encoded`], rather than an entry encoded anew: decoding
//! drops fields that this version of the schema does not know.

#[cfg(feature = "tokio")]
pub mod codec;
mod error;
mod frame;
#[cfg(feature = "release-0-2")]
mod mixed;
mod reader;
mod recover;
mod writer;

pub use self::error::{RawEntry, ReadError, WriteError};
pub use self::frame::{DEFAULT_MAX_ENTRY_LEN, Frame};
#[cfg(feature = "release-0-2")]
pub use self::mixed::{MixedEntry, MixedReader, UndecidedEntry};
pub use self::reader::{LogReader, Views, views};
pub use self::recover::{Cut, Recovered, recover, recover_with_max_entry_len};
pub use self::writer::LogWriter;
