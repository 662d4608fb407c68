//! Signals that end a run: SIGINT (Ctrl-C), SIGQUIT (Ctrl-\), SIGTERM and SIGHUP.

use super::Exit;
use crate::{
    dashboard::tui::terminal,
    run::{Interrupt, Interrupts},
};
use std::{future::pending, io, thread, time::Duration};
use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
    time::sleep,
};

/// Longest time that a run may take to leave by itself on the third signal.
const LEAVE: Duration = Duration::from_secs(1);

/// Listens to signals until it is dropped.
pub struct Signals {
    interrupts: Interrupts,
    _over: oneshot::Sender<()>,
}

impl Signals {
    /// Takes the signals over from the system's default, which is to end at once: from now on each
    /// is an interrupt, whatever its kind. SIGHUP stays ignored where it is, as `nohup` has it.
    ///
    /// A thread of its own listens, so that a third one ends the process even where the run waits
    /// for a file or a pipe.
    ///
    /// # Errors
    /// When the system does not let it.
    pub fn listen() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let mut kinds = vec![
            SignalKind::interrupt(),
            SignalKind::quit(),
            SignalKind::terminate(),
        ];
        if !target_app::hangup_is_ignored() {
            kinds.push(SignalKind::hangup());
        }
        let inside = runtime.enter();
        let signals: io::Result<Vec<Signal>> = kinds.into_iter().map(signal).collect();
        let mut signals = signals?;
        drop(inside);
        let interrupts = Interrupts::default();
        let sender = interrupts.clone();
        let (over, ends) = oneshot::channel::<()>();
        let listen = async move {
            while !sender.reached(Interrupt::Leave) {
                any(&mut signals).await;
                sender.send();
            }
            sleep(LEAVE).await;
        };
        let work = move || {
            let left = runtime.block_on(async {
                tokio::select! {
                    () = listen => true,
                    _ = ends => false,
                }
            });
            if left {
                terminal::leave();
                std::process::exit(Exit::Killed.code().into());
            }
        };
        thread::Builder::new().name("signals".into()).spawn(work)?;
        Ok(Self {
            interrupts,
            _over: over,
        })
    }

    /// Interrupts by these signals.
    pub fn interrupts(&self) -> &Interrupts {
        &self.interrupts
    }
}

/// Waits for one of any kind.
async fn any(signals: &mut [Signal]) {
    let each = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
    let (received, ..) = futures_util::future::select_all(each).await;
    if received.is_none() {
        // No more will come of this kind; that does not happen while the runtime lives.
        pending().await
    }
}
