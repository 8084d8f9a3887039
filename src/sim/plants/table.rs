//! Every named plant as a row: station, network, and what happens to them.
//! Where a figure is a choice of this table and not of the plant's idea, the row says why.

use super::law::{Law, servers, usl};
use super::{CHANGE, Cold, Discipline, Door, Limit, Pause, Recipe, Scale, Stretch};
use crate::model::units::Nanos;
use crate::sim::service::Shape;

/// One plant.
struct Row {
    name: &'static str,
    first: Stretch,
    /// From `CHANGE` on.
    then: Option<Stretch>,
    warm: Option<f64>,
    noise: f64,
    cold: Option<Cold>,
    pause: Option<Pause>,
    scale: Option<Scale>,
}

const SHARED: Stretch = Stretch {
    from: Nanos::ZERO,
    law: EIGHT,
    think: 0.005,
    work: Shape::Exponential,
    discipline: Discipline::Sharing,
    door: Door::OPEN,
};

/// Eight servers of 4 ms behind 5 ms of network, nothing else: 2000/s, knee 22.
const MMC: Row = Row {
    name: "mmc",
    first: SHARED,
    then: None,
    warm: None,
    noise: 0.0,
    cold: None,
    pause: None,
    scale: None,
};

const EIGHT: Law = servers(8, 250.0);
const SIXTEEN: Law = servers(16, 250.0);
const GOOD: Law = usl(100.0, 0.02, 0.0004);
const POOR: Law = usl(100.0, 0.05, 0.003);

const TWO_PEAKS: [(f64, f64); 7] = [
    (0.0, 0.0),
    (20.0, 800.0),
    (50.0, 600.0),
    (120.0, 1200.0),
    (220.0, 1000.0),
    (500.0, 600.0),
    (2000.0, 300.0),
];

const fn station(law: Law, think: f64) -> Stretch {
    Stretch { law, think, ..SHARED }
}

const fn line(law: Law, think: f64, work: Shape) -> Stretch {
    Stretch {
        law,
        think,
        work,
        discipline: Discipline::Fifo,
        ..SHARED
    }
}

const fn row(name: &'static str, first: Stretch) -> Row {
    Row { name, first, ..MMC }
}

const fn changing(name: &'static str, first: Stretch, then: Stretch) -> Row {
    Row {
        name,
        first,
        then: Some(then),
        ..MMC
    }
}

/// Plants with a known optimum that only the load moves.
const STEADY: [Row; 10] = [
    MMC,
    row("usl", station(GOOD, 0.001)),
    row("uslsteep", station(usl(400.0, 0.05, 0.005), 0.0005)),
    row("flat", station(servers(4, 750.0), 0.020)),
    row(
        "twopeak",
        station(
            Law::Table {
                points: &TWO_PEAKS,
                times: 1.0,
            },
            0.002,
        ),
    ),
    row("huge", station(servers(64, 312.5), 0.250)),
    row("tiny", station(Law::Decline { rate: 500.0, slope: 0.1 }, 0.000_05)),
    row("slow", station(servers(4, 5.0), 0.0)),
    row(
        "usl64",
        station(
            Law::Usl {
                lambda: 100.0,
                alpha: 0.02,
                beta: 0.0004,
                servers: 64.0,
            },
            0.001,
        ),
    ),
    // A web application: 16 processes, most pages quick, some very slow; the network is nothing beside them. 200/s.
    row("web", line(servers(16, 12.5), 0.0, Shape::Lognormal(1.0))),
];

/// Plants that change, or whose speed is not always the same.
const CHANGING: [Row; 10] = [
    changing("latup", station(SIXTEEN, 0.001), station(SIXTEEN, 0.020)),
    changing("latdown", station(SIXTEEN, 0.020), station(SIXTEEN, 0.001)),
    changing("capdrop", station(GOOD, 0.001), station(POOR, 0.001)),
    changing("caprise", station(POOR, 0.001), station(GOOD, 0.001)),
    row(
        "pareto",
        Stretch {
            work: Shape::Pareto(1.5),
            ..SHARED
        },
    ),
    Row {
        name: "noisy",
        noise: 0.15,
        ..MMC
    },
    Row {
        name: "warm",
        first: station(SIXTEEN, 0.005),
        warm: Some(8.0),
        ..MMC
    },
    // mmc whose servers are doubled half a minute after they became busy. 2000/s, then 4000/s.
    Row {
        name: "autoscale",
        scale: Some(Scale {
            above: 0.7,
            after: 30.0,
            times: 2.0,
        }),
        ..MMC
    },
    // mmc with empty caches: 200/s at first, so that the first 2000 take about ten seconds.
    Row {
        name: "cold",
        cold: Some(Cold {
            first: 2_000,
            times: 10.0,
        }),
        ..MMC
    },
    // mmc whose collector stops the world: 4 % of the time nothing moves, 1920/s on average.
    Row {
        name: "gcpause",
        pause: Some(Pause {
            length: 0.4,
            every: 10.0,
        }),
        ..MMC
    },
];

/// Plants that send some away.
const REFUSING: [Row; 3] = [
    // Every refusal costs the station 0.1 ms, without bound: from 74 workers on refusing is all it does.
    row(
        "reject",
        Stretch {
            door: Door {
                admit: Some(24),
                stall: 0.000_1,
                ..Door::OPEN
            },
            ..SHARED
        },
    ),
    // 120/s, the rest 429 after 0.4 ms, which is the network. Behind the limit 8 servers of 5 ms, each job the same, so
    // that one worker alone would get 185/s: the limit is all one sees. The bucket keeps a tenth of a second.
    row(
        "ratelimit",
        Stretch {
            door: Door {
                limit: Some(Limit {
                    rate: 120.0,
                    burst: 12.0,
                }),
                ..Door::OPEN
            },
            ..line(servers(8, 200.0), 0.000_4, Shape::Constant)
        },
    ),
    // Ten database connections of 20 ms exponential behind 2 ms of network: 500/s; who waits 5 s for one gets 504.
    row(
        "pool",
        Stretch {
            door: Door {
                timeout: Some(5.0),
                ..Door::OPEN
            },
            ..line(servers(10, 50.0), 0.002, Shape::Exponential)
        },
    ),
];

/// A plant by name.
pub(super) fn find(name: &str) -> Option<Recipe> {
    let mut rows = STEADY.iter().chain(&CHANGING).chain(&REFUSING);
    let row = rows.find(|r| r.name == name)?;
    let then = row.then.map(|s| Stretch { from: CHANGE, ..s });
    Some(Recipe {
        name: row.name,
        stretches: std::iter::once(row.first).chain(then).collect(),
        warm: row.warm,
        noise: row.noise,
        cold: row.cold,
        pause: row.pause,
        scale: row.scale,
    })
}

#[cfg(test)]
mod tests {
    use super::super::NAMES;
    use super::*;

    #[test]
    fn the_list_of_names_and_the_rows_are_the_same_plants() {
        let mut rows: Vec<&str> = STEADY.iter().chain(&CHANGING).chain(&REFUSING).map(|r| r.name).collect();
        let mut names = NAMES.to_vec();

        rows.sort_unstable();
        names.sort_unstable();

        assert_eq!(rows, names);
        assert!(find("nothing").is_none());
    }
}
