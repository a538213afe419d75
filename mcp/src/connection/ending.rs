//! How something ended.

use std::collections::BTreeSet;

use lokryn_compliance_log::{Outcome, Severity};

use super::Connection;
use super::requests::Pending;
use crate::message::Body;

/// What an entry says of how something ended.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    pub(super) outcome: Outcome,
    pub(super) severity: Option<Severity>,
    pub(super) status: Option<&'static str>,
    pub(super) error_code: Option<i64>,
    pub(super) error_type: Option<String>,
    pub(super) task_id: Option<String>,
}

impl Ending {
    pub(super) fn new(outcome: Outcome) -> Self {
        Self {
            outcome,
            severity: None,
            status: None,
            error_code: None,
            error_type: None,
            task_id: None,
        }
    }

    pub(super) fn failed(status: &'static str, error_type: &str) -> Self {
        Self {
            status: Some(status),
            error_type: (!error_type.is_empty()).then(|| error_type.to_owned()),
            ..Self::new(Outcome::FailureError)
        }
    }

    pub(super) fn cancelled() -> Self {
        Self {
            severity: Some(Severity::Notice),
            ..Self::failed("cancelled", "")
        }
    }

    /// How an elicitation ended.
    pub(super) fn of_elicitation(action: Option<&str>) -> Self {
        match action {
            Some("decline") => Self {
                status: Some("declined"),
                ..Self::new(Outcome::FailureDenied)
            },
            Some("cancel") => Self::cancelled(),
            _ => Self::new(Outcome::Success),
        }
    }
}

impl Connection {
    /// Says how a request ended, by its answer.
    pub(super) fn ending(&self, pending: &Pending, body: &Body) -> Ending {
        let options = &self.settings.options;
        let body = match body {
            Body::Error {
                is_transport_closed: true,
                code,
            } => {
                return Ending {
                    error_code: *code,
                    ..Ending::failed("unknown", "transport_closed")
                };
            }
            Body::Error { code, .. } => {
                let is_in = |codes: &BTreeSet<i64>| code.is_some_and(|code| codes.contains(&code));
                let outcome = if is_in(&options.denied_codes) {
                    Outcome::FailureDenied
                } else if is_in(&options.unauthorized_codes) {
                    Outcome::FailureUnauthorized
                } else {
                    Outcome::FailureError
                };
                return Ending {
                    error_code: *code,
                    error_type: Some("json_rpc_error".into()),
                    ..Ending::new(outcome)
                };
            }
            Body::Result(body) => body,
        };
        if body.is_error {
            return Ending {
                error_type: Some("tool_error".into()),
                ..Ending::new(Outcome::FailureError)
            };
        }
        if body.is_input_required {
            return Ending {
                status: Some("input_required"),
                ..Ending::new(Outcome::Partial)
            };
        }
        let creates_task = !pending.call.method.starts_with("tasks/");
        if let Some(task) = body.task.as_ref().filter(|_| creates_task) {
            return Ending {
                status: Some("task"),
                task_id: Some(task.id.clone()),
                ..Ending::new(Outcome::Partial)
            };
        }
        if pending.call.method == "elicitation/create" {
            return Ending::of_elicitation(body.action.as_deref());
        }
        let mut ending = Ending::new(Outcome::Success);
        let name = pending.call.name.as_ref();
        if pending.call.method == "tools/call"
            && name.is_some_and(|name| self.destructive.contains(name))
        {
            ending.severity = Some(Severity::Notice);
        }
        ending
    }
}
