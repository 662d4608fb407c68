//! Content of a scenario file: typed and with spans, but unchecked.
//!
//! Each kind of table is declared once (`form::table!`): what it says, and in which forms.

mod data;
mod database;
mod drawn;
mod event;
mod expect;
mod extract;
mod http;
mod item;
mod kind;
mod lifecycle;
mod load;
mod multipart;
mod observe;
mod rows;
mod step;
pub mod suite;
mod target;
mod task;
#[cfg(test)]
mod tests;
mod trace;
mod validity;
mod verify;

pub use super::field::{Field, Spanned};
use super::{
    form::{
        self, Definitions, Form, Here, Key, List, Member, Members, NameTable, Whole, any_of, table,
    },
    reader::{Fields, Reader},
    text::Text,
    tree::Node,
};
pub use data::{Generator, Loaded, Scope, Variable};
pub use database::{Database, Isolation, Tls};
pub use drawn::{Letters, Normal, Number, Sequence, Uniform, Zipf};
pub use event::{Event, EventTime};
pub use expect::{Expect, Rows, StatusRange};
pub use extract::{Extract, ExtractKind};
pub use http::{Basic, Client, ConnectTo, Encoding, Http, Http2, Pair, Resumption};
pub use item::{Group, Item, Transaction};
pub use kind::{OwnKey, StepKeys, StepKind};
pub use lifecycle::LifecycleSteps;
use lifecycle::{Setup, StepsOf, Teardown, UserStart};
pub use load::{Arrivals, Load, Stage, Think};
pub use multipart::FormPart;
pub use observe::Observe;
pub use rows::Order;
use serde_json::Value;
use std::{
    collections::{BTreeSet, HashSet},
    time::Duration,
};
pub use step::{Body, Method, Step};
pub use target::{Pool, PoolBounds, Target};
pub use task::Task;
pub use trace::Trace;
pub use validity::Validity;
pub use verify::Verify;

table! {
    /// The whole file.
    pub struct Root as "the scenario" {
        /// Version of the format.
        version: Whole,
        /// The scenario's name.
        name: Text,
        /// Seed of all random choices.
        seed: Whole,
        /// Conditions for exit code 0.
        thresholds: List<Condition>,
        /// Databases of SQL steps, by name.
        databases as "database": NameTable<Database>,
        /// The tables outside of `[[population]]`: the only population, or what several share.
        shared: Shared,
        /// The general case.
        populations as "population": List<Population>,
        /// Events during the run: requests, statements or commands.
        events as "event": List<Event>,
        /// Sources of metrics that are polled during the run.
        observe: List<Observe>,
        /// Verifications after the run.
        verify: List<Verify>,
        /// Trace context of requests.
        trace: Trace,
        /// Conditions under which a run is valid.
        validity: Validity,
    }
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
        let events = self.events.value().into_iter().flatten();
        let bodies = self.all_steps().map(|step| &step.body);
        let bodies = bodies.chain(events.map(|event| &event.body));
        let sent = bodies.filter_map(Field::value).flat_map(Body::files);
        let sent = sent.map(Text::value);
        tables.chain(sent).chain(self.statements()).collect()
    }

    /// The steps of all populations.
    fn all_steps(&self) -> impl Iterator<Item = &Step> {
        let populations = self.populations.value().into_iter().flatten();
        let populations = populations.chain([&self.shared]);
        populations.flat_map(Population::all_steps)
    }

    /// The files that statements stand in, each once, in order.
    pub fn statements(&self) -> BTreeSet<String> {
        let files = self.all_steps().filter_map(Step::statement_file);
        files.map(Text::value).collect()
    }
}

table! {
    /// A group of users or arrivals.
    pub struct Population as "[[population]]" {
        /// Span of the table.
        span: Here,
        /// Its name.
        name: Text,
        /// The servers or the bundled service under test.
        target: Target,
        /// Users, or arrivals.
        load: Load,
        /// Settings of HTTP requests.
        http: Http,
        /// Variables.
        data: NameTable<Variable>,
        /// The tasks that users or arrivals do.
        tasks as "task": List<Task>,
        /// Once before the load.
        setup: StepsOf<Setup>,
        /// Once after it.
        teardown: StepsOf<Teardown>,
        /// By each user when it begins.
        user_start: StepsOf<UserStart>,
    }
}

/// Keys of a population other than its name; outside of `[[population]]` they are the scenario's.
pub enum Shared {}

impl Member for Shared {
    type Held = Population;

    fn keys(_: &'static str, to: &mut Vec<Key>) {
        let keys = form::keys::<Population>().into_iter();
        to.extend(keys.filter(|key| key.name != "name"));
    }

    fn take(_: &'static str, fields: &Fields<'_, '_>) -> Population {
        Population {
            name: Field::Absent,
            ..Population::of(fields)
        }
    }
}

impl Population {
    /// Every step of it.
    pub fn all_steps(&self) -> Vec<&Step> {
        let lifecycle = [&self.setup, &self.user_start, &self.teardown];
        let lifecycle = lifecycle.into_iter().filter_map(Field::value);
        let tasks = self.tasks.value().into_iter().flatten();
        let steps = lifecycle.flat_map(LifecycleSteps::all_steps);
        steps.chain(tasks.flat_map(Task::all_steps)).collect()
    }

    /// Returns true if a step is a request, or may have been meant as one.
    pub fn has_requests(&self) -> bool {
        let steps = self.all_steps();
        steps.is_empty() || steps.into_iter().any(Step::is_request)
    }

    /// Returns true if a step is a request to the target, or may have been meant as one.
    pub fn needs_target(&self) -> bool {
        let steps = self.all_steps();
        steps.is_empty() || steps.into_iter().any(Step::needs_target)
    }
}

table! {
    /// A condition: a string, or a table with more to say.
    pub struct Threshold as "a threshold" {
        /// Span of the table.
        span: Here,
        /// The condition itself.
        expr: Text,
        /// Just one task.
        task: Text,
        /// The last seconds only.
        window: Duration,
        /// End the run when it fails.
        abort: bool,
        /// Not before this.
        after: Duration,
    }
}

/// A threshold, or its expression alone.
pub enum Condition {}

impl Form for Condition {
    type Value = Threshold;

    fn read(reader: &Reader, node: &Node) -> Option<Threshold> {
        if node.is_table() {
            return Threshold::read(reader, node);
        }
        Some(Threshold {
            span: node.span,
            expr: reader.field::<Text>(node),
            ..Threshold::default()
        })
    }

    fn schema(to: &mut Definitions) -> Value {
        any_of([Text::schema(to), Threshold::schema(to)])
    }
}
