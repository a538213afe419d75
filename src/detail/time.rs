//! Times as text: RFC 3339, as narrow as details need it.
//!
//! `prost_types` does the calendar. Its own text leaves the fraction out where it is
//! zero, and what it reads may be a date alone or lack its offset.

use core::ops::RangeInclusive;

use alloc::format;
use alloc::string::{String, ToString as _};
use prost_types::Timestamp;

/// In seconds since the epoch.
const YEARS_0_TO_9999: RangeInclusive<i64> = -62_167_219_200..=253_402_300_799;

/// Returns a time in UTC with nine digits of a second.
///
/// A year outside of 0 to 9999, which RFC 3339 cannot say, has a sign before it (ISO
/// 8601), and is not read back.
pub(crate) fn to_text(time: Timestamp) -> String {
    let text = time.to_string();
    let seconds = text.trim_end_matches('Z');
    let (seconds, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
    format!("{seconds}.{fraction:0<9}Z")
}

/// Whether a time is one that RFC 3339 can say, and is spelled as a `Timestamp` should be.
#[cfg(feature = "release-0-2")]
pub(crate) fn is_in_range(time: &Timestamp) -> bool {
    YEARS_0_TO_9999.contains(&time.seconds) && (0..1_000_000_000).contains(&time.nanos)
}

/// Reads a time that has its `T`, its seconds and its offset, in the years 0 to 9999. A
/// leap second, which ends a day in UTC, is the second before it.
pub(crate) fn from_text(text: &str) -> Option<Timestamp> {
    let (seconds, rest) = text.split_at_checked("2026-11-25T19:20:00".len())?;
    let offset = match rest.strip_prefix('.') {
        None => rest,
        Some(fraction) => {
            let offset = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            let digits = fraction.len() - offset.len();
            (1..=9).contains(&digits).then_some(offset)?
        }
    };
    let is_time = has_form(seconds, "dddd-dd-ddTdd:dd:dd")
        && (has_form(offset, "Z") || has_form(offset, "+dd:dd") || has_form(offset, "-dd:dd"));
    let time: Timestamp = is_time.then(|| text.parse().ok())??;
    let is_leap_second = seconds.ends_with("60");
    let ends_a_day = time.seconds.rem_euclid(86_400) == 86_399;
    let is_in_range = YEARS_0_TO_9999.contains(&time.seconds);
    (is_in_range && (ends_a_day || !is_leap_second)).then_some(time)
}

/// Whether a text is spelled like a form, in which `d` is a digit. RFC 3339 has `T` and
/// `Z` in lower case, too.
fn has_form(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text
            .bytes()
            .zip(form.bytes())
            .all(|(byte, form)| match form {
                b'd' => byte.is_ascii_digit(),
                form => byte.eq_ignore_ascii_case(&form),
            })
}
