//! The first errors of each class, with what was said of them.
//! It refuses a fourth one.

use crate::model::failure::Failure;
use crate::model::units::Nanos;

/// One remembered error, at most three a class.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorSample {
    /// Its class.
    pub class: Failure,
    /// What the peer or the system said; sanitized.
    pub detail: String,
    /// When, since run start.
    pub at: Nanos,
}

/// Adds others: of each class the first three stay.
pub(super) fn merge(mine: &mut Vec<ErrorSample>, others: &[ErrorSample]) {
    for s in others {
        mine.push(s.clone());
        mine.sort_by_key(|s| (s.class, s.at));
        let mut kept = [0usize; Failure::COUNT];
        mine.retain(|s| {
            kept[s.class as usize] += 1;
            kept[s.class as usize] <= 3
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_three_of_each_class_stay_whatever_the_order() {
        let sample = |(class, ms): (Failure, u64)| ErrorSample {
            class,
            detail: String::new(),
            at: Nanos::from_millis(ms),
        };
        let (refused, reset) = (Failure::Refused, Failure::Reset);
        let mut mine = vec![sample((refused, 30)), sample((refused, 40))];

        merge(
            &mut mine,
            &[(refused, 35), (reset, 1), (refused, 10), (refused, 50)].map(sample),
        );

        let mut of_refused: Vec<u64> = mine
            .iter()
            .filter(|s| s.class == refused)
            .map(|s| s.at.ns() / 1_000_000)
            .collect();
        of_refused.sort();
        assert_eq!((of_refused, mine.len()), (vec![10, 30, 35], 4));
    }
}
