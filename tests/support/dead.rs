//! A loopback port that refuses: taken, so that nobody else gets it, and never listened on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use std::net::SocketAddr;
use tokio::net::TcpSocket;

/// Refuses every connection while the value lives; free for anybody afterwards.
pub(crate) struct DeadPort(TcpSocket);

impl DeadPort {
    pub(crate) fn new() -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        Self(socket)
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}
