//! Reports: a frame as JSON, text, CSV or lines. Each writes to what it is given.
//! They refuse to measure and to judge: figures come from the frame, words from `answer`.

pub mod answers;
pub mod bakeoff;
pub mod closing;
pub mod csv;
pub mod ewf;
pub mod lines;
pub mod promises;
mod setpoints;
pub mod summary;
pub mod whole;

use crate::telemetry::frame::Frame;
use std::io::{self, Write};

/// One format of a finished (or snapshotted) run.
pub trait Report {
    /// Writes the whole report of `frame`, ending with a line end.
    ///
    /// # Errors
    /// What `out` says.
    fn write(&self, frame: &Frame, out: &mut dyn Write) -> io::Result<()>;
}

/// The JSON summary.
#[derive(Clone, Copy, Debug)]
pub struct Json;

impl Report for Json {
    fn write(&self, frame: &Frame, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &summary::summary(frame))?;
        writeln!(out)
    }
}

/// The closing text, fitted to `columns`.
#[derive(Clone, Copy, Debug)]
pub struct Text {
    /// Terminal width; 80 and more.
    pub columns: usize,
}

impl Report for Text {
    fn write(&self, frame: &Frame, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(closing::text(frame, self.columns).as_bytes())
    }
}
