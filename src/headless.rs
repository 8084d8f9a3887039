//! A link without a terminal: wait, pass signals on, show progress.
//! It refuses to decide how a run ends.

use crate::link::Link;
use crate::model::command::Command;
use crate::model::format::{latency, percent, quantity};
use crate::model::notice::Who;
use crate::telemetry::frame::{Frame, Phase};
use std::io::Write;
use std::time::Duration;

/// How to wait.
pub struct Options<'a> {
    /// Gets one line of progress a second.
    pub progress: Option<&'a mut dyn Write>,
    /// How many signals that ask for an end have come so far.
    pub signals: &'a dyn Fn() -> usize,
    /// Whoever read the run's lines has gone: it ends early, drained.
    pub unheard: &'a dyn Fn() -> bool,
    /// The engine is not waited for any longer.
    pub late: &'a dyn Fn() -> bool,
}

/// Waits until the run is over. A first signal drains, a second cuts off.
pub fn run(link: &Link, mut options: Options<'_>) {
    let (mut seq, mut passed, mut second) = (0, 0, 0);
    let mut given_up = false;
    loop {
        let frame = link.frame();
        if frame.seq != seq {
            seq = frame.seq;
            if let Some(out) = options.progress.as_mut() {
                show_progress(out, &frame, &mut second);
            }
        }
        if frame.phase == Phase::Done || link.closed() || (options.late)() {
            break;
        }
        if !given_up && (options.unheard)() {
            given_up = true;
            link.send(Who::Engine, Command::Quit);
        }
        let signals = (options.signals)();
        while passed < signals {
            passed += 1;
            link.send(Who::Engine, if passed == 1 { Command::Signal } else { Command::QuitNow });
        }
        std::thread::sleep(Duration::from_millis(25));
    }
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
    fn signals_and_a_reader_that_has_gone_reach_the_engine_once_each() {
        let (link, far) = Link::pair(Frame::default());
        let engine = std::thread::spawn(move || {
            while far.desk.borrow().last < 3 {
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
        run(
            &link,
            Options {
                progress: None,
                signals: &|| 2,
                unheard: &|| true,
                late: &|| false,
            },
        );

        assert_eq!(engine.join().unwrap(), [Command::Quit, Command::Signal, Command::QuitNow]);
    }
}
