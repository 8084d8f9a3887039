//! The picture: the spectrogram, and under it on the same axis the queue, the rates and, where the source waits, its slip.
//! It refuses scripts, links and fonts of its own.

use super::panel::{BRIGHT, Panel, QUIET, Style, write_text};
use super::scale::Scale;
use super::{map, words};
use crate::model::demand::Overflow;
use crate::telemetry::flow::{Column, Flow, LINE, Quantiles};
use std::fmt::Write;

/// Size and place of the panels, in the picture's units.
const WIDTH: f64 = 1680.0;
const LEFT: f64 = 130.0;
const WIDE: f64 = 1400.0;
const TOP: f64 = 190.0;
const TALL: f64 = 600.0;
const STRIP: f64 = 150.0;
const GAP: f64 = 56.0;
/// The background: the first colour of the map.
const PAPER: &str = "#07060d";
/// Colours of what is sent, done, lost, and of what waits.
const SENT: &str = "#58b1e8";
const DONE: &str = "#f8b653";
const LOST: &str = "#f0524f";
const WAITS: &str = "#c792ea";
/// The moment the mean service passes 1, and where the run-away begins.
const CRITICAL: &str = "#ffffff";
const ONSET: &str = "#7ee787";
/// Shades of the map: few enough that neighbours of one colour become one shape.
const SHADES: f64 = 96.0;

/// The whole picture, ending with a line end.
pub fn svg(f: &Flow) -> String {
    let mut body = String::new();
    let mut y = TOP + TALL;
    spectrogram(f, &mut body);
    for draw in strips(f) {
        let panel = |scale| Panel {
            x: LEFT,
            y: y + GAP,
            w: WIDE,
            h: STRIP,
            scale,
        };
        draw(f, &panel, &mut body);
        y += GAP + STRIP;
    }
    feet(f, y, &mut body);
    marks(f, y, &mut body);
    head(f, &mut body);
    let height = y + 210.0;
    closing(f, height - 62.0, &mut body);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"'Inter','Helvetica Neue','DejaVu Sans',Arial,sans-serif\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"{PAPER}\"/>\n{body}</svg>\n"
    )
}

/// Draws into a panel of a scale it chooses.
type Strip = fn(&Flow, &dyn Fn(Scale) -> Panel, &mut String);

fn strips(f: &Flow) -> Vec<Strip> {
    let blocks = f.bound.is_some_and(|b| b.overflow == Overflow::Block);
    let slips = blocks.then_some(slip as Strip);
    [queue as Strip, rates].into_iter().chain(slips).collect()
}

fn head(f: &Flow, out: &mut String) {
    let title = Style {
        size: 54.0,
        fill: BRIGHT,
        ..Style::default()
    };
    write_text(out, LEFT - 2.0, 88.0, "Everything Will Flow", &title);
    let what = format!(
        "{}, {} · one task a time unit each, lasting {} to {} · alpha {} to {} over {} time units · seed {}",
        words::consumers(f),
        words::queue(f),
        f.service.0,
        f.service.1,
        f.alpha.0,
        f.alpha.1,
        crate::model::format::count(f.length as u64),
        f.seed
    );
    write_text(
        out,
        LEFT,
        124.0,
        &what,
        &Style {
            size: 18.0,
            ..Style::default()
        },
    );
}

/// The response: cells of the map, then its median and p99 over them.
fn spectrogram(f: &Flow, out: &mut String) {
    let lines = map::lines(f);
    let scale = Scale::Log(map::edge(lines));
    let panel = Panel {
        x: LEFT,
        y: TOP,
        w: WIDE,
        h: TALL,
        scale,
    };
    let step = WIDE / f.columns.len().max(1) as f64;
    let line = TALL / lines as f64;
    panel.frame("RESPONSE, time units", out);
    let _ = writeln!(out, "<g shape-rendering=\"crispEdges\">");
    for (i, c) in f.columns.iter().enumerate() {
        let x = LEFT + i as f64 * step;
        let _ = writeln!(out, "<g class=\"column\" transform=\"translate({x:.2} 0)\">");
        cells(c, lines, (step, line), out);
        out.push_str("</g>\n");
    }
    out.push_str("</g>\n");
    let all: Vec<Quantiles> = f.columns.iter().map(|c| c.response.quantiles()).collect();
    let p99: Vec<_> = all.iter().map(|q| q.p99).collect();
    panel.line(&p99, "#ffffff66", 1.2, out);
    panel.label(&p99, "p99", QUIET, out);
    let style = Style {
        anchor: "end",
        size: 14.0,
        ..Style::default()
    };
    let note = format!("each column over its own largest; lines of {LINE} of log10(t + 1); white: p99");
    write_text(out, LEFT + WIDE, TOP - 14.0, &note, &style);
}

/// A column's cells, neighbours of one colour as one.
fn cells(c: &Column, lines: usize, (w, h): (f64, f64), out: &mut String) {
    let shades: Vec<u32> = map::normalised(&c.response)
        .iter()
        .map(|v| (v.sqrt() * SHADES).ceil() as u32)
        .collect();
    let mut at = 0;
    while at < shades.len().min(lines) {
        let from = at;
        while at < shades.len() && shades[at] == shades[from] {
            at += 1;
        }
        if shades[from] > 0 {
            let colour = colorous::INFERNO.eval_continuous(0.06 + 0.92 * f64::from(shades[from]) / SHADES);
            let (y, tall) = (TOP + TALL - at as f64 * h, (at - from) as f64 * h);
            let _ = writeln!(
                out,
                "<rect y=\"{y:.2}\" width=\"{:.2}\" height=\"{:.2}\" fill=\"#{colour:x}\"/>",
                w + 0.3,
                tall + 0.3
            );
        }
    }
}

/// The quantiles of a series, one value a column.
struct Series {
    p10: Vec<Option<f64>>,
    p50: Vec<Option<f64>>,
    p90: Vec<Option<f64>>,
    p99: Vec<Option<f64>>,
}

fn series(f: &Flow, of: impl Fn(&Column) -> Quantiles) -> Series {
    let all: Vec<Quantiles> = f.columns.iter().map(of).collect();
    Series {
        p10: all.iter().map(|q| q.p10).collect(),
        p50: all.iter().map(|q| q.p50).collect(),
        p90: all.iter().map(|q| q.p90).collect(),
        p99: all.iter().map(|q| q.p99).collect(),
    }
}

fn most(values: &[Option<f64>]) -> f64 {
    values.iter().flatten().copied().fold(0.0, f64::max)
}

fn queue(f: &Flow, panel: &dyn Fn(Scale) -> Panel, out: &mut String) {
    let q = series(f, |c| c.queue.quantiles());
    let panel = panel(Scale::Log((most(&q.p99) * 1.3).max(3.0)));
    panel.frame("QUEUE, tasks waiting", out);
    panel.band(&q.p10, &q.p90, WAITS, out);
    panel.line(&q.p99, "#c792ea80", 1.0, out);
    panel.line(&q.p50, WAITS, 2.2, out);
    panel.label(&q.p50, "p50", WAITS, out);
    legend(&panel, &[("p50, p10 to p90, p99", WAITS)], out);
}

fn rates(f: &Flow, panel: &dyn Fn(Scale) -> Panel, out: &mut String) {
    let (sent, done) = (
        series(f, |c| c.arrivals.quantiles()),
        series(f, |c| c.completions.quantiles()),
    );
    let lost = series(f, |c| c.refusals.quantiles());
    let panel = panel(Scale::Even(most(&sent.p90).max(most(&done.p90)).max(0.1) * 1.05));
    panel.frame("RATES, tasks a time unit", out);
    let losing = f.books.lost() > 0;
    let all = [
        (&sent, SENT, "sent", true),
        (&done, DONE, "done", true),
        (&lost, LOST, "lost", losing),
    ];
    for (s, colour, _, _) in all.iter().filter(|(.., shown)| *shown) {
        panel.band(&s.p10, &s.p90, colour, out);
    }
    for (s, colour, _, _) in all.iter().filter(|(.., shown)| *shown) {
        panel.line(&s.p50, colour, 2.0, out);
    }
    let name = match f.bound.map(|b| b.overflow) {
        Some(Overflow::Reject) => "rejected",
        _ => "shed",
    };
    let mut named = vec![("sent", SENT), ("done", DONE)];
    named.extend(losing.then_some((name, LOST)));
    legend(&panel, &named, out);
}

fn slip(f: &Flow, panel: &dyn Fn(Scale) -> Panel, out: &mut String) {
    let s = series(f, |c| c.slip.quantiles());
    let panel = panel(Scale::Log((most(&s.p99) * 1.3).max(3.0)));
    panel.frame("SLIP of the source's schedule, time units", out);
    panel.band(&s.p10, &s.p90, LOST, out);
    panel.line(&s.p50, LOST, 2.2, out);
    panel.label(&s.p50, "p50", LOST, out);
}

/// Names in their colours above the panel's right end.
fn legend(panel: &Panel, named: &[(&str, &str)], out: &mut String) {
    let mut x = panel.x + panel.w;
    for (name, fill) in named.iter().rev() {
        let style = Style {
            fill,
            anchor: "end",
            ..Style::default()
        };
        write_text(out, x, panel.y - 14.0, name, &style);
        x -= 22.0 + 8.6 * name.len() as f64;
    }
}

/// The axis: share of the slide, alpha, mean service.
fn feet(f: &Flow, y: f64, out: &mut String) {
    let ticks = 10;
    let name = Style {
        anchor: "end",
        size: 14.0,
        ..Style::default()
    };
    for (row, what) in ["slide", "alpha", "load"].into_iter().enumerate() {
        write_text(out, LEFT - 40.0, y + 30.0 + 22.0 * row as f64, what, &name);
    }
    for i in 0..=ticks {
        let share = f64::from(i) / f64::from(ticks);
        let x = LEFT + share * WIDE;
        let _ = writeln!(out, "<path d=\"M{x:.1} {y:.1}v8\" stroke=\"{QUIET}\"/>");
        let (alpha, load) = at(f, share);
        let rows = [
            format!("{:.0} %", share * 100.0),
            format!("{alpha:.2}"),
            load.map_or_else(String::new, |l| format!("{l:.2}")),
        ];
        for (row, text) in rows.iter().enumerate() {
            let fill = if row == 0 { BRIGHT } else { QUIET };
            let style = Style {
                fill,
                anchor: "middle",
                ..Style::default()
            };
            write_text(out, x, y + 30.0 + 22.0 * row as f64, text, &style);
        }
    }
}

/// Alpha at a share of the slide, and the mean service between the two columns nearest to it.
fn at(f: &Flow, share: f64) -> (f64, Option<f64>) {
    let alpha = f.alpha.0 + (f.alpha.1 - f.alpha.0) * share;
    let near = share * f.columns.len() as f64 - 0.5;
    let low = near.floor().max(0.0) as usize;
    let pair = f.columns.get(low).zip(f.columns.get(low + 1).or_else(|| f.columns.last()));
    let load = pair.map(|(a, b)| a.mean_service + (b.mean_service - a.mean_service) * (near - low as f64).clamp(0.0, 1.0));
    (alpha, load)
}

/// The two moments, through all panels; their words stand left of them, where the map is empty.
fn marks(f: &Flow, bottom: f64, out: &mut String) {
    let critical = f.critical.map(|m| {
        let text = format!("mean service passes 1.0 · alpha {:.4} · {}", m.alpha, words::share(m.share));
        (m.share, text, CRITICAL, "none")
    });
    let onset = f.onset().and_then(|i| f.moment(i)).map(|m| {
        let text = format!("run-away · load {:.2} · {}", m.mean_service, words::share(m.share));
        (m.share, text, ONSET, "5 5")
    });
    for (row, (share, text, colour, dash)) in critical.into_iter().chain(onset).enumerate() {
        let x = LEFT + share * WIDE;
        let _ = writeln!(
            out,
            "<path d=\"M{x:.1} {TOP}V{bottom:.1}\" stroke=\"{colour}\" stroke-width=\"1.2\" stroke-opacity=\"0.75\" stroke-dasharray=\"{dash}\"/>"
        );
        let (over, anchor) = if share > 0.4 { (-12.0, "end") } else { (12.0, "start") };
        let style = Style {
            fill: colour,
            anchor,
            size: 16.0,
            ..Style::default()
        };
        write_text(out, x + over, TOP + 24.0 + 26.0 * row as f64, &text, &style);
    }
}

/// The result and the lesson under everything.
fn closing(f: &Flow, y: f64, out: &mut String) {
    let said = words::cost(f).unwrap_or_else(|| words::critical(f).unwrap_or_default());
    write_text(
        out,
        LEFT,
        y,
        &said,
        &Style {
            size: 17.0,
            fill: BRIGHT,
            ..Style::default()
        },
    );
    write_text(
        out,
        LEFT,
        y + 28.0,
        &words::lesson(f),
        &Style {
            size: 17.0,
            ..Style::default()
        },
    );
}
