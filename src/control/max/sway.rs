//! How far the rate sways from one second of rest to the next, beyond what counting explains.
//! It knows no fast noise: that is the dispersion of neighbouring ticks.

use crate::control::Observation;
use crate::control::variable::Sample;

/// Fewest answers of a second that says something.
const LEAST: f64 = 20.0;
/// Pairs of seconds from which on it is known.
const PAIRS: f64 = 3.0;

/// Pairs of neighbouring seconds at rest.
#[derive(Clone, Debug, Default)]
pub struct Sway {
    second: Sample,
    last: Option<f64>,
    pairs: f64,
    sum: f64,
}

impl Sway {
    /// A tick at rest; `error` gives the standard error of ln X over so many answers.
    pub fn rest(&mut self, seen: &Observation, error: impl Fn(f64) -> f64) {
        self.second.add(seen);
        if self.second.span < 1.0 - 1e-9 {
            return;
        }
        let second = std::mem::take(&mut self.second);
        if second.ok < LEAST {
            return;
        }
        let y = second.rate().ln();
        if let Some(last) = self.last.replace(y) {
            // Half the squared difference of neighbours is their variance.
            self.pairs += 1.0;
            self.sum += (y - last).powi(2) / 2.0 - error(second.ok).powi(2);
        }
    }

    /// Another target or place: the next second has no neighbour.
    pub fn interrupt(&mut self) {
        self.last = None;
    }

    /// Standard deviation of ln X from second to second, ≥ 0; 0 until three pairs are known.
    pub fn value(&self) -> f64 {
        if self.pairs >= PAIRS {
            (self.sum / self.pairs).max(0.0).sqrt()
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sway(of: impl Fn(u64) -> u64) -> f64 {
        let mut s = Sway::default();
        (0..200).for_each(|i| s.rest(&Observation::tick(i, of(i), 0.01, 40.0), |ok| 1.0 / ok.sqrt()));
        s.value()
    }

    #[test]
    fn seconds_of_ten_percent_up_and_down_sway_and_counting_noise_does_not() {
        // ln 1.1 − ln 0.9 = 0.2: half its square is 0.02.
        let swaying = sway(|i| if i / 10 % 2 == 0 { 110 } else { 90 });

        assert!((swaying - 0.02f64.sqrt()).abs() < 0.01, "{swaying}");
        assert_eq!(sway(|i| 100 + i % 3), 0.0);
    }
}
