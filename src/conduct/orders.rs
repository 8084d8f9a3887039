//! Commands from the front end and from the script: applied in order, each answered by a notice.

use super::outside::SnapshotWish;
use crate::model::command::{Command, Line};
use crate::model::format::{count, sanitize};
use crate::model::notice::{FIRST, Notice, Who};
use crate::model::run::EndedBy;
use crate::model::setpoints::{History, Present, Setpoints};
use crate::model::units::Nanos;
use std::collections::VecDeque;
use std::sync::Arc;

/// A numbered command of the front end.
#[derive(Clone, Debug)]
pub struct Said {
    /// Counts from 1.
    pub number: u64,
    /// Who.
    pub who: Who,
    /// What.
    pub command: Command,
}

/// What commands ask for beyond setpoints.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Wish {
    /// End after a drain.
    End(EndedBy),
    /// Cut off now.
    Cut(EndedBy),
    /// Windows and steady start anew.
    Reset,
    /// An experiment or its result; answered by whoever grants it.
    Experiment(Who, Trial),
}

/// What can be tried out on the running target.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Trial {
    /// A step test by this fraction.
    Step(f64),
    /// A relay.
    Tune,
    /// The gains a relay proposed.
    Accept,
    /// Open traffic at this fraction of the knee, for so long.
    Verify(f64, Nanos),
}

/// Setpoints with their history, the script that is left, and the events so far.
#[derive(Debug)]
pub(super) struct Orders {
    pub(super) history: History,
    script: VecDeque<Line>,
    pub(super) applied: u64,
    /// The end was asked for, or has come: nothing is sent any more.
    pub(super) ending: bool,
    /// When the last command of the front end came.
    pub(super) heard: Nanos,
    notices: Vec<Notice>,
    /// Asked for and not yet handed on.
    pub(super) snapshots: Vec<SnapshotWish>,
    /// Events so far, kept or not.
    pub(super) noted: u64,
    shared: Arc<[Notice]>,
}

/// Events kept, with the one that says how many went.
const MOST: usize = 1000;

impl Orders {
    pub(super) fn new(set: Setpoints, script: Vec<Line>) -> Self {
        Self {
            history: History::new(set),
            script: script.into(),
            applied: 0,
            ending: false,
            heard: Nanos::ZERO,
            notices: Vec::new(),
            snapshots: Vec::new(),
            noted: 0,
            shared: Arc::from([]),
        }
    }

    /// Applies what is new on the desk, then what the script has due.
    pub(super) fn obey(&mut self, now: Nanos, said: &[Said], present: impl Into<Present>) -> Vec<Wish> {
        let present = present.into();
        let mut wishes = Vec::new();
        for s in said.iter().filter(|s| s.number > self.applied).cloned().collect::<Vec<_>>() {
            (self.applied, self.heard) = (s.number, now);
            wishes.extend(self.apply(now, s.who, &s.command, present));
        }
        while self.script.front().is_some_and(|l| l.at <= now) {
            let line = self.script.pop_front().expect("just seen");
            wishes.extend(self.apply(now, Who::Script, &line.command, present));
        }
        wishes
    }

    fn apply(&mut self, now: Nanos, who: Who, command: &Command, present: Present) -> Option<Wish> {
        let harmless = matches!(
            command,
            Command::Quit | Command::QuitNow | Command::Signal | Command::Mark(_) | Command::Snapshot(_)
        );
        if self.ending && !harmless {
            self.note(now, who, format!("refused {command}: the run is ending"));
            return None;
        }
        self.ending |= matches!(command, Command::Quit | Command::QuitNow | Command::Signal);
        let asked = |by_script| if who == Who::Script { by_script } else { EndedBy::Quit };
        match command {
            Command::Quit => {
                self.note(now, who, "quit: finishing what is under way".into());
                return Some(Wish::End(asked(EndedBy::Script)));
            }
            Command::QuitNow => {
                self.note(now, who, "quit now".into());
                return Some(Wish::Cut(asked(EndedBy::Script)));
            }
            Command::Signal => {
                self.note(now, who, "stopped by a signal: finishing what is under way".into());
                return Some(Wish::End(EndedBy::Signal));
            }
            Command::Mark(text) => self.note(now, who, format!("mark: {text}")),
            // An event when it is written.
            Command::Snapshot(under) => self.snapshots.push(SnapshotWish {
                who,
                under: under.clone(),
            }),
            Command::StepTest(by) => return Some(Wish::Experiment(who, Trial::Step(*by))),
            Command::Tune => return Some(Wish::Experiment(who, Trial::Tune)),
            Command::Verify(share, time) => return Some(Wish::Experiment(who, Trial::Verify(*share, *time))),
            Command::TuneAccept => return Some(Wish::Experiment(who, Trial::Accept)),
            Command::Reset => {
                self.note(now, who, "reset: windows and steady state start anew".into());
                return Some(Wish::Reset);
            }
            _ => match self.history.apply(command, present) {
                Ok(said) => self.note(now, who, told(command, said.unwrap_or_default())),
                Err(why) => self.note(now, who, format!("refused {command}: {why}")),
            },
        }
        None
    }

    /// Adds an event.
    pub(super) fn note(&mut self, at: Nanos, who: Who, what: String) {
        self.noted += 1;
        let what = sanitize(&what);
        self.notices.push(Notice { at, who, what });
        if self.notices.len() > MOST {
            // Two go the first time: one of them gives its place to the sentence about them.
            let newest = self.notices.remove(FIRST + 1);
            let gone = self.noted - MOST as u64 + 1;
            self.notices[FIRST] = Notice {
                at: newest.at,
                who: Who::Engine,
                what: format!("{} events until here are left out", count(gone)),
            };
        }
        self.shared = self.notices.as_slice().into();
    }

    /// The events kept, oldest first.
    pub(super) fn notices(&self) -> Arc<[Notice]> {
        self.shared.clone()
    }

    /// The setpoints in force.
    pub(super) fn set(&self) -> &Setpoints {
        self.history.now()
    }
}

/// The command and what it did; what it did alone where that names the command.
fn told(command: &Command, said: String) -> String {
    match command {
        Command::Undo | Command::Redo | Command::Pause | Command::Resume => said,
        _ => done(&command.to_string(), &said),
    }
}

/// A command and what came of it; what only repeats the command is said once.
pub(super) fn done(command: &str, said: &str) -> String {
    if said.starts_with(command) {
        said.to_owned()
    } else {
        format!("{command}: {said}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::command::{parse, script};

    #[test]
    fn every_command_is_logged_and_a_refusal_says_why() {
        let mut o = Orders::new(Setpoints::default(), script("1s workers 7; 2s sp *2; 3s quit").unwrap());

        let first = o.obey(Nanos::from_millis(1500), &[], 3.0);
        let last = o.obey(Nanos::from_secs(3), &[], 7.0);

        assert!(first.is_empty());
        assert_eq!(last, [Wish::End(EndedBy::Script)]);
        let said: Vec<_> = o.notices().iter().map(|n| (n.who.name(), n.what.clone())).collect();
        assert_eq!(said[0].1, "workers 7 by hand");
        assert!(said[1].1.starts_with("refused sp *2: no target in max"), "{}", said[1].1);
        assert_eq!(said.len(), 3);
    }

    #[test]
    fn undo_and_pause_are_told_once_and_text_from_outside_has_no_teeth() {
        let text = "0s workers 7; 1s undo; 2s undo; 3s pause; 4s resume; 5s mark a\u{1b}[2Jb\u{202e}c";
        let mut o = Orders::new(Setpoints::default(), script(text).unwrap());

        o.obey(Nanos::from_secs(9), &[], 3.0);

        let said: Vec<_> = o.notices().iter().map(|n| n.what.clone()).collect();
        assert_eq!(
            said,
            [
                "workers 7 by hand",
                "undid workers 7: workers automatic",
                "refused undo: nothing to undo",
                "paused: no new request is sent",
                "resumed: sending again",
                "mark: a\\u{1b}[2Jb\u{fffd}c",
            ]
        );
    }

    #[test]
    fn a_command_after_the_end_was_asked_for_is_refused_and_a_mark_is_not() {
        let mut o = Orders::new(
            Setpoints::default(),
            script("1s quit; 1s workers 7; 1s mark \"x\"; 1s reset").unwrap(),
        );

        let wishes = o.obey(Nanos::from_secs(1), &[], 3.0);

        let said: Vec<_> = o.notices().iter().map(|n| n.what.clone()).collect();
        assert_eq!(wishes, [Wish::End(EndedBy::Script)]);
        assert_eq!((o.set().asked, said.len()), (None, 4));
        assert_eq!(
            said[1..],
            [
                "refused workers 7: the run is ending",
                "mark: x",
                "refused reset: the run is ending"
            ]
        );
    }

    #[test]
    fn a_command_is_applied_once_however_often_it_is_shown() {
        let mut o = Orders::new(Setpoints::default(), vec![]);
        let said = [Said {
            number: 1,
            who: Who::User,
            command: parse("workers +5").unwrap(),
        }];

        o.obey(Nanos::ZERO, &said, 10.0);
        o.obey(Nanos::ZERO, &said, 15.0);

        assert_eq!((o.set().asked, o.applied), (Some(15), 1));
    }

    #[test]
    fn of_too_many_events_the_first_and_the_last_are_kept_and_the_others_counted() {
        let mut o = Orders::new(Setpoints::default(), vec![]);
        let note = |o: &mut Orders, n: u64| o.note(Nanos::from_secs(n), Who::Engine, format!("event {n}"));
        (1..=1000).for_each(|n| note(&mut o, n));
        let full = o.notices();
        (1001..=1503).for_each(|n| note(&mut o, n));
        let kept = o.notices();

        assert!(full.len() == 1000 && full[999].what == "event 1000");
        assert_eq!((o.noted, kept.len()), (1503, 1000));
        assert_eq!((kept[9].what.as_str(), kept[999].what.as_str()), ("event 10", "event 1503"));
        // 1503 events, 10 + 989 of them kept
        assert_eq!(kept[10].what, "504 events until here are left out");
        assert_eq!((kept[10].at, kept[11].what.as_str()), (Nanos::from_secs(514), "event 515"));
    }
}
