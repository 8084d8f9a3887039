//! What a queueing target is: the options as typed, one grammar for the command line and for `--step`.
//! It refuses sockets: the listener comes from the caller.

use crate::model::units::{Nanos, parse_duration};
use crate::sim::options::{self, count};
use crate::sim::service::{Service, Shape};

/// Servers, law and faults of a queueing target.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// In [1, 65536].
    pub servers: u32,
    /// Work a job brings.
    pub service: Service,
    /// `Some((a, b))`: processor sharing at the total rate min(n, c)/E\[S\] / (1 + a(n−1) + b·n(n−1)); `None`: first come first served.
    pub contention: Option<(f64, f64)>,
    /// Network, both ways together: half before the station, half after.
    pub delay: Nanos,
    /// 503 at once for a job that finds this many in the station.
    pub admit: Option<u32>,
    /// Changes to come, in the order of time.
    pub steps: Vec<Step>,
    /// (from, length) during which nothing is served, in the order of time, since the server's start.
    pub stalls: Vec<(Nanos, Nanos)>,
    /// Of the work drawn.
    pub seed: u64,
}

/// A change at a moment.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Since the server's start.
    pub at: Nanos,
    /// What changes.
    pub change: Change,
}

/// A new value of one option.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Change {
    /// `servers`.
    Servers(u32),
    /// `service`.
    Service(Service),
    /// `contention`.
    Contention(Option<(f64, f64)>),
    /// `delay`.
    Delay(Nanos),
    /// `admit`.
    Admit(Option<u32>),
}

impl Default for Settings {
    /// One server, 5 ms exponential, nothing else.
    fn default() -> Self {
        Self {
            servers: 1,
            service: Service {
                shape: Shape::Exponential,
                mean: Nanos::from_millis(5),
            },
            contention: None,
            delay: Nanos::ZERO,
            admit: None,
            steps: Vec::new(),
            stalls: Vec::new(),
            seed: 1,
        }
    }
}

impl Change {
    /// One option that a step may change, as typed.
    ///
    /// # Errors
    /// What is wrong with the value, or the names that exist.
    pub fn parse(key: &str, value: &str) -> Result<Self, String> {
        match key {
            "servers" => count("servers", value).map(Self::Servers),
            "service" => Service::parse(value).map(Self::Service),
            "contention" => contention(value).map(Self::Contention),
            "delay" => options::delay("delay", value).map(Self::Delay),
            "admit" if value == "off" => Ok(Self::Admit(None)),
            "admit" => count("admit", value).map(|n| Self::Admit(Some(n))),
            _ => Err(format!(
                "{key:?} is not an option that can change (use servers, service, contention, delay or admit)"
            )),
        }
    }
}

impl Settings {
    /// Sets one option as typed, without its dashes. `step` and `stall` add to what is there.
    ///
    /// # Errors
    /// What is wrong with the value and what would be right; nothing is changed then.
    pub fn apply(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            "step" => self.add_step(value)?,
            "stall" => self.add_stall(value)?,
            "seed" => {
                self.seed = value
                    .parse()
                    .map_err(|_| format!("seed {value:?} is not a whole number (use one such as 7)"))?
            }
            _ => self.set(Change::parse(key, value)?),
        }
        Ok(())
    }

    /// Takes a new value.
    pub fn set(&mut self, change: Change) {
        match change {
            Change::Servers(n) => self.servers = n,
            Change::Service(law) => self.service = law,
            Change::Contention(ab) => self.contention = ab,
            Change::Delay(d) => self.delay = d,
            Change::Admit(n) => self.admit = n,
        }
    }

    /// As they stand at `moment`, every earlier step taken.
    pub fn at(&self, moment: Nanos) -> Self {
        let mut now = self.clone();
        now.steps.retain(|s| s.at > moment);
        self.steps.iter().filter(|s| s.at <= moment).for_each(|s| now.set(s.change));
        now
    }

    /// Work served a second, in seconds of work, with `n` present under the present law.
    pub fn speed(&self, n: usize) -> f64 {
        let busy = n.min(self.servers as usize) as f64;
        let n = n as f64;
        self.contention
            .map_or(busy, |(a, b)| busy / (1.0 + a * (n - 1.0) + b * n * (n - 1.0)))
    }

    /// Highest rate the station can serve, jobs/s, at the best number present.
    pub fn capacity(&self) -> f64 {
        // Past `servers` present the numerator stays and the denominator grows: the best lies at or below it.
        let best = (1..=self.servers as usize).map(|n| self.speed(n)).fold(0.0, f64::max);
        best / self.service.mean()
    }

    fn add_step(&mut self, text: &str) -> Result<(), String> {
        let (at, key, value) = options::step(text)?;
        let change = Change::parse(key, value)?;
        self.steps.push(Step { at, change });
        self.steps.sort_by_key(|s| s.at);
        Ok(())
    }

    fn add_stall(&mut self, text: &str) -> Result<(), String> {
        let fault = || format!("stall {text:?} is not a time and a length (use TIME:LENGTH, such as 5s:3s)");
        let (at, length) = text.split_once(':').ok_or_else(fault)?;
        let at = if at == "0" {
            Nanos::ZERO
        } else {
            parse_duration(at).map_err(|_| fault())?
        };
        self.stalls.push((at, parse_duration(length).map_err(|_| fault())?));
        self.stalls.sort_unstable();
        Ok(())
    }
}

fn contention(value: &str) -> Result<Option<(f64, f64)>, String> {
    if value == "off" {
        return Ok(None);
    }
    let number = |t: &str| t.parse::<f64>().ok().filter(|x| (0.0..=1e3).contains(x));
    let pair = value.split_once(':').and_then(|(a, b)| Some((number(a)?, number(b)?)));
    pair.map(Some)
        .ok_or_else(|| format!("contention {value:?} is not two numbers of at least 0 (use A:B such as .02:.0004, or off)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(options: &[(&str, &str)]) -> Settings {
        let mut s = Settings::default();
        options.iter().for_each(|(k, v)| s.apply(k, v).unwrap());
        s
    }

    #[test]
    fn every_option_is_taken_as_typed() {
        let s = with(&[
            ("servers", "8"),
            ("service", "const:5ms"),
            ("contention", ".02:.0004"),
            ("delay", "1ms"),
            ("admit", "24"),
            ("stall", "5s:3s"),
            ("stall", "0:1s"),
            ("seed", "9"),
        ]);

        assert_eq!(
            (s.servers, s.contention, s.admit, s.seed),
            (8, Some((0.02, 0.0004)), Some(24), 9)
        );
        assert_eq!(
            (s.service, s.delay),
            (
                Service {
                    shape: Shape::Constant,
                    mean: Nanos::from_millis(5)
                },
                Nanos::from_millis(1)
            )
        );
        let (first, second) = ((Nanos::ZERO, Nanos::from_secs(1)), (Nanos::from_secs(5), Nanos::from_secs(3)));
        assert_eq!(s.stalls, [first, second]);
    }

    #[test]
    fn a_step_may_change_any_option_and_holds_from_its_time() {
        let s = with(&[
            ("step", "15s:servers=2"),
            ("step", "10s:contention=.05:.003"),
            ("step", "15s:--service=pareto:1.5:5ms"),
            ("step", "20s:admit=off"),
        ]);

        assert_eq!(s.steps[0].change, Change::Contention(Some((0.05, 0.003))));
        assert_eq!(s.at(Nanos::from_millis(14_999)).servers, 1);
        assert_eq!(s.at(Nanos::from_secs(15)).servers, 2);
        assert_eq!(s.at(Nanos::from_secs(15)).steps.len(), 1);
    }

    #[test]
    fn faults_name_the_remedy_and_change_nothing() {
        let mut s = Settings::default();
        for (key, value) in [
            ("servers", "0"),
            ("servers", "-1"),
            ("servers", "1000000000"),
            ("service", "5ms"),
            ("contention", "0.1"),
            ("contention", "-1:0"),
            ("contention", "NaN:0"),
            ("delay", "-1ms"),
            ("admit", "x"),
            ("stall", "5s"),
            ("stall", "5s:0"),
            ("step", "15s"),
            ("step", "15s:servers"),
            ("step", "x:servers=2"),
            ("step", "15s:servers=0"),
            ("step", "15s:step=15s:servers=2"),
            ("seed", "a"),
            ("colour", "red"),
        ] {
            let fault = s.apply(key, value).unwrap_err();
            assert!(fault.contains("(use "), "{key}={value}: {fault}");
        }
        assert_eq!(s, Settings::default());
    }

    #[test]
    fn capacity_is_that_of_the_best_number_present() {
        let fifo = with(&[("servers", "8"), ("service", "const:5ms")]);
        let usl = with(&[("servers", "64"), ("service", "exp:10ms"), ("contention", ".02:.0004")]);

        assert_eq!(fifo.capacity(), 1600.0);
        // 100·49/(1 + 0.02·48 + 0.0004·49·48) = 4900/2.9008
        assert!((usl.capacity() - 4900.0 / 2.9008).abs() < 0.5, "{}", usl.capacity());
    }
}
