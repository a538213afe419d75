//! The verb that verifies.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use lokryn_journal::{Checkpoint, Report, Verification, Verifier};
use serde_json::json;

use super::{Done, count, finding, print, wrong_use};

const BAR: usize = 40;

pub(crate) fn verify(
    dir: &Path,
    known: &[Verifier],
    against: Option<&Checkpoint>,
    from: u64,
    as_json: bool,
) -> Done {
    let is_shown = io::stderr().is_terminal();
    let mut last = usize::MAX;
    let mut progress = |read: u64, size: u64| {
        let share = u128::from(read) * BAR as u128 / u128::from(size.max(1));
        let share = usize::try_from(share).unwrap_or(BAR).min(BAR);
        if is_shown && share != last {
            last = share;
            let (done, left) = ("█".repeat(share), "░".repeat(BAR - share));
            let _ = write!(io::stderr(), "\r{done}{left} {read} of {size}");
        }
    };
    let mut verification = Verification::new(dir, known)
        .from(from)
        .progress(&mut progress);
    if let Some(against) = against {
        verification = verification.against(against);
    }
    let report = verification.run();
    if is_shown {
        let _ = write!(io::stderr(), "\r\x1b[K");
    }
    let report = report?;
    if from > 0 && from >= report.size {
        let message = format!(
            "no record {from} below the checkpoint, which has {}",
            report.size
        );
        return Err(wrong_use("--from", message));
    }
    if as_json {
        print(&format_args!("{}\n", to_json(&report)))?;
    } else {
        print(&to_text(&report, against))?;
    }
    if report.is_ok() {
        return Ok(());
    }
    let faults = report.faults.len() as u64 + report.more_faults;
    Err(finding(dir.display(), count(faults, "fault")))
}

fn to_text(report: &Report, against: Option<&Checkpoint>) -> String {
    let Report {
        proved,
        size,
        origin,
        ..
    } = report;
    let mut lines: Vec<String> = report.faults.iter().map(|it| format!("✗ {it}")).collect();
    if report.more_faults > 0 {
        lines.push(format!("✗ and {} more", report.more_faults));
    }
    let mark = if report.is_ok() { '✓' } else { '·' };
    lines.push(format!(
        "{mark} {proved} of {size} records of {origin} are those that were signed"
    ));
    if report.from_tiles > 0 {
        let count = report.from_tiles;
        lines.push(format!(
            "· {count} records were not read: the tree below is the tiles'"
        ));
    }
    let unverified = report.unverified.iter();
    lines.extend(unverified.map(|key| format!("· not verified: the signature of {key}")));
    match against {
        Some(against) if report.is_ok() => lines.push(format!(
            "✓ the first {} are those of the checkpoint kept elsewhere",
            against.size()
        )),
        Some(_) => {}
        None => lines.push(
            "· not shown: what whoever holds the key has rewritten or cut off; \
             compare with a checkpoint kept elsewhere (--against)"
                .into(),
        ),
    }
    lines.push(String::new());
    lines.join("\n")
}

fn to_json(report: &Report) -> serde_json::Value {
    let faults: Vec<String> = report.faults.iter().map(ToString::to_string).collect();
    json!({
        "ok": report.is_ok(),
        "origin": report.origin,
        "size": report.size,
        "proved": report.proved,
        "from_tiles": report.from_tiles,
        "not_verified": report.unverified,
        "faults": faults,
        "more_faults": report.more_faults,
    })
}
