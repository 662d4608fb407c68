//! One run of a plan: the target made ready, the load driven against it and followed to its end.

use super::{
    Args, Ended,
    target::{self, Bundle},
    tell,
};
use crate::{
    cli::{
        Exit,
        beside::{self, Beside},
        errands::Errands,
        live::{self, Killed, Measured, Outside},
        output,
        outputs::{Outputs, Written},
        scenario,
        signals::Signals,
        system::{self, Usage},
    },
    dashboard::{self, Display, Outline},
    driver::{
        Custom, Drivers, Setups, Timers,
        http::{self, HttpDriver},
        sql::{self, PrepareError},
    },
    engine::{Engine, worker_count},
    plan::{Plan, RunData, describe},
    report::{
        self,
        journal::{Beginning, Header},
    },
    scenario::{Report, Scenario, Source},
    time::Clock,
    world::{self, LoadError},
};
use jiff::Timestamp;
use std::{num::NonZeroUsize, sync::Arc};
use tokio::sync::mpsc;
use url::Url;
use uuid::Uuid;

/// A plan that is to be run once.
pub struct Run<'a, C> {
    /// How it is run and shown.
    pub args: &'a Args,
    /// What it writes.
    pub outputs: &'a Outputs,
    /// Does the steps that loadgen cannot.
    pub custom: &'a C,
    /// Where the plan came from.
    pub origin: report::model::Scenario,
    /// The texts that its places point into.
    pub sources: Arc<[Source]>,
    /// What is run.
    pub plan: Arc<Plan>,
    /// The run's id.
    pub id: Uuid,
}

/// What the report needs besides the measurements.
pub struct Context {
    pub written: Written,
    pub started_at: Timestamp,
    pub target: String,
    pub workers: usize,
    pub beside: report::Beside,
    /// What should be known before the numbers are believed, in words.
    pub warnings: Vec<String>,
    /// What was used before the load began.
    pub before: Usage,
}

/// What is there when the load begins.
struct Prepared {
    data: Arc<RunData>,
    setups: Setups,
    beside: Beside,
}

/// A target that answers.
struct Reached {
    http: Arc<http::Setup>,
    /// By population.
    urls: Vec<Vec<Url>>,
}

impl<'a, C: Custom> Run<'a, C> {
    /// A run of a scenario's plan; `arguments` are the flags that changed the scenario.
    pub fn new(
        args: &'a Args,
        custom: &'a C,
        outputs: &'a Outputs,
        scenario: &Scenario,
        arguments: Vec<String>,
        mut plan: Plan,
        id: Uuid,
    ) -> Self {
        if args.no_thresholds {
            plan.thresholds.clear();
            plan.beside.limits.clear();
        }
        Self {
            args,
            outputs,
            custom,
            origin: report::model::Scenario {
                name: plan.name.clone(),
                file: scenario.path.display().to_string(),
                arguments,
                sha256: scenario.sha256.clone(),
                seed: plan.seed,
            },
            sources: Arc::clone(&scenario.sources),
            plan: Arc::new(plan),
            id,
        }
    }

    /// Brings the target up and runs the load against it, between its setup and its teardown.
    pub async fn measure(
        &self,
        bundle: &mut Bundle,
        signals: &mut Signals,
    ) -> Result<(Measured, Context), Ended> {
        if let Some(problem) = beside::forbidden(&self.plan, self.args.allow_exec) {
            return Err(tell(Exit::Usage, problem));
        }
        let web = self.args.browsers.serve();
        let web = web.map_err(|problem| tell(Exit::Usage, problem))?;
        if let (Some(web), dashboard::Kind::Off) = (&web, self.args.display_kind()) {
            // Without it nobody could know.
            output::tell(&format!("the run can be watched at {}\n", web.url()));
        }
        let display = Display::new(self.args.display_kind(), Outline::of(&self.plan), web);
        let reached = tokio::select! {
            reached = self.reach(bundle, &display) => reached?,
            () = signals.next() => return Err(early()),
        };
        let mut errands = Errands::new(&self.plan, &reached.http, self.custom.clone());
        let prepared = tokio::select! {
            prepared = self.prepare(&mut errands, &reached, bundle, &display) => prepared,
            () = signals.next() => Err(early()),
        };
        let measured = match prepared {
            Ok(prepared) => {
                let target = target::words(&self.plan, &reached.urls);
                self.load(prepared, target, bundle, signals, display).await
            }
            Err(ended) => Err(ended),
        };
        if let Err(Ended(Exit::Killed, _)) = measured {
            return measured;
        }
        let problems = tokio::select! {
            problems = errands.tear_down() => problems,
            () = signals.next() => vec!["the teardown was interrupted".to_owned()],
        };
        match measured {
            Ok((mut measured, context)) => {
                measured.failures.extend(problems);
                Ok((measured, context))
            }
            Err(ended) => {
                problems.into_iter().for_each(output::complain);
                Err(ended)
            }
        }
    }

    /// Runs the load, and asks afterwards what is to be verified.
    async fn load(
        &self,
        prepared: Prepared,
        target: String,
        bundle: &mut Bundle,
        signals: &mut Signals,
        display: Display,
    ) -> Result<(Measured, Context), Ended> {
        let Prepared {
            data,
            setups,
            mut beside,
        } = prepared;
        let plan = &self.plan;
        let wanted = self
            .args
            .workers
            .map_or_else(system::processors, NonZeroUsize::get);
        let before = Usage::now();
        let started_at = Timestamp::now();
        let workers = worker_count(plan, wanted);
        let mut written = self.begin(before, started_at, &target, workers)?;
        let exporter = self.args.exports.start(plan, self.id, &setups.http);
        written.hand_on(exporter.map_err(|problem| tell(Exit::Setup, problem))?);
        let (sender, events) = mpsc::unbounded_channel();
        let custom = self.custom.clone();
        let driver = move |clock, worker| {
            let custom = custom.clone();
            Ok(Drivers::new(clock, &setups, worker, workers, custom))
        };
        let engine = Engine::start(plan, &data, workers, driver, &sender)
            .map_err(|error| tell(Exit::Internal, format_args!("no worker threads: {error}")))?;
        drop(sender);
        written.begins(engine.clock());
        let follow = live::follow(
            &engine,
            plan,
            events,
            Outside {
                bundled: bundle.processes(),
                signals,
            },
            display,
            &mut written,
            &mut beside,
        );
        let finished = match follow.await {
            Ok(mut measured) => {
                let finished = beside.finish(&mut measured, signals).await;
                finished.map(|()| measured)
            }
            Err(Killed) => Err(Killed),
        };
        match finished {
            Ok(measured) => {
                let mut warnings = match measured.stopped {
                    None => beside.warnings(),
                    Some(_) => Vec::new(),
                };
                warnings.extend(tokio::select! {
                    warnings = written.handed_on() => warnings,
                    () = signals.next() => Vec::new(),
                });
                let context = Context {
                    warnings,
                    written,
                    started_at,
                    target,
                    workers: engine.workers(),
                    beside: beside.into_report(),
                    before,
                };
                Ok((measured, context))
            }
            Err(Killed) => Err(Ended::killed()),
        }
    }

    /// Begins to write down the run.
    fn begin(
        &self,
        before: Usage,
        started_at: Timestamp,
        target: &str,
        workers: usize,
    ) -> Result<Written, Ended> {
        let header = || {
            let beginning = Beginning {
                scenario: self.origin.clone(),
                plan: describe::json(&self.plan),
                id: self.id.to_string(),
                started_at,
                target: target.to_owned(),
                load: report::words::load(&self.plan),
                workers,
                load_ends: live::planned_end(&self.plan),
            };
            Header::new(beginning, &self.plan)
        };
        let begun = self.outputs.begin(before, header);
        begun.map_err(|problem| tell(Exit::Internal, problem))
    }

    /// Waits until the target answers.
    async fn reach(&self, bundle: &mut Bundle, display: &Display) -> Result<Reached, Ended> {
        let served = bundle.ready(|text| display.message(text)).await?;
        let populations = &self.plan.populations;
        let urls: Vec<Vec<Url>> = populations
            .iter()
            .map(|p| target::urls(&p.target, served))
            .collect();
        let targets: Vec<http::Target<'_>> = populations
            .iter()
            .zip(&urls)
            .map(|(population, urls)| http::Target::of(population, urls))
            .collect();
        let setup = http::Setup::new(&targets).map_err(|error| tell(Exit::Setup, error))?;
        let http = Arc::new(setup);
        HttpDriver::new(Clock::start(), Timers::default(), Arc::clone(&http))
            .preflight()
            .await
            .map_err(|error| tell(Exit::Unreachable, error))?;
        let ready = self.custom.ready().await;
        ready.map_err(|problem| tell(Exit::Unreachable, problem))?;
        Ok(Reached { http, urls })
    }

    /// Sets up what the load needs, prepares its statements, and asks what is to be known before it.
    async fn prepare(
        &self,
        errands: &mut Errands<'_, C>,
        reached: &Reached,
        bundle: &Bundle,
        display: &Display,
    ) -> Result<Prepared, Ended> {
        let problem = |problem| tell(Exit::Setup, problem);
        let populations = self.plan.populations.iter();
        let own = populations.map(|p| bundle.database(&p.target)).collect();
        let loaded = world::load(&self.plan, &reached.urls, &own, |words| {
            display.message(words)
        });
        let loaded = loaded.await.map_err(|error| match &error {
            LoadError::Unreachable(_) => tell(Exit::Unreachable, error),
            LoadError::Useless(_) => tell(Exit::Setup, error),
        })?;
        let data = errands.set_up(loaded).await.map_err(problem)?;
        let setups = Setups {
            http: Arc::clone(&reached.http),
            sql: self.databases_ready(&data).await?,
            timers: Timers::apart()
                .map_err(|error| tell(Exit::Internal, format_args!("no thread: {error}")))?,
        };
        let populations = self.plan.populations.iter();
        let databases = populations.map(|p| bundle.database(&p.target)).collect();
        let beside = Beside::prepare(&self.plan, &reached.urls, databases, display).await;
        Ok(Prepared {
            data,
            setups,
            beside: beside.map_err(problem)?,
        })
    }

    /// Looks at the databases and what is asked of them.
    async fn databases_ready(&self, data: &RunData) -> Result<Option<Arc<sql::Setup>>, Ended> {
        if self.plan.databases.is_empty() {
            return Ok(None);
        }
        match sql::prepare_plan(&self.plan, data).await {
            Ok(setup) => Ok(Some(Arc::new(setup))),
            Err(PrepareError::Problems(problems)) => {
                let problems = problems.iter().map(|p| p.in_scenario(&self.plan));
                let report = Report::new(Arc::clone(&self.sources), problems.collect());
                scenario::tell(&report);
                Err(Ended(Exit::Scenario, report.to_string()))
            }
            Err(error @ PrepareError::Unreachable { .. }) => Err(tell(Exit::Unreachable, error)),
        }
    }
}

fn early() -> Ended {
    tell(Exit::Interrupted, "interrupted before the load began")
}
