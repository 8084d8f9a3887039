//! Starts the lanes' threads.
//! It refuses to choose a protocol: that is the caller's one match.

use super::beat::{Beat, Fault, Post, run};
use super::due::Due;
use super::gate::Gate;
use super::idlers::Idlers;
use super::lane::{Lane, Quota, Terms};
use super::lanes::{Lanes, Port};
use super::orders::Orders;
use super::rack::Rack;
use super::rawlog::Outlet;
use super::room::Room;
use super::roster::Roster;
use super::supply::{Budget, Supply};
use crate::clock::Epoch;
use crate::model::demand::Demand;
use crate::model::seen::Seen;
use crate::model::units::Nanos;
use crate::plan::Plan;
use crate::protocol::{Protocol, Session};
use crate::telemetry::tally::Outcome;
use anyhow::{Context, Result};
use std::cell::{Cell, RefCell};
use std::net::TcpStream;
use std::num::NonZeroU64;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::mpsc::{SyncSender, sync_channel};
use tokio::runtime::{Builder, LocalOptions};

/// Dials under way at once, over all lanes.
const OUTSTANDING: usize = 500;
/// Intervals and spares under way between a lane and the conductor.
const CHANNEL: usize = 4;
/// Asks one worker to panic: `panic_worker:INDEX@TIME`, such as `panic_worker:3@2s`.
const FAULT: &str = "CLOBBER_FAULT";

/// A lane's place among the others, told to whoever makes its protocol.
#[derive(Clone, Copy, Debug)]
pub struct Seat {
    /// In [0, lanes).
    pub lane: usize,
    /// Lanes there are.
    pub lanes: usize,
    /// The clock of the run.
    pub epoch: Epoch,
    /// Differs between lanes, follows from the plan's seed.
    pub seed: u64,
}

/// What was done before the run began: its first exchanges, numbered from 0 and recorded by lane 0, and a connection.
#[derive(Default)]
pub struct First {
    /// A connection, non-blocking, when it may carry the next exchange.
    pub stream: Option<TcpStream>,
    /// Exchanges it has carried.
    pub uses: u64,
    /// Times to connect, of all connections made.
    pub connects: Vec<Nanos>,
    /// What was asked and answered, in order.
    pub exchanges: Vec<Done>,
}

/// An exchange that is over.
pub struct Done {
    /// What was seen of it.
    pub seen: Seen,
    /// How it ended.
    pub outcome: Outcome,
    /// When it ended.
    pub end: Nanos,
}

/// What a lane's thread begins with.
struct Berth {
    seat: Seat,
    terms: Terms,
    gate: (f64, usize), // dials a second, dials outstanding
    supply: Supply,
    due: Arc<Due>,
    beat: Beat,
    first: Option<First>,
    log: Option<Outlet>,
}

/// Starts `plan.threads` lanes without workers; `set` starts those. `make` is called once on each lane's thread, within
/// its runtime. `log`: where every ended request gets a line.
///
/// # Errors
/// A thread or its runtime could not be made.
pub fn launch<P, F>(plan: &Plan, epoch: Epoch, make: F, first: Option<First>, log: Option<Outlet>) -> Result<Lanes>
where
    P: Protocol + 'static,
    F: Fn(&Seat) -> P + Send + Sync + 'static,
{
    let mut room = Room::of(plan);
    let (make, from) = (Arc::new(make), epoch.now());
    let used = used(first.as_ref());
    let numbers = plan.requests.map(|n| Arc::new(Budget::new(n, used)));
    let due = Arc::new(Due::new(plan, epoch, numbers.clone(), used).logged(log.clone()));
    let (ports, berths): (Vec<Port>, Vec<Berth>) = berths(plan, epoch, from, first, (&numbers, &due), log.as_ref())
        .into_iter()
        .unzip();
    if plan.open && !due.alarms.iter().all(|a| a.fine()) {
        room.remark("no fine timers here: arrivals are up to 1 ms late".to_owned());
    }
    let mut lanes = Lanes::new(ports, due, room, from).logged(log);
    for berth in berths {
        let (make, (say, heard)) = (Arc::clone(&make), sync_channel(1));
        let lane = berth.seat.lane;
        let thread = std::thread::Builder::new()
            .name(format!("lane-{lane}"))
            .spawn(move || live(berth, &*make, &say))
            .context("cannot start a lane's thread")?;
        lanes.man(lane, thread);
        let made = heard.recv().context("a lane's thread ended before it began")?;
        made.context("cannot make a lane's runtime (each needs about 4 descriptors: fewer --threads, or a higher ulimit -n)")?;
    }
    Ok(lanes)
}

fn berths(
    plan: &Plan,
    epoch: Epoch,
    from: Nanos,
    mut first: Option<First>,
    (budget, due): (&Option<Arc<Budget>>, &Arc<Due>),
    log: Option<&Outlet>,
) -> Vec<(Port, Berth)> {
    let lanes = plan.threads.max(1);
    let used = used(first.as_ref());
    let fault = std::env::var(FAULT).ok().and_then(|text| Fault::parse(&text));
    let berth = |lane| {
        let (out, intervals) = sync_channel(CHANNEL);
        let (spares, returned) = sync_channel(CHANNEL);
        let orders = Arc::new(Orders::default());
        orders.put(0, &Demand::default());
        let mine = fault.filter(|f| f.index % lanes == lane);
        let mine = mine.map(|f| Fault {
            index: f.index / lanes,
            ..f
        });
        let berth = Berth {
            seat: Seat {
                lane,
                lanes,
                epoch,
                seed: plan.seed.wrapping_add(lane as u64),
            },
            terms: Terms::of(plan),
            gate: (plan.connect_rate / lanes as f64, OUTSTANDING.div_ceil(lanes)),
            supply: Supply::new(budget.clone(), used, lane, lanes),
            due: Arc::clone(due),
            beat: Beat::new(Arc::clone(&orders), Post { out, spares: returned }, mine, from),
            first: first.take(), // lane 0 is made first
            log: log.cloned(),
        };
        (Port::new(orders, intervals, spares, from), berth)
    };
    (0..lanes).map(berth).collect()
}

/// The whole life of a lane's thread.
fn live<P: Protocol + 'static>(berth: Berth, make: &dyn Fn(&Seat) -> P, say: &SyncSender<std::io::Result<()>>) {
    sharpen_timers();
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build_local(LocalOptions::default());
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return drop(say.send(Err(error))),
    };
    runtime.block_on(async {
        let protocol = make(&berth.seat);
        let mut lane = furnish(
            berth.seat,
            berth.terms,
            (berth.gate, berth.beat),
            (berth.supply, berth.due),
            protocol,
        );
        lane.log = berth.log.map(|outlet| RefCell::new(outlet.tap()));
        let lane = Rc::new(lane);
        if let Some(first) = berth.first {
            begin_with(&lane, first);
        }
        drop(say.send(Ok(())));
        run(lane).await;
    });
}

/// A lane without workers, within the runtime of its thread.
pub(super) fn furnish<P: Protocol>(
    seat: Seat,
    terms: Terms,
    (gate, beat): ((f64, usize), Beat),
    (supply, due): (Supply, Arc<Due>),
    protocol: P,
) -> Lane<P> {
    Lane {
        protocol,
        epoch: seat.epoch,
        terms,
        roster: Roster::default(),
        rack: Rack::new(),
        gate: Gate::new(gate.0, gate.1),
        supply,
        due,
        number: seat.lane,
        idle: Idlers::default(),
        hires: Cell::new(0),
        took: Cell::new(0),
        rang: Cell::new(Nanos::ZERO),
        tally: RefCell::default(),
        log: None,
        beat: RefCell::new(beat),
        late: Cell::new(Nanos::MAX),
        quota: Cell::new(Quota::default()),
        recovered: Cell::new(false),
        dialled: Cell::new(Nanos::ZERO),
        rng: RefCell::new(fastrand::Rng::with_seed(seat.seed)),
    }
}

/// How many numbers are taken before the run.
fn used(first: Option<&First>) -> u64 {
    first.map_or(0, |f| f.exchanges.len() as u64)
}

/// Records what was done before, and keeps its connection.
fn begin_with<P: Protocol>(lane: &Lane<P>, first: First) {
    first
        .connects
        .iter()
        .for_each(|took| lane.tally.borrow_mut().connected(*took));
    for (seq, done) in (0..).zip(first.exchanges) {
        let mut tally = lane.tally.borrow_mut();
        tally.scheduled += 1;
        tally.sent += u64::from(done.seen.sent.is_some());
        drop(tally);
        lane.record(&Seen { seq, ..done.seen }, done.outcome, done.end);
    }
    let stream = first.stream.filter(|_| lane.terms.uses > first.uses);
    if let Some(session) = stream
        .and_then(|s| lane.protocol.adopt(s, first.uses))
        .filter(|s| s.reusable())
    {
        lane.rack.park(lane.rack.keep(session, first.uses), lane.epoch.now());
    }
}

/// Timers of this thread fire when they are due, not up to 50 µs later.
fn sharpen_timers() {
    #[cfg(target_os = "linux")]
    let _ = rustix::thread::set_current_timer_slack(NonZeroU64::new(1)); // refused: timers are a little coarser
}

#[cfg(test)]
mod tests;
