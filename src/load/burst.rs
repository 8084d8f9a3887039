//! Arrivals in bunches: so many at once, then silence. It knows no rate: that is the schedule's.

use super::Arrivals;

/// `size` arrivals at one moment, then a gap of `size` expected arrivals.
#[derive(Clone, Copy, Debug)]
pub struct Burst {
    size: u32,
    left: u32,
}

impl Burst {
    /// So many at once; 0 is taken as 1.
    pub fn new(size: u32) -> Self {
        Self {
            size: size.max(1),
            left: 0,
        }
    }
}

impl Arrivals for Burst {
    fn gap(&mut self) -> f64 {
        if self.left == 0 {
            self.left = self.size - 1;
            f64::from(self.size)
        } else {
            self.left -= 1;
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_at_once_and_then_a_gap_of_three() {
        let mut b = Burst::new(3);

        let gaps: Vec<f64> = (0..7).map(|_| b.gap()).collect();

        assert_eq!(gaps, [3.0, 0.0, 0.0, 3.0, 0.0, 0.0, 3.0]);
    }
}
