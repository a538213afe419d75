//! Signed notes: text with the signatures of one or more keys (C2SP signed-note).

use core::fmt::{self, Display};
use core::str::FromStr;
use std::error::Error;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::key::{Hex, KeyId, Signer, Verifier, is_key_name};

/// The most bytes that a note may have, as in Go.
pub const MAX_NOTE_LEN: usize = 1_000_000;
/// The most signatures that a note may have, as in Go.
pub const MAX_SIGNATURES: usize = 100;

/// A text and its signatures. `FromStr` and `Display` are its standard form; parsing
/// takes only what `Display` would write.
///
/// **A note that was parsed has not been verified**; see [`verify`](Self::verify).
///
/// ```
/// use lokryn_journal::key::Verifier;
/// use lokryn_journal::note::Note;
///
/// let key: Verifier =
///     "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k".parse()?;
/// let note: Note = "This is an example message.\n\n\
///     — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
///     .parse()?;
/// let verified = note.verify(&[key])?;
/// assert_eq!(verified.signatures[0].name(), "example.com/foo");
/// assert!(verified.unverified.is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// A line of a note that says who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    name: String,
    id: KeyId,
    bytes: Vec<u8>,
}

/// What the signatures of a note come to for somebody who knows certain keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified<'a> {
    /// The signatures of known keys, at least one. All of them are right.
    pub signatures: Vec<&'a NoteSignature>,
    /// The signatures of other keys, such as witnesses'. They say nothing yet.
    pub unverified: Vec<&'a NoteSignature>,
}

impl Note {
    /// Signs a text.
    ///
    /// # Errors
    ///
    /// [`NoteError::Text`] if the text does not end with a newline, or has other
    /// control characters; [`NoteError::TooLong`].
    pub fn sign(text: impl Into<String>, signer: &Signer) -> Result<Self, NoteError> {
        let text = text.into();
        if !text.ends_with('\n') || text.bytes().any(is_refused) {
            return Err(NoteError::Text);
        }
        let verifier = signer.verifier();
        let signature = NoteSignature {
            name: verifier.name().to_owned(),
            id: verifier.id(),
            bytes: signer.sign(&text).to_vec(),
        };
        let signatures = vec![signature];
        let note = Self { text, signatures };
        if note.to_string().len() > MAX_NOTE_LEN {
            return Err(NoteError::TooLong);
        }
        Ok(note)
    }

    /// Returns the text that is signed, its last newline included.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the signatures in their order, known or not.
    #[must_use]
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Checks the signatures of the keys that are known, and sorts out the others.
    ///
    /// # Errors
    ///
    /// [`NoteError::Signature`] if a known key's signature is wrong, even beside a
    /// right one; [`NoteError::NoKnownKey`] if no known key signed.
    pub fn verify(&self, known: &[Verifier]) -> Result<Verified<'_>, NoteError> {
        let mut verified = Verified {
            signatures: Vec::new(),
            unverified: Vec::new(),
        };
        for signature in &self.signatures {
            let made_by =
                |key: &&Verifier| key.name() == signature.name && key.id() == signature.id;
            let Some(key) = known.iter().find(made_by) else {
                verified.unverified.push(signature);
                continue;
            };
            if !key.verifies(&self.text, &signature.bytes) {
                let name = signature.name.clone();
                return Err(NoteError::Signature { name });
            }
            verified.signatures.push(signature);
        }
        if verified.signatures.is_empty() {
            return Err(NoteError::NoKnownKey);
        }
        Ok(verified)
    }
}

impl NoteSignature {
    /// Returns the name of the key.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Returns the signature, without the key id.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns what names the key in messages, `<name>+<key id>`.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}+{}", self.name, Hex(self.id))
    }

    fn parse(line: &str) -> Option<Self> {
        let (name, base64) = line.strip_prefix("— ")?.split_once(' ')?;
        let decoded = STANDARD.decode(base64).ok()?;
        let (id, bytes) = decoded.split_first_chunk()?;
        (is_key_name(name) && !bytes.is_empty()).then(|| Self {
            name: name.to_owned(),
            id: *id,
            bytes: bytes.to_vec(),
        })
    }
}

impl FromStr for Note {
    type Err = NoteError;

    fn from_str(note: &str) -> Result<Self, NoteError> {
        if note.len() > MAX_NOTE_LEN {
            return Err(NoteError::TooLong);
        }
        if note.bytes().any(is_refused) {
            return Err(NoteError::Text);
        }
        let end = note.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, lines) = (&note[..=end], &note[end + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(NoteError::NoSignatures)?;
        let mut signatures = Vec::new();
        let first = text.bytes().filter(|&b| b == b'\n').count() + 2;
        for (line, number) in lines.split('\n').zip(first..) {
            if signatures.len() == MAX_SIGNATURES {
                return Err(NoteError::TooManySignatures);
            }
            let signature = NoteSignature::parse(line);
            signatures.push(signature.ok_or(NoteError::SignatureLine { line: number })?);
        }
        Ok(Self {
            text: text.to_owned(),
            signatures,
        })
    }
}

impl Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|s| writeln!(f, "{s}"))
    }
}

/// The line of a note, without its newline.
impl Display for NoteSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = STANDARD.encode([&self.id, self.bytes.as_slice()].concat());
        write!(f, "— {} {bytes}", self.name)
    }
}

/// Whether a note must not have the byte: ASCII control characters but newline.
fn is_refused(byte: u8) -> bool {
    byte < b' ' && byte != b'\n'
}

/// The error of parsing, signing or verifying a note.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoteError {
    /// The note is longer than [`MAX_NOTE_LEN`].
    TooLong,
    /// The text has control characters, or does not end with a newline.
    Text,
    /// No blank line with signatures after it, or no newline at the end.
    NoSignatures,
    /// There are more signatures than [`MAX_SIGNATURES`].
    TooManySignatures,
    /// A line is not a signature.
    SignatureLine {
        /// Which line of the note, from 1.
        line: usize,
    },
    /// The signature of a known key is wrong: the text is not what was signed.
    Signature {
        /// The name of the key.
        name: String,
    },
    /// None of the signatures is of a known key.
    NoKnownKey,
}

impl Display for NoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => write!(f, "note of more than {MAX_NOTE_LEN} bytes"),
            Self::Text => {
                f.write_str("text of a note has control characters or no newline at its end")
            }
            Self::NoSignatures => f.write_str("note without signatures"),
            Self::TooManySignatures => {
                write!(f, "note with more than {MAX_SIGNATURES} signatures")
            }
            Self::SignatureLine { line } => write!(f, "malformed signature in line {line}"),
            Self::Signature { name } => write!(f, "wrong signature of {name}"),
            Self::NoKnownKey => f.write_str("no signature of a known key"),
        }
    }
}

impl Error for NoteError {}
