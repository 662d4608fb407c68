//! View of the measurements of one scope: everything, a task or a group. Thresholds, reports and
//! the live display all look through it, so that one figure has one meaning.

use super::{Measures, Parts};
use loadgen_core::metric::{Counter, Of};
use loadgen_plan::{Label, threshold::Scope};

/// Measures of a scope.
///
/// Everything: requests, merged over all steps; counters that are [`Of::Runs`] are of task runs. A
/// task: its runs, with latency from arrival to last step; timers and counters that are
/// [`Of::Requests`], statuses and checks are merged over the task's steps. A group likewise: its
/// repetitions.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Histograms and counters as said above.
    pub measures: Measures,
    /// Task runs that ended.
    pub runs: u64,
    /// Task runs that ended before the end of their load, which rates count.
    pub runs_in_time: u64,
    /// Requests that ended before the end of their load.
    pub requests_in_time: u64,
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
        for counter in Counter::ALL {
            if counter.info().of == Of::Runs {
                measures[counter] = tasks.iter().map(|task| task[counter]).sum();
            }
        }
        Self {
            runs: tasks.iter().map(Measures::count).sum(),
            runs_in_time: tasks.iter().map(Measures::in_time).sum(),
            requests_in_time: measures.in_time(),
            measures,
        }
    }

    /// Looks at a step alone: its requests stand for runs too.
    pub fn step(measures: &Measures) -> Self {
        Self {
            runs: measures.count(),
            runs_in_time: measures.in_time(),
            requests_in_time: measures.in_time(),
            measures: measures.clone(),
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
        let mut requests_in_time = 0;
        for (step, label) in steps.iter().zip(labels) {
            if within(label) {
                requests.add(step);
                requests_in_time += step.in_time();
            }
        }
        for (timer, times) in measures.times.iter_mut() {
            if timer.info().of == Of::Requests {
                *times = std::mem::take(&mut requests[timer]);
            }
        }
        for (counter, count) in measures.counts.iter_mut() {
            if counter.info().of == Of::Requests {
                *count = requests[counter];
            }
        }
        measures.statuses = requests.statuses;
        measures.checks = requests.checks;
        measures.missed = requests.missed;
        Self {
            runs: measures.count(),
            runs_in_time: measures.in_time(),
            requests_in_time,
            measures,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_core::metric::{Distribution, Timer};
    use loadgen_driver::ErrorClass;

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
        for (index, step) in steps.iter_mut().enumerate() {
            let time = 1_000_000 * (index as u64 + 1);
            step[Timer::Ok].record(time);
            step[Timer::Service].record(time / 2);
            step[Counter::Offered] = 1;
            step[Counter::BytesSent] = 10;
            step[Counter::Reconnects] = index as u64;
        }
        steps[2][Timer::Failed].record(9_000_000);
        steps[2].fail(ErrorClass::Reset, || "gone".into());
        steps[2][Timer::Cut].record(50_000_000);
        steps[2][Counter::Interrupted] = 1;
        let mut tasks = vec![Measures::default(); 2];
        tasks[0][Timer::Ok].record(4_000_000);
        tasks[0][Timer::Cut].record(60_000_000);
        tasks[0][Counter::Interrupted] = 1;
        tasks[0][Counter::Offered] = 5;
        tasks[0][Counter::Dropped] = 2;
        tasks[1][Timer::Ok].record(2_000_000);
        tasks[1][Counter::Offered] = 1;
        let mut groups = vec![Measures::default()];
        groups[0][Timer::Ok].record(3_000_000);
        groups[0][Timer::Failed].record(9_000_000);
        groups[0][Counter::Offered] = 2;
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
        assert_eq!(view.measures[Counter::Offered], 6);
        assert_eq!(view.measures[Counter::Dropped], 2);
        assert_eq!((view.runs, view.measures[Counter::Interrupted]), (2, 1));
        // Four that ended and the one that was cut off.
        assert_eq!(view.measures.distribution(Distribution::Latency).len(), 5);
        assert_eq!(view.measures[Timer::Service].len(), 3);
    }

    #[test]
    fn a_task_counts_its_runs_and_the_requests_within() {
        let view = measured().view(Scope::Task(0));
        assert_eq!(view.measures.count(), 1);
        assert_eq!((view.runs, view.measures[Counter::Interrupted]), (1, 1));
        assert_eq!(view.measures[Counter::Offered], 5);
        assert_eq!(view.measures[Counter::BytesSent], 20);
        assert_eq!(view.measures[Counter::Reconnects], 2);
        assert_eq!(view.measures[Timer::Service].len(), 2);
        let latency = &view.measures[Timer::Ok];
        assert!(latency.min().unwrap() > 3_900_000);
    }

    #[test]
    fn a_group_counts_its_repetitions_and_the_requests_within() {
        let view = measured().view(Scope::Group(0));
        assert_eq!((view.runs, view.measures.errors()), (2, 1));
        assert_eq!(view.measures[Counter::Offered], 2);
        assert_eq!(view.measures[Counter::BytesSent], 10);
        assert_eq!(view.measures[Timer::Service].len(), 1);
    }
}
