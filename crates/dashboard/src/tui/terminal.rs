//! The terminal, taken over and given back.
//!
//! Giving it back must work from anywhere: at the end of the run, on the way out after a third
//! interrupt, in a panic of any thread, and before anything else is written to standard error. After
//! SIGKILL a guard does it.

use super::guard::Guard;
use ratatui::{
    Frame, Terminal,
    backend::CrosstermBackend,
    crossterm::{
        cursor::Show,
        execute,
        terminal::{
            Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
            enable_raw_mode,
        },
    },
};
use std::{
    fs::File,
    io::{self, BufWriter, stderr},
    os::fd::AsFd,
    panic,
    sync::{
        Mutex, MutexGuard, Once, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    thread::sleep,
    time::Duration,
};

/// True while the terminal is ours. A process has but one.
static TAKEN: AtomicBool = AtomicBool::new(false);
/// Held while a picture is being written.
static DRAWING: Mutex<()> = Mutex::new(());
static HOOK: Once = Once::new();
/// The guard of the terminal, as long as it is ours.
static GUARD: Mutex<Option<Guard>> = Mutex::new(None);

/// Number of waits, and the pause of each, for a picture that is being written.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(10);

/// The whole terminal of standard error.
#[derive(Debug)]
pub(super) struct Screen {
    terminal: Terminal<CrosstermBackend<BufWriter<File>>>,
}

impl Screen {
    /// Takes it over.
    pub(super) fn enter() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                leave();
                before(info);
            }));
        });
        // Not through the standard library's lock: who writes last words must not wait for it.
        let to = File::from(stderr().as_fd().try_clone_to_owned()?);
        *guard() = Guard::start();
        enable_raw_mode().inspect_err(|_| dismiss_guard())?;
        TAKEN.store(true, Ordering::SeqCst);
        // Cleared by hand: `Terminal::clear` asks where the cursor is, and not every terminal tells.
        let entered = execute!(&to, EnterAlternateScreen, Clear(ClearType::All))
            .and_then(|()| Terminal::new(CrosstermBackend::new(BufWriter::new(to))));
        entered
            .map(|terminal| Self { terminal })
            .inspect_err(|_| leave())
    }

    /// Draws a picture; an error when the terminal was given back.
    pub(super) fn draw(&mut self, picture: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        // A panic in a picture before has given the terminal back, which is seen below.
        let _drawing = DRAWING.lock().unwrap_or_else(|broken| broken.into_inner());
        if !TAKEN.load(Ordering::SeqCst) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        self.terminal.draw(picture).map(|_| ())
    }
}

/// Gives the terminal back, if it was taken over; nothing is drawn afterwards.
pub fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    for _ in 0..TRIES {
        // The panicking thread may be the one that draws.
        match DRAWING.try_lock() {
            Err(TryLockError::WouldBlock) => sleep(PAUSE),
            Ok(_) | Err(TryLockError::Poisoned(_)) => break,
        }
    }
    // There is nobody left to tell when this fails.
    let _ = disable_raw_mode();
    if let Ok(to) = stderr().as_fd().try_clone_to_owned() {
        let mut to = File::from(to);
        let _ = execute!(to, LeaveAlternateScreen, Show);
    }
    dismiss_guard();
}

fn guard() -> MutexGuard<'static, Option<Guard>> {
    GUARD.lock().unwrap_or_else(PoisonError::into_inner)
}

fn dismiss_guard() {
    if let Some(guard) = guard().take() {
        guard.dismiss();
    }
}
