//! How the screen looks: flags over environment over what the terminal says of itself.

use super::Stop;
use crate::cli::{self, RunArgs, When};
use crate::ui::theme::detect::Surroundings;
use crate::ui::theme::glyph;
use crate::ui::theme::{Charset, Depth, Ground, Palette, Theme};

/// What was asked and what was found.
pub(super) struct Look {
    pub(super) surroundings: Surroundings,
    color: When,
    ground: Option<Ground>,
    charset: Option<Charset>,
    palette: Option<Palette>,
    /// Most pictures a second: as asked, else ten, over SSH four.
    pub(super) fps: u32,
}

impl Look {
    pub(super) fn of(args: &RunArgs) -> Result<Self, Stop> {
        let palette = args.palette.as_deref().map(|name| {
            Palette::ALL.into_iter().find(|p| p.name() == name).ok_or_else(|| {
                let names: Vec<_> = Palette::ALL.iter().map(|p| p.name()).collect();
                Stop::usage(format!("{name:?} is not a colour map (there are: {})", names.join(", ")))
            })
        });
        let surroundings = Surroundings::of(|name| std::env::var(name).ok());
        let fps = args.fps.unwrap_or(if surroundings.remote { 4 } else { 10 });
        if !(1..=40).contains(&fps) {
            return Err(Stop::usage(format!("--fps {fps} is out of range (it goes from 1 to 40)")));
        }
        Ok(Self {
            surroundings,
            fps,
            color: args.color,
            ground: match args.theme {
                cli::Theme::Auto => None,
                cli::Theme::Dark => Some(Ground::Dark),
                cli::Theme::Light => Some(Ground::Light),
            },
            charset: match args.charset {
                cli::Charset::Auto => None,
                cli::Charset::Unicode => Some(Charset::Unicode),
                cli::Charset::Ascii => Some(Charset::Ascii),
            },
            palette: palette.transpose()?,
        })
    }

    /// Text in characters that the locale has.
    pub(super) fn spell(&self, text: Vec<u8>) -> Vec<u8> {
        if self.charset.unwrap_or(self.surroundings.charset()) != Charset::Ascii {
            return text;
        }
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<_> = text.split('\n').map(|line| glyph::drawable(line, true)).collect();
        lines.join("\n").into_bytes()
    }

    /// For a picture in a file: as asked, and never a question to the terminal.
    pub(super) fn still(&self) -> Theme {
        self.theme(None)
    }

    /// The terminal is asked for its background: nothing else says it.
    pub(super) fn asks(&self) -> bool {
        self.ground.is_none() && self.surroundings.asks()
    }

    /// On the background that was asked for by flag, or that the terminal `said` it has.
    pub(super) fn theme(&self, said: Option<Ground>) -> Theme {
        let mut theme = self.surroundings.theme(self.ground.or(said));
        match self.color {
            When::Auto => {}
            When::Always => theme.depth = Depth::True,
            When::Never => theme.depth = Depth::None,
        }
        theme.charset = self.charset.unwrap_or(theme.charset);
        theme.palette = self.palette.unwrap_or(theme.palette);
        theme
    }
}
