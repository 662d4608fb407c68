//! Sleeping to a moment more precisely than the runtime's timers, which are late by about a
//! millisecond: one kernel timer per worker wakes its sleepers in order of time.

use loadgen_core::time::{Clock, Nanos};
use std::{
    cell::RefCell,
    cmp::Reverse,
    collections::BinaryHeap,
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, Waker},
};

/// Wakes the sleepers of one worker. [`Pacer::drive`] must run beside them.
#[derive(Clone)]
pub struct Pacer {
    clock: Clock,
    shared: Rc<RefCell<Shared>>,
    timer: Rc<WakeTimer>,
}

#[derive(Default)]
struct Shared {
    /// Deadline, index in `sleepers`, and the sleeper's number, which tells an index used anew.
    deadlines: BinaryHeap<Reverse<(Nanos, usize, u64)>>,
    sleepers: Vec<Option<(u64, Waker)>>,
    free: Vec<usize>,
    numbers: u64,
}

impl Pacer {
    /// A pacer on the precise timer of this system; must be made inside a runtime.
    pub fn new(clock: Clock) -> std::io::Result<Self> {
        Ok(Self::with_timer(clock, WakeTimer::precise()?))
    }

    /// A pacer on the runtime's own timers, which tests can pause and advance.
    #[cfg(any(test, not(target_os = "linux")))]
    pub fn on_runtime_timers(clock: Clock) -> Self {
        Self::with_timer(clock, WakeTimer::runtime())
    }

    fn with_timer(clock: Clock, timer: WakeTimer) -> Self {
        Self {
            clock,
            shared: Rc::default(),
            timer: Rc::new(timer),
        }
    }

    /// The clock that deadlines are read on.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// Waits until `deadline`, or until [`Pacer::wake_all`] if that comes first.
    pub fn sleep_until(&self, deadline: Nanos) -> Sleep<'_> {
        Sleep {
            pacer: self,
            deadline,
            index: None,
        }
    }

    /// Waits until `deadline`, whatever happens. Returns by how much it woke too late; None when
    /// there was nothing to wait for.
    pub async fn sleep_through(&self, deadline: Nanos) -> Option<Nanos> {
        let mut slept = false;
        loop {
            if let Some(late) = self.clock.now().checked_sub(deadline) {
                return slept.then_some(late);
            }
            self.sleep_until(deadline).await;
            slept = true;
        }
    }

    /// Ends every sleep now; sleepers look at the clock and at what changed.
    pub fn wake_all(&self) {
        let woken: Vec<Waker> = {
            let mut shared = self.shared.borrow_mut();
            shared.deadlines.clear();
            let Shared { sleepers, free, .. } = &mut *shared;
            sleepers
                .iter_mut()
                .enumerate()
                .filter_map(|(index, sleeper)| {
                    let (_, waker) = sleeper.take()?;
                    free.push(index);
                    Some(waker)
                })
                .collect()
        };
        woken.into_iter().for_each(Waker::wake);
    }

    /// Wakes sleepers as their time comes; runs until dropped.
    pub async fn drive(&self) -> std::io::Result<Infallible> {
        loop {
            self.timer.expired().await?;
            self.wake_due();
            if let Some(next) = self.shared.borrow_mut().next_deadline() {
                self.timer.set(&self.clock, next)?;
            }
        }
    }

    fn wake_due(&self) {
        let now = self.clock.now();
        // Waking only puts a task on the run queue, so the borrow may stay.
        let mut shared = self.shared.borrow_mut();
        while let Some(Reverse((deadline, index, number))) = shared.deadlines.peek().copied() {
            if deadline > now {
                break;
            }
            shared.deadlines.pop();
            if let Some(waker) = shared.take(index, number) {
                waker.wake();
            }
        }
    }
}

impl Shared {
    fn add(&mut self, deadline: Nanos, waker: Waker) -> (usize, u64) {
        self.numbers += 1;
        let number = self.numbers;
        let index = self.free.pop().unwrap_or_else(|| {
            self.sleepers.push(None);
            self.sleepers.len() - 1
        });
        self.sleepers[index] = Some((number, waker));
        self.deadlines.push(Reverse((deadline, index, number)));
        (index, number)
    }

    fn take(&mut self, index: usize, number: u64) -> Option<Waker> {
        let (_, waker) = self.sleepers[index].take_if(|(holder, _)| *holder == number)?;
        self.free.push(index);
        Some(waker)
    }

    /// The earliest deadline of a sleeper that still waits.
    fn next_deadline(&mut self) -> Option<Nanos> {
        while let Some(Reverse((deadline, index, number))) = self.deadlines.peek().copied() {
            if matches!(&self.sleepers[index], Some((holder, _)) if *holder == number) {
                return Some(deadline);
            }
            self.deadlines.pop();
        }
        None
    }
}

/// Future of [`Pacer::sleep_until`].
pub struct Sleep<'a> {
    pacer: &'a Pacer,
    deadline: Nanos,
    index: Option<(usize, u64)>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.pacer.clock.now() >= this.deadline {
            return Poll::Ready(());
        }
        let mut shared = this.pacer.shared.borrow_mut();
        if let Some((index, number)) = this.index {
            return match &mut shared.sleepers[index] {
                Some((holder, waker)) if *holder == number => {
                    waker.clone_from(cx.waker());
                    Poll::Pending
                }
                _ => Poll::Ready(()),
            };
        }
        let earliest = shared.next_deadline();
        this.index = Some(shared.add(this.deadline, cx.waker().clone()));
        if earliest.is_none_or(|earliest| this.deadline < earliest)
            && this
                .pacer
                .timer
                .set(&this.pacer.clock, this.deadline)
                .is_err()
        {
            // Cannot happen for a valid timer; not sleeping is better than never waking.
            return Poll::Ready(());
        }
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some((index, number)) = self.index {
            // The deadline stays in the heap and is passed over when its time comes.
            self.pacer.shared.borrow_mut().take(index, number);
        }
    }
}

/// Timer that fires at the earliest deadline.
enum WakeTimer {
    /// A timerfd: late by tens of microseconds.
    #[cfg(target_os = "linux")]
    Kernel(tokio::io::unix::AsyncFd<kernel::Timer>),
    /// The runtime's timers: late by about a millisecond.
    #[cfg(any(test, not(target_os = "linux")))]
    Runtime {
        deadline: std::cell::Cell<Option<tokio::time::Instant>>,
        changed: tokio::sync::Notify,
    },
}

impl WakeTimer {
    #[cfg(target_os = "linux")]
    fn precise() -> std::io::Result<Self> {
        Ok(Self::Kernel(kernel::timer()?))
    }

    #[cfg(not(target_os = "linux"))]
    fn precise() -> std::io::Result<Self> {
        Ok(Self::runtime())
    }

    #[cfg(any(test, not(target_os = "linux")))]
    fn runtime() -> Self {
        Self::Runtime {
            deadline: Default::default(),
            changed: Default::default(),
        }
    }

    fn set(&self, clock: &Clock, deadline: Nanos) -> std::io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Kernel(timer) => {
                timer.get_ref().set(deadline.saturating_sub(clock.now()))?;
            }
            #[cfg(any(test, not(target_os = "linux")))]
            Self::Runtime {
                deadline: at,
                changed,
            } => {
                at.set(Some(clock.instant(deadline)));
                changed.notify_one();
            }
        }
        Ok(())
    }

    async fn expired(&self) -> std::io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Kernel(timer) => {
                // Setting the timer anew takes its expiry back, so it need not be read: the next
                // expiry is a new edge for epoll.
                timer.readable().await?.clear_ready();
            }
            #[cfg(any(test, not(target_os = "linux")))]
            Self::Runtime { deadline, changed } => loop {
                let Some(at) = deadline.get() else {
                    changed.notified().await;
                    continue;
                };
                tokio::select! {
                    () = tokio::time::sleep_until(at) => {
                        deadline.set(None);
                        break;
                    }
                    () = changed.notified() => {}
                }
            },
        }
        Ok(())
    }
}

#[cfg(target_os = "linux")]
mod kernel {
    use loadgen_core::time::Nanos;
    use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
    use std::{
        io,
        os::fd::{AsFd, AsRawFd, RawFd},
        time::Duration,
    };
    use tokio::io::{Interest, unix::AsyncFd};

    /// A timerfd that the runtime can watch.
    pub struct Timer(TimerFd);

    impl AsRawFd for Timer {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_fd().as_raw_fd()
        }
    }

    impl Timer {
        /// Expires once, after `wait`; an earlier setting is forgotten.
        pub fn set(&self, wait: Nanos) -> io::Result<()> {
            // Zero would disarm the timer.
            let wait = Duration::from_nanos(wait.max(1)).into();
            Ok(self
                .0
                .set(Expiration::OneShot(wait), TimerSetTimeFlags::empty())?)
        }
    }

    #[allow(unsafe_code)]
    pub fn timer() -> io::Result<AsyncFd<Timer>> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = Timer(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?);
        // SAFETY: the timer owns its descriptor, never replaces it, and closes it only when it is
        // dropped, which the AsyncFd that owns it does after it has left the reactor.
        let watched = unsafe { AsyncFd::register_with_interest(timer, Interest::READABLE) };
        watched.map_err(|error| error.into_parts().1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    fn with(pacer: impl FnOnce(Clock) -> Pacer) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build_local(Default::default())
            .unwrap();
        runtime.block_on(async {
            let clock = Clock::of_runtime();
            let pacer = pacer(clock);
            let driven = pacer.clone();
            tokio::task::spawn_local(async move { driven.drive().await });
            let order = Rc::new(RefCell::new(Vec::new()));
            let mut sleepers = tokio::task::JoinSet::new();
            for number in [3u64, 1, 2, 0, 4] {
                let (pacer, order) = (pacer.clone(), Rc::clone(&order));
                sleepers.spawn_local(async move {
                    let deadline = 5_000_000 + number * 2_000_000;
                    pacer.sleep_until(deadline).await;
                    assert!(pacer.clock().now() >= deadline);
                    order.borrow_mut().push(number);
                });
            }
            while sleepers.join_next().await.is_some() {}
            assert_eq!(*order.borrow(), [0, 1, 2, 3, 4]);

            // A sleep that is given up leaves nothing behind, and waking ends the others early.
            drop(
                tokio::time::timeout(std::time::Duration::ZERO, pacer.sleep_until(u64::MAX)).await,
            );
            let woken = Rc::new(Cell::new(false));
            let (sleeper, flag) = (pacer.clone(), Rc::clone(&woken));
            let sleeper = tokio::task::spawn_local(async move {
                sleeper.sleep_until(u64::MAX).await;
                flag.set(true);
            });
            tokio::task::yield_now().await;
            assert!(!woken.get());
            pacer.wake_all();
            sleeper.await.unwrap();
            assert!(woken.get());
            assert_eq!(pacer.shared.borrow().sleepers.iter().flatten().count(), 0);
        });
    }

    #[test]
    fn sleepers_wake_in_order_and_never_early() {
        with(|clock| Pacer::new(clock).unwrap());
        with(Pacer::on_runtime_timers);
    }
}
