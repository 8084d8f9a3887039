//! A link without a terminal: wait, pass signals on, print lines as the run goes.
//! It refuses to decide how a run ends.

use crate::link::Link;
use crate::model::command::Command;
use crate::model::format::{latency, percent, quantity};
use crate::model::notice::Who;
use crate::report::lines::Lines;
use crate::telemetry::frame::{Frame, Phase};
use std::io::{self, Write};
use std::time::Duration;

/// How to wait.
pub struct Options<'a> {
    /// Gets one JSON object a line as the run goes.
    pub lines: Option<&'a mut dyn Write>,
    /// Gets one line of progress a second.
    pub progress: Option<&'a mut dyn Write>,
    /// How many signals that ask for an end have come so far.
    pub signals: &'a dyn Fn() -> usize,
}

/// Waits until the run is over. A first signal drains, a second cuts off.
///
/// # Errors
/// What the lines' writer says; the run then ends early, drained.
pub fn run(link: &Link, mut options: Options<'_>) -> io::Result<()> {
    let (mut seq, mut passed, mut second) = (0, 0, 0);
    let mut lines = Lines::default();
    let mut fault = None;
    loop {
        let frame = link.frame();
        if frame.seq != seq {
            seq = frame.seq;
            if let (Some(out), None) = (options.lines.as_mut(), &fault)
                && let Err(e) = lines.write(&frame, *out)
            {
                fault = Some(e);
                link.send(Who::Engine, Command::Quit);
            }
            if let Some(out) = options.progress.as_mut() {
                show_progress(out, &frame, &mut second);
            }
        }
        if frame.phase == Phase::Done || link.closed() {
            break;
        }
        let signals = (options.signals)();
        while passed < signals {
            passed += 1;
            link.send(Who::Engine, if passed == 1 { Command::Signal } else { Command::QuitNow });
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    fault.map_or(Ok(()), Err)
}

/// One line a second, over the one before; a terminal that does not take it is not told twice.
fn show_progress(out: &mut dyn Write, f: &Frame, second: &mut u64) {
    let now = f.at.secs() as u64;
    if now == *second && f.phase != Phase::Done {
        return;
    }
    *second = now;
    let s = &f.last;
    let text = format!(
        "{now} s  {}  {} workers  {}/s  p99 {}  errors {}",
        f.control.state.name(),
        quantity(f.control.workers),
        quantity(s.good_rate),
        latency(s.latency.p99),
        percent(s.errors)
    );
    let end = if f.phase == Phase::Done { "\r\x1b[K" } else { "" };
    let _ = write!(out, "\r\x1b[K{}{end}", if end.is_empty() { &text } else { "" }).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn the_summary_is_the_last_line_and_signals_reach_the_engine_once_each() {
        let (link, far) = Link::pair(Frame::default());
        let engine = std::thread::spawn(move || {
            while far.desk.borrow().last < 2 {
                std::thread::yield_now();
            }
            let said: Vec<Command> = far.desk.borrow().recent.iter().map(|n| n.command.clone()).collect();
            far.frames.send_replace(Arc::new(Frame {
                seq: 9,
                phase: Phase::Done,
                ..Frame::default()
            }));
            said
        });
        let mut out = Vec::new();

        run(
            &link,
            Options {
                lines: Some(&mut out),
                progress: None,
                signals: &|| 2,
            },
        )
        .unwrap();

        assert_eq!(engine.join().unwrap(), [Command::Signal, Command::QuitNow]);
        assert!(
            String::from_utf8(out)
                .unwrap()
                .lines()
                .last()
                .unwrap()
                .starts_with("{\"summary\"")
        );
    }
}
