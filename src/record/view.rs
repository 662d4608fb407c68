//! What was measured of one scope: everything, a task or a group. Thresholds, reports and the live
//! display all look through it, so that one figure has one meaning.

use super::{Hist, Measures, Parts};
use crate::plan::{
    Label,
    threshold::{Distribution, Scope},
};
use std::borrow::Cow;

/// Measures of a scope.
///
/// Of everything: requests, merged over all steps; but `offered`, `dropped` and
/// [`View::interrupted`] are of task runs. Of a task: its runs, with latency from arrival to last
/// step; what belongs to single requests (service and connect times, bytes, retries, reconnects,
/// unknown, checks) is merged over the task's steps. Of a group likewise: its repetitions.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Histograms and counters as said above.
    pub measures: Measures,
    /// Task runs that ended.
    pub runs: u64,
    /// Task runs that were cut off at the end.
    pub interrupted: u64,
}

impl View {
    /// Looks at `scope`; `labels` are those of the plan's steps.
    pub fn of(scope: Scope, labels: &[Label], parts: Parts<'_>) -> Self {
        match scope {
            Scope::Totals => Self::totals(parts.steps, parts.tasks),
            Scope::Task(task) => {
                let runs = parts.tasks.get(task);
                Self::runs(runs, labels, parts.steps, |step| step.task_index == task)
            }
            Scope::Group(group) => {
                let runs = parts.groups.get(group);
                Self::runs(runs, labels, parts.steps, |step| {
                    step.groups.contains(&group)
                })
            }
        }
    }

    /// Looks at everything.
    pub fn totals(steps: &[Measures], tasks: &[Measures]) -> Self {
        let mut measures = Measures::default();
        for step in steps {
            measures.add(step);
        }
        measures.offered = tasks.iter().map(|task| task.offered).sum();
        measures.dropped = tasks.iter().map(|task| task.dropped).sum();
        Self {
            measures,
            runs: tasks.iter().map(Measures::count).sum(),
            interrupted: tasks.iter().map(Measures::interrupted).sum(),
        }
    }

    /// Runs of something, with what belongs to the requests of its steps.
    fn runs(
        runs: Option<&Measures>,
        labels: &[Label],
        steps: &[Measures],
        within: impl Fn(&Label) -> bool,
    ) -> Self {
        let mut measures = runs.cloned().unwrap_or_default();
        let mut requests = Measures::default();
        for (step, label) in steps.iter().zip(labels) {
            if within(label) {
                requests.add(step);
            }
        }
        measures.service = requests.service;
        measures.connect = requests.connect;
        measures.pool_wait = requests.pool_wait;
        measures.unknown = requests.unknown;
        measures.retries = requests.retries;
        measures.reconnects = requests.reconnects;
        measures.checks = requests.checks;
        measures.missed = requests.missed;
        measures.bytes_sent = requests.bytes_sent;
        measures.bytes_received = requests.bytes_received;
        Self {
            runs: measures.count(),
            interrupted: measures.interrupted(),
            measures,
        }
    }

    /// Times of one kind.
    pub fn times(&self, which: Distribution) -> Cow<'_, Hist> {
        Cow::Borrowed(match which {
            Distribution::Latency => return self.measures.latency(),
            Distribution::Ok => &self.measures.ok,
            Distribution::Failed => &self.measures.failed,
            Distribution::Service => &self.measures.service,
            Distribution::Connect => &self.measures.connect,
            Distribution::PoolWait => &self.measures.pool_wait,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::driver::ErrorClass;

    /// Tasks 0 (steps 0 and 2, the latter in group 0) and 1 (step 1).
    struct Measured {
        labels: Vec<Label>,
        steps: Vec<Measures>,
        tasks: Vec<Measures>,
        groups: Vec<Measures>,
    }

    impl Measured {
        fn view(&self, scope: Scope) -> View {
            let parts = Parts {
                steps: &self.steps,
                tasks: &self.tasks,
                groups: &self.groups,
            };
            View::of(scope, &self.labels, parts)
        }
    }

    fn label(task_index: usize, groups: Vec<usize>) -> Label {
        Label {
            id: String::new(),
            population: String::new(),
            task: String::new(),
            name: String::new(),
            task_index,
            groups,
        }
    }

    fn measured() -> Measured {
        let mut steps = vec![Measures::default(); 3];
        for (place, step) in steps.iter_mut().enumerate() {
            let time = 1_000_000 * (place as u64 + 1);
            step.ok.record(time);
            step.service.record(time / 2);
            step.offered = 1;
            step.bytes_sent = 10;
            step.reconnects = place as u64;
        }
        steps[2].failed.record(9_000_000);
        steps[2].fail(ErrorClass::Reset, || "gone".into());
        steps[2].cut.record(50_000_000);
        let mut tasks = vec![Measures::default(); 2];
        tasks[0].ok.record(4_000_000);
        tasks[0].cut.record(60_000_000);
        tasks[0].offered = 5;
        tasks[0].dropped = 2;
        tasks[1].ok.record(2_000_000);
        tasks[1].offered = 1;
        let mut groups = vec![Measures::default()];
        groups[0].ok.record(3_000_000);
        groups[0].failed.record(9_000_000);
        groups[0].offered = 2;
        Measured {
            labels: vec![label(0, vec![]), label(1, vec![]), label(0, vec![0])],
            steps,
            tasks,
            groups,
        }
    }

    #[test]
    fn totals_count_requests_of_all_steps_and_arrivals_of_all_tasks() {
        let view = measured().view(Scope::Totals);
        assert_eq!(view.measures.count(), 4);
        assert_eq!(view.measures.errors(), 1);
        assert_eq!(view.measures.offered, 6);
        assert_eq!(view.measures.dropped, 2);
        assert_eq!((view.runs, view.interrupted), (2, 1));
        // Four that ended and the one that was cut off.
        assert_eq!(view.times(Distribution::Latency).len(), 5);
        assert_eq!(view.times(Distribution::Service).len(), 3);
    }

    #[test]
    fn a_task_counts_its_runs_and_the_requests_within() {
        let view = measured().view(Scope::Task(0));
        assert_eq!(view.measures.count(), 1);
        assert_eq!((view.runs, view.interrupted), (1, 1));
        assert_eq!(view.measures.offered, 5);
        assert_eq!(view.measures.bytes_sent, 20);
        assert_eq!(view.measures.reconnects, 2);
        assert_eq!(view.times(Distribution::Service).len(), 2);
        let latency = view.times(Distribution::Ok);
        assert!(latency.min().unwrap() > 3_900_000);
    }

    #[test]
    fn a_group_counts_its_repetitions_and_the_requests_within() {
        let view = measured().view(Scope::Group(0));
        assert_eq!((view.runs, view.measures.errors()), (2, 1));
        assert_eq!(view.measures.offered, 2);
        assert_eq!(view.measures.bytes_sent, 10);
        assert_eq!(view.times(Distribution::Service).len(), 1);
    }
}
