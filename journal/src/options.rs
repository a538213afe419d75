//! How a journal is opened.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::disk::{Disk, Os};
use crate::key::{Signer, Verifier};
use crate::record::{DEFAULT_MAX_RECORD_LEN, LIMIT_MAX_RECORD_LEN};
use crate::{Journal, OpenError};

/// The length at which a segment is followed by another one, unless set: 128 MiB.
pub const DEFAULT_MAX_SEGMENT_LEN: u64 = 128 * 1024 * 1024;

/// The shortest limit of a record that leaves room for an entry.
const MIN_MAX_RECORD_LEN: usize = 128;

/// How a [`Journal`] is opened.
///
/// ```
/// use std::time::Duration;
/// use lokryn_journal::Journal;
///
/// # let folder = std::env::temp_dir().join(format!("options-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// let journal = Journal::options()
///     .origin("example.com/audit")
///     .checkpoint_interval(Duration::from_millis(100))
///     .rotate_daily(true)
///     .open(folder.join("audit"))?;
/// # journal.close()?;
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is opened before `open` is called"]
pub struct Options {
    pub(crate) key: Key,
    pub(crate) former: Vec<Verifier>,
    pub(crate) origin: Option<String>,
    pub(crate) copy: Option<PathBuf>,
    pub(crate) every_commit: bool,
    pub(crate) interval: Duration,
    pub(crate) max_record_len: usize,
    pub(crate) max_segment_len: u64,
    pub(crate) daily: bool,
    pub(crate) cut_whole_records: bool,
    pub(crate) disk: Arc<dyn Disk>,
}

/// Where the key is.
#[derive(Clone, Debug)]
pub(crate) enum Key {
    /// Beside the folder; made for a new one.
    Beside,
    File(PathBuf),
    Given(Box<Signer>),
}

impl Default for Options {
    fn default() -> Self {
        Self {
            key: Key::Beside,
            former: Vec::new(),
            origin: None,
            copy: None,
            every_commit: false,
            interval: Duration::from_secs(1),
            max_record_len: DEFAULT_MAX_RECORD_LEN,
            max_segment_len: DEFAULT_MAX_SEGMENT_LEN,
            daily: false,
            cut_whole_records: false,
            disk: Arc::new(Os),
        }
    }
}

impl Options {
    /// Opens the journal in a folder, and makes it if there is none; its parent has to
    /// exist.
    ///
    /// # Errors
    ///
    /// [`OpenError`]. The folder is then as it was, but that what a crash left may have
    /// been written again as it stood.
    pub fn open(self, folder: impl AsRef<Path>) -> Result<Journal, OpenError> {
        if !(MIN_MAX_RECORD_LEN..=LIMIT_MAX_RECORD_LEN).contains(&self.max_record_len) {
            return Err(OpenError::Option(
                "max_record_len is not from 128 bytes to 4 MiB",
            ));
        }
        Journal::open_with(&self, folder.as_ref())
    }

    /// Signs with this key, which is kept elsewhere: in a secret store, for example.
    /// Nothing is written beside the folder then; see
    /// [`checkpoint_copy`](Self::checkpoint_copy).
    pub fn signer(self, signer: Signer) -> Self {
        let key = Key::Given(Box::new(signer));
        Self { key, ..self }
    }

    /// Reads the key from this file instead of `<folder>.key`, and makes it there for a
    /// new journal. The verifier key and a copy of the checkpoint lie beside it.
    pub fn key_file(self, path: impl Into<PathBuf>) -> Self {
        let key = Key::File(path.into());
        Self { key, ..self }
    }

    /// Accepts a key that the journal was signed with before: the next checkpoint is
    /// signed with the present one. Both have the same name, the journal's origin.
    pub fn former_key(mut self, verifier: Verifier) -> Self {
        self.former.push(verifier);
        self
    }

    /// Names a new journal; the folder's name and a random suffix unless set. A journal
    /// that exists has to have this name.
    pub fn origin(self, origin: impl Into<String>) -> Self {
        let origin = Some(origin.into());
        Self { origin, ..self }
    }

    /// Keeps a copy of the checkpoint in this file instead of beside the key. Opening
    /// refuses a folder that has fewer records than the copy says, so it shows a
    /// truncated folder or a restored backup as long as it is not restored with it.
    pub fn checkpoint_copy(self, path: impl Into<PathBuf>) -> Self {
        let copy = Some(path.into());
        Self { copy, ..self }
    }

    /// Signs with every commit: a receipt then says that the entry is not only on the
    /// disk but under a signed checkpoint. Takes about five times as long.
    pub fn checkpoint_every_commit(self, every_commit: bool) -> Self {
        Self {
            every_commit,
            ..self
        }
    }

    /// Signs this long after the first entry that is not signed; a second unless set.
    pub fn checkpoint_interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// Takes records of up to this many bytes, entry and 28 bytes at most; 65,535 unless
    /// set, 4 MiB at most. Longer ones than that do not fit into the entry bundles that
    /// tools for a whole log read.
    pub fn max_record_len(self, max_record_len: usize) -> Self {
        Self {
            max_record_len,
            ..self
        }
    }

    /// Begins a new segment once one has this many bytes; 128 MiB unless set. Opening
    /// reads the last segment as a whole.
    pub fn max_segment_len(self, max_segment_len: u64) -> Self {
        Self {
            max_segment_len,
            ..self
        }
    }

    /// Begins a new segment with the first commit of each day (UTC), too.
    pub fn rotate_daily(self, daily: bool) -> Self {
        Self { daily, ..self }
    }

    /// Where a record beyond the checkpoint is damaged and whole ones follow it, cuts
    /// them off, into a file beside the segment, instead of refusing to open.
    ///
    /// After a power cut that is done without being asked: of records that were written at
    /// once and not yet acknowledged, it leaves sectors of 512 bytes zeros. Other damage
    /// may be of an acknowledged record: look first.
    pub fn cut_whole_records(self, cut_whole_records: bool) -> Self {
        Self {
            cut_whole_records,
            ..self
        }
    }

    /// Puts another disk below the journal. For tests.
    #[doc(hidden)]
    pub fn disk(self, disk: Arc<dyn Disk>) -> Self {
        Self { disk, ..self }
    }
}
