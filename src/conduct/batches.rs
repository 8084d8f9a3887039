//! One-second batches of a rate: its confidence interval from batch means, and its drift.

/// Counts over successive seconds of evidence; at most 7200, then pairs are merged.
#[derive(Clone, Debug)]
pub(super) struct Batches {
    width: f64,
    done: Vec<f64>,
    count: f64,
    span: f64,
}

impl Default for Batches {
    fn default() -> Self {
        Self {
            width: 1.0,
            done: Vec::new(),
            count: 0.0,
            span: 0.0,
        }
    }
}

impl Batches {
    /// Adds `count` happenings over `span` seconds of evidence.
    pub(super) fn add(&mut self, count: u64, span: f64) {
        self.count += count as f64;
        self.span += span;
        if self.span >= self.width - 1e-6 {
            self.done.push(self.count / self.span);
            (self.count, self.span) = (0.0, 0.0);
        }
        if self.done.len() > 7200 {
            self.done = self.done.chunks(2).map(|c| c.iter().sum::<f64>() / c.len() as f64).collect();
            self.width *= 2.0;
        }
    }

    /// Half width of the 95 % interval of the mean rate; `None` under ten batches.
    pub(super) fn ci95(&self) -> Option<f64> {
        let n = self.done.len();
        if n < 10 {
            return None;
        }
        let mean = self.done.iter().sum::<f64>() / n as f64;
        let var = self.done.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        Some(student(n - 1) * (var / n as f64).sqrt())
    }

    /// Last third against what came before, as a ratio, if it differs by more than three standard errors;
    /// `None` under nine batches or within the noise.
    pub(super) fn drift(&self) -> Option<f64> {
        let n = self.done.len();
        if n < 9 {
            return None;
        }
        let (early, late) = self.done.split_at(n - n / 3);
        let (a, va) = moments(early);
        let (b, vb) = moments(late);
        let error = (va / early.len() as f64 + vb / late.len() as f64).sqrt();
        (a > 0.0 && (b - a).abs() > 3.0 * error).then_some(b / a)
    }
}

fn moments(xs: &[f64]) -> (f64, f64) {
    let n = xs.len() as f64;
    let mean = xs.iter().sum::<f64>() / n;
    (mean, xs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0))
}

/// Two-sided 95 % quantile of Student's t, to 1 % from 9 degrees of freedom on (Cornish–Fisher).
fn student(degrees: usize) -> f64 {
    let v = degrees as f64;
    1.96 + 2.372 / v + 2.82 / (v * v)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_needs_ten_seconds_and_shrinks_with_evidence() {
        let mut b = Batches::default();
        for i in 0..90 {
            b.add(if i % 2 == 0 { 9 } else { 11 }, 0.1);
        }
        assert_eq!(b.ci95(), None, "nine seconds");

        (0..10).for_each(|_| b.add(30, 0.1));
        let ten = b.ci95().unwrap();
        (0..300).for_each(|_| b.add(10, 0.1));

        assert!(b.ci95().unwrap() < ten);
    }

    #[test]
    fn a_fall_of_the_last_third_shows_and_noise_does_not() {
        let mut steady = Batches::default();
        let mut falling = Batches::default();
        for i in 0..30 {
            steady.add(if i % 2 == 0 { 98 } else { 102 }, 1.0);
            falling.add(if i < 20 { 100 } else { 40 }, 1.0);
        }

        assert_eq!(steady.drift(), None);
        assert!((falling.drift().unwrap() - 0.4).abs() < 0.01);
    }
}
