//! Writes what is shown, on a thread of its own.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::{
    io::{self, Write},
    sync::mpsc::{Receiver, SyncSender, sync_channel},
    thread::{Builder, JoinHandle},
};

/// Frames that may wait for a slow terminal; further ones are left out.
const WAITING: usize = 16;
/// Times a second that a terminal is drawn on at most.
const HERTZ: u8 = 4;

/// Something to show.
#[derive(Debug)]
pub(super) enum Frame {
    /// The state of the run, in place of the one before.
    Progress(String),
    /// A line that stays.
    Line(String),
}

/// Surface that frames are drawn on.
pub(super) trait Canvas: Send + 'static {
    fn show(&mut self, frame: Frame);
    fn finish(&mut self);
}

/// A canvas that is drawn on by its own thread.
#[derive(Debug)]
pub(super) struct Renderer {
    frames: SyncSender<Frame>,
    thread: JoinHandle<()>,
}

impl Renderer {
    /// None when no thread can be had; then nothing is shown.
    pub(super) fn start(canvas: impl Canvas) -> Option<Self> {
        let (frames, queue) = sync_channel(WAITING);
        let thread = Builder::new()
            .name("display".into())
            .spawn(move || draw(canvas, &queue))
            .ok()?;
        Some(Self { frames, thread })
    }

    /// Shows a frame as soon as may be, or never when too many wait.
    pub(super) fn show(&self, frame: Frame) {
        // Either the frame is shown, or the terminal is not read: both are no reason to wait.
        let _ = self.frames.try_send(frame);
    }

    /// Shows what waits and ends.
    pub(super) fn finish(self) {
        drop(self.frames);
        // A panic while drawing has been printed, and must not end the run.
        let _ = self.thread.join();
    }
}

fn draw(mut canvas: impl Canvas, queue: &Receiver<Frame>) {
    while let Ok(frame) = queue.recv() {
        canvas.show(frame);
    }
    canvas.finish();
}

/// Lines that are drawn in place, with messages above.
pub(super) struct Screen {
    lines: ProgressBar,
}

impl Screen {
    pub(super) fn on_stderr() -> Self {
        Self::on(ProgressDrawTarget::stderr_with_hz(HERTZ))
    }

    fn on(target: ProgressDrawTarget) -> Self {
        let lines = ProgressBar::with_draw_target(None, target);
        // A constant that is known to be well formed; the usual style would do as well.
        if let Ok(style) = ProgressStyle::with_template("{msg}") {
            lines.set_style(style);
        }
        Self { lines }
    }
}

impl Canvas for Screen {
    fn show(&mut self, frame: Frame) {
        match frame {
            Frame::Progress(text) => self.lines.set_message(text),
            Frame::Line(line) => self.lines.println(line),
        }
    }

    fn finish(&mut self) {
        self.lines.finish_and_clear();
    }
}

/// Lines one after the other.
pub(super) struct Log<W> {
    to: W,
}

impl Log<io::Stderr> {
    pub(super) fn on_stderr() -> Self {
        Self { to: io::stderr() }
    }
}

impl<W: Write + Send + 'static> Canvas for Log<W> {
    fn show(&mut self, frame: Frame) {
        let (Frame::Line(text) | Frame::Progress(text)) = frame;
        // Nobody may be reading any more; the run is not about this line.
        let _ = writeln!(self.to, "{text}").and_then(|()| self.to.flush());
    }

    fn finish(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex, mpsc};

    /// Keeps what is shown; waits before each frame until it is let.
    struct Slow {
        let_go: mpsc::Receiver<()>,
        shown: Arc<Mutex<Vec<String>>>,
    }

    impl Canvas for Slow {
        fn show(&mut self, frame: Frame) {
            let _ = self.let_go.recv();
            let (Frame::Line(text) | Frame::Progress(text)) = frame;
            self.shown.lock().unwrap().push(text);
        }

        fn finish(&mut self) {
            self.shown.lock().unwrap().push("end".into());
        }
    }

    #[test]
    fn a_terminal_that_does_not_read_holds_nobody_up() {
        let (go, let_go) = mpsc::channel();
        let shown = Arc::new(Mutex::new(Vec::new()));
        let renderer = Renderer::start(Slow {
            let_go,
            shown: Arc::clone(&shown),
        })
        .unwrap();
        // Far more than may wait, and all of it returns although nothing is being read.
        for number in 0..1_000 {
            renderer.show(Frame::Line(number.to_string()));
        }
        drop(go);
        renderer.finish();
        let shown = shown.lock().unwrap();
        assert_eq!(shown[0], "0");
        assert_eq!(shown.last().unwrap(), "end");
        assert!(shown.len() <= WAITING + 3, "{} frames", shown.len());
    }

    #[test]
    fn a_log_nobody_reads_is_no_error() {
        struct Closed;
        impl Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let renderer = Renderer::start(Log { to: Closed }).unwrap();
        renderer.show(Frame::Line("unheard".into()));
        renderer.finish();
    }

    #[test]
    fn the_screen_shows_the_latest_state() {
        let mut screen = Screen::on(ProgressDrawTarget::hidden());
        screen.show(Frame::Line("a message".into()));
        screen.show(Frame::Progress("one\ntwo".into()));
        screen.show(Frame::Progress("three".into()));
        assert_eq!(screen.lines.message(), "three");
        screen.finish();
        assert!(screen.lines.is_finished());
    }
}
