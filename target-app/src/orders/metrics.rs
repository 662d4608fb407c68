//! Metrics that the business would count.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, Default)]
pub(super) struct OrderMetrics {
    /// Orders stored.
    pub(super) orders: Counter,
    /// Items stored with them.
    pub(super) items: Counter,
}

impl OrderMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let metrics = Self::default();
        registry.register("orders_processed", "Orders stored", metrics.orders.clone());
        registry.register(
            "order_items_written",
            "Order items stored",
            metrics.items.clone(),
        );
        metrics
    }
}
