//! A time is a string of RFC 3339: in UTC, with no, three, six or nine digits of a second,
//! in the years 1 to 9999. Any offset and up to nine digits are read.

use prost_types::Timestamp;
use serde_core::de::{self, DeserializeSeed as _, Deserializer};
use serde_core::ser::{self, Serializer};

use super::scalar::{Scalar, ScalarOf};
use super::{Form, JsonMessage};
use crate::detail::{time_from_text, time_is_in_range};

/// 0001-01-01T00:00:00Z, in seconds since the epoch.
const YEAR_1: i64 = -62_135_596_800;

impl JsonMessage for Timestamp {
    fn write<F: Form, S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !is_in_range(self) {
            return Err(ser::Error::custom(
                "a time is outside of the years 1 to 9999, or its nanos outside of a second",
            ));
        }
        // As prost writes it: with as many digits as it takes.
        serializer.collect_str(self)
    }

    fn read<'de, D: Deserializer<'de>>(
        name: &'static str,
        deserializer: D,
    ) -> Result<Self, D::Error> {
        let time = match ScalarOf(name).deserialize(deserializer)? {
            // A leap second has no place in a Timestamp, and ProtoJSON no small letters.
            Scalar::Text(text) if text.contains(['t', 'z']) || text.get(17..19) == Some("60") => {
                None
            }
            Scalar::Text(text) => time_from_text(&text).filter(is_in_range),
            Scalar::Null | Scalar::Bool | Scalar::Number(_) => None,
        };
        time.ok_or_else(|| {
            de::Error::custom(format_args!(
                "{name}: not a time of RFC 3339 in the years 1 to 9999"
            ))
        })
    }
}

fn is_in_range(time: &Timestamp) -> bool {
    time_is_in_range(time) && time.seconds >= YEAR_1
}
