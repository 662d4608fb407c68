//! The course of a run as live displays draw it: the last minutes second by second, what lies
//! before them ever coarser, so that its memory does not grow with the length of the run.

use super::LogHistogram;
use loadgen_core::metric::Counter;
use loadgen_driver::ByClass;
use loadgen_record::{Hist, Measures, Snapshot};
use std::{collections::VecDeque, sync::Arc};

/// Seconds that are kept one by one.
const FINE: usize = 300;
/// Most points that stand for what lies before those.
const COARSE: usize = 300;

/// Some seconds of the run.
#[derive(Debug, Clone)]
pub struct Point {
    /// The first of them, from the start of the run.
    pub second: u64,
    /// Number of seconds.
    pub seconds: u64,
    /// Active users at their end.
    pub users: u64,
    /// Task runs under way at their end.
    pub in_flight: u64,
    /// Arrivals waiting for a slot at their end.
    pub queued: u64,
    /// Arrivals that found the queue full.
    pub dropped: u64,
    /// Failures by class.
    pub by_class: ByClass,
    /// All requests, then those of each step, then the runs of each group: as
    /// [`super::Outline::series`] names them.
    pub series: Vec<Series>,
}

/// Measurements of some requests, or of runs of a group.
#[derive(Debug, Clone, Default)]
pub struct Series {
    /// Requests that ended.
    pub count: u64,
    /// Requests that failed.
    pub errors: u64,
    /// Response times in ns: p50, p95, p99, max. None when nothing ended. Those of several seconds
    /// are the spread's: up to 6 % too high.
    pub latency: Option<[f64; 4]>,
    /// Response times.
    pub times: LogHistogram,
}

/// Points in order of time.
#[derive(Debug, Clone)]
pub struct History {
    coarse: Vec<Arc<Point>>,
    /// Seconds per point of `coarse`, but for the last, which may be shorter.
    width: u64,
    fine: VecDeque<Arc<Point>>,
}

impl Default for History {
    fn default() -> Self {
        Self {
            coarse: Vec::new(),
            width: 1,
            fine: VecDeque::new(),
        }
    }
}

impl History {
    /// Appends the next second.
    pub fn push(&mut self, snapshot: &Snapshot) {
        self.fine.push_back(Arc::new(Point::of(snapshot)));
        if self.fine.len() <= FINE {
            return;
        }
        let Some(oldest) = self.fine.pop_front() else {
            return;
        };
        match self.coarse.last_mut() {
            Some(open) if open.seconds < self.width => Arc::make_mut(open).merge(&oldest),
            _ => self.coarse.push(oldest),
        }
        if self.coarse.len() > COARSE {
            self.width *= 2;
            let mut merged = Vec::with_capacity(COARSE);
            for pair in self.coarse.chunks(2) {
                let mut point = Point::clone(&pair[0]);
                pair[1..].iter().for_each(|next| point.merge(next));
                merged.push(Arc::new(point));
            }
            self.coarse = merged;
        }
    }

    /// All points.
    pub fn points(&self) -> impl DoubleEndedIterator<Item = &Point> {
        self.coarse.iter().chain(&self.fine).map(|point| &**point)
    }
}

impl Point {
    fn of(snapshot: &Snapshot) -> Self {
        let mut all = Hist::default();
        let mut by_class = ByClass::default();
        let mut series = vec![Series::default()];
        for measures in &snapshot.steps {
            let times = measures.latency();
            all.add(&times);
            series.push(Series::of(measures, &times));
            by_class += measures.by_class;
        }
        series[0] = Series {
            count: series.iter().map(|step| step.count).sum(),
            errors: series.iter().map(|step| step.errors).sum(),
            latency: latency(&all),
            times: LogHistogram::of(&all),
        };
        let groups = snapshot.groups.iter();
        series.extend(groups.map(|measures| Series::of(measures, &measures.latency())));
        Self {
            second: snapshot.second,
            seconds: 1,
            users: snapshot.users,
            in_flight: snapshot.in_flight,
            queued: snapshot.queued,
            dropped: snapshot
                .tasks
                .iter()
                .map(|task| task[Counter::Dropped])
                .sum(),
            by_class,
            series,
        }
    }

    /// Takes in the seconds that follow.
    fn merge(&mut self, next: &Point) {
        self.seconds += next.seconds;
        self.users = next.users;
        self.in_flight = next.in_flight;
        self.queued = next.queued;
        self.dropped += next.dropped;
        self.by_class += next.by_class;
        for (mine, more) in self.series.iter_mut().zip(&next.series) {
            mine.merge(more);
        }
    }

    /// Returns the rate per second.
    pub fn rate(&self, number: u64) -> f64 {
        number as f64 / self.seconds as f64
    }

    /// Returns the end, in seconds from the start of the run.
    pub fn end(&self) -> f64 {
        (self.second + self.seconds) as f64
    }
}

impl Series {
    fn of(measures: &Measures, times: &Hist) -> Self {
        Self {
            count: measures.count(),
            errors: measures.errors(),
            latency: latency(times),
            times: LogHistogram::of(times),
        }
    }

    fn merge(&mut self, next: &Series) {
        self.count += next.count;
        self.errors += next.errors;
        self.times.add(&next.times);
        let greatest = |series: &Series| series.latency.map_or(0.0, |[.., max]| max);
        let max = greatest(self).max(greatest(next));
        let at = |percent| Some(self.times.percentile(percent)?.min(max));
        self.latency = (|| Some([at(50.0)?, at(95.0)?, at(99.0)?, max]))();
    }
}

/// p50, p95, p99 and the longest, in ns.
pub fn latency(times: &Hist) -> Option<[f64; 4]> {
    let at = |percent| times.percentile(percent).map(|ns| ns as f64);
    Some([at(50.0)?, at(95.0)?, at(99.0)?, times.max()? as f64])
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_core::metric::Timer;
    use loadgen_driver::ErrorClass;
    use loadgen_record::Size;
    use loadgen_report::fixture::{MS, fail};

    fn second(number: u64) -> Snapshot {
        let mut snapshot = Snapshot::new(number, Size::new(3, 2, 0));
        snapshot.users = number;
        snapshot.steps[0][Timer::Ok].record((number % 100 + 1) * MS);
        snapshot.steps[2][Timer::Ok].record(5 * MS);
        if number.is_multiple_of(10) {
            fail(&mut snapshot, ErrorClass::Timeout, "late", 900 * MS);
        }
        snapshot
    }

    fn history(seconds: u64) -> History {
        let mut history = History::default();
        (0..seconds).for_each(|number| history.push(&second(number)));
        history
    }

    #[test]
    fn a_short_run_is_kept_second_by_second() {
        let history = history(300);
        let points: Vec<&Point> = history.points().collect();
        assert_eq!(points.len(), 300);
        assert!(points.iter().all(|point| point.seconds == 1));
        assert_eq!(points[20].series[0].count, 3);
        assert_eq!(points[20].series[0].errors, 1);
        assert_eq!(points[20].by_class[ErrorClass::Timeout], 1);
        let [p50, _, _, max] = points[20].series[1].latency.unwrap();
        assert!((20e6..21.1e6).contains(&p50), "{p50}");
        assert!((900e6..901e6).contains(&max), "{max}");
        assert_eq!(points[20].series[2].latency, None);
    }

    #[test]
    fn groups_come_after_the_steps_and_are_no_requests() {
        let mut snapshot = Snapshot::new(0, Size::new(2, 1, 1));
        snapshot.steps[1][Timer::Ok].record(2 * MS);
        snapshot.groups[0][Timer::Ok].record(7 * MS);
        let series = Point::of(&snapshot).series;
        let counts: Vec<u64> = series.iter().map(|one| one.count).collect();
        assert_eq!(counts, [1, 0, 1, 1]);
        let [p50, ..] = series[3].latency.unwrap();
        assert!((6.9e6..7.1e6).contains(&p50), "{p50}");
    }

    #[test]
    fn a_long_run_is_kept_whole_in_few_points() {
        for seconds in [301, 601, 2_000] {
            let history = history(seconds);
            let points: Vec<&Point> = history.points().collect();
            assert!(points.len() <= FINE + COARSE, "{}", points.len());
            // Without gap or overlap, and nothing lost.
            let mut next = 0;
            for point in &points {
                assert_eq!(point.second, next);
                next += point.seconds;
            }
            assert_eq!(next, seconds);
            let count: u64 = points.iter().map(|point| point.series[0].count).sum();
            assert_eq!(count, 2 * seconds + seconds.div_ceil(10));
            assert!(
                points
                    .iter()
                    .rev()
                    .take(FINE)
                    .all(|point| point.seconds == 1)
            );
        }
    }

    #[test]
    fn percentiles_of_merged_seconds_are_those_of_all_their_times() {
        let history = history(2_000);
        let point = history.points().next().unwrap();
        assert!(point.seconds >= 8);
        let mut exact = Hist::default();
        for number in 0..point.seconds {
            exact.add(&second(number).steps[0].latency());
        }
        let merged = point.series[1].latency.unwrap();
        for (merged, exact) in merged.iter().zip(latency(&exact).unwrap()) {
            assert!(
                (0.999..1.06).contains(&(merged / exact)),
                "{merged} {exact}"
            );
        }
    }
}
