//! The program `lokryn-journal`.

/// Prints a line to standard error. Where that is closed or full, nobody is told, and the
/// status says it.
macro_rules! tell {
    ($($message:tt)*) => {{
        use std::io::Write as _;
        let message = format_args!($($message)*);
        let _ = writeln!(std::io::stderr(), "lokryn-journal: {message}");
    }};
}

mod program {
    use super::{Failure, Outcome, count, finding, is_folder, print, wrong_use};

    pub(crate) mod append;
    pub(crate) mod filter;
    pub(crate) mod read;
    pub(crate) mod time;
    pub(crate) mod verify;
}

use std::fmt::Display;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use lokryn_journal::beside;
use lokryn_journal::note::MAX_NOTE_LEN;
use lokryn_journal::tile::TileFolder;
use lokryn_journal::tree::Hashes as _;
use lokryn_journal::{
    Checkpoint, ConsistencyProof, ExportError, FileError, InclusionProof, Journal, JournalReader,
    LIMIT_MAX_RECORD_LEN, RecordsError, Signer, Verifier, VerifyError, export, salvage,
};

use program::filter::Filter;
use program::read::Form;

/// Keeps audit log entries in a folder, in order, dated and provable.
///
/// Exit status: 0 if all is well, 1 for a finding, 2 for wrong use.
#[derive(Parser)]
#[command(version)]
struct Program {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Writes a new private key to a file and prints the verifier key
    Keygen {
        /// The file, which must not exist
        file: PathBuf,
        /// The name of the key and of the log; the file's name and a random suffix if left out
        #[arg(long, value_name = "NAME")]
        origin: Option<String>,
    },
    /// Appends entries from standard input, and prints the number and time of each
    ///
    /// A line each, as ProtoJSON or as the readable line. What is printed is on the disk.
    /// What has come together is committed together, and waits for nothing more. A line
    /// that is no entry is reported and refused; the rest goes on.
    Append {
        /// The folder of the journal; made if there is none
        dir: PathBuf,
        /// The private key, as text or a file; DIR.key if left out, made for a new journal
        #[arg(long, value_name = "KEY")]
        key: Option<String>,
        /// The name of a new journal; the folder's and a random suffix if left out
        #[arg(long, value_name = "NAME")]
        origin: Option<String>,
        /// Reads length-delimited entries instead of lines, and keeps their bytes
        #[arg(long)]
        delimited: bool,
        /// Cuts off what a power cut has left before whole records, instead of refusing
        #[arg(long)]
        cut_whole_records: bool,
    },
    /// Prints records, a readable line each
    Cat {
        /// The folder of the journal
        dir: PathBuf,
        #[command(flatten)]
        filter: Filter,
        /// Prints length-delimited records
        #[arg(long, conflicts_with = "table")]
        delimited: bool,
        /// Prints a table
        #[arg(long)]
        table: bool,
        /// Waits for more at the end
        #[arg(long)]
        follow: bool,
        /// Goes on after the checkpoint; what lies there can still vanish in a power cut
        #[arg(long)]
        beyond_checkpoint: bool,
    },
    /// Counts records by event, outcome, actor and day
    Stats {
        /// The folder of the journal
        dir: PathBuf,
        #[command(flatten)]
        filter: Filter,
    },
    /// Reads everything again, and compares it with what was signed
    Verify {
        /// The folder of the journal
        dir: PathBuf,
        #[command(flatten)]
        keys: Keys,
        /// Compares with a checkpoint that was kept elsewhere
        #[arg(long, value_name = "CHECKPOINT")]
        against: Option<PathBuf>,
        /// Takes the tree below this record from the tiles
        #[arg(long, value_name = "SEQUENCE", default_value_t = 0)]
        from: u64,
        /// Prints the report as JSON
        #[arg(long)]
        json: bool,
    },
    /// Saves every record that can still be shown to be the one that was signed
    Salvage {
        /// The folder of the journal
        dir: PathBuf,
        /// The file for the records, length-delimited; it must not exist
        out: PathBuf,
        #[command(flatten)]
        keys: Keys,
    },
    /// Copies the journal to a new folder as a tlog-tiles log
    Export {
        /// The folder of the journal
        dir: PathBuf,
        /// The new folder
        out: PathBuf,
        #[command(flatten)]
        keys: Keys,
    },
    /// Prints the checkpoint, to be kept elsewhere
    Checkpoint {
        /// The folder of the journal
        dir: PathBuf,
        #[command(flatten)]
        keys: Keys,
    },
    /// Prints a proof that can be checked without the journal
    Prove {
        /// The folder of the journal
        dir: PathBuf,
        /// The record to prove, by its sequence number
        #[arg(required_unless_present = "consistency")]
        sequence: Option<u64>,
        /// Prove instead that nothing has changed since this checkpoint
        #[arg(long, value_name = "CHECKPOINT", conflicts_with = "sequence")]
        consistency: Option<PathBuf>,
        #[command(flatten)]
        keys: Keys,
    },
    /// Checks a proof, offline
    Check {
        /// The file with the proof, or - for standard input
        proof: PathBuf,
        /// The verifier key, as text or a file
        #[arg(long, value_name = "KEY", required = true)]
        vkey: Vec<String>,
        /// The record, without the length before it, that the proof shows to be in the log
        #[arg(long, value_name = "FILE", required_unless_present = "against")]
        record: Option<PathBuf>,
        /// The older checkpoint that the proof begins with
        #[arg(long, value_name = "CHECKPOINT", conflicts_with = "record")]
        against: Option<PathBuf>,
    },
}

#[derive(Args)]
struct Keys {
    /// The verifier key, as text or a file; DIR.vkey if left out. Repeat it for former keys
    #[arg(long, value_name = "KEY")]
    vkey: Vec<String>,
}

/// Why the program does not end with status 0.
#[derive(Debug)]
enum Failure {
    /// What was looked at is not as it should be.
    Finding(String),
    /// What was asked for cannot be done.
    Use(String),
}

impl Failure {
    fn status(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Finding(_) => 1,
            Self::Use(_) => 2,
        })
    }
}

impl Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Finding(message) | Self::Use(message) => f.write_str(message),
        }
    }
}

impl std::error::Error for Failure {}

type Outcome<T = ()> = Result<T, Failure>;

fn main() -> ExitCode {
    match run(Program::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell!("{failure}");
            failure.status()
        }
    }
}

fn run(verb: Verb) -> Outcome {
    match verb {
        Verb::Keygen { file, origin } => keygen(&file, origin),
        Verb::Append {
            dir,
            key,
            origin,
            delimited,
            cut_whole_records,
        } => {
            let mut options = Journal::options().cut_whole_records(cut_whole_records);
            if let Some(origin) = origin {
                options = options.origin(origin);
            }
            if let Some(key) = key {
                options = if Path::new(&key).exists() || !key.starts_with("PRIVATE+KEY+") {
                    options.key_file(key)
                } else {
                    let signer = key.parse().map_err(|err| wrong_use("--key", err))?;
                    options.signer(signer)
                };
            }
            program::append::append(&dir, options, delimited)
        }
        Verb::Cat {
            dir,
            filter,
            delimited,
            table,
            follow,
            beyond_checkpoint,
        } => {
            let form = match (delimited, table) {
                (true, _) => Form::Delimited,
                (false, true) => Form::Table,
                (false, false) => Form::Lines,
            };
            program::read::cat(&dir, &filter, form, follow, beyond_checkpoint)
        }
        Verb::Stats { dir, filter } => program::read::stats(&dir, &filter),
        Verb::Verify {
            dir,
            keys,
            against,
            from,
            json,
        } => {
            let known = keys.known(&dir)?;
            let against = against.map(|path| parse(&path)).transpose()?;
            program::verify::verify(&dir, &known, against.as_ref(), from, json)
        }
        Verb::Salvage { dir, out, keys } => salvage_to(&dir, &out, &keys.known(&dir)?),
        Verb::Export { dir, out, keys } => {
            checkpoint_of(&dir, &keys.known(&dir)?)?;
            let exported = export(&dir, &out).map_err(|err| match err {
                ExportError::File(err) => Failure::Use(err.to_string()),
                ExportError::Records(err) => err.into(),
                err => finding(dir.display(), err),
            })?;
            print(&format_args!(
                "{} exported\n",
                count(exported.size(), "record")
            ))
        }
        Verb::Checkpoint { dir, keys } => {
            let known = keys.known(&dir)?;
            print(&checkpoint_of(&dir, &known)?)
        }
        Verb::Prove {
            dir,
            sequence,
            consistency,
            keys,
        } => {
            let known = keys.known(&dir)?;
            match (sequence, consistency) {
                (Some(sequence), _) => prove_inclusion(&dir, sequence, &known),
                (None, Some(old)) => prove_consistency(&dir, &old, &known),
                (None, None) => Err(Failure::Use("neither SEQUENCE nor --consistency".into())),
            }
        }
        Verb::Check {
            proof,
            vkey,
            record,
            against,
        } => {
            let known = verifiers(&vkey)?;
            match (record, against) {
                (Some(record), _) => check_inclusion(&proof, &record, &known),
                (None, Some(old)) => check_consistency(&proof, &old, &known),
                (None, None) => Err(Failure::Use("neither --record nor --against".into())),
            }
        }
    }
}

fn keygen(file: &Path, origin: Option<String>) -> Outcome {
    let origin = if let Some(origin) = origin {
        origin
    } else {
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        let suffix = getrandom::u32().map_err(|err| wrong_use("no randomness", err))?;
        format!("{stem}-{suffix:08x}")
    };
    let signer = Signer::generate(&origin).map_err(|err| wrong_use(&origin, err))?;
    signer
        .write_new(file)
        .map_err(|err| wrong_use(file.display(), err))?;
    print(&format_args!("{}\n", signer.verifier()))
}

fn salvage_to(dir: &Path, out: &Path, known: &[Verifier]) -> Outcome {
    // Without it nothing can be shown, and no file is made.
    checkpoint_of(dir, known)?;
    let mut options = fs::File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options
        .open(out)
        .map_err(|err| wrong_use(out.display(), err))?;
    let salvaged = salvage_into(file, dir, out, known);
    if salvaged.is_err() {
        // Part of it, which nobody is to take for all. What went wrong is told.
        let _ = fs::remove_file(out);
    }
    let (records, size) = salvaged?;
    print(&format_args!(
        "{records} of {} are those that were signed\n",
        count(size, "record")
    ))?;
    if records < size {
        let lost = format!("{} lost", count(size - records, "record"));
        return Err(finding(dir.display(), lost));
    }
    Ok(())
}

/// Returns how many records were saved, and of how many.
fn salvage_into(file: fs::File, dir: &Path, out: &Path, known: &[Verifier]) -> Outcome<(u64, u64)> {
    let failed = |err: io::Error| wrong_use(out.display(), err);
    let mut file = io::BufWriter::new(file);
    let mut written = Ok(());
    let salvaged = salvage(dir, known, |record| {
        if written.is_ok() {
            written = program::read::write_delimited(&mut file, record);
        }
    })?;
    written.and_then(|()| file.flush()).map_err(failed)?;
    file.get_ref().sync_all().map_err(failed)?;
    Ok((salvaged.records, salvaged.size))
}

fn prove_inclusion(dir: &Path, sequence: u64, known: &[Verifier]) -> Outcome {
    let checkpoint = checkpoint_of(dir, known)?;
    let size = checkpoint.size();
    if sequence >= size {
        let message = format!("no record {sequence} below the checkpoint, which has {size}");
        return Err(Failure::Use(message));
    }
    let tiles = TileFolder::new(dir, size);
    let proof = InclusionProof::new(checkpoint, sequence, &tiles)
        .map_err(|err| finding(dir.display(), err))?;
    let leaf = tiles
        .node(0, sequence)
        .map_err(|err| finding(dir.display(), err))?;
    proof
        .verify_hash(leaf, known)
        .map_err(|err| finding(dir.join("tile").display(), err))?;
    print(&proof)
}

fn prove_consistency(dir: &Path, old: &Path, known: &[Verifier]) -> Outcome {
    let old_checkpoint: Checkpoint = parse(old)?;
    let checkpoint = checkpoint_of(dir, known)?;
    let tiles = TileFolder::new(dir, checkpoint.size());
    let proof = ConsistencyProof::new(checkpoint, old_checkpoint.size(), &tiles)
        .map_err(|err| finding(dir.display(), err))?;
    proof
        .verify(&old_checkpoint, known)
        .map_err(|err| finding(old.display(), err))?;
    print(&proof)
}

fn check_inclusion(proof: &Path, record: &Path, known: &[Verifier]) -> Outcome {
    let inclusion: InclusionProof = parse(proof)?;
    let record = read_record(record)?;
    inclusion
        .verify(&record, known)
        .map_err(|err| finding(proof.display(), err))?;
    let checkpoint = inclusion.checkpoint();
    print(&format_args!(
        "record {} of {}, whose checkpoint has {} records\n{}",
        inclusion.index(),
        checkpoint.origin(),
        checkpoint.size(),
        Unverified(checkpoint, known),
    ))
}

fn check_consistency(proof: &Path, old: &Path, known: &[Verifier]) -> Outcome {
    let consistency: ConsistencyProof = parse(proof)?;
    consistency
        .verify(&parse(old)?, known)
        .map_err(|err| finding(proof.display(), err))?;
    let checkpoint = consistency.checkpoint();
    print(&format_args!(
        "the first {} of {} records of {} have not changed\n{}",
        consistency.old_size(),
        checkpoint.size(),
        checkpoint.origin(),
        Unverified(checkpoint, known),
    ))
}

/// A line for each signature of a key that is not known.
struct Unverified<'a>(&'a Checkpoint, &'a [Verifier]);

impl Display for Unverified<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let verified = self.0.verify(self.1).map_err(|_| std::fmt::Error)?;
        let mut unverified = verified.unverified.iter();
        unverified.try_for_each(|s| writeln!(f, "not verified: the signature of {}", s.key()))
    }
}

impl Keys {
    /// The keys given, or the one beside the folder.
    fn known(&self, dir: &Path) -> Outcome<Vec<Verifier>> {
        is_folder(dir)?;
        if !self.vkey.is_empty() {
            return verifiers(&self.vkey);
        }
        let path = beside(dir, "vkey").map_err(|err| wrong_use(dir.display(), err))?;
        let key = Verifier::read(&path).map_err(|err| {
            wrong_use(
                path.display(),
                format_args!("{err}; --vkey gives another key"),
            )
        })?;
        Ok(vec![key])
    }
}

/// Keys as text, or in files.
fn verifiers(keys: &[String]) -> Outcome<Vec<Verifier>> {
    let verifier = |key: &String| {
        let path = Path::new(key);
        let read = if path.exists() {
            Verifier::read(path)
        } else if key.contains('+') {
            key.parse()
        } else {
            return Err(wrong_use(key, "neither a file nor a key"));
        };
        read.map_err(|err| wrong_use(key, err))
    };
    keys.iter().map(verifier).collect()
}

fn checkpoint_of(dir: &Path, known: &[Verifier]) -> Outcome<Checkpoint> {
    let reader = JournalReader::open(dir)?;
    let checkpoint = reader.checkpoint();
    match checkpoint.verify(known) {
        Ok(_) => Ok(checkpoint.clone()),
        Err(err) => Err(finding(dir.join("checkpoint").display(), err)),
    }
}

/// Refuses what is no folder. Whatever is wrong inside of one is a finding.
fn is_folder(dir: &Path) -> Outcome {
    match fs::metadata(dir) {
        Ok(it) if it.is_dir() => Ok(()),
        Ok(_) => Err(wrong_use(dir.display(), "not a folder")),
        Err(err) => Err(wrong_use(dir.display(), err)),
    }
}

impl From<FileError> for Failure {
    fn from(err: FileError) -> Self {
        let is_missing = err.io().kind() == io::ErrorKind::NotFound;
        match err.path() {
            path if is_missing && path.ends_with("checkpoint") => {
                finding(path.display(), "no checkpoint in the folder")
            }
            _ if is_missing => Self::Finding(err.to_string()),
            _ => Self::Use(err.to_string()),
        }
    }
}

impl From<RecordsError> for Failure {
    fn from(err: RecordsError) -> Self {
        match err {
            RecordsError::File(err) => err.into(),
            err => Self::Finding(err.to_string()),
        }
    }
}

impl From<VerifyError> for Failure {
    fn from(err: VerifyError) -> Self {
        match err {
            VerifyError::File(err) => err.into(),
            err => Self::Finding(err.to_string()),
        }
    }
}

/// Reads a record from a file, as much as one can have.
fn read_record(path: &Path) -> Outcome<Vec<u8>> {
    let mut record = Vec::new();
    let max = LIMIT_MAX_RECORD_LEN as u64;
    let read = fs::File::open(path).and_then(|file| file.take(max + 1).read_to_end(&mut record));
    read.map_err(|err| wrong_use(path.display(), err))?;
    if record.len() as u64 > max {
        return Err(wrong_use(path.display(), "longer than any record"));
    }
    Ok(record)
}

/// Parses a checkpoint or a proof, from standard input for `-`.
fn parse<T: std::str::FromStr<Err: Display>>(path: &Path) -> Outcome<T> {
    let text = read(path).map_err(|err| wrong_use(path.display(), err))?;
    text.parse().map_err(|err| finding(path.display(), err))
}

/// Reads a text, as much as a proof can have.
fn read(path: &Path) -> io::Result<String> {
    // A note, and up to 64 hashes of 45 bytes and some lines before it.
    let max = 2 * MAX_NOTE_LEN as u64;
    let mut text = String::new();
    if path == Path::new("-") {
        io::stdin().lock().take(max).read_to_string(&mut text)?;
    } else {
        fs::File::open(path)?.take(max).read_to_string(&mut text)?;
    }
    Ok(text)
}

fn print(text: &impl Display) -> Outcome {
    let mut out = io::stdout().lock();
    match write!(out, "{text}").and_then(|()| out.flush()) {
        // Who reads has had enough, which is no failure.
        Err(err) if err.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed.map_err(|err| wrong_use("standard output", err)),
    }
}

/// A number of things.
fn count(number: u64, thing: &str) -> String {
    let end = if number == 1 { "" } else { "s" };
    format!("{number} {thing}{end}")
}

fn finding(place: impl Display, err: impl Display) -> Failure {
    Failure::Finding(format!("{place}: {err}"))
}

fn wrong_use(place: impl Display, err: impl Display) -> Failure {
    Failure::Use(format!("{place}: {err}"))
}
