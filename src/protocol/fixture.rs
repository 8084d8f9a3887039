//! What the tests of protocols share: a plan, and feeding an answer in every way it can arrive.
//! It refuses real sockets.

use crate::model::failure::Failure;
use crate::model::seen::Seen;
use crate::net::permission::{Permission, Permitted};
use crate::plan::{Plan, Target};
use crate::protocol::{Feed, Wire};
use std::net::SocketAddr;

/// A plan for a target as typed.
pub(crate) fn plan(target: &str) -> Plan {
    Plan::plain(Target::parse(target).expect("tests name good targets"))
}

/// An address of this machine, which needs no permission.
pub(crate) fn near(address: SocketAddr) -> Permitted {
    Permission::new(false).of(address).expect("an address of this machine")
}

/// Feeds an answer that then ends: whole, in two at every place, and byte by byte. `judge` gets each outcome.
pub(crate) fn every_split<W: Wire>(
    wire: impl Fn() -> W,
    answer: &[u8],
    mut judge: impl FnMut(Result<Feed, Failure>, Seen, String),
) {
    let n = answer.len();
    for cut in 0..n.min(2000) {
        let (outcome, seen) = feed(wire(), [&answer[..cut], &answer[cut..]]);
        judge(outcome, seen, format!("split at {cut} of {n}"));
    }
    let (outcome, seen) = feed(wire(), answer.chunks(1));
    judge(outcome, seen, "byte by byte".into());
    let (outcome, seen) = feed(wire(), [answer]);
    judge(outcome, seen, "whole".into());
}

/// Feeds an answer in these pieces, then its end, as a session would: after `Done` only bytes count, as surplus.
pub(crate) fn feed<'a, W: Wire>(mut wire: W, pieces: impl IntoIterator<Item = &'a [u8]>) -> (Result<Feed, Failure>, Seen) {
    let mut seen = Seen::default();
    wire.request(0);
    let mut done = None;
    for piece in pieces.into_iter().filter(|p| !p.is_empty()) {
        match wire.feed(piece, false, &mut seen) {
            Err(failure) => return (Err(failure), seen),
            Ok(Feed::More) => assert_eq!(done, None, "asked for more after the end"),
            Ok(feed) => done = Some(feed),
        }
    }
    match done {
        Some(feed) => (Ok(feed), seen),
        None => (wire.feed(&[], true, &mut seen), seen),
    }
}
