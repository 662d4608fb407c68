//! What a server finds wrong with a statement, told where the scenario has it.

use super::{Place, Problem, Subject};
use crate::{
    plan::{Plan, Population, StepKind},
    scenario::{self, diag},
};

impl Problem {
    /// The problem at its place in the scenario that `plan` was made of.
    pub fn in_scenario(&self, plan: &Plan) -> scenario::Problem {
        let problem = scenario::Problem::new(self.place(plan), self.message.as_str());
        match &self.help {
            Some(help) => problem.help(help.clone()),
            None => problem,
        }
    }

    fn place(&self, plan: &Plan) -> diag::Place {
        let written = &plan.written;
        let (index, place) = match self.subject {
            Subject::Database(place) => {
                let database = written.databases.get(place);
                return database.map(|database| database.place).unwrap_or_default();
            }
            Subject::Step(index, place) => (index, place),
        };
        let step = written.steps.get(index);
        let Some(statement) = step.and_then(|step| step.sql.as_ref()) else {
            return diag::Place::default();
        };
        let part = match place {
            Place::Statement => None,
            Place::At(byte) => source(plan, index).map(|sql| statement.word_at(sql, byte)),
            Place::Param(place) => statement.param_places.get(place).copied(),
            Place::Expect(place) => statement.value_places.get(place).copied(),
            Place::Extract(place) => statement.extract_places.get(place).copied(),
        };
        part.unwrap_or(statement.place)
    }
}

/// The text of the statement of a step.
fn source(plan: &Plan, index: usize) -> Option<&str> {
    let mut steps = plan.populations.iter().flat_map(Population::steps);
    let step = steps.find(|step| step.index == index)?;
    match &step.kind {
        StepKind::Sql(sql) => sql
            .action
            .statement()
            .map(|statement| &**statement.text.source()),
        StepKind::Http(_) | StepKind::Custom(_) => None,
    }
}
