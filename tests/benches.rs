//! What the benches beside other tools rest on: who is counted, what a figure says, where a table and a picture go.
//! It refuses to measure: nothing here depends on how fast the machine is.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]
#![allow(dead_code, reason = "the benches use the rest")]

#[path = "../benches/peers/arena.rs"]
mod arena;
#[path = "../benches/peers/machine.rs"]
mod machine;
#[path = "support/nginx.rs"]
mod nginx;
#[path = "../benches/peers/cost/picture.rs"]
mod picture;
#[path = "../benches/peers/process.rs"]
mod process;
#[path = "../benches/peers/cost/stretch.rs"]
mod stretch;
#[path = "../benches/peers/table.rs"]
mod table;
#[path = "../benches/peers/tools.rs"]
mod tools;

use arena::Arena;
use picture::{Line, Panel, Picture};
use process::Call;
use std::time::Duration;
use stretch::Sample;
use table::{commas, placed, spread};
use tools::{Load, OURS, TOOLS};

fn call(program: &str, line: &str, screen: bool) -> Call {
    Call {
        program: program.to_owned(),
        args: line.split_whitespace().map(str::to_owned).collect(),
        screen,
    }
}

#[test]
fn a_round_counts_what_the_server_read_with_and_without_a_screen() {
    let arena = Arena::new("location / { return 200 'ok'; }");
    for (screen, more) in [(false, "--headless"), (true, "")] {
        let line = format!("--mode manual -c 4 -n 500 {more} {}", arena.nginx.url());
        let mut looks = 0;

        let round = arena.round(&call(OURS, &line, screen), 10, |_| looks += 1);

        assert_eq!((round.fault, round.requests), (None, 500), "screen: {screen}");
        assert!(looks > 0 && round.memory > 1_000_000, "{looks} looks, {} bytes", round.memory);
    }
}

#[test]
fn one_that_fails_or_does_not_end_is_named_and_killed() {
    let failed = call("false", "", false).run(None, Duration::from_secs(10), |_| {});
    let endless = call("sleep", "60", false).run(None, Duration::from_millis(100), |_| {});
    let on_screen = call("sleep", "60", true).run(None, Duration::from_millis(100), |_| {});

    assert!(failed.fault.unwrap().contains("exit code 1"));
    assert!(endless.fault.unwrap().contains("killed") && endless.seconds < 30.0);
    assert!(on_screen.fault.unwrap().contains("killed") && on_screen.seconds < 30.0);
}

#[test]
fn a_generator_that_sends_nothing_is_a_fault() {
    let arena = Arena::new("location / { return 200 'ok'; }");

    let round = arena.round(&call("true", "", false), 1, |_| {});

    assert!(round.fault.unwrap().contains("no request"));
}

#[test]
fn everybody_is_asked_for_the_same_load() {
    let mut load = Load {
        url: "http://127.0.0.1:1/".to_owned(),
        connections: 64,
        rate: None,
        seconds: 3,
    };
    for tool in &TOOLS {
        for rate in [None, Some(6400)] {
            load.rate = rate;
            let Some(args) = tool.arguments(&load) else { continue };
            let said = |what: &str| args.iter().any(|a| a == what);
            assert!(said("64") && said(&load.url), "{}: {args:?}", tool.name);
            assert!(said("3") || said("3s"), "{}: {args:?}", tool.name);
            assert!(rate.is_none() || said("6400") || said("100"), "{}: {args:?}", tool.name);
        }
    }
}

#[test]
fn the_cost_of_a_stretch_leaves_out_what_came_before_it() {
    let sample = |at: f64, requests, cpu, memory| Sample {
        at,
        requests,
        cpu,
        memory,
    };
    // Two seconds of connecting at 1 s of CPU, then 100,000 requests a second at 4 µs each.
    let samples = [
        sample(0.0, 0, 0.0, 1),
        sample(2.0, 0, 1.0, 2),
        sample(3.0, 100_000, 1.4, 3),
        sample(4.0, 200_000, 1.8, 4),
    ];

    let cost = Sample::cost(&samples, 2.0, 0).unwrap();
    let (requests, latest, memory) = Sample::after(&samples, 200_000).unwrap();

    assert!((cost - 4.0).abs() < 1e-9 && (latest - 4.0).abs() < 1e-9, "{cost} {latest}");
    assert_eq!((requests, memory), (200_000.0, 4.0));
    assert_eq!(Sample::after(&samples, 300_000), None, "it was never so far");
    assert_eq!(Sample::cost(&samples[..2], 0.0, 0), None, "nothing arrived");
    let whole = Sample::cost(&samples, 0.0, 0).unwrap();
    let busy = Sample::cost(&samples, 0.0, 1).unwrap();
    assert!(
        whole > 8.0 && (busy - 4.0).abs() < 1e-9,
        "connecting was in it: {whole} {busy}"
    );
}

#[test]
fn figures_are_medians_with_their_range_and_commas() {
    let s = spread([3.0, f64::NAN, 1.0, 2.0, 10.0].into_iter()).unwrap();

    assert_eq!((s.median, s.min, s.max), (2.5, 1.0, 10.0));
    assert_eq!(s.ratio(), "2.50 [1.00–10.00]");
    assert!(spread(std::iter::empty()).is_none());
    let texts = [7.0, 64.0, 999.6, 12_345.0, 1_234_567.0].map(commas);
    assert_eq!(texts, ["7", "64", "1,000", "12,345", "1,234,567"]);
}

#[test]
fn a_table_replaces_the_old_one_between_its_own_markers_only() {
    let text = "a\n<!-- x -->\nold\n<!-- /x -->\nb\n<!-- y -->\nkept\n<!-- /y -->\n";

    let new = placed(text, "x", "\nnew\n").unwrap();

    assert_eq!(new, text.replace("old", "new"));
    assert_eq!(placed(text, "z", "new"), None);
}

#[test]
fn a_picture_holds_every_point_and_zero_has_a_place() {
    let points = |k: f64| vec![(0.0, k), (100.0, 2.0 * k), (1e7, 900.0 * k)];
    let panel = |k: f64| Panel {
        title: "µs",
        lines: vec![
            Line {
                name: "a",
                points: points(k),
            },
            Line {
                name: "b",
                points: points(3.0 * k),
            },
        ],
    };
    let picture = Picture {
        title: "t".to_owned(),
        varied: "bytes",
        ticks: [0.0, 100.0, 1e7].map(|v| (v, format!("{v}"))).to_vec(),
        panels: [panel(4.0), panel(0.07)],
    };

    let svg = picture.svg();

    assert_eq!(svg.matches("<polyline").count(), 4);
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    let numbers = svg.split("points=\"").skip(1).flat_map(|rest| {
        let line = rest.split('"').next().unwrap();
        line.split(' ').map(|p| p.split_once(',').unwrap()).collect::<Vec<_>>()
    });
    let mut xs = Vec::new();
    for (x, y) in numbers {
        let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
        assert!((0.0..=960.0).contains(&x) && (80.0..=300.0).contains(&y), "{x} {y}");
        xs.push(x);
    }
    assert!(xs[0] < xs[1] && xs[1] < xs[2], "{xs:?}");
}

#[test]
fn a_pictures_words_do_not_meet_and_one_without_a_point_is_not_named() {
    let lines = |names: [&'static str; 2]| {
        let line = |name| Line {
            name,
            points: if name == "none" {
                vec![]
            } else {
                vec![(1.0, 2.0), (19e3, 3.0)]
            },
        };
        names.map(line).into_iter().collect()
    };
    let panel = || Panel {
        title: "µs",
        lines: lines(["some", "none"]),
    };
    let picture = Picture {
        title: "t".to_owned(),
        varied: "connections",
        ticks: [(1.0, "1"), (18e3, "18 k"), (19e3, "19 k")]
            .map(|(v, l)| (v, l.to_owned()))
            .to_vec(),
        panels: [panel(), panel()],
    };

    let svg = picture.svg();

    assert!(
        svg.contains(">19 k<") && svg.contains(">1<") && !svg.contains(">18 k<"),
        "{svg}"
    );
    assert!(svg.contains(">some<") && !svg.contains(">none<"), "{svg}");
}
