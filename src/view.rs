//! The borrowed form of an entry.

use core::error::Error;
use core::fmt::{self, Display};

use alloc::vec::Vec;
use bytes::{BufMut, Bytes};

use crate::policy_tags::TagRecords;
use crate::run::Run;
use crate::wire::{self, Key, LEN, Output, Reader, Reserved, VARINT};
use crate::{DecodeError, EventType, LogEntry, Outcome, PolicyTags, Sensitivity, Severity, field};

/// An entry that borrows its text, payload and tags: decoded without copying,
/// encoded without an owned entry being built first.
///
/// The fields are those of [`LogEntry`], under the same names.
///
/// A gateway looks at what it received and copies nothing:
///
/// ```
/// use lokryn_compliance_log::{LogEntryView, Severity};
///
/// fn is_relevant(received: &[u8]) -> Result<bool, lokryn_compliance_log::DecodeError> {
///     let entry = LogEntryView::decode(received)?;
///     // As numbers, so that a severity of a newer schema is not passed over.
///     let is_severe = entry.severity >= Severity::Warning.into();
///     Ok(is_severe && entry.policy_tags.contains("HIPAA"))
/// }
/// # assert!(!is_relevant(b"")?);
/// # Ok::<(), lokryn_compliance_log::DecodeError>(())
/// ```
///
/// A service on its hot path goes from borrowed text to bytes in one
/// allocation. The compiler does not ask for the required parts here, as
/// [`LogEntry::builder`] does:
///
/// ```
/// use lokryn_compliance_log::{EventType, LogEntryView, Outcome, Sensitivity, Severity};
///
/// let bytes = LogEntryView {
///     event_type: EventType::Login.into(),
///     outcome: Outcome::Success.into(),
///     severity: Severity::Info.into(),
///     actor_id: "user-12345",
///     component: "auth-service",
///     environment: "production",
///     resource: "auth/login",
///     policy_tags: (&["SOC2", "access-control"]).into(),
///     sensitivity: Sensitivity::Internal.into(),
///     ..LogEntryView::default()
/// }
/// .encode_to_vec();
/// # assert_eq!(LogEntryView::decode(&bytes).unwrap().policy_tags.len(), 2);
/// ```
///
/// # Unknown fields
///
/// Fields that this version of the schema does not have are skipped, here as in
/// [`LogEntry`], and are gone from whatever is encoded from the view. Whoever
/// forwards entries should pass on the bytes that were received, which the
/// readers of the module `stream` keep beside each view.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct LogEntryView<'a> {
    /// What happened: a number of [`EventType`].
    pub event_type: i32,
    /// Whether it worked: a number of [`Outcome`].
    pub outcome: i32,
    /// How much attention the entry deserves: a number of [`Severity`].
    pub severity: i32,
    /// Who did it.
    pub actor_id: &'a str,
    /// Which part of the system recorded it.
    pub component: &'a str,
    /// Where it ran.
    pub environment: &'a str,
    /// What it was done to.
    pub resource: &'a str,
    /// What a person should read.
    pub message: &'a str,
    /// Structured detail of the event, encoded.
    pub payload: &'a [u8],
    /// The compliance frameworks and policies concerned.
    pub policy_tags: PolicyTags<'a>,
    /// How sensitive the data in the entry is: a number of [`Sensitivity`].
    pub sensitivity: i32,
}

impl<'a> LogEntryView<'a> {
    /// Decodes an entry without copying it.
    ///
    /// Accepts what prost accepts and reads the same values: of a field that is
    /// there more than once the last one counts, fields may come in any order,
    /// unknown fields are skipped. Memory use is constant, whatever the bytes.
    ///
    /// # Errors
    ///
    /// On bytes that are not an entry: cut off, a field with the wrong wire
    /// type, text that is not UTF-8, a malformed key or varint, unknown groups
    /// that nest deeper than 100.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryView;
    ///
    /// let view = LogEntryView::decode(b"\x22\x09agent-001")?;
    /// assert_eq!(view.actor_id, "agent-001");
    ///
    /// let err = LogEntryView::decode(b"\x22\x09agent").unwrap_err();
    /// assert_eq!(err.to_string(), "actor_id: truncated at byte 1");
    /// # Ok::<(), lokryn_compliance_log::DecodeError>(())
    /// ```
    #[inline]
    pub fn decode(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        let mut view = Self::default();
        view.read(bytes)?;
        Ok(view)
    }

    fn read(&mut self, bytes: &'a [u8]) -> Result<(), DecodeError> {
        let mut run = Run::new(bytes);
        let mut reader = Reader::new(bytes);
        let mut tags = TagRecords::default();
        loop {
            self.read_run(&mut run, &mut tags);
            reader.skip_to(run.position());
            let Some(key) = reader.next_key()? else {
                self.policy_tags = tags.of(bytes);
                return Ok(());
            };
            self.read_record(key, &mut reader, &mut tags)?;
            run.skip_to(reader.position());
        }
    }

    /// Reads as many records as there are in the order of their fields.
    fn read_run(&mut self, run: &mut Run<'a>, tags: &mut TagRecords) {
        run.enumeration(field::EVENT_TYPE, &mut self.event_type);
        run.enumeration(field::OUTCOME, &mut self.outcome);
        run.enumeration(field::SEVERITY, &mut self.severity);
        run.text(field::ACTOR_ID, &mut self.actor_id);
        run.text(field::COMPONENT, &mut self.component);
        run.text(field::ENVIRONMENT, &mut self.environment);
        run.text(field::RESOURCE, &mut self.resource);
        run.text(field::MESSAGE, &mut self.message);
        run.bytes(field::PAYLOAD, &mut self.payload);
        tags.add_run(run);
        run.enumeration(field::SENSITIVITY, &mut self.sensitivity);
    }

    /// Reads the record of `key`, whatever it is.
    #[inline(never)]
    fn read_record(
        &mut self,
        key: Key,
        reader: &mut Reader<'a>,
        tags: &mut TagRecords,
    ) -> Result<(), DecodeError> {
        match (key.field, key.wire_type) {
            (field::EVENT_TYPE, VARINT) => self.event_type = reader.enumeration()?,
            (field::OUTCOME, VARINT) => self.outcome = reader.enumeration()?,
            (field::SEVERITY, VARINT) => self.severity = reader.enumeration()?,
            (field::ACTOR_ID, LEN) => self.actor_id = reader.text()?,
            (field::COMPONENT, LEN) => self.component = reader.text()?,
            (field::ENVIRONMENT, LEN) => self.environment = reader.text()?,
            (field::RESOURCE, LEN) => self.resource = reader.text()?,
            (field::MESSAGE, LEN) => self.message = reader.text()?,
            (field::PAYLOAD, LEN) => self.payload = reader.bytes()?,
            (field::POLICY_TAGS, LEN) => {
                let tag = reader.text()?;
                tags.add(key.at..reader.position(), tag);
            }
            (field::SENSITIVITY, VARINT) => self.sensitivity = reader.enumeration()?,
            _ => reader.skip_unknown(key)?,
        }
        Ok(())
    }

    /// Returns the event type, or `Unspecified` for a number that this version
    /// of the schema does not know.
    #[must_use]
    pub fn event_type(&self) -> EventType {
        EventType::try_from(self.event_type).unwrap_or_default()
    }

    /// Returns the outcome, or `Unspecified` for a number that this version of
    /// the schema does not know.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        Outcome::try_from(self.outcome).unwrap_or_default()
    }

    /// Returns the severity, or `Unspecified` for a number that this version of
    /// the schema does not know. `Unspecified` is the lowest: to find severe
    /// entries of any version, compare the number.
    #[must_use]
    pub fn severity(&self) -> Severity {
        Severity::try_from(self.severity).unwrap_or_default()
    }

    /// Returns the sensitivity, or `Unspecified` for a number that this version
    /// of the schema does not know. Treat both as the highest.
    #[must_use]
    pub fn sensitivity(&self) -> Sensitivity {
        Sensitivity::try_from(self.sensitivity).unwrap_or_default()
    }

    /// Returns how many bytes the entry takes when encoded.
    #[must_use]
    pub fn encoded_len(&self) -> usize {
        self.policy_tags.encoded_len()
            + wire::enumeration_len(field::EVENT_TYPE, self.event_type)
            + wire::enumeration_len(field::OUTCOME, self.outcome)
            + wire::enumeration_len(field::SEVERITY, self.severity)
            + wire::bytes_len(field::ACTOR_ID, self.actor_id.as_bytes())
            + wire::bytes_len(field::COMPONENT, self.component.as_bytes())
            + wire::bytes_len(field::ENVIRONMENT, self.environment.as_bytes())
            + wire::bytes_len(field::RESOURCE, self.resource.as_bytes())
            + wire::bytes_len(field::MESSAGE, self.message.as_bytes())
            + wire::bytes_len(field::PAYLOAD, self.payload)
            + wire::enumeration_len(field::SENSITIVITY, self.sensitivity)
    }

    /// Encodes the entry to a new vector, in one allocation of its exact size.
    #[must_use]
    pub fn encode_to_vec(&self) -> Vec<u8> {
        let mut out = Reserved::new(self.encoded_len());
        self.put(&mut out);
        out.into_vec()
    }

    /// Appends the encoded entry to a buffer.
    ///
    /// # Errors
    ///
    /// If the buffer has too little room left; nothing is written then. A `Vec`
    /// or `BytesMut` grows and never has.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryView;
    ///
    /// let view = LogEntryView { actor_id: "agent-001", ..LogEntryView::default() };
    /// let mut datagram = [0; 16];
    /// view.encode(&mut &mut datagram[..])?;
    /// assert_eq!(&datagram[..view.encoded_len()], b"\x22\x09agent-001");
    ///
    /// assert!(view.encode(&mut &mut datagram[..10]).is_err());
    /// # Ok::<(), lokryn_compliance_log::EncodeError>(())
    /// ```
    pub fn encode(&self, buf: &mut impl BufMut) -> Result<(), EncodeError> {
        EncodeError::check(self.encoded_len(), buf)?;
        self.put(buf);
        Ok(())
    }

    /// Appends the length of the encoded entry as a varint, then the entry: the
    /// framing of the module `stream`.
    ///
    /// # Errors
    ///
    /// If the buffer has too little room left; nothing is written then. A `Vec`
    /// or `BytesMut` grows and never has.
    ///
    /// ```
    /// use lokryn_compliance_log::LogEntryView;
    ///
    /// let view = LogEntryView { actor_id: "agent-001", ..LogEntryView::default() };
    /// let mut batch = Vec::new();
    /// view.encode_length_delimited(&mut batch)?;
    /// assert_eq!(batch, b"\x0b\x22\x09agent-001");
    /// # Ok::<(), lokryn_compliance_log::EncodeError>(())
    /// ```
    pub fn encode_length_delimited(&self, buf: &mut impl BufMut) -> Result<(), EncodeError> {
        let len = self.encoded_len();
        EncodeError::check(wire::varint_len(len as u64) + len, buf)?;
        wire::put_varint(len as u64, buf);
        self.put(buf);
        Ok(())
    }

    /// Fields in the order of their numbers, as every implementation writes
    /// them.
    #[inline]
    pub(crate) fn put(&self, out: &mut impl Output) {
        wire::put_enumeration(field::EVENT_TYPE, self.event_type, out);
        wire::put_enumeration(field::OUTCOME, self.outcome, out);
        wire::put_enumeration(field::SEVERITY, self.severity, out);
        wire::put_bytes(field::ACTOR_ID, self.actor_id.as_bytes(), out);
        wire::put_bytes(field::COMPONENT, self.component.as_bytes(), out);
        wire::put_bytes(field::ENVIRONMENT, self.environment.as_bytes(), out);
        wire::put_bytes(field::RESOURCE, self.resource.as_bytes(), out);
        wire::put_bytes(field::MESSAGE, self.message.as_bytes(), out);
        wire::put_bytes(field::PAYLOAD, self.payload, out);
        self.policy_tags.put(out);
        wire::put_enumeration(field::SENSITIVITY, self.sensitivity, out);
    }

    /// Returns the owned form, with everything copied.
    #[must_use]
    #[inline]
    pub fn into_entry(self) -> LogEntry {
        LogEntry {
            event_type: self.event_type,
            outcome: self.outcome,
            severity: self.severity,
            actor_id: self.actor_id.into(),
            component: self.component.into(),
            environment: self.environment.into(),
            resource: self.resource.into(),
            message: self.message.into(),
            payload: owned(self.payload),
            policy_tags: self.policy_tags.to_strings(),
            sensitivity: self.sensitivity,
        }
    }
}

fn owned(payload: &[u8]) -> Bytes {
    if payload.is_empty() {
        return Bytes::new();
    }
    Bytes::copy_from_slice(payload)
}

impl<'a> From<&'a LogEntry> for LogEntryView<'a> {
    fn from(entry: &'a LogEntry) -> Self {
        Self {
            event_type: entry.event_type,
            outcome: entry.outcome,
            severity: entry.severity,
            actor_id: &entry.actor_id,
            component: &entry.component,
            environment: &entry.environment,
            resource: &entry.resource,
            message: &entry.message,
            payload: &entry.payload,
            policy_tags: entry.policy_tags.as_slice().into(),
            sensitivity: entry.sensitivity,
        }
    }
}

impl From<LogEntryView<'_>> for LogEntry {
    fn from(view: LogEntryView<'_>) -> Self {
        view.into_entry()
    }
}

/// The error of encoding into a buffer of fixed size that is too small.
///
/// ```
/// use lokryn_compliance_log::LogEntryView;
///
/// let view = LogEntryView { actor_id: "agent-001", ..LogEntryView::default() };
/// let err = view.encode(&mut &mut [0; 4][..]).unwrap_err();
/// assert_eq!(
///     err.to_string(),
///     "entry of 11 bytes does not fit the 4 bytes left in the buffer",
/// );
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncodeError {
    required: usize,
    remaining: usize,
}

impl EncodeError {
    fn check(required: usize, buf: &impl BufMut) -> Result<(), Self> {
        let remaining = buf.remaining_mut();
        if required > remaining {
            return Err(Self {
                required,
                remaining,
            });
        }
        Ok(())
    }
}

impl Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "entry of {} bytes does not fit the {} bytes left in the buffer",
            self.required, self.remaining,
        )
    }
}

impl Error for EncodeError {}
