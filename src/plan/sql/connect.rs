//! Parameters in a database's URL: its address, the user, and the options of connections.

use super::{Backend, Secret};
use percent_encoding::percent_decode_str;
use std::{collections::BTreeMap, fmt};
use url::Url;

/// Parameters of a connection, as a URL gives them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectParams {
    /// By the name that libpq or MySQL's client has for it; of URLs' parts too: `user`, `password`,
    /// `host`, `port` and `dbname`.
    given: BTreeMap<&'static str, Secret>,
}

/// Why a URL cannot be used, without the URL itself, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// Parameters of libpq that loadgen does not support.
const ONLY_LIBPQ: [&str; 16] = [
    "service",
    "servicefile",
    "gssencmode",
    "krbsrvname",
    "keepalives",
    "keepalives_idle",
    "load_balance_hosts",
    "replication",
    "require_auth",
    "requirepeer",
    "sslcrl",
    "sslnegotiation",
    "sslpassword",
    "ssl_min_protocol_version",
    "ssl_max_protocol_version",
    "tcp_user_timeout",
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

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.given.get(name).map(Secret::expose)
    }

    fn give(&mut self, name: &'static str, value: String) {
        self.given.insert(name, Secret::new(value));
    }

    fn query(&mut self, query: &str, known: Known) -> Result<(), UrlProblem> {
        for (name, value) in pairs(query)? {
            let is_own =
                |(own, others): &&(&str, &[&str])| *own == name || others.contains(&name.as_str());
            if let Some((own, _)) = known.iter().find(is_own) {
                self.give(own, value);
                continue;
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
                None => return Err(unknown(&name, known)),
            }
        }
        Ok(())
    }

    /// Checks that the values of the parameters are supported.
    fn understood(&self, backend: Backend) -> Result<(), UrlProblem> {
        let refuse = |name: &str, words: &str| Err(problem(format!("its `{name}` {words}")));
        let is = |name: &str, wanted: &[&str]| {
            self.get(name)
                .is_none_or(|value| wanted.iter().any(|it| value.eq_ignore_ascii_case(it)))
        };
        if self.get("host").is_some_and(|host| host.contains(',')) {
            return Err(several());
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
            return refuse("channel_binding", "asks for what loadgen does not do");
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

impl fmt::Display for UrlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
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

fn unknown(name: &str, known: Known) -> UrlProblem {
    if known == POSTGRES && ONLY_LIBPQ.contains(&name) {
        return problem(format!("loadgen does not do what `{name}` asks for"));
    }
    UrlProblem {
        unknown: Some(name.to_owned()),
        ..problem(format!("`{}` is no parameter", name.escape_debug()))
    }
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
mod tests {
    use super::*;
    use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
    use proptest::prelude::*;

    fn postgres(url: &str) -> Result<ConnectParams, UrlProblem> {
        ConnectParams::parse(url, Backend::Postgres)
    }

    #[test]
    fn a_url_says_where_and_who() {
        let it = postgres(
            "postgres://us%2Fer:p%40ss%25:w%20rd@db.example:6432/da%20ta?options=-c%20work_mem%3D1MB\
             &application_name=a+b&ssl-mode=disable&options[search_path]=x,y%20z",
        )
        .unwrap();
        for (name, value) in [
            ("user", "us/er"),
            ("password", "p@ss%:w rd"),
            ("host", "db.example"),
            ("port", "6432"),
            ("dbname", "da ta"),
            ("options", "-c work_mem=1MB -c search_path=x,y\\ z"),
            ("application_name", "a+b"),
            ("sslmode", "disable"),
        ] {
            assert_eq!(it.get(name), Some(value), "{name}");
        }
        assert!(!format!("{it:?}").contains("p@ss"));
    }

    #[test]
    fn hosts_are_names_addresses_and_folders() {
        for (url, host) in [
            ("postgres://me@[::1]:1/db", "::1"),
            ("postgres://me@%2Frun%2Fpg/db", "/run/pg"),
            ("postgres:///db?host=/run/pg", "/run/pg"),
            ("postgres://me@DB.example/db", "DB.example"),
        ] {
            assert_eq!(postgres(url).unwrap().get("host"), Some(host), "{url}");
        }
    }

    #[test]
    fn what_is_not_understood_is_refused_in_words() {
        for (url, words) in [
            (
                "postgres://h/db?sslmod=verify-full",
                "`sslmod` is no parameter",
            ),
            (
                "postgres://h/db?sslmode=verify_full",
                "none of disable, allow",
            ),
            (
                "postgres://h/db?service=x",
                "does not do what `service` asks for",
            ),
            ("postgres://a:1,b:2/db", "several hosts"),
            ("postgres:///db?host=a,b", "several hosts"),
            ("postgres://h:port/db", "invalid port"),
            ("postgres://h/db?port=x", "is no port"),
            ("postgres://u:a#b@h/db", "`#`"),
            ("postgres://h/db?channel_binding=require", "channel_binding"),
            (
                "postgres://h/db?target_session_attrs=primary",
                "target_session_attrs",
            ),
        ] {
            let problem = postgres(url).unwrap_err().to_string();
            assert!(problem.contains(words), "{url}: {problem}");
        }
        let problem = ConnectParams::parse("mysql://h/db?sslMode=x", Backend::MySql).unwrap_err();
        assert_eq!(problem.unknown.as_deref(), Some("sslMode"));
        let problem = ConnectParams::parse("sqlite:a.db?mod=ro", Backend::Sqlite).unwrap_err();
        assert_eq!(problem.unknown.as_deref(), Some("mod"));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_what_was_meant(user in "[^\0]{1,9}", password in "[^\0]{1,9}") {
            let encode = |text| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
            let url = format!("postgres://{}:{}@h/db", encode(&user), encode(&password));
            let it = postgres(&url).unwrap();
            prop_assert_eq!(it.get("user"), Some(user.as_str()));
            prop_assert_eq!(it.get("password"), Some(password.as_str()));
        }

        #[test]
        fn whatever_is_given_is_read_or_refused(url in "(postgres|mysql|sqlite):(//)?.{0,30}") {
            for backend in [Backend::Postgres, Backend::MySql, Backend::Sqlite] {
                let _ = ConnectParams::parse(&url, backend);
            }
        }
    }
}
