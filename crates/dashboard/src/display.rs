//! Chooses how to show what is going on, and when.

use super::{
    LiveEvent, Outline, Reading, State, Web, render,
    renderer::{Frame, Log, Renderer, Screen},
    tui::Tui,
};
use loadgen_core::{printable, time::SECOND};
use loadgen_gate::Verdict;
use loadgen_record::{RunTotals, Snapshot};
use loadgen_report::{terminal::TerminalStyle, words};
use std::{
    io::{IsTerminal, stderr},
    sync::Arc,
};
use tokio::sync::watch;

/// Seconds between the lines of a log.
const EVERY: u64 = 5;

/// Mode of the live display.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum DisplayMode {
    /// Progress on a terminal, plain lines elsewhere
    #[default]
    Auto,
    /// The whole terminal: charts, heatmap, tables; `?` tells its keys
    Tui,
    /// A bar and figures that are drawn in place
    Progress,
    /// A line every five seconds, made for logs
    Plain,
    /// Nothing
    Off,
}

impl DisplayMode {
    fn resolved(self) -> Self {
        let dumb = || std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        match self {
            DisplayMode::Tui if stderr().is_terminal() && !dumb() => DisplayMode::Tui,
            DisplayMode::Auto | DisplayMode::Progress if stderr().is_terminal() && !dumb() => {
                DisplayMode::Progress
            }
            // Drawing in place would show nothing at all there.
            DisplayMode::Auto | DisplayMode::Progress | DisplayMode::Tui => DisplayMode::Plain,
            other => other,
        }
    }
}

/// Shows a run while it goes on: on standard error and, where asked for, in browsers. It never
/// waits for a terminal until [`Display::finish`], and never for a browser.
#[derive(Debug)]
pub struct Display {
    kind: DisplayMode,
    renderer: Option<Renderer>,
    tui: Option<Tui>,
    web: Option<Web>,
    /// State to show; displays with threads of their own see each change.
    state: watch::Sender<Arc<State>>,
}

impl Display {
    /// Shows nothing before the first message or second. Browsers are served by `web`.
    pub fn new(kind: DisplayMode, outline: Outline, web: Option<Web>) -> Self {
        let mut problem = None;
        let mut resolved = kind.resolved();
        let state = if resolved == DisplayMode::Tui || web.is_some() {
            State::with_details(outline)
        } else {
            State::new(outline)
        };
        let state = watch::Sender::new(Arc::new(state));
        let mut tui = None;
        if resolved == DisplayMode::Tui {
            match Tui::start(state.subscribe()) {
                Ok(started) => tui = Some(started),
                Err(error) => {
                    problem = Some(error.to_string());
                    resolved = DisplayMode::Plain;
                }
            }
        } else if kind == DisplayMode::Tui {
            problem = Some("standard error is no terminal".to_owned());
        }
        if let Some(web) = &web {
            web.follow(state.subscribe());
        }
        let renderer = match resolved {
            DisplayMode::Off | DisplayMode::Tui => None,
            DisplayMode::Plain => Renderer::start(Log::on_stderr()),
            DisplayMode::Auto | DisplayMode::Progress => Renderer::start(Screen::on_stderr()),
        };
        let url = web.as_ref().map(Web::url);
        let display = Self {
            kind: resolved,
            state,
            renderer,
            tui,
            web,
        };
        if let Some(url) = url {
            display.message(&format!("the run can be watched at {url}"));
        }
        if let Some(problem) = problem {
            display.message(&format!(
                "no full screen, as {problem}: a line every {EVERY} seconds instead"
            ));
        }
        display
    }

    /// Takes the next second of the whole run, the totals up to its end, and where the thresholds
    /// stand after it ([`loadgen_gate::Judge::standings`]).
    pub fn update(&self, snapshot: &Snapshot, totals: &RunTotals, standings: Vec<Option<Verdict>>) {
        if self.is_off() {
            return;
        }
        self.change(|state| state.update(snapshot, totals, standings));
        let Some(renderer) = &self.renderer else {
            return;
        };
        if self.kind == DisplayMode::Plain {
            if (snapshot.second + 1).is_multiple_of(EVERY) {
                renderer.show(Frame::Line(render::plain(&self.state.borrow())));
            }
            return;
        }
        // Asked for each time, as the window may have been resized.
        let lines = render::progress(&self.state.borrow(), &TerminalStyle::of_stderr());
        renderer.show(Frame::Progress(lines.join("\n")));
    }

    /// Says something that stays, such as that a service is being started.
    pub fn message(&self, text: &str) {
        let text = printable::lines(text);
        if let Some(renderer) = &self.renderer {
            renderer.show(Frame::Line(text.clone().into_owned()));
        }
        self.change(|state| state.message(&text));
    }

    /// Shows what was done to the world, or what has come of it by now; why it failed is a message.
    pub fn event(&self, event: LiveEvent) {
        let known = self.state.borrow().knows(&event);
        if let (Some(renderer), true, false) = (&self.renderer, event.ok, known) {
            let warmup = self.state.borrow().outline.warmup;
            let at = words::at(event.at, warmup as f64 / SECOND as f64);
            renderer.show(Frame::Line(format!("at {at}: {}", event.name)));
        }
        self.change(|state| state.event(event));
    }

    /// Shows what the system under test said of itself.
    pub fn observe(&self, readings: &[Reading<'_>]) {
        self.change(|state| readings.iter().for_each(|reading| state.observe(reading)));
    }

    /// True when nobody sees anything.
    pub fn is_off(&self) -> bool {
        self.renderer.is_none() && self.tui.is_none() && self.web.is_none()
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        // Whoever still draws the state before keeps that one.
        self.state.send_modify(|state| change(Arc::make_mut(state)));
    }

    /// Clears what was drawn in place; messages and plain lines stay. Browsers are still served,
    /// by what is returned.
    pub fn finish(self) -> Option<Web> {
        if let Some(renderer) = self.renderer {
            renderer.finish();
        }
        if let Some(tui) = self.tui {
            tui.finish(&self.state.borrow().messages);
        }
        self.web
    }
}
