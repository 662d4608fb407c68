//! Cancellation of statements of MySQL and MariaDB: `KILL QUERY` over another connection.

use super::{ConnectOptions, Connection, Error};
use tokio::sync::Mutex;

/// Connection that kills queries. It is opened for the first one and kept, as many may follow at
/// once.
#[derive(Debug, Default)]
pub struct Killer(Mutex<Option<Connection>>);

impl Killer {
    /// Has the server end what its connection number `connection` does.
    pub async fn kill(&self, options: &ConnectOptions, connection: u64) {
        let mut kept = self.0.lock().await;
        let own = kept.take();
        let kill = async {
            let mut own = match own {
                Some(own) => own,
                None => Connection::open(options).await?,
            };
            let sql = format!("KILL QUERY {connection}");
            own.all(&sql, &mut Vec::new()).await?;
            Ok::<_, Error>(own)
        };
        // A connection that failed is opened anew for the next cancellation.
        *kept = kill.await.ok();
    }
}
