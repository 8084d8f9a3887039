//! Which signals count, and for how many. Pure: it is told the time.

use crate::model::units::Nanos;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

/// Two of a kind within this are one: timeout(1) sends its signal to the process and then to its group.
const ONE: Nanos = Nanos::from_millis(25);

/// What has asked for an end so far.
#[derive(Debug, Default)]
pub(super) struct Tally {
    count: usize,
    first: Option<i32>,
    last: Option<(i32, Nanos)>,
}

impl Tally {
    /// One more; how many there are now. A terminal that is closed sends HUP, often from several sides, and never means what
    /// a second signal means.
    pub(super) fn add(&mut self, kind: i32, now: Nanos) -> usize {
        let echo = self.last.is_some_and(|(last, at)| last == kind && now - at < ONE);
        if !echo && (kind != SIGHUP || self.count == 0) {
            self.count += 1;
            self.first.get_or_insert(kind);
            self.last = Some((kind, now));
        }
        self.count
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// The exit code of the first.
    pub(super) fn code(&self) -> Option<u8> {
        self.first.map(|kind| match kind {
            SIGINT => 130,
            SIGTERM => 143,
            _ => 129,
        })
    }
}

/// Whether a signal was ignored when the program started. Where the system does not tell: none was.
pub(super) fn ignored() -> impl Fn(i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = mask(&status);
    move |kind| mask >> (kind - 1) & 1 == 1
}

fn mask(status: &str) -> u64 {
    let line = status.lines().find_map(|l| l.strip_prefix("SigIgn:"));
    line.and_then(|l| u64::from_str_radix(l.trim(), 16).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(sent: &[(i32, u64)]) -> (usize, Option<u8>) {
        let mut tally = Tally::default();
        for (kind, ms) in sent {
            tally.add(*kind, Nanos::from_millis(*ms));
        }
        (tally.count(), tally.code())
    }

    #[test]
    fn a_second_int_or_term_counts_and_an_echo_or_a_second_hup_does_not() {
        for (sent, expected) in [
            (&[][..], (0, None)),
            (&[(SIGINT, 0)], (1, Some(130))),
            (&[(SIGTERM, 0), (SIGTERM, 3)], (1, Some(143))),
            (&[(SIGTERM, 0), (SIGTERM, 25)], (2, Some(143))),
            (&[(SIGINT, 0), (SIGTERM, 3)], (2, Some(130))),
            (&[(SIGHUP, 0), (SIGHUP, 500)], (1, Some(129))),
            (&[(SIGTERM, 0), (SIGHUP, 500)], (1, Some(143))),
            (&[(SIGHUP, 0), (SIGTERM, 500)], (2, Some(129))),
        ] {
            assert_eq!(counted(sent), expected, "{sent:?}");
        }
    }

    #[test]
    fn the_mask_of_ignored_signals_is_read_bit_by_bit() {
        let status = "Name:\tx\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000000\n";
        assert_eq!(mask(status), 0x1001);
        assert_eq!(mask(""), 0);
    }
}
