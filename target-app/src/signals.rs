//! Signals that ask a process to end.

use std::fs;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Error;

/// Signals to end, which do not do so by themselves any more.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// None where whoever started this process wants it to outlive the terminal.
    hangup: Option<Signal>,
}

impl Signals {
    pub(crate) fn install() -> Result<Self, Error> {
        let hangup = match hangup_is_ignored() {
            true => None,
            false => Some(watch(SignalKind::hangup())?),
        };
        Ok(Self {
            interrupt: watch(SignalKind::interrupt())?,
            terminate: watch(SignalKind::terminate())?,
            hangup,
        })
    }

    /// Waits for one of any kind.
    pub(crate) async fn any(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hangup => {}
        }
    }

    /// Waits for SIGTERM.
    pub(crate) async fn terminate(&mut self) {
        self.terminate.recv().await;
    }
}

/// From here on a signal of this kind does not end the process by itself.
pub(crate) fn watch(kind: SignalKind) -> Result<Signal, Error> {
    signal(kind).map_err(|source| Error::Process {
        what: "watching signals",
        source,
    })
}

/// True when SIGHUP is ignored, as `nohup` has it. Must be asked before anything listens to it.
/// Where the system does not tell, it counts as not ignored.
pub fn hangup_is_ignored() -> bool {
    fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores(&status, 1))
}

/// Reads the mask of ignored signals: `SigIgn:\t0000000000001000`, the lowest bit signal 1.
fn ignores(status: &str, signal: u32) -> bool {
    let line = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = line.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mask_of_ignored_signals_is_read() {
        let status = "Name:\tx\nSigBlk:\tffffffffffffffff\nSigIgn:\t0000000000001001\n";
        assert!(ignores(status, 1) && ignores(status, 13));
        assert!(!ignores(status, 2) && !ignores(status, 15));
        assert!(!ignores("SigIgn:\tnonsense", 1) && !ignores("", 1));
    }
}
