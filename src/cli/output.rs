//! Where reports go, checked before anything is sent.
//! It refuses to write: whoever has a report does.

use super::{Format, RunArgs};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

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
    let raw_log = args.raw_log.as_deref().map(|name| writable("--raw-log", name)).transpose()?;
    distinct(args)?;
    Ok(Output {
        format,
        files,
        raw_log,
        strict: args.strict,
        quiet: args.quiet,
    })
}

/// No file is written twice, and none that is read.
fn distinct(args: &RunArgs) -> Result<(), String> {
    let reports = args.output.iter().filter(|name| *name != "-");
    let mut written: Vec<(&str, String)> = reports.map(|name| ("-o", name.clone())).collect();
    written.extend(args.raw_log.iter().map(|name| ("--raw-log", name.clone())));
    for (i, (flag, name)) in written.iter().enumerate() {
        for (other, earlier) in &written[..i] {
            let part = format!("{earlier}.part");
            if same(name, earlier) || *other == "-o" && same(name, &part) {
                return Err(format!(
                    "{other} {earlier:?} and {flag} {name:?} are the same file (name another for one of them)"
                ));
            }
        }
        for (reader, source) in read(args) {
            if same(name, source) {
                return Err(format!(
                    "{flag} {name:?} would replace what {reader} reads (name another file)"
                ));
            }
        }
    }
    Ok(())
}

/// Files that the command line names to be read.
fn read(args: &RunArgs) -> impl Iterator<Item = (&'static str, &str)> {
    let body = args.body_file.as_deref().filter(|name| *name != "-");
    let script = args.script.as_deref().and_then(|text| text.strip_prefix('@'));
    let trace = args.arrivals.as_deref().and_then(|text| text.strip_prefix("trace:"));
    let named = [("-D", body), ("--script", script), ("--arrivals", trace)];
    named.into_iter().filter_map(|(flag, name)| Some((flag, name?)))
}

/// Two names of one file, there already or not.
fn same(a: &str, b: &str) -> bool {
    let place = |name: &str| {
        let path = Path::new(name);
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        Some(folder.canonicalize().ok()?.join(path.file_name()?))
    };
    let file = |name: &str| std::fs::metadata(name).ok().map(|m| (m.dev(), m.ino()));
    place(a).is_some_and(|a| place(b) == Some(a)) || file(a).is_some_and(|a| file(b) == Some(a))
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
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if !folder.is_dir() {
        return Err(format!("{flag} {name:?}: there is no folder {folder:?} (make it first)"));
    }
    if path.is_dir() {
        return Err(format!("{flag} {name:?} is a folder (name a file in it)"));
    }
    Ok(path)
}
