//! Ending, on the server, what takes too long.

use super::{
    answer::Answer,
    connection::{Connection, Key},
    postgres,
    request::Request,
    setup::{Options, Target},
};
use crate::plan::sql::Backend;
use sqlx::{AssertSqlSafe, SqlSafeStr};
use std::sync::atomic::Ordering;
use tokio::sync::Mutex;

/// Ends work on one database. For MySQL it keeps a connection, opened when something is cancelled for
/// the first time.
#[derive(Debug, Default)]
pub struct Canceller(Mutex<Option<Connection>>);

impl Canceller {
    /// Asks the server to end what the connection does now. When that cannot be asked for,
    /// only a limit of the server's own ends it.
    pub async fn cancel(&self, target: &Target, key: &Key) {
        match (key, &target.options) {
            (Key::Interrupt(interrupt), _) => interrupt.store(true, Ordering::Relaxed),
            (Key::Postgres(key), Options::Postgres(options)) => {
                drop(postgres::cancel(options, *key).await);
            }
            (Key::MySql(session), _) => self.kill(target, *session).await,
            // Each key is one of its own database.
            (Key::Postgres(_), _) => {}
        }
    }

    async fn kill(&self, target: &Target, session: u64) {
        let mut kept = self.0.lock().await;
        let connection = match kept.take() {
            Some(connection) => Ok(connection),
            None => Connection::open(target).await,
        };
        let Ok(mut connection) = connection else {
            return;
        };
        let sql = AssertSqlSafe(format!("KILL QUERY {session}")).into_sql_str();
        let request = Request::plain(Backend::MySql, sql);
        let done = connection
            .exchange(request, None, &mut Answer::default())
            .await;
        if done.is_ok() {
            *kept = Some(connection);
        }
    }
}

/// Lets a connection work again after [`Canceller::cancel`].
pub fn rearm(key: &Key) {
    if let Key::Interrupt(interrupt) = key {
        interrupt.store(false, Ordering::Relaxed);
    }
}
