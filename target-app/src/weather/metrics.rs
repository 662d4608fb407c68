//! Metrics that the business would count.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct ResultLabel {
    result: &'static str,
}

#[derive(Debug, Clone)]
pub(super) struct WeatherMetrics {
    /// Queries for locations that have records.
    pub(super) found: Counter,
    /// Queries for locations that have none.
    pub(super) unknown: Counter,
}

impl WeatherMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let queries = Family::<ResultLabel, Counter>::default();
        let counter = |result| queries.get_or_create_owned(&ResultLabel { result });
        let metrics = Self {
            found: counter("found"),
            unknown: counter("unknown"),
        };
        registry.register("weather_queries", "Queries answered, by result", queries);
        metrics
    }
}
