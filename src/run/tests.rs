//! Runs whose load is a script: no threads of workers, and time that passes when it is waited for.

use super::{
    Cause, FinishedRun, Interrupts, LoadSource, Observer, Options, Run, RunError, RunInfo,
    RunPhase, Second,
    suite::{SuiteObserver, SuiteRunner},
};
use crate::{
    driver::{Call, Custom, ErrorClass, Failure, Setups},
    engine::{Event, RunningLoad, WorkerEnd},
    metric::{Counter, Timer},
    plan::{Plan, RunData, Settings, compile, compile_suite, suite::Phase},
    record::{Size, Snapshot},
    report::suite::State,
    scenario::{self, File, Inputs, Scenario},
    time::{Clock, Nanos, SECOND},
};
use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    path::Path,
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::sleep;
use uuid::Uuid;

/// Replays the seconds of a load, each when it is over.
#[derive(Clone)]
struct Script {
    /// By sender, by second: requests that were good and that failed.
    seconds: Vec<Vec<(u64, u64)>>,
    /// Time for which requests under way go on after a stop.
    under_way: Nanos,
    /// The sender of this number fails at the end.
    broken: Option<usize>,
    /// Does not hear that it is to be cut off.
    deaf: bool,
    /// Stops and cuts, with their times.
    ended: Rc<RefCell<Vec<(&'static str, Nanos)>>>,
}

impl Script {
    fn new(seconds: &[&[(u64, u64)]]) -> Self {
        Self {
            seconds: seconds.iter().map(|sender| sender.to_vec()).collect(),
            under_way: 0,
            broken: None,
            deaf: false,
            ended: Rc::default(),
        }
    }

    fn ended(&self) -> Vec<(&'static str, Nanos)> {
        self.ended.borrow().clone()
    }
}

impl<C: Custom> LoadSource<C> for Script {
    type Load = Replay;

    fn senders(&self) -> usize {
        self.seconds.len()
    }

    async fn start(
        self,
        plan: &Arc<Plan>,
        _: &Arc<RunData>,
        _: Setups<C>,
    ) -> Result<Replay, String> {
        let size = Size::of(plan);
        let longest = self.seconds.iter().map(Vec::len).max().unwrap_or(0);
        let mut due = VecDeque::new();
        for second in 0..longest {
            for (sender, seconds) in self.seconds.iter().enumerate() {
                if let Some((good, bad)) = seconds.get(second) {
                    due.push_back((sender, snapshot(second as u64, size, *good, *bad)));
                }
            }
        }
        Ok(Replay {
            clock: Clock::of_runtime(),
            due,
            left: (0..self.seconds.len()).rev().collect(),
            end: Cell::new(longest as u64 * SECOND),
            script: self,
        })
    }
}

fn snapshot(second: u64, size: Size, good: u64, bad: u64) -> Snapshot {
    let mut snapshot = Snapshot::new(second, size);
    for measures in [&mut snapshot.steps[0], &mut snapshot.tasks[0]] {
        measures[Counter::Offered] += good + bad;
        (0..good).for_each(|_| measures[Timer::Ok].record(5_000_000));
        for _ in 0..bad {
            measures[Timer::Failed].record(5_000_000);
            measures.fail(ErrorClass::Other, || "no".to_owned());
        }
    }
    snapshot
}

struct Replay {
    script: Script,
    clock: Clock,
    due: VecDeque<(usize, Snapshot)>,
    /// Senders that have not ended, the next one last.
    left: Vec<usize>,
    end: Cell<Nanos>,
}

impl RunningLoad for Replay {
    fn clock(&self) -> Clock {
        self.clock
    }

    fn senders(&self) -> usize {
        self.script.seconds.len()
    }

    async fn next(&mut self) -> Option<Event> {
        let end = self.end.get();
        let over = |snapshot: &Snapshot| (snapshot.second + 1) * SECOND;
        if let Some((_, snapshot)) = self.due.front()
            && over(snapshot) <= end
        {
            tokio::time::sleep_until(self.clock.instant(over(snapshot))).await;
            let (sender, snapshot) = self.due.pop_front()?;
            return Some(Event::Snapshot(sender, Box::new(snapshot)));
        }
        let sender = *self.left.last()?;
        tokio::time::sleep_until(self.clock.instant(end)).await;
        self.left.pop();
        let end = match self.script.broken == Some(sender) {
            true => Err("the script is torn".to_owned()),
            false => Ok(WorkerEnd {
                at: end,
                overdue: 1,
                ..WorkerEnd::default()
            }),
        };
        Some(Event::End(sender, end))
    }

    fn stop(&self) {
        let now = self.clock.now();
        self.script.ended.borrow_mut().push(("stop", now));
        let end = now.saturating_add(self.script.under_way);
        self.end.set(self.end.get().min(end));
    }

    fn cut(&self) {
        let now = self.clock.now();
        self.script.ended.borrow_mut().push(("cut", now));
        if !self.script.deaf {
            self.end.set(now);
        }
    }
}

/// Does the steps of setups and teardowns.
#[derive(Clone, Default)]
struct Steps {
    away: bool,
    done: Arc<Mutex<Vec<String>>>,
}

impl Custom for Steps {
    type Session = ();

    fn session(&self, _: u64) {}

    async fn call(&self, (): &mut (), call: &mut Call<'_>) -> Result<(), Failure> {
        let text = String::from_utf8_lossy(call.text()).into_owned();
        let failure = match text.starts_with("bad") {
            true => Err(Failure::text(ErrorClass::Other, "it is bad")),
            false => Ok(()),
        };
        self.done.lock().unwrap().push(text);
        failure
    }

    async fn ready(&self) -> Result<(), String> {
        match self.away {
            true => Err("nobody is there".to_owned()),
            false => Ok(()),
        }
    }
}

/// Notes what it is told.
#[derive(Default)]
struct Notes(Vec<String>);

impl Observer for Notes {
    fn message(&mut self, text: &str) {
        self.0.push(text.to_owned());
    }

    fn begin(&mut self, info: &RunInfo) -> Result<(), Cause> {
        self.0.push(format!("begin with {}", info.workers));
        Ok(())
    }

    fn second(&mut self, second: &Second<'_>) {
        let (snapshot, totals) = (second.snapshot, second.totals);
        let offered = [&snapshot.tasks[0], &totals.tasks[0]].map(|task| task[Counter::Offered]);
        let standings = second.standings();
        let holds = standings.iter().flatten().all(|verdict| verdict.ok);
        self.0
            .push(format!("second {}: {offered:?} {holds}", snapshot.second));
    }

    fn load_over(&mut self) {
        self.0.push("load over".to_owned());
    }

    fn failed(&mut self, error: &RunError) {
        self.0.push(format!("failed in {:?}: {error}", error.phase));
    }
}

fn text(top: &str) -> String {
    format!(
        "{top}\n[load]\nusers = 2\nduration = '4s'\n\
         [[setup.step]]\ncustom = 'in'\n[[teardown.step]]\ncustom = 'out'\n\
         [[task]]\nname = 't'\n[[task.step]]\nname = 's'\ncustom = 'x'\n"
    )
}

fn plan(text: &str) -> (Scenario, Plan) {
    let path = Path::new("script.toml");
    let scenario = scenario::parse(path, text.to_owned(), &Inputs::none());
    let scenario = scenario.unwrap_or_else(|report| panic!("{report}"));
    let plan = compile(&scenario, &settings()).unwrap();
    (scenario, plan)
}

fn settings() -> Settings {
    Settings {
        custom: true,
        ..Settings::new(Uuid::nil())
    }
}

struct Ran {
    result: Result<FinishedRun, RunError>,
    notes: Vec<String>,
    done: Vec<String>,
}

/// Runs a scenario with a scripted load, interrupted after each of these times (ms).
async fn run(scenario: &str, script: &Script, steps: Steps, interrupts: &[u64]) -> Ran {
    let (scenario, plan) = plan(scenario);
    let options = Options::new(Uuid::nil(), steps.clone());
    let run = Run::new(&scenario, plan, options).unwrap();
    let handle = Interrupts::default();
    let mut observers = (Notes::default(), ());
    let interrupt = async {
        for after in interrupts {
            sleep(Duration::from_millis(*after)).await;
            handle.send();
        }
        std::future::pending::<()>().await;
    };
    let result = tokio::select! {
        result = run.execute_on(script.clone(), &mut observers, &handle) => result,
        () = interrupt => unreachable!("it never ends"),
    };
    let done = steps.done.lock().unwrap().clone();
    Ran {
        result,
        notes: observers.0.0,
        done,
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_is_merged_judged_and_told_second_by_second() {
    let script = Script::new(&[&[(1, 0), (2, 0)], &[(3, 1), (4, 0), (5, 0)]]);
    let ran = run(
        &text("thresholds = ['errors == 0']"),
        &script,
        Steps::default(),
        &[],
    )
    .await;
    assert_eq!(
        ran.notes,
        [
            "begin with 2",
            "second 0: [5, 5] false",
            "second 1: [6, 11] false",
            "second 2: [5, 16] false",
            "load over",
        ]
    );
    assert_eq!(ran.done, ["in", "out"]);
    let finished = ran.result.unwrap();
    assert!(!finished.held() && !finished.interrupted && finished.internal.is_empty());
    assert_eq!((finished.exit_code, finished.stopped), (1, None));
    assert!(script.ended().is_empty());
    let result = finished.into_result();
    assert_eq!(
        (result.totals[Counter::Offered], result.run.exit_code),
        (16, 1)
    );
    assert_eq!(result.run.duration_s, 3.0);
    // Each sender had an arrival that it had not looked at.
    assert_eq!(result.generators[0].workers, 2);
    assert!(!result.run.valid, "{:?}", result.run.invalid_reasons);
    assert!(!result.thresholds[0].ok);
}

#[tokio::test(start_paused = true)]
async fn a_threshold_that_fails_ends_the_load() {
    let script = Script {
        under_way: SECOND / 2,
        ..Script::new(&[&[(9, 0), (9, 1), (9, 0), (9, 0)]])
    };
    let top = "thresholds = [{ expr = 'errors == 0', abort = true }]";
    let ran = run(&text(top), &script, Steps::default(), &[]).await;
    assert_eq!(script.ended(), [("stop", 2 * SECOND)]);
    assert!(
        ran.notes
            .contains(&"errors == 0 failed: ending the run".to_owned())
    );
    let finished = ran.result.unwrap();
    assert_eq!(finished.stopped, Some(2 * SECOND));
    assert!(!finished.held() && !finished.interrupted);
    assert_eq!(finished.into_result().run.duration_s, 2.5);
}

#[tokio::test(start_paused = true)]
async fn an_interrupt_stops_the_load_and_keeps_what_was_measured() {
    let script = Script::new(&[&[(7, 0); 60]]);
    let ran = run(&text(""), &script, Steps::default(), &[1_500]).await;
    assert_eq!(script.ended(), [("stop", 3 * SECOND / 2)]);
    let words = "interrupted: waiting for what is under way; once more cuts it off";
    assert!(ran.notes.contains(&words.to_owned()), "{:?}", ran.notes);
    assert_eq!(ran.done, ["in", "out"]);
    let finished = ran.result.unwrap();
    assert!(finished.interrupted && finished.held() && !finished.is_good());
    assert_eq!(finished.into_result().totals[Counter::Offered], 7);
}

#[tokio::test(start_paused = true)]
async fn a_second_interrupt_cuts_the_load_off_and_reports() {
    let script = Script {
        under_way: 30 * SECOND,
        ..Script::new(&[&[(7, 0); 60]])
    };
    let ran = run(&text(""), &script, Steps::default(), &[1_500, 1_000]).await;
    let [stop, cut] = [3 * SECOND / 2, 5 * SECOND / 2];
    assert_eq!(script.ended(), [("stop", stop), ("cut", cut)]);
    assert_eq!(ran.done, ["in", "out"]);
    let finished = ran.result.unwrap();
    assert!(finished.interrupted && finished.warnings.is_empty());
    let result = finished.into_result();
    assert_eq!(result.totals[Counter::Offered], 14);
    assert_eq!(result.run.duration_s, 2.5);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_cannot_be_cut_off_is_reported_without_its_end() {
    let deaf = Script {
        under_way: 30 * SECOND,
        deaf: true,
        ..Script::new(&[&[(7, 0); 60]])
    };
    let began = tokio::time::Instant::now();
    let ran = run(&text(""), &deaf, Steps::default(), &[1_500, 250]).await;
    let passed = began.elapsed().as_millis();
    // Timers are as fine as a millisecond.
    assert!((6_750..6_760).contains(&passed), "{passed}");
    assert_eq!(ran.done, ["in", "out"]);
    let finished = ran.result.unwrap();
    assert!(
        finished.warnings[0].starts_with("a worker did not end within 5s"),
        "{:?}",
        finished.warnings
    );
    assert_eq!(finished.into_result().totals[Counter::Offered], 6 * 7);

    // The third interrupt waits for nothing.
    let began = tokio::time::Instant::now();
    let ran = run(&text(""), &deaf, Steps::default(), &[1_500, 500, 250]).await;
    let passed = began.elapsed().as_millis();
    assert!((2_250..2_255).contains(&passed), "{passed}");
    let error = ran.result.unwrap_err();
    assert!(error.is_abandoned());
    assert_eq!(
        (error.phase, ran.done),
        (RunPhase::Load, vec!["in".to_owned()])
    );
}

#[tokio::test(start_paused = true)]
async fn a_teardown_is_bounded_after_the_second_interrupt_and_left_at_the_third() {
    let slow = text("").replace("custom = 'out'", "custom = 'out'\nthink = '1h'");
    let script = Script::new(&[&[(7, 0)]]);
    for (interrupts, took) in [
        // In the load, and in the teardown.
        (&[500, 0][..], 10_500),
        (&[500, 2_500][..], 13_000),
        // All interrupts come in the teardown.
        (&[2_000, 1_000][..], 13_000),
    ] {
        let began = tokio::time::Instant::now();
        let ran = run(&slow, &script, Steps::default(), interrupts).await;
        let passed = began.elapsed().as_millis();
        assert!((took..took + 10).contains(&passed), "{passed}");
        let finished = ran.result.unwrap();
        assert!(finished.interrupted);
        assert_eq!(
            finished.failures,
            ["the teardown was not over 10s after the second interrupt, and was cut off"]
        );
    }
    let ran = run(&slow, &script, Steps::default(), &[2_000, 1_000, 1_000]).await;
    let error = ran.result.unwrap_err();
    assert!(error.is_abandoned());
    assert_eq!(error.phase, RunPhase::Teardown);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_breaks_ends_the_load() {
    let script = Script {
        broken: Some(0),
        ..Script::new(&[&[(1, 0)], &[(1, 0), (1, 0)]])
    };
    let ran = run(&text(""), &script, Steps::default(), &[]).await;
    assert_eq!(script.ended().len(), 1);
    let finished = ran.result.unwrap();
    assert_eq!(finished.internal, ["the script is torn"]);
    let result = finished.into_result();
    assert_eq!(result.run.failures, ["the script is torn"]);
}

#[tokio::test(start_paused = true)]
async fn an_error_says_in_which_phase_the_run_ended() {
    let script = Script::new(&[&[(1, 0)]]);
    let away = Steps {
        away: true,
        ..Steps::default()
    };
    let ran = run(&text(""), &script, away, &[]).await;
    let error = ran.result.unwrap_err();
    assert_eq!(error.phase, RunPhase::Preflight);
    assert!(matches!(error.cause, Cause::Unreachable(_)));
    assert_eq!(ran.notes, ["failed in Preflight: nobody is there"]);
    assert!(ran.done.is_empty());

    let bad = text("").replace("custom = 'in'", "custom = 'bad'");
    let ran = run(&bad, &script, Steps::default(), &[]).await;
    let error = ran.result.unwrap_err();
    assert_eq!(error.phase, RunPhase::Setup);
    assert!(matches!(error.cause, Cause::Failed(_)));
    let words = "failed in Setup: the setup failed: bad: it is bad";
    assert_eq!(ran.notes, [words]);
    // A setup that failed is not torn down.
    assert_eq!(ran.done, ["bad"]);

    let bad = text("").replace("custom = 'out'", "custom = 'bad'");
    let finished = run(&bad, &script, Steps::default(), &[])
        .await
        .result
        .unwrap();
    assert_eq!(finished.failures, ["the teardown failed: bad: it is bad"]);
    assert_eq!(finished.exit_code, 1);
}

#[test]
fn commands_are_run_where_they_are_allowed() {
    let top = "[[event]]\nname = 'e'\nat = '1s'\nexec = ['true']\n";
    for allowed in [false, true] {
        let (scenario, plan) = plan(&text(top));
        let options = Options {
            allow_commands: allowed,
            ..Options::new(Uuid::nil(), Steps::default())
        };
        let admitted = Run::new(&scenario, plan, options);
        match admitted {
            Ok(_) => assert!(allowed),
            Err(error) => {
                assert!(!allowed && matches!(error.cause, Cause::CommandNotAllowed(_)));
                assert_eq!(error.phase, RunPhase::Admission);
            }
        }
    }
}

/// Watches a suite without a word.
struct Silent;

impl SuiteObserver for Silent {
    type Observer = ();

    fn begin(&mut self, _: usize, _: &Phase) -> Result<(), Cause> {
        Ok(())
    }
}

/// A suite of two phases whose first one fails; its load is real, and has one iteration.
#[tokio::test]
async fn a_suite_is_a_library_call_as_well() {
    let phase = "load = { users = 1, iterations = 1 }\n        [[task]]\nname = 't'\n[[task.step]]\ncustom = 'KIND'\n        [[teardown.step]]\ncustom = 'out'\n";
    for (on_failure, ran, code) in [("stop", 1, 1), ("continue", 2, 1)] {
        let files = |path: &Path| match path.to_str() {
            Some("bad.toml") => {
                let top = "thresholds = ['errors == 0']\n".to_owned();
                Ok((top + &phase.replace("KIND", "bad")).into_bytes())
            }
            _ => Ok(phase.replace("KIND", "x").into_bytes()),
        };
        let inputs = Inputs {
            files: &files,
            ..Inputs::none()
        };
        let text = format!(
            "[suite]\non_failure = '{on_failure}'\n[[phase]]\nscenario = 'bad.toml'\n             [[phase]]\nscenario = 'good.toml'\n"
        );
        let read = scenario::parse_any(Path::new("suite.toml"), text, &inputs);
        let File::Suite(suite) = read.unwrap_or_else(|report| panic!("{report}")) else {
            panic!("it is a suite");
        };
        let suite = compile_suite(*suite, &settings(), Uuid::nil).unwrap();
        let steps = Steps::default();
        let options = Options::new(Uuid::nil(), steps.clone());
        let runner = SuiteRunner::new(suite, options).unwrap();
        let interrupts = Interrupts::default();
        let mut watcher = Silent;
        let executed = runner.execute(&mut watcher, &interrupts);
        let result = executed.await.unwrap();
        let has_run = result.phases.iter().filter(|it| it.state == State::Ran);
        assert_eq!((has_run.count(), result.suite.exit_code), (ran, code));
        assert_eq!(result.phases.len(), 2);
        let first = result.phases[0].result.as_ref().unwrap();
        assert!(!first.thresholds[0].ok);
        assert_eq!(steps.done.lock().unwrap().len(), 2 * ran);
    }
}
