//! From a value to a height in [0, 1], and where the ticks stand.

/// How a panel's values become heights.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scale {
    /// log10(v + 1) up to that of the top value.
    Log(f64),
    /// Even, from 0 to the top value.
    Even(f64),
}

impl Scale {
    /// The height of a value ≥ 0; the top for what is above it.
    pub(super) fn height(self, v: f64) -> f64 {
        let share = match self {
            Self::Log(top) => v.max(0.0).ln_1p() / top.ln_1p(),
            Self::Even(top) => v.max(0.0) / top,
        };
        if share.is_finite() { share.min(1.0) } else { 0.0 }
    }

    /// Values with a tick, in rising order.
    pub(super) fn ticks(self) -> Vec<f64> {
        match self {
            Self::Log(top) => {
                let small = if top < 200.0 { &[0.0, 1.0, 3.0][..] } else { &[0.0, 1.0] };
                let mut out: Vec<f64> = small.to_vec();
                for decade in 1..9 {
                    let ten = 10f64.powi(decade);
                    out.push(ten);
                    if top < 200.0 {
                        out.push(3.0 * ten);
                    }
                }
                out.retain(|t| *t <= top);
                out
            }
            Self::Even(top) => {
                let rough = top / 3.0;
                let ten = 10f64.powf(rough.log10().floor());
                let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * ten).into_iter().find(|s| *s >= rough);
                let step = step.unwrap_or(ten);
                (0..=8).map(|i| f64::from(i) * step).filter(|t| *t <= top).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heights_run_from_nothing_to_the_top() {
        for scale in [Scale::Log(999.0), Scale::Even(20.0)] {
            let (Scale::Log(top) | Scale::Even(top)) = scale;
            assert_eq!(
                (scale.height(0.0), scale.height(top), scale.height(2.0 * top)),
                (0.0, 1.0, 1.0)
            );
        }
        assert!((Scale::Log(999.0).height(9.0) - 1.0 / 3.0).abs() < 1e-12);
        assert_eq!(Scale::Even(0.0).height(0.0), 0.0, "an empty panel has no height");
    }

    #[test]
    fn ticks_are_round() {
        assert_eq!(Scale::Log(25_000.0).ticks(), [0.0, 1.0, 10.0, 100.0, 1000.0, 10_000.0]);
        assert_eq!(Scale::Even(20.0).ticks(), [0.0, 10.0, 20.0]);
        assert_eq!(Scale::Even(1.6).ticks(), [0.0, 1.0]);
    }
}
