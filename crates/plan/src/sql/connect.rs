//! Parameters in a database's URL: its address, the user, and the options of connections.

use super::{Backend, Secret};
use percent_encoding::percent_decode_str;
use std::{collections::BTreeMap, time::Duration};
use url::Url;

/// Parameters of a connection, as a URL and the environment give them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectParams {
    /// By the name that libpq or MySQL's client has for it; of URLs' parts too: `user`, `password`,
    /// `host`, `port` and `dbname`.
    given: BTreeMap<&'static str, Given>,
}

/// Value of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Given {
    value: Secret,
    /// The variable of the environment that it comes from; None: the URL.
    variable: Option<&'static str>,
}

/// Reason why a URL, or the environment with it, cannot be used. Never contains the URL itself,
/// which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UrlProblem {
    /// Description of the problem, in words.
    pub message: String,
    /// Name of the parameter, if the problem is an unknown one.
    pub unknown: Option<String>,
}

/// Parameters with one name and the others that they have.
type Known = &'static [(&'static str, &'static [&'static str])];

const POSTGRES: Known = &[
    ("user", &[]),
    ("password", &[]),
    ("host", &[]),
    ("hostaddr", &[]),
    ("port", &[]),
    ("dbname", &[]),
    ("passfile", &[]),
    ("sslmode", &["ssl-mode"]),
    ("sslrootcert", &["ssl-root-cert", "ssl-ca"]),
    ("sslcert", &["ssl-cert"]),
    ("sslkey", &["ssl-key"]),
    ("options", &[]),
    ("application_name", &[]),
    ("connect_timeout", &[]),
    ("channel_binding", &[]),
    ("target_session_attrs", &[]),
    ("client_encoding", &[]),
];

const MYSQL: Known = &[
    ("user", &[]),
    ("password", &[]),
    ("host", &[]),
    ("port", &[]),
    ("dbname", &[]),
    ("socket", &[]),
    ("ssl-mode", &["sslmode"]),
    ("ssl-ca", &["sslca"]),
    ("ssl-cert", &["sslcert"]),
    ("ssl-key", &["sslkey"]),
    ("charset", &[]),
    ("collation", &[]),
    ("time-zone", &["timezone"]),
];

const SQLITE: Known = &[
    ("mode", &[]),
    ("cache", &[]),
    ("immutable", &[]),
    ("vfs", &[]),
];

/// Parameters that libpq takes from variables of the environment where the URL does not give them.
const VARIABLES: [(&str, &str); 17] = [
    ("host", "PGHOST"),
    ("hostaddr", "PGHOSTADDR"),
    ("port", "PGPORT"),
    ("user", "PGUSER"),
    ("password", "PGPASSWORD"),
    ("dbname", "PGDATABASE"),
    ("passfile", "PGPASSFILE"),
    ("sslmode", "PGSSLMODE"),
    ("sslrootcert", "PGSSLROOTCERT"),
    ("sslcert", "PGSSLCERT"),
    ("sslkey", "PGSSLKEY"),
    ("options", "PGOPTIONS"),
    ("application_name", "PGAPPNAME"),
    ("connect_timeout", "PGCONNECT_TIMEOUT"),
    ("channel_binding", "PGCHANNELBINDING"),
    ("target_session_attrs", "PGTARGETSESSIONATTRS"),
    ("client_encoding", "PGCLIENTENCODING"),
];

/// Parameters of libpq that loadgen does not support, their variables if those matter on their own,
/// and the values with which they ask for nothing more than loadgen does.
const ONLY_LIBPQ: [(&str, Option<&str>, &[&str]); 21] = [
    ("service", Some("PGSERVICE"), &[]),
    ("servicefile", None, &[]),
    ("gssencmode", Some("PGGSSENCMODE"), &["disable", "prefer"]),
    ("krbsrvname", None, &[]),
    ("keepalives", None, &[]),
    ("keepalives_idle", None, &[]),
    (
        "load_balance_hosts",
        Some("PGLOADBALANCEHOSTS"),
        &["disable"],
    ),
    ("replication", None, &[]),
    ("require_auth", Some("PGREQUIREAUTH"), &[]),
    ("requirepeer", Some("PGREQUIREPEER"), &[]),
    ("requiressl", Some("PGREQUIRESSL"), &["0"]),
    ("sslcertmode", Some("PGSSLCERTMODE"), &["allow"]),
    ("sslcrl", Some("PGSSLCRL"), &[]),
    ("sslcrldir", Some("PGSSLCRLDIR"), &[]),
    ("sslnegotiation", Some("PGSSLNEGOTIATION"), &["postgres"]),
    ("sslpassword", None, &[]),
    ("sslsni", Some("PGSSLSNI"), &["1"]),
    (
        "ssl_min_protocol_version",
        Some("PGSSLMINPROTOCOLVERSION"),
        &["TLSv1", "TLSv1.1", "TLSv1.2"],
    ),
    (
        "ssl_max_protocol_version",
        Some("PGSSLMAXPROTOCOLVERSION"),
        &["TLSv1.3"],
    ),
    ("sslcompression", None, &["0"]),
    ("tcp_user_timeout", None, &[]),
];

impl ConnectParams {
    /// Reads a URL.
    ///
    /// # Errors
    /// When it is none, or says what is not understood.
    pub fn parse(url: &str, backend: Backend) -> Result<Self, UrlProblem> {
        let mut params = Self {
            given: BTreeMap::new(),
        };
        if backend == Backend::Sqlite {
            // A path need not be a URL.
            let query = url.split_once('?').map_or("", |(_, query)| query);
            params.query(query, SQLITE)?;
            return Ok(params);
        }
        let rest = url.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let hosts = authority.rsplit('@').next().unwrap_or_default();
        if hosts.contains(',') {
            return Err(several());
        }
        if url.contains('#') {
            let words = "a `#` ends it; in a user, password or database it is written %23";
            return Err(problem(words.to_owned()));
        }
        let parsed = Url::parse(url).map_err(|error| problem(error.to_string()))?;
        let host = parsed.host_str().map(|host| host.trim_matches(['[', ']']));
        let path = parsed.path().trim_start_matches('/');
        for (name, part) in [
            ("user", Some(parsed.username())),
            ("password", parsed.password()),
            ("host", host),
            ("dbname", Some(path)),
        ] {
            if let Some(part) = part.filter(|part| !part.is_empty()) {
                params.give(name, decoded(part)?);
            }
        }
        if let Some(port) = parsed.port() {
            params.give("port", port.to_string());
        }
        let known = match backend {
            Backend::Postgres => POSTGRES,
            Backend::MySql | Backend::Sqlite => MYSQL,
        };
        params.query(parsed.query().unwrap_or_default(), known)?;
        params.understood(backend)?;
        Ok(params)
    }

    /// Fills in what the URL leaves out and libpq would take from the environment, whose variables
    /// `environment` gives. Other backends take nothing from there.
    ///
    /// # Errors
    /// When a variable has a value, or asks for something, that is not supported.
    pub fn with_environment(
        mut self,
        backend: Backend,
        environment: &dyn Fn(&str) -> Option<String>,
    ) -> Result<Self, UrlProblem> {
        if backend != Backend::Postgres {
            return Ok(self);
        }
        let variable = |name| environment(name).filter(|value| !value.is_empty());
        for (name, named) in VARIABLES {
            if let Some(value) = variable(named) {
                self.given.entry(name).or_insert(Given {
                    value: Secret::new(value),
                    variable: Some(named),
                });
            }
        }
        for (_, named, harmless) in ONLY_LIBPQ {
            let Some(named) = named else { continue };
            if variable(named).is_some_and(|value| !is_one_of(&value, harmless)) {
                return Err(UrlProblem::of_variable(
                    named,
                    "asks for what loadgen does not do",
                ));
            }
        }
        self.understood(backend)?;
        Ok(self)
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(|given| given.value.expose())
    }

    /// The value of a parameter that is given, and not as an empty text.
    pub fn given(&self, name: &str) -> Option<&str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    /// The bound on opening a connection. Zero gives none, as with libpq.
    pub fn connect_timeout(&self) -> Option<Duration> {
        let seconds = self.get("connect_timeout")?.parse().ok()?;
        (seconds > 0).then(|| Duration::from_secs(seconds))
    }

    fn give(&mut self, name: &'static str, value: String) {
        let given = Given {
            value: Secret::new(value),
            variable: None,
        };
        self.given.insert(name, given);
    }

    fn query(&mut self, query: &str, known: Known) -> Result<(), UrlProblem> {
        for (name, value) in pairs(query)? {
            let is_own =
                |(own, others): &&(&str, &[&str])| *own == name || others.contains(&name.as_str());
            if let Some((own, _)) = known.iter().find(is_own) {
                self.give(own, value);
                continue;
            }
            let only_libpq = ONLY_LIBPQ
                .iter()
                .find(|(own, ..)| known == POSTGRES && *own == name);
            if let Some((_, _, harmless)) = only_libpq {
                if is_one_of(&value, harmless) {
                    continue;
                }
                return Err(problem(format!(
                    "loadgen does not do what `{name}` asks for"
                )));
            }
            let setting = name
                .strip_prefix("options[")
                .and_then(|name| name.strip_suffix(']'));
            match setting.filter(|_| known == POSTGRES) {
                Some(setting) => {
                    let before = self.get("options").map(|it| format!("{it} "));
                    let value = value.replace('\\', "\\\\").replace(' ', "\\ ");
                    let options = format!("{}-c {setting}={value}", before.unwrap_or_default());
                    self.give("options", options);
                }
                None => return Err(unknown(&name)),
            }
        }
        Ok(())
    }

    /// Checks that the values of the parameters are supported.
    fn understood(&self, backend: Backend) -> Result<(), UrlProblem> {
        let refuse = |name: &str, words: &str| {
            Err(
                match self.given.get(name).and_then(|given| given.variable) {
                    Some(variable) => UrlProblem::of_variable(variable, words),
                    None => problem(format!("its `{name}` {words}")),
                },
            )
        };
        let is = |name: &str, wanted: &[&str]| {
            self.get(name)
                .is_none_or(|value| value.is_empty() || is_one_of(value, wanted))
        };
        for name in ["host", "hostaddr", "port"] {
            if self.get(name).is_some_and(|value| value.contains(',')) {
                return refuse(name, "names several hosts; one server is driven");
            }
        }
        if self
            .get("port")
            .is_some_and(|port| port.parse::<u16>().is_err())
        {
            return refuse("port", "is no port");
        }
        if backend != Backend::Postgres {
            return match is("ssl-mode", &MYSQL_MODES) {
                true => Ok(()),
                false => refuse(
                    "ssl-mode",
                    &format!("is none of {}", MYSQL_MODES.join(", ")),
                ),
            };
        }
        if !is("sslmode", &POSTGRES_MODES) {
            return refuse(
                "sslmode",
                &format!("is none of {}", POSTGRES_MODES.join(", ")),
            );
        }
        if !is("channel_binding", &["disable", "prefer"]) {
            return refuse(
                "channel_binding",
                "can only be disable or prefer: loadgen binds no login to its TLS connection",
            );
        }
        if !is("target_session_attrs", &["any"]) {
            return refuse(
                "target_session_attrs",
                "can only be any: one server is driven",
            );
        }
        if !is("client_encoding", &["UTF8", "UTF-8", "auto"]) {
            return refuse("client_encoding", "can only be UTF8");
        }
        let timeout = self.get("connect_timeout");
        if timeout.is_some_and(|seconds| seconds.parse::<u32>().is_err()) {
            return refuse("connect_timeout", "is no number of seconds");
        }
        Ok(())
    }
}

/// Values of `sslmode`, as in libpq.
pub const POSTGRES_MODES: [&str; 6] = [
    "disable",
    "allow",
    "prefer",
    "require",
    "verify-ca",
    "verify-full",
];

/// Values of `ssl-mode`, as in MySQL's client.
const MYSQL_MODES: [&str; 5] = [
    "DISABLED",
    "PREFERRED",
    "REQUIRED",
    "VERIFY_CA",
    "VERIFY_IDENTITY",
];

impl UrlProblem {
    fn of_variable(name: &str, words: &str) -> Self {
        Self {
            message: format!("the environment variable {name} {words}"),
            unknown: None,
        }
    }

    /// Names that a parameter which is not known may have been meant to be.
    pub fn known(backend: Backend) -> impl Iterator<Item = &'static str> {
        let known = match backend {
            Backend::Postgres => POSTGRES,
            Backend::MySql => MYSQL,
            Backend::Sqlite => SQLITE,
        };
        known.iter().map(|(name, _)| *name)
    }
}

fn problem(message: String) -> UrlProblem {
    UrlProblem {
        message: format!("its url cannot be used: {message}"),
        unknown: None,
    }
}

fn several() -> UrlProblem {
    problem("it names several hosts; one server is driven".to_owned())
}

fn unknown(name: &str) -> UrlProblem {
    UrlProblem {
        unknown: Some(name.to_owned()),
        ..problem(format!("`{}` is no parameter", name.escape_debug()))
    }
}

fn is_one_of(value: &str, wanted: &[&str]) -> bool {
    wanted.iter().any(|it| value.eq_ignore_ascii_case(it))
}

/// The parameters, percent-decoded. A plus is a plus, as it is to libpq.
fn pairs(query: &str) -> Result<Vec<(String, String)>, UrlProblem> {
    let all = query.split('&').filter(|pair| !pair.is_empty());
    all.map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        Ok((decoded(name)?, decoded(value)?))
    })
    .collect()
}

fn decoded(part: &str) -> Result<String, UrlProblem> {
    let decoded = percent_decode_str(part).decode_utf8();
    let decoded = decoded.map_err(|_| problem("it is no text in UTF-8".to_owned()))?;
    match decoded.contains('\0') {
        true => Err(problem("it holds a zero character".to_owned())),
        false => Ok(decoded.into_owned()),
    }
}

#[cfg(test)]
#[path = "connect_tests.rs"]
mod tests;
