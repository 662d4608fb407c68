//! Series of a source's metrics, built from its scrapes.

use loadgen_core::time::{Nanos, SECOND};
use loadgen_record::Series;
use std::borrow::Cow;

/// Most series of one source; further ones are left out.
const MOST_SERIES: usize = 500;

/// A rate over less would be chance.
const SHORTEST: Nanos = SECOND / 2;

/// A number of a metric at one time.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Name of the metric.
    pub metric: String,
    /// In what: `s`, `B`, `/s`, `B/s`, `ratio` (of one); empty for plain numbers.
    pub unit: Cow<'static, str>,
    /// Value.
    pub value: f64,
    /// By how much its counter rose since the sample before.
    pub rose: Option<f64>,
}

impl Sample {
    pub(super) fn level(metric: String, unit: &'static str, value: f64) -> Self {
        Self {
            metric,
            unit: unit.into(),
            value,
            rose: None,
        }
    }

    pub(super) fn share(metric: String, value: f64) -> Self {
        Self::level(metric, "ratio", value)
    }

    pub(super) fn rate(metric: String, unit: &'static str, rose: f64, seconds: f64) -> Self {
        Self {
            metric,
            unit: unit.into(),
            value: rose / seconds,
            rose: Some(rose),
        }
    }
}

/// All that was observed of one source.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// By metric, in the order in which they were first seen.
    pub series: Vec<Series>,
    /// Number of failed scrapes.
    pub failures: u64,
    /// Last error, or another note.
    pub message: Option<String>,
    /// Before this it is shown, but in no statistic.
    warmup: Nanos,
    /// Time of the last successful scrape.
    before: Option<Nanos>,
}

impl Observed {
    /// Prepares for a source in a run with this end of the warm-up.
    pub fn new(warmup: Nanos) -> Self {
        Self {
            warmup,
            ..Self::default()
        }
    }

    /// Adds what a look at the source gave.
    pub fn take(&mut self, at: Nanos, samples: &Result<Vec<Sample>, String>) {
        let samples = match samples {
            Ok(samples) => samples,
            Err(problem) => {
                self.failures += 1;
                self.message = Some(problem.clone());
                return;
            }
        };
        let before = self.before.replace(at);
        let short = before.is_some_and(|before| at - before < SHORTEST);
        let warm = |since: Nanos| since < self.warmup;
        let (warm_level, warm_rate) = (warm(at), before.is_some_and(warm));
        let at = at as f64 / SECOND as f64;
        for sample in samples {
            let Some(series) = self.series_of(sample) else {
                let text = format!("more than {MOST_SERIES} series: those beyond are left out");
                self.message.get_or_insert(text);
                continue;
            };
            match sample.rose {
                Some(_) if warm_rate => series.show(at, sample.value),
                None if warm_level => series.show(at, sample.value),
                Some(rose) if short && series.samples() > 0 => series.rise(rose),
                rose => series.push(at, sample.value, rose),
            }
        }
    }

    fn series_of(&mut self, sample: &Sample) -> Option<&mut Series> {
        let known = self
            .series
            .iter()
            .position(|own| own.metric == sample.metric);
        let index = match known {
            Some(index) => index,
            None if self.series.len() == MOST_SERIES => return None,
            None => {
                self.series.push(Series::new(&sample.metric, &sample.unit));
                self.series.len() - 1
            }
        };
        Some(&mut self.series[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_plan::observe::Statistic;

    #[test]
    fn what_rose_at_the_end_counts_without_a_rate_of_its_own() {
        let mut observed = Observed::default();
        let rate = |rose: f64, passed: f64| {
            let sample = Sample::rate("orders".to_owned(), "/s", rose, passed);
            Ok(vec![sample, Sample::level("pool".to_owned(), "", rose)])
        };
        observed.take(SECOND, &rate(10.0, 1.0));
        observed.take(SECOND + SECOND / 100, &rate(5.0, 0.01));
        let [orders, pool] = &observed.series[..] else {
            panic!("{observed:?}");
        };
        assert_eq!(orders.points(), [(1.0, 10.0)]);
        assert_eq!(orders.statistic(Statistic::Max), Some(10.0));
        assert_eq!(orders.statistic(Statistic::Delta), Some(15.0));
        assert_eq!(pool.points().len(), 2);
        // The only one there is has to do.
        let mut brief = Observed::default();
        brief.take(0, &Ok(Vec::new()));
        brief.take(SECOND / 10, &rate(3.0, 0.1));
        assert_eq!(brief.series[0].statistic(Statistic::Delta), Some(3.0));
    }

    #[test]
    fn a_warm_up_is_shown_and_in_no_statistic() {
        let mut observed = Observed::new(2 * SECOND);
        for second in 0..4 {
            let mut samples = vec![Sample::level("pool".to_owned(), "", second as f64)];
            if second > 0 {
                samples.push(Sample::rate("orders".to_owned(), "/s", 5.0, 1.0));
            }
            observed.take(second * SECOND, &Ok(samples));
        }
        let [pool, orders] = &observed.series[..] else {
            panic!("{observed:?}");
        };
        assert_eq!((pool.points().len(), orders.points().len()), (4, 3));
        assert_eq!(pool.statistic(Statistic::Min), Some(2.0));
        // Only what rose after it.
        assert_eq!(orders.statistic(Statistic::Delta), Some(5.0));
    }

    #[test]
    fn a_source_that_fails_is_counted_and_one_that_says_too_much_is_cut() {
        let mut observed = Observed::default();
        observed.take(0, &Err("refused".to_owned()));
        assert_eq!(
            (observed.failures, observed.message.as_deref()),
            (1, Some("refused"))
        );
        let mut observed = Observed::default();
        let many = (0..MOST_SERIES + 3).map(|n| Sample::level(format!("m{n}"), "", 1.0));
        observed.take(0, &Ok(many.collect()));
        assert_eq!(observed.series.len(), MOST_SERIES);
        assert!(observed.message.unwrap().contains("are left out"));
    }
}
