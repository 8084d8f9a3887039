//! What is refused before anything is sent: exit code 2, one sentence on stderr that names the remedy, nothing on stdout.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/nginx.rs"]
mod nginx;
#[path = "support/product.rs"]
mod product;

use product::{Ended, run};

/// Exit 2, nothing on stdout, and all of `pieces` on stderr.
fn refused(args: &[&str], pieces: &[&str]) -> Ended {
    let ended = run(args);
    let said = &ended.stderr;
    assert_eq!(ended.code, Some(2), "{args:?}\n{}{said}", ended.stdout);
    assert_eq!(ended.stdout, "", "{args:?}");
    for piece in pieces {
        assert!(said.contains(piece), "{args:?} should say {piece:?}:\n{said}");
    }
    assert!(!said.contains("panicked"), "{said}");
    assert!(!said.contains('\x1b'), "{args:?} writes escape codes into a pipe: {said:?}");
    ended
}

/// Each line: arguments, then what must be said; `|` between arguments and between pieces.
fn table(rows: &[(&str, &str)]) {
    for (args, pieces) in rows {
        let args: Vec<&str> = args.split('|').collect();
        let pieces: Vec<&str> = pieces.split('|').collect();
        refused(&args, &pieces);
    }
}

#[test]
fn no_target_is_answered_with_an_example() {
    refused(
        &["--headless"],
        &["no target", "clobber-tui 127.0.0.1:8080", "clobber-tui demo"],
    );
    refused(&["-c", "20"], &["no target", "clobber-tui demo"]);
    refused(&[""], &["no target was given", "127.0.0.1:8080"]);
    let bare = refused(&[], &["Usage:", "clobber-tui demo"]);
    assert!(bare.stderr.contains("Examples:"), "{}", bare.stderr);
}

#[test]
fn a_bad_target_is_shown_with_a_caret_under_the_fault() {
    for (target, column, why) in [
        ("htp:/bad", 3, "there should be ://"),
        ("http://", 7, "the host is missing"),
        ("http:///x", 7, "the host is missing"),
        ("http://h:0", 9, "1 to 65535"),
        ("http://h:99999", 9, "1 to 65535"),
        ("127.0.0.1:99999", 10, "1 to 65535"),
        ("http://[::1", 7, "bracket is not closed"),
        ("http://a b/", 8, "%20"),
        ("tcp://h", 7, "needs a port"),
        ("https://example.com", 0, "https:// is not built yet"),
        ("udp://127.0.0.1:1", 0, "udp:// is not built yet"),
    ] {
        let ended = refused(&[target], &[why]);
        let lines: Vec<&str> = ended.stderr.lines().collect();
        let [.., echo, caret] = lines[..] else {
            panic!("{}", ended.stderr)
        };
        assert_eq!(echo, format!("  {target}"), "{}", ended.stderr);
        assert_eq!(caret, format!("  {}^", " ".repeat(column)), "{}", ended.stderr);
    }
}

#[test]
fn a_huge_target_and_one_with_escape_codes_are_refused_in_plain_text() {
    let huge = format!("http://{}:0/", "h".repeat(100_000));
    let ended = refused(&[&huge], &["clobber-tui:"]);
    assert!(ended.stderr.len() < 400_000, "{}", ended.stderr.len());
    refused(&["http://h\x1b]0;pwn\x07/"], &["may not stand"]);
}

#[test]
fn no_argument_comes_back_with_characters_that_a_terminal_obeys() {
    for args in [
        &["--set", "kap\x1b[31mpa\u{202e}=1", "127.0.0.1:1"][..],
        &["--fo\x1b[31mo\u{202e}", "127.0.0.1:1"],
        &["--color", "\u{202e}\x1b]0;pwn\x07", "127.0.0.1:1"],
        &["--threshold", "p99\u{2066}\u{9b}2J<1s", "127.0.0.1:1"],
        &["--mode", "\u{200f}m\x07", "127.0.0.1:1"],
        &["demo", "us\x1b[2Jl\u{202a}", "--headless"],
        &["sim", "--plant-arg", "al\x1bpha\u{202b}=1", "--headless"],
        &["sim", "ewf", "-o", "\x1b[2J\u{202c}.pdf"],
        &["serve", "queue", "--listen", "\x1b[2J\u{200e}"],
        &["serve", "queue", "--service", "\x1b[2J\u{2069}"],
        &["-o", "\x1b[2J\u{202d}/x.json", "127.0.0.1:1"],
        &["--script", "1s \x1b[2J\u{202e}", "127.0.0.1:1"],
        &["--headless", "h\u{202e}ost.invalid:1"],
    ] {
        let said = run(args).stderr;
        let obeyed = |c: char| {
            c.is_control() && c != '\n'
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!said.is_empty() && !said.contains(obeyed), "{args:?}: {said:?}");
    }
}

#[test]
fn habits_of_other_tools_are_answered_with_the_translation() {
    refused(&["-d", "30s", "127.0.0.1:1"], &["-z 30s", "--body 30s"]);
    let wrk = ["-t12", "-c400", "-d30s", "http://127.0.0.1:1/"];
    refused(&wrk, &["clobber-tui --threads 12 -c 400 -z 30s http://127.0.0.1:1/"]);
}

#[test]
fn a_promise_that_cannot_be_searched_names_one_that_can() {
    table(&[
        (
            "--slo|rps>5|127.0.0.1:1",
            "rps>5|is not a promise that can be searched|p99<80ms",
        ),
        ("--slo|errors<1%|127.0.0.1:1", "a promise needs a latency"),
        ("--slo|fast|127.0.0.1:1", "--slo|compares nothing|p99<80ms"),
        ("--mode|slo|127.0.0.1:1", "needs a promise|--slo 'p99<80ms'"),
        (
            "--mode|max|--slo|p99<80ms|127.0.0.1:1",
            "--slo goes with --mode slo, not with max",
        ),
        (
            "--setpoint|p99=80ms|--slo|p99<80ms|127.0.0.1:1",
            "--setpoint goes with --mode hold, not with slo",
        ),
    ]);
}

#[test]
fn a_promise_is_not_searched_where_the_rate_is_given() {
    let folder = tempfile::tempdir().unwrap();
    let trace = folder.path().join("trace");
    std::fs::write(&trace, "0.1\n0.2\n").unwrap();
    let trace = format!("--arrivals|trace:{}", trace.display());
    for given in [
        "-q|100",
        "-q|100|--mode|slo",
        &trace,
        "--stages|5@3s",
        "--stages|5@3s|--arrivals|poisson",
        "--stages|5@3s|-q|5",
    ] {
        let said = "--slo searches the arrival rate itself|leave -q, --stages and --arrivals trace: out|--threshold 'p99<80ms'";
        table(&[(&format!("--slo|p99<80ms|{given}|127.0.0.1:1"), said)]);
    }
}

#[test]
fn what_is_not_in_this_version_or_not_right_names_what_is() {
    table(&[
        ("--expect|body=x|127.0.0.1:1", "status=200"),
        ("--expect|body~(|127.0.0.1:1", "unclosed group"),
        ("--expect|sha256=12|127.0.0.1:1", "64 hexadecimal"),
        ("--threshold|p99<80|127.0.0.1:1", "no unit|80ms"),
        ("--abort-on-fail|127.0.0.1:1", "--threshold"),
        ("-o|run.html|127.0.0.1:1", ".json .jsonl .csv .svg .txt"),
    ]);
}

#[test]
fn bad_durations_counts_and_rates_say_what_would_do() {
    for bad in ["1x", "NaN", "0", "0s", "1e9h", "٣s", "", "inf"] {
        for flag in ["-z", "-t", "--connect-timeout", "--warmup"] {
            // A warm-up of nothing is a warm-up of nothing.
            if flag == "--warmup" && bad.starts_with('0') {
                continue;
            }
            refused(
                &[flag, bad, "127.0.0.1:1"],
                &[&format!("{flag}: "), "such as 500ms, 10s or 1m30s"],
            );
        }
    }
    table(&[
        ("-n|0|127.0.0.1:1", "1 or more"),
        ("-n|many|127.0.0.1:1", "1 or more"),
        ("-c|0|127.0.0.1:1", "from 1 to 65536"),
        ("-c|1000000000|127.0.0.1:1", "from 1 to 65536"),
        ("-c|2.5|127.0.0.1:1", "from 1 to 65536"),
        ("--threads|0|127.0.0.1:1", "from 1 to 65536"),
        (
            "--requests-per-connection|0|127.0.0.1:1",
            "--requests-per-connection \"0\"|1 or more",
        ),
        (
            "--connect-rate|0|127.0.0.1:1",
            "--connect-rate \"0\"|connections a second|leave it out",
        ),
        ("-z|99999999999h|127.0.0.1:1", "-z: |too long|30 years"),
        ("--warmup|5s|-z|1s|127.0.0.1:1", "--warmup 5.0 s leaves nothing|-z 6.0 s"),
        (
            "--warmup|20s|-c|1|--headless|127.0.0.1:1",
            "--warmup 20 s leaves nothing|of the 10 s",
        ),
        ("sim|--warmup|70s|--headless", "leaves nothing|of the 60 s"),
        ("--min-workers|9|--max-workers|3|127.0.0.1:1", "raise it"),
        ("--connect-rate|none|127.0.0.1:1", "none"),
        ("--seed|x|127.0.0.1:1", "whole number"),
    ]);
}

#[test]
fn bad_modes_setpoints_and_knobs_list_what_there_is() {
    table(&[
        ("--mode|fast|127.0.0.1:1", "max, slo, hold, manual"),
        ("--mode|max|--setpoint|rps=4|127.0.0.1:1", "leave --mode out"),
        ("--setpoint|p99|127.0.0.1:1", "p99=25ms"),
        ("--setpoint|p98=5ms|127.0.0.1:1", "p50, p90, p95, p99 or p999"),
        ("--setpoint|p99=25|127.0.0.1:1", "p99=25ms"),
        ("--setpoint|p99=-1ms|127.0.0.1:1", "-1ms"),
        ("--set|speed=1|127.0.0.1:1", "thrift, patience"),
        ("--kp|7|127.0.0.1:1", "from 0 to 1"),
        ("--palette|rainbow|127.0.0.1:1", "inferno, magma, viridis, cividis, turbo"),
    ]);
}

#[test]
fn bad_scripts_name_the_entry_and_the_commands() {
    table(&[
        ("--script|workers 3|127.0.0.1:1", "workers 3|begin with a time"),
        ("--script|3s frobnicate|127.0.0.1:1", "3s frobnicate|workers, auto"),
        ("--script|1s workers 0|127.0.0.1:1", "workers"),
        ("--script|1s sp p99|127.0.0.1:1", "p99=25ms"),
        (
            "--script|@no-such-script|127.0.0.1:1",
            "cannot read the script|no-such-script",
        ),
    ]);
}

#[test]
fn bad_requests_and_outputs_say_how_to_write_them() {
    table(&[
        ("-H|nocolon|127.0.0.1:1", "Name: value"),
        ("-H|X: a\r\nY: b|127.0.0.1:1", "one header per -H"),
        ("-D|no-such-file|127.0.0.1:1", "cannot read the body|no-such-file"),
        ("-D|.|127.0.0.1:1", "cannot read the body"),
        ("--read-until|bytes:0|tcp://127.0.0.1:1", "bytes:N"),
        ("--read-until||tcp://127.0.0.1:1", "len16, len32"),
        ("-o|out.pdf|127.0.0.1:1", ".json .jsonl .csv .svg .txt"),
        ("-o|no/such/x.json|127.0.0.1:1", "no/such|make it first"),
        ("--frobnicate|127.0.0.1:1", "--frobnicate"),
    ]);
}

#[test]
fn unknown_demos_plants_and_targets_list_the_known_ones() {
    table(&[
        ("demo|nonsense|--headless", "nonsense|usl|mmc|flat|slow|capdrop"),
        ("sim|nonsense|--headless", "nonsense|mmc, usl"),
        ("serve|nonsense", "nonsense"),
        ("serve|queue|--service|soon", "exp:5ms"),
        ("serve|queue|--listen|here", "127.0.0.1:0"),
        ("serve|queue|--step|servers=2", "--step servers=2"),
    ]);
}

#[test]
fn plant_parameters_that_do_not_exist_list_those_that_do() {
    table(&[
        ("sim|usl|--plant-arg|speed=1|--headless", "speed|usl|alpha, beta"),
        ("sim|usl|--plant-arg|alpha|--headless", "KEY=VALUE|alpha, beta"),
        ("sim|usl|--plant-arg|alpha=x|--headless", "alpha|.02"),
        ("sim|mmc|--step|servers=2|--headless", "15s:servers=2"),
        ("sim|mmc|--step|5s:warm=2s|--headless", "--plant-arg warm=2s"),
        ("sim|mmc|--speed|0|--headless", "--speed 0|ten times"),
    ]);
}

#[test]
fn a_command_after_its_flags_is_not_taken_for_a_host() {
    for name in ["demo", "sim", "serve"] {
        refused(&["--headless", name], &[&format!("clobber-tui {name} ")]);
    }
}

#[test]
fn a_listening_port_that_is_taken_names_a_free_one() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();

    refused(&["serve", "queue", "--listen", &address], &[&address, "--listen 127.0.0.1:0"]);
}

#[test]
fn nothing_is_sent_when_the_command_line_is_refused() {
    let nginx = nginx::Nginx::start();
    let url = nginx.url();
    for args in [
        &["-n", "0"][..],
        &["-q", "10", "--mode", "max"],
        &["--stages", "nonsense"],
        &["--mode", "fast"],
        &["-o", "x.pdf"],
        &["--script", "3s nonsense"],
        &["-H", "nocolon"],
        &["-H", "Content-Length: 7"],
        &["-m", "GE T"],
        &["--palette", "rainbow"],
    ] {
        refused(&[args, &[&url]].concat(), &["clobber-tui:"]);
    }

    let counts = nginx.counts();
    assert_eq!((counts.accepts, counts.requests), (0, 0));
}
