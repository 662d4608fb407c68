//! Worker threads: one runtime each, its part of every population, and their common start.

use super::{
    Event, Pacer, RunningLoad,
    dispatch::Dispatcher,
    numbering::Numbers,
    run::Context,
    share::{PopulationPart, Work, WorkerParts, deal},
    stop::{EarlyStop, Stop},
    users,
};
use loadgen_core::time::{Clock, Nanos, SECOND, nanos};
use loadgen_driver::Driver;
use loadgen_plan::{Iterations, Plan, RunData};
use loadgen_record::{Recorder, Sink};
use std::{
    cell::RefCell,
    convert::Infallible,
    io,
    rc::Rc,
    sync::{Arc, Barrier, OnceLock},
    thread,
    time::Duration,
};
use tokio::{
    runtime::LocalRuntime,
    sync::{
        mpsc::{self, UnboundedReceiver, UnboundedSender},
        watch,
    },
    task::JoinSet,
    time::Instant,
};

/// From the moment all workers are ready to the run's zero: time enough to build the drivers.
const LEAD: Duration = Duration::from_millis(20);

/// End of a worker.
#[derive(Debug, Clone, Default)]
pub struct WorkerEnd {
    /// End of its last run, on the run's clock.
    pub at: Nanos,
    /// Arrivals that had come due but were only looked at after the end.
    pub overdue: u64,
    /// By population: when the worker stopped starting its task runs; 0 where it has none.
    pub stopped: Vec<Nanos>,
    /// By population: iterations that were asked for and not done. One worker tells them.
    pub undone: Vec<u64>,
}

impl WorkerEnd {
    /// The end of both.
    pub fn and(mut self, other: Self) -> Self {
        let populations = self.stopped.len().max(other.stopped.len());
        self.stopped.resize(populations, 0);
        self.undone.resize(populations, 0);
        for (mine, stopped) in self.stopped.iter_mut().zip(other.stopped) {
            *mine = stopped.max(*mine);
        }
        for (mine, undone) in self.undone.iter_mut().zip(other.undone) {
            *mine += undone;
        }
        self.at = self.at.max(other.at);
        self.overdue += other.overdue;
        self
    }
}

/// Worker threads that run.
pub struct Engine {
    early: watch::Sender<EarlyStop>,
    events: UnboundedReceiver<Event>,
    clock: Clock,
    workers: usize,
}

impl Engine {
    /// Starts `workers` threads that all begin at the same zero. `driver` builds each worker's own
    /// driver on its thread, by the worker's number.
    ///
    /// # Errors
    /// When a thread cannot be made.
    pub fn start<D, F>(
        plan: &Arc<Plan>,
        data: &Arc<RunData>,
        workers: usize,
        driver: F,
    ) -> io::Result<Self>
    where
        D: Driver + 'static,
        F: Fn(Clock, usize) -> Result<D, String> + Send + Sync + 'static,
    {
        let (early, ends) = watch::channel(EarlyStop::No);
        let (sender, events) = mpsc::unbounded_channel();
        let ready = Arc::new(Barrier::new(workers + 1));
        let clock = Arc::new(OnceLock::new());
        let driver = Arc::new(driver);
        for (worker, parts) in deal(plan, data, workers).into_iter().enumerate() {
            let (plan, data) = (Arc::clone(plan), Arc::clone(data));
            let (driver, events) = (Arc::clone(&driver), sender.clone());
            let (ready, clock, ends) = (Arc::clone(&ready), Arc::clone(&clock), ends.clone());
            thread::Builder::new()
                .name(format!("worker-{worker}"))
                .spawn(move || {
                    ready.wait();
                    let clock = *clock.get_or_init(|| Clock::starting_in(LEAD));
                    let build = || driver(clock, worker);
                    let sink = snapshots(worker, events.clone());
                    let end = thread_main(plan, data, parts, clock, build, ends, sink);
                    // Nobody listens any more only when the process is ending.
                    let _ = events.send(Event::End(worker, end));
                })?;
        }
        ready.wait();
        Ok(Self {
            early,
            events,
            clock: *clock.get_or_init(|| Clock::starting_in(LEAD)),
            workers,
        })
    }

    fn end(&self, how: EarlyStop) {
        self.early.send_modify(|early| *early = how.max(*early));
    }
}

impl RunningLoad for Engine {
    fn clock(&self) -> Clock {
        self.clock
    }

    fn senders(&self) -> usize {
        self.workers
    }

    async fn next(&mut self) -> Option<Event> {
        self.events.recv().await
    }

    fn stop(&self) {
        self.end(EarlyStop::Gracefully);
    }

    fn cut(&self) {
        self.end(EarlyStop::AtOnce);
    }
}

/// Sends a worker's snapshots.
fn snapshots(worker: usize, events: UnboundedSender<Event>) -> Sink {
    Box::new(move |snapshot| {
        // The receiver is gone only when the process is ending: ignore the error.
        let _ = events.send(Event::Snapshot(worker, Box::new(snapshot)));
    })
}

fn thread_main<D: Driver + 'static>(
    plan: Arc<Plan>,
    data: Arc<RunData>,
    parts: WorkerParts,
    clock: Clock,
    driver: impl FnOnce() -> Result<D, String>,
    early: watch::Receiver<EarlyStop>,
    sink: Sink,
) -> Result<WorkerEnd, String> {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_io();
    // Elsewhere the pacer is on them.
    if cfg!(not(target_os = "linux")) || D::wants_timers(&plan) {
        builder.enable_time();
    }
    let runtime: LocalRuntime = builder
        .build_local(Default::default())
        .map_err(|error| format!("a worker's runtime cannot be made: {error}"))?;
    runtime.block_on(async {
        let driver = driver()?;
        let pacer = Pacer::new(clock)
            .map_err(|error| format!("a worker's timer cannot be made: {error}"))?;
        let recorder = Recorder::new(&plan, sink);
        thread::sleep(clock.instant(0).saturating_duration_since(Instant::now()));
        work(plan, data, parts, driver, pacer, recorder, early).await
    })
}

/// One worker's part of the run, from zero to the end of its last task run.
pub async fn work<D: Driver + 'static>(
    plan: Arc<Plan>,
    data: Arc<RunData>,
    parts: WorkerParts,
    driver: D,
    pacer: Pacer,
    recorder: Recorder,
    mut early: watch::Receiver<EarlyStop>,
) -> Result<WorkerEnd, String> {
    let driver = Rc::new(driver);
    let recorder = Rc::new(recorder);
    let mut populations = JoinSet::new();
    let mut stops = Vec::new();
    let mut left = Vec::new();
    let mut end = WorkerEnd {
        stopped: vec![0; plan.populations.len()],
        undone: vec![0; plan.populations.len()],
        ..WorkerEnd::default()
    };
    for (population, (settings, part)) in plan.populations.iter().zip(parts.populations).enumerate()
    {
        let Some(part) = part else {
            continue;
        };
        let PopulationPart {
            share,
            work,
            numbering,
        } = part;
        let planned = settings.load.duration().map_or(Nanos::MAX, nanos);
        let stop = Stop::at(planned, settings.graceful_stop);
        stops.push(stop.clone());
        match (share.first, &work) {
            (0, Work::Open(_, feeder)) => recorder.watch_queue(feeder.slots().waiting()),
            (0, Work::Closed(_, runs)) => left.push((population, Arc::clone(runs))),
            _ => {}
        }
        let context = Context {
            plan: Arc::clone(&plan),
            data: Arc::clone(&data),
            population,
            driver: Rc::clone(&driver),
            pacer: pacer.clone(),
            recorder: Rc::clone(&recorder),
            share,
            numbers: RefCell::new(Numbers::new(&numbering, &plan, population)),
            numbering,
        };
        populations.spawn_local(populate(Rc::new(context), work, stop));
    }
    let interrupt = async {
        // An error means that the engine is gone: then it is time to stop as well.
        let _ = early
            .wait_for(|early| *early >= EarlyStop::Gracefully)
            .await;
        let now = pacer.clock().now();
        stops.iter().for_each(|stop| stop.now(now));
        recorder.loads_end(now);
        pacer.wake_all();
        if early
            .wait_for(|early| *early >= EarlyStop::AtOnce)
            .await
            .is_ok()
        {
            stops.iter().for_each(Stop::at_once);
            pacer.wake_all();
        }
        std::future::pending::<Infallible>().await
    };
    let drive = async {
        let Err(error) = pacer.drive().await;
        format!("a worker's timer failed: {error}")
    };
    // Seconds in which nothing ends are handed on too.
    let tick = each_second(&pacer, async || recorder.turn(pacer.clock().now()));
    // Apart from that, because it may have to wait for others.
    let tidy = each_second(&pacer, || driver.tidy());
    let all = async {
        while let Some(joined) = populations.join_next().await {
            let part = joined.map_err(|error| format!("a worker failed: {error}"))??;
            end.overdue += part.overdue;
            end.stopped[part.population] = part.stopped;
        }
        // Others may use what this runtime watches: a connection of a pool.
        parts.presence.leave().await;
        Ok(())
    };
    let result = tokio::select! {
        result = all => result,
        error = drive => Err(error),
        never = interrupt => match never {},
        never = tick => match never {},
        never = tidy => match never {},
    };
    for (population, left) in left {
        end.undone[population] = left.count();
    }
    end.at = pacer.clock().now();
    recorder.finish(end.at);
    driver.tidy().await;
    result.map(|()| end)
}

/// Does something each second.
async fn each_second(pacer: &Pacer, mut act: impl AsyncFnMut()) -> Infallible {
    let mut second = SECOND;
    loop {
        pacer.sleep_through(second).await;
        act().await;
        second += SECOND;
    }
}

/// End of a population on one worker.
struct PartEnd {
    population: usize,
    overdue: u64,
    /// Time from which it started no task runs.
    stopped: Nanos,
}

/// Runs one population to its end, the graceful stop included.
async fn populate<D: Driver + 'static>(
    context: Rc<Context<D>>,
    work: Work,
    stop: Stop,
) -> Result<PartEnd, String> {
    let population = context.population;
    let settle = || context.numbers.borrow().settle(&context.data);
    match work {
        Work::Open(load, feeder) => {
            let dispatcher = Dispatcher::new(Rc::clone(&context), &feeder);
            let start = async |tasks: &mut _| dispatcher.start(&load, feeder, &stop, tasks).await;
            let cut = to_the_end(&context, &stop, true, start).await;
            settle();
            if cut != Ok(false) {
                dispatcher.cut_waiting();
            }
            cut.map(|_| PartEnd {
                population,
                overdue: dispatcher.overdue(),
                stopped: stop.time(),
            })
        }
        Work::Closed(load, left) => {
            // Loads of so many runs end with the last, or when no user is left.
            let lasts = load.iterations == Iterations::Unlimited;
            let own = Rc::clone(&context);
            let start = async |tasks: &mut _| users::start(own, &load, left, &stop, tasks).await;
            to_the_end(&context, &stop, lasts, start).await?;
            settle();
            Ok(PartEnd {
                population,
                overdue: 0,
                // The last iteration, or the last user, may have ended it before its time.
                stopped: stop.time().min(context.pacer.clock().now()),
            })
        }
    }
}

/// Starts tasks and waits for them, and for the planned end if the load `lasts` until then; or
/// until everything is cut off, which it then returns.
async fn to_the_end<D>(
    context: &Context<D>,
    stop: &Stop,
    lasts: bool,
    start: impl AsyncFnOnce(&mut JoinSet<()>),
) -> Result<bool, String> {
    let mut tasks = JoinSet::new();
    let work = async {
        start(&mut tasks).await;
        while let Some(joined) = tasks.join_next().await {
            joined.map_err(|error| format!("a task run failed: {error}"))?;
        }
        if lasts {
            stop.come(&context.pacer).await;
        }
        Ok(false)
    };
    let result = tokio::select! {
        result = work => result,
        () = stop.cut(&context.pacer) => Ok(true),
    };
    // Dropping what still runs takes it down as interrupted.
    tasks.shutdown().await;
    result
}
