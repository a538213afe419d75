//! Details: entries of one actor, address and stretch of time, and what it costs to set
//! none.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::LazyLock;

use lokryn_compliance_log::prost_types::Timestamp;
use lokryn_compliance_log::stream;
use lokryn_compliance_log::{
    EventType, LogEntry, LogEntryView, LogSource, Outcome, Sensitivity, Severity,
};
use serde_json::Value;

use super::stream::over;
use super::{Against, Limits, Row, each_owned};
use crate::data::DataSet;
use crate::random::Random;
use crate::source::Source;

const ADDRESS: &str = "203.0.113.7";
const SINCE: &str = "2026-11-25T08:00:00.000000000Z";
const UNTIL: &str = "2026-11-25T16:00:00.000000000Z";

/// Entries of a day, from sixteen addresses, with something else in the payload besides.
pub(super) fn of_a_day() -> Vec<DataSet> {
    let mut random = Random::new(7);
    let payload = |random: &mut Random| {
        let (hour, minute, host) = (random.below(24), random.below(60), random.below(16));
        let text = format!(
            r#"{{"occurred_at":"2026-11-25T{hour:02}:{minute:02}:07.123456789Z","source_address":"203.0.113.{host}","event_id":"0195a7f2-6c1e-7b1a-9f3e-2d4c5b6a7980","query":{{"table":"users","columns":["id","name"],"rows_returned":42}}}}"#
        );
        &*text.leak()
    };
    let sources = (0..500).map(|_| Source {
        event_type: EventType::ResourceAccess.into(),
        outcome: Outcome::Success.into(),
        severity: Severity::Info.into(),
        actor_id: "user-12345",
        component: "api-gateway",
        environment: "production",
        resource: "api/v1/orders",
        payload: payload(&mut random).as_bytes(),
        sensitivity: Sensitivity::Internal.into(),
        ..Source::default()
    });
    vec![DataSet::new("entries of a day", sources.collect())]
}

pub(super) fn find(data_set: &DataSet) -> Row<'_> {
    let stream: Rc<[u8]> = data_set.stream().into();
    let finds: [fn(&[u8]) -> usize; 3] = [
        |stream| count(stream, by_getters),
        |stream| count(stream, by_text),
        |stream| count(stream, by_value),
    ];
    let found = finds.map(|find| find(&stream));
    assert!(found[0] > 0 && found.iter().all(|it| *it == found[0]));

    let [getters, text, value] = finds.map(|find| over(Rc::clone(&stream), find));
    Row::new(data_set, data_set.stream_len())
        .ours("getters", getters)
        .ours("text", text)
        .peer("serde_json::Value", value)
        .target("getters", Against::FastestPeer, Limits(0.75, 0.75))
        .target("text", Against::FastestPeer, Limits(0.6, 0.6))
}

fn count(stream: &[u8], is_wanted: fn(&LogEntryView<'_>) -> Option<bool>) -> usize {
    stream::views(stream)
        .filter(|frame| is_wanted(&frame.as_ref().unwrap().view) == Some(true))
        .count()
}

fn by_getters(entry: &LogEntryView<'_>) -> Option<bool> {
    static WANTED: LazyLock<(Timestamp, Timestamp, IpAddr)> = LazyLock::new(|| {
        let time = |text: &str| text.parse().expect("a time");
        (
            time(SINCE),
            time(UNTIL),
            ADDRESS.parse().expect("an address"),
        )
    });
    let key = |time: Timestamp| (time.seconds, time.nanos);
    let (since, until, address) = *WANTED;
    let time = key(entry.occurred_at().ok()??);
    let is_then = key(since) <= time && time < key(until);
    Some(is_then && entry.source_address().ok()?? == address)
}

fn by_text(entry: &LogEntryView<'_>) -> Option<bool> {
    let time: &str = entry.detail("occurred_at").ok()??;
    let is_then = (SINCE..UNTIL).contains(&time);
    Some(is_then && entry.detail::<&str>("source_address").ok()?? == ADDRESS)
}

fn by_value(entry: &LogEntryView<'_>) -> Option<bool> {
    let payload: Value = serde_json::from_slice(entry.payload).ok()?;
    let time = payload["occurred_at"].as_str()?;
    Some((SINCE..UNTIL).contains(&time) && payload["source_address"] == ADDRESS)
}

pub(super) fn build(data_set: &DataSet) -> Row<'_> {
    let log_source = LogSource::new("api-gateway", "production").sensitivity(Sensitivity::Internal);
    let sources: Vec<Source<'_>> = data_set.sources.clone();
    let by_builder = each_owned(sources.clone(), move |source| {
        log_source
            .entry()
            .event_type(EventType::Login)
            .outcome(Outcome::Success)
            .actor_id(source.actor_id)
            .resource(source.resource)
            .build()
    });
    let literally = each_owned(sources, |source| LogEntry {
        event_type: EventType::Login.into(),
        outcome: Outcome::Success.into(),
        severity: Severity::Info.into(),
        actor_id: source.actor_id.into(),
        component: "api-gateway".into(),
        environment: "production".into(),
        resource: source.resource.into(),
        sensitivity: Sensitivity::Internal.into(),
        ..LogEntry::default()
    });
    Row::new(data_set, data_set.sources.len())
        .ours("source and builder", by_builder)
        .peer("a literal", literally)
        // What it was before there were details.
        .target("source and builder", Against::FastestPeer, Limits(2.6, 2.6))
}
