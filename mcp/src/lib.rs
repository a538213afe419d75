#![forbid(unsafe_code)]
#![cfg_attr(docsrs, feature(doc_cfg))]
// The example on the page needs these two features.
#![cfg_attr(all(feature = "rmcp", feature = "journal"), doc = include_str!("../README.md"))]
#![cfg_attr(
    not(all(feature = "rmcp", feature = "journal")),
    doc = "Every MCP call as a compliance-grade audit log entry."
)]

mod auditor;
mod canonical;
mod connection;
mod content;
mod entry;
#[cfg(feature = "journal")]
mod journal;
mod message;
mod methods;
mod options;
mod recorder;
mod rules;
mod scan;
mod session;
mod settings;
mod sink;
#[cfg(feature = "rmcp")]
mod transport;

pub use crate::auditor::{Auditor, AuditorError, CloseError};
pub use crate::connection::{Direction, Refusal, RefusalReason, Verdict};
pub use crate::content::{Content, ContentPart, Everything, HmacKey, KeyError, Redactor};
#[cfg(feature = "journal")]
pub use crate::journal::JournalSink;
pub use crate::options::{AuditOptions, FailurePolicy};
pub use crate::rules::{Rule, Rules};
pub use crate::session::{Held, ReadMessage, Sent, Session, Writing};
pub use crate::settings::AuditSource;
pub use crate::sink::{AuditSink, FileSink, FileSinkError, Refused, SinkError};
#[cfg(feature = "rmcp")]
pub use crate::transport::{AuditedError, AuditedTransport};
