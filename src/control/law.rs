//! The law in force: one of the closed set, behind the one trait.
//! It refuses to choose; the mode does.

use super::hold::Hold;
use super::manual::Manual;
use super::max::Max;
use super::school::aimd::Aimd;
use super::school::classic::Classic;
use super::school::climb::Climb;
use super::school::gradient::Gradient;
use super::school::vegas::Vegas;
use super::slo::Slo;
use super::{Controller, Observation};
use crate::model::setpoints::Mode;

/// One law, with its memory.
#[derive(Clone, Debug)]
pub(super) enum Law {
    Max(Box<Max>),
    Slo(Box<Slo>),
    Hold(Box<Hold>),
    Manual(Manual),
    Aimd(Box<Aimd>),
    Climb(Box<Climb>),
    Vegas(Box<Vegas>),
    Gradient(Box<Gradient>),
    Classic(Box<Classic>),
}

impl Law {
    /// The law of a mode; `again`: after another law, not from a cold start.
    pub(super) fn of(mode: Mode, again: bool) -> Self {
        match mode {
            Mode::Manual => Self::Manual(Manual::default()),
            Mode::Hold => Self::Hold(Box::default()),
            Mode::Aimd => Self::Aimd(Box::default()),
            Mode::Climb => Self::Climb(Box::default()),
            Mode::Vegas => Self::Vegas(Box::new(Vegas::new(again))),
            Mode::Gradient => Self::Gradient(Box::new(Gradient::new(again))),
            Mode::Classic => Self::Classic(Box::default()),
            Mode::Slo => Self::Slo(Box::default()),
            Mode::Max => Self::Max(Box::new(Max::new(again))),
        }
    }

    /// As the regulator calls it.
    pub(super) fn controller(&mut self) -> &mut dyn Controller {
        match self {
            Self::Max(l) => l.as_mut(),
            Self::Slo(l) => l.as_mut(),
            Self::Hold(l) => l.as_mut(),
            Self::Manual(l) => l,
            Self::Aimd(l) => l.as_mut(),
            Self::Climb(l) => l.as_mut(),
            Self::Vegas(l) => l.as_mut(),
            Self::Gradient(l) => l.as_mut(),
            Self::Classic(l) => l.as_mut(),
        }
    }

    /// It was chosen while `workers` were in force.
    pub(super) fn take_over(&mut self, workers: f64) {
        if let Self::Manual(m) = self {
            m.track(&Observation::default(), workers);
        }
    }

    /// Every tick before anything is decided: arrivals count for a promise whoever holds the traffic.
    pub(super) fn hear(&mut self, seen: &Observation) {
        if let Self::Slo(law) = self {
            law.hear(seen);
        }
    }

    /// The user is the controller.
    pub(super) fn manual(&self) -> bool {
        matches!(self, Self::Manual(_))
    }

    /// In the first ramp of a run, where growth may be bold.
    pub(super) fn fresh(&self) -> bool {
        matches!(self, Self::Max(max) if max.fresh())
    }
}
