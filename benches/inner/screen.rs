//! A frame of a real (simulated) run into the cells of a terminal, verdict and advice included. Writing them is not in it.

use clobber::conduct::{Conductor, Limits};
use clobber::model::run::RunInfo;
use clobber::model::setpoints::{Bounds, Setpoints};
use clobber::model::units::Nanos;
use clobber::sim::plants::Recipe;
use clobber::sim::world::World;
use clobber::telemetry::frame::Frame;
use clobber::ui::state::Model;
use clobber::ui::theme::Theme;
use clobber::ui::view;
use divan::Bencher;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::sync::Arc;

/// Two minutes of searching and holding: every column of the plot is filled.
fn frame() -> Arc<Frame> {
    let mut world = World::new(Recipe::named("usl").unwrap(), None, 7);
    let info = RunInfo {
        simulated: true,
        ..RunInfo::default()
    };
    let set = Setpoints {
        bounds: Bounds { min: 1, max: 4096 },
        ..Setpoints::default()
    };
    let mut conductor = Conductor::new(info, set, Limits::default(), Vec::new());
    conductor.start(&mut world);
    let mut last = Arc::default();
    for k in 1..=1200 {
        last = conductor.tick(Nanos::from_millis(100 * k), &mut world, &[]);
    }
    last
}

/// (columns, rows)
#[divan::bench(args = [(200, 50), (80, 24)])]
fn frame_to_cells(bencher: Bencher, (columns, rows): (u16, u16)) {
    let (frame, model) = (frame(), Model::still(Theme::default(), (columns, rows)));
    let mut cells = Buffer::empty(Rect::new(0, 0, columns, rows));
    bencher.bench_local(|| {
        cells.reset();
        view::draw(&frame, &model, &mut cells);
    });
}
