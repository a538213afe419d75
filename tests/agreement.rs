//! On any bytes the view accepts what prost accepts, refuses what prost refuses,
//! and reads the same values.

mod common;

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::{LogEntry, LogEntryView};
use proptest::collection::vec;
use proptest::prelude::*;

/// A varint, at times of more bytes than it needs, or too many.
fn varint(value: u64) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![12 => Just(0), 2 => 1..4_usize, 1 => 4..12_usize].prop_map(move |padding| {
        let mut bytes = Vec::new();
        let mut rest = value;
        while rest >= 0x80 {
            bytes.push(rest.to_le_bytes()[0] | 0x80);
            rest >>= 7;
        }
        bytes.push(rest.to_le_bytes()[0]);
        for _ in 0..padding {
            *bytes.last_mut().unwrap() |= 0x80;
            bytes.push(0);
        }
        bytes
    })
}

fn key() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![
        20 => 1..12_u64,
        4 => 12..20_u64,
        1 => Just(0_u64),
        1 => 0..1_u64 << 33,
    ];
    let wire_type = prop_oneof![20 => Just(2_u64), 10 => Just(0_u64), 4 => 0..8_u64];
    (number, wire_type).prop_flat_map(|(number, wire_type)| varint(number << 3 | wire_type))
}

fn text() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        6 => "[a-z/]{0,20}".prop_map(String::into_bytes),
        3 => any::<String>().prop_map(String::into_bytes),
        2 => "[éд日😀]{0,120}".prop_map(String::into_bytes),
        1 => vec(any::<u8>(), 0..200),
        // A character cut in two.
        1 => ("[éд日😀]{1,4}", 1..16_usize).prop_map(|(text, keep)| {
            let mut bytes = text.into_bytes();
            bytes.truncate(keep);
            bytes
        }),
    ]
}

/// A value with its length in front, which at times is a lie.
fn delimited() -> impl Strategy<Value = Vec<u8>> {
    (
        text(),
        prop_oneof![20 => Just(None), 1 => any::<u64>().prop_map(Some)],
    )
        .prop_flat_map(|(value, lie)| {
            let len = lie.unwrap_or(value.len() as u64);
            varint(len).prop_map(move |len| [len, value.clone()].concat())
        })
}

fn value() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        10 => delimited(),
        5 => any::<u64>().prop_flat_map(varint),
        3 => (0..25_u64).prop_flat_map(varint),
        1 => vec(any::<u8>(), 0..10),
    ]
}

/// A record whose value fits its key: the usual case, which reaches far.
fn well_formed_record() -> impl Strategy<Value = Vec<u8>> {
    let number = prop_oneof![9 => 1..12_u64, 1 => 12..40_u64];
    number.prop_flat_map(|number| {
        let is_enum = matches!(number, 1 | 2 | 3 | 11);
        let value = if is_enum {
            any::<i32>()
                .prop_flat_map(|n| varint(u64::from_le_bytes(i64::from(n).to_le_bytes())))
                .boxed()
        } else {
            delimited().boxed()
        };
        let key = varint(number << 3 | if is_enum { 0 } else { 2 });
        (key, value).prop_map(|(key, value)| [key, value].concat())
    })
}

fn group(inner: impl Strategy<Value = Vec<u8>> + 'static) -> impl Strategy<Value = Vec<u8>> {
    (12..16_u8, 12..16_u8, any::<bool>(), inner).prop_map(|(number, other, matching, inner)| {
        let start = number << 3 | 3;
        let end = if matching { number } else { other } << 3 | 4;
        [vec![start], inner, vec![end]].concat()
    })
}

fn record() -> impl Strategy<Value = Vec<u8>> {
    let any_record = (key(), value()).prop_map(|(key, value)| [key, value].concat());
    let flat = prop_oneof![12 => well_formed_record(), 2 => any_record].boxed();
    prop_oneof![
        10 => flat.clone(),
        1 => flat.prop_recursive(8, 32, 4, |inner| {
            group(vec(inner, 0..4).prop_map(|records| records.concat()))
        }),
    ]
}

/// A hostile message: records mostly right, in any order, and at times cut off.
fn message() -> impl Strategy<Value = Vec<u8>> {
    (
        vec(record(), 0..14),
        prop_oneof![5 => Just(None), 1 => (0..400_usize).prop_map(Some)],
    )
        .prop_map(|(records, cut)| {
            let mut bytes = records.concat();
            bytes.truncate(cut.unwrap_or(usize::MAX));
            bytes
        })
}

fn agree(bytes: &[u8]) -> Result<(), TestCaseError> {
    match (LogEntry::decode(bytes), LogEntryView::decode(bytes)) {
        (Ok(entry), Ok(view)) => {
            prop_assert_eq!(view.policy_tags.len(), entry.policy_tags.len());
            prop_assert_eq!(view.encode_to_vec(), entry.encode_to_vec());
            prop_assert_eq!(view.to_entry(), entry.clone());
            prop_assert_eq!(LogEntry::from_bytes(bytes), Ok(entry));
        }
        (Err(_), Err(err)) => {
            prop_assert!(err.offset() <= bytes.len());
            prop_assert_eq!(LogEntry::from_bytes(bytes), Err(err));
        }
        (prost, view) => prop_assert!(false, "prost: {:?}, view: {:?}", prost, view),
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn on_hostile_messages(bytes in message()) {
        agree(&bytes)?;
    }

    #[test]
    fn on_random_bytes(bytes in vec(any::<u8>(), 0..64)) {
        agree(&bytes)?;
    }
}

proptest! {
    #[test]
    fn on_entries_with_one_byte_changed(
        entry in common::any_entry(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut bytes = entry.encode_to_vec();
        if !bytes.is_empty() {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        agree(&bytes)?;
    }
}
