//! Connections to databases beside the load.

use loadgen_core::human;
use loadgen_driver::sql::{Console, Row};
use loadgen_plan::{
    Plan,
    query::{DatabaseSource, Query},
    sql::{Backend, Connections, Database, Limits, Secret},
};
use std::{sync::Arc, time::Duration};
use tokio::time::timeout;

/// One connection to each database that is asked, opened when it first is.
pub struct Databases {
    plan: Arc<Plan>,
    /// By population: the database of the bundled service that it drives.
    own: Arc<[Option<Secret>]>,
    open: Vec<(DatabaseSource, Console)>,
}

impl Databases {
    /// Prepares connections for a plan; `own` has the database of each population's bundled
    /// service.
    pub fn new(plan: &Arc<Plan>, own: &Arc<[Option<Secret>]>) -> Self {
        Self {
            plan: Arc::clone(plan),
            own: Arc::clone(own),
            open: Vec::new(),
        }
    }

    /// Connects, unless it is.
    ///
    /// # Errors
    /// In words, when that cannot be done.
    pub async fn reach(&mut self, source: DatabaseSource) -> Result<(), String> {
        self.console(source).await.map(|_| ())
    }

    /// Runs a statement, and gives its rows.
    ///
    /// # Errors
    /// In words, when it cannot be run.
    pub async fn rows(&mut self, query: &Query) -> Result<Vec<Row>, String> {
        let console = self.reached(query).await?;
        console.rows(&query.sql, &query.params).await
    }

    /// Runs a statement, or several, and tells how many rows were changed.
    ///
    /// # Errors
    /// In words, when it cannot be run.
    pub async fn execute(&mut self, query: &Query) -> Result<u64, String> {
        let console = self.reached(query).await?;
        console.execute(&query.sql, &query.params).await
    }

    /// The connection for a query, bounded as it is.
    async fn reached(&mut self, query: &Query) -> Result<&mut Console, String> {
        match timeout(query.timeout, self.console(query.database)).await {
            Ok(console) => Ok(console?.within(query.timeout)),
            Err(_) => {
                let limit = human::duration(query.timeout);
                Err(format!("no response within {limit}"))
            }
        }
    }

    async fn console(&mut self, source: DatabaseSource) -> Result<&mut Console, String> {
        let index = match self.open.iter().position(|(own, _)| *own == source) {
            Some(index) => index,
            None => {
                let console = match source {
                    DatabaseSource::Database(index) => {
                        Console::open(&self.plan.databases[index]).await?
                    }
                    DatabaseSource::Target(population) => {
                        let url = self.own.get(population).and_then(Option::as_ref);
                        let url = url.ok_or("the bundled service has no database")?;
                        Console::open(&database(url.clone())?).await?
                    }
                };
                self.open.push((source, console));
                self.open.len() - 1
            }
        };
        Ok(&mut self.open[index].1)
    }
}

/// The database of a bundled service.
fn database(url: Secret) -> Result<Database, String> {
    let backend = Backend::of(url.expose()).ok_or("its database is of an unknown kind")?;
    Ok(Database {
        name: "target".to_owned(),
        backend,
        url,
        prepared: false,
        isolation: None,
        connections: Connections::OnePerUser,
        statement_timeout: Duration::from_secs(30),
        server_limit: false,
        limits: Limits::default(),
        connect_timeout: None,
        tls: None,
        ca_file: None,
    })
}
