//! What the machine allows and how the lane itself is doing: descriptors, CPU, beats that came late.
//! It refuses to blame the target for any of it.

use crate::model::units::Nanos;
use crate::telemetry::interval::Health;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};
use std::os::unix::fs::FileExt;

/// Two beats further apart than this are a pause: what came due in it left late.
const PAUSE: Nanos = Nanos::from_millis(20);
/// Descriptors beside the workers' connections and the lanes that the program cannot do without.
const RESERVE: u64 = 18;
/// Descriptors beside these that it would like: also parked connections and reports.
const COMFORT: u64 = 60;
/// Descriptors of a lane: its runtime and its alarm.
const LANE: u64 = 4;

/// Raises the soft descriptor limit to the hard one and returns what is then in force; `None` is no limit.
pub(super) fn raise_descriptors() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return limit.current;
    }
    let wish = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, wish) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current, // a limit that cannot be raised is reported as it is
    }
}

/// Workers in so many lanes that fit under a descriptor limit, and what is wanted beside theirs.
pub(super) fn fit(lanes: usize, limit: Option<u64>) -> (u64, u64) {
    let lanes = LANE * lanes as u64;
    let room = limit.map_or(u64::MAX, |l| l.saturating_sub(RESERVE + lanes).max(1));
    (room, lanes + COMFORT)
}

/// CPU time used by the calling thread.
pub(super) fn thread_cpu() -> Nanos {
    let t = clock_gettime(ClockId::ThreadCPUTime);
    Nanos::from_secs(t.tv_sec as u64) + Nanos::new(t.tv_nsec as u64)
}

/// Time that the thread which reads it first could have run and had no CPU, as the kernel's scheduler counts it.
#[derive(Debug, Default)]
struct Queue {
    file: Option<std::io::Result<std::fs::File>>,
}

impl Queue {
    /// So far, with the times it got a CPU; zero where the system does not tell.
    fn waited(&mut self) -> (Nanos, u64) {
        let open = || std::fs::File::open("/proc/thread-self/schedstat");
        let Ok(file) = self.file.get_or_insert_with(open) else {
            return Default::default();
        };
        let mut text = [0; 64];
        let read = file.read_at(&mut text, 0).unwrap_or(0);
        parse_wait(&text[..read])
    }
}

/// The second and third number: CPU time, wait, slices (all ns but the last).
fn parse_wait(text: &[u8]) -> (Nanos, u64) {
    let text = std::str::from_utf8(text).unwrap_or_default();
    let number = |i| text.split_whitespace().nth(i).and_then(|n| n.parse().ok()).unwrap_or(0);
    (Nanos::new(number(1)), number(2))
}

/// The lane's pulse: how much CPU it used since it was last asked, and when it stood still.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    beat: Option<Nanos>,
    cpu: Nanos,
    queue: Queue,
    waited: (Nanos, u64), // now
    before: (Nanos, u64), // at the last restart
    pauses: Vec<(Nanos, Nanos)>,
}

impl Pulse {
    /// A beat.
    pub(super) fn beat(&mut self, now: Nanos) {
        if let Some(last) = self.beat.replace(now)
            && now - last > PAUSE
        {
            self.pauses.push((last, now - last));
        }
    }

    /// Looks how long the thread has waited for a CPU; call on the lane's thread, before `health`.
    pub(super) fn look(&mut self) {
        self.waited = self.queue.waited();
    }

    /// The lane's state over `span`, the thread having used `cpu` since its start.
    pub(super) fn health(&self, cpu: Nanos, span: Nanos) -> Health {
        let share = |time: Nanos| (time.secs() / span.secs().max(1e-9)).clamp(0.0, 1.0);
        let (ran, waited) = (cpu - self.cpu, self.waited.0 - self.before.0);
        let turns = self.waited.1.saturating_sub(self.before.1);
        Health {
            cpu: share(ran),
            waited: share(waited),
            occupied: share(ran + waited),
            turn: Nanos::new(waited.ns() / turns.max(1)),
            pauses: self.pauses.clone(),
            missed: 0,
            remarks: Vec::new(),
        }
    }

    /// What was said is heard; a new span begins.
    pub(super) fn restart(&mut self, cpu: Nanos) {
        (self.cpu, self.before) = (cpu, self.waited);
        self.pauses.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fits_leaves_room_for_the_lanes_and_the_rest() {
        assert_eq!(fit(1, Some(40)), (18, 64));
        assert_eq!(fit(1, Some(1024)).0, 1002);
        assert_eq!(fit(1, None).0, u64::MAX);
        assert_eq!(fit(8, Some(240)).0, 190, "eight lanes take 32");
        assert_eq!((fit(1, Some(24)).0, fit(1, Some(5)).0), (2, 1));
    }

    #[test]
    fn beats_more_than_twenty_milliseconds_apart_are_a_pause() {
        let mut pulse = Pulse::default();

        let ms = Nanos::from_millis;
        [0, 20, 41, 50, 340].iter().for_each(|at| pulse.beat(ms(*at)));

        let health = pulse.health(Nanos::ZERO, Nanos::from_secs(1));
        assert_eq!(health.pauses, [(ms(20), ms(21)), (ms(50), ms(290))]);
    }

    #[test]
    fn the_wait_for_a_cpu_is_that_of_the_reading_thread_and_grows() {
        assert_eq!(parse_wait(b"81208 1250000 12\n"), (Nanos::from_micros(1250), 12));
        assert_eq!(parse_wait(b""), (Nanos::ZERO, 0));
        let mut pulse = Pulse {
            waited: (Nanos::from_millis(30), 5),
            ..Pulse::default()
        };
        pulse.restart(Nanos::ZERO);
        pulse.waited = (Nanos::from_millis(42), 9);

        let health = pulse.health(Nanos::ZERO, Nanos::from_millis(100));

        assert!((health.waited - 0.12).abs() < 1e-9, "{health:?}");
        assert_eq!(health.turn, Nanos::from_millis(3), "12 ms in four turns");
        let busy = pulse.health(Nanos::from_millis(70), Nanos::from_millis(100));
        assert!((busy.occupied - 0.82).abs() < 1e-9, "what ran and what waited: {busy:?}");
    }

    #[test]
    fn the_share_of_cpu_is_of_the_span_since_the_restart() {
        let mut pulse = Pulse::default();

        pulse.restart(Nanos::from_millis(40));

        assert_eq!(pulse.health(Nanos::from_millis(65), Nanos::from_millis(100)).cpu, 0.25);
    }
}
