//! Details beside payloads.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lokryn_compliance_log::prost_types::Timestamp;
use lokryn_compliance_log::{
    EventType, LogEntry, LogSource, Outcome, PayloadFormat, Sensitivity, bytes::Bytes,
};
use serde_json::Value;

use crate::random::Random;
use crate::{Check, entries, json, scan};

const NAMES: &[&str] = &[
    "a",
    "b",
    "id",
    "payload",
    "payload_base64",
    "occurred_at",
    "source_address",
    "event_id",
    "data",
    "",
    "é",
    "a\n\"b\"",
];

/// Whatever details and payload a builder is given, in whatever order, all of it is in the
/// entry as the documentation says, and each detail is read back.
#[derive(Debug, Default)]
pub struct Details;

impl Check for Details {
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        let mut random = Random::of(bytes);
        check(&mut random, Some(bytes));
        1
    }

    fn seed(&mut self, seed: u64) -> u64 {
        check(&mut Random::seeded(seed), None);
        1
    }
}

/// What has been set, as the documentation of the module `detail` adds it up.
#[derive(Default)]
struct Model {
    own: Vec<(String, Value)>,
    defaults: Vec<(String, Value)>,
    payload: Vec<u8>,
    time: Option<Timestamp>,
    address: Option<IpAddr>,
}

fn set(details: &mut Vec<(String, Value)>, name: &str, value: Value) {
    match details.iter_mut().find(|(other, _)| other == name) {
        Some((_, old)) => *old = value,
        None => details.push((name.to_owned(), value)),
    }
}

fn any_value(random: &mut Random) -> Value {
    let mut text = Vec::new();
    json::put_value(random, 2, json::Spelling::Compact, &mut text);
    serde_json::from_slice(&text).unwrap_or_default()
}

fn any_time(random: &mut Random) -> Timestamp {
    let seconds = if random.once_in(4) {
        i64::from_le_bytes(random.number().to_le_bytes()) >> random.below(64)
    } else {
        1_700_000_000 + i64::try_from(random.below(1_000_000_000)).unwrap_or_default()
    };
    let nanos = [0, 1, 500_000_000, 999_999_999, 120_000][random.below(5)];
    Timestamp { seconds, nanos }
}

fn any_address(random: &mut Random) -> IpAddr {
    let number = random.number();
    if random.once_in(2) {
        Ipv4Addr::from_bits(u32::from_le_bytes([0, 1, 2, random.byte()])).into()
    } else {
        Ipv6Addr::from_bits(u128::from(number) << random.below(64)).into()
    }
}

fn check(random: &mut Random, payload: Option<&[u8]>) {
    let mut model = Model::default();
    let mut source = LogSource::new("c", "e").sensitivity(Sensitivity::Internal);
    for _ in 0..random.below(3) {
        let name = random.one_of(NAMES);
        let value = any_value(random);
        source = source.detail(name, value.clone());
        if name == "payload" {
            model.payload = serde_json::to_vec(&value).unwrap();
        } else {
            set(&mut model.defaults, name, value);
        }
    }
    let mut builder = source.entry();
    for index in 0..=random.below(5) {
        match random.below(8) {
            0..4 => {
                let name = random.one_of(NAMES);
                let value = any_value(random);
                builder = builder.detail(name, value.clone());
                if name == "payload" {
                    model.payload = serde_json::to_vec(&value).unwrap();
                } else {
                    set(&mut model.own, name, value);
                    model.time = model.time.filter(|_| name != "occurred_at");
                    model.address = model.address.filter(|_| name != "source_address");
                }
            }
            4 => {
                let time = any_time(random);
                builder = builder.occurred_at(time);
                model.time = Some(time);
                // The text is read back below.
                set(&mut model.own, "occurred_at", Value::Null);
            }
            5 => {
                let address = any_address(random);
                builder = builder.source_address(address);
                model.address = Some(address);
                set(&mut model.own, "source_address", address.to_string().into());
            }
            _ => {
                model.payload = match payload {
                    Some(payload) if index == 0 => payload.to_vec(),
                    _ => entries::payload(random),
                };
                builder = builder.payload(model.payload.clone());
            }
        }
    }
    let entry = builder
        .event_type(EventType::Login)
        .outcome(Outcome::Success)
        .actor_id("a")
        .resource("r")
        .build();
    model.assert_is(&entry);
}

fn format(payload: &[u8]) -> PayloadFormat {
    let entry = LogEntry {
        payload: Bytes::copy_from_slice(payload),
        ..LogEntry::default()
    };
    entry.payload_format()
}

/// The names and texts of the members of an object.
fn members(object: &[u8]) -> Vec<(String, &[u8])> {
    let mut members = Vec::new();
    scan::members(object, |name, value| {
        members.push((scan::unescaped(name).into_owned(), value));
    })
    .unwrap();
    members
}

impl Model {
    fn assert_is(mut self, entry: &LogEntry) {
        let has = |details: &[(String, Value)], name: &str| details.iter().any(|it| it.0 == name);
        let is_json = format(&self.payload) == PayloadFormat::Json;
        let is_object = is_json && self.payload.trim_ascii_start().starts_with(b"{");
        let of_payload = if is_object {
            members(&self.payload)
        } else {
            Vec::new()
        };
        let moves = !is_object || of_payload.iter().any(|(name, _)| has(&self.own, name));
        self.defaults.retain(|(name, _)| {
            !has(&self.own, name) && (moves || of_payload.iter().all(|(other, _)| other != name))
        });
        if self.own.is_empty() && self.defaults.is_empty() {
            assert_eq!(entry.payload, self.payload);
            return;
        }

        assert_eq!(entry.payload_format(), PayloadFormat::Json, "{entry:?}");
        let mut found = members(&entry.payload).into_iter();
        let is_base64 = !is_json && !self.payload.is_empty();
        for (name, value) in self.defaults.iter().chain(&self.own) {
            let (found_name, found) = found.next().unwrap();
            if name == "payload_base64" && is_base64 {
                assert_eq!(found_name, "payload", "{entry:?}");
                let nested = scan::member(found, name).unwrap();
                assert_eq!(serde_json::from_slice::<Value>(nested).unwrap(), *value);
                continue;
            }
            assert_eq!(found_name, *name, "{entry:?}");
            if name == "occurred_at" && self.time.is_some() {
                continue;
            }
            assert_eq!(
                serde_json::from_slice::<Value>(found).unwrap(),
                *value,
                "{entry:?}"
            );
            let read = entry.detail::<Value>(name).unwrap();
            assert_eq!(read.unwrap_or_default(), *value, "{entry:?}");
        }
        let rest: Vec<_> = found.collect();
        if self.payload.is_empty() {
            assert_eq!(rest, []);
        } else if !moves {
            assert_eq!(rest, of_payload, "{entry:?}");
        } else if is_json {
            let text = self.payload.trim_ascii();
            assert_eq!(rest, [("payload".to_owned(), text)], "{entry:?}");
        } else {
            let text = format!("\"{}\"", STANDARD.encode(&self.payload));
            let expected = ("payload_base64".to_owned(), text.as_bytes());
            assert_eq!(rest, [expected], "{entry:?}");
        }
        self.assert_typed(entry);
    }

    fn assert_typed(&self, entry: &LogEntry) {
        if let Some(time) = self.time {
            // The years that RFC 3339 can say.
            let is_in_range = (-62_167_219_200..=253_402_300_799).contains(&time.seconds);
            match entry.occurred_at() {
                Ok(read) => assert_eq!(read, Some(time), "{entry:?}"),
                Err(err) => assert!(!is_in_range, "{err}: {entry:?}"),
            }
        }
        if let Some(address) = self.address {
            assert_eq!(entry.source_address().unwrap(), Some(address));
        }
    }
}
