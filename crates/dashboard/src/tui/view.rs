//! Choices of the reader: the state that is seen, and the series that is drawn.

use super::input::Change;
use crate::State;
use std::sync::Arc;

/// Choices of the reader.
#[derive(Debug, Default)]
pub(super) struct View {
    /// The newest state, or the one at which the display is held.
    pub state: Arc<State>,
    /// The newest, while the display is held.
    waiting: Option<Arc<State>>,
    /// Index into [`crate::Outline::series`].
    pub selected: usize,
    pub help: bool,
}

impl View {
    /// Takes a new state; it is not seen before the display goes on.
    pub fn show(&mut self, state: Arc<State>) {
        match &mut self.waiting {
            Some(waiting) => *waiting = state,
            None => self.state = state,
        }
    }

    /// Returns true if the display is paused.
    pub fn paused(&self) -> bool {
        self.waiting.is_some()
    }

    /// Changes what is seen.
    pub fn change(&mut self, change: Change) {
        let series = self.state.outline.series.len().max(1);
        match change {
            Change::Pause => match self.waiting.take() {
                Some(newest) => self.state = newest,
                None => self.waiting = Some(Arc::clone(&self.state)),
            },
            Change::Next => self.selected = (self.selected + 1) % series,
            Change::Previous => self.selected = (self.selected + series - 1) % series,
            Change::Help => self.help = !self.help,
            Change::Close => self.help = false,
            Change::Resize => {}
        }
    }

    /// The name of what is drawn.
    pub fn series(&self) -> &str {
        let series = self.state.outline.series.get(self.selected);
        series.map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Outline;

    #[test]
    fn a_held_display_goes_on_with_the_newest_state() {
        let state = |elapsed| {
            let mut state = State::default();
            state.elapsed = elapsed;
            Arc::new(state)
        };
        let mut view = View::default();
        view.show(state(1));
        view.change(Change::Pause);
        view.show(state(2));
        view.show(state(3));
        assert!(view.paused());
        assert_eq!(view.state.elapsed, 1);
        view.change(Change::Pause);
        assert!(!view.paused());
        assert_eq!(view.state.elapsed, 3);
    }

    #[test]
    fn the_choice_goes_round() {
        let outline = Outline {
            series: vec!["all".into(), "one".into(), "two".into()],
            ..Outline::default()
        };
        let mut view = View {
            state: Arc::new(State::new(outline)),
            ..View::default()
        };
        let mut seen = Vec::new();
        for change in [Change::Next, Change::Next, Change::Next, Change::Previous] {
            view.change(change);
            seen.push(view.series().to_owned());
        }
        assert_eq!(seen, ["one", "two", "all", "two"]);
        View::default().change(Change::Next);
    }
}
