//! Causes of lateness, as far as processor time tells.

use loadgen_core::{
    human,
    time::{Nanos, SECOND},
};
use loadgen_record::RunTotals;
use serde::{Deserialize, Serialize};

/// Share of its workers' cores above which the generator was busy enough to warn.
const BUSY: f64 = 0.9;
/// Shortest run, in seconds, that tells how busy the generator was: connecting is most of others.
const SHORTEST: f64 = 1.0;
/// Share of this machine's processors above which other programs are blamed.
const OTHERS: f64 = 0.25;
/// Lag from which on a process was not let run at all, if the processors were idle meanwhile.
const STOPPED: Nanos = SECOND / 2;

/// Processor time that a run took.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    /// Worker threads, one core each.
    pub workers: usize,
    /// CPU time of the process, user and system.
    pub cpu_seconds: f64,
    /// CPU time of all programs of this machine in the same time, where the system tells.
    pub host: Option<Host>,
}

/// CPU time of a machine over some time.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Host {
    /// In which its processors did something.
    pub busy_seconds: f64,
    /// In which they could have.
    pub all_seconds: f64,
}

/// Names the cause of lateness, and what to do about it.
pub(super) fn blame(totals: &RunTotals, usage: Usage) -> String {
    let own = busy_share(totals, usage).unwrap_or_default();
    if own > BUSY {
        let workers = human::plural(usage.workers as u64, "worker");
        let own = human::percent(own);
        return format!("its {workers} were {own} busy: use more of them, or more machines");
    }
    let Some(host) = usage.host.filter(|host| host.all_seconds > 0.0) else {
        return "use more workers, or cores that nothing else uses".to_owned();
    };
    let own = usage.cpu_seconds / host.all_seconds;
    let others = (host.busy_seconds / host.all_seconds - own).max(0.0);
    let longest = totals.lag.max().unwrap_or_default();
    let (own, of_others) = (human::percent(own.min(1.0)), human::percent(others));
    if others > OTHERS {
        format!(
            "other programs took {of_others} of this machine's processors, and loadgen {own}: run \
             it where it has a core to itself"
        )
    } else if longest >= STOPPED {
        format!(
            "it did not run at all for up to {}, while other programs took {of_others} of this \
             machine's processors: was it stopped, or the machine suspended?",
            human::time(longest as f64)
        )
    } else {
        format!(
            "loadgen took {own} of this machine's processors and other programs {of_others}: if \
             it is a virtual machine, its host may have been busy"
        )
    }
}

/// Share of its workers' cores that the generator used; None of a run that is too short to tell.
fn busy_share(totals: &RunTotals, usage: Usage) -> Option<f64> {
    // The processors worked in the warm-up too.
    let seconds = (totals.warmup + totals.elapsed) as f64 / SECOND as f64;
    let share = usage.cpu_seconds / (usage.workers as f64 * seconds);
    (seconds >= SHORTEST && share.is_finite()).then_some(share)
}

/// A warning about a generator that had hardly any processor time to spare.
pub(super) fn busy(totals: &RunTotals, usage: Usage) -> Option<String> {
    let share = busy_share(totals, usage)?;
    (share > BUSY).then(|| {
        format!(
            "loadgen kept its {} {} busy, so it may itself be part of what was measured: use more \
             workers, or cores that nothing else uses",
            human::plural(usage.workers as u64, "core"),
            human::percent(share),
        )
    })
}
