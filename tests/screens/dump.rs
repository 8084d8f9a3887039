//! Pictures as text: the characters, one letter a cell for its style, and what the letters mean.

use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

/// A colour in three hex digits: enough to see a change, few enough to read.
fn short(color: Color) -> String {
    match color {
        Color::Rgb(r, g, b) => format!("#{:x}{:x}{:x}", r >> 4, g >> 4, b >> 4),
        other => other.to_string(),
    }
}

/// Text, then one letter a cell for its style, then what the letters mean.
pub(crate) fn dump(buf: &Buffer) -> String {
    let mut names: BTreeMap<String, char> = BTreeMap::new();
    let mut letters = ('a'..='z').chain('A'..='Z').chain('0'..='9').chain('\u{100}'..='\u{fff}');
    let mut styles = String::new();
    for row in buf.content.chunks(usize::from(buf.area.width)) {
        for cell in row {
            let name = format!("{} on {} {:?}", short(cell.fg), short(cell.bg), cell.modifier);
            let plain = cell.style() == Style::reset() || (cell.symbol() == " " && cell.bg == Color::Reset);
            let letter = if plain && cell.modifier == Modifier::empty() {
                ' '
            } else {
                *names.entry(name).or_insert_with(|| letters.next().unwrap_or('?'))
            };
            styles.push(letter);
        }
        styles.truncate(styles.trim_end().len());
        styles.push('\n');
    }
    let mut out = String::new();
    for row in super::text(buf) {
        let _ = writeln!(out, "{}", row.trim_end());
    }
    let _ = writeln!(out, "--\n{styles}--");
    let mut legend: Vec<(char, String)> = names.into_iter().map(|(n, c)| (c, n)).collect();
    legend.sort_unstable();
    for (letter, name) in legend {
        let _ = writeln!(out, "{letter} {name}");
    }
    out
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/screens")
}

/// Compares with the committed picture, or rewrites it.
#[track_caller]
pub(crate) fn golden(name: &str, buf: &Buffer) {
    let path = folder().join(format!("{name}.txt"));
    let now = dump(buf);
    if std::env::var_os("UPDATE_SCREENS").is_some() {
        std::fs::write(&path, &now).expect("the folder is there");
    }
    let was = std::fs::read_to_string(&path).unwrap_or_default();
    if was == now {
        return;
    }
    let (row, (old, new)) = was
        .lines()
        .zip(now.lines())
        .enumerate()
        .find(|(_, (a, b))| a != b)
        .unwrap_or((0, ("", "")));
    panic!(
        "{name} differs first in line {}:\n- {old}\n+ {new}\n(UPDATE_SCREENS=1 rewrites it)",
        row + 1
    );
}
