//! Where entries go.

use std::error::Error;
use std::fmt;
use std::fs::{File, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::{self, LogWriter, ReadError, Recovered, WriteError};

/// Why a sink has not taken an entry.
pub type SinkError = Box<dyn Error + Send + Sync>;

/// Where an [`Auditor`](crate::Auditor) writes entries, one after the other, from a thread
/// of its own or from that of a [`Writing`](crate::Writing).
///
/// A [`LogWriter`] is one, [`FileSink`] is one that can be opened again after a failure,
/// and so is a closure:
///
/// ```
/// use lokryn_compliance_log::{LogEntry, LogSource};
/// use lokryn_mcp_log::{Auditor, SinkError};
///
/// let (sender, receiver) = std::sync::mpsc::channel();
/// let sink = move |entry: &LogEntry| -> Result<(), SinkError> {
///     sender.send(entry.to_bytes())?;
///     Ok(())
/// };
/// let auditor = Auditor::new(LogSource::new("mcp-client", "production"), "agent-001", sink)?;
/// # drop((auditor, receiver));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait AuditSink: Send {
    /// Writes an entry.
    ///
    /// # Errors
    ///
    /// If the entry may not have been written. It is written again once the sink has
    /// been opened again, so it may be there twice; its `event_id` tells.
    ///
    /// [`Refused`] if this entry would never be taken, and others are. Its message does not
    /// go on, and an entry `audit/refused` is written in its place. If that is refused,
    /// too, the sink has failed.
    fn append(&mut self, entry: &LogEntry) -> Result<(), SinkError>;

    /// Makes what has been appended durable. Called after one or more appends, and
    /// before any message whose entry is among them goes on.
    ///
    /// # Errors
    ///
    /// If any of it may be lost. All of it is then written again.
    fn commit(&mut self) -> Result<(), SinkError> {
        Ok(())
    }

    /// Makes the sink fit to take entries again. Called after a failure, before the
    /// next entry.
    ///
    /// # Errors
    ///
    /// If it cannot. It is called again later.
    fn reopen(&mut self) -> Result<(), SinkError> {
        Ok(())
    }
}

/// Says that a sink takes this entry neither now nor later, because it is too long for it,
/// say, and that the sink has not failed.
#[derive(Debug)]
pub struct Refused(SinkError);

impl Refused {
    /// Returns the error with its reason.
    pub fn new(reason: impl Into<SinkError>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the sink does not take this entry")
    }
}

impl Error for Refused {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.0)
    }
}

fn of_writing(err: WriteError) -> SinkError {
    match err {
        WriteError::Empty | WriteError::TooLarge { .. } => Refused::new(err).into(),
        err => err.into(),
    }
}

/// Flushes with every commit. Once a write has failed, a writer is torn and stays so:
/// [`FileSink`] goes on instead.
impl<W: Write + Send> AuditSink for LogWriter<W> {
    fn append(&mut self, entry: &LogEntry) -> Result<(), SinkError> {
        self.write(entry).map_err(of_writing)
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        Ok(self.flush()?)
    }
}

impl<F> AuditSink for F
where
    F: FnMut(&LogEntry) -> Result<(), SinkError> + Send,
{
    fn append(&mut self, entry: &LogEntry) -> Result<(), SinkError> {
        self(entry)
    }
}

impl AuditSink for Box<dyn AuditSink> {
    fn append(&mut self, entry: &LogEntry) -> Result<(), SinkError> {
        (**self).append(entry)
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        (**self).commit()
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        (**self).reopen()
    }
}

/// A file of length-delimited entries, which [`LogReader`](stream::LogReader) and other
/// engines read.
///
/// It is locked, repaired as [`stream::recover`] does when it is opened, and after a
/// failure opened again. Every commit is on the disk, unless
/// [`without_sync`](Self::without_sync) says otherwise.
pub struct FileSink {
    path: PathBuf,
    is_synced: bool,
    /// `None` after a failure.
    writer: Option<LogWriter<Locked>>,
}

struct Locked(File);

impl Write for Locked {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Drop for Locked {
    /// Closing the file is not enough: a process that another thread has just forked has
    /// it open, too, until it begins its own program.
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl FileSink {
    /// Opens a file, which is made if there is none.
    ///
    /// # Errors
    ///
    /// [`FileSinkError::Locked`] if another program has it open, and
    /// [`FileSinkError::Read`] if it cannot be read or is no file of entries.
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, FileSinkError> {
        let mut sink = Self {
            path: path.into(),
            is_synced: true,
            writer: None,
        };
        sink.open_again()?;
        Ok(sink)
    }

    /// Leaves it to the operating system when entries get to the disk: they survive the
    /// end of the program, and not a power cut.
    #[must_use]
    pub fn without_sync(self) -> Self {
        Self {
            is_synced: false,
            ..self
        }
    }

    /// Returns the path.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn open_again(&mut self) -> Result<Recovered, FileSinkError> {
        self.writer = None;
        let file = File::options()
            .create(true)
            .append(true)
            .open(&self.path)
            .map_err(FileSinkError::io)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(FileSinkError::Locked),
            Err(TryLockError::Error(err)) => return Err(FileSinkError::io(err)),
        }
        let file = Locked(file);
        let recovered = stream::recover(&self.path).map_err(FileSinkError::Read)?;
        if self.is_synced {
            // What has been written by others before, and the file's own place.
            file.0.sync_all().map_err(FileSinkError::io)?;
            sync_folder(&self.path).map_err(FileSinkError::io)?;
        }
        self.writer = Some(LogWriter::new(file));
        Ok(recovered)
    }
}

fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

impl AuditSink for FileSink {
    fn append(&mut self, entry: &LogEntry) -> Result<(), SinkError> {
        let Some(writer) = &mut self.writer else {
            return Err(FileSinkError::Closed.into());
        };
        let written = writer.write(entry).map_err(of_writing);
        if written.as_ref().is_err_and(|err| !err.is::<Refused>()) {
            self.writer = None;
        }
        written
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        let Some(writer) = &self.writer else {
            return Err(FileSinkError::Closed.into());
        };
        if self.is_synced
            && let Err(err) = writer.get_ref().0.sync_data()
        {
            // What a file holds after that is not known, so it is read again.
            self.writer = None;
            return Err(err.into());
        }
        Ok(())
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        if self.writer.is_none() {
            self.open_again()?;
        }
        Ok(())
    }
}

impl fmt::Debug for FileSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileSink")
            .field("path", &self.path)
            .field("is_synced", &self.is_synced)
            .finish_non_exhaustive()
    }
}

/// Why a [`FileSink`] cannot be opened, or does not take an entry.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileSinkError {
    /// Another program has the file open.
    Locked,
    /// It could not be read, or is no file of entries.
    Read(ReadError),
    /// It has failed and has not been opened again yet.
    Closed,
}

impl FileSinkError {
    fn io(err: io::Error) -> Self {
        Self::Read(ReadError::Io(err))
    }
}

impl fmt::Display for FileSinkError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Locked => f.write_str("the file of entries is open in another program"),
            Self::Read(_) => f.write_str("the file of entries cannot be opened"),
            Self::Closed => f.write_str("the file of entries has failed and is not open"),
        }
    }
}

impl Error for FileSinkError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read(err) => Some(err),
            Self::Locked | Self::Closed => None,
        }
    }
}
