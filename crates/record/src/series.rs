//! The course of something that was sampled, in bounded memory.

use super::timeline::MOST_ENTRIES;
use loadgen_plan::observe::Statistic;

/// Samples of one metric in order. When there are too many points, neighbours become their mean;
/// the statistics are of all samples, whatever became of the points.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Name of the metric.
    pub metric: String,
    /// In what; empty for plain numbers.
    pub unit: String,
    /// Points: seconds from the start of the run, and values.
    points: Vec<(f64, f64)>,
    /// Samples of each point.
    width: u64,
    open: Option<Open>,
    count: u64,
    sum: f64,
    min: f64,
    max: f64,
    last: f64,
    rose: Option<f64>,
}

/// The point that samples are being added to.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Open {
    start: f64,
    sum: f64,
    count: u64,
}

impl Series {
    /// Without samples.
    pub fn new(metric: &str, unit: &str) -> Self {
        Self {
            metric: metric.to_owned(),
            unit: unit.to_owned(),
            points: Vec::new(),
            width: 1,
            open: None,
            count: 0,
            sum: 0.0,
            min: f64::INFINITY,
            max: f64::NEG_INFINITY,
            last: f64::NAN,
            rose: None,
        }
    }

    /// Adds a sample, and by how much its counter rose before it, if it is of one.
    pub fn push(&mut self, at: f64, value: f64, rose: Option<f64>) {
        self.count += 1;
        self.sum += value;
        self.min = self.min.min(value);
        self.max = self.max.max(value);
        self.last = value;
        if let Some(rose) = rose {
            self.rise(rose);
        }
        self.show(at, value);
    }

    /// Adds a sample to its course, which is in no statistic.
    pub fn show(&mut self, at: f64, value: f64) {
        let open = self.open.get_or_insert(Open {
            start: at,
            sum: 0.0,
            count: 0,
        });
        open.sum += value;
        open.count += 1;
        if open.count == self.width {
            self.points.push(open.point());
            self.open = None;
        }
        if self.points.len() >= MOST_ENTRIES {
            let pairs = self.points.chunks(2);
            self.points = pairs
                .map(|pair| {
                    let sum: f64 = pair.iter().map(|(_, value)| value).sum();
                    (pair[0].0, sum / pair.len() as f64)
                })
                .collect();
            self.width *= 2;
        }
    }

    /// Adds what its counter rose by, without a sample.
    pub fn rise(&mut self, rose: f64) {
        *self.rose.get_or_insert(0.0) += rose;
    }

    /// Its points: when, and how much.
    pub fn points(&self) -> Vec<(f64, f64)> {
        let open = self.open.iter().map(Open::point);
        self.points.iter().copied().chain(open).collect()
    }

    /// Returns the number of samples.
    pub fn samples(&self) -> u64 {
        self.count
    }

    /// One number for it; None when there was no sample, or no counter.
    pub fn statistic(&self, which: Statistic) -> Option<f64> {
        let value = match which {
            Statistic::Min => self.min,
            Statistic::Mean => self.sum / self.count as f64,
            Statistic::Max => self.max,
            Statistic::Last => self.last,
            Statistic::Delta => return self.rose,
            // A share needs more than one series.
            Statistic::Share => return None,
        };
        (self.count > 0).then_some(value)
    }
}

impl Open {
    fn point(&self) -> (f64, f64) {
        (self.start, self.sum / self.count as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statistics_are_of_all_samples() {
        let mut series = Series::new("m", "/s");
        for statistic in Statistic::ALL {
            assert_eq!(series.statistic(statistic.1), None);
        }
        for (at, value, rose) in [
            (0.0, 3.0, None),
            (1.0, 1.0, Some(1.0)),
            (2.0, 8.0, Some(9.0)),
        ] {
            series.push(at, value, rose);
        }
        let found = Statistic::ALL.map(|(_, statistic)| series.statistic(statistic));
        assert_eq!(
            found,
            [
                Some(1.0),
                Some(4.0),
                Some(4.0),
                Some(8.0),
                Some(8.0),
                Some(10.0),
                None
            ]
        );
        series.rise(2.5);
        assert_eq!(series.statistic(Statistic::Delta), Some(12.5));
        assert_eq!(series.samples(), 3);
        assert_eq!(series.points(), [(0.0, 3.0), (1.0, 1.0), (2.0, 8.0)]);
    }

    #[test]
    fn memory_is_bounded_however_long_the_run_is() {
        let mut series = Series::new("m", "");
        let samples = MOST_ENTRIES * 5 + 7;
        for at in 0..samples {
            series.push(at as f64, at as f64, None);
        }
        let points = series.points();
        assert!((MOST_ENTRIES / 4..=MOST_ENTRIES).contains(&points.len()));
        assert!(points.is_sorted_by(|a, b| a.0 < b.0));
        // Each point is the mean of those from its time on.
        assert_eq!(points[0], (0.0, 3.5));
        assert_eq!(series.samples(), samples as u64);
        assert_eq!(series.statistic(Statistic::Max), Some(samples as f64 - 1.0));
        assert_eq!(series.statistic(Statistic::Delta), None);
    }
}
