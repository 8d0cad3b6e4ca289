//! Medians and percentiles, and measuring two sides in turn.

use std::time::Duration;

/// The middle one; of an even number, the mean of the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match (sorted.get(middle.wrapping_sub(1)), sorted.get(middle)) {
        (Some(low), Some(high)) if sorted.len().is_multiple_of(2) => f64::midpoint(*low, *high),
        (_, Some(value)) => *value,
        _ => f64::NAN,
    }
}

/// The value that `share` (0.99) of all stay under, by nearest rank.
pub fn percentile(values: &[Duration], share: f64) -> Duration {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    let rank = (share * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).or(sorted.last()).copied().unwrap_or_default()
}

/// Milliseconds.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

/// Two sides measured in turn.
pub struct Pair {
    /// Ours, round by round.
    pub ours: Vec<f64>,
    /// Theirs, round by round.
    pub theirs: Vec<f64>,
}

impl Pair {
    /// Measures both as often as told, the first one changing, so that neither always
    /// follows the other.
    pub fn alternate(
        rounds: usize,
        mut ours: impl FnMut() -> Result<f64, String>,
        mut theirs: impl FnMut() -> Result<f64, String>,
    ) -> Result<Self, String> {
        let mut pair = Self { ours: Vec::new(), theirs: Vec::new() };
        for round in 0..rounds {
            if round % 2 == 0 {
                pair.ours.push(ours()?);
                pair.theirs.push(theirs()?);
            } else {
                pair.theirs.push(theirs()?);
                pair.ours.push(ours()?);
            }
        }
        Ok(pair)
    }

    /// The median of the rounds' ratios: a machine that is slow for a while is slow for
    /// both sides of a round.
    pub fn ratio(&self) -> f64 {
        let ratios: Vec<f64> = self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| ours / theirs).collect();
        median(&ratios)
    }

    /// `12,3 ÷ 45,6 1/s; rounds 0.81 0.79`
    pub fn told(&self, theirs: &str) -> String {
        let ratios: Vec<String> =
            self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| format!("{:.2}", ours / theirs)).collect();
        format!("ours {:.0}/s, {theirs} {:.0}/s; rounds {}", median(&self.ours), median(&self.theirs), ratios.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn middles_and_ranks() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
        let hundred: Vec<Duration> = (1..=100).map(Duration::from_millis).collect();
        assert_eq!(percentile(&hundred, 0.99), Duration::from_millis(99));
        assert_eq!(percentile(&hundred, 0.5), Duration::from_millis(50));
        assert_eq!(percentile(&hundred[..1], 0.99), Duration::from_millis(1));
    }
}
