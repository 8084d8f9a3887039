//! How worker counts compare while target and machine move: ln X of each visit is the count's own plus a level that walks.
//! Only ratios can be told apart from the level; it gives no rate of its own.

mod filter;
mod movement;
mod step;
#[cfg(test)]
mod tests;

pub use filter::Ratios;
pub use movement::Movement;
pub use step::LevelStep;

/// Shortest piece of a visit, s. Bursts of a neighbour take as long: at twice it a level that moved within a piece passes
/// for noise.
const PIECE: f64 = 0.5;
/// Good answers that close a piece: ln of fewer is biased by more than half a percent. At twice it slow targets have too
/// few pieces to tell a walk from noise.
const ANSWERS: f64 = 100.0;
/// A piece is closed after this long, s, with however few answers.
const LONGEST: f64 = 5.0;
/// Most pieces; then neighbours of one visit are merged. 480 are four minutes at full resolution.
const PIECES: usize = 480;

/// Settled evidence for one worker count without another in between.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    workers: u32,
    /// Since run start, s.
    from: f64,
    to: f64,
    /// Evidence between, s, ≤ to − from.
    span: f64,
    /// Good answers.
    ok: f64,
    /// The first piece after the workers came here.
    first: bool,
}

impl Piece {
    fn middle(&self) -> f64 {
        f64::midpoint(self.from, self.to)
    }

    fn is_closed(&self, width: f64) -> bool {
        self.span >= width - 1e-6 && (self.ok >= ANSWERS || self.span >= LONGEST)
    }

    /// ln of the good rate, free of the bias of a small count; `None` without a good answer.
    fn ln_rate(&self, dispersion: f64) -> Option<f64> {
        (self.ok >= 1.0).then(|| (self.ok / self.span).ln() + 0.5 * (dispersion / self.ok).min(1.0))
    }

    fn absorb(&mut self, next: &Self) {
        self.to = next.to;
        self.span += next.span;
        self.ok += next.ok;
    }
}

/// All visits since the last change, in order, in pieces. At most 480 of them.
#[derive(Clone, Debug)]
pub struct Visits {
    pieces: Vec<Piece>,
    width: f64,
}

impl Default for Visits {
    fn default() -> Self {
        Self {
            pieces: Vec::new(),
            width: PIECE,
        }
    }
}

impl Visits {
    /// Adds `ok` good answers in `span` seconds of settled evidence that ended `now`, in seconds since run start.
    /// True when a piece was begun: what the visits say has changed.
    pub fn add(&mut self, workers: u32, ok: u64, now: f64, span: f64) -> bool {
        let tick = Piece {
            workers,
            from: now - span,
            to: now,
            span,
            ok: ok as f64,
            first: true,
        };
        let width = self.width;
        match self.pieces.last_mut() {
            Some(last) if last.workers == workers && !last.is_closed(width) => {
                last.absorb(&tick);
                return false;
            }
            Some(last) => {
                let first = last.workers != workers;
                self.pieces.push(Piece { first, ..tick });
            }
            None => self.pieces.push(tick),
        }
        if self.pieces.len() > PIECES {
            self.thin();
        }
        true
    }

    /// What was measured before these visits joins them, as if nothing had changed between.
    pub fn join(&mut self, mut earlier: Self) {
        earlier.pieces.append(&mut self.pieces);
        earlier.width = earlier.width.max(self.width);
        *self = earlier;
        if self.pieces.len() > PIECES {
            self.thin();
        }
    }

    /// Forgets a worker count.
    pub fn drop(&mut self, workers: u32) {
        self.pieces.retain(|p| p.workers != workers);
    }

    /// Neighbours of one visit become one, until half the room is free or every visit is one piece; the oldest visits go
    /// where that is not enough.
    fn thin(&mut self) {
        self.width *= 2.0;
        let mut out: Vec<Piece> = Vec::with_capacity(PIECES);
        for p in self.pieces.drain(..) {
            match out.last_mut() {
                Some(last) if last.workers == p.workers && !p.first && last.span < self.width - 1e-6 => last.absorb(&p),
                _ => out.push(p),
            }
        }
        let spare = out.len().saturating_sub(PIECES * 3 / 4);
        out.drain(..spare);
        self.pieces = out;
    }

    /// Every count against `reference`; `noise` is the variance of ln X that `ok` answers of a count leave, times ok.
    pub fn ratios(&self, reference: u32, noise: impl Fn(u32) -> f64 + Copy) -> Ratios {
        filter::ratios(&self.pieces, reference, &self.movement(noise), noise)
    }

    /// The clearest step of the level, with the rate of `reference` before it.
    pub fn step(&self, reference: u32, noise: impl Fn(u32) -> f64 + Copy) -> Option<LevelStep> {
        step::step(&self.pieces, &self.ratios(reference, noise), noise)
    }

    /// How the level moves, as these visits show it.
    pub fn movement(&self, noise: impl Fn(u32) -> f64 + Copy) -> Movement {
        movement::of(&self.pieces, noise)
    }
}
