//! One-second batches of a rate: its confidence interval from batch means, its spread, and its drift.
//! It refuses a verdict from few batches.

/// Counts over successive seconds of evidence; at most 7200, then pairs are merged.
#[derive(Clone, Debug)]
pub struct Batches {
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
    pub fn add(&mut self, count: u64, span: f64) {
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
    pub fn ci95(&self) -> Option<f64> {
        let n = self.done.len();
        if n < 10 {
            return None;
        }
        let mean = self.done.iter().sum::<f64>() / n as f64;
        let var = self.done.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
        Some(student(n - 1) * (var / n as f64).sqrt())
    }

    /// Their spread about their mean, of whole batches; zero under two of them.
    pub fn spread(&self) -> Spread {
        spread(&self.done)
    }

    /// Other batches of the same thing, measured earlier, join these; both must be of one width, else the wider stay.
    pub fn join(&mut self, earlier: &Self) {
        if (self.width - earlier.width).abs() < 1e-9 {
            self.done.splice(0..0, earlier.done.iter().copied());
        } else if earlier.width > self.width {
            *self = earlier.clone();
        }
    }

    /// Last third against what came before, as a ratio, if it differs by more than 5 % and three standard errors,
    /// which allow for batches that resemble their neighbours; `None` under twelve batches or within the noise.
    pub fn drift(&self) -> Option<f64> {
        let n = self.done.len();
        if n < 12 {
            return None;
        }
        let (early, late) = self.done.split_at(n - n / 3);
        let (mut within, last) = (spread(early), spread(late));
        within.add(&last);
        let (a, b) = (mean(early), mean(late));
        let error = within.error(early.len() as f64).hypot(within.error(late.len() as f64));
        let ratio = b / a;
        (a > 0.0 && (ratio - 1.0).abs() > 0.05 + 3.0 * error * ratio.max(1.0)).then_some(ratio)
    }
}

/// How much 1-s batches of a rate vary about their mean, and how alike neighbours are. Adds up over stretches of time.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Spread {
    batches: f64,
    stretches: f64,
    /// Summed squares of (x − mean)/mean, and summed products of neighbours.
    squares: f64,
    neighbours: f64,
}

impl Spread {
    /// Of successive 1-s rates about their mean; nothing under two of them.
    pub fn of(rates: &[f64]) -> Self {
        spread(rates)
    }

    /// Another stretch, about its own mean.
    pub fn add(&mut self, other: &Self) {
        self.batches += other.batches;
        self.stretches += other.stretches;
        self.squares += other.squares;
        self.neighbours += other.neighbours;
    }

    /// Batches it rests on.
    pub fn batches(&self) -> f64 {
        self.batches
    }

    /// Variance of one batch as a share of the squared mean; 0 when unknown.
    pub fn variance(&self) -> f64 {
        let free = self.batches - self.stretches;
        if free >= 1.0 { self.squares / free } else { 0.0 }
    }

    /// So many batches carry the evidence of one independent one, in [1, 10]: (1 + ρ)/(1 − ρ) of a first-order process,
    /// ρ corrected for the bias of few batches (Marriott and Pope 1954).
    pub fn alike(&self) -> f64 {
        if self.squares <= 0.0 || self.batches < 6.0 {
            return 1.0;
        }
        let raw = self.neighbours / self.squares;
        let short = self.stretches / self.batches;
        let rho = (raw + short * (1.0 + 4.0 * raw)).clamp(0.0, 0.82);
        (1.0 + rho) / (1.0 - rho)
    }

    /// Standard error of the mean of `seconds` of evidence, as a share.
    pub fn error(&self, seconds: f64) -> f64 {
        let free = (seconds / self.alike()).max(1.0).min(seconds.max(1e-9));
        (self.variance() / free).sqrt()
    }
}

fn spread(xs: &[f64]) -> Spread {
    let mean = mean(xs);
    if xs.len() < 2 || mean <= 0.0 {
        return Spread::default();
    }
    let off: Vec<f64> = xs.iter().map(|x| x / mean - 1.0).collect();
    Spread {
        batches: xs.len() as f64,
        stretches: 1.0,
        squares: off.iter().map(|d| d * d).sum(),
        neighbours: off.windows(2).map(|d| d[0] * d[1]).sum(),
    }
}

fn mean(xs: &[f64]) -> f64 {
    xs.iter().sum::<f64>() / xs.len().max(1) as f64
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

    #[test]
    fn slow_noise_is_no_drift_and_counts_as_fewer_batches() {
        let mut rng = fastrand::Rng::with_seed(1);
        let (mut slow, mut level) = (Batches::default(), 0.0);
        let mut drifts = 0;
        for _ in 0..40 {
            for _ in 0..30 {
                level = 0.7 * level + 0.2 * (rng.f64() - 0.5);
                slow.add((1000.0 * (1.0 + level)) as u64, 1.0);
            }
            drifts += u32::from(slow.drift().is_some());
        }
        let seen = slow.spread();

        assert!(drifts <= 1, "{drifts} of 40");
        assert!((3.0..9.0).contains(&seen.alike()), "{}", seen.alike());
        assert!(seen.error(100.0) > 1.5 * (seen.variance() / 100.0).sqrt());
    }
}
