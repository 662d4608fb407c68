//! Periods in which each population's load sends; rates are over them.

use loadgen_core::{
    metric::is_default,
    time::{Nanos, SECOND, nanos},
};
use loadgen_plan::{Label, Plan, threshold::Scope};
use serde::{Deserialize, Serialize};

/// From a load's start to its planned end, or to the moment when it stopped sending. What ends
/// later, in the graceful stop, is in no rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Period {
    /// On the run's clock, after the warm-up.
    pub start: Nanos,
    /// [`Nanos::MAX`] while it is not known.
    pub end: Nanos,
    /// A number of iterations bounds the load, so that no time makes more of them.
    #[serde(default, skip_serializing_if = "is_default")]
    pub counted: bool,
}

/// The periods of a plan's populations, and which of them each task, group and step has.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Periods {
    populations: Vec<Period>,
    tasks: Vec<usize>,
    groups: Vec<usize>,
    steps: Vec<usize>,
}

/// Something that is measured, by its index.
#[derive(Debug, Clone, Copy)]
pub enum MeasuredPart {
    /// A task.
    Task(usize),
    /// A group.
    Group(usize),
    /// A step.
    Step(usize),
}

impl Period {
    /// Its length in seconds, as far as it has passed at `now`.
    fn seconds(self, now: Nanos) -> f64 {
        self.end.min(now).saturating_sub(self.start) as f64 / SECOND as f64
    }
}

impl Periods {
    /// Returns the planned periods.
    pub fn of(plan: &Plan) -> Self {
        let mut tasks = vec![0; plan.tasks.len()];
        for (index, population) in plan.populations.iter().enumerate() {
            for task in population.user_start.iter().chain(&population.tasks) {
                tasks[task.index] = index;
            }
        }
        let populations = plan.populations.iter().map(|population| Period {
            start: nanos(plan.warmup.saturating_add(population.start)),
            end: population.load.duration().map_or(Nanos::MAX, nanos),
            counted: population.load.is_counted(),
        });
        let of = |labels: &[Label]| labels.iter().map(|label| tasks[label.task_index]).collect();
        Self {
            populations: populations.collect(),
            groups: of(&plan.groups),
            steps: of(&plan.steps),
            tasks,
        }
    }

    /// All loads stop at `at`, unless they end before.
    pub fn end_by(&mut self, at: Nanos) {
        for period in &mut self.populations {
            period.end = period.end.min(at);
        }
    }

    /// Each load, in the order of the populations, stopped at a time of its own.
    pub fn end_each_by(&mut self, ends: &[Nanos]) {
        for (period, end) in self.populations.iter_mut().zip(ends) {
            period.end = period.end.min(*end);
        }
    }

    /// Returns the end of the load that ends first.
    pub fn first_end(&self) -> Nanos {
        let ends = self.populations.iter().map(|period| period.end);
        ends.min().unwrap_or(Nanos::MAX)
    }

    /// Returns the end of a population's load.
    pub fn end_of_load(&self, population: usize) -> Nanos {
        let period = self.populations.get(population);
        period.map_or(Nanos::MAX, |period| period.end)
    }

    /// Returns true if a number of iterations bounds the load of a population.
    pub fn is_counted(&self, population: usize) -> bool {
        let period = self.populations.get(population);
        period.is_some_and(|period| period.counted)
    }

    /// Returns the end of the load that a part belongs to.
    pub fn end_of(&self, part: MeasuredPart) -> Nanos {
        self.of_part(part).map_or(Nanos::MAX, |period| period.end)
    }

    /// Seconds of a part's load that have passed at `now`; None when no periods are known.
    pub fn seconds_of(&self, part: MeasuredPart, now: Nanos) -> Option<f64> {
        Some(self.of_part(part)?.seconds(now))
    }

    /// Seconds of a scope's load that have passed at `now`; of the totals, from the first start to
    /// the last end.
    pub fn seconds(&self, scope: Scope, now: Nanos) -> Option<f64> {
        match scope {
            Scope::Totals => Some(self.whole()?.seconds(now)),
            Scope::Task(task) => self.seconds_of(MeasuredPart::Task(task), now),
            Scope::Group(group) => self.seconds_of(MeasuredPart::Group(group), now),
        }
    }

    /// Population of a part.
    pub fn population_of(&self, part: MeasuredPart) -> Option<usize> {
        let population = match part {
            MeasuredPart::Task(index) => self.tasks.get(index),
            MeasuredPart::Group(index) => self.groups.get(index),
            MeasuredPart::Step(index) => self.steps.get(index),
        };
        population.copied()
    }

    /// Period of a part's load.
    pub fn of_part(&self, part: MeasuredPart) -> Option<Period> {
        self.populations.get(self.population_of(part)?).copied()
    }

    fn whole(&self) -> Option<Period> {
        let both = |a: Period, b: Period| Period {
            start: a.start.min(b.start),
            end: a.end.max(b.end),
            counted: a.counted && b.counted,
        };
        self.populations.iter().copied().reduce(both)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn period(start: u64, end: u64) -> Period {
        Period {
            start: start * SECOND,
            end: end * SECOND,
            counted: false,
        }
    }

    #[test]
    fn each_scope_has_the_time_of_its_own_load() {
        let mut periods = Periods {
            populations: vec![period(0, 4), period(2, 12)],
            tasks: vec![1, 0],
            groups: vec![1],
            steps: vec![1, 0, 0],
        };
        let seconds = |periods: &Periods, scope, now| periods.seconds(scope, now * SECOND);
        for (scope, at_3, at_20) in [
            (Scope::Task(0), 1.0, 10.0),
            (Scope::Task(1), 3.0, 4.0),
            (Scope::Group(0), 1.0, 10.0),
            (Scope::Totals, 3.0, 12.0),
        ] {
            assert_eq!(seconds(&periods, scope, 3), Some(at_3));
            assert_eq!(seconds(&periods, scope, 20), Some(at_20));
        }
        assert_eq!(periods.first_end(), 4 * SECOND);
        assert_eq!(periods.end_of(MeasuredPart::Step(0)), 12 * SECOND);
        periods.end_each_by(&[5 * SECOND, 7 * SECOND]);
        assert_eq!(seconds(&periods, Scope::Task(1), 20), Some(4.0));
        assert_eq!(seconds(&periods, Scope::Totals, 20), Some(7.0));
        periods.end_by(SECOND);
        assert_eq!(seconds(&periods, Scope::Task(0), 20), Some(0.0));
        assert_eq!(Periods::default().seconds(Scope::Totals, SECOND), None);
    }
}
