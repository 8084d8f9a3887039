//! The text: a table along the slide, a small spectrogram, where it ran away, what the cure cost. At most 40 lines of 100.

use super::{figure, map, words};
use crate::model::demand::Overflow;
use crate::model::format::count;
use crate::telemetry::flow::{Column, Flow};

/// Columns of the text.
const WIDE: usize = 100;
/// Where the rows of the table begin, as shares of the slide; each is 5 % long.
const ROWS: [f64; 11] = [0.0, 0.2, 0.4, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95];
/// Size of the spectrogram, in characters.
const MAP: (usize, usize) = (80, 11);
/// What is rarer than this share of a column's largest is not drawn.
const RARE: f64 = 0.0005;
/// Letters of the spectrogram, rare first, and those of 7 bit.
const SHADES: [[char; 5]; 2] = [[' ', '░', '▒', '▓', '█'], [' ', '.', 'o', 'O', '@']];
/// Characters left of it.
const GUTTER: usize = 9;

/// The whole text; 7 bit where `ascii`.
pub fn text(f: &Flow, ascii: bool) -> String {
    let mut lines = vec![
        format!(
            "clobber  sim ewf   {}, {}   {} tasks in {} time units, seed {}",
            words::consumers(f),
            words::queue(f),
            count(f.books.offered),
            count(f.length as u64),
            f.seed
        ),
        String::new(),
    ];
    lines.extend(table(f));
    lines.push(String::new());
    lines.extend(spectrogram(f, ascii));
    lines.push(String::new());
    let said = [
        Some(words::onset(f)),
        words::critical(f),
        words::cost(f),
        Some(words::lesson(f)),
    ];
    lines.extend(wrap(&said.into_iter().flatten().collect::<Vec<_>>().join(" ")));
    let text = lines.iter().map(|l| l.trim_end()).collect::<Vec<_>>().join("\n") + "\n";
    if ascii { plain(&text) } else { text }
}

/// Dashes and dots in 7 bit.
fn plain(text: &str) -> String {
    let stand_in = |c| match c {
        '–' | '—' | '─' => '-',
        '│' | '┤' => '|',
        '▲' | '△' => '^',
        c => c,
    };
    text.chars().map(stand_in).collect()
}

fn table(f: &Flow) -> Vec<String> {
    let last = match f.bound.map(|b| b.overflow) {
        Some(Overflow::Drop) => "shed",
        Some(Overflow::Reject) => "rejected",
        Some(Overflow::Block) => "slip",
        None => "",
    };
    let mut out = vec![
        format!(
            "{:>22}{:>17}{:>17}{:>17}{:>14}",
            "mean", "response", "queue latency", "queue length", "rates, p50"
        ),
        line([
            "slide", "alpha", "service", "p50", "p99", "p50", "p99", "p50", "p99", "sent", "done", last,
        ]),
    ];
    for from in ROWS {
        let c = f.span(from, from + 0.05);
        if c.response.count() + c.arrivals.count() as u64 > 0 {
            out.push(row(&c, from, f));
        }
    }
    out
}

fn row(c: &Column, from: f64, f: &Flow) -> String {
    let (response, wait, queue) = (c.response.quantiles(), c.wait.quantiles(), c.queue.quantiles());
    let whole = |v: Option<f64>| v.map_or_else(|| figure(None), |v| count(v as u64));
    let (sent, done) = (c.arrivals.quantiles().p50, c.completions.quantiles().p50);
    let last = match f.bound.map(|b| b.overflow) {
        None => String::new(),
        Some(Overflow::Block) => figure(c.slip.quantiles().p50),
        Some(_) => figure(c.refusals.quantiles().p50),
    };
    let slide = format!("{:.0}–{:.0} %", from * 100.0, from * 100.0 + 5.0);
    let cells = [
        slide,
        format!("{:.2}", c.alpha),
        format!("{:.2}", c.mean_service),
        figure(response.p50),
        figure(response.p99),
        figure(wait.p50),
        figure(wait.p99),
        whole(queue.p50),
        whole(queue.p99),
        figure(sent),
        figure(done),
        last,
    ];
    line(std::array::from_fn(|i| cells[i].as_str()))
}

fn line(cells: [&str; 12]) -> String {
    const WIDTHS: [usize; 12] = [8, 6, 8, 8, 9, 9, 8, 9, 8, 7, 7, 9];
    let mut out = String::new();
    for (cell, width) in cells.iter().zip(WIDTHS) {
        out.push_str(&format!("{cell:>width$}"));
    }
    out
}

/// Response over the slide, densest where darkest; each column over its own largest.
fn spectrogram(f: &Flow, ascii: bool) -> Vec<String> {
    let (wide, high) = MAP;
    let per = map::lines(f).div_ceil(high).max(1);
    let cells: Vec<Vec<f64>> = (0..wide)
        .map(|x| {
            let c = f.span(x as f64 / wide as f64, (x + 1) as f64 / wide as f64);
            let counts: Vec<u64> = (0..high).map(|y| c.response.within(y * per..(y + 1) * per)).collect();
            map::over_largest(&counts)
        })
        .collect();
    let top = map::lines(f).div_ceil(per);
    let mut out = vec!["response, in time units, and where most of it lies along the slide".into()];
    let bare = |y: usize| cells.iter().all(|c| c[y] <= RARE);
    for y in (0..top).rev().skip_while(|y| bare(*y)) {
        let shade = |v: f64| {
            let i = if v <= RARE { 0.0 } else { 1.0 + (v.sqrt() * 3.999).floor() };
            SHADES[usize::from(ascii)][(i as usize).min(4)]
        };
        let drawn: String = cells.iter().map(|c| shade(c[y])).collect();
        out.push(format!("{:>w$} ┤{drawn}", figure(Some(map::edge(y * per))), w = GUTTER - 2));
    }
    out.extend(feet(f));
    out
}

/// The slide's scale with its two marks.
fn feet(f: &Flow) -> [String; 2] {
    let mut scale = vec![' '; GUTTER + MAP.0 + 6];
    let mut marks = scale.clone();
    let at = |share: f64| GUTTER + ((share * MAP.0 as f64) as usize).min(MAP.0 - 1);
    let write = |row: &mut Vec<char>, x: usize, text: &str| {
        for (i, c) in text.chars().enumerate().filter(|(i, _)| x + i < GUTTER + MAP.0 + 6) {
            row[x + i] = c;
        }
    };
    for percent in [0u32, 20, 40, 60, 80, 100] {
        write(&mut scale, at(f64::from(percent) / 100.0), &format!("{percent} %"));
    }
    let critical = f.critical.map(|m| (at(m.share), "△", "load 1.0"));
    let onset = f.onset().and_then(|i| f.moment(i)).map(|m| (at(m.share), "▲", "run-away"));
    let flips = critical.zip(onset).is_some_and(|(c, o)| c.0 < o.0);
    for (mark, right) in [(critical, !flips), (onset, flips)] {
        let Some((x, sign, name)) = mark else { continue };
        if right {
            write(&mut marks, x, &format!("{sign} {name}"));
        } else {
            write(&mut marks, x.saturating_sub(name.len() + 1), &format!("{name} {sign}"));
        }
    }
    [scale, marks].map(|row| row.into_iter().collect())
}

fn wrap(text: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    for word in text.split_whitespace() {
        let last = out.len() - 1;
        if !out[last].is_empty() && out[last].chars().count() + 1 + word.chars().count() > WIDE {
            out.push(word.into());
        } else {
            let gap = if out[last].is_empty() { "" } else { " " };
            out[last].push_str(gap);
            out[last].push_str(word);
        }
    }
    out
}
