//! What flags come to together: a warm-up that leaves something to measure, a `-c` that is kept or not.

use super::RunArgs;
use super::job::time;
use crate::model::setpoints::{Mode, Setpoints};
use crate::model::units::Nanos;

pub(super) fn warmup(args: &RunArgs) -> Result<Nanos, String> {
    match args.warmup.as_deref() {
        Some("0" | "0s") => Ok(Nanos::ZERO),
        text => Ok(time(text, "--warmup")?.unwrap_or(Nanos::ZERO)),
    }
}

/// Something is left to measure after the warm-up.
///
/// # Errors
/// A sentence naming the remedy.
pub fn measured(warmup: Nanos, duration: Option<Nanos>) -> Result<(), String> {
    match duration {
        Some(whole) if warmup > Nanos::ZERO && warmup >= whole => Err(format!(
            "--warmup {warmup} leaves nothing of the {whole} of the run to measure (say -z {} or a shorter --warmup)",
            warmup + whole
        )),
        _ => Ok(()),
    }
}

/// `-c` beside a bound is where the search starts, and no count to keep.
pub(super) fn note(args: &RunArgs, set: &Setpoints, workers: Option<u32>) -> Option<String> {
    let (n, bounded) = (workers?, args.min_workers.is_some() || args.max_workers.is_some());
    (bounded && args.mode.is_none() && set.mode == Mode::Max).then(|| {
        format!("mode max: with a bound the search starts at -c {n} and goes where more is answered (for {n} all the time: --mode manual)")
    })
}
