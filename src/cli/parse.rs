//! Words to flags, and what is said of words that are none.
//! It refuses to repeat a word as it came: a terminal would obey the control characters in it.

use super::Cli;
use crate::model::format::printable;
use clap::Parser;
use std::ffi::OsString;
use std::process::ExitCode;

/// The flags, or the exit code after help or a fault has been printed.
///
/// # Errors
/// 2 for a fault, 0 for help and version.
pub fn parse(words: impl Iterator<Item = OsString>) -> Result<Cli, ExitCode> {
    let words: Vec<OsString> = words.collect();
    Cli::try_parse_from(&words).map_err(|fault| {
        let said = harmless(fault, &words);
        let code = u8::try_from(said.exit_code()).unwrap_or(2);
        drop(said.print()); // nobody reads it: there is nobody to tell
        ExitCode::from(code)
    })
}

/// The same fault of the same words in characters that are safe to show.
fn harmless(fault: clap::Error, words: &[OsString]) -> clap::Error {
    let shown = |word: &OsString| printable(&word.to_string_lossy()).replace('\n', "\\n");
    let safe: Vec<String> = words.iter().map(shown).collect();
    if words.iter().zip(&safe).all(|(word, safe)| word == safe.as_str()) {
        return fault;
    }
    match Cli::try_parse_from(safe) {
        Err(same) if same.kind() == fault.kind() => same,
        _ => clap::Error::raw(fault.kind(), format!("{}\n", printable(&fault.to_string()))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_word_is_repeated_with_its_teeth() {
        for word in [
            "--fo\u{1b}[31mo",
            "--color=\u{202e}abc",
            "--theme=a\nb\u{9b}2J",
            "--fps=\u{2066}7",
        ] {
            let words = ["clobber-tui", word, "127.0.0.1:1"].map(OsString::from);

            let fault = Cli::try_parse_from(&words).unwrap_err();
            let said = harmless(fault, &words).render().ansi().to_string();

            let bad = |c: char| c.is_control() && !matches!(c, '\n' | '\u{1b}') || ('\u{202a}'..='\u{2069}').contains(&c);
            assert!(!said.contains(bad), "{word:?}: {said:?}");
            assert!(!said.contains("\u{1b}[31mo"), "{said:?}");
        }
    }
}
