//! `serve queue`: an HTTP server whose answers leave when a queueing station says so. Its truth is computed, not timed.
//! It refuses to be slow by accident: how late answers leave is measured and in `/stats`.
//!
//! ```text
//!            reader thread                              replier thread
//!  socket ──► read, stamp ──► Mutex<Core { station }> ──► sleep to the next deadline, write ──► socket
//!                 └──────────── unpark, only when something may be due sooner ────┘
//! ```

mod http;
mod line;
pub mod plants;
mod reader;
mod reply;

pub mod settings;
mod stalls;
mod station;
pub mod stats;
pub mod truth;

pub use crate::sim::service::Service;
pub use plants::{PLANTS, demo};
pub use settings::{Change, Settings, Step};
pub use stats::Stats;
pub use truth::truth;

use anyhow::Context;
use reader::Reader;
use reply::Shared;
use station::Station;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::{Builder, JoinHandle};
use tokio::runtime;
use tokio::task::LocalSet;
use tokio_util::sync::CancellationToken;

/// A server on threads of its own. Dropping it stops it too, without waiting.
#[derive(Debug)]
pub struct Server {
    addr: SocketAddr,
    shared: Arc<Shared>,
    stop: CancellationToken,
    thread: Option<JoinHandle<anyhow::Result<Stats>>>,
}

/// Serves until `stop`, and says what there was. Times of steps and stalls count from here. On stopping every connection
/// is closed; requests still in the station stay without an answer.
///
/// # Errors
/// The listener's, or a thread that could not be started.
pub fn run(listener: TcpListener, settings: Settings, stop: CancellationToken) -> anyhow::Result<Stats> {
    serve(listener, Arc::new(Shared::new(Station::new(settings))), stop)
}

/// As [`run`], in the background.
///
/// # Errors
/// A listener without an address, or a thread that could not be started.
pub fn spawn(listener: TcpListener, settings: Settings) -> anyhow::Result<Server> {
    let addr = listener.local_addr().context("cannot tell the target's address")?;
    let (shared, stop) = (Arc::new(Shared::new(Station::new(settings))), CancellationToken::new());
    let (core, until) = (Arc::clone(&shared), stop.clone());
    let thread = Builder::new()
        .name("serve".into())
        .spawn(move || serve(listener, core, until));
    let thread = Some(thread.context("cannot start the target's thread")?);
    Ok(Server {
        addr,
        shared,
        stop,
        thread,
    })
}

impl Server {
    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// As `/stats` would say now.
    pub fn stats(&self) -> Stats {
        self.shared.stats()
    }

    /// Asks it to end.
    pub fn stop(&self) {
        self.stop.cancel();
    }

    /// Stops it and waits for its end.
    ///
    /// # Errors
    /// What ended it before its time.
    pub fn join(mut self) -> anyhow::Result<Stats> {
        self.stop();
        let thread = self
            .thread
            .take()
            .expect("only join takes the thread, and it takes the server with it");
        thread.join().map_err(|_| anyhow::anyhow!("the target's thread panicked"))?
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

fn serve(listener: TcpListener, shared: Arc<Shared>, stop: CancellationToken) -> anyhow::Result<Stats> {
    let core = Arc::clone(&shared);
    let replier = Builder::new().name("reply".into()).spawn(move || core.reply());
    let replier = replier.context("cannot start the target's reply thread")?;
    let reader = Reader::new(Arc::clone(&shared), replier.thread().clone());
    let runtime = runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map(|runtime| {
        let accepting = stop.run_until_cancelled(reader.accept(listener));
        LocalSet::new().block_on(&runtime, accepting).unwrap_or(Ok(()))
    });
    shared.lock().stopping = true;
    replier.thread().unpark();
    replier
        .join()
        .map_err(|_| anyhow::anyhow!("the target's reply thread panicked"))?;
    ended
        .and_then(|served| served)
        .context("the target cannot accept connections")?;
    Ok(shared.stats())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serve::listen;
    use std::io::{Read, Write};
    use std::net::TcpStream;

    fn server(options: &[(&str, &str)]) -> Server {
        let mut settings = Settings::default();
        options.iter().for_each(|(k, v)| settings.apply(k, v).unwrap());
        spawn(listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap(), settings).unwrap()
    }

    fn ask(server: &Server, text: &str) -> String {
        let mut stream = TcpStream::connect(server.addr()).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn pipelined_requests_are_answered_in_their_order_and_counted_and_stats_are_not() {
        let server = server(&[("servers", "9"), ("service", "exp:2ms")]);

        let text = "GET / HTTP/1.1\r\n\r\n".repeat(5) + "GET /stats HTTP/1.1\r\nConnection: close\r\n\r\n";
        let answers = ask(&server, &text);

        assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 6, "{answers}");
        assert!(
            answers.trim_end().ends_with('}') && answers.contains("\"received\":5"),
            "stats came last: {answers}"
        );
        let stats = server.join().unwrap();
        assert_eq!((stats.received, stats.latency.count, stats.in_station), (5, 5, 0));
    }

    #[test]
    fn a_full_station_answers_503_at_once() {
        let server = server(&[("service", "const:50ms"), ("admit", "1")]);

        let answers = ask(&server, "GET / HTTP/1.1\r\n\r\nHEAD / HTTP/1.1\r\nConnection: close\r\n\r\n");

        assert!(
            answers.starts_with("HTTP/1.1 200") && answers.contains("HTTP/1.1 503"),
            "{answers}"
        );
        assert_eq!(server.join().unwrap().rejected, 1);
    }

    #[test]
    fn garbage_gets_a_400_and_the_end() {
        let server = server(&[]);

        assert!(ask(&server, "\u{1} garbage\r\n\r\n").starts_with("HTTP/1.1 400"));
        assert_eq!(server.join().unwrap().received, 0);
    }

    #[test]
    fn stopping_closes_connections_that_are_open_and_jobs_that_are_in_service() {
        let server = server(&[("service", "const:1h")]);
        let mut stream = TcpStream::connect(server.addr()).unwrap();
        stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        while server.stats().received == 0 {
            std::thread::yield_now();
        }

        let stats = server.join().unwrap();

        assert_eq!((stats.received, stats.in_station), (1, 1));
        assert!(matches!(stream.read(&mut [0; 9]), Ok(0) | Err(_)));
    }
}
