//! The tables, in Markdown.

use crate::data::{self, DataSet};
use crate::works::{Against, Name, Row, Work};
use crate::{instructions, measure};

/// Prints the table of a work: the median nanoseconds an entry of each
/// contender, and whether the targets are reached.
pub fn print_times(work: &Work, data_set: &str) {
    print(work, data_set, "ns", |_, row| {
        measure::medians(&mut row.passes)
    });
}

/// Prints the same with instructions in place of nanoseconds. Of a million
/// entries there are too many to count.
pub fn print_instructions(work: &Work, data_set: &str) {
    if work.name.contains("stream") {
        return;
    }
    print(work, data_set, "instructions", |data_set, row| {
        let count =
            |name: &Name| instructions::per_pass(work.name, data_set.name, &name.to_string());
        row.names.iter().map(count).collect()
    });
}

fn print(
    work: &Work,
    filter: &str,
    unit: &str,
    measure: impl Fn(&DataSet, &mut Row<'_>) -> Vec<f64>,
) {
    println!("\n### {}: {unit} an entry\n", work.name);
    let data_sets = (work.data_sets)();
    for (index, data_set) in data_sets.iter().enumerate() {
        let mut row = (work.row)(data_set);
        if index == 0 {
            print_head(&row);
        }
        if data_set.name.contains(filter) {
            let per_pass = measure(data_set, &mut row);
            print_row(data_set, &row, &per_pass);
        }
    }
}

fn print_head(row: &Row<'_>) {
    let names: Vec<String> = row.names.iter().map(Name::to_string).collect();
    println!(
        "| | {} | ratios, and the most they may be |",
        names.join(" | ")
    );
    println!("|---|{}---|", "--:|".repeat(names.len()));
}

fn print_row(data_set: &DataSet, row: &Row<'_>, per_pass: &[f64]) {
    #[expect(clippy::cast_precision_loss, reason = "a million at most")]
    let entries = row.entries as f64;
    let per_entry: Vec<String> = per_pass
        .iter()
        .map(|it| format!("{:.1}", it / entries))
        .collect();
    println!(
        "| {} | {} | {} |",
        data_set.name,
        per_entry.join(" | "),
        ratios(row, per_pass).join("<br>"),
    );
    if row.entries == data::STREAM_LEN {
        let per_second = per_pass
            .iter()
            .map(|it| format!("{:.1}", 1e3 * entries / it));
        let per_second: Vec<String> = per_second.collect();
        println!(
            "| million entries a second | {} | |",
            per_second.join(" | ")
        );
    }
}

fn ratios(row: &Row<'_>, per_pass: &[f64]) -> Vec<String> {
    let of = |name: Name| {
        per_pass[row
            .names
            .iter()
            .position(|it| *it == name)
            .expect("a contender")]
    };
    let peers = || {
        row.names
            .iter()
            .copied()
            .filter(|it| matches!(it, Name::Peer(_)))
    };
    let ratio = |target: &crate::works::Target| {
        let peer = match target.against {
            Against::Peer(name) => Name::Peer(name),
            Against::FastestPeer => peers()
                .min_by(|a, b| of(*a).total_cmp(&of(*b)))
                .expect("a peer"),
        };
        let ratio = of(Name::Ours(target.ours)) / of(peer);
        let mark = if ratio <= target.at_most {
            "✓"
        } else {
            "**missed**"
        };
        format!(
            "{} / {peer}: {ratio:.2} ≤ {} {mark}",
            target.ours, target.at_most
        )
    };
    row.targets.iter().map(ratio).collect()
}
