use lokryn_compliance_log::LogEntry;
use prost::Message as _;
use serde_json::Value;

use super::{Against, Limits, Row, each, each_owned};
use crate::data::DataSet;
use crate::peers::{buffa as buffa_peer, prost as prost_peer};
use crate::source::Source;

pub(super) fn write(data_set: &DataSet) -> Row<'_> {
    let sources = data_set.sources.iter().copied();
    let entries: Vec<_> = sources.clone().map(|it| it.view().to_entry()).collect();
    let prost: Vec<_> = sources.clone().map(Source::prost).collect();
    let buffa: Vec<_> = sources.map(Source::buffa).collect();
    for (index, entry) in entries.iter().enumerate() {
        let expected = value(&serde_json::to_string(entry).unwrap());
        assert_eq!(
            value(&serde_json::to_string(&prost[index]).unwrap()),
            expected
        );
        assert_eq!(
            value(&serde_json::to_string(&buffa[index]).unwrap()),
            expected
        );
    }
    Row::new(data_set, entries.len())
        .ours("entry", each_owned(entries, serde_json::to_string))
        .peer("pbjson", each_owned(prost, serde_json::to_string))
        .peer("buffa", each_owned(buffa, serde_json::to_string))
        .target("entry", Against::Peer("pbjson"), Limits(1.0, 1.0))
        .target("entry", Against::Peer("buffa"), Limits(1.0, 1.0))
}

fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap()
}

pub(super) fn read(data_set: &DataSet) -> Row<'_> {
    let texts: Vec<&str> = data_set
        .sources
        .iter()
        .map(|it| &*serde_json::to_string(&it.view().to_entry()).unwrap().leak())
        .collect();
    for (text, expected) in texts.iter().zip(&data_set.canonical) {
        let ours: LogEntry = serde_json::from_str(text).unwrap();
        assert_eq!(ours.to_bytes(), *expected);
        let prost: prost_peer::LogEntry = serde_json::from_str(text).unwrap();
        assert_eq!(prost.encode_to_vec(), *expected);
        let buffa: buffa_peer::LogEntry = serde_json::from_str(text).unwrap();
        assert_eq!(buffa::Message::encode_to_vec(&buffa), *expected);
    }
    Row::new(data_set, texts.len())
        .ours(
            "entry",
            each(texts.clone(), serde_json::from_str::<LogEntry>),
        )
        .peer(
            "pbjson",
            each(texts.clone(), serde_json::from_str::<prost_peer::LogEntry>),
        )
        .peer(
            "buffa",
            each(texts, serde_json::from_str::<buffa_peer::LogEntry>),
        )
        .target("entry", Against::Peer("pbjson"), Limits(1.0, 1.0))
        .target("entry", Against::Peer("buffa"), Limits(1.0, 1.0))
}
