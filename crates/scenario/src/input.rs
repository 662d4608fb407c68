//! Files from outside, read within bounds whatever they turn out to be: a pipe that nobody writes
//! to, or a device without an end.

use std::{
    fs::{File, Metadata, OpenOptions},
    io::{self, ErrorKind, Read},
    os::unix::fs::{FileTypeExt, OpenOptionsExt},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

/// Bound on what is read from something that is no regular file: data, bodies, scenarios.
const LARGE: u64 = 256 << 20;

/// Bound on certificates and keys.
const SMALL: u64 = 16 << 20;

/// Longest wait for a pipe of certificates that brings nothing.
const PATIENCE: Duration = Duration::from_secs(5);

/// Pause between two looks at a pipe.
const POLL: Duration = Duration::from_millis(5);

/// Reads a file that a scenario names, or the scenario. Waits for whoever writes to a pipe.
///
/// # Errors
/// When it cannot be read, or is a device or a pipe that brings too much.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    let found = file.metadata()?;
    if found.is_file() {
        let mut bytes = Vec::with_capacity(usize::try_from(found.len()).unwrap_or_default());
        // Files of /proc are regular and have no length; they end.
        (&file).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    bounded(file, LARGE)
}

/// Reads a file of certificates or keys.
///
/// # Errors
/// When it cannot be read, is too large to be one, or is a pipe that brings nothing for 5 s.
pub fn read_small(path: &Path) -> io::Result<Vec<u8>> {
    // A pipe without a writer would not even open.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NONBLOCK)
        .open(path)?;
    match is_pipe(&file.metadata()?) {
        true => bounded(Patient::new(file), SMALL),
        false => bounded(file, SMALL),
    }
}

fn is_pipe(found: &Metadata) -> bool {
    found.file_type().is_fifo()
}

fn bounded(from: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(limit + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        let limit = limit >> 20;
        let problem = format!("it brings more than {limit} MiB: name a file that has an end");
        return Err(io::Error::new(ErrorKind::FileTooLarge, problem));
    }
    Ok(bytes)
}

/// A pipe that is not waited for without an end.
struct Patient {
    pipe: File,
    began: Instant,
    /// True once it has brought something.
    spoke: bool,
}

impl Patient {
    fn new(pipe: File) -> Self {
        Self {
            pipe,
            began: Instant::now(),
            spoke: false,
        }
    }
}

impl Read for Patient {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.pipe.read(into) {
                // Without a writer so far a pipe is at its end already.
                Ok(0) if !self.spoke => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                read => {
                    self.spoke = true;
                    self.began = Instant::now();
                    return read;
                }
            }
            if self.began.elapsed() >= PATIENCE {
                let problem = "it is a pipe that brought nothing for 5s";
                return Err(io::Error::new(ErrorKind::TimedOut, problem));
            }
            sleep(POLL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::{sys::stat::Mode, unistd::mkfifo};
    use std::{fs, io::Write as _, thread::spawn};

    #[test]
    fn files_are_read_and_what_has_no_end_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        fs::write(&path, b"text").unwrap();
        assert_eq!(read(&path).unwrap(), b"text");
        assert_eq!(read_small(&path).unwrap(), b"text");
        for read in [read, read_small] {
            let refused = read(Path::new("/dev/zero")).unwrap_err().to_string();
            assert!(refused.starts_with("it brings more than "), "{refused}");
            assert!(read(&folder.path().join("none")).is_err());
        }
    }

    #[test]
    fn pipes_are_read_when_somebody_writes_and_not_waited_for_without_an_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        mkfifo(&path, Mode::S_IRWXU).unwrap();
        for read in [read, read_small] {
            let writer = path.clone();
            let writing = spawn(move || {
                let mut pipe = OpenOptions::new().write(true).open(writer).unwrap();
                sleep(Duration::from_millis(50));
                pipe.write_all(b"first ").unwrap();
                sleep(Duration::from_millis(50));
                pipe.write_all(b"second").unwrap();
            });
            assert_eq!(read(&path).unwrap(), b"first second");
            writing.join().unwrap();
        }
        let refused = read_small(&path).unwrap_err().to_string();
        assert_eq!(refused, "it is a pipe that brought nothing for 5s");
    }
}
