//! What the pictures between two columns of the time axis have in common, made once: time axes and the values of maps.
//! It refuses to change a picture: everything here follows from the columns and its key alone.

use super::timeline::Timeline;
use crate::telemetry::column::Column;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// Most things kept of a kind: two maps on a screen, and those of a window just left.
const MOST: usize = 6;

/// Values in [0, 1] of a map, by slot and pixel, top first; `None` is nothing.
pub(super) type Values = Vec<Vec<Option<f64>>>;

/// Everything a time axis follows from, beside the columns: room, zoom, series by number.
pub(super) type AxisKey = (usize, i8, u8);

/// Everything the values of a map follow from: its time axis, the ends of its latencies, s, pixels, scale by number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct MapKey {
    /// Series by number.
    pub(super) series: u8,
    /// Slots and their length, s.
    pub(super) slots: (usize, f64),
    /// Begin of the first slot, s.
    pub(super) start: f64,
    /// Bottom and top, s.
    pub(super) ends: (f64, f64),
    /// Pixels of a column.
    pub(super) pixels: usize,
    /// What a colour means, by number.
    pub(super) scale: u8,
}

/// Kept between pictures by whoever draws several of them.
#[derive(Default)]
pub(super) struct Memo {
    columns: Option<Arc<[Arc<Column>]>>,
    axes: Kept<AxisKey, Timeline>,
    maps: Kept<MapKey, Values>,
}

impl Memo {
    /// Forgets what other columns said.
    pub(super) fn turn(&mut self, columns: &Arc<[Arc<Column>]>) {
        if !self.columns.as_ref().is_some_and(|c| Arc::ptr_eq(c, columns)) {
            *self = Self {
                columns: Some(Arc::clone(columns)),
                ..Self::default()
            };
        }
    }

    /// A time axis.
    pub(super) fn axis(&self, key: AxisKey, make: impl FnOnce() -> Timeline) -> Rc<Timeline> {
        self.axes.get(key, make)
    }

    /// The values of a map.
    pub(super) fn map(&self, key: MapKey, make: impl FnOnce() -> Values) -> Rc<Values> {
        self.maps.get(key, make)
    }
}

/// The newest few things, each under its key.
struct Kept<K, V>(RefCell<Vec<(K, Rc<V>)>>);

impl<K, V> Default for Kept<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: PartialEq, V> Kept<K, V> {
    fn get(&self, key: K, make: impl FnOnce() -> V) -> Rc<V> {
        if let Some((_, known)) = self.0.borrow().iter().find(|(k, _)| *k == key) {
            return Rc::clone(known);
        }
        let new = Rc::new(make());
        let mut all = self.0.borrow_mut();
        if all.len() == MOST {
            all.remove(0);
        }
        all.push((key, Rc::clone(&new)));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thing_is_made_once_until_the_columns_change() {
        let first: Arc<[Arc<Column>]> = Arc::from(Vec::new());
        let second: Arc<[Arc<Column>]> = Arc::from(vec![Arc::new(Column::default())]);
        let mut memo = Memo::default();
        let made = std::cell::Cell::new(0);
        let look = |memo: &Memo, room| {
            memo.axis((room, 0, 0), || {
                made.set(made.get() + 1);
                Timeline::default()
            })
        };

        memo.turn(&first);
        look(&memo, 80);
        memo.turn(&Arc::clone(&first));
        look(&memo, 80);
        assert_eq!(made.get(), 1);
        look(&memo, 81);
        assert_eq!(made.get(), 2, "another key");
        memo.turn(&second);
        look(&memo, 80);
        assert_eq!(made.get(), 3, "other columns");
    }

    #[test]
    fn it_stays_small() {
        let memo = Memo::default();
        (0..100).for_each(|room| drop(memo.axis((room, 0, 0), Timeline::default)));
        assert_eq!(memo.axes.0.borrow().len(), MOST);
    }
}
