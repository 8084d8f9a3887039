use super::*;
use crate::model::arrival::Process;
use crate::model::command::parse;
use crate::model::units::Nanos;

fn said(history: &mut History, text: &str) -> Result<String, String> {
    history.apply(&parse(text).unwrap(), 30.0).map(Option::unwrap_or_default)
}

#[test]
fn a_guard_is_set_lifted_and_undone() {
    let mut h = History::new(Setpoints::default());

    assert_eq!(said(&mut h, "guard errors>20%").unwrap(), "pause when errors>20% for 1 s");
    said(&mut h, "guard off").unwrap();
    assert_eq!(h.now().guard, None);
    assert_eq!(
        said(&mut h, "undo").unwrap(),
        "undid guard off: pause when errors>20% for 1 s"
    );
    assert_eq!(h.now().guard, crate::model::expr::Expr::parse("errors>20%").ok());
}

#[test]
fn undo_restores_the_exact_value_and_redo_brings_it_back() {
    let mut h = History::new(Setpoints::default());
    said(&mut h, "mode hold").unwrap();
    said(&mut h, "sp p99=25ms").unwrap();
    said(&mut h, "sp *1.05").unwrap();
    let moved = h.now().clone();

    said(&mut h, "undo").unwrap();
    assert_eq!(h.now().target.unwrap().value, 0.025);

    said(&mut h, "redo").unwrap();
    assert_eq!(*h.now(), moved);
    assert!(said(&mut h, "redo").unwrap_err().contains("nothing"));
}

#[test]
fn a_step_back_names_what_it_undid_once_and_none_says_so() {
    let mut h = History::new(Setpoints::default());
    assert_eq!(said(&mut h, "undo").unwrap_err(), "nothing to undo");

    said(&mut h, "workers 20").unwrap();
    assert_eq!(said(&mut h, "undo").unwrap(), "undid workers 20: workers automatic");
    assert_eq!(said(&mut h, "redo").unwrap(), "did again workers 20: workers 20");
    assert_eq!(said(&mut h, "undo").unwrap(), "undid workers 20: workers automatic");
    assert_eq!(said(&mut h, "undo").unwrap_err(), "nothing to undo");
}

#[test]
fn bounds_that_cannot_be_and_a_policy_without_a_queue_claim_nothing() {
    let mut h = History::new(Setpoints::default());
    let mut told = |text: &str, most| {
        let present = Present {
            most,
            ..Present::default()
        };
        h.apply(&parse(text).unwrap(), present).map(Option::unwrap_or_default)
    };

    let refused = told("bounds 1..9000", Some(4096)).unwrap_err();
    assert_eq!(
        refused,
        "no more than 4096 workers fit in this run (start it with --max-workers 9000)"
    );
    assert!(told("bounds 1..4096", Some(4096)).is_ok() && told("bounds 1..9000", None).is_ok());
    assert!(told("overflow reject", None).unwrap().contains("once the model is open"));
    told("rate 100", None).unwrap();
    assert_eq!(told("overflow block", None).unwrap(), "full queue: block");
}

#[test]
fn a_target_where_nothing_aims_at_one_is_refused_and_changes_nothing() {
    for mode in ["manual", "max", "aimd", "climb", "vegas", "gradient"] {
        let mut h = History::new(Setpoints::default());
        said(&mut h, &format!("mode {mode}")).unwrap();
        let before = h.now().clone();
        for text in ["sp p99=25ms", "sp *2"] {
            let why = said(&mut h, text).unwrap_err();
            assert!(why.starts_with(&format!("no target in {mode}: m chooses hold")), "{why}");
        }
        assert_eq!(*h.now(), before, "{mode}");
    }
    let mut h = History::new(Setpoints::default());
    said(&mut h, "mode classic").unwrap();
    assert!(said(&mut h, "sp p99=25ms").unwrap_err().contains("sp rps=400"));
    assert_eq!(said(&mut h, "sp rps=400").unwrap(), "target rps=400");
}

#[test]
fn a_pause_in_a_pause_and_a_resume_without_one_claim_nothing() {
    let mut h = History::new(Setpoints::default());

    let told = ["resume", "pause", "pause", "resume"].map(|text| said(&mut h, text).unwrap());

    assert_eq!(
        told,
        [
            "not paused",
            "paused: no new request is sent",
            "paused already",
            "resumed: sending again"
        ]
    );
}

#[test]
fn workers_override_an_automatic_mode_until_auto() {
    let mut h = History::new(Setpoints::default());

    said(&mut h, "workers +10%").unwrap();
    assert_eq!((h.now().asked, h.now().overridden()), (Some(33), true));

    said(&mut h, "auto").unwrap();
    assert_eq!((h.now().asked, h.now().mode), (None, Mode::Max));
    assert!(said(&mut h, "auto").is_err());
}

#[test]
fn auto_in_manual_returns_to_the_last_automatic_mode() {
    let mut h = History::new(Setpoints::default());
    for text in ["mode hold", "mode manual", "auto"] {
        said(&mut h, text).unwrap();
    }

    assert_eq!(h.now().mode, Mode::Hold);
}

#[test]
fn a_promise_brings_open_traffic_and_undo_takes_it_back() {
    let mut h = History::new(Setpoints::default());
    assert!(said(&mut h, "mode slo").unwrap_err().contains("slo p99<80ms"));

    said(&mut h, "slo p99<80ms, errors<1%").unwrap();
    let open = (h.now().mode, h.now().model, h.now().arrivals);
    said(&mut h, "sp *1.05").unwrap();
    assert_eq!(h.now().promise.unwrap().limit(), Nanos::from_millis(84));
    said(&mut h, "sp p95=60ms").unwrap();
    assert_eq!(h.now().aim().unwrap().to_string(), "p95=60ms");
    assert!(said(&mut h, "sp rps=400").unwrap_err().contains("sp p99=60ms"));

    assert_eq!(open, (Mode::Slo, LoadModel::Open, Process::Poisson));
    assert_eq!(said(&mut h, "undo").unwrap(), "undid sp p95=60ms: p99 < 84ms, errors < 1%");
    said(&mut h, "mode max").unwrap();
    assert_eq!(h.now().model, LoadModel::Closed);
    said(&mut h, "mode slo").unwrap();
    assert_eq!(h.now().model, LoadModel::Open, "the promise is remembered");
}

#[test]
fn a_refused_command_changes_nothing() {
    let mut h = History::new(Setpoints::default());
    let before = h.now().clone();

    assert!(said(&mut h, "sp *2").is_err());
    assert!(said(&mut h, "workers 99999").is_err());
    assert!(said(&mut h, "model open").is_err());

    assert_eq!(*h.now(), before);
    assert!(said(&mut h, "undo").is_err(), "and left nothing to undo");
}

#[test]
fn gains_and_knobs_stay_in_range() {
    let mut h = History::new(Setpoints::default());

    said(&mut h, "gain ki = 5").unwrap();
    assert_eq!(said(&mut h, "set kappa +3").unwrap(), "thrift 0.1 → 0.5");

    assert_eq!((h.now().gains.ki, h.now().knobs.kappa), (0.9, 0.5));
}
