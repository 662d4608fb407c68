//! Values that a run has beside its plan: rows that are loaded before it, and what its setup
//! extracts. They are complete before the load begins; from then on nothing changes them.

use super::{Plan, Population};
use crate::data::{
    Position, Value,
    generator::Rows,
    rng::{Purpose, Stream, stream},
};

/// The data of all populations.
#[derive(Debug, Clone, Default)]
pub struct RunData(Vec<PopulationData>);

/// The data of one population.
#[derive(Debug, Clone, Default)]
pub struct PopulationData {
    /// By variable, where its rows are loaded; empty where no variable's are.
    rows: Vec<Option<Rows>>,
    /// Values that the setup extracted, each with its index among a task run's values.
    extracted: Vec<(usize, Value)>,
}

impl RunData {
    /// None yet.
    pub fn of(plan: &Plan) -> Self {
        Self(
            plan.populations
                .iter()
                .map(|_| PopulationData::default())
                .collect(),
        )
    }

    /// The data of a population.
    pub fn of_population(&self, index: usize) -> &PopulationData {
        &self.0[index]
    }

    /// Takes the rows of a population's variable.
    pub fn load(&mut self, population: usize, variable: usize, rows: Rows) {
        let own = &mut self.0[population].rows;
        if own.len() <= variable {
            own.resize_with(variable + 1, || None);
        }
        own[variable] = Some(rows);
    }

    /// Takes what a population's setup extracted.
    pub fn extract(&mut self, population: usize, values: Vec<(usize, Value)>) {
        self.0[population].extracted = values;
    }
}

impl PopulationData {
    /// Draws a variable of the population that these are the data of.
    pub fn draw(
        &self,
        population: &Population,
        variable: usize,
        rng: &mut Stream,
        at: Position,
    ) -> Value {
        match self.rows.get(variable) {
            Some(Some(rows)) => rows.at(at),
            _ => population.variables[variable].generator.draw(rng, at),
        }
    }

    /// Puts what the setup extracted among a task run's values.
    pub fn fill(&self, values: &mut [Value]) {
        for (index, value) in &self.extracted {
            values[*index] = value.clone();
        }
    }

    /// One possible set of a task run's values; unset where only the run will tell.
    pub fn sample(&self, population: &Population, seed: u64) -> Vec<Value> {
        let mut rng = stream(seed, 0, Purpose::Run, 0);
        let at = Position {
            index: 0,
            round: 0,
            stride: 1,
        };
        let variables = 0..population.variables.len();
        let drawn = variables.map(|variable| self.draw(population, variable, &mut rng, at));
        let unknown = population.extracted.iter().map(|_| Value::Unset);
        let mut values: Vec<Value> = drawn.chain(unknown).collect();
        self.fill(&mut values);
        values
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        data::generator::Order,
        plan::{Settings, compile},
        scenario::{Inputs, parse},
    };
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
        let population = &plan.populations[0];
        let mut data = RunData::of(&plan);
        let sample = |data: &RunData| data.of_population(0).sample(population, plan.seed);
        assert_eq!(sample(&data), [Value::Int(1), Value::Unset, Value::Unset]);

        let rows = Rows::new([Value::Int(7)].into(), Order::Sequential).unwrap();
        data.load(0, 1, rows);
        data.extract(0, vec![(2, Value::Text("abc".into()))]);
        let known = [Value::Int(1), Value::Int(7), Value::Text("abc".into())];
        assert_eq!(sample(&data), known);
    }
}
