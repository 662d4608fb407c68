//! Files that a run of a plan reads or writes by itself.

use super::{
    Plan,
    http::Settings,
    sql::{Backend, Database},
};
use std::path::{Path, PathBuf};

impl Plan {
    /// Files of certificates and keys, and SQLite's databases. Those that the scenario's own text
    /// names as data were read when the plan was made.
    pub fn files(&self) -> Vec<PathBuf> {
        let mut files = Vec::new();
        for population in &self.populations {
            of_http(&population.http, &mut files);
        }
        for database in &self.databases {
            files.extend(database.ca_file.clone());
            files.extend(sqlite_file(database));
        }
        files
    }
}

fn of_http(settings: &Settings, files: &mut Vec<PathBuf>) {
    files.extend(settings.ca_file.clone());
    if let Some(identity) = &settings.identity {
        files.extend([identity.cert.clone(), identity.key.clone()]);
    }
}

/// File of a SQLite database: `sqlite:FILE?parameters`, or `sqlite://FILE`.
fn sqlite_file(database: &Database) -> Option<PathBuf> {
    if database.backend != Backend::Sqlite {
        return None;
    }
    let url = database.url.expose();
    let file = url.split_once(':').map_or(url, |(_, file)| file);
    let file = file.strip_prefix("//").unwrap_or(file);
    let file = file.split('?').next()?;
    (!file.is_empty() && file != ":memory:").then(|| Path::new(file).to_owned())
}
