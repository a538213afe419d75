//! The files of a journal's folder, and their names.

use std::ffi::OsString;
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

/// Returns the path beside a folder that has the folder's name and an extension.
pub(crate) fn beside(folder: &Path, extension: &str) -> PathBuf {
    // Without the slash that a shell completes.
    let mut path = OsString::from(folder.components().as_path());
    path.push(".");
    path.push(extension);
    path.into()
}
