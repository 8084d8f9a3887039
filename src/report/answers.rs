//! How often the answer is right, as text and as JSON.
//! It refuses a share without its count: how many runs each is over stands beside it.

use crate::model::format::percent;
use crate::telemetry::scores::{Answers, Marks, Share};
use serde_json::{Value, json};

/// Totals, plants, misses.
pub fn text(a: &Answers) -> String {
    let cut = if a.runs < a.wanted {
        format!("; interrupted: {} of {}", a.runs, a.wanted)
    } else {
        String::new()
    };
    let mut out = format!(
        "answers: {} runs of max over {} plants, rates and delays moved by up to {:.0} %; 60 s of virtual time each{cut}\n\n",
        a.runs,
        a.plants.len(),
        100.0 * a.jitter
    );
    for (name, share, over) in [
        ("verdict right", a.total.verdict, "runs"),
        ("knee inside", a.total.knee, "runs that named a knee"),
        (
            "advice survives",
            a.total.advice,
            "runs that advised a rate: 5 min of Poisson arrivals, p99 at most 1.25 x that printed at the knee",
        ),
    ] {
        let part = share.fraction().map_or_else(|| "–".into(), percent);
        out.push_str(&format!("{name:<16}{part:>7}   {} of {} {over}\n", share.right, share.of));
    }
    out.push_str(&format!("\n{:<12}{:>9}{:>9}{:>9}\n", "", "verdict", "knee", "advice"));
    for (plant, marks) in a.plants.iter().filter(|(_, m)| m.verdict.of > 0) {
        out.push_str(&row(plant, marks));
    }
    if !a.misses.is_empty() {
        out.push_str("\nmisses\n");
    }
    for m in &a.misses {
        out.push_str(&format!("{:<11} seed {:<6} said {}\n", m.plant, m.seed, m.said));
        out.push_str(&format!("{:<23} truth {}\n", "", m.truth));
    }
    out
}

fn row(plant: &str, m: &Marks) -> String {
    let cell = |s: Share| {
        if s.of == 0 {
            "–".into()
        } else {
            format!("{}/{}", s.right, s.of)
        }
    };
    format!("{plant:<12}{:>9}{:>9}{:>9}\n", cell(m.verdict), cell(m.knee), cell(m.advice))
}

/// Fractions, `null` where nothing was judged, and every wrong statement.
pub fn json(a: &Answers) -> Value {
    let misses: Vec<Value> = a
        .misses
        .iter()
        .map(|m| json!({ "plant": m.plant, "seed": m.seed, "said": m.said, "truth": m.truth }))
        .collect();
    json!({
        "runs": a.runs, "verdict_right": a.total.verdict.fraction(), "knee_inside": a.total.knee.fraction(),
        "advice_survives": a.total.advice.fraction(), "misses": misses,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::scores::Miss;

    fn answers() -> Answers {
        let mut marks = Marks::default();
        marks.verdict.count(Some(true));
        marks.verdict.count(Some(false));
        marks.knee.count(Some(true));
        marks.knee.count(None);
        Answers {
            wanted: 2,
            runs: 2,
            jitter: 0.4,
            total: marks,
            plants: vec![("usl", marks), ("mmc", Marks::default())],
            misses: vec![Miss {
                plant: "usl",
                seed: 8,
                said: "DRIFTING moved".into(),
                truth: "SATURATED".into(),
            }],
        }
    }

    #[test]
    fn a_share_stands_beside_the_runs_it_is_over() {
        let t = text(&answers());

        for line in [
            "verdict right      50 %   1 of 2 runs\n",
            "knee inside       100 %   1 of 1 runs that named a knee\n",
            "advice survives       –   0 of 0 runs",
            "usl               1/2      1/1        –\n",
            "usl         seed 8      said DRIFTING moved\n",
            "truth SATURATED\n",
        ] {
            assert!(t.contains(line), "{line}\n{t}");
        }
        assert!(!t.contains("mmc") && !t.contains("interrupted"), "{t}");
    }

    #[test]
    fn the_json_has_fractions_and_null_where_nothing_was_judged() {
        let j = json(&answers());

        assert_eq!((&j["runs"], &j["verdict_right"]), (&2.into(), &0.5.into()));
        assert_eq!(j["advice_survives"], Value::Null);
        assert_eq!(j["misses"][0]["truth"], "SATURATED");
    }
}
