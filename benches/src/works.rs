//! What is compared.

mod decode;
mod details;
mod encode;
mod json;
mod stream;

use std::fmt::{self, Display};
use std::hint::black_box;

use crate::data::{self, DataSet};
use crate::measure::Pass;

/// A table.
pub struct Work {
    pub name: &'static str,
    pub data_sets: fn() -> Vec<DataSet>,
    pub row: fn(&DataSet) -> Row<'_>,
}

/// All works, in the order of the tables.
pub const ALL: &[Work] = &[
    Work {
        name: "decode to a view",
        data_sets: data::all,
        row: decode::to_view,
    },
    Work {
        name: "decode to an owned entry",
        data_sets: data::all,
        row: decode::to_owned,
    },
    Work {
        name: "encode to a new Vec",
        data_sets: data::all,
        row: encode::encode,
    },
    Work {
        name: "from &strs to bytes",
        data_sets: data::all,
        row: encode::construct_and_encode,
    },
    Work {
        name: "filter a stream",
        data_sets: data::all,
        row: stream::filter,
    },
    Work {
        name: "read a stream",
        data_sets: data::all,
        row: stream::read,
    },
    Work {
        name: "find by details",
        data_sets: details::of_a_day,
        row: details::find,
    },
    Work {
        name: "build without details",
        data_sets: details::of_a_day,
        row: details::build,
    },
    Work {
        name: "write JSON",
        data_sets: data::all,
        row: json::write,
    },
    Work {
        name: "read JSON",
        data_sets: data::all,
        row: json::read,
    },
];

/// The contenders of a work on one data set, and what is to be reached.
pub struct Row<'a> {
    is_documented: bool,
    /// How many entries a pass goes through.
    pub entries: usize,
    pub names: Vec<Name>,
    pub passes: Vec<Pass<'a>>,
    pub targets: Vec<Target>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Name {
    Ours(&'static str),
    Peer(&'static str),
    /// What cannot be undercut.
    Floor(&'static str),
}

impl Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ours(name) => write!(f, "ours: {name}"),
            Self::Peer(name) => f.write_str(name),
            Self::Floor(name) => write!(f, "floor: {name}"),
        }
    }
}

/// A ratio to reach.
pub struct Target {
    pub ours: &'static str,
    pub against: Against,
    pub at_most: f64,
}

/// The most that a ratio may be: for the documented entries, and for all others.
#[derive(Clone, Copy)]
pub struct Limits(f64, f64);

pub enum Against {
    Peer(&'static str),
    FastestPeer,
}

impl<'a> Row<'a> {
    fn new(data_set: &DataSet, entries: usize) -> Self {
        Self {
            is_documented: data_set.is_documented(),
            entries,
            names: Vec::new(),
            passes: Vec::new(),
            targets: Vec::new(),
        }
    }

    fn contender(mut self, name: Name, pass: impl FnMut() + 'a) -> Self {
        self.names.push(name);
        self.passes.push(Box::new(pass));
        self
    }

    fn ours(self, name: &'static str, pass: impl FnMut() + 'a) -> Self {
        self.contender(Name::Ours(name), pass)
    }

    fn peer(self, name: &'static str, pass: impl FnMut() + 'a) -> Self {
        self.contender(Name::Peer(name), pass)
    }

    fn floor(self, name: &'static str, pass: impl FnMut() + 'a) -> Self {
        self.contender(Name::Floor(name), pass)
    }

    fn target(mut self, ours: &'static str, against: Against, limits: Limits) -> Self {
        let Limits(documented, other) = limits;
        let at_most = if self.is_documented {
            documented
        } else {
            other
        };
        self.targets.push(Target {
            ours,
            against,
            at_most,
        });
        self
    }
}

/// Does the same with each item that is borrowed from a data set.
fn each<'a, T: ?Sized, R>(items: Vec<&'a T>, work: impl Fn(&'a T) -> R) -> impl FnMut() {
    move || {
        for item in &items {
            black_box(&work(black_box(item)));
        }
    }
}

/// Does the same with each item.
fn each_owned<T, R>(items: Vec<T>, work: impl Fn(&T) -> R) -> impl FnMut() {
    move || {
        for item in &items {
            black_box(&work(black_box(item)));
        }
    }
}
