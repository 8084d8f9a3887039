//! The moments of a recorded trace, played again: one a line, in seconds or as an access log has them.
//! It refuses to read files and to invent arrivals: when the trace ends, they end.

use super::Arrivals;
use std::sync::Arc;

/// Recorded moments as gaps of mean 1, and the rate they came at.
#[derive(Clone, Debug, PartialEq)]
pub struct Trace {
    gaps: Arc<[f64]>,
    rate: f64,
}

impl Trace {
    /// One moment a line: seconds (since whenever) or an access log with `[21/Nov/2026:16:50:01 +0000]`. Empty lines and
    /// those that begin with `#` are skipped; the order does not matter.
    ///
    /// # Errors
    /// A sentence naming the line and the remedy; also with fewer than two moments, or all at once.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut moments = Vec::new();
        for (n, line) in text.lines().map(str::trim).enumerate() {
            if !line.is_empty() && !line.starts_with('#') {
                moments.push(moment(line).ok_or_else(|| {
                    let shown: String = line.chars().take(60).collect();
                    format!(
                        "line {} {shown:?} has no time (one a line: seconds, or an access log's [21/Nov/2026:16:50:01 +0000])",
                        n + 1
                    )
                })?);
            }
        }
        moments.sort_by(f64::total_cmp);
        let span = moments.last().unwrap_or(&0.0) - moments.first().unwrap_or(&0.0);
        if span <= 0.0 {
            return Err("a trace needs two moments that differ (one a line, in seconds)".into());
        }
        let rate = (moments.len() - 1) as f64 / span;
        let gaps = moments.windows(2).map(|w| (w[1] - w[0]) * rate);
        // The first happens at the start.
        Ok(Self {
            gaps: std::iter::once(0.0).chain(gaps).collect(),
            rate,
        })
    }

    /// Its own mean rate, 1/s, > 0.
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Arrivals in it, ≥ 2.
    pub fn count(&self) -> usize {
        self.gaps.len()
    }

    /// From its beginning.
    pub fn play(&self) -> Replay {
        Replay {
            gaps: Arc::clone(&self.gaps),
            next: 0,
        }
    }
}

/// A trace being played; after the last arrival the gap is infinite.
#[derive(Clone, Debug)]
pub struct Replay {
    gaps: Arc<[f64]>,
    next: usize,
}

impl Arrivals for Replay {
    fn gap(&mut self) -> f64 {
        let gap = self.gaps.get(self.next).copied().unwrap_or(f64::INFINITY);
        self.next += 1;
        gap
    }
}

/// Seconds since some beginning.
fn moment(line: &str) -> Option<f64> {
    match line.find('[') {
        Some(open) => logged(line[open + 1..].split(']').next()?),
        None => line
            .split([' ', '\t', ','])
            .next()?
            .parse()
            .ok()
            .filter(|t: &f64| t.is_finite()),
    }
}

/// `21/Nov/2026:16:50:01 +0100` as seconds since 1970 in UTC.
fn logged(text: &str) -> Option<f64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (date, rest) = text.split_once(':')?;
    let (time, zone) = rest.split_once(' ').unwrap_or((rest, "+0000"));
    let mut parts = date.split('/');
    let day: i64 = parts.next()?.parse().ok()?;
    let name = parts.next()?;
    let month = MONTHS.iter().position(|m| *m == name)? as i64 + 1;
    let year: i64 = parts.next()?.parse().ok()?;
    let clock: Vec<f64> = time.split(':').map(|p| p.parse().ok()).collect::<Option<_>>()?;
    let [hours, minutes, seconds] = clock[..] else { return None };
    let offset: i64 = zone.parse().ok()?;
    let east = (offset / 100 * 60 + offset % 100) * 60;
    Some(days(year, month, day) as f64 * 86_400.0 + hours * 3600.0 + minutes * 60.0 + seconds - east as f64)
}

/// Days from 1970-01-01 in the Gregorian calendar: years begin in March, so that the leap day comes last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let in_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + in_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_plays_its_gaps_in_order_and_then_ends() {
        let t = Trace::parse("# seconds\n1700000000.5\n1700000004.5\n\n1700000001.5,GET /\n").unwrap();
        let mut play = t.play();

        assert_eq!((t.rate(), t.count()), (0.5, 3));
        assert_eq!(
            [play.gap(), play.gap(), play.gap(), play.gap()],
            [0.0, 0.5, 1.5, f64::INFINITY]
        );
    }

    #[test]
    fn an_access_log_has_its_times_in_brackets_and_in_zones() {
        let line = |t: &str| moment(&format!("10.0.0.1 - - [{t}] \"GET / HTTP/1.1\" 200 5"));

        assert_eq!(line("01/Jan/1970:00:00:01 +0000"), Some(1.0));
        assert_eq!(line("29/Feb/2024:12:00:00 +0000"), Some(1_709_208_000.0));
        assert_eq!(line("21/Nov/2026:17:50:01 +0100"), line("21/Nov/2026:16:50:01 +0000"));
        assert_eq!(line("21/Foo/2026:17:50:01 +0100"), None);
    }

    #[test]
    fn a_trace_without_times_names_the_line() {
        for (text, remedy) in [
            ("1\nx\n2", "line 2"),
            ("5\n5", "two moments"),
            ("", "two moments"),
            ("NaN\n1", "line 1"),
        ] {
            assert!(Trace::parse(text).unwrap_err().contains(remedy), "{text:?}");
        }
    }
}
