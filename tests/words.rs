//! What the product says, every sentence with its values, as committed in `tests/words/*.txt` so that a reader can go through
//! them; and what must hold of each. `UPDATE_WORDS=1` rewrites the files.
//! Of sentences that differ only in their figures the first is shown.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "words/frames.rs"]
mod frames;
#[path = "support/product.rs"]
mod product;
#[path = "words/runs.rs"]
mod runs;

use product::run;
use runs::{CLOSINGS, REFUSED, RUNS};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use unicode_width::UnicodeWidthStr;

/// Cells that a decision of the controller may take: the events pane of a 120-column screen has 35, and cuts what is longer.
const DECISION_CELLS: usize = 40;

/// One simulated run: its verdict and its events as `who: what`.
struct Said {
    verdict: String,
    events: Vec<(String, String)>,
}

fn simulated(args: &str) -> Said {
    let mut all = vec!["sim", "--headless", "--output-format", "json"];
    all.extend(args.split('|'));
    let ended = run(&all);
    let summary: Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|e| panic!("{args}: {e}: {}", ended.stderr));
    let text = |v: &Value| v.as_str().unwrap().to_owned();
    let verdict = &summary["verdict"];
    Said {
        verdict: format!("{}  {}", text(&verdict["code"]), text(&verdict["sentence"])),
        events: summary["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|e| (text(&e["who"]), text(&e["what"])))
            .collect(),
    }
}

/// The sentence without its figures.
fn template(text: &str) -> String {
    let mut out = String::new();
    let mut digits = false;
    for c in text.chars() {
        let digit = c.is_ascii_digit() || (digits && matches!(c, '.' | ','));
        if !digit || !digits {
            out.push(if digit { '#' } else { c });
        }
        digits = digit;
    }
    out
}

/// The first of each template, sorted by it.
fn firsts(said: impl Iterator<Item = String>) -> Vec<String> {
    let mut seen = BTreeMap::new();
    for text in said {
        seen.entry(template(&text)).or_insert(text);
    }
    seen.into_values().collect()
}

/// Compares with the committed file, or rewrites it.
fn golden(name: &str, lines: &[String]) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/words/{name}.txt"));
    let now = lines.join("\n") + "\n";
    if std::env::var_os("UPDATE_WORDS").is_some() {
        std::fs::write(&path, &now).unwrap();
        return;
    }
    let then = std::fs::read_to_string(&path).unwrap_or_default();
    let missing: Vec<&str> = then.lines().filter(|l| !now.lines().any(|n| n == *l)).collect();
    let new: Vec<&str> = now.lines().filter(|l| !then.lines().any(|t| t == *l)).collect();
    assert!(
        now == then,
        "{name}.txt differs (UPDATE_WORDS=1 rewrites it; read what is new)\n- {}\n+ {}",
        missing.join("\n- "),
        new.join("\n+ ")
    );
}

/// What no sentence may have: words of the code, dialect, and a minus that is a hyphen.
fn plain(text: &str) {
    for word in [
        "kappa",
        "decile",
        "plant",
        "looking anew",
        "Ruling",
        "None",
        "Some(",
        "{",
        "NaN",
        "inf",
    ] {
        assert!(!text.contains(word), "{word:?} in {text:?}");
    }
    let chars: Vec<char> = text.chars().collect();
    let hyphen = chars.windows(3).any(|w| w[0] == ' ' && w[1] == '-' && w[2].is_ascii_digit());
    assert!(!hyphen, "a minus is −: {text:?}");
    if let Some((first, rest)) = text.split_once(": ") {
        assert!(!rest.starts_with(first), "said twice: {text:?}");
    }
}

#[test]
fn verdicts_and_events_are_those_committed_plain_and_short() {
    let runs: Vec<(&str, Said)> = RUNS.iter().map(|args| (*args, simulated(args))).collect();

    let verdicts = runs
        .iter()
        .map(|(args, said)| format!("{}\n    sim {}", said.verdict, args.replace('|', " ")))
        .collect::<Vec<_>>();
    golden("verdicts", &verdicts);
    let events = runs
        .iter()
        .flat_map(|(_, said)| &said.events)
        .map(|(who, what)| format!("{who:<11}{what}"));
    golden("events", &firsts(events));
    for (args, said) in &runs {
        plain(&said.verdict);
        for (who, what) in &said.events {
            plain(what);
            let experiment = what.starts_with("step ") || what.starts_with("tune ") || what.contains("as open traffic");
            assert!(
                who != "controller" || experiment || what.width() <= DECISION_CELLS,
                "{} cells in {what:?} of {args}",
                what.width()
            );
        }
    }
}

#[test]
fn closing_texts_are_those_committed_and_as_narrow_and_short_as_promised() {
    let mut all = Vec::new();
    for args in CLOSINGS {
        let mut words = vec!["sim", "--headless"];
        words.extend(args.split('|'));
        let ended = run(&words);
        assert!(
            ended.stdout.lines().count() <= 24,
            "{args}: more than 24 lines\n{}",
            ended.stdout
        );
        for line in ended.stdout.lines() {
            assert!(line.width() <= 120, "{args}: {line:?}");
        }
        all.push(format!("$ clobber-tui {}\n{}", words.join(" "), ended.stdout));
    }
    golden("closings", &all);
}

#[test]
fn refusals_are_those_committed_in_one_sentence_with_the_remedy() {
    let mut all = Vec::new();
    for args in REFUSED {
        let ended = run(&args.split('|').collect::<Vec<_>>());
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{args}");
        let said = ended.stderr.trim_end().replace("error: ", "");
        plain(&said);
        all.push(format!("{}\n    clobber-tui {}", said, args.replace('|', " ")));
    }
    golden("refusals", &all);
}

#[test]
fn what_only_sockets_bring_about_is_said_as_committed() {
    let said = frames::said();

    said.iter().for_each(|text| plain(text.lines().next().unwrap()));
    golden("sockets", &said);
}
