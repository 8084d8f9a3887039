//! Whether an advised rate holds: five minutes of Poisson arrivals on the plant as it is at the end of a run.
//! It refuses closed workers: whoever plans a rate has users who do not wait for each other.

use super::{MOST, RUN};
use crate::conduct::Plant;
use crate::model::arrival::Process;
use crate::model::demand::Demand;
use crate::model::format::{length, percent};
use crate::model::units::Nanos;
use crate::sim::plants::Recipe;
use crate::sim::world::World;
use crate::telemetry::latency::Latency;

/// How long the traffic lasts, s.
const SECONDS: u64 = 300;
/// So many times the promised percentile are allowed.
const SLACK: f64 = 1.25;
/// More arrivals of so many seconds under way at once: it has run away.
const BEHIND: f64 = 10.0;
/// Least share of arrivals with a good answer.
const GOOD: f64 = 0.99;

/// `rate` in 1/s; `p99` in s, where one was promised. The plant has had its changes and is warm.
///
/// # Errors
/// What happened instead, in a few words.
pub fn survives(recipe: &Recipe, rate: f64, p99: Option<f64>, seed: u64) -> Result<(), String> {
    let mut world = World::new(recipe.settled(RUN), None, seed);
    world.set(Demand {
        workers: f64::from(MOST),
        rate: Some(rate),
        arrivals: Process::Poisson,
        ..Demand::default()
    });
    let (mut ok, mut scheduled, mut response) = (0, 0, Latency::new());
    for second in 1..=SECONDS {
        let seen = world.collect(Nanos::from_secs(second));
        ok += seen.tally.ok;
        scheduled += seen.tally.scheduled;
        response.merge(&seen.tally.response());
        let under_way = seen.gauges.in_flight + seen.gauges.queued;
        if under_way as f64 > BEHIND * rate.max(1.0) {
            return Err(format!(
                "runs away: {under_way} under way after {second} s of Poisson arrivals"
            ));
        }
    }
    let good = ok as f64 / scheduled.max(1) as f64;
    let seen = response.quantile(0.99);
    if good < GOOD {
        return Err(format!("{} of Poisson arrivals get a good answer", percent(good)));
    }
    match seen.zip(p99) {
        Some((seen, promised)) if seen > SLACK * promised => Err(format!("p99 {} under Poisson arrivals", length(seen))),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_below_the_knee_it_holds_and_at_the_knee_it_runs_away() {
        let usl = Recipe::named("usl").unwrap();

        assert_eq!(survives(&usl, 900.0, Some(0.111), 1), Ok(()));
        assert!(survives(&usl, 1662.0, None, 1).unwrap_err().starts_with("runs away"));
        let late = survives(&usl, 900.0, Some(0.005), 1).unwrap_err();
        assert!(late.starts_with("p99 "), "{late}");
    }

    #[test]
    fn the_plant_is_the_one_after_its_changes() {
        let caps = |name: &str| Recipe::named(name).unwrap().settled(RUN).truth(Nanos::ZERO).best_rps;

        assert!((caps("capdrop") - 650.0).abs() < 1.0 && (caps("autoscale") - 4000.0).abs() < 1.0);
        assert!(survives(&Recipe::named("capdrop").unwrap(), 900.0, None, 1).is_err());
    }

    #[test]
    fn a_rate_that_is_refused_in_part_does_not_hold() {
        let refused = survives(&Recipe::named("ratelimit").unwrap(), 150.0, None, 1).unwrap_err();

        assert!(refused.contains("get a good answer"), "{refused}");
    }
}
