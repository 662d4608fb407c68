//! Address, user, encryption and settings of PostgreSQL's sessions.

use crate::sql::wire::{socket::Address, tls};
use loadgen_plan::sql::{ConnectParams, Database, Limits, Secret, Tls as Mode};
use loadgen_scenario::input;
use rustls::ClientConfig;
use std::{
    env, fs,
    hash::{BuildHasher, RandomState},
    path::{Path, PathBuf},
    sync::Arc,
};

/// Length of the prefix of the names of prepared statements.
pub const PREFIX: usize = 8;

/// Options with which sessions are opened.
#[derive(Debug)]
pub struct ConnectOptions {
    /// Prefix of the names of prepared statements. Random, so that other runs
    /// have different ones.
    pub(super) prefix: [u8; PREFIX],
    pub(super) address: Address,
    pub(super) encryption: Encryption,
    pub(super) tls: Option<Arc<ClientConfig>>,
    pub(super) user: String,
    pub(super) password: Secret,
    database: Option<String>,
    application: String,
    options: Option<String>,
    /// Settings of the session. They go with its beginning, so that a pooler refuses what it cannot
    /// give to one client alone.
    settings: Vec<(&'static str, String)>,
    /// Bounds on a response.
    pub(super) limits: Limits,
}

/// Encryption of connections, in libpq's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encryption {
    /// Never.
    Disable,
    /// Only if the server refuses a login without it.
    Allow,
    /// If the server supports it.
    Prefer,
    /// Always.
    Require,
}

/// Parameters of libpq that name certificates.
const CERTIFICATES: tls::TlsParameters = tls::TlsParameters {
    root: "sslrootcert",
    certificate: "sslcert",
    key: "sslkey",
};

impl ConnectOptions {
    /// Reads a database's parameters. `home` is the folder in which a user's password file is.
    ///
    /// # Errors
    /// In words, when a certificate cannot be used.
    pub fn new(
        params: &ConnectParams,
        database: &Database,
        home: Option<&Path>,
    ) -> Result<Self, String> {
        let given = |name| params.given(name).map(str::to_owned);
        let port = params.given("port").unwrap_or("5432");
        let port: u16 = port.parse().map_err(|_| "it has no port".to_owned())?;
        let host = given("host").unwrap_or_else(|| "localhost".to_owned());
        let user = given("user")
            .or_else(system_user)
            .unwrap_or_else(|| "postgres".to_owned());
        let name = given("dbname");
        let address = match host.starts_with('/') {
            true => Address::Path(Path::new(&host).join(format!(".s.PGSQL.{port}"))),
            false => {
                let address = given("hostaddr").unwrap_or_else(|| host.clone());
                Address::Host {
                    name: host.clone(),
                    address,
                    port,
                }
            }
        };
        let password = given("password").or_else(|| {
            let named = params.given("passfile").map(PathBuf::from);
            let file = named.or_else(|| Some(home?.join(".pgpass")))?;
            let lines = String::from_utf8(input::read_small(&file).ok()?).ok()?;
            let database = name.as_deref().unwrap_or(&user);
            of_passfile(&lines, [&host, &port.to_string(), database, &user])
        });
        let (encryption, checks) = encryption(params, database)?;
        let tls = match encryption {
            Encryption::Disable => None,
            // A socket in the file system is never encrypted, as with libpq.
            _ if address.is_local() => None,
            _ => Some(tls::config(checks, database, params, &CERTIFICATES)?),
        };
        let mut settings = Vec::new();
        if database.server_limit {
            let millis = database.statement_timeout.as_millis().max(1);
            settings.push(("statement_timeout", millis.to_string()));
        }
        if let Some(isolation) = database.isolation {
            settings.push((
                "default_transaction_isolation",
                isolation.sql().to_lowercase(),
            ));
        }
        Ok(Self {
            prefix: prefix(),
            address,
            encryption,
            tls,
            user,
            password: Secret::new(password.unwrap_or_default()),
            database: name,
            application: given("application_name").unwrap_or_else(|| "loadgen".to_owned()),
            options: given("options"),
            settings,
            limits: database.limits,
        })
    }

    /// Parameters of a session's startup message. Poolers keep them apart for each client, except
    /// those of `settings`.
    pub(super) fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        [
            ("user", Some(self.user.as_str())),
            ("database", self.database.as_deref()),
            ("application_name", Some(self.application.as_str())),
            ("options", self.options.as_deref()),
            ("client_encoding", Some("UTF8")),
            // A value has one text.
            ("DateStyle", Some("ISO, MDY")),
            ("TimeZone", Some("UTC")),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .chain(
            self.settings
                .iter()
                .map(|(name, value)| (*name, value.as_str())),
        )
    }

    /// Encryption, on or off, of each attempt to log in. The second follows if the server refuses
    /// the first.
    pub(super) fn attempts(&self) -> &'static [bool] {
        match self.encryption {
            _ if self.tls.is_none() => &[false],
            Encryption::Disable => &[false],
            Encryption::Allow => &[false, true],
            Encryption::Prefer => &[true, false],
            Encryption::Require => &[true],
        }
    }

    /// Address and user, for messages.
    pub fn name(&self) -> String {
        self.address.with_user(&self.user)
    }
}

/// Determines the encryption of connections, and the checks of the server's certificate.
fn encryption(params: &ConnectParams, database: &Database) -> Result<(Encryption, Mode), String> {
    let root = params.given("sslrootcert");
    let named = params.given("sslmode").map(str::to_ascii_lowercase);
    let is_system = root == Some("system") && database.ca_file.is_none();
    let mode = match (database.tls, named.as_deref()) {
        (Some(mode), _) => mode,
        // As with libpq: what anybody can have a certificate of is of use with its name alone.
        (None, None) if is_system => Mode::VerifyFull,
        (None, Some(weak)) if is_system && weak != "verify-full" => {
            let words = format!("sslmode = {weak} is too weak for sslrootcert = system");
            return Err(format!("{words}; write verify-full"));
        }
        (None, None | Some("prefer")) => Mode::Prefer,
        (None, Some("allow")) => return Ok((Encryption::Allow, Mode::Require)),
        (None, Some("disable")) => Mode::Disable,
        (None, Some("require")) => Mode::Require,
        (None, Some("verify-ca")) => Mode::VerifyCa,
        (None, Some("verify-full")) => Mode::VerifyFull,
        (None, Some(other)) => return Err(format!("{other} is no sslmode")),
    };
    let has_root = database.ca_file.is_some() || root.is_some();
    Ok(match mode {
        Mode::Disable => (Encryption::Disable, mode),
        Mode::Prefer => (Encryption::Prefer, Mode::Require),
        // As libpq has it, who names an authority wants it checked.
        Mode::Require if has_root => (Encryption::Require, Mode::VerifyCa),
        Mode::Require | Mode::VerifyCa | Mode::VerifyFull => (Encryption::Require, mode),
    })
}

/// The password of the first line that is about this host, port, database and user.
fn of_passfile(lines: &str, wanted: [&str; 4]) -> Option<String> {
    let lines = lines.lines().filter(|line| !line.starts_with('#'));
    lines.map(fields).find_map(|fields| {
        let [head @ .., password] = fields.as_slice() else {
            return None;
        };
        let is_wanted = |(field, wanted): (&String, &str)| field == "*" || field == wanted;
        let is_meant = head.len() == 4 && head.iter().zip(wanted).all(is_wanted);
        is_meant.then(|| password.clone())
    })
}

/// Splits a line of a password file at its colons, except those that a backslash escapes.
fn fields(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            ':' => fields.push(String::new()),
            c => {
                let c = if c == '\\' {
                    chars.next().unwrap_or(c)
                } else {
                    c
                };
                if let Some(field) = fields.last_mut() {
                    field.push(c);
                }
            }
        }
    }
    fields
}

/// The name of the user that the process is.
fn system_user() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    let id = fs::metadata("/proc/self").ok()?.uid().to_string();
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let line = users
        .lines()
        .find(|line| line.split(':').nth(2) == Some(&id));
    let name = line.and_then(|line| line.split(':').next());
    name.map(str::to_owned).or_else(|| env::var("USER").ok())
}

/// A prefix that no other has, as good as certainly.
fn prefix() -> [u8; PREFIX] {
    const DIGITS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    // The standard library's own source of randomness, which no seed of a run may fix.
    let mut random = RandomState::new().hash_one(0);
    let mut prefix = [b'_'; PREFIX];
    for digit in &mut prefix[..PREFIX - 1] {
        *digit = DIGITS[(random % 32) as usize];
        random /= 32;
    }
    prefix
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_plan::sql::Backend;

    fn options(url: &str) -> Result<ConnectOptions, String> {
        let params = ConnectParams::parse(url, Backend::Postgres).unwrap();
        let database = crate::sql::tests::database(url);
        ConnectOptions::new(&params, &database, None)
    }

    #[test]
    fn a_url_says_where_as_whom_and_how() {
        let it = options("postgres://you:own@[::1]:1/x?sslmode=require").unwrap();
        assert_eq!(it.name(), "[::1]:1 as you");
        assert_eq!(it.password.expose(), "own");
        assert!(!format!("{it:?}").contains("own"));
        assert_eq!(it.encryption, Encryption::Require);
        let said: Vec<_> = it.parameters().collect();
        assert!(said.contains(&("database", "x")), "{said:?}");
        let it = options("postgres://me@db.example/x?sslmode=disable&application_name=").unwrap();
        assert_eq!(it.name(), "db.example:5432 as me");
        assert!(it.tls.is_none());
        let said: Vec<_> = it.parameters().collect();
        assert!(said.contains(&("application_name", "loadgen")), "{said:?}");
    }

    #[test]
    fn the_systems_authorities_are_of_use_with_names_alone() {
        let url = "postgres://me@db.example/x?sslrootcert=system";
        assert_eq!(options(url).unwrap().encryption, Encryption::Require);
        let weak = options(&format!("{url}&sslmode=verify-ca")).unwrap_err();
        assert!(weak.contains("write verify-full"), "{weak}");
    }

    #[test]
    fn a_password_file_is_in_the_folder_of_the_user() {
        let url = "postgres://me@db.example/x?sslmode=disable";
        let params = ConnectParams::parse(url, Backend::Postgres).unwrap();
        let home = tempfile::tempdir().unwrap();
        fs::write(home.path().join(".pgpass"), "db.example:*:x:me:open\n").unwrap();
        let database = crate::sql::tests::database(url);
        let it = ConnectOptions::new(&params, &database, Some(home.path())).unwrap();
        assert_eq!(it.password.expose(), "open");
    }

    #[test]
    fn a_socket_is_a_file_in_a_folder() {
        for url in [
            "postgres://me@%2Frun%2Fpg/db",
            "postgres:///db?host=/run/pg&user=me",
        ] {
            assert_eq!(options(url).unwrap().name(), "/run/pg/.s.PGSQL.5432 as me");
        }
    }

    #[test]
    fn a_passfile_has_passwords_by_line() {
        let lines = "# all\nother:*:*:*:no\ndb:5432:*:a\\:b:p\\\\w\\:d\n*:*:*:*:any";
        let of = |host, user| of_passfile(lines, [host, "5432", "shop", user]);
        assert_eq!(of("db", "a:b").as_deref(), Some("p\\w:d"));
        assert_eq!(of("db", "a").as_deref(), Some("any"));
        assert_eq!(of_passfile("db:1:x:y", ["db", "1", "x", "y"]), None);
    }

    #[test]
    fn no_two_prefixes_are_the_same() {
        let mut all: Vec<_> = (0..1000).map(|_| prefix()).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), 1000);
    }
}
