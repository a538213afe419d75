//! Whether an entry holds what a standard lists.

use core::fmt::{self, Display};

use alloc::vec::Vec;

use crate::detail::OCCURRED_AT;
use crate::validate::{Element, ValidationError, Violation, ViolationKind};
use crate::{LogEntry, LogEntryView, PayloadError};

/// A standard that lists what an audit record must contain.
///
/// HIPAA (45 CFR 164.312(b)) and SOC 2 (CC7.2) ask for audit records and list no
/// content, so they have no variant; the guide for compliance officers says what they
/// ask instead.
///
/// ```
/// use lokryn_compliance_log::{LogEntry, Standard};
///
/// let entry = LogEntry { actor_id: "user-12345".into(), ..LogEntry::default() };
/// let err = entry.validate_for(Standard::PciDss).unwrap_err();
/// let time = err.violations().last().unwrap();
/// assert_eq!(time.field(), "occurred_at");
/// assert_eq!(time.element(), Some("Date and time"));
/// assert_eq!(time.to_string(), "occurred_at: missing (PCI DSS v4.0.1, 10.2.2: Date and time)");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Standard {
    /// [PCI DSS] v4.0.1, requirement 10.2.2: "Audit logs record the following details for
    /// each auditable event".
    ///
    /// [PCI DSS]: https://www.pcisecuritystandards.org/document_library/
    PciDss,
    /// [NIST SP 800-53] Rev. 5, control AU-3, content of audit records, a to f; with AU-8
    /// for the time, which must have its offset from UTC.
    ///
    /// [NIST SP 800-53]: https://doi.org/10.6028/NIST.SP.800-53r5
    NistAu3,
}

/// Writes the name, with the version and the number of the list.
impl Display for Standard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Standard {
    const fn name(self) -> &'static str {
        match self {
            Self::PciDss => PCI_DSS,
            Self::NistAu3 => NIST_AU_3,
        }
    }

    const fn elements(self) -> &'static [Element] {
        match self {
            Self::PciDss => PCI_DSS_ELEMENTS,
            Self::NistAu3 => NIST_AU_3_ELEMENTS,
        }
    }
}

const PCI_DSS: &str = "PCI DSS v4.0.1, 10.2.2";
const NIST_AU_3: &str = "NIST SP 800-53 Rev. 5, AU-3";

// The words of the standards, and the fields and details that hold what they ask for.
//
// Neither list asks for a network address: where an event comes from is said by the
// component and the environment, and nobody should have to invent an address.

macro_rules! elements {
    ($standard:ident: $($words:literal in $held_by:expr;)*) => {
        &[$(Element { standard: $standard, words: $words, held_by: &$held_by },)*]
    };
}

const PCI_DSS_ELEMENTS: &[Element] = elements! {PCI_DSS:
    "User identification" in ["actor_id"];
    "Type of event" in ["event_type"];
    "Date and time" in [OCCURRED_AT];
    "Success and failure indication" in ["outcome"];
    "Origination of event" in ["component", "environment"];
    "Identity or name of affected data, system component, resource, or service" in ["resource"];
};

const NIST_AU_3_ELEMENTS: &[Element] = elements! {NIST_AU_3:
    "What type of event occurred" in ["event_type"];
    "When the event occurred" in [OCCURRED_AT];
    "Where the event occurred" in ["component", "environment"];
    "Source of the event" in ["component"];
    "Outcome of the event" in ["outcome"];
    "Identity of any individuals, subjects, or objects/entities associated with the event"
        in ["actor_id", "resource"];
};

impl LogEntry {
    /// Checks what [`validate`](Self::validate) checks, and besides that the entry holds
    /// every content element that a standard lists.
    ///
    /// All elements but the time are in required fields. The time is the detail
    /// [`OCCURRED_AT`](crate::detail::OCCURRED_AT), which `LogSource::stamped` sets.
    /// Whether what an entry says is true, no check can tell.
    ///
    /// # Errors
    ///
    /// All violations at once. One that leaves an element out names it, in the words of
    /// the standard, and the field or detail that would hold it; a field that holds
    /// several elements is a violation for each.
    ///
    /// ```
    /// # #[cfg(feature = "std")] {
    /// use lokryn_compliance_log::{EventType, LogSource, Outcome, Sensitivity, Standard};
    ///
    /// let source = LogSource::new("auth-service", "production")
    ///     .sensitivity(Sensitivity::Internal)
    ///     .stamped();
    /// let entry = source
    ///     .entry()
    ///     .event_type(EventType::Login)
    ///     .outcome(Outcome::Success)
    ///     .actor_id("user-12345")
    ///     .resource("auth/login")
    ///     .build();
    /// entry.validate_for(Standard::PciDss)?;
    /// entry.validate_for(Standard::NistAu3)?;
    /// # }
    /// # Ok::<(), lokryn_compliance_log::ValidationError>(())
    /// ```
    pub fn validate_for(&self, standard: Standard) -> Result<(), ValidationError> {
        LogEntryView::from(self).validate_for(standard)
    }
}

impl LogEntryView<'_> {
    /// Checks the entry, as [`LogEntry::validate_for`] does.
    ///
    /// # Errors
    ///
    /// As [`LogEntry::validate_for`].
    pub fn validate_for(&self, standard: Standard) -> Result<(), ValidationError> {
        let mut violations = Vec::new();
        let mut found = self.violations();
        found.extend(self.violation_of_time());
        for violation in found {
            let held_by_it = |element: &&Element| element.held_by.contains(&violation.field());
            let mut elements = standard.elements().iter().filter(held_by_it).peekable();
            if elements.peek().is_none() {
                violations.push(violation.clone());
            }
            violations.extend(elements.map(|element| violation.clone().of(element)));
        }
        ValidationError::of(violations)
    }

    fn violation_of_time(&self) -> Option<Violation> {
        let kind = match self.occurred_at() {
            Ok(Some(_)) => return None,
            Err(PayloadError::WrongDetail { .. }) => ViolationKind::MalformedDetail,
            // A payload that cannot be read holds no detail.
            Ok(None) | Err(_) => ViolationKind::MissingDetail,
        };
        Some(Violation::new(OCCURRED_AT, kind))
    }
}
