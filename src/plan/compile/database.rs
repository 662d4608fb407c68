//! `[database.NAME]`: what SQL steps are done against.

use super::context::{Context, optional, or_default};
use crate::{
    plan::{
        sql::{Backend, Connections, Database, Secret},
        written::{self, redact_query, redact_user},
    },
    scenario::{
        Problem, Text,
        diag::did_you_mean,
        raw::{self, Field, Spanned},
    },
};
use std::{num::NonZeroU32, time::Duration};

/// Bound on the server's work on a statement, unless the scenario says otherwise.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);
/// Bound on connecting, unless the scenario says otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Most connections of a pool.
const MOST_CONNECTIONS: u64 = 100_000;

/// The databases of a scenario.
pub(super) struct Databases {
    /// Each name with its database; None where there is a problem with it.
    all: Vec<(String, Option<(Database, written::Database)>)>,
    /// Whether the table itself could be read.
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
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.known && self.all.is_empty()
    }

    /// Whether one has this name.
    pub fn has(&self, name: &str) -> bool {
        self.all.iter().any(|(own, _)| own == name)
    }

    /// The database that a step names, or the only one; None when there is a problem with it,
    /// which was told.
    pub fn of(
        &self,
        context: &Context<'_>,
        named: &Field<Text>,
        step: crate::scenario::Place,
    ) -> Option<(usize, &Database)> {
        let names = || self.all.iter().map(|(name, _)| name.as_str());
        let place = match (named, self.all.as_slice()) {
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
            (Field::Given(Spanned { value, place }), _) => {
                let name = value.value();
                match names().position(|own| own == name) {
                    Some(found) => found,
                    None if !self.known => return None,
                    None => {
                        let message = format!("no database is called `{}`", value.written());
                        let help = did_you_mean(&name, names());
                        let help = help
                            .unwrap_or_else(|| format!("write [database.{name}] with its `url`"));
                        context.tell(Problem::new(*place, message).help(help));
                        return None;
                    }
                }
            }
        };
        Some((place, self.get(place)?))
    }

    /// The one at this place, unless there is a problem with it.
    pub fn get(&self, place: usize) -> Option<&Database> {
        let (database, _) = self.all.get(place)?.1.as_ref()?;
        Some(database)
    }

    /// All of them; None when there is a problem with one.
    pub fn finish(self) -> Option<(Vec<Database>, Vec<written::Database>)> {
        let all: Option<Vec<_>> = self.all.into_iter().map(|(_, database)| database).collect();
        Some(all?.into_iter().unzip())
    }
}

fn compile(context: &Context<'_>, raw: &raw::Database) -> Option<(Database, written::Database)> {
    if raw.name.value.is_empty() || raw.name.value.contains(char::is_control) {
        let problem = Problem::new(raw.name.place, "not a name of a database");
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
    let ca = match &raw.ca {
        Field::Absent => Some(None),
        Field::Bad(_) => None,
        Field::Given(ca) if ca.value.value().is_empty() => {
            context.tell(Problem::new(ca.place, "a file without a name"));
            None
        }
        Field::Given(ca) => Some(Some(&ca.value)),
    };
    let (url, backend, written) = url?;
    let ca = ca?;
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
            connect_timeout: connect_timeout?,
            tls: optional(&raw.tls)?,
            ca_file: ca.map(|ca| context.folder().join(ca.value())),
        },
        written::Database {
            url: written,
            ca: ca.map(|ca| ca.written().to_owned()),
            place: raw.url.place().unwrap_or(raw.place),
        },
    ))
}

/// The URL, what speaks there, and what may be shown of it.
fn url(context: &Context<'_>, raw: &raw::Database) -> Option<(Secret, Backend, String)> {
    const HELP: &str = "write postgres://user@host/database, mysql://... or sqlite:file.db";
    if raw.url.is_absent() {
        context.missing(raw.place, "url", HELP);
    }
    let text = &raw.url.given()?.value;
    let url = text.value().trim().to_owned();
    let Some(backend) = Backend::of(&url) else {
        let problem = Problem::new(text.place(), "not the URL of a database");
        context.tell(problem.help(HELP));
        return None;
    };
    let shown = redact_query(&redact_user(text.written()));
    Some((Secret::new(url), backend, shown))
}
