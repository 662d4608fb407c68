//! The averages in Redis, and life without it.
//!
//! A Redis that fails once is left alone until a connection can be had again, so that a query pays
//! for its absence at most once.

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, RedisError, cmd};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::time::sleep;

use super::metrics::CacheMetrics;
use super::{Average, EXPIRY};

/// A query would rather ask the database than wait any longer for Redis.
const PATIENCE: Duration = Duration::from_millis(250);

/// Longest time for connecting.
const CONNECT: Duration = Duration::from_secs(2);

/// The pause between attempts to connect again.
const PAUSE: Duration = Duration::from_millis(250);

/// Redis, when it is there.
#[derive(Debug, Clone)]
pub(super) struct Remote(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    /// None while it is down.
    connection: Mutex<Option<MultiplexedConnection>>,
    metrics: CacheMetrics,
}

impl Remote {
    /// Connects; a Redis that cannot be had at the start is more likely a mistake than a fault.
    pub(super) async fn connect(client: Client, metrics: CacheMetrics) -> Result<Self, RedisError> {
        let connection = connect(&client).await?;
        Ok(Self(Arc::new(Inner {
            client,
            connection: Mutex::new(Some(connection)),
            metrics,
        })))
    }

    /// True if it responded last time.
    pub(super) fn is_up(&self) -> bool {
        self.connection().is_some()
    }

    /// Returns the average of `location`, if Redis is there and has it.
    pub(super) async fn get(&self, location: &str) -> Option<Average> {
        let mut connection = self.connection()?;
        let mut get = cmd("GET");
        get.arg(key(location));
        let found: Result<Option<Vec<u8>>, _> = get.query_async(&mut connection).await;
        // Bytes that are no average are as good as none.
        serde_json::from_slice(&self.judged(found)??).ok()
    }

    /// Keeps the average of `location`, if Redis is there.
    pub(super) async fn set(&self, location: &str, average: &Average) {
        let (Some(mut connection), Ok(bytes)) = (self.connection(), serde_json::to_vec(average))
        else {
            return;
        };
        let mut set = cmd("SET");
        set.arg(key(location)).arg(bytes);
        set.arg("EX").arg(EXPIRY.as_secs());
        let done: Result<(), _> = set.query_async(&mut connection).await;
        self.judged(done);
    }

    fn connection(&self) -> Option<MultiplexedConnection> {
        let connection = self.0.connection.lock();
        connection.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The answer, unless Redis gave none: then it is down until it can be connected to again.
    fn judged<T>(&self, answer: Result<T, RedisError>) -> Option<T> {
        if answer.is_err() {
            let connection = self.0.connection.lock();
            let was_up = connection
                .unwrap_or_else(PoisonError::into_inner)
                .take()
                .is_some();
            // The first of those that fail together looks after it.
            if was_up && let Ok(runtime) = Handle::try_current() {
                self.0.metrics.went_down();
                runtime.spawn(come_back(Arc::downgrade(&self.0)));
            }
        }
        answer.ok()
    }
}

/// Connects again, as often as it takes, while anybody cares.
async fn come_back(remote: std::sync::Weak<Inner>) {
    loop {
        sleep(PAUSE).await;
        let Some(client) = remote.upgrade().map(|inner| inner.client.clone()) else {
            return;
        };
        let connected = connect(&client).await;
        let (Some(inner), Ok(connection)) = (remote.upgrade(), connected) else {
            continue;
        };
        *inner
            .connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(connection);
        inner.metrics.came_back();
        return;
    }
}

async fn connect(client: &Client) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT))
        .set_response_timeout(Some(PATIENCE));
    client
        .get_multiplexed_async_connection_with_config(&config)
        .await
}

fn key(location: &str) -> String {
    format!("weather:average:{location}")
}
