//! The verbs of the program, and what they have in common: how they end, print and read.

pub(crate) mod append;
pub(crate) mod filter;
pub(crate) mod proofs;
pub(crate) mod read;
pub(crate) mod salvage;
mod time;
pub(crate) mod verify;

use std::fmt::{self, Display};
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::process::ExitCode;
use std::str::FromStr;

use lokryn_journal::note::MAX_NOTE_LEN;
use lokryn_journal::{Checkpoint, FileError, JournalReader, RecordsError, Verifier, VerifyError};

/// Why the program does not end with status 0.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What was looked at is not as it should be.
    Finding(String),
    /// What was asked for cannot be done.
    Use(String),
}

impl Failure {
    pub(crate) fn status(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Finding(_) => 1,
            Self::Use(_) => 2,
        })
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finding(message) | Self::Use(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

/// What a verb ends with.
pub(crate) type Done<T = ()> = Result<T, Failure>;

impl From<FileError> for Failure {
    fn from(err: FileError) -> Self {
        let is_missing = err.io().kind() == io::ErrorKind::NotFound;
        match err.path() {
            path if is_missing && path.ends_with("checkpoint") => {
                finding(path.display(), "no checkpoint in the folder")
            }
            _ if is_missing => Self::Finding(err.to_string()),
            _ => Self::Use(err.to_string()),
        }
    }
}

impl From<RecordsError> for Failure {
    fn from(err: RecordsError) -> Self {
        match err {
            RecordsError::File(err) => err.into(),
            err => Self::Finding(err.to_string()),
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(err: VerifyError) -> Self {
        match err {
            VerifyError::File(err) => err.into(),
            err => Self::Finding(err.to_string()),
        }
    }
}

pub(crate) fn checkpoint_of(dir: &Path, known: &[Verifier]) -> Done<Checkpoint> {
    let reader = JournalReader::open(dir)?;
    let checkpoint = reader.checkpoint();
    match checkpoint.verify(known) {
        Ok(_) => Ok(checkpoint.clone()),
        Err(err) => Err(finding(dir.join("checkpoint").display(), err)),
    }
}

/// Refuses what is no folder. Whatever is wrong inside of one is a finding.
pub(crate) fn require_folder(dir: &Path) -> Done {
    match fs::metadata(dir) {
        Ok(it) if it.is_dir() => Ok(()),
        Ok(_) => Err(wrong_use(dir.display(), "not a folder")),
        Err(err) => Err(wrong_use(dir.display(), err)),
    }
}

/// Parses a checkpoint or a proof, from standard input for `-`.
pub(crate) fn parse<T: FromStr<Err: Display>>(path: &Path) -> Done<T> {
    let text = read(path).map_err(|err| wrong_use(path.display(), err))?;
    text.parse().map_err(|err| finding(path.display(), err))
}

/// Reads a text, as much as a proof can have.
fn read(path: &Path) -> io::Result<String> {
    // A note, and up to 64 hashes of 45 bytes and some lines before it.
    let max = 2 * MAX_NOTE_LEN as u64;
    let mut text = String::new();
    if path == Path::new("-") {
        io::stdin().lock().take(max).read_to_string(&mut text)?;
    } else {
        fs::File::open(path)?.take(max).read_to_string(&mut text)?;
    }
    Ok(text)
}

pub(crate) fn print(text: &impl Display) -> Done {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        // Who reads has had enough, which is no failure.
        Err(err) if err.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|err| wrong_use("standard output", err)),
    }
}

/// A number of things.
pub(crate) fn count(number: u64, thing: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{end}")
}

pub(crate) fn finding(place: impl Display, err: impl Display) -> Failure {
    Failure::Finding(format!("{place}: {err}"))
}

pub(crate) fn wrong_use(place: impl Display, err: impl Display) -> Failure {
    Failure::Use(format!("{place}: {err}"))
}
