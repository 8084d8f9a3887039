//! One worker's place: where it is, since when, until when, and what it is told out of turn.
//! It refuses to act: the worker and its lane's beat do.

use crate::model::arrival::Arrival;
use crate::model::units::Nanos;
use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Poll, Waker};

/// Where a worker is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// There is none.
    #[default]
    Away,
    /// Between exchanges.
    Ready,
    /// Paused or thinking: any change of orders may concern it.
    Waiting,
    /// After a failed connect.
    Backing,
    /// Before its turn to start or to dial.
    Queueing,
    /// Open model: no arrival waits for it.
    Idle,
    /// Open model: it was given an arrival and has not begun with it.
    Called,
    /// In an exchange, not yet sent.
    Dialling,
    /// In an exchange, sent.
    Sent,
}

/// Why a worker was woken out of turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mark {
    /// Its deadline has passed.
    Expired,
    /// The run is being cut off.
    Cut,
    /// Orders have changed: look again.
    Stir,
    /// It is to panic, for a drill.
    Fault,
}

/// One worker's place, kept when the worker leaves and given to the next. Shared by the worker and its lane's beat.
///
/// In the order written: what an exchange touches fills one cache line, for at ten thousand connections each line is
/// fetched from far away.
#[derive(Debug, Default)]
#[repr(C, align(64))]
pub(super) struct Slot {
    pub(super) since: Cell<Nanos>,    // begin of the exchange
    pub(super) deadline: Cell<Nanos>, // of the exchange
    /// Its place in the lane, from 0: a worker with a higher place leaves first.
    pub(super) index: u32,
    pub(super) stage: Cell<Stage>,
    pub(super) mark: Cell<Option<Mark>>,
    dismissed: Cell<bool>,          // it has idled long enough
    arrival: Cell<Option<Arrival>>, // given and not begun

    // The rest is for who comes and goes, and for the beat.
    pub(super) rest: Cell<Nanos>,             // no new worker before
    pub(super) waker: RefCell<Option<Waker>>, // set once by its worker: a task's waker does not change
}

impl Slot {
    /// An empty place.
    pub(super) fn at(index: u32) -> Self {
        Self {
            index,
            ..Self::default()
        }
    }

    /// A worker moves in; call once from its task.
    pub(super) async fn enter(&self) {
        poll_fn(|cx| {
            *self.waker.borrow_mut() = Some(cx.waker().clone());
            self.stage.set(Stage::Ready);
            Poll::Ready(())
        })
        .await;
    }

    /// Polls `future` until it is done or the beat marks this slot. Takes it pinned, for an argument by value would be kept
    /// twice in the task.
    pub(super) fn watch<F: Future>(&self, mut future: Pin<&mut F>) -> impl Future<Output = Result<F::Output, Mark>> {
        poll_fn(move |cx| match self.mark.get() {
            None => future.as_mut().poll(cx).map(Ok),
            Some(Mark::Fault) => panic!("a fault was asked for"),
            Some(mark) => {
                self.mark.set(None);
                Poll::Ready(Err(mark))
            }
        })
    }

    /// The same outside an exchange, where the beat sees it in `stage`. `None`: it was disturbed.
    pub(super) async fn rest<F: Future>(&self, stage: Stage, future: F) -> Option<F::Output> {
        self.stage.set(stage);
        let output = self.watch(pin!(future)).await.ok();
        self.stage.set(Stage::Ready);
        output
    }

    /// Waits without an arrival since `now` until one is given. False: it was disturbed, and may have been given one too.
    pub(super) async fn idle(&self, now: Nanos) -> bool {
        self.since.set(now);
        let given = poll_fn(|_| if self.called() { Poll::Ready(()) } else { Poll::Pending });
        self.rest(Stage::Idle, given).await.is_some()
    }

    /// Gives it an arrival.
    pub(super) fn call(&self, arrival: Arrival) {
        self.arrival.set(Some(arrival));
        self.stage.set(Stage::Called);
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }

    /// An arrival was given.
    pub(super) fn called(&self) -> bool {
        self.arrival.get().is_some()
    }

    /// The arrival that was given.
    pub(super) fn given(&self) -> Option<Arrival> {
        self.arrival.take()
    }

    /// It has idled long enough: it may go.
    pub(super) fn dismiss(&self) {
        self.dismissed.set(true);
        self.wake(Mark::Stir);
    }

    /// Whether it was told so.
    pub(super) fn dismissed(&self) -> bool {
        self.dismissed.take()
    }

    /// Where the worker is.
    pub(super) fn stage(&self) -> Stage {
        self.stage.get()
    }

    /// Begin of the exchange under way, or of idling.
    pub(super) fn since(&self) -> Nanos {
        self.since.get()
    }

    /// In an exchange.
    pub(super) fn busy(&self) -> bool {
        matches!(self.stage.get(), Stage::Dialling | Stage::Sent)
    }

    /// Wakes it out of turn; a cut is not overwritten.
    pub(super) fn wake(&self, mark: Mark) {
        if self.mark.get() != Some(Mark::Cut) {
            self.mark.set(Some(mark));
        }
        if let Some(waker) = self.waker.borrow().as_ref() {
            waker.wake_by_ref();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_touches_one_cache_line_of_its_slot() {
        assert_eq!((align_of::<Slot>(), size_of::<Slot>()), (64, 128));
        assert!(std::mem::offset_of!(Slot, rest) <= 64);
    }
}
