//! A journal as a sink.

use std::fmt;

use lokryn_compliance_log::LogEntry;
use lokryn_journal::{AppendError, Journal, OpenError};

use crate::sink::{AuditSink, Refused, SinkError};

/// Every entry is on the disk before its message goes on; those that come together get
/// there together. A journal whose disk has failed is closed and stays so: [`JournalSink`]
/// goes on instead.
impl AuditSink for Journal {
    fn append(&mut self, entry: &LogEntry) -> Result<(), SinkError> {
        self.append_unsynced(entry).map_err(of_journal)?;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        Ok(self.sync()?)
    }
}

fn of_journal(err: AppendError) -> SinkError {
    match err {
        AppendError::Refused(_) | AppendError::Incomplete(_) | AppendError::TooLong { .. } => {
            Refused::new(err).into()
        }
        err => err.into(),
    }
}

/// A journal that is opened again after a failure.
///
/// No clone of it may be kept elsewhere, for the folder cannot be opened again then.
///
/// ```no_run
/// use lokryn_compliance_log::LogSource;
/// use lokryn_journal::Journal;
/// use lokryn_mcp_log::{Auditor, JournalSink};
///
/// let sink = JournalSink::open(|| Journal::open("audit"))?;
/// let source = LogSource::new("mcp-client", "production");
/// let auditor = Auditor::new(source, "agent-001", sink)?;
/// # drop(auditor);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct JournalSink {
    open: Box<dyn FnMut() -> Result<Journal, OpenError> + Send>,
    /// `None` after a failure.
    journal: Option<Journal>,
}

impl JournalSink {
    /// Opens a journal, and keeps how.
    ///
    /// # Errors
    ///
    /// Those of `open`.
    pub fn open(
        mut open: impl FnMut() -> Result<Journal, OpenError> + Send + 'static,
    ) -> Result<Self, OpenError> {
        let journal = open()?;
        Ok(Self {
            open: Box::new(open),
            journal: Some(journal),
        })
    }

    fn journal(&self) -> Result<&Journal, SinkError> {
        let journal = self.journal.as_ref();
        journal.ok_or_else(|| "the journal has failed and is not open".into())
    }
}

impl AuditSink for JournalSink {
    fn append(&mut self, entry: &LogEntry) -> Result<(), SinkError> {
        let appended = self.journal()?.append_unsynced(entry);
        if let Err(AppendError::Closed(_)) = appended {
            self.journal = None;
        }
        appended.map_err(of_journal)?;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), SinkError> {
        let synced = self.journal()?.sync();
        if synced.is_err() {
            self.journal = None;
        }
        Ok(synced?)
    }

    fn reopen(&mut self) -> Result<(), SinkError> {
        if self.journal.is_none() {
            self.journal = Some((self.open)()?);
        }
        Ok(())
    }
}

impl fmt::Debug for JournalSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JournalSink")
            .field("is_open", &self.journal.is_some())
            .finish_non_exhaustive()
    }
}
