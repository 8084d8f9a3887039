//! A18: the end comes when it was asked for, and what was under way is told.

use crate::ran::{Ran, alone, finish, judged, say, start};
use crate::truth::{Behaviour, Fate, Script, Truth};
use std::time::Instant;

/// A18: the server answers the first request and no other; timeout 60 s, drain 1 s. Seconds the process lived.
fn a18(seconds: u64) -> (Ran, f64) {
    let deaf = Behaviour {
        fates: vec![Fate::Never],
        ..Behaviour::default()
    };
    let truth = Truth::start(Script::always(Behaviour::default()).then(1, deaf));
    let begun = Instant::now();
    let product = start(
        &truth,
        &["-c", "5", "-z", &format!("{seconds}s"), "-t", "60s", "--drain", "1s"],
    );
    let ran = finish(&truth, product).reconciled(&truth);
    let lived = begun.elapsed().as_secs_f64();
    say(
        "A18",
        &format!("-z {seconds}s --drain 1s: {lived:.2} s, {}", ran.summary["books"]),
    );
    (ran, lived)
}

#[test]
fn a18_a_target_that_never_answers_does_not_hold_the_end_up() {
    let _alone = alone();
    let (ran, lived) = a18(2);

    assert!((3.0..15.0).contains(&lived), "{lived}");
    let aborted = ran.n("/books/aborted");
    assert_eq!(aborted, ran.n("/books/sent") - ran.n("/books/ok"));
    assert_eq!(
        ran.raw
            .iter()
            .filter(|l| l.class == "aborted" && l.response() >= 2500.0)
            .count(),
        5,
        "aged"
    );
}

#[test]
#[ignore = "bounds in s"]
fn a18_full() {
    judged(|| a18(5), |(_, lived)| assert!((6.0..=6.5).contains(&lived), "{lived}"));
}
