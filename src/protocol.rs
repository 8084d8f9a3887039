//! Protocols: how one exchange is spoken. Sans-I/O where possible, so that any driver and any test can speak it.
//! They refuse to decide what is good: they report status, lengths and failures.

pub mod check;
pub mod detect;
pub mod dispatch;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod hostile;
pub mod http1;
#[cfg(test)]
mod scripted;
pub mod stream;
pub mod tcp;
mod template;

use crate::model::failure::Failure;
use crate::model::seen::Seen;
use std::task::Context;

/// Whether an answer is whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// More bytes are needed.
    More,
    /// The exchange is complete.
    Done {
        /// The connection may carry the next exchange.
        reusable: bool,
    },
}

/// A protocol without I/O: bytes out, bytes in. One value per connection, one exchange at a time.
pub trait Wire {
    /// The bytes of exchange `seq`, built once where possible; resets the reading side. Empty means: connect only.
    fn request(&mut self, seq: u64) -> &[u8];

    /// The bytes of the exchange at hand, as `request` gave them: the rest of a large one is sent from here.
    fn asking(&self) -> &[u8];

    /// To send the exchange at hand twice is the same as once.
    fn idempotent(&self) -> bool {
        false
    }

    /// Takes what was read, at any split, and says whether the answer is whole. The wire keeps bytes of its own only
    /// for a partial head. Counts `first`-independent facts into `seen`: status, head, surplus; never `rx` or times.
    /// `eof`: the peer has closed; `input` is empty then.
    ///
    /// # Errors
    /// The failure's class; what the peer said is in `seen.detail`.
    fn feed(&mut self, input: &[u8], eof: bool, seen: &mut Seen) -> Result<Feed, Failure>;
}

/// One exchange at a time over a connection. Writes into `seen` as it goes: the worker may drop the future at the deadline.
#[allow(async_fn_in_trait, reason = "lanes are single-threaded; futures need not be Send")]
pub trait Session {
    /// Sends request `seq` and reads its answer.
    ///
    /// # Errors
    /// The failure's class. The session is not reusable afterwards.
    async fn exchange(&mut self, seq: u64, seen: &mut Seen) -> Result<(), Failure>;

    /// May carry another exchange.
    fn reusable(&self) -> bool;

    /// Looks, without a system call where nothing came, at what arrived while nobody asked; bytes are counted into `seen`.
    /// Call right before an exchange, from its task. False: the peer has closed the connection, or has said what is no
    /// answer; nothing was sent, so another one takes its place.
    fn alive(&mut self, cx: &mut Context<'_>, seen: &mut Seen) -> bool;

    /// Asked after `reused_conn_closed`: the exchange may be sent again on another connection, for nothing of it was
    /// written, or to send it twice is the same as once.
    fn repeatable(&self) -> bool;
}

/// Built once per lane. Never Send, no lock.
#[allow(async_fn_in_trait, reason = "lanes are single-threaded; futures need not be Send")]
pub trait Protocol {
    /// One connection's state.
    type S: Session;

    /// Makes a connection, adding its time to `seen.dialled`.
    ///
    /// # Errors
    /// The failure's class, all of them `before_send`.
    async fn connect(&self, seen: &mut Seen) -> Result<Self::S, Failure>;

    /// Takes over a connection made before the run, which has carried so many exchanges; `None` where that cannot be, or the
    /// peer has closed it since. Must be called within the lane's runtime.
    fn adopt(&self, stream: std::net::TcpStream, uses: u64) -> Option<Self::S>;
}
