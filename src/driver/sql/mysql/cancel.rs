//! Cancellation of statements of MySQL and MariaDB: `KILL QUERY` over another connection.

use super::guard::guarded;
use futures_util::FutureExt;
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
        let own = kept.take();
        let kill = async {
            let mut own = match own {
                Some(own) => own,
                None => options.connect().await?,
            };
            let kill = AssertSqlSafe(format!("KILL QUERY {connection}"));
            own.execute(kill).await?;
            Ok(own)
        };
        // What fails is opened anew for the next one.
        *kept = guarded(kill.boxed()).await.ok();
    }
}
