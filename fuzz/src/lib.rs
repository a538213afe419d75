//! What the fuzz targets and the long runs check.
//!
//! A check looks at bytes, and at variants of them that follow from the bytes alone, so
//! that a failure comes again. It compares values; nothing is printed unless it fails.

use std::fs;
use std::path::PathBuf;

pub mod details;
pub mod entries;
pub mod entry;
pub mod journal_folder;
pub mod journal_formats;
pub mod journal_tree;
pub mod json;
pub mod lines;
mod log;
pub mod mcp;
pub mod mcp_scan;
pub mod payload;
pub mod proto_json;
pub mod random;
pub mod recover;
pub mod release_0_2;
pub mod stream;
pub mod view;
pub mod wire;

// Of the MCP companion, which keeps them to itself.
#[path = "../../mcp/src/canonical.rs"]
#[allow(dead_code, unreachable_pub)]
mod canonical;
#[path = "../../mcp/src/scan.rs"]
#[allow(dead_code, unreachable_pub)]
mod scan;

/// Makes a folder for this process, in memory where the scripts have put `TMPDIR` there.
fn scratch_folder(name: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("fuzz-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    folder
}

/// A property that holds for any bytes.
pub trait Check {
    /// Checks these bytes and variants of them. Returns how many executions that were:
    /// inputs given to everything that is compared.
    ///
    /// # Panics
    ///
    /// If the property does not hold.
    fn bytes(&mut self, bytes: &[u8]) -> u64;

    /// Checks an input that follows from a seed, and variants of it.
    ///
    /// # Panics
    ///
    /// If the property does not hold.
    fn seed(&mut self, seed: u64) -> u64;
}

/// Each check, and what makes one.
pub type Named = (&'static str, fn() -> Box<dyn Check>);

/// All of them, by the names of the targets.
pub const CHECKS: &[Named] = &[
    ("view", || Box::<view::View>::default()),
    ("entry", || Box::<entry::Entry>::default()),
    ("proto_json", || Box::<proto_json::ProtoJson>::default()),
    ("json_line", || Box::<lines::Lines>::default()),
    ("payload", || Box::<payload::Payload>::default()),
    ("details", || Box::<details::Details>::default()),
    ("release_0_2", || Box::<release_0_2::Release02>::default()),
    ("stream", || Box::<stream::Stream>::default()),
    ("recover", || Box::<recover::Recover>::default()),
    ("journal_tree", || {
        Box::<journal_tree::JournalTree>::default()
    }),
    ("journal_formats", || {
        Box::<journal_formats::JournalFormats>::default()
    }),
    ("journal_folder", || {
        Box::<journal_folder::JournalFolder>::default()
    }),
    ("mcp", || Box::<mcp::Mcp>::default()),
    ("mcp_scan", || Box::<mcp_scan::McpScan>::default()),
];

/// Counts the executions of a check, for libFuzzer, which counts its own.
#[derive(Debug, Default)]
pub struct Counted<C> {
    check: C,
    executions: u64,
}

impl<C: Check> Counted<C> {
    /// Checks these bytes, and prints the count whenever it has passed another 2^16.
    ///
    /// # Panics
    ///
    /// If the property does not hold.
    pub fn bytes(&mut self, bytes: &[u8]) {
        let before = self.executions >> 16;
        self.executions += self.check.bytes(bytes);
        if self.executions >> 16 != before {
            eprintln!("executions: {}", self.executions);
        }
    }
}

/// The target of libFuzzer for a check.
#[macro_export]
macro_rules! target {
    ($check:ident :: $name:ident) => {
        static CHECK: std::sync::LazyLock<
            std::sync::Mutex<$crate::Counted<$crate::$check::$name>>,
        > = std::sync::LazyLock::new(std::sync::Mutex::default);

        libfuzzer_sys::fuzz_target!(|bytes: &[u8]| CHECK.lock().unwrap().bytes(bytes));
    };
}
