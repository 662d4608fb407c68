//! Pages of metrics in Prometheus's text format, and in OpenMetrics's.

use super::Sample;
use loadgen_plan::observe::{SERVER, family, matches};
use std::collections::{BTreeMap, HashMap};

/// More lines of a page are not read.
const MOST_LINES: usize = 20_000;

/// The quantiles that are told of a histogram.
const QUANTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.95, "p95"), (0.99, "p99")];

/// Makes samples of one page after the other.
#[derive(Debug)]
pub struct Reader {
    metrics: Vec<String>,
    by: Vec<String>,
    /// By server and series: what each counter was, and when that was.
    counters: HashMap<String, f64>,
    before: Option<f64>,
}

/// Type of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MetricType {
    Counter,
    Gauge,
    Histogram,
    Summary,
}

/// A line of a page.
#[derive(Debug, PartialEq)]
struct Line<'a> {
    name: &'a str,
    labels: Vec<(&'a str, String)>,
    value: f64,
}

/// Sums over servers and labels.
#[derive(Debug, Default)]
struct Sums {
    gauges: BTreeMap<String, f64>,
    /// Increases of counters.
    counters: BTreeMap<String, f64>,
    /// By upper bound: what each bucket rose by, those below included.
    buckets: BTreeMap<String, Vec<(f64, f64)>>,
}

impl Reader {
    /// Keeps these metrics, told apart by these labels.
    pub fn new(metrics: &[String], by: &[String]) -> Self {
        Self {
            metrics: metrics.to_vec(),
            by: by.to_vec(),
            counters: HashMap::new(),
            before: None,
        }
    }

    /// The samples of the pages of all servers at a time in seconds. What rises has none the first
    /// time.
    pub fn read(&mut self, at: f64, pages: &[&str]) -> Vec<Sample> {
        let mut sums = Sums::default();
        for (server, page) in pages.iter().enumerate() {
            self.page(server, page, &mut sums);
        }
        let passed = self.before.replace(at).map(|before| at - before);
        let mut samples: Vec<Sample> = sums
            .gauges
            .into_iter()
            .map(|(metric, value)| Sample::level(metric, "", value))
            .collect();
        let Some(passed) = passed.filter(|passed| *passed > 0.0) else {
            return samples;
        };
        let rates = sums.counters.into_iter();
        samples.extend(rates.map(|(metric, rose)| Sample::rate(metric, "/s", rose, passed)));
        for (metric, buckets) in sums.buckets {
            for (quantile, name) in QUANTILES {
                if let Some(value) = self::quantile(&buckets, quantile) {
                    let (own, labels) = metric.split_at(family(&metric).len());
                    let unit = if own.ends_with("_seconds") { "s" } else { "" };
                    samples.push(Sample::level(format!("{own}_{name}{labels}"), unit, value));
                }
            }
        }
        samples
    }

    fn page(&mut self, server: usize, page: &str, sums: &mut Sums) {
        let mut kinds: HashMap<&str, MetricType> = HashMap::new();
        for text in page.lines().take(MOST_LINES) {
            if let Some(rest) = text.strip_prefix("# TYPE ") {
                if let Some((name, kind)) = rest.trim().split_once(' ') {
                    let kind = match kind.trim() {
                        "counter" => MetricType::Counter,
                        "histogram" => MetricType::Histogram,
                        "summary" => MetricType::Summary,
                        _ => MetricType::Gauge,
                    };
                    kinds.insert(name, kind);
                }
                continue;
            }
            if let Some(line) = Line::parse(text).filter(|line| line.value.is_finite()) {
                self.line(server, text, &line, &kinds, sums);
            }
        }
    }

    fn line(
        &mut self,
        server: usize,
        text: &str,
        line: &Line<'_>,
        kinds: &HashMap<&str, MetricType>,
        sums: &mut Sums,
    ) {
        // A histogram's lines have endings that its type has not; so have OpenMetrics's counters.
        let family = ["_total", "_bucket", "_count", "_sum", "_created"]
            .iter()
            .find_map(|ending| {
                let family = line.name.strip_suffix(ending)?;
                Some((family, *ending, *kinds.get(family)?))
            });
        let (family, ending, kind) = match (kinds.get(line.name), family) {
            (Some(kind), _) => (line.name, "", *kind),
            (None, Some(found)) => found,
            (None, None) if line.name.ends_with("_total") => (line.name, "", MetricType::Counter),
            (None, None) => (line.name, "", MetricType::Gauge),
        };
        if ending == "_created" || !self.keeps(line.name, family) {
            return;
        }
        let series = |name: &str| format!("{name}{}", self.labels(server, line));
        match (kind, ending) {
            (MetricType::Gauge, _) => {
                *sums.gauges.entry(series(line.name)).or_default() += line.value
            }
            (MetricType::Summary, "") => {
                let Some((_, quantile)) = line.labels.iter().find(|(name, _)| *name == "quantile")
                else {
                    return;
                };
                // Quantiles cannot be added up: the worst is told.
                let name = format!(
                    "{family}_p{}",
                    quantile.parse::<f64>().unwrap_or(0.0) * 100.0
                );
                let worst = sums.gauges.entry(series(&name)).or_insert(f64::MIN);
                *worst = worst.max(line.value);
            }
            (MetricType::Histogram, "_bucket") => {
                let bound = line.labels.iter().find(|(name, _)| *name == "le");
                let Some(bound) = bound.and_then(|(_, bound)| bound_of(bound)) else {
                    return;
                };
                let series = series(family);
                let rose = self.rose(server, text, line.value);
                if let Some(rose) = rose {
                    let buckets = sums.buckets.entry(series).or_default();
                    match buckets.iter_mut().find(|(own, _)| *own == bound) {
                        Some((_, sum)) => *sum += rose,
                        None => buckets.push((bound, rose)),
                    }
                }
            }
            // The sum of a histogram is in its rate and its quantiles.
            (MetricType::Histogram | MetricType::Summary, "_sum") => {}
            _ => {
                let series = series(line.name);
                if let Some(rose) = self.rose(server, text, line.value) {
                    *sums.counters.entry(series).or_default() += rose;
                }
            }
        }
    }

    fn keeps(&self, name: &str, family: &str) -> bool {
        let wanted = |pattern: &String| matches(pattern, name) || matches(pattern, family);
        self.metrics.is_empty() || self.metrics.iter().any(wanted)
    }

    /// The labels by which series are told apart, as the page has them; a server's own if it has.
    fn labels(&self, server: usize, line: &Line<'_>) -> String {
        let kept = self.by.iter().filter_map(|wanted| {
            match line.labels.iter().find(|(name, _)| name == wanted) {
                Some((name, value)) => Some(format!("{name}={value:?}")),
                None if wanted == SERVER => Some(format!("{SERVER}=\"{}\"", server + 1)),
                None => None,
            }
        });
        let kept: Vec<String> = kept.collect();
        match kept.is_empty() {
            true => String::new(),
            false => format!("{{{}}}", kept.join(",")),
        }
    }

    /// By how much a counter rose since the last page; None the first time. One that is less than
    /// before began anew.
    fn rose(&mut self, server: usize, text: &str, value: f64) -> Option<f64> {
        let end = text
            .rfind('}')
            .map_or_else(|| text.find(' '), |end| Some(end + 1));
        let key = format!("{server} {}", &text[..end.unwrap_or(text.len())]);
        match self.counters.insert(key, value) {
            Some(before) if value >= before => Some(value - before),
            Some(_) => Some(value),
            // One that comes later began at nothing.
            None => self.before.map(|_| value),
        }
    }
}

fn bound_of(text: &str) -> Option<f64> {
    match text {
        "+Inf" => Some(f64::INFINITY),
        text => text.parse().ok(),
    }
}

/// The value below which a share of what a histogram counted lies, evenly spread within a bucket
/// as Prometheus has it; None when it counted nothing.
fn quantile(buckets: &[(f64, f64)], share: f64) -> Option<f64> {
    let mut buckets = buckets.to_vec();
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (_, all) = *buckets.last()?;
    if all <= 0.0 {
        return None;
    }
    let rank = share * all;
    let index = buckets.iter().position(|(_, count)| *count >= rank)?;
    let (bound, count) = buckets[index];
    let (start, below) = match index.checked_sub(1) {
        Some(before) => buckets[before],
        None => (0.0, 0.0),
    };
    if bound.is_infinite() {
        return Some(start);
    }
    let start = if index == 0 && bound <= 0.0 {
        bound
    } else {
        start
    };
    Some(start + (bound - start) * (rank - below) / (count - below).max(f64::MIN_POSITIVE))
}

impl<'a> Line<'a> {
    /// None for comments, blanks, and what is no line of a page.
    fn parse(text: &'a str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            return None;
        }
        let end = text.find(|c: char| c == '{' || c.is_whitespace())?;
        let (name, mut rest) = text.split_at(end);
        let mut labels = Vec::new();
        if let Some(inside) = rest.strip_prefix('{') {
            rest = inside.trim_start();
            loop {
                if let Some(after) = rest.strip_prefix('}') {
                    rest = after;
                    break;
                }
                let (label, after) = rest.split_once('=')?;
                let after = after.trim_start().strip_prefix('"')?;
                let mut value = String::new();
                let mut letters = after.char_indices();
                let end = loop {
                    match letters.next()? {
                        (at, '"') => break at + 1,
                        (_, '\\') => value.push(match letters.next()?.1 {
                            'n' => '\n',
                            other => other,
                        }),
                        (_, other) => value.push(other),
                    }
                };
                labels.push((label.trim(), value));
                rest = after[end..].trim_start();
                rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
            }
        }
        // A time, or an exemplar, may follow.
        let value = rest.split_whitespace().next()?;
        let value = match value {
            "+Inf" | "Inf" => f64::INFINITY,
            "-Inf" => f64::NEG_INFINITY,
            value => value.parse().ok()?,
        };
        Some(Self {
            name,
            labels,
            value,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn page(scale: f64) -> String {
        let text = [
            "# HELP http_requests_total Requests.".to_owned(),
            "# TYPE http_requests_total counter".to_owned(),
            format!(
                "http_requests_total{{path=\"/a \\\"b\\\"\",status=\"200\"}} {} 1700000000000",
                10.0 * scale
            ),
            format!(
                "http_requests_total{{path=\"/b\", status=\"500\",}} {}",
                2.0 * scale
            ),
            "# TYPE pool_in_use gauge".to_owned(),
            format!("pool_in_use{{pool=\"x\"}} {}", 3.0 * scale),
            "pool_in_use{pool=\"y\"} 1".to_owned(),
            "# TYPE took_seconds histogram".to_owned(),
            format!("took_seconds_bucket{{le=\"0.1\"}} {}", 50.0 * scale),
            format!("took_seconds_bucket{{le=\"0.2\"}} {}", 90.0 * scale),
            format!("took_seconds_bucket{{le=\"+Inf\"}} {}", 100.0 * scale),
            format!("took_seconds_count {}", 100.0 * scale),
            format!("took_seconds_sum {}", 9.0 * scale),
            "# TYPE gc summary".to_owned(),
            "gc{quantile=\"0.5\"} 0.25".to_owned(),
            "up NaN".to_owned(),
            "nonsense".to_owned(),
            "# TYPE orders counter".to_owned(),
            format!("orders_total {}", 7.0 * scale),
            "orders_created 17".to_owned(),
            "# EOF".to_owned(),
        ];
        text.join("\n")
    }

    fn told(samples: &[Sample]) -> Vec<String> {
        let mut told: Vec<String> = samples
            .iter()
            .map(|sample| format!("{} {:.4}{}", sample.metric, sample.value, sample.unit))
            .collect();
        told.sort();
        told
    }

    #[test]
    fn counters_are_rates_and_histograms_quantiles() {
        let mut reader = Reader::new(&[], &[]);
        let first = reader.read(1.0, &[&page(1.0)]);
        assert_eq!(told(&first), ["gc_p50 0.2500", "pool_in_use 4.0000"]);
        let second = reader.read(3.0, &[&page(2.0)]);
        assert_eq!(
            told(&second),
            [
                "gc_p50 0.2500",
                "http_requests_total 6.0000/s",
                "orders_total 3.5000/s",
                "pool_in_use 7.0000",
                "took_seconds_count 50.0000/s",
                "took_seconds_p50 0.1000s",
                "took_seconds_p95 0.2000s",
                "took_seconds_p99 0.2000s",
            ]
        );
        let rose: f64 = second.iter().filter_map(|sample| sample.rose).sum();
        assert_eq!(rose, 12.0 + 7.0 + 100.0);
    }

    #[test]
    fn servers_are_added_up_and_one_that_began_anew_is_no_drop() {
        let mut reader = Reader::new(&["http_*".to_owned()], &["status".to_owned()]);
        assert!(reader.read(0.0, &[&page(5.0), &page(1.0)]).is_empty());
        // The first was restarted and has counted a little since.
        let samples = reader.read(1.0, &[&page(1.0), &page(2.0)]);
        assert_eq!(
            told(&samples),
            [
                "http_requests_total{status=\"200\"} 20.0000/s",
                "http_requests_total{status=\"500\"} 4.0000/s",
            ]
        );
    }

    #[test]
    fn servers_are_told_apart_by_their_indices() {
        let mut reader = Reader::new(&["orders*".to_owned()], &["instance".to_owned()]);
        reader.read(0.0, &[&page(1.0), &page(1.0)]);
        let samples = reader.read(1.0, &[&page(2.0), &page(3.0)]);
        assert_eq!(
            told(&samples),
            [
                "orders_total{instance=\"1\"} 7.0000/s",
                "orders_total{instance=\"2\"} 14.0000/s",
            ]
        );
    }

    #[test]
    fn quantiles_are_those_of_the_interval() {
        let buckets = [(1.0, 10.0), (2.0, 20.0), (f64::INFINITY, 20.0)];
        assert_eq!(quantile(&buckets, 0.25), Some(0.5));
        assert_eq!(quantile(&buckets, 0.75), Some(1.5));
        assert_eq!(quantile(&[(f64::INFINITY, 3.0)], 0.5), Some(0.0));
        assert_eq!(quantile(&[(1.0, 0.0), (f64::INFINITY, 0.0)], 0.5), None);
        assert_eq!(quantile(&[], 0.5), None);
    }

    proptest! {
        #[test]
        fn no_page_is_a_panic(text in "[a-z_{}\"=, \\\\#0-9.\n+Inf-]*") {
            let mut reader = Reader::new(&[], &["a".to_owned()]);
            reader.read(0.0, &[&text]);
            reader.read(1.0, &[&text]);
        }
    }
}
