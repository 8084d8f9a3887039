//! The map of latencies with its title, legend and letters, or two of them: response over service. Over it what there is
//! to say before anything is known.

use super::{plot_room, timeline};
use crate::telemetry::column::Series;
use crate::ui::density::{self, Meaning};
use crate::ui::pen::Pen;
use crate::ui::scale::LogAxis;
use crate::ui::scene::Scene;
use crate::ui::state::Pane;
use crate::ui::timeline::Timeline;
use crate::ui::widgets::frame::{Title, title};
use crate::ui::widgets::gutter::{LEFT, RIGHT};
use crate::ui::widgets::{card, events, legend, spectrogram};

/// Rows below which two maps would say less than one.
const HALF: u16 = 3;

/// Draws the map into all of `pen`; `time` is that of the response.
pub(super) fn draw(scene: &Scene, pen: &mut Pen, time: &Timeline) {
    let (w, h) = (pen.width(), pen.height());
    let rows = h.saturating_sub(2);
    let split = scene.model.split && rows > 2 * HALF;
    let series = if split { Series::Response } else { scene.model.series };
    let (upper, lower) = (timeline(scene, w, series), split.then(|| timeline(scene, w, Series::Service)));
    let both: Vec<&Timeline> = [&*upper].into_iter().chain(lower.as_deref()).collect();
    let aim = scene.latency_aim().filter(|_| series == Series::Response);
    let axis = density::axis(&both, aim.map(|a| a.1));
    let half = if split { (rows - 1) / 2 } else { rows };
    let meaning = Meaning::of(scene.model.scale, &upper, &axis, usize::from(half) * 2);
    heading(scene, pen, time, series, &meaning);
    events::letters(scene, &mut pen.part(0, 1, w, 1), time);
    let mut plot = pen.part(0, 2, w, half);
    spectrogram::draw(scene, &mut plot, &upper, &axis, &meaning);
    if let Some(lower) = &lower {
        let mut below = pen.part(0, 2 + half, w, rows - half);
        second(scene, &mut below, lower, &axis);
    }
    if scene.ready() {
        card::draw(scene, &mut pen.part(LEFT, 2, w.saturating_sub(LEFT + 1), rows));
    } else {
        card::waiting(scene, &mut pen.part(LEFT, 1, w.saturating_sub(LEFT + 1), 1));
    }
}

/// `1 LATENCY  response, whole run, column 1 s`, as much of it as there is room for beside the legend.
fn heading(scene: &Scene, pen: &mut Pen, time: &Timeline, series: Series, meaning: &Meaning) {
    let w = pen.width();
    let legend_end = (w.saturating_sub(1)).min(LEFT + plot_room((w, 0)) as u16 + RIGHT + LEFT);
    let end = legend::draw(scene, pen, meaning, legend_end);
    let room = usize::from(end.saturating_sub(14));
    let (name, window, scale) = (series.name(), time.words(), scene.model.scale.name());
    let candidates = [
        format!("{name}, {window} · colour = {scale}"),
        format!("{name}, {window}"),
        match series {
            Series::Response => window.clone(),
            _ => format!("{name}, column {}", time.column_words()),
        },
    ];
    let fits = |c: &&String| c.chars().count() <= room;
    let words = candidates.iter().find(fits).unwrap_or(&candidates[2]).clone();
    let heading = Title {
        pane: Pane::Latency,
        name: "LATENCY",
        words,
    };
    title(scene, pen, 1, end.saturating_sub(1), &heading);
}

/// The lower map under its own words, on the same axis.
fn second(scene: &Scene, pen: &mut Pen, time: &Timeline, axis: &LogAxis) {
    let (w, h) = (pen.width(), pen.height());
    let dim = pen.dim();
    let words = "service, from the send: what the target did with it";
    pen.put(LEFT, 0, words, dim);
    let mut plot = pen.part(0, 1, w, h.saturating_sub(1));
    let meaning = Meaning::of(scene.model.scale, time, axis, usize::from(plot.height()) * 2);
    spectrogram::draw(scene, &mut plot, time, axis, &meaning);
}
