//! Standstills of this machine: beats of lanes that came far too late, by a stop signal, a theft of CPU, a paused guest.
//! It refuses to count one twice because several lanes saw it.

use crate::model::format::count;
use crate::model::units::Nanos;
use crate::telemetry::interval::Interval;

/// A shorter pause is nothing to tell anybody.
const STALL: Nanos = Nanos::from_millis(100);

/// All of a run.
#[derive(Debug, Default)]
pub(super) struct Standstills {
    /// When and how long, in order.
    pub(super) list: Vec<(Nanos, Nanos)>,
}

impl Standstills {
    /// Adds those of one interval, `rate` arrivals a second being due meanwhile. What is to be told, with its moment: those
    /// that overlap as one, one that goes on from before not again.
    pub(super) fn add(&mut self, i: &Interval, rate: Option<f64>) -> Vec<(Nanos, String)> {
        let known = self.list.len();
        let mut late: Vec<f64> = vec![0.0; known];
        for (at, lasted) in i.health.pauses.iter().filter(|(_, lasted)| *lasted > STALL) {
            match self.list.last_mut() {
                Some((from, long)) if *at <= *from + *long => *long = (*at + *lasted).max(*from + *long) - *from,
                _ => {
                    self.list.push((*at, *lasted));
                    late.push(0.0);
                }
            }
            if let Some(sum) = late.last_mut() {
                *sum += rate.unwrap_or(0.0) * lasted.secs() / f64::from(i.lanes.max(1));
            }
        }
        let fresh = self.list.iter().zip(late).skip(known);
        fresh.map(|((at, long), late)| (*at, stall_sentence(*long, late))).collect()
    }
}

fn stall_sentence(long: Nanos, late: f64) -> String {
    let long = if long.secs() >= 1.0 {
        format!("{:.1} s", long.secs())
    } else {
        long.to_string()
    };
    match late.round() as u64 {
        0 => format!("generator stalled {long}"),
        n => format!("generator stalled {long}, {} requests late", count(n)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interval() -> Interval {
        Interval {
            lanes: 2,
            heard: 2,
            ..Interval::default()
        }
    }

    #[test]
    fn a_standstill_of_all_lanes_is_one_with_the_requests_it_made_late() {
        let mut g = Standstills::default();
        let ms = Nanos::from_millis;
        let mut i = interval();
        i.health.pauses = vec![(ms(3000), ms(100)), (ms(4000), ms(2990)), (ms(4005), ms(2995))];
        let mut next = interval();
        next.health.pauses = vec![(ms(4100), ms(2950))];

        let told = g.add(&i, Some(200.0));
        let again = g.add(&next, Some(200.0));

        // 200/s for 3 s, half of them in each lane.
        assert_eq!(told, [(ms(4000), "generator stalled 3.0 s, 599 requests late".into())]);
        assert!(again.is_empty());
        assert_eq!(g.list, [(ms(4000), ms(3050))]);
        assert_eq!(stall_sentence(ms(230), 0.0), "generator stalled 230 ms");
    }
}
