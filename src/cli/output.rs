//! Where reports go, checked before anything is sent.
//! It refuses to write: whoever has a report does.

use super::{Format, RunArgs};
use std::path::PathBuf;

/// Where reports go.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Standard output.
    pub format: Format,
    /// Files, by extension.
    pub files: Vec<PathBuf>,
    /// One line per request.
    pub raw_log: Option<PathBuf>,
    /// Exit 6 when not valid.
    pub strict: bool,
    /// Nothing on standard error but errors.
    pub quiet: bool,
}

/// Files are checked before anything is sent: known extension, a folder that is there, not a folder itself.
pub(super) fn output(args: &RunArgs) -> Result<Output, String> {
    let mut files = Vec::new();
    let mut format = args.output_format.unwrap_or_default();
    for name in &args.output {
        if name == "-" {
            continue;
        }
        files.push(report_file(name, &["json", "jsonl", "csv", "svg", "txt"])?);
    }
    if args.quiet && args.output_format.is_none() {
        format = Format::Text;
    }
    Ok(Output {
        format,
        files,
        raw_log: args.raw_log.as_deref().map(|name| writable("--raw-log", name)).transpose()?,
        strict: args.strict,
        quiet: args.quiet,
    })
}

/// A file for a report of one of these kinds.
///
/// # Errors
/// A sentence when there is no such kind, no such folder, or a folder of that name.
pub fn report_file(name: &str, kinds: &[&str]) -> Result<PathBuf, String> {
    let path = PathBuf::from(name);
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    if !kinds.contains(&extension) {
        let there_are: Vec<String> = kinds.iter().map(|k| format!(".{k}")).collect();
        return Err(format!(
            "-o {name:?}: no report of that kind (there are: {})",
            there_are.join(" ")
        ));
    }
    writable("-o", name)
}

/// A file that can be made, as far as its folder tells.
fn writable(flag: &str, name: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(name);
    let folder = path
        .parent()
        .filter(|p| !p.as_os_str().is_empty())
        .unwrap_or(std::path::Path::new("."));
    if !folder.is_dir() {
        return Err(format!("{flag} {name:?}: there is no folder {folder:?} (make it first)"));
    }
    if path.is_dir() {
        return Err(format!("{flag} {name:?} is a folder (name a file in it)"));
    }
    Ok(path)
}
