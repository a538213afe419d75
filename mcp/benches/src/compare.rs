//! What the benchmarks say of their rounds.

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The median of what two sides did in the same round, compared.
pub(crate) fn compared(these: &[f64], those: &[f64], how: impl Fn(f64, f64) -> f64) -> f64 {
    median(these.iter().zip(those).map(|(a, b)| how(*a, *b)).collect())
}
