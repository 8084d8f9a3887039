//! Axes: logarithmic latency in steps of 1-2-5, linear ceilings, ticks of time.
//! Choices depend on the data alone, so a frame drawn twice has one picture.

/// A logarithmic axis, in seconds; `0 < low < high`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct LogAxis {
    /// Bottom.
    pub(super) low: f64,
    /// Top.
    pub(super) high: f64,
}

/// Shortest axis: a factor of 50, so that little noise does not fill the map.
const SHORTEST: f64 = 50.0;

impl LogAxis {
    /// The axis for data between two latencies, snapped outwards; 1 ms … 1 s for no data.
    pub(super) fn around(data: Option<(f64, f64)>) -> Self {
        let fine = |x: f64| x.is_finite() && x > 0.0;
        let Some((low, high)) = data.filter(|(a, b)| fine(*a) && fine(*b)) else {
            return Self { low: 1e-3, high: 1.0 };
        };
        let (low, high) = (low.min(high).clamp(1e-6, 50.0), high.max(low).clamp(2e-6, 100.0));
        let high = snap_up(high);
        let low = snap_down(low);
        let low = if high / low < SHORTEST {
            snap_down(high / SHORTEST)
        } else {
            low
        };
        Self { low, high }
    }

    /// Where a latency lies, 0 at the top, 1 at the bottom; outside that for what is off the scale.
    pub(super) fn depth(&self, seconds: f64) -> f64 {
        (self.high / seconds).ln() / (self.high / self.low).ln()
    }

    /// Its length in decades.
    pub(super) fn decades(&self) -> f64 {
        (self.high / self.low).log10()
    }

    /// Labelled values: the ends and the decades between, top first.
    pub(super) fn ticks(&self) -> Vec<f64> {
        let mut out = vec![self.high];
        let mut decade = 10f64.powf((self.high * 0.999).log10().floor());
        while decade > self.low * 1.001 {
            out.push(decade);
            decade /= 10.0;
        }
        out.push(self.low);
        out
    }
}

/// The largest of 1, 2, 5 × 10ⁿ that is not above `x` > 0.
pub(super) fn snap_down(x: f64) -> f64 {
    let base = 10f64.powf((x * (1.0 + 1e-9)).log10().floor());
    [5.0, 2.0]
        .iter()
        .map(|m| m * base)
        .find(|v| *v <= x * (1.0 + 1e-9))
        .unwrap_or(base)
}

/// The smallest of 1, 2, 5 × 10ⁿ that is not below `x` > 0.
pub(super) fn snap_up(x: f64) -> f64 {
    let down = snap_down(x);
    if down >= x * (1.0 - 1e-9) {
        return down;
    }
    let lead = down / 10f64.powf(down.log10().floor() + 1e-9);
    if (1.9..2.9).contains(&lead) { down * 2.5 } else { down * 2.0 }
}

/// A round ceiling for a linear axis: at least `x`, at least `least`.
pub(super) fn ceiling(x: f64, least: f64) -> f64 {
    let x = if x.is_finite() { x.max(least) } else { least };
    let base = 10f64.powf(x.log10().floor());
    [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0]
        .iter()
        .map(|m| m * base)
        .find(|v| *v >= x * (1.0 - 1e-9))
        .unwrap_or(base * 10.0)
}

/// Seconds between labels of the time axis, so that labels are at least `room` columns apart.
pub(super) fn time_step(column: f64, room: f64) -> f64 {
    const STEPS: [f64; 14] = [
        1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0, 7200.0,
    ];
    let least = column * room;
    STEPS.into_iter().find(|s| *s >= least).unwrap_or(14_400.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_snap_outwards_to_one_two_five() {
        for (x, down, up) in [(0.0011, 0.001, 0.002), (0.3, 0.2, 0.5), (0.5, 0.5, 0.5), (6.0, 5.0, 10.0)] {
            assert!((snap_down(x) / down - 1.0).abs() < 1e-9, "{x} {}", snap_down(x));
            assert!((snap_up(x) / up - 1.0).abs() < 1e-9, "{x} {}", snap_up(x));
        }
        assert_eq!(LogAxis::around(None), LogAxis { low: 1e-3, high: 1.0 });
        assert_eq!(LogAxis::around(Some((f64::NAN, 1.0))), LogAxis::around(None));
    }

    #[test]
    fn decades_are_labelled_between_the_ends() {
        let axis = LogAxis { low: 1e-3, high: 0.5 };
        let ticks: Vec<String> = axis.ticks().into_iter().map(crate::model::format::length).collect();
        assert_eq!(ticks, ["500 ms", "100 ms", "10 ms", "1.0 ms"]);
        assert!((axis.depth(0.5), axis.depth(1e-3)) == (0.0, 1.0));
    }

    #[test]
    fn ceilings_are_round() {
        for (x, top) in [(1_690.0, 2_000.0), (128.0, 150.0), (15.0, 15.0), (0.0, 1.0), (f64::NAN, 1.0)] {
            assert_eq!(ceiling(x, 1.0), top, "{x}");
        }
    }
}
