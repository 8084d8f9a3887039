//! A15 each failure in its class · A23 timeouts · A24 connect time.

use crate::ran::{Ran, alone, at_least, judged, run, run_any, say, sorted};
use crate::truth::{Behaviour, Fate, Script, Truth};
use std::time::Duration;

/// A15: of each ten one is reset, one closed, one short, one 503, one never answered.
fn a15(n: u64, keep: bool) -> Ran {
    use Fate::{Answer, Fin, Never, Reset, Short, Status};
    let fates = vec![Answer, Reset, Answer, Fin, Answer, Short, Answer, Status(503), Answer, Never];
    let truth = Truth::always(Behaviour {
        fates,
        ..Behaviour::default()
    });
    let n = n.to_string();
    let mut args = vec!["-n", &n, "-c", "20", "-t", "300ms"];
    if !keep {
        args.push("--no-keepalive");
    }
    let ran = run(&truth, &args).reconciled(&truth);
    let late = sorted(ran.raw.iter().filter(|l| l.class == "timeout_head").map(|l| l.response()));
    say(
        "A15",
        &format!(
            "keep-alive {keep}: {} timeouts {:.1} … {:.1} ms",
            ran.summary["errors"],
            late[0],
            late[late.len() - 1]
        ),
    );
    ran
}

fn classes(ran: &Ran, each: u64) {
    for class in ["reset", "closed_no_response", "short_body", "timeout_head"] {
        assert_eq!(ran.errors(class), each, "{class}: {:#}", ran.summary["errors"]);
    }
    assert_eq!((ran.n("/books/bad_status"), ran.n("/books/ok")), (each, 5 * each));
    assert_eq!(ran.n("/books/failed"), 4 * each, "no other class");
    assert!(ran.raw.iter().all(|l| l.class != "timeout_head" || l.response() >= 300.0));
}

#[test]
fn a15_each_failure_is_in_its_class_exactly() {
    let _alone = alone();
    for keep in [false, true] {
        classes(&a15(400, keep), 40);
    }
}

#[test]
#[ignore = "ten thousand requests, bounds in ms"]
fn a15_full() {
    judged(
        || a15(10_000, false),
        |ran| {
            classes(&ran, 1000);
            assert!(ran.raw.iter().all(|l| l.class != "timeout_head" || l.response() <= 320.0));
        },
    );
}

#[test]
fn a23_timeouts_are_in_the_percentiles_at_their_elapsed_time() {
    let _alone = alone();
    let mut fates = vec![Fate::Answer; 10];
    fates[9] = Fate::Never;
    let truth = Truth::always(Behaviour {
        fates,
        ..Behaviour::default()
    });
    let ran = run(&truth, &["-n", "200", "-c", "10", "-t", "1s"]).reconciled(&truth);
    let good = ran.raw.iter().filter(|l| l.class == "ok").map(|l| l.response());

    say("A23", &format!("{} timeouts, {}", ran.errors("timeout_head"), ran.shape()));
    assert_eq!((ran.errors("timeout_head"), ran.n("/books/ok")), (20, 180));
    assert_eq!(ran.n("/latency/response/count"), 200);
    // a tenth is slow: the slowest twentieth surely is
    assert!(ran.ms("response", "p95") >= 999.0, "{}", ran.ms("response", "p95"));
    assert_eq!(
        at_least(&sorted(good), 1000.0),
        0,
        "an answer after the deadline is no success"
    );
}

#[test]
fn a24_a_full_accept_queue_shows_in_the_time_to_connect() {
    let _alone = alone();
    let truth = Truth::start(Script {
        backlog: 1,
        deaf: Some((1, Duration::from_millis(900))),
        ..Script::always(Behaviour::fixed(2))
    });
    // The probe's connection, two in the queue, and six that the kernel asks again after a second.
    let ran = run_any(&truth, &["-c", "9", "-z", "3s", "--ramp", "fast"]).reconciled(&truth);
    let slow = ran.ms("connect", "max");
    say("A24", &format!("connects: {}", ran.summary["latency"]["connect"]));
    assert!(slow >= 900.0, "{slow}");
    assert_eq!(ran.n("/latency/connect/count"), 9);
    assert_eq!(ran.n("/books/unsent"), 0);
    let told = ran.summary["events"].to_string();
    assert!(told.contains("as when the kernel must ask again"), "{told}");
}
