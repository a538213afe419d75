use std::str;

use buffa::{Message as _, MessageView as _, ViewEncode as _};
use lokryn_compliance_log::LogEntryView;
use prost::Message as _;

use super::{Against, Row, each};
use crate::data::DataSet;
use crate::peers::{buffa as buffa_peer, prost as prost_peer, quick_protobuf};

pub(super) fn to_view(data_set: &DataSet) -> Row<'_> {
    let entries: Vec<&[u8]> = data_set.encoded.iter().map(Vec::as_slice).collect();
    for entry in &entries {
        let ours = LogEntryView::decode(entry).unwrap();
        assert_eq!(ours.encode_to_vec(), *entry);
        let buffa = buffa_peer::LogEntryView::decode_view(entry).unwrap();
        assert_eq!(buffa.encode_to_vec(), *entry);
        let quick_protobuf = quick_protobuf::decode(entry).unwrap();
        assert_eq!(quick_protobuf::encode(&quick_protobuf), *entry);
    }
    let (against, at_most) = match data_set.name {
        "scenarios" => (Against::Peer("buffa view"), 0.4),
        "world text" | "30 tags" => (Against::FastestPeer, 0.7),
        _ => (Against::FastestPeer, 1.0),
    };
    Row::new(entries.len())
        .ours("view", each(entries.clone(), LogEntryView::decode))
        .peer(
            "buffa view",
            each(entries.clone(), buffa_peer::LogEntryView::decode_view),
        )
        .peer(
            "quick-protobuf",
            each(entries.clone(), quick_protobuf::decode),
        )
        .floor("check UTF-8", each(entries, str::from_utf8))
        .target("view", against, at_most)
}

pub(super) fn to_owned(data_set: &DataSet) -> Row<'_> {
    let entries: Vec<&[u8]> = data_set.encoded.iter().map(Vec::as_slice).collect();
    for entry in &entries {
        let ours = LogEntryView::decode(entry).unwrap().to_entry();
        assert_eq!(ours.encode_to_vec(), *entry);
        let prost = prost_peer::LogEntry::decode(*entry).unwrap();
        assert_eq!(prost.encode_to_vec(), *entry);
        let buffa = buffa_peer::LogEntry::decode_from_slice(entry).unwrap();
        assert_eq!(buffa::Message::encode_to_vec(&buffa), *entry);
    }
    Row::new(entries.len())
        .ours(
            "view, into entry",
            each(entries.clone(), |entry| {
                LogEntryView::decode(entry).map(|view| view.to_entry())
            }),
        )
        .peer("prost", each(entries.clone(), prost_peer::LogEntry::decode))
        .peer(
            "buffa",
            each(entries.clone(), buffa_peer::LogEntry::decode_from_slice),
        )
        .floor("allocate and copy", each(entries, <[u8]>::to_vec))
        .target("view, into entry", Against::Peer("prost"), 0.75)
}
