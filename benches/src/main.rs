//! Compares this crate with its peers. See README.md.

mod classes;
mod data;
mod instructions;
mod measure;
mod peers;
mod random;
mod report;
#[path = "../../examples/scenarios/mod.rs"]
mod scenarios;
mod source;
mod works;

use std::env;
use std::process::exit;

use crate::works::Work;

const USAGE: &str = "\
compare [WORK [DATA SET]]                     nanoseconds, of all or what the names contain
compare instructions [WORK [DATA SET]]        instructions, with valgrind
compare run WORK DATA_SET CONTENDER PASSES    one contender, for profilers";

fn main() {
    let args: Vec<String> = env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["run", work, data_set, contender, passes] => {
            let passes = passes.parse().expect("PASSES is not a number");
            run(work, data_set, contender, passes);
        }
        ["instructions"] => print("", "", report::print_instructions),
        ["instructions", work] => print(work, "", report::print_instructions),
        ["instructions", work, data_set] => print(work, data_set, report::print_instructions),
        [] => print("", "", report::print_times),
        [work] => print(work, "", report::print_times),
        [work, data_set] => print(work, data_set, report::print_times),
        _ => {
            eprintln!("{USAGE}");
            exit(2);
        }
    }
}

fn print(work: &str, data_set: &str, report: fn(&Work, &str)) {
    let works = works::ALL.iter().filter(|it| it.name.contains(work));
    works.for_each(|work| report(work, data_set));
}

fn run(work: &str, data_set: &str, contender: &str, passes: u32) {
    let work = works::ALL.iter().find(|it| it.name == work);
    let work = work.expect("no such WORK");
    let data_sets = (work.data_sets)();
    let data_set = data_sets.iter().find(|it| it.name == data_set);
    let mut row = (work.row)(data_set.expect("no such DATA_SET"));
    let index = row.names.iter().position(|it| it.to_string() == contender);
    let index = index.expect("no such CONTENDER");
    measure::run(&mut row.passes[index], passes);
}
