//! Requests beside the load.

use super::{
    context::Context,
    database::Databases,
    population::PopulationDraft,
    step::{self, Shared},
    template::VariableNames,
};
use crate::{
    HttpStep,
    background::{Call, CallTarget},
};
use loadgen_scenario::{
    Problem, Text,
    diag::did_you_mean,
    raw::{self, Field},
};
use std::time::Duration;

/// Compiles calls, and keeps them in the order of their places.
pub(super) struct Calls<'a> {
    pub context: &'a Context<'a>,
    /// None when there is a problem with one of them.
    pub populations: Option<&'a [PopulationDraft]>,
    pub databases: &'a Databases,
    pub calls: Vec<Call>,
}

impl Calls<'_> {
    /// The call that `raw` asks for, for the population of this name; its place. `change` is made
    /// to the request before it is taken. None when there is a problem, which is told.
    pub fn add(
        &mut self,
        population: &Field<Text>,
        raw: raw::Step,
        change: impl FnOnce(&mut HttpStep),
    ) -> Option<usize> {
        let context = self.context;
        let population = self.population(population);
        let common = population.and_then(|index| Some(&self.populations?.get(index)?.common));
        let shared = Shared {
            headers: Some(common.map_or_else(Vec::new, |common| common.headers.clone())),
            prefix: common.map_or_else(String::new, |common| common.prefix.clone()),
            timeout: Some(common.map_or(Duration::from_secs(1), |common| common.timeout)),
            databases: self.databases,
        };
        step::misplaced(context, &raw);
        let made = step::http::compile(context, &shared, &VariableNames::background(), &raw)?;
        let mut http = made.plan;
        let server = match http.elsewhere.take() {
            None => CallTarget::Target(population?),
            // Without variables it is known.
            Some(elsewhere) => CallTarget::Other(population?, elsewhere.server?),
        };
        change(&mut http);
        self.calls.push(Call {
            server,
            name: made.name,
            request: http,
        });
        Some(self.calls.len() - 1)
    }

    /// The place of the population that is named, or of the first.
    pub fn population(&self, named: &Field<Text>) -> Option<usize> {
        let populations = self.populations?;
        let name = match named {
            Field::Absent => return Some(0),
            Field::Bad(_) => return None,
            Field::Given(name) => name,
        };
        let names = || {
            populations
                .iter()
                .map(|population| population.name.as_str())
        };
        let wanted = name.value.value();
        let found = names().position(|own| own == wanted);
        if found.is_none() {
            let problem = Problem::new(name.span, "no population has this name");
            let all = || {
                format!(
                    "the populations are {}",
                    names().collect::<Vec<_>>().join(", ")
                )
            };
            let help = did_you_mean(&wanted, names()).unwrap_or_else(all);
            self.context.tell(problem.help(help));
        }
        found
    }
}
