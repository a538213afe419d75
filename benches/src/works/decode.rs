use std::hint::black_box;

use buffa::{Message as _, MessageView as _, UnknownFieldsView};
use lokryn_compliance_log::{LogEntry, LogEntryView};
use prost::Message as _;

use super::{Against, Limits, Row, each};
use crate::data::DataSet;
use crate::peers::{buffa as buffa_peer, prost as prost_peer, quick_protobuf};
use crate::source::Source;

pub(super) fn to_view(data_set: &DataSet) -> Row<'_> {
    let entries: Vec<&[u8]> = data_set.encoded.iter().map(Vec::as_slice).collect();
    for (entry, canonical) in entries.iter().zip(&data_set.canonical) {
        let ours = LogEntryView::decode(entry).unwrap();
        assert_eq!(ours.encode_to_vec(), *canonical);
        let mut buffa = buffa_peer::LogEntryView::decode_view(entry).unwrap();
        buffa.__buffa_unknown_fields = UnknownFieldsView::default();
        assert_eq!(buffa::ViewEncode::encode_to_vec(&buffa), *canonical);
        let quick_protobuf = quick_protobuf::decode(entry).unwrap();
        assert_eq!(quick_protobuf::encode(&quick_protobuf), *canonical);
    }
    let sources = data_set.sources.iter().collect();
    Row::new(data_set, entries.len())
        .ours("view", each(entries.clone(), LogEntryView::decode))
        .peer(
            "buffa view",
            each(entries.clone(), buffa_peer::LogEntryView::decode_view),
        )
        .peer("quick-protobuf", each(entries, quick_protobuf::decode))
        .floor("check texts", each(sources, check_texts))
        .target("view", Against::Peer("buffa view"), Limits(0.33, 0.8))
}

/// As buffa checks them, without looking for them.
fn check_texts(source: &Source<'_>) {
    let check = |text: &str| {
        black_box(smoothutf8::verify(text.as_bytes()));
    };
    check(source.actor_id);
    check(source.component);
    check(source.environment);
    check(source.resource);
    check(source.message);
    source.policy_tags.iter().copied().for_each(check);
}

pub(super) fn to_owned(data_set: &DataSet) -> Row<'_> {
    let entries: Vec<&[u8]> = data_set.encoded.iter().map(Vec::as_slice).collect();
    for (entry, canonical) in entries.iter().zip(&data_set.canonical) {
        let ours = LogEntry::from_bytes(entry).unwrap();
        assert_eq!(ours.to_bytes(), *canonical);
        let prost = prost_peer::LogEntry::decode(*entry).unwrap();
        assert_eq!(prost.encode_to_vec(), *canonical);
        let mut buffa = buffa_peer::LogEntry::decode_from_slice(entry).unwrap();
        buffa.__buffa_unknown_fields.clear();
        assert_eq!(buffa::Message::encode_to_vec(&buffa), *canonical);
    }
    let sources = data_set.sources.iter().collect();
    Row::new(data_set, entries.len())
        .ours("from_bytes", each(entries.clone(), LogEntry::from_bytes))
        .peer("prost", each(entries.clone(), prost_peer::LogEntry::decode))
        .peer(
            "buffa",
            each(entries, buffa_peer::LogEntry::decode_from_slice),
        )
        .floor(
            "check and copy",
            each(sources, |source: &Source<'_>| {
                check_texts(source);
                source.prost()
            }),
        )
        .target("from_bytes", Against::Peer("prost"), Limits(0.65, 0.75))
        .target("from_bytes", Against::Peer("buffa"), Limits(0.95, 0.95))
}
