//! Connections: names to addresses, addresses to sockets, and what their failures are called.
//! It refuses to know what is spoken over them.

pub mod dial;
pub mod permission;
pub mod resolve;
pub mod source;
