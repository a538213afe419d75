//! Keys, notes, checkpoints and proofs: the standards' text, and nothing else.

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use common::scratch;
use lokryn_journal::key::KeyError;
use lokryn_journal::note::{MAX_SIGNATURES, Note, NoteError};
use lokryn_journal::proof::ProofError;
use lokryn_journal::tree::{Hash, Hashes, Tree, leaf_hash};
use lokryn_journal::{Checkpoint, ConsistencyProof, InclusionProof, Signer, Verifier};
use signed_note::{StandardSigner, StandardVerifier, VerifierList};

/// Of `note_test.go` of golang.org/x/mod.
const GO_KEY: &str =
    "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
const GO_VKEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn signer() -> Signer {
    Signer::generate("example.com/audit").unwrap()
}

#[test]
fn signs_as_go_does() {
    let signer: Signer = GO_KEY.parse().unwrap();
    assert_eq!(signer.to_text().as_str(), GO_KEY);
    assert_eq!(signer.verifier().to_string(), GO_VKEY);
    let text = GO_NOTE.split_once("\n\n").unwrap().0;
    let note = Note::sign(format!("{text}\n"), &signer).unwrap();
    assert_eq!(note.to_string(), GO_NOTE);
    assert_eq!(GO_NOTE.parse(), Ok(note));
}

#[test]
fn another_implementation_reads_keys_and_notes() {
    let signer = signer();
    let checkpoint = Checkpoint::sign(1, leaf_hash(b"a"), &signer).unwrap();
    StandardSigner::new(&signer.to_text()).unwrap();
    let verifier = StandardVerifier::new(&signer.verifier().to_string()).unwrap();
    let note = signed_note::Note::from_bytes(checkpoint.to_string().as_bytes()).unwrap();
    let (known, unknown) = note
        .verify(&VerifierList::new(vec![Box::new(verifier)]))
        .unwrap();
    assert_eq!((known.len(), unknown.len()), (1, 0));
}

#[test]
fn a_key_file_is_private_and_never_overwritten() {
    let folder = scratch("private");
    let (signer, path) = (signer(), folder.join("audit.key"));
    signer.write_new(&path).unwrap();
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let before = fs::read(&path).unwrap();
    let err = Signer::generate("other")
        .unwrap()
        .write_new(&path)
        .unwrap_err();
    assert!(matches!(err, KeyError::Io(_)), "{err}");
    assert_eq!(fs::read(&path).unwrap(), before);
    assert_eq!(Signer::read(&path).unwrap().to_text(), signer.to_text());

    let path = folder.join("audit.vkey");
    signer.verifier().write_new(&path).unwrap();
    assert_eq!(Verifier::read(&path).unwrap(), *signer.verifier());
    fs::write(&path, vec![b'a'; 5000]).unwrap();
    assert_eq!(
        Verifier::read(&path).unwrap_err().to_string(),
        "malformed key"
    );
}

#[test]
fn a_signer_does_not_print_its_seed() {
    let printed = format!("{:?}", GO_KEY.parse::<Signer>().unwrap());
    assert_eq!(
        printed,
        r#"Signer { name: "PeterNeumann", id: c74f20a3, .. }"#
    );
    let damaged = GO_KEY.replace("AYEK", "AYEL");
    assert_eq!(
        damaged.parse::<Signer>().unwrap_err().to_string(),
        "key id does not belong to the key and its name"
    );
}

#[test]
fn malformed_keys_are_refused() {
    for (text, expected) in [
        ("", "malformed key"),
        ("PeterNeumann", "malformed key"),
        (
            "PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "malformed key",
        ),
        ("PeterNeumann+c74f20a3+ARpc", "malformed key"),
        (
            "PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "key id does not belong to the key and its name",
        ),
        (
            "PeterNeumann+c74f20a3+BBpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "key of type 0x04 instead of Ed25519 (0x01)",
        ),
        (
            "+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
            "key name is empty or has white space, a control character or a plus",
        ),
    ] {
        let err = text.parse::<Verifier>().expect_err(text);
        assert_eq!(err.to_string(), expected, "{text}");
    }
    for name in ["", "a b", "a+b", "a\nb", "a\u{a0}b", "a\u{0}b"] {
        assert!(
            matches!(Signer::generate(name), Err(KeyError::Name)),
            "{name:?}"
        );
    }
}

#[test]
fn malformed_notes_are_refused() {
    let signature = GO_NOTE.rsplit_once("\n\n").unwrap().1;
    let line = |line| NoteError::SignatureLine { line };
    for (note, expected) in [
        (String::new(), NoteError::NoSignatures),
        ("text\n".into(), NoteError::NoSignatures),
        (format!("text\n{signature}"), NoteError::NoSignatures),
        ("text\n\n".into(), NoteError::NoSignatures),
        (GO_NOTE.trim_end().into(), NoteError::NoSignatures),
        (format!("te\txt\n\n{signature}"), NoteError::Text),
        (GO_NOTE.replace('—', "-"), line(4)),
        (GO_NOTE.replace("— ", "—  "), line(4)),
        (GO_NOTE.replace("AM=", "AN="), line(4)),
        (GO_NOTE.replace("AM=", "AM"), line(4)),
        (format!("{GO_NOTE}— x Zg==\n"), line(5)),
        (format!("{GO_NOTE}\n"), NoteError::NoSignatures),
        (
            format!("text\n\n{}", signature.repeat(MAX_SIGNATURES + 1)),
            NoteError::TooManySignatures,
        ),
        ("a".repeat(1_000_001), NoteError::TooLong),
    ] {
        let shown = note.get(..200).unwrap_or(&note);
        assert_eq!(note.parse::<Note>(), Err(expected), "{shown}");
    }
}

#[test]
fn other_signers_are_unverified() {
    let (own, other) = (signer(), Signer::generate("witness.example").unwrap());
    let text = Checkpoint::sign(1, leaf_hash(b"a"), &own).unwrap();
    let theirs = Note::sign(text.note().text(), &other).unwrap();
    let text = format!("{text}{}\n", theirs.signatures()[0]);
    let checkpoint: Checkpoint = text.parse().unwrap();
    assert_eq!(checkpoint.to_string(), text);

    let own = own.verifier().clone();
    let verified = checkpoint.verify(std::slice::from_ref(&own)).unwrap();
    assert_eq!(verified.signatures[0].name(), "example.com/audit");
    assert_eq!(verified.unverified[0].name(), "witness.example");
    // A witness alone does not make it the log's.
    let witness = other.verifier().clone();
    assert_eq!(
        checkpoint.verify(std::slice::from_ref(&witness)),
        Err(NoteError::NoKnownKey)
    );
    let known = [own, witness];
    let verified = checkpoint.verify(&known).unwrap();
    assert_eq!(
        (verified.signatures.len(), verified.unverified.len()),
        (2, 0)
    );
}

#[test]
fn malformed_checkpoints_are_refused() {
    let signer = signer();
    let root = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    for (text, expected) in [
        (
            format!("\n1\n{root}\n"),
            "no origin in line 1 of a checkpoint",
        ),
        (
            format!("o\n01\n{root}\n"),
            "no tree size in line 2 of a checkpoint",
        ),
        (
            format!("o\n+1\n{root}\n"),
            "no tree size in line 2 of a checkpoint",
        ),
        (
            format!("o\n18446744073709551616\n{root}\n"),
            "no tree size in line 2 of a checkpoint",
        ),
        ("o\n1\n".into(), "no root hash in line 3 of a checkpoint"),
        (
            "o\n1\nYQ==\n".into(),
            "no root hash in line 3 of a checkpoint",
        ),
        (
            format!("o\n1\n{root}\n\nx\n"),
            "empty extension line in a checkpoint",
        ),
    ] {
        let note = Note::sign(text, &signer).unwrap().to_string();
        let err = note.parse::<Checkpoint>().expect_err(&note);
        assert_eq!(err.to_string(), expected, "{note}");
    }
    let extended = format!("o\n1\n{root}\nan extension\n");
    let note = Note::sign(extended, &signer).unwrap().to_string();
    assert_eq!(note.parse::<Checkpoint>().unwrap().to_string(), note);
}

/// One bit anywhere in the text or the log's own signature is found.
#[test]
fn every_bit_of_a_checkpoint_counts() {
    let signer = signer();
    let known = [signer.verifier().clone()];
    let bytes = Checkpoint::sign(3, leaf_hash(b"a"), &signer)
        .unwrap()
        .to_string()
        .into_bytes();
    for bit in 0..bytes.len() * 8 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let Ok(text) = String::from_utf8(bytes) else {
            continue;
        };
        let accepted = text
            .parse::<Checkpoint>()
            .is_ok_and(|c| c.verify(&known).is_ok());
        assert!(!accepted, "bit {bit}: {text}");
    }
}

/// Five records, and the nodes of their tree.
struct Log(Vec<Hash>);

impl Log {
    fn new() -> Self {
        Self(
            [b"a", b"b", b"c", b"d", b"e"]
                .map(|record| leaf_hash(record))
                .to_vec(),
        )
    }

    fn checkpoint(&self, size: usize, signer: &Signer) -> Checkpoint {
        let mut tree = Tree::new();
        self.0[..size].iter().for_each(|&leaf| tree.push(leaf));
        Checkpoint::sign(tree.size(), tree.root(), signer).unwrap()
    }
}

impl Hashes for Log {
    type Error = std::convert::Infallible;

    fn node(&self, level: u8, index: u64) -> Result<Hash, Self::Error> {
        let start = usize::try_from(index << level).unwrap();
        let mut tree = Tree::new();
        self.0[start..start + (1 << level)]
            .iter()
            .for_each(|&leaf| tree.push(leaf));
        Ok(tree.root())
    }
}

#[test]
fn an_inclusion_proof_shows_its_record_and_no_other() {
    let (log, signer) = (Log::new(), signer());
    let known = [signer.verifier().clone()];
    let proof = InclusionProof::new(log.checkpoint(5, &signer), 1, &log).unwrap();
    let text = proof.to_string();
    assert!(
        text.starts_with("c2sp.org/tlog-proof@v1\nindex 1\n"),
        "{text}"
    );
    assert_eq!(text.parse(), Ok(proof.clone()));
    assert_eq!(proof.verify(b"b", &known), Ok(()));
    assert_eq!(proof.verify(b"a", &known), Err(ProofError::Root));
    let moved: InclusionProof = text.replace("index 1", "index 0").parse().unwrap();
    assert_eq!(moved.verify(b"b", &known), Err(ProofError::Root));
    let stranger = Signer::generate("example.com/audit")
        .unwrap()
        .verifier()
        .clone();
    let err = proof.verify(b"b", &[stranger]).unwrap_err();
    assert_eq!(err.to_string(), "no signature of a known key");

    let extra = text.replace("\nindex", "\nextra aGk=\nindex");
    let proof: InclusionProof = extra.parse().unwrap();
    assert_eq!(proof.extra(), Some(&b"hi"[..]));
    assert_eq!(proof.to_string(), extra);
}

#[test]
fn a_consistency_proof_shows_that_one_log_grew() {
    let (log, signer) = (Log::new(), signer());
    let known = [signer.verifier().clone()];
    let old = log.checkpoint(3, &signer);
    let proof = ConsistencyProof::new(log.checkpoint(5, &signer), 3, &log).unwrap();
    let text = proof.to_string();
    assert!(text.starts_with("old 3\n"), "{text}");
    assert_eq!(text.parse(), Ok(proof.clone()));
    assert_eq!(proof.verify(&old, &known), Ok(()));
    // What was there is said to have been something else, signed with the same key.
    let forged = Checkpoint::sign(3, leaf_hash(b"forged"), &signer).unwrap();
    assert_eq!(proof.verify(&forged, &known), Err(ProofError::Root));
    let err = proof
        .verify(&log.checkpoint(2, &signer), &known)
        .unwrap_err();
    assert_eq!(
        err.to_string(),
        "proof from 3 leaves does not fit a checkpoint of 2"
    );
    let other = Signer::generate("example.com/other").unwrap();
    let known = [known[0].clone(), other.verifier().clone()];
    assert_eq!(
        proof.verify(&log.checkpoint(3, &other), &known),
        Err(ProofError::OtherLog)
    );
}

#[test]
fn malformed_proofs_are_refused() {
    let (log, signer) = (Log::new(), signer());
    let checkpoint = log.checkpoint(5, &signer);
    let hash = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n";
    for (head, expected) in [
        (String::new(), "malformed line 1 of a proof"),
        (
            "c2sp.org/tlog-proof@v2\nindex 1\n\n".into(),
            "malformed line 1 of a proof",
        ),
        (
            "c2sp.org/tlog-proof@v1\nindex 01\n\n".into(),
            "malformed line 2 of a proof",
        ),
        (
            "c2sp.org/tlog-proof@v1\nextra ?\nindex 1\n\n".into(),
            "malformed line 2 of a proof",
        ),
        (
            "c2sp.org/tlog-proof@v1\nindex 1\nYQ==\n\n".into(),
            "malformed line 3 of a proof",
        ),
        (
            format!("c2sp.org/tlog-proof@v1\nindex 1\n{}\n", hash.repeat(65)),
            "malformed line 67 of a proof",
        ),
        (
            "c2sp.org/tlog-proof@v1\nindex 5\n\n".into(),
            "no leaf 5 in a tree of 5 leaves",
        ),
    ] {
        let err = format!("{head}{checkpoint}")
            .parse::<InclusionProof>()
            .expect_err(&head);
        assert_eq!(err.to_string(), expected, "{head}");
    }
    for (head, expected) in [
        ("old -1\n\n", "malformed line 1 of a proof"),
        ("old 3\n", "malformed line 2 of a proof"),
        ("old 6\n\n", "checkpoint of 5 leaves is older than one of 6"),
    ] {
        let err = format!("{head}{checkpoint}")
            .parse::<ConsistencyProof>()
            .expect_err(head);
        assert_eq!(err.to_string(), expected, "{head}");
    }
}
