//! Scores of experiments in virtual time, as plain figures: the simulator makes them, reports print them.
//! They know no plant and no law, and judge nothing.

mod hold;

pub use hold::{Beyond, HoldCell};

/// One controller on one plant: medians over the seeds, and the 90th percentile where it says so.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// Name of the plant.
    pub plant: &'static str,
    /// Name of the controller.
    pub controller: &'static str,
    /// Runs it rests on, ≥ 1.
    pub seeds: u32,
    /// Good answers lost against the best fixed worker count, as a fraction of those; negative where it did better.
    pub regret: f64,
    /// The same, 90th percentile.
    pub regret_p90: f64,
    /// Seconds until the exact rate at its workers is 95 % of the best and stays there; `None` for never.
    pub t5: Option<f64>,
    /// The same, 90th percentile.
    pub t5_p90: Option<f64>,
    /// As `regret`, over the last 15 s.
    pub steady_loss: f64,
    /// Workers over the last 10 s, as a multiple of the knee.
    pub n_over_knee: f64,
    /// Most workers of any run over the knee in force then: the worst of the seeds, since a median hides a runaway.
    pub peak_over_knee: f64,
    /// 99th percentile of the last 20 s, as a multiple of that at the knee; `None` where nothing was answered.
    pub p99_over_knee: Option<f64>,
    /// The plant changes half way.
    pub changes: bool,
    /// As `t5`, from the change on; `None` for never, and where nothing changes.
    pub recovery: Option<f64>,
    /// The same, 90th percentile.
    pub recovery_p90: Option<f64>,
}

/// Controllers against plants.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bakeoff {
    /// Plants asked for, in order.
    pub plants: Vec<&'static str>,
    /// Controllers asked for, in order.
    pub controllers: Vec<&'static str>,
    /// Runs a cell that were asked for.
    pub seeds: u32,
    /// How far rates and delays were moved, in [0, 0.9].
    pub jitter: f64,
    /// Finished cells, plant by plant; fewer than plants × controllers when it was interrupted.
    pub cells: Vec<Cell>,
    /// How `hold` keeps its targets; `None` where it was not asked for.
    pub setpoints: Option<Vec<HoldCell>>,
}

impl Bakeoff {
    /// The cell of a plant and a controller, if it is finished.
    pub fn cell(&self, plant: &str, controller: &str) -> Option<&Cell> {
        self.cells.iter().find(|c| c.plant == plant && c.controller == controller)
    }
}

/// So many of so many.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Share {
    /// Right ones.
    pub right: u32,
    /// All that were judged.
    pub of: u32,
}

impl Share {
    /// Counts one more; `None` was not judged.
    pub fn count(&mut self, right: Option<bool>) {
        self.right += u32::from(right == Some(true));
        self.of += u32::from(right.is_some());
    }

    /// As a fraction in [0, 1]; `None` where nothing was judged.
    pub fn fraction(self) -> Option<f64> {
        (self.of > 0).then(|| f64::from(self.right) / f64::from(self.of))
    }
}

/// How often answers were right.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// The verdict at the end, of all runs.
    pub verdict: Share,
    /// The verdict when it was first given, of the runs that were answered.
    pub first: Share,
    /// Answered within 8 s or 32,000 answers, whichever takes longer, of all runs.
    pub soon: Share,
    /// Answered within 15 s or 60,000 answers, whichever takes longer, of all runs.
    pub in_time: Share,
    /// The knee's interval, of the runs that named one.
    pub knee: Share,
    /// The advised rate, of the runs that gave one.
    pub advice: Share,
}

/// What is told of a group of runs: all of them, those of a kind of plant, or those of one plant.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// How often it was right.
    pub marks: Marks,
    /// Per run: most workers over the knee in force then.
    pub peaks: Vec<f64>,
    /// Per run: when it was answered, s; `None` for never.
    pub answered: Vec<Option<f64>>,
    /// Per run that named a knee: most over fewest workers of its interval.
    pub widths: Vec<f64>,
}

impl Group {
    /// Runs in it.
    pub fn runs(&self) -> u32 {
        self.marks.verdict.of
    }

    /// Most workers over the knee in any run; `None` without one.
    pub fn peak(&self) -> Option<f64> {
        self.peaks.iter().copied().max_by(f64::total_cmp)
    }

    /// Median of most over fewest workers of the knees' intervals; `None` without one.
    pub fn width(&self) -> Option<f64> {
        let mut sorted = self.widths.clone();
        sorted.sort_by(f64::total_cmp);
        sorted.get(sorted.len() / 2).copied()
    }

    /// When the share `of` in (0, 1] of the runs were answered, s, by nearest rank; `None` where so many never were.
    pub fn answered_by(&self, of: f64) -> Option<f64> {
        let mut sorted: Vec<f64> = self.answered.iter().map(|t| t.unwrap_or(f64::INFINITY)).collect();
        sorted.sort_by(f64::total_cmp);
        let rank = (of * sorted.len() as f64).ceil().max(1.0) as usize;
        sorted.get(rank - 1).copied().filter(|t| t.is_finite())
    }
}

/// One statement that was wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miss {
    /// Name of the plant.
    pub plant: String,
    /// Seed of the run.
    pub seed: u64,
    /// What was said.
    pub said: String,
    /// What is so.
    pub truth: String,
}

/// Answers against the truth, over many runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Answers {
    /// Runs asked for.
    pub wanted: u32,
    /// Runs judged; fewer than wanted when it was interrupted.
    pub runs: u32,
    /// How far rates and delays were moved, as a fraction.
    pub jitter: f64,
    /// Over all plants.
    pub total: Group,
    /// Per kind of plant, in order.
    pub classes: Vec<(&'static str, Group)>,
    /// Per plant, in order.
    pub plants: Vec<(String, Group)>,
    /// Of the plants drawn at random: name, and the command that runs it.
    pub drawn: Vec<(String, String)>,
    /// Every wrong statement, in the order of the runs.
    pub misses: Vec<Miss>,
}

/// How a search for a promise ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Confirmed.
    Holds,
    /// Said to be impossible.
    Missed,
    /// Neither, in the time it had.
    Undecided,
}

/// One search for a promise against the highest rate that keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Seed of the run.
    pub seed: u64,
    /// What was to be kept.
    pub promise: String,
    /// Highest rate that keeps it, 1/s.
    pub truth: f64,
    /// The answer and the half width of its 95 % interval, 1/s.
    pub answer: Option<(f64, f64)>,
    /// How it ended.
    pub outcome: Outcome,
    /// Share of bad arrivals while it was confirmed, over the share allowed.
    pub bad: Option<f64>,
    /// When it was confirmed, s.
    pub at: Option<f64>,
    /// Ticks with more in flight than allowed.
    pub over_cap: u64,
}

impl Kept {
    /// (answer − truth)/truth.
    pub fn error(&self) -> Option<f64> {
        self.answer.map(|(rate, _)| rate / self.truth - 1.0)
    }
}

/// Searches for promises over many runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Promises {
    /// Runs asked for.
    pub wanted: u32,
    /// How far rates and delays were moved, as a fraction.
    pub jitter: f64,
    /// Virtual time of a run, s.
    pub seconds: f64,
    /// Per plant, in order, its runs.
    pub plants: Vec<(&'static str, Vec<Kept>)>,
}

impl Promises {
    /// All runs judged.
    pub fn runs(&self) -> impl Iterator<Item = &Kept> + Clone {
        self.plants.iter().flat_map(|(_, runs)| runs)
    }
}
