//! The columns of a frame merged to the columns of the screen.
//! Merging adds counts and histograms; percentiles are never averaged.

use crate::telemetry::column::{Column, Series};
use crate::telemetry::grid::Grid;
use std::sync::Arc;

/// The unit of time of the axis, s.
const UNIT: f64 = 0.5;
/// The whole run is shown up to here, s; then the window scrolls.
const WHOLE: f64 = 600.0;
/// Requests below which a column is drawn in dots, and may be widened.
pub(super) const ENOUGH: u64 = 100;
/// A column is not widened beyond this for want of requests, s.
const WIDEST: f64 = 8.0;

/// One column of the screen.
#[derive(Clone, Debug, Default)]
pub(super) struct Slot {
    /// Begin, s since run start.
    pub(super) from: f64,
    /// End, s.
    pub(super) to: f64,
    /// Good answers.
    pub(super) ok: u64,
    /// Everything that was not good.
    pub(super) errors: u64,
    /// Arrivals called for.
    pub(super) offered: u64,
    /// Of those, shed.
    pub(super) shed: u64,
    /// Mean workers.
    pub(super) workers: f64,
    /// Mean queue.
    pub(super) queue: f64,
    /// Times of the series that is looked at.
    pub(super) grid: Grid,
    /// Samples in `grid`.
    pub(super) samples: u64,
    /// Median, s.
    pub(super) p50: Option<f64>,
    /// 99th percentile, s.
    pub(super) p99: Option<f64>,
    /// Largest, s.
    pub(super) max: Option<f64>,
    /// Sending was paused all the time.
    pub(super) paused: bool,
    /// The target in force at its end.
    pub(super) setpoint: Option<f64>,
    /// Columns it was made of.
    pub(super) parts: u32,
}

impl Slot {
    /// Length, s.
    pub(super) fn span(&self) -> f64 {
        self.to - self.from
    }

    /// A count of this slot per second.
    pub(super) fn per_second(&self, n: u64) -> f64 {
        if self.span() > 0.0 { n as f64 / self.span() } else { 0.0 }
    }

    fn add(&mut self, column: &Column, series: Series) {
        let (a, b) = (self.span(), column.span());
        let mean = |x: f64, y: f64| if a + b > 0.0 { (x * a + y * b) / (a + b) } else { y };
        if self.parts == 0 {
            (self.from, self.paused) = (column.from.secs(), true);
        }
        self.workers = mean(self.workers, column.workers);
        self.queue = mean(self.queue, column.queue);
        self.to = column.to.secs();
        self.ok += column.ok;
        self.errors += column.errors;
        self.offered += column.offered;
        self.shed += column.shed;
        let grid = column.grid(series);
        self.grid.merge(&grid);
        // Of the response more is known than the grid says.
        let (p50, p99, max) = match series {
            Series::Response => (column.p50, column.p99, column.max),
            _ => (grid.quantile(0.5), p99_of(&grid), grid.quantile(1.0)),
        };
        self.max = [self.max, max].into_iter().flatten().reduce(f64::max);
        self.paused &= column.paused;
        self.setpoint = column.setpoint.or(self.setpoint);
        (self.p50, self.p99) = (p50, p99);
        self.parts += 1;
    }

    fn close(&mut self) {
        self.samples = self.grid.total();
        if self.parts > 1 {
            self.p50 = self.grid.quantile(0.5);
            self.p99 = p99_of(&self.grid);
        }
    }
}

/// `None` where there are too few samples to say.
fn p99_of(grid: &Grid) -> Option<f64> {
    if grid.total() >= ENOUGH { grid.quantile(0.99) } else { None }
}

/// The visible part of the run, oldest first. Slots lie on whole multiples of `step`, so they never shimmer.
#[derive(Clone, Debug, Default)]
pub(super) struct Timeline {
    /// `None` where nothing was recorded.
    pub(super) slots: Vec<Option<Slot>>,
    /// Length of a slot, s.
    pub(super) step: f64,
    /// Begin of the first slot, s.
    pub(super) start: f64,
    /// The first column of the run is visible.
    pub(super) whole: bool,
    /// What its slots show the times of.
    pub(super) series: Series,
}

impl Timeline {
    /// The last slots of a run in `room` columns of the screen; `zoom` as in [`limits`]. Every series has the same slots.
    pub(super) fn of(columns: &[Arc<Column>], room: usize, zoom: i8, series: Series) -> Self {
        let (Some(first), Some(last), true) = (columns.first(), columns.last(), room > 0) else {
            return Self {
                step: UNIT,
                whole: true,
                series,
                ..Self::default()
            };
        };
        let (least, most) = limits(columns, room);
        let step = UNIT * 2f64.powi(own(columns, room) + i32::from(zoom.clamp(least, most)));
        let newest = place(last, step);
        let oldest = place(first, step).max(newest + 1 - room as i64);
        let mut slots: Vec<Option<Slot>> = vec![None; (newest - oldest + 1) as usize];
        let begin = columns.partition_point(|c| place(c, step) < oldest);
        for column in &columns[begin..] {
            let i = (place(column, step) - oldest) as usize;
            slots[i].get_or_insert_default().add(column, series);
        }
        slots.iter_mut().flatten().for_each(Slot::close);
        Self {
            slots,
            step,
            start: oldest as f64 * step,
            whole: oldest <= place(first, step),
            series,
        }
    }

    /// The slot in which a moment lies.
    pub(super) fn index(&self, seconds: f64) -> Option<usize> {
        let i = ((seconds - self.start) / self.step).floor();
        (i >= 0.0 && (i as usize) < self.slots.len()).then_some(i as usize)
    }

    /// Everything visible in one histogram.
    pub(super) fn merged(&self) -> Grid {
        let mut all = Grid::default();
        self.slots.iter().flatten().for_each(|s| all.merge(&s.grid));
        all
    }

    /// As in the title: `whole run, column 1 s`.
    pub(super) fn words(&self) -> String {
        let reach = if self.whole {
            "whole run".into()
        } else {
            format!("last {}", crate::model::format::clock(self.slots.len() as f64 * self.step))
        };
        format!("{reach}, column {}", self.column_words())
    }

    /// Length of a slot: `1 s`.
    pub(super) fn column_words(&self) -> String {
        if self.step < 1.0 {
            format!("{:.1} s", self.step)
        } else {
            crate::model::format::length(self.step).replace(".0 ", " ")
        }
    }
}

/// On which multiple of the step a column lies, by its middle.
fn place(column: &Column, step: f64) -> i64 {
    ((column.from.secs() + column.to.secs()) / 2.0 / step).floor() as i64
}

/// The step the window has by itself, as a power of two of [`UNIT`].
fn own(columns: &[Arc<Column>], room: usize) -> i32 {
    let Some(last) = columns.last() else { return 0 };
    let mut power = floor(columns);
    while needed(columns, power) > room && window(columns) > room as f64 * UNIT * 2f64.powi(power) {
        power += 1;
    }
    let seen: u64 = columns.iter().map(|c| c.ok + c.errors).sum();
    let rate = seen as f64 / last.to.secs().max(UNIT);
    while last.to.secs() >= WIDEST && rate * step(power) < ENOUGH as f64 && step(power) < WIDEST {
        power += 1;
    }
    power
}

fn step(power: i32) -> f64 {
    UNIT * 2f64.powi(power)
}

fn window(columns: &[Arc<Column>]) -> f64 {
    match (columns.first(), columns.last()) {
        (Some(first), Some(last)) => (last.to - first.from).secs().min(WHOLE),
        _ => 0.0,
    }
}

fn needed(columns: &[Arc<Column>], power: i32) -> usize {
    match (columns.first(), columns.last()) {
        (Some(first), Some(last)) => (place(last, step(power)) - place(first, step(power)) + 1).max(0) as usize,
        _ => 0,
    }
}

/// The power at which a slot is no shorter than the longest column there is.
fn floor(columns: &[Arc<Column>]) -> i32 {
    let longest = columns.iter().take(2).map(|c| c.span()).fold(UNIT, f64::max);
    (longest / UNIT).log2().round().max(0.0) as i32
}

/// How far `w` and `W` can go from the window's own step: powers of two, (≤ 0, ≥ 0).
pub(super) fn limits(columns: &[Arc<Column>], room: usize) -> (i8, i8) {
    let own = own(columns, room);
    let mut whole = own;
    while needed(columns, whole) > room.max(1) && whole < 20 {
        whole += 1;
    }
    let clamp = |x: i32| x.clamp(-20, 20) as i8;
    (clamp(floor(columns) - own), clamp((whole - own).max(2)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;

    fn run(columns: u64, ok: u64) -> Vec<Arc<Column>> {
        (0..columns)
            .map(|i| {
                let mut response = Grid::default();
                response.add(100 + (i % 3) as usize, ok);
                Arc::new(Column {
                    from: Nanos::from_millis(500 * i),
                    to: Nanos::from_millis(500 * (i + 1)),
                    ok,
                    workers: i as f64,
                    response,
                    ..Column::default()
                })
            })
            .collect()
    }

    #[test]
    fn the_whole_run_is_merged_in_pairs_when_full_and_stays_anchored_left() {
        let t = Timeline::of(&run(80, 500), 80, 0, Series::Response);
        assert_eq!((t.slots.len(), t.step, t.whole), (80, 0.5, true));

        let t = Timeline::of(&run(81, 500), 80, 0, Series::Response);
        assert_eq!((t.slots.len(), t.step, t.start), (41, 1.0, 0.0));
        assert_eq!(t.words(), "whole run, column 1 s");
    }

    #[test]
    fn merging_loses_no_request() {
        let t = Timeline::of(&run(333, 500), 50, 0, Series::Response);
        assert_eq!(t.merged().total(), 333 * 500);
        assert_eq!(t.slots.iter().flatten().map(|s| s.ok).sum::<u64>(), 333 * 500);
    }

    #[test]
    fn after_ten_minutes_it_scrolls() {
        let t = Timeline::of(&run(3_000, 500), 75, 0, Series::Response);
        assert_eq!((t.slots.len(), t.step, t.whole), (75, 8.0, false));
        assert_eq!(t.words(), "last 10:00, column 8 s");
    }

    #[test]
    fn few_requests_widen_the_column_up_to_eight_seconds() {
        assert_eq!(Timeline::of(&run(60, 30), 80, 0, Series::Response).step, 2.0);
        assert_eq!(Timeline::of(&run(60, 1), 80, 0, Series::Response).step, 8.0);
    }

    #[test]
    fn narrowing_shows_the_newest_part_and_stops_at_the_columns_own_length() {
        let columns = run(400, 500);
        let own = Timeline::of(&columns, 100, 0, Series::Response);
        let narrow = Timeline::of(&columns, 100, -9, Series::Response);
        assert_eq!((own.step, narrow.step, narrow.slots.len()), (2.0, 0.5, 100));
        assert!(!narrow.whole && narrow.index(199.9) == Some(99) && narrow.index(0.0).is_none());
    }

    #[test]
    fn nothing_recorded_is_an_empty_axis() {
        assert!(Timeline::of(&[], 80, 0, Series::Response).slots.is_empty());
        assert!(Timeline::of(&run(3, 1), 0, 0, Series::Response).slots.is_empty());
    }
}
