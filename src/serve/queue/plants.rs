//! Ready-made targets for `demo`, each with a known answer.
//! It refuses surprises: every figure in a description follows from the settings beside it.

use super::settings::Settings;

/// Name, description, and options as one would type them. The first is the default.
pub const PLANTS: [Plant; 6] = [
    Plant {
        name: "usl",
        about: "contention: best 4,222/s at 49 workers, knee 41, thrashes beyond",
        options: &[
            ("servers", "1024"),
            ("service", "exp:4ms"),
            ("contention", ".02:.0004"),
            ("delay", "400us"),
        ],
    },
    Plant {
        name: "mmc",
        about: "8 servers of 4 ms behind 5 ms of network: 2,000/s, knee 22",
        options: &[("servers", "8"), ("service", "exp:4ms"), ("delay", "5ms")],
    },
    Plant {
        name: "flat",
        about: "far and fast: 3,000/s behind 20 ms of network, knee 73",
        options: &[("servers", "4"), ("service", "exp:1333.333us"), ("delay", "20ms")],
    },
    Plant {
        name: "slow",
        about: "2 servers of 100 ms: 20/s",
        options: &[("servers", "2"), ("service", "exp:100ms")],
    },
    Plant {
        name: "capdrop",
        about: "contention that at 30 s grows and 1,689/s become 650/s, knee 15",
        options: &[
            ("servers", "1024"),
            ("service", "exp:10ms"),
            ("contention", ".02:.0004"),
            ("delay", "1ms"),
            ("step", "30s:contention=.05:.003"),
        ],
    },
    Plant {
        name: "steep",
        about: "narrow peak: 2,183/s at 15 workers, knee 13, half of it at 60",
        options: &[
            ("servers", "64"),
            ("service", "exp:2500us"),
            ("contention", ".05:.005"),
            ("delay", "500us"),
        ],
    },
];

/// A ready-made target.
#[derive(Clone, Copy, Debug)]
pub struct Plant {
    /// As typed after `demo`.
    pub name: &'static str,
    /// One line for the help.
    pub about: &'static str,
    /// For [`Settings::apply`].
    pub options: &'static [(&'static str, &'static str)],
}

/// The settings of a ready-made target; `None`: there is none of that name.
pub fn demo(name: &str) -> Option<Settings> {
    let plant = PLANTS.iter().find(|p| p.name == name)?;
    let mut settings = Settings::default();
    for (key, value) in plant.options {
        settings.apply(key, value).expect("a test reads every ready-made option");
    }
    Some(settings)
}

#[cfg(test)]
mod tests {
    use super::super::truth::truth;
    use super::*;
    use crate::model::units::Nanos;

    #[test]
    fn every_plant_has_the_truth_its_description_tells() {
        for (name, best, knee) in [
            ("usl", 4222.0, 41),
            ("mmc", 2000.0, 22),
            ("flat", 3000.0, 73),
            ("steep", 2183.0, 13),
        ] {
            let truth = truth(name, &demo(name).unwrap()).unwrap();

            assert!((truth.best_rps / best - 1.0).abs() < 2e-3, "{name}: {truth:?}");
            assert_eq!(truth.knee_workers, knee, "{name}");
        }
        assert!(PLANTS.iter().all(|p| demo(p.name).is_some()) && demo("usk").is_none());
    }

    #[test]
    fn capdrop_has_its_knee_at_41_first_and_at_15_later() {
        let settings = demo("capdrop").unwrap();

        let later = truth("capdrop", &settings.at(Nanos::from_secs(30))).unwrap();

        let first = truth("capdrop", &settings).unwrap();
        assert_eq!((first.best_rps.round(), first.knee_workers), (1689.0, 41));
        assert_eq!((later.best_rps.round(), later.knee_workers), (650.0, 15));
    }
}
