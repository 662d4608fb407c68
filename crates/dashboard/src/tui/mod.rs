//! The whole terminal as a dashboard: charts, tables and keys.
//!
//! `screen` puts a state into panels, `input` says what a key means, `terminal` takes the
//! terminal over and gives it back, and the thread here brings them together.

mod charts;
mod guard;
mod heat;
mod input;
mod panels;
mod screen;
mod style;
mod table;
pub mod terminal;
#[cfg(test)]
mod tests;
mod view;

use super::State;
use input::Action;
use loadgen_report::terminal::TerminalStyle;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use ratatui::crossterm::event;
use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, channel},
    },
    thread::Builder,
    time::Duration,
};
use style::Style;
use terminal::Screen;
use tokio::sync::watch;
use view::View;

/// Longest wait for a key, and so for the end.
const POLL: Duration = Duration::from_millis(50);
/// A terminal that has not taken the last picture by then is not waited for any longer.
const PATIENCE: Duration = Duration::from_millis(500);

/// The full screen, drawn by a thread of its own. Whatever becomes of it, dropping it gives the
/// terminal back.
#[derive(Debug)]
pub struct Tui {
    stop: Arc<AtomicBool>,
    stopped: Receiver<()>,
}

impl Tui {
    /// Takes the terminal of standard error over.
    ///
    /// # Errors
    /// When it cannot be had.
    pub(super) fn start(states: watch::Receiver<Arc<State>>) -> io::Result<Self> {
        let screen = Screen::enter()?;
        let stop = Arc::<AtomicBool>::default();
        let (done, stopped) = channel();
        let asked = Arc::clone(&stop);
        let drawing = Builder::new().name("screen".into()).spawn(move || {
            draw(screen, states, &asked);
            // Nobody waits any more when the run was left at once.
            let _ = done.send(());
        });
        if let Err(error) = drawing {
            terminal::leave();
            return Err(error);
        }
        Ok(Self { stop, stopped })
    }

    /// Gives the terminal back and leaves on it what was said meanwhile.
    pub(super) fn finish(self, messages: &[String]) {
        drop(self);
        let mut to = io::stderr().lock();
        for message in messages {
            // The run is not about these lines.
            let _ = writeln!(to, "{message}");
        }
    }
}

impl Drop for Tui {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Either it stopped, or the terminal is not read.
        let _ = self.stopped.recv_timeout(PATIENCE);
        terminal::leave();
    }
}

/// Draws each new state, and at once what a key changes.
fn draw(mut screen: Screen, mut states: watch::Receiver<Arc<State>>, stop: &AtomicBool) {
    let style = Style::of(&TerminalStyle::of_stderr());
    let mut view = View::default();
    let mut changed = true;
    while !stop.load(Ordering::Relaxed) {
        if states.has_changed().unwrap_or(false) {
            view.show(Arc::clone(&states.borrow_and_update()));
            changed = true;
        }
        if changed
            && screen
                .draw(|frame| screen::draw(frame, &view, &style))
                .is_err()
        {
            // The terminal is gone or was given back: the run goes on without it.
            return;
        }
        changed = false;
        // If events cannot be polled any more there are no keys; the pause is kept all the same.
        match event::poll(POLL) {
            Ok(true) => changed = event::read().is_ok_and(|event| take(&event, &mut view)),
            Ok(false) => {}
            Err(_) => std::thread::sleep(POLL),
        }
    }
}

/// Does what an event asks for. Returns whether the picture changes.
fn take(event: &event::Event, view: &mut View) -> bool {
    match input::action(event) {
        // The one way to end a run early: keys do not raise signals on such a terminal.
        Some(Action::Stop) => {
            // A process may signal itself.
            let _ = kill(Pid::this(), Signal::SIGINT);
            false
        }
        Some(Action::Change(change)) => {
            view.change(change);
            true
        }
        None => false,
    }
}
