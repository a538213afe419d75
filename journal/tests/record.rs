//! The schema of records, and what is one.

use lokryn_compliance_log::PROTO;
use lokryn_journal::{RECORD_PROTO, Record};

/// The fields of a message: type, name and number.
fn fields(proto: &str, message: &str) -> Vec<String> {
    let start = proto.find(&format!("message {message} {{")).unwrap();
    let body = &proto[start..][..proto[start..].find("\n}").unwrap()];
    let is_field = |line: &&str| line.contains(" = ") && !line.starts_with("//");
    let field = |line: &str| line.replace("lokryn.compliance.v1.", "");
    body.lines()
        .map(str::trim)
        .filter(is_field)
        .map(field)
        .collect()
}

#[test]
fn a_record_is_an_entry_and_three_fields() {
    let record = fields(RECORD_PROTO, "Record");
    let entry = fields(PROTO, "LogEntry");
    assert_eq!(entry.len(), 11);
    assert_eq!(record[..11], entry);
    let added = [
        "uint64 sequence = 100;",
        "fixed64 recorded_at_unix_nano = 101;",
        "fixed32 crc32c = 102;",
    ];
    assert_eq!(record[11..], added);
}

/// Bytes made by hand, the checksum by another implementation: that of the RFC 3720
/// example, 32 bytes of zeros, for the polynomial.
#[test]
fn a_record_is_as_documented() {
    assert_eq!(crc32c::crc32c(&[0; 32]), 0x8a91_36aa);
    let mut bytes = b"\x22\x01a\xa0\x06\xac\x02\xa9\x06\x01\x00\x00\x00\x00\x00\x00\x00".to_vec();
    let crc = crc32c::crc32c(&bytes);
    bytes.extend(b"\xb5\x06");
    bytes.extend(crc.to_le_bytes());
    let record = Record::parse(&bytes).unwrap();
    assert_eq!((record.sequence, record.view.actor_id), (300, "a"));
    assert_eq!(record.entry_bytes(), b"\x22\x01a");
    for byte in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[byte] ^= 1;
        assert!(Record::parse(&damaged).is_err(), "byte {byte}");
        assert!(Record::parse(&bytes[byte + 1..]).is_err(), "byte {byte}");
        assert!(Record::parse(&bytes[..byte]).is_err(), "byte {byte}");
    }
}
