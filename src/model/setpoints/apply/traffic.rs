//! Going open, going closed, and the rate in between.
//! It refuses to jump: each model begins with what the other had in force.

use super::{Present, change_mode, moved};
use crate::model::arrival::Process;
use crate::model::command::Change;
use crate::model::format::quantity;
use crate::model::setpoints::{LoadModel, Mode, Setpoints};

/// Goes open at this rate: the user moves it, and the workers are a limit.
pub(super) fn open(set: &mut Setpoints, rate: f64) -> String {
    set.staged = false;
    if set.model == LoadModel::Closed || set.mode == Mode::Slo {
        // There is nothing that `manual` needs.
        let _ = change_mode(set, Mode::Manual);
        set.model = LoadModel::Open;
        set.asked = Some(set.bounds.max);
    }
    set.rate = Some(rate);
    format!("{}/s, open model", quantity(rate))
}

/// Share of what closed workers get that open traffic begins with: it does not wait for answers.
const OPEN_SHARE: f64 = 0.75;

/// Goes open below what the closed workers get, with no more of them than there are.
///
/// # Errors
/// Nothing was answered lately.
pub(super) fn open_from(set: &mut Setpoints, present: &Present) -> Result<String, String> {
    let rate = Some(present.recent_rate).filter(|r| *r > 0.0);
    let rate = rate.ok_or("there are no good answers yet to take a rate from (say rate 400)")?;
    let rate = (OPEN_SHARE * rate * 10.0).round() / 10.0;
    let said = open(set, rate.max(0.1));
    let most = (present.workers.ceil().max(1.0) as u32).clamp(set.bounds.min, set.bounds.max);
    set.asked = Some(most);
    Ok(format!("{said} at 75 % of what was answered, at most {most} in flight"))
}

/// Goes closed with as many workers as there are exchanges in flight.
pub(super) fn close(set: &mut Setpoints, present: &Present) -> String {
    set.staged = false;
    if set.model == LoadModel::Closed {
        return "closed model already".into();
    }
    let here = u32::try_from(present.in_flight).unwrap_or(u32::MAX);
    set.asked = Some(here.clamp(set.bounds.min, set.bounds.max));
    set.model = LoadModel::Closed;
    set.rate = None;
    format!("closed model with {} workers", set.asked.unwrap_or(1))
}

/// The model that a mode brings with it, in words: `slo` is open traffic, where constant gaps would flatter; the others
/// are closed, `manual` as it was unless it follows `slo`.
pub(super) fn enter(set: &mut Setpoints, before: Mode) -> &'static str {
    if set.mode != Mode::Slo {
        let leaves = before == Mode::Slo && set.model == LoadModel::Open;
        if leaves {
            set.model = LoadModel::Closed;
        }
        return if leaves { ", closed model" } else { close_for_law(set) };
    }
    (set.model, set.rate) = (LoadModel::Open, None);
    if before != Mode::Slo && set.arrivals == Process::Constant {
        set.arrivals = Process::Poisson;
    }
    ", open model"
}

/// An automatic law acts on closed workers only; says so where it ends the open model.
pub(super) fn close_for_law(set: &mut Setpoints) -> &'static str {
    if set.model == LoadModel::Closed || matches!(set.mode, Mode::Manual | Mode::Slo) {
        return "";
    }
    set.model = LoadModel::Closed;
    set.rate = None;
    ", closed model again"
}

/// The rate as told, or moved from where it is; in the closed model from the good rate.
///
/// # Errors
/// There is nothing to start from, or it is out of range.
pub(super) fn change_rate(set: &mut Setpoints, by: Change, present: &Present) -> Result<String, String> {
    let here = set.rate.filter(|_| set.model == LoadModel::Open);
    let base = here.or(Some(present.good_rate).filter(|r| *r > 0.0));
    let rate = match (by, base) {
        (Change::To(rate), _) => rate,
        (by, Some(base)) => moved(base, base, by),
        (_, None) => return Err("there is no rate to start from (say rate 400)".into()),
    };
    if !(rate > 0.0 && rate <= 1e7) {
        return Err(format!("a rate of {rate} is out of range (above 0, to 10M a second)"));
    }
    let most = present.most_rate;
    let bold = if most > 0.0 && rate > 1.02 * most {
        format!(", more than was ever answered ({}/s)", quantity(most))
    } else {
        String::new()
    };
    Ok(format!("rate {}{bold}", open(set, rate)))
}

#[cfg(test)]
mod tests {
    use super::super::History;
    use super::*;
    use crate::model::command::parse;

    fn applied(h: &mut History, text: &str) -> Result<String, String> {
        let present = Present {
            workers: 30.0,
            good_rate: 520.0,
            in_flight: 12,
            recent_rate: 500.0,
            most_rate: 700.0,
            ..Present::default()
        };
        h.apply(&parse(text).unwrap(), present).map(Option::unwrap_or_default)
    }

    #[test]
    fn a_rate_goes_open_by_hand_with_the_bound_as_limit_and_undo_goes_back() {
        let mut h = History::new(Setpoints::default());
        let before = h.now().clone();

        applied(&mut h, "rate *2").unwrap();
        let open = h.now().clone();
        assert_eq!(
            (open.model, open.rate, open.mode, open.asked),
            (LoadModel::Open, Some(1040.0), Mode::Manual, Some(4096))
        );
        applied(&mut h, "rate /4").unwrap();
        assert_eq!(h.now().rate, Some(260.0));

        applied(&mut h, "undo").unwrap();
        applied(&mut h, "undo").unwrap();
        assert_eq!(*h.now(), before);
    }

    #[test]
    fn models_are_left_with_what_is_in_force() {
        let mut h = History::new(Setpoints::default());
        assert!(
            h.apply(&parse("rate *2").unwrap(), 30.0).unwrap_err().contains("rate 400"),
            "nothing was answered"
        );

        let said = applied(&mut h, "model open").unwrap();
        assert_eq!(
            (h.now().rate, h.now().asked),
            (Some(375.0), Some(30)),
            "open traffic does not wait"
        );
        assert_eq!(said, "375/s, open model at 75 % of what was answered, at most 30 in flight");
        applied(&mut h, "model closed").unwrap();
        assert_eq!(
            (h.now().model, h.now().rate, h.now().asked),
            (LoadModel::Closed, None, Some(12))
        );
    }

    #[test]
    fn a_rate_above_all_that_was_answered_is_said_to_be_so() {
        let mut h = History::new(Setpoints::default());

        let said = applied(&mut h, "rate 900").unwrap();
        assert!(said.ends_with(", more than was ever answered (700/s)"), "{said}");
        assert!(!applied(&mut h, "rate 700").unwrap().contains("ever"));
    }

    #[test]
    fn a_searching_mode_ends_the_open_model_and_says_so() {
        for text in ["mode max", "mode hold", "auto"] {
            let mut h = History::new(Setpoints::default());
            applied(&mut h, "rate 100").unwrap();

            let said = applied(&mut h, text).unwrap();

            assert!(said.contains("closed model"), "{said}");
            assert_eq!(
                (h.now().model, h.now().rate, h.now().asked),
                (LoadModel::Closed, None, None),
                "{text}"
            );
        }
    }
}
