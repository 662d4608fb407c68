//! Runs and requests that a load would have had, had its users not waited for loadgen, that was
//! late: the time that was lost is added back.

use super::{Measures, RunTotals, UserTime, period::MeasuredPart};
use loadgen_plan::threshold::Scope;

impl RunTotals {
    /// Runs that would have ended in the time of a scope's load, beside those that did: as many in
    /// the users' lost time as in the rest of their time, and those that ended after the load by no
    /// more than their own lag.
    pub fn missed_runs(&self, scope: Scope) -> f64 {
        self.of_runs(scope, |part, measures| {
            let late = measures.punctual.as_ref().map_or(0, |own| own.in_time);
            gained(measures.in_time(), self.gain(part)) + late as f64
        })
    }

    /// Returns what thresholds on `count` would have counted besides: a load with a number of
    /// iterations makes that number, however long it takes.
    pub fn missed_count(&self, scope: Scope) -> f64 {
        let missed = |part, measures: &Measures| {
            let counted = self.periods.of_part(part).is_some_and(|own| own.counted);
            let gain = if counted { 0.0 } else { self.gain(part) };
            gained(measures.count(), gain)
        };
        match scope {
            Scope::Totals => {
                let steps = self.steps.iter().enumerate();
                steps
                    .map(|(step, own)| missed(MeasuredPart::Step(step), own))
                    .sum()
            }
            scope => self.of_runs(scope, missed),
        }
    }

    /// Time of the users of a scope, out of the times of all populations.
    pub fn user_time_of(&self, scope: Scope, times: &[UserTime]) -> UserTime {
        let part = match scope {
            Scope::Totals => {
                let mut sum = vec![UserTime::default()];
                for time in times {
                    UserTime::add_all(&mut sum, &[*time]);
                }
                return sum[0];
            }
            Scope::Task(task) => MeasuredPart::Task(task),
            Scope::Group(group) => MeasuredPart::Group(group),
        };
        let population = self.periods.population_of(part);
        let time = population.and_then(|population| times.get(population));
        time.copied().unwrap_or_default()
    }

    fn of_runs(&self, scope: Scope, missed: impl Fn(MeasuredPart, &Measures) -> f64) -> f64 {
        let of = |part, measures: Option<&Measures>| measures.map_or(0.0, |own| missed(part, own));
        match scope {
            Scope::Totals => {
                let tasks = self.tasks.iter().enumerate();
                tasks
                    .map(|(task, own)| missed(MeasuredPart::Task(task), own))
                    .sum()
            }
            Scope::Task(task) => of(MeasuredPart::Task(task), self.tasks.get(task)),
            Scope::Group(group) => of(MeasuredPart::Group(group), self.groups.get(group)),
        }
    }

    fn gain(&self, part: MeasuredPart) -> f64 {
        let population = self.periods.population_of(part);
        let time = population.and_then(|population| self.user_time.get(population));
        time.map_or(0.0, |time| UserTime::gain(*time))
    }
}

/// Whole ones; nothing gains nothing, however much time was lost.
fn gained(count: u64, gain: f64) -> f64 {
    match count {
        0 => 0.0,
        count => (count as f64 * gain).floor(),
    }
}
