//! The tables, in Markdown.

use crate::data::{self, DataSet};
use crate::instructions;
use crate::measure::{self, Samples};
use crate::works::{Against, Name, Row, Target, Work};

/// Prints the table of a work: the median nanoseconds an entry of each
/// contender, and whether the targets are reached.
pub fn print_times(work: &Work, data_set: &str) {
    print(work, data_set, "ns", |_, row| {
        measure::nanoseconds(&mut row.passes)
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
        Samples(row.names.iter().map(|name| vec![count(name)]).collect())
    });
}

fn print(
    work: &Work,
    filter: &str,
    unit: &str,
    measure: impl Fn(&DataSet, &mut Row<'_>) -> Samples,
) {
    println!("\n### {}: {unit} an entry\n", work.name);
    let data_sets = (work.data_sets)();
    for (index, data_set) in data_sets.iter().enumerate() {
        let mut row = (work.row)(data_set);
        if index == 0 {
            print_head(&row);
        }
        if data_set.name.contains(filter) {
            let samples = measure(data_set, &mut row);
            print_row(data_set, &row, &samples);
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

fn print_row(data_set: &DataSet, row: &Row<'_>, samples: &Samples) {
    #[expect(clippy::cast_precision_loss, reason = "a million at most")]
    let entries = row.entries as f64;
    let per_entry = (0..row.names.len()).map(|index| samples.median(index) / entries);
    let per_entry: Vec<f64> = per_entry.collect();
    println!(
        "| {} | {} | {} |",
        data_set.name,
        cells(&per_entry, |it| it),
        ratios(row, samples).join("<br>"),
    );
    if row.entries == data::STREAM_LEN {
        println!(
            "| million entries a second | {} | |",
            cells(&per_entry, |it| 1e3 / it)
        );
    }
}

fn cells(values: &[f64], figure: impl Fn(f64) -> f64) -> String {
    let cells: Vec<String> = values
        .iter()
        .map(|it| format!("{:.1}", figure(*it)))
        .collect();
    cells.join(" | ")
}

fn ratios(row: &Row<'_>, samples: &Samples) -> Vec<String> {
    let index = |name| {
        let index = row.names.iter().position(|it| *it == name);
        index.expect("a contender")
    };
    let peers = || (0..row.names.len()).filter(|it| matches!(row.names[*it], Name::Peer(_)));
    let ratio = |target: &Target| {
        let ours = index(Name::Ours(target.ours));
        let peer = match target.against {
            Against::Peer(name) => index(Name::Peer(name)),
            // The one that comes off best beside ours.
            Against::FastestPeer => peers()
                .max_by(|a, b| samples.ratio(ours, *a).total_cmp(&samples.ratio(ours, *b)))
                .expect("a peer"),
        };
        // As it is printed.
        let ratio = (samples.ratio(ours, peer) * 100.0).round() / 100.0;
        let mark = if ratio <= target.at_most {
            "✓"
        } else {
            "**missed**"
        };
        format!(
            "{} / {}: {ratio:.2} ≤ {} {mark}",
            target.ours, row.names[peer], target.at_most
        )
    };
    row.targets.iter().map(ratio).collect()
}
