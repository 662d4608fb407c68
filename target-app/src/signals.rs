//! Signals that ask a process to end.

use procfs_core::{FromRead, process::Status};
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::Error;

/// Signals to end, which do not do so by themselves any more.
pub(crate) struct Signals {
    interrupt: Signal,
    quit: Signal,
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
            quit: watch(SignalKind::quit())?,
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
            _ = self.quit.recv() => {}
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
    // The lowest bit of the mask is signal 1.
    Status::from_file("/proc/self/status").is_ok_and(|status| status.sigign & 1 == 1)
}
