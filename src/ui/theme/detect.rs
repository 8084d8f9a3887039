//! What the surroundings say about the terminal: depth, glyphs, background. Strings in, choices out.
//! It refuses to read the environment or the terminal.

use super::{Charset, Depth, Ground, Theme};

/// The variables that matter, as they were found.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    /// `TERM`.
    pub term: Option<String>,
    /// `COLORTERM`.
    pub colorterm: Option<String>,
    /// `NO_COLOR`; empty counts as unset.
    pub no_color: Option<String>,
    /// `CLICOLOR_FORCE`; empty and `0` count as unset.
    pub clicolor_force: Option<String>,
    /// `COLORFGBG`, such as `15;0`.
    pub colorfgbg: Option<String>,
    /// The first of `LC_ALL`, `LC_CTYPE`, `LANG` that is not empty.
    pub locale: Option<String>,
    /// The session comes over SSH.
    pub remote: bool,
}

impl Surroundings {
    /// Looks up what matters, such as with `|name| std::env::var(name).ok()`.
    pub fn of(get: impl Fn(&str) -> Option<String>) -> Self {
        let filled = |name: &str| get(name).filter(|v| !v.is_empty());
        Self {
            term: filled("TERM"),
            colorterm: filled("COLORTERM"),
            no_color: filled("NO_COLOR"),
            clicolor_force: filled("CLICOLOR_FORCE").filter(|v| v != "0"),
            colorfgbg: filled("COLORFGBG"),
            locale: ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|n| filled(n)),
            remote: ["SSH_CONNECTION", "SSH_TTY"].iter().any(|n| filled(n).is_some()),
        }
    }

    /// The screen cannot be drawn: `TERM` is missing or `dumb`.
    pub fn dumb(&self) -> bool {
        self.term.as_deref().is_none_or(|t| t == "dumb")
    }

    /// How many colours may be used.
    pub fn depth(&self) -> Depth {
        if self.no_color.is_some() && self.clicolor_force.is_none() {
            return Depth::None;
        }
        let term = self.term.as_deref().unwrap_or("");
        if matches!(self.colorterm.as_deref(), Some("truecolor" | "24bit")) || term.ends_with("-direct") {
            return Depth::True;
        }
        let known = ["kitty", "alacritty", "foot", "wezterm", "ghostty"];
        if known.iter().any(|k| term.contains(k)) {
            return Depth::True;
        }
        match term {
            "linux" | "ansi" | "xterm-16color" | "cons25" => Depth::Sixteen,
            "" | "dumb" | "vt100" | "vt220" => Depth::None,
            t if t.contains("256") => Depth::Indexed,
            _ => Depth::Sixteen,
        }
    }

    /// Which glyphs may be used: ASCII when the locale is named and is not UTF-8, and on the Linux console, whose font has no eighths.
    pub fn charset(&self) -> Charset {
        if self.term.as_deref() == Some("linux") {
            return Charset::Ascii;
        }
        let locale = self.locale.as_deref().unwrap_or("C.UTF-8").to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") {
            Charset::Unicode
        } else {
            Charset::Ascii
        }
    }

    /// The background by `COLORFGBG`: its last field 7 or 9…15 is light; dark otherwise.
    pub fn ground(&self) -> Ground {
        match self.paper() {
            Some(7 | 9..=15) => Ground::Light,
            _ => Ground::Dark,
        }
    }

    /// The background's number in `COLORFGBG`; some terminals say `default`.
    fn paper(&self) -> Option<u8> {
        self.colorfgbg.as_deref()?.rsplit(';').next()?.parse().ok()
    }

    /// The terminal may be asked for its background: nothing else says it, the answer is not long on its way, and it is not
    /// the Linux console, which has none.
    pub fn asks(&self) -> bool {
        !self.dumb() && self.term.as_deref() != Some("linux") && !self.remote && self.paper().is_none()
    }

    /// The theme; `asked` is the background the terminal itself reported.
    pub fn theme(&self, asked: Option<Ground>) -> Theme {
        Theme {
            depth: self.depth(),
            charset: self.charset(),
            ..Theme::on(asked.unwrap_or_else(|| self.ground()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(pairs: &[(&str, &str)]) -> Surroundings {
        Surroundings::of(|name| pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).into()))
    }

    #[test]
    fn depth_follows_colorterm_then_term() {
        for (pairs, depth) in [
            (&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")][..], Depth::True),
            (&[("TERM", "xterm-256color")][..], Depth::Indexed),
            (&[("TERM", "xterm-kitty")][..], Depth::True),
            (&[("TERM", "linux")][..], Depth::Sixteen),
            (&[][..], Depth::None),
        ] {
            assert_eq!(with(pairs).depth(), depth, "{pairs:?}");
        }
    }

    #[test]
    fn no_color_wins_unless_empty_or_forced() {
        let base = ("TERM", "xterm-256color");
        assert_eq!(with(&[base, ("NO_COLOR", "1")]).depth(), Depth::None);
        assert_eq!(with(&[base, ("NO_COLOR", "")]).depth(), Depth::Indexed);
        assert_eq!(
            with(&[base, ("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")]).depth(),
            Depth::Indexed
        );
    }

    #[test]
    fn a_locale_without_utf_8_means_ascii() {
        assert_eq!(with(&[("LC_ALL", "C")]).charset(), Charset::Ascii);
        assert_eq!(with(&[("LC_ALL", ""), ("LANG", "de_DE.UTF-8")]).charset(), Charset::Unicode);
        assert_eq!(with(&[]).charset(), Charset::Unicode);
    }

    #[test]
    fn a_terminal_is_asked_only_where_it_answers_soon_and_nothing_else_says_it() {
        let term = ("TERM", "xterm-256color");
        assert!(with(&[term]).asks());
        assert!(with(&[term, ("COLORFGBG", "15;default")]).asks());
        for pairs in [
            &[][..],
            &[("TERM", "linux")],
            &[term, ("SSH_CONNECTION", "10.0.0.1 5 10.0.0.2 22")],
            &[term, ("SSH_TTY", "/dev/pts/3")],
            &[term, ("COLORFGBG", "15;0")],
        ] {
            assert!(!with(pairs).asks(), "{pairs:?}");
        }
    }

    #[test]
    fn the_background_is_asked_first_then_guessed_then_dark() {
        let light = with(&[("COLORFGBG", "0;15")]);
        assert_eq!(light.ground(), Ground::Light);
        assert_eq!(light.theme(Some(Ground::Dark)).ground, Ground::Dark);
        assert_eq!(with(&[]).ground(), Ground::Dark);
    }
}
