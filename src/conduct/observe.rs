//! What a law may know of one interval. A run over sockets, a simulated one and the laboratory make it here, so that what is
//! scored and tuned is what runs.

use crate::control::Observation;
use crate::model::demand::Demand;
use crate::telemetry::grid::Grid;
use crate::telemetry::interval::Interval;

/// The interval as a law may know it, under the demand that was in force. All answers count, those of arrivals that left late
/// too: what they waited for a worker is the load's doing, what they took then is the target's.
pub fn observe(i: &Interval, demand: &Demand, gentle: bool) -> Observation {
    let all = i.tally.response();
    Observation {
        now: i.to,
        span: (i.to - i.from).secs(),
        ok: i.tally.ok,
        err: i.tally.bad_status + i.tally.error_total(),
        limited: i.tally.limited(),
        mean: all.mean(),
        grid: Grid::of(&all),
        workers: demand.workers,
        in_flight: i.gauges.in_flight,
        gentle,
        cohorts: i.tally.cohorts.as_deref().cloned(),
        offered: demand.rate,
        waiting: i.gauges.waiting,
        pauses: i.health.pauses.clone(),
    }
}
