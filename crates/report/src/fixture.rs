//! Runs to report on, made up for tests.

use super::{
    BackgroundResults, PlanNames, Program, ResultFile, RunMetadata, build, model::Scenario,
};
use loadgen_core::{
    metric::{Counter, Timer},
    time::{Nanos, SECOND, nanos},
};
use loadgen_driver::{ErrorClass, TraceId};
use loadgen_gate::{
    Judge, Validity,
    validity::{Grounds, Usage},
};
use loadgen_plan::{
    Label, MAX_LAG, Threshold,
    threshold::{Scope, parse},
};
use loadgen_record::{Collector, Ending, Recording, Size, Snapshot, Traced};
use serde_json::json;
use std::time::Duration;

pub const MS: Nanos = 1_000_000;

/// Everything that a result is made of.
pub struct Made {
    pub metadata: RunMetadata,
    pub steps: Vec<Label>,
    pub tasks: Vec<Label>,
    pub recording: Recording,
    pub thresholds: Vec<Threshold>,
    /// By step.
    pub checks: Vec<Vec<String>>,
}

/// Properties of a run made by [`run`].
pub struct FixtureRun<'a> {
    pub seconds: u64,
    pub elapsed: Nanos,
    pub overdue: u64,
    pub lag: Nanos,
    /// Changes each second before it is collected.
    pub change: &'a dyn Fn(&mut Snapshot),
}

impl Default for FixtureRun<'_> {
    fn default() -> Self {
        Self {
            seconds: 20,
            elapsed: 20 * SECOND + 31 * MS,
            overdue: 0,
            lag: 40_000,
            change: &|_| {},
        }
    }
}

/// Two tasks, one of a single step and one of two.
pub fn labels() -> (Vec<Label>, Vec<Label>) {
    let label = |id: &str, task_index| {
        let parts: Vec<&str> = id.splitn(3, '/').collect();
        Label {
            id: id.into(),
            population: parts[0].into(),
            task: parts[1].into(),
            name: parts[parts.len() - 1].into(),
            task_index,
            groups: Vec::new(),
        }
    };
    (
        vec![
            label("read-heavy/read order/GET /api/order/{{order_id}}", 0),
            label("read-heavy/create order/POST /api/order", 1),
            label("read-heavy/create order/GET /api/order/{{created}}", 1),
        ],
        vec![
            label("read-heavy/read order", 0),
            label("read-heavy/create order", 1),
        ],
    )
}

/// One second: 160 reads and 40 creations, each answered in a few ms.
fn second(number: u64, lag: Nanos) -> Snapshot {
    let mut snapshot = Snapshot::new(number, Size::new(3, 2, 0));
    snapshot.users = 50;
    snapshot.in_flight = 3;
    for request in 0..200 {
        let index = usize::from(request % 5 == 0);
        // From 2 to 12 ms, the later the rarer.
        let spread = (request * 7_919 + number * 104_729) % 1_000;
        let time = 2 * MS + spread * spread * 10;
        let (steps, tasks) = (&mut snapshot.steps, &mut snapshot.tasks);
        let done = &mut steps[index];
        done[Counter::Offered] += 1;
        done[Timer::Ok].record(time);
        done[Timer::Service].record(time - MS / 10);
        if index == 0 {
            done[Timer::Ttfb].record(time / 4);
        }
        done[Counter::BytesSent] += 120;
        done[Counter::BytesReceived] += 450;
        let mut whole = time;
        if index == 1 {
            steps[2][Counter::Offered] += 1;
            steps[2][Timer::Ok].record(time / 2);
            steps[2][Timer::Service].record(time / 4);
            whole += time / 2;
        }
        tasks[index][Counter::Offered] += 1;
        tasks[index][Timer::Ok].record(whole);
        snapshot.lag.record(lag * (request % 3) / 2);
    }
    snapshot.steps[0][Timer::Connect].record(300_000);
    snapshot
}

/// A failure of a one-step task, in its step and in the task.
pub fn fail(snapshot: &mut Snapshot, class: ErrorClass, message: &str, time: Nanos) {
    for measures in [&mut snapshot.steps[0], &mut snapshot.tasks[0]] {
        measures[Counter::Offered] += 1;
        measures[Timer::Failed].record(time);
        measures.fail(class, || message.to_owned());
    }
}

/// A second in which a request was the slowest so far, and another one failed.
pub fn trace(snapshot: &mut Snapshot) {
    let second = snapshot.second;
    for (step, latency, ending) in [
        (0, 40 + second, Ending::Ok),
        (1, 900, Ending::Failed(ErrorClass::Status5xx)),
    ] {
        snapshot.traces_of(step).note(Traced {
            id: TraceId((u128::from(second + 1) << 64) + step as u128),
            sampled: second.is_multiple_of(2),
            latency: latency * MS,
            ended: second * SECOND + SECOND / 2,
            ending,
        });
    }
}

/// A threshold on everything.
pub fn threshold(expr: &str) -> Threshold {
    let condition = parse(expr).unwrap();
    Threshold {
        expr: expr.into(),
        scope: Scope::Totals,
        metric: condition.metric,
        op: condition.op,
        limit: condition.limit,
        unit: condition.unit,
        window: None,
        abort: false,
        after: Duration::ZERO,
        implied: false,
    }
}

/// `p95 < ..ms`
pub fn p95(ms: u64) -> Threshold {
    threshold(&format!("p95 < {ms}ms"))
}

/// Measures a run.
pub fn run(course: &FixtureRun<'_>) -> Made {
    let (steps, tasks) = labels();
    let mut collector = Collector::new(1, Size::new(steps.len(), tasks.len(), 0));
    for number in 0..course.seconds {
        let mut snapshot = second(number, course.lag);
        (course.change)(&mut snapshot);
        collector.absorb(0, snapshot);
    }
    let recording = collector.close(course.elapsed, course.overdue);
    let usage = Usage {
        workers: 2,
        cpu_seconds: 1.25,
        host: None,
    };
    Made {
        checks: vec![
            Vec::new(),
            vec!["status 201".into(), "$.ok = true".into()],
            Vec::new(),
        ],
        metadata: RunMetadata {
            scenario: Scenario {
                name: "read-heavy".into(),
                file: "scenarios/read-heavy.toml".into(),
                arguments: vec!["--duration".into(), "20s".into()],
                sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
                seed: 42,
            },
            plan: json!({"name": "read-heavy"}),
            id: "0199f3a2-7c1e-7b52-9d3a-0c5d9c1e8a41".into(),
            started_at: "2026-11-21T07:38:00Z".parse().unwrap(),
            target: "orders at http://127.0.0.1:41573".into(),
            load: "50 users, think 1s..3s".into(),
            interrupted: false,
            failures: Vec::new(),
            validity: Validity::of(&Grounds {
                totals: &recording.totals,
                usage,
                max_lag: nanos(MAX_LAG),
                tasks: &[],
                thresholds: &[],
                verdicts: &[],
            }),
            exit_code: 0,
            program: Program {
                version: "0.1.0".into(),
                workers: usage.workers,
                cpu_seconds: usage.cpu_seconds,
                max_rss_bytes: 23_000_000,
            },
            background: BackgroundResults::default(),
            warnings: Vec::new(),
        },
        steps,
        tasks,
        recording,
        thresholds: vec![
            p95(300),
            threshold("error_rate < 1%"),
            Threshold {
                scope: Scope::Task(0),
                ..p95(200)
            },
        ],
    }
}

impl Made {
    /// Names of the steps, tasks and checks.
    pub fn names(&self) -> PlanNames<'_> {
        PlanNames {
            steps: (&self.steps).into(),
            kinds: vec!["http".into(); self.steps.len()],
            tasks: (&self.tasks).into(),
            groups: Vec::new().into(),
            checks: self.checks.iter().map(Into::into).collect(),
        }
    }

    /// The result, judged.
    pub fn result(self) -> ResultFile {
        let judge = Judge::new(&self.thresholds, &self.steps);
        let verdicts = judge.verdicts(&self.recording.totals);
        let names = self.names().into_owned();
        build(
            self.metadata,
            &names,
            &self.recording,
            &self.thresholds,
            &verdicts,
        )
    }
}
