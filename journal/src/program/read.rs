//! The verbs that print what a journal holds.

use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::path::Path;
use std::thread;

use lokryn_compliance_log::prost::encode_length_delimiter;
use lokryn_compliance_log::{EventType, LogEntryView, Outcome, Severity};
use lokryn_journal::{JournalReader, Record, RecordsError};

use super::filter::Filter;
use super::time;
use super::{Failure, Outcome as Done, finding, wrong_use};

/// How records are printed.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Lines,
    Table,
    Delimited,
}

pub(crate) fn cat(dir: &Path, filter: &Filter, form: Form, follow: bool, beyond: bool) -> Done {
    let reader = reader(dir, filter, beyond)?;
    let mut out = BufWriter::new(io::stdout().lock());
    if matches!(form, Form::Table) {
        out.write_all(HEAD.as_bytes()).or_else(closed)?;
    }
    let mut faults = 0_u64;
    let mut print = |read: Result<Record<'_>, RecordsError>| {
        match read {
            Ok(record) => match form {
                Form::Lines => write_line(&mut out, &record),
                Form::Table => write!(out, "{}", Row(&record)),
                Form::Delimited => write_delimited(&mut out, record.bytes),
            }
            .or_else(closed)?,
            Err(err) => {
                faults += 1;
                eprintln!("lokryn-journal: {err}");
            }
        }
        if follow {
            out.flush().or_else(closed)
        } else {
            Ok(())
        }
    };
    if follow {
        let mut records = reader.follow().map_err(|err| finding(dir.display(), err))?;
        while let Some(record) = records.next_record() {
            if !record.as_ref().is_ok_and(|it| !filter.keeps(&it.view)) {
                print(record)?;
            }
        }
    } else {
        reader.select(cores(), |record| filter.keeps(&record.view), print)?;
    }
    out.flush().or_else(closed)?;
    all_well(dir, faults)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

impl From<RecordsError> for Failure {
    fn from(err: RecordsError) -> Self {
        Self::Finding(err.to_string())
    }
}

fn reader(dir: &Path, filter: &Filter, beyond: bool) -> Done<JournalReader> {
    let reader = JournalReader::open(dir).map_err(|err| wrong_use(dir.display(), err))?;
    let reader = filter.since.into_iter().fold(reader, JournalReader::since);
    let reader = filter.until.into_iter().fold(reader, JournalReader::until);
    Ok(if beyond {
        reader.beyond_checkpoint()
    } else {
        reader
    })
}

fn all_well(dir: &Path, faults: u64) -> Done {
    if faults == 0 {
        return Ok(());
    }
    Err(finding(
        dir.display(),
        format_args!("{faults} faults; see verify"),
    ))
}

/// Who reads has had enough, which is no failure; everything else is.
fn closed(err: io::Error) -> Done {
    if err.kind() == io::ErrorKind::BrokenPipe {
        std::process::exit(0);
    }
    Err(wrong_use("standard output", err))
}

/// The readable line, with the place and the time of the record before the rest.
fn write_line(out: &mut impl Write, record: &Record<'_>) -> io::Result<()> {
    let line = record.view.to_entry().json_line().to_string();
    let (sequence, time) = (record.sequence, time::print(record.recorded_at));
    let rest = line.strip_prefix('{').unwrap_or(&line);
    let comma = if rest.starts_with('}') { "" } else { "," };
    writeln!(
        out,
        r#"{{"sequence":{sequence},"recorded_at":"{time}"{comma}{rest}"#
    )
}

pub(crate) fn write_delimited(out: &mut impl Write, record: &[u8]) -> io::Result<()> {
    let mut frame = Vec::with_capacity(record.len() + 5);
    encode_length_delimiter(record.len(), &mut frame)?;
    frame.extend_from_slice(record);
    out.write_all(&frame)
}

const HEAD: &str = "sequence  recorded at           severity   event               \
    outcome               actor                 resource\n";

/// A line of the table.
struct Row<'a>(&'a Record<'a>);

impl Display for Row<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Record { sequence, view, .. } = self.0;
        let time = time::print(self.0.recorded_at);
        let time = time.get(..19).unwrap_or_default().replace('T', " ");
        let (severity, event) = (severity_name(view.severity), event_name(view.event_type));
        let outcome = outcome_name(view.outcome);
        let actor = Cell(view.actor_id, 20);
        let resource = Cell(view.resource, 60);
        writeln!(
            f,
            "{sequence:>8}  {time}  {severity:9}  {event:18}  {outcome:20}  {actor:20}  {resource}"
        )
    }
}

/// Text from outside in a table: what could command a terminal is escaped, what is too
/// long is cut.
struct Cell<'a>(&'a str, usize);

impl Display for Cell<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let escape = |c: char| match c {
            '\'' | '"' => c.to_string(),
            c => c.escape_debug().to_string(),
        };
        let mut text: String = self.0.chars().take(self.1 + 1).map(escape).collect();
        if text.chars().count() > self.1 {
            text = text.chars().take(self.1 - 1).collect();
            text.push('…');
        }
        f.pad(&text)
    }
}

fn name(text: Option<&str>, prefix: &str, number: i32) -> String {
    match text {
        Some(text) => text.strip_prefix(prefix).unwrap_or(text).to_lowercase(),
        None => number.to_string(),
    }
}

fn event_name(number: i32) -> String {
    let known = EventType::try_from(number).ok();
    name(known.map(|it| it.as_str_name()), "EVENT_", number)
}

fn outcome_name(number: i32) -> String {
    let known = Outcome::try_from(number).ok();
    name(known.map(|it| it.as_str_name()), "OUTCOME_", number)
}

fn severity_name(number: i32) -> String {
    let known = Severity::try_from(number).ok();
    name(known.map(|it| it.as_str_name()), "SEVERITY_", number)
}

/// More actors than this are counted together.
const MOST_ACTORS: usize = 10_000;
/// How many actors are printed.
const ACTORS: usize = 10;
const BAR: usize = 40;

#[derive(Default)]
struct Counts {
    all: u64,
    events: BTreeMap<i32, u64>,
    outcomes: BTreeMap<i32, u64>,
    actors: HashMap<String, u64>,
    other_actors: u64,
    days: BTreeMap<String, u64>,
}

impl Counts {
    fn add(&mut self, day: &str, entry: &LogEntryView<'_>) {
        self.all += 1;
        *self.events.entry(entry.event_type).or_default() += 1;
        *self.outcomes.entry(entry.outcome).or_default() += 1;
        if let Some(count) = self.actors.get_mut(entry.actor_id) {
            *count += 1;
        } else if self.actors.len() < MOST_ACTORS {
            self.actors.insert(entry.actor_id.to_owned(), 1);
        } else {
            self.other_actors += 1;
        }
        if let Some(count) = self.days.get_mut(day) {
            *count += 1;
        } else {
            self.days.insert(day.to_owned(), 1);
        }
    }
}

pub(crate) fn stats(dir: &Path, filter: &Filter) -> Done {
    let reader = reader(dir, filter, false)?;
    let records = reader.records();
    let mut records = records.map_err(|err| finding(dir.display(), err))?;
    let mut counts = Counts::default();
    let mut faults = 0;
    while let Some(record) = records.next_record() {
        match record {
            Ok(record) if filter.keeps(&record.view) => {
                let time = time::print(record.recorded_at);
                counts.add(time.get(..10).unwrap_or_default(), &record.view);
            }
            Ok(_) => {}
            Err(err) => {
                faults += 1;
                eprintln!("lokryn-journal: {err}");
            }
        }
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let origin = reader.checkpoint().origin();
    write_counts(&mut out, &counts, origin)
        .and_then(|()| out.flush())
        .or_else(closed)?;
    all_well(dir, faults)
}

fn write_counts(out: &mut impl Write, counts: &Counts, origin: &str) -> io::Result<()> {
    writeln!(out, "{}: {} records", Cell(origin, 60), counts.all)?;
    let named = |numbers: &BTreeMap<i32, u64>, name: fn(i32) -> String| {
        let mut rows: Vec<_> = numbers
            .iter()
            .map(|(it, count)| (name(*it), *count))
            .collect();
        rows.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        rows
    };
    write_bars(out, "event", &named(&counts.events, event_name), counts.all)?;
    write_bars(
        out,
        "outcome",
        &named(&counts.outcomes, outcome_name),
        counts.all,
    )?;
    let mut actors: Vec<_> = counts
        .actors
        .iter()
        .map(|(it, count)| (it.clone(), *count))
        .collect();
    actors.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let rest: u64 = actors.iter().skip(ACTORS).map(|(_, count)| count).sum();
    let more = actors.len().saturating_sub(ACTORS);
    actors.truncate(ACTORS);
    write_bars(out, "actor", &actors, counts.all)?;
    if more > 0 {
        let and = if counts.other_actors > 0 {
            " and more"
        } else {
            ""
        };
        writeln!(out, "  {more} others{and}: {}", rest + counts.other_actors)?;
    }
    let days: Vec<_> = counts
        .days
        .iter()
        .map(|(day, count)| (day.clone(), *count))
        .collect();
    write_bars(out, "day (UTC)", &days, counts.all)
}

fn write_bars(
    out: &mut impl Write,
    head: &str,
    rows: &[(String, u64)],
    all: u64,
) -> io::Result<()> {
    writeln!(out, "\n{head}")?;
    let most = rows
        .iter()
        .map(|(_, count)| *count)
        .max()
        .unwrap_or(1)
        .max(1);
    for (name, count) in rows {
        // In eighths of a character.
        let eighths = u128::from(*count) * 8 * BAR as u128 / u128::from(most);
        let eighths = usize::try_from(eighths).unwrap_or_default().max(1);
        let mut bar = "█".repeat(eighths / 8);
        bar.push_str(["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]);
        let share = u128::from(*count) * 1000 / u128::from(all.max(1));
        let (percent, tenth) = (share / 10, share % 10);
        let name = Cell(name, 24);
        writeln!(
            out,
            "  {name:24} {bar:BAR$} {count:>10}  {percent:>3}.{tenth} %"
        )?;
    }
    Ok(())
}
