//! The keys: one table. Look-up, help panel, footer and the README's table are all made from it.
//! It refuses to act; a key is a message.

use super::action::{Go, Message, Step};
use super::state::{Model, Pane, Screen};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use tui_input::InputRequest;

/// One key with the modifiers that matter: Ctrl and Alt. Shift is in the character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key(KeyCode, KeyModifiers);

impl Key {
    const fn ch(c: char) -> Self {
        Self(KeyCode::Char(c), KeyModifiers::NONE)
    }

    const fn ctrl(c: char) -> Self {
        Self(KeyCode::Char(c), KeyModifiers::CONTROL)
    }

    const fn code(code: KeyCode) -> Self {
        Self(code, KeyModifiers::NONE)
    }

    /// Whether a key event is this key.
    pub fn is(self, event: &KeyEvent) -> bool {
        let mods = event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT);
        event.code == self.0 && mods == self.1
    }

    /// As printed: `q`, `ctrl-c`, `space`, `PgUp`, `↑`.
    pub fn name(self) -> String {
        let plain = match self.0 {
            KeyCode::Char(' ') => "space".into(),
            KeyCode::Char(c) => c.to_string(),
            KeyCode::Up => "↑".into(),
            KeyCode::Down => "↓".into(),
            KeyCode::Left => "←".into(),
            KeyCode::Right => "→".into(),
            KeyCode::PageUp => "PgUp".into(),
            KeyCode::PageDown => "PgDn".into(),
            KeyCode::BackTab => "shift-Tab".into(),
            KeyCode::F(n) => format!("F{n}"),
            other => format!("{other:?}"),
        };
        if self.1 == KeyModifiers::CONTROL {
            format!("ctrl-{plain}")
        } else {
            plain
        }
    }
}

/// Where a binding counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// Everywhere.
    Always,
    /// With nothing over the panes.
    Plain,
    /// In the help.
    Help,
    /// In a list.
    List,
    /// While a line is typed.
    Typing,
}

/// Headings of the help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// The run itself.
    Run,
    /// What the law is told.
    Control,
    /// What is seen.
    View,
    /// Help, lists, the prompt.
    Lists,
}

impl Group {
    /// In the order of the help.
    pub const ALL: [Self; 4] = [Self::Run, Self::Control, Self::View, Self::Lists];

    /// As printed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Run => "RUN",
            Self::Control => "CONTROL",
            Self::View => "VIEW",
            Self::Lists => "LISTS AND LINES",
        }
    }
}

/// One row of the table.
#[derive(Debug)]
pub struct Binding {
    /// Keys and what each of them means.
    pub keys: &'static [(Key, Message)],
    /// How the keys are printed together.
    pub label: &'static str,
    /// Where they count.
    pub context: Context,
    /// Under which heading.
    pub group: Group,
    /// What they do.
    pub text: &'static str,
}

macro_rules! row {
    ($group:ident, $context:ident, $label:literal, $text:literal, $($key:expr => $message:expr),+ $(,)?) => {
        Binding {
            keys: &[$(($key, $message)),+],
            label: $label,
            context: Context::$context,
            group: Group::$group,
            text: $text,
        }
    };
}

const UP: Key = Key::code(KeyCode::Up);
const DOWN: Key = Key::code(KeyCode::Down);
const LEFT: Key = Key::code(KeyCode::Left);
const RIGHT: Key = Key::code(KeyCode::Right);
const PAGE_UP: Key = Key::code(KeyCode::PageUp);
const PAGE_DOWN: Key = Key::code(KeyCode::PageDown);
const ENTER: Key = Key::code(KeyCode::Enter);
const ESC: Key = Key::code(KeyCode::Esc);

/// Every key there is.
pub static TABLE: &[Binding] = &[
    row!(Run, Plain, "space", "pause or resume sending", Key::ch(' ') => Message::Pause),
    row!(Run, Plain, "Enter", "yes, start; else zoom the pane", ENTER => Message::Enter),
    row!(Run, Plain, "q", "drain and end; again: at once", Key::ch('q') => Message::Quit),
    row!(Run, Plain, "Q", "the same, leaving the last frame behind", Key::ch('Q') => Message::QuitAndLeave),
    row!(Run, Always, "ctrl-c", "as q; again: at once", Key::ctrl('c') => Message::Interrupt),
    row!(Run, Always, "ctrl-z", "pause and suspend; fg comes back", Key::ctrl('z') => Message::Suspend),
    row!(Run, Plain, "s", "snapshot: save this screen", Key::ch('s') => Message::Snapshot),
    row!(Run, Plain, "b", "bookmark this moment", Key::ch('b') => Message::Bookmark),
    row!(Control, Plain, "m", "modes", Key::ch('m') => Message::Modes),
    row!(Control, Plain, "g", "knobs of the present mode", Key::ch('g') => Message::Knobs),
    row!(Control, Plain, "↑ ↓", "thrift, target, limit, rate or workers",
        UP => Message::Main(Step::Up), DOWN => Message::Main(Step::Down)),
    row!(Control, Plain, "PgUp PgDn", "the same, a big step",
        PAGE_UP => Message::Main(Step::BigUp), PAGE_DOWN => Message::Main(Step::BigDown)),
    row!(Control, Plain, "+ -", "workers by hand, 1 or 2 %",
        Key::ch('+') => Message::Workers(Step::Up), Key::ch('=') => Message::Workers(Step::Up),
        Key::ch('-') => Message::Workers(Step::Down), Key::ch('_') => Message::Workers(Step::Down)),
    row!(Control, Plain, "< >", "workers by hand, 10 %",
        Key::ch('<') => Message::Workers(Step::BigDown), Key::ch('>') => Message::Workers(Step::BigUp)),
    row!(Control, Plain, "a", "give control back to the law", Key::ch('a') => Message::Auto),
    row!(Control, Plain, "v", "verify: 3/4 of the knee as open traffic", Key::ch('v') => Message::Verify),
    row!(Control, Plain, "o", "full queue: drop, reject or block", Key::ch('o') => Message::Overflow),
    row!(Control, Plain, "[ ] { }", "target or limit, 5 % or half",
        Key::ch('[') => Message::Target(Step::Down), Key::ch(']') => Message::Target(Step::Up),
        Key::ch('{') => Message::Target(Step::BigDown), Key::ch('}') => Message::Target(Step::BigUp)),
    row!(Control, Plain, "u", "undo the last change", Key::ch('u') => Message::Undo),
    row!(Control, Plain, "ctrl-r", "redo it", Key::ctrl('r') => Message::Redo),
    row!(Control, Plain, ":", "command, such as sp p99=25ms", Key::ch(':') => Message::Prompt),
    row!(View, Plain, "Tab", "next pane; shift-Tab the one before",
        Key::code(KeyCode::Tab) => Message::FocusNext, Key::code(KeyCode::BackTab) => Message::FocusBack),
    row!(View, Plain, "1 … 9 0", "focus: 8 books, 9 errors, 0 percentiles",
        Key::ch('1') => Message::Focus(Pane::Latency), Key::ch('2') => Message::Focus(Pane::Throughput),
        Key::ch('3') => Message::Focus(Pane::Workers), Key::ch('4') => Message::Focus(Pane::Queue),
        Key::ch('5') => Message::Focus(Pane::Law), Key::ch('6') => Message::Focus(Pane::Curve),
        Key::ch('7') => Message::Focus(Pane::Events), Key::ch('8') => Message::Focus(Pane::Books),
        Key::ch('9') => Message::Focus(Pane::Errors), Key::ch('0') => Message::Focus(Pane::Percentiles)),
    row!(View, Plain, "z", "zoom the pane; Esc goes back", Key::ch('z') => Message::Zoom, ESC => Message::Escape),
    row!(View, Plain, "e", "errors", Key::ch('e') => Message::Errors),
    row!(View, Plain, "w W", "narrow or widen the window",
        Key::ch('w') => Message::Narrow, Key::ch('W') => Message::Widen),
    row!(View, Plain, "l", "response, service, wait, connect, lag", Key::ch('l') => Message::Series),
    row!(View, Plain, "L", "response over service", Key::ch('L') => Message::Split),
    row!(View, Plain, "f", "freeze the view; traffic goes on", Key::ch('f') => Message::Freeze),
    row!(View, Plain, "n", "colour: share, count, rank", Key::ch('n') => Message::Scale),
    row!(View, Plain, "c", "colour map", Key::ch('c') => Message::Palette),
    row!(View, Plain, "t", "dark or light", Key::ch('t') => Message::Ground),
    row!(View, Always, "ctrl-l", "draw everything anew", Key::ctrl('l') => Message::Repaint),
    row!(View, Plain, "?", "help; F1 too", Key::ch('?') => Message::Help, Key::code(KeyCode::F(1)) => Message::Help),
    row!(Lists, List, "↑ ↓", "choose",
        UP => Message::Go(Go::Up), DOWN => Message::Go(Go::Down),
        Key::ch('k') => Message::Go(Go::Up), Key::ch('j') => Message::Go(Go::Down)),
    row!(Lists, List, "← →", "change a knob",
        LEFT => Message::Go(Go::Left), RIGHT => Message::Go(Go::Right),
        Key::ch('h') => Message::Go(Go::Left), Key::ch('l') => Message::Go(Go::Right)),
    row!(Lists, List, "Enter", "apply a mode", ENTER => Message::Enter),
    row!(Lists, List, "Esc", "close; q, m and g too",
        ESC => Message::Escape, Key::ch('q') => Message::Escape,
        Key::ch('m') => Message::Escape, Key::ch('g') => Message::Escape),
    row!(Lists, Help, "/", "filter this help", Key::ch('/') => Message::Filter),
    row!(Lists, Help, "↑ ↓ PgUp PgDn", "scroll this help",
        UP => Message::Go(Go::Up), DOWN => Message::Go(Go::Down), Key::ch('k') => Message::Go(Go::Up),
        Key::ch('j') => Message::Go(Go::Down), PAGE_UP => Message::Go(Go::PageUp), PAGE_DOWN => Message::Go(Go::PageDown)),
    row!(Lists, Help, "Esc", "close this help; q and ? too",
        ESC => Message::Help, Key::ch('q') => Message::Help, Key::ch('?') => Message::Help,
        Key::code(KeyCode::F(1)) => Message::Help),
    row!(Lists, Typing, "Enter", "done typing", ENTER => Message::Enter),
    row!(Lists, Typing, "Esc", "leave the line", ESC => Message::Escape),
    row!(Lists, Typing, "↑ ↓", "earlier and later lines",
        UP => Message::Go(Go::Up), DOWN => Message::Go(Go::Down)),
];

/// What a key means now; `None` when it means nothing.
pub fn message(model: &Model, event: &KeyEvent) -> Option<Message> {
    let context = match &model.screen {
        Screen::Plain => Context::Plain,
        Screen::Help { filtering: false, .. } => Context::Help,
        Screen::Help { .. } | Screen::Prompt { .. } => Context::Typing,
        Screen::Modes { .. } | Screen::Knobs { .. } => Context::List,
    };
    let bound = TABLE
        .iter()
        .filter(|b| b.context == context || b.context == Context::Always)
        .flat_map(|b| b.keys)
        .find(|(key, _)| key.is(event))
        .map(|(_, message)| message.clone());
    bound.or_else(|| {
        if context == Context::Typing {
            edit(event).map(Message::Type)
        } else {
            None
        }
    })
}

/// A key as an edit of the line, in the manner of readline.
fn edit(event: &KeyEvent) -> Option<InputRequest> {
    use InputRequest::*;
    let control = event.modifiers.contains(KeyModifiers::CONTROL);
    Some(match (event.code, control) {
        (KeyCode::Backspace, false) => DeletePrevChar,
        (KeyCode::Delete, _) => DeleteNextChar,
        (KeyCode::Left, false) => GoToPrevChar,
        (KeyCode::Right, false) => GoToNextChar,
        (KeyCode::Left, true) => GoToPrevWord,
        (KeyCode::Right, true) => GoToNextWord,
        (KeyCode::Home, _) | (KeyCode::Char('a'), true) => GoToStart,
        (KeyCode::End, _) | (KeyCode::Char('e'), true) => GoToEnd,
        (KeyCode::Char('w'), true) | (KeyCode::Backspace, true) => DeletePrevWord,
        (KeyCode::Char('u'), true) => DeleteLine,
        (KeyCode::Char('k'), true) => DeleteTillEnd,
        (KeyCode::Char(c), false) => InsertChar(c),
        _ => return None,
    })
}

/// The table as Markdown, for the README.
pub fn markdown() -> String {
    let mut out = String::new();
    for group in Group::ALL {
        out += &format!("\n| {} | |\n|---|---|\n", group.name());
        for b in TABLE.iter().filter(|b| b.group == group) {
            let label = b.label.replace('|', "\\|");
            out += &format!("| `{label}` | {} |\n", b.text);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for context in [Context::Plain, Context::Help, Context::List, Context::Typing] {
            let mut seen: Vec<String> = Vec::new();
            let here = TABLE.iter().filter(|b| b.context == context || b.context == Context::Always);
            for (key, _) in here.flat_map(|b| b.keys) {
                assert!(!seen.contains(&key.name()), "{context:?} {}", key.name());
                seen.push(key.name());
            }
        }
    }

    #[test]
    fn every_key_is_named_by_its_row_and_every_row_says_what_it_does() {
        for b in TABLE {
            let first = b.keys[0].0.name();
            let listed = b.label.contains(&first) || b.label.contains('…');
            assert!(listed && !b.text.is_empty(), "{} does not name {first}", b.label);
        }
    }

    #[test]
    fn the_keys_promised_are_there() {
        let promised = "? F1 q Q ctrl-c ctrl-z ctrl-l space f Tab shift-Tab m ↑ ↓ PgUp PgDn + - = _ g b s [ ] { } < > a u ctrl-r \
                        c t n z w W e v o l L : 1 2 3 4 5 6 7 8 9 0 Enter Esc /";
        let all: Vec<String> = TABLE.iter().flat_map(|b| b.keys).map(|(k, _)| k.name()).collect();
        for key in promised.split_whitespace() {
            assert!(all.iter().any(|k| k == key), "{key}");
        }
    }

    #[test]
    fn markdown_has_a_line_for_every_row() {
        assert_eq!(markdown().lines().filter(|l| l.starts_with("| `")).count(), TABLE.len());
    }
}
