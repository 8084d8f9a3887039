//! The time axis: closes a column every 500 ms, keeps 7200 of them, then merges pairs.

use crate::model::units::Nanos;
use crate::telemetry::column::Column;
use crate::telemetry::grid::Grid;
use crate::telemetry::tally::Tally;
use std::sync::Arc;

/// Width of a column.
const WIDTH: Nanos = Nanos::from_millis(500);
/// Half a control period.
const HALF_TICK: Nanos = Nanos::from_millis(50);
/// Columns kept before pairs are merged.
const MOST: usize = 7200;

/// Collects ticks into columns.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    open: Tally,
    from: Nanos,
    due: Nanos,
    span: f64,
    workers: f64,
    queue: f64,
    paused: f64,
    closed: Vec<Arc<Column>>,
    shared: Arc<[Arc<Column>]>,
    width: Nanos,
}

/// Levels of one tick.
pub(super) struct Levels {
    pub(super) workers: f64,
    pub(super) queue: f64,
    pub(super) paused: bool,
    pub(super) setpoint: Option<f64>,
}

impl Axis {
    pub(super) fn new() -> Self {
        Self {
            open: Tally::default(),
            from: Nanos::ZERO,
            due: WIDTH,
            span: 0.0,
            workers: 0.0,
            queue: 0.0,
            paused: 0.0,
            closed: Vec::new(),
            shared: Arc::from([]),
            width: WIDTH,
        }
    }

    /// Adds one tick that ended at `to`; true when a column was closed by it.
    pub(super) fn add(&mut self, tally: &Tally, to: Nanos, span: f64, levels: &Levels) -> bool {
        self.open.merge(tally);
        self.span += span;
        self.workers += levels.workers * span;
        self.queue += levels.queue * span;
        self.paused += if levels.paused { span } else { 0.0 };
        // Ticks come a little before or after the grid; the column goes to the nearest tick, so that slots do not drift.
        let full = to + HALF_TICK >= self.due;
        if full {
            self.close(to, levels.setpoint);
            while to + HALF_TICK >= self.due {
                self.due += self.width;
            }
        }
        full
    }

    /// Closes what is open and what was counted since the last span, if there is anything in them.
    pub(super) fn finish(&mut self, to: Nanos, rest: Option<&Tally>, setpoint: Option<f64>) {
        rest.into_iter().for_each(|rest| self.open.merge(rest));
        if self.span > 0.0 || self.open.scheduled > 0 {
            self.close(to, setpoint);
        }
    }

    fn close(&mut self, to: Nanos, setpoint: Option<f64>) {
        let response = self.open.response();
        let grids = self.open.parts.is_some();
        let mean = |sum: f64| if self.span > 0.0 { sum / self.span } else { 0.0 };
        self.closed.push(Arc::new(Column {
            from: self.from,
            to,
            ok: self.open.ok,
            errors: self.open.bad_status + self.open.error_total(),
            offered: self.open.scheduled,
            shed: self.open.shed,
            workers: mean(self.workers),
            queue: mean(self.queue),
            p50: response.quantile(0.5),
            p99: if response.count() >= 100 {
                response.quantile(0.99)
            } else {
                None
            },
            max: response.max(),
            response: Grid::of(&response),
            service: grids.then(|| Grid::of(&self.open.service())),
            wait: grids.then(|| Grid::of(&self.open.wait())),
            connect: self.open.connect.as_ref().map(|c| Grid::of(c)),
            send_lag: self.open.parts.as_ref().map(|p| Grid::of(&p.send_lag)),
            paused: self.paused > self.span / 2.0,
            setpoint,
        }));
        self.open.clear();
        self.from = to;
        (self.span, self.workers, self.queue, self.paused) = (0.0, 0.0, 0.0, 0.0);
        if self.closed.len() > MOST {
            self.closed = self.closed.chunks(2).map(merge_pair).collect();
            self.width = self.width * 2;
        }
        self.shared = self.closed.as_slice().into();
    }

    /// All closed columns, oldest first.
    pub(super) fn columns(&self) -> Arc<[Arc<Column>]> {
        self.shared.clone()
    }
}

fn merge_pair(pair: &[Arc<Column>]) -> Arc<Column> {
    match pair {
        [a, b] => Arc::new(a.merged(b)),
        one => one[0].clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn levels() -> Levels {
        Levels {
            workers: 4.0,
            queue: 0.0,
            paused: false,
            setpoint: None,
        }
    }

    #[test]
    fn five_ticks_make_a_column_and_nothing_is_lost() {
        let mut axis = Axis::new();
        for i in 1..=20u64 {
            let mut t = Tally {
                ok: 3,
                ..Tally::default()
            };
            t.direct.record_n(Nanos::from_millis(7), 3);
            axis.add(&t, Nanos::from_millis(100 * i), 0.1, &levels());
        }

        let columns = axis.columns();

        assert_eq!(columns.len(), 4);
        assert_eq!(columns.iter().map(|c| c.ok).sum::<u64>(), 60);
        assert_eq!(columns.iter().map(|c| c.response.total()).sum::<u64>(), 60);
        assert!(columns.iter().all(|c| (c.workers - 4.0).abs() < 1e-9));
    }

    #[test]
    fn ticks_beside_the_grid_do_not_leave_slots_empty() {
        let mut axis = Axis::new();
        for i in 1..=100u64 {
            let to = Nanos::from_millis(100 * i - 3 + i % 7);
            axis.add(&Tally::default(), to, 0.1, &levels());
        }

        let columns = axis.columns();

        assert_eq!(columns.len(), 20);
        for (k, c) in columns.iter().enumerate() {
            let middle = (c.from.secs() + c.to.secs()) / 2.0;
            assert_eq!((middle / 0.5) as usize, k, "each column lies in its own slot");
        }
    }

    #[test]
    fn two_hours_stay_within_bounds_without_losing_a_count() {
        let mut axis = Axis::new();
        let t = Tally {
            ok: 1,
            ..Tally::default()
        };
        for i in 1..=(MOST as u64 * 3) {
            axis.add(&t, Nanos::from_millis(500 * i), 0.5, &levels());
        }
        axis.finish(Nanos::from_millis(500 * (MOST as u64 * 3) + 1), None, None);

        let columns = axis.columns();

        assert!(columns.len() <= MOST + 1);
        assert_eq!(columns.iter().map(|c| c.ok).sum::<u64>(), MOST as u64 * 3);
    }

    #[test]
    fn series_are_kept_only_where_they_differ() {
        use crate::model::seen::Seen;
        use crate::telemetry::column::Series;
        use crate::telemetry::tally::Outcome;
        let mut axis = Axis::new();
        let (mut direct, mut waited) = (Tally::default(), Tally::default());
        direct.direct.record_n(Nanos::from_millis(7), 3);
        let late = Seen {
            intended: Nanos::from_millis(600),
            free: Nanos::from_millis(630),
            sent: Some(Nanos::from_millis(640)),
            ..Seen::default()
        };
        waited.finish(&late, Outcome::Ok, Nanos::from_millis(650));
        waited.connected(Nanos::from_millis(2));
        waited.shed = 5;

        axis.add(&direct, Nanos::from_millis(500), 0.5, &levels());
        axis.add(&waited, Nanos::from_millis(1000), 0.5, &levels());

        let columns = axis.columns();
        let kept = |c: &Column| [&c.service, &c.wait, &c.connect, &c.send_lag].map(Option::is_some);
        assert_eq!((kept(&columns[0]), kept(&columns[1])), ([false; 4], [true; 4]));
        let about = |s, ms: f64| {
            let q = columns[1].grid(s).quantile(0.5).unwrap_or(0.0) * 1e3;
            (q / ms - 1.0).abs() < 0.07
        };
        assert!(about(Series::Response, 50.0) && about(Series::Wait, 40.0) && about(Series::Service, 10.0));
        assert!(about(Series::SendLag, 10.0) && about(Series::Connect, 2.0));
        assert_eq!(columns[1].shed, 5);
    }
}
