//! How far a journal has been shipped: a small file beside it.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::Result;

/// The number of the next record to be shipped. All before it are acknowledged.
///
/// A file that is behind costs nothing but records shipped twice, which the store keeps
/// once; so without a file, shipping begins at record 0.
pub struct Position {
    path: PathBuf,
    origin: String,
    next: u64,
}

impl Position {
    /// Reads the position in the journal with this origin.
    pub fn open(path: &Path, origin: &str) -> Result<Self> {
        let next = match fs::read_to_string(path) {
            Err(err) if err.kind() == io::ErrorKind::NotFound => 0,
            Err(err) => return Err(err.into()),
            Ok(text) => text
                .strip_prefix(origin)
                .and_then(|rest| rest.strip_prefix('\n')?.strip_suffix('\n')?.parse().ok())
                .ok_or_else(|| format!("{}: not a position in {origin}", path.display()))?,
        };
        Ok(Self {
            path: path.to_owned(),
            origin: origin.to_owned(),
            next,
        })
    }

    pub fn next(&self) -> u64 {
        self.next
    }

    /// Writes a new position. A power cut leaves this one or the one before.
    pub fn advance(&mut self, next: u64) -> Result<()> {
        let written = self.path.with_added_extension("new");
        let mut file = File::create(&written)?;
        file.write_all(format!("{}\n{next}\n", self.origin).as_bytes())?;
        file.sync_all()?;
        fs::rename(written, &self.path)?;
        self.next = next;
        Ok(())
    }
}
