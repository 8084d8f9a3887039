//! Every colour and glyph of the screen. A widget asks for a role, the theme answers for this terminal.
//! It refuses to look at the terminal: what is known about it is handed in.

pub mod detect;
pub mod glyph;
pub mod heat;
mod quantise;

pub use heat::Palette;
use ratatui::style::{Color, Modifier, Style};

/// How many colours the terminal has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// 24 bit.
    #[default]
    True,
    /// The 256-colour cube.
    Indexed,
    /// The 16 named colours.
    Sixteen,
    /// No colour: bold and reverse video only.
    None,
}

/// The terminal's background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ground {
    /// Light text on a dark background.
    #[default]
    Dark,
    /// Dark text on a light background.
    Light,
}

/// Which glyphs may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Charset {
    /// Blocks, box drawing, braille; all one cell wide.
    #[default]
    Unicode,
    /// Bytes below 128 only.
    Ascii,
}

/// What a foreground colour says. The default foreground needs no role.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Labels and explanations.
    Dim,
    /// Frames, grid lines: never text.
    Faint,
    /// Good answers per second, in text.
    Rate,
    /// The strip of good answers.
    RateFill,
    /// Percentiles.
    Latency,
    /// Bars behind figures.
    RateShade,
    /// The strip of workers.
    WorkersFill,
    /// The queue, in text.
    Queue,
    /// The queue's strip.
    QueueFill,
    /// What the user asked for.
    Target,
    /// Errors and what is invalid, in text.
    Alarm,
    /// The strip's share of errors.
    AlarmFill,
    /// The present mode.
    Mode,
}

/// A word on a coloured ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chip {
    /// The program's name.
    Brand,
    /// Sending.
    Run,
    /// Any other state.
    Quiet,
    /// The verdict; event letters.
    Plain,
    /// Errors, an invalid run.
    Alarm,
}

/// A tinted row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Band {
    /// First row and footer.
    Edge,
    /// The verdict, the knee's row, what is selected.
    Raised,
}

/// The terminal as far as drawing depends on it. Copied freely.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    /// Colours there are.
    pub depth: Depth,
    /// Dark or light.
    pub ground: Ground,
    /// Glyphs there are.
    pub charset: Charset,
    /// Colour map of the spectrogram.
    pub palette: Palette,
}

/// Dark rgb, light rgb, dark and light among the 16.
type Shades = (u32, u32, Color, Color);

impl Theme {
    /// The theme for a background, in full colour, with its own default map.
    pub fn on(ground: Ground) -> Self {
        Self {
            ground,
            palette: Palette::default_on(ground),
            ..Self::default()
        }
    }

    /// Only bytes below 128 may be drawn.
    pub fn ascii(&self) -> bool {
        self.charset == Charset::Ascii
    }

    /// The map is drawn with letters instead of colours.
    pub fn lettered(&self) -> bool {
        self.ascii() || self.depth == Depth::None
    }

    /// Text that stands out.
    pub fn strong(&self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Text in a role's colour.
    pub fn ink(&self, ink: Ink) -> Style {
        let color = self.pick(shades(ink));
        if color == Color::Reset {
            Style::new()
        } else {
            Style::new().fg(color)
        }
    }

    /// A chip, bold.
    pub fn chip(&self, chip: Chip) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        if self.depth == Depth::None {
            return match chip {
                Chip::Run | Chip::Quiet => style,
                _ => style.add_modifier(Modifier::REVERSED),
            };
        }
        let (fg, bg) = chip_shades(chip);
        style.fg(self.pick(fg)).bg(self.pick(bg))
    }

    /// A chip's word with its padding: brackets where there is no colour to tell a quiet chip.
    pub fn chip_text(&self, chip: Chip, word: &str) -> String {
        if self.depth == Depth::None && matches!(chip, Chip::Run | Chip::Quiet) {
            format!("[{word}]")
        } else {
            format!(" {word} ")
        }
    }

    /// A tinted row; with 16 colours or none the terminal's own ground.
    pub fn band(&self, band: Band) -> Style {
        if matches!(self.depth, Depth::None | Depth::Sixteen) {
            return Style::new();
        }
        let (dark, light) = match band {
            Band::Edge => (0x161b22, 0xf0f3f6),
            Band::Raised => (0x222a36, 0xe2e8f1),
        };
        let text = (0xe6edf3, 0x1f2328, Color::Reset, Color::Reset);
        Style::new()
            .fg(self.pick(text))
            .bg(self.pick((dark, light, Color::Reset, Color::Reset)))
    }

    /// A selected row: its band, and reverse video where there are no bands.
    pub fn selected(&self) -> Style {
        match self.depth {
            Depth::None | Depth::Sixteen => Style::new().add_modifier(Modifier::REVERSED),
            _ => self.band(Band::Raised).add_modifier(Modifier::BOLD),
        }
    }

    /// The colour of a value in [0, 1] on the spectrogram.
    pub fn heat(&self, value: f64) -> Color {
        match self.depth {
            Depth::None => Color::Reset,
            Depth::Sixteen => heat::named(value, self.ground),
            Depth::True | Depth::Indexed => self.exact(self.palette.rgb(value, self.ground)),
        }
    }

    /// A line over a cell of this value: light on dark cells, dark on bright ones; the label's colour on the bare ground.
    pub fn line_over(&self, value: Option<f64>) -> Style {
        let style = Style::new().add_modifier(Modifier::BOLD);
        let Some(value) = value.filter(|_| self.depth != Depth::None) else {
            return self.ink(Ink::Latency).add_modifier(Modifier::BOLD);
        };
        let bright = quantise::luminance(self.palette.rgb(value, self.ground)) > 0.22;
        style.fg(match (bright, self.ground) {
            (true, _) => self.pick((0x0d1117, 0x0d1117, Color::Black, Color::Black)),
            (false, Ground::Dark) => self.pick((0x6fdcf5, 0x6fdcf5, Color::LightCyan, Color::LightCyan)),
            (false, Ground::Light) => self.pick((0xffffff, 0xffffff, Color::White, Color::White)),
        })
    }

    /// The terminal's own colours, for pictures outside a terminal: background and text.
    pub fn paper(&self) -> (Color, Color) {
        match self.ground {
            Ground::Dark => (Color::Rgb(0x0d, 0x11, 0x17), Color::Rgb(0xe6, 0xed, 0xf3)),
            Ground::Light => (Color::Rgb(0xff, 0xff, 0xff), Color::Rgb(0x1f, 0x23, 0x28)),
        }
    }

    fn pick(&self, (dark, light, dark16, light16): Shades) -> Color {
        let light_ground = self.ground == Ground::Light;
        match self.depth {
            Depth::None => Color::Reset,
            Depth::Sixteen => [dark16, light16][usize::from(light_ground)],
            Depth::True | Depth::Indexed => self.exact(quantise::split([dark, light][usize::from(light_ground)])),
        }
    }

    fn exact(&self, (r, g, b): (u8, u8, u8)) -> Color {
        if self.depth == Depth::Indexed {
            Color::Indexed(quantise::cube(r, g, b))
        } else {
            Color::Rgb(r, g, b)
        }
    }
}

fn shades(ink: Ink) -> Shades {
    use Color::*;
    match ink {
        Ink::Dim => (0x8b949e, 0x57606a, Gray, DarkGray),
        Ink::Faint => (0x484f58, 0xb6bec8, DarkGray, Gray),
        Ink::Rate => (0x58b1e8, 0x0064a0, LightCyan, Blue),
        Ink::RateFill => (0x448ab5, 0x3f8fc4, Cyan, Blue),
        Ink::RateShade => (0x2b5068, 0xa5cbe6, Blue, Cyan),
        Ink::Latency => (0x6fdcf5, 0x0b4a5e, LightCyan, Blue),
        Ink::WorkersFill => (0x868b94, 0x868b94, Gray, DarkGray),
        Ink::Queue => (0xb392f0, 0x7438bd, LightMagenta, Magenta),
        Ink::QueueFill => (0x8768c0, 0x9b74d0, Magenta, Magenta),
        Ink::Target => (0x4fc58a, 0x08703f, LightGreen, Green),
        Ink::Alarm => (0xff7b72, 0xbc1f28, LightRed, Red),
        Ink::AlarmFill => (0xd9534f, 0xd0473f, Red, Red),
        Ink::Mode => (0xf2b84b, 0x855600, LightYellow, Yellow),
    }
}

fn chip_shades(chip: Chip) -> (Shades, Shades) {
    use Color::*;
    let paper = (0x0d1117, 0xffffff, Black, White);
    match chip {
        Chip::Brand => (paper, (0xf2b84b, 0x855600, LightYellow, Yellow)).black16(),
        Chip::Run => (paper, (0x44c78e, 0x0b7a55, LightGreen, Green)).black16(),
        Chip::Quiet => (paper, (0xa8b2bf, 0x57606a, Gray, DarkGray)),
        Chip::Plain => (paper, (0xffffff, 0x0d1117, White, Black)),
        Chip::Alarm => (paper, (0xff7b72, 0xbc1f28, LightRed, Red)),
    }
}

trait BlackOnSixteen {
    fn black16(self) -> Self;
}

impl BlackOnSixteen for (Shades, Shades) {
    /// Bold text on a bright named colour is only readable in forced black.
    fn black16(self) -> Self {
        let ((dark, light, ..), bg) = self;
        ((dark, light, Color::Black, Color::Black), bg)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INKS: [Ink; 8] = [
        Ink::Dim,
        Ink::Rate,
        Ink::Latency,
        Ink::Queue,
        Ink::Target,
        Ink::Alarm,
        Ink::Mode,
        Ink::Dim,
    ];

    fn rgb(color: Option<Color>) -> (u8, u8, u8) {
        match color {
            Some(Color::Rgb(r, g, b)) => (r, g, b),
            other => panic!("{other:?}"),
        }
    }

    fn contrast(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
        let (a, b) = (quantise::luminance(a) + 0.05, quantise::luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn every_text_colour_keeps_four_and_a_half_to_one_on_every_ground() {
        for ground in [Ground::Dark, Ground::Light] {
            let theme = Theme::on(ground);
            let grounds = [
                rgb(Some(theme.paper().0)),
                rgb(theme.band(Band::Edge).bg),
                rgb(theme.band(Band::Raised).bg),
            ];
            for (ink, on) in INKS.iter().flat_map(|i| grounds.map(|g| (*i, g))) {
                let ratio = contrast(rgb(theme.ink(ink).fg), on);
                assert!(ratio >= 4.5, "{ground:?} {ink:?} {ratio:.2}");
            }
        }
    }

    #[test]
    fn every_chip_keeps_four_and_a_half_to_one() {
        for ground in [Ground::Dark, Ground::Light] {
            for chip in [Chip::Brand, Chip::Run, Chip::Quiet, Chip::Plain, Chip::Alarm] {
                let style = Theme::on(ground).chip(chip);
                let ratio = contrast(rgb(style.fg), rgb(style.bg));
                assert!(ratio >= 4.5, "{ground:?} {chip:?} {ratio:.2}");
            }
        }
    }

    #[test]
    fn without_colour_no_role_sets_one() {
        let theme = Theme {
            depth: Depth::None,
            ..Theme::default()
        };
        for ink in INKS {
            assert_eq!(theme.ink(ink).fg, None);
        }
        assert_eq!(theme.band(Band::Raised), Style::new());
        assert_eq!(theme.heat(0.7), Color::Reset);
    }
}
