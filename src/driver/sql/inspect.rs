//! One statement as a server sees it: prepared, compared with what the scenario says of it, and
//! compiled.

use super::{
    bind,
    kind::Kind,
    position, postgres,
    prepare::{Candidate, Place, PrepareError, Problem, Subject, unreachable},
    preparer::{Prepared, Preparer},
    setup::{Compiled, Form, Target},
};
use crate::{
    data::{Value, template::Part},
    plan::sql::{Backend, Param, Statement},
};
use sqlx::{
    Column, Either, Error,
    mysql::MySqlDatabaseError,
    postgres::{PgColumn, PgDatabaseError, PgErrorPosition},
};
use std::sync::Arc;

/// Why a statement cannot be compiled.
pub enum Trouble {
    /// Mistakes in it.
    Problems(Vec<Problem>),
    /// The server could not be asked.
    Lost(Error),
}

/// Looks at the statements of one database.
pub struct Inspector<'a> {
    target: &'a Target,
    preparer: Preparer,
}

impl<'a> Inspector<'a> {
    /// Connects.
    pub async fn open(target: &'a Target) -> Result<Self, PrepareError> {
        let limit = target.database.connect_timeout;
        let preparer = match tokio::time::timeout(limit, Preparer::open(target)).await {
            Ok(opened) => opened.map_err(|error| unreachable(target, error))?,
            Err(_) => {
                let error = std::io::Error::from(std::io::ErrorKind::TimedOut);
                return Err(unreachable(target, Error::Io(error)));
            }
        };
        Ok(Self { target, preparer })
    }

    /// Prepares a statement and compiles it by what the server says.
    pub async fn statement(
        &mut self,
        candidate: &Candidate<'_>,
        statement: &Statement,
    ) -> Result<Compiled, Trouble> {
        let found = Findings::new(candidate.index);
        let backend = self.target.database.backend;
        let sql = match backend {
            Backend::MySql => statement.text.question_marks(),
            Backend::Postgres | Backend::Sqlite => statement.text.source().to_string(),
        };
        let prepared = match self.preparer.prepare(&sql).await {
            Ok(prepared) => prepared,
            Err(error) => return self.refused(found, statement, sql, error),
        };
        match &prepared {
            Prepared::Postgres(prepared) => {
                self.postgres(found, candidate, statement, prepared).await
            }
            Prepared::MySql(prepared) => {
                let form = match self.target.database.prepared {
                    true => Form::MySql(statement.text.order().collect()),
                    false => Form::Literal,
                };
                self.untyped(found, statement, prepared, sql.into(), form)
            }
            Prepared::Sqlite(prepared) => {
                self.untyped(found, statement, prepared, sql.into(), Form::Sqlite)
            }
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.preparer.close().await;
    }

    /// What the server does not prepare.
    fn refused(
        &self,
        mut found: Findings,
        statement: &Statement,
        sql: String,
        error: Error,
    ) -> Result<Compiled, Trouble> {
        let Error::Database(error) = &error else {
            return Err(Trouble::Lost(error));
        };
        let mut message = error.message().to_owned();
        let mut help = None;
        let mut at = None;
        if let Some(error) = error.try_downcast_ref::<PgDatabaseError>() {
            if let Some(detail) = error.detail() {
                message += &format!(" ({detail})");
            }
            help = error.hint().map(str::to_owned);
            if let Some(PgErrorPosition::Original(position)) = error.position() {
                at = byte_of(statement.text.source(), position);
            }
        } else {
            let number = error
                .try_downcast_ref::<MySqlDatabaseError>()
                .map(MySqlDatabaseError::number);
            if number == Some(ONLY_AS_TEXT) {
                if !self.target.database.prepared {
                    return Ok(Compiled {
                        sql: sql.into(),
                        form: Form::Literal,
                        returns_rows: false,
                    });
                }
                help = Some("set prepared = false for this database".to_owned());
            }
            at = position::find(&statement.text, &message);
        }
        let place = at.map_or(Place::Statement, Place::At);
        found.add(place, message, help);
        found.into_result()
    }

    async fn postgres(
        &mut self,
        mut found: Findings,
        candidate: &Candidate<'_>,
        statement: &Statement,
        prepared: &sqlx::postgres::PgStatement,
    ) -> Result<Compiled, Trouble> {
        let types = match sqlx::Statement::parameters(prepared) {
            Some(Either::Left(types)) => types,
            _ => &[],
        };
        found.parameters(statement, types.len());
        let names = sqlx::Statement::columns(prepared);
        self.columns(&mut found, statement, names);
        let columns = readable(&mut found, statement, names);
        let mut kinds = Vec::new();
        let mut casts = Vec::new();
        for (place, info) in types.iter().enumerate() {
            match Kind::of(info) {
                Some(kind) => {
                    if let Err(message) = try_sample(kind, candidate, statement, place) {
                        found.add(Place::Param(place), message, None);
                    }
                    kinds.push(kind);
                    casts.push(None);
                }
                // As text, to be cast by the server.
                None => {
                    kinds.push(Kind::Text);
                    let name = self.preparer.type_name(info).await;
                    casts.push(Some(name.map_err(Trouble::Lost)?));
                }
            }
        }
        if !found.0.is_empty() {
            return found.into_result();
        }
        let cast = |number: u16, out: &mut String| {
            *out += &match casts.get(usize::from(number) - 1) {
                Some(Some(name)) => format!("CAST(${number}::text AS {name})"),
                _ => format!("${number}"),
            };
            Ok::<_, std::convert::Infallible>(())
        };
        let sql = match casts.iter().any(Option::is_some) {
            true => statement.text.replace(cast).map(Into::into),
            false => Ok(Arc::clone(statement.text.source())),
        };
        let Ok(sql) = sql;
        Ok(Compiled {
            sql,
            form: match self.target.database.prepared {
                true => Form::Postgres { kinds, columns },
                false => Form::Literal,
            },
            returns_rows: !sqlx::Statement::columns(prepared).is_empty(),
        })
    }

    /// Where the types of parameters follow from the values.
    fn untyped<S>(
        &self,
        mut found: Findings,
        statement: &Statement,
        prepared: &S,
        sql: Arc<str>,
        form: Form,
    ) -> Result<Compiled, Trouble>
    where
        S: sqlx::Statement,
    {
        let wanted = match self.target.database.backend {
            // Each ? is one.
            Backend::MySql => statement.text.order().count(),
            Backend::Postgres | Backend::Sqlite => statement.text.parameters(),
        };
        if let Some(Either::Right(count)) = prepared.parameters()
            && count != wanted
        {
            found.add(
                Place::Statement,
                format!("the server finds {count} parameters in it instead of {wanted}"),
                Some("write parameters as $1, $2 and so on".to_owned()),
            );
        }
        self.columns(&mut found, statement, prepared.columns());
        if !found.0.is_empty() {
            return found.into_result();
        }
        Ok(Compiled {
            sql,
            form,
            returns_rows: !prepared.columns().is_empty(),
        })
    }

    /// Whether what is expected and extracted is there.
    fn columns(&self, found: &mut Findings, statement: &Statement, columns: &[impl Column]) {
        // What a procedure returns is only known when it was called.
        if columns.is_empty() && self.target.database.backend == Backend::MySql {
            return;
        }
        for (place, name) in wanted(statement) {
            if !columns.iter().any(|column| column.name() == name) {
                let names: Vec<_> = columns.iter().map(Column::name).collect();
                let help = match names.as_slice() {
                    [] => "the statement returns no rows".to_owned(),
                    names => format!("the statement returns {}", names.join(", ")),
                };
                found.add(place, format!("there is no column {name}"), Some(help));
            }
        }
    }
}

/// Columns whose values matter, in the order of [`Statement::columns`], with their places in the
/// scenario.
fn wanted(statement: &Statement) -> impl Iterator<Item = (Place, &str)> {
    let expected = (0..statement.expect.values.len()).map(Place::Expect);
    let extracted = (0..statement.extract.len()).map(Place::Extract);
    expected.chain(extracted).zip(statement.columns())
}

/// How those columns are read that are there.
fn readable(
    found: &mut Findings,
    statement: &Statement,
    columns: &[PgColumn],
) -> Vec<postgres::Column> {
    let mut readable = Vec::new();
    for (at, name) in wanted(statement) {
        let Some(place) = columns.iter().position(|column| column.name() == name) else {
            continue;
        };
        let info = columns[place].type_info();
        match Kind::of(info) {
            Some(kind) => readable.push(postgres::Column {
                place,
                kind,
                oid: info.oid().map(|oid| oid.0),
            }),
            None => found.add(
                at,
                format!("values of type {info} cannot be taken"),
                Some(format!("cast {name} to text in the statement")),
            ),
        }
    }
    readable
}

/// MySQL: this statement cannot be prepared, only sent as text.
const ONLY_AS_TEXT: u16 = 1295;

/// Tries what the parameter at `place` could be against its type.
fn try_sample(
    kind: Kind,
    candidate: &Candidate<'_>,
    statement: &Statement,
    place: usize,
) -> Result<(), String> {
    let unknown = |place: &usize| matches!(candidate.sample.get(*place), None | Some(Value::Unset));
    let open = match statement.params.get(place) {
        None | Some(Param::Literal(_)) => false,
        Some(Param::Variable(variable)) => unknown(variable),
        Some(Param::Text(template)) => template.parts().iter().any(|part| match part {
            Part::Literal(_) => false,
            Part::Variable(variable, _) => unknown(variable),
        }),
    };
    match statement.params.get(place) {
        Some(param) if !open => bind::resolve(param, candidate.sample, |datum| match datum {
            bind::Datum::Null => Ok(()),
            datum => bind::postgres::check(kind, datum),
        }),
        _ => Ok(()),
    }
}

/// The byte at which the character number `position`, counted from 1, begins.
fn byte_of(text: &str, position: usize) -> Option<usize> {
    text.char_indices()
        .nth(position.checked_sub(1)?)
        .map(|(at, _)| at)
}

/// The problems of one step.
struct Findings(Vec<Problem>, usize);

impl Findings {
    fn new(index: usize) -> Self {
        Self(Vec::new(), index)
    }

    fn add(&mut self, place: Place, message: String, help: Option<String>) {
        self.0.push(Problem {
            subject: Subject::Step(self.1, place),
            message,
            help,
        });
    }

    fn parameters(&mut self, statement: &Statement, count: usize) {
        let wanted = statement.text.parameters();
        if count != wanted {
            self.add(
                Place::Statement,
                format!("the server finds {count} parameters in it instead of {wanted}"),
                None,
            );
        }
    }

    fn into_result(self) -> Result<Compiled, Trouble> {
        Err(Trouble::Problems(self.0))
    }
}
