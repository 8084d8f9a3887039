//! `serve echo`: a TCP server that sends back what it reads, byte for byte, and counts both.
//! It refuses to buffer: a client that does not read is not read from either.

use anyhow::Context;
use std::cell::Cell;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime;
use tokio::task::{LocalSet, spawn_local};
use tokio_util::sync::CancellationToken;

/// What passed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Connections accepted.
    pub connections: u64,
    /// Bytes read.
    pub received: u64,
    /// Bytes sent back.
    pub sent: u64,
}

/// Echoes until `stop`, on the calling thread; open connections are closed then.
///
/// # Errors
/// A listener that cannot be used. A lack of descriptors passes and is waited out.
pub fn run(listener: TcpListener, stop: CancellationToken) -> anyhow::Result<Counts> {
    listener.set_nonblocking(true).context("cannot use the listener")?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.context("cannot start the target's runtime")?;
    let counts = Rc::new(Cell::new(Counts::default()));
    let accepting = stop.run_until_cancelled(accept(listener, Rc::clone(&counts)));
    let ended = LocalSet::new().block_on(&runtime, accepting);
    ended.unwrap_or(Ok(())).context("the target cannot accept connections")?;
    Ok(counts.get())
}

async fn accept(listener: TcpListener, counts: Rc<Cell<Counts>>) -> std::io::Result<()> {
    let listener = tokio::net::TcpListener::from_std(listener)?;
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                add(&counts, |c| c.connections += 1);
                let counts = Rc::clone(&counts);
                // The client's faults end its connection and nobody else's.
                spawn_local(async move { echo(stream, &counts).await });
            }
            Err(_passing) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

async fn echo(mut stream: TcpStream, counts: &Cell<Counts>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let n = stream.read(&mut buffer).await?;
        if n == 0 {
            return Ok(());
        }
        add(counts, |c| c.received += n as u64);
        stream.write_all(&buffer[..n]).await?;
        add(counts, |c| c.sent += n as u64);
    }
}

fn add(counts: &Cell<Counts>, f: impl FnOnce(&mut Counts)) {
    let mut now = counts.get();
    f(&mut now);
    counts.set(now);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{Shutdown, SocketAddr};

    #[test]
    fn a_megabyte_comes_back_byte_for_byte_and_is_counted() {
        let listener = crate::serve::listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
        let (addr, stop) = (listener.local_addr().unwrap(), CancellationToken::new());
        let until = stop.clone();
        let server = std::thread::spawn(move || run(listener, until).unwrap());
        let sent: Vec<u8> = (0..1_000_000u32).map(|i| (i % 251) as u8).collect();

        let mut stream = std::net::TcpStream::connect(addr).unwrap();
        let (mut writer, bytes) = (stream.try_clone().unwrap(), sent.clone());
        let writing = std::thread::spawn(move || {
            writer.write_all(&bytes).unwrap();
            writer.shutdown(Shutdown::Write).unwrap();
        });
        let mut back = Vec::new();
        stream.read_to_end(&mut back).unwrap();
        writing.join().unwrap();
        stop.cancel();

        assert!(back == sent, "{} bytes came back", back.len());
        let million = 1_000_000;
        assert_eq!(
            server.join().unwrap(),
            Counts {
                connections: 1,
                received: million,
                sent: million
            }
        );
    }
}
