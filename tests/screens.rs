//! The screen as it is drawn, against committed pictures in text with styles; and what must hold of every picture.
//! `UPDATE_SCREENS=1` rewrites the pictures; `CLOBBER_STILLS=DIR` writes SVG stills there.

#[path = "screens/dump.rs"]
mod dump;
#[path = "screens/flow.rs"]
mod flow;
#[path = "screens/open.rs"]
mod open;
#[path = "screens/overlays.rs"]
mod overlays;
#[path = "screens/sample.rs"]
mod sample;
#[path = "screens/scenes.rs"]
mod scenes;

use clobber::ui::state::Model;
use clobber::ui::theme::{Charset, Depth, Ground, Palette, Theme};
use clobber::ui::{still, view};
use dump::golden;
use overlays::overlays;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Color;
use sample::Scene;
use std::path::PathBuf;
use unicode_width::UnicodeWidthStr;

fn draw(scene: &Scene, model: &Model) -> Buffer {
    let mut buf = Buffer::empty(Rect::new(0, 0, model.size.0, model.size.1));
    view::draw_with(&scene.frame, model, &scene.verdict, scene.advice.as_ref(), &mut buf);
    buf
}

fn screen(scene: &Scene, size: (u16, u16), theme: Theme) -> Buffer {
    draw(scene, &Model::still(theme, size))
}

fn text(buf: &Buffer) -> Vec<String> {
    buf.content
        .chunks(usize::from(buf.area.width.max(1)))
        .map(|row| row.iter().map(|c| c.symbol()).collect())
        .collect()
}

fn themes() -> Vec<(&'static str, Theme)> {
    let (dark, light) = (Theme::on(Ground::Dark), Theme::on(Ground::Light));
    vec![
        ("dark", dark),
        ("light", light),
        (
            "256",
            Theme {
                depth: Depth::Indexed,
                ..dark
            },
        ),
        (
            "16",
            Theme {
                depth: Depth::Sixteen,
                ..dark
            },
        ),
        (
            "16-light",
            Theme {
                depth: Depth::Sixteen,
                ..light
            },
        ),
        (
            "no-colour",
            Theme {
                depth: Depth::None,
                ..dark
            },
        ),
        (
            "ascii",
            Theme {
                depth: Depth::None,
                charset: Charset::Ascii,
                ..dark
            },
        ),
        (
            "cividis",
            Theme {
                palette: Palette::Cividis,
                ..dark
            },
        ),
    ]
}

#[test]
fn max_looks_as_committed_at_every_size_dark_and_light() {
    for size in [(40, 10), (80, 24), (120, 35), (200, 50)] {
        for (name, theme) in themes().into_iter().take(2) {
            let buf = screen(&scenes::max(), size, theme);
            golden(&format!("max-{}x{}-{name}", size.0, size.1), &buf);
        }
    }
}

#[test]
fn max_looks_as_committed_without_true_colour() {
    for (name, theme) in themes().into_iter().skip(2).take(5) {
        golden(&format!("max-80x24-{name}"), &screen(&scenes::max(), (80, 24), theme));
    }
}

#[test]
fn other_states_look_as_committed() {
    for scene in [
        scenes::young(),
        scenes::hold(),
        scenes::overload(),
        scenes::asking(),
        scenes::refused(),
        scenes::stalled(),
    ] {
        golden(
            &format!("{}-120x35-dark", scene.name),
            &screen(&scene, (120, 35), Theme::default()),
        );
    }
    golden("hold-80x24-dark", &screen(&scenes::hold(), (80, 24), Theme::default()));
    golden(
        "overload-80x24-dark",
        &screen(&scenes::overload(), (80, 24), Theme::default()),
    );
}

#[test]
fn what_lies_over_the_panes_looks_as_committed() {
    for (name, model) in overlays(Theme::default(), (120, 35)).into_iter().take(6) {
        golden(&format!("{name}-120x35-dark"), &draw(&scenes::max(), &model));
    }
}

#[test]
fn every_size_draws_in_every_mode_with_glyphs_one_cell_wide() {
    let sizes = [
        (1, 1),
        (2, 3),
        (7, 2),
        (20, 5),
        (59, 16),
        (60, 16),
        (61, 17),
        (80, 24),
        (99, 30),
        (100, 30),
        (120, 35),
        (149, 41),
        (150, 40),
        (160, 44),
        (200, 50),
        (300, 100),
        (300, 4),
        (30, 100),
        (60, 100),
        (300, 16),
    ];
    for scene in scenes::all() {
        for (i, size) in sizes.into_iter().enumerate() {
            let all = themes();
            let (_, theme) = all[i % all.len()];
            let buf = screen(&scene, size, theme);
            for cell in &buf.content {
                assert_eq!(cell.symbol().width(), 1, "{} {size:?} {:?}", scene.name, cell.symbol());
            }
        }
    }
}

#[test]
fn every_overlay_pane_and_zoom_draws_at_every_size() {
    let scenes = [
        scenes::max(),
        scenes::overload(),
        scenes::hold(),
        scenes::broken_numbers(),
        scenes::empty(),
    ];
    for size in [(1, 1), (60, 16), (80, 24), (100, 30), (120, 35), (150, 40), (300, 100)] {
        for (i, (_, model)) in overlays(Theme::default(), size).into_iter().enumerate() {
            draw(&scenes[i % scenes.len()], &model);
            draw(&scenes[(i + 3) % scenes.len()], &model);
        }
    }
}

#[test]
fn ascii_sends_nothing_else_and_no_colour_none() {
    for scene in scenes::all() {
        for size in [(80, 24), (120, 35), (200, 50)] {
            let (_, theme) = themes()[6];
            for (_, model) in overlays(theme, size) {
                for cell in &draw(&scene, &model).content {
                    assert!(cell.symbol().is_ascii(), "{} {:?}", scene.name, cell.symbol());
                    assert_eq!((cell.fg, cell.bg), Default::default(), "{}", scene.name);
                }
            }
        }
    }
}

#[test]
fn few_colours_means_only_those() {
    for (name, theme) in themes() {
        let buf = screen(&scenes::max(), (120, 35), theme);
        for color in buf.content.iter().flat_map(|c| [c.fg, c.bg]) {
            let fine = match theme.depth {
                Depth::True => !matches!(color, Color::Indexed(_)),
                Depth::Indexed => matches!(color, Color::Reset | Color::Indexed(16..)),
                Depth::Sixteen => !matches!(color, Color::Indexed(_) | Color::Rgb(..)),
                Depth::None => color == Color::Reset,
            };
            assert!(fine, "{name} {color}");
        }
    }
}

#[test]
fn the_footer_keeps_help_and_quit_from_60_to_300_columns() {
    for scene in [scenes::max(), scenes::overload(), scenes::asking()] {
        for width in 60..=300 {
            let rows = text(&screen(&scene, (width, 30), Theme::default()));
            let footer = rows.last().unwrap().clone();
            assert!(
                footer.contains("? help") && footer.trim_end().ends_with("q quit"),
                "{width} {footer}"
            );
        }
    }
}

#[test]
fn the_state_word_the_target_and_the_time_are_in_the_first_row_at_every_width() {
    use clobber::telemetry::frame::Phase;
    for phase in [Phase::Ready, Phase::Run, Phase::Paused, Phase::Drain, Phase::Done] {
        for width in [60, 80, 100, 120, 200] {
            let mut scene = scenes::max();
            scene.frame.phase = phase;
            let first = text(&screen(&scene, (width, 30), Theme::default()))[0].clone();
            assert!(
                first.contains(phase.name()) && first.contains("127.0.0.1") && first.contains("0:40"),
                "{first}"
            );
        }
    }
}

#[test]
fn a_slow_terminal_is_told_for_five_seconds() {
    use clobber::model::units::Nanos;
    let mut model = Model::still(Theme::default(), (120, 35));
    (model.missed, model.missed_at) = (1_200, Some(Nanos::from_secs(3)));
    let first = |model: &Model| text(&draw(&scenes::max(), model))[0].clone();

    model.now = Nanos::from_secs(7);
    assert!(
        first(&model).contains("slow terminal: 1,200 pictures left out"),
        "{}",
        first(&model)
    );
    model.now = Nanos::from_secs(8);
    assert!(!first(&model).contains("slow terminal"), "{}", first(&model));
}

#[test]
fn the_legend_is_there_at_every_size_that_has_a_map() {
    for size in [(80, 24), (100, 30), (120, 35), (150, 40), (200, 50)] {
        let all = text(&screen(&scenes::max(), size, Theme::default())).join("\n");
        assert!(all.contains(".03 %") && all.contains("≥30 %"), "{size:?}");
    }
}

#[test]
fn frames_that_differ_in_numbers_alone_move_nothing() {
    let (a, b) = (scenes::max(), scenes::max());
    let mut later = b;
    later.frame.last.good_rate *= 1.01;
    later.frame.seq += 1;
    let (a, b) = (
        screen(&a, (120, 35), Theme::default()),
        screen(&later, (120, 35), Theme::default()),
    );
    let differing = a.content.iter().zip(&b.content).filter(|(x, y)| x != y).count();
    assert!((1..60).contains(&differing), "{differing} cells");
}

#[test]
fn the_text_uses_the_terminals_own_colours_outside_marked_accents() {
    let buf = screen(&scenes::max(), (120, 35), Theme::default());
    let own = buf.content.iter().filter(|c| c.bg == Color::Reset).count();
    assert!(own * 2 > buf.content.len(), "{own} of {}", buf.content.len());
}

#[test]
fn stills_are_written_where_asked() {
    let Some(folder) = std::env::var_os("CLOBBER_STILLS").map(PathBuf::from) else {
        return;
    };
    std::fs::create_dir_all(&folder).unwrap();
    let write = |name: String, buf: &Buffer, theme: &Theme| {
        std::fs::write(folder.join(format!("{name}.svg")), still::svg(buf, theme)).unwrap();
    };
    for scene in scenes::all() {
        for size in [(80, 24), (120, 35), (200, 50)] {
            let buf = screen(&scene, size, Theme::default());
            write(format!("{}-{}x{}", scene.name, size.0, size.1), &buf, &Theme::default());
        }
    }
    for (name, theme) in themes() {
        for size in [(40, 10), (60, 16), (80, 24), (120, 35), (200, 50)] {
            write(
                format!("max-{}x{}-{name}", size.0, size.1),
                &screen(&scenes::max(), size, theme),
                &theme,
            );
        }
    }
    for size in [(80, 24), (120, 35)] {
        for (name, model) in overlays(Theme::default(), size) {
            let pane = if matches!(name, "focus" | "zoom") {
                model.focus.digit().to_string()
            } else {
                String::new()
            };
            let buf = draw(&scenes::max(), &model);
            write(format!("over-{name}{pane}-{}x{}", size.0, size.1), &buf, &Theme::default());
        }
    }
}
