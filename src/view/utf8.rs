//! The check that bytes are text.

#[cfg(feature = "simd")]
pub(super) use smoothutf8::from_utf8;

#[cfg(not(feature = "simd"))]
#[inline]
pub(super) fn from_utf8(bytes: &[u8]) -> Option<&str> {
    core::str::from_utf8(bytes).ok()
}
