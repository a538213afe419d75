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

mod program;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use lokryn_journal::{ExportError, Journal, Signer, Verifier, beside, export};

use program::filter::Filter;
use program::read::Form;
use program::{
    Done, Failure, append, checkpoint_of, count, finding, parse, print, proofs, read,
    require_folder, salvage, verify, wrong_use,
};

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

fn main() -> ExitCode {
    match run(Program::parse().verb) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell!("{failure}");
            failure.status()
        }
    }
}

fn run(verb: Verb) -> Done {
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
            append::append(&dir, options, delimited)
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
            read::cat(&dir, &filter, form, follow, beyond_checkpoint)
        }
        Verb::Stats { dir, filter } => read::stats(&dir, &filter),
        Verb::Verify {
            dir,
            keys,
            against,
            from,
            json,
        } => {
            let known = keys.known(&dir)?;
            let against = against.map(|path| parse(&path)).transpose()?;
            verify::verify(&dir, &known, against.as_ref(), from, json)
        }
        Verb::Salvage { dir, out, keys } => salvage::salvage(&dir, &out, &keys.known(&dir)?),
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
                (Some(sequence), _) => proofs::prove_inclusion(&dir, sequence, &known),
                (None, Some(old)) => proofs::prove_consistency(&dir, &old, &known),
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
                (Some(record), _) => proofs::check_inclusion(&proof, &record, &known),
                (None, Some(old)) => proofs::check_consistency(&proof, &old, &known),
                (None, None) => Err(Failure::Use("neither --record nor --against".into())),
            }
        }
    }
}

fn keygen(file: &Path, origin: Option<String>) -> Done {
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

impl Keys {
    /// The keys given, or the one beside the folder.
    fn known(&self, dir: &Path) -> Done<Vec<Verifier>> {
        require_folder(dir)?;
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
fn verifiers(keys: &[String]) -> Done<Vec<Verifier>> {
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
