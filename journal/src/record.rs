//! Records: entries with their place and their time.

use core::fmt::{self, Debug, Display};
use std::error::Error;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lokryn_compliance_log::{DecodeError, LogEntryView};

/// The text of `record.proto`, the schema of records. It imports the crate's
/// [`PROTO`](lokryn_compliance_log::PROTO) as `lokryn/compliance/v1/log.proto`.
pub const RECORD_PROTO: &str = include_str!("../proto/lokryn/compliance/journal/v1/record.proto");

/// The longest record unless more is asked for, in bytes: what an entry bundle holds.
pub const DEFAULT_MAX_RECORD_LEN: usize = 65_535;
/// The longest record that can be asked for, in bytes.
pub const LIMIT_MAX_RECORD_LEN: usize = 4 * 1024 * 1024;

// The keys of the fields that a record has besides the entry's.
const SEQUENCE: [u8; 2] = [0xa0, 0x06]; // field 100, varint
const RECORDED_AT: [u8; 2] = [0xa9, 0x06]; // field 101, eight bytes
const CRC32C: [u8; 2] = [0xb5, 0x06]; // field 102, four bytes

/// How long the fields after the sequence number are.
const TIME_LEN: usize = 10;
pub(crate) const CRC_LEN: usize = 6;
/// The most bytes that a varint takes.
const MAX_VARINT_LEN: usize = 10;

/// An entry as the journal keeps it.
///
/// `Debug` prints the view, under its rule for payloads, and not the bytes.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Record<'a> {
    /// The place in the journal, from 0.
    pub sequence: u64,
    /// When the journal took the entry, by the clock of its machine.
    pub recorded_at: SystemTime,
    /// The entry.
    pub view: LogEntryView<'a>,
    /// The record's own bytes, without the length before them: the leaf of the tree.
    pub bytes: &'a [u8],
    entry_len: usize,
}

impl<'a> Record<'a> {
    /// Returns the bytes of the entry as it was appended.
    #[must_use]
    pub fn entry_bytes(&self) -> &'a [u8] {
        &self.bytes[..self.entry_len]
    }

    /// Parses a record.
    ///
    /// # Errors
    ///
    /// [`RecordError`]. None if it is as a journal writes it; whether it is the one
    /// that was written only its place in a signed tree can tell.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, RecordError> {
        Self::of(bytes, Stored::parse(bytes)?)
    }

    /// Decodes the entry of a record that has been parsed.
    #[inline]
    pub(crate) fn of(bytes: &'a [u8], stored: Stored) -> Result<Self, RecordError> {
        Ok(Self {
            sequence: stored.sequence,
            recorded_at: UNIX_EPOCH + Duration::from_nanos(stored.recorded_at),
            view: LogEntryView::decode(&bytes[..stored.entry_len])?,
            bytes,
            entry_len: stored.entry_len,
        })
    }
}

impl Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record")
            .field("sequence", &self.sequence)
            .field("recorded_at", &self.recorded_at)
            .field("view", &self.view)
            .field("len", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

/// What a record holds besides the entry, the checksum being right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) sequence: u64,
    /// In nanoseconds since 1970.
    pub(crate) recorded_at: u64,
    pub(crate) entry_len: usize,
}

impl Stored {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        let trailer = Trailer::ending(bytes).ok_or(RecordError::NoRecord)?;
        // There has to be a number after it.
        if trailer.sequence == u64::MAX {
            return Err(RecordError::NoRecord);
        }
        if crc32c::crc32c(&bytes[..bytes.len() - CRC_LEN]) != trailer.crc {
            return Err(RecordError::Checksum);
        }
        Ok(Self {
            sequence: trailer.sequence,
            recorded_at: trailer.recorded_at,
            entry_len: bytes.len() - trailer.len,
        })
    }
}

/// The end of a record, before anything has been checked.
pub(crate) struct Trailer {
    pub(crate) sequence: u64,
    recorded_at: u64,
    pub(crate) crc: u32,
    /// How many bytes it takes.
    pub(crate) len: usize,
}

impl Trailer {
    /// Whether the bytes end as a record does, looked at in passing.
    #[inline]
    pub(crate) fn may_end(bytes: &[u8]) -> bool {
        matches!(
            bytes,
            [
                ..,
                0xa9,
                0x06,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                _,
                0xb5,
                0x06,
                _,
                _,
                _,
                _
            ]
        )
    }

    /// Reads it off the end of the bytes, if they end as a record does.
    pub(crate) fn ending(bytes: &[u8]) -> Option<Self> {
        let (rest, &[c0, c1, ref crc @ ..]) = bytes.split_last_chunk::<CRC_LEN>()?;
        let (rest, &[t0, t1, ref time @ ..]) = rest.split_last_chunk::<TIME_LEN>()?;
        if [c0, c1] != CRC32C || [t0, t1] != RECORDED_AT {
            return None;
        }
        // The bytes of a varint but the last have the top bit set, and the last byte of
        // the key before it has not.
        let (&last, before) = rest.split_last()?;
        let more = before.iter().rev().take_while(|byte| **byte >= 0x80);
        let len = 1 + more.take(MAX_VARINT_LEN).count();
        let (rest, varint) = rest.split_at(rest.len() - len);
        let is_canonical = last < 0x80 && (last != 0 || len == 1) && len <= MAX_VARINT_LEN;
        if !is_canonical || !rest.ends_with(&SEQUENCE) {
            return None;
        }
        Some(Self {
            sequence: decode_varint(varint)?,
            recorded_at: u64::from_le_bytes(*time),
            crc: u32::from_le_bytes(*crc),
            len: SEQUENCE.len() + len + TIME_LEN + CRC_LEN,
        })
    }
}

/// Returns how many bytes a record with an entry of `entry_len` bytes has.
pub(crate) fn record_len(entry_len: usize, sequence: u64) -> usize {
    entry_len + SEQUENCE.len() + varint_len(sequence) + TIME_LEN + CRC_LEN
}

/// Makes the entry at the end of the buffer, whose checksum is given, a record.
pub(crate) fn seal(buf: &mut Vec<u8>, entry_crc: u32, sequence: u64, recorded_at: u64) {
    let end = buf.len();
    buf.extend_from_slice(&SEQUENCE);
    put_varint(sequence, buf);
    buf.extend_from_slice(&RECORDED_AT);
    buf.extend_from_slice(&recorded_at.to_le_bytes());
    let crc = crc32c::crc32c_append(entry_crc, &buf[end..]);
    buf.extend_from_slice(&CRC32C);
    buf.extend_from_slice(&crc.to_le_bytes());
}

/// Returns how many bytes a varint takes: one for every seven bits.
pub(crate) fn varint_len(value: u64) -> usize {
    (u64::BITS - (value | 1).leading_zeros()).div_ceil(7) as usize
}

pub(crate) fn put_varint(mut value: u64, buf: &mut Vec<u8>) {
    while value >= 0x80 {
        buf.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    buf.push(value.to_le_bytes()[0]);
}

/// Reads a varint that is all of the bytes.
fn decode_varint(bytes: &[u8]) -> Option<u64> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().enumerate() {
        let bits = u64::from(byte & 0x7f);
        value |= bits.checked_shl(7 * u32::try_from(index).ok()?)?;
        if index == MAX_VARINT_LEN - 1 && bits > 1 {
            return None;
        }
    }
    Some(value)
}

/// The length before a record: its value and how many bytes it takes.
pub(crate) enum Length {
    Is(usize, usize),
    /// The bytes end before it does.
    CutOff,
    /// More than the record may have, or in more bytes than it needs.
    Invalid,
}

impl Length {
    pub(crate) fn at_start_of(bytes: &[u8], max: usize) -> Self {
        let more = bytes.iter().take_while(|byte| **byte >= 0x80);
        let len = 1 + more.take(MAX_VARINT_LEN).count();
        if len > MAX_VARINT_LEN {
            return Self::Invalid;
        }
        let Some(varint) = bytes.get(..len) else {
            return Self::CutOff;
        };
        let value = decode_varint(varint).and_then(|value| usize::try_from(value).ok());
        match value {
            Some(value) if value <= max && varint_len(value as u64) == len => Self::Is(value, len),
            _ => Self::Invalid,
        }
    }
}

/// Why bytes are not a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// They do not end with a sequence number, a time and a checksum.
    NoRecord,
    /// The checksum is not that of the bytes.
    Checksum,
    /// The entry does not decode.
    Entry(DecodeError),
}

impl Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRecord => f.write_str("no record"),
            Self::Checksum => f.write_str("wrong checksum"),
            Self::Entry(err) => Display::fmt(err, f),
        }
    }
}

impl Error for RecordError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Entry(err) => Some(err),
            _ => None,
        }
    }
}

impl From<DecodeError> for RecordError {
    fn from(err: DecodeError) -> Self {
        Self::Entry(err)
    }
}
