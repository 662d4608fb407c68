//! Distribution of users and arrivals over workers, and the state that the workers of a population
//! share.

use super::{
    iterations::IterationsLeft,
    numbering::Numbering,
    slots::{Feeder, Slots},
};
use loadgen_plan::{Closed, Load, Open, Plan, Population, RunData};
use std::{iter, sync::Arc};
use tokio::sync::watch;

/// A worker's part of the users or arrivals of one population: every `stride`-th from `first` on.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// The worker's number among those that the population uses.
    pub first: u64,
    /// Number of workers that the population uses.
    pub stride: u64,
}

impl Share {
    /// Returns this worker's part of `total` numbers from 0 on.
    pub fn of(&self, total: u64) -> u64 {
        total.saturating_sub(self.first).div_ceil(self.stride)
    }

    /// The number over all workers of this worker's `local`-th one.
    pub fn global(&self, local: u64) -> u64 {
        self.first + local * self.stride
    }
}

/// A worker's part of one population.
pub struct PopulationPart {
    /// The users or arrivals that are its own.
    pub share: Share,
    /// The load, with the bounds that workers share.
    pub work: Work,
    /// The numbers of draws, which are the same for all workers.
    pub numbering: Arc<Numbering>,
}

/// A population's load, with the bounds that its workers share.
pub enum Work {
    /// Arrivals; the feeder is held until the worker has no further one.
    Open(Open, Feeder),
    /// Users, and how many iterations are left.
    Closed(Closed, Arc<IterationsLeft>),
}

/// A worker's parts of all populations.
pub struct WorkerParts {
    /// By population; None where the population does not use the worker.
    pub populations: Vec<Option<PopulationPart>>,
    /// Tells when the others are done.
    pub presence: Presence,
}

/// Held by a worker while it works.
pub struct Presence {
    here: watch::Receiver<()>,
    everybody: Arc<watch::Sender<()>>,
}

impl Presence {
    /// Leaves, and waits until all others have left.
    pub async fn leave(self) {
        drop(self.here);
        self.everybody.closed().await;
    }
}

/// Deals a plan's load to so many workers. What is drawn before the load is drawn by then.
pub fn deal(plan: &Plan, data: &RunData, workers: usize) -> Vec<WorkerParts> {
    let (everybody, here) = watch::channel(());
    let everybody = Arc::new(everybody);
    let parts = || WorkerParts {
        populations: Vec::new(),
        presence: Presence {
            here: here.clone(),
            everybody: Arc::clone(&everybody),
        },
    };
    let mut dealt: Vec<WorkerParts> = iter::repeat_with(parts).take(workers).collect();
    let mut next = 0;
    for (index, population) in plan.populations.iter().enumerate() {
        let stride = usable(plan, population).min(workers as u64);
        let numbering = Arc::new(Numbering::of(plan, data, index));
        let part = |(work, first)| PopulationPart {
            share: Share { first, stride },
            work,
            numbering: Arc::clone(&numbering),
        };
        let mut parts = works(&population.load, stride)
            .into_iter()
            .zip(0..)
            .map(part);
        // Populations that use few workers begin where the one before ended, so that they do not
        // all meet on the first.
        for index in 0..workers {
            dealt[(next + index) % workers]
                .populations
                .push(parts.next());
        }
        next += stride as usize;
    }
    dealt
}

/// A load for each of `stride` workers.
fn works(load: &Load, stride: u64) -> Vec<Work> {
    match load {
        Load::Open(open) => Slots::feeders(open.max_in_flight, open.max_queue, stride as usize)
            .into_iter()
            .map(|feeder| Work::Open(open.clone(), feeder))
            .collect(),
        Load::Closed(closed) => {
            let left = Arc::new(IterationsLeft::of(closed));
            let work = || Work::Closed(closed.clone(), Arc::clone(&left));
            iter::repeat_with(work).take(stride as usize).collect()
        }
    }
}

/// Returns the number of workers that a plan can use, at most `wanted`.
pub fn worker_count(plan: &Plan, wanted: usize) -> usize {
    let usable = plan.populations.iter().map(|own| usable(plan, own));
    let usable = usable.max().unwrap_or(1);
    wanted
        .max(1)
        .min(usize::try_from(usable).unwrap_or(usize::MAX))
}

/// Returns the number of workers that a population can use: as many as it has users or slots, and
/// no more than the smallest of its pools has connections.
fn usable(plan: &Plan, population: &Population) -> u64 {
    let most = match &population.load {
        Load::Closed(closed) => closed.users.peak().ceil() as u64,
        Load::Open(open) => open.max_in_flight,
    };
    let pools = population.load_steps().filter_map(|step| {
        let database = step.kind.plan().database()?;
        plan.databases.get(database)?.pool()
    });
    most.min(pools.min().map_or(u64::MAX, u64::from)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use loadgen_plan::testing::PlanBuilder;

    const GET: &[&str] = &["get = '/'"];
    const DATABASES: &str = "[database.small]\nurl = 'postgres://127.0.0.1/x'\npool = 2\n\
                             [database.large]\nurl = 'postgres://127.0.0.1/x'\npool = 12";

    /// By population, the workers that it uses.
    fn used(plan: &Plan, workers: usize) -> Vec<Vec<usize>> {
        let dealt = deal(plan, &RunData::of(plan), workers);
        let of = |population: usize| {
            let has = |worker: &usize| dealt[*worker].populations[population].is_some();
            (0..workers).filter(has).collect()
        };
        (0..plan.populations.len()).map(of).collect()
    }

    #[test]
    fn small_bounds_limit_the_workers_of_their_own_population_alone() {
        let plan = PlanBuilder::new("users = 3\nduration = '1s'")
            .with(DATABASES)
            .task(GET)
            .population("slots", "rate = '9/s'\nmax_in_flight = 1\nduration = '1s'")
            .task(GET)
            .population("pool", "users = 9\nduration = '1s'")
            .task(&["sql = 'SELECT 1', database = 'small'"])
            .population("pools", "users = 9\nduration = '1s'")
            .task(&["sql = 'SELECT 1', database = 'large'"])
            .population("many", "rate = '9/s'\nduration = '1s'")
            .task(GET)
            .build();
        assert_eq!(
            used(&plan, 4),
            [
                vec![0, 1, 2],
                vec![3],
                vec![0, 1],
                vec![0, 1, 2, 3],
                vec![0, 1, 2, 3]
            ]
        );
        assert_eq!(used(&plan, 1), vec![vec![0]; 5]);
        for (wanted, workers) in [(0, 1), (1, 1), (8, 8), (64, 64), (5000, 1000)] {
            assert_eq!(worker_count(&plan, wanted), workers);
        }
    }

    #[test]
    fn no_more_workers_than_any_population_can_use() {
        for (load, most) in [("users = 3", 3), ("rate = '9/s'\nmax_in_flight = 1", 1)] {
            let load = format!("{load}\nduration = '1s'");
            let plan = PlanBuilder::new(load.as_str()).task(GET).build();
            assert_eq!(worker_count(&plan, 8), most);
        }
    }

    #[test]
    fn every_user_is_dealt_to_one_worker() {
        let load = "users = 23\nduration = '1s'";
        let plan = PlanBuilder::new(load).task(GET).build();
        let dealt = deal(&plan, &RunData::of(&plan), 5);
        let parts = dealt.iter().flat_map(|parts| &parts.populations);
        let shares = parts.flatten().map(|part| part.share);
        let mut users: Vec<u64> = shares
            .flat_map(|share| (0..share.of(23)).map(move |local| share.global(local)))
            .collect();
        users.sort_unstable();
        assert_eq!(users, (0..23).collect::<Vec<_>>());
    }
}
