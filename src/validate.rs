//! Checking an entry that came from outside.

use core::error::Error;
use core::fmt::{self, Display};

use alloc::vec::Vec;

use crate::{EventType, LogEntry, LogEntryView, Outcome, Sensitivity, Severity};

/// How many empty tags are violations of their own: an entry of 4 MiB can hold two
/// million.
const MAX_EMPTY_TAGS: usize = 100;

impl LogEntry {
    /// Checks that the entry says what an audit needs: who, what, where, and how
    /// it went.
    ///
    /// For entries that came from outside. Protobuf has no required fields, so
    /// whatever decodes is not yet an entry: it may be empty, or a record of
    /// another schema that happens to decode. Required are `actor_id`,
    /// `component`, `environment` and `resource`, each not empty; the four
    /// enums, each with a value that this version of the schema knows; and no
    /// empty text among the `policy_tags`, of which the first hundred are reported
    /// one by one and the rest as a number. The message and the payload are
    /// optional and not looked at.
    ///
    /// # Errors
    ///
    /// All violations at once, in the order of the fields.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntry;
    ///
    /// let entry = LogEntry {
    ///     event_type: 99,
    ///     ..LogEntry::default()
    /// };
    /// let err = entry.validate().unwrap_err();
    /// assert_eq!(err.violations().len(), 8);
    /// assert_eq!(err.violations()[0].field(), "event_type");
    /// assert_eq!(err.violations()[0].to_string(), "event_type: unknown number 99");
    /// ```
    pub fn validate(&self) -> Result<(), ValidationError> {
        LogEntryView::from(self).validate()
    }
}

impl LogEntryView<'_> {
    /// Checks the entry, as [`LogEntry::validate`] does.
    ///
    /// # Errors
    ///
    /// All violations at once, in the order of the fields.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryView;
    ///
    /// assert!(LogEntryView::decode(b"")?.validate().is_err());
    /// # Ok::<(), lokryn_compliance_log::DecodeError>(())
    /// ```
    pub fn validate(&self) -> Result<(), ValidationError> {
        ValidationError::of(self.violations())
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        let mut violations = Vec::new();
        let mut check = |field, kind: Option<ViolationKind>| {
            violations.extend(kind.map(|kind| Violation::new(field, kind)));
        };
        check("event_type", required_enum::<EventType>(self.event_type));
        check("outcome", required_enum::<Outcome>(self.outcome));
        check("severity", required_enum::<Severity>(self.severity));
        check("actor_id", required_text(self.actor_id));
        check("component", required_text(self.component));
        check("environment", required_text(self.environment));
        check("resource", required_text(self.resource));
        let tags = self.policy_tags.iter().enumerate();
        let mut empty_tags = tags.filter(|(_, tag)| tag.is_empty());
        for (index, _) in empty_tags.by_ref().take(MAX_EMPTY_TAGS) {
            check("policy_tags", Some(ViolationKind::EmptyTag { index }));
        }
        if let count @ 1.. = empty_tags.count() {
            check("policy_tags", Some(ViolationKind::MoreEmptyTags { count }));
        }
        check(
            "sensitivity",
            required_enum::<Sensitivity>(self.sensitivity),
        );
        violations
    }
}

fn required_text(text: &str) -> Option<ViolationKind> {
    text.is_empty().then_some(ViolationKind::EmptyText)
}

fn required_enum<E: TryFrom<i32>>(number: i32) -> Option<ViolationKind> {
    match number {
        0 => Some(ViolationKind::Unspecified),
        _ if E::try_from(number).is_err() => Some(ViolationKind::UnknownNumber(number)),
        _ => None,
    }
}

/// Every violation that [`validate`](LogEntry::validate) found in an entry.
///
/// ```
/// use lokryn_compliance_log::{LogEntry, ViolationKind};
///
/// let entry = LogEntry { severity: 99, ..LogEntry::default() };
/// let err = entry.validate().unwrap_err();
/// let from_newer_schema = err
///     .violations()
///     .iter()
///     .filter(|violation| matches!(violation.kind(), ViolationKind::UnknownNumber(_)));
/// assert_eq!(from_newer_schema.map(|violation| violation.field()).collect::<Vec<_>>(), ["severity"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ValidationError {
    violations: Vec<Violation>,
}

impl ValidationError {
    pub(crate) fn of(violations: Vec<Violation>) -> Result<(), Self> {
        if violations.is_empty() {
            Ok(())
        } else {
            Err(Self { violations })
        }
    }

    /// Returns the violations, at least one, in the order of the fields.
    #[must_use]
    pub fn violations(&self) -> &[Violation] {
        &self.violations
    }
}

impl Display for ValidationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("invalid entry: ")?;
        for (index, violation) in self.violations.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            Display::fmt(violation, f)?;
        }
        Ok(())
    }
}

impl Error for ValidationError {}

/// One field of an entry that is not as it must be; see [`ValidationError`] for
/// an example.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Violation {
    field: &'static str,
    kind: ViolationKind,
    element: Option<&'static Element>,
}

/// A content element that a standard lists.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Element {
    /// The standard and the place in it.
    pub(crate) standard: &'static str,
    /// What the standard calls it.
    pub(crate) words: &'static str,
    /// The fields and details that hold it.
    #[cfg(feature = "json")]
    pub(crate) held_by: &'static [&'static str],
}

impl Violation {
    pub(crate) fn new(field: &'static str, kind: ViolationKind) -> Self {
        Self {
            field,
            kind,
            element: None,
        }
    }

    /// The same, as what leaves out an element.
    #[cfg(feature = "json")]
    pub(crate) fn of(self, element: &'static Element) -> Self {
        Self {
            element: Some(element),
            ..self
        }
    }

    /// Returns the content element of the standard that the entry lacks, in the words of
    /// the standard; `None` from `validate()`, and for a field that the standard does not
    /// ask for.
    #[must_use]
    pub fn element(&self) -> Option<&'static str> {
        self.element.map(|element| element.words)
    }

    /// Returns the proto name of the field, such as `actor_id`, or the name of the
    /// detail, such as `occurred_at`.
    #[must_use]
    pub fn field(&self) -> &'static str {
        self.field
    }

    /// Returns what is wrong with it.
    #[must_use]
    pub fn kind(&self) -> ViolationKind {
        self.kind
    }
}

impl Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = self.field;
        match self.kind {
            ViolationKind::EmptyText => write!(f, "{field}: empty"),
            ViolationKind::MissingDetail => write!(f, "{field}: missing"),
            ViolationKind::MalformedDetail => write!(f, "{field}: has the wrong form"),
            ViolationKind::Unspecified => write!(f, "{field}: unspecified"),
            ViolationKind::UnknownNumber(number) => write!(f, "{field}: unknown number {number}"),
            ViolationKind::EmptyTag { index } => write!(f, "{field}[{index}]: empty"),
            ViolationKind::MoreEmptyTags { count } => write!(f, "{field}: {count} more are empty"),
        }?;
        match self.element {
            Some(element) => write!(f, " ({}: {})", element.standard, element.words),
            None => Ok(()),
        }
    }
}

/// What is wrong with a field; see [`ValidationError`] for an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ViolationKind {
    /// A required text is empty.
    EmptyText,
    /// A required enum is unspecified: its number is 0.
    Unspecified,
    /// An enum has a number that this version of the schema does not know.
    UnknownNumber(i32),
    /// A detail that a standard asks for is not there.
    MissingDetail,
    /// A detail that a standard asks for is not of its form, or is there twice.
    MalformedDetail,
    /// A policy tag is empty.
    EmptyTag {
        /// Its place among the tags, from 0.
        index: usize,
    },
    /// More policy tags are empty than are reported one by one.
    MoreEmptyTags {
        /// How many more.
        count: usize,
    },
}
