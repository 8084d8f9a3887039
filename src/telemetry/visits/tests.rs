//! Visits to a target whose level moves as told.

use super::*;

const PLAIN: fn(u32) -> f64 = |_| 1.0;

/// What a count gives where the level is 1, 1/s.
fn law(workers: u32) -> f64 {
    match workers {
        8 => 800.0,
        16 => 1_500.0,
        24 => 1_600.0,
        _ => 1_610.0,
    }
}

/// Visits of `plan` = (workers, seconds), in ticks of a tenth, where the rate is the law's times `level` of the time.
fn visited(plan: &[(u32, f64)], level: impl Fn(f64) -> f64) -> Visits {
    let (mut v, mut now) = (Visits::default(), 0.0);
    for (workers, long) in plan {
        for _ in 0..(long * 10.0).round() as u32 {
            now += 0.1;
            v.add(*workers, (law(*workers) * level(now) * 0.1).round() as u64, now, 0.1);
        }
    }
    v
}

fn again(plan: &[(u32, f64)], times: usize) -> Vec<(u32, f64)> {
    plan.repeat(times)
}

#[test]
fn a_level_that_falls_by_a_third_while_others_are_visited_does_not_make_them_worse() {
    let plan = again(&[(24, 2.0), (16, 2.0), (24, 2.0), (32, 2.0)], 5);
    let v = visited(&plan, |t| 1.0 - 0.33 * t / 40.0);

    let (r16, var16) = v.ratios(24, PLAIN).at(16).unwrap();
    let (r32, _) = v.ratios(24, PLAIN).at(32).unwrap();

    // Pooled over the run, 32 (visited later on the whole) would lie 2 % too low.
    assert!((r16 - 1_500.0 / 1_600.0).abs() < 0.005, "{r16}");
    assert!((r32 - 1_610.0 / 1_600.0).abs() < 0.005, "{r32}");
    assert!(var16.sqrt() < 0.02, "{var16}");
}

#[test]
fn one_glance_beside_a_level_that_swings_is_worth_little_and_many_pairs_are_worth_much() {
    let swing = |t: f64| if ((t / 1.5) as u64).is_multiple_of(2) { 1.2 } else { 0.8 };
    let once = visited(&[(24, 18.0), (32, 2.0)], swing);
    let often = visited(&again(&[(24, 2.0), (32, 2.0)], 10), swing);

    let spread = |v: &Visits| v.ratios(24, PLAIN).at(32).unwrap().1.sqrt();

    assert!(spread(&once) > 0.08, "{}", spread(&once));
    assert!(spread(&often) < 0.6 * spread(&once), "{} {}", spread(&often), spread(&once));
}

#[test]
fn a_calm_target_is_known_as_well_as_its_answers_tell() {
    let mut rng = fastrand::Rng::with_seed(7);
    let mut v = Visits::default();
    let (mut now, mut n) = (0.0, 24);
    for tick in 0..400 {
        now += 0.1;
        if tick % 20 == 0 {
            n = if n == 24 { 16 } else { 24 };
        }
        // About Poisson: the sum of twelve uniforms, scaled.
        let normal: f64 = (0..12).map(|_| rng.f64()).sum::<f64>() - 6.0;
        let mean = law(n) * 0.1;
        v.add(n, (mean + mean.sqrt() * normal).round() as u64, now, 0.1);
    }

    let (ratio, variance) = v.ratios(24, PLAIN).at(16).unwrap();
    // 20 s each: 30,000 and 32,000 answers.
    let counted = (1.0f64 / 30_000.0 + 1.0 / 32_000.0).sqrt();

    assert!(
        (ratio - 1_500.0 / 1_600.0).abs() < 3.0 * variance.sqrt(),
        "{ratio} ±{}",
        variance.sqrt()
    );
    assert!(
        variance.sqrt() < 2.0 * counted && variance.sqrt() > counted,
        "{} {counted}",
        variance.sqrt()
    );
}

#[test]
fn what_scatters_is_no_walk_and_what_walks_is_no_scatter() {
    let mut rng = fastrand::Rng::with_seed(3);
    let walks: Vec<f64> = (0..1_200)
        .scan(0.0, |level, _| {
            *level += 0.02 * (rng.f64() - 0.5);
            Some(*level)
        })
        .collect();
    let scatters: Vec<f64> = (0..240).map(|_| 0.2 * (rng.f64() - 0.5)).collect();
    let at = |t: f64, per: f64| (t * per).round() as usize - 1;

    let walk = visited(&[(24, 100.0)], |t| walks[at(t, 10.0)].exp()).movement(PLAIN);
    let scatter = visited(&[(24, 100.0)], |t| scatters[(t / 0.5) as usize].exp()).movement(PLAIN);

    // Steps of a tenth of a second with variance .02²/12: ten times that in a second.
    let truth = 10.0 * 0.02f64.powi(2) / 12.0;
    assert!(walk.walk > 0.4 * truth && walk.walk < 2.5 * truth, "{walk:?} {truth}");
    assert!(scatter.walk < 0.3 * scatter.scatter, "{scatter:?}");
    assert!(
        (scatter.scatter.sqrt() / (0.2 / 12f64.sqrt()) - 1.0).abs() < 0.4,
        "{scatter:?}"
    );
}

#[test]
fn a_count_without_a_good_answer_has_no_ratio_and_the_reference_is_one() {
    let mut v = visited(&[(24, 2.0)], |_| 1.0);
    v.add(99, 0, 2.1, 0.1);
    let ratios = v.ratios(24, PLAIN);

    assert_eq!(ratios.at(24), Some((1.0, 0.0)));
    assert_eq!(ratios.at(99), None);
    assert_eq!(v.ratios(7, PLAIN), Ratios::default());
}

#[test]
fn pieces_stay_bounded_and_an_hour_says_the_same_as_its_minutes() {
    let plan = again(&[(24, 8.0), (16, 2.0)], 360);
    let v = visited(&plan, |_| 1.0);

    let (ratio, _) = v.ratios(24, PLAIN).at(16).unwrap();

    assert!(v.pieces.len() <= PIECES, "{}", v.pieces.len());
    assert!((ratio - 1_500.0 / 1_600.0).abs() < 0.002, "{ratio}");
}

/// Rates of a target that scatters by a few percent a tick, times `level` of the time.
fn scattered(plan: &[(u32, f64)], seed: u64, level: impl Fn(f64) -> f64) -> Visits {
    let rng = std::cell::RefCell::new(fastrand::Rng::with_seed(seed));
    visited(plan, |t| level(t) * (1.0 + 0.12 * (rng.borrow_mut().f64() - 0.5)))
}

#[test]
fn a_tenth_less_from_the_middle_on_is_a_step_whatever_was_visited_meanwhile() {
    let plan = again(&[(24, 3.0), (16, 1.0), (24, 3.0), (32, 1.0)], 7);
    let v = scattered(&plan, 5, |t| if t < 30.0 { 1.0 } else { 0.9 });

    let s = v.step(24, PLAIN).unwrap();

    assert!((s.at - 30.0).abs() <= 2.5 && (s.ratio - 0.9).abs() < 0.02, "{s:?}");
    assert!((s.before / 1_600.0 - 1.0).abs() < 0.01, "{s:?}");
}

#[test]
fn what_stays_or_comes_back_is_no_step() {
    let plan = again(&[(24, 3.0), (16, 1.0), (24, 3.0), (32, 1.0)], 7);
    for seed in 0..20 {
        assert_eq!(scattered(&plan, seed, |_| 1.0).step(24, PLAIN), None, "{seed}");
        let swings = |t: f64| 1.0 + 0.2 * (t / 1.5).sin();
        assert_eq!(scattered(&plan, seed, swings).step(24, PLAIN), None, "swings, {seed}");
    }
}
