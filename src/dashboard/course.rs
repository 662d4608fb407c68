//! What only displays with room for it show: the course of the run, and where it stands per step
//! and error class.

use super::history::{History, latency};
use crate::{
    driver::ErrorClass,
    record::{Hist, Measures, RunTotals, Snapshot},
};
use std::{collections::BTreeSet, sync::Arc};

/// Most different messages shown of an error class.
const MESSAGES: usize = 3;

/// The course so far.
#[derive(Debug, Clone, Default)]
pub struct Course {
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
    /// How many ended.
    pub count: u64,
    /// The same per second.
    pub rate: f64,
    /// Those that failed.
    pub errors: u64,
    /// Response times in ns: p50, p95, p99, max.
    pub latency: Option<[f64; 4]>,
}

/// Failures of a class.
#[derive(Debug, Clone)]
pub struct Class {
    /// Its name.
    pub name: &'static str,
    /// How many, of all steps.
    pub count: u64,
    /// Some different ones, as they were seen.
    pub samples: Vec<String>,
}

impl Course {
    /// Takes the next second, and the totals up to its end.
    pub fn update(&mut self, snapshot: &Snapshot, totals: &RunTotals) {
        self.history.push(snapshot);
        let (mut all, mut rows) = (Hist::default(), vec![Row::default()]);
        let row = |measures: &Measures, times: &Hist| Row {
            count: measures.count(),
            // Nothing is measured in the warm-up.
            rate: measures.count() as f64 / totals.seconds().max(f64::MIN_POSITIVE),
            errors: measures.errors(),
            latency: latency(times),
        };
        for step in &totals.steps {
            let times = step.latency();
            all.add(&times);
            rows.push(row(step, &times));
        }
        rows[0] = Row {
            count: rows.iter().map(|row| row.count).sum(),
            rate: rows.iter().map(|row| row.rate).sum(),
            errors: rows.iter().map(|row| row.errors).sum(),
            latency: latency(&all),
        };
        rows.extend(
            totals
                .groups
                .iter()
                .map(|group| row(group, &group.latency())),
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
