//! What the system under test says of itself during the run: pages of metrics, statistics of
//! databases, this machine.
//!
//! Everything here runs in the runtime of the run's caller, a look a second, each with a bound on its
//! time. A source that does not answer is counted and asked again a second later. The first look
//! comes right before the load and the last one right after it, so that what counters rose by is
//! what the load made of them.

mod database;
mod host;
mod observed;
mod prometheus;

pub use host::processor_ticks;
pub use observed::{Observed, Sample};

use crate::{
    data::Value,
    plan::{
        Plan,
        beside::Query,
        observe::{Observe, Watched},
        sql::{Backend, Secret},
    },
    time::{Clock, Nanos, SECOND, nanos},
    world::{Caller, Databases, Line},
};
use futures_util::{
    StreamExt,
    future::{LocalBoxFuture, join_all},
    stream::FuturesUnordered,
};
use std::{collections::VecDeque, rc::Rc, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{sleep_until, timeout},
};

/// Bound on one look.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was sampled of the source at one place of the plan's.
#[derive(Debug)]
pub struct Taken {
    /// Which source.
    pub source: usize,
    /// When, on the run's clock.
    pub at: Nanos,
    /// What it said, or why it did not.
    pub samples: Result<Vec<Sample>, String>,
}

/// A plan's observations. Samples are taken while [`Observers::next`] is waited for.
pub struct Observers {
    /// None before the load.
    clock: Option<Clock>,
    /// Those that look at nothing yet.
    ready: Vec<Watcher>,
    working: FuturesUnordered<LocalBoxFuture<'static, (Watcher, Taken)>>,
    /// What was taken and not told yet.
    news: VecDeque<Taken>,
    observed: Vec<Observed>,
    /// Whether the load is over, after which nothing is waited for.
    over: watch::Sender<bool>,
}

/// Looks at one source.
struct Watcher {
    source: usize,
    eye: Eye,
}

enum Eye {
    Page {
        caller: Rc<Caller>,
        line: Line,
        reader: prometheus::Reader,
    },
    Database {
        databases: Databases,
        query: Query,
        reader: database::Reader,
    },
    Host(host::Reader),
}

impl Observers {
    /// Of a plan that is about to be run, each looked at for the first time; `own` has the database
    /// of each population's bundled service.
    pub async fn begin(plan: &Arc<Plan>, caller: &Rc<Caller>, own: &Arc<[Option<Secret>]>) -> Self {
        let sources = plan.beside.observe.iter().enumerate();
        let looks = sources.map(|(source, observe)| {
            let eye = Eye::new(observe, plan, caller, own);
            let mut watcher = Watcher { source, eye };
            async move {
                let taken = watcher.look(0).await;
                (watcher, taken)
            }
        });
        let (ready, news) = join_all(looks).await.into_iter().unzip();
        let mut all = Self {
            clock: None,
            ready,
            working: FuturesUnordered::new(),
            news,
            observed: vec![Observed::new(nanos(plan.warmup)); plan.beside.observe.len()],
            over: watch::Sender::new(false),
        };
        for taken in &all.news {
            keep(&mut all.observed, taken);
        }
        all
    }

    /// The load begins: from the first second of `clock` on all are looked at each second.
    pub fn start(&mut self, clock: Clock) {
        self.clock = Some(clock);
        for watcher in std::mem::take(&mut self.ready) {
            self.look(watcher, clock, 1);
        }
    }

    /// Waits for the next samples of any source; for ever when there is none. May be given up at
    /// any time.
    pub async fn next(&mut self) -> Taken {
        if let Some(taken) = self.news.pop_front() {
            return taken;
        }
        let (Some((watcher, taken)), Some(clock)) = (self.working.next().await, self.clock) else {
            return std::future::pending().await;
        };
        keep(&mut self.observed, &taken);
        // Seconds that have passed meanwhile are left out.
        self.look(watcher, clock, clock.now() / SECOND + 1);
        taken
    }

    /// The load is over: all are looked at for the last time.
    pub async fn end(&mut self) {
        let Some(clock) = self.clock else {
            return;
        };
        let over = clock.now();
        self.over.send_replace(true);
        while let Some((watcher, taken)) = self.working.next().await {
            keep(&mut self.observed, &taken);
            // What was under way has not seen the end; a source that hangs is not waited for again.
            if taken.at < over && taken.samples.is_ok() {
                self.look(watcher, clock, 0);
            }
        }
    }

    /// What was observed so far, by the places of the plan's sources.
    pub fn observed(&self) -> &[Observed] {
        &self.observed
    }

    fn look(&self, mut watcher: Watcher, clock: Clock, second: u64) {
        let mut over = self.over.subscribe();
        self.working.push(Box::pin(async move {
            tokio::select! {
                () = sleep_until(clock.instant(second * SECOND)) => {}
                _ = over.wait_for(|over| *over) => {}
            }
            let taken = watcher.look(clock.now()).await;
            (watcher, taken)
        }));
    }
}

fn keep(observed: &mut [Observed], taken: &Taken) {
    if let Some(observed) = observed.get_mut(taken.source) {
        observed.take(taken.at, &taken.samples);
    }
}

impl Watcher {
    async fn look(&mut self, at: Nanos) -> Taken {
        let look = self.eye.look(at as f64 / SECOND as f64);
        let samples = match timeout(PATIENCE, look).await {
            Ok(samples) => samples,
            Err(_) => Err(format!("no answer within {PATIENCE:?}")),
        };
        Taken {
            source: self.source,
            at,
            samples,
        }
    }
}

impl Eye {
    fn new(
        observe: &Observe,
        plan: &Arc<Plan>,
        caller: &Rc<Caller>,
        own: &Arc<[Option<Secret>]>,
    ) -> Self {
        match &observe.watched {
            Watched::Prometheus { call, metrics, by } => Eye::Page {
                caller: Rc::clone(caller),
                line: caller.line(*call),
                reader: prometheus::Reader::new(metrics, by),
            },
            Watched::Database(source, backend) => Eye::Database {
                databases: Databases::new(plan, own),
                query: query(*source, *backend),
                reader: database::Reader::new(*backend),
            },
            Watched::Host => Eye::Host(host::Reader::default()),
        }
    }

    async fn look(&mut self, at: f64) -> Result<Vec<Sample>, String> {
        match self {
            Eye::Page {
                caller,
                line,
                reader,
            } => {
                let pages = caller.call(line).await?;
                let pages = pages.iter().filter_map(|values| match values.first() {
                    Some(Value::Text(page)) => Some(&**page),
                    _ => None,
                });
                Ok(reader.read(at, &pages.collect::<Vec<_>>()))
            }
            Eye::Database {
                databases,
                query,
                reader,
            } => Ok(reader.read(at, databases.rows(query).await?)),
            Eye::Host(reader) => reader.read(at),
        }
    }
}

fn query(database: crate::plan::beside::Source, backend: Backend) -> Query {
    let sql = database::statement(backend);
    Query {
        database,
        sql: sql.into(),
        params: Vec::new(),
        timeout: PATIENCE,
        written: sql.to_owned(),
    }
}
