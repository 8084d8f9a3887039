//! The door of a station: whom it admits, whom it keeps waiting, whom it sends away.
//! Data only; `Target` keeps it.

use crate::model::demand::Overflow;

/// How jobs are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Discipline {
    /// All present share the station equally.
    #[default]
    Sharing,
    /// First come first served over the law's servers.
    Fifo,
}

/// A token bucket before the station; without a token the answer is 429 at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// Tokens a second, > 0.
    pub rate: f64,
    /// Most tokens kept, ≥ 1; full at the start.
    pub burst: f64,
}

/// Who gets in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Door {
    /// Most jobs in the station; `None`: any number.
    pub admit: Option<u32>,
    /// Most jobs that wait behind the servers; `None`: any number.
    pub queue: Option<u32>,
    /// What happens to one more: `Reject` is 503 at once, `Drop` is no answer ever, `Block` waits outside for its turn.
    pub overflow: Overflow,
    /// The station stands still so long for every one it rejects, s, without bound.
    pub stall: f64,
    /// A job that has waited so long for a server leaves with 504, s; `None`: it waits on.
    pub timeout: Option<f64>,
    /// Rate limit.
    pub limit: Option<Limit>,
}

impl Door {
    /// Everybody may enter.
    pub(super) const OPEN: Self = Self {
        admit: None,
        queue: None,
        overflow: Overflow::Reject,
        stall: 0.0,
        timeout: None,
        limit: None,
    };

    /// Most jobs in a station of so many servers; `None`: any number.
    pub fn room(&self, servers: Option<u32>) -> Option<u32> {
        let behind = self.queue.zip(servers).map(|(q, c)| q.saturating_add(c));
        [self.admit, behind].into_iter().flatten().min()
    }

    /// Its answers may be refusals.
    pub fn refuses(&self) -> bool {
        let full = (self.admit.is_some() || self.queue.is_some()) && self.overflow == Overflow::Reject;
        full || self.timeout.is_some() || self.limit.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tighter_bound_counts() {
        let door = Door {
            admit: Some(12),
            queue: Some(5),
            ..Door::OPEN
        };

        assert_eq!([Some(4), Some(8), None].map(|c| door.room(c)), [Some(9), Some(12), Some(12)]);
        assert_eq!(Door::OPEN.room(Some(4)), None);
    }
}
