//! Keys and their meaning.

use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

/// Something to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// End the run as an interrupt does.
    Stop,
    /// Change what is shown.
    Change(Change),
}

/// A change of what is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Change {
    /// Hold the picture, or go on.
    Pause,
    /// Draw the times of the next step.
    Next,
    /// Draw the times of the step before.
    Previous,
    /// Show the keys, or hide them.
    Help,
    /// Hide the keys.
    Close,
    /// The window has another size.
    Resize,
}

/// The keys, and what each does.
pub(super) const KEYS: [(&str, &str); 6] = [
    ("space", "hold the display; the run goes on"),
    ("up down tab", "the step whose times are drawn"),
    ("q  Ctrl-C", "end the run: what is under way is waited for"),
    ("q q", "cut off what is under way, and report"),
    ("q q q", "leave at once, without a result"),
    ("?", "these keys"),
];

/// Returns the action of an event.
pub(super) fn action(event: &Event) -> Option<Action> {
    let key = match event {
        Event::Key(key) if key.kind == KeyEventKind::Press => key,
        Event::Resize(..) => return Some(Action::Change(Change::Resize)),
        _ => return None,
    };
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Action::Stop);
    }
    Some(match key.code {
        KeyCode::Char('q') => Action::Stop,
        KeyCode::Char(' ') => Action::Change(Change::Pause),
        KeyCode::Down | KeyCode::Tab | KeyCode::Char('j') => Action::Change(Change::Next),
        KeyCode::Up | KeyCode::BackTab | KeyCode::Char('k') => Action::Change(Change::Previous),
        KeyCode::Char('?' | 'h') => Action::Change(Change::Help),
        KeyCode::Esc => Action::Change(Change::Close),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use ratatui::crossterm::event::KeyEvent;

    #[test]
    fn keys_mean_what_the_help_says() {
        let pressed = |code, modifiers| action(&Event::Key(KeyEvent::new(code, modifiers)));
        let plain = |code| pressed(code, KeyModifiers::NONE);
        let change = |change| Some(Action::Change(change));
        assert_eq!(plain(KeyCode::Char('q')), Some(Action::Stop));
        assert_eq!(
            pressed(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Some(Action::Stop)
        );
        assert_eq!(pressed(KeyCode::Char('q'), KeyModifiers::CONTROL), None);
        assert_eq!(plain(KeyCode::Char('c')), None);
        assert_eq!(plain(KeyCode::Char(' ')), change(Change::Pause));
        assert_eq!(plain(KeyCode::Tab), change(Change::Next));
        assert_eq!(plain(KeyCode::Up), change(Change::Previous));
        assert_eq!(plain(KeyCode::Char('?')), change(Change::Help));
        assert_eq!(action(&Event::Resize(1, 1)), change(Change::Resize));
        assert_eq!(action(&Event::FocusLost), None);
    }
}
