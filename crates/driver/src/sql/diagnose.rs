//! Problems that a server finds in a statement, told where the scenario has them.

use super::{Problem, StepPart, Subject};
use loadgen_plan::{Plan, Population};
use loadgen_scenario::{self as scenario, diag};

impl Problem {
    /// The problem at its place in the scenario that `plan` was made of.
    pub fn in_scenario(&self, plan: &Plan) -> scenario::Problem {
        let problem = scenario::Problem::new(self.span(plan), self.message.as_str());
        match &self.help {
            Some(help) => problem.help(help.clone()),
            None => problem,
        }
    }

    fn span(&self, plan: &Plan) -> diag::Span {
        let (index, part) = match self.subject {
            Subject::Database(index) => {
                let database = plan.written.databases.get(index);
                return database.map(|database| database.span).unwrap_or_default();
            }
            Subject::Step(index, part) => (index, part),
        };
        let mut steps = plan.populations.iter().flat_map(Population::steps);
        let step = steps.find(|step| step.index == index);
        let Some(step) = step.and_then(|step| step.kind.sql()) else {
            return diag::Span::default();
        };
        let written = &step.written;
        let span = match part {
            StepPart::Statement => None,
            StepPart::At(byte) => {
                let statement = step.action.statement();
                statement.map(|statement| written.word_at(statement.text.source(), byte))
            }
            StepPart::Param(index) => written.param_spans.get(index).copied(),
            StepPart::Expect(index) => written.value_spans.get(index).copied(),
            StepPart::Extract(index) => written.extract_spans.get(index).copied(),
        };
        span.unwrap_or(written.span)
    }
}
