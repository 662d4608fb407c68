//! Details that only the larger displays show: the history of the run, and figures per step and
//! error class.

use super::history::{History, latency};
use loadgen_driver::ErrorClass;
use loadgen_plan::threshold::Scope;
use loadgen_record::{Hist, Measures, RunTotals, Snapshot, period::MeasuredPart};
use std::{collections::BTreeSet, sync::Arc};

/// Most different messages shown of an error class.
const MESSAGES: usize = 3;

/// The course so far.
#[derive(Debug, Clone, Default)]
pub struct Details {
    /// Second by second, as far as there is room.
    pub history: History,
    /// All requests, then those of each step and the runs of each group, from the start to now.
    pub rows: Arc<Vec<Row>>,
    /// Error classes that occurred, the most frequent first.
    pub classes: Arc<Vec<Class>>,
}

/// Requests from the start of the run to now.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Requests that ended.
    pub count: u64,
    /// Requests per second of the load; None for a group, whose repetitions are none.
    pub rate: Option<f64>,
    /// Requests that failed.
    pub errors: u64,
    /// Response times in ns: p50, p95, p99, max.
    pub latency: Option<[f64; 4]>,
}

/// Failures of a class.
#[derive(Debug, Clone)]
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// Number of failures, of all steps.
    pub count: u64,
    /// Some different ones, as they were seen.
    pub samples: Vec<String>,
}

impl Details {
    /// Takes the next second, and the totals up to its end.
    pub fn update(&mut self, snapshot: &Snapshot, totals: &RunTotals) {
        self.history.push(snapshot);
        let (mut all, mut rows) = (Hist::default(), vec![Row::default()]);
        // The warm-up measures no seconds: the minimum avoids a division by zero.
        let rate = |count: u64, seconds: f64| Some(count as f64 / seconds.max(f64::MIN_POSITIVE));
        let row = |measures: &Measures, times: &Hist, rate| Row {
            count: measures.count(),
            rate,
            errors: measures.errors(),
            latency: latency(times),
        };
        for (index, step) in totals.steps.iter().enumerate() {
            let times = step.latency();
            all.add(&times);
            let seconds = totals.seconds_of_part(MeasuredPart::Step(index));
            rows.push(row(step, &times, rate(step.in_time(), seconds)));
        }
        let in_time = totals.steps.iter().map(Measures::in_time).sum();
        rows[0] = Row {
            count: rows.iter().map(|row| row.count).sum(),
            rate: rate(in_time, totals.seconds_of(Scope::Totals)),
            errors: rows.iter().map(|row| row.errors).sum(),
            latency: latency(&all),
        };
        rows.extend(
            totals
                .groups
                .iter()
                .map(|group| row(group, &group.latency(), None)),
        );
        self.rows = Arc::new(rows);
        self.classes = Arc::new(classes(totals));
    }
}

fn classes(totals: &RunTotals) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::new();
    for class in ErrorClass::ALL {
        let own = totals.steps.iter().map(|step| step.by_class[class]);
        let count = own.sum();
        if count == 0 {
            continue;
        }
        let samples = totals.steps.iter().flat_map(|step| &step.samples);
        let mut seen = BTreeSet::new();
        let different = samples
            .filter(|sample| sample.class == class)
            .map(|sample| &sample.message)
            .filter(|message| seen.insert(*message));
        classes.push(Class {
            name: class.name(),
            count,
            samples: different.take(MESSAGES).cloned().collect(),
        });
    }
    classes.sort_by_key(|class| std::cmp::Reverse(class.count));
    classes
}
