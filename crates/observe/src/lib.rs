//! Target metrics: what the system under test reports about itself during the run: pages of
//! metrics, statistics of databases, this machine.
//!
//! Everything here runs in the runtime of the run's caller, a look a second, each with a bound on its
//! time. A source that does not answer is counted and asked again a second later. The first look
//! comes right before the load and the last one right after it, so that what counters rose by is
//! what the load made of them.

mod database;
mod host;
mod observed;
mod prometheus;

pub use host::processor_seconds;
pub use observed::{Observed, Sample};

use futures_util::{
    StreamExt,
    future::{LocalBoxFuture, join_all},
    stream::FuturesUnordered,
};
use loadgen_background::{CallSession, Caller, Databases};
use loadgen_core::time::{Clock, Nanos, SECOND, nanos};
use loadgen_data::Value;
use loadgen_plan::{
    Plan,
    observe::{ObservationSource, Observe},
    query::Query,
    sql::{Backend, Secret},
};
use std::{collections::VecDeque, rc::Rc, sync::Arc, time::Duration};
use tokio::{
    sync::watch,
    time::{sleep_until, timeout},
};

/// Bound on one look.
const TIMEOUT: Duration = Duration::from_secs(2);

/// Samples of one source at one time.
#[derive(Debug)]
pub struct Scrape {
    /// Index of the source in the plan.
    pub source: usize,
    /// Time on the run's clock.
    pub at: Nanos,
    /// Samples, or the reason why there are none.
    pub samples: Result<Vec<Sample>, String>,
}

/// A plan's observations. Samples are scrape while [`Observers::next`] is waited for.
pub struct Observers {
    /// None before the load.
    clock: Option<Clock>,
    /// Pollers that are idle before the load.
    ready: Vec<Poller>,
    working: FuturesUnordered<LocalBoxFuture<'static, (Poller, Scrape)>>,
    /// Scrapes that were not handed out yet.
    news: VecDeque<Scrape>,
    observed: Vec<Observed>,
    /// True when the load is over, after which nothing is waited for.
    over: watch::Sender<bool>,
}

/// Looks at one source.
struct Poller {
    source: usize,
    probe: Probe,
}

enum Probe {
    Page {
        caller: Rc<Caller>,
        line: CallSession,
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
    /// Scrapes each source of a plan for the first time; `own` has the database of each
    /// population's bundled service.
    pub async fn begin(plan: &Arc<Plan>, caller: &Rc<Caller>, own: &Arc<[Option<Secret>]>) -> Self {
        let sources = plan.background.observe.iter().enumerate();
        let scrapes = sources.map(|(source, observe)| {
            let probe = Probe::new(observe, plan, caller, own);
            let mut poller = Poller { source, probe };
            async move {
                let scrape = poller.scrape(0).await;
                (poller, scrape)
            }
        });
        let (ready, news) = join_all(scrapes).await.into_iter().unzip();
        let mut all = Self {
            clock: None,
            ready,
            working: FuturesUnordered::new(),
            news,
            observed: vec![Observed::new(nanos(plan.warmup)); plan.background.observe.len()],
            over: watch::Sender::new(false),
        };
        for scrape in &all.news {
            keep(&mut all.observed, scrape);
        }
        all
    }

    /// The load begins: from the first second of `clock` on all are looked at each second.
    pub fn start(&mut self, clock: Clock) {
        self.clock = Some(clock);
        for poller in std::mem::take(&mut self.ready) {
            self.scrape(poller, clock, 1);
        }
    }

    /// Waits for the next samples of any source; for ever when there is none. May be given up at
    /// any time.
    pub async fn next(&mut self) -> Scrape {
        if let Some(scrape) = self.news.pop_front() {
            return scrape;
        }
        let (Some((poller, scrape)), Some(clock)) = (self.working.next().await, self.clock) else {
            return std::future::pending().await;
        };
        keep(&mut self.observed, &scrape);
        // Seconds that have passed meanwhile are left out.
        self.scrape(poller, clock, clock.now() / SECOND + 1);
        scrape
    }

    /// The load is over: all are looked at for the last time.
    pub async fn end(&mut self) {
        let Some(clock) = self.clock else {
            return;
        };
        let over = clock.now();
        self.over.send_replace(true);
        while let Some((poller, scrape)) = self.working.next().await {
            keep(&mut self.observed, &scrape);
            // A scrape under way has not seen the end of the load; a source that hangs is not
            // waited for again.
            if scrape.at < over && scrape.samples.is_ok() {
                self.scrape(poller, clock, 0);
            }
        }
    }

    /// Returns everything observed so far, by the sources' indices in the plan.
    pub fn observed(&self) -> &[Observed] {
        &self.observed
    }

    fn scrape(&self, mut poller: Poller, clock: Clock, second: u64) {
        let mut over = self.over.subscribe();
        self.working.push(Box::pin(async move {
            tokio::select! {
                () = sleep_until(clock.instant(second * SECOND)) => {}
                _ = over.wait_for(|over| *over) => {}
            }
            let scrape = poller.scrape(clock.now()).await;
            (poller, scrape)
        }));
    }
}

fn keep(observed: &mut [Observed], scrape: &Scrape) {
    if let Some(observed) = observed.get_mut(scrape.source) {
        observed.take(scrape.at, &scrape.samples);
    }
}

impl Poller {
    async fn scrape(&mut self, at: Nanos) -> Scrape {
        let scrape = self.probe.scrape(at as f64 / SECOND as f64);
        let samples = match timeout(TIMEOUT, scrape).await {
            Ok(samples) => samples,
            Err(_) => Err(format!("no response within {TIMEOUT:?}")),
        };
        Scrape {
            source: self.source,
            at,
            samples,
        }
    }
}

impl Probe {
    fn new(
        observe: &Observe,
        plan: &Arc<Plan>,
        caller: &Rc<Caller>,
        own: &Arc<[Option<Secret>]>,
    ) -> Self {
        match &observe.source {
            ObservationSource::Prometheus { call, metrics, by } => Probe::Page {
                caller: Rc::clone(caller),
                line: caller.line(*call),
                reader: prometheus::Reader::new(metrics, by),
            },
            ObservationSource::Database(source, backend) => Probe::Database {
                databases: Databases::new(plan, own),
                query: query(*source, *backend),
                reader: database::Reader::new(*backend),
            },
            ObservationSource::Host => Probe::Host(host::Reader::default()),
        }
    }

    async fn scrape(&mut self, at: f64) -> Result<Vec<Sample>, String> {
        match self {
            Probe::Page {
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
            Probe::Database {
                databases,
                query,
                reader,
            } => Ok(reader.read(at, databases.rows(query).await?)),
            Probe::Host(reader) => reader.read(at),
        }
    }
}

fn query(database: loadgen_plan::query::DatabaseSource, backend: Backend) -> Query {
    let sql = database::statement(backend);
    Query {
        database,
        sql: sql.into(),
        params: Vec::new(),
        timeout: TIMEOUT,
        written: sql.to_owned(),
    }
}
