//! What happens to arrivals that find the queue full, through the whole conductor.

use super::{conduct, wide};
use clobber::conduct::Limits;
use clobber::load::Traffic;
use clobber::model::demand::Overflow;
use clobber::model::setpoints::{LoadModel, Mode, Setpoints};
use clobber::model::units::Nanos;
use clobber::sim::plants::Recipe;
use clobber::sim::world::World;

#[test]
fn a_policy_changed_during_a_run_releases_what_was_held() {
    // One worker of 9 ms for an arrival each millisecond, and one may wait.
    let set = Setpoints {
        mode: Mode::Manual,
        model: LoadModel::Open,
        rate: Some(1000.0),
        asked: Some(1),
        overflow: Overflow::Block,
        ..wide()
    };
    let limits = Limits {
        duration: Some(Nanos::from_secs(4)),
        ..Limits::default()
    };
    let traffic = Traffic {
        capacity: 1,
        ..Traffic::default()
    };
    let world = World::new(Recipe::named("mmc").unwrap(), None, 1).offering(traffic);

    let frames = conduct(world, limits, set, "2s overflow drop", 1);

    let (held, free) = (&frames[18], &frames[38]);
    assert_eq!(held.books.shed, 0);
    assert!(
        held.books.scheduled < 500 && held.gauges.slip > Nanos::from_secs(1),
        "{:?}",
        held.books
    );
    // From then on every arrival comes when it is due.
    let since = free.books.scheduled - frames[19].books.scheduled;
    assert!((1898..=1902).contains(&since), "{since}");
    assert_eq!(free.gauges.slip, frames[20].gauges.slip);
    assert!(free.books.shed > 1000, "{:?}", free.books);
}
