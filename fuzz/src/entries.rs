//! Entries that follow from a seed.

use lokryn_compliance_log::{LogEntry, Payload};
use serde_json::Value;

use crate::json::{self, Spelling};
use crate::random::Random;

const TEXTS: &[&str] = &[
    "",
    "",
    "agent-001",
    "auth-service",
    "production",
    "tools/delete_user",
    "file:///etc/passwd",
    "Exported\ncustomer data",
    "\"quoted\" \\ \t",
    "é日😀",
    "\u{0}\u{1f}\u{7f}\u{85}\u{9f}\u{2028}\u{2029}",
    "\u{feff}\u{fffe}\u{10ffff}",
    "null",
    "{}",
];

pub fn text(random: &mut Random) -> String {
    let mut text = random.one_of(TEXTS).to_owned();
    while random.once_in(3) {
        text += random.one_of(TEXTS);
    }
    text
}

/// Returns a number of an enum, usually one that has a name.
pub fn number(random: &mut Random) -> i32 {
    let number = if random.once_in(12) {
        random.number()
    } else {
        random.below(24) as u64
    };
    #[expect(clippy::cast_possible_truncation, reason = "any number will do")]
    let number = number as i32;
    number
}

/// Returns JSON, mostly an object, CBOR, or anything else.
pub fn payload(random: &mut Random) -> Vec<u8> {
    let mut payload = Vec::new();
    let spelling = if random.once_in(4) {
        Spelling::Spaced
    } else {
        Spelling::Compact
    };
    match random.below(12) {
        0 => {}
        1 => payload.extend_from_slice(&random.number().to_le_bytes()[random.below(8)..]),
        2 => {
            json::put_value(random, 3, Spelling::Compact, &mut payload);
            // What `serde_json` cannot hold stays JSON.
            if let Ok(value) = serde_json::from_slice::<Value>(&payload)
                && let Ok(cbor) = Payload::cbor(&value)
            {
                payload = LogEntry {
                    payload: cbor.into(),
                    ..LogEntry::default()
                }
                .payload
                .to_vec();
            }
        }
        3 => json::put_value(random, 4, spelling, &mut payload),
        4 => {
            json::put_object(random, 3, spelling, &mut payload);
            json::change(random, &mut payload);
        }
        5 if random.once_in(8) => {
            let depth = 90 + random.below(50);
            payload.resize(depth, b'[');
            payload.resize(2 * depth, b']');
        }
        _ => json::put_object(random, 3, spelling, &mut payload),
    }
    payload
}

#[allow(
    clippy::needless_update,
    reason = "not needless once log.proto has another field"
)]
pub fn entry(random: &mut Random) -> LogEntry {
    LogEntry {
        event_type: number(random),
        outcome: number(random),
        severity: number(random),
        actor_id: text(random),
        component: text(random),
        environment: text(random),
        resource: text(random),
        message: text(random),
        payload: payload(random).into(),
        policy_tags: (0..random.below(4)).map(|_| text(random)).collect(),
        sensitivity: number(random),
        ..LogEntry::default()
    }
}
