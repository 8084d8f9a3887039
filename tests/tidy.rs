//! The house rules: which room may enter which, and how big and how named a file may be.
//! A fault names file, line, rule and remedy. What stands under `#[cfg(test)]` at a file's foot may import what it likes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "tidy/source.rs"]
mod source;

use source::{Path, paths};
use std::path::PathBuf;

/// Room, and the rooms it may name. Without an entry: nobody has decided yet, which is a fault.
const ROOMS: [(&str, &[&str]); 19] = [
    ("model", &[]),
    ("telemetry", &["model"]),
    ("control", &["telemetry", "model"]),
    ("load", &["model"]),
    ("conduct", &["control", "load", "telemetry", "model"]),
    ("answer", &["telemetry", "model"]),
    ("report", &["answer", "telemetry", "model"]),
    ("link", &["telemetry", "model"]),
    ("ui", &["link", "report", "answer", "telemetry", "model", "clock"]),
    ("headless", &["link", "report", "answer", "telemetry", "model", "clock"]),
    (
        "engine",
        &["conduct", "load", "telemetry", "protocol", "net", "clock", "plan", "model"],
    ),
    ("sim", &["conduct", "control", "load", "telemetry", "plan", "model"]),
    ("serve", &["sim", "clock", "telemetry", "model"]),
    ("protocol", &["net", "clock", "plan", "model"]),
    ("net", &["clock", "plan", "model"]),
    ("plan", &["load", "model"]),
    ("clock", &["model"]),
    ("cli", &["plan", "load", "model", "serve"]),
    ("record", &["link", "telemetry", "model"]),
];

/// Rooms that put the others together.
const EVERYWHERE: [&str; 3] = ["app", "main", "lib"];

/// Rooms that are told the time and do no I/O.
const PURE: [&str; 7] = ["model", "load", "control", "telemetry", "conduct", "answer", "report"];

/// What pure rooms must not name.
const IMPURE: [&str; 4] = ["tokio", "std::net", "std::fs", "std::thread"];

/// Crates that draw or read keys.
const SCREEN: [&str; 2] = ["ratatui", "crossterm"];

/// Lines of a file, tests included.
const LONGEST: usize = 400;

/// The room a file belongs to: `src/ui/run.rs` and `src/ui.rs` are `ui`.
fn room(file: &str) -> Option<&str> {
    let inside = file.strip_prefix("src/")?;
    inside.split(['/', '.']).next()
}

fn named(path: &Path, prefix: &str) -> bool {
    let parts: Vec<&str> = prefix.split("::").collect();
    path.names.len() >= parts.len() && path.names.iter().zip(parts).all(|(a, b)| a == b)
}

/// Everything wrong with one file.
fn faults(file: &str, text: &str) -> Vec<String> {
    let mut out = shape_faults(file, text);
    if let Some(room) = room(file) {
        let foot = text.find("\n#[cfg(test)]\nmod tests").map_or(text.len(), |n| n + 1);
        for path in paths(&text[..foot]) {
            let wrong = import_fault(room, &path).or_else(|| outside_fault(file, room, &path));
            out.extend(wrong.map(|w| format!("{file}:{}: {w}", path.line)));
        }
        for path in paths(text) {
            out.extend(strangers_fault(room, &path).map(|w| format!("{file}:{}: {w}", path.line)));
        }
    }
    out
}

/// Size, name and documented traits.
fn shape_faults(file: &str, text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() > LONGEST {
        out.push(format!(
            "{file}:{}: a file has at most {LONGEST} lines (split it where a drawing would have a line)",
            lines.len()
        ));
    }
    if file.ends_with("/mod.rs") {
        out.push(format!("{file}:1: no mod.rs (name it after its folder, beside it)"));
    }
    if file
        .split(['/', '.'])
        .any(|part| matches!(part, "util" | "utils" | "helpers"))
    {
        out.push(format!(
            "{file}:1: no room for odds and ends (name it after the noun it is about)"
        ));
    }
    for (n, line) in lines.iter().enumerate() {
        let above = lines[..n].iter().rev().find(|l| !l.trim_start().starts_with("#["));
        if line.trim_start().starts_with("pub trait ") && !above.is_some_and(|l| l.trim_start().starts_with("///")) {
            out.push(format!(
                "{file}:{}: a public trait states its contract (who calls, how often, what must not happen)",
                n + 1
            ));
        }
    }
    out
}

/// A room that may not be entered from here.
fn import_fault(room: &str, path: &Path) -> Option<String> {
    let [first, to, ..] = path.names.as_slice() else { return None };
    let here = first == "crate" && to != room && to.starts_with(char::is_lowercase);
    if !here || EVERYWHERE.contains(&room) {
        return None;
    }
    let Some((_, allowed)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return Some(format!(
            "the room `{room}` is not in the table (add it to tests/tidy.rs with what it may import)"
        ));
    };
    (!allowed.contains(&to.as_str())).then(|| {
        let may = if allowed.is_empty() {
            "nothing".to_owned()
        } else {
            allowed.join(", ")
        };
        format!("`{room}` imports `{to}` (it may import {may}; take what you need as an argument, or move the code)")
    })
}

/// Something of the outside world that has no business here.
fn outside_fault(file: &str, room: &str, path: &Path) -> Option<String> {
    let name = path.names.join("::");
    if PURE.contains(&room) && IMPURE.iter().any(|p| named(path, p)) {
        return Some(format!(
            "`{room}` is pure and names `{name}` (take time, data or a writer as an argument)"
        ));
    }
    if room == "link" && named(path, "tokio") && !named(path, "tokio::sync") {
        return Some(format!("`link` names `{name}` (of tokio only tokio::sync)"));
    }
    if room != "ui" && SCREEN.iter().any(|s| named(path, s)) {
        return Some(format!(
            "`{room}` names `{name}` (only `ui` draws and reads keys; take a closure from `app`)"
        ));
    }
    let clock = path.names.iter().any(|n| n == "Instant" || n == "SystemTime");
    (clock && file != "src/clock.rs").then(|| format!("`{name}` outside src/clock.rs (be told the time, or copy an Epoch)"))
}

/// The two rooms that never name each other, not even in tests.
fn strangers_fault(room: &str, path: &Path) -> Option<String> {
    let to = ["ui", "engine"].into_iter().find(|to| named(path, &format!("crate::{to}")))?;
    let strangers = matches!((room, to), ("ui", "engine") | ("engine", "ui"));
    strangers.then(|| format!("`{room}` names `{to}`, also in a test (they meet only in `app`, through `link`)"))
}

fn files(folder: &str, out: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("cannot read {folder}: {e}")) {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(path.to_str().unwrap(), out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

#[test]
fn every_file_keeps_the_house_rules() {
    let mut all = Vec::new();
    ["src", "tests", "benches"]
        .into_iter()
        .for_each(|folder| files(folder, &mut all));
    all.sort();

    let found: Vec<String> = all
        .iter()
        .flat_map(|path| faults(path.to_str().unwrap(), &std::fs::read_to_string(path).unwrap()))
        .collect();

    assert!(all.len() > 20, "only {} files seen", all.len());
    assert!(found.is_empty(), "{} faults:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_rule_catches_what_it_forbids() {
    let long = "//\n".repeat(LONGEST + 1);
    for (file, text, says) in [
        (
            "src/model/a.rs",
            "use crate::telemetry::grid::Grid;",
            "src/model/a.rs:1: `model` imports `telemetry`",
        ),
        (
            "src/ui/run.rs",
            "\nfn f() { crate::engine::go() }",
            "src/ui/run.rs:2: `ui` imports `engine`",
        ),
        (
            "src/ui.rs",
            "\n#[cfg(test)]\nmod tests {\n    use crate::engine::Lanes;\n}",
            "src/ui.rs:4: `ui` names `engine`",
        ),
        (
            "src/net.rs",
            "use crate::{clock::Epoch, load::Backlog};",
            "`net` imports `load`",
        ),
        ("src/attic.rs", "use crate::model::units;", "`attic` is not in the table"),
        (
            "src/load.rs",
            "use tokio::time::sleep;",
            "`load` is pure and names `tokio::time::sleep`",
        ),
        (
            "src/report/x.rs",
            "use std::{fmt, fs::File};",
            "`report` is pure and names `std::fs::File`",
        ),
        ("src/link.rs", "use tokio::runtime::Runtime;", "only tokio::sync"),
        ("src/app.rs", "use crossterm::event;", "only `ui` draws"),
        ("src/engine/due.rs", "fn f(at: std::time::Instant) {}", "outside src/clock.rs"),
        ("src/net/dial.rs", &long, "at most 400 lines"),
        ("src/net/mod.rs", "", "no mod.rs"),
        ("src/model/util.rs", "", "odds and ends"),
        (
            "src/net.rs",
            "//! Net.\n\n#[allow(x)]\npub trait T {}",
            "src/net.rs:4: a public trait",
        ),
    ] {
        let found = faults(file, text);

        assert!(
            found.iter().any(|f| f.contains(says)),
            "{file}: expected {says:?}, found {found:?}"
        );
    }
}

#[test]
fn what_is_allowed_is_left_alone() {
    for (file, text) in [
        (
            "src/engine/lane.rs",
            "//! crate::ui\nuse crate::conduct::Plant;\nuse crate::engine::due::Due;",
        ),
        ("src/app.rs", "use crate::{ui, engine};"),
        ("src/link.rs", "use tokio::sync::watch;"),
        ("src/ui/view.rs", "use ratatui::Frame;"),
        (
            "src/conduct/c.rs",
            "\n#[cfg(test)]\nmod tests {\n    use crate::sim::world::World;\n}",
        ),
        ("src/net.rs", "/// Contract.\n#[allow(x)]\npub trait T {}"),
    ] {
        assert_eq!(faults(file, text), Vec::<String>::new(), "{file}");
    }
}
