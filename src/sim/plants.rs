//! The plants of the simulator, as data: station, network, door, and what happens to them.
//! They run nothing; `World` does, and `exact` says what they can give.

mod apply;
mod door;
mod jitter;
mod law;
mod table;
mod truth;
mod typed;

pub use door::{Discipline, Door, Limit};
pub use law::Law;

use super::service::Shape;
use crate::model::units::Nanos;

/// From a moment on, what the plant is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// When it begins, since run start.
    pub from: Nanos,
    /// The station.
    pub law: Law,
    /// Mean delay outside the station, s, half on the way there, half on the way back; each ±10 %.
    pub think: f64,
    /// Job sizes, of mean 1.
    pub work: Shape,
    /// Who is served first.
    pub discipline: Discipline,
    /// Who gets in.
    pub door: Door,
}

/// The first exchanges find everything cold.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Cold {
    /// So many.
    pub first: u64,
    /// So many times as long, > 0.
    pub times: f64,
}

/// The station stands still at regular times; the first at `every`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pause {
    /// So long, s, in [0, `every`).
    pub length: f64,
    /// This often, s, > 0.
    pub every: f64,
}

/// More servers, once, some time after they were found busy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// Share of the servers busy over one second that calls for more, in (0, 1].
    pub above: f64,
    /// They come so long after that, s, ≥ 0.
    pub after: f64,
    /// So many times as many, > 0.
    pub times: f64,
}

/// What a simulated plant is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Recipe {
    /// Its name.
    pub name: &'static str,
    /// What it is, in time order; the first from zero.
    pub stretches: Vec<Stretch>,
    /// Time constant of a warm-up, s: the rate is multiplied by 1 − 0.8·exp(−t/warm).
    pub warm: Option<f64>,
    /// The rate is multiplied by noise, fast and slow, each of this spread, e-folds; 0 for none.
    pub noise: f64,
    /// Cold at first.
    pub cold: Option<Cold>,
    /// Standing still at times.
    pub pause: Option<Pause>,
    /// Growing under load.
    pub scale: Option<Scale>,
}

/// Every plant there is.
pub const NAMES: [&str; 23] = [
    "mmc",
    "usl",
    "uslsteep",
    "flat",
    "latup",
    "latdown",
    "capdrop",
    "caprise",
    "pareto",
    "noisy",
    "warm",
    "reject",
    "twopeak",
    "huge",
    "tiny",
    "slow",
    "web",
    "ratelimit",
    "pool",
    "autoscale",
    "cold",
    "gcpause",
    "usl64",
];

/// When the changing plants change.
pub const CHANGE: Nanos = Nanos::from_secs(30);

impl Recipe {
    /// A plant by name; `None` for an unknown one.
    pub fn named(name: &str) -> Option<Self> {
        table::find(name)
    }

    /// The stretch in force at a moment. A plant that grows under load is taken to have been busy since its first second.
    pub fn stretch(&self, at: Nanos) -> Stretch {
        let base = self.base(at);
        match self.scale {
            Some(s) if at >= Nanos::from_secs_f64(1.0 + s.after) => base.wider(s.times),
            _ => base,
        }
    }

    /// The plant as it is at a moment, for ever: changes, warming up and growing are over.
    pub fn settled(&self, at: Nanos) -> Self {
        Self {
            stretches: vec![Stretch {
                from: Nanos::ZERO,
                ..self.stretch(at)
            }],
            warm: None,
            cold: None,
            scale: None,
            ..self.clone()
        }
    }

    /// When it becomes another plant, its beginning first; growing under load as in [`Recipe::stretch`].
    pub fn phases(&self) -> Vec<Nanos> {
        let mut all: Vec<Nanos> = self.stretches.iter().map(|s| s.from).collect();
        all.extend(self.scale.map(|s| Nanos::from_secs_f64(1.0 + s.after)));
        all.sort();
        all
    }

    /// The stretch in force at a moment, not grown.
    pub(super) fn base(&self, at: Nanos) -> Stretch {
        let i = self.stretches.partition_point(|s| s.from <= at);
        self.stretches[i.saturating_sub(1)]
    }

    /// Some of its answers may be refusals, so that its answers have a status.
    pub fn refuses(&self) -> bool {
        self.stretches.iter().any(|s| s.door.refuses())
    }
}

impl Stretch {
    /// Jobs in service at most; the others wait.
    pub(super) fn seats(&self) -> usize {
        match self.discipline {
            Discipline::Sharing => usize::MAX,
            Discipline::Fifo => self.law.servers().map_or(usize::MAX, |n| n as usize),
        }
    }

    /// Most jobs in the station.
    pub(super) fn room(&self) -> usize {
        self.door.room(self.law.servers()).map_or(usize::MAX, |n| n as usize)
    }

    /// With `times` as many servers.
    pub(super) fn wider(self, times: f64) -> Self {
        Self {
            law: self.law.wider(times),
            ..self
        }
    }
}
