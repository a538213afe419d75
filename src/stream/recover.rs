//! Going on with a file after a crash.

use core::fmt::{self, Display};

use alloc::format;
use alloc::vec::Vec;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::error::ReadError;
use super::frame::{DEFAULT_MAX_ENTRY_LEN, Frame, Framing, Next};
use super::reader::LogReader;
use crate::LogEntryView;
use crate::view::field_name;
use crate::view::wire::{self, Reader, VARINT};

/// Makes a file of entries fit to be appended to after a crash of its writer or a
/// power cut.
///
/// Reads the file from start to end. What a crash can leave at its end is cut off,
/// and kept in a file beside it:
///
/// - a torn entry, which ends after the file does;
/// - a run of zeros, which file systems leave where a length was written and the
///   data was not;
/// - before such zeros, or at the very end, one frame that ends in zeros and is
///   malformed, or whose last field is an enum with the number zero written out, which
///   no encoder does.
///
/// Everything else stays where it is. A malformed entry in the middle of the file,
/// or one at its end that does not end in zeros, cannot come from a crash; it is
/// evidence, and readers pass over it.
///
/// Call it before the file is opened for writing. **No other writer may have the
/// file open**: an entry that it is writing looks torn. What is kept is on the disk
/// before anything is cut off, so a crash in between loses nothing. An entry of more
/// than 4 MiB is refused, as readers do; see [`recover_with_max_entry_len`].
///
/// # Errors
///
/// [`ReadError::Io`], also if there is no such file. [`ReadError::TooLarge`] and
/// [`ReadError::InvalidLength`] where the file is no stream of entries, or no longer
/// one, and a crash cannot explain that. The file is as it was then.
///
/// ```
/// use std::fs::{self, File};
/// use std::path::Path;
/// use lokryn_compliance_log::stream::{self, LogWriter, ReadError};
///
/// fn reopen(path: &Path) -> Result<LogWriter<File>, ReadError> {
///     if let Some(cut) = stream::recover(path)?.cut {
///         eprintln!("{}: {cut}", path.display());
///     }
///     Ok(LogWriter::new(File::options().append(true).open(path)?))
/// }
/// # let folder = std::env::temp_dir().join(format!("recover-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("audit.binpb");
/// std::fs::write(&path, b"\x03\x22\x01a\x03\x22")?; // an entry, and a torn one
/// reopen(&path)?.write_encoded(b"\x22\x01b")?;
/// assert_eq!(std::fs::read(&path)?, b"\x03\x22\x01a\x03\x22\x01b");
/// assert_eq!(std::fs::read(folder.join("audit.binpb.torn-at-4"))?, b"\x03\x22");
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn recover(path: impl AsRef<Path>) -> Result<Recovered, ReadError> {
    recover_with_max_entry_len(path, DEFAULT_MAX_ENTRY_LEN)
}

/// Does the same as [`recover`] for a file whose entries may be longer than 4 MiB,
/// or must be shorter: the limit, in bytes, that its writer has.
///
/// # Errors
///
/// As [`recover`].
pub fn recover_with_max_entry_len(
    path: impl AsRef<Path>,
    max_entry_len: usize,
) -> Result<Recovered, ReadError> {
    let path = path.as_ref();
    // Not for appending: Windows does not let such a handle cut the file.
    let mut file = File::options().read(true).write(true).open(path)?;
    let file_len = file.metadata()?.len();
    let mut recovered = read(&file, file_len, max_entry_len)?;
    let offset = recovered.len;
    if offset < file_len {
        file.seek(SeekFrom::Start(offset))?;
        let kept = keep(&file, path, offset)?;
        let holds_entry = holds_entry(&mut file, offset, max_entry_len)?;
        file.set_len(offset)?;
        file.sync_all()?;
        recovered.cut = Some(Cut {
            offset,
            len: file_len - offset,
            kept,
            holds_entry,
        });
    }
    Ok(recovered)
}

/// What [`recover`] found in a file, and did to it.
///
/// ```
/// use lokryn_compliance_log::stream;
/// # let path = std::env::temp_dir().join(format!("recovered-{}.binpb", std::process::id()));
/// std::fs::write(&path, b"\x03\x22\x01a\x02\x08\x80\x03\x22\x01b")?;
///
/// let recovered = stream::recover(&path)?;
/// assert_eq!((recovered.entries, recovered.malformed, recovered.len), (2, 1, 11));
/// assert!(recovered.cut.is_none());
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recovered {
    /// How many entries the file has.
    pub entries: u64,
    /// How many frames it has that are whole and no entries. They are still there.
    pub malformed: u64,
    /// How many runs of empty frames it has between others. They are still there.
    pub empty: u64,
    /// How long the file is now, in bytes: where the next entry goes.
    pub len: u64,
    /// What was cut off, if anything was.
    pub cut: Option<Cut>,
}

/// What [`recover`] cut off the end of a file. `Display` says it in a sentence, for
/// a log.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cut {
    /// Where it began in the file.
    pub offset: u64,
    /// How many bytes it was.
    pub len: u64,
    /// The file that it is in now. Its name is that of the file it was cut off, with
    /// `.torn-at-` and the offset, and a number more if there is such a file already.
    pub kept: PathBuf,
    /// Whether it holds a whole entry that validates. No torn entry does: it looks as
    /// if a length had been damaged, and the entries after it had been taken for the
    /// rest of one. **Somebody should look at it.** Also `true` for bytes that look
    /// like entries all over, where a thousand million steps have found none.
    pub holds_entry: bool,
}

impl Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { offset, len, .. } = self;
        let kept = self.kept.display();
        write!(f, "cut off {len} bytes at byte {offset}, kept in {kept}")?;
        if self.holds_entry {
            f.write_str("; they hold a whole entry, so a length may have been damaged")?;
        }
        Ok(())
    }
}

/// Reads the file, and returns what it has before the end that a crash left.
fn read(file: &File, file_len: u64, max_entry_len: usize) -> Result<Recovered, ReadError> {
    let mut found = Recovered {
        entries: 0,
        malformed: 0,
        empty: 0,
        len: 0,
        cut: None,
    };
    let mut before_zeroed = None;
    let mut after_empty = false;
    let mut reader = LogReader::new(BufReader::new(file)).with_max_entry_len(max_entry_len);
    while let Some(frame) = reader.next_view() {
        let before = found.clone();
        let is_zeroed = match frame {
            Ok(frame) => {
                found.entries += 1;
                is_zeroed(&frame)
            }
            Err(ReadError::Malformed { entry, .. }) => {
                found.malformed += 1;
                entry.bytes().is_some_and(|bytes| bytes.ends_with(&[0]))
            }
            Err(ReadError::Empty { .. }) => {
                after_empty = true;
                continue;
            }
            Err(ReadError::Truncated { .. }) => return Ok(found),
            Err(ReadError::TooLarge { offset, len, .. })
                // Not every file says its length: those under `/proc` have 0.
                if len.saturating_add(wire::varint_len(len) as u64)
                    > file_len.saturating_sub(offset) =>
            {
                return Ok(found);
            }
            Err(err) => return Err(err),
        };
        found.empty += u64::from(after_empty);
        found.len = reader.offset();
        after_empty = false;
        before_zeroed = is_zeroed.then_some(before);
    }
    Ok(before_zeroed.unwrap_or(found))
}

/// Whether an entry that decodes ends in the number of an enum that was zeroed: no
/// encoder writes a number that is zero.
fn is_zeroed(frame: &Frame<'_>) -> bool {
    let mut records = Reader::new(frame.bytes);
    let mut last = None;
    while let Ok(Some(key)) = records.next_key() {
        last = Some(key);
        if records.skip(key).is_err() {
            return false;
        }
    }
    frame.bytes.ends_with(&[0])
        && last.is_some_and(|key| key.wire_type == VARINT && field_name(key.field).is_some())
}

/// Copies the rest of the file to one beside it, and returns its path once it is on
/// the disk.
fn keep(file: &File, path: &Path, offset: u64) -> io::Result<PathBuf> {
    let (kept, copy) = create_beside(path, offset)?;
    if let Err(err) = copy_rest(file, copy).and_then(|()| sync_folder(&kept)) {
        // Half a copy is no evidence, and every further attempt would leave another.
        let _ = fs::remove_file(&kept);
        return Err(err);
    }
    Ok(kept)
}

fn copy_rest(mut file: &File, mut copy: File) -> io::Result<()> {
    copy.set_permissions(file.metadata()?.permissions())?;
    io::copy(&mut file, &mut copy)?;
    copy.sync_all()
}

fn create_beside(path: &Path, offset: u64) -> io::Result<(PathBuf, File)> {
    let mut number = 1;
    loop {
        let mut name = OsString::from(path);
        name.push(format!(".torn-at-{offset}"));
        if number > 1 {
            name.push(format!(".{number}"));
        }
        match File::create_new(&name) {
            Err(err) if err.kind() == io::ErrorKind::AlreadyExists => number += 1,
            Err(err) => return Err(err),
            Ok(file) => return Ok((name.into(), file)),
        }
    }
}

/// A new file survives a power cut once its folder is on the disk, too.
fn sync_folder(path: &Path) -> io::Result<()> {
    // Windows has no way to ask for that.
    if cfg!(unix) {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
        File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
    }
    Ok(())
}

/// Whether a whole entry that validates begins anywhere in the rest of the file. The
/// one after a damaged length is at most an entry away.
fn holds_entry(file: &mut File, offset: u64, max_entry_len: usize) -> io::Result<bool> {
    /// How many steps are taken before the answer is yes without more: a torn entry that
    /// was made to look like entries all over could take hours.
    const MOST: usize = 1 << 30;

    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(offset))?;
    file.take((max_entry_len as u64).saturating_mul(2))
        .read_to_end(&mut tail)?;
    let framing = Framing::new(max_entry_len);
    let mut steps = 0;
    let mut rest = tail.as_slice();
    while !rest.is_empty() {
        let step = match framing.next(rest) {
            Ok(Next::Entry(entry)) => {
                let bytes = &rest[entry];
                // Nearly everything that is no entry ends after a record or two, before
                // any text has to be checked.
                if are_records(bytes, &mut steps) {
                    steps += bytes.len();
                    let view = LogEntryView::decode(bytes);
                    if view.is_ok_and(|view| view.validate().is_ok()) {
                        return Ok(true);
                    }
                }
                1
            }
            Ok(Next::Empty(len)) => len,
            Ok(Next::Missing(_)) | Err(_) => 1,
        };
        if steps > MOST {
            return Ok(true);
        }
        rest = &rest[step..];
    }
    Ok(false)
}

/// Whether the bytes are records, whatever is in them. Counts them as steps.
fn are_records(bytes: &[u8], steps: &mut usize) -> bool {
    let mut records = Reader::new(bytes);
    loop {
        *steps += 1;
        match records.next_key() {
            Ok(None) => return true,
            Ok(Some(key)) if records.skip(key).is_ok() => {}
            Ok(Some(_)) | Err(_) => return false,
        }
    }
}
