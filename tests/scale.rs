//! Thousands of connections from one process: all connected, every request counted, and at each limit a sentence that says
//! whose it is and what helps. The default run asks for what a clean machine allows; `tests/run --full` for all there is.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops there")]

#[path = "support/nginx.rs"]
mod nginx;
#[path = "scale/paced.rs"]
mod paced;
#[path = "support/partial.rs"]
mod partial;
#[path = "support/product.rs"]
mod product;
#[path = "support/quiet.rs"]
mod quiet;
#[path = "support/schema.rs"]
mod schema;

use nginx::Nginx;
use product::{Ended, run};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use schema::{check, number};
use serde_json::Value;
use std::collections::{BTreeMap, HashSet};
use std::process::Command;

const JSON: [&str; 3] = ["--headless", "--output-format", "json"];

/// Raises the limit of descriptors, for the servers that this test starts, as the product does for itself.
fn make_room(descriptors: u64) {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    setrlimit(Resource::Nofile, raised).unwrap();
    let most = limit.maximum.unwrap_or(u64::MAX);
    assert!(
        most >= descriptors,
        "this test needs {descriptors} descriptors a process and may have {most} (as root: ulimit -Hn {descriptors})"
    );
}

fn judged(ended: &Ended) -> Value {
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    let summary = ended.json();
    check(&summary);
    summary
}

/// Loads with so many connections; what nginx counted is what the summary says, and nobody failed.
fn all_connect(count: u64, seconds: &str, more: &[&str]) -> Value {
    make_room(count + 100);
    let nginx = Nginx::start();
    let many = count.to_string();

    let ended = run(&[&["-c", &many, "-z", seconds, "-t", "30s", &nginx.url()], more, &JSON[..]].concat());

    let summary = judged(&ended);
    let counts = nginx.counts();
    let connections = &summary["connections"];
    assert_eq!(number(&summary, "/connections/peak"), count, "{connections:#}");
    assert_eq!(number(&summary, "/connections/active"), count, "{connections:#}");
    assert_eq!((number(&summary, "/connections/opened"), counts.accepts), (count, count));
    assert_eq!(number(&summary, "/books/sent"), counts.requests, "{:#}", summary["books"]);
    assert_eq!(summary["errors"], serde_json::json!({}), "{:#}", summary["error_samples"]);
    assert!(
        number(&summary, "/books/ok") >= count,
        "each had its turn: {:#}",
        summary["books"]
    );
    summary
}

fn events(summary: &Value) -> Vec<String> {
    let list = summary["events"].as_array().unwrap();
    list.iter().map(|e| e["what"].as_str().unwrap().to_owned()).collect()
}

/// The product as the last command of a shell line.
fn within(line: &str, args: &[&str]) -> (Ended, Value) {
    let mut shell = Command::new("sh");
    shell
        .args(["-c", line, env!("CARGO_BIN_EXE_clobber-tui")])
        .args(args)
        .args(JSON);
    let out = shell.output().unwrap();
    let ended = Ended {
        code: out.status.code(),
        stdout: String::from_utf8_lossy(&out.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&out.stderr).into_owned(),
    };
    let summary = judged(&ended);
    (ended, summary)
}

#[test]
fn three_thousand_connections_are_all_made_and_all_used() {
    all_connect(3000, "3s", &[]);
}

#[test]
#[ignore = "19 000 descriptors in two processes: tests/run --full"]
fn nineteen_thousand_connections_are_all_made_and_all_used() {
    // From one address alone the kernel looks long for each port beyond half of its range, as an event says.
    let summary = all_connect(19_000, "8s", &["--source-ip", "127.0.0.5,127.0.0.6"]);

    assert_eq!(summary["valid"], true, "{:#}", summary["generator"]);
}

#[test]
fn every_source_address_has_its_share_of_the_connections() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("access.log");
    let nginx = Nginx::within(
        "log_format who '$remote_addr $connection';",
        &format!("location / {{ access_log {} who; return 200 'ok'; }}", log.display()),
    );

    let list = ["--source-ip", "127.0.0.2,127.0.0.3", "--source-ip", "127.0.0.4"];
    let ended = run(&[&list[..], &["-c", "30", "-n", "3000", "--threads", "2", &nginx.url()], &JSON].concat());

    let summary = judged(&ended);
    let lines = std::fs::read_to_string(&log).unwrap();
    let mut shares = BTreeMap::<&str, HashSet<&str>>::new();
    for (address, connection) in lines.lines().filter_map(|l| l.split_once(' ')) {
        shares.entry(address).or_default().insert(connection);
    }
    let shares: Vec<(&str, usize)> = shares.into_iter().map(|(address, all)| (address, all.len())).collect();
    assert_eq!(lines.lines().count(), 3000);
    // The probe's connection is the first; two lanes take turns of their own.
    assert!(
        shares.iter().all(|(_, n)| (9..=11).contains(n)) && shares.len() == 3,
        "{shares:?}"
    );
    assert!(
        summary["command"]
            .as_str()
            .unwrap()
            .contains("--source-ip 127.0.0.2,127.0.0.3")
    );
}

#[test]
fn a_source_that_is_not_ours_or_of_another_family_ends_before_anything_is_sent() {
    let nginx = Nginx::start();
    for (source, told) in [
        ("192.0.2.7", "address of this machine"),
        ("::1", "IPv6"),
        ("here", "is not an IP address"),
    ] {
        let ended = run(&[&["--source-ip", source, &nginx.url()], &JSON[..]].concat());

        assert_eq!(ended.code, Some(2), "{source}: {}", ended.stderr);
        assert!(ended.stderr.contains(source), "{}", ended.stderr);
        // Where there is no IPv6, ::1 is no address of this machine either.
        assert!(ended.stderr.contains(told) || source == "::1", "{source}: {}", ended.stderr);
    }
    let counts = nginx.counts();
    assert_eq!((counts.accepts, counts.requests), (0, 0));
}

#[test]
fn too_few_descriptors_run_fewer_workers_and_name_the_limit() {
    let nginx = Nginx::start();

    let (_, summary) = within(
        "ulimit -n 256; exec \"$0\" \"$@\"",
        &[
            "-c",
            "400",
            "--mode",
            "manual",
            "--max-workers",
            "400",
            "-z",
            "5s",
            "--threads",
            "1",
            &nginx.url(),
        ],
    );

    let told = "needs 464 descriptors, limit 256: running 234 workers (raise it with ulimit -n)";
    assert!(events(&summary).iter().any(|e| e == told), "{:#}", summary["events"]);
    assert_eq!(number(&summary, "/connections/peak"), 234, "{:#}", summary["connections"]);
    assert_eq!(summary["valid"], false, "fewer than asked");
    assert_eq!(summary["errors"], serde_json::json!({}), "what does not fit is not tried");
}

/// A network of its own with 20 ports: `sh` as root there sets them.
const FEW_PORTS: &str = "unshare -rn sh -c 'ip link set lo up && echo 40000 40019 > /proc/sys/net/ipv4/ip_local_port_range && exec \"$0\" \"$@\"' \"$0\" \"$@\"";

#[test]
#[ignore = "a network namespace: tests/run --full"]
fn too_few_ports_are_this_machines_fault_and_more_addresses_help() {
    let args = ["demo", "-c", "40", "-z", "5s"];
    let (ended, short) = within(FEW_PORTS, &args);

    let told = events(&short).join("\n") + &ended.stderr;
    assert!(
        told.contains("local ports are free") && told.contains("--source-ip"),
        "{told}"
    );
    let samples = short["error_samples"].to_string();
    assert!(
        samples.contains("no free local port") && samples.contains("--source-ip"),
        "{samples}"
    );
    let classes: Vec<&String> = short["errors"].as_object().unwrap().keys().collect();
    assert_eq!(classes, ["local_port"]);
    assert!(
        number(&short, "/books/ok") > 100,
        "those that have a port go on: {:#}",
        short["books"]
    );
    assert_eq!(short["valid"], false);

    let (_, plenty) = within(
        FEW_PORTS,
        &[&args[..], &["--source-ip", "127.0.0.1,127.0.0.2,127.0.0.3"]].concat(),
    );
    assert_eq!(number(&plenty, "/connections/peak"), 40, "{:#}", plenty["connections"]);
    assert_eq!(plenty["errors"], serde_json::json!({}), "{:#}", plenty["error_samples"]);
}
