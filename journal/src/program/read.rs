//! The verbs that print what a journal holds.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::{self, Display};
use std::hash::Hash;
use std::io::{self, BufWriter, Write};
use std::num::NonZero;
use std::path::Path;
use std::thread;
use std::time::{Duration, UNIX_EPOCH};

use lokryn_compliance_log::prost::encode_length_delimiter;
use lokryn_compliance_log::{EventType, Outcome, Severity};
use lokryn_journal::{JournalReader, Record, RecordsError};

use super::filter::Filter;
use super::time;
use super::{Done, Failure, count, finding, require_folder, wrong_use};

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
    let mut faults = 0_u64;
    if matches!(form, Form::Table) {
        out.write_all(HEAD.as_bytes())
            .or_else(|err| not_written(err, faults))?;
    }
    let mut print = |read: Result<Record<'_>, RecordsError>| {
        match read {
            Ok(record) => match form {
                Form::Lines => write_line(&mut out, &record),
                Form::Table => write!(out, "{}", Row(&record)),
                Form::Delimited => write_delimited(&mut out, record.bytes),
            }
            .or_else(|err| not_written(err, faults))?,
            Err(err) => {
                faults += 1;
                tell!("{err}");
            }
        }
        if follow {
            out.flush().or_else(|err| not_written(err, faults))
        } else {
            Ok(())
        }
    };
    if follow {
        let mut records = reader.follow()?;
        while let Some(record) = records.next_record() {
            if !record.as_ref().is_ok_and(|it| !filter.keeps(&it.view)) {
                print(record)?;
            }
        }
    } else {
        reader.select(cores(), |record| filter.keeps(&record.view), print)?;
    }
    out.flush().or_else(|err| not_written(err, faults))?;
    all_well(dir, faults)
}

fn cores() -> usize {
    thread::available_parallelism().map_or(1, NonZero::get)
}

fn reader(dir: &Path, filter: &Filter, beyond: bool) -> Done<JournalReader> {
    require_folder(dir)?;
    if let (Some(since), Some(until)) = (filter.since, filter.until)
        && since >= until
    {
        return Err(Failure::Use("--until is not after --since".into()));
    }
    let reader = JournalReader::open(dir)?;
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
        format_args!("{}; see verify", count(faults, "fault")),
    ))
}

/// Who reads has had enough, which is no failure: what has been found until then counts.
fn not_written(err: io::Error, faults: u64) -> Done {
    if err.kind() == io::ErrorKind::BrokenPipe {
        std::process::exit(i32::from(faults > 0));
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

/// How many rows of a kind are printed.
const MOST_ROWS: usize = 10;
/// About how many bytes of names of a kind are kept.
const ROOM: usize = 1 << 20;
/// What a name takes besides its bytes.
const NAME_LEN: usize = 128;
const BAR: usize = 40;
/// How many seconds a day has.
const DAY: u64 = 24 * 60 * 60;

/// How often each name comes. Once the names take too much room, new ones are counted
/// together: entries may have any number and any text.
struct Tally<K> {
    counts: HashMap<K, u64>,
    room: usize,
    others: u64,
}

impl<K: Eq + Hash> Tally<K> {
    fn new() -> Self {
        Self {
            counts: HashMap::new(),
            room: ROOM,
            others: 0,
        }
    }

    fn add<Q: Eq + Hash + ToOwned<Owned = K> + ?Sized>(&mut self, name: &Q)
    where
        K: Borrow<Q>,
    {
        let len = NAME_LEN + size_of_val(name);
        if let Some(count) = self.counts.get_mut(name) {
            *count += 1;
        } else if self.room >= len {
            self.room -= len;
            self.counts.insert(name.to_owned(), 1);
        } else {
            self.others += 1;
        }
    }

    /// Writes the names that come most often.
    fn write(
        &self,
        out: &mut impl Write,
        head: &str,
        name: impl Fn(&K) -> String,
        all: u64,
    ) -> io::Result<()> {
        let named = |(it, count): (&K, &u64)| (name(it), *count);
        let mut rows: Vec<_> = self.counts.iter().map(named).collect();
        rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let more = rows.len().saturating_sub(MOST_ROWS);
        let rest: u64 = rows.iter().skip(MOST_ROWS).map(|(_, count)| count).sum();
        rows.truncate(MOST_ROWS);
        write_bars(out, head, &rows, all)?;
        match (more, self.others) {
            (0, 0) => Ok(()),
            (0, others) => writeln!(out, "  others: {others}"),
            (_, 0) => writeln!(out, "  {more} others: {rest}"),
            (_, others) => writeln!(out, "  {more} others and more: {}", rest + others),
        }
    }
}

struct Counts {
    all: u64,
    events: Tally<i32>,
    outcomes: Tally<i32>,
    actors: Tally<String>,
    days: BTreeMap<u64, u64>,
}

impl Counts {
    fn add(&mut self, record: &Record<'_>) {
        self.all += 1;
        self.events.add(&record.view.event_type);
        self.outcomes.add(&record.view.outcome);
        self.actors.add(record.view.actor_id);
        let since = record.recorded_at.duration_since(UNIX_EPOCH);
        let day = since.unwrap_or_default().as_secs() / DAY;
        *self.days.entry(day).or_default() += 1;
    }
}

pub(crate) fn stats(dir: &Path, filter: &Filter) -> Done {
    let reader = reader(dir, filter, false)?;
    let mut records = reader.records()?;
    let mut counts = Counts {
        all: 0,
        events: Tally::new(),
        outcomes: Tally::new(),
        actors: Tally::new(),
        days: BTreeMap::new(),
    };
    let mut faults = 0;
    while let Some(record) = records.next_record() {
        match record {
            Ok(record) if filter.keeps(&record.view) => counts.add(&record),
            Ok(_) => {}
            Err(err) => {
                faults += 1;
                tell!("{err}");
            }
        }
    }
    let mut out = BufWriter::new(io::stdout().lock());
    let origin = reader.checkpoint().origin();
    write_counts(&mut out, &counts, origin)
        .and_then(|()| out.flush())
        .or_else(|err| not_written(err, faults))?;
    all_well(dir, faults)
}

fn write_counts(out: &mut impl Write, counts: &Counts, origin: &str) -> io::Result<()> {
    let all = counts.all;
    writeln!(out, "{}: {}", Cell(origin, 60), count(all, "record"))?;
    counts
        .events
        .write(out, "event", |it| event_name(*it), all)?;
    counts
        .outcomes
        .write(out, "outcome", |it| outcome_name(*it), all)?;
    counts.actors.write(out, "actor", String::clone, all)?;
    let day = |(day, count): (&u64, &u64)| {
        let time = time::print(UNIX_EPOCH + Duration::from_secs(day * DAY));
        (time.get(..10).unwrap_or_default().to_owned(), *count)
    };
    let days: Vec<_> = counts.days.iter().map(day).collect();
    write_bars(out, "day (UTC)", &days, all)
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
        let all = u128::from(all.max(1));
        let share = (u128::from(*count) * 1000 + all / 2) / all;
        let (percent, tenth) = (share / 10, share % 10);
        let name = Cell(name, 24);
        writeln!(
            out,
            "  {name:24} {bar:BAR$} {count:>10}  {percent:>3}.{tenth} %"
        )?;
    }
    Ok(())
}
