//! The highest Poisson rate whose share of bad arrivals is allowed, by long simulation and bisection.
//! It refuses formulas: there is none for most plants, and those it would be tried on are these.

use super::MOST;
use crate::conduct::Plant;
use crate::model::arrival::Process;
use crate::model::demand::Demand;
use crate::model::promise::Promise;
use crate::model::units::Nanos;
use crate::sim::plants::Recipe;
use crate::sim::world::World;
use crate::telemetry::cohorts::Cohorts;

/// The promise of a plant: this many times the percentile of open traffic at this share of its best rate.
const TIMES: f64 = 2.0;
const LIGHT: f64 = 0.2;
/// Up to this best rate, 1/s, the promise is on p90: a minute holds too few of one in a hundred.
const SLOW: f64 = 60.0;
/// Arrivals of a rough and of a fine look, and least time of a fine one, s; longer where the plant has moods.
const ROUGH: f64 = 40_000.0;
const FINE: f64 = 400_000.0;
const LEAST: f64 = 60.0;
const MOODY: f64 = 600.0;
/// Steps of the bisection, rough and fine; how far an end is moved that was wrong, and no further than this share of the best.
const STEPS: [u32; 2] = [4, 5];
const WIDER: f64 = 1.08;
const LEAST_SHARE: f64 = 0.05;

/// A promise and the highest rate that keeps it, 1/s.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Truth {
    pub(super) promise: Promise,
    pub(super) rate: f64,
}

/// Of a plant that does not change by itself.
pub(super) fn truth(recipe: &Recipe, seed: u64) -> Truth {
    let best = recipe.truth(Nanos::ZERO).best_rps;
    let promise = promise(recipe, best, seed);
    let (mut low, mut high) = (LIGHT * best, 1.3 * best);
    let kept = |rate: f64, arrivals: f64| bad(recipe, rate, &promise, arrivals, seed) <= promise.main().q;
    for (steps, arrivals) in STEPS.into_iter().zip([ROUGH, FINE]) {
        // A rough look may have been wrong at either end: what tips over seldom shows late.
        while arrivals == FINE && !kept(low, arrivals) && low > LEAST_SHARE * best {
            (low, high) = (low / WIDER, low);
        }
        while arrivals == FINE && kept(high, arrivals) && high < 2.0 * best {
            (low, high) = (high, high * WIDER);
        }
        for _ in 0..steps {
            let middle = (low * high).sqrt();
            if kept(middle, arrivals) {
                low = middle;
            } else {
                high = middle;
            }
        }
    }
    Truth {
        promise,
        rate: (low * high).sqrt(),
    }
}

/// One that can be kept, by how it is made.
fn promise(recipe: &Recipe, best: f64, seed: u64) -> Promise {
    let rate = LIGHT * best;
    let mut world = World::new(recipe.clone(), None, seed);
    world.set(Demand {
        workers: f64::from(MOST),
        rate: Some(rate),
        arrivals: Process::Poisson,
        ..Demand::default()
    });
    let (name, q) = if best <= SLOW { ("p90", 0.9) } else { ("p99", 0.99) };
    let seconds = (20_000.0 / rate).max(60.0);
    let response = world.collect(Nanos::from_secs_f64(seconds)).tally.response().into_owned();
    let limit = TIMES * response.quantile(q).unwrap_or(1.0);
    let digits = 10f64.powf(limit.log10().floor() - 1.0);
    let micros = ((limit / digits).round() * digits * 1e6).round();
    Promise::parse(&format!("{name}<{micros}us")).unwrap_or_else(|e| unreachable!("{e}"))
}

/// Share of bad arrivals at `rate`, 1/s, from `arrivals` of them; those of the first seconds do not count.
fn bad(recipe: &Recipe, rate: f64, promise: &Promise, arrivals: f64, seed: u64) -> f64 {
    let limit = promise.limit();
    let cap = (rate * limit.secs()).ceil().clamp(8.0, f64::from(MOST));
    let mut world = World::new(recipe.clone(), None, seed);
    world.set(Demand {
        workers: cap,
        rate: Some(rate),
        arrivals: Process::Poisson,
        cap: Some(cap as u32),
        limits: Some(promise.limits()),
        ..Demand::default()
    });
    let moody = recipe.noise > 0.0 || recipe.pause.is_some();
    let least = match (arrivals < FINE, moody) {
        (true, _) => 10.0,
        (_, false) => LEAST,
        (_, true) => MOODY,
    };
    let seconds = (arrivals / rate).max(least);
    let settle = Nanos::from_secs_f64(4.0 * limit.secs() + 0.02 * seconds);
    let (mut waiting, mut n, mut k) = (Cohorts::default(), 0u64, 0u64);
    let mut now = Nanos::ZERO;
    while now.secs() < seconds {
        now += Nanos::from_secs_f64((seconds / 100.0).min(10.0));
        if let Some(c) = world.collect(now).tally.cohorts {
            waiting.merge(&c);
        }
        waiting.take(settle.min(now));
        let aged = waiting.take(now - limit);
        n += aged.arrived;
        k += aged.arrived.saturating_sub(aged.timely[0]);
        let share = k as f64 / n.max(1) as f64;
        if k > 400 && share > 4.0 * promise.main().q {
            return share;
        }
    }
    k as f64 / n.max(1) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_in_order_keeps_the_rate_of_the_formula() {
        // M/M/1 in order: P(response > L) = exp(−(μ − λ)·L), so λ = μ − ln(1/q)/L.
        let mut recipe = Recipe::named("mmc").unwrap();
        for (key, value) in [
            ("servers", "1"),
            ("service", "exp:2ms"),
            ("delay", "0"),
            ("discipline", "fifo"),
        ] {
            recipe.apply(key, value).unwrap();
        }

        let t = truth(&recipe, 1);

        let limit = t.promise.limit().secs();
        let exact = 500.0 - 100f64.ln() / limit;
        assert!((0.02..0.06).contains(&limit), "{limit}");
        assert!((t.rate / exact - 1.0).abs() < 0.02, "{} {exact}", t.rate);
    }
}
