//! OTLP metrics over HTTP, as protobuf.

use super::{
    About,
    attribute::text,
    family::{Family, Labels, MetricType, Value},
    state::State,
};
use opentelemetry_proto::tonic::{
    collector::metrics::v1::ExportMetricsServiceRequest,
    common::v1::{InstrumentationScope, KeyValue},
    metrics::v1::{
        AggregationTemporality, Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
        Summary, SummaryDataPoint, metric, number_data_point, summary_data_point::ValueAtQuantile,
    },
    resource::v1::Resource,
};
use prost::Message;
use std::time::{SystemTime, UNIX_EPOCH};

/// The body for these metrics, and how many points are in it.
pub(super) fn body(families: &[Family], state: &State) -> (Vec<u8>, u64) {
    let (start, now) = (nanos(state.started), nanos(SystemTime::now()));
    let metrics = families.iter().map(|family| Metric {
        name: family.name.clone(),
        description: family.help.to_owned(),
        unit: String::new(),
        data: Some(data(family, start, now)),
        ..Metric::default()
    });
    let metrics = ScopeMetrics {
        scope: Some(scope()),
        metrics: metrics.collect(),
        ..ScopeMetrics::default()
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(resource(&state.about)),
            scope_metrics: vec![metrics],
            ..ResourceMetrics::default()
        }],
    };
    let points = families.iter().map(|family| family.series.len() as u64);
    (request.encode_to_vec(), points.sum())
}

pub(super) fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "loadgen".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

pub(super) fn resource(about: &About) -> Resource {
    Resource {
        attributes: vec![
            text("service.name", "loadgen"),
            text("service.instance.id", &about.run_id),
            text("loadgen.scenario", &about.scenario),
        ],
        ..Resource::default()
    }
}

fn data(family: &Family, start: u64, now: u64) -> metric::Data {
    let numbers = || {
        let points = family
            .series
            .iter()
            .filter_map(|series| match &series.value {
                Value::Number(value) => Some(NumberDataPoint {
                    attributes: attributes(&series.labels),
                    start_time_unix_nano: start,
                    time_unix_nano: now,
                    value: Some(number_data_point::Value::AsDouble(*value)),
                    ..NumberDataPoint::default()
                }),
                Value::Distribution(_) => None,
            });
        points.collect()
    };
    match family.kind {
        MetricType::Counter => metric::Data::Sum(Sum {
            data_points: numbers(),
            aggregation_temporality: AggregationTemporality::Cumulative.into(),
            is_monotonic: true,
        }),
        MetricType::Gauge => metric::Data::Gauge(Gauge {
            data_points: numbers(),
        }),
        MetricType::Summary => {
            let points = family
                .series
                .iter()
                .filter_map(|series| match &series.value {
                    Value::Number(_) => None,
                    Value::Distribution(it) => Some(SummaryDataPoint {
                        attributes: attributes(&series.labels),
                        start_time_unix_nano: start,
                        time_unix_nano: now,
                        count: it.count,
                        sum: it.sum,
                        quantile_values: it
                            .quantiles
                            .iter()
                            .map(|(quantile, value)| ValueAtQuantile {
                                quantile: *quantile,
                                value: *value,
                            })
                            .collect(),
                        ..SummaryDataPoint::default()
                    }),
                });
            metric::Data::Summary(Summary {
                data_points: points.collect(),
            })
        }
    }
}

fn attributes(labels: &Labels) -> Vec<KeyValue> {
    labels
        .iter()
        .map(|(name, value)| text(name, value))
        .collect()
}

/// Nanoseconds since 1970.
pub(super) fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
