//! `intervals.jsonl`: a run written down while it goes on, so that one that was killed can still
//! be reported. The first line says what is run, each further one what was measured in a second,
//! and the last how it ended.

use super::{
    Beside, Event, Facts, Names, Program, ResultFile, build,
    looks::{Look, Watch, Watched, Watching},
    model::{SCHEMA, Scenario},
};
use crate::{
    gate::{Judge, Validity, validity},
    observe::Taken,
    plan::{
        Label, Plan, Threshold,
        threshold::{self, Condition, Metric, Scope},
    },
    record::{Collector, Size, Snapshot, wire::Interval},
    time::{Nanos, SECOND},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    fs::File,
    io::{self, Write as _},
    path::Path,
    time::Duration,
};

/// What a run that was killed ended with, so to speak: interrupted, in the table of exit codes.
const KILLED: u8 = 105;

/// The first line.
#[derive(Debug, Serialize, Deserialize)]
pub struct Header {
    schema: u32,
    scenario: Scenario,
    plan: Value,
    id: String,
    started_at: Timestamp,
    target: String,
    load: String,
    version: String,
    workers: usize,
    /// When the load was to end.
    load_ends_ns: Option<Nanos>,
    /// When the warm-up was to end.
    #[serde(default)]
    warmup_ns: Nanos,
    steps: Vec<Name>,
    tasks: Vec<Name>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<Name>,
    thresholds: Vec<Judged>,
    #[serde(default, skip_serializing_if = "Watch::is_empty")]
    watch: Watch,
}

/// What is known of a run when it begins, besides its plan.
#[derive(Debug)]
pub struct Beginning {
    /// What is run.
    pub scenario: Scenario,
    /// The plan, secrets redacted.
    pub plan: Value,
    /// UUIDv7.
    pub id: String,
    /// When the load begins.
    pub started_at: Timestamp,
    /// What is driven, in words.
    pub target: String,
    /// The load, in words.
    pub load: String,
    /// Worker threads.
    pub workers: usize,
    /// When the load is to end.
    pub load_ends: Option<Nanos>,
}

/// A second, and what the process had used by then.
#[derive(Debug, Serialize, Deserialize)]
struct Second {
    #[serde(flatten)]
    interval: Interval,
    cpu_seconds: f64,
    max_rss_bytes: u64,
}

/// The last line.
#[derive(Debug, Serialize, Deserialize)]
struct Last {
    end: End,
}

/// Something that was done to the world.
#[derive(Debug, Serialize, Deserialize)]
struct Done {
    event: Event,
}

/// What a look at the system under test gave.
#[derive(Debug, Serialize, Deserialize)]
struct Looked {
    look: Look,
}

/// How a run ended.
#[derive(Debug, Serialize, Deserialize)]
pub struct End {
    /// The true length.
    pub elapsed_ns: Nanos,
    /// Arrivals that were only looked at after the end.
    pub overdue: u64,
    /// When the load was stopped before its end.
    pub stopped_ns: Option<Nanos>,
    /// Ended by a signal.
    pub interrupted: bool,
    /// What failed beside the thresholds, in words.
    pub failures: Vec<String>,
    /// What was done beside the load.
    #[serde(default)]
    pub beside: Beside,
    /// What the process ends with.
    pub exit_code: u8,
    /// CPU time, user and system.
    pub cpu_seconds: f64,
    /// Most memory it had.
    pub max_rss_bytes: u64,
}

#[derive(Debug, Serialize, Deserialize)]
struct Name {
    id: String,
    population: String,
    task: String,
    name: String,
    task_index: usize,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    groups: Vec<usize>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    kind: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    checks: Vec<String>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Judged {
    expr: String,
    /// What the expression comes to: it may have been filled in from the environment.
    condition: String,
    task: Option<usize>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    group: Option<usize>,
    window_ns: Option<Nanos>,
    abort: bool,
    after_ns: Nanos,
}

impl Header {
    /// Of a plan that is about to be run.
    pub fn new(beginning: Beginning, plan: &Plan) -> Self {
        let Names { kinds, checks, .. } = Names::of(plan);
        let named = |(place, label): (usize, &Label)| Name {
            kind: kinds[place].to_owned(),
            checks: checks[place].to_vec(),
            ..Name::of(label)
        };
        Self {
            schema: SCHEMA,
            scenario: beginning.scenario,
            plan: beginning.plan,
            id: beginning.id,
            started_at: beginning.started_at,
            target: beginning.target,
            load: beginning.load,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            workers: beginning.workers,
            load_ends_ns: beginning.load_ends,
            warmup_ns: crate::time::nanos(plan.warmup),
            steps: plan.steps.iter().enumerate().map(named).collect(),
            tasks: plan.tasks.iter().map(Name::of).collect(),
            groups: plan.groups.iter().map(Name::of).collect(),
            thresholds: plan.thresholds.iter().map(Judged::of).collect(),
            watch: Watch::of(plan),
        }
    }
}

/// The file, while the run goes on.
#[derive(Debug)]
pub struct Journal {
    file: File,
    watching: Watching,
}

impl Journal {
    /// Begins the file, in place of what was there.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn create(path: &Path, header: &Header) -> io::Result<Self> {
        let mut journal = Self {
            file: File::create(path)?,
            watching: Watching::default(),
        };
        journal.line(header)?;
        Ok(journal)
    }

    /// Adds a second.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn append(
        &mut self,
        snapshot: &Snapshot,
        cpu_seconds: f64,
        max_rss_bytes: u64,
    ) -> io::Result<()> {
        self.line(&Second {
            interval: Interval::of(snapshot),
            cpu_seconds,
            max_rss_bytes,
        })
    }

    /// Adds something that was done to the world.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn event(&mut self, event: &Event) -> io::Result<()> {
        let event = event.clone();
        self.line(&Done { event })
    }

    /// Adds what a look at the system under test gave.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn look(&mut self, taken: &Taken) -> io::Result<()> {
        let look = self.watching.look(taken);
        self.line(&Looked { look })
    }

    /// Adds the end.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn end(mut self, end: End) -> io::Result<()> {
        self.line(&Last { end })
    }

    /// A line at once, so that there is no half of one but by a crash of the system.
    fn line(&mut self, line: &impl Serialize) -> io::Result<()> {
        let mut text = serde_json::to_vec(line)?;
        text.push(b'\n');
        self.file.write_all(&text)
    }
}

/// Makes the result of a run from the text of its journal. A last line that is not whole is passed
/// over.
///
/// # Errors
/// In words, when it is no journal, one of a newer version, or damaged.
pub fn result(text: &str) -> Result<ResultFile, String> {
    let mut lines = text
        .split_inclusive('\n')
        .filter_map(|line| line.strip_suffix('\n'));
    let first = lines.next().ok_or("its first line is missing")?;
    let version: Value = serde_json::from_str(first).map_err(|error| damaged(1, &error))?;
    if version["schema"]
        .as_u64()
        .is_some_and(|schema| schema > u64::from(SCHEMA))
    {
        return Err("it was written by a newer loadgen: use that one".to_owned());
    }
    let header: Header = serde_json::from_str(first).map_err(|error| damaged(1, &error))?;
    let mut seconds: Vec<Second> = Vec::new();
    let mut end = None;
    let mut events: Vec<Event> = Vec::new();
    let mut watched = Watched::of(&header.watch);
    for (number, line) in (2..).zip(lines) {
        if line.starts_with("{\"end\"") {
            let last: Last = serde_json::from_str(line).map_err(|error| damaged(number, &error))?;
            end = Some(last.end);
        } else if line.starts_with("{\"event\"") {
            let done: Done = serde_json::from_str(line).map_err(|error| damaged(number, &error))?;
            // What was under way may be over.
            let same = |own: &&mut Event| own.name == done.event.name && own.t_s == done.event.t_s;
            match events.iter_mut().find(same) {
                Some(own) => *own = done.event,
                None => events.push(done.event),
            }
        } else if line.starts_with("{\"look\"") {
            let own: Looked =
                serde_json::from_str(line).map_err(|error| damaged(number, &error))?;
            watched.take(own.look);
        } else {
            seconds.push(serde_json::from_str(line).map_err(|error| damaged(number, &error))?);
        }
    }
    let beside = Beside {
        events,
        observed: watched.observed(&header.watch),
        limits: watched.limits(&header.watch)?,
        ..Beside::default()
    };
    replay(header, &seconds, beside, end)
}

fn replay(
    header: Header,
    seconds: &[Second],
    beside: Beside,
    end: Option<End>,
) -> Result<ResultFile, String> {
    let steps: Vec<Label> = header.steps.iter().map(Name::label).collect();
    let tasks: Vec<Label> = header.tasks.iter().map(Name::label).collect();
    let groups: Vec<Label> = header.groups.iter().map(Name::label).collect();
    if steps.iter().any(|step| step.task_index >= tasks.len()) {
        return Err("a step has no task".to_owned());
    }
    let size = Size::new(steps.len(), tasks.len(), groups.len());
    let thresholds = header
        .thresholds
        .iter()
        .map(|judged| judged.threshold(size));
    let thresholds: Vec<Threshold> = thresholds.collect::<Result<_, _>>()?;
    let mut judge = Judge::new(&thresholds, &steps).with_warmup(header.warmup_ns);
    let stopped = end.as_ref().and_then(|end| end.stopped_ns);
    for at in header.load_ends_ns.into_iter().chain(stopped) {
        judge.load_ends(at);
    }
    let mut collector = Collector::new(1, size).with_warmup(header.warmup_ns);
    for second in seconds {
        for snapshot in collector.absorb(0, second.interval.snapshot(size)?) {
            judge.update(&snapshot, collector.totals());
        }
    }
    let mut warnings = Vec::new();
    let end = end.unwrap_or_else(|| {
        warnings.push(
            "the run was killed: this is made of what it had written by then, and lacks at least \
             its last second"
                .to_owned(),
        );
        End {
            elapsed_ns: seconds.len() as Nanos * SECOND,
            overdue: 0,
            stopped_ns: None,
            interrupted: true,
            failures: Vec::new(),
            beside,
            exit_code: KILLED,
            cpu_seconds: seconds.last().map_or(0.0, |last| last.cpu_seconds),
            max_rss_bytes: seconds.last().map_or(0, |last| last.max_rss_bytes),
        }
    });
    let recording = collector.close(end.elapsed_ns, end.overdue);
    let verdicts = judge.verdicts(&recording.totals);
    let usage = validity::Usage {
        workers: header.workers,
        cpu_seconds: end.cpu_seconds,
    };
    let facts = Facts {
        scenario: header.scenario,
        plan: header.plan,
        id: header.id,
        started_at: header.started_at,
        target: header.target,
        load: header.load,
        interrupted: end.interrupted,
        failures: end.failures,
        beside: end.beside,
        validity: Validity::of(&recording.totals, usage),
        exit_code: end.exit_code,
        program: Program {
            version: header.version,
            workers: header.workers,
            cpu_seconds: end.cpu_seconds,
            max_rss_bytes: end.max_rss_bytes,
        },
        warnings,
    };
    let names = Names {
        steps: &steps,
        kinds: header.steps.iter().map(|step| step.kind.as_str()).collect(),
        tasks: &tasks,
        groups: &groups,
        checks: header
            .steps
            .iter()
            .map(|step| step.checks.as_slice())
            .collect(),
    };
    Ok(build(facts, &names, &recording, &thresholds, &verdicts))
}

fn damaged(line: usize, error: &serde_json::Error) -> String {
    format!("line {line} is damaged: {error}")
}

impl Name {
    fn of(label: &Label) -> Self {
        Self {
            id: label.id.clone(),
            population: label.population.clone(),
            task: label.task.clone(),
            name: label.name.clone(),
            task_index: label.task_index,
            groups: label.groups.clone(),
            kind: String::new(),
            checks: Vec::new(),
        }
    }

    fn label(&self) -> Label {
        Label {
            id: self.id.clone(),
            population: self.population.clone(),
            task: self.task.clone(),
            name: self.name.clone(),
            task_index: self.task_index,
            groups: self.groups.clone(),
        }
    }
}

impl Judged {
    fn of(threshold: &Threshold) -> Self {
        let unit = match threshold.metric {
            Metric::Time(..) => "ns",
            Metric::Rate => "/s",
            _ => "",
        };
        let (metric, op, limit) = (&threshold.metric, threshold.op, threshold.limit);
        Self {
            expr: threshold.expr.clone(),
            condition: format!("{metric} {op} {limit}{unit}"),
            task: match threshold.scope {
                Scope::Task(place) => Some(place),
                Scope::Totals | Scope::Group(_) => None,
            },
            group: match threshold.scope {
                Scope::Group(place) => Some(place),
                Scope::Totals | Scope::Task(_) => None,
            },
            window_ns: threshold.window.map(crate::time::nanos),
            abort: threshold.abort,
            after_ns: crate::time::nanos(threshold.after),
        }
    }

    fn threshold(&self, size: Size) -> Result<Threshold, String> {
        let Condition { metric, op, limit } = threshold::parse(&self.condition)
            .map_err(|_| format!("`{}` is no threshold", self.condition))?;
        if self.task.is_some_and(|task| task >= size.tasks)
            || self.group.is_some_and(|group| group >= size.groups)
        {
            return Err("a threshold is on a task that is not there".to_owned());
        }
        let task = self.task.map(Scope::Task);
        let scope = task.or(self.group.map(Scope::Group));
        Ok(Threshold {
            expr: self.expr.clone(),
            scope: scope.unwrap_or(Scope::Totals),
            metric,
            op,
            limit,
            window: self.window_ns.map(Duration::from_nanos),
            abort: self.abort,
            after: Duration::from_nanos(self.after_ns),
        })
    }
}
