//! The files of a journal's folder, and their names.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

pub(crate) const RECORDS: &str = "records";
pub(crate) const CHECKPOINT: &str = "checkpoint";
pub(crate) const LOCK: &str = "lock";
const EXTENSION: &str = ".binpb";

/// Returns the name of the segment that begins with this record.
pub(crate) fn name(first: u64) -> String {
    format!("{first:020}{EXTENSION}")
}

/// Returns the path of that segment in the journal's folder.
pub(crate) fn path(folder: &Path, first: u64) -> PathBuf {
    folder.join(RECORDS).join(name(first))
}

/// Opens a file to be read. What is no file is refused: a pipe would keep whoever reads it
/// waiting.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    if fs::metadata(path)?.is_file() {
        File::open(path)
    } else {
        Err(io::Error::other("not a file"))
    }
}

/// Picks the segments out of the names in a folder, and returns the first numbers of
/// each in order.
pub(crate) fn firsts(names: impl IntoIterator<Item = String>) -> Vec<u64> {
    let first = |name: String| {
        let number = name.strip_suffix(EXTENSION)?.parse().ok()?;
        (self::name(number) == name).then_some(number)
    };
    let mut firsts: Vec<u64> = names.into_iter().filter_map(first).collect();
    firsts.sort_unstable();
    firsts
}

/// Returns the path beside a folder that has the folder's name and an extension: where
/// its key lies, for example. For the program.
///
/// # Errors
///
/// Those of the file system, for `.` and `..`, which do not say the folder's name.
pub fn beside(folder: &Path, extension: &str) -> io::Result<PathBuf> {
    // Without the slash that a shell completes.
    let mut path = OsString::from(named(folder)?.components().as_path());
    path.push(".");
    path.push(extension);
    Ok(path.into())
}

/// Returns a path of the folder that ends with its name.
pub(crate) fn named(folder: &Path) -> io::Result<PathBuf> {
    match folder.file_name() {
        Some(_) => Ok(folder.to_owned()),
        None => fs::canonicalize(folder),
    }
}
