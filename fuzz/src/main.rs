//! Runs a check on what follows from one seed after the other, without libFuzzer, and
//! counts.
//!
//!     long CHECK COUNT [SEED]
//!
//! Goes on until so many executions have been made, and prints how many they were. A
//! failure says which seed it comes from; `long CHECK 1 SEED` makes it again.

use std::env;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use lokryn_compliance_log_fuzz::{CHECKS, Check};

/// How often the count is printed.
const EVERY: Duration = Duration::from_mins(1);

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let parsed = match &arguments[..] {
        [name, count] => parse(name, count, "0"),
        [name, count, seed] => parse(name, count, seed),
        _ => None,
    };
    let Some((name, mut check, count, seed)) = parsed else {
        let names: Vec<_> = CHECKS.iter().map(|(name, _)| *name).collect();
        eprintln!("usage: long CHECK COUNT [SEED], with one of {names:?}");
        return ExitCode::from(2);
    };
    run(name, &mut *check, count, seed)
}

type Parsed = (&'static str, Box<dyn Check>, u64, u64);

fn parse(name: &str, count: &str, seed: &str) -> Option<Parsed> {
    let (name, check) = CHECKS.iter().find(|(known, _)| *known == name)?;
    Some((name, check(), count.parse().ok()?, seed.parse().ok()?))
}

fn run(name: &str, check: &mut dyn Check, count: u64, first_seed: u64) -> ExitCode {
    let start = Instant::now();
    let mut printed = start;
    let mut executions = 0;
    let mut seed = first_seed;
    let print = |executions: u64, seed: u64| {
        let seconds = start.elapsed().as_secs_f64();
        println!("{name}: {executions} executions in {seconds:.1} s, next seed {seed}");
    };
    while executions < count {
        // A thousand at a time, because looking at the clock costs, too.
        for _ in 0..1000 {
            let checked = panic::catch_unwind(AssertUnwindSafe(|| check.seed(seed)));
            let Ok(more) = checked else {
                eprintln!("{name}: failed at seed {seed}, after {executions} executions");
                return ExitCode::FAILURE;
            };
            executions += more;
            seed = seed.wrapping_add(1);
            if executions >= count {
                break;
            }
        }
        if printed.elapsed() >= EVERY {
            print(executions, seed);
            printed = Instant::now();
        }
    }
    print(executions, seed);
    ExitCode::SUCCESS
}
