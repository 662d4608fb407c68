//! Gives a checked population its place in the plan, and numbers to its tasks, groups and steps.

use super::{
    lifecycle::LifecyclePrograms,
    population,
    program::{self, Program},
    step,
};
use crate::{Group, Label, Op, Plan, Population, Scope, Step, Task, USER_START, Variable, written};

impl population::PopulationDraft {
    /// Puts the population into the plan. Returns the lifecycle that are not measured.
    pub fn finish(self, plan: &mut Plan) -> LifecyclePrograms {
        let mut lifecycle = self.lifecycle;
        let programs = self.tasks.iter().map(|task| &task.program);
        let programs = programs.chain(&lifecycle.user_start);
        let used = programs.flat_map(|program| program.steps.iter().flat_map(|step| &step.uses));
        let user_draws = draws(used, &self.variables, &[Scope::User]);
        let mut tasks = Vec::with_capacity(self.tasks.len());
        for task in self.tasks {
            let owner = owner(&self.name, task.name, plan.tasks.len());
            let mut placed = measured(task.program, &self.variables, owner, plan);
            placed.weight = task.weight;
            tasks.push(placed);
        }
        let user_start = lifecycle.user_start.take().map(|program| {
            let owner = owner(&self.name, USER_START.to_owned(), plan.tasks.len());
            measured(program, &self.variables, owner, plan)
        });
        plan.written.populations.push(written::Population {
            urls: self.target.written,
            settings: self.target.settings,
            ca: self.files.ca,
            client: self.files.client,
            connect_to: self.files.connect_to,
            proxy: self.files.proxy,
            cert: self.files.cert,
            generators: self.generators,
        });
        plan.populations.push(Population {
            load: self.load.load(plan.warmup),
            warmup: self.load.warmup,
            start: self.load.start,
            graceful_stop: self.load.graceful_stop,
            name: self.name,
            target: self.target.target,
            http: self.http,
            tasks,
            setup: None,
            teardown: None,
            user_start,
            choice: self.choice,
            user_draws,
            variables: self.variables,
            extracted: self.extracted,
        });
        lifecycle
    }
}

/// Puts the lifecycle of a population into the plan, which has every measured step by then.
pub(super) fn lifecycle(lifecycle: LifecyclePrograms, population: usize, plan: &mut Plan) {
    let Some(own) = plan.populations.get_mut(population) else {
        return;
    };
    let labels = Labels {
        steps: &mut plan.lifecycle_steps,
        first: plan.steps.len(),
        groups: None,
        written: &mut plan.written.steps,
    };
    let mut writer = Writer {
        variables: &own.variables,
        owner: owner(&own.name, String::new(), 0),
        labels,
    };
    let mut place = |program: Option<Program>, name: &str| {
        name.clone_into(&mut writer.owner.task);
        writer.owner.id = format!("{}/{name}", writer.owner.population);
        program.map(|program| writer.place(program))
    };
    let setup = place(lifecycle.setup, "setup");
    let teardown = place(lifecycle.teardown, "teardown");
    (own.setup, own.teardown) = (setup, teardown);
}

fn owner(population: &str, task: String, task_index: usize) -> Label {
    Label {
        id: format!("{population}/{task}"),
        population: population.to_owned(),
        name: task.clone(),
        task,
        task_index,
        groups: Vec::new(),
    }
}

/// A task whose runs and steps are measured.
fn measured(program: Program, variables: &[Variable], owner: Label, plan: &mut Plan) -> Task {
    plan.tasks.push(owner.clone());
    let labels = Labels {
        steps: &mut plan.steps,
        first: 0,
        groups: Some(&mut plan.groups),
        written: &mut plan.written.steps,
    };
    Writer {
        variables,
        owner,
        labels,
    }
    .place(program)
}

/// Destination of the names of steps and groups.
struct Labels<'p> {
    steps: &'p mut Vec<Label>,
    /// The index of the first of them.
    first: usize,
    /// None: groups are not measured.
    groups: Option<&'p mut Vec<Label>>,
    written: &'p mut Vec<written::Step>,
}

struct Writer<'p> {
    variables: &'p [Variable],
    /// The task that the steps are of.
    owner: Label,
    labels: Labels<'p>,
}

impl Writer<'_> {
    fn place(&mut self, program: Program) -> Task {
        let used = program.steps.iter().flat_map(|step| step.uses.iter());
        let scopes: &[Scope] = match self.labels.groups {
            Some(_) => &[Scope::Task],
            None => &[Scope::Task, Scope::User],
        };
        let draws = draws(used, self.variables, scopes);
        let mut steps = Vec::with_capacity(program.steps.len());
        let mut groups: Vec<Group> = Vec::with_capacity(program.groups.len());
        // The measured groups around what comes next, and whether each group around it is one.
        let (mut around, mut named) = (Vec::new(), Vec::new());
        // Both come in the order of the program.
        let mut drafts = program.steps.into_iter();
        let mut group_drafts = program.groups.into_iter();
        for op in &program.ops {
            match op {
                Op::Step(_) => steps.extend(drafts.next().map(|step| self.step(step, &around))),
                Op::Enter(_) => {
                    let group = group_drafts.next().map(|group| self.group(group, &around));
                    let index = group.and_then(|group| group.index);
                    groups.extend(group);
                    around.extend(index);
                    named.push(index.is_some());
                }
                Op::Leave(_) => {
                    if named.pop() == Some(true) {
                        around.pop();
                    }
                }
            }
        }
        Task {
            index: self.owner.task_index,
            weight: 0.0,
            draws,
            steps,
            groups,
            program: program.ops,
        }
    }

    fn step(&mut self, step: step::StepDraft, around: &[usize]) -> Step {
        let index = self.labels.first + self.labels.steps.len();
        self.labels.steps.push(self.label(&step.name, around));
        self.labels.written.push(step.written);
        Step {
            index,
            think: step.think,
            draws: draws(step.uses.iter(), self.variables, &[Scope::Step]),
            kind: step.kind,
        }
    }

    fn group(&mut self, group: program::Group, around: &[usize]) -> Group {
        let label = group.name.map(|name| self.label(&name, around));
        let index = label.and_then(|label| {
            let labels = self.labels.groups.as_mut()?;
            labels.push(label);
            Some(labels.len() - 1)
        });
        Group {
            index,
            repeat: group.repeat,
            enter: group.enter,
            transaction: group.transaction,
        }
    }

    fn label(&self, name: &str, groups: &[usize]) -> Label {
        Label {
            id: format!("{}/{name}", self.owner.id),
            name: name.to_owned(),
            groups: groups.to_vec(),
            ..self.owner.clone()
        }
    }
}

/// The variables of these scopes among those that are used, in the order in which they are drawn.
fn draws<'a>(
    uses: impl Iterator<Item = &'a usize>,
    variables: &[Variable],
    scopes: &[Scope],
) -> Vec<usize> {
    // Extracted values are not drawn.
    let drawn = |index: &usize| {
        let variable = variables.get(*index);
        variable.is_some_and(|variable| scopes.contains(&variable.scope))
    };
    let mut draws: Vec<usize> = uses.copied().filter(drawn).collect();
    draws.sort_unstable();
    draws.dedup();
    draws
}
