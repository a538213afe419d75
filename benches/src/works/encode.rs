use buffa::ViewEncode;
use lokryn_compliance_log::{LogEntry, LogEntryView};
use prost::Message as _;

use super::{Against, Limits, Row, each, each_owned};
use crate::data::DataSet;
use crate::peers::{buffa as buffa_peer, quick_protobuf};
use crate::source::Source;

pub(super) fn encode(data_set: &DataSet) -> Row<'_> {
    let sources = data_set.sources.iter().copied();
    let encoded: Vec<&[u8]> = data_set.canonical.iter().map(Vec::as_slice).collect();

    let views: Vec<_> = sources.clone().map(Source::view).collect();
    let decoded: Vec<_> = data_set
        .encoded
        .iter()
        .map(|entry| LogEntryView::decode(entry).unwrap())
        .collect();
    let entries: Vec<_> = views.iter().map(LogEntryView::to_entry).collect();
    let prost: Vec<_> = sources.clone().map(Source::prost).collect();
    let buffa: Vec<_> = sources.clone().map(Source::buffa).collect();
    let buffa_views: Vec<_> = sources.clone().map(Source::buffa_view).collect();
    let quick_protobuf: Vec<_> = sources.map(Source::quick_protobuf).collect();
    for (index, expected) in encoded.iter().enumerate() {
        assert_eq!(views[index].encode_to_vec(), *expected);
        assert_eq!(decoded[index].encode_to_vec(), *expected);
        assert_eq!(entries[index].to_bytes(), *expected);
        assert_eq!(encode_buffa(&buffa[index]), *expected);
        assert_eq!(buffa_views[index].encode_to_vec(), *expected);
        assert_eq!(quick_protobuf::encode(&quick_protobuf[index]), *expected);
    }

    Row::new(data_set, encoded.len())
        .ours("view", each_owned(views, LogEntryView::encode_to_vec))
        .ours(
            "decoded view",
            each_owned(decoded, LogEntryView::encode_to_vec),
        )
        .ours("to_bytes", each_owned(entries, LogEntry::to_bytes))
        .peer("prost", each_owned(prost, prost::Message::encode_to_vec))
        .peer("buffa", each_owned(buffa, encode_buffa))
        .peer(
            "buffa view",
            each_owned(buffa_views, ViewEncode::encode_to_vec),
        )
        .peer(
            "quick-protobuf",
            each_owned(quick_protobuf, quick_protobuf::encode),
        )
        .floor("allocate and copy", each(encoded, <[u8]>::to_vec))
        .target("view", Against::FastestPeer, Limits(0.75, 0.9))
        .target("decoded view", Against::FastestPeer, Limits(0.75, 0.9))
        .target("to_bytes", Against::FastestPeer, Limits(0.75, 0.9))
}

pub(super) fn construct_and_encode(data_set: &DataSet) -> Row<'_> {
    let sources: Vec<&Source> = data_set.sources.iter().collect();
    let encoded: Vec<&[u8]> = data_set.canonical.iter().map(Vec::as_slice).collect();
    Row::new(data_set, encoded.len())
        .ours(
            "view",
            each(sources.clone(), |it| it.view().encode_to_vec()),
        )
        .peer(
            "prost",
            each(sources.clone(), |it| it.prost().encode_to_vec()),
        )
        .peer(
            "buffa",
            each(sources.clone(), |it| encode_buffa(&it.buffa())),
        )
        .peer(
            "buffa view",
            each(sources.clone(), |it| it.buffa_view().encode_to_vec()),
        )
        .peer(
            "quick-protobuf",
            each(sources, |it| quick_protobuf::encode(&it.quick_protobuf())),
        )
        .floor("allocate and copy", each(encoded, <[u8]>::to_vec))
        .target("view", Against::Peer("prost"), Limits(0.25, 0.4))
}

fn encode_buffa(entry: &buffa_peer::LogEntry) -> Vec<u8> {
    buffa::Message::encode_to_vec(entry)
}
