//! What is parsed prints as it was, or the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use lokryn_journal::{Checkpoint, ConsistencyProof, InclusionProof, Record, Signer, Verifier};

fuzz_target!(|bytes: &[u8]| {
    if let Ok(record) = Record::parse(bytes) {
        assert!(bytes.starts_with(record.entry_bytes()));
    }
    let Ok(text) = str::from_utf8(bytes) else {
        return;
    };
    // A checkpoint has one form; numbers and hashes in a proof have, too.
    if let Ok(checkpoint) = text.parse::<Checkpoint>() {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(proof) = text.parse::<InclusionProof>() {
        assert_eq!(proof.to_string(), text);
    }
    if let Ok(proof) = text.parse::<ConsistencyProof>() {
        assert_eq!(proof.to_string(), text);
    }
    if let Ok(key) = text.parse::<Verifier>() {
        assert_eq!(key.to_string(), text);
    }
    if let Ok(key) = text.parse::<Signer>() {
        assert_eq!(*key.to_text(), text);
    }
});
