//! Named details: set, added up with a payload, and read back.
#![cfg(all(feature = "std", feature = "json"))]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lokryn_compliance_log::builder::SourceEntry;
use lokryn_compliance_log::detail::{EVENT_ID, OCCURRED_AT, SOURCE_ADDRESS};
use lokryn_compliance_log::prost_types::Timestamp;
use lokryn_compliance_log::{
    EventType, LogEntry, LogEntryBuilder, LogEntryView, LogSource, Outcome, Payload, PayloadError,
    Sensitivity,
};
use proptest::prelude::*;
use serde_json::{Value, json};

fn source() -> LogSource {
    LogSource::new("api-gateway", "production").sensitivity(Sensitivity::Internal)
}

fn finish(entry: SourceEntry) -> LogEntry {
    entry
        .event_type(EventType::Login)
        .outcome(Outcome::Success)
        .actor_id("user-12345")
        .resource("auth/login")
        .build()
}

fn text_of(entry: &LogEntry) -> &str {
    std::str::from_utf8(&entry.payload).unwrap()
}

#[track_caller]
fn assert_payload(entry: SourceEntry, expected: &str) {
    assert_eq!(text_of(&finish(entry)), expected);
}

fn raw(text: &str) -> Payload {
    Payload::from(text.as_bytes().to_vec())
}

#[test]
fn details_alone_are_an_object() {
    let entry = source()
        .entry()
        .detail("role", "admin")
        .detail("attempts", 3)
        .detail("role", "viewer")
        .detail("a \"b\"\n", json!([1, null]));
    assert_payload(
        entry,
        r#"{"role":"viewer","attempts":3,"a \"b\"\n":[1,null]}"#,
    );
}

#[test]
fn a_payload_keeps_its_text_whatever_the_order_of_the_calls() {
    let spelled = r#" { "n" : 12345678901234567890123 , "n": 1.0, "z":0, "a" : [ ] } "#;
    let expected = r#" {"id":7, "n" : 12345678901234567890123 , "n": 1.0, "z":0, "a" : [ ] } "#;
    let entry = || source().entry();
    assert_payload(entry().payload(raw(spelled)).detail("id", 7), expected);
    assert_payload(entry().detail("id", 7).payload(raw(spelled)), expected);
    assert_payload(entry().detail("id", 7).payload(raw("{}")), r#"{"id":7}"#);
    assert_payload(entry().detail("id", 7).payload(raw("{ }")), r#"{"id":7 }"#);
    // Without details the text is the payload's, JSON or not.
    assert_payload(entry().payload(raw("{ \"a\":1,")), "{ \"a\":1,");
}

#[test]
fn the_last_payload_counts_and_no_detail_is_lost_to_it() {
    let entry = source()
        .entry()
        .source_address(Ipv4Addr::LOCALHOST.into())
        .payload(json!({"first": 1}))
        .payload(json!({"second": 2}));
    assert_payload(entry, r#"{"source_address":"127.0.0.1","second":2}"#);
}

#[test]
fn a_payload_that_cannot_stand_beside_details_moves_whole() {
    let entry = || source().entry().detail("id", 7);
    for (payload, expected) in [
        (raw("[1, 2]"), r#"{"id":7,"payload":[1, 2]}"#),
        (raw("\"text\""), r#"{"id":7,"payload":"text"}"#),
        (raw("null"), r#"{"id":7,"payload":null}"#),
        // A member has the name of a detail, however it is spelled.
        (
            raw(r#"{"id": 1, "payload": 2}"#),
            r#"{"id":7,"payload":{"id": 1, "payload": 2}}"#,
        ),
        (
            raw(r#"{"\u0069d":1}"#),
            r#"{"id":7,"payload":{"\u0069d":1}}"#,
        ),
        // Not JSON.
        (raw("{\"id\":"), r#"{"id":7,"payload_base64":"eyJpZCI6"}"#),
        (
            Payload::from(vec![0xff, 0]),
            r#"{"id":7,"payload_base64":"/wA="}"#,
        ),
        (
            raw(r#"["\ud800"]"#),
            r#"{"id":7,"payload_base64":"WyJcdWQ4MDAiXQ=="}"#,
        ),
    ] {
        assert_payload(entry().payload(payload.clone()), expected);
        assert_payload(source().entry().payload(payload).detail("id", 7), expected);
    }
    // An empty payload is none.
    assert_payload(entry().payload(Vec::new()), r#"{"id":7}"#);
    // A detail with the name that a moved payload needs stays, too.
    let entry = source()
        .entry()
        .detail("payload_base64", "mine")
        .payload(vec![0xff, 0]);
    assert_payload(
        entry,
        r#"{"payload":{"payload_base64":"mine"},"payload_base64":"/wA="}"#,
    );
}

#[cfg(feature = "cbor")]
#[test]
fn a_cbor_payload_beside_details_is_base64() {
    let payload = Payload::cbor(&json!({"rows": 42})).unwrap();
    let entry = finish(source().entry().payload(payload).detail("id", 7));
    assert_eq!(
        text_of(&entry),
        r#"{"id":7,"payload_base64":"oWRyb3dzGCo="}"#
    );
    assert_eq!(
        entry.payload_format(),
        lokryn_compliance_log::PayloadFormat::Json
    );
}

#[test]
fn a_detail_called_payload_is_the_payload() {
    let entry = source()
        .entry()
        .detail("payload", json!({"a": 1}))
        .detail("b", 2);
    assert_payload(entry, r#"{"b":2,"a":1}"#);
    let entry = source().detail("payload", json!({"a": 1})).entry();
    assert_payload(entry.clone(), r#"{"a":1}"#);
    assert_payload(entry.payload(json!([])), "[]");
}

#[test]
fn what_a_source_brings_are_defaults() {
    let source = source()
        .detail("region", "eu")
        .source_address(Ipv4Addr::LOCALHOST.into())
        .event_id("none");
    let entry = source.entry().detail("tenant", "t1");
    assert_payload(
        entry,
        r#"{"region":"eu","source_address":"127.0.0.1","event_id":"none","tenant":"t1"}"#,
    );
    // The entry's own details win, and so do the members of its payload.
    let entry = source
        .entry()
        .event_id("e-1")
        .payload(raw(r#"{ "region":"us", "\u0073ource_address":"::1" }"#));
    assert_payload(
        entry,
        r#"{"event_id":"e-1", "region":"us", "\u0073ource_address":"::1" }"#,
    );
    // Also where there is nothing left to add.
    let entry = source
        .entry()
        .payload(raw(r#"{"event_id":1,"region":2,"source_address":3 }"#));
    assert_payload(entry, r#"{"event_id":1,"region":2,"source_address":3 }"#);
    // But not where the payload moves: its members are elsewhere then.
    let entry = source
        .entry()
        .detail("a", 1)
        .payload(raw(r#"{"a":2,"region":3}"#));
    assert_payload(
        entry,
        r#"{"region":"eu","source_address":"127.0.0.1","event_id":"none","a":1,"payload":{"a":2,"region":3}}"#,
    );
    // One entry takes nothing from another.
    assert_payload(
        source.entry(),
        r#"{"region":"eu","source_address":"127.0.0.1","event_id":"none"}"#,
    );
}

#[test]
fn a_stamped_source_has_the_present_time_of_each_entry() {
    let source = source().occurred_at(UNIX_EPOCH).stamped();
    let time = |entry: SourceEntry| {
        let time = finish(entry).occurred_at().unwrap().unwrap();
        SystemTime::try_from(time).unwrap()
    };
    let before = SystemTime::now();
    let first = time(source.entry());
    let second = time(source.entry());
    assert!(before <= first && first <= second && second <= SystemTime::now());

    let own = UNIX_EPOCH + Duration::from_secs(5);
    assert_eq!(time(source.entry().occurred_at(own)), own);
    let payload = json!({"occurred_at": "1970-01-01T00:00:05Z"});
    assert_eq!(time(source.entry().payload(payload.clone())), own);
    // Also beside a detail with another name.
    let beside = source
        .entry()
        .detail("occurred_at_the_latest", 1)
        .payload(payload);
    assert_eq!(time(beside), own);
    // The time in a payload that moves is not the entry's.
    let moves = json!({"a": 2, "occurred_at": "1970-01-01T00:00:05Z"});
    assert!(time(source.entry().detail("a", 1).payload(moves)) >= before);
}

#[test]
fn several_hands_add_theirs() {
    fn middleware<P>(entry: LogEntryBuilder<P>) -> LogEntryBuilder<P> {
        entry
            .source_address(Ipv6Addr::LOCALHOST.into())
            .detail("trace_id", "4bf9")
    }
    fn handler(entry: SourceEntry) -> LogEntry {
        finish(entry.payload(json!({"method": "saml"})))
    }
    let entry = handler(middleware(source().stamped().entry()));
    assert_eq!(
        entry.source_address().unwrap(),
        Some(Ipv6Addr::LOCALHOST.into())
    );
    assert_eq!(entry.detail("trace_id").unwrap(), Some("4bf9"));
    assert_eq!(entry.detail("method").unwrap(), Some("saml"));
    assert!(entry.occurred_at().unwrap().is_some());
}

#[test]
fn times_have_nine_digits_and_sort_like_their_texts() {
    for (seconds, nanos, text) in [
        (0, 0, "1970-01-01T00:00:00.000000000Z"),
        (-1, 1, "1969-12-31T23:59:59.000000001Z"),
        (1_795_634_400, 500_000_000, "2026-11-25T19:20:00.500000000Z"),
        (951_782_400, 120, "2000-02-29T00:00:00.000000120Z"),
        // Out of range, and brought into it.
        (0, -1, "1969-12-31T23:59:59.999999999Z"),
        (0, 1_000_000_000, "1970-01-01T00:00:01.000000000Z"),
        // The first and the last that RFC 3339 can say.
        (-62_167_219_200, 0, "0000-01-01T00:00:00.000000000Z"),
        (
            253_402_300_799,
            999_999_999,
            "9999-12-31T23:59:59.999999999Z",
        ),
    ] {
        let time = Timestamp { seconds, nanos };
        let entry = finish(source().entry().occurred_at(time));
        assert_eq!(entry.detail(OCCURRED_AT).unwrap(), Some(text));
        assert_eq!(entry.occurred_at().unwrap(), Some(time.normalized()));
    }
    // Beyond, nothing is lost, and nothing is taken for a time.
    for seconds in [253_402_300_800, -62_167_219_201, i64::MAX, i64::MIN] {
        let time = Timestamp { seconds, nanos: 0 };
        let entry = finish(source().entry().occurred_at(time));
        let text: &str = entry.detail(OCCURRED_AT).unwrap().unwrap();
        assert!(text.starts_with(['+', '-']), "{text}");
        assert!(entry.occurred_at().is_err(), "{text}");
    }
}

fn with_payload(payload: &str) -> LogEntry {
    LogEntry {
        payload: payload.as_bytes().to_vec().into(),
        ..LogEntry::default()
    }
}

#[test]
fn a_time_needs_its_t_and_its_offset() {
    let read = |text: &str| with_payload(&json!({OCCURRED_AT: text}).to_string()).occurred_at();
    for text in [
        "2026-11-25T19:20:00Z",
        "2026-11-25t19:20:00z",
        "2026-11-25T19:20:00.0Z",
        "2026-11-25T20:20:00+01:00",
        "2026-11-25T18:50:00.000000000-00:30",
        "2026-11-25T19:20:00-00:00",
    ] {
        let time = Timestamp {
            seconds: 1_795_634_400,
            nanos: 0,
        };
        assert_eq!(read(text).unwrap(), Some(time), "{text}");
    }
    let leap = read("2016-12-31T23:59:60.5Z").unwrap().unwrap();
    assert_eq!((leap.seconds, leap.nanos), (1_483_228_799, 500_000_000));
    for text in [
        "",
        "2026-11-25",
        "2026-11-25T19:20Z",
        "2026-11-25T19:20:00",
        "2026-11-25 19:20:00Z",
        "2026-11-25T19:20:00.Z",
        "2026-11-25T19:20:00.0000000001Z",
        "2026-11-25T19:20:00 Z",
        "2026-11-25T19:20:00+0100",
        "2026-11-25T19:20:00+01",
        "2026-11-25T19:20:00+24:00",
        "2026-13-25T19:20:00Z",
        "2026-02-29T19:20:00Z",
        "2026-11-25T24:00:00Z",
        "2026-11-25T19:60:00Z",
        "2026-11-25T19:20:60Z",
        "2026-11-25T19:20:61Z",
        "9999-12-31T23:59:59-00:01",
        "0000-01-01T00:00:00+00:01",
        "02026-11-25T19:20:00Z",
        "+2026-11-25T19:20:00Z",
        "2026-11-25T19:20:00Zé",
        "2026-11-25T19:20:0éZ",
        "1795634400",
    ] {
        let err = read(text).unwrap_err();
        assert!(
            matches!(err, PayloadError::WrongDetail { .. }),
            "{text}: {err}"
        );
    }
}

#[test]
fn a_detail_of_another_form_is_named_and_not_shown() {
    let entry = with_payload(
        r#"{"occurred_at":"SECRET","source_address":"SECRET","event_id":{"SECRET":1},"n":"SECRET"}"#,
    );
    for (err, name) in [
        (entry.occurred_at().map(drop).unwrap_err(), OCCURRED_AT),
        (
            entry.source_address().map(drop).unwrap_err(),
            SOURCE_ADDRESS,
        ),
        (entry.event_id().map(drop).unwrap_err(), EVENT_ID),
        (entry.detail::<u8>("n").map(drop).unwrap_err(), "n"),
    ] {
        let expected = format!("payload: detail {name:?} has the wrong form");
        assert!(err.to_string().starts_with(&expected), "{err}");
        for shown in [format!("{err}"), format!("{err:?}"), format!("{err:#?}")] {
            assert!(!shown.contains("SECRET"), "{shown}");
        }
        assert!(std::error::Error::source(&err).is_none());
    }
    let number = with_payload(r#"{"n":1e400,"event_id":"a"}"#);
    let err = number.detail::<f64>("n").unwrap_err();
    assert!(matches!(err, PayloadError::WrongDetail { .. }), "{err}");
    assert_eq!(number.event_id().unwrap().as_deref(), Some("a"));
    let err = entry.detail::<u8>("a\n\u{1b}b").unwrap();
    assert_eq!(err, None);
}

#[test]
fn a_detail_that_is_there_twice_is_an_error() {
    let entry = with_payload(r#"{"event_id":"a","n":1,"event_i\u0064":"b"}"#);
    let err = entry.event_id().unwrap_err();
    assert!(matches!(err, PayloadError::WrongDetail { .. }), "{err}");
    assert_eq!(entry.detail("n").unwrap(), Some(1));
}

#[test]
fn what_is_no_object_holds_no_details() {
    for payload in ["", "[1]", "\"event_id\"", "null", "42", "text", "\u{a1}"] {
        let entry = with_payload(payload);
        assert_eq!(entry.event_id().unwrap(), None, "{payload}");
        assert_eq!(entry.occurred_at().unwrap(), None, "{payload}");
    }
    assert_eq!(
        with_payload(r#"{"event_id":null}"#).event_id().unwrap(),
        None
    );
    for payload in [
        "{",
        r#"{"event_id":"a""#,
        r#"{"event_id":"a"} x"#,
        "{event_id}",
    ] {
        let err = with_payload(payload).event_id().unwrap_err();
        assert!(matches!(err, PayloadError::NotJson(_)), "{payload}: {err}");
    }
}

#[test]
fn addresses_are_those_of_the_standard_library() {
    for address in ["203.0.113.7", "::1", "2001:db8::7", "::ffff:203.0.113.7"] {
        let address: IpAddr = address.parse().unwrap();
        let entry = finish(source().entry().source_address(address));
        assert_eq!(entry.source_address().unwrap(), Some(address));
    }
    for text in [
        "203.0.113.7:80",
        "203.0.113.007",
        "localhost",
        "::1%eth0",
        "",
    ] {
        let entry = with_payload(&json!({SOURCE_ADDRESS: text}).to_string());
        assert!(entry.source_address().is_err(), "{text}");
    }
}

#[test]
fn a_builder_withholds_details_as_it_withholds_payloads() {
    let entry = source().entry().detail("ssn", "078-05-1120");
    let shown = format!("{entry:?}");
    assert!(shown.contains("078-05-1120"), "{shown}");
    for entry in [
        format!("{:?}", entry.sensitivity(Sensitivity::Restricted)),
        format!("{:?}", LogEntry::builder().detail("ssn", "078-05-1120")),
        format!(
            "{:?}",
            LogSource::new("a", "b").detail("ssn", "078-05-1120")
        ),
    ] {
        assert!(!entry.contains("078-05-1120"), "{entry}");
        assert!(entry.contains("1 withheld"), "{entry}");
    }
}

#[test]
fn a_view_reads_what_an_entry_reads() {
    let entry = finish(source().stamped().entry().event_id("e-1").detail("n", 7));
    let bytes = LogEntryView::from(&entry).encode_to_vec();
    let view = LogEntryView::decode(&bytes).unwrap();
    assert_eq!(view.occurred_at().unwrap(), entry.occurred_at().unwrap());
    assert_eq!(view.event_id().unwrap().as_deref(), Some("e-1"));
    assert_eq!(view.source_address().unwrap(), None);
    assert_eq!(view.detail("n").unwrap(), Some(7));
    let lent: &str = view.detail("event_id").unwrap().unwrap();
    assert_eq!(lent, "e-1");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 20, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::hash_map("[a-c]|payload|\\PC{0,3}", inner, 0..4)
                .prop_map(|members| members.into_iter().collect()),
        ]
    })
}

proptest! {
    /// Whatever is set can be read back: the details, and the payload.
    #[test]
    fn nothing_that_was_set_is_lost(
        defaults in proptest::collection::vec(("[a-c]|\\PC{0,3}", any_json()), 0..3),
        details in proptest::collection::vec(("[a-c]|\\PC{0,3}", any_json()), 0..4),
        payload in prop_oneof![
            any_json().prop_map(|value| value.to_string().into_bytes()),
            any_json().prop_map(|value| serde_json::to_vec_pretty(&value).unwrap()),
            proptest::collection::vec(any::<u8>(), 0..20),
        ],
        first in any::<bool>(),
    ) {
        let mut source = source();
        for (name, value) in &defaults {
            source = source.detail(name, value.clone());
        }
        let mut entry = source.entry();
        if first {
            entry = entry.payload(payload.clone());
        }
        for (name, value) in &details {
            entry = entry.detail(name, value.clone());
        }
        if !first {
            entry = entry.payload(payload.clone());
        }
        let entry = finish(entry);
        if defaults.is_empty() && details.is_empty() {
            prop_assert_eq!(&entry.payload, &payload);
            return Ok(());
        }
        let members = serde_json::from_slice::<Value>(&payload).ok();
        let members = members.as_ref().and_then(Value::as_object);
        let shown = String::from_utf8_lossy(&entry.payload);
        for (index, (name, value)) in details.iter().enumerate() {
            if details[index + 1..].iter().all(|(later, _)| later != name) {
                let read = entry.detail::<Value>(name).unwrap().unwrap_or_default();
                prop_assert_eq!(&read, value, "{}: {}", name, shown);
            }
        }
        for (name, _) in &defaults {
            let found = entry.detail::<Value>(name);
            prop_assert!(found.is_ok(), "{}: {}", name, shown);
            let elsewhere = members.is_some_and(|it| it.contains_key(name));
            let text = entry.json_payload::<Value>().unwrap();
            let is_there = text.as_object().is_some_and(|it| it.contains_key(name));
            prop_assert!(is_there || elsewhere, "{}: {}", name, shown);
        }
        if !payload.is_empty() {
            let text = String::from_utf8_lossy(&payload);
            let beside = text.trim().trim_start_matches('{').trim_end_matches('}');
            let base64 = entry.detail::<String>("payload_base64");
            prop_assert!(
                shown.contains(beside) || matches!(base64, Ok(Some(_))),
                "{:?} is not in {}", text, shown
            );
        }
    }
}
