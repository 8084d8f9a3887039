//! The truth server tells the truth: what it counts is what a client sent, and a reply is never early.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/quiet.rs"]
mod quiet;
#[path = "support/truth.rs"]
mod truth;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use truth::{Behaviour, Body, Delay, Fate, Script, Truth, fnv};

const HEAD: &str = "HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nxx";

/// A connection that says things and reads what comes back.
struct Client(TcpStream);

impl Client {
    fn of(truth: &Truth) -> Self {
        let stream = TcpStream::connect(truth.addr()).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self(stream)
    }

    fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).unwrap();
    }

    fn get(&mut self, path: &str) {
        self.say(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n\r\n"));
    }

    /// So many bytes.
    fn hear(&mut self, n: usize) -> String {
        let mut bytes = vec![0; n];
        self.0.read_exact(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    /// Until the end.
    fn rest(&mut self) -> std::io::Result<String> {
        let mut text = String::new();
        self.0.read_to_string(&mut text).map(|_| text)
    }
}

/// Waits for what the server's thread does a moment later.
fn soon(what: impl Fn() -> bool) {
    let begun = Instant::now();
    while !what() {
        assert!(begun.elapsed() < Duration::from_secs(10), "never came true");
        std::thread::yield_now();
    }
}

#[test]
fn every_request_is_logged_with_its_number_and_bytes() {
    let truth = Truth::always(Behaviour::default());
    let mut client = Client::of(&truth);

    client.get("/a/0000000041");
    assert_eq!(client.hear(HEAD.len()), HEAD);
    let post = "POST / HTTP/1.1\r\nx-seq: 42\r\nContent-Length: 5\r\n\r\nhello";
    client.say(post);
    client.hear(HEAD.len());
    client.get("/none");
    client.hear(HEAD.len());

    soon(|| truth.log().len() == 3);
    let log = truth.log();
    assert_eq!(log.iter().map(|e| e.seq).collect::<Vec<_>>(), [Some(41), Some(42), None]);
    assert_eq!((log[1].rx, log[1].tx), (post.len() as u64, HEAD.len() as u64));
    assert_eq!((log[1].hash, log[2].hash), (fnv(b"hello"), fnv(b"")));
    assert!(log.iter().all(|e| e.conn == 0 && e.read <= e.due && Some(e.due) <= e.written));
    let counts = truth.counts();
    assert_eq!((counts.accepts, counts.requests, counts.open), (1, 3, 1));
    assert_eq!(
        (counts.rx, counts.tx),
        (log.iter().map(|e| e.rx).sum(), 3 * HEAD.len() as u64)
    );
}

#[test]
fn requests_in_pieces_and_in_one_go_are_told_apart() {
    let truth = Truth::always(Behaviour::default());
    let mut client = Client::of(&truth);

    client.say("GET /1 HTTP/1.1\r\nHo");
    client.say("st: h\r\n\r\nGET /2 HTTP/1.1\r\n\r\nGET /3 HTTP/1.1\r\n\r\n");

    assert_eq!(client.hear(3 * HEAD.len()), HEAD.repeat(3));
    soon(|| truth.counts().requests == 3);
}

#[test]
fn a_reply_is_never_early_and_seldom_late() {
    let truth = Truth::always(Behaviour::fixed(5));
    let mut client = Client::of(&truth);
    let ((), share) = quiet::quietest(&[], || {
        for n in 0..200 {
            client.get(&format!("/{n}"));
            client.hear(HEAD.len());
        }
    });

    soon(|| truth.log().len() >= 200);
    let mut late: Vec<u64> = truth.log().iter().map(|e| e.written.unwrap() - e.due).collect();
    late.sort();
    println!(
        "truth: lateness p50 {} µs, p99 {} µs; others took {:.0} %",
        late[late.len() / 2] / 1000,
        late[late.len() * 99 / 100] / 1000,
        share * 100.0
    );
    assert!(truth.log().iter().all(|e| e.took().unwrap() >= 5_000_000));
    assert!(!quiet::full() || !quiet::undisturbed(share) || late[late.len() / 2] < 200_000);
}

#[test]
fn faults_are_the_ones_asked_for() {
    let fates = vec![
        Fate::Answer,
        Fate::Reset,
        Fate::Fin,
        Fate::Short,
        Fate::Status(503),
        Fate::Never,
    ];
    let truth = Truth::always(Behaviour {
        fates,
        ..Behaviour::default()
    });
    let ends = |n: u64| {
        let mut client = Client::of(&truth);
        client.0.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        client.get(&format!("/{n}"));
        client.rest().map_err(|e| e.kind())
    };

    assert_eq!(ends(1), Err(ErrorKind::ConnectionReset));
    assert_eq!(ends(2), Ok(String::new()));
    assert_eq!(ends(3), Ok("HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\nx".into()));
    assert_eq!(ends(5), Err(ErrorKind::WouldBlock));
    let mut client = Client::of(&truth);
    client.get("/4");
    assert!(client.hear(20).starts_with("HTTP/1.1 503"));
    soon(|| truth.log().len() == 5);
    let unanswered = truth.log().iter().filter(|e| e.written.is_none()).count();
    assert_eq!((unanswered, truth.counts().requests), (3, 5));
}

#[test]
fn bodies_come_as_asked_and_an_echo_is_the_same() {
    for (body, expected) in [
        (Body::Length(0), "HTTP/1.1 200 X\r\nContent-Length: 0\r\n\r\n".to_owned()),
        (
            Body::Chunked(5000),
            format!(
                "HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n1000\r\n{}\r\n388\r\n{}\r\n0\r\n\r\n",
                "x".repeat(4096),
                "x".repeat(904)
            ),
        ),
        (Body::Echo, "HTTP/1.1 200 X\r\nContent-Length: 3\r\n\r\nabc".to_owned()),
    ] {
        let truth = Truth::always(Behaviour {
            body,
            ..Behaviour::default()
        });
        let mut client = Client::of(&truth);
        client.say("POST /1 HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc");
        assert_eq!(client.hear(expected.len()), expected);
    }
}

#[test]
fn ten_mebibytes_pass_both_ways() {
    let truth = Truth::always(Behaviour {
        body: Body::Echo,
        ..Behaviour::default()
    });
    let mut client = Client::of(&truth);
    let body = "y".repeat(10 << 20);

    client.say(&format!("POST /1 HTTP/1.1\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
    let head = format!("HTTP/1.1 200 X\r\nContent-Length: {}\r\n\r\n", body.len());

    assert!(client.hear(head.len() + body.len()).ends_with(&body));
    soon(|| truth.log().first().is_some_and(|e| e.hash == fnv(body.as_bytes())));
}

#[test]
fn connections_are_closed_when_told_and_when_idle() {
    let truth = Truth::always(Behaviour {
        close_every: 2,
        ..Behaviour::default()
    });
    let mut client = Client::of(&truth);
    client.get("/1");
    client.hear(HEAD.len());
    client.get("/2");
    assert!(client.rest().unwrap().contains("Connection: close"));

    let truth = Truth::always(Behaviour {
        idle_close: Some(Duration::from_millis(50)),
        ..Behaviour::default()
    });
    let mut client = Client::of(&truth);
    client.get("/1");
    client.hear(HEAD.len());
    let begun = Instant::now();
    assert_eq!(client.rest().unwrap(), "");
    assert!(begun.elapsed() >= Duration::from_millis(45), "{:?}", begun.elapsed());
    soon(|| truth.counts().open == 0);
}

#[test]
fn a_later_phase_answers_differently() {
    let truth = Truth::start(Script::always(Behaviour::default()).then(
        100,
        Behaviour {
            status: 503,
            service: Delay::Fixed(Duration::from_millis(1)),
            ..Behaviour::default()
        },
    ));
    let mut client = Client::of(&truth);
    client.get("/1");
    assert!(client.hear(HEAD.len()).starts_with("HTTP/1.1 200"));
    std::thread::sleep(Duration::from_millis(110));
    client.get("/2");
    assert!(client.hear(HEAD.len()).starts_with("HTTP/1.1 503"));
}

/// A request on each connection, then each reply: many are under way at once.
#[test]
fn it_serves_twenty_thousand_a_second_and_logs_them_all() {
    const CONNECTIONS: usize = 64;
    let rounds = if quiet::full() { 1500 } else { 100 };
    let truth = Truth::always(Behaviour::default());
    let mut clients: Vec<Client> = (0..CONNECTIONS).map(|_| Client::of(&truth)).collect();
    let mut number = 0;
    let measured = quiet::quietest(&[], || {
        let begun = Instant::now();
        for _ in 0..rounds {
            for client in &mut clients {
                client.get(&format!("/{number}"));
                number += 1;
            }
            clients.iter_mut().for_each(|c| assert_eq!(c.hear(HEAD.len()), HEAD));
        }
        (rounds * CONNECTIONS) as f64 / begun.elapsed().as_secs_f64()
    });

    let (rate, share) = measured;
    println!("truth: {rate:.0} requests a second, others took {:.0} %", share * 100.0);
    soon(|| truth.log().len() == number);
    let mut numbers: Vec<u64> = truth.log().iter().filter_map(|e| e.seq).collect();
    numbers.sort();
    assert!(numbers.iter().copied().eq(0..number as u64), "each once");
    if quiet::full() {
        assert!(quiet::undisturbed(share), "machine too busy: end other work and run it again");
        assert!(rate >= 20_000.0, "{rate:.0}");
    }
}
