//! Plans for tests of what follows compilation.

use crate::{
    Load, Plan,
    compile::{Settings, compile},
};
use loadgen_scenario::{Inputs, parse};
use std::path::Path;
use uuid::Uuid;

/// Load of a population in a [`PlanBuilder`].
#[derive(Debug, Clone)]
pub enum TestLoad {
    /// As a scenario's `[load]` has it.
    Written(String),
    /// As the engine takes it; may be one that no scenario can write.
    Compiled(Load),
}

impl From<&str> for TestLoad {
    fn from(text: &str) -> Self {
        Self::Written(text.to_owned())
    }
}

impl From<Load> for TestLoad {
    fn from(load: Load) -> Self {
        Self::Compiled(load)
    }
}

/// Builds a plan by compiling the scenario that says the same, so that a test names what it is
/// about and all else has the default that scenarios have. The seed is 7.
#[derive(Debug)]
pub struct PlanBuilder {
    text: String,
    populations: String,
    loads: Vec<TestLoad>,
    tasks: usize,
}

impl PlanBuilder {
    /// Begins with a population `p` of this load.
    pub fn new(load: impl Into<TestLoad>) -> Self {
        Self {
            text: "seed = 7\n".to_owned(),
            populations: String::new(),
            loads: Vec::new(),
            tasks: 0,
        }
        .population("p", load)
    }

    /// Adds a key such as `thresholds`, or a table, to the top of the scenario.
    pub fn with(mut self, toml: &str) -> Self {
        self.text += toml;
        self.text.push('\n');
        self
    }

    /// Adds a population, which the tasks that follow belong to.
    pub fn population(mut self, name: &str, load: impl Into<TestLoad>) -> Self {
        let load = load.into();
        let written = match &load {
            TestLoad::Written(text) => text.as_str(),
            TestLoad::Compiled(_) => "users = 1\nduration = '1s'",
        };
        self.populations +=
            &format!("[[population]]\nname = '{name}'\n[population.load]\n{written}\n");
        self.loads.push(load);
        self
    }

    /// Adds a task of these steps, each written as within the braces of an inline table. Tasks are
    /// called `t0`, `t1` and so on.
    pub fn task(mut self, steps: &[&str]) -> Self {
        let name = format!("name = 't{}'\n", self.tasks);
        self.tasks += 1;
        self.steps("[[population.task]]", &name, steps.iter().copied());
        self
    }

    /// Adds a task of so many requests.
    pub fn requests(self, count: usize) -> Self {
        let steps: Vec<String> = (0..count).map(|step| format!("get = '/{step}'")).collect();
        self.task(&steps.iter().map(String::as_str).collect::<Vec<_>>())
    }

    /// Adds a request that each user begins with.
    pub fn user_start(mut self) -> Self {
        self.steps("[population.user_start]", "", ["get = '/start'"]);
        self
    }

    fn steps<'s>(&mut self, table: &str, name: &str, steps: impl IntoIterator<Item = &'s str>) {
        let steps: Vec<String> = steps
            .into_iter()
            .map(|step| format!("{{ {step} }}"))
            .collect();
        self.populations += &format!("{table}\n{name}step = [{}]\n", steps.join(", "));
    }

    /// Compiles what has been added.
    ///
    /// # Panics
    /// When it is not a valid scenario.
    pub fn build(self) -> Plan {
        let target = "[target]\nurl = 'http://127.0.0.1:1'\n";
        let text = format!("{}{target}{}", self.text, self.populations);
        let scenario = parse(Path::new("test.toml"), text, &Inputs::none());
        // A test's own scenario is valid.
        let scenario = scenario.unwrap_or_else(|report| panic!("{report}"));
        let plan = compile(&scenario, &Settings::new(Uuid::nil()));
        // A test's own scenario is valid.
        let mut plan = plan.unwrap_or_else(|error| panic!("{error}"));
        for (population, load) in plan.populations.iter_mut().zip(self.loads) {
            if let TestLoad::Compiled(load) = load {
                population.load = load;
            }
        }
        plan
    }
}
