//! One slot of the time axis: 500 ms of everything the strips and the map draw.

use super::grid::Grid;
use crate::model::units::Nanos;
use std::borrow::Cow;

/// Which time of an exchange is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Series {
    /// end − intended: what a user would have had.
    #[default]
    Response,
    /// end − sent.
    Service,
    /// sent − intended.
    Wait,
    /// Dials.
    Connect,
    /// The part of the wait that is this machine's alone; only of exchanges that waited or dialled.
    SendLag,
}

impl Series {
    /// In the order of their key.
    pub const ALL: [Self; 5] = [Self::Response, Self::Service, Self::Wait, Self::Connect, Self::SendLag];

    /// As printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Response => "response",
            Self::Service => "service",
            Self::Wait => "wait",
            Self::Connect => "connect",
            Self::SendLag => "send lag",
        }
    }

    /// The name and what it is.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Response => "response, from the intended start",
            Self::Service => "service, from the send",
            Self::Wait => "wait, from the intended start to the send",
            Self::Connect => "connect: dials alone",
            Self::SendLag => "send lag: this machine's part of the wait",
        }
    }

    /// The following one, round and round.
    pub fn next(self) -> Self {
        let at = Self::ALL.iter().position(|s| *s == self).unwrap_or(0);
        Self::ALL[(at + 1) % Self::ALL.len()]
    }
}

/// A closed slot. Shared between frames, never changed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// Begin, since run start.
    pub from: Nanos,
    /// End.
    pub to: Nanos,
    /// Good answers.
    pub ok: u64,
    /// Everything that was not good: bad status, failed, unsent.
    pub errors: u64,
    /// Arrivals called for.
    pub offered: u64,
    /// Of those, shed by a full queue or a cap.
    pub shed: u64,
    /// Mean of the workers in force; in the open model of the busy ones.
    pub workers: f64,
    /// Mean of the queue, measured (open) or estimated (closed).
    pub queue: f64,
    /// Response times on the grid.
    pub response: Grid,
    /// Service times, where they differ from response.
    pub service: Option<Grid>,
    /// Waits, where there were any.
    pub wait: Option<Grid>,
    /// Times to connect, where something was dialled.
    pub connect: Option<Grid>,
    /// Send lags, where something waited or dialled.
    pub send_lag: Option<Grid>,
    /// Median response, s; exact for a single column, `None` when empty.
    pub p50: Option<f64>,
    /// 99th percentile of response, s; `None` under 100 samples.
    pub p99: Option<f64>,
    /// Largest response, s, exact.
    pub max: Option<f64>,
    /// Sending was paused for most of the slot: a gap, not a zero.
    pub paused: bool,
    /// The setpoint in force, in its unit (s or 1/s).
    pub setpoint: Option<f64>,
}

impl Column {
    /// Length in seconds.
    pub fn span(&self) -> f64 {
        (self.to - self.from).secs()
    }

    /// Good answers per second; 0 for an empty span.
    pub fn good_rate(&self) -> f64 {
        if self.span() > 0.0 {
            self.ok as f64 / self.span()
        } else {
            0.0
        }
    }

    /// This slot and the following one as one: counts added, levels weighted by time, percentiles from the merged grid (≈).
    pub fn merged(&self, next: &Self) -> Self {
        let (a, b) = (self.span(), next.span());
        let mean = |x: f64, y: f64| if a + b > 0.0 { (x * a + y * b) / (a + b) } else { 0.0 };
        let mut response = self.response.clone();
        response.merge(&next.response);
        let n = response.total();
        Self {
            from: self.from,
            to: next.to,
            ok: self.ok + next.ok,
            errors: self.errors + next.errors,
            offered: self.offered + next.offered,
            shed: self.shed + next.shed,
            workers: mean(self.workers, next.workers),
            queue: mean(self.queue, next.queue),
            p50: response.quantile(0.5),
            p99: if n >= 100 { response.quantile(0.99) } else { None },
            response,
            service: self.merged_series(next, Series::Service, |c| &c.service),
            wait: self.merged_series(next, Series::Wait, |c| &c.wait),
            connect: self.merged_series(next, Series::Connect, |c| &c.connect),
            send_lag: self.merged_series(next, Series::SendLag, |c| &c.send_lag),
            max: [self.max, next.max].into_iter().flatten().reduce(f64::max),
            paused: self.paused && next.paused,
            setpoint: next.setpoint.or(self.setpoint),
        }
    }

    /// The times of one series. Where nothing waited, service is response and every wait is none at all.
    pub fn grid(&self, series: Series) -> Cow<'_, Grid> {
        let own = match series {
            Series::Response => Some(&self.response),
            Series::Service => Some(self.service.as_ref().unwrap_or(&self.response)),
            Series::Wait => self.wait.as_ref(),
            Series::Connect => self.connect.as_ref(),
            Series::SendLag => self.send_lag.as_ref(),
        };
        own.map_or_else(
            || {
                let mut none = Grid::default();
                if series == Series::Wait {
                    none.add(0, self.response.total());
                }
                Cow::Owned(none)
            },
            Cow::Borrowed,
        )
    }

    /// A series of both, where at least one keeps it.
    fn merged_series(&self, next: &Self, series: Series, kept: impl Fn(&Self) -> &Option<Grid>) -> Option<Grid> {
        (kept(self).is_some() || kept(next).is_some()).then(|| {
            let mut both = self.grid(series).into_owned();
            both.merge(&next.grid(series));
            both
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn merging_adds_counts_and_weighs_levels_by_time() {
        let a = Column {
            from: Nanos::ZERO,
            to: Nanos::from_millis(500),
            ok: 10,
            workers: 4.0,
            ..Column::default()
        };
        let b = Column {
            from: Nanos::from_millis(500),
            to: Nanos::from_millis(2000),
            ok: 30,
            workers: 8.0,
            ..Column::default()
        };

        let m = a.merged(&b);

        assert_eq!((m.ok, m.workers), (40, 7.0));
        assert_eq!(m.good_rate(), 20.0);
    }

    #[test]
    fn a_column_in_which_nothing_waited_still_counts_in_every_series() {
        let of = |bin, n| {
            let mut g = Grid::default();
            g.add(bin, n);
            g
        };
        let direct = Column {
            response: of(100, 30),
            ..Column::default()
        };
        let waited = Column {
            response: of(150, 10),
            service: Some(of(100, 10)),
            wait: Some(of(140, 10)),
            ..Column::default()
        };

        let m = direct.merged(&waited);

        let totals = Series::ALL.map(|s| m.grid(s).total());
        assert_eq!(totals, [40, 40, 40, 0, 0]);
        assert_eq!(m.service, Some(of(100, 40)));
        assert!(m.wait.unwrap().iter().any(|bin| bin == (0, 30)), "thirty did not wait");
        assert_eq!((m.connect, m.send_lag), (None, None));
    }
}
