//! What the server does with a request, as plain values; and when a reply leaves, by computation.
//! It refuses to know sockets.

use std::time::Duration;

const SECOND: f64 = 1e9;

/// How long a request is worked on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Delay {
    /// Always the same.
    Fixed(Duration),
    /// Uniform between two lengths.
    Uniform(Duration, Duration),
    /// Every so many-th request (by number) is slow, the others are fast.
    Bimodal {
        /// Which.
        every: u64,
        /// Length of those.
        slow: Duration,
        /// Length of the others.
        fast: Duration,
    },
    /// Exponential, by its mean.
    Exponential(Duration),
    /// Pareto: at least this long, with this exponent, at most that long.
    Pareto(Duration, f64, Duration),
}

/// Stands still in `[from, to)` of every `period`, counted from the first request: no work, but reading goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Freeze {
    /// Begin within a period.
    pub(crate) from: Duration,
    /// End within a period.
    pub(crate) to: Duration,
    /// Length of a period.
    pub(crate) period: Duration,
}

/// How one request ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Fate {
    /// With the usual status and body.
    Answer,
    /// With another status and no body.
    Status(u16),
    /// A reset instead of an answer.
    Reset,
    /// A close instead of an answer.
    Fin,
    /// Half of the announced body, then a close.
    Short,
    /// Not at all.
    Never,
}

/// The body of a good answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    /// So many bytes, with their length.
    Length(usize),
    /// So many bytes, in chunks of at most 4096.
    Chunked(usize),
    /// The request's own.
    Echo,
}

/// What is done with requests, for a while.
#[derive(Clone, Debug)]
pub(crate) struct Behaviour {
    /// Work per request.
    pub(crate) service: Delay,
    /// Requests worked on at once, first come first served; 0 is no limit.
    pub(crate) servers: usize,
    /// Times without any work.
    pub(crate) freeze: Option<Freeze>,
    /// By the request's number, over and over; empty: all are answered.
    pub(crate) fates: Vec<Fate>,
    /// Status of good answers.
    pub(crate) status: u16,
    /// Body of good answers.
    pub(crate) body: Body,
    /// Every so many-th answer of a connection closes it; 0 is never.
    pub(crate) close_every: u64,
    /// A connection without a request for so long is closed.
    pub(crate) idle_close: Option<Duration>,
}

impl Default for Behaviour {
    fn default() -> Self {
        Self {
            service: Delay::Fixed(Duration::ZERO),
            servers: 0,
            freeze: None,
            fates: Vec::new(),
            status: 200,
            body: Body::Length(2),
            close_every: 0,
            idle_close: None,
        }
    }
}

impl Behaviour {
    /// Every request takes so long.
    pub(crate) fn fixed(ms: u64) -> Self {
        Self {
            service: Delay::Fixed(Duration::from_millis(ms)),
            ..Self::default()
        }
    }

    /// So many at once, each so long.
    pub(crate) fn station(servers: usize, ms: f64) -> Self {
        Self {
            service: Delay::Fixed(Duration::from_secs_f64(ms / 1e3)),
            servers,
            ..Self::default()
        }
    }

    /// Frozen for 2 s of every 10 s, from second 3 on.
    pub(crate) fn frozen(self) -> Self {
        Self {
            freeze: Some(Freeze {
                from: Duration::from_secs(3),
                to: Duration::from_secs(5),
                period: Duration::from_secs(10),
            }),
            ..self
        }
    }

    /// The fate of the request with this number.
    pub(crate) fn fate(&self, number: u64) -> Fate {
        match self.fates.len() {
            0 => Fate::Answer,
            n => self.fates[(number % n as u64) as usize],
        }
    }
}

/// A server's whole life.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    /// From a time since the first request on; the first is from the beginning.
    pub(crate) phases: Vec<(Duration, Behaviour)>,
    /// Connections the kernel may keep waiting.
    pub(crate) backlog: i32,
    /// After so many connections none is accepted for so long.
    pub(crate) deaf: Option<(u64, Duration)>,
    /// Keep a record of each request.
    pub(crate) logged: bool,
    /// Of the lengths of work.
    pub(crate) seed: u64,
}

impl Script {
    /// The same all the time.
    pub(crate) fn always(behaviour: Behaviour) -> Self {
        Self {
            phases: vec![(Duration::ZERO, behaviour)],
            backlog: 4096,
            deaf: None,
            logged: true,
            seed: 1,
        }
    }

    /// Then, from so long after the first request, another one.
    pub(crate) fn then(mut self, ms: u64, behaviour: Behaviour) -> Self {
        self.phases.push((Duration::from_millis(ms), behaviour));
        self
    }

    /// Which phase a moment lies in, ns since the first request.
    pub(crate) fn phase(&self, at: u64) -> usize {
        let begun = |(from, _): &&(Duration, Behaviour)| from.as_nanos() <= u128::from(at);
        self.phases.iter().filter(begun).count().max(1) - 1
    }
}

/// The stations of a script: when each server is free, in working time of its phase, ns.
pub(crate) struct Stations {
    free: Vec<Vec<f64>>,
    random: fastrand::Rng,
}

impl Stations {
    pub(crate) fn new(script: &Script) -> Self {
        let free = |(_, b): &(Duration, Behaviour)| vec![0.0; b.servers];
        Self {
            free: script.phases.iter().map(free).collect(),
            random: fastrand::Rng::with_seed(script.seed),
        }
    }

    /// When the reply to a request leaves that came at `at`; both ns since the first request.
    pub(crate) fn departure(&mut self, script: &Script, at: u64, number: u64) -> u64 {
        let phase = script.phase(at);
        let behaviour = &script.phases[phase].1;
        let work = self.length(behaviour.service, number);
        let arrival = thaw(behaviour.freeze, at as f64);
        let servers = &mut self.free[phase];
        let soonest = servers.iter_mut().min_by(|a, b| a.total_cmp(b));
        let done = match soonest {
            None => arrival + work,
            Some(free) => {
                *free = free.max(arrival) + work;
                *free
            }
        };
        freeze(behaviour.freeze, done) as u64
    }

    /// ns.
    fn length(&mut self, delay: Delay, number: u64) -> f64 {
        let ns = |d: Duration| d.as_secs_f64() * SECOND;
        match delay {
            Delay::Fixed(d) => ns(d),
            Delay::Uniform(a, b) => ns(a) + (ns(b) - ns(a)) * self.random.f64(),
            Delay::Bimodal { every, slow, fast } => ns(if number.is_multiple_of(every) { slow } else { fast }),
            Delay::Exponential(mean) => -ns(mean) * (1.0 - self.random.f64()).ln(),
            Delay::Pareto(least, alpha, most) => (ns(least) * (1.0 - self.random.f64()).powf(-1.0 / alpha)).min(ns(most)),
        }
    }
}

/// Working time up to a moment: what is left when the frozen times are cut out.
fn thaw(freeze: Option<Freeze>, at: f64) -> f64 {
    let Some((from, to, period)) = freeze.map(bounds) else {
        return at;
    };
    let (whole, within) = ((at / period).floor(), at % period);
    let lost = if within < from { 0.0 } else { within.min(to) - from };
    whole * (period - (to - from)) + within - lost
}

/// The moment at which so much working time is over.
fn freeze(freeze: Option<Freeze>, worked: f64) -> f64 {
    let Some((from, to, period)) = freeze.map(bounds) else {
        return worked;
    };
    let each = period - (to - from);
    let (whole, within) = ((worked / each).floor(), worked % each);
    whole * period + within + if within < from { 0.0 } else { to - from }
}

fn bounds(f: Freeze) -> (f64, f64, f64) {
    let ns = |d: Duration| d.as_secs_f64() * SECOND;
    (ns(f.from), ns(f.to), ns(f.period))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: u64 = 1_000_000;

    fn departures(behaviour: Behaviour, at_ms: &[u64]) -> Vec<u64> {
        let script = Script::always(behaviour);
        let mut stations = Stations::new(&script);
        at_ms.iter().map(|at| stations.departure(&script, at * MS, 0) / MS).collect()
    }

    #[test]
    fn a_frozen_server_answers_what_waited_when_it_goes_on() {
        // 5 ms of work; still in [3000, 5000) ms
        assert_eq!(
            departures(Behaviour::fixed(5).frozen(), &[100, 2998, 3000, 4000, 4999, 5001, 13_000]),
            [105, 5003, 5005, 5005, 5005, 5006, 15_005]
        );
    }

    #[test]
    fn one_server_works_on_one_after_another_and_two_on_two() {
        assert_eq!(departures(Behaviour::station(1, 10.0), &[0, 0, 5, 100]), [10, 20, 30, 110]);
        assert_eq!(departures(Behaviour::station(2, 10.0), &[0, 0, 5, 100]), [10, 10, 20, 110]);
    }

    #[test]
    fn phases_begin_when_they_should() {
        let script = Script::always(Behaviour::fixed(1)).then(2000, Behaviour::fixed(50));
        let mut stations = Stations::new(&script);

        assert_eq!(
            [0, 1999, 2000].map(|at| stations.departure(&script, at * MS, 0) / MS),
            [1, 2000, 2050]
        );
    }

    #[test]
    fn lengths_follow_their_law() {
        let ms = Duration::from_millis;
        let mean = |delay| {
            let mut stations = Stations::new(&Script::always(Behaviour::default()));
            (0..20_000).map(|n| stations.length(delay, n)).sum::<f64>() / 20_000.0 / 1e6
        };

        assert!((mean(Delay::Uniform(ms(0), ms(100))) - 50.0).abs() < 1.0);
        assert!((mean(Delay::Exponential(ms(10))) - 10.0).abs() < 0.3);
        // every 100th is 500, the others 5
        let bimodal = Delay::Bimodal {
            every: 100,
            slow: ms(500),
            fast: ms(5),
        };
        assert!((mean(bimodal) - 9.95).abs() < 1e-6);
        assert!((1.0..10.0).contains(&mean(Delay::Pareto(ms(1), 1.2, ms(5000)))));
    }
}
