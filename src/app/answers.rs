//! `sim answers`: how often verdict, knee and advice are right, over all cores, as text or JSON.

use super::Stop;
use super::bakeoff::{pretty, print, wants_json};
use super::pool::{self, Pool};
use super::signals::Signals;
use crate::answer;
use crate::cli::AnswersArgs;
use crate::report::answers;
use crate::sim::answers::{Exam, Said};
use crate::telemetry::frame::Frame;

/// Runs it; returns the exit code.
pub(super) fn run(args: &AnswersArgs) -> Result<u8, Stop> {
    let json = wants_json(args.told.output_format, "sim answers")?;
    let exam = Exam::new(args.runs, args.seed, args.draw).map_err(Stop::usage)?;
    let signals = Signals::install(false).map_err(Stop::fault)?;
    let pool = Pool {
        name: "answers",
        threads: pool::cores(),
        quiet: args.told.quiet,
        signals: &signals,
    };
    let work = exam.clone();
    let outcome = pool.run(&exam.weights(), move |i| work.run(i, said))?;
    let result = exam.result(&outcome.done);
    let text = if json {
        pretty(&answers::json(&result))
    } else {
        answers::text(&result)
    };
    Ok(print(&text).unwrap_or(outcome.signal.unwrap_or(0)))
}

/// What the closing text of this frame says.
fn said(f: &Frame) -> Said {
    let verdict = answer::verdict(f);
    let knee = f.knee.as_ref();
    Said {
        code: verdict.code.name(),
        sentence: verdict.sentence,
        knee: knee.map(|k| (k.lo, k.hi)),
        advice: answer::advice(f).map(|a| (a.rate_rps, a.p99)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::answer::Code;
    use crate::sim::answers::verdicts;
    use crate::sim::plants::{NAMES, Recipe};

    #[test]
    fn every_right_verdict_is_a_word_of_the_closed_set() {
        let codes = [
            Code::RateLimited,
            Code::Undecided,
            Code::Drifting,
            Code::Collapses,
            Code::Saturated,
        ];
        let words = codes.map(Code::name);
        for name in NAMES.into_iter().filter(|n| *n != "huge") {
            let right = verdicts(&Recipe::named(name).unwrap());

            assert!(
                !right.is_empty() && right.iter().all(|r| words.contains(r)),
                "{name} {right:?}"
            );
        }
    }

    #[test]
    fn one_run_is_judged_by_what_its_closing_text_says() {
        let exam = Exam::new(1, 5, 0).unwrap();

        let all = exam.result(&[Some(exam.run(0, said))]);

        assert_eq!((all.runs, all.total.marks.verdict.of), (1, 1));
        assert_eq!(all.total.marks.verdict.right, 1, "mmc saturates: {:?}", all.misses);
    }
}
