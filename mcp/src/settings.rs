//! What all connections of an auditor share.

use lokryn_compliance_log::builder::{Set, missing};
use lokryn_compliance_log::{EventType, LogSource, Outcome, Sensitivity};

use crate::content::HmacKey;
use crate::options::AuditOptions;

/// A [`LogSource`] with or without a sensitivity of its own.
///
/// One that has none leaves it to the entries: CONFIDENTIAL for the frame of a call,
/// RESTRICTED with content in it, `HIGHLY_RESTRICTED` for content of elicitations and
/// samplings. One that has one says it for the frames.
pub trait AuditSource: sealed::Sealed {
    #[doc(hidden)]
    fn into_parts(self) -> (LogSource, Sensitivity);
}

mod sealed {
    pub trait Sealed {}
}

impl sealed::Sealed for LogSource {}
impl sealed::Sealed for LogSource<missing::sensitivity> {}

impl AuditSource for LogSource<Set> {
    fn into_parts(self) -> (LogSource, Sensitivity) {
        let any = self
            .entry()
            .event_type(EventType::ResourceAccess)
            .outcome(Outcome::Success)
            .actor_id("")
            .resource("")
            .build();
        let sensitivity = any.sensitivity();
        (self, sensitivity)
    }
}

impl AuditSource for LogSource<missing::sensitivity> {
    fn into_parts(self) -> (LogSource, Sensitivity) {
        let frame = Sensitivity::Confidential;
        (self.sensitivity(frame), frame)
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) source: LogSource,
    /// Of an entry without content.
    pub(crate) frame: Sensitivity,
    pub(crate) actor: String,
    pub(crate) options: AuditOptions,
    pub(crate) hmac_key: HmacKey,
}
