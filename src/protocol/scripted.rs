//! Scripted servers on real loopback sockets, for tests.
//! It refuses concurrency: one connection after the other, each step after the one before.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;
use std::time::Duration;

/// What the server does with each connection, in order; it ends after the last.
pub(crate) type Script = Vec<Box<dyn FnOnce(&mut TcpStream) + Send>>;

/// Starts a server for as many connections as the script has.
pub(crate) fn serve(script: Script) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let server = std::thread::spawn(move || {
        for act in script {
            let (mut stream, _) = listener.accept().unwrap();
            act(&mut stream);
        }
    });
    (address, server)
}

/// A script for one connection.
pub(crate) fn one(act: impl FnOnce(&mut TcpStream) + Send + 'static) -> Script {
    vec![Box::new(act)]
}

/// Reads one request's head and sends this.
pub(crate) fn reply(stream: &mut TcpStream, answer: &[u8]) {
    request(stream);
    stream.write_all(answer).unwrap();
}

/// Reads one request's head; says how long it was.
pub(crate) fn request(stream: &mut TcpStream) -> usize {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() > 0 {
        head.push(byte[0]);
    }
    head.len()
}

/// Closing sends a reset.
pub(crate) fn reset(stream: &TcpStream) {
    socket2::SockRef::from(stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// Waits until the peer has closed.
pub(crate) fn await_close(stream: &mut TcpStream) {
    std::io::copy(stream, &mut std::io::sink()).ok();
}

/// Runs a future as a lane would; a hang fails.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(async {
            tokio::time::timeout(Duration::from_secs(20), future)
                .await
                .expect("an exchange hangs")
        })
}
