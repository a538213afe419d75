//! Entries that several tests need.
#![allow(dead_code, unused_imports, reason = "not every test needs all of it")]

use lokryn_compliance_log::LogEntry;
use proptest::collection::vec;
use proptest::prelude::*;

/// Each under the name of its files in `tests/golden`.
#[path = "../../examples/scenarios/mod.rs"]
mod scenarios;
pub(crate) use scenarios::scenarios;

/// Any entry at all, numbers without a name and odd text included.
#[allow(
    clippy::needless_update,
    reason = "not needless once log.proto has another field"
)]
pub(crate) fn any_entry() -> impl Strategy<Value = LogEntry> {
    (
        (any_number(), any_number(), any_number(), any_number()),
        (any_text(), any_text(), any_text(), any_text(), any_text()),
        vec(any::<u8>(), 0..600),
        vec(any_text(), 0..6),
    )
        .prop_map(|(numbers, texts, payload, policy_tags)| LogEntry {
            event_type: numbers.0,
            outcome: numbers.1,
            severity: numbers.2,
            actor_id: texts.0,
            component: texts.1,
            environment: texts.2,
            resource: texts.3,
            message: texts.4,
            payload: payload.into(),
            policy_tags,
            sensitivity: numbers.3,
            ..LogEntry::default()
        })
}

/// Any entry that has a field set, so that there is something to write.
pub(crate) fn any_set_entry() -> impl Strategy<Value = LogEntry> {
    any_entry().prop_filter("nothing is set", |entry| *entry != LogEntry::default())
}

fn any_number() -> impl Strategy<Value = i32> {
    prop_oneof![4 => 0..32, 1 => any::<i32>()]
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z/-]{0,20}",
        any::<String>(),
        "[\\PC\u{0}\u{85}\u{2028}\u{1f600}\n\"\\\\]{0,200}",
    ]
}
