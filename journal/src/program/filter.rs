//! Which records are wanted.

#![expect(clippy::doc_markdown, reason = "clap prints it as it stands")]

use std::time::SystemTime;

use clap::Args;
use lokryn_compliance_log::{EventType, LogEntryView, Outcome, Severity};

use super::time;

/// The filters of verbs that read. Those of one kind are alternatives; all kinds have to
/// agree.
#[derive(Args)]
pub(crate) struct Filter {
    /// Recorded at this time or later, as in 2026-11-29 or 2026-11-29T08:30:00Z
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    pub(crate) since: Option<SystemTime>,
    /// Recorded before this time
    #[arg(long, value_name = "TIME", value_parser = time::parse)]
    pub(crate) until: Option<SystemTime>,
    /// This actor
    #[arg(long, value_name = "ACTOR")]
    actor: Vec<String>,
    /// This event type, as in EVENT_LOGIN or login
    #[arg(long, value_name = "EVENT", value_parser = event)]
    event: Vec<i32>,
    /// This outcome, as in OUTCOME_FAILURE_DENIED or failure_denied
    #[arg(long, value_name = "OUTCOME", value_parser = outcome)]
    outcome: Vec<i32>,
    /// Outcomes that are failures
    #[arg(long)]
    failures: bool,
    /// This severity or a higher one, as in SEVERITY_WARNING or warning
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    min_severity: Option<i32>,
    /// This policy tag
    #[arg(long, value_name = "TAG")]
    tag: Vec<String>,
    /// This component
    #[arg(long, value_name = "COMPONENT")]
    component: Vec<String>,
    /// A resource that begins with this
    #[arg(long, value_name = "PREFIX")]
    resource: Vec<String>,
    /// This text in actor, resource, message or a payload that is text
    #[arg(long, value_name = "TEXT")]
    text: Option<String>,
}

impl Filter {
    pub(crate) fn keeps(&self, entry: &LogEntryView<'_>) -> bool {
        let any = |wanted: &[String], is: &dyn Fn(&str) -> bool| {
            wanted.is_empty() || wanted.iter().any(|it| is(it))
        };
        (self.event.is_empty() || self.event.contains(&entry.event_type))
            && (self.outcome.is_empty() || self.outcome.contains(&entry.outcome))
            && (!self.failures || entry.outcome().is_failure())
            // A severity that this version does not know is higher than those it knows.
            && self.min_severity.is_none_or(|least| entry.severity >= least)
            && any(&self.actor, &|it| it == entry.actor_id)
            && any(&self.component, &|it| it == entry.component)
            && any(&self.resource, &|it| entry.resource.starts_with(it))
            && any(&self.tag, &|it| entry.policy_tags.contains(it))
            && self.text.as_ref().is_none_or(|text| holds(entry, text))
    }
}

fn holds(entry: &LogEntryView<'_>, text: &str) -> bool {
    let payload = str::from_utf8(entry.payload).unwrap_or_default();
    [entry.actor_id, entry.resource, entry.message, payload]
        .iter()
        .any(|it| it.contains(text))
}

/// Takes the proto name of a value, its last part in any case, or its number.
fn number(text: &str, prefix: &str, known: impl Fn(&str) -> Option<i32>) -> Result<i32, String> {
    let name = text.to_uppercase();
    known(&name)
        .or_else(|| known(&format!("{prefix}{name}")))
        .or_else(|| text.parse().ok())
        .ok_or_else(|| {
            format!("no value of this name; they are those of log.proto, as in {prefix}…")
        })
}

fn event(text: &str) -> Result<i32, String> {
    number(text, "EVENT_", |it| {
        EventType::from_str_name(it).map(i32::from)
    })
}

fn outcome(text: &str) -> Result<i32, String> {
    number(text, "OUTCOME_", |it| {
        Outcome::from_str_name(it).map(i32::from)
    })
}

fn severity(text: &str) -> Result<i32, String> {
    number(text, "SEVERITY_", |it| {
        Severity::from_str_name(it).map(i32::from)
    })
}
