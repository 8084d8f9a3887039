//! How `hold` keeps its targets, as text and as JSON: one table a held quantity, one line a plant.
//! It refuses to rank; a target that never settles is ∞, and an unfinished cell is not there.

use super::bakeoff::{NEVER, NONE, fine, number};
use crate::telemetry::scores::HoldCell;
use serde_json::{Value, json};

/// What is held, and its title.
const TABLES: [(&str, &str); 3] = [
    ("mean", "hold a mean latency: 1.5, from 20 s on 2.25 x that at the knee"),
    ("rps", "hold a rate: 0.6, from 20 s on 0.85 x the best"),
    (
        "queue",
        "hold a queue: 0.5, from 20 s on 1 x the workers at the knee (in brackets: by the plant's own idle latency)",
    ),
];

/// The tables; nothing for no cells.
pub(super) fn text(cells: &[HoldCell]) -> String {
    let mut out = String::new();
    for (variable, title) in TABLES {
        let mine: Vec<&HoldCell> = cells.iter().filter(|c| c.variable == variable).collect();
        if mine.is_empty() {
            continue;
        }
        out.push_str(&format!("\n{title}; 40 s of virtual time a run\n"));
        out.push_str(&format!(
            "{:10}{:>8}{:>8}{:>13}{:>16}  once a change at 30 s puts it out of reach\n",
            "", "cold s", "step s", "overshoot %", "error %"
        ));
        mine.iter().for_each(|c| out.push_str(&line(c)));
    }
    out
}

fn line(c: &HoldCell) -> String {
    let time = |t: Option<f64>| t.map_or_else(|| NEVER.into(), |t| number(t, 1));
    let share = |v: f64| number(100.0 * v, 1);
    let truth = c.error_truth.map_or_else(String::new, |e| format!(" ({})", share(e)));
    let beyond = c.beyond.map_or_else(
        || NONE.into(),
        |b| {
            let (attained, most) = (share(b.attained), number(b.most_workers, 1));
            format!(
                "said after {} s, has {attained} % of what can be had, at most {most} knees",
                time(b.flagged)
            )
        },
    );
    format!(
        "{:10}{:>8}{:>8}{:>13}{:>16}  {beyond}\n",
        c.plant,
        time(c.settle_cold),
        time(c.settle_step),
        share(c.overshoot),
        share(c.error) + &truth,
    )
}

/// `[ { plant, variable, … } ]`: fractions and seconds, medians over the seeds, `null` for never.
pub(super) fn json(cells: &[HoldCell]) -> Value {
    cells.iter().map(object).collect()
}

fn object(c: &HoldCell) -> Value {
    let beyond = c.beyond.map(|b| {
        json!({ "flagged_s": b.flagged.map(fine), "attained": fine(b.attained), "most_workers_over_knee": fine(b.most_workers) })
    });
    json!({
        "plant": c.plant, "variable": c.variable, "seeds": c.seeds, "settle_cold_s": c.settle_cold.map(fine),
        "settle_step_s": c.settle_step.map(fine), "overshoot": fine(c.overshoot), "error": fine(c.error),
        "error_truth": c.error_truth.map(fine), "out_of_reach": beyond,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::scores::Beyond;

    fn cells() -> [HoldCell; 2] {
        let mean = HoldCell {
            plant: "latup",
            variable: "mean",
            seeds: 20,
            settle_cold: Some(1.04),
            settle_step: None,
            overshoot: 0.02,
            error: -0.0001,
            error_truth: None,
            beyond: Some(Beyond {
                flagged: Some(2.0),
                attained: 0.957,
                most_workers: 1.25,
            }),
        };
        let queue = HoldCell {
            variable: "queue",
            error_truth: Some(0.091),
            beyond: None,
            ..mean.clone()
        };
        [mean, queue]
    }

    #[test]
    fn one_line_a_plant_and_one_table_a_quantity() {
        let t = text(&cells());

        for line in [
            "latup          1.0       ∞          2.0             0.0  said after 2.0 s, has 95.7 % of what can be had, at most 1.3 knees",
            "latup          1.0       ∞          2.0       0.0 (9.1)  –",
        ] {
            assert!(t.contains(line), "{line}\n{t}");
        }
        assert!(!t.contains("hold a rate"), "nothing held it: {t}");
        assert_eq!(text(&[]), "");
    }

    #[test]
    fn the_json_has_fractions_and_null_for_never() {
        let j = json(&cells());

        assert_eq!((&j[0]["settle_cold_s"], &j[0]["settle_step_s"]), (&1.04.into(), &Value::Null));
        assert_eq!(j[0]["out_of_reach"]["attained"], 0.957);
        assert_eq!((&j[1]["error_truth"], &j[1]["out_of_reach"]), (&0.091.into(), &Value::Null));
    }
}
