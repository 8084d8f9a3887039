//! Bytes in, keys out: what terminals send, what nobody should, and every split of both.

use super::*;
use crate::ui::theme::Ground;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use proptest::collection::vec;
use proptest::prelude::*;

/// All at once, and then a second of silence.
fn heard(bytes: &[u8]) -> Vec<Input> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.feed(Nanos::ZERO, bytes, &mut out);
    decoder.idle(LONGEST, &mut out);
    out
}

fn key(code: KeyCode, held: KeyModifiers) -> Input {
    Input::Key(KeyEvent::new(code, held))
}

fn letter(c: char) -> Input {
    key(KeyCode::Char(c), KeyModifiers::NONE)
}

#[test]
fn keys_are_what_terminals_send_for_them() {
    const NONE: KeyModifiers = KeyModifiers::NONE;
    const CTRL: KeyModifiers = KeyModifiers::CONTROL;
    for (bytes, code, held) in [
        (&b"q"[..], KeyCode::Char('q'), NONE),
        (b"Q", KeyCode::Char('Q'), KeyModifiers::SHIFT),
        (b"\r", KeyCode::Enter, NONE),
        (b"\n", KeyCode::Char('j'), CTRL),
        (b"\t", KeyCode::Tab, NONE),
        (b"\x7f", KeyCode::Backspace, NONE),
        (b"\x03", KeyCode::Char('c'), CTRL),
        (b"\0", KeyCode::Char(' '), CTRL),
        (b"\x1c", KeyCode::Char('4'), CTRL),
        (b"\x1b", KeyCode::Esc, NONE),
        (b"\x1bx", KeyCode::Char('x'), KeyModifiers::ALT),
        (b"\xc3\xa9", KeyCode::Char('é'), NONE),
        (b"\xe6\xbc\xa2", KeyCode::Char('漢'), NONE),
        (b"\xf0\x9f\x98\x80", KeyCode::Char('😀'), NONE),
        (b"\x1b[A", KeyCode::Up, NONE),
        (b"\x1bOB", KeyCode::Down, NONE),
        (b"\x1b[1;5C", KeyCode::Right, CTRL),
        (b"\x1b[1;2:1D", KeyCode::Left, KeyModifiers::SHIFT),
        (b"\x1b[H", KeyCode::Home, NONE),
        (b"\x1b[4~", KeyCode::End, NONE),
        (b"\x1b[3;5~", KeyCode::Delete, CTRL),
        (b"\x1b[5~", KeyCode::PageUp, NONE),
        (b"\x1b[6~", KeyCode::PageDown, NONE),
        (b"\x1b[Z", KeyCode::BackTab, KeyModifiers::SHIFT),
        (b"\x1bOP", KeyCode::F(1), NONE),
        (b"\x1b[11~", KeyCode::F(1), NONE),
        (b"\x1b[[A", KeyCode::F(1), NONE),
        (b"\x1b[24~", KeyCode::F(12), NONE),
        (b"\x1bOM", KeyCode::Enter, NONE),
        (b"\x1b[27u", KeyCode::Esc, NONE),
        (b"\x1b[99;5u", KeyCode::Char('c'), CTRL),
        (b"\x1b[27;5;99~", KeyCode::Char('c'), CTRL),
        (b"\x1b[113;2u", KeyCode::Char('Q'), KeyModifiers::SHIFT),
    ] {
        assert_eq!(heard(bytes), [key(code, held)], "{}", bytes.escape_ascii());
    }
}

#[test]
fn replies_reports_and_what_is_let_go_are_no_keys() {
    for bytes in [
        &b"\x1bP>|xterm-q(370)q\x1b\\"[..],
        b"\x1bP1+r5463=q\x07",
        b"\x1b]10;rgb:ffff/ffff/ffff\x1b\\",
        b"\x1b]52;c;cXFx\x07",
        b"\x1b_Gi=1;q\x1b\\",
        b"\x1b^q\x1b\\",
        b"\x1bXq\x1b\\",
        b"\x1b[?2026;2$y",
        b"\x1b[>41;370;0c",
        b"\x1b[?1049l",
        b"\x1b[12;40R",
        b"\x1b[I",
        b"\x1b[O",
        b"\x1b[113;1:3u",
        b"\x1b[57441;2u",
        // A mouse that another program left on.
        b"\x1b[<0;10;20M",
        b"\x1b[<0;10;20m",
        b"\x1b[M qq",
        b"\x1b[0;10;20M",
        // The keypad where it sends sequences: 1 ends in q.
        b"\x1bOq",
        // Nobody types these.
        b"\xc2\x9b",
        b"\x80\xbf\xff\xc0\xf5",
        b"\xed\xa0\x80",
        b"\xf4\xbf\xbf\xbf",
    ] {
        assert_eq!(heard(bytes), [], "{}", bytes.escape_ascii());
    }
    assert_eq!(
        heard(b"\x1b]11;rgb:ffff/ffff/ffff\x07\x1b[?62;22c"),
        [Input::Background(Ground::Light), Input::Attributes]
    );
}

/// Every kind of beginning without an end.
const UNFINISHED: [&[u8]; 16] = [
    b"\x1b[",
    b"\x1b[?62;",
    b"\x1b[?2026;2$",
    b"\x1b[200~abc",
    b"\x1b[200~abc\x1b[201",
    b"\x1bO",
    b"\x1b]",
    b"\x1b]11;rgb:ffff/ff",
    b"\x1b]11;rgb:ffff/ffff/ffff\x1b",
    b"\x1bP>|xterm",
    b"\x1b_G",
    b"\x1b^",
    b"\x1bX",
    b"\x1b[M",
    b"\x1b[[",
    b"\xf0\x9f\x98",
];

#[test]
fn a_sequence_without_an_end_is_no_key_and_a_second_later_keys_are_keys() {
    for begun in UNFINISHED {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.feed(Nanos::ZERO, begun, &mut out);
        for ms in (0..1000).step_by(25) {
            decoder.idle(Nanos::from_millis(ms), &mut out);
        }
        assert_eq!(out, [], "{}", begun.escape_ascii());
        decoder.idle(LONGEST, &mut out);
        decoder.feed(LONGEST, b"q", &mut out);
        assert_eq!(out, [letter('q')], "{}", begun.escape_ascii());

        // The same where this process did not run in between.
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.feed(Nanos::ZERO, begun, &mut out);
        decoder.feed(LONGEST, b"q", &mut out);
        assert_eq!(out, [letter('q')], "{}", begun.escape_ascii());
    }
}

#[test]
fn letters_typed_slowly_into_a_sequence_do_not_prolong_it() {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.feed(Nanos::ZERO, b"\x1b]", &mut out);
    for ms in [300, 600, 900] {
        decoder.feed(Nanos::from_millis(ms), b"q", &mut out);
        decoder.idle(Nanos::from_millis(ms + 25), &mut out);
    }
    assert_eq!(out, []);
    decoder.idle(Nanos::from_millis(1000), &mut out);
    decoder.feed(Nanos::from_millis(1001), b"q", &mut out);
    assert_eq!(out, [letter('q')]);
}

#[test]
fn an_escape_alone_is_the_key_after_a_pause_and_not_before() {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.feed(Nanos::ZERO, b"\x1b", &mut out);
    decoder.idle(Nanos::from_millis(49), &mut out);
    assert_eq!(out, []);
    decoder.idle(ALONE, &mut out);
    assert_eq!(out, [key(KeyCode::Esc, KeyModifiers::NONE)]);

    // What came while nobody looked came together.
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.feed(Nanos::ZERO, b"\x1b", &mut out);
    decoder.feed(Nanos::from_millis(900), b"[A", &mut out);
    assert_eq!(out, [key(KeyCode::Up, KeyModifiers::NONE)]);
}

#[test]
fn an_escape_pressed_twice_is_two_and_the_next_key_is_itself() {
    let escape = || key(KeyCode::Esc, KeyModifiers::NONE);
    assert_eq!(heard(b"\x1b\x1b:"), [escape(), escape(), letter(':')]);
    assert_eq!(heard(b"\x1b\x1b[A"), [escape(), key(KeyCode::Up, KeyModifiers::NONE)]);
}

#[test]
fn ctrl_c_is_heard_within_every_sequence_but_a_paste() {
    let interrupt = key(KeyCode::Char('c'), KeyModifiers::CONTROL);
    for begun in UNFINISHED {
        let out = heard(&[begun, b"\x03"].concat());
        if begun.starts_with(b"\x1b[200~") {
            assert_eq!(out, []);
        } else {
            assert_eq!(out, std::slice::from_ref(&interrupt), "{}", begun.escape_ascii());
        }
    }
}

#[test]
fn a_sequence_that_is_too_long_is_swallowed_until_it_pauses() {
    for begun in [&b"\x1b[1"[..], b"\x1b]52;c;", b"\x1bP1"] {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.feed(Nanos::ZERO, &[begun, &[b';'; 100]].concat(), &mut out);
        decoder.idle(Nanos::from_millis(49), &mut out);
        decoder.feed(Nanos::from_millis(49), &[b'1'; 10], &mut out);
        decoder.idle(Nanos::from_millis(98), &mut out);
        assert_eq!(out, [], "{}", begun.escape_ascii());
        decoder.idle(Nanos::from_millis(99), &mut out);
        decoder.feed(Nanos::from_millis(99), b"q", &mut out);
        assert_eq!(out, [letter('q')], "{}", begun.escape_ascii());
    }
    // It ends where it ends, and means nothing.
    let long = [&b"\x1b[1;"[..], &[b'0'; 100], b"Aq"].concat();
    assert_eq!(heard(&long), [letter('q')]);
}

#[test]
fn a_paste_is_text_whatever_is_in_it_and_no_longer_than_a_line_takes() {
    let paste = |text: &str| [Input::Paste(text.to_owned()), letter('q')];
    assert_eq!(
        heard(b"\x1b[200~qq\x03\x1b[A\x1b[201\x1b[201~q"),
        paste("qq\x03\x1b[A\x1b[201")
    );
    assert_eq!(heard("\x1b[200~é\u{1b}\x1b[201~q".as_bytes()), paste("é\u{1b}"));

    let long = "é".repeat(PASTED);
    let whole = format!("\x1b[200~x{long}\x1b[201~q");
    let kept = format!("x{}", &long[..PASTED - 2]);
    assert_eq!(heard(whole.as_bytes()), paste(&kept));
}

const ENDS: [&[u8]; 7] = [b"\x1b\\", b"\x07", b"\x1b[201~", b"\x1b", b"q", b"A", b"~"];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(&UNFINISHED[..]).prop_map(<[u8]>::to_vec);
    let ends = prop::sample::select(&ENDS[..]);
    let piece = prop_oneof![
        3 => vec(any::<u8>(), 1..20),
        3 => known,
        3 => ends.prop_map(<[u8]>::to_vec),
        1 => vec(prop::sample::select(&b"0;:?$"[..]), 1..90),
    ];
    vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_split_means_the_same_and_little_is_kept(bytes in bytes(), cuts in vec(any::<prop::sample::Index>(), 0..20)) {
        let mut at: Vec<usize> = cuts.iter().map(|c| c.index(bytes.len() + 1)).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();

        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        for (k, pair) in at.windows(2).enumerate() {
            // Short pauses too, as long as nobody could take them for the end of an ESC.
            let now = Nanos::from_millis(k as u64);
            decoder.idle(now, &mut out);
            decoder.feed(now, &bytes[pair[0]..pair[1]], &mut out);
            let most = if matches!(decoder.state, State::Paste { .. }) { PASTED } else { MOST };
            prop_assert!(decoder.held.len() <= most);
        }
        decoder.idle(Nanos::from_secs(2), &mut out);

        prop_assert_eq!(out, heard(&bytes));
    }

    #[test]
    fn after_any_bytes_and_a_second_q_is_q(bytes in bytes()) {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.feed(Nanos::ZERO, &bytes, &mut out);
        decoder.idle(LONGEST, &mut out);
        out.clear();

        decoder.feed(LONGEST, b"q", &mut out);

        prop_assert_eq!(out, [letter('q')]);
    }

    #[test]
    fn nothing_between_the_beginning_of_a_text_and_its_end_is_a_key(
        begin in prop::sample::select(&b"]PX^_"[..]),
        text in vec(prop_oneof![4..7_u8, 0x20..0x7f_u8], 0..200),
        bell in any::<bool>(),
    ) {
        let end: &[u8] = if bell { b"\x07" } else { b"\x1b\\" };
        let all = [&[0x1b, begin], text.as_slice(), end, b"q"].concat();

        let keys: Vec<Input> = heard(&all).into_iter().filter(|i| matches!(i, Input::Key(_))).collect();

        prop_assert_eq!(keys, [letter('q')]);
    }
}
