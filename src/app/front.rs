//! The front end of a run: screen or headless, then the reports, then the exit code.

use super::exit::{self, Circumstances};
use super::look::Look;
use super::output::Still;
use super::reports::{Reports, Told};
use super::signals::Signals;
use super::snapshots::Save;
use super::ticker::Ticker;
use super::{Stop, complain, output};
use crate::cli::{Format, Job, RunArgs};
use crate::clock;
use crate::headless;
use crate::link::{Ended, Link};
use crate::model::command::{self, Command};
use crate::model::notice::Who;
use crate::model::run::EndedBy;
use crate::model::setpoints::Mode;
use crate::report::csv::Csv;
use crate::report::{Json, Report, Text};
use crate::telemetry::frame::{Frame, Phase};
use crate::telemetry::threshold::judge;
use crate::ui;
use anyhow::Context;
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;

/// Size of the screen drawn for `-o FILE.svg`.
const STILL: (u16, u16) = (120, 35);

/// How a run is watched.
pub(super) struct View {
    /// No screen.
    pub(super) headless: bool,
    /// Standard output was a terminal at the beginning.
    terminal: bool,
    look: Look,
    signals: Signals,
}

/// What the engine's thread left behind.
#[derive(Default)]
pub(super) struct Aftermath {
    /// Why it never sent.
    pub(super) stop: Option<Stop>,
    /// What is to be said of the raw log.
    pub(super) said: Option<String>,
    /// The raw log could not be written.
    pub(super) unwritten: bool,
}

impl View {
    /// From flags, environment and the terminal. Installs the signal handlers.
    pub(super) fn of(args: &RunArgs) -> Result<Self, Stop> {
        let look = Look::of(args)?;
        let terminal = io::stdout().is_terminal();
        if terminal && look.surroundings.dumb() && !args.headless {
            complain("this terminal cannot be drawn on (TERM): running headless");
        }
        let lines = args.output_format.is_some_and(|f| f != Format::Text);
        let headless = args.headless || !terminal || look.surroundings.dumb() || lines;
        Ok(Self {
            headless,
            terminal,
            look,
            signals: Signals::install(!headless).map_err(Stop::fault)?,
        })
    }

    /// Draws the screen of a frame for a file; the terminal is not asked for its colours.
    pub(super) fn still(&self) -> Still {
        let theme = self.look.still();
        Arc::new(move |frame| ui::still(frame, STILL, &theme))
    }

    /// Writes snapshots that a command asks for.
    pub(super) fn save(&self) -> Save {
        let still = self.still();
        Arc::new(move |frame, under| snapshot(frame, &still(frame), under))
    }
}

/// Watches the run to its end, writes every report, returns the exit code. `after` is asked when the engine's
/// thread has ended.
pub(super) fn run(link: Link, job: &Job, view: &View, reports: Reports, after: impl FnOnce() -> Aftermath) -> Result<u8, Stop> {
    let watched = watch(&link, job, view, &|| reports.unheard());
    let (frame, ended) = link.join(|| view.signals.late());
    view.signals.over();
    let after = after();
    if let Some(stop) = after.stop {
        reports.discard();
        return Err(stop);
    }
    let mut told = Told {
        unwritten: after.unwritten,
        said: after.said.into_iter().collect(),
    };
    let frame = last(frame, ended, &mut told);
    let printed = reports.finish(&frame, ended, &mut told);
    // Last: a reader that takes nothing must not keep the files from being written.
    view.signals.closing();
    let unfiled = told.unwritten;
    told.journals(printed, &frame, ended);
    told.done(print(&frame, job, view));
    let vanished = watched.vanished || view.terminal && !io::stdout().is_terminal();
    let circumstances = Circumstances {
        panicked: ended == Ended::Panicked,
        unwritten: if vanished { unfiled } else { told.unwritten },
        signal: view.signals.exit_code(),
        vanished,
        strict: job.output.strict || view.headless && judges(job),
        promised: job.set.promise.is_some(),
    };
    told.said.extend((watched.missed > 0).then(|| {
        let missed = watched.missed;
        format!("the terminal was too slow for {missed} pictures of the screen: they were left out, the run went on")
    }));
    told.said.extend(warnings(&frame, job));
    told.said.iter().for_each(|text| complain(text));
    Ok(exit::code(&frame, circumstances))
}

/// The last frame of an engine that ended; one that did not is over all the same.
fn last(frame: Arc<Frame>, ended: Ended, told: &mut Told) -> Arc<Frame> {
    match ended {
        Ended::Well => frame,
        Ended::Panicked => {
            told.said
                .push("a fault of ours ended the run (exit 1); what was measured until then follows".into());
            frame
        }
        Ended::Late => {
            told.said
                .push("the engine did not end in time; what was measured until then is told".into());
            Arc::new(Frame {
                phase: Phase::Done,
                ended_by: frame.ended_by.or(Some(EndedBy::Signal)),
                ..Frame::clone(&frame)
            })
        }
    }
}

/// A promise is judged: figures that are not valid cannot do that.
fn judges(job: &Job) -> bool {
    !job.thresholds.is_empty() || job.set.mode == Mode::Slo
}

/// How the watching went.
#[derive(Default)]
struct Watched {
    /// The terminal went away.
    vanished: bool,
    /// Pictures of the screen that the terminal was too slow for.
    missed: u64,
}

/// Until the end. `unheard`: nobody reads the lines of the run any more.
fn watch(link: &Link, job: &Job, view: &View, unheard: &dyn Fn() -> bool) -> Watched {
    let mut watched = Watched::default();
    if !view.headless {
        match screen(link, view) {
            Ok(missed) => return Watched { missed, ..watched },
            Err(e) if io::stdout().is_terminal() => complain(&format!(
                "the screen is gone ({e:#}): what still runs goes on without it (Ctrl-C ends it)"
            )),
            Err(_) => {
                watched.vanished = true;
                link.send(Who::Engine, Command::Signal);
            }
        }
    }
    wait(link, job, view, unheard);
    watched
}

/// On the screen; how many pictures were left out.
fn screen(link: &Link, view: &View) -> anyhow::Result<u64> {
    let next = || view.signals.next();
    let options = ui::Options {
        theme: &|said| view.look.theme(said),
        ask: view.look.asks(),
        parse: |text, _| command::parse(text),
        print: |command| command.to_string(),
        save: &snapshot,
        signals: &next,
        hurry: &|| view.signals.hurry(),
        late: &|| view.signals.late(),
        fps: view.look.fps,
    };
    ui::run(link, &options)
}

/// Writes a snapshot into a new folder under `under` or here: its path, or why not.
fn snapshot(frame: &Frame, svg: &str, under: Option<&str>) -> Result<String, String> {
    let folder = under.map_or_else(|| Path::new("."), Path::new);
    let saved = output::snapshot(frame, svg, folder, &clock::stamp());
    saved.map(|p| p.display().to_string()).map_err(|e| format!("{e:#}"))
}

/// Without one.
fn wait(link: &Link, job: &Job, view: &View, unheard: &dyn Fn() -> bool) {
    let mut ticker = (!job.output.quiet && io::stderr().is_terminal()).then(Ticker::open);
    let progress = ticker.as_mut().map(|t| t as &mut dyn Write);
    let signals = || view.signals.count();
    let options = headless::Options {
        progress,
        signals: &signals,
        unheard,
        late: &|| view.signals.late(),
    };
    headless::run(link, options);
}

/// The report on standard output.
fn print(frame: &Frame, job: &Job, view: &View) -> anyhow::Result<()> {
    let files = !job.output.files.is_empty() || job.output.raw_log.is_some();
    if job.output.format != Format::Quiet && output::lost(files || job.output.strict || judges(job)) {
        anyhow::bail!(output::LOST);
    }
    let columns = if view.headless { 120 } else { ui::columns() };
    let mut bytes = Vec::new();
    let made = match job.output.format {
        Format::Text => Text { columns }.write(frame, &mut bytes),
        Format::Json => Json.write(frame, &mut bytes),
        Format::Csv => Csv.write(frame, &mut bytes),
        Format::Jsonl | Format::Quiet => Ok(()),
    };
    if job.output.format == Format::Text {
        bytes = view.look.spell(bytes);
    }
    let mut out = io::stdout().lock();
    made.and_then(|()| out.write_all(&bytes))
        .and_then(|()| out.flush())
        .context("cannot write to standard output")
}

/// What a script should be told beside the report.
fn warnings(f: &Frame, job: &Job) -> Vec<String> {
    let mut out = Vec::new();
    if !f.books.balanced() {
        out.push(format!("the books do not balance (our fault): {:?}", f.books));
    }
    if job.output.format != Format::Text && !job.output.quiet && f.ended_by != Some(EndedBy::Signal) && !f.valid {
        out.push(format!(
            "the result is not valid: {}",
            crate::telemetry::validity::doubts(f).join(", ")
        ));
    }
    if job.output.format != Format::Text && !job.output.quiet {
        out.extend(
            judge(f)
                .iter()
                .filter(|j| !j.ok)
                .map(|j| format!("threshold {}", j.sentence())),
        );
    }
    out
}
