//! Where the panes stand. Takes shared references only: drawing cannot change anything.
//!
//! ```text
//! ≥ 150×40, ≥ 100×30                              ≥ 60×16
//! ┌ header ───────────────────────────────┐      ┌ header ──────────┐
//! ├ verdict ──────────────────────────────┤      ├ verdict ─────────┤
//! ├ figures, three rows ──────────────────┤      ├ figures ─────────┤
//! │ 1 latency             ╭ 5 law ───────╮│      │ the law, one line│
//! │                       ╰──────────────╯│      │ 1 latency        │
//! ├ 2 throughput          ╭ 6 curve ─────╮│      │                  │
//! ├ 3 workers             ╰──────────────╯│      ├ 2 throughput     │
//! ├ 4 queue               ╭ 7 events ────╮│      ├ 3 workers, queue │
//! ├ time ─────────────────╰──────────────╯│      ├ time ────────────┤
//! └ footer ───────────────────────────────┘      └ footer ──────────┘
//! ```

mod map;

use super::memo::Memo;
use super::pen::Pen;
use super::scene::{Scene, Size};
use super::state::{Model, Pane, Screen};
use super::timeline::Timeline;
use super::widgets::frame::{Title, ruled};
use super::widgets::gutter::{LEFT, RIGHT};
use super::widgets::{
    axis, books, controller, curve, errors, events, footer, header, help, kpi, ladder, law_line, lists, percentiles, promise,
    prompt, queue, rates, strip, verdict,
};
use crate::answer::{self, Advice, Verdict};
use crate::model::format;
use crate::model::setpoints::Mode;
use crate::telemetry::column::Series;
use crate::telemetry::frame::Frame;
use ratatui::buffer::Buffer;
use std::rc::Rc;

/// Draws a frame with its own verdict and advice.
pub fn draw(frame: &Frame, model: &Model, buf: &mut Buffer) {
    draw_next(frame, model, &mut Memo::default(), buf);
}

/// The same, one of many pictures.
pub(super) fn draw_next(frame: &Frame, model: &Model, memo: &mut Memo, buf: &mut Buffer) {
    let (verdict, advice) = (answer::verdict(frame), answer::advice(frame));
    memo.turn(&frame.columns);
    let scene = Scene {
        frame,
        model,
        verdict: &verdict,
        advice: advice.as_ref(),
        size: Size::of(buf.area.width, buf.area.height),
        memo,
    };
    draw_scene(&scene, buf);
}

/// Draws a frame with the given words in the second row.
pub fn draw_with(frame: &Frame, model: &Model, verdict: &Verdict, advice: Option<&Advice>, buf: &mut Buffer) {
    let scene = Scene {
        frame,
        model,
        verdict,
        advice,
        size: Size::of(buf.area.width, buf.area.height),
        memo: &Memo::default(),
    };
    draw_scene(&scene, buf);
}

fn draw_scene(scene: &Scene, buf: &mut Buffer) {
    let area = buf.area;
    let mut pen = Pen::new(buf, area, scene.theme());
    pen.clear();
    if scene.size == Size::Tiny {
        tiny(scene, &mut pen);
    } else {
        page(scene, &mut pen);
    }
    over(scene, &mut pen);
}

/// Columns of the plot in the usual layout of a terminal of this size.
pub(super) fn plot_room((width, height): (u16, u16)) -> usize {
    let left = width - right_width(Size::of(width, height), width);
    usize::from(left.saturating_sub(LEFT + RIGHT))
}

fn right_width(size: Size, width: u16) -> u16 {
    match size {
        Size::Large => (width * 2 / 5).clamp(54, 80),
        Size::Medium => 45,
        Size::Small | Size::Tiny => 0,
    }
}

/// Three lines for a terminal that has no room for charts.
fn tiny(scene: &Scene, pen: &mut Pen) {
    let f = scene.frame;
    let (dim, strong) = (pen.dim(), pen.theme.strong());
    pen.spans(
        0,
        0,
        [
            ("clobber ", strong),
            (f.phase.name(), strong),
            (" (need 60x16 for charts)", dim),
        ],
    );
    let figures = format!(
        "{}/s {} workers p99 {}",
        format::quantity(f.last.good_rate),
        format::quantity(f.last.busy.round()),
        format::latency(f.last.latency.p99)
    );
    pen.sentence(0, 1, &figures, dim);
    pen.put(0, 2, "q quit ? help space pause", dim);
}

/// The rows all sizes have, and the body between them.
fn page(scene: &Scene, pen: &mut Pen) {
    let (w, h) = (pen.width(), pen.height());
    let air = u16::from(scene.size == Size::Large);
    header::draw(scene, &mut pen.part(0, 0, w, 1));
    verdict::draw(scene, &mut pen.part(0, 1, w, 1));
    kpi::draw(scene, &mut pen.part(0, 2 + air, w, 3));
    let mut top = 5 + 2 * air;
    if scene.size == Size::Small {
        law_line::draw(scene, &mut pen.part(0, top, w, 1));
        top += 1;
    }
    footer::draw(scene, &mut pen.part(0, h - 1, w, 1));
    let mut body = pen.part(0, top, w, h.saturating_sub(top + 1));
    if scene.model.zoomed {
        zoomed(scene, &mut body);
    } else if scene.size == Size::Small {
        small(scene, &mut body);
    } else {
        two_columns(scene, &mut body);
    }
}

fn timeline(scene: &Scene, width: u16, series: Series) -> Rc<Timeline> {
    let room = usize::from(width.saturating_sub(LEFT + RIGHT));
    let (columns, window) = (&scene.frame.columns, scene.model.window);
    let make = || Timeline::of(columns, room, window, series);
    scene.memo.axis((room, window, series as u8), make)
}

/// The focused pane alone.
fn zoomed(scene: &Scene, pen: &mut Pen) {
    let (w, h) = (pen.width(), pen.height());
    let time = timeline(scene, w, Series::Response);
    match scene.model.focus {
        Pane::Latency => {
            map::draw(scene, &mut pen.part(0, 0, w, h.saturating_sub(1)), &time);
            axis::draw(scene, &mut pen.part(0, h.saturating_sub(1), w, 1), &time);
        }
        pane @ (Pane::Throughput | Pane::Workers | Pane::Queue) => {
            let below = if pane == Pane::Queue && scene.open() && h >= 20 {
                10
            } else {
                0
            };
            band(scene, &mut pen.part(0, 0, w, h.saturating_sub(1 + below)), pane, &time);
            axis::draw(scene, &mut pen.part(0, h.saturating_sub(1 + below), w, 1), &time);
            queue::draw(scene, &mut pen.part(0, h - below, w, below));
        }
        pane => single(scene, pen, pane),
    }
}

/// A boxed pane.
fn single(scene: &Scene, pen: &mut Pen, pane: Pane) {
    match pane {
        Pane::Law if scene.mode() == Mode::Slo => promise::draw(scene, pen),
        Pane::Law if matches!(scene.mode(), Mode::Hold | Mode::Manual) => controller::draw(scene, pen),
        Pane::Law => ladder::draw(scene, pen),
        Pane::Curve if scene.mode() == Mode::Slo => rates::draw(scene, pen),
        Pane::Curve if scene.open() => queue::draw(scene, pen),
        Pane::Curve => curve::draw(scene, pen),
        Pane::Books => books::draw(scene, pen),
        Pane::Errors => errors::draw(scene, pen),
        Pane::Percentiles => percentiles::draw(scene, pen),
        _ => events::draw(scene, pen),
    }
}

/// One column: map, throughput, and workers or (open model) the queue; a boxed pane in focus takes their place.
fn small(scene: &Scene, pen: &mut Pen) {
    let (w, h) = (pen.width(), pen.height());
    let pane = scene.model.focus;
    if !matches!(pane, Pane::Latency | Pane::Throughput | Pane::Workers | Pane::Queue) {
        single(scene, pen, pane);
        return;
    }
    let time = timeline(scene, w, Series::Response);
    let second = if pane == Pane::Queue || (scene.open() && pane != Pane::Workers) {
        Pane::Queue
    } else {
        Pane::Workers
    };
    let strips = if h >= 12 {
        vec![Pane::Throughput, second]
    } else {
        vec![Pane::Throughput]
    };
    let rest = h.saturating_sub(2 * strips.len() as u16 + 1);
    map::draw(scene, &mut pen.part(0, 0, w, rest), &time);
    for (i, pane) in strips.into_iter().enumerate() {
        let mut area = pen.part(0, rest + 2 * i as u16, w, 2);
        strip::draw(scene, &mut area, &strip::of(scene, pane), &time, true);
    }
    axis::draw(scene, &mut pen.part(0, h.saturating_sub(1), w, 1), &time);
}

/// Left: everything over one time axis. Right: law, curve, events.
fn two_columns(scene: &Scene, pen: &mut Pen) {
    let (w, h) = (pen.width(), pen.height());
    let right = right_width(scene.size, w);
    let left = w - right;
    let time = timeline(scene, left, Series::Response);
    let heights: [u16; 3] = if scene.size == Size::Large { [6, 4, 5] } else { [4, 4, 4] };
    let mut y = h.saturating_sub(heights.iter().sum::<u16>() + 1);
    map::draw(scene, &mut pen.part(0, 0, left, y), &time);
    for (height, pane) in heights.into_iter().zip([Pane::Throughput, Pane::Workers, Pane::Queue]) {
        band(scene, &mut pen.part(0, y, left, height), pane, &time);
        y += height;
    }
    axis::draw(scene, &mut pen.part(0, y, left, 1), &time);
    right_column(scene, &mut pen.part(left, 0, right, h));
}

fn right_column(scene: &Scene, pen: &mut Pen) {
    let (w, h) = (pen.width(), pen.height());
    let held = scene.open() && scene.mode() == Mode::Manual;
    // What is held in the open model takes few lines; its queue takes the rest.
    let law = if held { 9.min(h / 2) } else { (h * 9).div_ceil(20) };
    let last = (h / 5).max(7);
    let curve_height = h.saturating_sub(law + last);
    single(scene, &mut pen.part(0, 0, w, law), Pane::Law);
    match scene.model.focus {
        pane @ (Pane::Books | Pane::Percentiles) => single(scene, &mut pen.part(0, law, w, h - law), pane),
        pane => {
            let wrong = if scene.size == Size::Large && scene.errors() > 0 {
                6
            } else {
                0
            };
            let middle = curve_height - wrong.min(curve_height);
            let queue = if held && middle >= 25 { 11 } else { middle };
            single(scene, &mut pen.part(0, law, w, queue), Pane::Curve);
            if queue < middle {
                single(scene, &mut pen.part(0, law + queue, w, middle - queue), Pane::Percentiles);
            }
            // Where there is no room for both, errors take the events' place when asked for, or when they dominate the run.
            let mostly = scene.frame.whole.errors > 0.5;
            let low = if wrong == 0 && (pane == Pane::Errors || mostly) {
                Pane::Errors
            } else {
                Pane::Events
            };
            if wrong > 0 {
                errors::draw(scene, &mut pen.part(0, law + middle, w, wrong));
            }
            single(scene, &mut pen.part(0, h.saturating_sub(last), w, last), low);
        }
    }
}

/// A strip under its ruled title.
fn band(scene: &Scene, pen: &mut Pen, pane: Pane, time: &Timeline) {
    let (w, h) = (pen.width(), pen.height());
    let what = strip::of(scene, pane);
    let heading = Title {
        pane: what.pane,
        name: what.name,
        words: what.words.clone(),
    };
    ruled(scene, pen, &heading);
    strip::draw(scene, &mut pen.part(0, 1, w, h.saturating_sub(1)), &what, time, false);
}

/// What lies over the panes, the message last.
fn over(scene: &Scene, pen: &mut Pen) {
    match &scene.model.screen {
        Screen::Plain => {}
        Screen::Help {
            filter,
            filtering,
            scroll,
        } => help::draw(scene, pen, filter.value(), *filtering, *scroll),
        Screen::Modes { at } => lists::modes(scene, pen, *at),
        Screen::Knobs { at } => lists::knobs(scene, pen, *at),
        Screen::Prompt { asks, input, error } => prompt::draw(scene, pen, *asks, input, error.as_deref()),
    }
    if scene.size != Size::Tiny {
        prompt::toast(scene, pen);
    }
}
