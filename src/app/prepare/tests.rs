//! What is dialled, and what is not, before a target may be loaded. Addresses of this machine stand for public ones.

use super::*;
use crate::app::journal::Feed;
use crate::app::snapshots::Snapshots;
use crate::cli::RunArgs;
use crate::conduct::Limits;
use crate::link::{Far, Link};
use crate::model::command::Command;
use crate::model::notice::Who;
use crate::model::run::RunInfo;
use crate::model::setpoints::Setpoints;
use crate::net::resolve::Place;
use crate::plan::Target;
use crate::telemetry::frame::Frame;
use std::io::{Read, Write};
use std::net::{IpAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// 127.0.0.2 is public here.
fn place(ip: IpAddr) -> Place {
    let public = ip == IpAddr::from([127, 0, 0, 2]);
    if public { Place::Public } else { Place::of(ip) }
}

/// Answers every request on every connection; counts connections.
fn server(ip: [u8; 4], answer: &'static [u8]) -> (SocketAddr, Arc<AtomicU64>) {
    let listener = TcpListener::bind((IpAddr::from(ip), 0)).unwrap();
    let (address, accepts) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
    let count = Arc::clone(&accepts);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            count.fetch_add(1, Ordering::SeqCst);
            let mut stream = stream.unwrap();
            std::thread::spawn(move || {
                while let Ok(1..) = stream.read(&mut [0; 4096]) {
                    stream.write_all(answer).ok();
                }
            });
        }
    });
    (address, accepts)
}

fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn session(target: &str, headless: bool, args: &RunArgs) -> Session {
    Session {
        job: cli::job(args).unwrap(),
        target: Target::parse(target).unwrap(),
        info: RunInfo::default(),
        limits: Limits {
            duration: None,
            until_answered: false,
            warmup: Nanos::ZERO,
            drain: Nanos::ZERO,
            patience: Nanos::ZERO,
        },
        headless,
        raw: None,
        feed: Feed::default(),
        snapshots: Snapshots::new(Arc::new(|_, _| Err("no run, no picture".into())), true),
    }
}

/// What comes of preparing after so many tries, and who asks the questions.
fn preparing<'f, T>(
    session: &Session,
    far: &'f Far,
    (permission, tries): (Permission, u32),
    act: impl FnOnce(&mut Preparation) -> T,
) -> (T, Foyer<'f>) {
    let mut foyer = Foyer::new(far, RunInfo::default(), Setpoints::default());
    let result = act(&mut Preparation {
        session,
        foyer: &mut foyer,
        permission,
        tries,
        epoch: Epoch::new(),
    });
    (result, foyer)
}

/// What comes of approaching these addresses, with these words said beforehand.
fn approach(session: &Session, addresses: &[SocketAddr], said: &[Command]) -> (Result<Ready, Not>, Link) {
    let (link, far) = Link::pair(Frame::default());
    for command in said {
        link.send(Who::User, command.clone());
    }
    let permission = Permission::new(session.job.yes).placing(place);
    (preparing(session, &far, (permission, 0), |p| p.approach(addresses)).0, link)
}

fn stopped(result: Result<Ready, Not>) -> Stop {
    match result {
        Err(Not::Stop(stop)) => stop,
        Err(Not::End(by)) => panic!("ended by {by:?}"),
        Ok(ready) => panic!("it may load {:?}", ready.pinned),
    }
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_public_address_behind_a_closed_near_one_is_not_dialled_without_a_word() {
    let (public, accepts) = server([127, 0, 0, 2], OK);
    let near = closed();
    for target in ["http://h:1/", "tcp://h:1"] {
        let session = session(target, true, &RunArgs::default());

        let stop = stopped(approach(&session, &[near, public], &[]).0);

        assert_eq!(stop.code, 2);
        let said = format!("connection refused by {near} (is the server running?");
        assert!(stop.why.contains(&said), "{}", stop.why);
        assert!(
            stop.why.contains(&format!("the next address, {public}, is public")),
            "{}",
            stop.why
        );
        assert!(stop.why.contains("say --yes"), "{}", stop.why);
    }
    assert_eq!(accepts.load(Ordering::SeqCst), 0);
}

#[test]
fn profile_and_limits_are_those_of_the_address_that_answers() {
    let (public, _) = server([127, 0, 0, 2], OK);
    let yes = RunArgs {
        yes: true,
        ..RunArgs::default()
    };
    for target in ["http://h:1/", "tcp://h:1"] {
        let near = session(target, true, &yes).plan(Place::Loopback);

        let ready = approach(&session(target, true, &yes), &[closed(), public], &[]).0;

        let Ok(ready) = ready else { panic!("it may be loaded") };
        assert_eq!((ready.pinned.address(), ready.pinned.place()), (public, Place::Public));
        assert_eq!(ready.plan.profile.name(), "gentle");
        assert!(ready.plan.connect_rate < near.connect_rate && ready.plan.max_workers < near.max_workers);
    }
}

#[test]
fn a_word_on_the_screen_is_asked_for_before_anything_is_sent_and_counts_for_one_address() {
    let (public, accepts) = server([127, 0, 0, 2], OK);
    let on_screen = session("http://h:1/", false, &RunArgs::default());

    let (left, link) = approach(&on_screen, &[public], &[Command::Quit]);
    assert!(matches!(left, Err(Not::End(Some(EndedBy::Quit)))));
    assert!(link.frame().asking);
    assert_eq!(accepts.load(Ordering::SeqCst), 0);
}

#[test]
fn a_near_address_that_accepts_but_is_silent_is_not_left_for_a_public_one() {
    let (public, accepts) = server([127, 0, 0, 2], OK);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = listener.local_addr().unwrap();
    let hasty = RunArgs {
        timeout: Some("50ms".into()),
        yes: true,
        ..RunArgs::default()
    };
    let session = session("http://h:1/", true, &hasty);

    let (silent, _link) = approach(&session, &[near, public], &[]);

    assert!(matches!(silent, Err(Not::End(None))));
    assert_eq!(accepts.load(Ordering::SeqCst), 0);
}

#[test]
fn whoever_leaves_while_a_server_is_silent_is_let_go_at_once() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let session = session("http://h:1/", true, &RunArgs::default());

    for (word, by) in [(Command::Signal, EndedBy::Signal), (Command::Quit, EndedBy::Quit)] {
        let (ended, _link) = approach(&session, &[listener.local_addr().unwrap()], &[word]);

        assert!(matches!(ended, Err(Not::End(Some(e))) if e == by));
    }
}

#[test]
fn a_server_that_is_busy_at_first_is_asked_again_and_every_answer_counts() {
    let (busy, accepts) = server([127, 0, 0, 1], b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    for (n, asked) in [(None, 3), (Some("2"), 2)] {
        let before = accepts.load(Ordering::SeqCst);
        let args = RunArgs {
            yes: true,
            requests: n.map(str::to_owned),
            ..RunArgs::default()
        };

        let Ok(ready) = approach(&session("http://h:1/", true, &args), &[busy], &[]).0 else {
            panic!("--yes lets it pass")
        };

        let first = ready.first.unwrap();
        assert_eq!(accepts.load(Ordering::SeqCst) - before, asked);
        assert_eq!((first.exchanges.len() as u64, first.connects.len() as u64), (asked, asked));
        assert!(
            first.exchanges.iter().all(|e| e.outcome == tally::Outcome::Ok),
            "503 is good now"
        );
        assert_eq!(
            [200, 302, 503, 404].map(|s| ready.plan.request.expect.good(s)),
            [true, true, true, false]
        );
    }
}

#[test]
fn what_is_expected_is_never_overruled() {
    let (busy, _) = server([127, 0, 0, 1], b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    for yes in [false, true] {
        let args = RunArgs {
            yes,
            expect: vec!["status=200".into()],
            ..RunArgs::default()
        };

        let stop = stopped(approach(&session("http://h:1/", !yes, &args), &[busy], &[]).0);

        assert_eq!(stop.code, 2);
        assert!(
            stop.why.contains("answers 404 Not Found, and --expect status=200"),
            "{}",
            stop.why
        );
    }
}

#[test]
fn the_first_connection_of_a_raw_run_is_its_first_worker_s_and_a_bare_connect_its_first_exchange() {
    let (open, _) = server([127, 0, 0, 1], b"!");
    let paid = RunArgs {
        body: Some("PING".into()),
        ..RunArgs::default()
    };
    for (args, exchanges) in [(RunArgs::default(), 1), (paid, 0)] {
        let ready = approach(&session("tcp://h:1", true, &args), &[open], &[]).0;

        let first = ready.ok().and_then(|r| r.first).unwrap();
        assert_eq!((first.exchanges.len(), first.connects.len()), (exchanges, 1));
        assert_eq!(first.stream.is_some(), exchanges == 0);
    }
}

#[test]
fn a_closed_port_ends_a_raw_run_as_quickly_as_any_other() {
    let (ended, link) = approach(&session("tcp://h:1", true, &RunArgs::default()), &[closed()], &[]);

    assert!(matches!(ended, Err(Not::End(None))));
    drop(link);
}

#[test]
fn no_lane_is_started_that_has_nothing_to_do() {
    let threads = |n: &str, workers: Option<&str>| {
        let args = RunArgs {
            threads: Some("1000".into()),
            requests: Some(n.into()),
            max_workers: workers.map(str::to_owned),
            ..RunArgs::default()
        };
        session("http://h:1/", true, &args).plan(Place::Loopback).threads
    };

    assert_eq!(
        [threads("5", None), threads("5000", None), threads("5000", Some("7"))],
        [5, 1000, 7]
    );
}

#[test]
fn whoever_leaves_while_a_name_is_resolved_need_not_wait_for_it() {
    for command in [Command::Signal, Command::Quit] {
        let by = if command == Command::Signal {
            EndedBy::Signal
        } else {
            EndedBy::Quit
        };
        let (link, far) = Link::pair(Frame::default());
        let (session, link) = (
            session("http://h:1/", true, &RunArgs::default()),
            std::cell::Cell::new(Some(link)),
        );
        let kept = std::cell::RefCell::new(None);

        // The word comes while the resolver, which never answers, is being waited for.
        let never = || {
            let (link, command) = (link.take().unwrap(), command.clone());
            *kept.borrow_mut() = Some(std::thread::spawn(move || {
                link.send(Who::User, command);
                link
            }));
            std::future::pending()
        };
        let result = preparing(&session, &far, (Permission::new(false), 0), |p| p.resolve_by(never)).0;

        assert!(matches!(result, Err(Not::End(Some(ended))) if ended == by), "{by:?}");
        drop(kept.take().map(|thread| thread.join().unwrap()));
    }
}

#[test]
fn a_target_that_nothing_answers_at_is_told_with_all_its_tries_and_their_time() {
    for target in ["http", "tcp"] {
        let near = closed();
        let session = session(&format!("{target}://{near}"), true, &RunArgs::default());
        let (link, far) = Link::pair(Frame::default());

        let (result, foyer) = preparing(&session, &far, (Permission::new(false), 9), |p| p.approach(&[near]));
        foyer.end(None);

        assert!(matches!(result, Err(Not::End(None))));
        let frame = link.frame();
        let why = frame.run.unreachable.clone().unwrap();
        let said = format!("nothing answered: connection refused by {near} (is the server running?");
        assert!(why.starts_with(&said) && why.contains("), 12 tries in "), "{why}");
        assert!(frame.at > Nanos::ZERO, "three tries took their pauses");
        let text = crate::report::closing::text(&frame, 120);
        assert!(text.contains("tried for ") && text.contains("no load was sent"), "{text}");
        assert!(!text.contains("0 sent") && !text.contains("ran 0"), "{text}");
    }
}
