//! Cancellation, on the server, of work that takes too long.

use super::{
    mysql::Killer,
    postgres::{self, CancelKey},
    sqlite::Interrupt,
    target::{Options, Target},
};

/// Token with which others cancel the work of a connection.
#[derive(Debug, Clone)]
pub enum CancelToken {
    /// PostgreSQL's process number and secret.
    Postgres(CancelKey),
    /// MySQL's connection number.
    MySql(u64),
    /// Flag that SQLite checks.
    Sqlite(Interrupt),
}

impl CancelToken {
    /// Lets the connection work again after [`Canceller::cancel`].
    pub fn rearm(&self) {
        if let Self::Sqlite(interrupt) = self {
            interrupt.lower();
        }
    }
}

/// Cancels work on one database.
#[derive(Debug, Default)]
pub struct Canceller(Killer);

impl Canceller {
    /// Asks the server to end what the connection does now. When that cannot be asked for,
    /// only a limit of the server's own ends it.
    pub async fn cancel(&self, target: &Target, token: &CancelToken) {
        match (token, &target.options) {
            (CancelToken::Sqlite(interrupt), _) => interrupt.raise(),
            (CancelToken::Postgres(key), Options::Postgres(options)) => {
                drop(postgres::cancel(options, *key).await);
            }
            (CancelToken::MySql(connection), Options::MySql(options)) => {
                self.0.kill(options, *connection).await;
            }
            // Each token is one of its own database.
            (CancelToken::Postgres(_) | CancelToken::MySql(_), _) => {}
        }
    }
}
