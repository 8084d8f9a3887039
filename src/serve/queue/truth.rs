//! The exact answer of a queueing target to N closed workers, where there is one.
//! It refuses approximations: a law without an exact answer has none here.

use super::settings::Settings;
use crate::model::run::Truth;
use crate::sim::exact;
use crate::sim::service::Shape;

/// Most workers looked at: the tool's own default bound on loopback.
const WORKERS: u32 = 4096;

/// Best and knee under the settings as they stand at the start; for later ones give it [`Settings::at`]. Stalls are
/// taken for passing. `None` where there is no exact answer: a Pareto line, or jobs turned away.
pub fn truth(name: &str, settings: &Settings) -> Option<Truth> {
    rates(settings, reach(settings)).map(|xs| exact::truth(name, &xs))
}

/// X(1 ..= `n_max`), 1/s, exact in steady state; `None` as for [`truth`].
///
/// A shared station is insensitive to the law of work (BCMP 1975), and so is a line when that law is exponential; with
/// constant work and delay nobody waits below saturation, X = min(N/(Z + S), c/S).
pub fn rates(settings: &Settings, n_max: u32) -> Option<Vec<f64>> {
    let (mean, think) = (settings.service.mean(), settings.delay.secs());
    if settings.admit.is_some() {
        return None;
    }
    match (settings.contention, settings.service.shape) {
        (None, Shape::Pareto(_) | Shape::Lognormal(_) | Shape::Mixed { .. }) => None,
        (None, Shape::Constant) => {
            let full = f64::from(settings.servers) / mean;
            Some((1..=n_max).map(|n| full.min(f64::from(n) / (think + mean))).collect())
        }
        (Some(_), _) | (None, Shape::Exponential) => {
            let rate = |n: u32| settings.speed(n as usize) / mean;
            Some(exact::throughput(rate, think, n_max))
        }
    }
}

/// Enough workers to be well past the best: four times those the station and the network hold at capacity.
fn reach(settings: &Settings) -> u32 {
    let best = (1..=settings.servers).max_by(|a, b| settings.speed(*a as usize).total_cmp(&settings.speed(*b as usize)));
    let held = f64::from(best.unwrap_or(1)) + settings.capacity() * settings.delay.secs();
    // A cast of a float saturates, so the bound holds for any settings.
    ((4.0 * held) as u32).saturating_add(64).min(WORKERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(options: &[(&str, &str)]) -> Settings {
        let mut s = Settings::default();
        options.iter().for_each(|(k, v)| s.apply(k, v).unwrap());
        s
    }

    #[test]
    fn eight_constant_servers_of_5_ms_give_200_a_worker_and_1600_at_most() {
        let s = with(&[("servers", "8"), ("service", "const:5ms")]);

        let xs = rates(&s, 9).unwrap();

        assert_eq!((xs[0], xs[7], xs[8]), (200.0, 1600.0, 1600.0));
        assert_eq!(
            truth("t", &s).map(|t| (t.best_rps, t.best_workers, t.knee_workers)),
            Some((1600.0, 8, 8))
        );
    }

    #[test]
    fn one_exponential_server_behind_a_delay_follows_the_chain_by_hand() {
        // Delay rate k·100/s, service 100/s: P(0), P(1), P(2) ∝ 1/2, 1, 1, so busy 0.8 of the time: 80/s.
        let xs = rates(&with(&[("service", "exp:10ms"), ("delay", "10ms")]), 2).unwrap();

        assert!((xs[1] - 80.0).abs() < 1e-9, "{xs:?}");
    }

    #[test]
    fn what_has_no_exact_answer_has_none() {
        assert_eq!(truth("t", &with(&[("service", "pareto:1.5:5ms")])), None);
        assert_eq!(truth("t", &with(&[("admit", "24")])), None);
        assert!(truth("t", &with(&[("service", "pareto:1.5:5ms"), ("contention", "0:0")])).is_some());
    }
}
