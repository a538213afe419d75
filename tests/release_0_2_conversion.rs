//! Records of release 0.2 become entries and come back, and so do entries.
#![cfg(feature = "release-0-2")]

mod common;
#[path = "common/release_0_2.rs"]
mod requests;

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::prost::Message as _;
use lokryn_compliance_log::release_0_2::{self, LogRequest};
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// By their bytes, because NaN is not equal to itself.
    #[test]
    fn a_record_comes_back_as_it_was(request in requests::any_request()) {
        let entry = LogEntry::from(request.clone());
        let back = LogRequest::from(entry.clone());
        prop_assert_eq!(back.encode_to_vec(), request.encode_to_vec(), "{:?}", entry);
    }

    #[test]
    fn bytes_come_back_as_they_were(request in requests::any_request()) {
        let bytes = request.encode_to_vec();
        let entry = release_0_2::from_bytes(&bytes).unwrap();
        prop_assert_eq!(release_0_2::to_bytes(&entry), bytes);
    }
}
