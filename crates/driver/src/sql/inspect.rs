//! One statement as a server sees it: prepared, compared with what the scenario says of it, and
//! compiled.

use super::{
    compiled::{Compiled, Form},
    datum::{self, Datum},
    error::{Error, Refusal},
    literal, position,
    postgres::{self, Shape},
    preparer::{Parameters, Prepared, Preparer},
    problem::{Candidate, PrepareError, Problem, StepPart, Subject, unreachable},
    target::Target,
};
use loadgen_data::Value;
use loadgen_plan::sql::{Backend, Param, Statement};
use std::{collections::HashMap, sync::Arc};

/// Why a statement cannot be compiled.
pub enum PrepareFailure {
    /// Mistakes in it.
    Problems(Vec<Problem>),
    /// The server could not be asked.
    Lost(Error),
}

/// Looks at the statements of one database.
pub struct Inspector<'a> {
    target: &'a Target,
    preparer: Preparer,
    /// PostgreSQL's types as SQL names them, by their numbers.
    types: HashMap<u32, String>,
}

impl<'a> Inspector<'a> {
    /// Connects.
    pub async fn open(target: &'a Target) -> Result<Self, PrepareError> {
        let limit = target.connect_timeout;
        let preparer = match tokio::time::timeout(limit, Preparer::open(target)).await {
            Ok(opened) => opened.map_err(|error| unreachable(target, error))?,
            Err(_) => {
                let error = std::io::Error::from(std::io::ErrorKind::TimedOut);
                return Err(unreachable(target, sqlx::Error::Io(error)));
            }
        };
        Ok(Self {
            target,
            preparer,
            types: HashMap::new(),
        })
    }

    /// Checks that sessions get the isolation level that they ask for when they begin, which a
    /// pooler may drop. Returns the level that they have instead, if it is another.
    pub async fn isolation(&mut self) -> Result<Option<String>, PrepareError> {
        let Some(wanted) = self.target.database.isolation else {
            return Ok(None);
        };
        let asked = "SELECT current_setting('default_transaction_isolation')";
        let found = self.preparer.ask(asked).await;
        let found = found.map_err(|error| unreachable(self.target, error))?;
        Ok(found.filter(|found| !found.eq_ignore_ascii_case(wanted.sql())))
    }

    /// Prepares a statement and compiles it by what the server says.
    pub async fn statement(
        &mut self,
        candidate: &Candidate<'_>,
        statement: &Statement,
    ) -> Result<Compiled, PrepareFailure> {
        let mut found = Findings(Vec::new(), candidate.index);
        let backend = self.target.database.backend;
        let sql: Arc<str> = match backend {
            Backend::MySql => statement.text.question_marks().into(),
            Backend::Postgres | Backend::Sqlite => Arc::clone(statement.text.source()),
        };
        if backend == Backend::Postgres && statement.text.copies_in() {
            let message = "COPY FROM STDIN has no data here".to_owned();
            let help = "write INSERT, or load the data in an event's command";
            found.add(StepPart::Statement, message, Some(help.to_owned()));
            return found.into_result();
        }
        let prepared = match self.preparer.prepare(&sql).await {
            Ok(prepared) => prepared,
            Err(error) => {
                return match Refusal::of(error).map_err(PrepareFailure::Lost)? {
                    refusal if self.is_left_to_the_run(candidate, &refusal) => {
                        Ok(self.compiled(candidate, statement, sql, None))
                    }
                    refusal => self.refused(found, statement, refusal),
                };
            }
        };
        self.parameters(&mut found, statement, prepared.parameters.count());
        self.columns(&mut found, statement, &prepared.columns);
        if let Parameters::Typed(description) = &prepared.parameters {
            self.samples(&mut found, candidate, statement, &description.parameters)
                .await?;
        }
        match found.0.is_empty() {
            true => Ok(self.compiled(candidate, statement, sql, Some(prepared))),
            false => found.into_result(),
        }
    }

    /// Says goodbye.
    pub async fn close(self) {
        self.preparer.close().await;
    }

    fn compiled(
        &self,
        candidate: &Candidate<'_>,
        statement: &Statement,
        mut sql: Arc<str>,
        prepared: Option<Prepared>,
    ) -> Compiled {
        let prepares = self.target.database.prepared;
        let returns_rows = prepared
            .as_ref()
            .is_some_and(|prepared| !prepared.columns.is_empty());
        let form = match (self.target.database.backend, prepared) {
            // Its columns may change with the tables, which sqlx does not notice of a statement that is
            // kept, and SQLite itself only when it has looked at the file since.
            (Backend::Sqlite, _) if returns_rows && statement.text.has_star() => {
                sql = format!("SELECT 1 FROM sqlite_schema LIMIT 0; {sql}").into();
                Form::Sqlite { keep: false }
            }
            (Backend::Sqlite, _) => Form::Sqlite { keep: prepares },
            (Backend::Postgres | Backend::MySql, _) if !prepares => Form::Literal,
            (Backend::MySql, _) => Form::MySql(statement.text.order().collect()),
            (Backend::Postgres, Some(prepared)) => Form::Postgres(match &prepared.parameters {
                Parameters::Typed(description) => {
                    Some(Arc::new(Shape::new(description, Some(statement))))
                }
                Parameters::Counted(_) => None,
            }),
            (Backend::Postgres, None) => Form::Postgres(None),
        };
        Compiled {
            sql,
            form,
            returns_rows,
            sets_session: candidate.is_of_user_start && statement.text.sets_session(),
        }
    }

    /// Returns true if only the run can tell whether the statement is right: a user start may
    /// create the objects that it names, or the server takes it only as text, without preparing it.
    fn is_left_to_the_run(&self, candidate: &Candidate<'_>, refusal: &Refusal) -> bool {
        (candidate.after_user_start && refusal.is_of_names())
            || (!self.target.database.prepared && refusal.is_of_preparing())
    }

    /// Reports that the server does not prepare the statement, at the position it gives.
    fn refused(
        &self,
        mut found: Findings,
        statement: &Statement,
        refusal: Refusal,
    ) -> Result<Compiled, PrepareFailure> {
        let at = match refusal.position {
            Some(position) => byte_of(statement.text.source(), position),
            None if self.target.database.backend == Backend::Postgres => None,
            None => position::find(&statement.text, &refusal.message),
        };
        let part = at.map_or(StepPart::Statement, StepPart::At);
        let help = refusal.help();
        found.add(part, refusal.message, help);
        found.into_result()
    }

    fn parameters(&self, found: &mut Findings, statement: &Statement, count: usize) {
        let (wanted, help) = match self.target.database.backend {
            // Each ? is one.
            Backend::MySql => (statement.text.order().count(), true),
            Backend::Sqlite => (statement.text.parameters(), true),
            Backend::Postgres => (statement.text.parameters(), false),
        };
        if count != wanted {
            found.add(
                StepPart::Statement,
                format!("the server finds {count} parameters in it instead of {wanted}"),
                help.then(|| "write parameters as $1, $2 and so on".to_owned()),
            );
        }
    }

    /// Checks that the columns exist that are expected to have a value or extracted.
    fn columns(&self, found: &mut Findings, statement: &Statement, columns: &[String]) {
        // Columns of a procedure or cursor are known only once it has been called or opened.
        let is_told_later = match self.target.database.backend {
            Backend::MySql => true,
            Backend::Postgres => statement.text.begins_with("FETCH"),
            Backend::Sqlite => false,
        };
        if columns.is_empty() && is_told_later {
            return;
        }
        let expected = (0..statement.expect.values.len()).map(StepPart::Expect);
        let extracted = (0..statement.extract.len()).map(StepPart::Extract);
        for (part, name) in expected.chain(extracted).zip(statement.columns()) {
            if columns.iter().any(|column| column == name) {
                continue;
            }
            let help = match columns {
                [] => "the statement returns no rows".to_owned(),
                names => format!("the statement returns {}", names.join(", ")),
            };
            found.add(part, format!("there is no column {name}"), Some(help));
        }
    }

    /// Has the server read the parameters' possible values as values of their types.
    async fn samples(
        &mut self,
        found: &mut Findings,
        candidate: &Candidate<'_>,
        statement: &Statement,
        types: &[u32],
    ) -> Result<(), PrepareFailure> {
        for (index, (param, oid)) in statement.params.iter().zip(types).enumerate() {
            if is_open(param, candidate.sample) {
                continue;
            }
            let as_literal = |datum: Datum<'_>| {
                if datum == Datum::Null || postgres::is_of(*oid, datum) {
                    return Ok(None);
                }
                let mut sql = String::new();
                literal::write(datum, Backend::Postgres, &mut sql).map(|()| Some(sql))
            };
            let sql = match datum::resolve(param, candidate.sample, as_literal) {
                Ok(None) => continue,
                Ok(Some(sql)) => sql,
                Err(message) => {
                    found.add(StepPart::Param(index), message, None);
                    continue;
                }
            };
            let name = self.type_name(*oid).await.map_err(PrepareFailure::Lost)?;
            let cast = format!("SELECT CAST({sql} AS {name})");
            if let Err(error) = self.preparer.prepare(&cast).await {
                let refusal = Refusal::of(error).map_err(PrepareFailure::Lost)?;
                found.add(StepPart::Param(index), refusal.message, refusal.hint);
            }
        }
        Ok(())
    }

    async fn type_name(&mut self, oid: u32) -> Result<String, Error> {
        if let Some(name) = self.types.get(&oid) {
            return Ok(name.clone());
        }
        // With -1 it gives names that mean any length, as with bit.
        let asked = format!("SELECT format_type({oid}, -1)");
        let name = self.preparer.ask(&asked).await?.unwrap_or_default();
        self.types.insert(oid, name.clone());
        Ok(name)
    }
}

/// Returns true if the value of a parameter is known only during the run.
fn is_open(param: &Param, sample: &[Value]) -> bool {
    let unknown = |variable: &usize| matches!(sample.get(*variable), None | Some(Value::Unset));
    match param {
        Param::Literal(_) => false,
        Param::Variable(variable) => unknown(variable),
        Param::Text(template) => template.variables().iter().any(unknown),
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
    fn add(&mut self, part: StepPart, message: String, help: Option<String>) {
        self.0.push(Problem {
            subject: Subject::Step(self.1, part),
            message,
            help,
        });
    }

    fn into_result(self) -> Result<Compiled, PrepareFailure> {
        Err(PrepareFailure::Problems(self.0))
    }
}
