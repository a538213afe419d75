//! A journal of a few records, to be damaged.

use std::fs;
use std::path::PathBuf;

use lokryn_compliance_log::{EventType, LogEntry, Outcome, Sensitivity};
use lokryn_journal::{Checkpoint, ConsistencyProof, InclusionProof, Journal, Signer, salvage};

use crate::scratch_folder;

/// A file of the journal, and what is in it.
pub(crate) type Original = (PathBuf, Vec<u8>);

#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) folder: PathBuf,
    pub(crate) signer: Signer,
    pub(crate) segment: Original,
    pub(crate) tile: Original,
    pub(crate) checkpoint: Original,
    pub(crate) records: Vec<Vec<u8>>,
    /// After two records.
    pub(crate) old: Checkpoint,
    pub(crate) inclusion: Vec<InclusionProof>,
    pub(crate) consistency: ConsistencyProof,
}

impl Log {
    /// Makes a journal of four records.
    pub(crate) fn new(name: &str) -> Self {
        let folder = scratch_folder(name);
        let _ = fs::remove_dir_all(&folder);
        let signer = Signer::generate("example.com/audit").unwrap();
        let journal = Journal::options()
            .signer(signer.clone())
            .open(&folder)
            .unwrap();
        let append = |number: u32| {
            let entry = LogEntry::builder()
                .event_type(EventType::Login)
                .outcome(Outcome::Success)
                .actor_id(format!("user-{number}"))
                .component("c")
                .environment("e")
                .resource("r")
                .sensitivity(Sensitivity::Internal)
                .build();
            journal.append(&entry).unwrap();
        };
        (0..2).for_each(append);
        let old = journal.checkpoint().unwrap();
        (2..4).for_each(append);
        journal.checkpoint().unwrap();
        let inclusion: Vec<_> = (0..4)
            .map(|sequence| journal.prove_inclusion(sequence).unwrap())
            .collect();
        let consistency = journal.prove_consistency(&old).unwrap();
        journal.close().unwrap();
        let read = |name: &str| {
            let path = folder.join(name);
            let bytes = fs::read(&path).unwrap();
            (path, bytes)
        };
        let mut records = Vec::new();
        salvage(&folder, &[signer.verifier().clone()], |record| {
            records.push(record.to_vec());
        })
        .unwrap();
        assert_eq!(records.len(), 4);
        let keys = [signer.verifier().clone()];
        for (proof, record) in inclusion.iter().zip(&records) {
            proof.verify(record, &keys).unwrap();
        }
        consistency.verify(&old, &keys).unwrap();
        Self {
            segment: read("records/00000000000000000000.binpb"),
            tile: read("tile/0/000.p/4"),
            checkpoint: read("checkpoint"),
            folder,
            signer,
            records,
            old,
            inclusion,
            consistency,
        }
    }
}
