//! What keys mean.

use ratatui::crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};

/// Something to be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// End the run as an interrupt does.
    Stop,
    /// Look at it otherwise.
    Look(Change),
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

/// What an event asks for.
pub(super) fn action(event: &Event) -> Option<Action> {
    let key = match event {
        Event::Key(key) if key.kind == KeyEventKind::Press => key,
        Event::Resize(..) => return Some(Action::Look(Change::Resize)),
        _ => return None,
    };
    if key.modifiers.contains(KeyModifiers::CONTROL) {
        return (key.code == KeyCode::Char('c')).then_some(Action::Stop);
    }
    Some(match key.code {
        KeyCode::Char('q') => Action::Stop,
        KeyCode::Char(' ') => Action::Look(Change::Pause),
        KeyCode::Down | KeyCode::Tab | KeyCode::Char('j') => Action::Look(Change::Next),
        KeyCode::Up | KeyCode::BackTab | KeyCode::Char('k') => Action::Look(Change::Previous),
        KeyCode::Char('?' | 'h') => Action::Look(Change::Help),
        KeyCode::Esc => Action::Look(Change::Close),
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
        let look = |change| Some(Action::Look(change));
        assert_eq!(plain(KeyCode::Char('q')), Some(Action::Stop));
        assert_eq!(
            pressed(KeyCode::Char('c'), KeyModifiers::CONTROL),
            Some(Action::Stop)
        );
        assert_eq!(pressed(KeyCode::Char('q'), KeyModifiers::CONTROL), None);
        assert_eq!(plain(KeyCode::Char('c')), None);
        assert_eq!(plain(KeyCode::Char(' ')), look(Change::Pause));
        assert_eq!(plain(KeyCode::Tab), look(Change::Next));
        assert_eq!(plain(KeyCode::Up), look(Change::Previous));
        assert_eq!(plain(KeyCode::Char('?')), look(Change::Help));
        assert_eq!(action(&Event::Resize(1, 1)), look(Change::Resize));
        assert_eq!(action(&Event::FocusLost), None);
    }
}
