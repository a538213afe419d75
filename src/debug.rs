//! `Debug` that does not leak.

use core::fmt;
use core::marker::PhantomData;

use crate::{EventType, LogEntry, LogEntryView, Outcome, Sensitivity, Severity};

/// Prints every field, except that the payload is printed only if the
/// sensitivity is PUBLIC or INTERNAL. Otherwise its length and the reason stand
/// in its place; an unspecified or unknown sensitivity counts as the highest.
impl fmt::Debug for LogEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(&LogEntryView::from(self), "LogEntry", f)
    }
}

/// Prints every field under the same rule as [`LogEntry`]: the payload only if
/// the sensitivity is PUBLIC or INTERNAL.
impl fmt::Debug for LogEntryView<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write(self, "LogEntryView", f)
    }
}

fn write(view: &LogEntryView<'_>, name: &str, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(name)
        .field("event_type", &Number::<EventType>::new(view.event_type))
        .field("outcome", &Number::<Outcome>::new(view.outcome))
        .field("severity", &Number::<Severity>::new(view.severity))
        .field("actor_id", &view.actor_id)
        .field("component", &view.component)
        .field("environment", &view.environment)
        .field("resource", &view.resource)
        .field("message", &view.message)
        .field("payload", &PayloadIfHarmless(view))
        .field("policy_tags", &view.policy_tags)
        .field("sensitivity", &Number::<Sensitivity>::new(view.sensitivity))
        .finish()
}

/// The variant of a known number, and an unknown number as it is.
struct Number<E>(i32, PhantomData<E>);

impl<E> Number<E> {
    fn new(number: i32) -> Self {
        Self(number, PhantomData)
    }
}

impl<E: TryFrom<i32> + fmt::Debug> fmt::Debug for Number<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match E::try_from(self.0) {
            Ok(variant) => variant.fmt(f),
            Err(_) => self.0.fmt(f),
        }
    }
}

struct PayloadIfHarmless<'a>(&'a LogEntryView<'a>);

impl fmt::Debug for PayloadIfHarmless<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (payload, sensitivity) = (self.0.payload, self.0.sensitivity);
        match Sensitivity::try_from(sensitivity) {
            _ if payload.is_empty() => f.write_str("b\"\""),
            Ok(Sensitivity::Public | Sensitivity::Internal) => {
                write!(f, "b\"{}\"", payload.escape_ascii())
            }
            Ok(known) => write!(f, "<{} bytes withheld: {known}>", payload.len()),
            Err(_) => write!(
                f,
                "<{} bytes withheld: unknown sensitivity {sensitivity}>",
                payload.len(),
            ),
        }
    }
}
