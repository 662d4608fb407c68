//! Where a server is, and who we are there.

use super::tls;
use crate::plan::sql::{Database, Secret};
use percent_encoding::percent_decode_str;
use rustls::ClientConfig;
use sqlx::{ConnectOptions, postgres::PgConnectOptions, postgres::PgSslMode};
use std::{path::PathBuf, sync::Arc};

/// What a session needs to be opened.
#[derive(Debug)]
pub struct Account {
    pub(super) place: Place,
    pub(super) tls: Option<Tls>,
    pub(super) user: String,
    pub(super) password: Secret,
    database: Option<String>,
    application: Option<String>,
    options: Option<String>,
}

/// Where a server listens.
#[derive(Debug)]
pub(super) enum Place {
    Host(String, u16),
    Path(PathBuf),
}

/// How connections are encrypted.
#[derive(Debug)]
pub(super) struct Tls {
    pub(super) config: Arc<ClientConfig>,
    /// Rather no connection than one without.
    pub(super) required: bool,
}

impl Account {
    /// As sqlx understands a database's URL and the environment.
    ///
    /// # Errors
    /// In words, when a certificate cannot be used.
    pub fn new(options: &PgConnectOptions, database: &Database) -> Result<Self, String> {
        let (host, port) = (options.get_host(), options.get_port());
        let socket = match options.get_socket() {
            Some(folder) => Some(folder.clone()),
            None => host.starts_with('/').then(|| host.into()),
        };
        let place = match socket {
            Some(folder) => Place::Path(folder.join(format!(".s.PGSQL.{port}"))),
            None => Place::Host(host.trim_matches(['[', ']']).to_owned(), port),
        };
        let hidden = Hidden::of(options);
        let mode = options.get_ssl_mode();
        let tls = match mode {
            PgSslMode::Disable | PgSslMode::Allow => None,
            _ => Some(Tls {
                config: tls::config(mode, database, &hidden)?,
                required: !matches!(mode, PgSslMode::Prefer),
            }),
        };
        Ok(Self {
            place,
            tls,
            user: options.get_username().to_owned(),
            password: Secret::new(&hidden.password),
            database: options.get_database().map(str::to_owned),
            application: options.get_application_name().map(str::to_owned),
            options: options.get_options().map(str::to_owned),
        })
    }

    /// What is said at the beginning of a session.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        [
            ("user", Some(self.user.as_str())),
            ("database", self.database.as_deref()),
            ("application_name", self.application.as_deref()),
            ("options", self.options.as_deref()),
            ("client_encoding", Some("UTF8")),
            // As values are written and read here.
            ("DateStyle", Some("ISO, MDY")),
            ("TimeZone", Some("UTC")),
            ("extra_float_digits", Some("2")),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// What sqlx has read from the URL, the environment and the password file, and keeps to itself
/// but for the URL that it writes.
pub(super) struct Hidden {
    password: String,
    pub(super) root: Option<String>,
    pub(super) certificate: Option<String>,
    pub(super) key: Option<String>,
}

impl Hidden {
    fn of(options: &PgConnectOptions) -> Self {
        // It writes user, host and database without escaping them, so these are put aside.
        let plain = options.clone().username("u").socket("/s").database("d");
        let url = plain.to_url_lossy();
        let password = percent_decode_str(url.password().unwrap_or_default());
        let query = |name| {
            let mut pairs = url.query_pairs();
            let found = pairs.find(|(key, _)| key == name);
            found.map(|(_, value)| value.into_owned())
        };
        Self {
            password: password.decode_utf8_lossy().into_owned(),
            root: query("sslrootcert"),
            certificate: query("sslcert"),
            key: query("sslkey"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::str::FromStr;

    fn account(url: &str) -> Account {
        let options = PgConnectOptions::from_str(url).unwrap();
        Account::new(&options, &crate::driver::sql::tests::database(url)).unwrap()
    }

    #[test]
    fn a_url_says_where_and_who() {
        let it = account(
            "postgres://us%2Fer:p%40ss%25:w%20rd@db.example:6432/da%20ta?options=-c%20work_mem%3D1MB&\
             application_name=mine&sslmode=disable",
        );
        assert!(matches!(&it.place, Place::Host(host, 6432) if host == "db.example"));
        assert_eq!(it.password.expose(), "p@ss%:w rd");
        let said: Vec<_> = it.parameters().collect();
        for pair in [
            ("user", "us/er"),
            ("database", "da ta"),
            ("application_name", "mine"),
            ("options", "-c work_mem=1MB"),
        ] {
            assert!(said.contains(&pair), "{said:?}");
        }
        assert!(it.tls.is_none());
        assert!(!format!("{it:?}").contains("p@ss"));
    }

    #[test]
    fn a_socket_is_a_file_in_a_folder() {
        for url in [
            "postgres://me@%2Frun%2Fpg/db",
            "postgres:///db?host=/run/pg",
        ] {
            let place = account(url).place;
            assert!(
                matches!(&place, Place::Path(path) if path.ends_with("run/pg/.s.PGSQL.5432")),
                "{place:?}"
            );
        }
        let place = account("postgres://me@[::1]:1/db").place;
        assert!(
            matches!(&place, Place::Host(host, 1) if host == "::1"),
            "{place:?}"
        );
    }
}
