//! The time axis as CSV: one row a column, half a second each.

use super::Report;
use crate::telemetry::frame::Frame;
use std::io::{self, Write};

/// Rows `t_s,span_s,good_rps,errors,offered,workers,queue,p50_ms,p99_ms,max_ms`; empty where there is no figure.
#[derive(Clone, Copy, Debug)]
pub struct Csv;

impl Report for Csv {
    fn write(&self, frame: &Frame, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "t_s,span_s,good_rps,errors,offered,workers,queue,p50_ms,p99_ms,max_ms")?;
        let ms = |s: Option<f64>| s.map_or_else(String::new, |s| format!("{:.6}", s * 1e3));
        for c in frame.columns.iter() {
            let (t, span) = (c.from.secs(), c.span());
            write!(
                out,
                "{t:.3},{span:.3},{:.3},{},{},{:.3},{:.3},",
                c.good_rate(),
                c.errors,
                c.offered,
                c.workers,
                c.queue
            )?;
            writeln!(out, "{},{},{}", ms(c.p50), ms(c.p99), ms(c.max))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::units::Nanos;
    use crate::telemetry::column::Column;
    use std::sync::Arc;

    #[test]
    fn a_row_a_column_and_nothing_for_what_was_not_measured() {
        let column = Column {
            to: Nanos::from_millis(500),
            ok: 50,
            p50: Some(0.01),
            ..Column::default()
        };
        let frame = Frame {
            columns: vec![Arc::new(column)].into(),
            ..Frame::default()
        };
        let mut out = Vec::new();

        Csv.write(&frame, &mut out).unwrap();

        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().nth(1), Some("0.000,0.500,100.000,0,0,0.000,0.000,10.000000,,"));
    }
}
