//! Metrics in no particular form.

/// A metric with all its series.
#[derive(Debug, Clone)]
pub(super) struct Family {
    pub name: String,
    pub help: &'static str,
    pub kind: MetricType,
    pub series: Vec<Series>,
}

/// Type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MetricType {
    /// Only grows.
    Counter,
    /// Rises and falls.
    Gauge,
    /// A distribution.
    Summary,
}

/// One series.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub labels: Labels,
    pub value: Value,
}

/// Names and values, in the order of the names.
pub(super) type Labels = Vec<(&'static str, String)>;

/// Some labels with more.
pub(super) fn with(mut labels: Labels, more: &[(&'static str, &str)]) -> Labels {
    labels.extend(
        more.iter()
            .map(|(name, value)| (*name, (*value).to_owned())),
    );
    labels.sort();
    labels
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Number(f64),
    Distribution(Distribution),
}

/// Times in seconds: percentiles of the last interval, sum and count since the start.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Distribution {
    /// By quantile, 0 to 1; empty when nothing happened in the interval.
    pub quantiles: Vec<(f64, f64)>,
    pub sum: f64,
    pub count: u64,
}

impl Family {
    pub(super) fn new(name: impl Into<String>, kind: MetricType, help: &'static str) -> Self {
        Self {
            name: name.into(),
            help,
            kind,
            series: Vec::new(),
        }
    }

    pub(super) fn number(&mut self, labels: Labels, value: f64) {
        self.series.push(Series {
            labels,
            value: Value::Number(value),
        });
    }

    pub(super) fn distribution(&mut self, labels: Labels, value: Distribution) {
        self.series.push(Series {
            labels,
            value: Value::Distribution(value),
        });
    }

    /// Every sample by its own name, as Prometheus has it.
    pub(super) fn samples(&self) -> Vec<(String, Labels, f64)> {
        let mut samples = Vec::new();
        for Series { labels, value } in &self.series {
            match value {
                Value::Number(number) => samples.push((self.name.clone(), labels.clone(), *number)),
                Value::Distribution(it) => {
                    for (quantile, value) in &it.quantiles {
                        let mut labels = labels.clone();
                        labels.push(("quantile", quantile.to_string()));
                        labels.sort();
                        samples.push((self.name.clone(), labels, *value));
                    }
                    samples.push((format!("{}_sum", self.name), labels.clone(), it.sum));
                    let count = it.count as f64;
                    samples.push((format!("{}_count", self.name), labels.clone(), count));
                }
            }
        }
        samples
    }
}
