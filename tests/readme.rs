//! The README tells the truth: its key table is the program's, its flags exist.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use clap::CommandFactory;
use clobber::cli::Cli;
use clobber::ui::keymap;

const README: &str = include_str!("../README.md");

#[test]
fn the_key_table_is_the_programs_own() {
    let begin = README.find("<!-- keys -->").unwrap() + "<!-- keys -->".len();
    let end = README.find("<!-- /keys -->").unwrap();

    assert_eq!(
        README[begin..end].trim(),
        keymap::markdown().trim(),
        "copy it from here into the README"
    );
}

#[test]
fn every_flag_it_names_exists() {
    let mut flags: Vec<String> = Vec::new();
    collect(&Cli::command(), &mut flags);
    for word in README
        .split(|c: char| c.is_whitespace() || "`',()=|".contains(c))
        .filter(|w| w.starts_with("--") && w.len() > 3 && !w.starts_with("---"))
    {
        let foreign = [
            "--release",
            "--manifest-path",
            "--full",
            "--",
            "--locked",
            "--path",
            "--open",
            "--bench",
            "--readme",
            "--latency-correction",
        ];
        assert!(
            foreign.contains(&word) || flags.iter().any(|f| f == word.trim_end_matches(['.', ';', ':'])),
            "{word}"
        );
    }
}

#[test]
fn every_bench_it_names_exists() {
    const MANIFEST: &str = include_str!("../Cargo.toml");
    let named: Vec<&str> = README
        .split("cargo bench --bench ")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| c.is_whitespace() || c == '`').next())
        .collect();

    assert!(named.len() >= 4, "{named:?}");
    for name in named {
        assert!(MANIFEST.contains(&format!("[[bench]]\nname = \"{name}\"\n")), "{name}");
    }
}

#[test]
fn every_file_it_shows_exists() {
    let targets = README.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let files: Vec<&str> = targets.filter(|t| !t.contains("://")).collect();

    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        assert!(path.is_file(), "{file}");
    }
}

/// An empty one is a bench that has not been run on this commit yet; a broken one must not be shown.
#[test]
fn what_a_bench_wrote_is_whole() {
    for (bench, name, says) in [
        ("speed", "speed", "| clobber-tui |"),
        ("honesty", "honesty", "| truth: "),
        ("honesty", "evenly", "| clobber-tui --precise |"),
        ("cost", "cost", "requests its memory went from"),
    ] {
        let table = README.split_once(&format!("<!-- {name} -->")).unwrap().1;
        let table = table.split_once(&format!("<!-- /{name} -->")).unwrap().0.trim();

        assert!(
            table.is_empty() || table.contains(says),
            "fill it with cargo bench --bench {bench} -- --readme:\n{table}"
        );
        assert!(!table.contains("exit code") && !table.contains("NaN"), "{table}");
    }
}

fn collect(command: &clap::Command, flags: &mut Vec<String>) {
    for arg in command.get_arguments() {
        flags.extend(
            arg.get_long_and_visible_aliases()
                .unwrap_or_default()
                .iter()
                .map(|l| format!("--{l}")),
        );
        flags.extend(arg.get_long().map(|l| format!("--{l}")));
    }
    command.get_subcommands().for_each(|c| collect(c, flags));
}
