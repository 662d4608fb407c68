//! Ending, on the server, what takes too long.

use super::{
    link::{Key, Link},
    request::{Answer, Request},
    setup::Target,
};
use crate::plan::sql::Backend;
use sqlx::{AssertSqlSafe, SqlSafeStr};
use std::sync::atomic::Ordering;
use tokio::sync::Mutex;

/// One connection of a worker to a database, opened when something is cancelled for the first time.
#[derive(Debug, Default)]
pub struct Canceller(Mutex<Option<Link>>);

impl Canceller {
    /// Asks the server to end what the connection does now. When that cannot be asked for,
    /// only a limit of the server's own ends it.
    pub async fn cancel(&self, target: &Target, key: &Key) {
        let session = match key {
            Key::Interrupt(interrupt) => return interrupt.store(true, Ordering::Relaxed),
            Key::Session(session) => session,
        };
        let backend = target.database.backend;
        let sql = match backend {
            Backend::Postgres => format!("SELECT pg_cancel_backend({session})"),
            Backend::MySql | Backend::Sqlite => format!("KILL QUERY {session}"),
        };
        let mut kept = self.0.lock().await;
        let link = match kept.take() {
            Some(link) => Ok(link),
            None => Link::open(target).await,
        };
        let Ok(mut link) = link else { return };
        let request = Request::plain(backend, AssertSqlSafe(sql).into_sql_str());
        let done = link.exchange(request, None, &mut Answer::default()).await;
        if done.is_ok() {
            *kept = Some(link);
        }
    }
}

/// Lets a connection work again after [`Canceller::cancel`].
pub fn rearm(key: &Key) {
    if let Key::Interrupt(interrupt) = key {
        interrupt.store(false, Ordering::Relaxed);
    }
}
