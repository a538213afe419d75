//! Builders that compile only once every required part is set.
//!
//! The type of a [`LogEntryBuilder`] tells which of the seven required parts are
//! set: for each there is a type in [`missing`] until it is set, and [`Set`] from
//! then on. [`build`](LogEntryBuilder::build) asks that the parts be [`Complete`].
//!
//! # Helpers
//!
//! A function that adds what is optional takes a builder with any parts:
//!
//! ```
//! use lokryn_compliance_log::LogEntryBuilder;
//!
//! fn for_audits<P>(entry: LogEntryBuilder<P>) -> LogEntryBuilder<P> {
//!     entry.policy_tags(["SOC2", "HIPAA"])
//! }
//! ```
//!
//! One that sets required parts takes what [`LogSource::entry`] returns,
//! [`SourceEntry`], and one that finishes an entry asks for a complete one:
//!
//! ```
//! use lokryn_compliance_log::builder::{Complete, SourceEntry};
//! use lokryn_compliance_log::{EventType, LogEntry, LogEntryBuilder, Outcome};
//!
//! fn login(entry: SourceEntry, user: &str) -> LogEntry {
//!     finish(
//!         entry
//!             .event_type(EventType::Login)
//!             .outcome(Outcome::Success)
//!             .actor_id(user)
//!             .resource("auth/login"),
//!     )
//! }
//!
//! fn finish<P: Complete>(entry: LogEntryBuilder<P>) -> LogEntry {
//!     entry.policy_tag("SOC2").build()
//! }
//! ```

use core::marker::PhantomData;

use alloc::string::String;
#[cfg(feature = "json")]
use alloc::{boxed::Box, string::ToString as _};
use core::fmt;
#[cfg(feature = "json")]
use core::net::IpAddr;
#[cfg(feature = "json")]
use prost_types::Timestamp;
#[cfg(feature = "json")]
use serde_json::Value;

#[cfg(feature = "json")]
use crate::debug::Withheld;
#[cfg(feature = "json")]
use crate::detail::{self, Details};
use crate::payload::IntoPayload;
use crate::{EventType, LogEntry, Outcome, Sensitivity, Severity};

/// The state of a part that has been set.
#[derive(Clone, Copy, Debug)]
pub enum Set {}

/// The states of the required parts that have not been set yet.
///
/// Each is spelled like its setter, because the compiler's message shows it:
/// ``the entry is incomplete: `missing::actor_id` ``.
#[allow(non_camel_case_types)]
pub mod missing {
    /// No `event_type(…)` yet.
    #[derive(Clone, Copy, Debug)]
    pub enum event_type {}
    /// No `outcome(…)` yet.
    #[derive(Clone, Copy, Debug)]
    pub enum outcome {}
    /// No `actor_id(…)` yet.
    #[derive(Clone, Copy, Debug)]
    pub enum actor_id {}
    /// No `component(…)` yet.
    #[derive(Clone, Copy, Debug)]
    pub enum component {}
    /// No `environment(…)` yet.
    #[derive(Clone, Copy, Debug)]
    pub enum environment {}
    /// No `resource(…)` yet.
    #[derive(Clone, Copy, Debug)]
    pub enum resource {}
    /// No `sensitivity(…)` yet.
    #[derive(Clone, Copy, Debug)]
    pub enum sensitivity {}
}

/// The parts of a builder with nothing set.
pub type NothingSet = (
    missing::event_type,
    missing::outcome,
    missing::actor_id,
    missing::component,
    missing::environment,
    missing::resource,
    missing::sensitivity,
);

/// The builder that [`LogSource::entry`] returns: component and environment are
/// set, and the sensitivity, unless `S` says otherwise.
pub type SourceEntry<S = Set> = LogEntryBuilder<(
    missing::event_type,
    missing::outcome,
    missing::actor_id,
    Set,
    Set,
    missing::resource,
    S,
)>;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Set {}
    impl<T, O, A, C, E, R, S> Sealed for (T, O, A, C, E, R, S) {}
}

/// Implemented by [`Set`] alone: what [`Complete`] asks of every required part.
#[diagnostic::on_unimplemented(
    message = "the entry is incomplete: `{Self}`",
    label = "a required part has not been set",
    note = "`build()` needs `event_type`, `outcome`, `actor_id`, `component`, `environment`, `resource` and `sensitivity`"
)]
pub trait IsSet: sealed::Sealed {}

impl IsSet for Set {}

/// The parts of a builder of which every required one is set.
#[diagnostic::on_unimplemented(
    message = "the entry may be incomplete: `{Self}` can be any parts",
    label = "which parts are set is not known here",
    note = "ask for `{Self}: lokryn_compliance_log::builder::Complete`, or take a `builder::SourceEntry`"
)]
pub trait Complete: sealed::Sealed {}

impl<T, O, A, C, E, R, S> Complete for (T, O, A, C, E, R, S)
where
    T: IsSet,
    O: IsSet,
    A: IsSet,
    C: IsSet,
    E: IsSet,
    R: IsSet,
    S: IsSet,
{
}

/// Builds a [`LogEntry`], checked at compile time to be complete.
///
/// Required, in any order: [`event_type`](Self::event_type),
/// [`outcome`](Self::outcome), [`actor_id`](Self::actor_id),
/// [`component`](Self::component), [`environment`](Self::environment),
/// [`resource`](Self::resource) and [`sensitivity`](Self::sensitivity). A part
/// set twice keeps the last value.
///
/// ```
/// use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity, Severity};
///
/// let entry = LogEntry::builder()
///     .event_type(EventType::Login)
///     .outcome(Outcome::FailureUnauthorized)
///     .actor_id("user-12345")
///     .component("auth-service")
///     .environment("production")
///     .resource("auth/login")
///     .sensitivity(Sensitivity::Internal)
///     .policy_tag("SOC2")
///     .build();
///
/// assert_eq!(entry.severity(), Severity::Warning); // follows the outcome
/// ```
///
/// An entry without one of them does not compile, and the compiler's message
/// names the part:
///
/// ```compile_fail,E0277
/// # use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity};
/// let entry = LogEntry::builder()
///     .event_type(EventType::Login)
///     .outcome(Outcome::FailureUnauthorized)
///     .component("auth-service")
///     .environment("production")
///     .resource("auth/login")
///     .sensitivity(Sensitivity::Internal)
///     .build(); // the entry is incomplete: `missing::actor_id`
/// ```
///
/// A builder can be cloned and each clone finished on its own. For the parts
/// that stay the same for a whole service, see [`LogSource`].
#[derive(Clone)]
#[must_use = "a builder does nothing until `build()` is called"]
pub struct LogEntryBuilder<Parts> {
    entry: LogEntry,
    severity: Option<Severity>,
    /// Boxed, so that an entry without them is no larger.
    #[cfg(feature = "json")]
    details: Option<Box<Details>>,
    parts: PhantomData<Parts>,
}

/// Prints payload and details under the rule for payloads of [`LogEntry`].
impl<Parts> fmt::Debug for LogEntryBuilder<Parts> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fields = f.debug_struct("LogEntryBuilder");
        fields.field("entry", &self.entry);
        fields.field("severity", &self.severity);
        #[cfg(feature = "json")]
        if let Some(details) = &self.details {
            match Withheld::<Sensitivity>::because_of(self.entry.sensitivity) {
                Some(reason) => {
                    let count = details.iter().count();
                    fields.field("details", &format_args!("<{count} withheld: {reason}>"))
                }
                None => fields.field("details", details),
            };
        }
        fields.finish_non_exhaustive()
    }
}

impl LogEntry {
    /// Returns a builder with nothing set.
    pub fn builder() -> LogEntryBuilder<NothingSet> {
        LogEntryBuilder {
            entry: Self::default(),
            severity: None,
            #[cfg(feature = "json")]
            details: None,
            parts: PhantomData,
        }
    }
}

impl<T, O, A, C, E, R, S> LogEntryBuilder<(T, O, A, C, E, R, S)> {
    /// Sets what happened. Required.
    pub fn event_type(mut self, event_type: EventType) -> LogEntryBuilder<(Set, O, A, C, E, R, S)> {
        self.entry.event_type = event_type.into();
        self.with_parts()
    }

    /// Sets whether it worked. Required.
    pub fn outcome(mut self, outcome: Outcome) -> LogEntryBuilder<(T, Set, A, C, E, R, S)> {
        self.entry.outcome = outcome.into();
        self.with_parts()
    }

    /// Sets who did it. Required.
    pub fn actor_id(
        mut self,
        actor_id: impl Into<String>,
    ) -> LogEntryBuilder<(T, O, Set, C, E, R, S)> {
        self.entry.actor_id = actor_id.into();
        self.with_parts()
    }

    /// Sets which part of the system recorded it. Required.
    pub fn component(
        mut self,
        component: impl Into<String>,
    ) -> LogEntryBuilder<(T, O, A, Set, E, R, S)> {
        self.entry.component = component.into();
        self.with_parts()
    }

    /// Sets where it ran. Required.
    pub fn environment(
        mut self,
        environment: impl Into<String>,
    ) -> LogEntryBuilder<(T, O, A, C, Set, R, S)> {
        self.entry.environment = environment.into();
        self.with_parts()
    }

    /// Sets what it was done to. Required.
    pub fn resource(
        mut self,
        resource: impl Into<String>,
    ) -> LogEntryBuilder<(T, O, A, C, E, Set, S)> {
        self.entry.resource = resource.into();
        self.with_parts()
    }

    /// Sets how sensitive the data in the entry is. Required.
    pub fn sensitivity(
        mut self,
        sensitivity: Sensitivity,
    ) -> LogEntryBuilder<(T, O, A, C, E, R, Set)> {
        self.entry.sensitivity = sensitivity.into();
        self.with_parts()
    }
}

impl<Parts> LogEntryBuilder<Parts> {
    /// Sets how severe it is. Left out, the severity follows the outcome:
    /// [`Severity::for_outcome`].
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Sets the sentence that a person should read.
    pub fn message(mut self, message: impl Into<String>) -> Self {
        self.entry.message = message.into();
        self
    }

    /// Sets the structured detail: a [`Payload`](crate::Payload), a
    /// `serde_json::Value`, or bytes that are already encoded. The last one counts.
    ///
    /// Details that are set are put beside its members; the module `detail` says how.
    pub fn payload(mut self, payload: impl IntoPayload) -> Self {
        self.entry.payload = payload.into_payload().into();
        self
    }

    /// Sets a named detail: a member of the payload, which is then a JSON object. See the
    /// module [`detail`] for the names that auditors ask for, and for how
    /// details and payload add up.
    ///
    /// As with `json!`, a float that is NaN or infinite is `null`.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryBuilder;
    /// use lokryn_compliance_log::detail::{SESSION_ID, TRACE_ID};
    ///
    /// /// What a middleware knows of a request, whatever the handler records.
    /// fn from_request<P>(entry: LogEntryBuilder<P>, trace: &str) -> LogEntryBuilder<P> {
    ///     entry.detail(TRACE_ID, trace).detail(SESSION_ID, "session-1")
    /// }
    /// ```
    #[cfg(feature = "json")]
    pub fn detail(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let name = name.into();
        if name == detail::PAYLOAD {
            return self.payload(value.into());
        }
        let details = self.details.get_or_insert_default();
        details.set(name, value.into());
        self
    }

    /// Sets the detail [`OCCURRED_AT`](detail::OCCURRED_AT): when it happened, such as a
    /// `SystemTime`, in the years 0 to 9999.
    #[cfg(feature = "json")]
    pub fn occurred_at(self, time: impl Into<Timestamp>) -> Self {
        self.detail(detail::OCCURRED_AT, detail::time_to_text(time.into()))
    }

    /// Sets the detail [`SOURCE_ADDRESS`](detail::SOURCE_ADDRESS): the network address
    /// that it came from.
    #[cfg(feature = "json")]
    pub fn source_address(self, address: IpAddr) -> Self {
        self.detail(detail::SOURCE_ADDRESS, address.to_string())
    }

    /// Sets the detail [`EVENT_ID`](detail::EVENT_ID): an identifier of this one event.
    #[cfg(feature = "json")]
    pub fn event_id(self, id: impl Into<String>) -> Self {
        self.detail(detail::EVENT_ID, id.into())
    }

    /// Adds one compliance tag after those already there.
    pub fn policy_tag(mut self, tag: impl Into<String>) -> Self {
        self.entry.policy_tags.push(tag.into());
        self
    }

    /// Adds compliance tags after those already there.
    pub fn policy_tags<I>(mut self, tags: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let tags = tags.into_iter().map(Into::into);
        self.entry.policy_tags.extend(tags);
        self
    }

    /// Returns the entry. Cannot fail: the compiler has seen that every
    /// required part is set.
    ///
    /// What it cannot see is whether a part is *meaningful*: an empty
    /// `actor_id` or [`EventType::Unspecified`] builds, and
    /// [`LogEntry::validate`] reports it.
    #[must_use]
    pub fn build(self) -> LogEntry
    where
        Parts: Complete,
    {
        let severity = self
            .severity
            .unwrap_or_else(|| Severity::for_outcome(self.entry.outcome()));
        #[cfg_attr(not(feature = "json"), allow(unused_mut))]
        let mut entry = LogEntry {
            severity: severity.into(),
            ..self.entry
        };
        #[cfg(feature = "json")]
        if let Some(details) = self.details {
            entry.payload = details.merged_with(&entry.payload);
        }
        entry
    }

    fn with_parts<Others>(self) -> LogEntryBuilder<Others> {
        LogEntryBuilder {
            entry: self.entry,
            severity: self.severity,
            #[cfg(feature = "json")]
            details: self.details,
            parts: PhantomData,
        }
    }
}

/// The parts of an entry that stay the same for a whole service: what a service
/// makes once and keeps.
///
/// ```
/// use lokryn_compliance_log::{EventType, LogSource, Outcome, Sensitivity};
///
/// let source = LogSource::new("mcp-client", "production")
///     .policy_tags(["SOC2", "data-access"])
///     .sensitivity(Sensitivity::Confidential);
///
/// let entry = source
///     .entry()
///     .event_type(EventType::ToolInvocation)
///     .outcome(Outcome::Success)
///     .actor_id("agent-001")
///     .resource("tools/database_query")
///     .build();
///
/// assert_eq!(entry.component, "mcp-client");
/// assert_eq!(entry.policy_tags, ["SOC2", "data-access"]);
/// ```
///
/// The sensitivity is optional here: a source that has none leaves it to each
/// entry, and the compiler insists on it there. As a field of a struct, the type
/// of a source with a sensitivity is `LogSource`, and that of one without is
/// `LogSource<missing::sensitivity>`:
///
/// ```
/// use lokryn_compliance_log::{LogSource, Sensitivity};
///
/// struct App {
///     audit: LogSource,
/// }
///
/// let audit = LogSource::new("api-gateway", "production").sensitivity(Sensitivity::Internal);
/// let app = App { audit };
/// ```
#[derive(Clone, Debug)]
pub struct LogSource<S = Set> {
    template: SourceEntry<S>,
    is_stamped: bool,
}

impl LogSource<missing::sensitivity> {
    /// Returns a source with the given component and environment.
    pub fn new(component: impl Into<String>, environment: impl Into<String>) -> Self {
        Self {
            template: LogEntry::builder()
                .component(component)
                .environment(environment),
            is_stamped: false,
        }
    }
}

impl<S> LogSource<S> {
    /// Sets the sensitivity of every entry that does not set its own.
    #[must_use]
    pub fn sensitivity(self, sensitivity: Sensitivity) -> LogSource<Set> {
        LogSource {
            template: self.template.sensitivity(sensitivity),
            is_stamped: self.is_stamped,
        }
    }

    /// Adds one compliance tag to every entry, before the entry's own.
    #[must_use]
    pub fn policy_tag(self, tag: impl Into<String>) -> Self {
        Self {
            template: self.template.policy_tag(tag),
            ..self
        }
    }

    /// Adds compliance tags to every entry, before the entry's own.
    #[must_use]
    pub fn policy_tags<I>(self, tags: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        Self {
            template: self.template.policy_tags(tags),
            ..self
        }
    }

    /// Sets a named detail of every entry that has none of that name, neither as a detail
    /// nor as a member of its payload. See the module [`detail`].
    #[cfg(feature = "json")]
    #[must_use]
    pub fn detail(self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        let mut template = self.template.detail(name, value);
        if let Some(details) = &mut template.details {
            details.make_defaults();
        }
        Self { template, ..self }
    }

    /// Sets the detail [`OCCURRED_AT`](detail::OCCURRED_AT) of every entry that has none:
    /// for a source that is made for one event. For the present time of each entry, see
    /// `stamped`.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn occurred_at(self, time: impl Into<Timestamp>) -> Self {
        self.detail(detail::OCCURRED_AT, detail::time_to_text(time.into()))
    }

    /// Sets the detail [`SOURCE_ADDRESS`](detail::SOURCE_ADDRESS) of every entry that has
    /// none.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn source_address(self, address: IpAddr) -> Self {
        self.detail(detail::SOURCE_ADDRESS, address.to_string())
    }

    /// Sets the detail [`EVENT_ID`](detail::EVENT_ID) of every entry that has none: for a
    /// source that is made for one event.
    #[cfg(feature = "json")]
    #[must_use]
    pub fn event_id(self, id: impl Into<String>) -> Self {
        self.detail(detail::EVENT_ID, id.into())
    }

    /// Makes every [`entry()`](Self::entry) start with the present time of the system's
    /// clock as its [`OCCURRED_AT`](detail::OCCURRED_AT). A time that the entry or its
    /// payload sets wins.
    #[cfg(all(feature = "std", feature = "json"))]
    #[must_use]
    pub fn stamped(self) -> Self {
        Self {
            is_stamped: true,
            ..self
        }
    }
}

impl<S: Clone> LogSource<S> {
    /// Returns a builder with the source's parts already set.
    pub fn entry(&self) -> SourceEntry<S> {
        #[cfg_attr(not(all(feature = "std", feature = "json")), allow(unused_mut))]
        let mut entry = self.template.clone();
        #[cfg(all(feature = "std", feature = "json"))]
        if self.is_stamped {
            let now = detail::time_to_text(std::time::SystemTime::now().into());
            let details = entry.details.get_or_insert_default();
            details.set_default(detail::OCCURRED_AT.into(), now.into());
        }
        entry
    }
}
