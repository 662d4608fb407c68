//! Steps and groups of steps, laid out flat in the order in which they are done.

use super::{
    context::{Context, or_default},
    names, step,
    step::Shared,
    template::VariableNames,
    transaction,
};
use crate::{Op, Transaction, program::MOST_REPEATS};
use loadgen_scenario::{
    Problem, Span,
    raw::{self, Field, Item},
};
use std::collections::HashMap;

/// Checked steps that have no place in the plan yet.
#[derive(Debug, Default)]
pub(super) struct Program {
    pub steps: Vec<step::StepDraft>,
    pub groups: Vec<Group>,
    pub ops: Vec<Op>,
}

/// A checked group of them.
#[derive(Debug)]
pub(super) struct Group {
    pub name: Option<String>,
    pub repeat: (u64, u64),
    /// Place of its `Enter`.
    pub enter: usize,
    pub transaction: Option<Transaction>,
}

/// Owner of the steps: its name, and the table that its steps are written in.
pub(super) type Owner = (&'static str, &'static str);

const GROUP: Owner = ("a group", "[[task.step.step]]");
const TRANSACTION: Owner = ("a transaction", "[[task.step.step]]");

/// The steps of `owner`, which stands at `place`; None when there is a problem with one. `names`
/// are what is there for its first step.
pub(super) fn compile(
    context: &Context<'_>,
    shared: &Shared<'_>,
    names: &VariableNames<'_>,
    steps: &Field<Vec<Item>>,
    span: Span,
    owner: Owner,
) -> Option<Program> {
    let mut writer = Writer {
        context,
        shared,
        names: names.clone(),
        program: Program::default(),
        called: HashMap::new(),
        inside: None,
        right: true,
    };
    writer.items(steps, span, owner);
    writer.right.then_some(writer.program)
}

struct Writer<'c, 's, 'n> {
    context: &'c Context<'s>,
    shared: &'c Shared<'s>,
    /// Names that the steps so far have extracted.
    names: VariableNames<'n>,
    program: Program,
    /// The names of steps and groups, each with its place and whether it is a group's.
    called: HashMap<String, (Span, bool)>,
    /// The transaction around what comes next, and where its key stands.
    inside: Option<(Transaction, Span)>,
    /// True as long as there was no problem.
    right: bool,
}

impl Writer<'_, '_, '_> {
    fn items(&mut self, items: &Field<Vec<Item>>, span: Span, (owner, header): Owner) {
        if items.is_absent() || items.value().is_some_and(Vec::is_empty) {
            let span = items.span().unwrap_or(span);
            let problem = Problem::new(span, format!("{owner} without steps"));
            let help = format!(r#"write {header} below it, with get = "/path""#);
            self.context.tell(problem.help(help));
        }
        self.right &= items.value().is_some_and(|items| !items.is_empty());
        for item in items.value().into_iter().flatten() {
            match item {
                Item::Step(step) => self.step(step),
                Item::Group(group) => self.group(group),
            }
        }
    }

    fn step(&mut self, raw: &raw::Step) {
        let draft = step::compile(self.context, self.shared, &self.names, raw);
        for extract in raw.extract.value().into_iter().flatten() {
            self.names.learn(&extract.name.value);
        }
        let repeat = self.repeat(&raw.repeat);
        let (Some(draft), Some(repeat)) = (draft, repeat) else {
            self.right = false;
            return;
        };
        if let (Some((transaction, span)), Some(tries)) = (&self.inside, raw.max_tries.span())
            && draft.kind.plan().database() == Some(transaction.database)
        {
            let problem = Problem::new(tries, "a statement is tried again with its transaction");
            let problem = problem.other(*span, "its transaction");
            let help = "write transaction = { max_tries = 10 }";
            self.context.tell(problem.help(help));
        }
        self.call(&draft.name, raw.span, false);
        let op = Op::Step(self.program.steps.len());
        self.program.steps.push(draft);
        if raw.repeat.is_absent() {
            self.program.ops.push(op);
        } else {
            let group = self.enter(None, repeat);
            self.program.ops.extend([op, Op::Leave(group)]);
        }
    }

    fn group(&mut self, raw: &raw::Group) {
        let name = match &raw.name {
            Field::Absent => Some(None),
            field => names::checked(self.context, field).map(Some),
        };
        if let (Some(Some(name)), Some(span)) = (&name, raw.name.span()) {
            self.call(name, span, true);
        }
        let repeat = self.repeat(&raw.repeat);
        let transaction = self.transaction(raw);
        self.right &= name.is_some() && repeat.is_some() && transaction.is_some();
        let (name, transaction) = (name.flatten(), transaction.flatten());
        let Some(transaction) = transaction else {
            let group = self.enter(name, repeat.unwrap_or((1, 1)));
            self.items(&raw.steps, raw.span, GROUP);
            self.program.ops.push(Op::Leave(group));
            return;
        };
        let prefix = name
            .as_ref()
            .map_or_else(String::new, |name| format!("{name}: "));
        let own = name.unwrap_or_else(|| raw::Group::TRANSACTION.to_owned());
        let span = raw.transaction.span().unwrap_or(raw.span);
        if raw.name.is_absent() {
            self.call(&own, span, true);
        }
        let group = self.enter(Some(own), repeat.unwrap_or((1, 1)));
        self.program.groups[group].transaction = Some(transaction);
        self.edge(&prefix, "begin", transaction, span);
        self.inside = Some((transaction, span));
        self.items(&raw.steps, raw.span, TRANSACTION);
        self.inside = None;
        self.edge(&prefix, "commit", transaction, span);
        self.program.ops.push(Op::Leave(group));
    }

    /// A transaction's first or last step.
    fn edge(&mut self, prefix: &str, what: &str, transaction: Transaction, span: Span) {
        let name = format!("{prefix}{what}");
        self.call(&name, span, false);
        let databases = self.shared.databases;
        let draft = match what {
            "begin" => transaction::begin(databases, name, transaction),
            _ => transaction::commit(databases, name, transaction),
        };
        self.program.ops.push(Op::Step(self.program.steps.len()));
        self.program.steps.push(draft);
    }

    /// Returns the transaction of a group; None when there is a problem with it.
    fn transaction(&self, raw: &raw::Group) -> Option<Option<Transaction>> {
        let given = match &raw.transaction {
            Field::Absent => return Some(None),
            Field::Bad(_) => return None,
            Field::Given(given) => given,
        };
        let Some(transaction) = &given.value else {
            return Some(None);
        };
        if let Some((_, around)) = &self.inside {
            let problem = Problem::new(given.span, "a transaction within a transaction");
            self.context.tell(problem.other(*around, "the outer one"));
            return None;
        }
        transaction::compile(self.context, self.shared.databases, transaction, given.span).map(Some)
    }

    /// Begins a group and returns its place.
    fn enter(&mut self, name: Option<String>, repeat: (u64, u64)) -> usize {
        let index = self.program.groups.len();
        self.program.groups.push(Group {
            name,
            repeat,
            enter: self.program.ops.len(),
            transaction: None,
        });
        self.program.ops.push(Op::Enter(index));
        index
    }

    fn repeat(&self, field: &Field<(u64, u64)>) -> Option<(u64, u64)> {
        let (least, most) = or_default(field, (1, 1))?;
        let message = if least > most {
            "the range ends before it begins".to_owned()
        } else if least == 0 || most > MOST_REPEATS {
            format!("done from 1 to {MOST_REPEATS} times")
        } else {
            return Some((least, most));
        };
        let span = field.span().unwrap_or_default();
        self.context.tell(Problem::new(span, message));
        None
    }

    /// Tells when another step or group of the task has this name.
    fn call(&mut self, name: &str, span: Span, group: bool) {
        let Some((before, also_group)) = self.called.insert(name.to_owned(), (span, group)) else {
            return;
        };
        let what = match (group, also_group) {
            (false, false) => "two steps",
            (true, true) => "two groups",
            _ => "a step and a group",
        };
        let problem = Problem::new(span, format!("{what} of one task are called `{name}`"));
        let problem = problem.other(before, "the first");
        self.context.tell(match group && also_group {
            true => problem,
            false => problem.help("give one of them a `name`"),
        });
    }
}
