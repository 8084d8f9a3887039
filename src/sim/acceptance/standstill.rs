//! What `slo` must reach from a machine that stands still at times. Tests only; deterministic seeds.

use super::median;
use super::open::{found, promising, said};
use crate::model::units::Nanos;
use crate::sim::drive::{Drive, Turn};
use crate::sim::plants::Recipe;
use crate::telemetry::promise::Stage;

/// A minute and a quarter of p99 < 40 ms over one server in order, exponential of 2 ms, from a generator that stands still for
/// 60 ms every `gap` s on average.
fn kept(gap: f64, seed: u64) -> Vec<Turn> {
    let mut recipe = Recipe::named("mmc").unwrap();
    for (key, value) in [
        ("servers", "1"),
        ("service", "exp:2ms"),
        ("delay", "0"),
        ("discipline", "fifo"),
    ] {
        recipe.apply(key, value).unwrap();
    }
    let mut rng = fastrand::Rng::with_seed(seed);
    let (mut at, mut times) = (0.0, vec![]);
    while at < 75.0 {
        at += 0.1 - gap * (1.0 - rng.f64()).ln();
        times.push((Nanos::from_secs_f64(at), Nanos::from_millis(60)));
    }
    let drive = Drive::new(recipe, promising("p99<40ms"), false, seed);
    drive.standing_still(times).run(75.0)
}

#[test]
fn what_a_generator_that_stood_still_sent_late_is_not_held_against_the_target() {
    let exact = 500.0 - 100f64.ln() / 0.040;
    let (mut errors, mut confirmed) = (Vec::new(), 0);
    for seed in 1..=24 {
        let turns = kept(4.0, seed);

        let (last, told) = (found(&turns[749]), said(&turns));
        assert_ne!(last.confirmed, Some(false), "seed {seed}: {told:?}");
        assert!(told.iter().any(|t| t.contains("arrivals set aside")), "{told:?}");
        confirmed += u32::from(last.confirmed == Some(true));
        errors.push(last.answer.unwrap().0 / exact - 1.0);
    }
    assert!(median(errors.clone()).abs() < 0.05, "{errors:?}");
    // The others are asked again at the end: more than 1 % of what was due did not leave.
    assert!(confirmed >= 20, "{confirmed} of 24");
}

#[test]
fn one_that_stands_still_all_the_time_leaves_open_what_the_target_keeps() {
    // Five times a second: 280 ms without evidence each would leave none.
    let turns = kept(0.1, 1);

    let last = found(&turns[749]);
    assert_eq!((last.stage, last.answer), (Stage::Missed, None), "{last:?}");
    let ours = last.late_here.unwrap();
    assert!(2 * ours.n > ours.of, "most late ones are ours: {last:?}");
}
