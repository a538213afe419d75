//! The verb that saves what is right of a damaged journal.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use lokryn_journal::Verifier;

use super::read::write_delimited;
use super::{Done, checkpoint_of, count, finding, print, wrong_use};

pub(crate) fn salvage(dir: &Path, out: &Path, known: &[Verifier]) -> Done {
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
fn salvage_into(file: fs::File, dir: &Path, out: &Path, known: &[Verifier]) -> Done<(u64, u64)> {
    let failed = |err: io::Error| wrong_use(out.display(), err);
    let mut file = io::BufWriter::new(file);
    let mut written = Ok(());
    let salvaged = lokryn_journal::salvage(dir, known, |record| {
        if written.is_ok() {
            written = write_delimited(&mut file, record);
        }
    })?;
    written.and_then(|()| file.flush()).map_err(failed)?;
    file.get_ref().sync_all().map_err(failed)?;
    Ok((salvaged.records, salvaged.size))
}
