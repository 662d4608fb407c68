//! Locations of the services' data.

use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Error};
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::PoolSettings;
use crate::Service;

/// Location of the services' data, as `--database` says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// The SQLite file of a single service.
    File(PathBuf),
    /// A folder with one SQLite file per service, named after it.
    Folder(PathBuf),
    /// A database on a server.
    Server(Server),
}

/// A database on a PostgreSQL or MySQL/MariaDB server.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    url: String,
    system: System,
}

/// Kinds of database servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum System {
    Postgres,
    MySql,
}

/// One service's database, found in a location.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// SQLite, in this file.
    File(PathBuf),
    /// PostgreSQL.
    Postgres(Box<PgConnectOptions>),
    /// MySQL or MariaDB.
    MySql(Box<MySqlConnectOptions>),
}

const EXPECTED: &str = "expected sqlite:FILE, sqlite:FOLDER/, postgres://USER@HOST/DATABASE or \
     mysql://USER@HOST/DATABASE";

impl FromStr for Location {
    type Err = String;

    fn from_str(url: &str) -> Result<Self, String> {
        match url.split_once(':').map_or(url, |(scheme, _)| scheme) {
            "sqlite" => sqlite(url),
            "postgres" | "postgresql" => server(url, System::Postgres),
            "mysql" | "mariadb" => server(url, System::MySql),
            // The rest may hold a password.
            scheme => Err(format!("found {scheme:?}, {EXPECTED}")),
        }
    }
}

fn sqlite(url: &str) -> Result<Location, String> {
    let path = url.strip_prefix("sqlite:").unwrap_or(url);
    let path = path.strip_prefix("//").unwrap_or(path);
    if path.is_empty() || path == ":memory:" || path.contains('?') {
        return Err(format!(
            "found {url:?}, expected a file name after sqlite:, without options"
        ));
    }
    if path.ends_with('/') || Path::new(path).is_dir() {
        Ok(Location::Folder(path.into()))
    } else {
        Ok(Location::File(path.into()))
    }
}

fn server(url: &str, system: System) -> Result<Location, String> {
    let server = Server {
        url: url.to_owned(),
        system,
    };
    match server.source() {
        Ok(_) => Ok(Location::Server(server)),
        Err(error) => Err(format!("{error}; {EXPECTED}")),
    }
}

impl Server {
    fn source(&self) -> Result<Source, Error> {
        Ok(match self.system {
            System::Postgres => {
                let options: PgConnectOptions = self.url.parse()?;
                let options = options.application_name("loadgen-target");
                Source::Postgres(Box::new(options.disable_statement_logging()))
            }
            System::MySql => {
                let options: MySqlConnectOptions = self.url.parse()?;
                if options.get_database().is_none() {
                    return Err(Error::Configuration(
                        "the URL does not name a database".into(),
                    ));
                }
                Source::MySql(Box::new(options.disable_statement_logging()))
            }
        })
    }
}

impl fmt::Debug for Server {
    /// Without the URL, which may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Server({:?})", self.system)
    }
}

impl Location {
    /// Pool of connections when nothing else is asked for.
    pub(crate) fn usual_pool(&self) -> PoolSettings {
        match self {
            Location::File(_) | Location::Folder(_) => PoolSettings::sqlite(),
            Location::Server(_) => PoolSettings::SERVER,
        }
    }

    /// True if it is on a server, where services share a database.
    pub(crate) fn is_server(&self) -> bool {
        matches!(self, Location::Server(_))
    }

    /// True if that is MySQL or MariaDB.
    pub(crate) fn is_mysql(&self) -> bool {
        matches!(self, Location::Server(server) if server.system == System::MySql)
    }

    /// The database of `service`.
    pub(crate) fn source(&self, service: Service) -> Result<Source, crate::Error> {
        let file = match self {
            Location::File(file) => file.clone(),
            Location::Folder(folder) => folder.join(format!("{}.db", service.name())),
            Location::Server(server) => {
                return server.source().map_err(|source| crate::Error::Database {
                    database: format!("{:?}", server.system),
                    source,
                });
            }
        };
        Ok(Source::File(file))
    }
}

impl Source {
    /// It could not be opened, migrated, read or filled.
    pub(crate) fn failed(&self, error: Error) -> crate::Error {
        crate::Error::Database {
            database: self.to_string(),
            source: error,
        }
    }

    /// As spans name it.
    pub(crate) fn server(&self) -> crate::telemetry::Server {
        let (system, database, host, user) = match self {
            Source::File(file) => {
                let name = file.file_stem().unwrap_or_default();
                ("sqlite", name.to_string_lossy(), "", "")
            }
            Source::Postgres(options) => {
                let user = options.get_username();
                let database = options.get_database().unwrap_or(user);
                ("postgresql", database.into(), options.get_host(), user)
            }
            Source::MySql(options) => (
                "mysql",
                options.get_database().unwrap_or_default().into(),
                options.get_host(),
                options.get_username(),
            ),
        };
        crate::telemetry::Server {
            system,
            database: database.into_owned(),
            host: host.to_owned(),
            user: user.to_owned(),
        }
    }
}

impl fmt::Display for Source {
    /// For messages: never with a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (system, host, port, database) = match self {
            Source::File(file) => return file.display().fmt(formatter),
            Source::Postgres(options) => (
                "PostgreSQL",
                options.get_host(),
                options.get_port(),
                // Then the server takes the user's name.
                options.get_database().unwrap_or(options.get_username()),
            ),
            Source::MySql(options) => (
                "MySQL",
                options.get_host(),
                options.get_port(),
                options.get_database().unwrap_or_default(),
            ),
        };
        write!(formatter, "{database} on {system} at {host}:{port}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_urls_name_a_file_or_a_folder() {
        let file = |path: &str| Ok(Location::File(path.into()));
        assert_eq!("sqlite:data/x.db".parse(), file("data/x.db"));
        assert_eq!("sqlite://data/x.db".parse(), file("data/x.db"));
        assert_eq!("sqlite:///data/x.db".parse(), file("/data/x.db"));
        let folder: Location = "sqlite:data/".parse().unwrap();
        let source = folder.source(Service::Orders).unwrap();
        assert_eq!(source.to_string(), "data/orders.db");
        let here: Location = "sqlite:.".parse().unwrap();
        assert_eq!(here, Location::Folder(".".into()));
        for bad in [
            "x.db",
            "sqlite:",
            "sqlite::memory:",
            "sqlite:x?mode=ro",
            "oracle://h/d",
            "postgres://h:port/d",
            "mysql://h",
        ] {
            assert!(bad.parse::<Location>().is_err(), "{bad}");
        }
    }

    #[test]
    fn server_urls_name_a_database_and_messages_keep_the_password() {
        for (url, shown) in [
            ("postgres://u:secret@h:6000/d", "d on PostgreSQL at h:6000"),
            ("postgresql://u:secret@h", "u on PostgreSQL at h:5432"),
            ("mysql://u:secret@h/d", "d on MySQL at h:3306"),
            ("mariadb://u:secret@h:1/d", "d on MySQL at h:1"),
        ] {
            let location: Location = url.parse().unwrap();
            assert_eq!(location.source(Service::Orders).unwrap().to_string(), shown);
            assert!(!format!("{location:?}").contains("secret"));
        }
        let error = "oracle://u:secret@h".parse::<Location>().unwrap_err();
        assert!(!error.contains("secret"), "{error}");
    }
}
