//! Compares the log with what the service has answered.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use lokryn_compliance_log::Standard;
use lokryn_compliance_log::stream::LogReader;

use crate::Result;

pub fn run(log: &Path) -> Result<()> {
    let mut times = HashMap::<String, u32>::new();
    let mut outcomes = BTreeMap::<_, u32>::new();
    for entry in LogReader::new(BufReader::new(File::open(log)?)) {
        let entry = entry?;
        entry.validate_for(Standard::PciDss)?;
        entry.validate_for(Standard::NistAu3)?;
        if entry.source_address()?.is_none() || entry.detail::<&str>("trace_id")?.is_none() {
            return Err("an entry without an address or a trace".into());
        }
        let id = entry.event_id()?.ok_or("an entry without an identifier")?;
        *times.entry(id).or_default() += 1;
        *outcomes
            .entry((entry.event_type, entry.outcome))
            .or_default() += 1;
    }
    let answered: Vec<String> = io::stdin().lines().collect::<io::Result<_>>()?;
    let lost = answered
        .iter()
        .filter(|id| !times.contains_key(*id))
        .count();
    let twice = times.values().filter(|times| **times > 1).count();
    println!(
        "{} answered, {} recorded, {lost} lost, {twice} recorded twice, {} kinds",
        answered.len(),
        times.len(),
        outcomes.len()
    );
    if answered.is_empty() || lost > 0 || twice > 0 || outcomes.len() != 4 {
        return Err("the log is not what was answered".into());
    }
    Ok(())
}
