//! A plant's parameters as typed: `--plant-arg alpha=.02`, `--step 15s:servers=2`.
//! It refuses what this plant does not have, and then lists what it has.

use super::typed::{cold, contention, discipline, overflow, pause, queue, scale, some};
use super::{Discipline, Law, Limit, Recipe, Stretch};
use crate::model::units::{Nanos, parse_rate};
use crate::sim::options::{count, delay, number, step};
use crate::sim::service::Service;

/// Of the station, so that a step may change them; the law's own come before them.
const STATION: [&str; 9] = [
    "delay",
    "discipline",
    "admit",
    "queue",
    "overflow",
    "stall",
    "timeout",
    "limit",
    "burst",
];

/// Of the whole run.
const WHOLE: [&str; 5] = ["warm", "noise", "cold", "pause", "autoscale"];

impl Recipe {
    /// Sets one parameter as typed, for all of the run: also past the plant's own changes.
    ///
    /// # Errors
    /// What is wrong with the value and what would be right, or the parameters of this plant; nothing is changed then.
    pub fn apply(&mut self, key: &str, value: &str) -> Result<(), String> {
        let mut next = self.clone();
        if WHOLE.contains(&key) {
            next.set(key, value)?;
        } else {
            next.change(Nanos::ZERO, key, value)?;
        }
        *self = next;
        Ok(())
    }

    /// `TIME:KEY=VALUE`: from that time on another value, also past the plant's own changes. Earlier steps first.
    ///
    /// # Errors
    /// As for [`Recipe::apply`].
    pub fn step(&mut self, text: &str) -> Result<(), String> {
        let (at, key, value) = step(text)?;
        if WHOLE.contains(&key) {
            return Err(format!("{key} holds for the whole run (use --plant-arg {key}={value})"));
        }
        let mut next = self.clone();
        if next.stretches.iter().all(|s| s.from != at) {
            let i = next.stretches.partition_point(|s| s.from < at);
            next.stretches.insert(
                i,
                Stretch {
                    from: at,
                    ..self.base(at)
                },
            );
        }
        next.change(at, key, value)?;
        *self = next;
        Ok(())
    }

    /// All steps as typed, in the order of their times.
    ///
    /// # Errors
    /// As for [`Recipe::step`].
    pub fn steps(&mut self, texts: &[String]) -> Result<(), String> {
        let mut timed = Vec::new();
        for text in texts {
            timed.push((step(text)?.0, text));
        }
        timed.sort_by_key(|(at, _)| *at);
        timed.iter().try_for_each(|(_, text)| self.step(text))
    }

    /// The parameters of this plant.
    pub fn keys(&self) -> Vec<&'static str> {
        let law: &[&str] = match self.stretches[0].law {
            Law::Servers { .. } | Law::Usl { .. } => &["servers", "rate", "service", "alpha", "beta", "contention"],
            Law::Decline { .. } => &["rate", "service", "slope"],
            Law::Table { .. } => &["times"],
        };
        law.iter().copied().chain(STATION).chain(WHOLE).collect()
    }

    fn change(&mut self, from: Nanos, key: &str, value: &str) -> Result<(), String> {
        // `cap` is what a bound on the jobs present is also called.
        let key = if key == "cap" { "admit" } else { key };
        if !self.keys().contains(&key) {
            let (name, keys) = (self.name, self.keys().join(", "));
            return Err(format!("{key:?} is not a parameter of {name} (use {keys})"));
        }
        for s in self.stretches.iter_mut().filter(|s| s.from >= from) {
            if STATION.contains(&key) {
                s.set(key, value)?;
            } else {
                s.law = s.law.with(key, value)?;
            }
            if key == "service" {
                s.work = Service::parse(value)?.shape;
            }
            s.check(self.name)?;
        }
        Ok(())
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let off = value == "off";
        match key {
            "warm" => self.warm = some(delay("warm", value)?),
            "noise" if off => self.noise = 0.0,
            "noise" => self.noise = number("noise", value, 0.0, 1.0, ".15")?,
            "cold" => self.cold = if off { None } else { Some(cold(value)?) },
            "pause" => self.pause = if off { None } else { Some(pause(value)?) },
            _ if off => self.scale = None,
            _ if self.stretches.iter().any(|s| s.law.servers().is_none()) => {
                let name = self.name;
                return Err(format!(
                    "{name} has no number of servers to scale (say --plant-arg servers=8 first)"
                ));
            }
            _ => self.scale = Some(scale(value)?),
        }
        Ok(())
    }
}

impl Stretch {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        let off = value == "off";
        let door = &mut self.door;
        match key {
            "delay" => self.think = delay("delay", value)?.secs(),
            "discipline" => self.discipline = discipline(value)?,
            "admit" => door.admit = if off { None } else { Some(count("admit", value)?) },
            "queue" => door.queue = if off { None } else { Some(queue(value)?) },
            "overflow" => door.overflow = overflow(value)?,
            "stall" => door.stall = delay("stall", value)?.secs(),
            "timeout" => door.timeout = some(delay("timeout", value)?),
            "limit" if off => door.limit = None,
            "limit" => {
                let burst = door.limit.map_or(12.0, |l| l.burst);
                let rate =
                    parse_rate(value).map_err(|_| format!("limit {value:?} is not a rate (use one such as 120/s, or off)"))?;
                door.limit = Some(Limit { rate, burst });
            }
            _ => {
                let burst = f64::from(count("burst", value)?);
                let limit = door
                    .limit
                    .as_mut()
                    .ok_or("burst needs a limit (say --plant-arg limit=120/s first)")?;
                limit.burst = burst;
            }
        }
        Ok(())
    }

    /// Parts that only make sense together.
    fn check(&self, name: &str) -> Result<(), String> {
        let endless = self.law.servers().is_none();
        if endless && (self.discipline == Discipline::Fifo || self.door.queue.is_some() || self.door.timeout.is_some()) {
            return Err(format!(
                "{name} serves everybody at once, so nobody waits in it (say --plant-arg servers=8 first, or use admit)"
            ));
        }
        if self.discipline == Discipline::Sharing && (self.door.queue.is_some() || self.door.timeout.is_some()) {
            return Err(format!(
                "{name} shares its servers, so nobody waits in it (say --plant-arg discipline=fifo first, or use admit)"
            ));
        }
        Ok(())
    }
}

impl Law {
    /// The same law with one parameter as typed.
    fn with(self, key: &str, value: &str) -> Result<Self, String> {
        let rate = |r: f64| match self {
            Self::Servers { count, .. } => Self::Servers { count, rate: r },
            Self::Decline { slope, .. } => Self::Decline { rate: r, slope },
            Self::Usl {
                alpha, beta, servers, ..
            } => Self::Usl {
                lambda: r,
                alpha,
                beta,
                servers,
            },
            other => other,
        };
        Ok(match (key, self) {
            ("servers", law) => law.among(count("servers", value)?),
            ("service", _) => rate(1.0 / Service::parse(value)?.mean()),
            ("rate", _) => rate(parse_rate(value)?),
            ("slope", Self::Decline { rate, .. }) => Self::Decline {
                rate,
                slope: number("slope", value, 0.0, 1e3, ".1")?,
            },
            ("times", Self::Table { points, .. }) => Self::Table {
                points,
                times: number("times", value, 0.001, 1e3, "2")?,
            },
            (_, law) => law.contended(key, value)?,
        })
    }

    /// As the universal scalability law, which equal servers are without contention.
    fn contended(self, key: &str, value: &str) -> Result<Self, String> {
        let (lambda, mut alpha, mut beta, servers) = match self {
            Self::Usl {
                lambda,
                alpha,
                beta,
                servers,
            } => (lambda, alpha, beta, servers),
            Self::Servers { count, rate } => (rate, 0.0, 0.0, f64::from(count)),
            other => return Ok(other),
        };
        match key {
            "alpha" => alpha = number("alpha", value, 0.0, 1e3, ".02")?,
            "beta" => beta = number("beta", value, 0.0, 1e3, ".0004")?,
            _ => (alpha, beta) = contention(value)?,
        }
        Ok(Self::Usl {
            lambda,
            alpha,
            beta,
            servers,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::NAMES;
    use super::*;

    fn plant(name: &str, options: &[(&str, &str)]) -> Recipe {
        let mut r = Recipe::named(name).unwrap();
        options.iter().for_each(|(k, v)| r.apply(k, v).unwrap());
        r
    }

    #[test]
    fn every_parameter_a_plant_lists_can_be_set() {
        for name in NAMES {
            for key in Recipe::named(name).unwrap().keys() {
                let value = match key {
                    "servers" | "admit" | "queue" | "burst" => "7",
                    "rate" => "33",
                    "limit" => "33",
                    "service" => "lognormal:2:7ms",
                    "alpha" | "beta" | "slope" | "noise" | "times" => ".33",
                    "contention" => ".33:.44",
                    "discipline" => ["fifo", "ps"][usize::from(["web", "ratelimit", "pool"].contains(&name))],
                    "overflow" => "block",
                    "cold" => "7:7",
                    "pause" => "7ms:7s",
                    "autoscale" => ".3:7s:7",
                    _ => "7ms",
                };
                let mut r = Recipe::named(name).unwrap();
                if r.keys().contains(&"servers") {
                    r.apply("servers", "9").unwrap();
                    if ["queue", "timeout"].contains(&key) {
                        r.apply("discipline", "fifo").unwrap();
                    }
                } else if ["queue", "timeout", "autoscale", "discipline"].contains(&key) {
                    continue;
                }
                if key == "burst" {
                    r.apply("limit", "44/s").unwrap();
                }
                if name == "pool" && key == "discipline" {
                    r.apply("timeout", "off").unwrap();
                }
                let before = r.clone();

                assert_eq!(r.apply(key, value), Ok(()), "{name} {key}={value}");
                assert_ne!(r, before, "{name} {key}={value}");
            }
        }
    }

    #[test]
    fn parameters_mean_what_they_say() {
        let usl = plant(
            "mmc",
            &[("servers", "64"), ("service", "const:10ms"), ("contention", ".02:.0004")],
        );
        let named = Recipe::named("usl64").unwrap();

        assert_eq!(usl.stretches[0].law, named.stretches[0].law);
        assert_eq!(plant("usl", &[("cap", "9")]).stretches[0].door.admit, Some(9));
        assert_eq!(plant("warm", &[("warm", "off")]).warm, None);
        let parts = plant(
            "mmc",
            &[
                ("alpha", ".02"),
                ("beta", ".0004"),
                ("rate", "100"),
                ("servers", "64"),
                ("delay", "1ms"),
            ],
        );
        assert_eq!(parts.truth(Nanos::ZERO).knee_workers, named.truth(Nanos::ZERO).knee_workers);
    }

    #[test]
    fn steps_hold_from_their_time_in_whatever_order_they_are_typed() {
        let mut r = Recipe::named("latup").unwrap();
        r.steps(&["40s:servers=2".into(), "15s:servers=4".into(), "15s:delay=2ms".into()])
            .unwrap();

        let seen = [14, 15, 30, 40]
            .map(|t| r.stretch(Nanos::from_secs(t)))
            .map(|s| (s.law.servers(), s.think));

        assert_eq!(
            seen,
            [(Some(16), 0.001), (Some(4), 0.002), (Some(4), 0.002), (Some(2), 0.002)]
        );
    }

    #[test]
    fn faults_name_the_remedy_and_change_nothing() {
        for (name, key, value, says) in [
            ("usl", "speed", "1", "use servers, rate, service, alpha, beta"),
            ("tiny", "alpha", "1", "use rate, service, slope, delay"),
            ("twopeak", "servers", "1", "use times, delay"),
            ("usl", "alpha", "-1", "such as .02"),
            ("usl", "contention", ".1", "A:B"),
            ("mmc", "servers", "0", "from 1 to 65536"),
            ("mmc", "service", "5ms", "use const:5ms"),
            ("mmc", "rate", "0", "27.5k"),
            ("mmc", "delay", "-1ms", "such as 500ms"),
            ("usl", "discipline", "fifo", "servers=8 first"),
            ("mmc", "discipline", "lifo", "fifo or ps"),
            ("mmc", "queue", "5", "discipline=fifo first"),
            ("mmc", "overflow", "explode", "reject, drop or block"),
            ("mmc", "burst", "5", "limit=120/s first"),
            ("mmc", "limit", "fast", "120/s"),
            ("mmc", "noise", "2", "from 0 to 1"),
            ("mmc", "cold", "2000", "2000:10"),
            ("mmc", "pause", "10s:400ms", "400ms:10s"),
            ("mmc", "autoscale", ".7:30s", ".7:30s:2"),
            ("usl", "autoscale", ".7:30s:2", "servers=8 first"),
        ] {
            let mut r = Recipe::named(name).unwrap();

            let fault = r.apply(key, value).unwrap_err();

            assert!(fault.contains(says), "{name} {key}={value}: {fault}");
            assert_eq!(Some(r), Recipe::named(name));
        }
    }

    #[test]
    fn faults_of_steps_name_the_remedy() {
        let mut r = Recipe::named("mmc").unwrap();
        for (text, says) in [
            ("servers=2", "15s:servers=2"),
            ("15s:speed=2", "use servers, rate"),
            ("15s:servers=0", "from 1 to 65536"),
            ("15s:warm=2s", "--plant-arg warm=2s"),
        ] {
            assert!(r.steps(&[text.into()]).unwrap_err().contains(says), "{text}");
        }
        assert_eq!(Some(r), Recipe::named("mmc"));
    }
}
