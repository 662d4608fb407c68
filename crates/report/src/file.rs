//! Files that are written as a whole or not at all.

use std::{
    fs, io,
    io::Write,
    os::unix::fs::FileTypeExt,
    path::{Path, PathBuf},
};
use tempfile::{Builder, NamedTempFile};

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {why}", .path.display())]
pub struct WriteError {
    path: PathBuf,
    #[source]
    why: Why,
}

#[derive(Debug, thiserror::Error)]
enum Why {
    #[error("it is a directory, name a file in it")]
    IsDirectory,
    #[error("there is no directory {}, create it first", .0.display())]
    NoDirectory(PathBuf),
    #[error(transparent)]
    System(io::Error),
}

/// Finds out whether `path` could be written, without touching what is there; for use before a
/// run whose result would otherwise be lost.
///
/// # Errors
/// When it could not be written.
pub fn check(path: &Path) -> Result<(), WriteError> {
    Destination::of(path)
        .and_then(|destination| match destination {
            Destination::Replace(path) => match temporary(&path) {
                // The file may be writable in place all the same.
                Err(why) => open_in_place(&path).map(drop).map_err(|_| why),
                Ok(_) => Ok(()),
            },
            // Opening a pipe only to close it again would end it for its reader.
            Destination::Stream(_) => Ok(()),
        })
        .map_err(|why| WriteError::new(path, why))
}

/// Returns true for a pipe with a name.
pub fn is_pipe(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| found.file_type().is_fifo())
}

/// True for a pipe or a device, whose reader may take its time.
pub fn is_stream(path: &Path) -> bool {
    matches!(Destination::of(path), Ok(Destination::Stream(_)))
}

/// Writes `content` to `path`. A reader sees the old content or the new, never a part of it, but
/// for a file that cannot be replaced, which is written in place: one of somebody else's in a
/// folder such as `/tmp`, or one that is mounted. Devices and pipes are written to as they are.
///
/// # Errors
/// When it cannot be written; then what was there before still is, unless it was written in place.
pub fn write(path: &Path, content: &[u8]) -> Result<(), WriteError> {
    Destination::of(path)
        .and_then(|destination| match destination {
            Destination::Replace(path) => replace(&path, content),
            Destination::Stream(path) => append(&path, content).map_err(Why::System),
        })
        .map_err(|why| WriteError::new(path, why))
}

impl WriteError {
    fn new(path: &Path, why: Why) -> Self {
        Self {
            path: path.to_owned(),
            why,
        }
    }
}

enum Destination {
    /// A file that is, or will be, at this path.
    Replace(PathBuf),
    /// Something that must not be replaced, such as `/dev/stdout`.
    Stream(PathBuf),
}

impl Destination {
    fn of(path: &Path) -> Result<Self, Why> {
        match fs::metadata(path) {
            Ok(found) if found.is_dir() => Err(Why::IsDirectory),
            // `/dev/stdout` leads to whatever the shell opened, which others write to as well.
            Ok(_) if path.starts_with("/dev") || path.starts_with("/proc") => {
                Ok(Self::Stream(path.to_owned()))
            }
            // Through a symbolic link it is the file behind it that is replaced.
            Ok(found) if found.is_file() => fs::canonicalize(path)
                .map(Self::Replace)
                .map_err(Why::System),
            Ok(_) => Ok(Self::Stream(path.to_owned())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Ok(Self::Replace(path.to_owned()))
            }
            Err(error) => Err(Why::System(error)),
        }
    }
}

/// A file that is there, to be written over.
fn open_in_place(path: &Path) -> io::Result<fs::File> {
    fs::OpenOptions::new().write(true).open(path)
}

fn append(path: &Path, content: &[u8]) -> io::Result<()> {
    fs::OpenOptions::new()
        .append(true)
        .open(path)?
        .write_all(content)
}

/// A file beside `path`, so that renaming it stays within one file system.
fn temporary(path: &Path) -> Result<NamedTempFile, Why> {
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if path.file_name().is_none() {
        return Err(Why::IsDirectory);
    }
    let mut builder = Builder::new();
    builder.prefix(".loadgen-");
    // Readable as any new file is; temporary files are private by default. The umask applies.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    builder.tempfile_in(directory).map_err(|error| {
        if directory.is_dir() {
            Why::System(error)
        } else {
            Why::NoDirectory(directory.to_owned())
        }
    })
}

fn replace(path: &Path, content: &[u8]) -> Result<(), Why> {
    let whole = (|| {
        let mut file = temporary(path)?;
        file.write_all(content).map_err(Why::System)?;
        file.as_file().sync_all().map_err(Why::System)?;
        file.persist(path)
            .map(drop)
            .map_err(|error| Why::System(error.error))
    })();
    whole.or_else(|why| match overwrite(path, content, &why) {
        Some(written) => written.map_err(Why::System),
        None => Err(why),
    })
}

/// Writes over a file that could not be replaced; None where that is not the reason, or there is no
/// such file.
fn overwrite(path: &Path, content: &[u8], why: &Why) -> Option<io::Result<()>> {
    use io::ErrorKind::{PermissionDenied, ReadOnlyFilesystem, ResourceBusy};
    let fixed = match why {
        Why::System(error) => {
            matches!(
                error.kind(),
                PermissionDenied | ResourceBusy | ReadOnlyFilesystem
            )
        }
        Why::IsDirectory | Why::NoDirectory(_) => false,
    };
    let mut file = fixed.then(|| open_in_place(path).ok()).flatten()?;
    let mut write = || {
        file.set_len(0)?;
        file.write_all(content)?;
        file.sync_all()
    };
    Some((write)())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn checking_leaves_no_trace_and_writing_one_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("result.json");
        check(&path).unwrap();
        assert!(names(directory.path()).is_empty());
        write(&path, b"one").unwrap();
        write(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        check(&path).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(names(directory.path()), ["result.json"]);
    }

    #[test]
    fn what_cannot_be_written_is_said_before_the_run() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing/result.json");
        let message = check(&missing).unwrap_err().to_string();
        assert_eq!(
            message,
            format!(
                "cannot write {}: there is no directory {}, create it first",
                missing.display(),
                directory.path().join("missing").display()
            )
        );
        let message = check(directory.path()).unwrap_err().to_string();
        assert!(
            message.ends_with("it is a directory, name a file in it"),
            "{message}"
        );
        let file = directory.path().join("file");
        fs::write(&file, b"").unwrap();
        let below = file.join("result.json");
        assert!(check(&below).is_err());
        assert!(write(&below, b"").is_err());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_followed_devices_are_kept_and_others_may_read() {
        use std::os::unix::fs::{MetadataExt, symlink};
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("real"), directory.path().join("link"));
        fs::write(&path, b"old").unwrap();
        let plain = fs::metadata(&path).unwrap().mode();
        symlink(&path, &link).unwrap();
        write(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(fs::metadata(&path).unwrap().mode(), plain);

        let null = Path::new("/dev/null");
        check(null).unwrap();
        write(null, b"gone").unwrap();
        assert!(fs::metadata(null).unwrap().file_type().is_char_device());
    }
}
