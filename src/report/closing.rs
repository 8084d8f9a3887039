//! The closing text: what a person reads after leaving. At most 24 lines; at 80 columns the tail columns drop.

mod open;
mod rows;
mod trust;

use crate::answer::{self, Verdict};
use crate::model::format::{count, length, percent};
use crate::model::run::EndedBy;
use crate::model::setpoints::LoadModel;
use crate::telemetry::frame::Frame;
use crate::telemetry::threshold::judge;
use crate::telemetry::validity::doubts;
use rows::table;
use trust::trust;

/// The whole text for a terminal of `columns`, each line within it.
pub fn text(f: &Frame, columns: usize) -> String {
    let columns = columns.clamp(60, 120);
    let verdict = answer::verdict(f);
    let mut lines = vec![head(f), String::new()];
    lines.extend(wrap(&format!("{} {}.", verdict.code.name(), verdict.sentence), columns));
    lines.push(String::new());
    lines.extend(table(f, columns));
    lines.extend(open::lines(f, columns));
    lines.extend(tail(f, &verdict, columns));
    let fit = |l: String| cut(&l, columns);
    lines.into_iter().map(fit).collect::<Vec<_>>().join("\n") + "\n"
}

fn head(f: &Frame) -> String {
    let run = &f.run;
    let telling = |(nth, part): &(usize, &String)| *nth < 2 || part.starts_with('⚠');
    let card = run.detection.card.iter().enumerate().filter(telling);
    let card: Vec<&str> = card.map(|(_, part)| part.as_str()).collect();
    let card = if card.is_empty() {
        String::new()
    } else {
        format!(" · {}", card.join(", "))
    };
    let ended = match f.ended_by {
        Some(EndedBy::Quit) => ", ended by q".into(),
        Some(EndedBy::Fault) => ", ended by a fault of ours".into(),
        Some(e) => format!(", ended by {}", e.name()),
        None => String::new(),
    };
    let (began, lasted) = (run.unreachable.is_none(), length(f.at.secs()));
    let ran = format!("{} {lasted}", if began { "ran" } else { "tried for" });
    let parts = [
        format!("{} {}", run.request, run.target),
        format!("{}{card}", run.protocol),
        format!("{ran}{ended}"),
    ];
    let said: Vec<&str> = parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty()).collect();
    format!("clobber  {}", said.join("   "))
}

fn tail(f: &Frame, verdict: &Verdict, columns: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut say = |label: &str, text: String| {
        let mut wrapped = wrap(&text, columns - 12).into_iter();
        lines.push(format!("  {label:<9} {}", wrapped.next().unwrap_or_default()));
        lines.extend(wrapped.map(|l| format!("            {l}")));
    };
    if let Some(a) = answer::advice(f) {
        say("Choose", a.text + ".");
    }
    if let Some(why) = because(f, verdict) {
        say("Because", why);
    }
    if let Some(told) = answer::downs(f).filter(|_| verdict.code != answer::Code::Stalled) {
        say("Down", told + ".");
    }
    if !f.totals.errors.is_empty() {
        say("Errors", errors(f));
    }
    if let Some(hint) = f.totals.connects.hint() {
        say("Connects", hint + ".");
    }
    let judged: Vec<String> = judge(f).iter().map(|j| j.sentence()).collect();
    if !judged.is_empty() {
        say("Threshold", judged.join(" · "));
    }
    let reasons = doubts(f);
    if !f.valid && !reasons.is_empty() {
        say("NOT VALID", reasons.join(" · "));
    }
    say("Trust", trust(f));
    if let Some(next) = open::next(f, verdict) {
        say("Next", next);
    }
    say("Again", f.run.command.clone());
    lines
}

fn because(f: &Frame, verdict: &Verdict) -> Option<String> {
    let mut parts = Vec::new();
    if verdict.code == answer::Code::Collapses {
        parts.push("throughput falls past the peak: an overload will not cure itself".to_owned());
    } else if verdict.code == answer::Code::Saturated && f.setpoints.model == LoadModel::Open {
        parts.push("open traffic does not wait for answers: what is not answered piles up".to_owned());
    } else if verdict.code == answer::Code::Saturated {
        parts.push("more workers than the knee only wait in the target's queue".to_owned());
    }
    if let Some(share) = f
        .totals
        .before_first_byte
        .filter(|share| *share < 0.995 && f.books.ok > 0 && !parts.is_empty())
    {
        parts.push(format!("{} of the time is before the first byte", percent(share)));
    }
    parts.extend(f.totals.delayed_ack.hint(f.books.ok + f.books.bad_status));
    (!parts.is_empty()).then(|| parts.join(". ") + ".")
}

fn errors(f: &Frame) -> String {
    let mut kinds: Vec<_> = f.totals.errors.clone();
    kinds.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let told = kinds.iter().take(3).map(|(class, n)| {
        let sample = f.totals.samples.iter().find(|s| s.class == *class);
        let detail = sample
            .filter(|s| s.detail != class.name())
            .map_or_else(String::new, |s| format!(" ({})", s.detail));
        format!("{} {}{detail}", count(*n), class.name())
    });
    told.collect::<Vec<_>>().join(" · ")
}

/// Breaks so that no line is longer than `columns`: between items (` · `), and at blanks only within an item that is longer
/// than a line by itself. A longer word stays whole.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for piece in text.split_inclusive(" · ").flat_map(|item| pieces(item, columns)) {
        let last = lines.last_mut().expect("never empty");
        if !last.is_empty() && last.chars().count() + 1 + piece.chars().count() > columns {
            lines.push(piece.to_owned());
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(piece);
        }
    }
    lines
}

/// An item with the dot behind it; its words where it fills a line.
fn pieces(item: &str, columns: usize) -> Vec<&str> {
    let item = item.trim_end_matches(' ');
    if item.chars().count() <= columns {
        vec![item]
    } else {
        item.split(' ').collect()
    }
}

fn cut(line: &str, columns: usize) -> String {
    if line.chars().count() <= columns {
        line.to_owned()
    } else {
        line.chars().take(columns - 1).chain(['…']).collect()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::run::RunInfo;
    use crate::model::units::Nanos;
    use crate::telemetry::books::Books;
    use crate::telemetry::connects::Connects;
    use crate::telemetry::curve::{Knee, Row};
    use std::sync::Arc;

    pub(super) fn row(workers: u32, good_rps: f64, p99: f64) -> Row {
        Row {
            workers,
            good_rps,
            ci95_rps: Some(good_rps * 0.01),
            p50: Some(p99 / 6.0),
            p99: Some(p99),
            completions: 9_000,
            held: 20.0,
            ..Row::default()
        }
    }

    pub(super) fn frame() -> Frame {
        let info = RunInfo {
            target: "http://127.0.0.1:8080/".into(),
            protocol: "http/1.1".into(),
            request: "GET".into(),
            command: "clobber-tui 127.0.0.1:8080".into(),
            ..RunInfo::default()
        };
        let knee = Knee {
            workers: 41,
            lo: 38,
            hi: 45,
            good_rps: 1662.0,
            ci95_rps: Some(16.0),
            p50: Some(0.017),
            p99: Some(0.111),
            best_workers: 49,
            best_rps: 1689.0,
            usl: None,
        };
        Frame {
            run: Arc::new(info),
            at: Nanos::from_secs(92),
            ended_by: Some(EndedBy::Quit),
            answered: true,
            valid: true,
            knee: Some(knee),
            curve: vec![
                row(1, 91.0, 0.047),
                row(21, 1292.0, 0.071),
                row(41, 1662.0, 0.111),
                row(49, 1689.0, 0.13),
                row(82, 1105.0, 0.236),
            ]
            .into(),
            books: Books {
                scheduled: 10,
                sent: 10,
                ok: 10,
                ..Books::default()
            },
            ..Frame::default()
        }
    }

    #[test]
    fn it_fits_24_lines_and_the_width_it_is_given() {
        for columns in [80, 100, 120] {
            let t = text(&frame(), columns);

            assert!(t.lines().count() <= 24, "{t}");
            assert!(t.lines().all(|l| l.chars().count() <= columns), "{t}");
        }
    }

    #[test]
    fn what_belongs_together_is_not_torn_where_a_line_ends() {
        assert_eq!(
            wrap("valid · 60 sent = 60 ok · end", 20),
            ["valid ·", "60 sent = 60 ok ·", "end"]
        );
        assert_eq!(wrap("a · one two three four", 10), ["a · one", "two three", "four"]);
        assert_eq!(wrap("one two", 10), ["one two"]);
    }

    #[test]
    fn connects_that_waited_for_the_kernel_are_told() {
        let mut f = frame();
        f.totals.connects = Connects { slow: 6, again: 6 };

        let said = text(&f, 120);

        assert!(said.contains("  Connects  6 connects took 1, 2, 3 … s"), "{said}");
        assert!(!text(&frame(), 120).contains("Connects"));
    }

    #[test]
    fn it_tells_knee_peak_and_overload_and_calls_the_model_closed() {
        let t = text(&frame(), 120);

        for part in [
            "COLLAPSES",
            "closed model",
            "> knee",
            "38–41–45",
            "overload",
            "throughput −35 %, p99 x2.1",
            "98 % of peak",
            "76 % of peak",
            "Choose    1,050 req/s",
            "Trust     valid",
        ] {
            assert!(t.contains(part), "{part}\n{t}");
        }
    }

    #[test]
    fn an_empty_run_still_says_what_happened() {
        let t = text(&Frame::default(), 80);

        assert!(t.contains("UNDECIDED") && t.contains("0 sent = 0"), "{t}");
    }
}
