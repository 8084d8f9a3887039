//! Scores of one plant and one controller over the seeds, as a cell of the table.
//! It refuses an empty one.

use super::score::{Score, median, p90};
use crate::telemetry::scores::Cell;

/// Medians and 90th percentiles; `None` without a score.
pub(super) fn cell(plant: &'static str, controller: &'static str, scores: &[Score]) -> Option<Cell> {
    let all = |of: fn(&Score) -> Option<f64>| scores.iter().map(of).collect::<Vec<_>>();
    let first = scores.first()?;
    let (t5, recovery) = (all(|s| s.t5), all(|s| s.recovery.flatten()));
    Some(Cell {
        plant,
        controller,
        seeds: scores.len() as u32,
        regret: median(all(|s| Some(s.regret)))?,
        regret_p90: p90(all(|s| Some(s.regret)))?,
        t5: median(t5.clone()),
        t5_p90: p90(t5),
        steady_loss: median(all(|s| Some(s.steady_loss)))?,
        n_over_knee: median(all(|s| Some(s.n_over_knee)))?,
        peak_over_knee: scores.iter().map(|s| s.peak_over_knee).fold(0.0, f64::max),
        p99_over_knee: median(all(|s| s.p99_over_knee)),
        changes: first.recovery.is_some(),
        recovery: median(recovery.clone()),
        recovery_p90: p90(recovery),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(regret: f64, t5: Option<f64>) -> Score {
        Score {
            regret,
            t5,
            steady_loss: 0.0,
            n_over_knee: 1.0,
            peak_over_knee: 100.0 * regret,
            p99_over_knee: Some(1.0),
            recovery: None,
        }
    }

    #[test]
    fn half_of_the_seeds_never_there_is_never() {
        let c = cell("usl", "max", &[score(0.01, Some(1.0)), score(0.03, None)]).unwrap();

        assert_eq!(
            (c.seeds, c.regret, c.regret_p90, c.t5, c.changes),
            (2, 0.02, 0.03, None, false)
        );
        assert_eq!(c.peak_over_knee, 3.0, "the worst of the seeds: a median hides a runaway");
        assert_eq!(cell("usl", "max", &[]), None);
    }
}
