//! Plants that no table has: servers, law of work, delay, contention and a change, drawn at random.
//! Each is made of options as a user types them, so that whatever is found on one can be run again.

use crate::sim::plants::Recipe;
use fastrand::Rng;

/// Share of the plants that contend, that change half way, and that are warm or noisy.
const CONTENDS: f64 = 0.35;
const CHANGES: f64 = 0.4;
const UNSTEADY: f64 = 0.2;
/// Fewest and most answers a second at its best: below, no minute decides; above, a run takes minutes of real time.
const RATES: (f64, f64) = (100.0, 15_000.0);

/// A drawn plant and its options.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Drawn {
    pub(super) recipe: Recipe,
    args: Vec<String>,
    steps: Vec<String>,
}

impl Drawn {
    /// Number `k` of the plants of a seed.
    pub(super) fn new(seed: u64, k: u32) -> Self {
        let mut rng = Rng::with_seed(seed ^ (u64::from(k) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        loop {
            if let Some(drawn) = draw(&mut rng) {
                return drawn;
            }
        }
    }

    /// The command that runs it.
    pub(super) fn command(&self) -> String {
        let args = self.args.iter().map(|a| format!(" --plant-arg {a}"));
        let steps = self.steps.iter().map(|s| format!(" --step {s}"));
        let options: String = args.chain(steps).collect();
        format!("sim mmc --headless -z 60s{options}")
    }
}

/// One try; `None` where its rate is out of range.
fn draw(rng: &mut Rng) -> Option<Drawn> {
    let servers = between(rng, 2.0, 160.0).round();
    let mean = between(rng, 1.0, 60.0);
    let delay = between(rng, 0.3, 120.0);
    let mut args = vec![
        format!("servers={servers}"),
        format!("service={}:{mean:.1}ms", law(rng)),
        format!("delay={delay:.1}ms"),
    ];
    if rng.f64() < CONTENDS {
        let beta = between(rng, 0.1, 3.0) / (servers * servers);
        args.push(format!("contention={:.4}:{beta:.6}", 0.03 * rng.f64()));
    }
    let contends = args.len() == 4;
    if rng.f64() < UNSTEADY {
        args.push(match rng.bool() {
            true => format!("warm={:.1}s", between(rng, 2.0, 12.0)),
            false => format!("noise={:.2}", between(rng, 0.05, 0.2)),
        });
    }
    let mut steps = Vec::new();
    if rng.f64() < CHANGES {
        let at = 20.0 + 20.0 * rng.f64();
        let times = between(rng, 0.35, 3.0);
        // With contention a number of servers only bounds it; a slower or faster server moves all of it.
        steps.push(match rng.u32(..3) {
            0 => format!("{at:.1}s:delay={:.1}ms", (delay * times).max(0.2)),
            1 if !contends => format!("{at:.1}s:servers={}", (servers * times).round().max(1.0)),
            _ => format!("{at:.1}s:rate={:.2}/s", 1000.0 / mean * times),
        });
    }
    let recipe = made(&args, &steps)?;
    let fits = |at| (RATES.0..=RATES.1).contains(&recipe.truth(at).best_rps);
    recipe.phases().into_iter().all(fits).then_some(Drawn { recipe, args, steps })
}

fn made(args: &[String], steps: &[String]) -> Option<Recipe> {
    let mut recipe = Recipe::named("mmc")?;
    for arg in args {
        let (key, value) = arg.split_once('=')?;
        recipe.apply(key, value).ok()?;
    }
    recipe.steps(steps).ok()?;
    Some(recipe)
}

fn law(rng: &mut Rng) -> String {
    match rng.u32(..6) {
        0 => "const".into(),
        1 | 2 => "exp".into(),
        3 => format!("lognormal:{:.1}", between(rng, 0.5, 1.5)),
        4 => format!("pareto:{:.1}", between(rng, 1.4, 2.5)),
        _ => format!("mixed:{:.2}:20", between(rng, 0.02, 0.2)),
    }
}

/// Every factor as likely as any other.
fn between(rng: &mut Rng, low: f64, high: f64) -> f64 {
    low * (high / low).powf(rng.f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_says_it_all_and_every_plant_can_be_typed_again() {
        let all: Vec<Drawn> = (0..40).map(|k| Drawn::new(7, k)).collect();

        assert_eq!(all[3], Drawn::new(7, 3));
        assert_ne!(all[3], Drawn::new(8, 3));
        for d in &all {
            assert_eq!(made(&d.args, &d.steps).as_ref(), Some(&d.recipe), "{}", d.command());
            assert!(d.command().starts_with("sim mmc --headless -z 60s --plant-arg servers="));
        }
        let count = |of: fn(&Drawn) -> bool| all.iter().filter(|d| of(d)).count();
        assert!((8..=24).contains(&count(|d| !d.steps.is_empty())), "changes");
        assert!((3..=37).contains(&count(|d| d.args.len() > 3)), "contention, warm-up, noise");
    }

    #[test]
    fn drawn_plants_differ_as_targets_do() {
        let knees: Vec<u32> = (0..40)
            .map(|k| Drawn::new(7, k).recipe.truth(crate::model::units::Nanos::ZERO).knee_workers)
            .collect();

        assert!(knees.iter().any(|n| *n < 10) && knees.iter().any(|n| *n > 150), "{knees:?}");
    }
}
