//! Two clients at once, of which one goes while the other is stopped, in slices so short that the
//! machine is as fast in one as in the next. Seconds of the one after seconds of the other are told
//! apart to some 10 % on a virtual machine; slices, to 1 %.

use crate::{
    Result,
    process::{Running, Usage},
};
use nix::sys::signal::Signal;
use std::{
    process::Command,
    thread::sleep,
    time::{Duration, Instant},
};

/// Length of a client's slice before it is the other's turn.
const SLICE: Duration = Duration::from_millis(30);

/// Time that the server then has to respond to what was sent.
const DRAIN: Duration = Duration::from_millis(6);

/// A client, and how long it has gone so far.
struct Client {
    running: Running,
    /// It has nothing to do any more.
    until: Instant,
    gone: Duration,
    usage: Option<Usage>,
}

impl Client {
    fn start(command: &mut Command, length: Duration) -> Result<Self> {
        let running = Running::start(command)?;
        running.signal(Signal::SIGSTOP)?;
        Ok(Self {
            until: running.began() + length,
            running,
            gone: Duration::ZERO,
            usage: None,
        })
    }

    fn go(&mut self) -> Result<()> {
        if self.usage.is_some() {
            // The other has no more of the last moments than of those before.
            sleep(SLICE + DRAIN);
            return Ok(());
        }
        let began = Instant::now();
        self.running.signal(Signal::SIGCONT)?;
        sleep(SLICE);
        self.running.signal(Signal::SIGSTOP)?;
        let stopped = Instant::now().min(self.until);
        self.gone += stopped.saturating_duration_since(began);
        sleep(DRAIN);
        self.usage = self.running.ended()?;
        Ok(())
    }
}

/// Runs both to their ends. Each takes its work to last for `length`, of which it goes somewhat less
/// than half. Returns what each used, and how long it went.
pub fn run(
    commands: [&mut Command; 2],
    length: Duration,
    limit: Duration,
) -> Result<[(Usage, Duration); 2]> {
    let began = Instant::now();
    let [one, other] = commands;
    let mut one = Client::start(one, length)?;
    let mut other = Client::start(other, length)?;
    loop {
        one.go()?;
        other.go()?;
        // As often after the other as before it.
        other.go()?;
        one.go()?;
        if let (Some(used), Some(others)) = (&one.usage, &other.usage) {
            return Ok([(used.clone(), one.gone), (others.clone(), other.gone)]);
        }
        if began.elapsed() > limit {
            return Err(format!("clients did not end within {limit:?}").into());
        }
    }
}
