//! Every report that grows while the run goes: lines as they come, files as their state of the last second.

use super::Stop;
use super::journal::{self, Feed, Journal};
use super::live::Live;
use super::output::Still;
use crate::cli::Output;
use crate::link::Ended;
use crate::telemetry::frame::Frame;

/// All of them.
pub(super) struct Reports {
    journals: Vec<Journal>,
    live: Vec<Live>,
}

/// Opens every one. `patient`: lines wait for room.
///
/// # Errors
/// One of them cannot be written: told before anything is sent.
pub(super) fn open(output: &Output, patient: bool, still: &Still) -> Result<(Reports, Feed), Stop> {
    let usage = |e: anyhow::Error| Stop::usage(format!("{e:#}"));
    let (journals, mut feed) = journal::open(output, patient).map_err(usage)?;
    let mut reports = Reports {
        journals,
        live: Vec::new(),
    };
    for path in output.files.iter().filter(|p| !journal::takes(p)) {
        match Live::open(path, still) {
            Ok((live, out)) => {
                reports.live.push(live);
                feed.add(out);
            }
            Err(e) => {
                drop(feed);
                reports.discard();
                return Err(usage(e));
            }
        }
    }
    Ok((reports, feed))
}

impl Reports {
    /// Nobody reads the lines on standard output any more.
    pub(super) fn unheard(&self) -> bool {
        self.journals.iter().any(Journal::unheard)
    }

    /// Nothing was sent: there is nothing to tell.
    pub(super) fn discard(self) {
        self.journals.into_iter().for_each(Journal::discard);
        self.live.into_iter().for_each(Live::discard);
    }

    /// Those in files, each with what `frame`, the last one, has to say. Those on standard output are returned: their reader
    /// may keep them waiting.
    pub(super) fn finish(self, frame: &Frame, ended: Ended, told: &mut Told) -> Vec<Journal> {
        let (printed, filed): (Vec<_>, Vec<_>) = self.journals.into_iter().partition(Journal::printed);
        told.journals(filed, frame, ended);
        for live in self.live {
            told.done(live.finish(frame, ended != Ended::Late));
        }
        printed
    }
}

/// How the reports went, and what is to be said of them when all are written: who hears it may keep the program waiting.
#[derive(Default)]
pub(super) struct Told {
    /// One could not be written.
    pub(super) unwritten: bool,
    /// In the order of their writing.
    pub(super) said: Vec<String>,
}

impl Told {
    /// One was written, or why not.
    pub(super) fn done(&mut self, written: anyhow::Result<()>) {
        if let Err(e) = written {
            self.said.push(format!("{e:#}"));
            self.unwritten = true;
        }
    }

    /// Ends these. An engine that has not ended may still give them frames: they are left as they are.
    pub(super) fn journals(&mut self, journals: Vec<Journal>, frame: &Frame, ended: Ended) {
        for journal in journals {
            if ended == Ended::Late {
                self.said.extend(journal.abandon());
                self.unwritten = true;
                continue;
            }
            match journal.finish(frame) {
                Ok(missed) => self.said.extend(missed),
                Err(e) => self.done(Err(e)),
            }
        }
    }
}
