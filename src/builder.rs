//! Builders that compile only once every required part is set.
//!
//! Each required part is a type parameter of [`LogEntryBuilder`]: a type in
//! [`missing`] until the part is set, and [`Set`] from then on.
//! [`build`](LogEntryBuilder::build) asks that all seven be set.

use core::marker::PhantomData;

use alloc::string::String;

use crate::{EventType, LogEntry, Outcome, Payload, Sensitivity, Severity};

/// The state of a part that has been set.
#[derive(Clone, Copy, Debug)]
pub enum Set {}

/// The states of the required parts that have not been set yet.
///
/// Each is spelled like its setter, for it is what the compiler's message shows:
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

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Set {}
}

/// Implemented by [`Set`] alone: what [`LogEntryBuilder::build`] asks of every
/// required part.
#[diagnostic::on_unimplemented(
    message = "the entry is incomplete: `{Self}`",
    label = "a required part has not been set",
    note = "`build()` needs `event_type`, `outcome`, `actor_id`, `component`, `environment`, `resource` and `sensitivity`"
)]
pub trait IsSet: sealed::Sealed {}

impl IsSet for Set {}

/// Builds a [`LogEntry`], checked at compile time to be complete.
///
/// Required, in any order: [`event_type`](Self::event_type),
/// [`outcome`](Self::outcome), [`actor_id`](Self::actor_id),
/// [`component`](Self::component), [`environment`](Self::environment),
/// [`resource`](Self::resource) and [`sensitivity`](Self::sensitivity). A part
/// set twice has the last value.
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
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until `build()` is called"]
pub struct LogEntryBuilder<
    EventTypePart = missing::event_type,
    OutcomePart = missing::outcome,
    ActorIdPart = missing::actor_id,
    ComponentPart = missing::component,
    EnvironmentPart = missing::environment,
    ResourcePart = missing::resource,
    SensitivityPart = missing::sensitivity,
> {
    entry: LogEntry,
    severity: Option<Severity>,
    parts: PhantomData<(
        EventTypePart,
        OutcomePart,
        ActorIdPart,
        ComponentPart,
        EnvironmentPart,
        ResourcePart,
        SensitivityPart,
    )>,
}

impl LogEntry {
    /// Returns a builder with nothing set.
    pub fn builder() -> LogEntryBuilder {
        LogEntryBuilder {
            entry: Self::default(),
            severity: None,
            parts: PhantomData,
        }
    }
}

impl<T, O, A, C, E, R, S> LogEntryBuilder<T, O, A, C, E, R, S> {
    /// Sets what happened. Required.
    pub fn event_type(mut self, event_type: EventType) -> LogEntryBuilder<Set, O, A, C, E, R, S> {
        self.entry.event_type = event_type.into();
        self.with_parts()
    }

    /// Sets whether it worked. Required.
    pub fn outcome(mut self, outcome: Outcome) -> LogEntryBuilder<T, Set, A, C, E, R, S> {
        self.entry.outcome = outcome.into();
        self.with_parts()
    }

    /// Sets who did it. Required.
    pub fn actor_id(
        mut self,
        actor_id: impl Into<String>,
    ) -> LogEntryBuilder<T, O, Set, C, E, R, S> {
        self.entry.actor_id = actor_id.into();
        self.with_parts()
    }

    /// Sets which part of the system recorded it. Required.
    pub fn component(
        mut self,
        component: impl Into<String>,
    ) -> LogEntryBuilder<T, O, A, Set, E, R, S> {
        self.entry.component = component.into();
        self.with_parts()
    }

    /// Sets where it ran. Required.
    pub fn environment(
        mut self,
        environment: impl Into<String>,
    ) -> LogEntryBuilder<T, O, A, C, Set, R, S> {
        self.entry.environment = environment.into();
        self.with_parts()
    }

    /// Sets what it was done to. Required.
    pub fn resource(
        mut self,
        resource: impl Into<String>,
    ) -> LogEntryBuilder<T, O, A, C, E, Set, S> {
        self.entry.resource = resource.into();
        self.with_parts()
    }

    /// Sets how sensitive the data in the entry is. Required.
    pub fn sensitivity(
        mut self,
        sensitivity: Sensitivity,
    ) -> LogEntryBuilder<T, O, A, C, E, R, Set> {
        self.entry.sensitivity = sensitivity.into();
        self.with_parts()
    }

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

    /// Sets the structured detail: a [`Payload`], or what becomes one, such as
    /// a `serde_json::Value` or bytes that are already encoded.
    pub fn payload(mut self, payload: impl Into<Payload>) -> Self {
        self.entry.payload = payload.into().into();
        self
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

    fn with_parts<T2, O2, A2, C2, E2, R2, S2>(self) -> LogEntryBuilder<T2, O2, A2, C2, E2, R2, S2> {
        LogEntryBuilder {
            entry: self.entry,
            severity: self.severity,
            parts: PhantomData,
        }
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
        T: IsSet,
        O: IsSet,
        A: IsSet,
        C: IsSet,
        E: IsSet,
        R: IsSet,
        S: IsSet,
    {
        let severity = self
            .severity
            .unwrap_or_else(|| Severity::for_outcome(self.entry.outcome()));
        LogEntry {
            severity: severity.into(),
            ..self.entry
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
/// entry, and the compiler insists on it there. As a field of a struct, the
/// type is `LogSource` without a sensitivity and `LogSource<Set>` with one.
#[derive(Clone, Debug)]
pub struct LogSource<SensitivityPart = missing::sensitivity> {
    template: Template<SensitivityPart>,
}

type Template<S> = LogEntryBuilder<
    missing::event_type,
    missing::outcome,
    missing::actor_id,
    Set,
    Set,
    missing::resource,
    S,
>;

impl LogSource {
    /// Returns a source with the given component and environment.
    pub fn new(component: impl Into<String>, environment: impl Into<String>) -> Self {
        Self {
            template: LogEntry::builder()
                .component(component)
                .environment(environment),
        }
    }
}

impl<S> LogSource<S> {
    /// Sets the sensitivity of every entry that does not set its own.
    #[must_use]
    pub fn sensitivity(self, sensitivity: Sensitivity) -> LogSource<Set> {
        LogSource {
            template: self.template.sensitivity(sensitivity),
        }
    }

    /// Adds one compliance tag to every entry, before the entry's own.
    #[must_use]
    pub fn policy_tag(self, tag: impl Into<String>) -> Self {
        Self {
            template: self.template.policy_tag(tag),
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
        }
    }
}

impl<S: Clone> LogSource<S> {
    /// Returns a builder with the source's parts already set.
    pub fn entry(
        &self,
    ) -> LogEntryBuilder<
        missing::event_type,
        missing::outcome,
        missing::actor_id,
        Set,
        Set,
        missing::resource,
        S,
    > {
        self.template.clone()
    }
}
