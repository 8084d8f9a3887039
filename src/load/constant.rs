//! Arrivals as even as a metronome. It knows no rate: that is the schedule's.

use super::Arrivals;

/// Equal gaps.
#[derive(Clone, Copy, Debug)]
pub struct Constant;

impl Arrivals for Constant {
    fn gap(&mut self) -> f64 {
        1.0
    }
}
