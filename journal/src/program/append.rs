//! The verb that appends.

use std::cell::RefCell;
use std::fmt::Display;
use std::io::{self, BufRead as _, BufReader, BufWriter, Read, StdinLock, StdoutLock, Write as _};

use lokryn_compliance_log::LogEntry;
use lokryn_compliance_log::stream::{LogReader, ReadError};
use lokryn_journal::{AppendError, Journal, LIMIT_MAX_RECORD_LEN, OpenError, Options, Receipt};

use super::time;
use super::{Done, Failure, finding, wrong_use};

/// The longest line: that of the longest entry, every byte of it being escaped.
const MAX_LINE_LEN: u64 = 6 * LIMIT_MAX_RECORD_LEN as u64;
/// How many bytes of input are read, and committed together, at a time: what a pipe holds.
const READ_LEN: usize = 64 * 1024;

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
    let unacknowledged = RefCell::new(Unacknowledged {
        journal: journal.clone(),
        receipts: Vec::new(),
        out: BufWriter::new(io::stdout().lock()),
    });
    let mut appending = Appending {
        journal: &journal,
        unacknowledged: &unacknowledged,
        refused: 0,
    };
    let appended = if delimited {
        appending.delimited()
    } else {
        appending.lines()
    };
    let refused = appending.refused;
    // Where the input ends with an error there may be some.
    let acknowledged = unacknowledged.into_inner().acknowledge();
    let closed = journal.close().map_err(|err| finding(dir.display(), err));
    appended?;
    acknowledged?;
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

/// What has been appended and not been acknowledged.
struct Unacknowledged {
    journal: Journal,
    receipts: Vec<Receipt>,
    out: BufWriter<StdoutLock<'static>>,
}

impl Unacknowledged {
    /// Puts it on the disk, and says so.
    fn acknowledge(&mut self) -> Done {
        if self.receipts.is_empty() {
            return Ok(());
        }
        let synced = self.journal.sync();
        synced.map_err(|err| finding("not appended", err))?;
        self.print()
            .map_err(|err| wrong_use("standard output", err))
    }

    fn print(&mut self) -> io::Result<()> {
        for receipt in self.receipts.drain(..) {
            let time = time::print(receipt.recorded_at);
            writeln!(self.out, "{}\t{time}", receipt.sequence)?;
        }
        self.out.flush()
    }
}

/// Standard input. Whatever came with one read is acknowledged before the next, which may
/// have to wait: so it is committed together, and does not wait, and what is in memory is
/// bounded.
struct Input<'a> {
    stdin: StdinLock<'static>,
    unacknowledged: &'a RefCell<Unacknowledged>,
}

impl<'a> Input<'a> {
    fn new(unacknowledged: &'a RefCell<Unacknowledged>) -> BufReader<Self> {
        let stdin = io::stdin().lock();
        let input = Self {
            stdin,
            unacknowledged,
        };
        BufReader::with_capacity(READ_LEN, input)
    }
}

impl Read for Input<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let acknowledged = self.unacknowledged.borrow_mut().acknowledge();
        acknowledged.map_err(io::Error::other)?;
        self.stdin.read(buf)
    }
}

/// What is wrong with the input, or with what was to be acknowledged before it was read.
fn not_read(err: io::Error) -> Failure {
    err.downcast()
        .unwrap_or_else(|err| wrong_use("standard input", err))
}

struct Appending<'a> {
    journal: &'a Journal,
    unacknowledged: &'a RefCell<Unacknowledged>,
    refused: u64,
}

impl Appending<'_> {
    fn lines(&mut self) -> Done {
        let mut input = Input::new(self.unacknowledged);
        let mut line = Vec::new();
        for number in 1_u64.. {
            line.clear();
            let mut start = input.by_ref().take(MAX_LINE_LEN + 1);
            if start.read_until(b'\n', &mut line).map_err(not_read)? == 0 {
                return Ok(());
            }
            let place = format_args!("line {number}");
            if line.len() as u64 > MAX_LINE_LEN {
                if line.last() != Some(&b'\n') {
                    input.skip_until(b'\n').map_err(not_read)?;
                }
                self.refuse(place, format_args!("longer than {MAX_LINE_LEN} bytes"));
            } else if !line.trim_ascii().is_empty() {
                match parse(&line) {
                    Ok(entry) => self.take(place, self.journal.append_unsynced(&entry))?,
                    Err(why) => self.refuse(place, why),
                }
            }
        }
        Ok(())
    }

    fn delimited(&mut self) -> Done {
        let mut reader = LogReader::new(Input::new(self.unacknowledged));
        for number in 1_u64.. {
            let Some(frame) = reader.next_view() else {
                return Ok(());
            };
            let place = format_args!("entry {number}");
            match frame {
                Ok(frame) => {
                    self.take(place, self.journal.append_encoded_unsynced(frame.bytes))?;
                }
                Err(err @ (ReadError::Malformed { .. } | ReadError::Empty { .. })) => {
                    self.refuse(place, err);
                }
                Err(ReadError::Io(err)) => return Err(not_read(err)),
                Err(err) => return Err(finding("standard input", format_args!("{place}: {err}"))),
            }
        }
        Ok(())
    }

    /// Takes what came of appending an entry.
    fn take(&mut self, place: impl Display, appended: Result<Receipt, AppendError>) -> Done {
        match appended {
            Ok(receipt) => self.unacknowledged.borrow_mut().receipts.push(receipt),
            Err(AppendError::Closed(err)) => return Err(finding("not appended", err)),
            Err(err) => self.refuse(place, err),
        }
        Ok(())
    }

    fn refuse(&mut self, place: impl Display, why: impl Display) {
        self.refused += 1;
        tell!("{place}: {why}");
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
