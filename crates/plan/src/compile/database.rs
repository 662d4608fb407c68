//! `[database.NAME]`: what SQL steps are done against.

use super::context::{Context, optional, or_default};
use crate::{
    sql::{
        Backend, CONNECT_TIMEOUT, ConnectParams, Connections, Database, Limits, Secret, Tls,
        UrlProblem,
    },
    written::{self, redact_query, redact_user},
};
use loadgen_core::printable;
use loadgen_scenario::{
    Problem, Text,
    diag::did_you_mean,
    raw::{self, Field, Spanned},
    text::Piece,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{num::NonZeroU32, time::Duration};

/// Bound on the server's work on a statement, unless the scenario says otherwise.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Most rows that a response may be allowed to have.
const MOST_ROWS: u64 = 1_000_000_000;
/// Fewest bytes of a bound on a response: what loadgen itself asks a server has as many.
const LEAST_BYTES: u64 = 1 << 10;
/// Most bytes of one.
const MOST_BYTES: u64 = 1 << 40;
/// Most connections of a pool.
const MOST_CONNECTIONS: u64 = 100_000;

/// The databases of a scenario.
pub(super) struct Databases {
    /// Each name with its database; None where there is a problem with it.
    all: Vec<(String, Option<(Database, written::Database)>)>,
    /// True if the table itself could be read.
    known: bool,
}

pub(super) fn compile_all(context: &Context<'_>, given: &Field<Vec<raw::Database>>) -> Databases {
    let all = given.value().into_iter().flatten().map(|raw| {
        let name = raw.name.value.clone();
        let database = compile(context, raw);
        (name, database)
    });
    Databases {
        all: all.collect(),
        known: !matches!(given, Field::Bad(_)),
    }
}

impl Databases {
    /// Returns true if there is none.
    pub fn is_empty(&self) -> bool {
        self.known && self.all.is_empty()
    }

    /// Returns true if one has this name.
    pub fn has(&self, name: &str) -> bool {
        self.all.iter().any(|(own, _)| own == name)
    }

    /// The database that a step names, or the only one; None when there is a problem with it,
    /// which was told.
    pub fn of(
        &self,
        context: &Context<'_>,
        named: &Field<Text>,
        step: loadgen_scenario::Span,
    ) -> Option<(usize, &Database)> {
        let names = || self.all.iter().map(|(name, _)| name.as_str());
        let index = match (named, self.all.as_slice()) {
            (Field::Bad(_), _) => return None,
            (Field::Absent, [_]) => 0,
            (Field::Absent, []) if !self.known => return None,
            (Field::Absent, []) => {
                let problem = Problem::new(step, "no database to do this against");
                let help = r#"write [database.main] with url = "postgres://...", "mysql://..." or "sqlite:...""#;
                context.tell(problem.help(help));
                return None;
            }
            (Field::Absent, _) => {
                let problem = Problem::new(step, "which database is this for?");
                let names: Vec<&str> = names().collect();
                context.tell(
                    problem.help(format!("write `database` with one of {}", names.join(", "))),
                );
                return None;
            }
            (Field::Given(Spanned { value, span }), _) => {
                let name = value.value();
                match names().position(|own| own == name) {
                    Some(found) => found,
                    None if !self.known => return None,
                    None => {
                        let message = format!("no database is called `{}`", value.written());
                        let help = did_you_mean(&name, names());
                        let help = help
                            .unwrap_or_else(|| format!("write [database.{name}] with its `url`"));
                        context.tell(Problem::new(*span, message).help(help));
                        return None;
                    }
                }
            }
        };
        Some((index, self.get(index)?))
    }

    /// The one at this place, unless there is a problem with it.
    pub fn get(&self, index: usize) -> Option<&Database> {
        let (database, _) = self.all.get(index)?.1.as_ref()?;
        Some(database)
    }

    /// Returns all of them; None when there is a problem with one.
    pub fn finish(self) -> Option<(Vec<Database>, Vec<written::Database>)> {
        let all: Option<Vec<_>> = self.all.into_iter().map(|(_, database)| database).collect();
        Some(all?.into_iter().unzip())
    }
}

fn compile(context: &Context<'_>, raw: &raw::Database) -> Option<(Database, written::Database)> {
    if raw.name.value.is_empty() || !raw.name.value.chars().all(printable::is_printable) {
        let problem = Problem::new(raw.name.span, "not a name of a database");
        context.tell(problem.help("give it a name on one line, such as [database.main]"));
    }
    let url = url(context, raw);
    let connections = match &raw.pool {
        Field::Absent => Some(Connections::OnePerUser),
        field => context
            .whole(field, 1, MOST_CONNECTIONS, "a pool's connections")
            .and_then(|size| NonZeroU32::new(u32::try_from(size).ok()?))
            .map(|size| Connections::Pool { size }),
    };
    let time = |field, default| context.some_time_or(field, default, "a timeout");
    let statement_timeout = time(&raw.statement_timeout, STATEMENT_TIMEOUT);
    let connect_timeout = time(&raw.connect_timeout, CONNECT_TIMEOUT);
    let limits = limits(context, raw);
    let ca = match &raw.ca {
        Field::Absent => Some(None),
        Field::Bad(_) => None,
        Field::Given(ca) if ca.value.value().is_empty() => {
            context.tell(Problem::new(ca.span, "a file without a name"));
            None
        }
        Field::Given(ca) => Some(Some(&ca.value)),
    };
    let Found {
        url,
        params,
        backend,
        written,
    } = url?;
    let ca = ca?;
    let tls = optional(&raw.tls)?;
    if let Some(ca) = ca.filter(|_| !checks_authority(&params, tls, backend)) {
        let problem = Problem::new(ca.span(), "no certificate is checked, so `ca` is of no use");
        context.tell(problem.help(r#"write tls = "verify-full", or "verify-ca""#));
        return None;
    }
    Some((
        Database {
            name: raw.name.value.clone(),
            backend,
            url,
            prepared: or_default(&raw.prepared, true)?,
            isolation: optional(&raw.isolation)?,
            connections: connections?,
            statement_timeout: statement_timeout?,
            server_limit: matches!(raw.statement_timeout, Field::Given(_)),
            limits: limits?,
            connect_timeout: match raw.connect_timeout {
                Field::Absent => params.connect_timeout(),
                Field::Given(_) | Field::Bad(_) => Some(connect_timeout?),
            },
            tls,
            ca_file: ca.map(|ca| context.folder().join(ca.value())),
        },
        written::Database {
            url: written,
            ca: ca.map(|ca| ca.written().to_owned()),
            span: raw.url.span().unwrap_or(raw.span),
        },
    ))
}

/// The bounds on a response.
fn limits(context: &Context<'_>, raw: &raw::Database) -> Option<Limits> {
    let Limits {
        max_rows,
        max_bytes,
    } = Limits::default();
    let max_rows = match &raw.max_rows {
        Field::Absent => Some(max_rows),
        field => context.whole(field, 0, MOST_ROWS, "rows of a response"),
    };
    let max_bytes = match or_default(&raw.max_bytes, max_bytes) {
        Some(bytes) if !(LEAST_BYTES..=MOST_BYTES).contains(&bytes) => {
            let message = format!("a response: from {LEAST_BYTES} to {MOST_BYTES} bytes");
            let span = raw.max_bytes.span().unwrap_or_default();
            context.tell(Problem::new(span, message));
            None
        }
        bytes => bytes,
    };
    Some(Limits {
        max_rows: max_rows?,
        max_bytes: max_bytes?,
    })
}

/// A URL that can be used.
struct Found {
    url: Secret,
    params: ConnectParams,
    backend: Backend,
    /// The URL as written, without its secrets: for display.
    written: String,
}

/// The URL, with the password if that stands elsewhere.
fn url(context: &Context<'_>, raw: &raw::Database) -> Option<Found> {
    const HELP: &str = "write postgres://user@host/database, mysql://... or sqlite:file.db";
    if raw.url.is_absent() {
        context.missing(raw.span, "url", HELP);
    }
    let text = &raw.url.given()?.value;
    let Some(backend) = Backend::of(text.value().trim()) else {
        let problem = Problem::new(text.span(), "not the URL of a database");
        context.tell(problem.help(HELP));
        return None;
    };
    let mut url = match backend {
        Backend::Sqlite => text.value().trim().to_owned(),
        Backend::Postgres | Backend::MySql => filled(text),
    };
    match &raw.password {
        Field::Absent => {}
        Field::Bad(_) => return None,
        Field::Given(password) if backend == Backend::Sqlite => {
            context.tell(Problem::new(password.span, "a file has no password"));
            return None;
        }
        Field::Given(password) => {
            url.push(if url.contains('?') { '&' } else { '?' });
            url += "password=";
            url.extend(utf8_percent_encode(
                &password.value.value(),
                NON_ALPHANUMERIC,
            ));
        }
    }
    let params = match ConnectParams::parse(&url, backend) {
        Ok(params) => params,
        Err(problem) => {
            let known = UrlProblem::known(backend);
            let unknown = problem.unknown.as_ref();
            let help = unknown.and_then(|name| did_you_mean(name, known));
            let told = Problem::new(text.span(), problem.message);
            context.tell(match help {
                Some(help) => told.help(help),
                None => told,
            });
            return None;
        }
    };
    if backend == Backend::Sqlite
        && (url.contains(":memory:") || params.get("mode") == Some("memory"))
    {
        let words =
            "a database in memory is gone with its connection, of which each user has its own";
        context.tell(Problem::new(text.span(), words).help("write sqlite:file.db?mode=rwc"));
        return None;
    }
    Some(Found {
        url: Secret::new(url),
        params,
        backend,
        written: redact_query(&redact_user(text.written())),
    })
}

/// The URL with its values from the environment. In a user, a password, a database or a parameter
/// they are percent-encoded, so that no value changes the meaning of the rest.
fn filled(text: &Text) -> String {
    let mut url = String::new();
    // The URL with a NUL in place of each value, to tell which part of the URL a value is in.
    let mut plain = String::new();
    for piece in text.pieces() {
        match piece {
            Piece::Literal { text, .. } => plain.push_str(text),
            Piece::Environment { .. } => plain.push('\0'),
        }
    }
    let authority = plain.find("://").map(|at| at + 3);
    let after = authority.map(|start| {
        let length = plain[start..].find(['/', '?', '#']);
        length.map_or(plain.len(), |length| start + length)
    });
    let host = authority
        .zip(after)
        .map(|(start, end)| start + plain[start..end].rfind('@').map_or(0, |at| at + 1));
    let mut at = 0;
    for piece in text.pieces() {
        match piece {
            Piece::Literal { text, .. } => {
                url.push_str(text);
                at += text.len();
            }
            Piece::Environment { value, .. } => {
                let is_user = authority
                    .zip(host)
                    .is_some_and(|(a, h)| (a..h).contains(&at));
                let is_behind = after.is_some_and(|after| at > after);
                match is_user || is_behind {
                    true => url.extend(utf8_percent_encode(value, NON_ALPHANUMERIC)),
                    false => url.push_str(value),
                }
                at += 1;
            }
        }
    }
    url.trim().to_owned()
}

/// Returns true if the server's certificate is checked against those of `ca`.
fn checks_authority(params: &ConnectParams, tls: Option<Tls>, backend: Backend) -> bool {
    match (tls, backend) {
        (Some(tls), _) => !matches!(tls, Tls::Disable | Tls::Prefer),
        (None, Backend::Postgres) => matches!(
            params.get("sslmode"),
            Some("require" | "verify-ca" | "verify-full")
        ),
        (None, _) => params.get("ssl-mode").is_some_and(|mode| {
            mode.eq_ignore_ascii_case("VERIFY_CA") || mode.eq_ignore_ascii_case("VERIFY_IDENTITY")
        }),
    }
}
