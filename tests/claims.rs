//! What the documents say to a compliance officer of the software is a link to a test that
//! exists.

use std::collections::BTreeSet;
use std::fs;
use std::ops::Range;
use std::path::Path;

use lokryn_compliance_log::{EventType, Outcome};

struct Document {
    text: &'static str,
    /// The first column of claims in its tables, by its head.
    claims_begin: &'static str,
    /// The columns of claims, and how many there are in all.
    claims: Range<usize>,
    columns: usize,
    /// How many links there are, and rows with claims, at least.
    links: usize,
    rows: usize,
}

const GUIDE: Document = Document {
    text: include_str!("../docs/guide/compliance_officer.md"),
    claims_begin: "the crate",
    claims: 1..4,
    columns: 5,
    links: 50,
    rows: 35,
};

const MCP: Document = Document {
    text: include_str!("../mcp/README.md"),
    claims_begin: "entries",
    claims: 1..2,
    columns: 3,
    links: 14,
    rows: 9,
};

const REPOSITORY: &str = "https://github.com/lokryn-llc/compliance-log-schema/blob/main/";

/// A line `[label]: URL "test"` at the end of a document.
struct Link {
    label: &'static str,
    file: &'static str,
    test: &'static str,
}

fn links(text: &'static str) -> Vec<Link> {
    let defined = text.lines().filter(|line| line.starts_with('['));
    defined
        .filter_map(|line| {
            let (label, target) = line.strip_prefix('[')?.split_once("]: ")?;
            let (url, title) = target.split_once(' ')?;
            Some(Link {
                label,
                file: url.strip_prefix(REPOSITORY)?,
                test: title.strip_prefix('"')?.strip_suffix('"')?,
            })
        })
        .collect()
}

/// The labels of the links in a text, `[…][label]`.
fn labels(text: &str) -> BTreeSet<&str> {
    let after = text.split("][").skip(1);
    after
        .filter_map(|rest| Some(rest.split_once(']')?.0))
        .collect()
}

fn is_rust_test(source: &str, name: &str) -> bool {
    let Some((before, _)) = source.split_once(&format!("fn {name}(")) else {
        return false;
    };
    let lines = before.lines().rev().map(str::trim);
    // The line of the function itself may hold `async`.
    let attributes: Vec<_> = lines
        .skip_while(|line| matches!(*line, "" | "async"))
        .take_while(|line| line.starts_with('#') || line.starts_with("//"))
        .collect();
    let is_test = |line: &&str| line.starts_with("#[test") || line.starts_with("#[tokio::test");
    attributes.iter().any(is_test) && !attributes.iter().any(|line| line.contains("ignore"))
}

#[test]
fn every_linked_test_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for document in [GUIDE, MCP] {
        let links = links(document.text);
        assert!(links.len() >= document.links, "{}", links.len());
        for Link { label, file, test } in &links {
            let source = fs::read_to_string(root.join(file));
            let source = source.unwrap_or_else(|err| panic!("[{label}]: {file}: {err}"));
            let exists = match file.rsplit_once('.') {
                Some((_, "rs")) => is_rust_test(&source, test),
                Some((_, "py")) => source.contains(&format!("def {test}(")),
                _ => false,
            };
            assert!(exists, "[{label}]: no test {test} in {file}");
        }
    }
}

#[test]
fn every_label_is_defined_and_used() {
    for document in [GUIDE, MCP] {
        let links = links(document.text);
        let defined: BTreeSet<_> = links.iter().map(|link| link.label).collect();
        assert_eq!(defined.len(), links.len(), "a label is defined twice");
        assert_eq!(labels(document.text), defined);
    }
}

/// In the columns of the software, that is: the last one is of what it leaves to others.
#[test]
fn every_claim_in_a_table_is_a_link() {
    for document in [GUIDE, MCP] {
        let mut is_of_software = false;
        let mut rows = 0;
        for line in document.text.lines() {
            let Some(cells) = line.strip_prefix("| ") else {
                is_of_software = is_of_software && line.starts_with('|');
                continue;
            };
            let cells: Vec<_> = cells
                .trim_end_matches(" |")
                .split(" |")
                .map(str::trim)
                .collect();
            if cells.contains(&document.claims_begin) {
                is_of_software = true;
                assert_eq!(
                    cells[document.claims.start], document.claims_begin,
                    "{line}"
                );
                assert_eq!(cells.len(), document.columns, "{line}");
                continue;
            }
            if !is_of_software {
                continue;
            }
            rows += 1;
            assert_eq!(cells.len(), document.columns, "{line}");
            let claims = &cells[document.claims.clone()];
            for claim in claims.iter().flat_map(|cell| cell.split("; ")) {
                assert!(
                    claim.is_empty() || !labels(claim).is_empty(),
                    "not held by a test: {claim}"
                );
            }
        }
        assert!(rows >= document.rows, "{rows}");
    }
}

#[test]
fn every_value_that_is_named_exists() {
    let is_of_name = |it: char| it.is_ascii_uppercase() || it == '_';
    let words: BTreeSet<_> = GUIDE.text.split(|it| !is_of_name(it)).collect();
    let events = words.iter().filter(|word| word.starts_with("EVENT_"));
    let outcomes = words.iter().filter(|word| word.starts_with("OUTCOME_"));
    for event in events {
        assert!(EventType::from_str_name(event).is_some(), "{event}");
    }
    for outcome in outcomes {
        assert!(Outcome::from_str_name(outcome).is_some(), "{outcome}");
    }
}
