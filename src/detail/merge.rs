//! Putting details and payload together.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::mem;

use bytes::Bytes;
use serde_json::Value;

use super::{PAYLOAD, PAYLOAD_BASE64};
use crate::payload::format::as_json;
use crate::payload::json_text::members;
use crate::proto_json::base64;

/// The details of an entry that is being built.
#[derive(Clone, Default)]
pub(crate) struct Details {
    /// In the order in which they were first set.
    own: Vec<(String, Value)>,
    /// What is set if neither the entry's own details nor its payload say otherwise.
    defaults: Vec<(String, Value)>,
}

impl Details {
    pub(crate) fn set(&mut self, name: String, value: Value) {
        set(&mut self.own, name, value);
    }

    pub(crate) fn set_default(&mut self, name: String, value: Value) {
        set(&mut self.defaults, name, value);
    }

    /// Makes every detail that has been set a default.
    pub(crate) fn make_defaults(&mut self) {
        for (name, value) in mem::take(&mut self.own) {
            self.set_default(name, value);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.own.is_empty() && self.defaults.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(String, Value)> {
        self.defaults.iter().chain(&self.own)
    }

    /// Returns the payload of the entry, with the details in it.
    pub(crate) fn merged_with(mut self, payload: &Bytes) -> Bytes {
        let json = as_json(payload);
        let object = json.filter(|json| json.trim_start().starts_with('{'));
        let names = || object.into_iter().flat_map(members).map(|(name, _)| name);
        let has_members = names().next().is_some();
        let has_member_of_detail = names().any(|name| self.own.iter().any(|(own, _)| *own == name));
        self.defaults
            .retain(|(default, _)| self.own.iter().all(|(own, _)| own != default));
        // The members of a payload that moves are not where a default would be.
        if !has_member_of_detail {
            for name in names() {
                self.defaults.retain(|(default, _)| *default != name);
            }
        }
        if self.is_empty() {
            return payload.clone();
        }
        match (object, json) {
            _ if payload.is_empty() => format!("{{{}}}", self.members()),
            (Some(object), _) if !has_member_of_detail => {
                let (before, after) = object.split_at(object.find('{').map_or(0, |at| at + 1));
                let comma = if has_members { "," } else { "" };
                format!("{before}{}{comma}{after}", self.members())
            }
            (_, Some(json)) => format!("{{{},\"{PAYLOAD}\":{json}}}", self.members()),
            (_, None) => {
                // Who names a detail like that has to look for it one level deeper.
                for (name, value) in self.own.iter_mut().chain(&mut self.defaults) {
                    if name == PAYLOAD_BASE64 {
                        let nested = [(mem::take(name), value.take())];
                        PAYLOAD.clone_into(name);
                        *value = nested.into_iter().collect();
                    }
                }
                let base64 = base64::display(payload);
                format!("{{{},\"{PAYLOAD_BASE64}\":\"{base64}\"}}", self.members())
            }
        }
        .into()
    }

    /// The text of the members, without braces.
    fn members(&self) -> String {
        let members = self.iter().map(|(name, value)| {
            let name = Value::String(name.clone());
            format!("{name}:{value}")
        });
        members.collect::<Vec<_>>().join(",")
    }
}

fn set(details: &mut Vec<(String, Value)>, name: String, value: Value) {
    match details.iter_mut().find(|(other, _)| *other == name) {
        Some((_, old)) => *old = value,
        None => details.push((name, value)),
    }
}

/// Prints everything: the builder decides whether anybody may see it.
impl fmt::Debug for Details {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let details = self.iter().map(|(name, value)| (name, value));
        f.debug_map().entries(details).finish()
    }
}
