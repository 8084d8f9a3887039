//! The knobs of the laws and their ranges.
//! It refuses to know which law reads which.

/// Knobs of the laws, each with its range in [`KNOBS`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Knobs {
    /// What a doubling of workers must bring, as exponent: κ of the law.
    pub kappa: f64,
    /// Weak rungs in a row that end the ramp.
    pub patience: f64,
    /// First probe size, fraction of the workers.
    pub p0: f64,
    /// Standard errors a decision needs.
    pub z: f64,
    /// Alarm threshold of the change detector.
    pub h: f64,
    /// Latency guard, multiples of the idle latency; 0 = off.
    pub g: f64,
    /// Setpoint weight of `hold`.
    pub b: f64,
    /// `aimd`: it backs off above so many times the least response; 0 = only on errors.
    pub backoff: f64,
    /// `classic`: workers per missing reply a second and tick.
    pub gain: f64,
}

impl Default for Knobs {
    fn default() -> Self {
        Self {
            kappa: 0.10,
            patience: 2.0,
            p0: 0.12,
            z: 2.0,
            h: 9.0,
            g: 6.0,
            b: 0.6,
            backoff: 2.0,
            gain: 1e-5,
        }
    }
}

/// One knob as the knob list shows it.
#[derive(Clone, Copy, Debug)]
pub struct Knob {
    /// As typed in `set NAME = X`.
    pub name: &'static str,
    /// What it means, in a few words.
    pub meaning: &'static str,
    /// Lowest value.
    pub min: f64,
    /// Highest value.
    pub max: f64,
    /// One step of the arrow keys; where the range spans decades a factor.
    pub step: f64,
}

impl Knob {
    /// Its range spans decades: it moves by factors.
    pub fn by_factors(&self) -> bool {
        self.max >= 1000.0 * self.min && self.min > 0.0
    }
}

/// Every knob of `set`, in list order.
pub const KNOBS: [Knob; 9] = [
    Knob {
        name: "thrift",
        meaning: "what twice the workers must bring",
        min: 0.0,
        max: 0.5,
        step: 0.02,
    },
    Knob {
        name: "patience",
        meaning: "weak rungs that end the ramp",
        min: 1.0,
        max: 4.0,
        step: 1.0,
    },
    Knob {
        name: "p0",
        meaning: "probe size",
        min: 0.05,
        max: 0.30,
        step: 0.02,
    },
    Knob {
        name: "z",
        meaning: "caution, standard errors",
        min: 1.0,
        max: 4.0,
        step: 0.25,
    },
    Knob {
        name: "h",
        meaning: "change alarm threshold",
        min: 4.0,
        max: 20.0,
        step: 1.0,
    },
    Knob {
        name: "g",
        meaning: "latency guard, x idle, 0 = off",
        min: 0.0,
        max: 20.0,
        step: 1.0,
    },
    Knob {
        name: "b",
        meaning: "setpoint weight of hold",
        min: 0.0,
        max: 1.0,
        step: 0.1,
    },
    Knob {
        name: "backoff",
        meaning: "aimd: too slow, x least latency, 0 = off",
        min: 0.0,
        max: 20.0,
        step: 0.5,
    },
    Knob {
        name: "gain",
        meaning: "classic: workers per missing reply a tick",
        min: 1e-6,
        max: 1e-2,
        step: 2.0,
    },
];

impl Knobs {
    /// The value of a knob; `None` for an unknown name.
    pub fn get(&self, name: &str) -> Option<f64> {
        let mut copy = *self;
        copy.slot(name).map(|v| *v)
    }

    /// The place of a knob; `None` for an unknown name. `kappa` was the name of thrift.
    pub fn slot(&mut self, name: &str) -> Option<&mut f64> {
        Some(match name {
            "kappa" | "thrift" => &mut self.kappa,
            "patience" => &mut self.patience,
            "p0" => &mut self.p0,
            "z" => &mut self.z,
            "h" => &mut self.h,
            "g" => &mut self.g,
            "b" => &mut self.b,
            "backoff" => &mut self.backoff,
            "gain" => &mut self.gain,
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_knob_has_a_place_and_its_default_lies_in_its_range() {
        for k in &KNOBS {
            let value = Knobs::default().get(k.name);
            assert!(value.is_some_and(|v| (k.min..=k.max).contains(&v)), "{} {value:?}", k.name);
        }
    }
}
