//! Locks in Redis: one instance at a time, until it is done or its lease is over.

use redis::aio::MultiplexedConnection;
use redis::{Client, RedisError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep};

use super::metrics::MeteringMetrics;

/// Pause before a lock that is held is asked for again: at first, and at most.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE: Duration = Duration::from_millis(250);

/// Removes a lock only if it is still one's own: after the lease it may be another's.
const RELEASE: &str = "if redis.call('get', KEYS[1]) == ARGV[1] \
     then return redis.call('del', KEYS[1]) else return 0 end";

/// The locks of one instance; clones share the connection.
#[derive(Debug, Clone)]
pub(super) struct Locks(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    client: Client,
    /// Empty until it is needed, and again after it failed.
    connection: Mutex<Option<MultiplexedConnection>>,
    wait: Duration,
    lease: Duration,
    metrics: MeteringMetrics,
}

/// A lock that is held, as far as its lease goes.
pub(super) struct Held {
    key: String,
    token: String,
}

impl Locks {
    /// Locks at a Redis that need not answer yet.
    pub(super) fn new(
        client: Client,
        wait: Duration,
        lease: Duration,
        metrics: MeteringMetrics,
    ) -> Self {
        Self(Arc::new(Inner {
            client,
            connection: Mutex::default(),
            wait,
            lease,
            metrics,
        }))
    }

    /// Waits for the lock `key`; none when another instance kept it all the time.
    pub(super) async fn acquire(&self, key: String) -> Result<Option<Held>, RedisError> {
        let started = Instant::now();
        let token = format!("{:032x}", rand::random::<u128>());
        let lease = u64::try_from(self.0.lease.as_millis()).unwrap_or(u64::MAX);
        let mut set = redis::cmd("SET");
        set.arg(&key).arg(&token).arg("NX").arg("PX").arg(lease);
        let mut pause = FIRST_PAUSE;
        loop {
            let set: Option<String> = self.ask(&set).await?;
            if set.is_some() {
                let latency = started.elapsed().as_secs_f64();
                self.0.metrics.acquisition.observe(latency);
                return Ok(Some(Held { key, token }));
            }
            if pause == FIRST_PAUSE {
                self.0.metrics.contention.inc();
            }
            if started.elapsed() + pause > self.0.wait {
                return Ok(None);
            }
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// Gives a lock back. What fails is left to the lease.
    pub(super) async fn release(&self, held: Held) {
        let mut release = redis::cmd("EVAL");
        release.arg(RELEASE).arg(1).arg(&held.key).arg(&held.token);
        let _: Result<i64, RedisError> = self.ask(&release).await;
    }

    /// Returns true if Redis responds.
    pub(super) async fn answers(&self) -> bool {
        let pong: Result<String, RedisError> = self.ask(&redis::cmd("PING")).await;
        pong.is_ok()
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &redis::Cmd) -> Result<T, RedisError> {
        let mut connection = self.connection().await?;
        let answer = command.query_async(&mut connection).await;
        if answer.is_err() {
            *self.0.connection.lock().await = None;
        }
        answer
    }

    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        let mut connection = self.0.connection.lock().await;
        if let Some(connection) = &*connection {
            return Ok(connection.clone());
        }
        let new = self.0.client.get_multiplexed_async_connection().await?;
        Ok(connection.insert(new).clone())
    }
}
