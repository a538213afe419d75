//! The texts and records of a journal.

use lokryn_compliance_log::prost::encoding::{WireType, encode_key, encode_varint};
use lokryn_journal::{Checkpoint, ConsistencyProof, InclusionProof, Record, Signer, Verifier};

use crate::log::Log;
use crate::random::Random;
use crate::wire::Variants;
use crate::{Check, json};

/// How many changed texts are tried for each.
const CHANGED: usize = 16;

/// What is parsed prints as it was, and what verifies is what was signed.
#[derive(Debug)]
pub struct JournalFormats {
    log: Log,
    variants: Variants,
}

impl Default for JournalFormats {
    fn default() -> Self {
        Self {
            log: Log::new("journal-formats"),
            variants: Variants::default(),
        }
    }
}

impl Check for JournalFormats {
    fn bytes(&mut self, bytes: &[u8]) -> u64 {
        self.check(bytes);
        1 + self.changed(bytes, &mut Random::of(bytes))
    }

    fn seed(&mut self, seed: u64) -> u64 {
        let mut random = Random::seeded(seed);
        let log = &self.log;
        let text = match random.below(8) {
            0 => log.signer.verifier().to_string(),
            1 => log.signer.to_text().to_string(),
            2 | 3 => log.old.to_string(),
            4 => log.consistency.to_string(),
            5 => log.inclusion[random.below(4)].to_string(),
            _ => {
                let record = log.records[random.below(4)].clone();
                return self.records(&record, &mut random);
            }
        };
        self.check(text.as_bytes());
        1 + self.changed(text.as_bytes(), &mut random)
    }
}

impl JournalFormats {
    fn changed(&self, bytes: &[u8], random: &mut Random) -> u64 {
        for _ in 0..CHANGED {
            let mut changed = bytes.to_vec();
            json::change(random, &mut changed);
            self.check(&changed);
        }
        CHANGED as u64
    }

    fn records(&mut self, record: &[u8], random: &mut Random) -> u64 {
        let mut variants = std::mem::take(&mut self.variants);
        let mut count = 0;
        variants.each(record, random, CHANGED, |bytes, _| {
            check_record(bytes);
            count += 1;
        });
        self.variants = variants;
        count
    }

    fn check(&self, bytes: &[u8]) {
        check_record(bytes);
        let Ok(text) = str::from_utf8(bytes) else {
            return;
        };
        let log = &self.log;
        let keys = [log.signer.verifier().clone()];
        // A checkpoint has one form; numbers and hashes in a proof have, too.
        if let Ok(checkpoint) = text.parse::<Checkpoint>() {
            assert_eq!(checkpoint.to_string(), text);
            if checkpoint.verify(&keys).is_ok() {
                let signed = [&log.old, log.consistency.checkpoint()];
                assert!(
                    signed.iter().any(|it| is_same_tree(it, &checkpoint)),
                    "{text}"
                );
            }
        }
        if let Ok(proof) = text.parse::<InclusionProof>() {
            assert_eq!(proof.to_string(), text);
            for (index, record) in log.records.iter().enumerate() {
                let is_proof = is_same_tree(proof.checkpoint(), log.consistency.checkpoint())
                    && proof.index() == index as u64
                    && proof.path() == log.inclusion[index].path();
                let verified = proof.verify(record, &keys);
                // A signature may be another's or cut off, besides.
                assert!(is_proof || verified.is_err(), "{text}");
            }
        }
        if let Ok(proof) = text.parse::<ConsistencyProof>() {
            assert_eq!(proof.to_string(), text);
            let is_proof = is_same_tree(proof.checkpoint(), log.consistency.checkpoint())
                && proof.old_size() == log.old.size()
                && proof.path() == log.consistency.path();
            let verified = proof.verify(&log.old, &keys);
            assert!(is_proof || verified.is_err(), "{text}");
        }
        if let Ok(key) = text.parse::<Verifier>() {
            assert_eq!(key.to_string(), text);
        }
        if let Ok(key) = text.parse::<Signer>() {
            assert_eq!(*key.to_text(), text);
        }
    }
}

fn is_same_tree(left: &Checkpoint, right: &Checkpoint) -> bool {
    (left.origin(), left.size(), left.root()) == (right.origin(), right.size(), right.root())
}

/// A record is its entry, and the three fields as prost writes them.
fn check_record(bytes: &[u8]) {
    let Ok(record) = Record::parse(bytes) else {
        return;
    };
    let mut expected = record.entry_bytes().to_vec();
    encode_key(100, WireType::Varint, &mut expected);
    encode_varint(record.sequence, &mut expected);
    encode_key(101, WireType::SixtyFourBit, &mut expected);
    let since = record.recorded_at.duration_since(std::time::UNIX_EPOCH);
    let nanos = u64::try_from(since.unwrap().as_nanos()).unwrap();
    expected.extend_from_slice(&nanos.to_le_bytes());
    encode_key(102, WireType::ThirtyTwoBit, &mut expected);
    assert_eq!(bytes[..bytes.len() - 4], expected, "{bytes:?}");
}
