//! The terminal while it is ours. The guard exists before the first change and gives everything back: on drop,
//! on panic of any thread, and around a suspension.

use super::outlet::Outlet;
use super::paint;
use super::theme::Ground;
use anyhow::{Context, Result};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{cursor, execute, queue, style};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use std::fs::File;
use std::io::{IsTerminal, Stdin, Write, stdin, stdout};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Once};
use std::time::Duration;

/// The terminal is in our hands. Read by the panic hook, which may run on any thread; it owns nothing but this fact.
static OURS: AtomicBool = AtomicBool::new(false);
/// The hook is chained once a process.
static HOOK: Once = Once::new();

/// No attributes. crossterm's reset of colours alone would say nothing under NO_COLOR.
const PLAIN: style::SetAttribute = style::SetAttribute(style::Attribute::Reset);
/// How long a terminal that takes nothing is waited for when it is given back.
const PATIENCE: Duration = Duration::from_millis(300);

/// Gives the terminal back, in the reverse order of taking it. Errors are ignored: there is nobody left to tell.
fn restore() {
    if OURS.swap(false, Ordering::SeqCst) {
        let mut out = Outlet::open();
        let _ = queue!(
            out,
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            PLAIN,
            LeaveAlternateScreen,
            cursor::Show
        );
        if !out.settle(PATIENCE) {
            // The reports must not wait for it. Where it is read again, this comes before what the run says at its end.
            std::thread::spawn(move || out.wait());
        }
        let _ = disable_raw_mode();
    }
}

/// Restores before anybody prints a panic.
fn chain_hook() {
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
    });
}

/// The screen's hold on the terminal. It draws differences itself: ratatui's own `Terminal` asks for the cursor's
/// position when it clears, and a terminal that does not answer would hold the screen up for seconds.
pub(super) struct Guard {
    out: Outlet,
    drawn: Buffer,
    /// The one before, to be drawn over.
    spare: Buffer,
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.settle();
        restore();
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
            drawn: Buffer::default(),
            spare: Buffer::default(),
        };
        guard.enter()?;
        Ok(guard)
    }

    fn enter(&mut self) -> Result<()> {
        OURS.store(true, Ordering::SeqCst);
        self.out = Outlet::open();
        enable_raw_mode().context("cannot put the terminal into raw mode")?;
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide).context("cannot open the screen")
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> Result<(u16, u16)> {
        size().context("cannot ask the terminal for its size")
    }

    /// Hands over what the terminal did not take of the last picture; whether there is room for another.
    ///
    /// # Errors
    /// The terminal has gone away.
    pub(super) fn ready(&mut self) -> Result<bool> {
        self.out.push().context("cannot draw")
    }

    /// Waits a moment for the terminal to take the last picture; whether it did.
    pub(super) fn settle(&mut self) -> bool {
        self.out.settle(PATIENCE)
    }

    /// To wait on while it is not ready.
    pub(super) fn blocked(&self) -> Option<BorrowedFd<'_>> {
        self.out.blocked()
    }

    /// Draws one picture in one synchronized update, only what differs from the last; `whole` repaints every cell.
    /// What the terminal does not take at once is kept: ask [`Self::ready`] first.
    pub(super) fn draw(&mut self, whole: bool, (columns, rows): (u16, u16), picture: impl FnOnce(&mut Buffer)) -> Result<()> {
        // The hook has given the terminal back: writing on would spoil the message of the panic.
        anyhow::ensure!(OURS.load(Ordering::SeqCst), "a thread of ours panicked");
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
        restore();
        signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGTSTP).context("cannot suspend")?;
        while crossterm::event::poll(Duration::ZERO)? {
            crossterm::event::read()?;
        }
        self.enter()
    }
}

/// Where keys come from. Waited on here and not in crossterm, which never returns when the terminal has gone away.
pub(super) struct Keyboard {
    tty: Option<File>,
}

impl Keyboard {
    /// Standard input, or the terminal itself where that is something else.
    ///
    /// # Errors
    /// There is no terminal to read from.
    pub(super) fn open() -> Result<Self> {
        let tty = (!stdin().is_terminal()).then(|| File::open("/dev/tty"));
        let tty = tty.transpose().context("there is no terminal to read keys from")?;
        Ok(Self { tty })
    }

    fn fd(&self) -> BorrowedFd<'_> {
        static INPUT: LazyLock<Stdin> = LazyLock::new(stdin);
        self.tty.as_ref().map_or(INPUT.as_fd(), |tty| tty.as_fd())
    }

    /// Waits for a key, or for the `blocked` way out to become free; at most `long`. Whether there is something to read.
    ///
    /// # Errors
    /// The terminal has gone away.
    pub(super) fn wait(&self, blocked: Option<BorrowedFd>, long: Duration) -> Result<bool> {
        let mut waited = vec![PollFd::from_borrowed_fd(self.fd(), PollFlags::IN)];
        waited.extend(blocked.map(|out| PollFd::from_borrowed_fd(out, PollFlags::OUT)));
        let limit = Timespec::try_from(long).ok();
        match poll(&mut waited, limit.as_ref()) {
            Err(Errno::INTR) => return Ok(false),
            done => done.context("cannot wait for a key")?,
        };
        let seen = waited[0].revents();
        anyhow::ensure!(
            !seen.intersects(PollFlags::HUP | PollFlags::ERR),
            "the terminal has gone away"
        );
        // Some systems cannot poll a terminal.
        if seen.contains(PollFlags::NVAL) {
            std::thread::sleep(long);
        }
        Ok(seen.contains(PollFlags::IN))
    }

    /// Has crossterm look for keys again. It hears of them once, and forgets that when a new size came at the same moment; a
    /// terminal that is told its own settings says once more that there is something to read.
    pub(super) fn remind(&self) {
        if let Ok(settings) = tcgetattr(self.fd()) {
            let _ = tcsetattr(self.fd(), OptionalActions::Now, &settings);
        }
    }
}

/// Columns of the terminal, 80 where it does not say.
pub fn columns() -> usize {
    crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns))
}

/// Asks the terminal for its background, for at most 40 ms; `None` when it does not say. Call it before the screen opens.
pub fn background() -> Option<Ground> {
    let mut options = terminal_colorsaurus::QueryOptions::default();
    options.timeout = Duration::from_millis(40);
    match terminal_colorsaurus::theme_mode(options) {
        Ok(terminal_colorsaurus::ThemeMode::Light) => Some(Ground::Light),
        Ok(terminal_colorsaurus::ThemeMode::Dark) => Some(Ground::Dark),
        Err(_) => None,
    }
}

/// Writes a picture to the scrollback, row by row, in its colours.
pub(super) fn leave(picture: &Buffer) -> std::io::Result<()> {
    let mut bytes = Vec::new();
    paint::rows(&mut bytes, picture);
    stdout().write_all(&bytes)?;
    stdout().flush()
}
