//! The temporary folder that the data lives in when no database is named.

use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;

use crate::Error;

/// Removed with all that is in it by [`TempFolder::remove`], or else when dropped.
#[derive(Debug)]
pub(crate) struct TempFolder(TempDir);

impl TempFolder {
    pub(crate) fn new() -> Result<Self, Error> {
        tempfile::Builder::new()
            .prefix("loadgen-target-")
            .tempdir()
            .map(Self)
            .map_err(|source| Error::Folder {
                path: std::env::temp_dir(),
                source,
            })
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Removes the folder. A statement that was cut off may still make a file in it while it is
    /// being emptied, so this tries more than once.
    pub(crate) async fn remove(self) -> Result<(), Error> {
        let mut tries = 0;
        loop {
            match std::fs::remove_dir_all(self.path()) {
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
