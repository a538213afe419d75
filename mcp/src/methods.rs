//! What each method of the protocol is to an auditor: the one place that says so.

use lokryn_compliance_log::EventType;

/// What is recorded for a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) name: &'static str,
    pub(crate) event_type: EventType,
    pub(crate) resource: Resource,
    pub(crate) recorded: Recorded,
}

/// How the resource of an entry is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resource {
    /// The method.
    Method,
    /// This text.
    Fixed(&'static str),
    /// A folder, and the parameter `name` in it.
    Name(&'static str),
    /// The parameter `uri`, without user info and query.
    Uri,
    /// `elicitation/`, and the parameter `mode`.
    Mode,
    /// `tasks/`, and the parameter `taskId`.
    Task,
    /// `session/`, and the method.
    Session,
}

/// When an entry is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recorded {
    /// When the request is answered, or ends without an answer.
    Answered,
    /// When the notification passes.
    Passing,
    /// It is part of the entry of the request that it is about.
    WithItsRequest,
    /// When the notification says that a task has ended.
    WithItsTask,
    /// Only if asked for.
    IfAsked,
}

macro_rules! methods {
    ($($name:literal $event_type:ident $resource:expr, $recorded:ident;)*) => {
        &[$(Method {
            name: $name,
            event_type: EventType::$event_type,
            resource: $resource,
            recorded: Recorded::$recorded,
        },)*]
    };
}

/// Every method of the revisions 2024-11-05 to 2026-07-28 and of the extension for tasks.
pub(crate) const METHODS: &[Method] = {
    use Resource::{Fixed, Method as Itself, Mode, Name, Session, Task, Uri};
    methods! {
        "tools/call" ToolInvocation Name("tools"), Answered;
        "prompts/get" PromptExecution Name("prompts"), Answered;
        // FILE_ACCESS where the URI is one of a file.
        "resources/read" ContextAccess Uri, Answered;
        "tools/list" ContextAccess Itself, Answered;
        "prompts/list" ContextAccess Itself, Answered;
        "resources/list" ContextAccess Itself, Answered;
        "resources/templates/list" ContextAccess Itself, Answered;
        "resources/subscribe" ContextAccess Itself, Answered;
        "resources/unsubscribe" ContextAccess Itself, Answered;
        "subscriptions/listen" ContextAccess Itself, Answered;
        "completion/complete" ContextAccess Itself, Answered;
        "sampling/createMessage" ModelInference Itself, Answered;
        "elicitation/create" AgentDecision Mode, Answered;
        "roots/list" ResourceAccess Fixed("roots"), Answered;
        "tasks/list" ContextAccess Itself, Answered;
        "tasks/get" ResourceAccess Task, Answered;
        "tasks/result" ResourceAccess Task, Answered;
        "tasks/update" ResourceAccess Task, Answered;
        "tasks/cancel" ProcessStop Task, Answered;
        "initialize" NetworkConnection Session, Answered;
        "server/discover" NetworkConnection Session, Answered;
        "ping" NetworkConnection Session, Answered;
        "logging/setLevel" ConfigChange Itself, Answered;
        "notifications/tools/list_changed" ConfigChange Itself, Passing;
        "notifications/prompts/list_changed" ConfigChange Itself, Passing;
        "notifications/resources/list_changed" ConfigChange Itself, Passing;
        "notifications/roots/list_changed" ConfigChange Itself, Passing;
        "notifications/cancelled" ResourceAccess Itself, WithItsRequest;
        "notifications/progress" ResourceAccess Itself, WithItsRequest;
        "notifications/tasks" ResourceAccess Task, WithItsTask;
        "notifications/tasks/status" ResourceAccess Task, WithItsTask;
        "notifications/initialized" ResourceAccess Itself, IfAsked;
        "notifications/message" ResourceAccess Itself, IfAsked;
        "notifications/resources/updated" ResourceAccess Itself, IfAsked;
        "notifications/elicitation/complete" ResourceAccess Itself, IfAsked;
        "notifications/subscriptions/acknowledged" ResourceAccess Itself, IfAsked;
    }
};

/// Returns what is recorded for a method, also for one that nobody here knows.
pub(crate) fn method(name: &str) -> Method {
    if let Some(known) = METHODS.iter().find(|method| method.name == name) {
        return *known;
    }
    let recorded = match name.strip_prefix("notifications/") {
        // Lists of extensions are lists, too.
        Some(rest) if rest.ends_with("/list_changed") => {
            return Method {
                name: "",
                event_type: EventType::ConfigChange,
                resource: Resource::Method,
                recorded: Recorded::Passing,
            };
        }
        Some(_) => Recorded::IfAsked,
        None => Recorded::Answered,
    };
    let event_type = if recorded == Recorded::Answered && name.ends_with("/list") {
        EventType::ContextAccess
    } else {
        EventType::ResourceAccess
    };
    Method {
        name: "",
        event_type,
        resource: Resource::Method,
        recorded,
    }
}

/// Whether the content of a method is what a person or a model said in confidence.
pub(crate) fn is_highly_restricted(name: &str) -> bool {
    matches!(name, "sampling/createMessage" | "elicitation/create")
}
