//! Prints a log, an entry a line.
//!
//!     cargo run --example print -- audit.binpb

use std::error::Error;
use std::fs::File;
use std::io::BufReader;

use lokryn_compliance_log::stream::LogReader;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args_os().nth(1).ok_or("print FILE")?;
    for entry in LogReader::new(BufReader::new(File::open(path)?)) {
        println!("{}", entry?.json_line());
    }
    Ok(())
}
