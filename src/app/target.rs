//! Built-in targets: alone (`serve`), or in a thread of their own with the tool against them (`demo`).

use super::{Stop, load};
use crate::cli::{QueueArgs, RunArgs, Serve};
use crate::serve::queue::{self, PLANTS, Settings};
use crate::serve::{self, echo};
use std::io::Write;
use std::net::{SocketAddr, ToSocketAddrs};
use tokio_util::sync::CancellationToken;

/// `serve KIND`: until INT, TERM or HUP.
pub(super) fn serve(kind: Serve) -> Result<u8, Stop> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone()).map_err(Stop::fault)?;
    match kind {
        Serve::Queue(args) => {
            let settings = settings(&args)?;
            let listener = listen(&args.listen)?;
            announce("queue", listener.local_addr().map_err(Stop::fault)?);
            let stats = queue::run(listener, settings, stop).map_err(Stop::fault)?;
            say(&stats.json());
        }
        Serve::Echo { listen: address } => {
            let listener = listen(&address)?;
            announce("echo", listener.local_addr().map_err(Stop::fault)?);
            let counts = echo::run(listener, stop).map_err(Stop::fault)?;
            say(&format!("{} connections, {} bytes", counts.connections, counts.received));
        }
    }
    Ok(0)
}

/// `demo [PLANT]`: the target on loopback, then the tool.
pub(super) fn demo(plant: Option<&str>, args: &RunArgs, command: String) -> Result<u8, Stop> {
    let name = plant.unwrap_or(PLANTS[0].name);
    let Some(mut settings) = queue::demo(name) else {
        let list: Vec<String> = PLANTS.iter().map(|p| format!("\n  {:<8} {}", p.name, p.about)).collect();
        return Err(Stop::usage(format!(
            "there is no demo {name:?} (there are:{})",
            list.concat()
        )));
    };
    if let Some(seed) = args.seed.as_deref().and_then(|s| s.parse().ok()) {
        settings.seed = seed;
    }
    let truth = queue::truth(name, &settings);
    let listener = listen("127.0.0.1:0")?;
    let server = queue::spawn(listener, settings).map_err(Stop::fault)?;
    let code = load::run(&format!("http://{}/", server.addr()), args, command, truth);
    server.stop();
    server.join().map_err(Stop::fault)?;
    code
}

fn settings(args: &QueueArgs) -> Result<Settings, Stop> {
    let mut settings = Settings::default();
    let single = [
        ("servers", &args.servers),
        ("service", &args.service),
        ("contention", &args.contention),
        ("delay", &args.delay),
        ("admit", &args.admit),
        ("seed", &args.seed),
    ];
    let single = single.into_iter().filter_map(|(k, v)| v.as_ref().map(|v| (k, v)));
    let many = args
        .step
        .iter()
        .map(|v| ("step", v))
        .chain(args.stall.iter().map(|v| ("stall", v)));
    for (key, value) in single.chain(many) {
        settings
            .apply(key, value)
            .map_err(|why| Stop::usage(format!("--{key} {value}: {why}")))?;
    }
    Ok(settings)
}

fn listen(address: &str) -> Result<std::net::TcpListener, Stop> {
    let resolved: Option<SocketAddr> = address.to_socket_addrs().ok().and_then(|mut a| a.next());
    let resolved = resolved.ok_or_else(|| Stop::usage(format!("--listen {address:?} is not ADDR:PORT (such as 127.0.0.1:0)")))?;
    if !resolved.ip().is_loopback() {
        let _ = writeln!(std::io::stderr(), "clobber-tui: listening beyond loopback: {resolved}");
    }
    serve::listen(resolved).map_err(|e| {
        Stop::usage(format!(
            "cannot listen on {resolved}: {e} (another port: --listen 127.0.0.1:0)"
        ))
    })
}

fn announce(kind: &str, address: SocketAddr) {
    say(&format!("{kind} listening on {address}"));
}

/// A line on standard output; nobody reading it is no reason to stop.
fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}

fn stop_on_signal(stop: CancellationToken) -> std::io::Result<()> {
    let signals = super::signals::Signals::install(false)?;
    std::thread::Builder::new().name("signals".into()).spawn(move || {
        while signals.count() == 0 {
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        stop.cancel();
    })?;
    Ok(())
}
