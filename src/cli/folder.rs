//! The folder of `--out`: one run's at a time, and of one run alone.

use super::forms::{EVERYTHING, INTERVALS};
use std::{
    cell::Cell,
    fs::{self, File, TryLockError},
    io::Read as _,
    path::{Path, PathBuf},
};

/// A folder for outputs, which no other process has as long as this lives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    /// None on file systems that cannot lock folders.
    _lock: Option<File>,
    /// True once everything of an earlier run is gone.
    cleared: Cell<bool>,
}

impl Folder {
    /// Takes the folder at `path`, and makes it where it is not there.
    ///
    /// # Errors
    /// In words, when it cannot be made, or another run is writing to it.
    pub fn take(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        fs::create_dir_all(path)
            .map_err(|error| format!("cannot make the directory {shown}: {error}"))?;
        let folder = File::open(path).map_err(|error| format!("cannot open {shown}: {error}"))?;
        let lock = match folder.try_lock() {
            Ok(()) => Some(folder),
            Err(TryLockError::WouldBlock) => {
                return Err(format!(
                    "another run is writing to {shown}: give each run a folder of its own"
                ));
            }
            Err(TryLockError::Error(_)) => None,
        };
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
            cleared: Cell::new(false),
        })
    }

    /// File in which the run is written down while it goes on.
    pub fn journal(&self) -> PathBuf {
        self.path.join(INTERVALS)
    }

    /// Removes what an earlier run has left, once: it is replaced as a whole, so that no two runs
    /// are mixed. Other files stay.
    pub fn clear(&self) {
        if !self.cleared.replace(true) {
            clear(&self.path);
        }
    }
}

/// Removes what a run has left in a folder, those of a suite's phases included.
fn clear(path: &Path) {
    if !has_run(path) {
        return;
    }
    let entries = fs::read_dir(path).into_iter().flatten().flatten();
    for entry in entries {
        let of_phase = is_of_phase(&entry.file_name().to_string_lossy());
        let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
        if of_phase && is_folder && has_run(&entry.path()) {
            clear(&entry.path());
            // Fails, and keeps the folder, where there is something else in it.
            let _ = fs::remove_dir(entry.path());
        }
    }
    let names = EVERYTHING.iter().map(|(name, _)| *name);
    for name in names.chain([INTERVALS]) {
        let file = path.join(name);
        // Links that somebody has put there are written to, and pipes but for the journal.
        if fs::symlink_metadata(&file).is_ok_and(|found| found.is_file()) {
            // A file that cannot be removed is written over.
            let _ = fs::remove_file(file);
        }
    }
}

/// True for a folder in which there is a journal or a result of loadgen.
fn has_run(path: &Path) -> bool {
    [INTERVALS, "result.json"].iter().any(|name| {
        let file = path.join(name);
        let mut begin = [0; 10];
        let is_file = fs::metadata(&file).is_ok_and(|found| found.is_file());
        is_file
            && File::open(file).is_ok_and(|mut file| file.read_exact(&mut begin).is_ok())
            && begin == *br#"{"schema":"#
    })
}

/// `01-warm-up`, as folders of phases are called.
fn is_of_phase(name: &str) -> bool {
    let (number, rest) = name.split_once('-').unwrap_or_default();
    number.len() >= 2 && number.bytes().all(|byte| byte.is_ascii_digit()) && !rest.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_process_has_it_at_a_time() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("new/out");
        let first = Folder::take(&path).unwrap();
        let refused = Folder::take(&path).unwrap_err();
        assert!(refused.contains("another run is writing to"), "{refused}");
        drop(first);
        Folder::take(&path).unwrap();
    }

    #[test]
    fn a_run_is_replaced_as_a_whole_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path();
        let write = |name: &str, text: &str| {
            let file = path.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        // Not a run's: they stay.
        for name in [
            "summary.md",
            "notes.txt",
            "01-mine/notes.txt",
            "01-plan/result.json",
        ] {
            write(name, "{}");
        }
        Folder::take(path).unwrap().clear();
        assert!(path.join("summary.md").exists());

        for name in [
            "intervals.jsonl",
            "02-next/result.json",
            "03-last/intervals.jsonl",
        ] {
            write(name, "{\"schema\":1}");
        }
        write("report.html", "");
        write("03-last/mine", "");
        let folder = Folder::take(path).unwrap();
        folder.clear();
        let left = |name: &str| path.join(name).exists();
        for name in [
            "notes.txt",
            "01-mine/notes.txt",
            "01-plan/result.json",
            "03-last/mine",
        ] {
            assert!(left(name), "{name}");
        }
        for name in ["intervals.jsonl", "report.html", "summary.md", "02-next"] {
            assert!(!left(name), "{name}");
        }
        assert!(!left("03-last/intervals.jsonl"));
        // Once: what is there then is of this run.
        write("intervals.jsonl", "{\"schema\":1}");
        folder.clear();
        assert!(left("intervals.jsonl"));
    }
}
