//! A table of ratios for each work, in Markdown. The figures behind them go to
//! standard error, as tab-separated values.

use crate::data::DataSet;
use crate::instructions;
use crate::measure::{self, Samples};
use crate::works::{Against, Name, Row, Target, Work};

/// How much more than its floor a work may take, where the floor alone takes more
/// than the limit.
const ABOVE_FLOOR: f64 = 1.1;

/// Prints the table of a work, of times.
pub fn print_times(work: &Work, data_set: &str) {
    print(work, data_set, "ns", |_, row| {
        measure::nanoseconds(&mut row.passes)
    });
}

/// Prints the same of instructions. Of a million entries there are too many to
/// count.
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
    println!("\n### {}\n", work.name);
    let data_sets = (work.data_sets)();
    for (index, data_set) in data_sets.iter().enumerate() {
        let mut row = (work.row)(data_set);
        if index == 0 {
            print_head(&row);
            eprint_names(work, unit, &row);
        }
        if data_set.name.contains(filter) {
            let samples = measure(data_set, &mut row);
            print_ratios(data_set, &row, &samples);
            eprint_figures(data_set, &row, &samples);
        }
    }
}

fn print_head(row: &Row<'_>) {
    let ratios = row.targets.iter().map(|target| {
        let peer = match target.against {
            Against::Peer(name) => name,
            Against::FastestPeer => "fastest peer",
        };
        format!("{} / {peer}", target.ours)
    });
    let ratios: Vec<String> = ratios.collect();
    println!("| | {} |", ratios.join(" | "));
    println!("|---|{}", "---|".repeat(ratios.len()));
}

fn print_ratios(data_set: &DataSet, row: &Row<'_>, samples: &Samples) {
    let ratios = row.targets.iter().map(|it| ratio(it, row, samples));
    let ratios: Vec<String> = ratios.collect();
    println!("| {} | {} |", data_set.name, ratios.join(" | "));
}

fn ratio(target: &Target, row: &Row<'_>, samples: &Samples) -> String {
    let index = |name| {
        let index = row.names.iter().position(|it| *it == name);
        index.expect("a contender")
    };
    let peers = || (0..row.names.len()).filter(|it| matches!(row.names[*it], Name::Peer(_)));
    let ours = index(Name::Ours(target.ours));
    let peer = match target.against {
        Against::Peer(name) => index(Name::Peer(name)),
        // The one that comes off best beside ours.
        Against::FastestPeer => peers()
            .max_by(|a, b| samples.ratio(ours, *a).total_cmp(&samples.ratio(ours, *b)))
            .expect("a peer"),
    };
    // As they are printed.
    let ratio = hundredths(samples.ratio(ours, peer));
    let limit = target.at_most;
    if ratio <= hundredths(limit) {
        return format!("{ratio:.2} ≤ {limit:.2}");
    }
    let floor = row.names.iter().position(|it| matches!(it, Name::Floor(_)));
    let floor = floor.map(|floor| hundredths(samples.ratio(floor, peer)));
    match floor {
        Some(floor) if ratio <= hundredths(floor * ABOVE_FLOOR) => {
            format!("{ratio:.2} ≤ {ABOVE_FLOOR} × {floor:.2}, the floor")
        }
        Some(floor) => format!("**{ratio:.2}** > {limit:.2}; floor {floor:.2}"),
        None => format!("**{ratio:.2}** > {limit:.2}"),
    }
}

fn hundredths(ratio: f64) -> f64 {
    (ratio * 100.0).round() / 100.0
}

fn eprint_names(work: &Work, unit: &str, row: &Row<'_>) {
    let names: Vec<String> = row.names.iter().map(Name::to_string).collect();
    eprintln!("\n{}, {unit} an entry\t{}", work.name, names.join("\t"));
}

fn eprint_figures(data_set: &DataSet, row: &Row<'_>, samples: &Samples) {
    #[expect(clippy::cast_precision_loss, reason = "a million at most")]
    let entries = row.entries as f64;
    let figures = (0..row.names.len()).map(|it| format!("{:.1}", samples.median(it) / entries));
    let figures: Vec<String> = figures.collect();
    eprintln!("{}\t{}", data_set.name, figures.join("\t"));
}
