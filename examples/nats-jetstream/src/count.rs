//! Compares what the server acknowledged with what the archive has.

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufReader};
use std::path::Path;

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::LogReader;

use crate::Result;

pub fn run(dir: &Path, notes: &[&str]) -> Result<()> {
    let mut times = HashMap::<String, u64>::new();
    let mut valid = 0;
    for entry in read(&dir.join("audit.binpb"))? {
        let entry = entry?;
        entry.validate()?;
        valid += 1;
        *times.entry(entry.resource).or_default() += 1;
    }
    let mut rejected = 0;
    for entry in read(&dir.join("rejected.binpb"))? {
        rejected += 1;
        let message = LogEntry::from_bytes(&entry?.payload)?;
        *times.entry(message.resource).or_default() += 1;
    }

    let notes: Vec<String> = notes
        .iter()
        .map(fs::read_to_string)
        .collect::<io::Result<_>>()?;
    // A line without an end is one that its writer did not live to finish.
    let acknowledged: HashSet<&str> = notes
        .iter()
        .flat_map(|note| note.split_inclusive('\n'))
        .filter_map(|line| line.strip_suffix('\n'))
        .collect();
    let lost = acknowledged
        .iter()
        .filter(|resource| !times.contains_key(**resource))
        .count();
    let duplicated = times.values().filter(|times| **times > 1).count();
    println!(
        "{} acknowledged, {valid} archived, {rejected} rejected, {lost} lost, {duplicated} duplicated",
        acknowledged.len()
    );
    if lost > 0 || duplicated > 0 || acknowledged.is_empty() || rejected != acknowledged.len() / 100
    {
        return Err("the archive is not what was acknowledged".into());
    }
    Ok(())
}

fn read(path: &Path) -> Result<LogReader<BufReader<File>>> {
    Ok(LogReader::new(BufReader::new(File::open(path)?)))
}
