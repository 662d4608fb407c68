//! The random choices and values of one user, one arrival or one iteration.

use super::{
    frame::Frame,
    numbering::{Counts, Numbered, Numbering},
};
use loadgen_core::time::{Nanos, nanos};
use loadgen_data::{
    Value,
    rng::{Purpose, Stream, stream},
};
use loadgen_plan::{Plan, Population, RunData, Scope, Task, Think};
use rand::{RngExt, distr::Distribution};
use rand_distr::{Exp1, StandardNormal};
use std::mem;

/// A population of a plan, which values are drawn for.
#[derive(Debug, Clone, Copy)]
pub struct DrawContext<'a> {
    plan: &'a Plan,
    data: &'a RunData,
    index: usize,
    numbering: &'a Numbering,
}

impl<'a> DrawContext<'a> {
    /// The population at `index` of the plan.
    pub fn new(plan: &'a Plan, data: &'a RunData, index: usize, numbering: &'a Numbering) -> Self {
        Self {
            plan,
            data,
            index,
            numbering,
        }
    }

    fn population(&self) -> &'a Population {
        &self.plan.populations[self.index]
    }

    fn stream(&self, purpose: Purpose, index: u64) -> Stream {
        stream(self.plan.seed, self.index, purpose, index)
    }
}

/// The random choices and values of one user, one arrival or one iteration.
pub struct Draws {
    rng: Stream,
    /// The user's own stream, while an iteration has another.
    own: Option<Stream>,
    /// The number of the user, the arrival or the iteration.
    index: u64,
    /// Index of the task among the population's.
    task: usize,
    counts: Counts,
    /// By variable, then what steps extracted.
    pub values: Vec<Value>,
    /// All of that as it was when a transaction began, to begin it anew.
    saved: Option<Box<Saved>>,
    /// The variable that had no row left.
    exhausted: Option<usize>,
    /// Memory for the groups that the next run is in.
    pub frames: Vec<Frame>,
}

/// State that [`Draws::save`] keeps.
struct Saved {
    rng: Stream,
    values: Vec<Value>,
    /// Numbers of the run that were taken since, in order.
    numbers: Vec<u64>,
    /// Number of them that are used again; None: the transaction is over.
    used: Option<usize>,
}

impl Draws {
    /// Nothing is drawn but what is the same for the whole run.
    pub fn new(source: DrawContext<'_>, purpose: Purpose, index: u64) -> Self {
        let population = source.population();
        let variables = &population.variables;
        let mut values = vec![Value::Unset; variables.len() + population.extracted.len()];
        for (position, variable) in variables.iter().enumerate() {
            if variable.scope == Scope::Run {
                values[position] = source.data.fixed(source.plan, source.index, position);
            }
        }
        source.data.fill(source.index, &mut values);
        Self {
            rng: source.stream(purpose, index),
            own: None,
            index,
            task: 0,
            counts: Counts::default(),
            values,
            saved: None,
            exhausted: None,
            frames: Vec::new(),
        }
    }

    /// Draws of a user, its own values included.
    pub fn of_user(source: DrawContext<'_>, index: u64) -> Self {
        let mut draws = Self::new(source, Purpose::User, index);
        draws.draw_all(source, &source.population().user_draws);
        draws
    }

    /// Begins anew as arrival `index`; what was drawn for the whole run stays.
    pub fn renew(&mut self, source: DrawContext<'_>, index: u64, counts: Counts) {
        self.rng = source.stream(Purpose::Arrival, index);
        (self.index, self.counts) = (index, counts);
        self.exhausted = None;
    }

    /// Goes on with an iteration that users share; what was drawn for the user stays.
    pub fn begin_iteration(
        &mut self,
        source: DrawContext<'_>,
        purpose: Purpose,
        index: u64,
        counts: Counts,
    ) {
        let before = mem::replace(&mut self.rng, source.stream(purpose, index));
        self.own.get_or_insert(before);
        (self.index, self.counts) = (index, counts);
    }

    /// Goes on with the user's own choices and values.
    pub fn leave_iteration(&mut self) {
        if let Some(own) = self.own.take() {
            self.rng = own;
        }
    }

    /// Chooses a task by weight.
    pub fn task<'p>(&mut self, population: &'p Population) -> &'p Task {
        self.task = population.choose(&mut self.rng);
        &population.tasks[self.task]
    }

    /// Draws a pause.
    pub fn pause(&mut self, think: Think) -> Nanos {
        match think {
            Think::None => 0,
            Think::Constant(length) => nanos(length),
            Think::Uniform(shortest, longest) => {
                self.rng.random_range(nanos(shortest)..=nanos(longest))
            }
            Think::Normal(mean, stddev) => {
                let deviations: f64 = StandardNormal.sample(&mut self.rng);
                let length = nanos(mean) as f64 + deviations * nanos(stddev) as f64;
                // The conversion stops at zero.
                length.round() as Nanos
            }
            Think::Exponential(mean) => {
                let means: f64 = Exp1.sample(&mut self.rng);
                (means * nanos(mean) as f64).round() as Nanos
            }
        }
    }

    /// Draws how often something is done.
    pub fn count(&mut self, least: u64, most: u64) -> u64 {
        if least < most {
            self.rng.random_range(least..=most)
        } else {
            least
        }
    }

    /// Keeps what is drawn so far, for [`Draws::restore`].
    pub fn save(&mut self) {
        match &mut self.saved {
            Some(saved) => {
                saved.rng.clone_from(&self.rng);
                saved.values.clone_from(&self.values);
                saved.numbers.clear();
                saved.used = Some(0);
            }
            None => {
                self.saved = Some(Box::new(Saved {
                    rng: self.rng.clone(),
                    values: self.values.clone(),
                    numbers: Vec::new(),
                    used: Some(0),
                }));
            }
        }
    }

    /// Goes back to what was kept: what is done once more is done with the same values.
    pub fn restore(&mut self) {
        if let Some(saved) = &mut self.saved {
            self.rng.clone_from(&saved.rng);
            self.values.clone_from(&saved.values);
            saved.used = Some(0);
        }
    }

    /// Ends what was kept: nothing is done once more.
    pub fn forget(&mut self) {
        if let Some(saved) = &mut self.saved {
            saved.used = None;
        }
    }

    /// The variable whose unique row was asked for when none was left.
    pub fn exhausted(&self) -> Option<usize> {
        self.exhausted
    }

    /// Draws these variables, in this order. Columns of one source come from one row.
    pub fn draw_all(&mut self, source: DrawContext<'_>, positions: &[usize]) {
        let variables = &source.population().variables;
        let mut before: Option<(usize, Stream, u64)> = None;
        for &position in positions {
            let variable = &variables[position];
            let number = match &before {
                Some((own, rng, number)) if *own == variable.source => {
                    self.rng.clone_from(rng);
                    *number
                }
                _ => {
                    let number = match variable.generator.is_counted() {
                        true => self.number(source, position, variable.source),
                        false => 0,
                    };
                    before = Some((variable.source, self.rng.clone(), number));
                    number
                }
            };
            let DrawContext {
                plan, data, index, ..
            } = source;
            let drawn = data.draw(plan, index, position, &mut self.rng, number);
            if matches!(drawn, Value::Unset) {
                self.exhausted = Some(position);
            }
            self.values[position] = drawn;
        }
    }

    /// The number of the draw of a variable that is counted.
    fn number(&mut self, from: DrawContext<'_>, variable: usize, source: usize) -> u64 {
        match from.numbering.numbered(variable) {
            Numbered::Index(first) => first + self.index,
            Numbered::Group(first, group) => {
                first + from.numbering.count(self.task, group, &self.counts)
            }
            Numbered::Next => self.next_number(from.data, source),
        }
    }

    fn next_number(&mut self, data: &RunData, source: usize) -> u64 {
        let Some(Saved {
            numbers,
            used: Some(used),
            ..
        }) = self.saved.as_deref_mut()
        else {
            return data.next_number(source);
        };
        if *used == numbers.len() {
            numbers.push(data.next_number(source));
        }
        *used += 1;
        numbers[*used - 1]
    }
}
