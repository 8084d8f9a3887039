//! Colour maps of the spectrogram and the one function from a share of requests to a value.
//! The range is fixed: a colour means the same all run and between runs.

use super::Ground;
use ratatui::style::Color;

/// The share that is drawn in the first colour: 0.03 %.
pub const RARE: f64 = 0.0003;
/// The share that is drawn in the last colour: 30 %.
pub const FULL: f64 = 0.30;
/// Shares at which the letters of [`RAMP`] change.
pub const STEPS: [f64; 3] = [0.003, 0.015, 0.03];
/// Colours a map has. Neighbours cannot be told apart by eye; most cells keep theirs from picture to picture, and runs of
/// equal cells need no new colour on their way to the terminal.
pub const COLOURS: u8 = 32;
/// Letters for a share where there are no colours, rare first.
pub const RAMP: [char; 4] = ['.', 'o', 'O', '@'];

/// Value in [0, 1] of a share > 0 of a column's requests per 1/20 decade of latency.
pub fn value(share: f64) -> f64 {
    ((share / RARE).ln() / (FULL / RARE).ln()).clamp(0.0, 1.0)
}

/// The share whose value this is.
pub fn share(value: f64) -> f64 {
    RARE * (FULL / RARE).powf(value)
}

/// The letter of a value.
pub fn letter(at: f64) -> char {
    let i = STEPS.iter().filter(|s| at >= value(**s) - 1e-9).count();
    RAMP[i]
}

/// A perceptually uniform map; turbo is not, and is there by request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Palette {
    /// Black, red, yellow.
    #[default]
    Inferno,
    /// Black, purple, peach.
    Magma,
    /// Blue, green, yellow.
    Viridis,
    /// Blue to yellow; made for colour-blind readers.
    Cividis,
    /// Rainbow.
    Turbo,
}

impl Palette {
    /// In the order of the key.
    pub const ALL: [Self; 5] = [Self::Inferno, Self::Magma, Self::Viridis, Self::Cividis, Self::Turbo];

    /// As printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Inferno => "inferno",
            Self::Magma => "magma",
            Self::Viridis => "viridis",
            Self::Cividis => "cividis",
            Self::Turbo => "turbo",
        }
    }

    /// The following one, round and round.
    pub fn next(self) -> Self {
        let i = Self::ALL.iter().position(|p| *p == self).unwrap_or(0);
        Self::ALL[(i + 1) % Self::ALL.len()]
    }

    /// The map that reads best on a background.
    pub fn default_on(ground: Ground) -> Self {
        match ground {
            Ground::Dark => Self::Inferno,
            Ground::Light => Self::Magma,
        }
    }

    /// The colour of a value in [0, 1], one of [`COLOURS`]. On a light ground the map is reversed and clipped, so that rare cells stay visible.
    pub fn rgb(self, value: f64, ground: Ground) -> (u8, u8, u8) {
        let v = step(value);
        let t = match ground {
            Ground::Dark => 0.08 + 0.92 * v,
            Ground::Light => 0.90 * (1.0 - v) + 0.04,
        };
        let map = match self {
            Self::Inferno => colorous::INFERNO,
            Self::Magma => colorous::MAGMA,
            Self::Viridis => colorous::VIRIDIS,
            Self::Cividis => colorous::CIVIDIS,
            Self::Turbo => colorous::TURBO,
        };
        map.eval_continuous(t).as_tuple()
    }
}

/// The nearest value that has a colour of its own.
fn step(value: f64) -> f64 {
    let last = f64::from(COLOURS - 1);
    let v = if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
    (v * last).round() / last
}

/// The colour of a value among the 16 named ones.
pub(super) fn named(value: f64, ground: Ground) -> Color {
    use Color::*;
    let v = if value.is_finite() { value.clamp(0.0, 1.0) } else { 0.0 };
    let ramp = match ground {
        Ground::Dark => [DarkGray, Blue, Magenta, Red, LightRed, LightYellow, White],
        Ground::Light => [Gray, LightMagenta, LightRed, Red, Magenta, Blue, Black],
    };
    ramp[((v * ramp.len() as f64) as usize).min(ramp.len() - 1)]
}

#[cfg(test)]
mod tests {
    use super::super::quantise::luminance;
    use super::*;

    #[test]
    fn the_range_is_fixed_and_the_inverse_agrees() {
        assert_eq!(value(RARE), 0.0);
        assert_eq!(value(FULL), 1.0);
        assert_eq!((value(1e-9), value(1.0)), (0.0, 1.0));
        assert!((value(share(0.37)) - 0.37).abs() < 1e-12);
    }

    #[test]
    fn letters_change_at_the_shares_the_legend_prints() {
        assert_eq!(
            [0.0004, 0.0031, 0.0151, 0.0301].map(|p| letter(value(p))),
            ['.', 'o', 'O', '@']
        );
    }

    #[test]
    fn a_map_has_few_colours_and_keeps_its_ends() {
        for map in Palette::ALL {
            let all = (0..=10_000).map(|i| map.rgb(f64::from(i) / 1e4, Ground::Dark));
            let different: std::collections::BTreeSet<_> = all.collect();
            assert_eq!(different.len(), usize::from(COLOURS), "{map:?}");
        }
        assert_eq!((step(f64::NAN), step(-1.0), step(0.001), step(0.999)), (0.0, 0.0, 0.0, 1.0));
    }

    #[test]
    fn more_requests_stand_out_more_in_both_themes() {
        for (ground, sign) in [(Ground::Dark, 1.0), (Ground::Light, -1.0)] {
            let map = Palette::default_on(ground);
            let salience: Vec<f64> = (0..=20)
                .map(|i| sign * luminance(map.rgb(f64::from(i) / 20.0, ground)))
                .collect();
            assert!(salience.windows(2).all(|w| w[1] > w[0]), "{ground:?} {salience:?}");
        }
    }
}
