//! The slots of an open load, which are the run's: its workers share them, and the queue of the
//! arrivals for which there is none.
//!
//! A slot is one session. It belongs to the worker that opened it, because its connections do, and
//! is either busy or idle. Each worker counts its idle ones in an atomic of its own, so that taking
//! and freeing a slot touches nothing that another worker writes. Only arrivals that find no idle
//! slot where they are due go further: to an idle slot of another worker, to a new slot while there
//! are fewer than `max_in_flight`, or into the queue, which is behind a lock. The slot that is freed
//! next takes the oldest of the queue, on whichever worker it is.

use super::arrival::Arrival;
use std::{
    collections::BTreeSet,
    iter, mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
};

/// The slots of one population.
#[derive(Debug)]
pub struct Slots {
    max: u64,
    max_queue: usize,
    /// Number of slots, idle or busy.
    open: AtomicU64,
    homes: Box<[Home]>,
    /// Length of `queue`, to be read without its lock.
    waiting: Arc<AtomicU64>,
    /// The oldest first.
    queue: Mutex<BTreeSet<Arrival>>,
    /// Workers that may still bring arrivals.
    feeding: AtomicUsize,
}

/// Slot state of one worker; aligned so that no two share a cache line.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Home {
    /// Idle slots that are promised to no arrival.
    idle: AtomicUsize,
    inbox: Mutex<Inbox>,
}

/// Arrivals that other workers hand over.
#[derive(Debug, Default)]
struct Inbox {
    arrivals: Vec<Arrival>,
    waker: Option<Waker>,
    /// The worker has left, and takes no more.
    closed: bool,
}

/// Placement of an arrival that is due.
#[derive(Debug, PartialEq, Eq)]
pub enum Placed {
    /// An idle slot of the worker itself takes this arrival: the oldest that waits, if any does.
    Here(Arrival),
    /// The worker opens a slot with this number for it.
    New(u64, Arrival),
    /// The arrival waits, or a slot of another worker takes it.
    Away,
    /// The queue is too long, and this arrival is its youngest.
    Dropped(Arrival),
}

/// Held by a worker as long as it may bring arrivals.
#[derive(Debug)]
pub struct Feeder {
    slots: Arc<Slots>,
}

/// No lock is held while anything can panic, so that one that is poisoned is whole all the same.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Slots {
    /// For each of so many workers its hold on the same slots, of which there are at most `max`,
    /// with a queue of `max_queue`.
    pub fn feeders(max: u64, max_queue: u64, workers: usize) -> Vec<Feeder> {
        let slots = Arc::new(Self {
            max,
            max_queue: usize::try_from(max_queue).unwrap_or(usize::MAX),
            open: AtomicU64::new(0),
            homes: (0..workers).map(|_| Home::default()).collect(),
            waiting: Arc::default(),
            queue: Mutex::default(),
            feeding: AtomicUsize::new(workers),
        });
        let feeder = || Feeder {
            slots: Arc::clone(&slots),
        };
        iter::repeat_with(feeder).take(workers).collect()
    }

    /// Returns the number of arrivals that wait.
    pub fn waiting(&self) -> &Arc<AtomicU64> {
        &self.waiting
    }

    /// Finds a place for an arrival that is due on worker `home`. A worker that has no slot yet
    /// (`has_slots`) opens its first where there is room, because a hand-over costs every arrival
    /// more than a connection costs once.
    pub fn place(&self, home: usize, has_slots: bool, arrival: Arrival) -> Placed {
        if self.homes[home].take() {
            return Placed::Here(self.in_turn(arrival));
        }
        if has_slots && self.nobody_waits() && self.hand_over(home, &arrival) {
            return Placed::Away;
        }
        if let Some(number) = self.open() {
            return Placed::New(number, arrival);
        }
        if self.nobody_waits() && self.hand_over(home, &arrival) {
            return Placed::Away;
        }
        self.enqueue(home, arrival)
    }

    /// The oldest arrival that waits, for a slot that is free.
    pub fn oldest(&self) -> Option<Arrival> {
        match self.nobody_waits() {
            true => None,
            false => self.queue().pop(),
        }
    }

    /// Makes a slot of worker `home` idle. Returns the arrival that it has to take all the same,
    /// which came to wait meanwhile.
    pub fn free(&self, home: usize) -> Option<Arrival> {
        self.homes[home].idle.fetch_add(1, Ordering::SeqCst);
        // Whoever makes an arrival wait looks for idle slots afterwards, so one of the two sees
        // the other.
        if self.nobody_waits() {
            return None;
        }
        let mut queue = self.queue();
        match queue.len() > 0 && self.homes[home].take() {
            true => queue.pop(),
            false => None,
        }
    }

    /// Takes what was handed over to worker `home` into `handed`, which is empty; false when
    /// nothing more will come.
    pub fn poll_handed(
        &self,
        home: usize,
        handed: &mut Vec<Arrival>,
        cx: &mut Context<'_>,
    ) -> Poll<bool> {
        let mut inbox = lock(&self.homes[home].inbox);
        if !inbox.arrivals.is_empty() {
            mem::swap(&mut inbox.arrivals, handed);
            return Poll::Ready(true);
        }
        if self.feeding.load(Ordering::SeqCst) == 0 {
            return Poll::Ready(false);
        }
        inbox.waker = Some(cx.waker().clone());
        Poll::Pending
    }

    /// Worker `home` takes no more arrivals. Returns those that wait for it or for anybody.
    pub fn close(&self, home: usize) -> Vec<Arrival> {
        self.homes[home].idle.store(0, Ordering::SeqCst);
        let mut left = {
            let mut inbox = lock(&self.homes[home].inbox);
            inbox.closed = true;
            mem::take(&mut inbox.arrivals)
        };
        let mut queue = self.queue();
        left.extend(iter::from_fn(|| queue.pop()));
        left
    }

    fn open(&self) -> Option<u64> {
        let more = |open: u64| (open < self.max).then_some(open + 1);
        // Relaxed: only the number is shared, and no other memory depends on its order.
        let opened = self
            .open
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        opened.ok()
    }

    /// Returns true if no arrival waits. A freed slot counts as idle for a moment before its worker
    /// sees that an arrival waits, and a new arrival must not take it meanwhile.
    fn nobody_waits(&self) -> bool {
        self.waiting.load(Ordering::SeqCst) == 0
    }

    /// The oldest of this arrival and those that wait; the others go on waiting.
    fn in_turn(&self, arrival: Arrival) -> Arrival {
        if self.nobody_waits() {
            return arrival;
        }
        let mut queue = self.queue();
        queue.push(arrival.clone());
        queue.pop().unwrap_or(arrival)
    }

    /// Gives an arrival to an idle slot of another worker, if there is one.
    fn hand_over(&self, home: usize, arrival: &Arrival) -> bool {
        let mut others = (home + 1..self.homes.len()).chain(0..home);
        others.any(|other| {
            let other = &self.homes[other];
            other.take() && other.hand(arrival)
        })
    }

    fn enqueue(&self, home: usize, arrival: Arrival) -> Placed {
        let mut queue = self.queue();
        queue.push(arrival);
        // A slot that was freed before this arrival was seen to wait is idle still.
        if self.homes[home].take()
            && let Some(oldest) = queue.pop()
        {
            return Placed::Here(oldest);
        }
        if let Some(oldest) = queue.first()
            && self.hand_over(home, oldest)
        {
            queue.pop();
        }
        match queue.len() > self.max_queue {
            true => queue.pop_youngest().map_or(Placed::Away, Placed::Dropped),
            false => Placed::Away,
        }
    }

    fn queue(&self) -> Queue<'_> {
        Queue {
            arrivals: lock(&self.queue),
            length: &self.waiting,
        }
    }
}

impl Home {
    /// Takes one of its idle slots, if there is one.
    fn take(&self) -> bool {
        let less = |idle: usize| idle.checked_sub(1);
        self.idle
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .is_ok()
    }

    /// Hands an arrival over for an idle slot that was taken; false when the worker has left.
    fn hand(&self, arrival: &Arrival) -> bool {
        let mut inbox = lock(&self.inbox);
        if inbox.closed {
            return false;
        }
        inbox.arrivals.push(arrival.clone());
        if let Some(waker) = inbox.waker.take() {
            waker.wake();
        }
        true
    }

    fn wake(&self) {
        if let Some(waker) = lock(&self.inbox).waker.take() {
            waker.wake();
        }
    }
}

/// The queue, locked.
struct Queue<'a> {
    arrivals: MutexGuard<'a, BTreeSet<Arrival>>,
    length: &'a AtomicU64,
}

impl Queue<'_> {
    fn len(&self) -> usize {
        self.arrivals.len()
    }

    fn first(&self) -> Option<&Arrival> {
        self.arrivals.first()
    }

    fn push(&mut self, arrival: Arrival) {
        self.arrivals.insert(arrival);
        self.tell();
    }

    fn pop(&mut self) -> Option<Arrival> {
        let oldest = self.arrivals.pop_first();
        self.tell();
        oldest
    }

    fn pop_youngest(&mut self) -> Option<Arrival> {
        let youngest = self.arrivals.pop_last();
        self.tell();
        youngest
    }

    /// Lets others see how many wait.
    fn tell(&self) {
        self.length
            .store(self.arrivals.len() as u64, Ordering::SeqCst);
    }
}

impl Feeder {
    /// The slots.
    pub fn slots(&self) -> &Arc<Slots> {
        &self.slots
    }
}

impl Drop for Feeder {
    /// The last one lets every worker see that nothing more will come.
    fn drop(&mut self) {
        if self.slots.feeding.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.slots.homes.iter().for_each(Home::wake);
        }
    }
}
