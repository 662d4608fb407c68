//! The open model: arrivals come whether or not earlier ones were answered.
//!
//! Each arrival gets a slot ([`Slots`]), else it waits and ages in the queue, else it is dropped. A
//! slot is one session, so idle slots are taken last in, first out: connections in use stay few.

use super::{
    arrival::{Arrival, Schedule},
    draws::Draws,
    run::{Context, cut_waiting, run},
    slots::{Feeder, Placed, Slots},
    stop::Stop,
};
use loadgen_core::time::nanos;
use loadgen_data::rng::Purpose;
use loadgen_driver::Driver;
use loadgen_plan::Open;
use loadgen_record::Start;
use std::{
    cell::{Cell, RefCell},
    future::poll_fn,
    rc::Rc,
    sync::Arc,
    task::{Poll, Waker},
};
use tokio::task::JoinSet;

/// Most overdue arrivals that are handed out before the slots get a turn.
const BATCH: u32 = 32;

/// Hands out the arrivals of one population on one worker, and keeps the slots that it opened.
pub struct Dispatcher<D> {
    context: Rc<Context<D>>,
    /// The population's slots, which all workers of the run share.
    shared: Arc<Slots>,
    home: usize,
    slots: RefCell<Vec<Rc<Slot>>>,
    idle: RefCell<Vec<Rc<Slot>>>,
    closed: Cell<bool>,
    overdue: Cell<u64>,
}

impl<D: Driver + 'static> Dispatcher<D> {
    /// No slot yet.
    pub fn new(context: Rc<Context<D>>, feeder: &Feeder) -> Rc<Self> {
        Rc::new(Self {
            home: context.share.first as usize,
            context,
            shared: Arc::clone(feeder.slots()),
            slots: RefCell::default(),
            idle: RefCell::default(),
            closed: Cell::new(false),
            overdue: Cell::new(0),
        })
    }

    /// Hands out this worker's arrivals as they come due, and takes those of other workers.
    pub async fn start(
        self: &Rc<Self>,
        load: &Open,
        feeder: Feeder,
        stop: &Stop,
        tasks: &mut JoinSet<()>,
    ) {
        tasks.spawn_local(Rc::clone(self).receive());
        let Context {
            plan,
            population,
            pacer,
            share,
            ..
        } = &*self.context;
        let mut draws = self.draws();
        let warmup = nanos(plan.warmup);
        let mut batch = 0;
        let schedule = Schedule::new(load, plan.seed, *population, share.first, share.stride);
        for mut arrival in schedule {
            if pacer.clock().now() < arrival.at {
                batch = 0;
                pacer.sleep_until(arrival.at).await;
            } else {
                batch += 1;
                if batch % BATCH == 0 {
                    tokio::task::yield_now().await;
                }
            }
            if arrival.at >= stop.time() {
                break;
            }
            if pacer.clock().now() >= stop.time() && arrival.at >= warmup {
                self.overdue.set(self.overdue.get() + 1);
            }
            let mut numbers = self.context.numbers.borrow_mut();
            arrival.counts = numbers.of(self.context.population(), arrival.index);
            drop(numbers);
            self.dispatch(arrival, tasks, &mut draws);
        }
        drop(feeder);
    }

    /// Takes what other workers hand over, until no worker has an arrival left.
    async fn receive(self: Rc<Self>) {
        let mut handed = Vec::new();
        while poll_fn(|cx| self.shared.poll_handed(self.home, &mut handed, cx)).await {
            handed.drain(..).for_each(|arrival| self.give(arrival));
        }
        self.closed.set(true);
        self.idle.borrow().iter().for_each(|slot| slot.wake());
    }

    /// Returns the number of arrivals that were due before the end but were only looked at after
    /// it: a generator that is too slow leaves them behind.
    pub fn overdue(&self) -> u64 {
        self.overdue.get()
    }

    /// Takes down the arrivals that still wait when everything is cut off.
    pub fn cut_waiting(&self) {
        let now = self.context.pacer.clock().now();
        let mut draws = self.draws();
        let given = self.slots.borrow();
        let given = given.iter().filter_map(|slot| slot.arrival.take());
        // Arrivals with a free slot were delayed by the generator alone.
        let given = given.map(|arrival| (now.saturating_sub(arrival.at), arrival));
        let waiting = self.shared.close(self.home).into_iter();
        for (lag, arrival) in given.chain(waiting.map(|arrival| (0, arrival))) {
            draws.renew(self.context.source(), arrival.index, arrival.counts);
            let task = draws.task(self.context.population());
            let intended = arrival.at;
            cut_waiting(&self.context, task, Start { intended, lag }, now);
        }
    }

    fn draws(&self) -> Draws {
        Draws::new(self.context.source(), Purpose::Arrival, 0)
    }

    fn dispatch(self: &Rc<Self>, arrival: Arrival, tasks: &mut JoinSet<()>, draws: &mut Draws) {
        let has_slots = !self.slots.borrow().is_empty();
        match self.shared.place(self.home, has_slots, arrival) {
            Placed::Here(arrival) => self.give(arrival),
            Placed::New(number, arrival) => {
                let slot = Rc::new(Slot::default());
                slot.give(arrival);
                self.slots.borrow_mut().push(Rc::clone(&slot));
                tasks.spawn_local(Rc::clone(self).work(slot, number));
            }
            Placed::Away => {}
            Placed::Dropped(arrival) => {
                draws.renew(self.context.source(), arrival.index, arrival.counts);
                let task = draws.task(self.context.population()).index;
                self.context.recorder.dropped(task, arrival.at);
            }
        }
    }

    /// Gives an arrival to an idle slot that was taken for it. There is one, because a slot is put
    /// on the list before it counts as idle.
    fn give(&self, arrival: Arrival) {
        if let Some(slot) = self.idle.borrow_mut().pop() {
            slot.give(arrival);
        }
    }

    /// The life of a slot: what it is given, then what waits, until nothing comes any more.
    async fn work(self: Rc<Self>, slot: Rc<Slot>, number: u64) {
        let context = &*self.context;
        let mut session = context.driver.session(context.population, number);
        let mut draws = self.draws();
        while let Some(given) = self.given(&slot).await {
            // Only what found a free slot can be late by the generator's doing.
            let now = context.pacer.clock().now();
            context.recorder.lag(given.at, now);
            let mut lag = now.saturating_sub(given.at);
            let mut next = Some(given);
            while let Some(arrival) = next {
                let intended = arrival.at;
                let start = Start { intended, lag };
                draws.renew(context.source(), arrival.index, arrival.counts);
                context.driver.renew(&mut session);
                let task = draws.task(context.population());
                let ended = run(context, &mut session, &mut draws, task, start).await;
                next = self.shared.oldest().or_else(|| self.rest(&slot));
                // Waiting for the slot is the generator's doing as far as that made the slot late.
                lag = next
                    .as_ref()
                    .map_or(0, |next| ended.lag.min(ended.at.saturating_sub(next.at)));
            }
        }
    }

    /// Lets a slot be idle, unless an arrival came to wait at this moment.
    fn rest(&self, slot: &Rc<Slot>) -> Option<Arrival> {
        self.idle.borrow_mut().push(Rc::clone(slot));
        let arrival = self.shared.free(self.home)?;
        // The slot is still the last on the list.
        self.idle.borrow_mut().pop();
        Some(arrival)
    }

    async fn given(&self, slot: &Slot) -> Option<Arrival> {
        poll_fn(|cx| match slot.arrival.take() {
            None if self.closed.get() => Poll::Ready(None),
            None => {
                slot.waker.set(Some(cx.waker().clone()));
                Poll::Pending
            }
            arrival => Poll::Ready(arrival),
        })
        .await
    }
}

/// Hands an arrival to a slot's task.
#[derive(Default)]
struct Slot {
    arrival: Cell<Option<Arrival>>,
    waker: Cell<Option<Waker>>,
}

impl Slot {
    fn give(&self, arrival: Arrival) {
        self.arrival.set(Some(arrival));
        self.wake();
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}
