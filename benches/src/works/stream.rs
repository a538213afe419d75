use std::hint::black_box;
use std::rc::Rc;

use buffa::{Message as _, MessageView as _};
use lokryn_compliance_log::stream::{self, LogReader};
use lokryn_compliance_log::{LogEntryView, Severity};
use prost::Message as _;
use quick_protobuf::BytesReader;

use super::{Against, Limits, Row};
use crate::data::DataSet;
use crate::peers::{self, buffa as buffa_peer, prost as prost_peer};

const SEVERITY: Severity = Severity::Warning;
const TAG: &str = "HIPAA";

pub(super) fn filter(data_set: &DataSet) -> Row<'_> {
    let stream: Rc<[u8]> = data_set.stream().into();
    let filters: [fn(&[u8]) -> usize; 5] = [
        filter_views,
        filter_with_reader,
        filter_with_prost,
        filter_with_buffa,
        filter_with_quick_protobuf,
    ];
    let found = filters.map(|filter| filter(&stream));
    assert!(found.iter().all(|it| *it == found[0]));

    let [views, reader, prost, buffa, quick_protobuf] =
        filters.map(|filter| over(Rc::clone(&stream), filter));
    Row::new(data_set, data_set.stream_len())
        .ours("stream::views", views)
        .ours("next_view", reader)
        .peer("prost", prost)
        .peer("buffa view", buffa)
        .peer("quick-protobuf", quick_protobuf)
        .target(
            "stream::views",
            Against::Peer("prost"),
            Limits(1.0 / 6.0, 0.5),
        )
        .target("next_view", Against::Peer("prost"), Limits(0.25, 0.6))
}

pub(super) fn over<R>(stream: Rc<[u8]>, work: impl Fn(&[u8]) -> R) -> impl FnMut() {
    move || {
        black_box(work(black_box(&stream)));
    }
}

fn filter_views(stream: &[u8]) -> usize {
    stream::views(stream)
        .filter(|frame| is_relevant(&frame.as_ref().unwrap().view))
        .count()
}

fn filter_with_reader(stream: &[u8]) -> usize {
    let mut reader = LogReader::new(stream);
    let mut found = 0;
    while let Some(frame) = reader.next_view() {
        found += usize::from(is_relevant(&frame.unwrap().view));
    }
    found
}

fn is_relevant(entry: &LogEntryView<'_>) -> bool {
    entry.severity() >= SEVERITY && entry.policy_tags.contains(TAG)
}

fn filter_with_prost(mut stream: &[u8]) -> usize {
    let mut found = 0;
    while !stream.is_empty() {
        let entry = prost_peer::LogEntry::decode_length_delimited(&mut stream).unwrap();
        let is_relevant =
            entry.severity >= SEVERITY.into() && entry.policy_tags.iter().any(|tag| tag == TAG);
        found += usize::from(is_relevant);
    }
    found
}

fn filter_with_buffa(mut stream: &[u8]) -> usize {
    let mut found = 0;
    while !stream.is_empty() {
        let len = buffa::encoding::decode_varint(&mut stream).unwrap();
        let (entry, rest) = stream.split_at(usize::try_from(len).unwrap());
        stream = rest;
        let entry = buffa_peer::LogEntryView::decode_view(entry).unwrap();
        let is_relevant =
            entry.severity.to_i32() >= SEVERITY.into() && entry.policy_tags.contains(&TAG);
        found += usize::from(is_relevant);
    }
    found
}

fn filter_with_quick_protobuf(stream: &[u8]) -> usize {
    let mut reader = BytesReader::from_bytes(stream);
    let mut found = 0;
    while !reader.is_eof() {
        let entry: peers::quick_protobuf::LogEntry<'_> = reader.read_message(stream).unwrap();
        let is_relevant = entry.severity as i32 >= SEVERITY.into()
            && entry.policy_tags.iter().any(|tag| tag == TAG);
        found += usize::from(is_relevant);
    }
    found
}

pub(super) fn read(data_set: &DataSet) -> Row<'_> {
    let stream: Rc<[u8]> = data_set.stream().into();
    let readers: [fn(&[u8]) -> usize; 3] = [read_with_reader, read_with_prost, read_with_buffa];
    for read in readers {
        assert_eq!(read(&stream), data_set.stream_len());
    }

    let [ours, prost, buffa] = readers.map(|read| over(Rc::clone(&stream), read));
    Row::new(data_set, data_set.stream_len())
        .ours("LogReader", ours)
        .peer("prost", prost)
        .peer("buffa", buffa)
        .target("LogReader", Against::Peer("prost"), Limits(1.0 / 1.6, 0.75))
        .target("LogReader", Against::Peer("buffa"), Limits(0.95, 0.95))
}

fn read_with_reader(stream: &[u8]) -> usize {
    LogReader::new(stream)
        .inspect(|entry| {
            black_box(entry.as_ref().unwrap());
        })
        .count()
}

fn read_with_prost(mut stream: &[u8]) -> usize {
    let mut read = 0;
    while !stream.is_empty() {
        let entry = prost_peer::LogEntry::decode_length_delimited(&mut stream).unwrap();
        black_box(&entry);
        read += 1;
    }
    read
}

fn read_with_buffa(mut stream: &[u8]) -> usize {
    let mut read = 0;
    while !stream.is_empty() {
        let entry = buffa_peer::LogEntry::decode_length_delimited(&mut stream).unwrap();
        black_box(&entry);
        read += 1;
    }
    read
}
