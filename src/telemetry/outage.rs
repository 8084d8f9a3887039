//! A time in which the target gave no answer while attempts failed.
//! It refuses to be about silence alone: where nothing failed, the target is slow or stalled.

use super::frame::Frame;
use crate::model::units::Nanos;

/// One such time.
#[derive(Clone, Debug, PartialEq)]
pub struct Outage {
    /// Since the last answer.
    pub from: Nanos,
    /// Until the next one; `None`: there was none yet.
    pub to: Option<Nanos>,
    /// What the attempts failed of, such as `connection refused`.
    pub reason: String,
}

impl Frame {
    /// Arrivals a second that the user asked for in the measured time.
    pub fn asked(&self) -> Option<f64> {
        self.staged_rate.or(self.setpoints.rate)
    }

    /// The one that is not over.
    pub fn down(&self) -> Option<&Outage> {
        self.outages.last().filter(|o| o.to.is_none())
    }

    /// All of them up to now, s.
    pub fn down_for(&self) -> f64 {
        let lasted = |o: &Outage| (o.to.unwrap_or(self.at) - o.from).secs();
        self.outages.iter().map(lasted).sum()
    }
}
