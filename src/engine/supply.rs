//! The numbers of exchanges, unique over all lanes, and the end of them under `-n`.
//! It refuses to touch shared memory where there is no `-n`.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Numbers of closed exchanges after open ones start behind this, so that none is used twice.
const LATER: u64 = 1 << 40;

/// Exchanges of the whole run under `-n`, drawn on by all lanes. It may be overdrawn; what is overdrawn is not handed out.
#[derive(Debug)]
pub(super) struct Budget {
    limit: u64,
    drawn: AtomicU64,
}

impl Budget {
    /// `limit` exchanges, of which `used` are already done.
    pub(super) fn new(limit: u64, used: u64) -> Self {
        Self {
            limit,
            drawn: AtomicU64::new(used),
        }
    }

    /// The next number of the run; `None`: all are drawn.
    pub(super) fn draw(&self) -> Option<u64> {
        let n = self.drawn.fetch_add(1, Ordering::Relaxed);
        (n < self.limit).then_some(n)
    }

    fn exhausted(&self) -> bool {
        self.drawn.load(Ordering::Relaxed) >= self.limit
    }
}

/// One lane's view: from the shared budget, or else every `lanes`-th number.
#[derive(Debug)]
pub(super) struct Supply {
    budget: Option<Arc<Budget>>,
    next: Cell<u64>,
    step: u64,
}

impl Supply {
    /// Of lane `lane` of `lanes`; the first `used` numbers are taken.
    pub(super) fn new(budget: Option<Arc<Budget>>, used: u64, lane: usize, lanes: usize) -> Self {
        Self {
            budget,
            next: Cell::new(used + lane as u64),
            step: lanes as u64,
        }
    }

    /// The next number; `None` when `-n` is used up.
    pub(super) fn draw(&self) -> Option<u64> {
        match &self.budget {
            Some(budget) => budget.draw(),
            None => Some(self.next.replace(self.next.get() + self.step)),
        }
    }

    /// Open arrivals have had the numbers so far: those of this lane go on far behind them.
    pub(super) fn make_room(&self) {
        if self.next.get() < LATER {
            self.next.set(self.next.get() + LATER);
        }
    }

    /// `-n` is used up: nothing will be drawn any more, by any lane.
    pub(super) fn exhausted(&self) -> bool {
        self.budget.as_ref().is_some_and(|b| b.exhausted())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_without_a_budget_never_share_a_number() {
        let lanes: Vec<Supply> = (0..3).map(|lane| Supply::new(None, 1, lane, 3)).collect();

        let mut drawn: Vec<u64> = lanes.iter().flat_map(|s| [s.draw(), s.draw()]).flatten().collect();
        drawn.sort();

        assert_eq!(drawn, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn a_budget_hands_out_exactly_its_numbers() {
        let budget = Arc::new(Budget::new(5, 1));
        let lanes: Vec<Supply> = (0..2).map(|l| Supply::new(Some(Arc::clone(&budget)), 1, l, 2)).collect();

        let drawn: Vec<u64> = (0..6).filter_map(|i| lanes[i % 2].draw()).collect();

        assert_eq!(drawn, [1, 2, 3, 4]);
        assert!(lanes[0].exhausted());
    }
}
