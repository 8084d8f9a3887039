//! A simulated target: station, door, weather, and what happens to them in the course of time.
//! It knows jobs and moments; whose jobs they are and how they travel is the world's business.
//!
//! ```text
//!  arrive ─► limit: 429 │ full: 503, lost or kept outside │ waiting: 504 │ station ─► step gives it back
//! ```

use super::plants::{Recipe, Stretch};
use super::service::Sampler;
use super::station::Sharing;
use super::weather::Weather;
use crate::model::demand::Overflow;
use crate::model::units::Nanos;
use std::collections::VecDeque;

/// Utilisation is judged this often.
const LOOK: Nanos = Nanos::from_secs(1);

/// How a job ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fate {
    /// Served.
    #[default]
    Served,
    /// Sent away with this status.
    Refused(u16),
    /// No answer will ever come.
    Lost,
}

/// The target, from an empty station at time zero.
#[derive(Debug)]
pub struct Target {
    recipe: Recipe,
    stretch: Stretch,
    sampler: Sampler,
    weather: Weather,
    station: Sharing,
    now: Nanos,
    /// Most jobs in the station.
    room: usize,
    /// Jobs kept outside, and their work.
    outside: VecDeque<(u64, f64)>,
    /// Tokens of the rate limit, at that moment.
    tokens: (f64, Nanos),
    /// Jobs let in so far.
    admitted: u64,
    /// The stretch after the present one.
    coming: usize,
    /// The next standstill.
    standstill: Nanos,
    /// Busy servers × s since the last look, and the next look.
    busy: f64,
    look: Nanos,
    /// When more servers come; `MAX` before they were called. And they have come.
    growth: Nanos,
    grown: bool,
    /// The soonest of all that happens by itself.
    chore: Nanos,
}

impl Target {
    /// The same recipe and seed see the same weather.
    pub fn new(recipe: Recipe, seed: u64) -> Self {
        let stretch = recipe.base(Nanos::ZERO);
        let mut new = Self {
            sampler: stretch.work.sampler(),
            weather: Weather::new(recipe.warm, recipe.noise, seed),
            station: Sharing::new(),
            now: Nanos::ZERO,
            room: usize::MAX,
            outside: VecDeque::new(),
            tokens: (stretch.door.limit.map_or(0.0, |l| l.burst), Nanos::ZERO),
            admitted: 0,
            coming: 1,
            standstill: recipe.pause.map_or(Nanos::MAX, |p| Nanos::from_secs_f64(p.every)),
            busy: 0.0,
            look: if recipe.scale.is_some() { LOOK } else { Nanos::MAX },
            growth: Nanos::MAX,
            grown: false,
            chore: Nanos::ZERO,
            stretch,
            recipe,
        };
        new.enter_stretch();
        new.plan();
        new
    }

    /// What it is made of.
    pub fn recipe(&self) -> &Recipe {
        &self.recipe
    }

    /// Mean delay outside it at present, s.
    pub fn think(&self) -> f64 {
        self.stretch.think
    }

    /// When something happens next if nothing arrives; `MAX` for never.
    pub fn next(&self) -> Nanos {
        let departure = self.next_departure().min(self.chore);
        if self.stretch.door.timeout.is_some() {
            departure.min(self.next_timeout())
        } else {
            departure
        }
    }

    /// Time passes, at most to `next()`.
    pub fn pass(&mut self, to: Nanos) {
        if self.look < Nanos::MAX {
            let n = self.station.present() as f64;
            let servers = self.stretch.law.servers().map_or(f64::INFINITY, f64::from);
            self.busy += n.min(servers) * (to - self.now).secs();
        }
        let (law, factor) = (self.stretch.law, self.weather.factor(self.now));
        self.station.advance(to, |n| law.rate(n as u32) * factor);
        self.now = self.now.max(to);
    }

    /// What is due now happens (after `pass(next())`); a job that leaves by it.
    pub fn step(&mut self) -> Option<(u64, Fate)> {
        if self.chore <= self.now {
            self.happen();
            return None;
        }
        if self.stretch.door.timeout.is_some() && self.next_timeout() <= self.now {
            return self.station.give_up().map(|job| (job, Fate::Refused(504)));
        }
        let job = self.station.depart()?;
        self.let_in();
        Some((job, Fate::Served))
    }

    /// A job comes to the door now. `None`: it is in, or waits outside; `step` will give it back.
    pub fn arrive(&mut self, job: u64, rng: &mut fastrand::Rng) -> Option<Fate> {
        if self.stretch.door.limit.is_some() && !self.token() {
            return Some(Fate::Refused(429));
        }
        let full = self.station.present() >= self.room;
        match self.stretch.door.overflow {
            Overflow::Reject if full => {
                self.station.stall_for(Nanos::from_secs_f64(self.stretch.door.stall));
                return Some(Fate::Refused(503));
            }
            Overflow::Drop if full => return Some(Fate::Lost),
            _ => {}
        }
        let mut work = self.sampler.draw(rng);
        if let Some(cold) = self.recipe.cold.filter(|c| self.admitted < c.first) {
            work *= cold.times;
        }
        self.admitted += 1;
        if full {
            self.outside.push_back((job, work));
        } else {
            self.station.arrive(job, work);
        }
        None
    }

    /// Nobody is there any more.
    pub fn clear(&mut self) {
        self.station = Sharing::new();
        self.station.advance(self.now, |_| 0.0);
        self.outside.clear();
        self.enter_stretch();
    }

    #[inline]
    fn next_departure(&self) -> Nanos {
        let factor = self.weather.factor(self.now);
        let departure = self.station.next_departure(|n| self.stretch.law.rate(n as u32) * factor);
        departure.unwrap_or(Nanos::MAX)
    }

    fn next_timeout(&self) -> Nanos {
        let patience = Nanos::from_secs_f64(self.stretch.door.timeout.unwrap_or(f64::INFINITY));
        self.station.waits_since().map_or(Nanos::MAX, |since| since + patience)
    }

    /// Takes a token if there is one.
    fn token(&mut self) -> bool {
        let Some(limit) = self.stretch.door.limit else { return true };
        let (kept, at) = self.tokens;
        let kept = (kept + limit.rate * (self.now - at).secs()).min(limit.burst);
        let granted = kept >= 1.0;
        self.tokens = (if granted { kept - 1.0 } else { kept }, self.now);
        granted
    }

    /// Those outside come in while there is room.
    fn let_in(&mut self) {
        while self.station.present() < self.room {
            let Some((job, work)) = self.outside.pop_front() else { return };
            self.station.arrive(job, work);
        }
    }

    /// Everything that happens by itself and is due.
    fn happen(&mut self) {
        let due = |at: Nanos| at <= self.now;
        let (turn, change) = (
            due(self.weather.next()),
            self.recipe.stretches.get(self.coming).is_some_and(|s| due(s.from)),
        );
        let (still, look, growth) = (due(self.standstill), due(self.look), due(self.growth));
        if turn {
            self.weather.turn();
        }
        if still {
            self.stand_still();
        }
        if look {
            self.judge();
        }
        if growth {
            (self.growth, self.grown) = (Nanos::MAX, true);
        }
        if change || growth {
            self.enter_stretch();
        }
        self.plan();
    }

    fn stand_still(&mut self) {
        if let Some(p) = self.recipe.pause {
            self.station.stall(self.now + Nanos::from_secs_f64(p.length));
            self.standstill += Nanos::from_secs_f64(p.every);
        }
    }

    /// Calls for more servers, once, when those there are were busy.
    fn judge(&mut self) {
        let servers = self.stretch.law.servers().map_or(f64::INFINITY, f64::from);
        let used = std::mem::take(&mut self.busy) / (servers * LOOK.secs());
        self.look += LOOK;
        if let Some(s) = self.recipe.scale.filter(|s| used > s.above) {
            self.growth = self.now + Nanos::from_secs_f64(s.after);
            self.look = Nanos::MAX;
        }
    }

    /// The stretch of now is in force.
    fn enter_stretch(&mut self) {
        self.coming = self.recipe.stretches.partition_point(|s| s.from <= self.now);
        let base = self.recipe.base(self.now);
        let times = self.recipe.scale.filter(|_| self.grown).map_or(1.0, |s| s.times);
        self.stretch = if self.grown { base.wider(times) } else { base };
        self.sampler = self.stretch.work.sampler();
        self.room = self.stretch.room();
        self.station.resize(self.stretch.seats());
        self.let_in();
    }

    fn plan(&mut self) {
        let change = self.recipe.stretches.get(self.coming).map_or(Nanos::MAX, |s| s.from);
        let all = [self.weather.next(), change, self.standstill, self.look, self.growth];
        self.chore = all.into_iter().fold(Nanos::MAX, Nanos::min);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Nanos = Nanos::from_millis;

    fn target(name: &str, options: &[(&str, &str)]) -> Target {
        let mut recipe = Recipe::named(name).unwrap();
        options.iter().for_each(|(k, v)| recipe.apply(k, v).unwrap());
        Target::new(recipe, 1)
    }

    /// What comes out up to a moment, in ms.
    fn run(t: &mut Target, until: u64) -> Vec<(f64, u64, Fate)> {
        let mut out = Vec::new();
        while t.next() <= MS(until) {
            let at = t.next();
            t.pass(at);
            out.extend(t.step().map(|(job, fate)| (at.millis(), job, fate)));
        }
        t.pass(MS(until));
        out
    }

    fn arrive(t: &mut Target, jobs: std::ops::Range<u64>) -> Vec<Option<Fate>> {
        let mut rng = fastrand::Rng::with_seed(1);
        jobs.map(|job| t.arrive(job, &mut rng)).collect()
    }

    const TWO: [(&str, &str); 3] = [("discipline", "fifo"), ("servers", "2"), ("service", "const:10ms")];

    #[test]
    fn a_line_serves_two_at_a_time_and_sharing_everybody_at_once() {
        let mut line = target("mmc", &TWO);
        let mut shared = target("mmc", &TWO[1..]);

        arrive(&mut line, 0..3);
        arrive(&mut shared, 0..3);

        let moments = |out: Vec<(f64, u64, Fate)>| out.iter().map(|o| o.0).collect::<Vec<_>>();
        assert_eq!(moments(run(&mut line, 99)), [10.0, 10.0, 20.0]);
        assert_eq!(moments(run(&mut shared, 99)), [15.0, 15.0, 15.0]);
    }

    #[test]
    fn a_full_station_rejects_loses_or_keeps_outside() {
        let full = |overflow| {
            let mut t = target("mmc", &[&TWO[..], &[("queue", "1"), ("overflow", overflow)]].concat());
            (arrive(&mut t, 0..5), run(&mut t, 99).iter().map(|o| o.0).collect::<Vec<_>>())
        };
        let two = |fate| [[None; 3].as_slice(), &[Some(fate); 2]].concat();

        assert_eq!(full("reject"), (two(Fate::Refused(503)), vec![10.0, 10.0, 20.0]));
        assert_eq!(full("drop"), (two(Fate::Lost), vec![10.0, 10.0, 20.0]));
        assert_eq!(full("block"), (vec![None; 5], vec![10.0, 10.0, 20.0, 20.0, 30.0]));
    }

    #[test]
    fn every_rejection_stops_the_station_for_a_while() {
        let mut t = target("mmc", &[&TWO[1..], &[("admit", "1"), ("stall", "2ms")]].concat());

        arrive(&mut t, 0..4);

        assert_eq!(run(&mut t, 99), [(16.0, 0, Fate::Served)]);
    }

    #[test]
    fn who_waits_too_long_leaves_with_504() {
        let mut t = target("mmc", &[&TWO[..], &[("timeout", "15ms")]].concat());

        arrive(&mut t, 0..5);

        let (ok, late) = (Fate::Served, Fate::Refused(504));
        assert_eq!(
            run(&mut t, 99),
            [(10.0, 0, ok), (10.0, 1, ok), (15.0, 4, late), (20.0, 2, ok), (20.0, 3, ok)]
        );
    }

    #[test]
    fn the_limit_gives_its_burst_and_then_its_rate() {
        let mut t = target("mmc", &[("limit", "100/s"), ("burst", "3")]);
        let granted = |t: &mut Target| arrive(t, 0..9).iter().filter(|f| f.is_none()).count();

        assert_eq!(granted(&mut t), 3);
        run(&mut t, 25);
        assert_eq!(granted(&mut t), 2);
        run(&mut t, 5_000);
        assert_eq!(granted(&mut t), 3, "no more is kept than the burst");
    }

    #[test]
    fn the_first_are_cold_and_a_standstill_moves_everything() {
        let mut cold = target("mmc", &[&TWO[..], &[("cold", "1:3")]].concat());
        let mut still = target("mmc", &[&TWO[..], &[("pause", "3ms:5ms")]].concat());

        arrive(&mut cold, 0..2);
        arrive(&mut still, 0..1);

        assert_eq!(run(&mut cold, 99), [(10.0, 1, Fate::Served), (30.0, 0, Fate::Served)]);
        // Served from 0 to 5, 8 to 10, 13 to 15 and 18 to 19.
        assert_eq!(run(&mut still, 99), [(19.0, 0, Fate::Served)]);
    }

    #[test]
    fn servers_double_once_and_only_after_they_were_busy() {
        let busy = |jobs| {
            let options = [("servers", "2"), ("service", "const:1h"), ("autoscale", ".7:3s:2")];
            let mut t = target("mmc", &options);
            arrive(&mut t, 0..jobs);
            run(&mut t, 3_900);
            let before = t.stretch.law.servers();
            run(&mut t, 60_000);
            (before, t.stretch.law.servers())
        };

        assert_eq!([busy(1), busy(9)], [(Some(2), Some(2)), (Some(2), Some(4))]);
    }

    #[test]
    fn a_change_comes_at_its_time() {
        let mut t = target("mmc", &TWO);
        let mut recipe = t.recipe().clone();
        recipe.step("15ms:servers=4").unwrap();
        t = Target::new(recipe, 1);

        arrive(&mut t, 0..6);

        let moments: Vec<f64> = run(&mut t, 99).iter().map(|o| o.0).collect();
        assert_eq!(moments, [10.0, 10.0, 20.0, 20.0, 25.0, 25.0]);
    }
}
