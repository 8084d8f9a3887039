//! The table of the closing text: the rows of the closed model, or the steady state where nothing searched.
//! It refuses to call a row what it is not: each says what it is of the peak.

use crate::answer;
use crate::model::format::{change, clock, count, latency, length, percent, quantity};
use crate::model::setpoints::{LoadModel, Mode};
use crate::telemetry::curve::{Knee, Row};
use crate::telemetry::frame::Frame;

/// The rows of the closed model: idle, efficient, knee, peak, overload; or the steady state where nothing searched.
pub(super) fn table(f: &Frame, columns: usize) -> Vec<String> {
    let rows: Vec<&Row> = f.curve.iter().filter(|r| !r.stale).collect();
    let mut lines = Vec::new();
    let Some(knee) = f.knee.as_ref().filter(|_| f.setpoints.mode == Mode::Max && rows.len() >= 2) else {
        if let Some(s) = f.steady.as_ref().filter(|_| f.setpoints.mode != Mode::Slo) {
            let model = match f.asked().filter(|_| f.setpoints.model == LoadModel::Open) {
                Some(rate) => format!("  open {}/s", quantity(rate)),
                None => "  closed model".into(),
            };
            // Turned away before they were sent: no errors, and no answers.
            let shed = f.books.shed as f64 / f.books.scheduled.max(1) as f64;
            let heading = if f.books.shed > 0 { "  shed" } else { "" };
            lines.push(line(&model, "", "in flight", "good/s", "p50", "p99", "errors", heading));
            let mut held = format!("{}, {} requests", length(s.span), count(s.latency.count));
            if f.books.shed > 0 {
                held = format!("{:>6}   {held}", percent(shed));
            }
            let cells = (
                f.short_of
                    .map_or_else(|| quantity(s.workers), |(ran, asked)| format!("{ran}/{asked}")),
                quantity(s.good_rate),
                latency(s.latency.p50),
                latency(s.latency.p99),
            );
            lines.push(line(
                "> steady",
                s.basis,
                &cells.0,
                &cells.1,
                &cells.2,
                &cells.3,
                &percent(s.errors),
                &held,
            ));
            lines.extend(found(f, &rows, columns));
            lines.push(String::new());
        }
        return lines;
    };
    lines.push(line("  closed model", "", "in flight", "good/s", "p50", "p99", "errors", ""));
    for (mark, name, row) in chosen(f, knee, &rows) {
        lines.push(knee_line(f, mark, name, row, knee, columns));
    }
    lines.push(String::new());
    lines
}

/// The knee that `max` found before another mode was chosen.
fn found(f: &Frame, rows: &[&Row], columns: usize) -> Option<String> {
    let (at, knee) = f.knee_at.zip(f.knee.as_ref())?;
    let row = rows.iter().find(|r| r.workers == knee.workers)?;
    let text = knee_line(f, "  ", "knee", row, knee, 0);
    let when = format!("   closed, found at {}", clock(at.secs()));
    Some(if columns >= 100 { text + &when } else { text })
}

/// Most workers that leave a target idle, and seconds that they must have been held.
const IDLE: (u32, f64) = (2, 1.0);

/// Which rows are told: each once, in rising order of workers.
fn chosen<'a>(f: &'a Frame, knee: &Knee, rows: &[&'a Row]) -> Vec<(&'static str, &'static str, &'a Row)> {
    let mut out: Vec<(&str, &str, &Row)> = Vec::new();
    let mut add = |mark, name, row: Option<&'a Row>| {
        if let Some(row) = row.filter(|r| out.iter().all(|(_, _, o)| o.workers != r.workers)) {
            out.push((mark, name, row));
        }
    };
    let at = |n: u32| rows.iter().copied().find(|r| r.workers == n);
    add("> ", "knee", at(knee.workers));
    let best = answer::peak_rate(f, knee);
    add("  ", "peak", at(knee.best_workers).filter(|r| r.good_rps >= best));
    add("  ", "overload", answer::overload(f, knee));
    let idle = |r: &&Row| r.workers <= IDLE.0 && r.held >= IDLE.1;
    add("  ", "idle", rows.iter().copied().find(idle));
    add("  ", "efficient", answer::efficient(f, knee));
    out.sort_by_key(|(_, _, r)| r.workers);
    out
}

fn knee_line(f: &Frame, mark: &str, name: &str, r: &Row, knee: &Knee, columns: usize) -> String {
    let best = answer::peak_rate(f, knee);
    let share = match name {
        "overload" => format!("{:.1}x knee", f64::from(r.workers) / f64::from(knee.workers)),
        "knee" | "efficient" => format!("{} of peak", percent((r.good_rps / best).min(1.0))),
        _ => String::new(),
    };
    let is_knee = name == "knee";
    let workers = if is_knee { interval(f, knee) } else { r.workers.to_string() };
    let note = if is_knee {
        format!("held {}, {} requests", length(r.held), count(r.completions))
    } else if name == "overload" {
        let fell = change(r.good_rps / best - 1.0);
        let times = r
            .p99
            .zip(knee.p99)
            .map_or_else(String::new, |(a, b)| format!(", p99 x{:.1}", a / b));
        format!("throughput {fell}{times}")
    } else {
        String::new()
    };
    let note = if columns >= 100 { note } else { String::new() };
    line(
        &format!("{mark}{name}"),
        &share,
        &workers,
        &quantity(r.good_rps),
        &latency(r.p50),
        &latency(r.p99),
        &percent(r.errors),
        &note,
    )
}

/// From this ratio on, counts of which none was held are a gap.
const GAP: f64 = 1.5;

/// The knee between the counts that a test cannot exclude; where none of those below it was held, the lower end is open.
fn interval(f: &Frame, knee: &Knee) -> String {
    let between = |r: &&Row| !r.stale && (knee.lo..knee.workers).contains(&r.workers);
    if f64::from(knee.workers) > GAP * f64::from(knee.lo) && !f.curve.iter().any(|r| between(&r)) {
        format!("≤{}–{}", knee.workers, knee.hi)
    } else {
        format!("{}–{}–{}", knee.lo, knee.workers, knee.hi)
    }
}

#[allow(clippy::too_many_arguments, reason = "one argument a column of the table")]
fn line(name: &str, share: &str, workers: &str, good: &str, p50: &str, p99: &str, errors: &str, note: &str) -> String {
    format!("{name:<12} {share:<13} {workers:>9} {good:>9} {p50:>8} {p99:>8} {errors:>8}   {note}")
        .trim_end()
        .to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{frame, row};
    use super::super::text;
    use super::*;
    use crate::model::units::Nanos;
    use crate::telemetry::books::Books;

    #[test]
    fn rows_are_called_what_they_are() {
        let mut f = frame();
        f.knee = f.knee.map(|k| Knee {
            best_workers: 41,
            best_rps: 1662.0,
            ..k
        });
        f.curve = vec![row(9, 400.0, 0.02), row(30, 1486.0, 0.07), row(41, 1662.0, 0.111)].into();
        let t = text(&f, 120);

        assert!(!t.contains("idle"), "nine workers leave nothing idle\n{t}");
        assert!(
            t.contains("efficient  89 % of peak") && t.contains("knee       100 % of peak"),
            "{t}"
        );
        assert!(!t.contains("  peak "), "the knee is the best held\n{t}");
        f.curve = vec![
            Row {
                held: 0.4,
                ..row(1, 91.0, 0.047)
            },
            row(41, 1662.0, 0.111),
        ]
        .into();
        let t = text(&f, 120);
        assert!(!t.contains("idle") && t.contains("38–41–45"), "37 was excluded\n{t}");
        f.knee = f.knee.map(|k| Knee { lo: 2, ..k });
        assert!(text(&f, 120).contains("≤41–45"), "what was not held is an open end");
    }

    #[test]
    fn a_knee_found_stays_when_the_mode_changes() {
        let mut f = frame();
        (f.setpoints.mode, f.knee_at) = (Mode::Manual, Some(Nanos::from_secs(14)));
        f.books.ok = 1000;
        f.steady = Some(crate::telemetry::frame::Steady {
            basis: "whole",
            workers: 10.0,
            span: 5.0,
            ..Default::default()
        });

        let t = text(&f, 120);

        assert!(t.contains("; knee 41, found at 0:14."), "{t}");
        assert!(t.contains("38–41–45") && t.contains("closed, found at 0:14"), "{t}");
    }

    #[test]
    fn what_was_shed_stands_beside_the_errors_and_in_the_books() {
        let mut f = frame();
        (f.setpoints.mode, f.setpoints.model, f.setpoints.rate) = (Mode::Manual, LoadModel::Open, Some(48_000.0));
        f.steady = Some(Default::default());
        f.books = Books {
            scheduled: 48_000,
            sent: 9_325,
            ok: 9_325,
            shed: 38_675,
            ..Books::default()
        };

        let t = text(&f, 120);

        assert!(t.contains("errors     shed") && t.contains("0 %     81 %"), "{t}");
        assert!(t.contains("48,000 due = 9,325 sent + 38,675 shed; sent = 9,325 ok"), "{t}");
    }
}
