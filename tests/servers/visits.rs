//! What each count of workers is worth: a sweep that visits all of them again and again, forth and back, so that what moves
//! meanwhile moves under all alike.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use crate::neighbour::Neighbour;
use crate::product::Product;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Counts up to 256, about 1.4 apart.
const GRID: [u32; 15] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 256];
/// Seconds at a count; what is measured is the rate its last ticks give, which look back over less than the visit.
const VISIT_S: f64 = 1.6;
/// Ticks at the end of a visit that are read.
const LAST: usize = 3;
/// Visits of each count without the neighbour, and as many with it; even: forth and back.
const VISITS: usize = 4;

/// Good answers a second by count of workers.
pub(crate) struct Worth {
    quiet: BTreeMap<u32, f64>,
    beside: BTreeMap<u32, f64>,
}

impl Worth {
    fn of(&self, beside: bool) -> &BTreeMap<u32, f64> {
        if beside { &self.beside } else { &self.quiet }
    }

    /// Share of the best of the grid that this count gives.
    pub(crate) fn share(&self, workers: u32, beside: bool) -> f64 {
        let by_count = self.of(beside);
        by_count[&workers] / GRID.iter().map(|n| by_count[n]).fold(0.0, f64::max)
    }

    /// Both curves in one line.
    pub(crate) fn line(&self) -> String {
        let curve = |beside| {
            let points = self.of(beside).iter().map(|(n, x)| format!("{n}:{x:.0}"));
            points.collect::<Vec<_>>().join(" ")
        };
        format!("quiet {} · beside {}", curve(false), curve(true))
    }
}

/// The grid and `advised`, quiet and beside the neighbour.
pub(crate) fn sweep(url: &str, advised: &[u32]) -> Worth {
    let mut counts: Vec<u32> = GRID.iter().chain(advised).copied().collect();
    counts.sort_unstable();
    counts.dedup();
    let quiet = visit(url, &counts);
    // Half of the time it takes a processor, half of the time none.
    let busy = {
        let _neighbour = Neighbour::steady(1);
        visit(url, &counts)
    };
    let beside = quiet.iter().map(|(n, x)| (*n, (x + busy[n]) / 2.0)).collect();
    Worth { quiet, beside }
}

/// Mean rate of every count over its visits.
fn visit(url: &str, counts: &[u32]) -> BTreeMap<u32, f64> {
    let forth = counts.iter().copied();
    let order: Vec<u32> = (0..VISITS)
        .flat_map(|i| {
            if i % 2 == 0 {
                forth.clone().collect::<Vec<_>>()
            } else {
                forth.clone().rev().collect()
            }
        })
        .collect();
    let at = |i: usize| VISIT_S * i as f64;
    let script: Vec<String> = order
        .iter()
        .enumerate()
        .map(|(i, n)| format!("{:.0}ms workers {n}", at(i) * 1e3))
        .collect();
    let end = format!("{:.0}ms", at(order.len()) * 1e3 + 50.0);
    let product = Product::start(&[
        url,
        "-c",
        "1",
        "--max-workers",
        "256",
        "--mode",
        "manual",
        "--script",
        &script.join("; "),
        "-z",
        &end,
        "--headless",
        "--output-format",
        "jsonl",
    ]);
    let ended = product.end(Duration::from_millis((at(order.len()) * 2e3) as u64));
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let ticks: Vec<(f64, f64)> = ended
        .stdout
        .lines()
        .filter_map(|l| serde_json::from_str::<Value>(l).ok())
        .filter_map(|l| Some((l.get("t_s")?.as_f64()?, l.get("good_rps")?.as_f64()?)))
        .collect();
    let mut rates: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (i, n) in order.iter().enumerate() {
        let within: Vec<f64> = ticks.iter().filter(|t| t.0 > at(i) && t.0 < at(i + 1)).map(|t| t.1).collect();
        rates
            .entry(*n)
            .or_default()
            .extend(&within[within.len().saturating_sub(LAST)..]);
    }
    rates
        .into_iter()
        .map(|(n, of)| (n, of.iter().sum::<f64>() / of.len() as f64))
        .collect()
}
