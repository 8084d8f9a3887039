//! What the spectrogram shows, as numbers: for every pixel of every column a value in [0, 1] or nothing.
//! It refuses colours; a value of nothing is the terminal's own ground, because zero is not rare.

use super::scale::LogAxis;
use super::state::Scale;
use super::theme::heat;
use super::timeline::{Slot, Timeline};
use crate::telemetry::grid::{BINS, Grid};

/// Decades of latency a colour speaks of, whatever the height of a pixel.
const BAND: f64 = 0.05;

/// Room above the highest but a few, so that ordinary maxima stay on the map.
const HEADROOM: f64 = 1.2;

/// Counts per band of each pixel, top first: not a number of requests but a density, so zooming keeps the colours.
pub(super) fn column(slot: &Slot, axis: &LogAxis, pixels: usize) -> Vec<f64> {
    let mut out = vec![0.0; pixels];
    if pixels == 0 {
        return out;
    }
    let per_pixel = axis.decades() / pixels as f64;
    for (bin, n) in slot.grid.iter().filter(|(_, n)| *n > 0) {
        let (low, high) = edges(bin);
        let (top, bottom) = (axis.depth(high) * pixels as f64, axis.depth(low) * pixels as f64);
        let length = (bottom - top).max(1e-9);
        let first = top.floor().max(0.0) as usize;
        let last = (bottom.ceil().max(0.0) as usize).min(pixels);
        for (i, pixel) in out.iter_mut().enumerate().take(last).skip(first) {
            let overlap = (bottom.min(i as f64 + 1.0) - top.max(i as f64)).max(0.0);
            *pixel += f64::from(n) * overlap / length;
        }
    }
    out.iter_mut().for_each(|n| *n *= BAND / per_pixel);
    out
}

/// Edges of a bin, s; the open ends get one bin's width.
fn edges(bin: usize) -> (f64, f64) {
    match bin {
        0 => (Grid::edge(1) * 0.94, Grid::edge(1)),
        b if b > BINS => (Grid::edge(b), Grid::edge(b) * 1.064),
        b => (Grid::edge(b), Grid::edge(b + 1)),
    }
}

/// How densities become values, for one whole picture.
#[derive(Clone, Debug)]
pub(super) enum Meaning {
    /// Share of the column; nothing else is needed.
    Share,
    /// The largest density on the screen.
    Count(f64),
    /// All densities on the screen, rising.
    Rank(Vec<f64>),
}

impl Meaning {
    /// The meaning of colour for a picture.
    pub(super) fn of(scale: Scale, timeline: &Timeline, axis: &LogAxis, pixels: usize) -> Self {
        if scale == Scale::Share {
            return Self::Share;
        }
        let slots = timeline.slots.iter().flatten();
        let mut all: Vec<f64> = slots.flat_map(|s| column(s, axis, pixels)).filter(|n| *n > 0.0).collect();
        all.sort_by(f64::total_cmp);
        match scale {
            Scale::Count => Self::Count(all.last().copied().unwrap_or(1.0)),
            _ => Self::Rank(all),
        }
    }

    /// The value of a density in a column of `samples`; `None` for nothing at all.
    pub(super) fn value(&self, density: f64, samples: u64) -> Option<f64> {
        if density <= 0.0 || density.is_nan() || samples == 0 {
            return None;
        }
        Some(match self {
            Self::Share => heat::value(density / samples as f64),
            Self::Count(most) => ((density.max(1.0)).ln() / most.max(2.0).ln()).clamp(0.0, 1.0),
            Self::Rank(all) => all.partition_point(|n| *n < density) as f64 / all.len().max(1) as f64,
        })
    }

    /// The ends of the legend.
    pub(super) fn ends(&self) -> (String, String) {
        use crate::model::format::quantity;
        match self {
            Self::Share => (".03 %".into(), "≥30 %".into()),
            Self::Count(most) => ("1".into(), quantity(most.max(2.0).round())),
            Self::Rank(_) => ("least".into(), "most".into()),
        }
    }
}

/// The axis that shows all but the last few of the visible requests of some maps, and the target where there is one.
pub(super) fn axis(timelines: &[&Timeline], target: Option<f64>) -> LogAxis {
    let mut all = Grid::default();
    timelines.iter().for_each(|t| all.merge(&t.merged()));
    let data = all.quantile(0.02).zip(all.quantile(0.9998).map(|top| top * HEADROOM));
    let data = data.map(|(low, high)| match target.filter(|t| t.is_finite() && *t > 0.0) {
        Some(t) => (low.min(t), high.max(t)),
        None => (low, high),
    });
    LogAxis::around(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(n: u64) -> Slot {
        let mut grid = Grid::default();
        for (bin, share) in [(150, 1), (151, 3), (152, 6)] {
            grid.add(bin, n * share);
        }
        Slot {
            samples: grid.total(),
            grid,
            ..Slot::default()
        }
    }

    #[test]
    fn shares_of_a_column_add_up_to_one() {
        let axis = LogAxis { low: 1e-3, high: 1.0 };
        for pixels in [1, 7, 40, 333] {
            let (s, per_pixel) = (slot(100), axis.decades() / pixels as f64);
            let sum: f64 = column(&s, &axis, pixels).iter().map(|d| d * per_pixel / BAND).sum();
            assert!((sum / s.samples as f64 - 1.0).abs() < 1e-6, "{pixels} {sum}");
        }
    }

    #[test]
    fn one_request_in_a_million_is_visible_and_none_is_not() {
        assert_eq!(Meaning::Share.value(1e-3, 1_000_000), Some(0.0));
        assert_eq!(Meaning::Share.value(0.0, 1_000_000), None);
        assert_eq!(Meaning::Share.value(f64::NAN, 10), None);
        assert_eq!(Meaning::Share.value(1.0, 0), None);
    }

    #[test]
    fn brightness_does_not_depend_on_the_height_of_the_picture() {
        let axis = LogAxis { low: 1e-3, high: 1.0 };
        let mut even = Slot::default();
        (1..=BINS).for_each(|b| even.grid.add(b, 10));
        let mid = |pixels: usize| column(&even, &axis, pixels)[pixels / 2];
        assert!((mid(20) / mid(90) - 1.0).abs() < 0.05, "{} {}", mid(20), mid(90));
    }

    #[test]
    fn the_axis_holds_the_target() {
        let timeline = Timeline {
            slots: vec![Some(slot(100))],
            step: 0.5,
            ..Timeline::default()
        };
        assert!(axis(&[&timeline], Some(3.0)).high >= 3.0);
        assert_eq!(axis(&[], None), LogAxis { low: 1e-3, high: 1.0 });
    }
}
