//! What a program has at hand when it logs, and an entry made of it in each
//! library.

use std::borrow::Cow;

use lokryn_compliance_log::{LogEntryView, PolicyTags};

use crate::peers;

#[derive(Clone, Copy, Default)]
pub struct Source<'a> {
    pub event_type: i32,
    pub outcome: i32,
    pub severity: i32,
    pub actor_id: &'a str,
    pub component: &'a str,
    pub environment: &'a str,
    pub resource: &'a str,
    pub message: &'a str,
    pub payload: &'a [u8],
    pub policy_tags: &'a [&'a str],
    pub sensitivity: i32,
}

impl<'a> Source<'a> {
    pub fn view(self) -> LogEntryView<'a> {
        LogEntryView {
            event_type: self.event_type,
            outcome: self.outcome,
            severity: self.severity,
            actor_id: self.actor_id,
            component: self.component,
            environment: self.environment,
            resource: self.resource,
            message: self.message,
            payload: self.payload,
            policy_tags: PolicyTags::from(self.policy_tags),
            sensitivity: self.sensitivity,
        }
    }

    pub fn prost(self) -> peers::prost::LogEntry {
        peers::prost::LogEntry {
            event_type: self.event_type,
            outcome: self.outcome,
            severity: self.severity,
            actor_id: self.actor_id.to_owned(),
            component: self.component.to_owned(),
            environment: self.environment.to_owned(),
            resource: self.resource.to_owned(),
            message: self.message.to_owned(),
            payload: self.payload.to_vec(),
            policy_tags: self.strings(),
            sensitivity: self.sensitivity,
        }
    }

    pub fn buffa(self) -> peers::buffa::LogEntry {
        peers::buffa::LogEntry {
            event_type: self.event_type.into(),
            outcome: self.outcome.into(),
            severity: self.severity.into(),
            actor_id: self.actor_id.to_owned(),
            component: self.component.to_owned(),
            environment: self.environment.to_owned(),
            resource: self.resource.to_owned(),
            message: self.message.to_owned(),
            payload: self.payload.to_vec(),
            policy_tags: self.strings(),
            sensitivity: self.sensitivity.into(),
            ..Default::default()
        }
    }

    pub fn buffa_view(self) -> peers::buffa::LogEntryView<'a> {
        peers::buffa::LogEntryView {
            event_type: self.event_type.into(),
            outcome: self.outcome.into(),
            severity: self.severity.into(),
            actor_id: self.actor_id,
            component: self.component,
            environment: self.environment,
            resource: self.resource,
            message: self.message,
            payload: self.payload,
            policy_tags: self.policy_tags.iter().copied().collect(),
            sensitivity: self.sensitivity.into(),
            ..Default::default()
        }
    }

    pub fn quick_protobuf(self) -> peers::quick_protobuf::LogEntry<'a> {
        let tags = self.policy_tags.iter().copied();
        peers::quick_protobuf::LogEntry {
            event_type: self.event_type.into(),
            outcome: self.outcome.into(),
            severity: self.severity.into(),
            actor_id: Cow::Borrowed(self.actor_id),
            component: Cow::Borrowed(self.component),
            environment: Cow::Borrowed(self.environment),
            resource: Cow::Borrowed(self.resource),
            message: Cow::Borrowed(self.message),
            payload: Cow::Borrowed(self.payload),
            policy_tags: tags.map(Cow::Borrowed).collect(),
            sensitivity: self.sensitivity.into(),
        }
    }

    /// Each field by itself, without the tags.
    pub fn fields(self) -> [Source<'a>; 10] {
        let Source {
            event_type,
            outcome,
            severity,
            actor_id,
            component,
            environment,
            resource,
            message,
            payload,
            sensitivity,
            ..
        } = self;
        let none = Source::default;
        [
            Source {
                event_type,
                ..none()
            },
            Source { outcome, ..none() },
            Source { severity, ..none() },
            Source { actor_id, ..none() },
            Source {
                component,
                ..none()
            },
            Source {
                environment,
                ..none()
            },
            Source { resource, ..none() },
            Source { message, ..none() },
            Source { payload, ..none() },
            Source {
                sensitivity,
                ..none()
            },
        ]
    }

    /// Each tag by itself.
    pub fn tags(self) -> impl Iterator<Item = Source<'a>> {
        let tags = self.policy_tags.chunks(1);
        tags.map(|policy_tags| Source {
            policy_tags,
            ..Source::default()
        })
    }

    fn strings(self) -> Vec<String> {
        self.policy_tags
            .iter()
            .copied()
            .map(str::to_owned)
            .collect()
    }
}
