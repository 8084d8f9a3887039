//! The advice: a rate per instance and a pool size, from the knee of the closed model.
//! It refuses to call the knee capacity: 25 % below it is what open traffic may hope for, untested.

use super::Advice;
use crate::model::format::quantity;
use crate::telemetry::frame::Frame;

/// Share of the knee's rate that is advised while open traffic has not been tried.
const CLOSED_SHARE: f64 = 0.75;

/// The advice, once the search has been answered.
pub fn advice(f: &Frame) -> Option<Advice> {
    let knee = f.knee.as_ref().filter(|_| f.answered && !f.at_limit)?;
    let rate_rps = round(CLOSED_SHARE * knee.good_rps);
    let never = knee.best_workers.max(knee.hi);
    let text = format!(
        "{} req/s per instance (25 % below the knee, not tested as open traffic); client pool {}, never more than {never}",
        quantity(rate_rps),
        knee.workers
    );
    Some(Advice {
        rate_rps,
        pool: knee.workers,
        basis: "closed-75%",
        text,
    })
}

/// Three significant digits, downwards: a promise is not rounded up.
fn round(rate: f64) -> f64 {
    let scale = 10f64.powf((rate.max(1e-9)).log10().floor() - 2.0);
    (rate / scale + 1e-9).floor() * scale
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::curve::Knee;

    fn frame(answered: bool) -> Frame {
        let knee = Knee {
            workers: 41,
            lo: 38,
            hi: 45,
            good_rps: 1667.0,
            ci95_rps: None,
            p50: None,
            p99: None,
            best_workers: 49,
            best_rps: 1689.0,
            usl: None,
        };
        Frame {
            answered,
            knee: Some(knee),
            ..Frame::default()
        }
    }

    #[test]
    fn a_quarter_below_the_knee_rounded_down() {
        let a = advice(&frame(true)).unwrap();

        assert_eq!((a.rate_rps, a.pool, a.basis), (1250.0, 41, "closed-75%"));
        assert!(a.text.contains("never more than 49"));
    }

    #[test]
    fn no_advice_before_the_answer() {
        assert_eq!(advice(&frame(false)), None);
    }
}
