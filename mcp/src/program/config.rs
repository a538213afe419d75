//! The configuration file.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use lokryn_compliance_log::{EventType, LogSource, Sensitivity};
use lokryn_mcp_log::{AuditOptions, Everything, FailurePolicy, HmacKey, Rule, Rules};
use serde::Deserialize;

/// What a file may say. What it leaves out is as the library has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Config {
    component: String,
    environment: String,
    policy_tags: Vec<String>,
    sensitivity: Sensitivity,
    started: Option<Vec<String>>,
    failure_policy: Policy,
    max_wait_ms: Option<u64>,
    record_content: bool,
    record_notifications: bool,
    hmac_key: Option<Key>,
    denied_codes: Vec<i64>,
    unauthorized_codes: Vec<i64>,
    rules: Vec<RuleOfFile>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            component: "mcp-proxy".into(),
            // A stdio server runs where its client does.
            environment: "local".into(),
            policy_tags: Vec::new(),
            sensitivity: Sensitivity::Confidential,
            started: None,
            failure_policy: Policy::Closed,
            max_wait_ms: None,
            record_content: false,
            record_notifications: false,
            hmac_key: None,
            denied_codes: Vec::new(),
            unauthorized_codes: Vec::new(),
            rules: Vec::new(),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Policy {
    Closed,
    Open,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Key {
    id: String,
    file: PathBuf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuleOfFile {
    tool: String,
    event_type: Option<EventType>,
    resource: Option<String>,
    sensitivity: Option<Sensitivity>,
}

impl Config {
    /// Reads a file.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let text = fs::read(path).map_err(|err| format!("{}: {err}", path.display()))?;
        let mut config: Self =
            serde_json::from_slice(&text).map_err(|err| format!("{}: {err}", path.display()))?;
        if let Some(key) = &mut config.hmac_key
            && let Some(folder) = path.parent()
        {
            key.file = folder.join(&key.file);
        }
        Ok(config)
    }

    pub(crate) fn into_parts(self) -> Result<(LogSource, AuditOptions), String> {
        if self.component.is_empty() || self.environment.is_empty() {
            return Err("component and environment must not be empty".into());
        }
        let source = LogSource::new(self.component, self.environment).policy_tags(self.policy_tags);
        let source = source.sensitivity(self.sensitivity);
        let mut options = AuditOptions::new()
            .failure_policy(match self.failure_policy {
                Policy::Closed => FailurePolicy::Closed,
                Policy::Open => FailurePolicy::Open,
            })
            .denied_codes(self.denied_codes)
            .unauthorized_codes(self.unauthorized_codes);
        if let Some(started) = self.started {
            options = options.started(started);
        }
        if let Some(max_wait) = self.max_wait_ms {
            options = options.max_wait(Duration::from_millis(max_wait));
        }
        if self.record_content {
            options = options.record_content(Everything);
        }
        if self.record_notifications {
            options = options.record_notifications();
        }
        if let Some(key) = self.hmac_key {
            let bytes =
                fs::read(&key.file).map_err(|err| format!("{}: {err}", key.file.display()))?;
            let key = HmacKey::new(key.id, &bytes)
                .map_err(|err| format!("{}: {err}", key.file.display()))?;
            options = options.hmac_key(key);
        }
        let rules = self.rules.into_iter().fold(Rules::new(), |rules, of_file| {
            let mut rule = Rule::new();
            if let Some(event_type) = of_file.event_type {
                rule = rule.event_type(event_type);
            }
            if let Some(resource) = of_file.resource {
                rule = rule.resource(resource);
            }
            if let Some(sensitivity) = of_file.sensitivity {
                rule = rule.sensitivity(sensitivity);
            }
            rules.tool(&of_file.tool, rule)
        });
        Ok((source, options.rules(rules)))
    }
}
