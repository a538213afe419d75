//! On any bytes the view and prost agree.

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::prost::encoding::{self, WireType};
use lokryn_compliance_log::stream::{self, LogReader};
use lokryn_compliance_log::{DecodeReason, LogEntry, LogEntryView, StrictError};

use crate::Check;
use crate::random::Random;
use crate::wire::{self, Variants};

/// How many changed messages are tried for each.
const CHANGED: usize = 24;

/// The check, with memory that it uses again.
#[derive(Debug, Default)]
pub struct View {
    variants: Variants,
    base: Vec<u8>,
    encoded: Vec<u8>,
}

impl Check for View {
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        self.variants_of(bytes, &mut Random::of(bytes))
    }

    fn seed(&mut self, seed: u64) -> u64 {
        let mut random = Random::seeded(seed);
        let mut base = std::mem::take(&mut self.base);
        base.clear();
        wire::put_message(&mut random, &mut base);
        let count = self.variants_of(&base, &mut random);
        self.base = base;
        count
    }
}

impl View {
    fn variants_of(&mut self, bytes: &[u8], random: &mut Random) -> u64 {
        let Self {
            variants, encoded, ..
        } = self;
        let mut count = 0;
        variants.each(bytes, random, CHANGED, |bytes, random| {
            count += 1;
            agree(bytes, encoded);
            if random.once_in(64) {
                agree_in_all(bytes);
            }
        });
        count
    }
}

/// Verdict, values and encoding. `encoded` is there for its memory.
fn agree(bytes: &[u8], encoded: &mut Vec<u8>) {
    match (LogEntry::decode(bytes), LogEntryView::decode(bytes)) {
        (Ok(entry), Ok(view)) => {
            assert_eq!(view, LogEntryView::from(&entry), "{bytes:?}");
            encoded.clear();
            entry.encode(encoded).unwrap();
            assert_eq!(view.encode_to_vec(), *encoded, "{bytes:?}");
            match LogEntry::from_bytes(bytes) {
                Ok(owned) => assert_eq!(owned, entry, "{bytes:?}"),
                Err(err) => panic!("prost: {entry:?}, from_bytes: {err}, of {bytes:?}"),
            }
        }
        (Err(_), Err(err)) => {
            assert!(err.offset() <= bytes.len(), "{err} of {bytes:?}");
            assert_eq!(LogEntry::from_bytes(bytes), Err(err), "{bytes:?}");
        }
        (prost, view) => panic!("prost: {prost:?}, view: {view:?}, of {bytes:?}"),
    }
}

/// The other ways to the same.
fn agree_in_all(bytes: &[u8]) {
    let view = match LogEntryView::decode(bytes) {
        Ok(view) => view,
        Err(err) => {
            assert!(!err.to_string().is_empty());
            assert_eq!(
                LogEntryView::decode_strict(bytes),
                Err(StrictError::Malformed(err))
            );
            return;
        }
    };
    let entry = LogEntry::decode(bytes).unwrap();
    let encoded = entry.encode_to_vec();
    assert_eq!(view.to_entry(), entry);
    assert_eq!(view.encoded_len(), encoded.len());
    assert_eq!(entry.to_bytes(), encoded);
    let mut appended = vec![1, 2, 3];
    view.encode(&mut appended).unwrap();
    assert_eq!(appended[3..], encoded);
    assert_eq!(view.validate(), entry.validate());

    // Tags, in each way to go through them.
    assert_eq!(view.policy_tags.len(), entry.policy_tags.len());
    assert_eq!(view.policy_tags.iter().len(), entry.policy_tags.len());
    let folded = view.policy_tags.iter().fold(Vec::new(), |mut tags, tag| {
        tags.push(tag);
        tags
    });
    assert_eq!(folded, entry.policy_tags);
    assert!(
        entry
            .policy_tags
            .iter()
            .all(|tag| view.policy_tags.contains(tag))
    );

    let is_strict = is_strict(bytes);
    match LogEntryView::decode_strict(bytes) {
        Ok(strict) => {
            assert!(is_strict, "{bytes:?}");
            assert_eq!(strict, view);
        }
        Err(err) => assert!(!is_strict, "{err}: {bytes:?}"),
    }

    // Framed, as prost frames it.
    let framed = entry.encode_length_delimited_to_vec();
    let mut view_framed = Vec::new();
    view.encode_length_delimited(&mut view_framed).unwrap();
    assert_eq!(view_framed, framed);
    if !encoded.is_empty() {
        let mut reader = LogReader::new(&*framed);
        let read = reader.next().unwrap().unwrap();
        assert_eq!(read, entry);
        assert!(reader.next().is_none());
        let frame = stream::views(&framed).next().unwrap().unwrap();
        assert_eq!((frame.view, frame.bytes), (view, &*encoded));
    }

    // What a prefix is refused for is that it is cut off.
    if let Some((_, prefix)) = bytes.split_last()
        && let Err(err) = LogEntryView::decode(prefix)
    {
        assert_eq!(err.reason(), DecodeReason::Truncated, "{prefix:?}");
    }
}

/// Whether bytes that decode are such that every implementation reads them alike, by
/// prost's functions and the words of the documentation.
fn is_strict(mut bytes: &[u8]) -> bool {
    let mut seen = [false; 12];
    while !bytes.is_empty() {
        let before = bytes.len();
        let (field, wire_type) = encoding::decode_key(&mut bytes).unwrap();
        let key_len = before - bytes.len();
        let is_group = matches!(wire_type, WireType::StartGroup | WireType::EndGroup);
        if is_group || key_len != encoding::key_len(field) || (100..110).contains(&field) {
            return false;
        }
        if let (true, Some(seen)) = (field != 10, seen.get_mut(field as usize)) {
            if *seen {
                return false;
            }
            *seen = true;
        }
        if wire_type == WireType::LengthDelimited {
            let mut value = bytes;
            let len = encoding::decode_varint(&mut value).unwrap();
            if bytes.len() - value.len() != encoding::encoded_len_varint(len) {
                return false;
            }
        }
        let context = encoding::DecodeContext::default();
        encoding::skip_field(wire_type, field, &mut bytes, context).unwrap();
    }
    true
}
