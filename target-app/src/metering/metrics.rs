//! Metrics of locks and windows.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

/// Seconds: from a free lock to the longest that is waited for one.
const BUCKETS: [f64; 14] = [
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 15.0, 30.0,
];

#[derive(Debug, Clone)]
pub(super) struct MeteringMetrics {
    pub(super) events: Counter,
    /// Locks that another instance held when they were asked for.
    pub(super) contention: Counter,
    /// Time that it took to get a lock.
    pub(super) acquisition: Histogram,
    /// Locks that were not had, in time or at all.
    pub(super) lock_failures: Counter,
    /// Windows added up by this instance.
    pub(super) processed: Counter,
    /// Windows that turned out to be done when their lock was had.
    pub(super) done_before: Counter,
    /// Requests that an open circuit turned away.
    pub(super) rejected: Counter,
}

impl MeteringMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            events: Counter::default(),
            contention: Counter::default(),
            acquisition: Histogram::new(BUCKETS),
            lock_failures: Counter::default(),
            processed: Counter::default(),
            done_before: Counter::default(),
            rejected: Counter::default(),
        };
        for (name, help, counter) in [
            (
                "metering_events_accepted",
                "Usage events stored",
                &metrics.events,
            ),
            (
                "metering_lock_contention",
                "Locks that another instance held when they were asked for",
                &metrics.contention,
            ),
            (
                "metering_lock_failures",
                "Locks that could not be had",
                &metrics.lock_failures,
            ),
            (
                "metering_aggregation_windows_processed",
                "Windows that this instance added up",
                &metrics.processed,
            ),
            (
                "metering_aggregation_windows_done_before",
                "Windows that were done already when their lock was had",
                &metrics.done_before,
            ),
            (
                "metering_circuit_breaker_rejected",
                "Requests turned away by the open circuit breaker",
                &metrics.rejected,
            ),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register_with_unit(
            "metering_lock_acquisition_latency",
            "Time from asking for a lock to having it",
            Unit::Seconds,
            metrics.acquisition.clone(),
        );
        metrics
    }
}
