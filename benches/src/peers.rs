//! What the generators of the peers make of `log.proto`.

/// prost's code, with pbjson's for JSON.
#[allow(clippy::all, clippy::pedantic)]
pub mod prost {
    include!(concat!(env!("OUT_DIR"), "/lokryn.compliance.v1.rs"));
    include!(concat!(env!("OUT_DIR"), "/lokryn.compliance.v1.serde.rs"));
}

#[allow(clippy::all, clippy::pedantic, dead_code)]
pub mod buffa {
    mod generated {
        include!(concat!(env!("OUT_DIR"), "/buffa/mod.rs"));
    }
    pub use generated::lokryn::compliance::v1::{LogEntry, LogEntryView};
}

#[allow(clippy::all, clippy::pedantic, dead_code)]
pub mod quick_protobuf {
    use ::quick_protobuf::{BytesReader, MessageRead as _, MessageWrite as _, Result, Writer};

    include!(concat!(env!("OUT_DIR"), "/quick_protobuf.rs"));
    pub use generated::lokryn::compliance::v1::LogEntry;

    /// Decodes an entry. The library's own function expects a length in front.
    pub fn decode(bytes: &[u8]) -> Result<LogEntry<'_>> {
        LogEntry::from_reader(&mut BytesReader::from_bytes(bytes), bytes)
    }

    /// Encodes an entry. The library's own function writes a length in front.
    pub fn encode(entry: &LogEntry<'_>) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(entry.get_size());
        entry.write_message(&mut Writer::new(&mut bytes)).unwrap();
        bytes
    }
}
