//! Cancellation of statements of MySQL and MariaDB: `KILL QUERY` over another connection.

use sqlx::{AssertSqlSafe, ConnectOptions, Executor, MySqlConnection, mysql::MySqlConnectOptions};
use tokio::sync::Mutex;

/// Connection that kills queries. It is opened for the first one and kept, as many may follow at
/// once.
#[derive(Debug, Default)]
pub struct Killer(Mutex<Option<MySqlConnection>>);

impl Killer {
    /// Has the server end what its connection number `connection` does.
    pub async fn kill(&self, options: &MySqlConnectOptions, connection: u64) {
        let mut kept = self.0.lock().await;
        let opened = match kept.take() {
            Some(own) => Ok(own),
            None => options.connect().await,
        };
        let Ok(mut own) = opened else { return };
        let killed = own.execute(AssertSqlSafe(format!("KILL QUERY {connection}")));
        if killed.await.is_ok() {
            *kept = Some(own);
        }
    }
}
