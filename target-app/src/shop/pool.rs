//! The pool that the three services share, and the ways to make it suffer.

use serde_json::{Value, json};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::database::{Database, Session};
use crate::telemetry::Telemetry;

/// The share of the pool that an exhaustion holds, in percent: 95 of 100 connections.
const HELD_PERCENT: u32 = 95;

/// Number of connections that an exhaustion holds when there is no pool.
const HELD_WITHOUT_POOL: u32 = 95;

/// Longest wait of a health check for a connection that should be free, or can be opened.
const GLANCE: Duration = Duration::from_secs(1);

/// Clones share the connections and the simulation.
#[derive(Debug, Clone)]
pub(super) struct SharedPool {
    database: Database,
    held: Arc<Mutex<Vec<Session>>>,
}

/// A connection of the pool. On SQLite a writer has the one connection that writes besides, so
/// that writes are bounded by the pool as they are on a server.
pub(super) struct Writer {
    session: Session,
    _place: Option<Session>,
}

impl Writer {
    pub(super) fn session(&mut self) -> &mut Session {
        &mut self.session
    }
}

impl SharedPool {
    pub(super) fn new(database: Database) -> Self {
        Self {
            database,
            held: Arc::default(),
        }
    }

    /// Returns this pool with its calls told to `telemetry`.
    pub(super) fn told_to(&self, telemetry: &Telemetry) -> Self {
        Self {
            database: self.database.told_to(telemetry),
            held: Arc::clone(&self.held),
        }
    }

    pub(super) fn database(&self) -> &Database {
        &self.database
    }

    pub(super) async fn read(&self) -> Result<Session, sqlx::Error> {
        self.database.read().await
    }

    pub(super) async fn write(&self) -> Result<Writer, sqlx::Error> {
        let place = match self.database.is_embedded() {
            true => Some(self.database.read().await?),
            false => None,
        };
        Ok(Writer {
            session: self.database.write().await?,
            _place: place,
        })
    }

    /// Returns true if the database responds; false when there is no connection free to ask it
    /// with.
    pub(super) async fn answers(&self) -> Result<bool, sqlx::Error> {
        let is_exhausted = || {
            let pool = self.database.pool_use();
            pool.is_some_and(|pool| pool.available() == 0)
        };
        if is_exhausted() {
            return Ok(false);
        }
        match timeout(GLANCE, self.database.read()).await {
            Ok(session) => {
                session?.ping().await?;
                Ok(true)
            }
            // Others were faster.
            Err(_) if is_exhausted() => Ok(false),
            Err(_) => Err(sqlx::Error::PoolTimedOut),
        }
    }

    /// From now on every statement takes so much longer, its connection held.
    pub(super) fn slow_down(&self, by: Duration) {
        self.database.slow_down(by);
    }

    /// Takes connections out of the pool and keeps them, as far as they come free in time; returns
    /// how many are held.
    pub(super) async fn exhaust(&self) -> usize {
        let wanted = match self.database.pool_stats().max {
            Some(max) => max * HELD_PERCENT / 100,
            None => HELD_WITHOUT_POOL,
        };
        let missing = (wanted as usize).saturating_sub(self.held().len());
        let mut taking = JoinSet::new();
        for _ in 0..missing {
            let database = self.database.clone();
            taking.spawn(async move { database.read().await });
        }
        while let Some(taken) = taking.join_next().await {
            // A connection that does not come is in use, which exhausts the pool as well.
            if let Ok(Ok(session)) = taken {
                self.held().push(session);
            }
        }
        self.held().len()
    }

    /// Ends every simulation.
    pub(super) fn reset(&self) {
        self.slow_down(Duration::ZERO);
        let held = std::mem::take(&mut *self.held());
        drop(held);
    }

    /// The pool as `/health` and `/stats` show it.
    pub(super) fn state(&self) -> Value {
        let stats = self.database.pool_stats();
        let mut state = json!({
            "active": stats.active,
            "idle": stats.idle,
            "waiting": stats.waiting,
            "held": self.held().len(),
        });
        if let (Some(pool), Some(members)) = (self.database.pool_use(), state.as_object_mut()) {
            members.insert("max".to_owned(), pool.max.into());
            members.insert("available".to_owned(), pool.available().into());
            let percent = pool.utilization_percent();
            members.insert("utilization_percent".to_owned(), percent.into());
        }
        state
    }

    /// The simulation as `/stats` shows it.
    pub(super) fn simulation(&self) -> Value {
        let delay = self.database.delay();
        json!({
            "slow_query_enabled": !delay.is_zero(),
            "delay_ms": u64::try_from(delay.as_millis()).unwrap_or(u64::MAX),
            "held_connections": self.held().len(),
        })
    }

    fn held(&self) -> MutexGuard<'_, Vec<Session>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
