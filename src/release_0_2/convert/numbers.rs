//! The numbers of the enums in one release and in the other.
//!
//! A number that has no name in either release stays what it is. One that would come to
//! mean something else becomes 0, and is kept beside it: for each number `n` of 0.2 for
//! which `to_request(to_entry(n))` is not `n`, the detail says what it was.

use super::super::{EventType, Outcome, Sensitivity};

/// What an event of release 0.2 is in 0.1. The events of the Model Context Protocol, which
/// have no number there, are those that its methods are recorded as.
#[expect(clippy::match_same_arms, reason = "first those of the same name")]
pub(super) fn event_type_to_entry(number: i32, resource: Resource) -> i32 {
    use crate::EventType as Entry;

    let Ok(event_type) = EventType::try_from(number) else {
        return unless_known::<Entry>(number);
    };
    let entry = match event_type {
        EventType::Unspecified => Entry::Unspecified,
        EventType::Login => Entry::Login,
        EventType::Logout => Entry::Logout,
        EventType::FileAccess => Entry::FileAccess,
        EventType::PolicyChange => Entry::PolicyChange,
        EventType::PrivilegeUse => Entry::PrivilegeUse,
        EventType::ConfigChange => Entry::ConfigChange,
        EventType::DataExport => Entry::DataExport,
        EventType::NetworkConnection => Entry::NetworkConnection,
        EventType::ProcessStart => Entry::ProcessStart,
        EventType::ProcessStop => Entry::ProcessStop,
        EventType::UserManagement => Entry::UserManagement,
        EventType::ResourceAccess => Entry::ResourceAccess,
        EventType::ToolInvocation => Entry::ToolInvocation,
        EventType::ModelInference => Entry::ModelInference,
        EventType::AgentDecision => Entry::AgentDecision,
        EventType::Delegation => Entry::Delegation,
        EventType::ContextAccess => Entry::ContextAccess,
        EventType::PromptExecution => Entry::PromptExecution,
        EventType::GuardrailCheck => Entry::GuardrailCheck,
        // Initialize and ping; the release's own table has the transport as network
        // activity, too.
        EventType::McpInitialize
        | EventType::McpPing
        | EventType::TransportConnect
        | EventType::TransportError => Entry::NetworkConnection,
        // A notification.
        EventType::McpInitialized => Entry::ResourceAccess,
        // The end of a session.
        EventType::McpShutdown | EventType::TransportDisconnect => Entry::Logout,
        EventType::ToolList | EventType::ResourceList | EventType::PromptList => {
            Entry::ContextAccess
        }
        EventType::ResourceRead => match resource {
            Resource::File => Entry::FileAccess,
            Resource::Other => Entry::ContextAccess,
        },
        EventType::SamplingRequest | EventType::SamplingResponse => Entry::ModelInference,
    };
    entry.into()
}

/// What kind of resource was read.
#[derive(Clone, Copy)]
pub(super) enum Resource {
    File,
    Other,
}

pub(super) fn event_type_to_request(number: i32) -> i32 {
    match crate::EventType::try_from(number) {
        Ok(event_type) => of_same_name(event_type).into(),
        Err(_) => unless_known::<EventType>(number),
    }
}

/// Every event of release 0.1 has its own number in 0.2.
pub(crate) const fn of_same_name(event_type: crate::EventType) -> EventType {
    use crate::EventType as Entry;

    match event_type {
        Entry::Unspecified => EventType::Unspecified,
        Entry::Login => EventType::Login,
        Entry::Logout => EventType::Logout,
        Entry::FileAccess => EventType::FileAccess,
        Entry::PolicyChange => EventType::PolicyChange,
        Entry::PrivilegeUse => EventType::PrivilegeUse,
        Entry::ConfigChange => EventType::ConfigChange,
        Entry::DataExport => EventType::DataExport,
        Entry::NetworkConnection => EventType::NetworkConnection,
        Entry::ProcessStart => EventType::ProcessStart,
        Entry::ProcessStop => EventType::ProcessStop,
        Entry::UserManagement => EventType::UserManagement,
        Entry::ResourceAccess => EventType::ResourceAccess,
        Entry::ToolInvocation => EventType::ToolInvocation,
        Entry::ModelInference => EventType::ModelInference,
        Entry::AgentDecision => EventType::AgentDecision,
        Entry::Delegation => EventType::Delegation,
        Entry::ContextAccess => EventType::ContextAccess,
        Entry::PromptExecution => EventType::PromptExecution,
        Entry::GuardrailCheck => EventType::GuardrailCheck,
    }
}

/// `OUTCOME_OTHER` stays an unknown number: release 0.1 has nothing that says so little.
pub(super) fn outcome_to_entry(number: i32) -> i32 {
    match Outcome::try_from(number) {
        Ok(
            Outcome::Unknown
            | Outcome::Success
            | Outcome::FailureUnauthorized
            | Outcome::FailureDenied
            | Outcome::FailureError
            | Outcome::Other,
        ) => number,
        Err(_) => unless_known::<crate::Outcome>(number),
    }
}

pub(super) fn outcome_to_request(number: i32) -> i32 {
    match crate::Outcome::try_from(number) {
        Ok(outcome) => nearest_outcome(outcome).into(),
        // What it stays in an entry.
        Err(_) if number == i32::from(Outcome::Other) => number,
        Err(_) => unless_known::<Outcome>(number),
    }
}

pub(crate) const fn nearest_outcome(outcome: crate::Outcome) -> Outcome {
    use crate::Outcome as Entry;

    match outcome {
        Entry::Unspecified => Outcome::Unknown,
        Entry::Success => Outcome::Success,
        Entry::FailureUnauthorized => Outcome::FailureUnauthorized,
        Entry::FailureDenied => Outcome::FailureDenied,
        Entry::FailureError => Outcome::FailureError,
        Entry::Partial => Outcome::Other,
    }
}

/// The levels and their numbers are the same.
pub(super) fn severity(number: i32) -> i32 {
    number
}

/// By rank: each release has five levels beside the unknown one.
pub(super) fn sensitivity_to_entry(number: i32) -> i32 {
    use crate::Sensitivity as Entry;

    let Ok(sensitivity) = Sensitivity::try_from(number) else {
        return unless_known::<Entry>(number);
    };
    let entry = match sensitivity {
        Sensitivity::Unknown => Entry::Unspecified,
        Sensitivity::Public => Entry::Public,
        Sensitivity::PublicInternal => Entry::Internal,
        Sensitivity::Confidential => Entry::Confidential,
        Sensitivity::Secret => Entry::Restricted,
        Sensitivity::TopSecret => Entry::HighlyRestricted,
    };
    entry.into()
}

pub(super) fn sensitivity_to_request(number: i32) -> i32 {
    match crate::Sensitivity::try_from(number) {
        Ok(sensitivity) => of_same_rank(sensitivity).into(),
        Err(_) => unless_known::<Sensitivity>(number),
    }
}

pub(crate) const fn of_same_rank(sensitivity: crate::Sensitivity) -> Sensitivity {
    use crate::Sensitivity as Entry;

    match sensitivity {
        Entry::Unspecified => Sensitivity::Unknown,
        Entry::Public => Sensitivity::Public,
        Entry::Internal => Sensitivity::PublicInternal,
        Entry::Confidential => Sensitivity::Confidential,
        Entry::Restricted => Sensitivity::Secret,
        Entry::HighlyRestricted => Sensitivity::TopSecret,
    }
}

/// A number of one release, unless the other has given it a meaning.
fn unless_known<Other: TryFrom<i32>>(number: i32) -> i32 {
    match Other::try_from(number) {
        Ok(_) => 0,
        Err(_) => number,
    }
}
