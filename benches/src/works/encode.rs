use buffa::ViewEncode;
use lokryn_compliance_log::{LogEntry, LogEntryView};
use prost::Message as _;

use super::{Against, Row, each, each_owned};
use crate::data::DataSet;
use crate::peers::{buffa as buffa_peer, quick_protobuf};
use crate::source::Source;

pub(super) fn encode(data_set: &DataSet) -> Row<'_> {
    let sources = data_set.sources.iter().copied();
    let encoded: Vec<&[u8]> = data_set.encoded.iter().map(Vec::as_slice).collect();

    let views: Vec<_> = sources.clone().map(Source::view).collect();
    let decoded: Vec<_> = encoded
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
        assert_eq!(encode_entry(&entries[index]), *expected);
        assert_eq!(encode_buffa(&buffa[index]), *expected);
        assert_eq!(buffa_views[index].encode_to_vec(), *expected);
        assert_eq!(quick_protobuf::encode(&quick_protobuf[index]), *expected);
    }

    Row::new(encoded.len())
        .ours("view", each_owned(views, LogEntryView::encode_to_vec))
        .ours(
            "decoded view",
            each_owned(decoded, LogEntryView::encode_to_vec),
        )
        .ours("entry", each_owned(entries, encode_entry))
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
        .target("view", Against::FastestPeer, 0.9)
        .target("decoded view", Against::FastestPeer, 0.9)
        .target("entry", Against::FastestPeer, 0.9)
}

pub(super) fn construct_and_encode(data_set: &DataSet) -> Row<'_> {
    let sources: Vec<&Source> = data_set.sources.iter().collect();
    let encoded: Vec<&[u8]> = data_set.encoded.iter().map(Vec::as_slice).collect();
    Row::new(encoded.len())
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
        .target("view", Against::Peer("prost"), 0.35)
        .target("view", Against::Peer("quick-protobuf"), 1.0)
}

fn encode_entry(entry: &LogEntry) -> Vec<u8> {
    LogEntryView::from(entry).encode_to_vec()
}

fn encode_buffa(entry: &buffa_peer::LogEntry) -> Vec<u8> {
    buffa::Message::encode_to_vec(entry)
}
