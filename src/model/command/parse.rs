//! Text to command. Every refusal names the words that would have been taken.

use super::{Change, Command, Gain, variable};
use crate::model::demand::Overflow;
use crate::model::expr::Expr;
use crate::model::promise::Promise;
use crate::model::setpoints::{KNOBS, LoadModel, Mode, Setpoint};
use crate::model::units::{Nanos, parse_duration, parse_number, parse_rate};

/// One command, such as `sp p99=25ms` or `workers +10%`.
///
/// # Errors
/// A sentence with the remedy in parentheses.
pub fn parse(text: &str) -> Result<Command, String> {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let rest = rest.trim();
    match word {
        "mode" => mode(rest).map(Command::Mode),
        "sp" | "setpoint" => target(rest),
        "gain" => gain(rest),
        "workers" => workers(rest),
        "bounds" => bounds(rest),
        "rate" => rate(rest),
        "model" => model(rest),
        "set" => knob(rest),
        "slo" => Promise::parse(rest).map(Command::Slo),
        "verify" => verify(rest),
        "overflow" => overflow(rest).map(Command::Overflow),
        "guard" if rest == "off" => Ok(Command::Guard(None)),
        "guard" => Expr::parse(rest).map(|e| Command::Guard(Some(e))),
        "step" => step(rest),
        "tune" if rest == "accept" => Ok(Command::TuneAccept),
        "tune" if !rest.is_empty() => Err(format!("tune {rest:?} is not a command (say tune, then tune accept)")),
        "mark" => Ok(Command::Mark(rest.trim_matches('"').to_owned())),
        "snapshot" => Ok(Command::Snapshot((!rest.is_empty()).then(|| rest.to_owned()))),
        "quit" | "q" if rest == "now" => Ok(Command::QuitNow),
        _ if rest.is_empty() => bare(word),
        _ => unknown(word),
    }
}

fn bare(word: &str) -> Result<Command, String> {
    Ok(match word {
        "auto" => Command::Auto,
        "pause" => Command::Pause,
        "resume" => Command::Resume,
        "reset" => Command::Reset,
        "tune" => Command::Tune,
        "undo" => Command::Undo,
        "redo" => Command::Redo,
        "quit" | "q" => Command::Quit,
        _ => return unknown(word),
    })
}

const WORDS: &str = "there are: mode, sp, gain, workers, auto, bounds, rate, model, slo, verify, overflow, guard, set, pause, resume, step, tune, reset, undo, redo, mark, snapshot, quit";

fn unknown(word: &str) -> Result<Command, String> {
    Err(match word {
        "" => "empty command (try: mode hold, sp p99=25ms, workers 20, auto, quit)".into(),
        _ => format!("{word:?} is not a command ({WORDS})"),
    })
}

fn mode(name: &str) -> Result<Mode, String> {
    Mode::parse(name).ok_or_else(|| {
        let all = Mode::ALL.map(Mode::name).join(", ");
        format!("{name:?} is not a mode (there are: {all})")
    })
}

fn target(text: &str) -> Result<Command, String> {
    if let Some(x) = text.strip_prefix('*') {
        return factor(x, text).map(Command::SetpointTimes);
    }
    if let Some(x) = text.strip_prefix('/') {
        return factor(x, text).map(|x| Command::SetpointTimes(1.0 / x));
    }
    setpoint(text).map(Command::Setpoint)
}

/// `VAR=VALUE` as in `--setpoint`: `p99=25ms`, `mean=5ms`, `rps=400`, `queue=100`.
pub(super) fn setpoint(text: &str) -> Result<Setpoint, String> {
    let remedy = "(use mean, p50, p90, p95, p99 or p999 with a time, such as p99=25ms; rps=400; queue=100)";
    let Some((name, value)) = text.split_once('=') else {
        return Err(format!("setpoint {text:?} has no value {remedy}"));
    };
    let (name, value) = (name.trim(), value.trim());
    let Some(variable) = variable(name) else {
        return Err(format!("{name:?} is not a quantity that can be held {remedy}"));
    };
    let value = if variable.is_latency() {
        if parse_number(value).is_some() {
            return Err(format!(
                "{name}={value} has no unit (say {name}={value}ms or {name}={value}s)"
            ));
        }
        parse_duration(value)?.secs()
    } else if name == "rps" {
        parse_rate(value)?
    } else {
        parse_number(value)
            .filter(|v| *v > 0.0)
            .ok_or_else(|| format!("{name}={value} is not positive {remedy}"))?
    };
    Ok(Setpoint { variable, value })
}

fn factor(text: &str, whole: &str) -> Result<f64, String> {
    parse_number(text)
        .filter(|x| *x > 0.0)
        .ok_or_else(|| format!("{whole:?} is not a positive factor (such as *1.05 or /1.5)"))
}

fn gain(text: &str) -> Result<Command, String> {
    let remedy = "(say gain kp =.3, gain ki *1.25, gain kd default)";
    let split = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let which = match &text[..split] {
        "kp" => Gain::Kp,
        "ki" => Gain::Ki,
        "kd" => Gain::Kd,
        other => return Err(format!("{other:?} is not a gain {remedy}")),
    };
    let change = change(text[split..].trim()).ok_or_else(|| format!("{text:?} does not say by how much {remedy}"))?;
    Ok(Command::Gain(which, change))
}

/// `=X`, `X`, `*X`, `/X`, `+X`, `-X`, `+P%`, `-P%`, `default`.
fn change(text: &str) -> Option<Change> {
    if text == "default" {
        return Some(Change::Default);
    }
    let number = |t: &str| parse_number(t.trim());
    match text.as_bytes().first()? {
        b'=' => number(&text[1..]).map(Change::To),
        b'*' => number(&text[1..]).filter(|x| *x > 0.0).map(Change::Times),
        b'/' => number(&text[1..]).filter(|x| *x > 0.0).map(|x| Change::Times(1.0 / x)),
        b'+' | b'-' => match text.strip_suffix('%') {
            Some(p) => number(p).map(|p| Change::ByFraction(p / 100.0)),
            None => number(text).map(Change::By),
        },
        _ => number(text).map(Change::To),
    }
}

fn workers(text: &str) -> Result<Command, String> {
    let remedy = "(say workers 20, workers +5, workers -5 or workers +10%)";
    let change = change(text).ok_or_else(|| format!("{text:?} is not a number of workers {remedy}"))?;
    match change {
        Change::To(n) if n >= 1.0 && n.fract() == 0.0 => Ok(Command::Workers(change)),
        Change::By(n) if n.fract() == 0.0 => Ok(Command::Workers(change)),
        Change::ByFraction(_) | Change::Times(_) => Ok(Command::Workers(change)),
        _ => Err(format!("{text:?} is not a number of workers {remedy}")),
    }
}

/// `workers +P%`, from 5 to 100 % up or 5 to 60 % down: less drowns in noise, more is another operating point.
fn step(text: &str) -> Result<Command, String> {
    let remedy = "(say step workers +20%, from -60% to -5% or +5% to +100%)";
    let by = text.strip_prefix("workers").map(str::trim).and_then(change);
    match by {
        Some(Change::ByFraction(p)) if (0.05..=1.0).contains(&p) || (-0.6..=-0.05).contains(&p) => Ok(Command::StepTest(p)),
        _ => Err(format!("{text:?} is not a step {remedy}")),
    }
}

/// `[P%] [T]`, 75 % of the knee and 20 s unless said: from 5 to 150 %, from 1 s to an hour.
fn verify(text: &str) -> Result<Command, String> {
    let fault = || format!("{text:?} is not a rate and a time to verify (say verify, verify 80% or verify 80% 30s)");
    let (mut share, mut time) = (0.75, Nanos::from_secs(20));
    for word in text.split_whitespace() {
        match word.strip_suffix('%') {
            Some(p) => share = parse_number(p).ok_or_else(fault)? / 100.0,
            None => time = parse_duration(word).map_err(|_| fault())?,
        }
    }
    let sane = (0.05..=1.5).contains(&share) && (1.0..=3600.0).contains(&time.secs());
    if sane {
        Ok(Command::Verify(share, time))
    } else {
        Err(fault())
    }
}

fn bounds(text: &str) -> Result<Command, String> {
    let fault = || format!("{text:?} are not bounds (say bounds 1..200)");
    let (min, max) = text.split_once("..").ok_or_else(fault)?;
    let (min, max): (u32, u32) = (
        min.trim().parse().map_err(|_| fault())?,
        max.trim().parse().map_err(|_| fault())?,
    );
    if min >= 1 && min <= max && max <= 65_536 {
        Ok(Command::Bounds(min, max))
    } else {
        Err(fault())
    }
}

fn rate(text: &str) -> Result<Command, String> {
    match text.as_bytes().first() {
        Some(b'*' | b'/') => change(text)
            .map(Command::Rate)
            .ok_or_else(|| format!("{text:?} is not a positive factor (such as *1.05 or /1.5)")),
        _ => parse_rate(text).map(|r| Command::Rate(Change::To(r))),
    }
}

fn model(text: &str) -> Result<Command, String> {
    match text {
        "open" => Ok(Command::Model(LoadModel::Open)),
        "closed" => Ok(Command::Model(LoadModel::Closed)),
        _ => Err(format!("{text:?} is not a load model (say model open or model closed)")),
    }
}

fn knob(text: &str) -> Result<Command, String> {
    let names = || KNOBS.map(|k| k.name).join(", ");
    let split = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
    let name = if &text[..split] == "kappa" { "thrift" } else { &text[..split] };
    let Some(knob) = KNOBS.iter().find(|k| k.name == name) else {
        return Err(format!("{name:?} is not a knob (there are: {})", names()));
    };
    let change = change(text[split..].trim())
        .ok_or_else(|| format!("{text:?} does not say a value (such as set {} = {})", knob.name, knob.max))?;
    match change {
        Change::To(v) if !(knob.min..=knob.max).contains(&v) => Err(format!(
            "{} = {v} is out of range (it goes from {} to {})",
            knob.name, knob.min, knob.max
        )),
        _ => Ok(Command::Set(knob.name, change)),
    }
}

fn overflow(text: &str) -> Result<Overflow, String> {
    [Overflow::Drop, Overflow::Reject, Overflow::Block]
        .into_iter()
        .find(|o| o.name() == text)
        .ok_or_else(|| format!("{text:?} is not an overflow policy (there are: drop, reject, block)"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::setpoints::ProcessVariable;

    #[test]
    fn every_command_of_the_language_is_read() {
        let table: [(&str, Command); 24] = [
            ("mode hold", Command::Mode(Mode::Hold)),
            ("mode pid", Command::Mode(Mode::Hold)),
            (
                "sp p99=25ms",
                Command::Setpoint(Setpoint {
                    variable: ProcessVariable::Quantile(0.99),
                    value: 0.025,
                }),
            ),
            (
                "sp rps=400",
                Command::Setpoint(Setpoint {
                    variable: ProcessVariable::Rps,
                    value: 400.0,
                }),
            ),
            ("sp *1.05", Command::SetpointTimes(1.05)),
            ("sp /2", Command::SetpointTimes(0.5)),
            ("gain kp =.3", Command::Gain(Gain::Kp, Change::To(0.3))),
            ("gain ki /2", Command::Gain(Gain::Ki, Change::Times(0.5))),
            ("gain kd default", Command::Gain(Gain::Kd, Change::Default)),
            ("workers 20", Command::Workers(Change::To(20.0))),
            ("workers -5", Command::Workers(Change::By(-5.0))),
            ("workers +10%", Command::Workers(Change::ByFraction(0.1))),
            ("auto", Command::Auto),
            ("step workers +20%", Command::StepTest(0.2)),
            ("step workers -25%", Command::StepTest(-0.25)),
            ("tune", Command::Tune),
            ("tune accept", Command::TuneAccept),
            ("bounds 2..300", Command::Bounds(2, 300)),
            ("set kappa = .2", Command::Set("thrift", Change::To(0.2))),
            ("set thrift +.02", Command::Set("thrift", Change::By(0.02))),
            ("mark \"backup starts\"", Command::Mark("backup starts".into())),
            ("snapshot out", Command::Snapshot(Some("out".into()))),
            ("quit", Command::Quit),
            ("quit now", Command::QuitNow),
        ];
        for (text, want) in table {
            assert_eq!(parse(text), Ok(want), "{text}");
        }
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_command() {
        for text in [
            "mode max",
            "sp p95=12.5ms",
            "sp *1.05",
            "gain kp *1.25",
            "workers 20",
            "workers -5",
            "workers +10%",
            "auto",
            "step workers +20%",
            "tune",
            "tune accept",
            "bounds 1..9",
            "set z = 3",
            "guard errors>20%",
            "guard off",
            "pause",
            "undo",
            "quit",
        ] {
            let command = parse(text).unwrap();
            assert_eq!(parse(&command.to_string()), Ok(command), "{text}");
        }
    }

    #[test]
    fn a_refusal_names_the_remedy() {
        for (text, remedy) in [
            ("mode fast", "max, slo, hold, manual, aimd, climb, vegas, gradient, classic"),
            ("sp p99=25", "p99=25ms"),
            ("sp p98=2ms", "p95"),
            ("workers many", "workers +5"),
            ("workers 0", "workers 20"),
            ("set speed = 1", "thrift"),
            ("set kappa = 3", "0.5"),
            ("bounds 5..2", "bounds 1..200"),
            ("step", "step workers +20%"),
            ("step workers 20", "step workers +20%"),
            ("step workers +2%", "+5%"),
            ("tune now", "tune accept"),
            ("guard errors", "METRIC OP VALUE"),
            ("hurry", "quit"),
            ("", "sp p99=25ms"),
        ] {
            let said = parse(text).unwrap_err();
            assert!(said.contains(remedy), "{text}: {said}");
        }
    }
}
