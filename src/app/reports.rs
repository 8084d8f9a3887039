//! Every report that grows while the run goes: lines as they come, files as their state of the last second.

use super::journal::{self, Feed, Journal};
use super::live::Live;
use super::output::Still;
use super::{Stop, complain};
use crate::cli::Output;
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

    /// Each with what `frame`, the last one, has to say; false when one could not be written.
    pub(super) fn finish(self, frame: &Frame) -> bool {
        let mut written = true;
        let mut failed = |e: anyhow::Error| {
            complain(&format!("{e:#}"));
            written = false;
        };
        for journal in self.journals {
            match journal.finish(frame) {
                Ok(missed) => missed.iter().for_each(|missed| complain(missed)),
                Err(e) => failed(e),
            }
        }
        for live in self.live {
            live.finish(frame).unwrap_or_else(&mut failed);
        }
        written
    }
}
