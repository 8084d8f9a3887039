//! The terminal while it is ours. The guard exists before the first change and gives everything back: on drop,
//! on panic of any thread, and around a suspension.

use super::theme::Ground;
use anyhow::{Context, Result};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::terminal::{
    BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen,
    disable_raw_mode, enable_raw_mode, size,
};
use crossterm::{cursor, execute, queue, style};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::fs::File;
use std::io::{BufWriter, IsTerminal, Stdout, Write, stdin, stdout};
use std::os::fd::AsFd;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The terminal is in our hands. Read by the panic hook, which may run on any thread; it owns nothing but this fact.
static OURS: AtomicBool = AtomicBool::new(false);
/// The hook is chained once a process.
static HOOK: Once = Once::new();

/// Gives the terminal back, in the reverse order of taking it. Errors are ignored: there is nobody left to tell.
fn restore() {
    if OURS.swap(false, Ordering::SeqCst) {
        let mut out = stdout();
        let _ = execute!(
            out,
            EndSynchronizedUpdate,
            DisableBracketedPaste,
            style::ResetColor,
            LeaveAlternateScreen,
            cursor::Show
        );
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
    backend: CrosstermBackend<BufWriter<Stdout>>,
    drawn: Buffer,
}

impl Drop for Guard {
    fn drop(&mut self) {
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
            backend: CrosstermBackend::new(BufWriter::with_capacity(1 << 16, stdout())),
            drawn: Buffer::default(),
        };
        guard.enter()?;
        Ok(guard)
    }

    fn enter(&mut self) -> Result<()> {
        // The theme alone decides about colour; crossterm's own reading of NO_COLOR would swallow `--color always`.
        style::force_color_output(true);
        OURS.store(true, Ordering::SeqCst);
        enable_raw_mode().context("cannot put the terminal into raw mode")?;
        execute!(stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide).context("cannot open the screen")
    }

    /// Columns and rows.
    pub(super) fn size(&self) -> Result<(u16, u16)> {
        size().context("cannot ask the terminal for its size")
    }

    /// Draws one picture in one synchronized update, only what differs from the last; `whole` repaints every cell.
    pub(super) fn draw(&mut self, whole: bool, (columns, rows): (u16, u16), paint: impl FnOnce(&mut Buffer)) -> Result<()> {
        // The hook has given the terminal back: writing on would spoil the message of the panic.
        anyhow::ensure!(OURS.load(Ordering::SeqCst), "a thread of ours panicked");
        let mut next = Buffer::empty(Rect::new(0, 0, columns, rows));
        paint(&mut next);
        let whole = whole || self.drawn.area != next.area;
        if !whole && self.drawn == next {
            return Ok(());
        }
        queue!(self.backend, BeginSynchronizedUpdate)?;
        if whole {
            queue!(self.backend, style::ResetColor, Clear(ClearType::All))?;
            self.drawn = Buffer::empty(next.area);
        }
        self.backend.draw(self.drawn.diff(&next).into_iter())?;
        queue!(self.backend, EndSynchronizedUpdate)?;
        Backend::flush(&mut self.backend)?;
        self.drawn = next;
        Ok(())
    }

    /// What is on the screen.
    pub(super) fn picture(&self) -> &Buffer {
        &self.drawn
    }

    /// Gives the terminal back, stops the process as Ctrl-Z does, and takes the terminal again when it continues.
    pub(super) fn suspend(&mut self) -> Result<()> {
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

    /// Waits for a key, at most `long`.
    ///
    /// # Errors
    /// The terminal has gone away.
    pub(super) fn wait(&self, long: Duration) -> Result<()> {
        let input = stdin();
        let fd = self.tty.as_ref().map_or(input.as_fd(), |tty| tty.as_fd());
        let mut waited = [PollFd::from_borrowed_fd(fd, PollFlags::IN)];
        let limit = Timespec::try_from(long).ok();
        match poll(&mut waited, limit.as_ref()) {
            Err(Errno::INTR) => return Ok(()),
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
        Ok(())
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
    let mut out = BufWriter::new(stdout());
    for y in 0..picture.area.height {
        let mut last = None;
        for x in 0..picture.area.width {
            let cell = &picture[(x, y)];
            let look = (cell.fg, cell.bg, cell.modifier);
            if last.replace(look) != Some(look) {
                queue!(out, style::SetAttribute(style::Attribute::Reset))?;
                for (there, attribute) in [
                    (ratatui::style::Modifier::BOLD, style::Attribute::Bold),
                    (ratatui::style::Modifier::REVERSED, style::Attribute::Reverse),
                    (ratatui::style::Modifier::UNDERLINED, style::Attribute::Underlined),
                ] {
                    if cell.modifier.contains(there) {
                        queue!(out, style::SetAttribute(attribute))?;
                    }
                }
                let colours = style::Colors::new(foreign(cell.fg), foreign(cell.bg));
                queue!(out, style::SetColors(colours))?;
            }
            queue!(out, style::Print(cell.symbol()))?;
        }
        queue!(out, style::SetAttribute(style::Attribute::Reset), style::Print("\n"))?;
    }
    out.flush()
}

fn foreign(color: ratatui::style::Color) -> style::Color {
    use ratatui::backend::IntoCrossterm;
    color.into_crossterm()
}
