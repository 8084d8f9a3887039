//! Events of a run, as sentences with a time and an author.

use super::units::Nanos;

/// Who caused an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A key or the prompt.
    User,
    /// `--script`.
    Script,
    /// The control law.
    Controller,
    /// Lanes, sockets, this machine.
    Engine,
}

impl Who {
    /// As in the JSON summary.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Script => "script",
            Self::Controller => "controller",
            Self::Engine => "engine",
        }
    }
}

/// One event. `what` is one plain sentence without a full stop, already sanitized.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// When, since run start.
    pub at: Nanos,
    /// Whose doing.
    pub who: Who,
    /// The sentence.
    pub what: String,
}

/// So many events of a long run are kept whatever follows; then stands how many were left out, then the last ones.
pub const FIRST: usize = 10;

/// The events that came after the first `told` of `noted`, of those kept in `kept`; and how many of them are not there.
pub fn since(kept: &[Notice], noted: u64, told: u64) -> (impl Iterator<Item = &Notice>, u64) {
    let gone = noted > kept.len() as u64 && kept.len() > FIRST;
    let (head, tail) = if gone {
        (&kept[..FIRST], &kept[FIRST + 1..])
    } else {
        (kept, &kept[..0])
    };
    let head = &head[head.len().min(told as usize)..];
    let fresh = noted.saturating_sub(told) - head.len() as u64;
    let tail = &tail[tail.len() - tail.len().min(fresh as usize)..];
    (head.iter().chain(tail), fresh - tail.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As kept of so many events, numbered from 1, where `most` are kept.
    fn kept(noted: u64, most: u64) -> Vec<Notice> {
        let notice = |n: u64| Notice {
            at: Nanos::from_secs(n),
            who: Who::Engine,
            what: String::new(),
        };
        if noted <= most {
            return (1..=noted).map(notice).collect();
        }
        (1..=11).chain(noted - (most - 12)..=noted).map(notice).collect()
    }

    #[test]
    fn every_event_is_told_once_or_counted_as_missing() {
        for (before, noted, told, missing) in [
            (0, 3, vec![1, 2, 3], 0),
            (2, 20, (3..=20).collect(), 0),
            (20, 22, vec![21, 22], 0),
            (22, 40, (32..=40).collect(), 9),
            (7, 40, [8, 9, 10].into_iter().chain(32..=40).collect(), 21),
            (40, 40, vec![], 0),
        ] {
            let kept = kept(noted, 20);
            let (fresh, left_out) = since(&kept, noted, before);

            let numbers: Vec<u64> = fresh.map(|n| n.at.ns() / 1_000_000_000).collect();
            assert_eq!((numbers, left_out), (told, missing), "{before} of {noted}");
        }
    }
}
