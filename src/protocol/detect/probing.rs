//! The probe against servers of all kinds, and what is decided.
//! It refuses to wait for real timeouts.

use super::decide::{Decision, decide, raw};
use super::*;
use crate::plan::{Content, Scheme};
use crate::protocol::dispatch::Kind;
use crate::protocol::fixture::{near, plan};
use crate::protocol::scripted::{Script, block_on, one, reply, request, reset, serve};
use std::io::Write;

fn run(plan: &Plan, script: Script) -> Outcome {
    let (address, server) = serve(script);
    let outcome = block_on(probe(plan, &[near(address)], Epoch::new())).unwrap();
    server.join().unwrap();
    outcome
}

fn answer(plan: &Plan, bytes: &[u8]) -> Outcome {
    let owned = bytes.to_vec();
    run(plan, one(move |s| reply(s, &owned)))
}

fn found(outcome: Outcome) -> Found {
    match outcome {
        Outcome::Http(found) => *found,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_good_answer_makes_a_card_and_its_connection_is_kept() {
    let body = "x".repeat(1234);
    let text = format!(
        "HTTP/1.1 200 OK\r\nServer: nginx\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );

    let outcome = answer(&plan("h:1/x"), text.as_bytes());

    assert_eq!(decide(&outcome, &plan("h:1/x")), Decision::Start(Kind::Http1));
    let found = found(outcome);
    let card = &found.detection.card;
    assert_eq!(
        card[..5],
        ["200 OK", "1.2 kB text/html", "nginx", "http/1.1 keep-alive", "loopback"]
    );
    assert!(
        card[5].starts_with("connect ") && card[5].contains(", first byte "),
        "{}",
        card[5]
    );
    assert_eq!(card.len(), 6);
    assert_eq!(found.detection.asked.as_deref(), Some("GET /x HTTP/1.1"));
    assert!(found.kept.is_some() && found.result.is_ok() && found.uncounted == 0);
    assert!(found.seen.sent <= found.seen.first && found.seen.first <= Some(found.end));
}

#[test]
fn a_redirection_is_asked_about_with_the_flag_for_scripts() {
    let plan = plan("h:1/");

    let outcome = answer(
        &plan,
        b"HTTP/1.1 302 Found\r\nLocation: https://sso/\x1b[2Jlogin\r\nContent-Length: 0\r\n\r\n",
    );
    assert!(
        matches!(outcome, Outcome::NotHttp { .. }),
        "a control character in a header breaks HTTP"
    );
    let outcome = answer(
        &plan,
        b"HTTP/1.1 302 Found\r\nLocation: https://sso/login\r\nContent-Length: 0\r\n\r\n",
    );

    let Decision::Ask {
        question,
        refusal,
        status,
    } = decide(&outcome, &plan)
    else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        question,
        "GET / answers 302 Found → https://sso/login.  Enter = load it anyway (302 counts as good) · q"
    );
    assert!(refusal.contains("--expect status=302") && status == 302, "{refusal}");
}

#[test]
fn an_expected_status_starts_and_an_unexpected_200_is_refused() {
    let mut plan = plan("h:1/");
    plan.request.expect.status = vec![(404, 404)];

    let missing = answer(&plan, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    let fine = answer(&plan, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

    assert_eq!(decide(&missing, &plan), Decision::Start(Kind::Http1));
    let Decision::Refuse(why) = decide(&fine, &plan) else {
        panic!("what is expected is never overruled")
    };
    assert!(
        why.contains("answers 200 OK, and --expect status=404 does not allow that"),
        "{why}"
    );
}

#[test]
fn a_first_answer_that_fails_what_is_expected_of_its_body_is_refused() {
    let fine = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    let expecting = |content: Content| {
        let mut plan = plan("h:1/");
        plan.request.expect.content = vec![content];
        plan
    };
    let met = expecting(Content::Matches(regex::bytes::Regex::new("hel+o").unwrap()));
    let unmet = expecting(Content::Matches(regex::bytes::Regex::new("ready").unwrap()));
    let other = expecting(Content::Sha256([0xab; 32]));

    assert_eq!(decide(&answer(&met, fine), &met), Decision::Start(Kind::Http1));
    for (plan, flag) in [
        (unmet, "body~ready".to_owned()),
        (other, format!("sha256={}", "ab".repeat(32))),
    ] {
        let Decision::Refuse(why) = decide(&answer(&plan, fine), &plan) else {
            panic!("what is expected is never overruled")
        };
        let said = format!("answers 200 OK, and its body does not match --expect {flag} (");
        assert!(why.contains(&said), "{why}");
    }
}

#[test]
fn a_body_that_may_be_of_a_cold_start_is_asked_for_thrice() {
    let mut plan = plan("h:1/");
    plan.request.expect.status = vec![(200, 200), (503, 503)];
    plan.request.expect.content = vec![Content::Matches(regex::bytes::Regex::new("ready").unwrap())];
    let cold = |s: &mut std::net::TcpStream| reply(s, b"HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\ncold");

    let script: Script = (0..3).flat_map(|_| one(cold)).collect();
    let outcome = run(&plan, script);

    assert!(matches!(decide(&outcome, &plan), Decision::Refuse(_)));
    assert_eq!(found(outcome).before.len(), 2);
}

#[test]
fn a_cache_in_between_is_warned_of() {
    for (header, warned) in [
        ("Age: 12", true),
        ("X-Cache: HIT from cdn", true),
        ("Age: 0", false),
        ("X-Cache: MISS", false),
    ] {
        let text = format!("HTTP/1.1 200 OK\r\n{header}\r\nContent-Length: 0\r\n\r\n");

        let found = found(answer(&plan("h:1/"), text.as_bytes()));

        assert_eq!(
            found.detection.card.iter().any(|p| p.starts_with("⚠ cache HIT (")),
            warned,
            "{header}"
        );
    }
}

#[test]
fn interim_answers_do_not_make_the_card() {
    let text = b"HTTP/1.1 103 Early\r\nServer: early\r\n\r\nHTTP/1.1 200 Fine\r\nServer: late\r\nContent-Length: 0\r\n\r\n";

    let found = found(answer(&plan("h:1/"), text));

    assert_eq!(
        (found.detection.card[0].as_str(), found.detection.card[2].as_str()),
        ("200 Fine", "late")
    );
}

#[test]
fn an_answer_that_breaks_off_is_still_exchange_one() {
    let outcome = answer(&plan("h:1/"), b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf");

    assert_eq!(decide(&outcome, &plan("h:1/")), Decision::Start(Kind::Http1));
    let found = found(outcome);
    assert_eq!((found.result, found.kept.is_none()), (Err(Failure::ShortBody), true));
    assert_eq!(found.detection.card.last().unwrap(), "⚠ short_body: got 4 of 9 bytes");
}

#[test]
fn tls_gives_itself_away() {
    let plan = plan("h:1/");
    let nginx =
        "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n<center>The plain HTTP request was sent to HTTPS port</center>";
    for bytes in [&b"\x15\x03\x01\x00\x02\x02\x46"[..], nginx.as_bytes()] {
        let outcome = answer(&plan, bytes);

        assert!(matches!(outcome, Outcome::TlsLooking(_)), "{outcome:?}");
        assert!(matches!(decide(&outcome, &plan), Decision::Refuse(text) if text.contains("TLS")));
    }
}

#[test]
fn what_is_not_http_needs_a_payload_or_a_choice() {
    let bare = plan("h:1");
    let mut paid = plan("h:1");
    paid.request.body = Some(b"PING\r\n".as_slice().into());
    paid.request.method = "POST".into();
    let redis = b"-ERR wrong number of arguments for 'get' command\r\n";

    let outcome = answer(&bare, redis);

    let Decision::Refuse(text) = decide(&outcome, &bare) else {
        panic!("{outcome:?}")
    };
    assert!(
        text.contains("Redis") && text.contains("tcp://h:1") && text.contains("-d 'PING"),
        "{text}"
    );
    assert_eq!(decide(&answer(&paid, redis), &paid), Decision::Start(Kind::Tcp));
}

#[test]
fn garbage_is_shown_escaped() {
    let outcome = answer(&plan("h:1"), b"\x1b]0;pwn\x07\xff");

    let Outcome::NotHttp { what, excerpt } = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (what.as_str(), excerpt.as_str()),
        ("an unknown protocol", r"\x1b]0;pwn\x07\xff")
    );
}

#[test]
fn silence_is_tried_again_but_never_a_post() {
    let shut = |n: usize| -> Script { (0..n).map(|_| one(|s| assert!(request(s) > 0)).remove(0)).collect() };
    let get = plan("http://h:1/");
    let mut post = plan("http://h:1/");
    post.request.method = "POST".into();
    let mut late = shut(1);
    late.push(Box::new(|s| reply(s, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")));

    let thrice = run(&get, shut(3));
    let once = run(&post, shut(1));
    let recovered = found(run(&get, late));

    assert!(
        matches!(
            thrice,
            Outcome::Unreachable {
                failure: Failure::ClosedNoResponse,
                tries: 3,
                ..
            }
        ),
        "{thrice:?}"
    );
    assert!(
        matches!(
            once,
            Outcome::Unreachable {
                failure: Failure::ClosedNoResponse,
                tries: 1,
                ..
            }
        ),
        "{once:?}"
    );
    assert_eq!(recovered.uncounted, 1);
    assert!(matches!(decide(&thrice, &get), Decision::Unreachable(text) if text.contains("3 tries")));
    assert!(matches!(decide(&thrice, &plan("h:1")), Decision::Refuse(text) if text.contains("tcp://h:1")));
}

#[test]
fn a_closed_port_is_unreachable_whatever_the_scheme() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let bare = plan("h:1");

    let outcome = block_on(probe(&bare, &[near(closed)], Epoch::new())).unwrap();

    assert!(matches!(decide(&outcome, &bare), Decision::Unreachable(text) if text.contains("is the server running?")));
}

#[test]
fn a_reset_on_a_usual_tls_port_looks_like_tls() {
    let mut plan = plan("h:8443");
    plan.request.method = "POST".into();

    let outcome = run(
        &plan,
        one(|s| {
            request(s);
            reset(s);
        }),
    );

    assert!(matches!(outcome, Outcome::TlsLooking(_)), "{outcome:?}");
}

#[test]
fn the_second_address_is_used_when_the_first_is_closed() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let (open, server) = serve(one(|s| {
        request(s);
        s.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    }));

    let outcome = block_on(probe(&plan("h:1/"), &[near(closed), near(open)], Epoch::new())).unwrap();

    server.join().unwrap();
    assert_eq!(found(outcome).address, near(open));
}

#[test]
fn a_raw_run_is_named_by_its_payload() {
    let mut plan = plan("tcp://h:1");
    assert_eq!((plan.target.scheme, raw(&plan)), (Scheme::Tcp, Kind::TcpConnect));

    plan.request.body = Some(b"x".as_slice().into());

    assert_eq!(raw(&plan), Kind::Tcp);
}
