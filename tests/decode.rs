//! Bytes that are not what one hopes for: what decodes, what is refused, and in
//! which words. Prost says what decodes; the view and `from_bytes` must agree with it.

use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::{LogEntry, LogEntryView};

#[track_caller]
fn accepted(bytes: &[u8]) -> LogEntry {
    let entry = LogEntry::decode(bytes).unwrap();
    assert_eq!(LogEntryView::decode(bytes).unwrap().to_entry(), entry);
    assert_eq!(LogEntry::from_bytes(bytes).as_ref(), Ok(&entry));
    entry
}

#[track_caller]
fn assert_refused(bytes: &[u8], message: &str) {
    assert!(LogEntry::decode(bytes).is_err(), "prost accepts {bytes:x?}");
    let err = LogEntryView::decode(bytes).unwrap_err();
    assert_eq!(err.to_string(), message, "{bytes:x?}");
    assert_eq!(LogEntry::from_bytes(bytes), Err(err), "{bytes:x?}");
    assert!(err.offset() <= bytes.len(), "{bytes:x?}");
}

/// `depth` groups of the unknown field 15, one inside the other, with `inner` in
/// the innermost.
fn groups(depth: usize, inner: &[u8]) -> Vec<u8> {
    [&vec![0x7b; depth][..], inner, &vec![0x7c; depth][..]].concat()
}

#[test]
fn no_bytes_are_an_empty_entry() {
    assert_eq!(accepted(b""), LogEntry::default());
}

#[test]
fn an_unknown_enum_number_is_kept() {
    for (bytes, number) in [
        (&b"\x08\x63"[..], 99),
        (b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", -1),
        (b"\x08\x80\x80\x80\x80\xf8\xff\xff\xff\xff\x01", i32::MIN),
    ] {
        let entry = accepted(bytes);
        assert_eq!(entry.event_type, number);
        assert_eq!(entry.encode_to_vec(), bytes);
    }
}

#[test]
fn an_enum_number_beyond_32_bits_is_cut_to_them() {
    assert_eq!(accepted(b"\x08\x83\x80\x80\x80\x10").event_type, 3);
}

#[test]
fn the_last_value_of_a_field_counts() {
    let entry = accepted(b"\x22\x01a\x08\x01\x22\x01b\x08\x02\x4a\x01x\x4a\x00");
    assert_eq!((entry.actor_id.as_str(), entry.event_type), ("b", 2));
    assert_eq!(entry.payload, "");
}

#[test]
fn fields_come_in_any_order_with_tags_between_them() {
    let entry = accepted(b"\x58\x03\x52\x01a\x22\x01x\x52\x00\x7a\x01?\x52\x01b\x08\x01");
    assert_eq!(entry.policy_tags, ["a", "", "b"]);
    assert_eq!((entry.sensitivity, entry.event_type), (3, 1));
}

#[test]
fn longer_varints_than_necessary_are_read() {
    let entry = accepted(b"\xa2\x80\x00\x82\x80\x80\x80\x00ab\x88\x00\x85\x00");
    assert_eq!((entry.actor_id.as_str(), entry.event_type), ("ab", 5));
}

#[test]
fn unknown_fields_are_skipped_and_gone() {
    let known = b"\x22\x01a";
    let unknown: [&[u8]; 6] = [
        b"\x60\x01",                             // varint
        b"\x61\x01\x02\x03\x04\x05\x06\x07\x08", // 64 bits
        b"\x65\x01\x02\x03\x04",                 // 32 bits
        b"\x62\x02\xff\xff",                     // length-delimited
        b"\x63\x60\x01\x64",                     // group
        b"\xfa\xff\xff\xff\x0f\x00",             // the highest field number
    ];
    for unknown in unknown {
        let entry = accepted(&[known, unknown, b"\x08\x01"].concat());
        assert_eq!((entry.actor_id.as_str(), entry.event_type), ("a", 1));
        assert_eq!(entry.encode_to_vec(), b"\x08\x01\x22\x01a");
    }
}

#[test]
fn unknown_groups_nest_up_to_100_deep() {
    accepted(&groups(100, b""));
    accepted(&groups(99, b"\x60\x01"));
    let too_deep = "unknown field 15: groups nest deeper than 100 at byte 100";
    assert_refused(&groups(101, b""), too_deep);
    assert_refused(&groups(100_000, b""), too_deep);
    assert_refused(&groups(100, b"\x60\x01"), too_deep);
}

#[test]
fn every_cut_of_an_entry_is_refused_or_ends_between_fields() {
    let entry = b"\x08\x01\x22\x05agent\x4a\x03\xff\xfe\xfd\x52\x02ab\x7a\x00\x58\x05";
    let ends = [0, 2, 9, 14, 18, 20, 22];
    for cut in 0..=entry.len() {
        let bytes = &entry[..cut];
        let whole = ends.contains(&cut);
        assert_eq!(LogEntry::decode(bytes).is_ok(), whole, "{bytes:x?}");
        assert_eq!(LogEntryView::decode(bytes).is_ok(), whole, "{bytes:x?}");
        assert_eq!(LogEntry::from_bytes(bytes).is_ok(), whole, "{bytes:x?}");
    }
}

#[test]
fn truncated_values_name_field_and_place() {
    assert_refused(b"\x08", "event_type: truncated at byte 1");
    assert_refused(b"\x08\x80", "event_type: truncated at byte 1");
    assert_refused(b"\x22\x05agen", "actor_id: truncated at byte 1");
    assert_refused(b"\x08\x01\x4a\x02x", "payload: truncated at byte 3");
    assert_refused(b"\xa2", "truncated at byte 0");
    assert_refused(b"\x61\x01\x02", "unknown field 12: truncated at byte 1");
    assert_refused(b"\x65\x01\x02", "unknown field 12: truncated at byte 1");
    assert_refused(b"\x63\x60\x01", "unknown field 12: truncated at byte 3");
    // Field 4 of a group is not field 4 of the entry.
    assert_refused(b"\x63\x22\x05a", "unknown field 12: truncated at byte 2");
}

#[test]
fn lengths_that_nothing_could_hold_are_refused() {
    // 2 GiB, u32::MAX, u64::MAX, and one that overflows when added to.
    for claim in [
        &b"\x80\x80\x80\x80\x08"[..],
        b"\xff\xff\xff\xff\x0f",
        b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        b"\xfe\xff\xff\xff\xff\xff\xff\xff\x7f",
    ] {
        let text = [b"\x22", claim, b"abc"].concat();
        assert_refused(&text, "actor_id: truncated at byte 1");
        let payload = [b"\x4a", claim, b"abc"].concat();
        assert_refused(&payload, "payload: truncated at byte 1");
        let unknown = [b"\x62", claim, b"abc"].concat();
        assert_refused(&unknown, "unknown field 12: truncated at byte 1");
    }
}

#[test]
fn varints_beyond_64_bits_are_refused() {
    let eleven = b"\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01";
    assert_refused(eleven, "event_type: varint of more than 64 bits at byte 1");
    let two_bits_in_the_tenth = b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02";
    assert_refused(
        two_bits_in_the_tenth,
        "event_type: varint of more than 64 bits at byte 1",
    );
    assert_refused(&[0xff; 20], "varint of more than 64 bits at byte 0");
}

#[test]
fn malformed_keys_are_refused() {
    assert_refused(b"\x00\x01", "invalid key at byte 0");
    assert_refused(b"\x02\x00", "invalid key at byte 0");
    assert_refused(b"\x80\x80\x80\x80\x10\x00", "invalid key at byte 0");
    assert_refused(b"\x66\x00", "unknown field 12: invalid key at byte 0");
    assert_refused(b"\x67\x00", "unknown field 12: invalid key at byte 0");
}

#[test]
fn known_fields_with_another_wire_type_are_refused() {
    assert_refused(b"\x0a\x01\x01", "event_type: wrong wire type 2 at byte 0");
    assert_refused(
        b"\x0d\x01\x02\x03\x04",
        "event_type: wrong wire type 5 at byte 0",
    );
    assert_refused(b"\x20\x01", "actor_id: wrong wire type 0 at byte 0");
    assert_refused(b"\x4b\x4c", "payload: wrong wire type 3 at byte 0");
    assert_refused(b"\x50\x01", "policy_tags: wrong wire type 0 at byte 0");
    assert_refused(b"\x5a\x01\x01", "sensitivity: wrong wire type 2 at byte 0");
}

#[test]
fn groups_must_end_where_they_began() {
    assert_refused(
        b"\x64",
        "unknown field 12: unexpected end of group at byte 0",
    );
    assert_refused(
        b"\x63\x6c",
        "unknown field 12: unexpected end of group at byte 1",
    );
}

#[test]
fn text_must_be_utf_8() {
    assert_refused(b"\x22\x03a\xffb", "actor_id: invalid UTF-8 at byte 3");
    assert_refused(
        b"\x2a\x02ab\x42\x02c\xc3",
        "message: invalid UTF-8 at byte 7",
    );
    assert_refused(
        b"\x52\x01a\x52\x01\x80",
        "policy_tags: invalid UTF-8 at byte 5",
    );
    assert_refused(b"\x22\x03\xed\xa0\x80", "actor_id: invalid UTF-8 at byte 2");
    let mut long = b"\x22\x90\x03".to_vec();
    long.resize(3 + 400, b'a');
    long[390] = 0xff;
    assert_refused(&long, "actor_id: invalid UTF-8 at byte 390");
    assert_eq!(accepted(b"\x4a\x02\xff\xfe").payload, &b"\xff\xfe"[..]);
}

#[test]
fn text_that_only_the_next_key_would_complete_is_refused() {
    // 0xa9 is the first byte of the key of the unknown field 21 and the second of "é".
    let next = b"\xa9\x01\x01\x02\x03\x04\x05\x06\x07\x08";
    for (text, message) in [
        (&b"\x22\x02a\xc3"[..], "actor_id: invalid UTF-8 at byte 3"),
        (
            b"\x52\x00\x52\x02a\xc3",
            "policy_tags: invalid UTF-8 at byte 5",
        ),
    ] {
        let bytes = [text, next].concat();
        assert!(std::str::from_utf8(&bytes).is_ok(), "{bytes:x?}");
        assert_refused(&bytes, message);
    }
}

#[test]
fn each_text_valid_though_the_whole_is_not() {
    // Lengths of 128 and more are not UTF-8, and neither is the payload.
    let long = "é".repeat(80);
    let entry = LogEntry {
        actor_id: long.clone(),
        component: "c".to_owned(),
        environment: "日本".repeat(60),
        payload: vec![0xff; 300].into(),
        policy_tags: vec![long, String::new(), "x".to_owned()],
        ..LogEntry::default()
    };
    assert_eq!(accepted(&entry.encode_to_vec()), entry);
}

#[test]
fn texts_of_every_length_are_read() {
    // Their lengths take one byte up to 127, two up to 16,383, then three.
    for len in (0..600).chain([16_382, 16_383, 16_384, 16_385]) {
        let text = "aé日😀".chars().cycle().take(len).collect::<String>();
        let entry = LogEntry {
            actor_id: text.clone(),
            component: "b".repeat(len),
            message: text.clone(),
            policy_tags: vec![text.clone(), "b".repeat(len), "short".to_owned(), text],
            ..LogEntry::default()
        };
        assert_eq!(accepted(&entry.encode_to_vec()), entry);
    }
}
