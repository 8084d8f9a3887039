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
        let foreign = ["--release", "--manifest-path", "--full", "--", "--locked", "--path", "--open"];
        assert!(
            foreign.contains(&word) || flags.iter().any(|f| f == word.trim_end_matches(['.', ';', ':'])),
            "{word}"
        );
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
