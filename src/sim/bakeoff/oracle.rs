//! What the best fixed worker count gives on the same plant with the same seed, and the exact curve in every phase.
//! It is told the truth; controllers are not.

use super::{LATE, MOST, TICK, TICKS};
use crate::conduct::Plant;
use crate::model::demand::Demand;
use crate::model::run::Truth;
use crate::model::units::Nanos;
use crate::sim::plants::Recipe;
use crate::sim::watched::{Trace, Watched};
use crate::sim::world::World;

/// A stretch of the run in which the plant stays what it is.
#[derive(Debug)]
struct Phase {
    /// First tick.
    from: usize,
    truth: Truth,
    /// Exact X(1 …), as far as it was asked for.
    rates: Vec<f64>,
}

/// Everything a score is measured against.
#[derive(Debug)]
pub(super) struct Oracle {
    recipe: Recipe,
    phases: Vec<Phase>,
    /// Good answers a tick at the best fixed workers.
    pub(super) ok: Vec<u64>,
    /// 99th percentile of the last 20 s at the knee, s.
    pub(super) knee_p99: Option<f64>,
}

impl Oracle {
    /// Runs the plant twice: at its best worker count and at its knee.
    pub(super) fn new(recipe: &Recipe, seed: u64) -> Self {
        let phases: Vec<Phase> = recipe.phases().into_iter().map(|from| phase(recipe, from)).collect();
        let best = fixed(recipe, &phases, seed, |t| t.best_workers);
        let knee = fixed(recipe, &phases, seed, |t| t.knee_workers);
        Self {
            recipe: recipe.clone(),
            phases,
            ok: best.ok,
            knee_p99: knee.late.quantile(0.99),
        }
    }

    /// First ticks of the phases, then the end.
    pub(super) fn bounds(&self) -> Vec<usize> {
        self.phases.iter().map(|p| p.from).chain([TICKS]).collect()
    }

    /// The knee in force at the end.
    pub(super) fn knee(&self) -> f64 {
        self.phases.last().map_or(1.0, |p| f64::from(p.truth.knee_workers))
    }

    /// Most workers of a run over the knee in force then.
    pub(super) fn peak(&self, workers: &[f64]) -> f64 {
        let spans = self
            .phases
            .iter()
            .zip(self.bounds().windows(2).map(|s| s[0]..s[1]).collect::<Vec<_>>());
        let of = |(p, span): (&Phase, std::ops::Range<usize>)| {
            workers[span].iter().copied().fold(0.0, f64::max) / f64::from(p.truth.knee_workers)
        };
        spans.map(of).fold(0.0, f64::max)
    }

    /// Per tick: the exact rate at these workers as a share of the best in that phase.
    pub(super) fn shares(&mut self, workers: &[f64]) -> Vec<f64> {
        let bounds = self.bounds();
        let mut out = Vec::with_capacity(workers.len());
        for (phase, span) in self.phases.iter_mut().zip(bounds.windows(2)) {
            let part = &workers[span[0]..span[1]];
            let most = part.iter().fold(1.0, |a: f64, w| a.max(*w)).min(f64::from(MOST)) as usize;
            if most > phase.rates.len() {
                let far = most.next_power_of_two() as u32;
                phase.rates = self.recipe.rates(TICK * phase.from as u64, far);
            }
            let rate = |w: &f64| phase.rates[(w.round().max(1.0) as usize).min(phase.rates.len()) - 1];
            out.extend(part.iter().map(|w| rate(w) / phase.truth.best_rps));
        }
        out
    }
}

fn phase(recipe: &Recipe, from: Nanos) -> Phase {
    Phase {
        from: (from.ns() / TICK.ns()) as usize,
        truth: recipe.truth(from),
        rates: Vec::new(),
    }
}

/// The plant at a fixed worker count per phase, from time zero, workers started over one response time.
fn fixed(recipe: &Recipe, phases: &[Phase], seed: u64, count: impl Fn(&Truth) -> u32) -> Trace {
    let mut plant = Watched::new(World::new(recipe.clone(), None, seed), LATE);
    for tick in 0..TICKS {
        if let Some(p) = phases.iter().find(|p| p.from == tick) {
            let workers = f64::from(count(&p.truth));
            plant.set(Demand {
                workers,
                stagger: Nanos::from_secs_f64((workers / p.truth.best_rps).min(1.0)),
                ..Demand::default()
            });
        }
        plant.collect(TICK * (tick as u64 + 1));
    }
    plant.trace
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oracle_gives_the_exact_rate_before_and_after_the_change() {
        let o = Oracle::new(&Recipe::named("capdrop").unwrap(), 3);

        let rate = |span: std::ops::Range<usize>| o.ok[span.clone()].iter().sum::<u64>() as f64 / span.len() as f64 * 10.0;
        assert!((rate(10..300) / 1689.0 - 1.0).abs() < 0.02, "{}", rate(10..300));
        assert!((rate(310..600) / 650.0 - 1.0).abs() < 0.03, "{}", rate(310..600));
        assert_eq!((o.bounds(), o.knee()), (vec![0, 300, 600], 15.0));
    }

    #[test]
    fn the_peak_is_over_the_knee_in_force() {
        let o = Oracle::new(&Recipe::named("capdrop").unwrap(), 3);
        let mut workers = vec![41.0; TICKS];
        workers[290] = 82.0;
        assert_eq!(o.peak(&workers), 41.0 / 15.0, "the knee is 15 after the change");
        workers[290] = 164.0;
        assert_eq!(o.peak(&workers), 4.0);
    }

    #[test]
    fn shares_are_of_the_best_of_the_phase() {
        let mut o = Oracle::new(&Recipe::named("capdrop").unwrap(), 3);
        let mut workers = vec![49.0; TICKS];
        workers[450..].fill(18.0);

        let shares = o.shares(&workers);

        assert!(shares[0] > 0.999 && shares[599] > 0.999, "{} {}", shares[0], shares[599]);
        assert!(shares[400] < 0.8, "49 workers are too many after the change: {}", shares[400]);
    }
}
