//! Ctrl-C and SIGTERM.

use crate::run::Interrupts;
use std::io;
use tokio::signal::unix::{SignalKind, signal};

/// Takes the signals over from the system's default, which is to end at once: from now on each is
/// an interrupt. Must be called inside a runtime.
pub fn listen() -> io::Result<Interrupts> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let interrupts = Interrupts::default();
    let sender = interrupts.clone();
    tokio::spawn(async move {
        loop {
            tokio::select! {
                _ = interrupt.recv() => sender.send(),
                _ = terminate.recv() => sender.send(),
            }
        }
    });
    Ok(interrupts)
}
