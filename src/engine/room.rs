//! What this machine allows a run: descriptors and local ports, said before the start and watched after it.
//! It refuses to end a run that does not fit: what fits is run, and the remedy is told.

use super::health::{fit, raise_descriptors};
use super::ports::Ports;
use crate::model::units::Nanos;
use crate::plan::Plan;

/// Limits in force.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Workers that fit under the descriptor limit.
    pub(super) most: u32,
    /// Descriptors that are wanted beside those of the workers.
    pub(super) beside: u64,
    /// Descriptor limit; `None` is no limit.
    pub(super) limit: Option<u64>,
    remarks: Vec<String>, // not yet said
    ports: Ports,
}

impl Room {
    /// Raises the descriptor limit as far as it goes, and looks what fits.
    pub(super) fn of(plan: &Plan) -> Self {
        let limit = raise_descriptors();
        let (room, beside) = fit(plan.threads, limit);
        let most = u32::try_from(room).unwrap_or(u32::MAX).min(plan.max_workers);
        let ports = Ports::new(plan);
        Self {
            most,
            beside,
            limit,
            remarks: ports.budget(most).into_iter().collect(),
            ports,
        }
    }

    /// Adds something to say.
    pub(super) fn remark(&mut self, text: String) {
        self.remarks.push(text);
    }

    /// What there is to say by now, each once; `open` connections are ours.
    pub(super) fn say(&mut self, now: Nanos, open: u64) -> Vec<String> {
        let mut said = std::mem::take(&mut self.remarks);
        said.extend(self.ports.look(now, open));
        said
    }
}
