//! One sitting at the terminal: what is shown, what is asked for, when to draw.
//! It refuses to wait for the engine, but for the pause before a suspension.

use super::action::{Effect, Message};
use super::keys::Input;
use super::memo::Memo;
use super::state::{Model, Speech};
use super::terminal::Guard;
use super::{Options, keymap, still, update, view};
use crate::link::Link;
use crate::model::command::Command;
use crate::model::notice::Who;
use crate::model::units::Nanos;
use crate::telemetry::frame::{Frame, Phase};
use anyhow::Result;
use ratatui::buffer::Buffer;
use std::sync::Arc;
use std::time::Duration;

/// Longest wait for a pause to be in force before the process is stopped.
const PAUSING: Nanos = Nanos::from_millis(300);

/// What is on the screen, to know when it must be drawn again: frame, model, size.
type Shown = (u64, u64, (u16, u16));

/// What a sitting leaves behind.
pub(super) struct Left {
    /// To stay in the scrollback.
    pub(super) picture: Option<Buffer>,
    /// Pictures that were left out because the terminal was slow.
    pub(super) missed: u64,
}

/// The screen's state between turns.
pub(super) struct Session<'a> {
    link: &'a Link,
    options: &'a Options<'a>,
    pub(super) model: Model,
    clock: &'a dyn Fn() -> Nanos,
    guard: Guard,
    memo: Memo,
    frame: Arc<Frame>,
    shown: Option<Shown>,
    drawn_at: Nanos,
}

impl<'a> Session<'a> {
    /// Takes the terminal and opens on the newest frame; `clock` tells the time since then.
    pub(super) fn open(link: &'a Link, options: &'a Options<'a>, clock: &'a dyn Fn() -> Nanos) -> Result<Self> {
        let mut guard = Guard::take()?;
        let ground = if options.ask { guard.background(clock)? } else { None };
        let speech = Speech {
            parse: options.parse,
            print: options.print,
        };
        let mut model = Model::new((options.theme)(ground), speech);
        model.size = guard.size();
        Ok(Self {
            link,
            options,
            model,
            clock,
            guard,
            memo: Memo::default(),
            frame: link.frame(),
            shown: None,
            drawn_at: Nanos::ZERO,
        })
    }

    /// The run is over or its engine is gone.
    pub(super) fn over(&self) -> bool {
        self.link.closed() || self.link.frame().phase == Phase::Done
    }

    /// Reads the clock and the newest frame, and draws what changed.
    pub(super) fn refresh(&mut self) -> Result<()> {
        self.guard.ready()?;
        self.take(Message::Tick((self.clock)()))?;
        if !self.model.frozen {
            self.frame = self.link.frame();
        }
        self.draw(false)
    }

    /// Everything that has been typed, waiting at most `long` for it.
    pub(super) fn listen(&mut self, long: Duration) -> Result<()> {
        self.guard.wait(long, self.clock)?;
        while let Some(input) = self.guard.typed() {
            match input {
                Input::Key(key) => {
                    if let Some(message) = keymap::message(&self.model, &key) {
                        self.take(message)?;
                    }
                }
                Input::Paste(text) => self.take(Message::Paste(text))?,
                Input::Background(_) | Input::Attributes => {}
            }
        }
        Ok(())
    }

    /// The terminal has another size, or another picture than ours.
    pub(super) fn redraw(&mut self) -> Result<()> {
        let (columns, rows) = self.guard.size();
        self.take(Message::Resize(columns, rows))
    }

    /// Draws the last frame and gives the terminal back.
    pub(super) fn close(mut self) -> Result<Left> {
        self.frame = self.link.frame();
        self.guard.settle();
        self.draw(true)?;
        Ok(Left {
            picture: self.model.leave.then(|| self.guard.picture().clone()),
            missed: self.model.missed,
        })
    }

    /// One message, and everything it asks for.
    pub(super) fn take(&mut self, message: Message) -> Result<()> {
        // Even back to the same size: what stands in the terminal may have been cut or wrapped meanwhile.
        if matches!(message, Message::Resize(..)) {
            self.shown = None;
        }
        let newest = self.link.frame();
        for effect in update::update(&mut self.model, message, &newest) {
            self.act(effect)?;
        }
        Ok(())
    }

    fn act(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::Send(command) => {
                if command == Command::QuitNow {
                    (self.options.hurry)();
                }
                let number = self.link.send(Who::User, command);
                self.take(Message::Sent(number))
            }
            Effect::SaveSnapshot(path) => {
                let picture = still::still(&self.frame, self.model.size, &self.model.theme);
                let saved = (self.options.save)(&self.frame, &picture, path.as_deref());
                self.take(Message::Saved(saved))
            }
            Effect::Suspend => self.suspend(),
            Effect::Repaint => {
                self.shown = None;
                self.draw(true)
            }
        }
    }

    /// Pauses the traffic, waits until that is in force, stops, and resumes what was not paused before.
    fn suspend(&mut self) -> Result<()> {
        let before = self.link.frame();
        let running = before.phase == Phase::Run && !before.setpoints.paused;
        if running && let Some(number) = self.link.send(Who::User, Command::Pause) {
            let until = (self.clock)() + PAUSING;
            while self.link.frame().applied < number && (self.clock)() < until {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        self.guard.suspend()?;
        self.model.size = self.guard.size();
        self.shown = None;
        if running {
            self.link.send(Who::User, Command::Resume);
        }
        self.draw(true)
    }

    /// Draws when something changed: what the user did at once, what the run did at its pace; `now` in any case.
    fn draw(&mut self, now: bool) -> Result<()> {
        let pace = Nanos::from_secs_f64(1.0 / f64::from(self.options.fps.max(1)));
        let want = (self.frame.seq, self.model.revision, self.model.size);
        let touched = self
            .shown
            .is_none_or(|(_, revision, size)| (revision, size) != (want.1, want.2));
        let due = touched || (self.clock)() - self.drawn_at >= pace;
        if !now && (self.shown == Some(want) || !due) {
            return Ok(());
        }
        if !self.guard.ready()? {
            self.miss(pace);
            return Ok(());
        }
        let whole = self.shown.is_none_or(|shown| shown.2 != want.2);
        let (frame, model, memo) = (&self.frame, &self.model, &mut self.memo);
        self.guard
            .draw(whole, model.size, |buf| view::draw_next(frame, model, memo, buf))?;
        self.shown = Some(want);
        self.drawn_at = (self.clock)();
        Ok(())
    }

    /// A picture is left out; what was touched is asked for every turn and counts once a picture.
    fn miss(&mut self, pace: Nanos) {
        let now = (self.clock)();
        if self.model.missed_at.is_none_or(|at| now - at >= pace) {
            self.model.missed += 1;
            self.model.missed_at = Some(now);
        }
    }
}
