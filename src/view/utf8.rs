//! The check that bytes are text.

#[cfg(feature = "simd")]
pub(crate) use smoothutf8::from_utf8;

#[cfg(not(feature = "simd"))]
#[inline]
pub(crate) fn from_utf8(bytes: &[u8]) -> Option<&str> {
    core::str::from_utf8(bytes).ok()
}
