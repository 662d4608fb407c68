//! Numbers of the draws from counted sources, which are sequences and rows in an order.
//!
//! A number is given once in the whole run. Where the arrivals of one population are all that draws
//! a source under load, the number is a function of the schedule: how many arrivals before it have
//! a task that draws the source. The task of an arrival hangs on nothing but its index, so each
//! worker counts the arrivals of all workers by itself ([`Numbers`]). The same holds of iterations
//! that users share. Users' own values go by the users' indices. Any other draw takes the next
//! number of the run.

use loadgen_data::rng::{Purpose, stream};
use loadgen_plan::{Iterations, Load, Plan, Population, RunData, Scope};
use std::sync::Arc;

/// The numbers of a population's draws under load.
#[derive(Debug, Default)]
pub struct Numbering {
    /// By variable; empty where all take the next number of the run.
    numbered: Vec<Numbered>,
    /// By group: the tasks that draw its sources, by their places.
    groups: Vec<Vec<bool>>,
    /// By task of the population, the groups that it is in.
    drawn: Vec<Vec<usize>>,
    /// Sources that are numbered by arrivals.
    scheduled: Vec<(usize, Numbered)>,
    /// Purpose of the streams that choose the tasks.
    purpose: Option<Purpose>,
}

/// The number of a draw of one variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbered {
    /// The next of the run.
    Next,
    /// Start number, and the index of the user, the arrival or the iteration.
    Index(u64),
    /// Start number, and the count of this group.
    Group(u64, usize),
}

impl Numbering {
    /// The numbers of a population of the plan from now on, when the setup is done.
    pub fn of(plan: &Plan, data: &RunData, population: usize) -> Self {
        let own = &plan.populations[population];
        let mut numbering = Self {
            drawn: vec![Vec::new(); own.tasks.len()],
            purpose: purpose(plan, &own.load),
            ..Self::default()
        };
        for (index, variable) in own.variables.iter().enumerate() {
            let before = index.checked_sub(1);
            let numbered = match before.filter(|it| own.variables[*it].source == variable.source) {
                Some(column) => numbering.numbered[column],
                None => numbering.number(plan, data, population, index),
            };
            numbering.numbered.push(numbered);
        }
        numbering
    }

    /// The number of a variable's draws.
    pub fn numbered(&self, variable: usize) -> Numbered {
        self.numbered
            .get(variable)
            .copied()
            .unwrap_or(Numbered::Next)
    }

    /// The count of a group, for an arrival with this task.
    pub fn count(&self, task: usize, group: usize, counts: &Counts) -> u64 {
        let groups = self.drawn.get(task).map_or(&[][..], Vec::as_slice);
        let index = groups.iter().position(|own| *own == group);
        // A task that draws a source is in its group.
        index.map_or(0, |index| counts.at(index))
    }

    fn number(&mut self, plan: &Plan, data: &RunData, population: usize, index: usize) -> Numbered {
        let own = &plan.populations[population];
        let variable = &own.variables[index];
        let source = variable.source;
        let mut others = plan.populations.iter().enumerate();
        if !variable.generator.is_counted()
            || others.any(|(other, it)| other != population && it.draws_under_load(source))
        {
            return Numbered::Next;
        }
        let first = data.numbers_given(source);
        let starts = own.user_start.as_ref();
        match (variable.scope, &own.load) {
            (Scope::User, Load::Closed(closed)) => {
                data.give_numbers(source, first + closed.users.peak().ceil() as u64);
                Numbered::Index(first)
            }
            (Scope::Task, _)
                if self.purpose.is_some() && !starts.is_some_and(|it| own.draws(it, source)) =>
            {
                self.by_schedule(own, source, first)
            }
            _ => Numbered::Next,
        }
    }

    fn by_schedule(&mut self, own: &Population, source: usize, first: u64) -> Numbered {
        // A task that is never chosen makes no difference.
        let tasks = own.tasks.iter();
        let drawn: Vec<bool> = tasks
            .map(|task| own.draws(task, source) || task.weight == 0.0)
            .collect();
        let numbered = if drawn.iter().all(|drawn| *drawn) {
            Numbered::Index(first)
        } else {
            let known = self.groups.iter().position(|group| *group == drawn);
            let group = known.unwrap_or_else(|| self.group(drawn));
            Numbered::Group(first, group)
        };
        self.scheduled.push((source, numbered));
        numbered
    }

    fn group(&mut self, drawn: Vec<bool>) -> usize {
        let group = self.groups.len();
        for (groups, drawn) in self.drawn.iter_mut().zip(&drawn) {
            groups.extend(drawn.then_some(group));
        }
        self.groups.push(drawn);
        group
    }
}

/// Purpose of the streams of what has an index that does not hang on who is free when; None: nothing
/// has. Iterations after a warm-up follow runs whose number nobody knows before.
fn purpose(plan: &Plan, load: &Load) -> Option<Purpose> {
    match load {
        Load::Open(_) => Some(Purpose::Arrival),
        Load::Closed(closed) => match closed.iterations {
            Iterations::Shared(_) if plan.warmup.is_zero() => Some(Purpose::Iteration),
            _ => None,
        },
    }
}

/// Counts of the arrivals before one that draw from each group of its task, in the order of the groups.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counts {
    /// At most two.
    Few([u64; 2]),
    /// Any number.
    Many(Arc<[u64]>),
}

impl Counts {
    fn of(groups: &[usize], counts: &[u64]) -> Self {
        match *groups {
            [] => Self::default(),
            [one] => Self::Few([counts[one], 0]),
            [one, two] => Self::Few([counts[one], counts[two]]),
            ref many => Self::Many(many.iter().map(|group| counts[*group]).collect()),
        }
    }

    fn at(&self, index: usize) -> u64 {
        let counts = match self {
            Self::Few(counts) => counts.as_slice(),
            Self::Many(counts) => counts,
        };
        counts.get(index).copied().unwrap_or(0)
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self::Few([0; 2])
    }
}

/// Counts the arrivals, or the shared iterations, of a population on one worker.
#[derive(Debug)]
pub struct Numbers {
    numbering: Arc<Numbering>,
    seed: u64,
    population: usize,
    /// Arrivals that are counted.
    counted: u64,
    /// By group: those of them that draw from it.
    counts: Vec<u64>,
}

impl Numbers {
    /// None are counted yet.
    pub fn new(numbering: &Arc<Numbering>, plan: &Plan, population: usize) -> Self {
        Self {
            numbering: Arc::clone(numbering),
            seed: plan.seed,
            population,
            counted: 0,
            counts: vec![0; numbering.groups.len()],
        }
    }

    /// The counts of arrival `index` of the population, which must be more than that of the call before.
    pub fn of(&mut self, population: &Population, index: u64) -> Counts {
        if self.counts.is_empty() {
            self.counted = index + 1;
            return Counts::default();
        }
        while self.counted < index {
            self.count(self.task(population));
        }
        let task = self.task(population);
        let before = Counts::of(&self.numbering.drawn[task], &self.counts);
        self.count(task);
        before
    }

    /// Index of the next one's task.
    fn task(&self, population: &Population) -> usize {
        let purpose = self.numbering.purpose.unwrap_or(Purpose::Arrival);
        let mut rng = stream(self.seed, self.population, purpose, self.counted);
        population.choose(&mut rng)
    }

    fn count(&mut self, task: usize) {
        for group in &self.numbering.drawn[task] {
            self.counts[*group] += 1;
        }
        self.counted += 1;
    }

    /// Notes in the run's data which numbers are given, for whoever draws after the load.
    pub fn settle(&self, data: &RunData) {
        for (source, numbered) in &self.numbering.scheduled {
            let end = match *numbered {
                Numbered::Next => continue,
                Numbered::Index(first) => first + self.counted,
                Numbered::Group(first, group) => first + self.counts[group],
            };
            data.give_numbers(*source, end);
        }
    }
}
