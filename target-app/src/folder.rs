//! The temporary folder that the data lives in when no database is named.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::Error;

/// Removed with all that is in it by [`TempFolder::remove`], or else when dropped.
#[derive(Debug)]
pub(crate) struct TempFolder(PathBuf);

impl TempFolder {
    /// A new one that is nobody else's.
    pub(crate) fn new() -> Result<Self, Error> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("loadgen-target-");
        // Whatever the umask.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
        let made = builder.tempdir().map_err(|source| Error::Folder {
            path: std::env::temp_dir(),
            source,
        })?;
        Ok(Self(made.keep()))
    }

    /// A folder that was made for this process.
    pub(crate) fn given(path: &Path) -> Self {
        Self(path.to_owned())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Removes the folder. A statement that was cut off may still make a file in it while it is
    /// being emptied, so this tries more than once.
    pub(crate) async fn remove(self) -> Result<(), Error> {
        let mut tries = 0;
        loop {
            match fs::remove_dir_all(self.path()) {
                Ok(()) => return Ok(()),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
                Err(source) if tries == 50 => {
                    return Err(Error::Folder {
                        path: self.path().to_path_buf(),
                        source,
                    });
                }
                Err(_) => tries += 1,
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // Usually it is gone already.
        let _ = fs::remove_dir_all(&self.0);
    }
}
