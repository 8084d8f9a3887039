//! What the screen says of open traffic: a promise, a flood and its end, what is shed, whose times are shown.

use crate::dump::golden;
use crate::sample::Scene;
use crate::{draw, open, screen, text, themes};
use clobber::telemetry::column::Series;
use clobber::ui::state::Model;
use clobber::ui::theme::Theme;

#[test]
fn the_open_model_looks_as_committed_at_every_size_dark_and_light() {
    for scene in [open::slo(), open::recovered()] {
        for size in [(80, 24), (120, 35), (200, 50)] {
            for (name, theme) in themes().into_iter().take(2) {
                let buf = screen(&scene, size, theme);
                golden(&format!("{}-{}x{}-{name}", scene.name, size.0, size.1), &buf);
            }
        }
    }
    for scene in [
        open::flood(),
        open::recovery(),
        open::shedding(),
        open::slo_missed(),
        open::verifying(),
        open::grew(),
    ] {
        golden(
            &format!("{}-120x35-dark", scene.name),
            &screen(&scene, (120, 35), Theme::default()),
        );
    }
}

#[test]
fn response_over_service_looks_as_committed() {
    for (name, size) in [("split", (120, 35)), ("split", (80, 24))] {
        let model = Model {
            split: true,
            ..Model::still(Theme::default(), size)
        };
        let buf = draw(&open::recovered(), &model);
        golden(&format!("{name}-{}x{}-dark", size.0, size.1), &buf);
    }
}

#[test]
fn an_overload_a_drain_and_the_end_of_it_are_told_in_words_at_every_size() {
    for size in [(80, 24), (120, 35), (200, 50)] {
        let said = |scene: &Scene| text(&screen(scene, size, Theme::default())).join("\n");
        let (growing, draining, over) = (said(&open::flood()), said(&open::recovery()), said(&open::recovered()));

        // 500/s more than are answered; 2,500 left of 5,000 at 250/s.
        assert!(growing.contains("growing +500/s") && growing.contains("+500/s"), "{growing}");
        assert!(draining.contains("drains in 10 s"), "{draining}");
        // 5,000 at 0:30 are gone 20 s later.
        assert!(over.contains("empty since 0:") && over.contains("full: drop"), "{over}");
        assert!(over.contains("open 1,400/s"), "{over}");
    }
}

#[test]
fn what_is_shed_is_no_error() {
    for size in [(80, 24), (120, 35), (200, 50)] {
        let rows = text(&screen(&open::shedding(), size, Theme::default()));
        let all = rows.join("\n");
        let figures = rows.iter().find(|r| r.contains("last 5 s")).unwrap();

        assert!(all.contains("shed 500/s"), "{all}");
        assert!(figures.contains("36 %") && figures.contains(" 0 %"), "{figures}");
    }
}

#[test]
fn each_series_has_its_own_map_and_name() {
    let pictures = Series::ALL.map(|series| {
        let model = Model {
            series,
            ..Model::still(Theme::default(), (120, 35))
        };
        text(&draw(&open::recovered(), &model))
    });
    for (series, picture) in Series::ALL.iter().zip(&pictures) {
        let heading = picture.iter().find(|r| r.contains("1 LATENCY")).unwrap();
        assert!(heading.contains(series.name()), "{heading}");
    }
    let plot = |i: usize| pictures[i][7..20].join("\n");
    assert!(plot(0) != plot(1) && plot(1) != plot(2) && plot(0) != plot(2));
}
