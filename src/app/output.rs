//! Reports to files and standard output: atomically where it is a file, once where it is a stream.

use crate::report::csv::Csv;
use crate::report::whole::Whole;
use crate::report::{Json, Report};
use crate::telemetry::frame::Frame;
use anyhow::{Context, Result, bail};
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Draws the screen of a frame as SVG.
pub(super) type Still = Arc<dyn Fn(&Frame) -> String + Send + Sync>;

/// Writes one report by its file's extension, replacing the file at once and whole.
///
/// # Errors
/// What the file system says; the old file is untouched then.
pub(super) fn write(frame: &Frame, path: &Path, still: &Still) -> Result<()> {
    whole(path, &made(frame, path, still)?)
}

/// The report that `path` wants, at once and whole into `other`; it need not survive a power cut.
///
/// # Errors
/// What the file system says.
pub(super) fn write_as(frame: &Frame, path: &Path, other: &Path, still: &Still) -> Result<()> {
    let bytes = made(frame, path, still)?;
    replace(other, |file| file.write_all(&bytes))
}

/// Where the state of a run lies until `path` is written: `FILE.part`.
pub(super) fn part(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    name.into()
}

/// Nothing is left of it: whether a file can be made beside `path`.
///
/// # Errors
/// What the file system says, with the remedy.
pub(super) fn probe(path: &Path) -> Result<()> {
    let fresh = beside(path)?;
    let made = File::create(&fresh);
    let _ = fs::remove_file(&fresh);
    made.map(drop)
        .with_context(|| format!("cannot write {} (name a file in a folder of yours)", path.display()))
}

/// What is printed on standard output reaches nobody; `elsewhere`: the run tells its result in another way too.
///
/// Where it was closed when the program began the runtime has put `/dev/null`, open both ways, and where it can only be
/// read the runtime drops what is written. `>/dev/null` is open for writing alone: thrown away on purpose. Some programs
/// that start others throw output away open both ways; their result is then elsewhere, in a file or in the exit code.
pub(super) fn lost(elsewhere: bool) -> bool {
    use rustix::fs::{OFlags, fcntl_getfl, fstat, stat};
    let out = io::stdout();
    let Ok(flags) = fcntl_getfl(&out) else { return true };
    let null = || Ok::<bool, rustix::io::Errno>(stat("/dev/null")?.st_rdev == fstat(&out)?.st_rdev);
    if flags.contains(OFlags::RDWR) {
        !elsewhere && null().unwrap_or(false)
    } else {
        !flags.contains(OFlags::WRONLY)
    }
}

/// What is said then.
pub(super) const LOST: &str =
    "standard output is closed: the report is lost (name a file: -o report.txt; or say --output-format quiet)";

fn made(frame: &Frame, path: &Path, still: &Still) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match path.extension().and_then(|e| e.to_str()) {
        Some("json") => Json.write(frame, &mut bytes)?,
        Some("csv") => Csv.write(frame, &mut bytes)?,
        Some("svg") => bytes = still(frame).into_bytes(),
        Some("txt") => Whole { columns: 120 }.write(frame, &mut bytes)?,
        _ => bail!("no report of that kind: {}", path.display()),
    }
    Ok(bytes)
}

/// Replaces a file at once and whole.
///
/// # Errors
/// What the file system says, with the path; the old file is untouched then.
pub(super) fn whole(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = |file: &mut File| file.write_all(bytes).and_then(|()| file.sync_all());
    replace(path, write).with_context(|| format!("cannot write {}", path.display()))
}

/// The hidden name of a file under way.
fn beside(path: &Path) -> Result<PathBuf> {
    let name = path.file_name().context("the path has no file name")?.to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.{}.new", std::process::id())))
}

/// Into a new file beside it, then renamed over it.
fn replace(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> Result<()> {
    let fresh = beside(path)?;
    let written = File::create(&fresh).and_then(|mut file| write(&mut file));
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
    let part = under.join(format!(".{name}.{}.{}.part", std::process::id(), fastrand::u32(..)));
    fs::create_dir_all(&part).with_context(|| format!("cannot make a folder in {}", under.display()))?;
    let fill = || -> Result<()> {
        let mut json = Vec::new();
        Json.write(frame, &mut json)?;
        let mut text = Vec::new();
        Whole { columns: 120 }.write(frame, &mut text)?;
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
        if path.exists() {
            continue;
        }
        // A folder is renamed over an empty one at most: what came in between with something in it stays.
        match fs::rename(part, &path) {
            Ok(()) => return Ok(path),
            Err(e) if e.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            Err(e) => return Err(e).with_context(|| format!("cannot name {}", path.display())),
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

        let still: Still = Arc::new(|_: &Frame| String::new());
        write(&frame(), &path, &still).unwrap();

        assert!(fs::read_to_string(&path).unwrap().contains("\"schema\": 1"));
        assert!(write(&frame(), &missing, &still).is_err());
    }
}
