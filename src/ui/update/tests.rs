//! Key scripts: keys in, commands and toasts out.

use super::*;
use crate::model::command::Change;
use crate::model::promise::Promise;
use crate::model::setpoints::{LoadModel, Mode, ProcessVariable, Setpoint, Setpoints};
use crate::telemetry::column::Series;
use crate::ui::keymap;
use crate::ui::state::{Scale, Speech};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

fn model() -> Model {
    let speech = Speech {
        parse: |line, _| match line {
            "auto" => Ok(Command::Auto),
            "snapshot x.svg" => Ok(Command::Snapshot(Some("x.svg".into()))),
            other => Err(format!("{other:?} is not a command")),
        },
        print: |c| format!("{c:?}"),
    };
    Model::new(Theme::default(), speech)
}

/// Presses keys by name, separated by spaces; a `'word` types its letters.
fn press(model: &mut Model, frame: &Frame, script: &str) -> Vec<Effect> {
    let mut effects = Vec::new();
    for name in script.split(' ') {
        let letters = name.strip_prefix('\'');
        let keys: Vec<KeyEvent> = match letters {
            Some(word) => word
                .replace('_', " ")
                .chars()
                .map(|c| KeyEvent::from(KeyCode::Char(c)))
                .collect(),
            None => vec![key(name)],
        };
        for event in keys {
            if let Some(message) = keymap::message(model, &event) {
                effects.extend(update(model, message, frame));
            }
        }
    }
    effects
}

fn key(name: &str) -> KeyEvent {
    let code = match name {
        "space" => KeyCode::Char(' '),
        "Enter" => KeyCode::Enter,
        "Esc" => KeyCode::Esc,
        "Tab" => KeyCode::Tab,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "right" => KeyCode::Right,
        "PgUp" => KeyCode::PageUp,
        "^c" => return KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL),
        "^r" => return KeyEvent::new(KeyCode::Char('r'), KeyModifiers::CONTROL),
        one => KeyCode::Char(one.chars().next().unwrap()),
    };
    KeyEvent::from(code)
}

fn running(mode: Mode) -> Frame {
    let mut frame = Frame {
        phase: Phase::Run,
        setpoints: Setpoints {
            mode,
            ..Setpoints::default()
        },
        ..Frame::default()
    };
    frame.control.workers = 41.0;
    if mode == Mode::Hold {
        frame.setpoints.target = Some(Setpoint {
            variable: ProcessVariable::Quantile(0.99),
            value: 0.025,
        });
    }
    frame
}

fn sends(commands: &[Command]) -> Vec<Effect> {
    commands.iter().cloned().map(Effect::Send).collect()
}

#[test]
fn arrows_move_the_main_quantity_of_each_mode() {
    let mut open = running(Mode::Manual);
    open.setpoints.model = crate::model::setpoints::LoadModel::Open;
    for (frame, command) in [
        (running(Mode::Max), Command::Set("thrift", Change::By(0.02))),
        (running(Mode::Hold), Command::SetpointTimes(1.05)),
        (running(Mode::Manual), Command::Workers(Change::By(4.0))),
        (open, Command::Rate(Change::Times(1.05))),
    ] {
        assert_eq!(press(&mut model(), &frame, "up"), sends(&[command]));
    }
}

/// A frame in the open model at some rate.
fn open() -> Frame {
    let mut frame = running(Mode::Manual);
    frame.setpoints.model = LoadModel::Open;
    frame.setpoints.rate = Some(1_400.0);
    frame
}

fn promise(text: &str) -> Promise {
    Promise::parse(text).unwrap()
}

#[test]
fn arrows_move_the_limit_of_the_promise_and_leave_its_other_terms() {
    let mut frame = running(Mode::Slo);
    frame.setpoints.promise = Some(promise("p99<80ms,errors<0.1%"));
    let mut m = model();

    let nudged = press(&mut m, &frame, "up");

    assert_eq!(nudged, sends(&[Command::Slo(promise("p99<84ms,errors<0.1%"))]));
    assert!(
        m.toast
            .unwrap()
            .text
            .starts_with("promise p99 < 80ms, errors < 0.1% → p99 < 84ms")
    );
    let halved = press(&mut model(), &frame, "{");
    assert_eq!(halved, sends(&[Command::Slo(promise("p99<53.3ms,errors<0.1%"))]));
}

#[test]
fn slo_in_the_menu_asks_for_the_promise_first() {
    let (mut m, frame) = (model(), running(Mode::Max));
    m.speech.parse = |line, _| crate::model::command::parse(line);
    m.screen = Screen::Modes {
        at: crate::ui::menu::place(Mode::Slo),
    };

    assert_eq!(press(&mut m, &frame, "Enter"), []);
    assert!(matches!(&m.screen, Screen::Prompt { input, .. } if input.value() == "slo p99<80ms"));
    assert_eq!(press(&mut m, &frame, "Enter"), sends(&[Command::Slo(promise("p99<80ms"))]));
    assert!(matches!(m.screen, Screen::Plain));
}

#[test]
fn the_menu_changes_between_open_and_closed() {
    for (frame, other) in [(running(Mode::Max), LoadModel::Open), (open(), LoadModel::Closed)] {
        let mut m = model();
        m.screen = Screen::Modes { at: 4 };

        assert_eq!(press(&mut m, &frame, "Enter"), sends(&[Command::Model(other)]));
    }
}

#[test]
fn v_verifies_a_knee_and_says_why_it_cannot() {
    let mut known = running(Mode::Max);
    known.knee = Some(crate::telemetry::curve::Knee {
        workers: 41,
        lo: 38,
        hi: 45,
        good_rps: 1662.0,
        ci95_rps: None,
        p50: None,
        p99: None,
        best_workers: 49,
        best_rps: 1689.0,
        usl: None,
    });
    let mut m = model();

    assert_eq!(
        press(&mut m, &known, "v"),
        sends(&[Command::Verify(0.75, Nanos::from_secs(20))])
    );
    assert_eq!(
        m.toast.unwrap().text,
        "verifying 75 % of the knee's rate as open traffic, 20 s"
    );
    let mut m = model();
    assert_eq!(press(&mut m, &running(Mode::Max), "v"), []);
    assert!(m.toast.unwrap().text.contains("no knee yet"));
}

#[test]
fn o_cycles_what_a_full_queue_does_in_the_open_model_alone() {
    let mut m = model();

    let sent = press(&mut m, &open(), "o o o");

    use crate::model::demand::Overflow::{Block, Drop, Reject};
    assert_eq!(sent, sends(&[Reject, Block, Drop].map(Command::Overflow)));
    let mut m = model();
    assert_eq!(press(&mut m, &running(Mode::Max), "o"), []);
    assert!(m.toast.unwrap().alarm);
}

#[test]
fn l_goes_through_the_series_and_shift_l_splits() {
    let (mut m, frame) = (model(), running(Mode::Max));

    press(&mut m, &frame, "l l");
    assert_eq!((m.series, m.split), (Series::Wait, false));
    press(&mut m, &frame, "L");
    assert_eq!((m.series, m.split), (Series::Wait, true));
    press(&mut m, &frame, "l");
    assert_eq!((m.series, m.split), (Series::Wait, false), "out of the split view first");
    press(&mut m, &frame, "l l l");
    assert_eq!(m.series, Series::Response);
}

#[test]
fn a_nudge_is_said_with_its_undo_and_adds_up_before_it_is_in_force() {
    let (mut m, frame) = (model(), running(Mode::Hold));

    press(&mut m, &frame, "up up");

    assert_eq!(m.toast.unwrap().text, "p99 target 26 → 28 ms  (u undo)");
}

#[test]
fn a_held_key_leaves_at_most_four_steps_on_the_desk() {
    let (mut m, frame) = (model(), running(Mode::Max));
    let mut taken = 0;
    for _ in 0..50 {
        let n = press(&mut m, &frame, "+").len() as u64;
        taken += n;
        if n > 0 {
            let number = m.sent + 1;
            update(&mut m, Message::Sent(Some(number)), &frame);
        }
    }
    assert_eq!(taken, 4);
}

#[test]
fn workers_by_hand_say_how_to_give_control_back() {
    let (mut m, frame) = (model(), running(Mode::Max));

    let effects = press(&mut m, &frame, "+ a");

    assert_eq!(effects, sends(&[Command::Workers(Change::By(1.0)), Command::Auto]));
    assert_eq!(m.toast.unwrap().text, "max has control again");
}

#[test]
fn the_second_q_ends_at_once_and_ctrl_c_is_a_signal() {
    let frame = running(Mode::Max);
    assert_eq!(press(&mut model(), &frame, "q q"), sends(&[Command::Quit, Command::QuitNow]));
    assert_eq!(
        press(&mut model(), &frame, "^c ^c"),
        sends(&[Command::Signal, Command::QuitNow])
    );
    let mut m = model();
    press(&mut m, &frame, "Q");
    assert!(m.leave);
}

#[test]
fn space_pauses_and_resumes_even_before_the_pause_is_in_force() {
    assert_eq!(
        press(&mut model(), &running(Mode::Max), "space space"),
        sends(&[Command::Pause, Command::Resume])
    );
}

#[test]
fn enter_answers_the_question_or_zooms() {
    let asking = Frame {
        asking: true,
        ..Frame::default()
    };
    assert_eq!(press(&mut model(), &asking, "Enter"), sends(&[Command::Resume]));

    let mut m = model();
    press(&mut m, &running(Mode::Max), "6 Enter");
    assert!(m.zoomed && m.focus == Pane::Curve);
    press(&mut m, &running(Mode::Max), "Esc");
    assert!(!m.zoomed);
}

#[test]
fn the_mode_menu_chooses_the_next_line() {
    let mut m = model();
    let effects = press(&mut m, &running(Mode::Max), "m down down Enter");
    assert_eq!(effects, sends(&[Command::Mode(Mode::Hold)]));
    assert!(matches!(m.screen, Screen::Plain));
}

#[test]
fn the_school_is_behind_more_and_takes_two_enters() {
    let mut m = model();
    assert_eq!(
        press(&mut m, &running(Mode::Max), "m down down down down down Enter"),
        sends(&[])
    );
    assert!(matches!(m.screen, Screen::Modes { .. }), "the list is open now");

    let effects = press(&mut m, &running(Mode::Max), "down Enter");

    assert_eq!(effects, sends(&[Command::Mode(Mode::Climb)]));
}

#[test]
fn knobs_change_sideways() {
    let effects = press(&mut model(), &running(Mode::Max), "g down right");
    assert_eq!(effects, sends(&[Command::Set("patience", Change::By(1.0))]));
}

#[test]
fn a_bad_line_stays_with_its_reason_and_a_good_one_is_sent_and_recalled() {
    let (mut m, frame) = (model(), running(Mode::Max));

    assert_eq!(press(&mut m, &frame, ": 'autq Enter"), []);
    assert!(matches!(&m.screen, Screen::Prompt { error: Some(e), .. } if e.contains("autq")));
    press(&mut m, &frame, "Esc");

    assert_eq!(press(&mut m, &frame, ": 'auto Enter"), sends(&[Command::Auto]));
    assert_eq!(press(&mut m, &frame, ": up Enter"), sends(&[Command::Auto]));
}

#[test]
fn a_snapshot_is_the_screens_own_work() {
    let (mut m, frame) = (model(), running(Mode::Max));
    assert_eq!(press(&mut m, &frame, "s"), [Effect::SaveSnapshot(None)]);
    assert_eq!(
        press(&mut m, &frame, ": 'snapshot_x.svg Enter"),
        [Effect::SaveSnapshot(Some("x.svg".into()))]
    );
    update(&mut m, Message::Saved(Ok("run.svg".into())), &frame);
    assert_eq!(m.toast.unwrap().text, "saved run.svg");
}

#[test]
fn a_bookmark_has_a_text_and_pasted_text_presses_no_keys() {
    let (mut m, frame) = (model(), running(Mode::Max));
    assert_eq!(update(&mut m, Message::Paste("qqq".into()), &frame), []);
    assert!(!m.quitting);

    press(&mut m, &frame, "b 'back");
    update(&mut m, Message::Paste("up\nq".into()), &frame);
    assert_eq!(press(&mut m, &frame, "Enter"), sends(&[Command::Mark("backup".into())]));
}

#[test]
fn a_toast_leaves_after_two_seconds() {
    let (mut m, frame) = (model(), running(Mode::Max));
    press(&mut m, &frame, "up");
    let seen = m.revision;

    update(&mut m, Message::Tick(Nanos::from_millis(1_999)), &frame);
    assert!(m.toast.is_some());
    update(&mut m, Message::Tick(Nanos::from_secs(2)), &frame);

    assert!(m.toast.is_none() && m.revision > seen);
}

#[test]
fn view_keys_change_the_view_alone() {
    let (mut m, frame) = (model(), running(Mode::Max));
    assert_eq!(press(&mut m, &frame, "f n c t Tab w W z e ?"), []);
    assert!(m.frozen && m.scale == Scale::Count && m.theme.ground == Ground::Light);
    assert!(matches!(m.screen, Screen::Help { .. }));
    press(&mut m, &frame, "/ 'zoom Enter Esc");
    assert!(matches!(m.screen, Screen::Plain));
}

#[test]
fn undo_and_redo_are_commands() {
    assert_eq!(
        press(&mut model(), &running(Mode::Max), "u ^r"),
        sends(&[Command::Undo, Command::Redo])
    );
}
