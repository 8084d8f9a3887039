//! What other tests lean on: nginx counts what was sent, the built-in queue tells the truth, a process let go of is gone.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/nginx.rs"]
mod nginx;
#[path = "support/product.rs"]
mod product;
#[path = "support/quiet.rs"]
mod quiet;

use clobber::serve::queue::{self, Server, Settings, truth};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Asks over one connection until `go_on` says no; the answers.
fn client(addr: SocketAddr, mut go_on: impl FnMut(u64) -> bool) -> u64 {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_nodelay(true).unwrap();
    let (mut buffer, mut done) = ([0; 4096], 0);
    while go_on(done) {
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
        let n = stream.read(&mut buffer).unwrap();
        assert!(
            buffer[..n].starts_with(b"HTTP/1.1 200"),
            "{}",
            String::from_utf8_lossy(&buffer[..n])
        );
        done += 1;
    }
    done
}

fn server(settings: Settings) -> Server {
    queue::spawn(
        clobber::serve::listen(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap(),
        settings,
    )
    .unwrap()
}

/// Answers a second of `workers` closed clients for `seconds`, after one second of warming up.
fn closed(addr: SocketAddr, workers: usize, seconds: u64) -> f64 {
    let (begun, counted) = (Instant::now(), AtomicU64::new(0));
    let (from, until) = (Duration::from_secs(1), Duration::from_secs(1 + seconds));
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                client(addr, |done| {
                    let now = begun.elapsed();
                    let inside = done > 0 && now >= from && now < until;
                    counted.fetch_add(u64::from(inside), Ordering::Relaxed);
                    now < until
                })
            });
        }
    });
    counted.load(Ordering::Relaxed) as f64 / seconds as f64
}

#[test]
fn nginx_counts_exactly_the_connections_and_requests_that_were_made() {
    let nginx = nginx::Nginx::start();

    std::thread::scope(|scope| {
        (0..3).for_each(|_| drop(scope.spawn(|| client(nginx.addr(), |done| done < 7))));
    });

    assert_eq!(
        nginx.counts(),
        nginx::Counts {
            accepts: 3,
            requests: 21
        }
    );
    assert_eq!(nginx.counts().requests, 21, "asking does not count");
}

#[test]
fn a_product_that_is_let_go_of_leaves_no_process_behind() {
    let product = product::Product::start(&["serve", "queue"]);
    let process = std::path::PathBuf::from(format!("/proc/{}", product.pid()));
    assert!(process.exists());

    drop(product);

    assert!(!process.exists());
}

#[test]
fn the_queue_counts_every_request_of_many_connections_once() {
    let server = server(queue::demo("usl").unwrap());
    let addr = server.addr();

    std::thread::scope(|scope| {
        (0..32).for_each(|_| drop(scope.spawn(move || client(addr, |done| done < 20))));
    });

    let stats = server.join().unwrap();
    assert_eq!(
        (stats.received, stats.latency.count, stats.rejected, stats.in_station),
        (640, 640, 0, 0)
    );
}

#[test]
fn a_constant_service_is_never_answered_early() {
    let mut settings = Settings::default();
    settings.apply("service", "const:20ms").unwrap();
    settings.apply("delay", "10ms").unwrap();
    let server = server(settings);

    let begun = Instant::now();
    client(server.addr(), |done| done < 3);

    assert!(
        begun.elapsed() >= Duration::from_millis(90),
        "3 × (10 + 20) ms, {:?}",
        begun.elapsed()
    );
}

#[test]
fn in_full_the_queue_gives_its_exact_rate_and_answers_leave_in_time() {
    if !quiet::full() {
        eprintln!("not judged here: rates and milliseconds need a quiet machine (tests/run --full)");
        return;
    }
    for (plant, workers) in [("usl", 1), ("usl", 41), ("mmc", 22)] {
        let settings = queue::demo(plant).unwrap();
        let exact = truth::rates(&settings, workers).unwrap()[workers as usize - 1];

        let (rate, late) = quiet::measure(&[], || {
            let server = server(settings.clone());
            let rate = closed(server.addr(), workers as usize, 12);
            (rate, server.join().unwrap().lateness.p50_ms.unwrap())
        });

        // One worker makes about 1,000 exponential jobs in 12 s: 1/sqrt(1000) is 3 %, so three of them.
        let tolerance = if workers == 1 { 0.09 } else { 0.03 };
        eprintln!("{plant} at {workers}: {rate:.1}/s, exact {exact:.1}/s, lateness p50 {late:.3} ms");
        assert!(
            (rate / exact - 1.0).abs() < tolerance,
            "{plant} at {workers}: {rate:.1}/s, exact {exact:.1}/s"
        );
        assert!(late < 0.2, "{plant} at {workers}: lateness p50 {late} ms");
    }
}
