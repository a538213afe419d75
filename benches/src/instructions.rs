//! Counts instructions with valgrind: the same number every time, whatever else
//! the machine does.

use std::env;
use std::process::Command;

const PASSES: u32 = 100;

/// Returns the instructions of a pass, by running this program under valgrind
/// with the arguments of `run`.
pub fn per_pass(work: &str, data_set: &str, contender: &str) -> f64 {
    let valgrind = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg("--toggle-collect=*::measure::run*")
        .arg(env::current_exe().expect("path of this program"))
        .args(["run", work, data_set, contender, &PASSES.to_string()])
        .output()
        .expect("valgrind is not installed");
    let report = String::from_utf8_lossy(&valgrind.stderr);
    let collected = report
        .lines()
        .find_map(|line| line.split_once("Collected :"))
        .unwrap_or_else(|| panic!("{report}"));
    let count: f64 = collected.1.trim().parse().expect("a number");
    count / f64::from(PASSES)
}
