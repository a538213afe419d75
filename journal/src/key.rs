//! Keys in the text forms of Go's note tools and of C2SP signed-note.

use core::fmt::{self, Debug, Display};
use core::str::FromStr;
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// The signature type of Ed25519 over the text of a note.
const ED25519: u8 = 1;
/// What a private key begins with.
const PRIVATE: &str = "PRIVATE+KEY+";
/// More than any key of this type; what is longer is no key.
const MAX_KEY_LEN: usize = 4096;

/// The four bytes that, with its name, say which key made a signature.
pub type KeyId = [u8; 4];

/// A public key with its name. `FromStr` and `Display` are its text form, the
/// "vkey" `<name>+<key id>+<public key>`.
///
/// ```
/// use lokryn_journal::key::Verifier;
///
/// let text = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
/// let verifier: Verifier = text.parse()?;
/// assert_eq!(verifier.name(), "example.com/foo");
/// assert_eq!(verifier.to_string(), text);
/// # Ok::<(), lokryn_journal::key::KeyError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verifier {
    name: String,
    id: KeyId,
    key: VerifyingKey,
}

impl Verifier {
    fn new(name: &str, key: VerifyingKey) -> Result<Self, KeyError> {
        if !is_key_name(name) {
            return Err(KeyError::Name);
        }
        Ok(Self {
            name: name.to_owned(),
            id: key_id(name, &key),
            key,
        })
    }

    /// Reads the key from a file that holds its text form and perhaps a newline.
    ///
    /// # Errors
    ///
    /// [`KeyError::Io`], and those of parsing.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        read_key(path.as_ref())?.trim_end().parse()
    }

    /// Writes the key's text form and a newline to a new file.
    ///
    /// # Errors
    ///
    /// [`KeyError::Io`], also if there is such a file.
    pub fn write_new(&self, path: impl AsRef<Path>) -> Result<(), KeyError> {
        let mut options = File::options();
        write_key(path.as_ref(), &mut options, &self.to_string())
    }

    /// Returns the name of the key, which is the origin of the log that it signs.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the key id: SHA-256(name ‖ newline ‖ type ‖ public key), four bytes of it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Whether `signature`, without the key id before it, is this key's over `text`.
    /// Keys and signatures that verify more than one text do not count.
    #[must_use]
    pub fn verifies(&self, text: &str, signature: &[u8]) -> bool {
        Signature::from_slice(signature)
            .and_then(|signature| self.key.verify_strict(text.as_bytes(), &signature))
            .is_ok()
    }
}

impl FromStr for Verifier {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let (name, id, key) = split_key(text)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| KeyError::Malformed)?;
        let verifier = Self::new(name, key)?;
        if verifier.id != id {
            return Err(KeyError::Id);
        }
        Ok(verifier)
    }
}

impl Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = STANDARD.encode(typed(self.key.as_bytes()));
        write!(f, "{}+{}+{key}", self.name, Hex(self.id))
    }
}

/// A private key with its name. Its text form, which Go's note tools read too, is
/// `PRIVATE+KEY+<name>+<key id>+<seed>`. `Debug` prints the name and the key id alone,
/// and memory that held the seed is cleared.
///
/// ```
/// use lokryn_journal::key::Signer;
///
/// let signer = Signer::generate("example.com/audit")?;
/// let signature = signer.sign("text\n");
/// assert!(signer.verifier().verifies("text\n", &signature));
/// # Ok::<(), lokryn_journal::key::KeyError>(())
/// ```
#[derive(Clone)]
pub struct Signer {
    key: SigningKey,
    verifier: Verifier,
}

impl Signer {
    /// Makes a new key with the operating system's randomness.
    ///
    /// # Errors
    ///
    /// [`KeyError::Name`] for a name that is empty or holds white space, control
    /// characters or a plus; [`KeyError::Random`].
    pub fn generate(name: &str) -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *seed).map_err(|_| KeyError::Random)?;
        Self::new(name, &seed)
    }

    fn new(name: &str, seed: &[u8; 32]) -> Result<Self, KeyError> {
        let key = SigningKey::from_bytes(seed);
        let verifier = Verifier::new(name, key.verifying_key())?;
        Ok(Self { key, verifier })
    }

    /// Reads the key from a file that holds its text form and perhaps a newline.
    ///
    /// # Errors
    ///
    /// [`KeyError::Io`], and those of parsing.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, KeyError> {
        read_key(path.as_ref())?.trim_end().parse()
    }

    /// Writes the key's text form and a newline to a new file that only its owner may
    /// read, and syncs it.
    ///
    /// # Errors
    ///
    /// [`KeyError::Io`], also if there is such a file: no key is ever overwritten.
    pub fn write_new(&self, path: impl AsRef<Path>) -> Result<(), KeyError> {
        let mut options = File::options();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        write_key(path.as_ref(), &mut options, &self.to_text())
    }

    /// Returns the text form of the key, for whoever keeps it elsewhere than in a file.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        let bytes = Zeroizing::new(typed(self.key.as_bytes()));
        let seed = Zeroizing::new(STANDARD.encode(*bytes));
        let Verifier { name, id, .. } = &self.verifier;
        Zeroizing::new([PRIVATE, name, "+", &Hex(*id).to_string(), "+", &seed].concat())
    }

    /// Returns the public key.
    #[must_use]
    pub fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    /// Signs the text of a note.
    #[must_use]
    pub fn sign(&self, text: &str) -> [u8; 64] {
        self.key.sign(text.as_bytes()).to_bytes()
    }
}

impl FromStr for Signer {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let key = text.strip_prefix(PRIVATE).ok_or(KeyError::Malformed)?;
        let (name, id, seed) = split_key(key)?;
        let signer = Self::new(name, &Zeroizing::new(seed))?;
        if signer.verifier.id != id {
            return Err(KeyError::Id);
        }
        Ok(signer)
    }
}

impl Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("name", &self.verifier.name)
            .field("id", &format_args!("{}", Hex(self.verifier.id)))
            .finish_non_exhaustive()
    }
}

/// A key id as it is printed.
pub(crate) struct Hex(pub(crate) KeyId);

impl Display for Hex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// Whether `name` can stand in a signature line: not empty, no white space, no plus,
/// and, because a note has none, no control characters.
pub(crate) fn is_key_name(name: &str) -> bool {
    let refused = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    !name.is_empty() && !name.contains(refused)
}

fn key_id(name: &str, key: &VerifyingKey) -> KeyId {
    let hash = Sha256::new_with_prefix(name)
        .chain_update(b"\n")
        .chain_update(typed(key.as_bytes()))
        .finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

/// Puts the type before the bytes of a key.
fn typed(key: &[u8; 32]) -> [u8; 33] {
    let mut bytes = [ED25519; 33];
    bytes[1..].copy_from_slice(key);
    bytes
}

/// Takes `<name>+<key id>+<type and key>` apart.
fn split_key(text: &str) -> Result<(&str, KeyId, [u8; 32]), KeyError> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(KeyError::Malformed);
    };
    let is_hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    if id.len() != 8 || !id.bytes().all(is_hex) {
        return Err(KeyError::Malformed);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| KeyError::Malformed)?;
    let bytes = Zeroizing::new(STANDARD.decode(key).map_err(|_| KeyError::Malformed)?);
    let (&kind, key) = bytes.split_first().ok_or(KeyError::Malformed)?;
    if kind != ED25519 {
        return Err(KeyError::Type { kind });
    }
    let key = key.try_into().map_err(|_| KeyError::Malformed)?;
    Ok((name, id.to_be_bytes(), key))
}

fn read_key(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(String::with_capacity(MAX_KEY_LEN + 1));
    let file = fs::File::open(path)?;
    file.take(MAX_KEY_LEN as u64 + 1)
        .read_to_string(&mut text)?;
    if text.len() > MAX_KEY_LEN {
        return Err(KeyError::Malformed);
    }
    Ok(text)
}

fn write_key(path: &Path, options: &mut fs::OpenOptions, text: &str) -> Result<(), KeyError> {
    let mut file = options.write(true).create_new(true).open(path)?;
    let written = file
        .write_all(text.as_bytes())
        .and_then(|()| file.write_all(b"\n"))
        .and_then(|()| file.sync_all());
    if written.is_err() {
        // Half a key would be in the way of the next one. What went wrong is told.
        let _ = fs::remove_file(path);
    }
    Ok(written?)
}

/// The error of making, reading or writing a key. Never prints a key.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyError {
    /// The text has not the form of a key.
    Malformed,
    /// A name is empty, or holds white space, a control character or a plus.
    Name,
    /// The key is of a type that this crate does not know.
    Type {
        /// The type.
        kind: u8,
    },
    /// The key id is not the one of this name and key.
    Id,
    /// The operating system gave no randomness.
    Random,
    /// The file could not be read or written.
    Io(io::Error),
}

impl Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => f.write_str("malformed key"),
            Self::Name => {
                f.write_str("key name is empty or has white space, a control character or a plus")
            }
            Self::Type { kind } => write!(f, "key of type {kind:#04x} instead of Ed25519 (0x01)"),
            Self::Id => f.write_str("key id does not belong to the key and its name"),
            Self::Random => f.write_str("no randomness for a new key"),
            Self::Io(err) => Display::fmt(err, f),
        }
    }
}

impl Error for KeyError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(err) => Some(err),
            _ => None,
        }
    }
}

impl From<io::Error> for KeyError {
    fn from(err: io::Error) -> Self {
        Self::Io(err)
    }
}
