//! The terminal while it is ours. The guard exists before the first change and gives everything back: on drop,
//! on panic of any thread, and around a suspension.

use super::keys::{Input, Keyboard};
use super::outlet::Outlet;
use super::theme::Ground;
use super::{paint, tty};
use crate::model::units::Nanos;
use anyhow::{Context, Result};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, queue, style};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustix::termios::{QueueSelector, tcflush};
use std::io::{Write, stdout};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The terminal is in our hands. Read by the panic hook, which may run on any thread; it owns nothing but this fact.
static OURS: AtomicBool = AtomicBool::new(false);
/// The terminal has not taken all of what gives it back.
static OWED: AtomicBool = AtomicBool::new(false);
/// The hook is chained once a process.
static HOOK: Once = Once::new();

/// No attributes. crossterm's reset of colours alone would say nothing under NO_COLOR.
const PLAIN: style::SetAttribute = style::SetAttribute(style::Attribute::Reset);
/// How long a terminal that takes nothing is waited for when it is given back.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long the terminal has for saying what its background is: the first picture waits for it.
const ASKED: Nanos = Nanos::from_millis(40);
/// What the background is, then the device attributes: a terminal that tells only the latter knows no answer to the former.
const QUESTION: &[u8] = b"\x1b]11;?\x07\x1b[c";

/// Gives the terminal back, in the reverse order of taking it. Errors are ignored: there is nobody left to tell.
fn restore(patience: Duration) {
    if let Some(out) = give_back(patience) {
        OWED.store(true, Ordering::SeqCst);
        // The reports must not wait for it. Where it is read again, this comes before what the run says at its end.
        std::thread::spawn(move || {
            out.wait();
            OWED.store(false, Ordering::SeqCst);
        });
    }
}

/// Gives the terminal back where this process is about to end, whatever its threads do. What a terminal that takes nothing
/// has not taken yet is dropped to make room: whoever reads it again finds it as it was.
pub fn release(patience: Duration) {
    if give_back(patience).is_some() || OWED.load(Ordering::SeqCst) {
        let _ = tcflush(stdout(), QueueSelector::OFlush);
        leaving().settle(patience);
    }
}

/// What the terminal did not take in time.
fn give_back(patience: Duration) -> Option<Outlet> {
    if !OURS.swap(false, Ordering::SeqCst) {
        return None;
    }
    let mut out = leaving();
    let well = out.settle(patience);
    let _ = disable_raw_mode();
    (!well).then_some(out)
}

/// All that gives the terminal back, on its way.
fn leaving() -> Outlet {
    let mut out = Outlet::open();
    let _ = queue!(
        out,
        EndSynchronizedUpdate,
        DisableBracketedPaste,
        PLAIN,
        LeaveAlternateScreen,
        cursor::Show
    );
    out
}

/// Restores before anybody prints a panic.
fn chain_hook() {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore(PATIENCE);
            before(info);
        }));
    });
}

/// The screen's hold on the terminal. It draws differences itself: ratatui's own `Terminal` asks for the cursor's
/// position when it clears, and a terminal that does not answer would hold the screen up for seconds.
pub(super) struct Guard {
    out: Outlet,
    keys: Keyboard,
    drawn: Buffer,
    /// The one before, to be drawn over.
    spare: Buffer,
    /// How long it is still waited for in all: one that takes nothing does not cost that twice.
    patience: Duration,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.settle();
        restore(self.patience);
    }
}

impl Guard {
    /// Takes the terminal.
    ///
    /// # Errors
    /// When it is no terminal, or refuses; it is then as it was.
    pub(super) fn take() -> Result<Self> {
        chain_hook();
        let mut guard = Self {
            out: Outlet::open(),
            keys: Keyboard::open()?,
            drawn: Buffer::default(),
            spare: Buffer::default(),
            patience: PATIENCE,
        };
        guard.enter()?;
        Ok(guard)
    }

    fn enter(&mut self) -> Result<()> {
        OURS.store(true, Ordering::SeqCst);
        self.out = Outlet::open();
        enable_raw_mode().context("cannot put the terminal into raw mode")?;
        queue!(self.out, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
        self.out.flush().context("cannot open the screen")
    }

    /// Asks the terminal for its background; `None` when it does not say in time. A later answer is swallowed.
    ///
    /// # Errors
    /// The terminal has gone away.
    pub(super) fn background(&mut self, clock: &dyn Fn() -> Nanos) -> Result<Option<Ground>> {
        self.out.write_all(QUESTION)?;
        self.out.flush().context("cannot ask the terminal")?;
        let until = clock() + ASKED;
        loop {
            let now = clock();
            match self.keys.background() {
                Some(said) => return Ok(said),
                None if now >= until => return Ok(None),
                None => self.wait((until - now).duration(), clock)?,
            }
        }
    }

    /// Waits for a key, or for the terminal to take more of the last picture; at most `long`.
    ///
    /// # Errors
    /// The terminal has gone away.
    pub(super) fn wait(&mut self, long: Duration, clock: &dyn Fn() -> Nanos) -> Result<()> {
        self.keys.wait(self.out.blocked(), long, clock)
    }

    /// The next key or paste.
    pub(super) fn typed(&mut self) -> Option<Input> {
        self.keys.next()
    }

    /// Columns and rows; what is usual where it does not say.
    pub(super) fn size(&self) -> (u16, u16) {
        tty::size().unwrap_or((80, 24))
    }

    /// Hands over what the terminal did not take of the last picture; whether there is room for another.
    ///
    /// # Errors
    /// The terminal has gone away.
    pub(super) fn ready(&mut self) -> Result<bool> {
        self.held()?;
        self.out.push().context("cannot draw")
    }

    /// Waits a moment for the terminal to take the last picture; whether it did.
    pub(super) fn settle(&mut self) -> bool {
        let well = self.held().is_ok() && self.out.settle(self.patience);
        if !well {
            self.patience = Duration::ZERO;
        }
        well
    }

    /// The panic hook has given the terminal back: writing on would spoil the message of the panic.
    fn held(&mut self) -> Result<()> {
        if !OURS.load(Ordering::SeqCst) {
            self.out.clear();
            anyhow::bail!("a thread of ours panicked");
        }
        Ok(())
    }

    /// Draws one picture in one synchronized update, only what differs from the last; `whole` repaints every cell.
    /// What the terminal does not take at once is kept: ask [`Self::ready`] first.
    pub(super) fn draw(&mut self, whole: bool, (columns, rows): (u16, u16), picture: impl FnOnce(&mut Buffer)) -> Result<()> {
        self.held()?;
        let area = Rect::new(0, 0, columns, rows);
        let mut next = std::mem::take(&mut self.spare);
        if next.area != area {
            next = Buffer::empty(area);
        }
        picture(&mut next);
        let whole = whole || self.drawn.area != area;
        if !whole && self.drawn == next {
            self.spare = next;
            return Ok(());
        }
        queue!(self.out, BeginSynchronizedUpdate)?;
        if whole {
            queue!(self.out, PLAIN, Clear(ClearType::All))?;
            self.drawn = Buffer::empty(next.area);
        }
        paint::difference(self.out.bytes(), &self.drawn, &next);
        queue!(self.out, EndSynchronizedUpdate)?;
        self.out.flush()?;
        self.spare = std::mem::replace(&mut self.drawn, next);
        Ok(())
    }

    /// What is on the screen.
    pub(super) fn picture(&self) -> &Buffer {
        &self.drawn
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again when it continues.
    pub(super) fn suspend(&mut self) -> Result<()> {
        self.settle();
        restore(self.patience);
        self.patience = PATIENCE;
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP).context("cannot suspend")?;
        self.enter()?;
        self.keys.forget();
        Ok(())
    }
}

/// Writes a picture to the scrollback, row by row, in its colours.
pub(super) fn leave(picture: &Buffer) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    paint::rows(&mut bytes, picture);
    stdout().write_all(&bytes)?;
    stdout().flush()
}
