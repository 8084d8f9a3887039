//! Reports to files and standard output: atomically where it is a file, once where it is a stream.

use crate::report::csv::Csv;
use crate::report::{Json, Report, Text};
use crate::telemetry::frame::Frame;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Draws the screen of a frame as SVG.
pub(super) type Still<'a> = &'a dyn Fn(&Frame) -> String;

/// Writes one report by its file's extension, replacing the file at once and whole.
///
/// # Errors
/// What the file system says; the old file is untouched then.
pub(super) fn write(frame: &Frame, path: &Path, still: Still<'_>) -> Result<()> {
    let mut bytes = Vec::new();
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => Json.write(frame, &mut bytes)?,
        Some("csv") => Csv.write(frame, &mut bytes)?,
        Some("svg") => bytes = still(frame).into_bytes(),
        Some("txt") => Text { columns: 120 }.write(frame, &mut bytes)?,
        _ => bail!("no report of that kind: {}", path.display()),
    }
    whole(path, &bytes)
}

/// Replaces a file at once and whole.
///
/// # Errors
/// What the file system says, with the path; the old file is untouched then.
pub(super) fn whole(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

/// Into a new file beside it, then renamed over it.
fn replace(path: &Path, bytes: &[u8]) -> Result<()> {
    let name = path
        .file_name()
        .and_then(|n| n.to_str())
        .context("the path has no file name")?;
    let fresh = path.with_file_name(format!(".{name}.{}.part", std::process::id()));
    let written = File::create(&fresh).and_then(|mut f| f.write_all(bytes).and_then(|()| f.sync_all()));
    if let Err(e) = written.and_then(|()| fs::rename(&fresh, path)) {
        let _ = fs::remove_file(&fresh);
        return Err(e.into());
    }
    Ok(())
}

/// A snapshot: `report.json`, `report.txt`, `screen.svg` in a new folder `clobber-TARGET-UTC` under `under`,
/// which appears whole or not at all and never replaces another. Returns its path.
///
/// # Errors
/// What the file system says.
pub(super) fn snapshot(frame: &Frame, svg: &str, under: &Path, stamp: &str) -> Result<PathBuf> {
    let name = format!("clobber-{}-{stamp}", plain(&frame.run.target));
    let part = under.join(format!(".{name}.{}.part", std::process::id()));
    fs::create_dir_all(&part).with_context(|| format!("cannot make a folder in {}", under.display()))?;
    let fill = || -> Result<()> {
        let mut json = Vec::new();
        Json.write(frame, &mut json)?;
        let mut text = Vec::new();
        Text { columns: 120 }.write(frame, &mut text)?;
        for (file, bytes) in [
            ("report.json", json.as_slice()),
            ("report.txt", &text),
            ("screen.svg", svg.as_bytes()),
        ] {
            fs::write(part.join(file), bytes).with_context(|| format!("cannot write {file}"))?;
        }
        Ok(())
    };
    let done = fill().and_then(|()| settle(&part, under, &name));
    if done.is_err() {
        let _ = fs::remove_dir_all(&part);
    }
    done
}

/// Renames to the first free name: `NAME`, `NAME-2`, …
fn settle(part: &Path, under: &Path, name: &str) -> Result<PathBuf> {
    for i in 1..1000 {
        let path = under.join(if i == 1 { name.to_owned() } else { format!("{name}-{i}") });
        if !path.exists() {
            fs::rename(part, &path).with_context(|| format!("cannot name {}", path.display()))?;
            return Ok(path);
        }
    }
    bail!("a thousand snapshots of this second are there already")
}

/// Letters, digits, dots and dashes of a target; never a path.
fn plain(target: &str) -> String {
    let bare = target.split_once("://").map_or(target, |(_, rest)| rest);
    let safe: String = bare
        .chars()
        .take(60)
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' })
        .collect();
    safe.trim_matches(['-', '.']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::run::RunInfo;
    use std::sync::Arc;

    fn frame() -> Frame {
        Frame {
            run: Arc::new(RunInfo {
                target: "http://127.0.0.1:80/../x".into(),
                ..RunInfo::default()
            }),
            ..Frame::default()
        }
    }

    #[test]
    fn a_snapshot_appears_whole_and_never_replaces_another() {
        let folder = tempfile::tempdir().unwrap();

        let first = snapshot(&frame(), "<svg/>", folder.path(), "20261120T190000Z").unwrap();
        let second = snapshot(&frame(), "<svg/>", folder.path(), "20261120T190000Z").unwrap();

        assert_ne!(first, second);
        assert_eq!(first.file_name().unwrap(), "clobber-127.0.0.1-80-..-x-20261120T190000Z");
        for file in ["report.json", "report.txt", "screen.svg"] {
            assert!(second.join(file).is_file(), "{file}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "nothing half-made is left");
    }

    #[test]
    fn a_report_that_cannot_be_written_leaves_the_old_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        fs::write(&path, "old").unwrap();
        let missing = folder.path().join("gone").join("out.json");

        write(&frame(), &path, &|_| String::new()).unwrap();

        assert!(fs::read_to_string(&path).unwrap().contains("\"schema\": 1"));
        assert!(write(&frame(), &missing, &|_| String::new()).is_err());
    }
}
