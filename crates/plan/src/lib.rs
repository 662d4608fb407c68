//! Plans: everything that will run, resolved. [`compile()`] is the only constructor: it is pure and
//! reports every problem of a scenario at once, so whoever holds a [`Plan`] need not check again.

pub mod background;
pub mod compile;
mod connections;
pub mod curve;
pub mod custom;
pub mod describe;
pub mod event;
mod files;
pub mod http;
pub mod load;
pub mod observe;
pub mod program;
pub mod query;
pub mod run_data;
pub mod socket;
pub mod sql;
pub mod step;
pub mod suite;
pub mod target;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
pub mod threshold;
pub mod variable;
pub mod verify;
pub mod written;

pub use background::Background;
pub use compile::{Settings, compile, compile_suite};
pub use curve::Curve;
pub use custom::CustomStep;
pub use event::Event;
pub use http::HttpStep;
pub use load::{Arrivals, Closed, Iterations, Load, Open, Think};
use loadgen_core::printable;
use loadgen_data::rng::Stream;
pub use loadgen_scenario::raw::Scope;
pub use observe::Observe;
pub use program::{Group, Op, Transaction};
use rand::distr::Distribution;
use rand_distr::weighted::WeightedAliasIndex;
pub use run_data::RunData;
use serde::{Deserialize, Serialize};
pub use sql::SqlStep;
use std::time::Duration;
pub use step::{Step, StepKind, StepPlan};
pub use suite::Suite;
pub use target::{App, AppPool, AppSettings, Target};
pub use threshold::Threshold;
pub use variable::Variable;
pub use verify::Verify;
pub use written::Written;

/// A validated scenario.
#[derive(Debug)]
pub struct Plan {
    /// `name`, or the file's stem.
    pub name: String,
    /// Seed of all random choices.
    pub seed: u64,
    /// Groups of users or arrivals, each with its own load, tasks and target.
    pub populations: Vec<Population>,
    /// Length of the warm-up: the longest of the populations'. The run's clock begins with it, and
    /// so do their loads' curves.
    pub warmup: Duration,
    /// Databases of SQL steps; [`sql::SqlStep::database`] points here.
    pub databases: Vec<sql::Database>,
    /// Conditions for exit code 0.
    pub thresholds: Vec<Threshold>,
    /// Every step of every task, in order; `Step::index` points here.
    pub steps: Vec<Label>,
    /// Every task, in order; `Task::index` points here.
    pub tasks: Vec<Label>,
    /// Every group that has a name, in order; `Group::index` points here.
    pub groups: Vec<Label>,
    /// Work in the background of the load.
    pub background: Background,
    /// Every step of a setup or teardown; its `Step::index` goes on after those of `steps`.
    pub lifecycle_steps: Vec<Label>,
    /// Trace context of requests; None: they have none.
    pub trace: Option<Trace>,
    /// p99 of the schedule lag up to which loadgen itself is not late.
    pub max_lag: Duration,
    /// Scenario's text for everything that is shown and stored.
    pub written: Written,
}

/// [`Plan::max_lag`] of scenarios that set none.
pub const MAX_LAG: Duration = Duration::from_millis(2);

impl Plan {
    /// A text from outside, such as a server's message, as one line that may be shown: what it
    /// repeats of the environment is put as the scenario writes it.
    pub fn shown_line(&self, text: &str) -> String {
        printable::line(&self.written.secrets.hide(text)).into_owned()
    }

    /// Hides secrets in a text that may have several lines.
    pub fn shown_lines(&self, text: &str) -> String {
        printable::lines(&self.written.secrets.hide(text)).into_owned()
    }
}

/// Every request under load is the root of a trace of its own.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Trace {
    /// Share of the traces that are sampled.
    pub sample: f64,
    /// Spans of those are kept, to be handed on.
    pub spans: bool,
}

/// Name of the user start as a task.
pub const USER_START: &str = "user_start";

impl Plan {
    /// The label of a step, measured or not.
    pub fn step(&self, index: usize) -> Option<&Label> {
        let lifecycle = || {
            self.lifecycle_steps
                .get(index.checked_sub(self.steps.len())?)
        };
        self.steps.get(index).or_else(lifecycle)
    }
}

/// The stable name of a step, group or task, as results and thresholds use it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// `population/task/step`, `population/task/group` or `population/task`.
    pub id: String,
    /// The population's name.
    pub population: String,
    /// The task's name.
    pub task: String,
    /// The step's or the group's name; for a task, the task's.
    pub name: String,
    /// Index of its task in [`Plan::tasks`]; for a task, its own.
    pub task_index: usize,
    /// Indices in [`Plan::groups`] of the groups that it is in, the outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<usize>,
}

impl Label {
    /// The id without the population.
    pub fn short(&self) -> &str {
        let own = self.id.strip_prefix(self.population.as_str());
        own.and_then(|own| own.strip_prefix('/'))
            .unwrap_or(&self.id)
    }
}

/// A group that shares a load, tasks and a target.
#[derive(Debug)]
pub struct Population {
    /// `name`, or the scenario's.
    pub name: String,
    /// System under test.
    pub target: Target,
    /// HTTP settings.
    pub http: http::Settings,
    /// Load: when task runs start.
    pub load: Load,
    /// Length of its warm-up, which ends with [`Plan::warmup`].
    pub warmup: Duration,
    /// Delay of its load after the plan's warm-up.
    pub start: Duration,
    /// Longest time that a run may take after the end before it is cut off.
    pub graceful_stop: Duration,
    /// Tasks of the load.
    pub tasks: Vec<Task>,
    /// Done once before the load, and not measured.
    pub setup: Option<Task>,
    /// Done once after the load, and not measured.
    pub teardown: Option<Task>,
    /// Done by each user when it begins, and measured as a task is.
    pub user_start: Option<Task>,
    /// Chooses a task by weight; None when there is just one.
    pub choice: Option<WeightedAliasIndex<f64>>,
    /// All variables, in the order of a task run's values.
    pub variables: Vec<Variable>,
    /// Variables of scope `user` that its load uses, in the order they are drawn.
    pub user_draws: Vec<usize>,
    /// Names that steps extract; their values come after those of `variables`.
    pub extracted: Vec<String>,
}

impl Population {
    /// Every step that may be done.
    pub fn steps(&self) -> impl Iterator<Item = &Step> {
        let lifecycle = self.setup.iter().chain(&self.teardown);
        lifecycle
            .flat_map(|task| &task.steps)
            .chain(self.load_steps())
    }

    /// Chooses the index of a task by weight.
    pub fn choose(&self, rng: &mut Stream) -> usize {
        let choice = self.choice.as_ref();
        choice.map_or(0, |choice| choice.sample(rng))
    }

    /// Every step that is done under load.
    pub fn load_steps(&self) -> impl Iterator<Item = &Step> {
        let tasks = self.user_start.iter().chain(&self.tasks);
        tasks.flat_map(|task| &task.steps)
    }
}

/// Steps that are done one after the other by one user.
#[derive(Debug)]
pub struct Task {
    /// Place in [`Plan::tasks`]; means nothing where runs are not measured.
    pub index: usize,
    /// Share among the population's tasks; finite and not negative. One task at least has more
    /// than 0. Means nothing of what is done besides the tasks.
    pub weight: f64,
    /// Variables of scope `task` that its steps use, in the order they are drawn; of a setup or a
    /// teardown those of scope `user` too, because it is its own user.
    pub draws: Vec<usize>,
    /// At least one, in the order of the file.
    pub steps: Vec<Step>,
    /// Groups of steps, in the order in which they begin.
    pub groups: Vec<Group>,
    /// The order in which a run does them.
    pub program: Vec<Op>,
}
