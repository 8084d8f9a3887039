//! The knobs of the present mode as a list: what each is called, where it stands, what one step of it says.
//! It refuses to change anything; a step is a command.

use super::foresee;
use crate::model::command::{Change, Command, Gain};
use crate::model::format;
use crate::model::setpoints::{KNOBS, Knob, LoadModel, Mode, Setpoints};

/// One line of the list.
#[derive(Clone, Copy, Debug)]
pub(super) enum Item {
    /// A gain of `hold`.
    Gain(Gain),
    /// A knob of `set`.
    Knob(&'static Knob),
    /// The offered rate.
    Rate,
    /// The upper bound on workers.
    Most,
}

/// Lowest, highest, step of a gain.
fn gain_range(gain: Gain) -> (f64, f64, f64) {
    match gain {
        Gain::Kp => (0.0, 1.0, 0.05),
        Gain::Ki => (0.05, 0.9, 0.05),
        Gain::Kd => (0.0, 0.3, 0.02),
    }
}

fn gain_value(set: &Setpoints, gain: Gain) -> f64 {
    match gain {
        Gain::Kp => set.gains.kp,
        Gain::Ki => set.gains.ki,
        Gain::Kd => set.gains.kd,
    }
}

/// A knob does something in a mode.
fn turns(knob: &str, mode: Mode) -> bool {
    match mode {
        Mode::Max | Mode::Slo => !matches!(knob, "b" | "backoff" | "gain"),
        Mode::Hold => knob == "b",
        Mode::Aimd => knob == "backoff",
        Mode::Climb => knob == "thrift",
        Mode::Classic => knob == "gain",
        Mode::Manual | Mode::Vegas | Mode::Gradient => false,
    }
}

/// The list for a mode, never empty.
pub(super) fn items(set: &Setpoints) -> Vec<Item> {
    let mut list: Vec<Item> = match set.mode {
        Mode::Hold => [Gain::Kp, Gain::Ki, Gain::Kd].map(Item::Gain).to_vec(),
        _ => Vec::new(),
    };
    list.extend(KNOBS.iter().filter(|k| turns(k.name, set.mode)).map(Item::Knob));
    if set.model == LoadModel::Open {
        list.push(Item::Rate);
    }
    list.push(Item::Most);
    list
}

impl Item {
    /// Its name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gain(Gain::Kp) => "Kp",
            Self::Gain(Gain::Ki) => "Ki",
            Self::Gain(Gain::Kd) => "Kd",
            Self::Knob(knob) => knob.name,
            Self::Rate => "rate",
            Self::Most => "most",
        }
    }

    /// What it means, in a few words.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::Gain(Gain::Kp) => "answer to how far off it is",
            Self::Gain(Gain::Ki) => "answer to how long it has been off",
            Self::Gain(Gain::Kd) => "answer to how fast it moves",
            Self::Knob(knob) => knob.meaning,
            Self::Rate => "arrivals offered per second",
            Self::Most => "workers, upper bound",
        }
    }

    /// Its value now, as printed.
    pub(super) fn value(self, set: &Setpoints) -> String {
        match self {
            Self::Gain(gain) => foresee::knob_value(gain_value(set, gain), 0.05),
            Self::Knob(knob) => foresee::knob_value(set.knobs.get(knob.name).unwrap_or(f64::NAN), knob.step),
            Self::Rate => set.rate.map_or_else(|| format::MISSING.into(), format::quantity),
            Self::Most => format::count(u64::from(set.bounds.max)),
        }
    }

    /// Where its value lies in its range, in [0, 1]; `None` without a range.
    pub(super) fn fraction(self, set: &Setpoints) -> Option<f64> {
        let (value, min, max) = match self {
            Self::Gain(gain) => {
                let (min, max, _) = gain_range(gain);
                (gain_value(set, gain), min, max)
            }
            Self::Knob(knob) => (set.knobs.get(knob.name)?, knob.min, knob.max),
            Self::Rate | Self::Most => return None,
        };
        Some(((value - min) / (max - min)).clamp(0.0, 1.0))
    }

    /// One step up or down.
    pub(super) fn step(self, set: &Setpoints, up: bool) -> Command {
        let sign = if up { 1.0 } else { -1.0 };
        match self {
            Self::Gain(gain) => {
                let (min, max, step) = gain_range(gain);
                let next = (gain_value(set, gain) + sign * step).clamp(min, max);
                Command::Gain(gain, Change::To((next * 100.0).round() / 100.0))
            }
            Self::Knob(knob) if knob.by_factors() => Command::Set(knob.name, Change::Times(knob.step.powf(sign))),
            Self::Knob(knob) => Command::Set(knob.name, Change::By(sign * knob.step)),
            Self::Rate => Command::Rate(Change::Times(if up { 1.05 } else { 1.0 / 1.05 })),
            Self::Most => {
                let most = if up {
                    set.bounds.max.saturating_mul(2)
                } else {
                    set.bounds.max / 2
                };
                Command::Bounds(set.bounds.min, most.clamp(set.bounds.min.max(1), 1 << 20))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mode_lists_its_own_knobs() {
        let names = |mode| {
            let set = Setpoints {
                mode,
                ..Setpoints::default()
            };
            items(&set).into_iter().map(Item::name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(names(Mode::Max), "thrift patience p0 z h g most");
        assert_eq!(names(Mode::Hold), "Kp Ki Kd b most");
        assert_eq!(names(Mode::Manual), "most");
        assert_eq!(names(Mode::Aimd), "backoff most");
        assert_eq!(names(Mode::Climb), "thrift most");
        assert_eq!(names(Mode::Classic), "gain most");
        assert_eq!(names(Mode::Vegas), "most");
    }

    #[test]
    fn gains_step_on_a_grid_and_stop_at_their_bounds() {
        let mut set = Setpoints::default();
        assert_eq!(
            Item::Gain(Gain::Kp).step(&set, true),
            Command::Gain(Gain::Kp, Change::To(0.30))
        );
        set.gains.kd = 0.0;
        assert_eq!(
            Item::Gain(Gain::Kd).step(&set, false),
            Command::Gain(Gain::Kd, Change::To(0.0))
        );
    }
}
