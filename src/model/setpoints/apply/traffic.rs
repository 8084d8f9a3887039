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
    Ok(format!("rate {}", open(set, rate)))
}

#[cfg(test)]
mod tests {
    use super::super::History;
    use super::*;
    use crate::model::command::parse;

    fn applied(h: &mut History, text: &str) -> Result<String, String> {
        let present = Present {
            workers: 30.0,
            good_rate: 500.0,
            in_flight: 12,
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
            (LoadModel::Open, Some(1000.0), Mode::Manual, Some(4096))
        );
        applied(&mut h, "rate /4").unwrap();
        assert_eq!(h.now().rate, Some(250.0));

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

        applied(&mut h, "model open").unwrap();
        assert_eq!(h.now().rate, Some(500.0));
        applied(&mut h, "model closed").unwrap();
        assert_eq!(
            (h.now().model, h.now().rate, h.now().asked),
            (LoadModel::Closed, None, Some(12))
        );
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
