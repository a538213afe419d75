//! `Debug` that does not leak.

use core::fmt::{self, Debug, DebugStruct, Display, Formatter};

use crate::v1::with_fields;
use crate::view::{Blob, Kind, Number, Text, Texts};
use crate::{LogEntry, LogEntryView, PolicyTags, Sensitivity};

/// The texts that are printed whatever the sensitivity: `log.proto` asks writers
/// to keep personal and secret data out of them.
const HARMLESS: [&str; 6] = [
    "actor_id",
    "component",
    "environment",
    "resource",
    "message",
    "policy_tags",
];

/// Prints every field, except that the payload is printed only if the
/// sensitivity is PUBLIC or INTERNAL. Otherwise its length and the reason stand
/// in its place; an unspecified or unknown sensitivity counts as the highest.
impl Debug for LogEntry {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write(&LogEntryView::from(self), "LogEntry", f)
    }
}

/// Prints every field under the same rule as [`LogEntry`]: the payload only if
/// the sensitivity is PUBLIC or INTERNAL.
impl Debug for LogEntryView<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write(self, "LogEntryView", f)
    }
}

macro_rules! write_fields {
    (
        $(#[$docs:meta])* ;
        $($field:ident: $kind:ty = $number:tt, $names:tt $docs_of_field:tt $owned:tt $view:tt;)*
    ) => {
        fn write(view: &LogEntryView<'_>, name: &str, f: &mut Formatter<'_>) -> fmt::Result {
            let mut fields = f.debug_struct(name);
            $(write_field::<$kind>(
                &mut fields,
                stringify!($field),
                view.$field,
                view.sensitivity,
            );)*
            fields.finish()
        }
    };
}

with_fields!(write_fields);

fn write_field<K: Print>(
    fields: &mut DebugStruct<'_, '_>,
    name: &str,
    value: K::View<'_>,
    sensitivity: i32,
) {
    let len = K::len(value);
    match Withheld::<Sensitivity>::because_of(sensitivity) {
        Some(reason) if len > 0 && !HARMLESS.contains(&name) => {
            fields.field(name, &format_args!("<{len} bytes withheld: {reason}>"))
        }
        _ => fields.field(name, &Printed::<K>(value)),
    };
}

/// How sensitive an entry is, in one release of the schema or another.
pub(crate) trait Level: TryFrom<i32> + Display {
    /// Whether an entry of this level may be printed with its payload.
    fn is_printable(&self) -> bool;
}

impl Level for Sensitivity {
    fn is_printable(&self) -> bool {
        match self {
            Self::Public | Self::Internal => true,
            Self::Unspecified | Self::Confidential | Self::Restricted | Self::HighlyRestricted => {
                false
            }
        }
    }
}

/// Why a value is not printed.
pub(crate) enum Withheld<L> {
    Sensitivity(L),
    UnknownSensitivity(i32),
}

impl<L: Level> Withheld<L> {
    pub(crate) fn because_of(sensitivity: i32) -> Option<Self> {
        match L::try_from(sensitivity) {
            Ok(level) if level.is_printable() => None,
            Ok(level) => Some(Self::Sensitivity(level)),
            Err(_) => Some(Self::UnknownSensitivity(sensitivity)),
        }
    }
}

impl<L: Display> Display for Withheld<L> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sensitivity(level) => Display::fmt(level, f),
            Self::UnknownSensitivity(number) => write!(f, "unknown sensitivity {number}"),
        }
    }
}

/// How a kind of field is printed.
trait Print: Kind {
    /// How many bytes of text or data the value has. A number has none, and
    /// nothing to hide.
    fn len(value: Self::View<'_>) -> usize;

    fn fmt(value: Self::View<'_>, f: &mut Formatter<'_>) -> fmt::Result;
}

struct Printed<'a, K: Print>(K::View<'a>);

impl<K: Print> Debug for Printed<'_, K> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        K::fmt(self.0, f)
    }
}

impl<E: TryFrom<i32> + Debug> Print for Number<E> {
    fn len(_: i32) -> usize {
        0
    }

    /// The variant of a known number, and an unknown number as it is.
    fn fmt(number: i32, f: &mut Formatter<'_>) -> fmt::Result {
        match E::try_from(number) {
            Ok(variant) => variant.fmt(f),
            Err(_) => Debug::fmt(&number, f),
        }
    }
}

impl Print for Text {
    fn len(text: &str) -> usize {
        text.len()
    }

    fn fmt(text: &str, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(text, f)
    }
}

impl Print for Texts {
    fn len(texts: PolicyTags<'_>) -> usize {
        texts.iter().map(str::len).sum()
    }

    fn fmt(texts: PolicyTags<'_>, f: &mut Formatter<'_>) -> fmt::Result {
        Debug::fmt(&texts, f)
    }
}

impl Print for Blob {
    fn len(bytes: &[u8]) -> usize {
        bytes.len()
    }

    fn fmt(bytes: &[u8], f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "b\"{}\"", bytes.escape_ascii())
    }
}
