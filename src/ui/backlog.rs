//! What becomes of the client's queue: is it empty, and since when, does it drain, or does it grow, and how fast.
//! It refuses to smooth: the growth is what the last seconds of the time axis show.

use crate::telemetry::frame::Frame;

/// Seconds of the time axis that tell the growth.
const SPAN: f64 = 4.0;
/// Growth below this share of the offered rate is none.
const STILL: f64 = 0.005;

/// Share of its places from which on it is full.
const FULL: f64 = 0.98;

/// A queue that never held the arrivals of so many seconds is not worth a word when it is gone.
const WORTH: f64 = 0.1;

/// The fate of the queue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Fate {
    /// Nothing waits, and nothing to speak of has.
    Empty,
    /// Nothing waits any more: since when, s, and the most that did.
    Gone(f64, f64),
    /// There is no room left: what comes now meets the policy.
    Full,
    /// It is empty in so many seconds.
    Drains(f64),
    /// It grows by so many a second.
    Grows(f64),
    /// It neither grows nor drains to speak of.
    Stands,
}

impl Fate {
    /// `drains in 4.0 s`, `growing +50/s`.
    pub(super) fn words(self) -> String {
        use crate::model::format::{clock, length, quantity};
        match self {
            Self::Empty => "nothing waits".into(),
            Self::Gone(since, most) => format!("empty since {}, {} had waited", clock(since), quantity(most.round())),
            Self::Full => "full".into(),
            Self::Drains(seconds) => format!("drains in {}", length(seconds)),
            Self::Grows(rate) => format!("growing +{}/s", quantity(rate)),
            Self::Stands => "stands".into(),
        }
    }

    /// The same in at most twelve columns; nothing where there is nothing to say.
    pub(super) fn short(self) -> Option<String> {
        use crate::model::format::{length, quantity};
        match self {
            Self::Empty | Self::Gone(..) | Self::Stands => None,
            Self::Full => Some("full".into()),
            Self::Drains(seconds) if seconds < 99.5 => Some(format!("empty in {:.0}s", seconds.max(1.0))),
            Self::Drains(seconds) => Some(format!("empty {}", length(seconds))),
            Self::Grows(rate) => Some(format!("+{}/s", quantity(rate))),
        }
    }
}

/// The fate of the queue of a frame.
pub(super) fn fate(frame: &Frame) -> Fate {
    let queue = &frame.queue;
    if queue.now.is_nan() || queue.now < 1.0 {
        return gone(frame).unwrap_or(Fate::Empty);
    }
    if let Some(seconds) = queue.drains_in.filter(|s| s.is_finite()) {
        return Fate::Drains(seconds);
    }
    if queue.capacity > 0 && queue.now >= FULL * queue.capacity as f64 {
        return Fate::Full;
    }
    let Some(last) = frame.columns.last() else {
        return Fate::Stands;
    };
    let begin = last.to.secs() - SPAN;
    let recent = frame
        .columns
        .iter()
        .rev()
        .take_while(|c| c.from.secs() >= begin - 1e-9 && !c.paused);
    let Some(first) = recent.last().filter(|f| f.from < last.from) else {
        return Fate::Stands;
    };
    // Both are means over their columns: as far apart as their middles.
    let apart = ((last.from + last.to).secs() - (first.from + first.to).secs()) / 2.0;
    let growth = (last.queue - first.queue) / apart;
    let offered = last.offered as f64 / last.span().max(1e-9);
    if growth.is_finite() && growth > (STILL * offered).max(1.0) {
        Fate::Grows(growth)
    } else {
        Fate::Stands
    }
}

/// The last queue worth a word: when its last one left, and how many there were at most.
fn gone(frame: &Frame) -> Option<Fate> {
    let worth = |(_, most, rate): &(f64, f64, f64)| *most >= WORTH * rate;
    let mut seen = None;
    for column in frame.columns.iter().rev() {
        if column.queue >= 1.0 {
            let rate = column.offered as f64 / column.span().max(1e-9);
            let (left, most, _) = seen.unwrap_or((column.to.secs(), 0.0, rate));
            seen = Some((left, column.queue.max(most), rate));
        } else if seen.as_ref().is_some_and(worth) {
            break;
        } else {
            seen = None;
        }
    }
    seen.filter(worth).map(|(left, most, _)| Fate::Gone(left, most))
}

/// The share of arrivals shed over the last five seconds, and how many a second; `None` without arrivals.
pub(super) fn shed(frame: &Frame) -> Option<(f64, f64)> {
    let end = frame.columns.last()?.to.secs();
    let recent = frame.columns.iter().rev().take_while(|c| c.to.secs() > end - 5.0 + 1e-9);
    let (shed, offered, span) = recent.fold((0, 0, 0.0), |(s, o, t), c| (s + c.shed, o + c.offered, t + c.span()));
    (offered > 0).then(|| (shed as f64 / offered as f64, shed as f64 / span))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;
    use crate::telemetry::column::Column;
    use std::sync::Arc;

    fn frame(levels: impl Fn(u64) -> f64, shed: u64) -> Frame {
        let column = |i: u64| Column {
            from: Nanos::from_millis(500 * i),
            to: Nanos::from_millis(500 * (i + 1)),
            offered: 500,
            shed,
            queue: levels(i),
            ..Column::default()
        };
        let mut frame = Frame {
            columns: (0..40).map(|i| Arc::new(column(i))).collect(),
            ..Frame::default()
        };
        frame.queue.now = levels(40);
        frame
    }

    #[test]
    fn growth_is_read_from_the_last_seconds() {
        // 25 more every half second.
        let grows = frame(|i| 25.0 * i as f64, 0);

        assert_eq!(fate(&grows), Fate::Grows(50.0));
        assert_eq!(fate(&grows).words(), "growing +50/s");
        assert_eq!(fate(&frame(|i| 300.0 + (i % 2) as f64, 0)), Fate::Stands);
        assert_eq!(fate(&frame(|_| 0.2, 0)), Fate::Empty);
        let mut full = grows;
        full.queue.capacity = 1_010;
        assert_eq!(fate(&full), Fate::Full, "1,000 of 1,010");
    }

    #[test]
    fn a_drain_is_told_in_seconds() {
        let mut drains = frame(|i| 4000.0 - 50.0 * i as f64, 0);
        drains.queue.drains_in = Some(4.0);

        assert_eq!(fate(&drains).words(), "drains in 4.0 s");
        assert_eq!(fate(&drains).short().as_deref(), Some("empty in 4s"));
    }

    #[test]
    fn a_queue_that_is_gone_is_remembered_and_a_ripple_is_not() {
        // 400 at first, 20 fewer every half second: 20 waited in the column before 10.0 s, 1,000 arrivals come a second.
        let gone = frame(|i| (400.0 - 20.0 * i as f64).max(0.0), 0);
        let ripple = frame(|i| if i == 7 { 60.0 } else { 0.0 }, 0);
        let both = frame(|i| [0.0, 60.0, 400.0][usize::from(i == 30) + 2 * usize::from(i < 20)], 0);

        assert_eq!(fate(&gone), Fate::Gone(10.0, 400.0));
        assert_eq!(fate(&gone).words(), "empty since 0:10, 400 had waited");
        assert_eq!(fate(&ripple), Fate::Empty);
        assert_eq!(fate(&both), Fate::Gone(10.0, 400.0), "a ripple later does not hide it");
    }

    #[test]
    fn shed_arrivals_are_a_share_and_a_rate() {
        // 50 of 500 every half second.
        assert_eq!(shed(&frame(|_| 0.0, 50)), Some((0.1, 100.0)));
        assert_eq!(shed(&Frame::default()), None);
    }
}
