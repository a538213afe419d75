//! Times the contenders of a row in turns, so that whatever else the machine
//! does meets all of them alike.

use std::time::{Duration, Instant};

/// Goes through a data set once.
pub type Pass<'a> = Box<dyn FnMut() + 'a>;

/// How long a contender runs before the next has its turn: short, so that most
/// turns are over before the scheduler interrupts them.
const TURN: Duration = Duration::from_millis(2);
const ROUNDS: usize = 101;
/// For passes that are longer than a turn by far.
const ROUNDS_OF_LONG_PASSES: usize = 15;

/// What each contender took in each round.
pub struct Samples(pub Vec<Vec<f64>>);

impl Samples {
    /// Returns the median of a contender.
    pub fn median(&self, contender: usize) -> f64 {
        median(self.0[contender].clone())
    }

    /// Returns the median of the ratios of two contenders within a round. The
    /// machine may change its pace from one round to another, but rarely within
    /// one.
    pub fn ratio(&self, of: usize, to: usize) -> f64 {
        let pairs = self.0[of].iter().zip(&self.0[to]);
        median(pairs.map(|(of, to)| of / to).collect())
    }
}

/// Measures how many nanoseconds a pass of each contender takes.
pub fn nanoseconds(contenders: &mut [Pass<'_>]) -> Samples {
    let passes: Vec<u32> = contenders.iter_mut().map(passes_per_turn).collect();
    let rounds = if passes.contains(&1) {
        ROUNDS_OF_LONG_PASSES
    } else {
        ROUNDS
    };
    let mut samples = vec![Vec::with_capacity(rounds); contenders.len()];
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            let index = (round + turn) % contenders.len();
            let turn = time(&mut contenders[index], passes[index]);
            samples[index].push(turn / f64::from(passes[index]));
        }
    }
    Samples(samples)
}

fn passes_per_turn(contender: &mut Pass<'_>) -> u32 {
    let turn = TURN.as_secs_f64() * 1e9;
    let mut passes = 1;
    // A few times, so that an interruption is not taken for a long pass.
    while (0..5).any(|_| time(contender, passes) < turn) {
        passes *= 2;
    }
    passes
}

/// Returns nanoseconds.
fn time(contender: &mut Pass<'_>, passes: u32) -> f64 {
    let start = Instant::now();
    run(contender, passes);
    start.elapsed().as_secs_f64() * 1e9
}

/// Goes through the data set a number of times. `instructions` counts what
/// happens in here.
#[inline(never)]
pub fn run(contender: &mut Pass<'_>, passes: u32) {
    for _ in 0..passes {
        contender();
    }
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples[samples.len() / 2]
}
