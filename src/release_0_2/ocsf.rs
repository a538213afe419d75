//! What OCSF and OpenTelemetry call an event, by the published package's table.

use super::convert::numbers::{nearest_outcome, of_same_name, of_same_rank};
use super::{EventType, Outcome, Sensitivity};

/// The class and the activity of OCSF, and the operation of OpenTelemetry's conventions for
/// generative AI.
type Mapping = (i32, i32, Option<&'static str>);

const ACCOUNT_CHANGE: i32 = 3001;
const API_ACTIVITY: i32 = 6003;
const AUTHENTICATION: i32 = 3002;
const CONFIGURATION_CHANGE: i32 = 5002;
const DATA_ACCESS: i32 = 3005;
const FILE_ACTIVITY: i32 = 4010;
const NETWORK_ACTIVITY: i32 = 4001;
const PROCESS_ACTIVITY: i32 = 1007;
const SECURITY_FINDING: i32 = 5001;

const fn mapping(event_type: EventType) -> Mapping {
    match event_type {
        EventType::Unspecified => (0, 0, None),
        EventType::Login => (AUTHENTICATION, 1, None),
        EventType::Logout => (AUTHENTICATION, 2, None),
        EventType::FileAccess => (FILE_ACTIVITY, 1, None),
        EventType::PolicyChange => (SECURITY_FINDING, 2, None),
        EventType::PrivilegeUse => (AUTHENTICATION, 3, None),
        EventType::ConfigChange => (CONFIGURATION_CHANGE, 1, None),
        EventType::DataExport => (DATA_ACCESS, 5, None),
        EventType::NetworkConnection | EventType::TransportConnect => (NETWORK_ACTIVITY, 1, None),
        EventType::ProcessStart => (PROCESS_ACTIVITY, 1, None),
        EventType::ProcessStop => (PROCESS_ACTIVITY, 2, None),
        EventType::UserManagement => (ACCOUNT_CHANGE, 1, None),
        EventType::ToolInvocation => (API_ACTIVITY, 1, Some("execute_tool")),
        EventType::ModelInference
        | EventType::PromptExecution
        | EventType::SamplingRequest
        | EventType::SamplingResponse => (API_ACTIVITY, 1, Some("chat")),
        EventType::AgentDecision | EventType::Delegation => (API_ACTIVITY, 1, Some("invoke_agent")),
        EventType::ContextAccess => (DATA_ACCESS, 1, Some("embeddings")),
        EventType::GuardrailCheck => (SECURITY_FINDING, 1, None),
        EventType::McpInitialize | EventType::McpInitialized => {
            (API_ACTIVITY, 1, Some("create_agent"))
        }
        EventType::ResourceAccess
        | EventType::McpPing
        | EventType::ToolList
        | EventType::ResourceList
        | EventType::PromptList => (API_ACTIVITY, 3, None),
        EventType::McpShutdown => (API_ACTIVITY, 4, None),
        EventType::ResourceRead => (DATA_ACCESS, 1, None),
        EventType::TransportDisconnect => (NETWORK_ACTIVITY, 2, None),
        EventType::TransportError => (NETWORK_ACTIVITY, 5, None),
    }
}

macro_rules! event_types {
    ($($event_type:ty: $mapping:expr;)*) => {$(
        /// What OCSF and OpenTelemetry call the event, by the table of the published
        /// package: [where it differs from theirs](crate::release_0_2#ocsf-and-opentelemetry).
        impl $event_type {
            /// Returns the `class_uid` of OCSF that the published package has for the
            /// event; 0 for an unspecified one.
            #[must_use]
            pub const fn ocsf_class_uid(self) -> i32 {
                $mapping(self).0
            }

            /// Returns the `activity_id` within the class that the published package has
            /// for the event; 0 for an unspecified one.
            #[must_use]
            pub const fn ocsf_activity_id(self) -> i32 {
                $mapping(self).1
            }

            /// Returns the `gen_ai.operation.name` of OpenTelemetry that the published
            /// package has for the event, if it has one.
            #[must_use]
            pub const fn otel_operation_name(self) -> Option<&'static str> {
                $mapping(self).2
            }
        }
    )*};
}

const fn mapping_of_entry(event_type: crate::EventType) -> Mapping {
    mapping(of_same_name(event_type))
}

event_types! {
    EventType: mapping;
    crate::EventType: mapping_of_entry;
}

impl Outcome {
    /// Returns the `status_id` of OCSF: 0 unknown, 1 success, 2 for every failure, 99
    /// other.
    #[must_use]
    pub const fn ocsf_status_id(self) -> i32 {
        match self {
            Self::Unknown => 0,
            Self::Success => 1,
            Self::FailureUnauthorized | Self::FailureDenied | Self::FailureError => 2,
            Self::Other => 99,
        }
    }
}

impl crate::Outcome {
    /// Returns the `status_id` of OCSF: 0 unknown, 1 success, 2 for every failure. OCSF has
    /// no partial success; that is 99, other.
    #[must_use]
    pub const fn ocsf_status_id(self) -> i32 {
        nearest_outcome(self).ocsf_status_id()
    }
}

impl Sensitivity {
    /// Returns the `confidentiality_id` of OCSF: 0 unknown, 1 not confidential, 2
    /// confidential, 3 secret, 4 top secret. OCSF has nothing between public and
    /// confidential, so `PublicInternal` is 1, too.
    #[must_use]
    pub const fn ocsf_confidentiality_id(self) -> i32 {
        match self {
            Self::Unknown => 0,
            Self::Public | Self::PublicInternal => 1,
            Self::Confidential => 2,
            Self::Secret => 3,
            Self::TopSecret => 4,
        }
    }
}

impl crate::Sensitivity {
    /// Returns the `confidentiality_id` of OCSF, of the level of release 0.2 that is of the
    /// same rank: 0 unknown, 1 public and internal, 2 confidential, 3 restricted, 4 highly
    /// restricted. (OCSF's own 6, "Restricted", is another scale.)
    #[must_use]
    pub const fn ocsf_confidentiality_id(self) -> i32 {
        of_same_rank(self).ocsf_confidentiality_id()
    }
}
