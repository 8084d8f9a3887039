//! Figures for people: medians with their range, numbers with commas, and the README's tables.
//! It refuses to touch the README outside the markers of its own table.
#![allow(dead_code, reason = "each bench uses its part")]

/// Median, smallest and largest.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Spread {
    /// Of an even number: the mean of the middle two.
    pub(crate) median: f64,
    /// Smallest.
    pub(crate) min: f64,
    /// Largest.
    pub(crate) max: f64,
}

/// Of finite values; `None` without any.
pub(crate) fn spread(values: impl Iterator<Item = f64>) -> Option<Spread> {
    let mut all: Vec<f64> = values.filter(|v| v.is_finite()).collect();
    all.sort_by(f64::total_cmp);
    let (min, max) = (*all.first()?, *all.last()?);
    let median = f64::midpoint(all[(all.len() - 1) / 2], all[all.len() / 2]);
    Some(Spread { median, min, max })
}

impl Spread {
    /// `1.19 [1.15–1.24]`.
    pub(crate) fn ratio(self) -> String {
        format!("{:.2} [{:.2}–{:.2}]", self.median, self.min, self.max)
    }
}

/// `231,567`.
pub(crate) fn commas(value: f64) -> String {
    let digits = format!("{value:.0}");
    let lead = digits.len() % 3;
    let (head, rest) = digits.split_at(lead);
    let groups: Vec<&str> = (0..rest.len()).step_by(3).map(|i| &rest[i..i + 3]).collect();
    let all: Vec<&str> = [head].into_iter().chain(groups).filter(|g| !g.is_empty()).collect();
    all.join(",")
}

/// `12.3 MB` without its unit.
pub(crate) fn megabytes(bytes: f64) -> String {
    format!("{:.1}", bytes / 1e6)
}

/// Writes a table between `<!-- NAME -->` and `<!-- /NAME -->` of the README.
///
/// # Errors
/// A sentence when the README cannot be read or written, or has no such markers.
pub(crate) fn into_readme(name: &str, table: &str) -> Result<(), String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let text = placed(&text, name, table)
        .ok_or_else(|| format!("{path} has no <!-- {name} --> and <!-- /{name} --> (put them where the table goes)"))?;
    std::fs::write(path, text).map_err(|e| format!("{path}: {e}"))
}

/// A text with the table between its markers; `None` without them.
pub(crate) fn placed(text: &str, name: &str, table: &str) -> Option<String> {
    let (open, close) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let (before, rest) = text.split_once(&open)?;
    let (_, after) = rest.split_once(&close)?;
    Some(format!("{before}{open}\n{}\n{close}{after}", table.trim()))
}
