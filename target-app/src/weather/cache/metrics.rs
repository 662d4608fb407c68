//! Metrics of the cache.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, Default)]
pub(super) struct CacheMetrics {
    hits: Counter,
    misses: Counter,
    bypassed: Counter,
    loads: Counter,
    failures: Counter,
    up: Gauge,
}

impl CacheMetrics {
    pub(super) fn register(&self, registry: &mut Registry) {
        let mut counter = |name: &str, help: &str, counter: &Counter| {
            registry.register(name, help, counter.clone());
        };
        counter("cache_hits", "Queries answered from the cache", &self.hits);
        counter(
            "cache_misses",
            "Queries that the cache had no answer to",
            &self.misses,
        );
        counter(
            "cache_bypassed",
            "Queries answered from the database because the cache is down",
            &self.bypassed,
        );
        counter(
            "cache_loads",
            "Times the database was asked: fewer than misses when they come together",
            &self.loads,
        );
        counter(
            "cache_failures",
            "Times the cache failed to answer",
            &self.failures,
        );
        self.up.set(1);
        registry.register("cache_up", "Whether the cache answers", self.up.clone());
    }

    pub(super) fn hit(&self) {
        self.hits.inc();
    }

    pub(super) fn miss(&self) {
        self.misses.inc();
    }

    pub(super) fn bypassed(&self) {
        self.bypassed.inc();
    }

    pub(super) fn loaded(&self) {
        self.loads.inc();
    }

    pub(super) fn went_down(&self) {
        self.failures.inc();
        self.up.set(0);
    }

    pub(super) fn came_back(&self) {
        self.up.set(1);
    }
}
