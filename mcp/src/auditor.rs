//! What a program keeps: source, actor, sink, and the options.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use lokryn_compliance_log::{EventType, LogSource, Outcome, ValidationError};

use crate::connection::Connection;
use crate::content::{HmacKey, hex};
use crate::options::AuditOptions;
use crate::recorder::Recorder;
use crate::session::Session;
use crate::settings::{AuditSource, Settings};
use crate::sink::AuditSink;

/// Records the MCP traffic of any number of connections into one sink.
///
/// A clone records into the same sink. Call [`close`](Self::close) at the end of the
/// program: it says what could not be written.
///
/// ```
/// use lokryn_compliance_log::LogSource;
/// use lokryn_compliance_log::stream::LogWriter;
/// use lokryn_mcp_log::{Auditor, Direction, Verdict};
///
/// let source = LogSource::new("mcp-client", "production").policy_tags(["SOC2"]);
/// let auditor = Auditor::new(source, "agent-001", LogWriter::new(Vec::new()))?;
///
/// // What a transport does with each message that it carries.
/// let session = auditor.session("stdio");
/// let call = br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}"#;
/// assert_eq!(session.accept(Direction::ToServer, call).wait(), Verdict::Forward);
/// session.close("end_of_stream");
///
/// auditor.close()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Auditor {
    settings: Arc<Settings>,
    recorder: Arc<Recorder>,
}

impl Auditor {
    /// Returns an auditor with the default [`AuditOptions`].
    ///
    /// The source says where it runs, and the actor who acts: for a client the agent or
    /// the person that it works for, for a server its verified principal.
    ///
    /// # Errors
    ///
    /// As [`with_options`](Self::with_options).
    pub fn new(
        source: impl AuditSource,
        actor: impl Into<String>,
        sink: impl AuditSink + 'static,
    ) -> Result<Self, AuditorError> {
        Self::with_options(source, actor, sink, AuditOptions::new())
    }

    /// Returns an auditor.
    ///
    /// # Errors
    ///
    /// [`AuditorError::Incomplete`] if the actor, a part of the source or what a rule sets
    /// is empty or unspecified, and [`AuditorError::Io`] if the thread of the sink cannot be started or the system has
    /// no random numbers.
    pub fn with_options(
        source: impl AuditSource,
        actor: impl Into<String>,
        sink: impl AuditSink + 'static,
        options: AuditOptions,
    ) -> Result<Self, AuditorError> {
        let (source, frame) = source.into_parts();
        let actor = checked(&source, actor.into())?;
        let hmac_key = match &options.hmac_key {
            Some(key) => key.clone(),
            None => HmacKey::random().map_err(AuditorError::random)?,
        };
        // Connections are named with random numbers, too.
        getrandom::fill(&mut [0; 1]).map_err(AuditorError::random)?;
        let checked = options.rules.check(&source, &actor);
        checked.map_err(AuditorError::Incomplete)?;
        let recorder = Recorder::start(
            Box::new(sink),
            options.max_kept,
            options.retry_every,
            watch_every(options.max_pending_age),
        );
        let recorder = recorder.map_err(AuditorError::Io)?;
        let settings = Settings {
            source,
            frame,
            actor,
            options,
            hmac_key,
        };
        Ok(Self {
            settings: Arc::new(settings),
            recorder: Arc::new(recorder),
        })
    }

    /// Returns the same auditor for another actor, such as the principal that a server
    /// has verified for a connection.
    ///
    /// # Errors
    ///
    /// [`AuditorError::Incomplete`] if it is empty.
    pub fn for_actor(&self, actor: impl Into<String>) -> Result<Self, AuditorError> {
        let settings = Settings {
            actor: checked(&self.settings.source, actor.into())?,
            ..(*self.settings).clone()
        };
        Ok(Self {
            settings: Arc::new(settings),
            recorder: Arc::clone(&self.recorder),
        })
    }

    /// Returns a connection whose messages are to be recorded. `transport` is the name of
    /// what carries them, such as `stdio`.
    ///
    /// `AuditedTransport` and the program do that themselves.
    #[must_use]
    pub fn session(&self, transport: impl Into<String>) -> Session {
        let mut id = [0; 16];
        // `with_options` has seen that the system has random numbers. Were they gone, the
        // time would still tell connections apart.
        if getrandom::fill(&mut id).is_err() {
            let now = std::time::SystemTime::now();
            let since = now.duration_since(std::time::UNIX_EPOCH);
            id = since.unwrap_or_default().as_nanos().to_be_bytes();
        }
        let settings = Arc::clone(&self.settings);
        let connection = Connection::new(Arc::clone(&settings), hex(&id), transport.into());
        Session::new(connection, settings, Arc::clone(&self.recorder))
    }

    /// Writes what is left, for at most [`max_wait`](AuditOptions::max_wait), and takes no
    /// more entries: what connections do after that is refused.
    ///
    /// # Errors
    ///
    /// [`CloseError`], if entries could not be written.
    pub fn close(self) -> Result<(), CloseError> {
        let (unwritten, cause) = self.recorder.close(self.max_wait());
        if unwritten == 0 {
            return Ok(());
        }
        Err(CloseError { unwritten, cause })
    }

    fn max_wait(&self) -> Duration {
        self.settings.options.max_wait
    }
}

/// Returns how often the ages of requests are looked at.
fn watch_every(max_age: Duration) -> Duration {
    (max_age / 8).clamp(Duration::from_millis(10), Duration::from_secs(60))
}

/// Returns the actor. What it or the source lacks, every entry would lack.
fn checked(source: &LogSource, actor: String) -> Result<String, AuditorError> {
    let any = source
        .entry()
        .event_type(EventType::Logout)
        .outcome(Outcome::Success)
        .actor_id(actor)
        .resource("session/close")
        .build();
    any.validate().map_err(AuditorError::Incomplete)?;
    Ok(any.actor_id)
}

/// Why there is no [`Auditor`].
#[derive(Debug)]
#[non_exhaustive]
pub enum AuditorError {
    /// Entries would lack something that is required.
    Incomplete(ValidationError),
    /// The system does not give a thread or random numbers.
    Io(std::io::Error),
}

impl AuditorError {
    fn random(err: getrandom::Error) -> Self {
        Self::Io(std::io::Error::other(err))
    }
}

impl fmt::Display for AuditorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete(err) => fmt::Display::fmt(err, f),
            Self::Io(_) => f.write_str("the auditor cannot be started"),
        }
    }
}

impl Error for AuditorError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Incomplete(err) => Some(err),
            Self::Io(err) => Some(err),
        }
    }
}

/// Entries that could not be written by the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseError {
    unwritten: usize,
    cause: Option<String>,
}

impl CloseError {
    /// Returns how many entries may not have been written.
    #[must_use]
    pub const fn unwritten(&self) -> usize {
        self.unwritten
    }
}

impl fmt::Display for CloseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.unwritten;
        let cause = self.cause.as_deref().unwrap_or("the sink does not answer");
        write!(
            f,
            "{count} audit entries may not have been written: {cause}"
        )
    }
}

impl Error for CloseError {}
