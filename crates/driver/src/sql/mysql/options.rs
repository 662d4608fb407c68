//! Address, user, encryption and settings of sessions on MySQL and MariaDB.

use crate::sql::{
    datum::Datum,
    literal,
    wire::{socket::Address, tls},
};
use loadgen_plan::sql::{Backend, ConnectParams, Database, Isolation, Limits, Secret, Tls};
use rustls::ClientConfig;
use std::sync::Arc;

/// Options with which sessions are opened.
#[derive(Debug)]
pub struct ConnectOptions {
    pub(super) address: Address,
    /// None: never encrypted.
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) requires_tls: bool,
    pub(super) user: String,
    pub(super) password: Secret,
    pub(super) database: Option<String>,
    /// SQL that sets the session up and selects the connection's number as the only value.
    pub(super) setup: String,
    /// Bounds on a response.
    pub(super) limits: Limits,
}

/// Parameters of MySQL's client that name certificates.
const CERTIFICATES: tls::TlsParameters = tls::TlsParameters {
    root: "ssl-ca",
    certificate: "ssl-cert",
    key: "ssl-key",
};

impl ConnectOptions {
    /// Reads a database's parameters.
    ///
    /// # Errors
    /// In words, when a certificate cannot be used, or a setting is none.
    pub fn new(params: &ConnectParams, database: &Database) -> Result<Self, String> {
        let given = |name| params.given(name).map(str::to_owned);
        let port = params.given("port").unwrap_or("3306");
        let port: u16 = port.parse().map_err(|_| "it has no port".to_owned())?;
        let host = given("host").unwrap_or_else(|| "localhost".to_owned());
        let address = match params.given("socket") {
            Some(path) => Address::Path(path.into()),
            None => Address::Host {
                name: host.clone(),
                address: host,
                port,
            },
        };
        let (mode, requires_tls) = mode(params, database)?;
        let tls = match mode {
            Tls::Disable => None,
            // A socket in the file system is never encrypted.
            _ if address.is_local() => None,
            mode => Some(tls::config(mode, database, params, &CERTIFICATES)?),
        };
        Ok(Self {
            address,
            tls,
            requires_tls,
            user: given("user").unwrap_or_else(|| "root".to_owned()),
            password: Secret::new(given("password").unwrap_or_default()),
            database: given("dbname"),
            setup: setup(params, database)?,
            limits: database.limits,
        })
    }

    /// Address and user, for messages.
    pub fn name(&self) -> String {
        self.address.with_user(&self.user)
    }
}

/// Checks of the server's certificate, and whether there must be one.
fn mode(params: &ConnectParams, database: &Database) -> Result<(Tls, bool), String> {
    let has_ca = database.ca_file.is_some() || params.given("ssl-ca").is_some();
    let named = params.given("ssl-mode").map(str::to_ascii_uppercase);
    Ok(match (database.tls, named.as_deref()) {
        // A named authority is meant to be checked.
        (Some(Tls::Require), _) if has_ca => (Tls::VerifyCa, true),
        (Some(Tls::Prefer), _) | (None, None | Some("PREFERRED")) => (Tls::Require, false),
        (Some(mode), _) => (mode, true),
        (None, Some("DISABLED")) => (Tls::Disable, false),
        (None, Some("REQUIRED")) => (Tls::Require, true),
        (None, Some("VERIFY_CA")) => (Tls::VerifyCa, true),
        (None, Some("VERIFY_IDENTITY")) => (Tls::VerifyFull, true),
        (None, Some(other)) => return Err(format!("{other} is no ssl-mode")),
    })
}

/// SQL to run on each new connection: sets what the URL and the scenario give.
fn setup(params: &ConnectParams, database: &Database) -> Result<String, String> {
    let mut sql = String::new();
    if let Some(names) = names(params)? {
        sql += &format!("{names};");
    }
    if let Some(zone) = params.given("time-zone") {
        sql += "SET time_zone = ";
        literal::write(Datum::Text(zone), Backend::MySql, &mut sql)?;
        sql += ";";
    }
    // The comments that only MariaDB, and only MySQL, reads: each has a variable of its own.
    if database.server_limit {
        let limit = database.statement_timeout;
        let (seconds, millis) = (limit.as_secs_f64(), limit.as_millis().max(1));
        sql += &format!(
            "SET SESSION /*M!100101 max_statement_time = {seconds:.6} */ \
             /*!50708 max_execution_time = {millis} */;"
        );
    }
    if let Some(isolation) = database.isolation.map(Isolation::sql) {
        sql += &format!("SET SESSION TRANSACTION ISOLATION LEVEL {isolation};");
    }
    Ok(sql + "SELECT CONNECTION_ID()")
}

/// The setting of a character set and a collation. Texts are sent and read in UTF-8, so that no other
/// character set means what it says.
fn names(params: &ConnectParams) -> Result<Option<String>, String> {
    let (charset, collation) = (params.given("charset"), params.given("collation"));
    let charset = match (charset, collation) {
        (None, None) => return Ok(None),
        (Some(set), _) if ["utf8mb4", "utf8mb3", "utf8"].contains(&set) => set,
        (Some(other), _) => return Err(format!("charset can only be utf8mb4, not {other}")),
        (None, Some(_)) => "utf8mb4",
    };
    let is_name = |name: &str| name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    Ok(Some(match collation {
        None => format!("SET NAMES {charset}"),
        Some(collation) if is_name(collation) => {
            format!("SET NAMES {charset} COLLATE {collation}")
        }
        Some(other) => return Err(format!("{other} is no collation")),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> Result<ConnectOptions, String> {
        let params = ConnectParams::parse(url, Backend::MySql).unwrap();
        let database = crate::sql::tests::database(url);
        ConnectOptions::new(&params, &database)
    }

    #[test]
    fn a_url_says_where_as_whom_and_how() {
        let it = options("mysql://you:own@[::1]:1/x?ssl-mode=disabled").unwrap();
        assert_eq!(it.name(), "[::1]:1 as you");
        assert_eq!(it.database.as_deref(), Some("x"));
        assert!(it.tls.is_none() && !format!("{it:?}").contains("own"));
        let it = options("mysql://me@db.example/x?ssl-mode=required").unwrap();
        assert_eq!(it.name(), "db.example:3306 as me");
        assert!(it.tls.is_some() && it.requires_tls);
        let it = options("mysql://me@db.example/x").unwrap();
        assert!(it.tls.is_some() && !it.requires_tls);
        let it = options("mysql://me@x/x?socket=/run/mysql").unwrap();
        assert_eq!(it.name(), "/run/mysql as me");
        assert!(it.tls.is_none());
    }

    #[test]
    fn a_session_has_the_settings_of_its_url() {
        let setup = |url| options(url).map(|it| it.setup);
        let url = "mysql://me@x/x?collation=utf8mb4_bin&time-zone=it%27s";
        assert_eq!(
            setup(url).unwrap(),
            "SET NAMES utf8mb4 COLLATE utf8mb4_bin;SET time_zone = 'it''s';SELECT CONNECTION_ID()"
        );
        let wrong = setup("mysql://me@x/x?charset=latin1").unwrap_err();
        assert_eq!(wrong, "charset can only be utf8mb4, not latin1");
        assert!(setup("mysql://me@x/x?collation=a;b").is_err());
    }
}
