//! Levels over time: a rate (open model) or workers (closed model), linear in between, integrated exactly.
//! They know no clock: time is since the schedule began to run.
//!
//! ```text
//!  0..1000@10s,1000@20s     level │   ╱▔▔▔▔      expected(t) = 50 t²  until 10 s, then 5000 + 1000 (t − 10)
//!                                 │ ╱     │
//!                                 └──10──20─ s
//! ```

use crate::model::units::{Nanos, parse_duration, parse_number};

/// Arrivals below which two sums are the same: rounding, no more.
const SAME: f64 = 1e-6;

/// One stretch, linear from `from` at `begin` to `to` at `end`; s, ascending.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stage {
    begin: f64,
    end: f64,
    from: f64,
    to: f64,
    /// Integral of all stretches before it.
    before: f64,
}

/// All stretches, from time zero, without gaps.
#[derive(Clone, Debug, PartialEq)]
pub struct Stages {
    stages: Vec<Stage>,
}

impl Stages {
    /// `FROM..TO@TIME` and `LEVEL@TIME`, with commas: a line to TO, or the same level, until TIME since the start.
    ///
    /// # Errors
    /// A sentence naming the remedy: a level that is no number ≥ 0, a time that does not come after the one before.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut stages: Vec<Stage> = Vec::new();
        for part in text.split(',').map(str::trim) {
            let (begin, before) = stages.last().map_or((0.0, 0.0), |s| (s.end, s.before + s.area()));
            let (from, to, end) = stretch(part)?;
            if end <= begin {
                return Err(format!(
                    "stage {part:?} does not end after the one before it (times are since the start: 0..1000@10s,1000@20s)"
                ));
            }
            stages.push(Stage {
                begin,
                end,
                from,
                to,
                before,
            });
        }
        if stages.iter().all(|s| s.area() <= 0.0) {
            return Err(format!("stages {text:?} never rise above 0 (such as 0..1000@10s,1000@20s)"));
        }
        Ok(Self { stages })
    }

    /// When the last one ends, since the start.
    pub fn length(&self) -> Nanos {
        Nanos::from_secs_f64(self.stages.last().map_or(0.0, |s| s.end))
    }

    /// The level at `t` s; 0 after the end.
    pub fn level(&self, t: f64) -> f64 {
        self.at(t).map_or(0.0, |s| s.from + s.slope() * (t - s.begin))
    }

    /// The highest level there is.
    pub fn most(&self) -> f64 {
        self.stages.iter().map(|s| s.from.max(s.to)).fold(0.0, f64::max)
    }

    /// Integral of the level from 0 to `t` s.
    pub fn expected(&self, t: f64) -> f64 {
        match self.at(t) {
            Some(s) => {
                let x = t - s.begin;
                s.before + x * (s.from + 0.5 * s.slope() * x)
            }
            None => self.stages.last().map_or(0.0, |s| s.before + s.area()),
        }
    }

    /// When the integral reaches `n` ≥ 0, s; `None`: never.
    pub fn reaches(&self, n: f64) -> Option<f64> {
        let s = self
            .stages
            .iter()
            .find(|s| s.area() > 0.0 && n <= s.before + s.area() + SAME)?;
        let ahead = n - s.before;
        if ahead <= 0.0 {
            return Some(s.begin);
        }
        // a = r·x + k·x²/2, in the form that loses no digits when k is small.
        let root = (s.from * s.from + 2.0 * s.slope() * ahead).max(0.0).sqrt();
        Some(s.end.min(s.begin + 2.0 * ahead / (s.from + root)))
    }

    fn at(&self, t: f64) -> Option<&Stage> {
        self.stages.iter().find(|s| t < s.end)
    }
}

impl Stage {
    fn slope(&self) -> f64 {
        (self.to - self.from) / (self.end - self.begin)
    }

    fn area(&self) -> f64 {
        0.5 * (self.from + self.to) * (self.end - self.begin)
    }
}

/// From, to and end of one stretch as typed.
fn stretch(text: &str) -> Result<(f64, f64, f64), String> {
    let fault = || format!("stage {text:?} is not LEVEL@TIME or FROM..TO@TIME (such as 0..1000@10s,1000@20s)");
    let level = |t: &str| parse_number(t).filter(|l| (0.0..=1e7).contains(l)).ok_or_else(fault);
    let (levels, time) = text.split_once('@').ok_or_else(fault)?;
    let end = parse_duration(time).map_err(|why| format!("stage {text:?}: {why}"))?.secs();
    match levels.split_once("..") {
        Some((from, to)) => Ok((level(from)?, level(to)?, end)),
        None => level(levels).map(|l| (l, l, end)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ramp_to_a_thousand_in_ten_seconds_is_five_thousand_and_fifty_t_squared() {
        let s = Stages::parse("0..1000@10s,1000@20s").unwrap();

        for t in [0.0, 1.0, 2.5, 10.0] {
            assert!((s.expected(t) - 50.0 * t * t).abs() < 1e-9, "{t}");
        }
        assert_eq!(
            (s.expected(20.0), s.expected(99.0), s.level(5.0)),
            (15_000.0, 15_000.0, 500.0)
        );
        assert_eq!(
            (s.reaches(50.0), s.reaches(5000.0), s.reaches(15_001.0)),
            (Some(1.0), Some(10.0), None)
        );
        assert_eq!((s.length(), s.most(), s.level(20.0)), (Nanos::from_secs(20), 1000.0, 0.0));
    }

    #[test]
    fn what_a_sum_reaches_is_reached_at_its_time_on_falls_and_over_silences_too() {
        let s = Stages::parse("400..0@2s, 0@5s, 0..10@6s, 7.5@8s").unwrap();

        for n in [1.0, 399.0, 400.5, 404.9, 405.1, 420.0] {
            let t = s.reaches(n).unwrap();
            assert!((s.expected(t) - n).abs() < 1e-6, "{n} at {t}");
        }
        assert_eq!(s.reaches(400.0), Some(2.0));
        assert!(s.reaches(400.1).unwrap() > 5.0, "nobody comes in a silence");
    }

    #[test]
    fn bad_stages_name_the_remedy() {
        for (text, remedy) in [
            ("", "LEVEL@TIME"),
            ("100", "LEVEL@TIME"),
            ("5..@3s", "LEVEL@TIME"),
            ("-5@3s", "LEVEL@TIME"),
            ("5@3x", "500ms"),
            ("5@10s,9@10s", "since the start"),
            ("0@10s", "above 0"),
        ] {
            let said = Stages::parse(text).unwrap_err();
            assert!(said.contains(remedy), "{text}: {said}");
        }
    }
}
