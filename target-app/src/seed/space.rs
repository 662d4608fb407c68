//! Room for the data, as far as it can be seen from here.

use nix::sys::statvfs::statvfs;
use sqlx::{ConnectOptions, Connection, Error};
use std::path::{Path, PathBuf};

use crate::database::Source;

/// Most space of a record on disk while the tables are filled: rows, indexes, and the log
/// that the database keeps of them meanwhile.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BytesPerRecord {
    pub(crate) sqlite: u64,
    pub(crate) postgres: u64,
    pub(crate) mysql: u64,
}

/// Space that is needed, and space that there is.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Space {
    needed: u64,
    /// None when the database is elsewhere, or does not tell where it keeps its files.
    free: Option<(PathBuf, u64)>,
}

impl BytesPerRecord {
    /// Space of a service that stores nothing.
    pub(crate) const NONE: Self = Self {
        sqlite: 0,
        postgres: 0,
        mysql: 0,
    };
}

impl Space {
    /// Looks where `source` keeps its files.
    pub(super) async fn look(source: &Source, bytes: BytesPerRecord, records: u64) -> Self {
        let per_record = match source {
            Source::File(_) => bytes.sqlite,
            Source::Postgres(_) => bytes.postgres,
            Source::MySql(_) => bytes.mysql,
        };
        // A database that does not tell is no reason to fail.
        let place = place(source).await.ok().flatten();
        Self {
            needed: per_record.saturating_mul(records),
            free: place.and_then(|place| {
                let free = free(&place)?;
                Some((place, free))
            }),
        }
    }

    /// Summary in words; an error when the space is not enough.
    pub(super) fn verdict(&self) -> Result<String, crate::Error> {
        let needed = words(self.needed);
        match &self.free {
            None => Ok(format!(
                "this needs about {needed} on the database's disk, whose free space cannot be seen from here"
            )),
            Some((place, free)) if *free < self.needed => Err(crate::Error::NoSpace {
                needed,
                free: words(*free),
                place: place.clone(),
            }),
            Some((place, free)) => Ok(format!(
                "this needs about {needed} of the {} free at {}",
                words(*free),
                place.display()
            )),
        }
    }
}

async fn place(source: &Source) -> Result<Option<PathBuf>, Error> {
    let told: String = match source {
        Source::File(file) => {
            let folder = file.parent().filter(|folder| *folder != Path::new(""));
            return Ok(Some(folder.unwrap_or(Path::new(".")).to_path_buf()));
        }
        Source::Postgres(options) if is_here(options.get_host()) => {
            let mut connection = options.connect().await?;
            let told = sqlx::query_scalar("SELECT current_setting('data_directory')");
            let told = told.fetch_one(&mut connection).await;
            connection.close().await?;
            told?
        }
        Source::MySql(options) if is_here(options.get_host()) => {
            let mut connection = options.connect().await?;
            let told = sqlx::query_scalar("SELECT @@datadir");
            let told = told.fetch_one(&mut connection).await;
            connection.close().await?;
            told?
        }
        Source::Postgres(_) | Source::MySql(_) => return Ok(None),
    };
    Ok(Some(PathBuf::from(told)))
}

/// A server on this machine; one in a container of its own has files that are not found here.
fn is_here(host: &str) -> bool {
    host == "localhost" || host.starts_with("127.") || host == "::1" || host.starts_with('/')
}

fn free(place: &Path) -> Option<u64> {
    let disk = statvfs(place).ok()?;
    // Their widths differ between systems.
    #[allow(clippy::unnecessary_cast, clippy::useless_conversion)]
    let (blocks, size) = (disk.blocks_available() as u64, disk.fragment_size() as u64);
    Some(blocks.saturating_mul(size))
}

fn words(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => "1 MB".to_owned(),
        1_000_000..1_000_000_000 => format!("{} MB", bytes / 1_000_000),
        _ => format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: BytesPerRecord = BytesPerRecord {
        sqlite: 100,
        postgres: 200,
        mysql: 300,
    };

    #[tokio::test]
    async fn a_file_needs_room_on_its_disk() {
        let folder = tempfile::tempdir().unwrap();
        let source = Source::File(folder.path().join("x.db"));
        let few = Space::look(&source, BYTES, 1_000_000).await;
        let said = few.verdict().unwrap();
        assert!(
            said.starts_with("this needs about 100 MB of the "),
            "{said}"
        );
        let many = Space::look(&source, BYTES, u64::MAX / 100).await;
        let error = many.verdict().unwrap_err().to_string();
        assert!(
            error.contains("need about") && error.contains(" GB free at "),
            "{error}"
        );
    }

    #[test]
    fn elsewhere_nothing_is_known() {
        let space = Space {
            needed: 2_340_000_000,
            free: None,
        };
        assert!(space.verdict().unwrap().contains("2.3 GB"));
        assert!(!is_here("db.example.com") && is_here("127.0.0.1"));
    }
}
