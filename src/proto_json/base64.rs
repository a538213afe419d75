//! Bytes are written in standard base64 with padding (RFC 4648, section 4). The
//! url-safe alphabet (section 5) is read as well, and the padding may be absent.

use core::fmt;
use core::str;

use ::base64::DecodeError::{InvalidByte, InvalidLastSymbol, InvalidLength, InvalidPadding};
use ::base64::DecodeSliceError::{self, DecodeError, OutputSliceTooSmall};
use ::base64::Engine as _;
use ::base64::display::Base64Display;
use ::base64::engine::{DecodePaddingMode, GeneralPurposeConfig};
use bytes::Bytes;
use serde_core::de::{self, MapAccess, Visitor};
use serde_core::ser::{self, Serialize, SerializeMap, Serializer};

use self::engine::{Engine, STANDARD, URL_SAFE};
use super::refuse::refuse_scalars;
use super::{Any, Field, JsonKind};
use crate::view::Blob;

/// Padding may be absent, and the bits that the last symbol has too many of may be
/// anything: the protobuf conformance suite has `-_` for the byte `fb`.
const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);

// Where the library has these engines.
#[cfg(all(
    feature = "simd",
    any(
        target_arch = "x86_64",
        all(target_arch = "aarch64", target_feature = "neon")
    )
))]
mod engine {
    use std::sync::LazyLock;

    pub(super) use ::base64::engine::Simd as Engine;

    use super::LENIENT;

    pub(super) static STANDARD: LazyLock<Engine> = LazyLock::new(|| Engine::standard(LENIENT));
    pub(super) static URL_SAFE: LazyLock<Engine> = LazyLock::new(|| Engine::url_safe(LENIENT));
}

#[cfg(not(all(
    feature = "simd",
    any(
        target_arch = "x86_64",
        all(target_arch = "aarch64", target_feature = "neon")
    )
)))]
mod engine {
    use ::base64::alphabet;
    pub(super) use ::base64::engine::GeneralPurpose as Engine;

    use super::LENIENT;

    pub(super) const STANDARD: Engine = Engine::new(&alphabet::STANDARD, LENIENT);
    pub(super) const URL_SAFE: Engine = Engine::new(&alphabet::URL_SAFE, LENIENT);
}

/// How many bytes are encoded on the stack: a usual payload needs no allocation.
const SHORT: usize = 384;

impl JsonKind for Blob {
    #[inline]
    fn write_json<M: SerializeMap>(
        object: &mut M,
        name: &'static str,
        bytes: &[u8],
    ) -> Result<(), M::Error> {
        if bytes.is_empty() {
            return Ok(());
        }
        object.serialize_entry(name, &Base64(bytes))
    }

    #[inline]
    fn read_json<'de, M: MapAccess<'de>>(
        object: &mut M,
        field: Field,
        bytes: &mut Bytes,
    ) -> Result<(), M::Error> {
        object.next_value_seed(Any(Base64Into { field, bytes }))
    }
}

/// Returns the bytes as standard base64.
pub(crate) fn display(bytes: &[u8]) -> impl fmt::Display {
    let engine: &Engine = &STANDARD;
    Base64Display::new(bytes, engine)
}

/// Reads standard base64.
#[cfg(feature = "release-0-2")]
pub(crate) fn from_text(text: &str) -> Option<Bytes> {
    decode(&STANDARD, text).ok()
}

struct Base64<'a>(&'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.len() > SHORT {
            return serializer.serialize_str(&STANDARD.encode(self.0));
        }
        let mut text = [0; SHORT.div_ceil(3) * 4];
        let len = STANDARD
            .encode_slice(self.0, &mut text)
            .map_err(ser::Error::custom)?;
        serializer.serialize_str(str::from_utf8(&text[..len]).map_err(ser::Error::custom)?)
    }
}

struct Base64Into<'a> {
    field: Field,
    bytes: &'a mut Bytes,
}

impl Visitor<'_> for Base64Into<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "base64 text for {}", self.field.name())
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<(), E> {
        let decoded = match decode(&STANDARD, text) {
            Err(DecodeError(InvalidByte(_, b'-' | b'_'))) => decode(&URL_SAFE, text),
            decoded => decoded,
        };
        // Base64's own words quote the text.
        let field = self.field.name();
        *self.bytes = decoded.map_err(|err| match err {
            DecodeError(InvalidByte(offset, _) | InvalidLastSymbol { offset, .. }) => E::custom(
                format_args!("{field}: not base64 at byte {offset} of the text"),
            ),
            DecodeError(InvalidLength(_) | InvalidPadding) | OutputSliceTooSmall => {
                E::custom(format_args!("{field}: not base64: wrong length or padding"))
            }
        })?;
        Ok(())
    }

    refuse_scalars! {
        visit_bool(bool) "boolean"
        visit_i64(i64) "number"
        visit_u64(u64) "number"
        visit_i128(i128) "number"
        visit_u128(u128) "number"
        visit_f64(f64) "number"
    }

    fn visit_none<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[inline]
fn decode(engine: &Engine, text: &str) -> Result<Bytes, DecodeSliceError> {
    // Padding that completes a group of four takes no room. Other padding is left to
    // the engine, which needs the room of what stands before it to tell the place.
    let padding = match text.as_bytes() {
        _ if text.len() % 4 != 0 => 0,
        [.., b'=', b'='] => 2,
        [.., b'='] => 1,
        _ => 0,
    };
    let symbols = text.len() - padding;
    // As long as the bytes will be: `Bytes` takes such a `Vec` over as it is. What it
    // holds until then does not matter, and a copy is quicker to get than zeros.
    let len = symbols / 4 * 3 + symbols % 4 * 3 / 4;
    let mut bytes = text.as_bytes()[..len].to_vec();
    let len = engine.decode_slice(text, &mut bytes)?;
    bytes.truncate(len);
    Ok(bytes.into())
}
