//! Entries that a log takes as they came: what every implementation reads alike.

mod common;

use common::any_entry;
use lokryn_compliance_log::{LogEntryView, StrictError};
use proptest::collection::vec;
use proptest::prelude::*;

#[track_caller]
fn assert_refused(bytes: &[u8], message: &str) {
    // What is refused here is what prost takes.
    LogEntryView::decode(bytes).unwrap();
    let err = LogEntryView::decode_strict(bytes).unwrap_err();
    assert_eq!(err.to_string(), message, "{bytes:x?}");
}

#[test]
fn what_others_read_otherwise_is_refused() {
    assert_refused(b"\x08\x01\x08\x01", "event_type: there twice at byte 2");
    assert_refused(b"\x22\x01a\x22\x00", "actor_id: there twice at byte 3");
    assert_refused(b"\xa2\x00\x01a", "actor_id: an overlong varint at byte 0");
    assert_refused(b"\x22\x81\x00a", "actor_id: an overlong varint at byte 1");
    assert_refused(b"\x22\x80\x00", "actor_id: an overlong varint at byte 1");
    assert_refused(b"\x93\x02\x94\x02", "field 34: a group at byte 0");
    assert_refused(b"\xa0\x06\x01", "field 100: reserved for logs at byte 0");
    assert_refused(b"\x08\x01\xea\x06\x00", "field 109: reserved for logs at byte 2");
}

#[test]
fn what_does_not_decode_is_refused_as_such() {
    let err = LogEntryView::decode_strict(b"\x22\x09a").unwrap_err();
    assert!(matches!(err, StrictError::Malformed(_)));
    assert_eq!(err.to_string(), "actor_id: truncated at byte 1");
}

#[test]
fn what_is_unknown_or_repeated_for_good_is_taken() {
    for bytes in [
        &b""[..],
        b"\x52\x01a\x52\x01a",         // two tags
        b"\x9a\x06\x01a\x9a\x06\x01a", // field 99, which may be a list
        b"\xf2\x06\x00",               // field 110
        b"\x08\x81\x00",               // a value, not a length
        b"\x22\x00",                   // a default written out
    ] {
        let strict = LogEntryView::decode_strict(bytes).unwrap();
        assert_eq!(strict, LogEntryView::decode(bytes).unwrap(), "{bytes:x?}");
    }
}

proptest! {
    #[test]
    fn what_an_encoder_writes_is_taken(entry in any_entry()) {
        let bytes = entry.to_bytes();
        let view = LogEntryView::decode_strict(&bytes);
        prop_assert_eq!(view.map(|view| view.to_entry()), Ok(entry));
    }

    #[test]
    fn whatever_is_taken_decodes_to_the_same(bytes in vec(any::<u8>(), 0..40)) {
        if let Ok(strict) = LogEntryView::decode_strict(&bytes) {
            prop_assert_eq!(LogEntryView::decode(&bytes), Ok(strict));
        }
    }
}
