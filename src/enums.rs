//! The enums of the schema.

use core::error::Error;
use core::fmt::{self, Display};

use alloc::string::String;

use crate::v1::with_enums;

/// What the enums of the schema have in common.
#[cfg(feature = "json")]
pub(crate) trait ProtoEnum: TryFrom<i32> + Into<i32> {
    fn as_str_name(&self) -> &'static str;

    fn from_str_name(name: &str) -> Option<Self>;
}

macro_rules! enums {
    ($($(#[$docs:meta])* $name:ident {
        $($(#[$value_docs:meta])* $variant:ident = $number:tt, $proto_name:literal;)*
    })*) => {$(
        $(#[$docs])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, $crate::prost::Enumeration)]
        // A new value is a minor release.
        #[non_exhaustive]
        #[repr(i32)]
        pub enum $name {
            $($(#[$value_docs])* $variant = $number,)*
        }

        impl $name {
            /// Every value but the one for 0, in the order of their numbers.
            pub const ALL: &'static [Self] = Self::VALUES.split_at(1).1;

            const VALUES: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the proto name of the value, which ProtoJSON uses too.
            #[must_use]
            pub const fn as_str_name(&self) -> &'static str {
                match self {
                    $(Self::$variant => $proto_name,)*
                }
            }

            /// Returns the value with the given proto name.
            #[must_use]
            pub fn from_str_name(name: &str) -> Option<Self> {
                match name {
                    $($proto_name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        #[cfg(feature = "json")]
        impl $crate::enums::ProtoEnum for $name {
            fn as_str_name(&self) -> &'static str {
                Self::as_str_name(self)
            }

            fn from_str_name(name: &str) -> Option<Self> {
                Self::from_str_name(name)
            }
        }

        /// Writes the proto name, as `as_str_name` returns it.
        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.pad(self.as_str_name())
            }
        }

        /// Reads the proto name, exactly as `Display` writes it.
        impl ::core::str::FromStr for $name {
            type Err = $crate::ParseEnumError;

            fn from_str(name: &str) -> Result<Self, $crate::ParseEnumError> {
                Self::from_str_name(name).ok_or_else(|| $crate::ParseEnumError::new(stringify!($name), name))
            }
        }
    )*};
}

#[cfg(feature = "release-0-2")]
pub(crate) use enums;

with_enums!(enums);

/// The error of parsing an enum from a text that is not one of its proto names.
///
/// ```
/// use lokryn_compliance_log::Outcome;
///
/// assert_eq!("OUTCOME_PARTIAL".parse(), Ok(Outcome::Partial));
///
/// let err = "Partial".parse::<Outcome>().unwrap_err();
/// assert_eq!(err.to_string(), "unknown Outcome name \"Partial\"");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseEnumError {
    enumeration: &'static str,
    name: String,
}

impl ParseEnumError {
    pub(crate) fn new(enumeration: &'static str, name: &str) -> Self {
        Self {
            enumeration,
            name: name.into(),
        }
    }
}

impl Display for ParseEnumError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown {} name {:?}", self.enumeration, self.name)
    }
}

impl Error for ParseEnumError {}

impl EventType {
    /// Returns whether the event is one of those that AI agents cause, from
    /// [`ToolInvocation`](Self::ToolInvocation) to
    /// [`GuardrailCheck`](Self::GuardrailCheck).
    ///
    /// ```
    /// use lokryn_compliance_log::EventType;
    ///
    /// assert!(EventType::Delegation.is_ai_agent());
    /// assert!(!EventType::Login.is_ai_agent());
    /// ```
    #[must_use]
    pub const fn is_ai_agent(self) -> bool {
        match self {
            Self::ToolInvocation
            | Self::ModelInference
            | Self::AgentDecision
            | Self::Delegation
            | Self::ContextAccess
            | Self::PromptExecution
            | Self::GuardrailCheck => true,
            Self::Unspecified
            | Self::Login
            | Self::Logout
            | Self::FileAccess
            | Self::PolicyChange
            | Self::PrivilegeUse
            | Self::ConfigChange
            | Self::DataExport
            | Self::NetworkConnection
            | Self::ProcessStart
            | Self::ProcessStop
            | Self::UserManagement
            | Self::ResourceAccess => false,
        }
    }
}

impl Outcome {
    /// Returns whether the operation failed: unauthorized, denied or error.
    ///
    /// A [`Partial`](Self::Partial) outcome is not a failure, and neither is
    /// an [`Unspecified`](Self::Unspecified) one, of which nothing is known.
    ///
    /// ```
    /// use lokryn_compliance_log::Outcome;
    ///
    /// assert!(Outcome::FailureDenied.is_failure());
    /// assert!(!Outcome::Partial.is_failure());
    /// ```
    #[must_use]
    pub const fn is_failure(self) -> bool {
        match self {
            Self::FailureUnauthorized | Self::FailureDenied | Self::FailureError => true,
            Self::Unspecified | Self::Success | Self::Partial => false,
        }
    }
}

impl Severity {
    /// Returns the severity as the numerical code of [RFC 5424, section
    /// 6.2.1][rfc], which counts the other way: 0 for emergency to 7 for debug.
    /// `None` for [`Unspecified`](Self::Unspecified).
    ///
    /// [rfc]: https://datatracker.ietf.org/doc/html/rfc5424#section-6.2.1
    ///
    /// ```
    /// use lokryn_compliance_log::Severity;
    ///
    /// assert_eq!(Severity::Warning.syslog_code(), Some(4));
    /// assert_eq!(Severity::Debug.syslog_code(), Some(7));
    /// ```
    #[must_use]
    pub const fn syslog_code(self) -> Option<u8> {
        match self {
            Self::Unspecified => None,
            Self::Debug => Some(7),
            Self::Info => Some(6),
            Self::Notice => Some(5),
            Self::Warning => Some(4),
            Self::Error => Some(3),
            Self::Critical => Some(2),
            Self::Alert => Some(1),
            Self::Emergency => Some(0),
        }
    }

    /// Returns the severity with the given numerical code of [RFC 5424, section
    /// 6.2.1][rfc]: 0 for emergency to 7 for debug. `None` for any other code.
    ///
    /// [rfc]: https://datatracker.ietf.org/doc/html/rfc5424#section-6.2.1
    ///
    /// ```
    /// use lokryn_compliance_log::Severity;
    ///
    /// assert_eq!(Severity::from_syslog_code(0), Some(Severity::Emergency));
    /// assert_eq!(Severity::from_syslog_code(8), None);
    /// ```
    #[must_use]
    pub const fn from_syslog_code(code: u8) -> Option<Self> {
        let mut all = Self::ALL;
        while let [severity, rest @ ..] = all {
            if matches!(severity.syslog_code(), Some(own) if own == code) {
                return Some(*severity);
            }
            all = rest;
        }
        None
    }

    /// Returns the severity that the builder gives an entry of this outcome
    /// when none was set.
    ///
    /// | outcome | severity |
    /// |---|---|
    /// | success, partial | info |
    /// | failure: unauthorized, denied | warning |
    /// | failure: error | error |
    /// | unspecified | unspecified |
    ///
    /// ```
    /// use lokryn_compliance_log::{Outcome, Severity};
    ///
    /// assert_eq!(Severity::for_outcome(Outcome::FailureDenied), Severity::Warning);
    /// ```
    #[must_use]
    pub const fn for_outcome(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Unspecified => Self::Unspecified,
            Outcome::Success | Outcome::Partial => Self::Info,
            Outcome::FailureUnauthorized | Outcome::FailureDenied => Self::Warning,
            Outcome::FailureError => Self::Error,
        }
    }
}
