//! What a scenario file says: typed and with places, but unchecked.
//!
//! Each kind of table has its keys, the struct that mirrors it, and a function that reads it.

mod data;
mod database;
mod drawn;
mod errand;
mod event;
mod http;
mod item;
mod load;
mod multipart;
mod observe;
pub mod suite;
mod target;
mod task;
mod trace;
mod verify;

pub use super::field::{Field, Spanned};
use super::{
    diag::Place,
    reader::{Fields, Keys, Reader},
    text::Text,
    tree::Node,
};
pub use data::{Generator, Loaded, Number, Order, Scope, Variable};
pub use database::{Database, Isolation, Tls};
pub use errand::Errand;
pub use event::{Event, When};
pub use http::{Client, Encoding, Http, Http2, Pair};
pub use item::{Group, Item, Transaction};
pub use load::{Arrivals, Load, Stage, Think};
pub use multipart::FormPart;
pub use observe::Observe;
use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};
pub use target::{Pool, PoolBounds, Target};
pub use task::{Body, Expect, Extract, Method, Rows, Source, StatusRange, Step, Task};
pub use trace::Trace;
pub use verify::Verify;

/// The whole file.
#[derive(Debug, Default)]
pub struct Root {
    /// Version of the format.
    pub version: Field<i64>,
    /// The scenario's name.
    pub name: Field<Text>,
    /// Where randomness starts.
    pub seed: Field<i64>,
    /// Conditions for exit code 0.
    pub thresholds: Field<Vec<Threshold>>,
    /// What SQL steps are done against.
    pub databases: Field<Vec<Database>>,
    /// What is done to the world during the run.
    pub events: Field<Vec<Event>>,
    /// What is looked at during the run.
    pub observe: Field<Vec<Observe>>,
    /// What is asked after the run.
    pub verify: Field<Vec<Verify>>,
    /// Trace context of requests.
    pub trace: Field<Trace>,
    /// The tables outside of `[[population]]`: the only population, or what several share.
    pub shared: Population,
    /// The general case.
    pub populations: Field<Vec<Population>>,
}

impl Root {
    /// The files that it names, each once.
    pub fn files(&self) -> HashSet<String> {
        let populations = self.populations.value().into_iter().flatten();
        let all = populations.chain([&self.shared]);
        let variables = all.clone().flat_map(|p| p.data.value()).flatten();
        let tables = variables.filter_map(|variable| match variable.generator.value() {
            Some(Generator::Csv { file, .. }) => Some(file.value()),
            _ => None,
        });
        let tasks = all.flat_map(|p| p.tasks.value()).flatten();
        let parts = tasks.flat_map(Task::all_steps).flat_map(Step::parts);
        let sent = parts.filter_map(|part| part.file.value().map(Text::value));
        tables.chain(sent).chain(self.statements()).collect()
    }

    /// The files that statements stand in, each once, in order.
    pub fn statements(&self) -> BTreeSet<String> {
        let populations = self.populations.value().into_iter().flatten();
        let all = populations.chain([&self.shared]);
        let tasks = all.flat_map(|p| p.tasks.value()).flatten();
        let steps = tasks.flat_map(Task::all_steps);
        steps
            .filter_map(|step| match step.request.value() {
                Some(("sql_file", file)) => Some(file.value()),
                _ => None,
            })
            .collect()
    }
}

/// A group of users or arrivals.
#[derive(Debug, Default)]
pub struct Population {
    /// Its table's header.
    pub place: Place,
    /// Its name.
    pub name: Field<Text>,
    /// What is driven.
    pub target: Field<Target>,
    /// How much.
    pub load: Field<Load>,
    /// How requests are made.
    pub http: Field<Http>,
    /// Variables.
    pub data: Field<Vec<Variable>>,
    /// What is done.
    pub tasks: Field<Vec<Task>>,
    /// Once before the load.
    pub setup: Field<Errand>,
    /// Once after it.
    pub teardown: Field<Errand>,
    /// By each user when it begins.
    pub user_start: Field<Errand>,
}

impl Population {
    /// Every step of it.
    pub fn all_steps(&self) -> Vec<&Step> {
        let errands = [&self.setup, &self.user_start, &self.teardown];
        let errands = errands.into_iter().filter_map(Field::value);
        let tasks = self.tasks.value().into_iter().flatten();
        let steps = errands.flat_map(Errand::all_steps);
        steps.chain(tasks.flat_map(Task::all_steps)).collect()
    }

    /// Whether there are steps and none of them is a request.
    pub fn has_no_requests(&self) -> bool {
        let mut steps = self.all_steps().into_iter().peekable();
        steps.peek().is_some() && steps.all(|step| step.is_sql() || step.is_custom())
    }
}

/// A condition: a string, or a table with more to say.
#[derive(Debug)]
pub struct Threshold {
    /// Where it stands.
    pub place: Place,
    /// The condition itself.
    pub expr: Field<Text>,
    /// Just one task.
    pub task: Field<Text>,
    /// The last seconds only.
    pub window: Field<Duration>,
    /// End the run when it fails.
    pub abort: Field<bool>,
    /// Not before this.
    pub after: Field<Duration>,
}

pub(super) const ROOT: Keys = Keys {
    table: "the scenario",
    names: &[
        "version",
        "name",
        "seed",
        "thresholds",
        "database",
        "target",
        "load",
        "http",
        "data",
        "task",
        "setup",
        "teardown",
        "user_start",
        "population",
        "event",
        "observe",
        "verify",
        "trace",
    ],
};

const POPULATION: Keys = Keys {
    table: "[[population]]",
    names: &[
        "name",
        "target",
        "load",
        "http",
        "data",
        "task",
        "setup",
        "teardown",
        "user_start",
    ],
};

const THRESHOLD: Keys = Keys {
    table: "a threshold",
    names: &["expr", "task", "window", "abort", "after"],
};

/// Every kind of table with its keys.
pub const TABLES: &[&Keys] = &[
    &ROOT,
    &POPULATION,
    &target::TARGET,
    &target::POOL,
    &THRESHOLD,
    &database::DATABASE,
    &load::LOAD,
    &load::STAGE,
    &load::PAUSE,
    &http::HTTP,
    &data::VARIABLE,
    &data::ORDER,
    &data::UNIFORM,
    &data::NORMAL,
    &data::ZIPF,
    &data::SEQUENCE,
    &data::UUID,
    &data::STRING,
    &task::TASK,
    &task::STEP,
    &item::GROUP,
    &item::TRANSACTION,
    &multipart::PART,
    &errand::SETUP,
    &errand::TEARDOWN,
    &errand::USER_START,
    &task::EXPECT,
    &task::EXTRACT,
    &event::EVENT,
    &observe::OBSERVE,
    &verify::VERIFY,
    &trace::TRACE,
    &suite::ROOT,
    &suite::SUITE,
    &suite::PHASE,
];

/// Reads the whole file.
pub(super) fn read(reader: &Reader, root: &Node) -> Root {
    let Some(fields) = reader.table(root, &ROOT) else {
        return Root::default();
    };
    Root {
        version: fields.field("version", Reader::whole),
        name: fields.field("name", Reader::text),
        seed: fields.field("seed", Reader::whole),
        thresholds: fields.field("thresholds", |r, node| r.list(node, threshold)),
        databases: fields.field("database", database::read),
        events: fields.field("event", |r, node| r.list(node, event::read)),
        observe: fields.field("observe", |r, node| r.list(node, observe::read)),
        verify: fields.field("verify", |r, node| r.list(node, verify::read)),
        trace: fields.field("trace", trace::read),
        shared: members(&fields, root.place),
        populations: fields.field("population", |r, node| r.list(node, population)),
    }
}

fn population(reader: &Reader, node: &Node) -> Option<Population> {
    let fields = reader.table(node, &POPULATION)?;
    Some(Population {
        name: fields.field("name", Reader::text),
        ..members(&fields, node.place)
    })
}

/// What a population has besides its name, which outside of `[[population]]` is the scenario's.
fn members(fields: &Fields<'_, '_>, place: Place) -> Population {
    Population {
        place,
        name: Field::Absent,
        target: fields.field("target", target::read),
        load: fields.field("load", load::read),
        http: fields.field("http", http::read),
        data: fields.field("data", data::read),
        tasks: fields.field("task", |r, node| r.list(node, task::read)),
        setup: fields.field("setup", errand::setup),
        teardown: fields.field("teardown", errand::teardown),
        user_start: fields.field("user_start", errand::user_start),
    }
}

fn threshold(reader: &Reader, node: &Node) -> Option<Threshold> {
    let place = node.place;
    if !node.is_table() {
        return Some(Threshold {
            place,
            expr: reader.field(node, Reader::text),
            task: Field::Absent,
            window: Field::Absent,
            abort: Field::Absent,
            after: Field::Absent,
        });
    }
    let fields = reader.table(node, &THRESHOLD)?;
    Some(Threshold {
        place,
        expr: fields.field("expr", Reader::text),
        task: fields.field("task", Reader::text),
        window: fields.field("window", Reader::duration),
        abort: fields.field("abort", Reader::boolean),
        after: fields.field("after", Reader::duration),
    })
}
