//! Observations in the journal: each scrape is a record, so that a run that was killed keeps what
//! it had seen.

use super::{Observed, build::limit, model::Threshold};
use loadgen_core::time::{Nanos, nanos};
use loadgen_gate as gate;
use loadgen_observe::{self as observe, Sample, Scrape};
use loadgen_plan::{Plan, observe::Limit};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// Sources, and the thresholds on their metrics: part of the first line.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct ObservedSources {
    sources: Vec<String>,
    limits: Vec<Limit>,
    warmup_ns: Nanos,
}

/// Record of one scrape.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ObservationRecord {
    source: usize,
    at_ns: Nanos,
    /// Metrics of it that were not seen before, with their units.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    new: Vec<(String, String)>,
    /// Places among the metrics seen so far, values, and by how much counters rose.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    samples: Vec<(usize, f64, Option<f64>)>,
    /// Reason for a failed scrape.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Writes records. Knows, by source, the indices of its metrics.
#[derive(Debug, Default)]
pub(super) struct ObservationWriter {
    known: HashMap<usize, HashMap<String, usize>>,
}

/// Reads records back: by source, its metrics with their units, and the series.
#[derive(Debug)]
pub(super) struct ObservationReader {
    sources: Vec<(Vec<(String, String)>, observe::Observed)>,
}

impl ObservedSources {
    pub fn of(plan: &Plan) -> Self {
        let background = &plan.background;
        Self {
            sources: background
                .observe
                .iter()
                .map(|own| own.name.clone())
                .collect(),
            limits: background.limits.clone(),
            warmup_ns: nanos(plan.warmup),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }
}

impl ObservationWriter {
    pub fn record(&mut self, scrape: &Scrape) -> ObservationRecord {
        let known = self.known.entry(scrape.source).or_default();
        let mut new = Vec::new();
        let mut index_of = |sample: &Sample| match known.get(&sample.metric) {
            Some(index) => *index,
            None => {
                new.push((sample.metric.clone(), sample.unit.to_string()));
                known.insert(sample.metric.clone(), known.len());
                known.len() - 1
            }
        };
        let samples = scrape.samples.iter().flatten();
        let samples = samples.map(|sample| (index_of(sample), sample.value, sample.rose));
        ObservationRecord {
            samples: samples.collect(),
            source: scrape.source,
            at_ns: scrape.at,
            problem: scrape.samples.as_ref().err().cloned(),
            new,
        }
    }
}

impl ObservationReader {
    pub fn of(watch: &ObservedSources) -> Self {
        let own = |_| (Vec::new(), observe::Observed::new(watch.warmup_ns));
        let sources = watch.sources.iter().map(own);
        Self {
            sources: sources.collect(),
        }
    }

    /// Adds a record; what it cannot have seen is passed over.
    pub fn take(&mut self, record: ObservationRecord) {
        let Some((known, observed)) = self.sources.get_mut(record.source) else {
            return;
        };
        known.extend(record.new);
        let samples = record
            .samples
            .into_iter()
            .filter_map(|(index, value, rose)| {
                let (metric, unit) = known.get(index)?.clone();
                Some(Sample {
                    metric,
                    unit: unit.into(),
                    value,
                    rose,
                })
            });
        let samples = match record.problem {
            None => Ok(samples.collect()),
            Some(problem) => Err(problem),
        };
        observed.take(record.at_ns, &samples);
    }

    /// Returns the series, by the names of the sources.
    pub fn observed(&self, watch: &ObservedSources) -> BTreeMap<String, Observed> {
        let all = watch.sources.iter().zip(&self.sources);
        all.map(|(name, (_, observed))| (name.clone(), Observed::of(observed)))
            .collect()
    }

    /// Returns the verdicts on the thresholds.
    pub fn limits(&self, watch: &ObservedSources) -> Vec<Threshold> {
        let limits = watch.limits.iter().map(|own| {
            let series = self.sources.get(own.source);
            let series = series.map_or(&[][..], |(_, observed)| &observed.series);
            limit(own, &gate::observed(own, series))
        });
        limits.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_core::time::SECOND;
    use loadgen_plan::observe::parse;

    #[test]
    fn what_is_written_down_is_what_was_observed() {
        let sample = |metric: &str, value: f64, rose: Option<f64>| Sample {
            metric: metric.to_owned(),
            unit: if rose.is_some() { "/s" } else { "" }.into(),
            value,
            rose,
        };
        let scrape = |at: u64, samples| Scrape {
            source: 0,
            at: at * SECOND,
            samples,
        };
        let all = [
            scrape(0, Ok(vec![sample("pool", 3.0, None)])),
            scrape(1, Err("refused".to_owned())),
            scrape(
                2,
                Ok(vec![
                    sample("orders{status=\"a b\"}", 0.1, Some(0.2)),
                    sample("pool", 1.0 / 3.0, None),
                ]),
            ),
            scrape(
                3,
                Ok(vec![sample("orders{status=\"a b\"}", 7.0, Some(7.0))]),
            ),
        ];
        let (_, condition) = parse("observe.app.orders{status=\"a b\"} delta < 10%").unwrap();
        let watch = ObservedSources {
            sources: vec!["app".to_owned()],
            limits: vec![Limit {
                expr: "as it is".to_owned(),
                source: 0,
                condition,
            }],
            warmup_ns: 0,
        };
        let (mut writer, mut reader) =
            (ObservationWriter::default(), ObservationReader::of(&watch));
        let mut truth = observe::Observed::default();
        for scrape in &all {
            truth.take(scrape.at, &scrape.samples);
            let line = serde_json::to_string(&writer.record(scrape)).unwrap();
            assert_eq!(line.contains("pool"), scrape.at == 0, "{line}");
            reader.take(serde_json::from_str(&line).unwrap());
        }
        assert_eq!(reader.observed(&watch)["app"], Observed::of(&truth));
        let watch: ObservedSources =
            serde_json::from_str(&serde_json::to_string(&watch).unwrap()).unwrap();
        let limits = reader.limits(&watch);
        assert_eq!(limits[0].observed, Some(720.0));
        assert_eq!((limits[0].limit, limits[0].ok), (10.0, false));
        assert_eq!((&*limits[0].unit, &*limits[0].expr), ("%", "as it is"));
    }
}
