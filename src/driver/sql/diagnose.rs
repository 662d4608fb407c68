//! Problems that a server finds in a statement, told where the scenario has them.

use super::{Place, Problem, Subject};
use crate::{
    plan::{Plan, Population},
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

    fn place(&self, plan: &Plan) -> diag::Span {
        let (index, place) = match self.subject {
            Subject::Database(place) => {
                let database = plan.written.databases.get(place);
                return database.map(|database| database.place).unwrap_or_default();
            }
            Subject::Step(index, place) => (index, place),
        };
        let mut steps = plan.populations.iter().flat_map(Population::steps);
        let step = steps.find(|step| step.index == index);
        let Some(step) = step.and_then(|step| step.kind.sql()) else {
            return diag::Span::default();
        };
        let written = &step.written;
        let part = match place {
            Place::Statement => None,
            Place::At(byte) => {
                let statement = step.action.statement();
                statement.map(|statement| written.word_at(statement.text.source(), byte))
            }
            Place::Param(place) => written.param_places.get(place).copied(),
            Place::Expect(place) => written.value_places.get(place).copied(),
            Place::Extract(place) => written.extract_places.get(place).copied(),
        };
        part.unwrap_or(written.place)
    }
}
