//! The bake-off as text and as JSON: controllers as rows, plants as columns, one table a score.
//! It refuses to rank: mean and median stand beside, and a reader who wants another weight has the cells.

use super::setpoints;
use crate::telemetry::scores::{Bakeoff, Cell};
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Columns of the widest line.
const WIDEST: usize = 160;
/// What a score is that never came, and a cell that was not finished.
pub(super) const NEVER: &str = "∞";
const UNFINISHED: &str = "·";
/// Where a score has no meaning.
pub(super) const NONE: &str = "–";

/// What a cell says in one table.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Entry {
    Number(f64),
    Never,
    None,
    Unfinished,
}

/// One table: its title, the decimals of its numbers, and what a cell says.
struct Table {
    title: &'static str,
    decimals: usize,
    entry: fn(&Cell) -> Entry,
    /// Only plants that change half way.
    changing: bool,
}

const TABLES: [Table; 7] = [
    Table {
        title: "regret %: good answers lost against the best fixed worker count, over 60 s",
        decimals: 1,
        entry: |c| Entry::Number(100.0 * c.regret),
        changing: false,
    },
    Table {
        title: "t5 s: until the exact rate at its workers is 95 % of the best and stays (∞ never)",
        decimals: 1,
        entry: |c| c.t5.map_or(Entry::Never, Entry::Number),
        changing: false,
    },
    Table {
        title: "steady loss %: as regret, over the last 15 s",
        decimals: 1,
        entry: |c| Entry::Number(100.0 * c.steady_loss),
        changing: false,
    },
    Table {
        title: "workers over the last 10 s / workers at the knee",
        decimals: 2,
        entry: |c| Entry::Number(c.n_over_knee),
        changing: false,
    },
    Table {
        title: "peak: most workers of any run / workers at the knee in force then (the worst of the seeds)",
        decimals: 1,
        entry: |c| Entry::Number(c.peak_over_knee),
        changing: false,
    },
    Table {
        title: "p99 of the last 20 s / p99 at the knee",
        decimals: 2,
        entry: |c| c.p99_over_knee.map_or(Entry::None, Entry::Number),
        changing: false,
    },
    Table {
        title: "recovery s: as t5, after the change at 30 s (0.0: it was there already)",
        decimals: 1,
        entry: |c| {
            if c.changes {
                c.recovery.map_or(Entry::Never, Entry::Number)
            } else {
                Entry::None
            }
        },
        changing: true,
    },
];

/// The tables, each line at most 160 columns; then every cell of `max` with its 90th percentiles.
pub fn text(b: &Bakeoff) -> String {
    let mut out = head(b);
    for table in &TABLES {
        let plants: Vec<&str> = b
            .plants
            .iter()
            .copied()
            .filter(|p| !table.changing || changes(b, p))
            .collect();
        if !plants.is_empty() {
            out.push_str(&format!("\n{}\n", table.title));
            out.push_str(&grid(b, table, &plants));
        }
    }
    out.push_str(&ninetieths(b));
    out.push_str(&setpoints::text(b.setpoints.as_deref().unwrap_or_default()));
    out
}

fn head(b: &Bakeoff) -> String {
    let seeds: BTreeSet<u32> = b.cells.iter().map(|c| c.seeds).collect();
    let fewer = if seeds.len() > 1 { ", huge fewer" } else { "" };
    let moved = if b.jitter > 0.0 {
        format!(", rates and delays moved by up to {:.0} %", 100.0 * b.jitter)
    } else {
        String::new()
    };
    let wanted = b.plants.len() * b.controllers.len();
    let cut = if b.cells.len() < wanted {
        format!("; interrupted: {} of {wanted} cells", b.cells.len())
    } else {
        String::new()
    };
    let mut what = Vec::new();
    if wanted > 0 {
        let (plants, laws) = (many(b.plants.len(), "plant"), many(b.controllers.len(), "controller"));
        what.push(format!("{plants}, {laws}"));
    }
    if b.setpoints.is_some() {
        what.push("hold with its targets".into());
    }
    let length = if wanted > 0 { "; 60 s of virtual time a run" } else { "" };
    format!(
        "bake-off: {}, medians over {}{fewer}{moved}{length}{cut}\n",
        what.join(", and "),
        many(b.seeds as usize, "seed")
    )
}

/// `1 plant`, `2 plants`.
fn many(n: usize, what: &str) -> String {
    format!("{n} {what}{}", if n == 1 { "" } else { "s" })
}

fn changes(b: &Bakeoff, plant: &str) -> bool {
    b.cells.iter().any(|c| c.plant == plant && c.changes)
}

/// Columns of plants, as many side by side as fit; mean and median over all plants in the last block.
fn grid(b: &Bakeoff, table: &Table, plants: &[&str]) -> String {
    let label = b.controllers.iter().map(|c| c.len()).max().unwrap_or(0).max(10);
    let width = |name: &str| name.chars().count().max(5) + 2;
    let mut blocks: Vec<Vec<&str>> = vec![Vec::new()];
    let mut used = label;
    for &name in plants {
        if used + width(name) + 18 > WIDEST {
            blocks.push(Vec::new());
            used = label;
        }
        used += width(name);
        blocks.last_mut().expect("there is always a block").push(name);
    }
    let last = blocks.len() - 1;
    let mut out = String::new();
    for (i, block) in blocks.iter().enumerate() {
        let mut lines = vec![format!("{:label$}", "")];
        lines.extend(b.controllers.iter().map(|c| format!("{c:label$}")));
        for &plant in block {
            let w = width(plant);
            lines[0].push_str(&format!("{plant:>w$}"));
            for (line, c) in lines[1..].iter_mut().zip(&b.controllers) {
                let entry = b.cell(plant, c).map_or(Entry::Unfinished, table.entry);
                line.push_str(&format!("{:>w$}", spell(entry, table.decimals)));
            }
        }
        if i == last {
            lines[0].push_str(&format!("{:>9}{:>9}", "mean", "median"));
            for (line, c) in lines[1..].iter_mut().zip(&b.controllers) {
                let entries = plants.iter().map(|p| b.cell(p, c).map_or(Entry::Unfinished, table.entry));
                let (mean, median) = middle(entries.collect());
                line.push_str(&format!(
                    "{:>9}{:>9}",
                    spell(mean, table.decimals),
                    spell(median, table.decimals)
                ));
            }
        }
        lines.iter().for_each(|l| out.push_str(&format!("{}\n", l.trim_end())));
    }
    out
}

/// Mean and median of the finished cells; one that never came makes the mean never.
fn middle(entries: Vec<Entry>) -> (Entry, Entry) {
    let number = |e: &Entry| match e {
        Entry::Number(v) => Some(*v),
        Entry::Never => Some(f64::INFINITY),
        Entry::None | Entry::Unfinished => None,
    };
    let mut values: Vec<f64> = entries.iter().filter_map(number).collect();
    if values.is_empty() {
        return (Entry::None, Entry::None);
    }
    values.sort_by(f64::total_cmp);
    let (low, high) = (values[(values.len() - 1) / 2], values[values.len() / 2]);
    let entry = |v: f64| if v.is_finite() { Entry::Number(v) } else { Entry::Never };
    (
        entry(values.iter().sum::<f64>() / values.len() as f64),
        entry((low + high) / 2.0),
    )
}

fn spell(e: Entry, decimals: usize) -> String {
    match e {
        Entry::Number(v) => number(v, decimals),
        Entry::Never => NEVER.into(),
        Entry::None => NONE.into(),
        Entry::Unfinished => UNFINISHED.into(),
    }
}

/// Rounded first, so that there is no −0.0.
pub(super) fn number(v: f64, decimals: usize) -> String {
    let scale = 10f64.powi(decimals as i32);
    format!("{:.decimals$}", (v * scale).round() / scale + 0.0)
}

/// Every cell of `max`, with 90th percentiles.
fn ninetieths(b: &Bakeoff) -> String {
    let mine: Vec<&Cell> = b.cells.iter().filter(|c| c.controller == "max").collect();
    if mine.is_empty() {
        return String::new();
    }
    let mut out = String::from("\nmax, median (and p90) over the seeds\n");
    let label = mine.iter().map(|c| c.plant.len()).max().unwrap_or(0).max(10);
    out.push_str(&format!(
        "{:label$}{:>14}{:>16}{:>9}{:>9}{:>7}{:>7}{:>16}\n",
        "", "t5 s", "regret %", "steady %", "N/knee", "peak", "p99 x", "recovery s"
    ));
    for c in mine {
        let time = |t: Option<f64>| spell(t.map_or(Entry::Never, Entry::Number), 1);
        let share = |v: f64| spell(Entry::Number(100.0 * v), 1);
        let recovery = if c.changes {
            format!("{} ({})", time(c.recovery), time(c.recovery_p90))
        } else {
            NONE.into()
        };
        out.push_str(&format!(
            "{:label$}{:>14}{:>16}{:>9}{:>9}{:>7}{:>7}{:>16}\n",
            c.plant,
            format!("{} ({})", time(c.t5), time(c.t5_p90)),
            format!("{} ({})", share(c.regret), share(c.regret_p90)),
            share(c.steady_loss),
            spell(Entry::Number(c.n_over_knee), 2),
            spell(Entry::Number(c.peak_over_knee), 1),
            spell(c.p99_over_knee.map_or(Entry::None, Entry::Number), 2),
            recovery
        ));
    }
    out
}

/// `{ cells: [ … ] }`, with `setpoints: [ … ]` where targets were held: fractions and seconds, medians over the seeds,
/// `null` for never.
pub fn json(b: &Bakeoff) -> Value {
    let mut all = json!({ "cells": b.cells.iter().map(object).collect::<Vec<_>>() });
    if let Some(cells) = &b.setpoints {
        all["setpoints"] = setpoints::json(cells);
    }
    all
}

fn object(c: &Cell) -> Value {
    json!({
        "plant": c.plant, "controller": c.controller, "seeds": c.seeds, "regret": fine(c.regret), "regret_p90": fine(c.regret_p90),
        "t5_s": c.t5.map(fine), "t5_p90_s": c.t5_p90.map(fine), "steady_loss": fine(c.steady_loss), "n_over_knee": fine(c.n_over_knee),
        "peak_over_knee": fine(c.peak_over_knee), "p99_over_knee": c.p99_over_knee.map(fine), "recovery_s": c.recovery.map(fine), "recovery_p90_s": c.recovery_p90.map(fine),
    })
}

/// To the millionth: enough for any table, and no noise of the last bit.
pub(super) fn fine(v: f64) -> f64 {
    (v * 1e6).round() / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(plant: &'static str, controller: &'static str, regret: f64, t5: Option<f64>) -> Cell {
        Cell {
            plant,
            controller,
            seeds: 20,
            regret,
            regret_p90: 2.0 * regret,
            t5,
            t5_p90: None,
            steady_loss: -0.0001,
            n_over_knee: 1.25,
            peak_over_knee: 4.0,
            p99_over_knee: Some(1.5),
            changes: plant == "capdrop",
            recovery: (plant == "capdrop").then_some(3.5),
            recovery_p90: None,
        }
    }

    fn all(plants: &[&'static str]) -> Bakeoff {
        let cells = plants
            .iter()
            .flat_map(|p| [cell(p, "max", 0.014, Some(0.5)), cell(p, "gradient", 0.304, None)]);
        Bakeoff {
            plants: plants.to_vec(),
            controllers: vec!["max", "gradient"],
            seeds: 20,
            jitter: 0.0,
            cells: cells.collect(),
            setpoints: None,
        }
    }

    #[test]
    fn fifteen_plants_stand_side_by_side_in_160_columns_and_more_in_blocks() {
        let fifteen = [
            "mmc", "usl", "uslsteep", "flat", "latup", "latdown", "capdrop", "caprise", "pareto", "noisy", "warm", "reject",
            "twopeak", "huge", "tiny",
        ];
        let more: Vec<&str> = fifteen.into_iter().chain(["ratelimit", "autoscale", "gcpause"]).collect();

        for (plants, blocks) in [(&fifteen[..], 1), (&more, 2)] {
            let t = text(&all(plants));

            assert!(t.lines().all(|l| l.chars().count() <= WIDEST), "{t}");
            let rows = t.lines().filter(|l| l.starts_with("gradient")).count();
            assert_eq!(rows, 6 * blocks + 1, "{t}");
        }
    }

    #[test]
    fn never_is_infinite_and_an_unfinished_cell_a_dot() {
        let mut b = all(&["usl", "capdrop"]);
        b.cells.pop();

        let t = text(&b);

        for line in [
            "max           1.4      1.4      1.4      1.4",
            "gradient     30.4        ·     30.4     30.4",
            "gradient        ∞        ·        ∞        ∞",
            "max           0.0      0.0      0.0      0.0",
            "max             3.5      3.5      3.5",
            "capdrop          0.5 (∞)       1.4 (2.8)      0.0     1.25    4.0   1.50         3.5 (∞)",
            "interrupted: 3 of 4 cells",
        ] {
            assert!(t.contains(line), "{line}\n{t}");
        }
    }

    #[test]
    fn the_json_has_fractions_and_null_for_never() {
        let j = json(&all(&["capdrop"]));

        assert_eq!(j["cells"][0]["regret"], 0.014);
        assert_eq!(j["cells"][0]["recovery_s"], 3.5);
        assert_eq!(j["cells"][0]["peak_over_knee"], 4.0);
        assert_eq!(j["cells"][1]["t5_s"], Value::Null);
        assert_eq!(j["cells"][1]["controller"], "gradient");
    }
}
