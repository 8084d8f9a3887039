//! The last row: the keys that matter now, whole items only; `? help` and `q quit` are always there.

use super::super::pen::Pen;
use super::super::scene::Scene;
use super::super::theme::Band;
use super::check;
use crate::model::setpoints::{LoadModel, Mode};
use crate::telemetry::frame::Phase;

/// Never left out.
const PINNED: [(&str, &str); 2] = [("?", "help"), ("q", "quit")];

/// Keys and what they do, most important first, without the pinned ones.
fn items(scene: &Scene) -> Vec<(&'static str, &'static str)> {
    let mut items = Vec::new();
    if scene.ready() && scene.frame.asking {
        items.push(("Enter", "yes, load it"));
    }
    if scene.model.zoomed {
        items.push(("Esc", "back"));
    }
    if scene.frame.setpoints.overridden() {
        items.push(("a", "auto"));
    }
    let pause = if scene.frame.phase == Phase::Paused {
        "resume"
    } else {
        "pause"
    };
    let view = if scene.model.frozen { "unfreeze" } else { "freeze" };
    items.extend(main(scene).map(|what| ("↑↓", what)));
    if check::offered(scene) {
        items.push(("v", "verify"));
    }
    if scene.open() && scene.mode() != Mode::Slo {
        items.push(("o", "overflow"));
    }
    items.extend([("+ -", "workers"), ("m", "modes"), ("s", "snapshot"), ("space", pause)]);
    if scene.errors() > 0 {
        items.push(("e", "errors"));
    }
    items.extend([
        ("g", "knobs"),
        ("b", "bookmark"),
        ("z", "zoom"),
        ("l L", "series"),
        ("w W", "window"),
        ("f", view),
    ]);
    items.extend([(":", "command"), ("u", "undo"), ("c", "colours")]);
    items
}

/// What the arrows move, if anything.
fn main(scene: &Scene) -> Option<&'static str> {
    let set = &scene.frame.setpoints;
    Some(match (set.mode, set.model) {
        (Mode::Slo, _) => "limit",
        (Mode::Hold | Mode::Classic, _) => "target",
        (_, LoadModel::Open) => "rate",
        (Mode::Manual, _) => "workers",
        (Mode::Aimd | Mode::Vegas | Mode::Gradient, _) => return None,
        _ => "thrift",
    })
}

/// Draws into the first row of `pen`.
pub(in crate::ui) fn draw(scene: &Scene, pen: &mut Pen) {
    pen.tint(0, scene.theme().band(Band::Edge));
    let (strong, dim) = (pen.theme.strong(), pen.dim());
    let gap = if pen.width() >= 100 { 3 } else { 2 };
    let wide = |pen: &Pen, (key, text): (&str, &str)| pen.measure(key) + 1 + pen.measure(text) + gap;
    let pinned: u16 = PINNED.iter().map(|i| wide(pen, *i)).sum();
    let mut x = 1;
    for item in items(scene) {
        if x + wide(pen, item) + pinned > pen.width() + gap {
            break;
        }
        x = pen.spans(x, 0, [(item.0, strong), (" ", dim), (item.1, dim)]) + gap;
    }
    for (key, text) in PINNED {
        x = pen.spans(x, 0, [(key, strong), (" ", dim), (text, dim)]) + gap;
    }
}
