//! Rules that say what the tools of a user mean to an auditor.

use lokryn_compliance_log::{EventType, LogSource, Outcome, Sensitivity, ValidationError};

/// What the entries of some tools say in place of `TOOL_INVOCATION` and `tools/<name>`.
///
/// What a rule leaves out stays as it would be without it.
///
/// ```
/// use lokryn_compliance_log::{EventType, Sensitivity};
/// use lokryn_mcp_log::{Rule, Rules};
///
/// let rules = Rules::new()
///     .tool("delete_*", Rule::new().event_type(EventType::PrivilegeUse))
///     .tool(
///         "export_report",
///         Rule::new()
///             .event_type(EventType::DataExport)
///             .resource("reports/quarterly")
///             .sensitivity(Sensitivity::Restricted),
///     );
/// # drop(rules);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Rule {
    pub(crate) event_type: Option<EventType>,
    pub(crate) resource: Option<String>,
    pub(crate) sensitivity: Option<Sensitivity>,
}

impl Rule {
    /// Returns a rule that changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the event type.
    pub fn event_type(self, event_type: EventType) -> Self {
        Self {
            event_type: Some(event_type),
            ..self
        }
    }

    /// Sets the resource. `{name}` in it stands for the tool's name.
    pub fn resource(self, resource: impl Into<String>) -> Self {
        Self {
            resource: Some(resource.into()),
            ..self
        }
    }

    /// Sets the sensitivity of the entries. Those that hold content are more sensitive
    /// than that where content is: at least RESTRICTED.
    pub fn sensitivity(self, sensitivity: Sensitivity) -> Self {
        Self {
            sensitivity: Some(sensitivity),
            ..self
        }
    }
}

/// Rules for tools by their names. The first one that fits counts.
///
/// In a pattern, `*` stands for any text and `?` for any one character.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct Rules {
    rules: Vec<(Vec<char>, Rule)>,
}

impl Rules {
    /// Returns no rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a rule for the tools whose names fit a pattern, after those already there.
    pub fn tool(mut self, pattern: &str, rule: Rule) -> Self {
        self.rules.push((pattern.chars().collect(), rule));
        self
    }

    pub(crate) fn for_tool(&self, name: &str) -> Option<&Rule> {
        let (_, rule) = self.rules.iter().find(|(pattern, _)| fits(pattern, name))?;
        Some(rule)
    }

    /// Whether entries can be what the rules say.
    pub(crate) fn check(&self, source: &LogSource, actor: &str) -> Result<(), ValidationError> {
        for (_, rule) in &self.rules {
            let entry = source
                .entry()
                .event_type(rule.event_type.unwrap_or(EventType::ToolInvocation))
                .outcome(Outcome::Success)
                .actor_id(actor)
                .resource(rule.resource.as_deref().unwrap_or("tools"))
                .sensitivity(rule.sensitivity.unwrap_or(Sensitivity::Confidential))
                .build();
            entry.validate()?;
        }
        Ok(())
    }
}

/// Whether a name fits a pattern, in time proportional to the product of their lengths.
fn fits(pattern: &[char], name: &str) -> bool {
    let (mut at, mut rest) = (0, name.chars());
    // Where the last `*` stands, and what comes after what it has taken.
    let mut star = None;
    loop {
        let before = rest.clone();
        let next = match pattern.get(at) {
            Some('*') => {
                star = Some((at, before));
                at += 1;
                continue;
            }
            pattern => (pattern, rest.next()),
        };
        match next {
            (None, None) => return true,
            (Some(pattern), Some(char)) if *pattern == '?' || *pattern == char => at += 1,
            (_, None) => return false,
            _ => {
                let Some((star_at, taken)) = &mut star else {
                    return false;
                };
                taken.next();
                at = *star_at + 1;
                rest = taken.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        let fits = |pattern: &str, name: &str| {
            let pattern: Vec<_> = pattern.chars().collect();
            super::fits(&pattern, name)
        };
        for (pattern, name) in [
            ("delete_*", "delete_user"),
            ("delete_*", "delete_"),
            ("*", ""),
            ("*_user", "delete_user"),
            ("a*b*c", "aXbYbZc"),
            ("?", "é"),
            ("**", "x"),
            ("", ""),
        ] {
            assert!(fits(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("delete_*", "undelete_user"),
            ("delete", "delete_user"),
            ("?", ""),
            ("?", "ab"),
            ("a*b", "aXbX"),
            ("", "x"),
            ("Delete", "delete"),
        ] {
            assert!(!fits(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn the_first_rule_that_fits_counts() {
        let rules = Rules::new()
            .tool("delete_*", Rule::new().resource("first"))
            .tool("*", Rule::new().resource("second"));
        assert_eq!(
            rules.for_tool("delete_x").unwrap().resource.as_deref(),
            Some("first")
        );
        assert_eq!(
            rules.for_tool("x").unwrap().resource.as_deref(),
            Some("second")
        );
        assert_eq!(Rules::new().for_tool("x"), None);
    }
}
