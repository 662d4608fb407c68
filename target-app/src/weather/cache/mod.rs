//! Averages that were asked for before: off, in this process, or in Redis.
//!
//! Whatever the kind, requests that miss the same location at the same time load it once and share
//! what is found. Locations without records are not kept: anybody can invent them.

mod metrics;
mod remote;

use moka::future::Cache as Shared;
use prometheus_client::registry::Registry;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use super::store::{Average, average};
use crate::Error;
use crate::database::Database;
use metrics::CacheMetrics;
use remote::Remote;

/// Time that an average is kept.
const EXPIRY: Duration = Duration::from_secs(300);

/// Averages kept in this process: more than there are locations.
const CAPACITY: u64 = 100_000;

/// Place of the averages, as `--cache` says it.
#[derive(Debug, Clone, Default)]
pub enum CacheSetting {
    /// Nowhere: every query asks the database.
    #[default]
    Off,
    /// In each process.
    Memory,
    /// In a Redis that instances share.
    Redis(redis::Client),
}

impl FromStr for CacheSetting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "off" => Ok(CacheSetting::Off),
            "memory" => Ok(CacheSetting::Memory),
            url if url.starts_with("redis://") => match redis::Client::open(url) {
                Ok(client) => Ok(CacheSetting::Redis(client)),
                // Not with the URL, which may hold a password.
                Err(error) => Err(format!("{error}, expected redis://HOST:PORT")),
            },
            _ => Err("expected off, memory or redis://HOST:PORT".to_owned()),
        }
    }
}

/// Why there is no average.
#[derive(Debug)]
pub(super) enum Missing {
    /// The location has no records.
    Unknown,
    /// The database failed.
    Database(sqlx::Error),
}

/// The averages of one service.
#[derive(Debug, Clone)]
pub(super) struct Cache {
    database: Database,
    kind: Kind,
    metrics: CacheMetrics,
}

#[derive(Debug, Clone)]
enum Kind {
    Off,
    Memory(Shared<String, Average>),
    Redis {
        remote: Remote,
        /// Loads under way, and for a moment those that just ended.
        loading: Shared<String, Average>,
    },
}

impl Cache {
    /// Connects where that is needed, and counts in `registry` unless it is off.
    pub(super) async fn open(
        setting: &CacheSetting,
        database: Database,
        registry: &mut Registry,
    ) -> Result<Self, Error> {
        let metrics = CacheMetrics::default();
        let kind = match setting {
            CacheSetting::Off => Kind::Off,
            CacheSetting::Memory => Kind::Memory(
                Shared::builder()
                    .max_capacity(CAPACITY)
                    .time_to_live(EXPIRY)
                    .build(),
            ),
            CacheSetting::Redis(client) => Kind::Redis {
                remote: Remote::connect(client.clone(), metrics.clone())
                    .await
                    .map_err(|source| Error::Cache { source })?,
                loading: Shared::new(CAPACITY),
            },
        };
        if !matches!(kind, Kind::Off) {
            metrics.register(registry);
        }
        Ok(Self {
            database,
            kind,
            metrics,
        })
    }

    /// The average of `location`, from wherever it is.
    pub(super) async fn average(&self, location: &str) -> Result<Average, Arc<Missing>> {
        match &self.kind {
            Kind::Off => self.load(location).await.map_err(Arc::new),
            Kind::Memory(kept) => {
                let entry = kept
                    .entry_by_ref(location)
                    .or_try_insert_with(self.load(location))
                    .await;
                match &entry {
                    Ok(entry) if !entry.is_fresh() => self.metrics.hit(),
                    _ => self.metrics.miss(),
                }
                entry.map(|entry| entry.into_value())
            }
            Kind::Redis { remote, loading } => {
                if let Some(average) = remote.get(location).await {
                    self.metrics.hit();
                    return Ok(average);
                }
                if remote.is_up() {
                    self.metrics.miss();
                } else {
                    self.metrics.bypassed();
                }
                let loaded = loading
                    .try_get_with_by_ref(location, self.load_to(remote, location))
                    .await;
                // Redis has it now; if not, the next one had better ask again.
                loading.invalidate(location).await;
                loaded
            }
        }
    }

    async fn load_to(&self, remote: &Remote, location: &str) -> Result<Average, Missing> {
        // Another load may have ended between this request's look and its turn.
        if let Some(average) = remote.get(location).await {
            return Ok(average);
        }
        let average = self.load(location).await?;
        remote.set(location, &average).await;
        Ok(average)
    }

    async fn load(&self, location: &str) -> Result<Average, Missing> {
        self.metrics.loaded();
        match average(&self.database, location).await {
            Ok(Some(average)) => Ok(average),
            Ok(None) => Err(Missing::Unknown),
            Err(error) => Err(Missing::Database(error)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_words_or_a_url() {
        assert!(matches!("off".parse(), Ok(CacheSetting::Off)));
        assert!(matches!("memory".parse(), Ok(CacheSetting::Memory)));
        let redis = "redis://:secret@localhost:6379/2".parse();
        assert!(matches!(redis, Ok(CacheSetting::Redis(_))));
        for bad in ["", "on", "Memory", "rediss://h", "redis://:secret@h:port"] {
            let error = bad.parse::<CacheSetting>().unwrap_err();
            assert!(
                error.contains("expected") && !error.contains("secret"),
                "{error}"
            );
        }
    }
}
