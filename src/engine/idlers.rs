//! Workers of a lane that wait for an arrival: the one that began last is called first.
//! It refuses to search: whoever goes from the middle is taken out where it stands, also when ten thousand wait.

use super::roster::Slot;
use std::cell::RefCell;
use std::rc::Rc;

/// No neighbour.
const NOBODY: u32 = u32::MAX;

/// One that waits, between its neighbours, by their places.
#[derive(Debug)]
struct Link {
    slot: Rc<Slot>,
    older: u32,
    newer: u32,
}

/// A list linked through the workers' places.
#[derive(Debug)]
struct List {
    links: Vec<Option<Link>>, // by place
    oldest: u32,
    newest: u32,
    count: usize,
}

/// Those who wait.
#[derive(Debug)]
pub(super) struct Idlers(RefCell<List>);

impl Default for Idlers {
    fn default() -> Self {
        Self(RefCell::new(List {
            links: Vec::new(),
            oldest: NOBODY,
            newest: NOBODY,
            count: 0,
        }))
    }
}

impl Idlers {
    /// It begins to wait; it must not wait already.
    pub(super) fn push(&self, slot: Rc<Slot>) {
        self.0.borrow_mut().push(slot);
    }

    /// The newest, which waits no more.
    pub(super) fn pop(&self) -> Option<Rc<Slot>> {
        let mut list = self.0.borrow_mut();
        let newest = list.newest;
        list.take(newest)
    }

    /// It waits no more, if it did.
    pub(super) fn remove(&self, slot: &Slot) {
        self.0.borrow_mut().take(slot.index);
    }

    /// The one that waits longest.
    pub(super) fn oldest(&self) -> Option<Rc<Slot>> {
        let list = self.0.borrow();
        let link = list.links.get(list.oldest as usize)?;
        link.as_ref().map(|l| Rc::clone(&l.slot))
    }

    /// How many wait.
    pub(super) fn count(&self) -> usize {
        self.0.borrow().count
    }
}

impl List {
    fn push(&mut self, slot: Rc<Slot>) {
        let (place, older) = (slot.index, self.newest);
        if self.links.len() <= place as usize {
            self.links.resize_with(place as usize + 1, || None);
        }
        self.links[place as usize] = Some(Link {
            slot,
            older,
            newer: NOBODY,
        });
        match self.at(older) {
            Some(link) => link.newer = place,
            None => self.oldest = place,
        }
        self.newest = place;
        self.count += 1;
    }

    fn take(&mut self, place: u32) -> Option<Rc<Slot>> {
        let Link { slot, older, newer } = self.links.get_mut(place as usize)?.take()?;
        match self.at(older) {
            Some(link) => link.newer = newer,
            None => self.oldest = newer,
        }
        match self.at(newer) {
            Some(link) => link.older = older,
            None => self.newest = older,
        }
        self.count -= 1;
        Some(slot)
    }

    fn at(&mut self, place: u32) -> Option<&mut Link> {
        self.links.get_mut(place as usize)?.as_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn it_is_a_stack_from_whose_middle_one_may_go(steps in proptest::collection::vec((0u32..8, 0u8..3), 0..60)) {
            let slots: Vec<Rc<Slot>> = (0..8).map(|i| Rc::new(Slot::at(i))).collect();
            let (idlers, mut plain) = (Idlers::default(), Vec::<u32>::new());
            for (place, step) in steps {
                match step {
                    0 if !plain.contains(&place) => {
                        idlers.push(Rc::clone(&slots[place as usize]));
                        plain.push(place);
                    }
                    1 => {
                        idlers.remove(&slots[place as usize]);
                        plain.retain(|p| *p != place);
                    }
                    _ => prop_assert_eq!(idlers.pop().map(|s| s.index), plain.pop()),
                }
                prop_assert_eq!(idlers.count(), plain.len());
                prop_assert_eq!(idlers.oldest().map(|s| s.index), plain.first().copied());
            }
        }
    }
}
