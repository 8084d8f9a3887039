//! Everything that can lie over the panes, and every way to look at them.

use clobber::telemetry::column::Series;
use clobber::ui::state::{Asks, Model, Pane, Scale, Screen, Toast};
use clobber::ui::theme::Theme;

pub(crate) fn overlays(theme: Theme, size: (u16, u16)) -> Vec<(&'static str, Model)> {
    let plain = Model::still(theme, size);
    let with = |screen: Screen| Model { screen, ..plain.clone() };
    let help = |filter: &str, filtering| Screen::Help {
        filter: filter.into(),
        filtering,
        scroll: 0,
    };
    let prompt = Screen::Prompt {
        asks: Asks::Command,
        input: "sp p99=25".into(),
        error: Some("\"p99=25\" has no unit (use a value such as p99=25ms)".into()),
    };
    let toast = Toast {
        text: "p99 target 25 → 26 ms  (u undo)".into(),
        until: clobber::model::units::Nanos::MAX,
        alarm: false,
    };
    let mut all = vec![
        ("help", with(help("", false))),
        ("help-filter", with(help("zoom", true))),
        ("modes", with(Screen::Modes { at: 2 })),
        ("modes-more", with(Screen::Modes { at: 6 })),
        ("knobs", with(Screen::Knobs { at: 1 })),
        ("prompt", with(prompt)),
        (
            "toast",
            Model {
                toast: Some(toast),
                frozen: true,
                ..plain.clone()
            },
        ),
        (
            "rank",
            Model {
                scale: Scale::Rank,
                ..plain.clone()
            },
        ),
        (
            "count",
            Model {
                scale: Scale::Count,
                ..plain.clone()
            },
        ),
        (
            "split",
            Model {
                split: true,
                ..plain.clone()
            },
        ),
        (
            "wait",
            Model {
                series: Series::Wait,
                ..plain.clone()
            },
        ),
        (
            "narrow",
            Model {
                window: -1,
                ..plain.clone()
            },
        ),
    ];
    for pane in Pane::ALL {
        all.push((
            "focus",
            Model {
                focus: pane,
                ..plain.clone()
            },
        ));
        all.push((
            "zoom",
            Model {
                focus: pane,
                zoomed: true,
                ..plain.clone()
            },
        ));
    }
    all
}
