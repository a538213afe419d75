//! Any record of release 0.2 becomes an entry and comes back, and so does any entry as a
//! record; and both forms of JSON and `Debug` take whatever is in them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::release_0_2::{self, LogRequest};
use lokryn_compliance_log::{LogEntry, Release};

fuzz_target!(|bytes: &[u8]| {
    // Prost's verdict and ours.
    let decoded = LogRequest::decode(bytes);
    let read = LogRequest::from_bytes(bytes);
    assert_eq!(decoded.is_ok(), read.is_ok());
    match Release::of(bytes) {
        Some(Release::V0_1) => assert!(read.is_err()),
        Some(_) => assert!(LogEntry::from_bytes(bytes).is_err()),
        None => {}
    }
    match read {
        Ok(request) => check_request(bytes, &request),
        Err(err) => assert!(!err.to_string().is_empty()),
    }
    if let Ok(entry) = LogEntry::from_bytes(bytes) {
        check_entry(&entry);
    }
});

fn check_request(bytes: &[u8], request: &LogRequest) {
    let encoded = request.encode_to_vec();
    let entry = LogEntry::from(request.clone());
    assert_eq!(LogRequest::from(entry.clone()).encode_to_vec(), encoded);

    let entry = release_0_2::from_bytes(bytes).unwrap();
    let back = release_0_2::to_bytes(&entry);
    assert_eq!(LogRequest::decode(&*back).unwrap().encode_to_vec(), encoded);
    // The same bytes, but for their order.
    let sorted = |bytes: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes.sort_unstable();
        bytes
    };
    assert_eq!(sorted(&back), sorted(bytes));

    if let Ok(json) = serde_json::to_string(request) {
        let read: LogRequest = serde_json::from_str(&json).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), json);
    }
    let _ = format!("{request:?}");
}

fn check_entry(entry: &LogEntry) {
    let request = LogRequest::from(entry.clone());
    let encoded = request.encode_to_vec();
    assert_eq!(
        LogRequest::decode(&*encoded).unwrap().encode_to_vec(),
        encoded
    );
    let back = LogEntry::from(request.clone());
    let is_same = LogEntry {
        payload: entry.payload.clone(),
        ..back.clone()
    };
    assert_eq!(is_same, *entry);
    assert_eq!(LogRequest::from(back).encode_to_vec(), encoded);
}
