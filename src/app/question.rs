//! Before the first request: what is going on, and the one question that Enter answers with yes.

use crate::link::Far;
use crate::model::command::Command;
use crate::model::run::{EndedBy, RunInfo};
use crate::model::setpoints::Setpoints;
use crate::model::units::Nanos;
use crate::telemetry::frame::{Frame, Phase};
use std::future::poll_fn;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

/// What the user said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// Enter.
    Yes,
    /// Leave.
    No(EndedBy),
    /// Nothing yet.
    Nothing,
}

/// Speaks to the front end while there is no conductor.
pub(super) struct Foyer<'a> {
    far: &'a Far,
    info: RunInfo,
    set: Setpoints,
    seq: u64,
    heard: u64,
    tried: Nanos,
}

impl<'a> Foyer<'a> {
    pub(super) fn new(far: &'a Far, info: RunInfo, set: Setpoints) -> Self {
        Self {
            far,
            info,
            set,
            seq: 1,
            heard: 0,
            tried: Nanos::ZERO,
        }
    }

    /// So long nothing has answered.
    pub(super) fn tried_for(&mut self, time: Nanos) {
        self.tried = time;
    }

    /// Facts that became known.
    pub(super) fn learn(&mut self, change: impl FnOnce(&mut RunInfo, &mut Setpoints)) {
        change(&mut self.info, &mut self.set);
    }

    /// What is known, and the last command heard here, for the conductor.
    pub(super) fn leave(self) -> (RunInfo, Setpoints, u64) {
        (self.info, self.set, self.heard)
    }

    /// Shows what is going on.
    pub(super) fn show(&mut self, what: &str, asking: bool) {
        self.publish(Phase::Ready, Some(what.to_owned()), asking, None);
    }

    /// Shows a question until it is answered.
    pub(super) fn ask(&mut self, question: &str) -> Said {
        self.show(question, true);
        loop {
            match self.listen() {
                Said::Nothing => std::thread::sleep(Duration::from_millis(20)),
                answer => return answer,
            }
        }
    }

    /// Waits for `long`, or until the user leaves or wants it now.
    pub(super) fn wait(&mut self, long: Duration) -> Said {
        for _ in 0..long.as_millis().div_ceil(20) {
            match self.listen() {
                Said::Nothing => std::thread::sleep(Duration::from_millis(20)),
                answer => return answer,
            }
        }
        Said::Nothing
    }

    /// Runs `what` to its end, or until the user leaves. The inner error: how.
    ///
    /// # Errors
    /// There is no runtime for it.
    pub(super) fn until<T>(&mut self, what: impl Future<Output = T>) -> io::Result<Result<T, EndedBy>> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(runtime.block_on(async {
            let (mut what, mut left) = (pin!(what), pin!(self.left()));
            poll_fn(|cx| match what.as_mut().poll(cx) {
                Poll::Ready(done) => Poll::Ready(Ok(done)),
                Poll::Pending => left.as_mut().poll(cx).map(Err),
            })
            .await
        }))
    }

    /// Waits until the user leaves.
    async fn left(&mut self) -> EndedBy {
        let mut desk = self.far.desk.clone();
        loop {
            if let Said::No(by) = self.listen() {
                return by;
            }
            if desk.changed().await.is_err() {
                return EndedBy::Quit;
            }
        }
    }

    /// The newest word on the desk; a front end that has gone away means no.
    pub(super) fn listen(&mut self) -> Said {
        if self.far.desk.has_changed().is_err() {
            return Said::No(EndedBy::Quit);
        }
        let desk = self.far.desk.borrow();
        let fresh = desk.recent.iter().filter(|n| n.number > self.heard).map(|n| match n.command {
            Command::Quit | Command::QuitNow => Said::No(EndedBy::Quit),
            Command::Signal => Said::No(EndedBy::Signal),
            Command::Resume => Said::Yes,
            _ => Said::Nothing,
        });
        let words: Vec<Said> = fresh.filter(|s| *s != Said::Nothing).collect();
        // A second Ctrl-C asks for more haste, not for another end.
        let signal = words.iter().find(|s| **s == Said::No(EndedBy::Signal));
        let answer = *signal.or(words.last()).unwrap_or(&Said::Nothing);
        self.heard = desk.last;
        answer
    }

    /// The run ends before it began.
    pub(super) fn end(mut self, by: Option<EndedBy>) {
        self.publish(Phase::Done, None, false, by);
    }

    /// Commands heard here are not for the conductor.
    fn publish(&mut self, phase: Phase, question: Option<String>, asking: bool, ended_by: Option<EndedBy>) {
        self.seq += 1;
        let (run, setpoints) = (Arc::new(self.info.clone()), self.set.clone());
        let frame = Frame {
            seq: self.seq,
            applied: self.heard,
            phase,
            question,
            asking,
            ended_by,
            at: if phase == Phase::Done { self.tried } else { Nanos::ZERO },
            run,
            setpoints,
            valid: true,
            ..Frame::default()
        };
        self.far.frames.send_replace(Arc::new(frame));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::Link;
    use crate::model::notice::Who;

    #[test]
    fn enter_is_yes_and_leaving_is_no() {
        let (link, far) = Link::pair(Frame::default());
        let mut foyer = Foyer::new(&far, RunInfo::default(), Setpoints::default());

        link.send(Who::User, Command::Resume);
        assert_eq!(foyer.ask("load it anyway?"), Said::Yes);
        assert!(link.frame().asking && link.frame().question.as_deref() == Some("load it anyway?"));

        link.send(Who::User, Command::Signal);
        assert_eq!(foyer.listen(), Said::No(EndedBy::Signal));
        assert_eq!(foyer.listen(), Said::Nothing, "each word counts once");

        link.send(Who::User, Command::Signal);
        link.send(Who::User, Command::QuitNow);
        assert_eq!(foyer.listen(), Said::No(EndedBy::Signal), "Ctrl-C twice");
    }

    #[test]
    fn a_front_end_that_is_gone_means_no() {
        let (link, far) = Link::pair(Frame::default());
        drop(link);

        assert_eq!(
            Foyer::new(&far, RunInfo::default(), Setpoints::default()).ask("?"),
            Said::No(EndedBy::Quit)
        );
    }
}
