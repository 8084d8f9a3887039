//! The text report as a file has it: the closing text, then every row of the curve and every event.

use super::{Report, closing};
use crate::model::format::{count, latency, length, percent, quantity};
use crate::telemetry::curve::Row;
use crate::telemetry::frame::Frame;
use std::io::{self, Write};

/// All of a run as text; only the closing part is fitted to `columns`.
#[derive(Clone, Copy, Debug)]
pub struct Whole {
    /// Width of the closing text.
    pub columns: usize,
}

impl Report for Whole {
    fn write(&self, frame: &Frame, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(closing::text(frame, self.columns).as_bytes())?;
        curve(frame, out)?;
        events(frame, out)
    }
}

/// The rows since the last change of the target, as in the JSON summary.
fn curve(f: &Frame, out: &mut dyn Write) -> io::Result<()> {
    let rows: Vec<&Row> = f.curve.iter().filter(|r| !r.stale).collect();
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nWorkers held")?;
    writeln!(
        out,
        "{:>11} {:>10} {:>8} {:>9} {:>9} {:>8} {:>11} {:>8}",
        "in flight", "good/s", "±", "p50", "p99", "errors", "answers", "for"
    )?;
    for r in rows {
        writeln!(
            out,
            "{:>11} {:>10} {:>8} {:>9} {:>9} {:>8} {:>11} {:>8}",
            count(u64::from(r.workers)),
            quantity(r.good_rps),
            r.ci95_rps.map_or_else(|| "—".into(), quantity),
            latency(r.p50),
            latency(r.p99),
            percent(r.errors),
            count(r.completions),
            length(r.held)
        )?;
    }
    Ok(())
}

/// One line an event: second, author, sentence.
fn events(f: &Frame, out: &mut dyn Write) -> io::Result<()> {
    if f.notices.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nEvents")?;
    for n in f.notices.iter() {
        writeln!(out, "{:>9.1} s  {:<10}  {}", n.at.secs(), n.who.name(), n.what)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::notice::{Notice, Who};
    use crate::model::units::Nanos;

    #[test]
    fn every_row_since_the_last_change_and_every_event_follow_the_closing_text() {
        let row = |workers, stale| Row {
            workers,
            good_rps: 1292.0,
            ci95_rps: Some(13.0),
            p50: Some(0.012),
            p99: Some(0.071),
            completions: 9_000,
            held: 20.0,
            stale,
            ..Row::default()
        };
        let event = Notice {
            at: Nanos::from_millis(1500),
            who: Who::Script,
            what: "workers 7: workers 7 by hand".into(),
        };
        let frame = Frame {
            curve: vec![row(21, false), row(4_100, true)].into(),
            notices: vec![event].into(),
            ..Frame::default()
        };
        let text = |frame: &Frame| {
            let mut out = Vec::new();
            Whole { columns: 80 }.write(frame, &mut out).unwrap();
            String::from_utf8(out).unwrap()
        };

        let told = text(&frame);

        assert!(told.starts_with(&closing::text(&frame, 80)));
        assert!(
            told.contains("\n         21      1,292       13     12 ms     71 ms      0 %       9,000     20 s\n"),
            "{told}"
        );
        assert!(!told.contains("4,100"), "{told}");
        assert!(
            told.ends_with("\nEvents\n      1.5 s  script      workers 7: workers 7 by hand\n"),
            "{told}"
        );
        assert_eq!(text(&Frame::default()), closing::text(&Frame::default(), 80));
    }
}
