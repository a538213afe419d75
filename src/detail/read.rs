//! Reading details back, without building what is not asked for.

use core::fmt;
use core::marker::PhantomData;
use core::net::IpAddr;
use core::str;

use alloc::borrow::Cow;
use alloc::string::String;
use prost_types::Timestamp;
use serde_core::de::{Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::{EVENT_ID, OCCURRED_AT, SOURCE_ADDRESS, time};
use crate::payload::PayloadError;
use crate::payload::json_text;
use crate::view::utf8::from_utf8;
use crate::{LogEntry, LogEntryView};

impl LogEntry {
    /// Returns the detail of the given name, as JSON of type `T`, which may borrow
    /// from the payload. `None` if there is no such detail, if it is `null`, or if the
    /// payload is not a JSON object and so holds no details. See the module
    /// [`detail`](crate::detail) for an example.
    ///
    /// Nothing but the detail is built. A `&str` cannot be borrowed from text that is
    /// spelled with escapes: for text that others wrote, ask for a `String` or a `Cow`.
    ///
    /// # Errors
    ///
    /// [`PayloadError::WrongDetail`] if the detail is not a `T`, or is there more than
    /// once, and [`PayloadError::NotJson`] if the payload begins like a JSON object and
    /// is not one.
    ///
    /// ```
    /// use lokryn_compliance_log::{LogEntry, PayloadError};
    ///
    /// let entry = LogEntry {
    ///     payload: r#"{"rows": 1500, "format": "csv"}"#.into(),
    ///     ..LogEntry::default()
    /// };
    /// assert_eq!(entry.detail("format")?, Some("csv"));
    /// assert_eq!(entry.detail::<u64>("duration_ms")?, None);
    ///
    /// let err = entry.detail::<bool>("format").unwrap_err();
    /// assert_eq!(err.to_string(), "payload: detail \"format\" has the wrong form at line 1 column 30");
    /// # Ok::<(), PayloadError>(())
    /// ```
    pub fn detail<'a, T: Deserialize<'a>>(&'a self, name: &str) -> Result<Option<T>, PayloadError> {
        detail(&self.payload, name)
    }

    /// Returns when the event happened: the detail
    /// [`OCCURRED_AT`](crate::detail::OCCURRED_AT).
    ///
    /// # Errors
    ///
    /// As [`detail`](Self::detail), and if it is not a time of [RFC 3339] with at most
    /// nine digits of a second. The `T` and the offset from UTC must be there.
    ///
    /// [RFC 3339]: https://datatracker.ietf.org/doc/html/rfc3339
    ///
    /// ```
    /// use lokryn_compliance_log::{LogEntry, PayloadError};
    ///
    /// let entry = |payload: &'static str| LogEntry {
    ///     payload: payload.into(),
    ///     ..LogEntry::default()
    /// };
    /// let utc = entry(r#"{"occurred_at":"2026-11-25T19:20:00.500000000Z"}"#);
    /// let paris = entry(r#"{"occurred_at":"2026-11-25T20:20:00.5+01:00"}"#);
    /// assert_eq!(utc.occurred_at()?, paris.occurred_at()?);
    ///
    /// let err = entry(r#"{"occurred_at":"2026-11-25"}"#).occurred_at().unwrap_err();
    /// assert_eq!(err.to_string(), "payload: detail \"occurred_at\" has the wrong form");
    /// # Ok::<(), PayloadError>(())
    /// ```
    pub fn occurred_at(&self) -> Result<Option<Timestamp>, PayloadError> {
        LogEntryView::from(self).occurred_at()
    }

    /// Returns the address that the event came from: the detail
    /// [`SOURCE_ADDRESS`](crate::detail::SOURCE_ADDRESS).
    ///
    /// # Errors
    ///
    /// As [`detail`](Self::detail), and if it is not an IPv4 or IPv6 address.
    pub fn source_address(&self) -> Result<Option<IpAddr>, PayloadError> {
        LogEntryView::from(self).source_address()
    }

    /// Returns the identifier of the event: the detail
    /// [`EVENT_ID`](crate::detail::EVENT_ID).
    ///
    /// # Errors
    ///
    /// As [`detail`](Self::detail), if it is not text.
    pub fn event_id(&self) -> Result<Option<String>, PayloadError> {
        self.detail(EVENT_ID)
    }
}

impl<'a> LogEntryView<'a> {
    /// Returns the detail of the given name, as [`LogEntry::detail`] does. It may borrow
    /// from the bytes that the view was decoded from.
    ///
    /// # Errors
    ///
    /// As [`LogEntry::detail`].
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryView;
    ///
    /// let view = LogEntryView { payload: br#"{"format": "csv"}"#, ..LogEntryView::default() };
    /// assert_eq!(view.detail("format")?, Some("csv"));
    /// # Ok::<(), lokryn_compliance_log::PayloadError>(())
    /// ```
    pub fn detail<T: Deserialize<'a>>(&self, name: &str) -> Result<Option<T>, PayloadError> {
        detail(self.payload, name)
    }

    /// Returns when the event happened, as [`LogEntry::occurred_at`] does.
    ///
    /// # Errors
    ///
    /// As [`LogEntry::occurred_at`].
    pub fn occurred_at(&self) -> Result<Option<Timestamp>, PayloadError> {
        parsed(self.payload, OCCURRED_AT, time::from_text)
    }

    /// Returns the address that the event came from, as [`LogEntry::source_address`]
    /// does.
    ///
    /// # Errors
    ///
    /// As [`LogEntry::source_address`].
    pub fn source_address(&self) -> Result<Option<IpAddr>, PayloadError> {
        parsed(self.payload, SOURCE_ADDRESS, |text| text.parse().ok())
    }

    /// Returns the identifier of the event, as [`LogEntry::event_id`] does.
    ///
    /// # Errors
    ///
    /// As [`LogEntry::event_id`].
    pub fn event_id(&self) -> Result<Option<String>, PayloadError> {
        self.detail(EVENT_ID)
    }
}

fn parsed<T>(
    payload: &[u8],
    name: &str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>, PayloadError> {
    let Some(Text(text)) = detail(payload, name)? else {
        return Ok(None);
    };
    match parse(&text) {
        Some(value) => Ok(Some(value)),
        None => Err(PayloadError::wrong_detail(name, None)),
    }
}

fn detail<'a, T: Deserialize<'a>>(
    payload: &'a [u8],
    name: &str,
) -> Result<Option<T>, PayloadError> {
    if !payload.trim_ascii_start().starts_with(b"{") {
        return Ok(None);
    }
    let text = match from_utf8(payload) {
        Some(text) => text,
        // With the place.
        None => str::from_utf8(payload).map_err(PayloadError::not_utf_8)?,
    };
    if json_text::has_private_key(text) {
        return Err(PayloadError::private_key());
    }
    let mut json = serde_json::Deserializer::from_str(text);
    let object = json.deserialize_map(Member {
        name,
        value: PhantomData,
    });
    match object.and_then(|value| json.end().map(|()| value)) {
        Ok(value) => Ok(value),
        Err(err) if err.is_data() => Err(PayloadError::wrong_detail(name, Some(err))),
        // A number that `serde_json` cannot hold is JSON all the same.
        Err(err) if serde_json::from_str::<IgnoredAny>(text).is_ok() => {
            Err(PayloadError::wrong_detail(name, Some(err)))
        }
        Err(err) => Err(PayloadError::not_json(err)),
    }
}

/// Reads one member of an object, and passes over the others.
struct Member<'n, T> {
    name: &'n str,
    value: PhantomData<T>,
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Member<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Option<T>, A::Error> {
        let mut found = None;
        while let Some(is_named) = object.next_key_seed(IsNamed(self.name))? {
            if !is_named {
                let IgnoredAny = object.next_value()?;
            } else if found.is_some() {
                return Err(serde_core::de::Error::custom("there twice"));
            } else {
                found = Some(object.next_value::<Option<T>>()?);
            }
        }
        Ok(found.flatten())
    }
}

/// Whether a key is this one.
struct IsNamed<'n>(&'n str);

impl<'de> DeserializeSeed<'de> for IsNamed<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for IsNamed<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<bool, E> {
        Ok(key == self.0)
    }
}

/// Text that is borrowed unless it has escapes.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("text")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.into())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}
