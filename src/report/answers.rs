//! How often the answer is right, as text and as JSON.
//! It refuses a share without its count, and an average without the kinds of plants it is over.

use super::bakeoff::fine;
use crate::model::format::percent;
use crate::telemetry::scores::{Answers, Group, Share};
use serde_json::{Map, Value, json};

/// Totals, classes, plants, misses, and how drawn plants are run again.
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
    let marks = a.total.marks;
    for (name, share, over) in [
        ("verdict right", marks.verdict, "runs, at the end"),
        (
            "at first",
            marks.first,
            "runs that were answered, when they were: of what had happened until then",
        ),
        ("knee inside", marks.knee, "runs that named a knee"),
        (
            "advice survives",
            marks.advice,
            "runs that advised a rate: 5 min of Poisson arrivals, p99 at most 1.25 x that printed at the knee",
        ),
        (
            "soon",
            marks.soon,
            "runs answered within max(8 s, 32,000 answers); half should be",
        ),
        (
            "in time",
            marks.in_time,
            "runs answered within max(15 s, 60,000 answers); nine in ten should be",
        ),
    ] {
        let part = share.fraction().map_or_else(|| "–".into(), percent);
        out.push_str(&format!("{name:<16}{part:>7}   {} of {} {over}\n", share.right, share.of));
    }
    let width = a.total.width().map_or_else(|| "–".into(), |w| format!("{w:.2}"));
    out.push_str(&format!(
        "{:<16}{width:>7}   most / fewest workers of the knee's interval, median\n",
        "width"
    ));
    out.push_str(&format!(
        "{:<16}{:>7}   most workers of any run / workers at the knee in force then\n",
        "peak",
        peak(&a.total)
    ));
    out.push_str(&format!(
        "{:<16}{:>7}   s, median; {} s, p90\n",
        "answered",
        answered(&a.total, 0.5),
        answered(&a.total, 0.9)
    ));
    for (title, rows) in [("class", classes(a)), ("plant", plants(a))] {
        out.push_str(&format!(
            "\n{title:<12}{:>9}{:>9}{:>9}{:>9}{:>12}\n",
            "verdict", "knee", "advice", "peak", "answered s"
        ));
        rows.iter().for_each(|(name, g)| out.push_str(&row(name, g)));
    }
    if !a.misses.is_empty() {
        out.push_str("\nmisses\n");
    }
    for m in &a.misses {
        out.push_str(&format!("{:<11} seed {:<6} said {}\n", m.plant, m.seed, m.said));
        out.push_str(&format!("{:<23} truth {}\n", "", m.truth));
    }
    if !a.drawn.is_empty() {
        out.push_str("\ndrawn (add --seed N of the miss to run it again)\n");
    }
    a.drawn
        .iter()
        .for_each(|(name, command)| out.push_str(&format!("{name:<11} {command}\n")));
    out
}

fn classes(a: &Answers) -> Vec<(&str, &Group)> {
    a.classes.iter().map(|(name, g)| (*name, g)).collect()
}

fn plants(a: &Answers) -> Vec<(&str, &Group)> {
    let judged = a.plants.iter().filter(|(_, g)| g.runs() > 0);
    judged.map(|(name, g)| (name.as_str(), g)).collect()
}

fn row(name: &str, g: &Group) -> String {
    let cell = |s: Share| {
        if s.of == 0 {
            "–".into()
        } else {
            format!("{}/{}", s.right, s.of)
        }
    };
    let m = g.marks;
    format!(
        "{name:<12}{:>9}{:>9}{:>9}{:>9}{:>12}\n",
        cell(m.verdict),
        cell(m.knee),
        cell(m.advice),
        peak(g),
        answered(g, 0.5)
    )
}

fn peak(g: &Group) -> String {
    g.peak().map_or_else(|| "–".into(), |p| format!("{p:.1}"))
}

fn answered(g: &Group, of: f64) -> String {
    g.answered_by(of).map_or_else(|| "∞".into(), |t| format!("{t:.1}"))
}

/// Fractions, `null` where nothing was judged, and every wrong statement.
pub fn json(a: &Answers) -> Value {
    let misses: Vec<Value> = a
        .misses
        .iter()
        .map(|m| json!({ "plant": m.plant, "seed": m.seed, "said": m.said, "truth": m.truth }))
        .collect();
    let mut all = group(&a.total);
    let named = |rows: Vec<(&str, &Group)>| {
        rows.into_iter()
            .map(|(n, g)| (n.to_owned(), Value::Object(group(g))))
            .collect()
    };
    all.insert("classes".into(), Value::Object(named(classes(a))));
    all.insert("plants".into(), Value::Object(named(plants(a))));
    let drawn = a.drawn.iter().map(|(n, c)| (n.clone(), c.clone().into())).collect();
    all.insert("drawn".into(), Value::Object(drawn));
    all.insert("misses".into(), misses.into());
    Value::Object(all)
}

/// The same figures of all runs, of a class and of a plant.
fn group(g: &Group) -> Map<String, Value> {
    let all = json!({
        "runs": g.runs(), "verdict_right": g.marks.verdict.fraction(), "knee_inside": g.marks.knee.fraction(),
        "advice_survives": g.marks.advice.fraction(), "knee_width": g.width().map(fine), "peak_over_knee": g.peak().map(fine),
        "first_verdict_right": g.marks.first.fraction(), "answered_soon": g.marks.soon.fraction(),
        "answered_in_time": g.marks.in_time.fraction(),
        "answered_s": g.answered_by(0.5).map(fine), "answered_p90_s": g.answered_by(0.9).map(fine),
    });
    all.as_object().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::scores::Miss;

    fn answers() -> Answers {
        let mut all = Group {
            peaks: vec![1.5, 68.0],
            answered: vec![Some(12.5), None],
            widths: vec![1.2, 1.5],
            ..Group::default()
        };
        all.marks.verdict.count(Some(true));
        all.marks.verdict.count(Some(false));
        all.marks.knee.count(Some(true));
        all.marks.knee.count(None);
        Answers {
            wanted: 2,
            runs: 2,
            jitter: 0.4,
            total: all.clone(),
            classes: vec![("steady", all.clone())],
            plants: vec![("usl".into(), all), ("mmc".into(), Group::default())],
            drawn: vec![("drawn1".into(), "sim mmc --plant-arg servers=3".into())],
            misses: vec![Miss {
                plant: "usl".into(),
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
            "verdict right      50 %   1 of 2 runs, at the end\n",
            "soon                  –   0 of 0 runs answered within max(8 s, 32,000 answers)",
            "knee inside       100 %   1 of 1 runs that named a knee\n",
            "advice survives       –   0 of 0 runs",
            "width              1.50   most / fewest workers",
            "peak               68.0   most workers",
            "answered           12.5   s, median; ∞ s, p90\n",
            "steady            1/2      1/1        –     68.0        12.5\n",
            "usl               1/2      1/1        –     68.0        12.5\n",
            "usl         seed 8      said DRIFTING moved\n",
            "truth SATURATED\n",
            "drawn1      sim mmc --plant-arg servers=3\n",
        ] {
            assert!(t.contains(line), "{line}\n{t}");
        }
        assert!(!t.contains("mmc  ") && !t.contains("interrupted"), "{t}");
    }

    #[test]
    fn the_json_has_fractions_and_null_where_nothing_was_judged() {
        let j = json(&answers());

        assert_eq!((&j["runs"], &j["verdict_right"]), (&2.into(), &0.5.into()));
        assert_eq!(j["advice_survives"], Value::Null);
        assert_eq!((&j["peak_over_knee"], &j["answered_s"]), (&68.0.into(), &12.5.into()));
        assert_eq!(j["answered_p90_s"], Value::Null, "half of them never were");
        assert_eq!(j["classes"]["steady"]["verdict_right"], 0.5);
        assert_eq!(j["plants"]["usl"]["runs"], 2);
        assert_eq!(j["misses"][0]["truth"], "SATURATED");
    }
}
