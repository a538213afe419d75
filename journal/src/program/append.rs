//! The verb that appends.

use std::io::{self, BufRead, BufReader, BufWriter, Read as _, Write};

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::{LogReader, ReadError};
use lokryn_journal::{AppendError, Journal, LIMIT_MAX_RECORD_LEN, OpenError, Options, Receipt};

use super::time;
use super::{Failure, Outcome as Done, finding, wrong_use};

/// The longest line: that of the longest entry, every byte of it being escaped.
const MAX_LINE_LEN: u64 = 6 * LIMIT_MAX_RECORD_LEN as u64;

pub(crate) fn append(dir: &std::path::Path, options: Options, delimited: bool) -> Done {
    let journal = options.open(dir).map_err(|err| not_opened(&err))?;
    let opening = journal.opening();
    if opening.taken_in > 0 {
        let records = super::count(opening.taken_in, "record");
        tell!("taken in, and signed: {records} beyond the checkpoint");
    }
    if let Some(cut) = &opening.cut {
        let kept = cut.kept.display();
        tell!("cut off {} bytes, kept in {kept}", cut.len);
    }
    let mut appending = Appending {
        journal: journal.clone(),
        out: BufWriter::new(io::stdout().lock()),
        waiting: Vec::new(),
        refused: 0,
    };
    let appended = if delimited {
        appending.delimited()
    } else {
        appending.lines()
    };
    let refused = appending.refused;
    drop(appending);
    let closed = journal.close().map_err(|err| finding(dir.display(), err));
    appended?;
    closed?;
    if refused > 0 {
        let entries = if refused == 1 { "entry" } else { "entries" };
        return Err(Failure::Finding(format!("{refused} {entries} refused")));
    }
    Ok(())
}

/// Says what to do, where that is not plain.
fn not_opened(err: &OpenError) -> Failure {
    let advice = match err {
        OpenError::Shorter { .. } | OpenError::OldCheckpoint { .. } => {
            "; the end is missing, or this is an old backup: restore a newer one, \
             or begin a journal in another folder"
        }
        OpenError::Damaged { .. }
        | OpenError::Changed { .. }
        | OpenError::Gap { .. }
        | OpenError::Checkpoint { .. }
        | OpenError::NoCheckpoint { .. } => {
            "; verify says what is wrong, and salvage saves what is right: \
             restore a backup, or begin a journal in another folder"
        }
        OpenError::WholeRecords { .. } => {
            "; look at them, and then --cut-whole-records cuts them off and keeps them in a file"
        }
        OpenError::NoKey { .. } | OpenError::OtherKey { .. } => "; --key gives another key",
        _ => "",
    };
    let message = format!("not opened: {err}{advice}");
    match err {
        OpenError::File(_)
        | OpenError::Locked { .. }
        | OpenError::Key { .. }
        | OpenError::OtherLog { .. }
        | OpenError::Option(_) => Failure::Use(message),
        _ => Failure::Finding(message),
    }
}

struct Appending<W: Write> {
    journal: Journal,
    out: W,
    /// What has been appended and not been acknowledged.
    waiting: Vec<Receipt>,
    refused: u64,
}

impl<W: Write> Appending<W> {
    fn lines(&mut self) -> Done {
        let mut input = BufReader::with_capacity(1 << 16, io::stdin().lock());
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let read = input
                .by_ref()
                .take(MAX_LINE_LEN + 1)
                .read_until(b'\n', &mut line);
            if read.map_err(|err| wrong_use("standard input", err))? == 0 {
                return Ok(());
            }
            let is_too_long = line.len() as u64 > MAX_LINE_LEN;
            if is_too_long && line.last() != Some(&b'\n') {
                let skipped = input.skip_until(b'\n');
                skipped.map_err(|err| wrong_use("standard input", err))?;
            }
            let is_last = !input.buffer().contains(&b'\n');
            if is_too_long {
                let why = format!("longer than {MAX_LINE_LEN} bytes");
                self.refuse(number, &why, is_last)?;
                continue;
            }
            if line.trim_ascii().is_empty() {
                if is_last {
                    self.settle()?;
                }
                continue;
            }
            match parse(&line) {
                Ok(entry) => self.append(number, is_last, |journal, is_last| {
                    if is_last {
                        journal.append(&entry)
                    } else {
                        journal.append_unsynced(&entry)
                    }
                })?,
                Err(why) => self.refuse(number, &why, is_last)?,
            }
        }
        Ok(())
    }

    fn delimited(&mut self) -> Done {
        let input = BufReader::with_capacity(1 << 16, io::stdin().lock());
        let mut reader = LogReader::new(input);
        for number in 1_u64.. {
            match reader.next_view() {
                None => return Ok(()),
                Some(Ok(frame)) => {
                    let bytes = frame.bytes;
                    self.append(number, true, |journal, _| journal.append_encoded(bytes))?;
                }
                Some(Err(err @ (ReadError::Malformed { .. } | ReadError::Empty { .. }))) => {
                    self.refuse(number, &err.to_string(), true)?;
                }
                Some(Err(err)) => return Err(finding("standard input", err)),
            }
        }
        Ok(())
    }

    fn append(
        &mut self,
        number: u64,
        is_last: bool,
        append: impl FnOnce(&Journal, bool) -> Result<Receipt, AppendError>,
    ) -> Done {
        match append(&self.journal, is_last) {
            Ok(receipt) => {
                self.waiting.push(receipt);
                if is_last { self.acknowledge() } else { Ok(()) }
            }
            Err(AppendError::Closed(err)) => Err(finding("not appended", err)),
            Err(err) => self.refuse(number, &err.to_string(), is_last),
        }
    }

    fn refuse(&mut self, number: u64, why: &str, is_last: bool) -> Done {
        self.refused += 1;
        tell!("line {number}: {why}");
        if is_last { self.settle() } else { Ok(()) }
    }

    /// Makes what is waiting last where no entry comes that would, and says so.
    fn settle(&mut self) -> Done {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let synced = self.journal.sync();
        synced.map_err(|err| finding("not appended", err))?;
        self.acknowledge()
    }

    /// Says what is on the disk.
    fn acknowledge(&mut self) -> Done {
        for receipt in self.waiting.drain(..) {
            let time = time::print(receipt.recorded_at);
            writeln!(self.out, "{}\t{time}", receipt.sequence)
                .map_err(|err| wrong_use("standard output", err))?;
        }
        let flushed = self.out.flush();
        flushed.map_err(|err| wrong_use("standard output", err))
    }
}

/// Reads an entry off a line: ProtoJSON or the readable line.
fn parse(line: &[u8]) -> Result<LogEntry, String> {
    let text = str::from_utf8(line).map_err(|_| "no text".to_owned())?;
    let proto_json = serde_json::from_str(text);
    proto_json.or_else(|err| {
        let readable = LogEntry::from_json_line(text.trim());
        readable.map_err(|readable| {
            format!("neither ProtoJSON ({err}) nor a readable line ({readable})")
        })
    })
}
