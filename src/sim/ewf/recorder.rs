//! Columns as the experiment goes: counts of short slots, samples at even times, latencies where they end.

use crate::model::units::Nanos;
use crate::telemetry::flow::{Column, Histogram, Moment, Samples};

/// Slots of a column, in which events are counted: enough for a p10 and a p90.
const SLOTS: usize = 100;
/// Samples of the queue in a column: enough for a p99.
const SAMPLES: usize = 1000;

/// The life of a task.
pub(super) struct Done {
    /// The source wanted to send it.
    pub(super) wanted: Nanos,
    /// It was taken in.
    pub(super) at: Nanos,
    /// A consumer took it.
    pub(super) start: Nanos,
    /// It was done.
    pub(super) done: Nanos,
}

/// What goes into one column but counts.
#[derive(Default)]
struct Slice {
    queue: Samples,
    slip: Samples,
    wait: Histogram,
    service: Histogram,
    response: Histogram,
}

/// Everything measured so far.
pub(super) struct Recorder {
    /// Length of a slot.
    slot: Nanos,
    /// Between two samples.
    step: Nanos,
    next: Nanos,
    sent: Vec<u32>,
    completed: Vec<u32>,
    refused: Vec<u32>,
    slices: Vec<Slice>,
}

impl Recorder {
    /// For `columns` equal columns of `length` in all, which must divide evenly into slots and samples.
    pub(super) fn new(length: Nanos, columns: usize) -> Self {
        let part = |n: usize| Nanos::new(length.ns() / (columns * n) as u64);
        let slots = || vec![0; columns * SLOTS];
        Self {
            slot: part(SLOTS),
            step: part(SAMPLES),
            next: Nanos::new(part(SAMPLES).ns() / 2),
            sent: slots(),
            completed: slots(),
            refused: slots(),
            slices: std::iter::repeat_with(Slice::default).take(columns).collect(),
        }
    }

    /// The next moment to be sampled, when it is not after `now`.
    pub(super) fn due(&self, now: Nanos) -> Option<Nanos> {
        (self.next <= now).then_some(self.next)
    }

    /// The queue and the slip at that moment.
    pub(super) fn sample(&mut self, at: Nanos, waiting: usize, slip: Nanos) {
        self.next = at + self.step;
        let column = self.slot_of(at) / SLOTS;
        self.slices[column].queue.record(waiting as f64);
        self.slices[column].slip.record(slip.secs());
    }

    /// The source sent a task.
    pub(super) fn sent(&mut self, at: Nanos) {
        let slot = self.slot_of(at);
        self.sent[slot] += 1;
    }

    /// It was shed or rejected.
    pub(super) fn refused(&mut self, at: Nanos) {
        let slot = self.slot_of(at);
        self.refused[slot] += 1;
    }

    /// A task was done.
    pub(super) fn done(&mut self, task: &Done) {
        let slot = self.slot_of(task.done);
        self.completed[slot] += 1;
        let slice = &mut self.slices[slot / SLOTS];
        slice.wait.record((task.start - task.at).secs());
        slice.service.record((task.done - task.start).secs());
        slice.response.record((task.done - task.wanted).secs());
    }

    fn slot_of(&self, at: Nanos) -> usize {
        ((at.ns() / self.slot.ns()) as usize).min(self.sent.len() - 1)
    }

    /// All columns; `moment` knows the law at a share of the slide.
    pub(super) fn columns(self, moment: impl Fn(f64) -> Moment) -> Vec<Column> {
        let (slot, n) = (self.slot.secs(), self.slices.len());
        let rates = |counts: &[u32], i: usize| -> Samples {
            let slots = &counts[i * SLOTS..(i + 1) * SLOTS];
            slots.iter().map(|c| f64::from(*c) / slot).collect()
        };
        let (sent, completed, refused) = (&self.sent, &self.completed, &self.refused);
        let column = |(i, slice): (usize, Slice)| {
            let law = moment((i as f64 + 0.5) / n as f64);
            Column {
                from: (i * SLOTS) as f64 * slot,
                to: ((i + 1) * SLOTS) as f64 * slot,
                alpha: law.alpha,
                mean_service: law.mean_service,
                arrivals: rates(sent, i),
                completions: rates(completed, i),
                refusals: rates(refused, i),
                queue: slice.queue,
                slip: slice.slip,
                wait: slice.wait,
                service: slice.service,
                response: slice.response,
            }
        };
        self.slices.into_iter().enumerate().map(column).collect()
    }
}
