//! Built-in targets whose truth is known: what one points the tool at to see whether it tells the truth.
//! They refuse to know who calls: no room of the load generator is used here.
//!
//! | target  | what it is                                                                   |
//! |---------|------------------------------------------------------------------------------|
//! | `queue` | an HTTP server in front of a queueing station whose departures are computed  |
//! | `echo`  | a TCP server that sends back what it reads                                   |

pub mod echo;
pub mod queue;

use socket2::{Domain, Protocol, Socket, Type};
use std::io;
use std::net::{SocketAddr, TcpListener};

/// Connections the kernel may hold before they are accepted: a ramp of thousands of dials must not meet a full queue.
pub const BACKLOG: i32 = 4096;

/// A listening socket for any of the targets; port 0 takes a free one.
///
/// # Errors
/// The operating system's, such as an address in use.
pub fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn port_zero_gives_a_port_that_answers() {
        let listener = listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let addr = listener.local_addr().unwrap();

        assert_ne!(addr.port(), 0);
        assert!(std::net::TcpStream::connect(addr).is_ok());
    }
}
