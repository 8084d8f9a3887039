//! Sessions against scripted servers over real loopback sockets: what a peer may do between the bytes.
//! It refuses timing: every step waits for the one before it.

use super::fixture::{near, plan};
use super::http1::Http1;
use super::scripted::{Script, await_close, block_on, one, reply, request, reset, serve};
use super::tcp::Tcp;
use super::{Protocol, Session};
use crate::clock::Epoch;
use crate::model::failure::Failure;
use crate::model::seen::Seen;
use crate::net::dial::Dialer;
use crate::plan::{Framing, Plan};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

type Exchange = (Result<(), Failure>, Seen, bool);

/// So many exchanges over one connection, as long as it is reusable; `settled` waits until the server is ready for the next.
fn exchanges<P: Protocol>(protocol: &P, n: u64, settled: impl Fn()) -> Vec<Exchange> {
    block_on(async {
        let mut session = protocol.connect(&mut Seen::default()).await.unwrap();
        let mut out = Vec::new();
        for seq in 0..n {
            let mut seen = Seen::default();
            let result = session.exchange(seq, &mut seen).await;
            let reusable = session.reusable();
            out.push((result, seen, reusable));
            if !reusable {
                break;
            }
            settled();
            // The runtime looks at the sockets, as it does between any two exchanges of a lane.
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        out
    })
}

fn http(plan: &Plan, script: Script, n: u64, settled: impl Fn()) -> Vec<Exchange> {
    let (address, server) = serve(script);
    let protocol = Http1::new(plan, Dialer::new(plan, near(address), Epoch::new())).unwrap();
    let done = exchanges(&protocol, n, settled);
    server.join().unwrap();
    done
}

fn get(script: Script) -> Exchange {
    http(&plan("h/"), script, 1, || {}).remove(0)
}

#[test]
fn a_good_answer_is_counted_to_the_byte() {
    let (tell, told) = std::sync::mpsc::channel();
    let (result, seen, reusable) = get(one(move |s| {
        tell.send(request(s)).unwrap();
        s.write_all(OK).unwrap();
    }));

    assert_eq!((result, reusable, seen.status, seen.head), (Ok(()), true, 200, true));
    assert_eq!((seen.tx, seen.rx), (told.recv().unwrap() as u64, OK.len() as u64));
    assert!(seen.first.is_some() && seen.detail.is_none());
}

#[test]
fn broken_connections_have_their_classes_and_their_bytes() {
    let cut: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf";
    let flood: &[u8] = &b"HTTP/1.1 102 P\r\n\r\n".repeat(1000);
    for (name, answer, with_reset, failure, status) in [
        ("F03 reset before any byte", &b""[..], true, Failure::Reset, 0),
        ("F04 reset within the body", cut, true, Failure::Reset, 200),
        ("F05 end within the body", cut, false, Failure::ShortBody, 200),
        ("F06 end before any byte", b"", false, Failure::ClosedNoResponse, 0),
        ("F14 garbage", b"\x1b]0;pwn\x07", false, Failure::Proto, 0),
        ("F15 HTTP/0.9", b"<html>", false, Failure::Proto, 0),
        ("F23 flood of interim answers", flood, false, Failure::ProtoLimit, 0),
        (
            "F23 one and then the end",
            b"HTTP/1.1 102 P\r\n\r\n",
            false,
            Failure::ClosedNoResponse,
            0,
        ),
    ] {
        let owned = answer.to_vec();
        let (result, seen, reusable) = get(one(move |s| {
            request(s);
            s.write_all(&owned).ok();
            if with_reset {
                reset(s);
            }
        }));

        assert_eq!(
            (result, reusable, seen.status),
            (Err(failure), false, status),
            "{name}: {:?}",
            seen.detail
        );
        assert!(
            seen.rx == answer.len() as u64 || failure == Failure::ProtoLimit,
            "{name}: {} bytes",
            seen.rx
        );
        assert!(seen.detail.is_some(), "{name}");
    }
}

#[test]
fn surplus_and_endless_headers_cost_the_connection_only() {
    let surplus = [OK, OK].concat();
    let (result, seen, reusable) = get(one(move |s| reply(s, &surplus)));
    assert_eq!(
        (result, reusable, seen.surplus, seen.status),
        (Ok(()), false, OK.len() as u64, 200)
    );

    let (result, seen, _) = get(one(|s| {
        reply(s, b"HTTP/1.1 200 OK\r\n");
        while s.write_all(&[b'x'; 8192]).is_ok() {}
    }));
    assert_eq!(result, Err(Failure::ProtoLimit));
    assert!(seen.rx < 200_000, "{}", seen.rx);
}

#[test]
fn a_body_until_close_is_whole_with_the_connection() {
    let (result, seen, reusable) = get(one(|s| reply(s, b"HTTP/1.0 200 OK\r\n\r\nall of it")));

    assert_eq!((result, reusable, seen.status), (Ok(()), false, 200));
}

#[test]
fn a_slow_drip_is_one_answer() {
    let (result, seen, reusable) = get(one(|s| {
        s.set_nodelay(true).unwrap();
        request(s);
        for byte in OK {
            s.write_all(&[*byte]).unwrap();
            std::thread::sleep(Duration::from_micros(200));
        }
    }));

    assert_eq!((result, reusable, seen.rx), (Ok(()), true, OK.len() as u64));
}

#[test]
fn a_kept_connection_that_the_peer_left_is_told_apart() {
    for (name, farewell) in [
        ("F10 silent end", &b""[..]),
        ("a 408 while idle", b"HTTP/1.1 408 Timeout\r\n\r\n"),
    ] {
        let (tell, told) = std::sync::mpsc::channel();
        let done = http(
            &plan("h/"),
            one(move |s| {
                reply(s, OK);
                s.write_all(farewell).unwrap();
                s.shutdown(Shutdown::Write).unwrap();
                tell.send(()).unwrap();
                await_close(s);
            }),
            2,
            || told.recv().unwrap(),
        );

        let (result, seen, _) = done.last().unwrap();
        // Farewell bytes that came with the answer are its surplus; otherwise the next exchange meets them.
        if done.len() == 2 {
            assert_eq!(
                (*result, seen.tx, seen.status),
                (Err(Failure::ReusedConnClosed), 0, 0),
                "{name}"
            );
            assert!(seen.first.is_none(), "{name}: bytes sent before the request are no answer");
        } else {
            assert!(seen.surplus > 0, "{name}");
        }
    }
}

#[test]
fn a_kept_connection_closed_after_the_request_is_told_apart_too() {
    for with_reset in [false, true] {
        let done = http(
            &plan("h/"),
            one(move |s| {
                reply(s, OK);
                request(s);
                if with_reset {
                    reset(s);
                }
            }),
            2,
            || {},
        );

        assert_eq!(done[0].0, Ok(()));
        assert_eq!(done[1].0, Err(Failure::ReusedConnClosed), "reset: {with_reset}");
        assert!(done[1].1.tx > 0);
    }
}

#[test]
fn an_answer_that_comes_before_the_whole_request_is_kept() {
    // F08: 413, then no more reading. The body is larger than any socket buffer, so the request cannot all be sent.
    let mut plan = plan("h/");
    plan.request.method = "POST".into();
    plan.request.body = Some(vec![b'x'; 32 << 20].into());
    for closes in [true, false] {
        let (release, released) = std::sync::mpsc::channel::<()>();
        let (address, server) = serve(one(move |s| {
            request(s);
            s.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n").unwrap();
            if closes {
                s.shutdown(Shutdown::Write).unwrap();
            }
            released.recv().ok();
        }));
        let protocol = Http1::new(&plan, Dialer::new(&plan, near(address), Epoch::new())).unwrap();

        let (result, seen, reusable) = exchanges(&protocol, 1, || {}).remove(0);

        drop(release);
        server.join().unwrap();
        assert_eq!((result, reusable, seen.status), (Ok(()), false, 413));
        assert!(seen.tx < 32 << 20);
    }
}

#[test]
fn a_large_request_is_sent_to_its_end_while_it_is_echoed() {
    let body = vec![b'x'; 8 << 20];
    let mut plan = plan("tcp://h:1");
    plan.request.framing = Framing::Bytes(body.len() as u64);
    plan.request.body = Some(body.clone().into());
    // An echo that writes as it reads: with a client that only reads after writing, both would wait for ever.
    let (address, server) = serve(one(|s| {
        let mut room = [0; 65_536];
        while let Ok(n @ 1..) = s.read(&mut room) {
            s.write_all(&room[..n]).unwrap();
        }
    }));

    let done = exchanges(&Tcp::new(&plan, Dialer::new(&plan, near(address), Epoch::new())), 2, || {});

    server.join().unwrap();
    for (result, seen, reusable) in done {
        assert_eq!((result, reusable), (Ok(()), true));
        assert_eq!((seen.tx, seen.rx, seen.surplus), (body.len() as u64, body.len() as u64, 0));
    }
}

#[test]
fn a_dropped_exchange_leaves_what_was_seen_and_a_worthless_session() {
    let (address, server) = serve(one(|s| {
        reply(s, b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf");
        await_close(s);
    }));
    let plan = plan("h/");
    let protocol = Http1::new(&plan, Dialer::new(&plan, near(address), Epoch::new())).unwrap();

    block_on(async {
        let mut session = protocol.connect(&mut Seen::default()).await.unwrap();
        let mut seen = Seen::default();
        while !seen.head {
            tokio::time::timeout(Duration::from_millis(50), session.exchange(0, &mut seen))
                .await
                .unwrap_err();
        }

        assert!(seen.first.is_some() && seen.rx > 0 && seen.status == 200);
        assert!(!session.reusable());
    });
    server.join().unwrap();
}

#[test]
fn a_connection_may_be_limited_to_some_exchanges_or_to_one() {
    let serves = |n: usize| one(move |s| (0..n).for_each(|_| reply(s, OK)));
    let mut limited = plan("h/");
    limited.request.per_connection = Some(2);
    let mut single = plan("h/");
    single.request.keepalive = false;

    let reusable = |done: Vec<Exchange>| done.iter().map(|e| e.2).collect::<Vec<_>>();

    assert_eq!(reusable(http(&limited, serves(2), 5, || {})), [true, false]);
    assert_eq!(reusable(http(&single, serves(1), 5, || {})), [false]);
}

#[test]
fn a_probes_connection_is_taken_over_as_a_used_one() {
    let (address, server) = serve(one(|s| reply(s, OK)));
    let plan = plan("h/");
    let protocol = Http1::new(&plan, Dialer::new(&plan, near(address), Epoch::new())).unwrap();

    let (result, seen) = block_on(async {
        let mut session = protocol.adopt(TcpStream::connect(address).unwrap(), 1).unwrap();
        let mut seen = Seen::default();
        let result = session.exchange(1, &mut seen).await;
        let again = session.exchange(2, &mut Seen::default()).await;
        assert_eq!(again, Err(Failure::ReusedConnClosed));
        (result, seen)
    });

    server.join().unwrap();
    assert_eq!((result, seen.status), (Ok(()), 200));
}

#[test]
fn a_connect_without_payload_ends_in_a_reset() {
    let (tell, told) = std::sync::mpsc::channel();
    let (address, server) = serve(one(move |s| tell.send(s.read(&mut [0])).unwrap()));
    let plan = plan("tcp://h:1");

    let (result, seen, reusable) =
        exchanges(&Tcp::new(&plan, Dialer::new(&plan, near(address), Epoch::new())), 1, || {}).remove(0);

    server.join().unwrap();
    assert_eq!((result, reusable, seen.tx), (Ok(()), false, 0));
    let met = told.recv().unwrap().map_err(|e| e.kind());
    assert_eq!(met, Err(std::io::ErrorKind::ConnectionReset));
}

#[test]
fn a_payload_without_an_answer_is_sent_and_late_bytes_do_no_harm() {
    let mut plan = plan("tcp://h:1");
    plan.request.body = Some(b"log line\n".as_slice().into());
    plan.request.framing = Framing::None;
    let (address, server) = serve(one(|s| {
        let mut room = [0; 64];
        while let Ok(1..) = s.read(&mut room) {
            s.write_all(b"thanks").ok();
        }
    }));

    let done = exchanges(&Tcp::new(&plan, Dialer::new(&plan, near(address), Epoch::new())), 3, || {});

    server.join().unwrap();
    assert_eq!(
        done.iter().map(|e| (e.0, e.2, e.1.surplus)).collect::<Vec<_>>(),
        [(Ok(()), true, 0); 3]
    );
}
