//! How well promises were kept and their rates found, as text and as JSON.
//! It refuses a percentile without its count: how many runs each is over stands beside it.

use crate::model::format::{length, quantity};
use crate::telemetry::scores::{Kept, Outcome, Promises};
use serde_json::{Value, json};

/// Plants, and all of them.
pub fn text(p: &Promises) -> String {
    let runs = p.runs().count();
    let cut = if runs < p.wanted as usize {
        format!("; interrupted: {runs} of {}", p.wanted)
    } else {
        String::new()
    };
    let mut out = format!(
        "promises: {runs} runs of slo over {} plants, rates and delays moved by up to {:.0} %; {} of virtual time each{cut}\n\
         each promises 2 x the percentile that open traffic at a fifth of the best rate has: p99, below 60/s p90\n\
         truth: the highest Poisson rate with no more late than allowed, by long simulation; error: (answer - truth)/truth\n\n",
        p.plants.len(),
        100.0 * p.jitter,
        length(p.seconds)
    );
    out.push_str(&format!(
        "{:<11}{:>5}{:>11}{:>8}{:>8}{:>8}{:>7}{:>6}{:>7}{:>8}{:>9}{:>7}{:>6}{:>10}\n",
        "", "runs", "truth", "e p10", "e p50", "e p90", "of", "in ci", "late", "at most", "at", "holds", "miss", "undecided"
    ));
    for (plant, runs) in p.plants.iter().filter(|(_, runs)| !runs.is_empty()) {
        out.push_str(&row(plant, runs));
    }
    let all: Vec<Kept> = p.runs().cloned().collect();
    if p.plants.len() > 1 && !all.is_empty() {
        out.push_str(&row("all", &all));
    }
    let over: u64 = all.iter().map(|k| k.over_cap).sum();
    out.push_str(&format!("\nticks with more in flight than the cap: {over}\n"));
    out
}

fn row(name: &str, runs: &[Kept]) -> String {
    let percent = |x: Option<f64>| x.map_or_else(|| "-".into(), |x| format!("{:+.1} %", 100.0 * x));
    let errors: Vec<f64> = runs.iter().filter_map(Kept::error).collect();
    let bad: Vec<f64> = runs.iter().filter_map(|k| k.bad).collect();
    let at: Vec<f64> = runs.iter().filter_map(|k| k.at).collect();
    let share = |x: Option<f64>| x.map_or_else(|| "-".into(), |x| format!("{x:.2} q"));
    let truth = if name == "all" {
        String::new()
    } else {
        format!(
            "{}/s",
            quantity(quantile(&runs.iter().map(|k| k.truth).collect::<Vec<_>>(), 0.5).unwrap_or(0.0))
        )
    };
    format!(
        "{name:<11}{:>5}{truth:>11}{:>8}{:>8}{:>8}{:>7}{:>6}{:>7}{:>8}{:>9}{:>7}{:>6}{:>10}\n",
        runs.len(),
        percent(quantile(&errors, 0.1)),
        percent(quantile(&errors, 0.5)),
        percent(quantile(&errors, 0.9)),
        errors.len(),
        runs.iter().filter(|k| inside(k)).count(),
        share(quantile(&bad, 0.5)),
        share(quantile(&bad, 1.0)),
        quantile(&at, 0.5).map_or_else(|| "-".into(), length),
        count(runs, Outcome::Holds),
        count(runs, Outcome::Missed),
        count(runs, Outcome::Undecided),
    )
}

/// The truth lies in the interval of the answer.
fn inside(k: &Kept) -> bool {
    k.answer.is_some_and(|(rate, half)| (k.truth - rate).abs() <= half)
}

fn count(runs: &[Kept], outcome: Outcome) -> usize {
    runs.iter().filter(|k| k.outcome == outcome).count()
}

/// Nearest rank; `None` of nothing.
fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (q * sorted.len() as f64).ceil().max(1.0) as usize;
    sorted.get(rank - 1).copied()
}

/// Fractions, `null` where nothing was judged, and every run.
pub fn json(p: &Promises) -> Value {
    let plants: Vec<Value> = p.plants.iter().map(|(name, runs)| plant(name, runs)).collect();
    let runs: Vec<Value> = p
        .plants
        .iter()
        .flat_map(|(name, runs)| runs.iter().map(move |k| run(name, k)))
        .collect();
    json!({ "runs": p.runs().count(), "jitter": p.jitter, "seconds": p.seconds, "over_cap_ticks": p.runs().map(|k| k.over_cap).sum::<u64>(), "plants": plants, "each": runs })
}

fn plant(name: &str, runs: &[Kept]) -> Value {
    let errors: Vec<f64> = runs.iter().filter_map(Kept::error).collect();
    let bad: Vec<f64> = runs.iter().filter_map(|k| k.bad).collect();
    json!({
        "plant": name, "runs": runs.len(), "error_p10": quantile(&errors, 0.1), "error_p50": quantile(&errors, 0.5), "error_p90": quantile(&errors, 0.9),
        "bad_over_q_p50": quantile(&bad, 0.5), "bad_over_q_max": quantile(&bad, 1.0), "holds": count(runs, Outcome::Holds),
        "missed": count(runs, Outcome::Missed), "undecided": count(runs, Outcome::Undecided),
    })
}

fn run(plant: &str, k: &Kept) -> Value {
    let outcome = match k.outcome {
        Outcome::Holds => "HOLDS",
        Outcome::Missed => "MISSED",
        Outcome::Undecided => "UNDECIDED",
    };
    json!({
        "plant": plant, "seed": k.seed, "promise": k.promise, "truth_rps": k.truth, "answer_rps": k.answer.map(|a| a.0), "ci95_rps": k.answer.map(|a| a.1),
        "outcome": outcome, "bad_over_q": k.bad, "confirmed_at_s": k.at, "over_cap_ticks": k.over_cap,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(answer: f64, outcome: Outcome) -> Kept {
        Kept {
            seed: 3,
            promise: "p99 < 80ms".into(),
            truth: 1000.0,
            answer: Some((answer, 20.0)),
            outcome,
            bad: Some(0.8),
            at: Some(48.0),
            over_cap: 0,
        }
    }

    fn two() -> Promises {
        Promises {
            wanted: 3,
            jitter: 0.4,
            seconds: 75.0,
            plants: vec![
                ("usl", vec![kept(990.0, Outcome::Holds), kept(1030.0, Outcome::Undecided)]),
                ("mmc", vec![]),
            ],
        }
    }

    #[test]
    fn errors_stand_beside_the_runs_they_are_over() {
        let t = text(&two());

        let usl = t.lines().find(|l| l.starts_with("usl")).unwrap();
        let words: Vec<&str> = usl.split_whitespace().collect();
        assert_eq!(words[1..3], ["2", "1,000/s"], "{t}");
        assert!(
            usl.contains("-1.0 %") && usl.contains("+3.0 %") && usl.contains("0.80 q"),
            "{t}"
        );
        assert_eq!(words[words.len() - 3..], ["1", "0", "1"], "{t}");
        assert!(t.contains("75 s of virtual time"), "{t}");
        assert!(t.contains("interrupted: 2 of 3") && !t.contains("mmc"), "{t}");
    }

    #[test]
    fn the_json_tells_every_run() {
        let j = json(&two());

        assert_eq!((&j["runs"], &j["plants"][0]["holds"]), (&2.into(), &1.into()));
        assert_eq!(j["plants"][1]["error_p50"], Value::Null);
        assert_eq!(j["each"][1]["outcome"], "UNDECIDED");
    }
}
