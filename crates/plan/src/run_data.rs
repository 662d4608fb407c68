//! Values that a run has beside its plan: rows that are loaded before it, and what its setup
//! extracts. They are complete before the load begins; from then on only the numbers of draws change.

use super::{Plan, Population};
use loadgen_data::{
    Value,
    generator::Rows,
    rng::{Purpose, Stream, stream},
};
use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicU64, Ordering},
};

/// The data of a run. Copies have the same sources.
#[derive(Debug, Clone, Default)]
pub struct RunData {
    populations: Vec<PopulationData>,
    sources: Arc<[SourceState]>,
}

/// The data of one population.
#[derive(Debug, Clone, Default)]
struct PopulationData {
    /// By variable, where its rows are loaded; empty where no variable's are.
    rows: Vec<Option<Rows>>,
    /// Values that the setup extracted, each with its index among a task run's values.
    extracted: Vec<(usize, Value)>,
}

/// State of one source; aligned so that no two share a cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
struct SourceState {
    /// The number of the next draw.
    next: AtomicU64,
    /// By column, the values of scope `run`.
    fixed: OnceLock<Vec<Value>>,
}

impl RunData {
    /// Nothing is loaded, extracted or drawn yet.
    pub fn of(plan: &Plan) -> Self {
        let variables = plan.populations.iter().flat_map(|own| &own.variables);
        let sources = variables.map(|variable| variable.source + 1).max();
        let populations = plan.populations.iter();
        Self {
            populations: populations.map(|_| PopulationData::default()).collect(),
            sources: (0..sources.unwrap_or(0))
                .map(|_| SourceState::default())
                .collect(),
        }
    }

    /// Takes the rows of a population's variable.
    pub fn load(&mut self, population: usize, variable: usize, rows: Rows) {
        let own = &mut self.populations[population].rows;
        if own.len() <= variable {
            own.resize_with(variable + 1, || None);
        }
        own[variable] = Some(rows);
    }

    /// Takes what a population's setup extracted.
    pub fn extract(&mut self, population: usize, values: Vec<(usize, Value)>) {
        self.populations[population].extracted = values;
    }

    /// The number of a source's next draw, which nobody else gets.
    pub fn next_number(&self, source: usize) -> u64 {
        // Relaxed: the number is all that is shared.
        self.sources[source].next.fetch_add(1, Ordering::Relaxed)
    }

    /// The count of a source's numbers that are given.
    pub fn numbers_given(&self, source: usize) -> u64 {
        self.sources[source].next.load(Ordering::Relaxed)
    }

    /// Notes that the numbers of a source below `end` are given.
    pub fn give_numbers(&self, source: usize, end: u64) {
        self.sources[source].next.fetch_max(end, Ordering::Relaxed);
    }

    /// Draws a variable of a population; `number` is that of the draw.
    pub fn draw(
        &self,
        plan: &Plan,
        population: usize,
        variable: usize,
        rng: &mut Stream,
        number: u64,
    ) -> Value {
        match self.populations[population].rows.get(variable) {
            Some(Some(rows)) => rows.draw(rng, number),
            _ => {
                let variables = &plan.populations[population].variables;
                variables[variable].generator.draw(rng, number)
            }
        }
    }

    /// The value of a variable of scope `run`: the same for whoever asks.
    pub fn fixed(&self, plan: &Plan, population: usize, variable: usize) -> Value {
        let variables = &plan.populations[population].variables;
        let source = variables[variable].source;
        let same = |other: &usize| variables[*other].source == source;
        let column = (0..variable).rev().take_while(same).count();
        let first = variable - column;
        let fixed = self.sources[source].fixed.get_or_init(|| {
            let number = match variables[first].generator.is_counted() {
                true => self.next_number(source),
                false => 0,
            };
            let columns = (first..variables.len()).take_while(same);
            let draw = |column| {
                let mut rng = stream(plan.seed, source, Purpose::Run, 0);
                self.draw(plan, population, column, &mut rng, number)
            };
            columns.map(draw).collect()
        });
        fixed.get(column).cloned().unwrap_or(Value::Unset)
    }

    /// Puts what a population's setup extracted among a task run's values.
    pub fn fill(&self, population: usize, values: &mut [Value]) {
        for (index, value) in &self.populations[population].extracted {
            values[*index] = value.clone();
        }
    }

    /// One possible set of a task run's values; unset where only the run will tell. Gives no number.
    pub fn sample(&self, plan: &Plan, population: usize) -> Vec<Value> {
        let Population {
            variables,
            extracted,
            ..
        } = &plan.populations[population];
        let mut rng = stream(plan.seed, 0, Purpose::Run, 0);
        let drawn =
            (0..variables.len()).map(|variable| self.draw(plan, population, variable, &mut rng, 0));
        let unknown = extracted.iter().map(|_| Value::Unset);
        let mut values: Vec<Value> = drawn.chain(unknown).collect();
        self.fill(population, &mut values);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Settings, compile};
    use loadgen_data::generator::Order;
    use loadgen_scenario::{Inputs, parse};
    use std::path::Path;
    use uuid::Uuid;

    const SCENARIO: &str = r#"
        target = { url = "http://h" }
        load = { users = 1 }
        setup = { step = [{ get = "/", extract = { token = "$.t" } }] }
        [data]
        before = 1
        place = { get = "/places" }
        [[task]]
        name = "t"
        step = [{ get = "/{{before}}/{{place}}/{{token}}" }]
    "#;

    #[test]
    fn what_is_known_before_the_load_is_drawn_and_filled_in() {
        let scenario = parse(Path::new("x.toml"), SCENARIO.to_owned(), &Inputs::none()).unwrap();
        let plan = compile(&scenario, &Settings::new(Uuid::nil())).unwrap();
        let mut data = RunData::of(&plan);
        let sample = |data: &RunData| data.sample(&plan, 0);
        assert_eq!(sample(&data), [Value::Int(1), Value::Unset, Value::Unset]);

        let rows = Rows::new([Value::Int(7)].into(), Order::Sequential).unwrap();
        data.load(0, 1, rows);
        data.extract(0, vec![(2, Value::Text("abc".into()))]);
        let known = [Value::Int(1), Value::Int(7), Value::Text("abc".into())];
        assert_eq!(sample(&data), known);
    }
}
