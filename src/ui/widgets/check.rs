//! Open traffic at a fixed rate beside the closed search: how far it is, and whether the target kept up.
//! It says; the experiment decides.

use super::super::scene::Scene;
use super::super::theme::Ink;
use crate::model::format;
use crate::telemetry::frame::Phase;
use crate::telemetry::promise::{Breach, Check};
use ratatui::style::Style;

/// The sentence of the last check and the colour it deserves; `None` when there was none.
pub(in crate::ui) fn words(scene: &Scene) -> Option<(String, Style)> {
    let check = scene.frame.check.as_ref()?;
    let theme = scene.theme();
    let style = match (check.over, check.steady) {
        (_, Some(false)) => theme.ink(Ink::Alarm),
        (true, Some(true)) => theme.ink(Ink::Target),
        _ => Style::new(),
    };
    Some((sentence(check), style))
}

fn sentence(c: &Check) -> String {
    let rate = format!("{}/s", format::quantity(c.rate));
    let seconds = |s: f64| format::length(s.round()).replace(".0 ", " ");
    let p99 = c
        .response
        .p99
        .map_or_else(String::new, |p| format!(", p99 {}", format::length(p)));
    match (c.over, c.steady) {
        (_, Some(false)) if c.breach != Breach::Growth => {
            format!("open {rate}: does NOT hold, {} after {}", c.breach, seconds(c.held))
        }
        (_, Some(false)) => format!(
            "open {rate}: does NOT hold, growing: {} waiting after {}",
            format::count(c.backlog),
            seconds(c.held)
        ),
        (false, _) => format!("verifying open {rate}: {:.0} of {}{p99}", c.held.floor(), seconds(c.wanted)),
        (true, Some(true)) => format!("open {rate}: verified {}{p99}, steady", seconds(c.held)),
        (true, None) => format!("open {rate}: broken off after {}", seconds(c.held)),
    }
}

/// A check is under way.
pub(in crate::ui) fn running(scene: &Scene) -> bool {
    scene.frame.check.is_some_and(|c| !c.over)
}

/// The knee is confirmed and open traffic has not been tried: `v` would.
pub(in crate::ui) fn offered(scene: &Scene) -> bool {
    let f = scene.frame;
    f.answered && f.knee.is_some() && f.check.is_none() && f.phase == Phase::Run && !scene.open()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;
    use crate::telemetry::latency::Summary;

    #[test]
    fn every_end_of_a_check_has_its_own_words() {
        let under_way = Check {
            rate: 1250.0,
            of_knee: 0.75,
            at: Nanos::from_secs(40),
            held: 12.3,
            wanted: 20.0,
            response: Summary {
                p99: Some(0.074),
                ..Summary::default()
            },
            backlog: 500,
            steady: None,
            breach: Breach::Growth,
            over: false,
        };
        let over = |steady| Check {
            over: true,
            steady,
            ..under_way
        };

        for (check, words) in [
            (under_way, "verifying open 1,250/s: 12 of 20 s, p99 74 ms"),
            (over(Some(true)), "open 1,250/s: verified 12 s, p99 74 ms, steady"),
            (
                over(Some(false)),
                "open 1,250/s: does NOT hold, growing: 500 waiting after 12 s",
            ),
            (over(None), "open 1,250/s: broken off after 12 s"),
        ] {
            assert_eq!(sentence(&check), words);
        }
    }
}
