//! What was judged bad, in words.

use crate::model::format::count;
use crate::telemetry::frame::Frame;

/// A kind that is so rare among the others is not named.
const RARE: f64 = 0.05;
/// Most kinds that are named.
const NAMED: usize = 3;

/// The statuses and classes of what was bad, the most frequent first: `503, then timeout_head, on `; empty: nothing was.
pub(super) fn named(f: &Frame) -> String {
    let statuses = f.totals.status.iter().filter(|(s, n)| f.run.bad(*s) && *n > 0);
    let classes = f.totals.errors.iter().filter(|(_, n)| *n > 0);
    let mut kinds: Vec<(String, u64)> = statuses.map(|(s, n)| (s.to_string(), *n)).collect();
    kinds.extend(classes.map(|(class, n)| (class.name().to_owned() + &answered(f), *n)));
    kinds.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    let all: u64 = kinds.iter().map(|(_, n)| n).sum();
    kinds.retain(|(_, n)| *n as f64 >= RARE * all as f64);
    let names: Vec<String> = kinds.into_iter().take(NAMED).map(|(name, _)| name).collect();
    match &names[..] {
        [] => String::new(),
        [only] => format!("{only} on "),
        several => format!("{}, on ", several.join(", then ")),
    }
}

/// Where nothing was whole: what the heads said.
fn answered(f: &Frame) -> String {
    let heads = f.totals.status.iter().max_by_key(|(_, n)| *n);
    match heads.filter(|(s, _)| f.books.ok + f.books.bad_status == 0 && !f.run.bad(*s)) {
        Some((status, n)) => format!(" ({} began with {status})", count(*n)),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::failure::Failure;
    use crate::model::run::RunInfo;
    use std::sync::Arc;

    fn frame(good: &[(u16, u16)], status: &[(u16, u64)], errors: &[(Failure, u64)]) -> Frame {
        let mut f = Frame {
            run: Arc::new(RunInfo {
                good: good.to_vec(),
                ..RunInfo::default()
            }),
            ..Frame::default()
        };
        f.totals.status = status.to_vec();
        f.totals.errors = errors.to_vec();
        f.books.ok = status.iter().filter(|(s, _)| !f.run.bad(*s)).map(|(_, n)| n).sum();
        f
    }

    #[test]
    fn what_was_judged_bad_is_named_the_most_frequent_first() {
        let mixed = [(Failure::TimeoutHead, 30), (Failure::Reset, 1)];

        let plain = named(&frame(&[], &[(200, 99), (404, 10), (503, 60)], &mixed));
        let expected = named(&frame(&[(404, 404)], &[(200, 99), (404, 10)], &[]));
        let allowed = named(&frame(&[(200, 399), (503, 503)], &[(200, 1), (503, 99)], &[]));

        assert_eq!(plain, "503, then timeout_head, then 404, on ");
        assert_eq!((expected.as_str(), allowed.as_str()), ("200 on ", ""));
    }

    #[test]
    fn an_answer_that_broke_off_is_named_with_the_status_it_began_with() {
        let mut f = frame(&[], &[(200, 40)], &[(Failure::ShortBody, 40)]);
        f.books.ok = 0;

        assert_eq!(named(&f), "short_body (40 began with 200) on ");
    }
}
