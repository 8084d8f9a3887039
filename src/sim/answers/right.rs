//! The right verdict of a plant, from its exact rates and what happens to it; never from a run.
//! Where two verdicts are true statements, both are right.

use super::RUN;
use crate::model::units::Nanos;
use crate::sim::plants::Recipe;

/// A capacity that moves by more than this has moved.
const MOVED: f64 = 0.05;
/// Good rate at twice or four times the knee, as a share of the best, under which throughput falls.
const FALLS: f64 = 0.9;
/// Up to this many answers a second a minute may be too short to tell.
const SLOW: f64 = 200.0;
/// A warm-up that is over by then is none.
const WARM: Nanos = Nanos::from_secs(30);

/// Every verdict that is right for a run of a minute that searches, by its stable word:
///
/// | of the plant | right |
/// |---|---|
/// | admits a limited rate | RATE-LIMITED |
/// | its capacity moves by more than 5 % within the run; of a warm-up, after the first 30 s | DRIFTING |
/// | X(2 knees) < 0.9 best | COLLAPSES |
/// | else X(4 knees) < 0.9 best | COLLAPSES, SATURATED |
/// | else | SATURATED |
/// | cold or warming at first, over within 30 s: capacity moved, and then stood | DRIFTING as well |
/// | turns requests away: what lies beyond its cap falls, up to it the top is flat, and it is a limit in flight | COLLAPSES, SATURATED, RATE-LIMITED |
/// | gives at most 200/s | UNDECIDED as well; above, a minute is enough and UNDECIDED is wrong |
pub fn verdicts(recipe: &Recipe) -> Vec<&'static str> {
    verdicts_by(recipe, RUN)
}

/// The same of a run that ends then: what happens later has not happened.
pub(super) fn verdicts_by(recipe: &Recipe, end: Nanos) -> Vec<&'static str> {
    let last = recipe.stretch(end);
    let mut out = if last.door.limit.is_some() {
        vec!["RATE-LIMITED"]
    } else if moves(recipe, end) || warms(recipe) || cold_until(recipe) > WARM.secs() {
        vec!["DRIFTING"]
    } else {
        bend(recipe, end)
    };
    if last.door.admit.is_some() {
        if out == ["COLLAPSES"] {
            out.push("SATURATED");
        }
        out.push("RATE-LIMITED");
    }
    if (recipe.cold.is_some() || recipe.warm.is_some()) && !out.contains(&"DRIFTING") {
        out.push("DRIFTING");
    }
    if recipe.truth(end).best_rps <= SLOW {
        out.push("UNDECIDED");
    }
    out
}

/// Past the knee: falls at once, falls later, or stays.
fn bend(recipe: &Recipe, end: Nanos) -> Vec<&'static str> {
    let truth = recipe.truth(end);
    let rates = recipe.rates(end, 4 * truth.knee_workers);
    let share = |times: u32| rates[(times * truth.knee_workers) as usize - 1] / truth.best_rps;
    if share(2) < FALLS {
        vec!["COLLAPSES"]
    } else if share(4) < FALLS {
        vec!["COLLAPSES", "SATURATED"]
    } else {
        vec!["SATURATED"]
    }
}

/// From one phase to the next, both within the run.
fn moves(recipe: &Recipe, end: Nanos) -> bool {
    let within = recipe.phases().into_iter().filter(|at| *at < end);
    let best: Vec<f64> = within.map(|at| recipe.truth(at).best_rps).collect();
    best.windows(2).any(|b| (b[1] / b[0] - 1.0).abs() > MOVED)
}

/// A warm-up that goes on after the first 30 s.
fn warms(recipe: &Recipe) -> bool {
    let speed = |at: Nanos, tau: f64| 1.0 - 0.8 * (-at.secs() / tau).exp();
    recipe
        .warm
        .is_some_and(|tau| speed(RUN, tau) / speed(WARM, tau) - 1.0 > MOVED)
}

/// When a cold plant that is kept busy has become warm, s; 0 for one that never was cold.
fn cold_until(recipe: &Recipe) -> f64 {
    let best = recipe.truth(Nanos::ZERO).best_rps;
    recipe.cold.map_or(0.0, |c| c.first as f64 * c.times / best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_right_verdicts_of_the_named_plants() {
        for (name, right) in [
            ("mmc", &["SATURATED"][..]),
            ("usl", &["COLLAPSES", "SATURATED"]),
            ("uslsteep", &["COLLAPSES"]),
            ("flat", &["SATURATED"]),
            ("latup", &["SATURATED"]),
            ("latdown", &["SATURATED"]),
            ("capdrop", &["DRIFTING"]),
            ("caprise", &["DRIFTING"]),
            ("autoscale", &["DRIFTING"]),
            ("warm", &["SATURATED", "DRIFTING"]),
            ("reject", &["COLLAPSES", "SATURATED", "RATE-LIMITED"]),
            ("noisy", &["SATURATED"]),
            ("tiny", &["COLLAPSES", "SATURATED"]),
            ("twopeak", &["COLLAPSES"]),
            ("slow", &["SATURATED", "UNDECIDED"]),
            ("ratelimit", &["RATE-LIMITED", "UNDECIDED"]),
            ("pool", &["SATURATED"]),
            ("cold", &["SATURATED", "DRIFTING"]),
            ("gcpause", &["SATURATED"]),
        ] {
            assert_eq!(verdicts(&Recipe::named(name).unwrap()), right, "{name}");
        }
    }

    #[test]
    fn an_answer_before_a_change_is_none_of_it() {
        let drops = Recipe::named("capdrop").unwrap();

        assert_eq!(
            verdicts_by(&drops, Nanos::from_secs(12)),
            verdicts(&Recipe::named("usl").unwrap())
        );
    }

    #[test]
    fn a_slow_warm_up_drifts_and_a_change_after_the_run_does_not() {
        let mut warm = Recipe::named("warm").unwrap();
        warm.apply("warm", "20s").unwrap();
        let mut late = Recipe::named("autoscale").unwrap();
        late.apply("autoscale", ".7:90s:2").unwrap();

        assert_eq!(verdicts(&warm), ["DRIFTING"]);
        assert_eq!(verdicts(&late), ["SATURATED"]);
    }
}
