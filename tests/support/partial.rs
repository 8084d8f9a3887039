//! An HTTP server that answers the first so many connections and lets all later ones wait for ever.
//! It refuses to parse: whatever comes in one read is one request.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use std::collections::HashMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};

const LISTENER: u64 = u64::MAX;
const REPLY: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

/// Serves on a thread of its own until the test ends.
pub(crate) fn serve(answered: u64) -> SocketAddr {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(4096).unwrap();
    let listener = TcpListener::from(socket);
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || run(&listener, answered));
    addr
}

fn run(listener: &TcpListener, answered: u64) {
    let epoll = epoll::create(CreateFlags::CLOEXEC).unwrap();
    epoll::add(&epoll, listener, EventData::new_u64(LISTENER), EventFlags::IN).unwrap();
    let (mut connections, mut accepted) = (HashMap::<u64, TcpStream>::new(), 0);
    let mut events: Vec<Event> = Vec::with_capacity(512);
    let mut bytes = [0; 4096];
    loop {
        events.clear();
        epoll::wait(&epoll, rustix::buffer::spare_capacity(&mut events), None).unwrap();
        for event in &events {
            let number = event.data.u64();
            if number == LISTENER {
                let (stream, _) = listener.accept().unwrap();
                stream.set_nodelay(true).unwrap();
                epoll::add(&epoll, &stream, EventData::new_u64(accepted), EventFlags::IN).unwrap();
                connections.insert(accepted, stream);
                accepted += 1;
            } else if let Some(stream) = connections.get_mut(&number) {
                match stream.read(&mut bytes) {
                    Ok(1..) if number >= answered => {}
                    Ok(1..) if stream.write_all(REPLY).is_ok() => {}
                    _ => drop(connections.remove(&number)),
                }
            }
        }
    }
}
