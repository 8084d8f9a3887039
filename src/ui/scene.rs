//! One picture's inputs: the frame, the screen's state, and what follows from both.
//! It refuses to draw.

use super::memo::Memo;
use super::state::Model;
use super::theme::Theme;
use crate::answer::{Advice, Verdict};
use crate::model::arrival::Process;
use crate::model::promise::Promise;
use crate::model::setpoints::{LoadModel, Mode, ProcessVariable};
use crate::telemetry::frame::{Frame, Phase};

/// How much the terminal has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Size {
    /// Three lines.
    Tiny,
    /// One column of panes.
    Small,
    /// Two columns of panes.
    Medium,
    /// The same, roomier.
    Large,
}

impl Size {
    /// The size class of a terminal.
    pub(super) fn of(width: u16, height: u16) -> Self {
        match (width, height) {
            (150.., 40..) => Self::Large,
            (100.., 30..) => Self::Medium,
            (60.., 16..) => Self::Small,
            _ => Self::Tiny,
        }
    }
}

/// Everything a widget may look at.
pub(super) struct Scene<'a> {
    /// The run.
    pub(super) frame: &'a Frame,
    /// The screen.
    pub(super) model: &'a Model,
    /// The words of the second row.
    pub(super) verdict: &'a Verdict,
    /// What to configure.
    pub(super) advice: Option<&'a Advice>,
    /// Room there is.
    pub(super) size: Size,
    /// What the last pictures have worked out already.
    pub(super) memo: &'a Memo,
}

impl Scene<'_> {
    /// Colours and glyphs.
    pub(super) fn theme(&self) -> Theme {
        self.model.theme
    }

    /// Arrivals come at their own times.
    pub(super) fn open(&self) -> bool {
        self.frame.setpoints.model == LoadModel::Open || self.mode() == Mode::Slo
    }

    /// What `slo` keeps.
    pub(super) fn promise(&self) -> Option<Promise> {
        let (f, slo) = (self.frame, self.mode() == Mode::Slo);
        f.slo.as_ref().map(|s| s.promise).or(f.setpoints.promise).filter(|_| slo)
    }

    /// Rate and process of the open traffic that is offered now, a check included.
    pub(super) fn offered(&self) -> Option<(f64, Process)> {
        let (f, set) = (self.frame, &self.frame.setpoints);
        if let Some(check) = f.check.filter(|c| !c.over) {
            return Some((check.rate, Process::Poisson));
        }
        match (&f.slo, set.mode) {
            (Some(slo), Mode::Slo) => Some((slo.rate, set.arrivals)),
            _ => set.rate.filter(|_| self.open()).map(|r| (r, set.arrivals)),
        }
    }

    /// `closed` or `open`.
    pub(super) fn loop_word(&self) -> &'static str {
        if self.open() { "open" } else { "closed" }
    }

    /// The law in force.
    pub(super) fn mode(&self) -> Mode {
        self.frame.setpoints.mode
    }

    /// Nothing has been sent yet.
    pub(super) fn ready(&self) -> bool {
        self.frame.phase == Phase::Ready && self.frame.columns.is_empty()
    }

    /// The latency that is aimed at, s, and what it is called: the target of `hold`, the limit of `slo`.
    pub(super) fn latency_aim(&self) -> Option<(&'static str, f64)> {
        let limit = self.promise().map(|p| ("limit", p.main().limit.secs()));
        limit.or_else(|| self.target(ProcessVariable::is_latency).map(|t| ("target", t)))
    }

    /// What the law aims at, where its variable is of a kind.
    pub(super) fn target(&self, kind: impl Fn(ProcessVariable) -> bool) -> Option<f64> {
        let target = self.frame.setpoints.aim()?;
        kind(target.variable).then_some(target.value)
    }

    /// Anything went wrong so far.
    pub(super) fn errors(&self) -> u64 {
        let b = &self.frame.books;
        b.bad_status + b.failed + b.unsent
    }

    /// `MANUAL 200 (auto wants 156)` while the user holds an automatic law's workers.
    pub(super) fn override_words(&self) -> Option<String> {
        let set = &self.frame.setpoints;
        let asked = set.asked.filter(|_| set.overridden())?;
        let wants = self.frame.control.wants;
        Some(if wants.is_finite() && wants > 0.0 {
            format!("MANUAL {asked} (auto wants {wants:.0})")
        } else {
            format!("MANUAL {asked}")
        })
    }
}
