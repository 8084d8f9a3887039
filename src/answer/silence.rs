//! DOWN and STALLED: the target does not answer, or did not for a good part of the run.
//! It refuses to hide that it came back.

use super::Code;
use super::judge::Found;
use crate::model::format::{clock, length};
use crate::telemetry::frame::{Frame, Phase};
use crate::telemetry::outage::Outage;

/// It does not answer now, or did not when the run ended.
pub(super) fn down(f: &Frame) -> Found {
    let o = f.down()?;
    let since = clock(o.from.secs());
    let sentence = if f.phase == Phase::Done {
        format!("it stopped answering at {since} and has not come back: {}", o.reason)
    } else {
        format!("DOWN since {since}: {}; trying, resumes by itself", o.reason)
    };
    Some((Code::Stalled, sentence))
}

pub(super) fn stalled(f: &Frame) -> Found {
    let (_, total) = f.whole.stalled;
    let run = f.whole.span;
    let lasted = total.max(f.down_for());
    (run >= 2.0 && lasted >= 0.1 * run).then(|| {
        let (most, all) = (length(lasted), length(run));
        let when = downs(f).map_or_else(String::new, |d| format!(" ({d})"));
        (Code::Stalled, format!("it stopped answering for {most} of {all}{when}"))
    })
}

/// When it was down, the first three times, and why.
pub fn downs(f: &Frame) -> Option<String> {
    let told = |o: &Outage| {
        let to = o.to.unwrap_or(f.at).secs();
        format!("{}–{}: {}", clock(o.from.secs()), clock(to), o.reason)
    };
    let told: Vec<String> = f.outages.iter().take(3).map(told).collect();
    let more = if f.outages.len() > 3 { ", …" } else { "" };
    (!told.is_empty()).then(|| format!("{}{more}", told.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::super::judge::tests::good;
    use super::super::verdict;
    use super::*;
    use crate::model::units::Nanos;

    #[test]
    fn down_is_told_at_once_and_afterwards_with_its_time() {
        let mut f = good();
        f.outages = vec![Outage {
            from: Nanos::from_secs(8),
            to: None,
            reason: "connection refused".into(),
        }];
        f.at = Nanos::from_secs(12);
        let v = verdict(&f);
        assert_eq!(
            v.words(),
            ("DOWN", "since 0:08: connection refused; trying, resumes by itself")
        );

        f.phase = Phase::Done;
        let end = verdict(&f);
        assert_eq!(
            end.sentence,
            "it stopped answering at 0:08 and has not come back: connection refused"
        );
        f.outages[0].to = Some(Nanos::from_millis(12_100));
        let back = verdict(&f);

        assert_eq!((v.code, end.code, back.code), (Code::Stalled, Code::Stalled, Code::Stalled));
        assert_eq!(
            back.sentence,
            "it stopped answering for 4.1 s of 40 s (0:08–0:12: connection refused)"
        );
        f.whole.span = 60.0;
        assert_ne!(verdict(&f).code, Code::Stalled, "less than a tenth of the run");
    }

    #[test]
    fn a_tenth_of_the_run_in_silence_is_stalled() {
        let mut f = good();
        f.whole.stalled = (3.1, 4.5);

        assert_eq!(verdict(&f).code, Code::Stalled);
    }
}
